"""Something was stolen: the playbook's papers shut the doors, the sweep goes, the report tells."""

from dataclasses import replace

import pytest
from house import ALICE, BOB, House
from programs import forked
from world import World

from policies.envelope import Envelope
from policies.quorum import Demand
from policies.rules import Destinations, Internal
from policies.rules.destinations import Entry, Group
from signer.build.vault import create_vault
from signer.core.names import Height, Sats
from signer.store.store import Store


@pytest.fixture(autouse=True)
def _forks(monkeypatch, tmp_path_factory):
    """Fork each program: a story of so many commands would spend its time on starting them."""
    scratch = tmp_path_factory.mktemp("scratch")

    def run(argv, *, cwd, home):
        return forked(argv, cwd=cwd, home=home, scratch=scratch)

    monkeypatch.setattr("house.run", run)


def emergency():
    """A vault of keys that were never used."""
    other = World(seed=7)
    return other, create_vault(
        name="emergency",
        coin="BTC",
        network="regtest",
        script_type="p2wsh",
        threshold=2,
        keys=other.vault.keys,
        signers=other.vault.signers,
        birth_height=0,
    )


def prepared(folder):
    """A house whose policy lists its emergency vault, which has a policy of its own."""
    other, vault = emergency()
    group = Group((Entry(vault.descriptor, 20, Height(0)),), (), internal=True)
    approve = (Demand("approvers", 2),)
    internal = Internal(500, Sats(50_000), 100, approve, Sats(10**12))
    house = House(folder, Destinations("any", {"emergency": group}), internal)
    with Store(house.coordinator.home) as store:
        store.add_vault(Envelope.wrap("vault", vault.payload))
        store.add_policy(other.admit(replace(other.policy, vault=vault.id)))
    return house


def test_lock_void_sweep_report(tmp_path):
    """From the alarm to the report, with the papers as the program wrote them."""
    house = prepared(tmp_path / "house")
    house.fund("1BTC", "0.4BTC", "0.3BTC")
    house.request("w1.json")
    house.build(house.approve("w1.json", ALICE, BOB), "w1.psbt")
    house.sign("w1.psbt", ALICE)

    # the playbook: what is under way, where a sweep may go, and a policy that lets it through
    book = house.coordinator.does("coldquorum ceremony playbook treasury -o book --regtest")
    assert book["files"] == ["freeze.toml", "lockdown.toml", "playbook.md"]
    assert (book["lockdown"], book["sweeps_to"], book["under_way"]) == (True, ["emergency"], [1])
    text = (house.folder / "book" / "playbook.md").read_text()
    assert house.world.vault.id in text
    assert "coldquorum request void treasury/1 " in text
    assert "coldquorum vault sweep treasury --to NAME" in text

    # A: tighter, so it acts at once; payments are over
    said = house.adopt((house.folder / "book/lockdown.toml").read_text(), "lock", ALICE, BOB)
    assert {change["direction"] for change in said["changes"]} == {"tighter"}
    for name in (ALICE, BOB):
        accepted = house[name].does("coldsign policy accept lock-signed.json --yes")
        assert not accepted["waits"]
    late = house.keyed(BOB, "coldsign sign w1.psbt -o w1-bob.psbt")
    assert house[BOB].refused(late) == [(5, "policy.rollback")]
    house.coordinator.does(
        "coldquorum request void treasury/1 --why compromise --initiator dave "
        "--fee-ceiling 10000 --regtest -o v2.json"
    )
    house.build(house.approve("v2.json", ALICE, BOB), "v2.psbt")
    house.finish(house.sign("v2.psbt", ALICE, BOB), "v2.hex")
    house.send("v2.hex")
    house.mine()
    house.request("w3.json", "0.1BTC")
    build = f"coldquorum build {house.approve('w3.json', ALICE, BOB)} -o w3.psbt --fee-rate 2"
    assert house.coordinator.refused(f"{build} --regtest") == [(8, "destinations.listed")]
    house.mine(150)

    # C: everything that is left, to the emergency vault
    house.coordinator.does(
        "coldquorum vault sweep treasury --to emergency --why compromise --initiator dave "
        "--fee-rate 3 --regtest -o s4.json"
    )
    built = house.build(house.approve("s4.json", ALICE, BOB), "s4.psbt", "--fee-rate 3")
    assert (built["purpose"], built["change"], built["inputs"]) == ("internal", None, 3)
    txid = house.finish(house.sign("s4.psbt", ALICE, BOB), "s4.hex")
    house.send("s4.hex")
    house.mine()

    # D: what each step did
    told = house.coordinator.does("coldquorum ceremony report treasury --regtest -o report.md")
    assert [(p["epoch"], p["signed"]) for p in told["policies"]] == [
        (1, ["alice", "bob"]),
        (2, ["alice", "bob"]),
    ]
    assert "rules.destinations.mode (tighter)" in told["policies"][1]["changes"]
    seen = [(w["sequence"], w["purpose"], w["voids"], w["state"]) for w in told["withdrawals"]]
    assert seen == [
        (1, "payment", None, "void"),
        (2, "void", 1, "confirmed"),
        (3, "payment", None, "expired"),
        (4, "internal", None, "confirmed"),
    ]
    assert told["withdrawals"][3]["txid"] == txid
    treasury, saved = told["holdings"]
    assert (treasury["coins"], treasury["amount"]) == (0, 0)
    assert (saved["name"], saved["coins"], saved["amount"]) == ("emergency", 1, built["total"])
    report = (house.folder / "report.md").read_text()
    assert txid in report
    assert "| emergency | 1 |" in report


def test_without_a_vault_of_the_house_there_is_only_a_freeze(house):
    """Nothing is listed as the house's own: the playbook says so, and to sweep first."""
    book = house.coordinator.does("coldquorum ceremony playbook treasury -o book")
    assert (book["lockdown"], book["sweeps_to"]) == (False, [])
    text = (house.folder / "book" / "playbook.md").read_text()
    assert "do C first" in text
    assert "coldquorum vault rotate treasury --replace FINGERPRINT" in text
    assert "frozen = true" in (house.folder / "book" / "freeze.toml").read_text()
    again = house.coordinator.fails("coldquorum ceremony playbook treasury -o book", 4)
    assert "exists" in again["what"]
