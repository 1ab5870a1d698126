"""What Bitcoin Cash does otherwise: nodes keep what they saw first, and coins may carry tokens."""

from collections.abc import Iterator

import pytest
from house import ALICE, BOB, House
from world import World

from signer.chain.bchvm import library
from signer.chain.regtest import Regtest
from signer.core.names import Sats
from signer.core.psbt import Psbt
from signer.core.script import p2sh, push
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import RECEIVE

ANYONE = b"\x51"


@pytest.fixture(scope="session", autouse=True)
def engine():
    """The virtual machine that judges what is sent."""
    library.install()


@pytest.fixture(params=["p2sh32-schnorr", "p2sh-ecdsa"])
def cash(request, tmp_path) -> Iterator[House]:
    """A house that keeps Bitcoin Cash."""
    script_type, scheme = request.param.split("-")
    return House(tmp_path, world=World(script_type, coin="BCH", scheme=scheme))


def test_what_was_sent_is_not_outbid(cash):
    """Before it is sent another version may be built; once a node has it, nothing replaces it."""
    cash.fund("1BCH", "0.4BCH")
    cash.request("w1.json")
    files = cash.approve("w1.json", ALICE, BOB)
    first = cash.build(files, "w1.psbt")
    dearer = cash.coordinator.does("coldquorum bump treasury/1 --regtest -o dearer.psbt")
    assert dearer["fee"] > first["fee"]
    txid = cash.finish(cash.sign("dearer.psbt", ALICE, BOB), "w1.hex")
    assert cash.send("w1.hex")["in_mempool"]

    kept = cash.coordinator.fails("coldquorum bump treasury/1 --regtest -o late.psbt", 4)
    assert "nodes of BCH keep it" in kept["what"]
    assert txid in kept["found"]
    assert "wait" in kept["hint"]
    void = "coldquorum request void treasury/1 --why stop --initiator dave --regtest"
    told = cash.coordinator.runs(f"{void} --fee-ceiling 20000 -o void.json")
    assert told.code == 0, told.err
    assert "nodes of BCH keep what they saw first" in told.err
    void_files = cash.approve("void.json", ALICE, BOB)
    late = cash.coordinator.fails(f"coldquorum build {void_files} -o void.psbt --regtest", 4)
    assert "nodes of BCH keep it" in late["what"]
    assert not [p for p in cash.folder.iterdir() if p.name in ("late.psbt", "void.psbt")]

    cash.mine()
    assert cash.status("treasury/1")["transaction"]["confirmations"] == 1


def token_coin(house: House, amount: int) -> OutPoint:
    """Pay the vault a coin that carries a fungible token, made on the spot."""
    script = house.world.vault.script(RECEIVE, 5).script_pubkey
    with Regtest(house.coordinator.home / "regtest-bch", coin="BCH") as chain:
        source = chain.fund(p2sh(ANYONE), Sats(amount + 1_000))
        # CHIP-2022-02: the category is the id of a transaction whose output 0 is spent here.
        token = b"\xef" + bytes.fromhex(source)[::-1] + b"\x10\x2a"
        txin = TxIn(OutPoint(source, 0), push(ANYONE), 0xFFFF_FFFF)
        tx = Transaction(2, (txin,), (TxOut(Sats(amount), token + script),), 0)
        chain.broadcast(tx.to_bytes())
        chain.mine()
    return OutPoint(tx.txid, 0)


def test_coins_with_tokens_are_told_of_and_left_alone(cash):
    """However large such a coin is: it is counted, and never chosen."""
    cash.fund("0.2BCH", "0.2BCH")
    carrier = token_coin(cash, 90_000_000)
    to = f"{cash.world.payment().address}:{{}}:Payee:hot"
    ask = (
        f"coldquorum request new --vault treasury --to '{to}' --why x --initiator dave "
        "--fee-ceiling 20000 --regtest -o {}"
    )
    made = cash.coordinator.runs(ask.format("0.3BCH", "w1.json"))
    assert made.code == 0, made.err
    assert "left alone, since they carry tokens: 1 coin" in made.err
    files = cash.approve("w1.json", ALICE, BOB)
    built = cash.coordinator.runs(f"coldquorum build {files} -o w1.psbt --regtest --fee-rate 2")
    assert built.code == 0, built.err
    assert "left alone, since they carry tokens: 1 coin" in built.err
    spent = Psbt.parse((cash.folder / "w1.psbt").read_bytes()).tx.inputs
    assert len(spent) == 2
    assert carrier not in {txin.outpoint for txin in spent}
