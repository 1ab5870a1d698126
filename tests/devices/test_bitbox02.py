"""The BitBox02's driver against recordings of its real firmware, byte for byte.

The vendor's client asks for an attestation first, which a simulator cannot give; ours does not ask.
That one exchange is left out of what is played; it is no part of the handshake.
"""

from dataclasses import replace

import pytest
from around import Notebook, Somebody, around
from bitbox02_device import Bitbox02Device
from facts import recorded_task, recorded_vault, settled
from officers_desk import Desk
from replay import Player, Recording, case

from hw import usb
from hw.drivers import bitbox02
from hw.errors import (
    FirmwareTooOld,
    Garbage,
    Lied,
    Locked,
    RefusedByUser,
    Rejected,
    TimedOut,
    Unsupported,
)
from hw.framing import bitbox02 as framing
from hw.framing import protobuf
from hw.task import Chain
from signer.core.bip32 import parse_path
from signer.station.answer import accept
from signer.station.task import script_facts, vault_facts

TESTNET = Chain("BTC", "test")
ACCOUNT = parse_path("48h/1h/0h/2h")
NOVA = framing.Hello("9.25.1", nova=True, bitcoin_only=False, unlocked=True, seeded=True)


class Recorded:
    """The host's randomness as it was: channels by their size, secrets in order."""

    def __init__(self, frames, secrets):
        out = [frame.data for frame in frames if frame.out]
        self.channels = list(dict.fromkeys(data[:4] for data in out))
        self.secrets = secrets

    def __call__(self, size):
        """Give the next of this size."""
        return (self.channels if size == 4 else self.secrets).pop(0)


class Session:
    """A driver on a recording, the session begun."""

    def __init__(self, bus, flow, *, paired=True):
        recording = Recording.load(f"bitbox02-{flow}")
        header = recording.header
        challenge = header["host_random"][0]["hex"]
        lines = [line for line in recording.lines if "frame" in line]
        first = next(at for at, line in enumerate(lines) if challenge in line["frame"])
        del lines[first : first + 2]  # the attestation, and that it failed
        frames = Recording(header, tuple(lines)).frames
        own = bytes.fromhex(header["host_app_static_private_key"])
        ephemeral = bytes.fromhex(header["host_noise_ephemeral_private_key"])
        nonces = [bytes.fromhex(one["hex"]) for one in header["host_random"][1:]]
        self.memory = Notebook()
        secrets = [ephemeral, *nonces] if paired else [own, ephemeral]
        if paired:
            self.memory.put("bitbox02-own-key", own)
        self.player = Player(frames)
        self.plugged = bus.plug(self.player, bitbox02.DRIVER.shapes[0])
        (at,) = usb.attached(bitbox02.DRIVER.shapes)
        self.pipe = usb.open_pipe(at)
        self.officer = Somebody()
        self.around = around(bus, officer=self.officer, memory=self.memory)
        object.__setattr__(self.around, "entropy", Recorded(frames, secrets))
        self.signer = bitbox02.start(self.pipe, self.around)
        self.link = self.signer._link
        if paired:
            self.memory.put("bitbox02-paired", DEVICE_KEY)

    def says(self, request):
        """Send a raw request, and give what it is refused with."""
        with pytest.raises((Rejected, RefusedByUser)) as told:
            self.signer._answer(request)
        return told.value.found

    def ends(self):
        """Close; everything was played and given back."""
        self.signer.close()
        return self.player.finished and self.plugged.given_back


DEVICE_KEY = bytes.fromhex("04ef0e0255a826cde15a283cd7a1db51495c9e8d61c7eac737ae8919a99db86e")
"""The recorded device's own key of its link."""


@pytest.fixture
def vault():
    """The recorded vault."""
    return vault_facts(recorded_vault("bitbox02"))


def test_hello(bus):
    """Asked what it is; the handshake; the code on both sides; then it answers, encrypted."""
    session = Session(bus, "01-hello", paired=False)
    info = session.signer.info
    assert (info.model, info.firmware, info.edition) == ("BitBox02 Nova", "9.25.1", "multi")
    assert (info.locked, info.state) == (True, "it has no seed yet")
    with pytest.raises(Locked):
        session.signer.fingerprint()
    session.link.begin()
    code = "OQF5B FHYE5 X474E J422G"
    assert [code in text for text in session.officer.told] == [True, True]
    assert session.memory["bitbox02-paired"] == DEVICE_KEY
    said = protobuf.Message.parse(session.link.ask(protobuf.message(4))).message(4)
    assert (said.text(1), said.text(3)) == ("BitBox HCXT", "v9.25.1")
    restore = protobuf.message(22, protobuf.number(1, 1795396541))
    assert protobuf.Message.parse(session.link.ask(restore)).has(1)
    said = protobuf.Message.parse(session.link.ask(protobuf.message(4))).message(4)
    assert said.number(2) == 1, "it has a seed now"
    assert session.ends()


