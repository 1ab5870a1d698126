"""`coldsign device` and `coldsign sign --device`, as an officer types them, with each vendor."""

import json

import pytest
from bus import Fault, Kind
from device_world import DeviceWorld
from officers_desk import Desk
from simulated import Lie, Owner
from simulators import SIMULATORS

from hw import find
from signer.core.journal import Journal
from signer.core.psbt import Psbt
from signer.core.vault import RECEIVE, Vault
from signer.station.kept import Kept

VENDORS = tuple(driver.vendor for driver in find.DRIVERS if not driver.enforcing)
"""Our own has its tests in test_appliance.py: its far side is a program."""


class Station(Desk):
    """A machine without a key, in front of alice's device."""

    def __init__(self, bus, vendor, monkeypatch, capfd, tmp_path):
        for name in ("home", "desk"):
            (tmp_path / name).mkdir()
        super().__init__(monkeypatch, capfd, tmp_path / "desk", tmp_path / "home")
        self.bus, self.vendor = bus, vendor
        self.world = DeviceWorld(alice=vendor)
        self.device = SIMULATORS[vendor](bus)
        self.device.root = self.world.officers["alice"].root
        self.device.set_network("regtest")
        self.device.know(Kept(self.home))
        self.plugged = self.device.plugged()

    def enrol_vault(self):
        """Enrol the world's vault, without a key."""
        vault = self.file("vault.json", self.world.vault_envelope.to_bytes())
        policy = self.file("policy-1.json", self.world.policy_envelope.to_bytes())
        done = self.run("enrol", vault, "--policy", policy, "--officer-only", "--yes")
        assert done.code == 0, done.err

    def withdrawal(self):
        """Put an approved withdrawal's file on the desk."""
        return self.file("in.psbt", self.world.bundle())

    def sign(self, *options):
        """Sign it with the device."""
        out = self.folder / "out.psbt"
        fingerprint = self.device.fingerprint
        return self.run(
            *("sign", self.withdrawal(), "-o", out, "--device", fingerprint, "--yes", *options)
        )


@pytest.fixture(params=VENDORS)
def station(request, bus, monkeypatch, capfd, tmp_path):
    """A station that knows no vault yet."""
    return Station(bus, request.param, monkeypatch, capfd, tmp_path)


@pytest.fixture
def ready(station):
    """A station with the vault enrolled, and registered on the device."""
    station.enrol_vault()
    done = station.run("device", "register", "treasury")
    assert done.code == 0, done.err
    return station


def test_list_two_of_the_same_model_and_a_stranger(station):
    """Each is listed with its own fingerprint and place; what is no signer is not."""
    other = SIMULATORS[station.vendor](station.bus, "beta")
    other.know(Kept(station.home))
    other.plugged()
    done = station.run("device", "list", "--json")
    assert done.code == 0, done.err
    listed = done.json["devices"]
    assert {one["fingerprint"] for one in listed} == {
        station.device.fingerprint,
        other.fingerprint,
    }
    assert len({one["place"] for one in listed}) == 2
    assert all(one["locked"] is False and one["error"] == "" for one in listed)
    lines = station.run("device", "list").out.splitlines()
    assert len(lines) == 2
    assert station.device.fingerprint in "".join(lines)


def test_list_goes_on_past_a_device_that_may_not_be_opened(station):
    """A device that the system forbids is a line with its error and the udev rule; exit 0."""
    other = SIMULATORS[station.vendor](station.bus, "beta")
    other.plugged(faults=[Fault(Kind.FORBIDDEN)])
    listed = station.run("device", "list", "--json").json["devices"]
    assert [bool(one["error"]) for one in listed] == [False, True]
    assert "idVendor" in listed[1]["hint"]


def test_nothing_is_plugged_in(station):
    """An empty listing is no error; every other command ends with exit code 5."""
    station.bus.devices.clear()
    done = station.run("device", "list")
    assert (done.code, done.out.strip()) == (0, "none")
    done = station.run("device", "info", "--json")
    assert done.code == 5
    assert done.json["error"]["kind"] == "NotFound"


def test_info_tells_what_it_can(station):
    """Model, firmware, fingerprint and capabilities."""
    done = station.run("device", "info", "--json")
    assert done.code == 0, done.err
    assert done.json["fingerprint"] == station.device.fingerprint
    assert done.json["capabilities"]["cosigners"] >= 3
    assert station.run("device", "info").code == 0


def test_xpub_writes_the_record_that_a_vault_is_made_of(station):
    """The record is that of `key xpub`, with the vendor's name as the signer's type."""
    out = station.folder / "alice.json"
    done = station.run("device", "xpub", "alice", "--network", "regtest", "-o", out, "--json")
    assert done.code == 0, done.err
    record = json.loads(out.read_text())
    assert record == done.json
    own = station.world.vault.keys[0]
    assert record["key"] == f"{own.origin}{record['xpub']}"
    assert record["xpub"] == own.xpub.to_text(station.world.network.xpub)
    assert (record["kind"], record["name"], record["signer"]) == ("key", "alice", station.vendor)
    again = station.run("device", "xpub", "alice", "--network", "regtest", "-o", out)
    assert again.code == 4
    assert "exists" in again.err


