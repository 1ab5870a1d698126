"""A key is exchanged: a new vault, both policies, a sweep, and what a thief tries."""

import json

import pytest
from house import ALICE, BOB, CAROL, DELAY, Desk, House
from programs import forked

from signer.chain.regtest import Regtest
from signer.core.vault import Vault

SWEEP = "--why rotation --initiator dave --fee-rate 2 --regtest"


class Rotating:
    """A house whose carol gets a new signer."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.new_signer = Desk("carol2", house.folder / "home-carol2", house.folder)
        self.make_key(self.new_signer, "carol2")
        self.gone = house.world.officers[CAROL].root.fingerprint

    def make_key(self, desk: Desk, name: str) -> None:
        """A key of a new signer, and its record."""
        secret = f"--passphrase-file {self.house.secret}"
        desk.does(f"coldsign key create {name} --words-out {name}.words {secret}")
        desk.does(f"coldsign key xpub {name} --network regtest -o {name}.json {secret}")

    def rotate(self, record: str = "carol2.json", folder: str = "rotation"):
        """Let the coordinator prepare everything."""
        return self.house.coordinator.does(
            f"coldquorum vault rotate treasury --replace {self.gone} --key {record} "
            f"--fee-rate 2 --regtest -o {folder}"
        )

    def text(self, file: str) -> str:
        """A paper of the rotation."""
        return (self.house.folder / "rotation" / file).read_text()

    def enrol(self, desk: Desk, key: str, folder: str = "rotation") -> str:
        """The command with which a holder enrols the new vault."""
        command = f"coldsign enrol {folder}/vault.json --policy new-signed.json --key {key}"
        return f"{command} --yes --passphrase-file {self.house.secret}"

    def open_old(self, *changes: tuple[str, str]) -> list[str]:
        """The old vault's next policy, accepted by its signers and in force; what they read."""
        text = self.text("old-policy.toml")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.house.adopt(text, "open", ALICE, BOB)
        accepted = [
            self.house[name].runs("coldsign policy accept open-signed.json --yes")
            for name in (ALICE, BOB)
        ]
        assert [ran.code for ran in accepted] == [0, 0]
        self.house.mine(DELAY)
        return [ran.err for ran in accepted]

    def sweep(self, number: int, to: str = "treasury-2"):
        """One withdrawal of the sweep, from the request to a block."""
        file = f"s{number}"
        asked = self.house.coordinator.does(
            f"coldquorum vault sweep treasury --to {to} {SWEEP} -o {file}.json"
        )
        built = self.house.build(self.house.approve(f"{file}.json", ALICE, BOB), f"{file}.psbt")
        self.house.finish(self.house.sign(f"{file}.psbt", ALICE, BOB), f"{file}.hex")
        self.house.send(f"{file}.hex")
        self.house.mine()
        assert built["change"] is None
        return asked

    def holdings(self, vault: Vault) -> list[int]:
        """The amounts of a vault's coins in the chain."""
        chain = Regtest(self.house.coordinator.home / "regtest")
        try:
            return sorted(coin.amount for coin in chain.coins(vault))
        finally:
            chain.close()


@pytest.fixture(autouse=True)
def _forks(monkeypatch, tmp_path_factory):
    """Fork each program: a story of so many commands would spend its time on starting them."""
    scratch = tmp_path_factory.mktemp("scratch")

    def run(argv, *, cwd, home):
        return forked(argv, cwd=cwd, home=home, scratch=scratch)

    monkeypatch.setattr("house.run", run)


@pytest.fixture
def rotating(house):
    """The house at the beginning of a rotation."""
    return Rotating(house)