def test_extended_keys(bus):
    """Fingerprint and keys; the device checks no path where it shows nothing."""
    session = Session(bus, "02-xpub")
    assert session.signer.fingerprint() == "4c00739d"
    assert session.signer.xpub(ACCOUNT, TESTNET) == case("bitbox02")["keys"][0]["tpub"]
    assert session.signer.xpub((1, 2, 3), TESTNET).startswith("tpubDD58pXt1Z2xFR")
    assert not session.officer.told, "nobody is asked: it is unlocked and paired"
    assert session.ends()


def test_registration(bus, vault, monkeypatch):
    """Asked, told, asked again; a name that another vault has is told."""
    monkeypatch.setattr(bitbox02, "_DISPLAY_XPUB", 0)  # the recording shows keys as Vpub
    session = Session(bus, "03-register-multisig")
    session.signer._fingerprint = "4c00739d"  # the recordings do not ask
    signer, script = session.signer, script_facts(recorded_vault("bitbox02"), 0, 0)
    assert signer.registered(vault, None) is None
    monkeypatch.setattr(bitbox02, "number", unshown)
    with pytest.raises(Rejected) as told:
        signer.show_address(vault, script, None)
    assert told.value.found == "101 invalid input"
    monkeypatch.undo()
    monkeypatch.setattr(bitbox02, "_DISPLAY_XPUB", 0)
    registration = signer.register(vault)
    assert (registration.name, registration.vault) == ("study", vault.id)
    assert signer.registered(vault, registration) == registration
    object.__setattr__(vault, "threshold", 3)
    account = protobuf.message(1, signer._account(vault))
    with pytest.raises(Rejected) as told:
        signer._register(account, "study")
    assert told.value.found == "107 duplicate entry"
    assert session.ends()


def unshown(tag, value, *, always=False):
    """Fields as ever, but do not have it shown: what the recordings ask first."""
    return b"" if tag == 5 else protobuf.number(tag, value, always=always)


def test_address(bus, vault, monkeypatch):
    """First unseen, then shown; the device says what the station derives."""
    session = Session(bus, "04-show-address")
    session.signer._fingerprint = "4c00739d"
    script = script_facts(recorded_vault("bitbox02"), 0, 0)
    with monkeypatch.context() as patch:
        patch.setattr(bitbox02, "number", unshown)
        assert session.signer.show_address(vault, script, None) == script.address
    assert session.signer.show_address(vault, script, None) == script.address
    assert session.ends()


def test_signing_and_the_final_transaction(bus):
    """The device leads through the transaction; its nonce is proven; Core takes the result."""
    session = Session(bus, "05-sign-2of3")
    session.signer._fingerprint = "4c00739d"
    task = recorded_task("bitbox02")
    answer = session.signer.sign(task)
    assert session.ends()
    said = case("bitbox02")
    (signature,) = accept(task, answer, session.memory).values()
    assert signature.signature.hex() == said["device_signatures"][0]["signature"]
    assert settled("bitbox02", signature).txid == said["final_txid"]


def test_wrong_things(bus, vault, monkeypatch):
    """What the firmware refuses, and that the session lives on until it is lost."""
    monkeypatch.setattr(bitbox02, "_DISPLAY_XPUB", 0)
    session = Session(bus, "07-errors")
    signer = session.signer
    signer._fingerprint = "4c00739d"
    task = recorded_task("bitbox02")
    (coin,) = task.inputs
    other = (1).to_bytes(4, "little") + coin.previous_tx[4:]
    own = coin.script.key_of("4c00739d")
    elsewhere = replace(own, path=(49 | 1 << 31, *own.path[1:3], 0, 0))
    keys = tuple(elsewhere if key == own else key for key in coin.script.keys)
    for wrong in (
        replace(task, vault=replace(task.vault, threshold=3)),
        replace(task, inputs=(replace(coin, amount=coin.amount + 1),)),
        replace(task, inputs=(replace(coin, previous_tx=other),)),
        replace(task, inputs=(replace(coin, script=replace(coin.script, keys=keys)),)),
    ):
        with pytest.raises(Rejected) as told:
            signer.sign(wrong)
        assert told.value.found == "101 invalid input"
    signer._fingerprint = "55da900a"
    account = protobuf.message(1, signer._account(vault))
    with pytest.raises(Rejected):
        signer._register(account, "other")
    for nonsense in (b"", b"\xff\xff\xff"):
        assert session.says(nonsense) == "101 invalid input"
    monkeypatch.setattr(session.link._channel.to_device, "encrypt", lambda _: b"\x55" * 40)
    with pytest.raises(Rejected, match="lost the session"):
        session.link.ask(b"")
    assert session.ends()
    assert isinstance(bitbox02._refusal(104, "aborted by the user"), RefusedByUser)


