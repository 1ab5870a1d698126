"""The Coldcard's driver against recordings of its real firmware, byte for byte."""

import base64

import pytest
from around import Notebook, Somebody, around
from coldcard_device import ColdcardDevice
from facts import recorded_task, recorded_vault, settled
from replay import Player, Recording, case

from hw import usb
from hw.drivers import coldcard
from hw.errors import Garbage, Lied, Locked, RefusedByUser, Rejected, Unsupported, WrongNetwork
from hw.framing import coldcard as framing
from hw.framing.coldcard import Link
from hw.task import Chain
from signer.core.bip32 import parse_path
from signer.station.answer import accept
from signer.station.task import script_facts, vault_facts

TESTNET = Chain("BTC", "test")
ACCOUNT = parse_path("48h/1h/0h/2h")


class Session:
    """A driver on a recording."""

    def __init__(self, bus, flow, *, agreed=True):
        self.recording = Recording.load(f"coldcard-{flow}")
        self.player = Player(self.recording.frames)
        self.plugged = bus.plug(self.player, coldcard.DRIVER.shapes[0])
        (at,) = usb.attached(coldcard.DRIVER.shapes)
        self.pipe = usb.open_pipe(at)
        secret = bytes.fromhex(self.recording.header["host_ephemeral_private_key"])
        self.around = around(bus, secret)
        self.link = Link(self.pipe, self.around.entropy)
        self.link.resync()
        self.signer = self._agree() if agreed else None

    def _agree(self):
        master = self.link.agree(1)
        info = coldcard._info("2025-01-01\n5.4.5\n\n\nmk4")
        signer = coldcard.Coldcard(self.link, self.pipe, self.around, master, info)
        signer._chain = "XTN"  # the recordings do not ask each time
        return signer

    def ends(self):
        """Close; everything was played and given back."""
        self.pipe.close()
        return self.player.finished and self.plugged.given_back


@pytest.fixture
def vault():
    """The recorded vault."""
    return vault_facts(recorded_vault("coldcard"))


def test_hello(bus):
    """Plain commands, the key agreement, encrypted commands, and the proof of the session."""
    session = Session(bus, "01-hello", agreed=False)
    link = session.link
    assert coldcard._info(link.ask(b"vers", b"asci", 1).decode()).model == "Coldcard Mk4"
    assert link.ask(b"blkc", b"asci", 1) == b"XTN"
    assert link.ask(b"pinghello", b"biny", 1) == b"hello"
    with pytest.raises(Rejected) as told:
        link.ask(b"xpubm", b"asci", 1)
    assert told.value.found == "must encrypt"
    session.signer = session._agree()
    assert session.signer.fingerprint() == "0f056943"
    assert link.ask(b"vers", b"asci", 1)
    assert link.ask(b"ping" + b"A" * 100, b"biny", 1) == b"A" * 100
    session.signer.prove()
    assert session.ends()


def test_extended_keys(bus):
    """The keys at m and at the vault's path are the recorded ones; a bad path is told."""
    session = Session(bus, "02-xpub")
    assert session.signer.xpub((), TESTNET).startswith("tpubD6NzVbkrYhZ4X")
    assert session.signer.xpub(ACCOUNT, TESTNET) == case("coldcard")["keys"][0]["tpub"]
    with pytest.raises(Rejected) as told:
        session.link.ask(b"xpubm/48'/zz", b"asci", 1)
    assert told.value.found == "invalid characters in path"
    assert session.ends()


def test_registration(bus, vault):
    """The recorded text is uploaded, and taken once the officer has said yes."""
    session = Session(bus, "03-register-multisig")
    text = session.recording.header["registered_text"].encode()
    assert coldcard.multisig_file(vault, "study") == text
    registration = session.signer.register(vault)
    assert (registration.name, registration.vault) == ("study", vault.id)
    assert session.ends()


def test_address(bus, vault):
    """The device says the address that the station derives; keys in a wrong order are told."""
    session = Session(bus, "04-show-address")
    script = script_facts(recorded_vault("coldcard"), 0, 0)
    assert session.signer.show_address(vault, script, None) == script.address
    wrong = [script.keys[2], script.keys[1], script.keys[0]]
    object.__setattr__(script, "keys", tuple(wrong))
    with pytest.raises(Rejected, match="says no"):
        session.signer.show_address(vault, script, None)
    assert session.ends()