def test_register_once_and_for_all(station):
    """The first run registers, the second finds it done, and so does a lost token's."""
    station.enrol_vault()
    first = station.run("device", "register", "treasury", "--json")
    assert first.code == 0, first.err
    second = station.run("device", "register", station.world.vault.id[:8], "--json")
    assert second.code == 0, second.err
    assert second.json["already"] is True
    assert second.json["device"] == station.device.fingerprint
    kept = station.home / "vaults" / station.world.vault.id
    assert (kept / f"device-{station.device.fingerprint}.json").exists()


def test_register_a_no_on_the_device_keeps_nothing(station):
    """Exit code 5, at fault the officer, and no registration is kept."""
    station.enrol_vault()
    station.device.owner.refuses = True
    done = station.run("device", "register", "treasury", "--json")
    if not station.device.registers:
        assert done.code == 0
        return
    assert done.code == 5
    assert done.json["error"]["kind"] == "RefusedByUser"
    assert not list(station.home.glob("vaults/*/device-*"))
    assert station.plugged.given_back


def test_address_prints_both(ready):
    """The device's address and ours, equal, in groups of four on the screen."""
    done = ready.run("device", "address", "treasury", "1", "--json")
    assert done.code == 0, done.err
    ours = ready.world.vault.address(RECEIVE, 1)
    assert (done.json["ours"], done.json["device"]) == (ours, ours)
    shown = ready.run("device", "address", "treasury", "1").out
    assert shown.count(" ".join(ours[at : at + 4] for at in range(0, len(ours), 4))) == 2


def test_another_address_is_refused(ready):
    """A device that shows another address ends with exit code 3; both are told."""
    ready.device.owner.lie = Lie.OTHER_ADDRESS
    done = ready.run("device", "address", "treasury", "0", "--json")
    assert done.code == 3
    error = done.json["error"]
    assert error["expected"] == ready.world.vault.address(RECEIVE, 0)
    assert error["found"] != error["expected"]


def test_sign(ready):
    """Steps 1 to 10 here, the signature there; the journal says that the station vouches."""
    done = ready.sign("--json")
    assert done.code == 0, done.err
    assert done.json["vouches"] == "station"
    assert done.json["signed_by"] == ["alice"]
    before, after = (
        Psbt.parse((ready.folder / name).read_bytes()) for name in ("in.psbt", "out.psbt")
    )
    assert after.others == before.others, "the documents stay in the file"
    assert [len(one.partial_sigs) for one in after.inputs] == [1] * len(after.inputs)
    entry = Journal.open(ready.home).entries()[-1]
    assert (entry.event, entry.fields["vouches"]) == ("sign", "station")
    assert entry.fields["device"] == ready.vendor
    assert entry.fields["fingerprint"] == ready.device.fingerprint
    assert ready.plugged.given_back
    verified = ready.run("journal", "verify", "--json")
    assert verified.code == 0, verified.err
    assert verified.json["replayed"] == 1, "the verdict comes out again from what was kept"


def test_a_second_cosigner_and_the_consensus_code(ready, tmp_path):
    """The device's signature and bob's make a transaction that Bitcoin Core's code takes."""
    from signer.settle.combine import Source, combine
    from signer.settle.finalize import finalize

    assert ready.sign().code == 0
    device = (ready.folder / "out.psbt").read_bytes()
    other = ready.world.sign(ready.world.bundle(), tmp_path / "bob", "bob").raw
    final = finalize(combine([Source("alice", device), Source("bob", other)], ready.world.vault))
    assert final.verdict.verified


def test_what_is_signed_is_not_signed_again(ready):
    """A file that has the device's signature goes on to the next signer."""
    assert ready.sign().code == 0
    signed = ready.folder / "out.psbt"
    done = ready.run("sign", signed, "--device", ready.device.fingerprint, "--yes")
    assert done.code == 4
    assert "has signed this file already" in done.err


def test_the_station_checks_before_the_device_sees_anything(ready):
    """A withdrawal with too few approvals is refused with exit code 3; nothing is sent."""
    before = ready.plugged.transfers
    raw = ready.world.bundle(ready.world.approve(ready.world.withdrawal(), ["alice"]))
    path = ready.file("thin.psbt", raw)
    done = ready.run("sign", path, "--device", ready.device.fingerprint, "--yes")
    assert done.code == 3
    assert ready.plugged.transfers == before


