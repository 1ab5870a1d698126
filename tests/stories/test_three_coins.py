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


@pytest.fixture(params=["MONA"])  # any of the three; each costs a dozen processes
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


@pytest.mark.parametrize("coin", ["BCH"])
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


@pytest.mark.parametrize("coin", ["BCH"])
def test_what_is_typed_is_of_its_own_coin(coin, worlds, tmp_path):
    """Another coin's address, or amount, is refused where it is typed."""
    desk = Desk("coordinator", tmp_path / "home", tmp_path)
    other = COINS[COINS.index(coin) - 1]
    own, foreign = (worlds[one].payment().address for one in (coin, other))
    fund = f"coldquorum regtest fund --coin {coin}"
    assert "address" in desk.fails(f"{fund} {foreign}:1{coin}", 4)["what"]
    assert desk.fails(f"{fund} {own}:1{other}", 4)["what"].endswith("unknown unit")


VAULTS = {"BCH p2sh": World("p2sh", coin="BCH")}
"""Others may be put here: BTC p2sh, MONA p2wsh and BCH p2sh32 with Schnorr went the same way."""


@pytest.mark.parametrize("kind", VAULTS)
def test_a_vault_goes_into_backups_and_other_wallets_and_back(kind, tmp_path):
    """Backup, recovery sheet, descriptor, Electrum: each works, or says why it does not."""
    world = VAULTS[kind]
    coin, script_type = world.vault.coin, world.vault.script_type
    desk = Desk("coordinator", tmp_path / "home", tmp_path)
    fresh = Desk("another", tmp_path / "fresh", tmp_path)
    (tmp_path / "vault.json").write_bytes(world.vault_envelope.to_bytes())
    made = desk.does("coldquorum vault import vault.json")
    assert (made["id"], made["coin"]) == (world.vault.id, coin)

    desk.does("coldquorum vault backup treasury -o vault.backup")
    (tmp_path / "xpub.txt").write_text(world.vault.keys[1].xpub.to_text(world.network.xpub))
    found = fresh.does("coldquorum vault recover vault.backup --key xpub.txt")
    assert found["vault"]["id"] == world.vault.id

    sheet = "coldquorum vault sheet treasury -o sheet.html"
    if coin == "BTC":
        desk.does(sheet)
        assert "sh(sortedmulti(2," in (tmp_path / "sheet.html").read_text()
    else:
        assert f"knows no {coin}" in desk.fails(sheet, 4)["what"]
        assert not (tmp_path / "sheet.html").exists()

    desk.does("coldquorum vault export treasury --format descriptor -o descriptor.txt")
    again = Desk("third", tmp_path / "third", tmp_path).does(
        f"coldquorum vault import descriptor.txt --coin {coin} --network regtest --name again"
    )
    assert again["first_address"] == world.vault.address(0, 0)
    assert (again["coin"], again["script_type"]) == (coin, script_type)

    knows = {"BTC p2sh": "core", "MONA p2wsh": "electrum", "BCH p2sh": "electron-cash"}
    for name in ("core", "electrum", "electron-cash"):
        export = f"coldquorum vault export treasury --format {name} -o {name}.json"
        if name == knows.get(kind) or (name, coin) == ("electrum", "BTC"):
            desk.does(export)
        else:
            assert f"{coin} {script_type}" in desk.fails(export, 4)["what"]
            assert not (tmp_path / f"{name}.json").exists()