def test_signing_and_the_final_transaction(bus):
    """The station's own PSBT is the recorded one; the answer verifies; Core takes the result."""
    session = Session(bus, "05-sign-2of3")
    task = recorded_task("coldcard")
    said = case("coldcard")
    assert task.psbt == base64.b64decode(said["psbt_before"])
    answer = session.signer.sign(task)
    assert answer.raw == base64.b64decode(said["psbt_after"])
    assert session.ends()
    (signature,) = accept(task, answer, session.around.memory).values()
    assert signature.signature.hex() == said["device_signatures"][0]["signature"]
    assert settled("coldcard", signature).to_bytes().hex() == said["final_tx_with_cosigner_alpha"]


def test_the_officer_says_no(bus):
    """`refu` is the officer's no, and there is no request afterwards."""
    session = Session(bus, "06-sign-refused-by-user")
    with pytest.raises(RefusedByUser):
        session.signer.sign(recorded_task("coldcard"))
    with pytest.raises(Rejected) as told:
        session.link.ask(b"stok", b"strx", 1)
    assert told.value.found == "No active request"
    assert session.ends()


def test_a_multisig_that_it_does_not_know(bus):
    """An unregistered device asks to import the multisig; a no there is told in its own words."""
    session = Session(bus, "00-sign-unregistered")
    with pytest.raises(Rejected) as told:
        session.signer.sign(recorded_task("coldcard"))
    assert told.value.found == "Refused to import new wallet"
    assert session.ends()


def test_wrong_things(bus):
    """What the firmware says to nonsense, and that the driver follows: each an error of its own."""
    session = Session(bus, "07-malformed")
    link, upload, psbt = session.link, session.signer._upload, recorded_task("coldcard").psbt

    def says(command, tag=b"okay"):
        with pytest.raises(Rejected) as told:
            link.ask(command, tag, 1)
        return told.value.found

    def sign(data, digest):
        return b"stxn" + len(data).to_bytes(4, "little") + bytes(4) + digest

    assert says(b"zzzz") == "Unknown cmd"
    assert says(b"stok") == "No active request"
    upload(psbt)
    assert says(sign(psbt, b"\x55" * 32)) == "Checksum"
    nonsense = b"this is no psbt " * 20
    link.ask(sign(nonsense, upload(nonsense)), b"okay", 1)
    assert says(b"stok") == "PSBT parse failed"
    gap = b"upld" + (4096).to_bytes(4, "little") + (9000).to_bytes(4, "little") + b"x" * 16
    assert link.ask(gap, b"int1", 1) == (4096).to_bytes(4, "little")
    assert says(b"dwld" + bytes(4) + b"\x0a\0\0\0" + b"\7\0\0\0", b"biny") == "bad fnum"
    digest = upload(psbt)
    link.ask(sign(psbt, digest), b"okay", 1)
    link.ask(sign(psbt, digest), b"okay", 1)
    with pytest.raises(RefusedByUser):
        link.ask(b"stok", b"strx", 1)
    session.pipe.write(framing.cut(framing.Message(b"vers", encrypted=False))[0])
    assert framing.join(lambda: session.pipe.read(1)).data.startswith(b"asci")
    session.pipe.write(framing.cut(framing.Message(b"zz", encrypted=False))[0])
    assert framing.join(lambda: session.pipe.read(1)).data == b"frambadsz"
    session.pipe.write(b"\xc8" + b"\x99" * 63)
    assert framing.join(lambda: session.pipe.read(1)).encrypted
    assert session.ends()


def test_a_device_that_another_program_has_bound(bus, monkeypatch):
    """Version 2 binds the device until it is switched off: then a new session is told to be one."""
    monkeypatch.setattr(framing, "VERSION", 2)
    session = Session(bus, "08-hello-bound")
    session.link.ask(b"vers", b"asci", 1)
    session.signer.xpub(ACCOUNT, TESTNET)
    session.signer.prove()
    session.link._out = session.link._in = None  # another process knows no session
    for command in (b"vers", b"ncry\x02\0\0\0" + b"\x11" * 64):
        with pytest.raises(Garbage, match="another session"):
            session.link.ask(command, b"asci", 1)
    assert session.ends()


