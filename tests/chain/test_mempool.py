"""What the embedded regtest takes: the reasons are Bitcoin Core's own, in `found`."""

from dataclasses import replace
from itertools import count

import pytest
from recorded_vault import payment, spend

from signer.chain.chain import UnspentCoin
from signer.chain.errors import NodeRejected
from signer.chain.regtest import Regtest
from signer.chain.weight import vsize
from signer.chain.whole import parse_transaction
from signer.core.names import Sats, Txid
from signer.core.transaction import OutPoint, TxOut
from signer.core.vault import Vault

COIN = 100_000_000


@pytest.fixture
def coin(chain: Regtest, vault: Vault) -> UnspentCoin:
    """One confirmed coin of the vault."""
    chain.fund(vault.script(0, 0).script_pubkey, Sats(COIN))
    (found,) = chain.coins(vault)
    return found


def refused(chain: Regtest, raw: bytes) -> str:
    """The reason why neither `test` nor `broadcast` takes a transaction; nothing is kept of it."""
    waiting = [entry.raw for entry in chain._mempool.entries()]
    with pytest.raises(NodeRejected) as tested:
        chain.test(raw)
    with pytest.raises(NodeRejected) as sent:
        chain.broadcast(raw)
    assert sent.value.found == tested.value.found
    assert [entry.raw for entry in chain._mempool.entries()] == waiting
    return sent.value.found


def with_witness(raw: bytes, stack: tuple[bytes, ...]) -> bytes:
    """The transaction with another witness for its first input."""
    transaction = parse_transaction(raw)
    first, *others = transaction.inputs
    return replace(transaction, inputs=(first._replace(witness=stack), *others)).to_bytes()


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xff" * 100, b"02000000"])
def test_bytes_that_are_no_transaction(chain: Regtest, raw: bytes) -> None:
    """As `TX decode failed` of Core."""
    assert refused(chain, raw).startswith("TX decode failed")


@pytest.mark.parametrize("signatures", [0, 1])
def test_too_few_signatures(
    chain: Regtest, vault: Vault, coin: UnspentCoin, signatures: int
) -> None:
    """Core's own script interpreter says no, and at which input."""
    raw = spend(vault, [coin], payment(vault, coin, 1_000), signatures=signatures)
    assert refused(chain, raw) == "mandatory-script-verify-flag-failed (input 0)"


