"""Vaults of the scripts and signatures that came with three coins, from keys to a block.

The officers' keys are in place, since a demo makes them anew (`coldquorum demo --coin bch`). All
else is typed for Schnorr; with the two P2SH vaults the story begins at the request.
"""

import pytest
from complaints import check_complaint
from house import ALICE, BOB, CAROL, Forked
from three_vaults import CoinWorld
from world import NAMES, PASSPHRASE, World

from policies.envelope import Envelope
from policies.withdrawal import Withdrawal
from signer.chain.bchvm import library
from signer.chain.whole import parse_transaction
from signer.core.vault import RECEIVE
from signer.store.store import Store

SECRET = "--passphrase-file passphrase"
SHORT = ("BTC", "MONA")


class People:
    """Three officers with keys, and a coordinator who knows two vaults: `btc` and `mona`."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        (folder / "passphrase").write_bytes(PASSPHRASE)
        (folder / "passphrase").chmod(0o600)
        self.worlds = {coin: CoinWorld(coin, "p2sh") for coin in SHORT}
        self.coordinator = Forked("coordinator", folder / "home", folder)
        for name in NAMES:
            World().keystore(folder / f"home-{name}", name)
            for world in self.worlds.values():
                world.state(folder / f"home-{name}", name)
        with Store(self.coordinator.home) as store:
            for world in self.worlds.values():
                store.add_vault(world.vault_envelope)
                store.add_policy(world.policy_envelope)

    def does(self, command):
        """Let the coordinator do something."""
        return self.coordinator.does(f"coldquorum {command}")

    def desk(self, name):
        """An officer's."""
        return Forked(name, self.folder / f"home-{name}", self.folder)

    def each(self, names, command):
        """Let officers type a command; `{0}` is the name."""
        for name in names:
            self.desk(name).does("coldsign " + command.format(name))

    def request(self, vault, to, amount):
        """Ask for a payment."""
        self.does(
            f"request new --vault {vault} --to {to}:{amount}:Supplier:rent --why rent "
            f"--initiator carol --fee-ceiling 20000 --regtest -o {vault}-w1.json"
        )

    def settles(self, vault, coin, approved):
        """Build, sign, combine, finalise, send and confirm the vault's first withdrawal."""
        built = self.does(f"build {approved} -o {vault}.psbt --fee-rate 2 --regtest")
        assert built["inputs"] == 2
        self.each((BOB, CAROL), f"sign {vault}.psbt -o {vault}-{{0}}.psbt --yes {SECRET}")
        self.does(f"combine {vault}-{BOB}.psbt {vault}-{CAROL}.psbt -o {vault}-all.psbt")
        final = self.does(f"finalize {vault}-all.psbt -o {vault}.hex")
        assert final["verified"]
        tx = parse_transaction(bytes.fromhex((self.folder / f"{vault}.hex").read_text()))
        assert all(txin.script_sig and not txin.witness for txin in tx.inputs)
        sent = self.does(f"broadcast {vault}.hex --regtest")
        assert (sent["txid"], sent["in_mempool"]) == (final["txid"], True)
        self.does(f"regtest mine --coin {coin}")
        shown = self.does(f"request show {vault}/1 --regtest")
        assert (shown["state"], shown["transaction"]["settled"]) == ("confirmed", True)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """One house for all these vaults, and for what is typed wrong in it."""
    library.install()
    return People(tmp_path_factory.mktemp("scripts") / "house")