def test_somebody_in_between(bus):
    """A session key that the master key did not sign, or another master key, is a lie."""
    session = Session(bus, "01-hello", agreed=False)
    for command in (b"vers", b"blkc", b"pinghello"):
        session.link.answer(command, 1)
    with pytest.raises(Rejected):
        session.link.answer(b"xpubm", 1)
    signer = session._agree()
    for command in (b"vers", b"ping" + b"A" * 100):
        session.link.answer(command, 1)
    session.link.session_key = bytes(32)
    with pytest.raises(Lied):
        signer.prove()


def test_another_coldcard_under_a_known_fingerprint(bus):
    """The master key is remembered at the first meeting: a forged fingerprint is told."""
    ColdcardDevice(bus).plugged()
    (at,) = usb.attached(coldcard.DRIVER.shapes)
    memory = Notebook()
    coldcard.start(usb.open_pipe(at), around(bus, memory=memory)).close()
    assert list(memory) == ["coldcard-0f056943"]
    memory.put("coldcard-0f056943", b"\x02" * 33)
    pipe = usb.open_pipe(at)
    with pytest.raises(Lied, match="another Coldcard"):
        coldcard.start(pipe, around(bus, memory=memory))
    pipe.close()


def test_what_it_cannot_do_is_refused_before_anything_is_sent(bus, vault):
    """Another network, another coin, too many keys: nothing crosses the wire."""
    session = Session(bus, "02-xpub")
    before = session.plugged.transfers
    for name, value, error in (
        ("script_type", "p2tr", Unsupported),
        ("chain", Chain("BCH", "main"), Unsupported),
        ("chain", Chain("BTC", "main"), WrongNetwork),
        ("cosigners", vault.cosigners * 6, Unsupported),
    ):
        changed = vault_facts(recorded_vault("coldcard"))
        object.__setattr__(changed, name, value)
        with pytest.raises(error):
            session.signer.register(changed)
    assert session.plugged.transfers == before


def test_a_coldcard_without_a_seed(bus):
    """It is opened and listed as locked; whatever needs a key says so."""
    device = ColdcardDevice(bus)
    device.seeded = False
    device.plugged()
    (at,) = usb.attached(coldcard.DRIVER.shapes)
    signer = coldcard.start(usb.open_pipe(at), around(bus))
    assert signer.info.locked
    with pytest.raises(Locked):
        signer.fingerprint()
    signer.cancel()  # nothing was asked: nothing is taken back
    assert device.cancelled == 0


def test_a_second_vault_of_the_same_officers(bus):
    """Msck cannot tell vaults of the same keys apart: each is registered for itself."""
    device = ColdcardDevice(bus)
    device.plugged()
    (at,) = usb.attached(coldcard.DRIVER.shapes)
    officer = Somebody()
    signer = coldcard.start(usb.open_pipe(at), around(bus, officer=officer))
    one, two = (vault_facts(recorded_vault("coldcard", name)) for name in ("study", "other"))
    for vault in (one, two):
        assert signer.registered(vault, None) is None
        assert signer.register(vault).name == vault.name
    assert len(device.known) == 2
    officer.told.clear()
    assert signer.register(one).name == "study"  # its token was lost: the device says duplicate
    assert any("duplicate" in text for text in officer.told)
    officer.says = False
    with pytest.raises(RefusedByUser):
        signer.register(one)
    device.owner.refuses = True
    third = vault_facts(recorded_vault("coldcard", "third"))
    with pytest.raises(RefusedByUser):
        signer.register(third)
    assert len(device.known) == 2


@pytest.mark.parametrize(
    "reports",
    [
        [b"\x84asc"],  # short
        [bytes((0x84,)) + bytes(69)],  # long
        [bytes((0x80,)) + bytes(63)],  # empty
        [bytes((0x05,)) + bytes(63)],  # not full, and not the last
        [bytes((0x3F,)) + bytes(63)] * 60,  # no end
    ],
    ids=["short", "long", "empty", "not full", "endless"],
)
def test_reports_that_are_not_cut_as_they_should_be(reports):
    """Each is told, and none is waited for for ever."""
    left = iter(reports)
    with pytest.raises(Garbage):
        framing.join(lambda: next(left))


def test_a_message_survives_its_reports():
    """Whatever is cut is joined again, at every length around a report's."""
    for size in (1, 4, 62, 63, 64, 125, 126, 127, 2060):
        message = framing.Message(bytes(range(256))[:1] * size, encrypted=size % 2 == 0)
        reports = iter(framing.cut(message))
        assert framing.join(lambda reports=reports: next(reports)) == message
