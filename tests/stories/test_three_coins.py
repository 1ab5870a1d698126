"""Three coins, one officer: what is meant for one of them never counts for another.

Through the real programs. All the rest of the matrix is in tests/attacks/test_cross_coin.py.
"""

import pytest
from coldsign_terminal import Terminal
from house import ALICE, Desk
from world import PASSPHRASE, World

from policies.envelope import Envelope
from signer.carry.history import write_history

COINS = ("BTC", "BCH", "MONA")


@pytest.fixture(scope="module")
def worlds():
    """A P2SH vault of each coin on regtest: the same people, the same keys, the same scripts."""
    return {coin: World("p2sh", coin=coin) for coin in COINS}


@pytest.fixture(params=COINS)
def desk(request, worlds, tmp_path):
    """Alice's machine, where the vault of one coin is enrolled; and that coin."""
    home = tmp_path / "home"
    worlds[request.param].keystore(home)
    worlds[request.param].state(home)
    secret = tmp_path / "passphrase"
    secret.write_bytes(PASSPHRASE)
    secret.chmod(0o600)
    return request.param, Desk(ALICE, home, tmp_path)


KEYED = "--yes --passphrase-file passphrase"


def test_a_signer_takes_its_own_coins_papers_only(desk, worlds):
    """Bundle, request, policy, history: of the two other coins each is refused, and why is said."""
    own, alice = desk
    for coin, world in worlds.items():
        withdrawal = world.withdrawal()
        files = {
            "in.psbt": world.bundle(),
            "request.json": Envelope.wrap("withdrawal", withdrawal.payload).to_bytes(),
            "vault.json": worlds[own].vault_envelope.to_bytes(),
            "policy.json": world.policy_envelope.to_bytes(),
            "history.json": write_history([withdrawal]),
        }
        for name, data in files.items():
            (alice.folder / name).write_bytes(data)
        commands = {
            f"coldsign sign in.psbt -o {coin}.psbt {KEYED}": (2, "vault.enrolled"),
            f"coldsign approve request.json --officer alice -o {coin}.json {KEYED}": (
                (2, "vault.enrolled")
            ),
            f"coldsign enrol vault.json --policy policy.json --key alice {KEYED}": (
                (5, "policy.rollback")
            ),
            f"coldsign enrol vault.json --history history.json --key alice {KEYED}": (
                (2, "vault.enrolled")
            ),
        }
        for command, refusal in commands.items():
            if coin == own:
                alice.does(command)
            else:
                assert alice.refused(command) == [refusal], command
    left = {path.name for path in alice.folder.iterdir() if path.suffix in (".psbt", ".json")}
    assert left - set(files) == {f"{own}.psbt", f"{own}.json"}


def test_the_journal_names_coin_and_network(desk, worlds):
    """Each line of a vault, as data and on the screen."""
    own, alice = desk
    (alice.folder / "in.psbt").write_bytes(worlds[own].bundle())
    alice.does(f"coldsign sign in.psbt -o out.psbt {KEYED}")
    lines = [e for e in alice.does("coldsign journal show")["entries"] if "vault" in e]
    assert {line["event"] for line in lines} == {"enrol", "sign"}
    assert {(line["coin"], line["network"]) for line in lines} == {(own, "regtest")}
    shown = alice.runs("coldsign journal show").out
    assert shown.count(f"coin={own} ") == shown.count("network=regtest ") == len(lines)
    assert alice.does("coldsign journal verify")["findings"] == []


@pytest.mark.parametrize("coin", ["BCH", "MONA"])
def test_the_officer_reads_the_coin_before_approving_and_signing(coin, tmp_path):
    """On main, at a terminal: heading, amounts and addresses are the coin's; no is no."""
    world = World("p2sh", network_name="main", coin=coin)
    home = tmp_path / "home"
    world.keystore(home)
    world.state(home)
    request = Envelope.wrap("withdrawal", world.withdrawal().payload)
    (tmp_path / "request.json").write_bytes(request.to_bytes())
    (tmp_path / "in.psbt").write_bytes(world.bundle())
    for command in (
        ("approve", tmp_path / "request.json", "--officer", "alice"),
        ("sign", tmp_path / "in.psbt", "-o", tmp_path / "out.psbt"),
    ):
        with Terminal(*command, "--home", home) as person:
            seen = person.expect(f"withdrawal 1 from treasury ({coin} main)")
            seen += person.expect("?")
            assert f"0.003 000 00 {coin}" in seen
            assert "BTC" not in seen
            person.send("no")
            assert person.process.wait() == 3
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(("out", "request-"))]


def test_keys_differ_for_each_coin_on_main_and_records_do_not_mix(tmp_path):
    """`key xpub --coin`: three paths, three keys; another coin's record makes no vault."""
    World().keystore(tmp_path / ALICE, ALICE)
    secret = tmp_path / "passphrase"
    secret.write_bytes(PASSPHRASE)
    secret.chmod(0o600)
    alice = Desk(ALICE, tmp_path / ALICE, tmp_path)
    said = [
        alice.does(
            f"coldsign key xpub alice --coin {coin} --network main --script p2sh "
            f"-o {coin}.json --passphrase-file passphrase"
        )
        for coin in COINS
    ]
    assert len({one["xpub"] for one in said}) == len(COINS)
    assert [one["path"] for one in said] == ["48h/0h/0h/0h", "48h/145h/0h/0h", "48h/22h/0h/0h"]
    desk = Desk("coordinator", tmp_path / "home", tmp_path)
    ids = set()
    for coin, other in zip(COINS, (*COINS[1:], COINS[0]), strict=True):
        make = f"coldquorum vault create one --threshold 1 --script p2sh --coin {coin} --key"
        error = desk.fails(f"{make} {other}.json", 4)
        assert (error["expected"], error["found"]) == (f"'{coin}'", f"'{other}'")
        assert "coldsign key xpub" in error["hint"]
        ids.add(desk.does(f"{make} {coin}.json".replace(" one ", f" {coin.lower()} "))["id"])
    assert len(ids) == len(COINS)


@pytest.mark.parametrize("coin", COINS)
def test_what_is_typed_is_of_its_own_coin(coin, worlds, tmp_path):
    """Another coin's address, or amount, is refused where it is typed."""
    desk = Desk("coordinator", tmp_path / "home", tmp_path)
    other = COINS[COINS.index(coin) - 1]
    own, foreign = (worlds[one].payment().address for one in (coin, other))
    fund = f"coldquorum regtest fund --coin {coin}"
    assert "address" in desk.fails(f"{fund} {foreign}:1{coin}", 4)["what"]
    assert desk.fails(f"{fund} {own}:1{other}", 4)["what"].endswith("unknown unit")