@pytest.fixture(scope="module")
def cash(people):
    """The vault with Schnorr signatures, its policy, and money; gives its first address."""
    of = "--coin bch --network regtest"
    people.each(NAMES, f"key xpub {{0}} {of} -o {{0}}.key.json {SECRET}")
    people.each(NAMES, "officer show {0} -o {0}.officer.json")
    keys = " ".join(f"--key {name}.key.json" for name in NAMES)
    said = people.does(
        f"vault create bch {of} --signatures schnorr --threshold 2 {keys} -o bch.json"
    )
    assert (said["script_type"], said["signatures"]) == ("p2sh32", "schnorr")
    records = " ".join(f"--officer {name}.officer.json" for name in NAMES)
    policy = people.does(f"policy new --vault bch {records}")
    (people.folder / "bch.toml").write_text(policy["toml"])
    people.does("policy propose bch.toml -o policy.json")
    signs = f"policy sign policy.json --officer {{0}} -o policy-{{0}}.json --yes {SECRET}"
    people.each((ALICE, BOB), signs)
    people.does("policy import policy-alice.json policy-bob.json -o policy-1.json")
    people.each(NAMES, f"enrol bch.json --policy policy-1.json --key {{0}} --yes {SECRET}")
    first = said["first_address"]
    people.does(f"regtest fund {first}:0.6BCH {first}:0.7BCH --coin bch")
    return first


def test_schnorr_from_keys_to_a_block(people, cash):
    """Two of three sign, an independent virtual machine takes it, and a block confirms it."""
    people.request("bch", World("p2sh", coin="BCH").payment().address, "0.9BCH")
    approves = f"approve bch-w1.json --officer {{0}} -o bch-w1-{{0}}.json --yes {SECRET}"
    people.each((ALICE, BOB), approves)
    people.settles("bch", "BCH", "bch-w1-alice.json bch-w1-bob.json")
    shown = people.coordinator.runs("coldquorum vault show bch")
    assert "schnorr" in shown.out
    assert cash.startswith("bchreg:")


@pytest.mark.parametrize("coin", SHORT)
def test_p2sh_from_request_to_a_block(coin, people):
    """Legacy inputs, without a witness: the amounts come from whole previous transactions."""
    world, vault = people.worlds[coin], coin.lower()
    first = world.vault.address(RECEIVE, 0)
    people.does(f"regtest fund {first}:0.03{coin} {first}:0.02{coin} --coin {coin}")
    people.request(vault, world.payment().address, f"0.04{coin}")
    file = people.folder / f"{vault}-w1.json"
    asked = Withdrawal.parse(Envelope.parse(file.read_bytes()).payload)
    approved = people.folder / f"{vault}-approved.json"
    approved.write_bytes(world.approve(asked, (ALICE, BOB)).to_bytes())
    people.settles(vault, coin, approved.name)


# One script, and one key, as the coins write them: the hash is 00 01 02 ... 13.
BTC_KEY = "bcrt1qqqqsyqcyq5rqwzqfpg9scrgwpugpzysnard0ew"
BTC_OLD_SCRIPT = "2MsFFCK16VhsCcvPXruztdzzcTZEQCbNKjJ"
BCH_SCRIPT = "bchreg:pqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv3cnse259"
BCH_TOKENS = "bchreg:rqqqzqsrqszsvpcgpy9qkrqdpc83qygjzvkjqwhvtk"
BCH_MAIN = "bitcoincash:pqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv0kpkcwsl"
MONA_SCRIPT = "p5YbQjTLQTFz1gNgvmgiL6VTjhst3zRG6Y"
MONA_MAIN_OLD = "31h38a54tFMrR8kzBnP2241MFD2EUHtGha"

OLD_FORM = "the old form of script addresses, which BTC has, too"
WRONG = {
    "BTC's segwit, for BCH": ("bch", BTC_KEY, "a typo in the address"),
    "MONA's, for BCH": ("bch", MONA_SCRIPT, "no address of BCH regtest"),
    "BCH's of main": ("bch", BCH_MAIN, "the address is of another network"),
    "BCH's, for BTC": ("btc", BCH_SCRIPT, "address"),
    "MONA's, for BTC": ("btc", MONA_SCRIPT, "unknown kind of address"),
    "BTC's segwit, for MONA": ("mona", BTC_KEY, "address"),
    "the old form, or BTC's, for MONA": ("mona", BTC_OLD_SCRIPT, OLD_FORM),
}


def ask(people, vault, to):
    """Ask for a withdrawal of a vault."""
    return people.coordinator.runs(
        f"coldquorum request new --vault {vault} --to {to}:0.001{vault} --why slip "
        "--initiator carol --fee-ceiling 20000 --regtest -o slip.json"
    )