def test_the_whole_way_from_the_old_vault_to_the_new(rotating):
    """Every coin arrives, confirmed; and the key that came signs what leaves."""
    house = rotating.house
    house.fund("1BTC", "0.4BTC", "0.3BTC")
    made = rotating.rotate()
    assert made["files"] == ["checklist.md", "new-policy.toml", "old-policy.toml", "vault.json"]
    assert [s["officer"] for s in made["vault"]["signers"]] == [ALICE, BOB, "carol2"]
    assert made["vault"]["threshold"] == 2
    (batch,) = made["sweep"]
    assert (batch["coins"], batch["amount"] + batch["fee"]) == (3, 170_000_000)
    checklist = rotating.text("checklist.md")
    assert made["vault"]["id"] in checklist
    assert made["vault"]["first_address"] in checklist
    assert f"from block {made['activation_height']} on" in checklist

    # the new vault: its policy says what the old one's says, its holders enrol it
    house.adopt(rotating.text("new-policy.toml"), "new", ALICE, BOB)
    desks = ((house[ALICE], ALICE), (house[BOB], BOB), (rotating.new_signer, "carol2"))
    seen = [desk.does(rotating.enrol(desk, key)) for desk, key in desks]
    assert {one["vault"] for one in seen} == {made["vault"]["id"]}

    # the old vault's signers read that the wallet in their next policy is the vault they enrolled
    told = rotating.open_old()
    assert all("treasury-2, enrolled here" in one for one in told)
    swept = rotating.sweep(1)
    assert swept["purpose"] == "internal"
    again = f"coldquorum vault sweep treasury --to treasury-2 {SWEEP}"
    assert "nothing is left" in house.coordinator.fails(again, 4)["what"]
    new = Vault.parse(json_payload(house.folder / "rotation" / "vault.json"))
    assert rotating.holdings(house.world.vault) == []
    assert rotating.holdings(new) == [swept["payments"][0]["amount"]]

    # the key that came signs; the new vault pays
    house.coordinator.does(
        f"coldquorum request new --vault treasury-2 --to {house.world.payment().address}:0.1BTC "
        "--why works --initiator dave --regtest -o out.json"
    )
    house.build(house.approve("out.json", ALICE, BOB), "out.psbt")
    command = f"coldsign sign out.psbt -o out-carol2.psbt --yes --passphrase-file {house.secret}"
    rotating.new_signer.does(command)
    house.finish(f"{house.sign('out.psbt', BOB)} out-carol2.psbt", "out.hex")
    house.send("out.hex")
    house.mine()
    assert house.status("treasury-2/1")["transaction"]["confirmations"] == 1


def json_payload(file):
    """The payload of a document."""
    from policies.envelope import Envelope

    return Envelope.parse(file.read_bytes()).payload


def test_a_coordinator_that_swaps_the_new_key_is_found_out(rotating):
    """The thief's key in carol's place: her signer refuses the vault, the others see another id.

    And since the admins have signed the true descriptor, no move to the other vault is internal.
    """
    house, desk = rotating.house, rotating.house.coordinator
    house.fund("1BTC")
    rotating.make_key(Desk("thief", house.folder / "home-thief", house.folder), "thief")
    posing = json.loads((house.folder / "thief.json").read_text()) | {"name": "carol2"}
    (house.folder / "posing.json").write_text(json.dumps(posing, separators=(",", ":")))
    true = rotating.rotate()
    rotating.open_old()
    forged = desk.does(
        f"coldquorum vault rotate treasury --replace {rotating.gone} --key posing.json "
        "--name treasury-3 --fee-rate 2 --regtest -o forged"
    )

    # whoever compares ids finds another one; the holder's signer does not know its key
    assert forged["vault"]["id"] != true["vault"]["id"]
    house.adopt((house.folder / "forged/new-policy.toml").read_text(), "new", ALICE, BOB)
    error = rotating.new_signer.fails(rotating.enrol(rotating.new_signer, "carol2", "forged"), 4)
    assert "does not hold this key" in error["what"]

    # a policy that lists the thief's vault: an admin's machine does not know it, and says so
    desk.does("coldquorum policy propose forged/old-policy.toml -o forged-open.json")
    command = f"coldsign policy sign forged-open.json --officer {ALICE} -o no.json"
    told = house[ALICE].runs(house.keyed(ALICE, command)).err
    assert "the house's own treasury-3 is a wallet that is not enrolled here" in told

    # the policy that the admins signed lists the true vault only
    desk.does(
        f"coldquorum request new --vault treasury --purpose internal --why rotation "
        f"--to {forged['vault']['first_address']}:0.9BTC --initiator dave --regtest -o i.json"
    )
    build = f"coldquorum build {house.approve('i.json', ALICE, BOB)} -o i.psbt --fee-rate 2"
    assert desk.refused(f"{build} --regtest") == [(8, "destinations.internal")]