def test_signature_over_another_amount(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """BIP143 commits to the amount: a lie about it makes the signature worthless."""
    lied = replace(coin, amount=Sats(coin.amount + 1))
    raw = spend(vault, [lied], payment(vault, coin, 1_000))
    assert "script-verify-flag-failed" in refused(chain, raw)


def test_second_input_is_checked_too(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """The failing input is named."""
    chain.fund(vault.script(0, 1).script_pubkey, Sats(COIN))
    coins = chain.coins(vault)
    good = parse_transaction(spend(vault, coins, payment(vault, coins[0], 1_000)))
    first, second = good.inputs
    bad = replace(good, inputs=(first, second._replace(witness=first.witness)))
    assert refused(chain, bad.to_bytes()).endswith("(input 1)")


def test_unknown_and_spent_coins(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """A coin that never was, an output that its transaction has not, and a spent one."""
    nowhere = replace(coin, outpoint=OutPoint(Txid("12" * 32), 0))
    beyond = replace(coin, outpoint=OutPoint(coin.outpoint.txid, 99))
    for wrong in (nowhere, beyond):
        raw = spend(vault, [wrong], payment(vault, coin, 1_000))
        assert refused(chain, raw) == "bad-txns-inputs-missingorspent"
    chain.broadcast(spend(vault, [coin], payment(vault, coin, 1_000)))
    chain.mine()
    raw = spend(vault, [coin], payment(vault, coin, 2_000))
    assert refused(chain, raw) == "bad-txns-inputs-missingorspent"


def test_lock_time_must_have_passed(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """A lock time equal to the tip's height may be in the next block, one more may not."""
    height = chain.tip().height
    early = spend(vault, [coin], payment(vault, coin, 1_000), lock_time=height + 1)
    assert refused(chain, early) == "non-final"
    chain.mine()
    txid = chain.broadcast(early)
    chain.mine()
    assert chain.status(txid).confirmations == 1


def test_lock_time_in_seconds(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """From 500,000,000 on it is a time, compared with the median of eleven blocks (BIP113)."""
    median = chain._kernel.median_time_past(chain.tip().hash)
    early = spend(vault, [coin], payment(vault, coin, 1_000), lock_time=median)
    assert refused(chain, early) == "non-final"
    chain.broadcast(spend(vault, [coin], payment(vault, coin, 1_000), lock_time=median - 1))


def test_final_sequences_turn_the_lock_time_off(
    chain: Regtest, vault: Vault, coin: UnspentCoin
) -> None:
    """Consensus ignores nLockTime when all inputs are final, and so does the mempool."""
    outputs = payment(vault, coin, 1_000)
    chain.broadcast(spend(vault, [coin], outputs, lock_time=10**6, sequence=0xFFFF_FFFF))
    chain.mine()
    assert chain.coins(vault)[0].amount == COIN - 1_000


def test_relative_lock_times_are_refused(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """A simplification that is said, not hidden; version 1 has no relative lock times."""
    outputs = payment(vault, coin, 1_000)
    assert refused(chain, spend(vault, [coin], outputs, sequence=5)).startswith("non-BIP68-final")
    chain.broadcast(spend(vault, [coin], outputs, sequence=5, version=1))
    chain.mine()
    assert chain.coins(vault)[0].amount == COIN - 1_000


def test_young_coinbase(chain: Regtest, vault: Vault) -> None:
    """It may be spent in the hundredth block after its own, and the kernel agrees."""
    script = vault.script(0, 0).script_pubkey
    chain.mine(script=script)
    chain.mine(98)
    (young,) = chain._index.coins(script)
    coin = UnspentCoin(young.outpoint, young.amount, script, 0, 0, young.height, coinbase=True)
    raw = spend(vault, [coin], payment(vault, coin, 1_000))
    assert refused(chain, raw) == "bad-txns-premature-spend-of-coinbase"
    chain.mine()
    txid = chain.broadcast(raw)
    chain.mine()
    assert chain.status(txid).confirmations == 1


def test_least_fee(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """One satoshi for each virtual byte is taken, a satoshi less is not."""
    size = vsize(parse_transaction(spend(vault, [coin], payment(vault, coin, 1_000))))
    for fee in count(size - 3):
        raw = spend(vault, [coin], payment(vault, coin, fee))
        # A signature may be a byte shorter: each try has its own size.
        if fee >= vsize(parse_transaction(raw)):
            chain.broadcast(raw)
            break
        assert refused(chain, raw).startswith("min relay fee not met")
    assert abs(fee - size) <= 1


def test_paying_out_more_than_comes_in(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """A negative fee is no fee."""
    raw = spend(vault, [coin], payment(vault, coin, -1))
    assert refused(chain, raw) == "bad-txns-in-belowout"


def test_dust(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """Core's limits: 330 for P2WSH, 294 for P2WPKH, 546 for P2PKH, and more for longer scripts."""
    for script, least in (
        (b"\x00\x20" + bytes(32), 330),
        (b"\x00\x14" + bytes(20), 294),
        (b"\x76\xa9\x14" + bytes(20) + b"\x88\xac", 546),
    ):
        small = TxOut(Sats(least - 1), script)
        enough = TxOut(Sats(least), script)
        rest = payment(vault, coin, 2_000)
        assert refused(chain, spend(vault, [coin], [small, *rest])) == "dust"
        chain.test(spend(vault, [coin], [enough, *rest]))


def test_forms_that_nodes_do_not_take(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """The same coin twice, no outputs, a coinbase, too small, too large."""
    outputs = payment(vault, coin, 1_000)
    assert refused(chain, spend(vault, [coin, coin], outputs)) == "bad-txns-inputs-duplicate"
    assert refused(chain, spend(vault, [coin], [])) == "bad-txns-vout-empty"
    nowhere = replace(coin, outpoint=OutPoint(Txid("00" * 32), 0xFFFF_FFFF))
    assert refused(chain, spend(vault, [nowhere], outputs)) == "coinbase"
    burn = [TxOut(Sats(coin.amount - 1_000), b"\x51")]
    assert refused(chain, spend(vault, [coin], burn)) == "tx-size-small"
    raw = spend(vault, [coin], outputs)
    heavy = with_witness(raw, (b"\x00" * 400_000, *parse_transaction(raw).inputs[0].witness))
    assert refused(chain, heavy) == "tx-size"


def test_replacement_must_pay_more(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """BIP125 rules 3 and 4: all that was paid, and a satoshi for each of its own bytes."""
    first = spend(vault, [coin], payment(vault, coin, 1_000))
    chain.broadcast(first)
    for fee in (999, 1_001, 1_000 + 150):
        raw = spend(vault, [coin], payment(vault, coin, fee))
        assert refused(chain, raw).startswith("insufficient fee, rejecting replacement")
    better = spend(vault, [coin], payment(vault, coin, 1_000 + 250))
    txid = chain.broadcast(better)
    assert chain.status(txid).in_mempool
    assert not chain.status(parse_transaction(first).txid).in_mempool
    assert refused(chain, first).startswith("insufficient fee, rejecting replacement")
    chain.mine()
    assert chain.status(txid).confirmations == 1


def test_replacement_pays_for_what_it_drives_out(
    chain: Regtest, vault: Vault, coin: UnspentCoin
) -> None:
    """The fees of descendants count, too, and they leave the mempool with their parent."""
    parent = chain.broadcast(spend(vault, [coin], payment(vault, coin, 1_000)))
    change = UnspentCoin(
        OutPoint(parent, 0),
        Sats(coin.amount - 1_000),
        vault.script(0, 7).script_pubkey,
        branch=0,
        index=7,
        height=coin.height,
        coinbase=False,
    )
    child = chain.broadcast(spend(vault, [change], payment(vault, change, 50_000)))
    too_little = spend(vault, [coin], payment(vault, coin, 50_000))
    assert refused(chain, too_little).startswith("insufficient fee")
    txid = chain.broadcast(spend(vault, [coin], payment(vault, coin, 52_000)))
    assert not chain.status(parent).in_mempool
    assert not chain.status(child).in_mempool
    chain.mine()
    assert chain.status(txid).confirmations == 1


def test_replacement_must_be_worth_more_for_its_size(
    chain: Regtest, vault: Vault, coin: UnspentCoin
) -> None:
    """More in all but less for each byte is refused: the recording's own case."""
    chain.broadcast(spend(vault, [coin], payment(vault, coin, 10_000)))
    padding = [TxOut(Sats(1_000), vault.script(0, n).script_pubkey) for n in range(60)]
    rest = TxOut(Sats(coin.amount - 60_000 - 14_000), vault.script(0, 7).script_pubkey)
    raw = spend(vault, [coin], [*padding, rest])
    assert "feerate" in refused(chain, raw)


def test_replacement_may_not_stand_on_what_it_replaces(
    chain: Regtest, vault: Vault, coin: UnspentCoin
) -> None:
    """A transaction cannot spend an output of the one that it drives out."""
    parent = chain.broadcast(spend(vault, [coin], payment(vault, coin, 1_000)))
    script = vault.script(0, 7).script_pubkey
    own = UnspentCoin(
        OutPoint(parent, 0), Sats(coin.amount - 1_000), script, 0, 7, coin.height, coinbase=False
    )
    raw = spend(vault, [coin, own], [TxOut(Sats(coin.amount), script)])
    assert refused(chain, raw) == "bad-txns-spends-conflicting-tx"


def test_chains_of_waiting_transactions_are_mined_in_order(
    chain: Regtest, vault: Vault, coin: UnspentCoin
) -> None:
    """Parents before children, in one block, after a restart's worth of bookkeeping."""
    script = vault.script(0, 7).script_pubkey
    txids, current = [], coin
    for _ in range(5):
        txids.append(chain.broadcast(spend(vault, [current], payment(vault, current, 1_000))))
        amount = Sats(current.amount - 1_000)
        current = UnspentCoin(OutPoint(txids[-1], 0), amount, script, 0, 7, coin.height, False)
    (block,) = chain.mine()
    assert {chain.status(txid).block for txid in txids} == {block}
    assert [c.amount for c in chain.coins(vault)] == [COIN - 5_000]


def test_miner_earns_the_fees(chain: Regtest, vault: Vault, coin: UnspentCoin) -> None:
    """Fees are neither lost nor made up: the kernel would refuse a block that pays too much."""
    chain.broadcast(spend(vault, [coin], payment(vault, coin, 12_345)))
    script = vault.script(1, 0).script_pubkey
    chain.mine(script=script)
    (reward,) = chain._index.coins(script)
    assert reward.amount == 50 * COIN + 12_345