LIES = (
    *(Lie.WRONG_SIGNATURE, Lie.OTHER_KEY, Lie.FOREIGN_KEY, Lie.CHANGED_OUTPUT, Lie.CHANGED_FIELD),
    *(Lie.SURPLUS, Lie.MISSING, Lie.SIGHASH, Lie.OTHER_XPUB),
)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name.lower())
def test_a_lying_device_leaves_no_file(ready, lie):
    """Exit code 3 or 5, the device at fault, and nothing is written."""
    if lie not in ready.device.lies:
        pytest.skip("its protocol has no words for this lie")
    ready.device.owner.lie = lie
    done = ready.sign("--json")
    assert done.code in (3, 5)
    assert done.json["error"]["fault"] == "device"
    assert not (ready.folder / "out.psbt").exists()
    assert ready.plugged.given_back


def test_a_no_on_the_device(ready):
    """Exit code 5; nothing is written; a later yes signs."""
    ready.device.owner.refuses = True
    done = ready.sign("--json")
    assert (done.code, done.json["error"]["kind"]) == (5, "RefusedByUser")
    assert not (ready.folder / "out.psbt").exists()
    ready.device.owner.refuses = False
    assert ready.sign().code == 0


def test_ctrl_c_stops_the_device_too(ready):
    """Interrupted while the officer reads: told on both sides, nothing written, all released."""
    ready.device.owner.slow = 300
    ready.bus.interrupt_at = ready.bus.now + 5
    done = ready.sign("--json")
    assert (done.code, done.json["error"]["kind"]) == (5, "Cancelled")
    assert ready.device.cancelled == int(ready.device.cancels)
    assert not (ready.folder / "out.psbt").exists()
    assert ready.plugged.given_back


def test_a_question_that_nobody_answers_is_taken_back(ready):
    """After a quarter of an hour the station gives up, and leaves nothing to say yes to later."""
    ready.device.owner.slow = 86_400
    done = ready.sign("--json")
    assert (done.code, done.json["error"]["kind"]) == (5, "TimedOut")
    assert ready.device.cancelled == int(ready.device.cancels)
    assert ready.device.cancels or "say no" in done.err
    assert ready.plugged.given_back


def test_another_device_under_the_vaults_fingerprint(ready):
    """A thief's device with the right fingerprint and another key is refused: exit code 3."""
    ready.device.owner = Owner(lie=Lie.OTHER_XPUB)
    done = ready.run("device", "address", "treasury", "0", "--json")
    assert done.code in (3, 5)
    assert done.json["error"]["fault"] == "device"


def test_a_device_that_does_not_know_the_vault(station):
    """Signing without registration says how to register, before anything is journalled."""
    station.enrol_vault()
    done = station.sign()
    if not station.device.registers:
        assert done.code == 0
        return
    assert done.code == 4
    assert "coldsign device register treasury" in done.err
    assert [e.event for e in Journal.open(station.home).entries()] == ["enrol"]


def test_a_key_that_is_not_on_this_device(ready):
    """Bob's key is elsewhere, and nobody's key is no key of the vault."""
    psbt = ready.withdrawal()
    bob = ready.world.officers["bob"].root.fingerprint
    done = ready.run("sign", psbt, "--device", bob, "--yes", "--json")
    assert (done.code, done.json["error"]["kind"]) == (5, "NotFound")
    done = ready.run("sign", psbt, "--device", "00000000", "--yes")
    assert done.code == 4
    assert "no key with this fingerprint" in done.err
    done = ready.run(*("sign", psbt, "--device", ready.device.fingerprint, "--key", "x", "--yes"))
    assert done.code == 4


def test_a_vendors_device_in_the_place_of_an_enforcing_signer(station):
    """If the document says that software enforces, a device that holds the key is refused."""
    station.device.root = station.world.officers["bob"].root
    station.enrol_vault()
    done = station.run("device", "register", "treasury", "--json")
    assert done.code == 3
    assert done.json["error"]["expected"] == "enforcing"
    assert done.json["error"]["found"] == station.vendor


def test_wrong_words(ready):
    """A fingerprint that is none, a vault that is not enrolled, an index that cannot be."""
    for argv, text in (
        (("device", "info", "--device", "xyz"), "8 hex digits"),
        (("device", "register", "nowhere"), "no such vault"),
        (("device", "address", "treasury", "-1"), ""),
        (("device", "address", "treasury", str(2**31)), "no such address"),
        (("device", "xpub", "a", "--script", "p2pkh"), "no such script"),
        (("device", "xpub", "Not A Name"), "a name of"),
    ):
        done = ready.run(*argv)
        assert done.code in (2, 4), argv
        assert text in done.err


def test_a_vault_read_back_knows_its_device(station):
    """The vault document's signer type is the vendor's name."""
    vault = Vault.parse(station.world.vault.payload)
    assert vault.signers[0].type == station.vendor