@pytest.mark.parametrize("slip", WRONG)
def test_an_address_of_another_coin_is_told(slip, people, cash):
    """Exit code 4 and what is wrong; it is not quoted, and no file is left."""
    vault, address, words = WRONG[slip]
    ended = ask(people, vault, address)
    check_complaint(ended, code=4, mentions=words)
    assert not {address, cash} & set(ended.err.split())
    assert not (people.folder / "slip.json").exists()


def test_the_old_form_on_the_main_network_is_explained(people):
    """Where it matters: such an address may be BTC's, and a payment to it nobody's."""
    world = World("p2sh", network_name="main", coin="MONA")
    with Store(people.folder / "home-main") as store:
        store.add_vault(world.vault_envelope)
        store.add_policy(world.policy_envelope)
    desk = Forked("coordinator", people.folder / "home-main", people.folder)
    ended = desk.runs(
        f"coldquorum request new --vault treasury --to {MONA_MAIN_OLD}:1MONA --why slip "
        "--initiator carol --fee-ceiling 20000 --electrum 127.0.0.1:1 -o slip.json"
    )
    check_complaint(ended, code=4, mentions=OLD_FORM)
    assert "expected: the new form, whose first byte is 55" in ended.err
    assert not (people.folder / "slip.json").exists()


ODD = {
    BTC_OLD_SCRIPT: "it came in the old form, which BTC has, too",
    BCH_TOKENS: "it came as an address for tokens, and none are sent",
    BCH_SCRIPT.upper(): "",
    BCH_SCRIPT.partition(":")[2]: "",
}


def test_an_odd_address_of_bitcoin_cash_is_read_with_a_warning(people, cash):
    """The request holds the usual form, and the officer is told which that is."""
    assert cash != BCH_SCRIPT
    to = " ".join(f"--to {address}:0.001BCH" for address in ODD)
    ended = people.coordinator.runs(
        f"coldquorum request new --vault bch {to} --why odd --initiator carol "
        "--fee-ceiling 20000 --regtest -o odd.json --json"
    )
    assert ended.code == 0, ended.err
    assert {one["address"] for one in ended.answer["payments"]} == {BCH_SCRIPT}
    told = [line for line in ended.err.splitlines() if line.startswith("read as")]
    assert told == [f"read as {BCH_SCRIPT}: {odd}" for odd in ODD.values() if odd]


NO_SUCH = {
    "vault create a --coin DOGE {key}": "unknown coin",
    "regtest info --coin DOGE": "unknown coin",
    "demo --coin DOGE": "unknown coin",
    "vault create a --coin bch --script p2wsh {key}": "the coin has no such script",
    "vault create a --coin mona --script p2sh32 {key}": "the coin has no such script",
    "vault create a --coin bch --network signet {key}": "unknown network",
    "vault create a --script p2sh --network regtest --signatures schnorr {key}": "schnorr",
}


@pytest.fixture(scope="module")
def record(people):
    """A key's record, of BTC."""
    people.each((ALICE,), f"key xpub {{0}} --network regtest --script p2sh -o b.json {SECRET}")
    return "--threshold 1 --key b.json"


@pytest.mark.parametrize("line", NO_SUCH)
def test_a_coin_or_vault_that_there_is_not(line, people, record):
    """Exit code 4, one clear line, and what there is."""
    ended = people.coordinator.runs(f"coldquorum {line.format(key=record)}")
    check_complaint(ended, code=4, mentions=NO_SUCH[line])
    assert "expected: " in ended.err


def test_a_key_of_a_coin_that_there_is_not(people):
    """At the officer's machine, before the passphrase is asked for."""
    for options, words in (
        ("--coin DOGE", "unknown coin"),
        ("--coin bch --script p2wsh", "the coin has no such script"),
    ):
        ended = people.desk(ALICE).runs(
            f"coldsign key xpub alice --network regtest {options} -o no.json"
        )
        check_complaint(ended, code=4, mentions=words)
    assert not (people.folder / "no.json").exists()