class Simulated:
    """A simulated device, plugged in, and a driver that has asked what it is."""

    def __init__(self, bus, **settings):
        self.device = Bitbox02Device(bus)
        for name, value in settings.items():
            setattr(self.device, name, value)
        self.plugged = self.device.plugged()
        self.officer, self.memory = Somebody(), Notebook()
        self.around = around(bus, officer=self.officer, memory=self.memory)
        self.signer = self.open()

    def open(self):
        """Open it once more."""
        (at,) = usb.attached(bitbox02.DRIVER.shapes)
        return bitbox02.start(usb.open_pipe(at), self.around)


OURS = vault_facts(recorded_vault("coldcard"))
"""A vault with the simulated device's seed."""


def test_pairing_once(bus):
    """The code is compared at the first meeting; then both sides know each other."""
    one = Simulated(bus)
    assert one.signer.fingerprint() == one.device.fingerprint
    assert len(one.officer.told) == 2
    one.signer.close()
    one.officer.told.clear()
    assert one.open().fingerprint() == one.device.fingerprint
    assert not one.officer.told


def test_pairing_at_the_program(bus, monkeypatch, capfd, tmp_path):
    """The officer types yes once; a no ends with exit code 5, and asks again the next time."""
    device = Bitbox02Device(bus)
    plugged = device.plugged()
    for name in ("desk", "home"):
        (tmp_path / name).mkdir()
    desk = Desk(monkeypatch, capfd, tmp_path / "desk", tmp_path / "home")
    done = desk.run("device", "info", "--json", answer="no\n")
    assert (done.code, done.json["error"]["kind"]) == (5, "Lied")
    done = desk.run("device", "info", "--json", answer="yes\n")
    assert done.code == 0, done.err
    assert "did the BitBox02 show" in done.err
    assert done.json["fingerprint"] == device.fingerprint
    done = desk.run("device", "info", "--json")
    assert (done.code, done.json["fingerprint"]) == (0, device.fingerprint)
    assert "BitBox02 show" not in done.err
    assert plugged.given_back


def test_pairing_that_is_not_confirmed(bus):
    """A no on the device, or another code there: nothing is kept of it, and nothing is asked."""
    one = Simulated(bus)
    one.device.owner.refuses = True
    with pytest.raises(RefusedByUser, match="not confirmed"):
        one.signer.fingerprint()
    one.signer.close()
    one.device.owner.refuses, one.officer.says = False, False
    signer = one.open()
    with pytest.raises(Lied, match="another pairing code"):
        signer.fingerprint()
    assert not one.memory.get("bitbox02-paired")


def test_a_device_that_forgot_us_pairs_again(bus):
    """If only the device asks for a pairing, there is one; the key is not kept twice."""
    one = Simulated(bus)
    one.signer.fingerprint()
    one.signer.close()
    one.device._paired.clear()
    one.officer.told.clear()
    one.open().fingerprint()
    assert len(one.officer.told) == 2
    assert len(one.memory.get("bitbox02-paired")) == 32


def test_the_password(bus):
    """It is listed as locked; the officer enters it when a key is needed, or does not."""
    one = Simulated(bus, unlocked=False)
    assert (one.signer.info.locked, one.signer.info.state) == (True, "it wants its password")
    one.device.owner.locked = True
    with pytest.raises(RefusedByUser, match="not unlocked"):
        one.signer.fingerprint()
    one.signer.close()
    one.device.owner.locked = False
    signer = one.open()
    assert signer.fingerprint() == one.device.fingerprint
    assert "enter its password" in one.officer.told[0]


def test_a_device_without_a_seed(bus):
    """Whatever needs a key says so, before anything is asked."""
    one = Simulated(bus, seeded=False)
    assert one.signer.info.state == "it has no seed yet"
    before = one.plugged.transfers
    for ask in (one.signer.fingerprint, lambda: one.signer.register(OURS)):
        with pytest.raises(Locked):
            ask()
    assert one.plugged.transfers == before


def test_firmware_that_proves_no_nonces(bus):
    """Before 9.4.0 there is no anti-klepto protocol: it is not used."""
    with pytest.raises(FirmwareTooOld):
        Simulated(bus, version="9.3.1")


@pytest.mark.parametrize("part", ["sum", "commitment"])
def test_a_device_that_chooses_its_nonce(bus, part):
    """A valid signature with the device's own nonce may tell its seed: it is not taken."""
    one = Simulated(bus, own_nonce=part)
    kept = one.signer.register(OURS)
    with pytest.raises(Lied, match="nonce"):
        one.signer.sign(recorded_task("coldcard", kept))


def test_two_vaults_of_one_name(bus):
    """The second gets a name of its id, since the device takes no name twice."""
    one = Simulated(bus)
    first, second = one.signer.register(OURS), vault_facts(recorded_vault("coldcard", "other"))
    second = one.signer.register(replace(second, name="study", threshold=3))
    assert first.name == "study"
    assert second.name.startswith("cq-")
    assert len(one.device.known) == 2
    third = one.signer.register(replace(OURS, name="\N{SNOWMAN}", threshold=1))
    assert third.name == OURS.short_name


@pytest.mark.parametrize(
    "change",
    [
        {"version": 3},
        {"script_pubkey": b"\x6a\x04seed"},
        {"path": parse_path("45h/1h/0h/2h")},
        {"path": parse_path("48h/0h/0h/2h")},
        {"path": parse_path("48h/1h/0h/1h")},
        {"path": parse_path("48h/1h/0h")},
        {"path": parse_path("48h/1h/0/2h")},
        {"path": parse_path("48h/1h/100h/2h")},
        {"fingerprint": "00000000"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_it_cannot_do_is_refused_before_anything_is_shown(bus, change):
    """Versions, scripts, paths: told by us, with what was expected."""
    one = Simulated(bus)
    task = recorded_task("coldcard", one.signer.register(OURS))
    before = one.plugged.transfers
    if "version" in change:
        task = replace(task, version=3)
    elif "script_pubkey" in change:
        task = replace(task, outputs=(replace(task.outputs[0], **change), task.outputs[1]))
    else:
        keys = tuple(
            replace(key, **change) if key.fingerprint == one.device.fingerprint else key
            for key in OURS.cosigners
        )
        task = replace(task, vault=replace(OURS, cosigners=keys))
    with pytest.raises(Unsupported) as told:
        one.signer.sign(task)
    assert told.value.expected
    assert one.plugged.transfers == before


def test_another_programs_question(bus):
    """It is busy until that is forgotten; a question that stays, stays."""
    one = Simulated(bus)
    one.signer.fingerprint()
    one.device._pending, one.device._polled = (b"them", bus.now, None), bus.now
    assert one.signer.xpub(ACCOUNT, TESTNET)
    one.device._arbitrate = lambda *_: b"\x02"
    with pytest.raises(Rejected, match="busy"):
        one.signer.xpub(ACCOUNT, TESTNET)


def test_nobody_answers(bus):
    """After a quarter of an hour it is told; the question can still be taken back."""
    one = Simulated(bus)
    one.signer.fingerprint()
    one.device.owner.slow = 86_400
    with pytest.raises(TimedOut):
        one.signer.register(OURS)
    one.signer.cancel()
    assert one.device.cancelled == 1
    one.signer.cancel()
    assert one.device.cancelled == 1, "nothing is asked any more"


def nexts(*steps):
    """Answers to signing steps."""
    return [
        protobuf.message(6, b"".join(protobuf.number(tag, value) for tag, value in step.items()))
        for step in steps
    ]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (nexts({1: 0, 2: 7}), "what there is not"),
        (nexts({1: 1, 2: 2}), "what there is not"),
        (nexts({1: 4, 5: 9}), "what there is not"),
        (nexts({1: 9}), "something unknown"),
        (nexts({1: 6}), "something unknown"),
        ([b"\x2a\x00"], "another kind"),
        ([b"\x32\x02\x08"], "no protocol buffer"),
        (nexts(*[{1: 1}] * 50), "without end"),
    ],
)
def test_a_device_that_leads_astray(bus, monkeypatch, steps, words):
    """Whatever it asks for that there is not, or for ever, ends in an error."""
    monkeypatch.setattr(bitbox02, "_MOST_STEPS", 40)
    one = Simulated(bus)
    task = recorded_task("coldcard", one.signer.register(OURS))
    left = iter(steps)
    one.signer._link.ask = lambda _: next(left)
    with pytest.raises(Garbage, match=words):
        one.signer.sign(task)


def test_an_input_signed_twice(bus, monkeypatch):
    """A device that wants a second signature of an input, with another nonce, gets no second."""
    one = Simulated(bus)
    task = recorded_task("coldcard", one.signer.register(OURS))
    again = bitbox02.Next(0, 0, 0, b"\x01" * 64, b"")
    monkeypatch.setattr(one.signer, "_sign_input", lambda *_: again, raising=True)
    monkeypatch.setattr(one.signer, "_next", lambda _: again)
    with pytest.raises(Garbage, match="twice"):
        one.signer.sign(task)
