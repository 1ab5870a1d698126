"""The Trezor's driver against recordings of its real firmware, byte for byte."""

from dataclasses import replace

import pytest
from around import Somebody, around
from facts import recorded_task, recorded_vault, settled
from replay import Player, Recording, case
from trezor_device import TrezorDevice
from withdrawals import vault_of, withdrawal

from hw import usb
from hw.drivers import trezor
from hw.errors import (
    FirmwareTooOld,
    Garbage,
    Locked,
    RefusedByUser,
    Rejected,
    TimedOut,
    Unsupported,
    WrongApp,
)
from hw.framing import trezor as framing
from hw.framing.trezor import Body, Fields, Link, Message
from hw.task import Chain
from hw.transaction import PreviousTransaction
from signer.core.bip32 import parse_path
from signer.station.answer import accept
from signer.station.task import script_facts, vault_facts

TESTNET = Chain("BTC", "test")
ACCOUNT = parse_path("48h/1h/0h/2h")
INITIALIZE, PING, SUCCESS, LOCK, GET_FEATURES = 0, 1, 2, 24, 55


class Session:
    """A driver on a recording.

    Args:
        sorts: whether the firmware sorts keys, which the recorded client did not know of.
        features: as they came in the first recording, if this one has none.
    """

    def __init__(self, bus, flow, *, sorts=True, started=False, secrets=()):
        self.recording = Recording.load(f"trezor-{flow}")
        self.player = Player(self.recording.frames)
        self.plugged = bus.plug(self.player, trezor.DRIVER.shapes[0])
        (at,) = usb.attached(trezor.DRIVER.shapes)
        self.pipe = usb.open_pipe(at)
        self.officer = Somebody(secrets=list(secrets))
        around_ = around(bus, officer=self.officer)
        if started:
            self.signer = trezor.start(self.pipe, around_)
        else:
            hello = Recording.load("trezor-01-hello").messages()
            features = next(one.data for one in hello if not one.out)
            self.signer = trezor.Trezor(Link(self.pipe), self.pipe, around_, Fields(features))
            self.signer._fingerprint = case("trezor")["keys"][0]["master_fingerprint"]
        self.signer._sorts = sorts

    def ask(self, kind, body, expected):
        """Ask as the recorded client did."""
        return self.signer._ask(kind, body, expected)

    def says(self, kind, body, expected=SUCCESS):
        """Ask for something that the device refuses; gives its words."""
        with pytest.raises(Rejected) as told:
            self.ask(kind, body, expected)
        return told.value.found

    def ends(self):
        """Close; everything was played and given back."""
        self.pipe.close()
        return self.player.finished and self.plugged.given_back


class Recorded(Body):
    """A body as it was recorded: what another client wrote."""

    def __init__(self, session, number):
        super().__init__()
        sent = [one.data for one in session.recording.messages() if one.out]
        self._data += sent[number]


@pytest.fixture
def vault():
    """The recorded vault."""
    return vault_facts(recorded_vault("trezor"))


@pytest.fixture
def script():
    """Its first address."""
    return script_facts(recorded_vault("trezor"), 0, 0)


def test_hello(bus):
    """A session begins; model, firmware and label are told; it can be asked for them again."""
    session = Session(bus, "01-hello", started=True)
    info = session.signer.info
    assert (info.model, info.firmware, info.label) == ("Trezor One", "1.14.1", "test")
    assert not info.locked
    assert info.edition == ""
    assert session.signer._sorts
    session.ask(GET_FEATURES, Body(), 17)
    assert session.ask(PING, Body().text(1, "hello"), SUCCESS).text(1) == "hello"
    assert session.ends()


def test_extended_keys(bus):
    """The fingerprint comes from the first child; keys are tpub, never a SLIP-132 form."""
    session = Session(bus, "02-xpub")
    session.signer._fingerprint = ""
    assert session.signer.fingerprint() == "95d8f670"
    assert session.ask(11, Recorded(session, 1), 12).text(2).startswith("vpub")  # asked as segwit
    assert session.signer.xpub(ACCOUNT, TESTNET) == case("trezor")["keys"][0]["tpub"]
    assert session.ends()


def test_address(bus, vault, script):
    """Keys in script order, as firmware wants them that does not sort; silent, then shown."""
    session = Session(bus, "03-show-address", sorts=False)
    assert session.signer._address(vault, script, show=False) == script.address
    assert session.officer.told == []
    assert session.signer.show_address(vault, script, None) == script.address
    assert session.officer.told == ["look at the Trezor: compare the address, and confirm"]
    assert session.ends()


def test_address_of_keys_that_the_device_sorts(bus, vault, script):
    """Newer firmware sorts the keys itself."""
    session = Session(bus, "03b-show-address-sorted")
    assert session.signer.show_address(vault, script, None) == script.address
    assert session.ends()


@pytest.mark.parametrize(
    ("flow", "sorts", "looks"), [("04-sign-2of3", False, 3), ("04b-sign-2of3-sorted", True, 2)]
)
def test_signing_and_the_final_transaction(bus, flow, sorts, looks):
    """Both orders give the recorded signature; sorted, the change is no question; Core takes it."""
    session = Session(bus, flow, sorts=sorts)
    task = recorded_task("trezor")
    answer = session.signer.sign(task)
    assert session.ends()
    assert len(session.officer.told) == looks
    assert "this output" in session.officer.told[0]
    assert "the fee" in session.officer.told[-1]
    (signature,) = accept(task, answer, session.signer._around.memory).values()
    said = case("trezor")
    assert signature.signature.hex() == said["device_signatures"][0]["signature"]
    assert settled("trezor", signature).to_bytes().hex() == said["final_tx_with_cosigner_alpha"]
    session.signer.cancel()  # nothing is asked any more: nothing is sent


@pytest.mark.parametrize("flow", ["05-sign-refused-by-user", "05b-sign-refused-at-fee"])
def test_the_officer_says_no(bus, flow):
    """To the first question, or to the last."""
    session = Session(bus, flow, sorts=False)
    with pytest.raises(RefusedByUser):
        session.signer.sign(recorded_task("trezor"))
    session.signer.cancel()
    assert session.ends()


def test_the_host_cancels(bus):
    """Cancel takes a question back, and a new session ends a signing that was half done."""
    session = Session(bus, "06-cancel-by-host", sorts=False)
    link = session.signer._link
    link.send(29, Recorded(session, 0))
    assert link.receive(1).kind == 26
    session.signer._asked = True
    session.signer.cancel()
    assert not session.signer._asked
    session.ask(15, Recorded(session, 2), 21)
    again = trezor.start(session.pipe, session.signer._around)
    assert again.info.firmware == "1.14.1"
    assert session.ends()


def test_wrong_things(bus):
    """What the firmware says to nonsense is told in its own words."""
    session = Session(bus, "07-malformed", sorts=False)
    for number, kind, words in (
        (0, 32767, "Unknown message"),
        (1, 29, "end-of-stream"),
        (2, 22, "Not in Signing mode"),
        (3, 29, "Can't encode address"),
    ):
        assert words in session.says(kind, Recorded(session, number))
    session.ask(15, Recorded(session, 4), 21)
    assert "Failed to derive scriptPubKey" in session.says(22, Recorded(session, 5))
    task = recorded_task("trezor")
    (coin,) = task.inputs
    foreign = coin.previous_tx.replace(coin.script.script_pubkey[2:], b"\1" * 32)
    for wrong, words in (
        (replace(coin, amount=coin.amount + 1), "Invalid amount specified"),
        (replace(coin, previous_tx=foreign), "Input does not match scriptPubKey"),
    ):
        with pytest.raises(Rejected) as told:
            session.signer.sign(replace(task, inputs=(wrong,)))
        assert words in told.value.found
    assert session.ends()


def test_pin(bus):
    """Places of digits go to the device; a wrong PIN, and giving up, leave it locked."""
    session = Session(bus, "08-pin", started=True, secrets=["5555", "", "2573"])
    assert session.signer.info.locked
    assert session.signer.info.state == "it wants its PIN"
    with pytest.raises(Locked, match="wrong"):
        session.ask(11, Recorded(session, 1), 12)
    with pytest.raises(Locked, match="not entered"):
        session.ask(11, Recorded(session, 3), 12)
    said = session.ask(11, Recorded(session, 5), 12)
    assert said.text(2) == case("trezor")["keys"][0]["tpub"]
    session.ask(GET_FEATURES, Body(), 17)
    session.ask(LOCK, Body(), SUCCESS)
    assert not any("2573" in text for text in session.officer.told)
    assert session.ends()


def test_passphrase(bus):
    """The passphrase is asked once a session; another one is another wallet."""
    session = Session(bus, "09-passphrase", started=True, secrets=["", "TREZOR"])
    for number in (1, 3):
        said = session.ask(11, Recorded(session, number), 12)
        assert said.fields(1).number(2) == 0x95D8F670
    again = trezor.start(session.pipe, session.signer._around)
    other = again._ask(11, Recorded(session, 5), 12)
    assert f"{other.fields(1).number(2):08x}" == "a9e7c402"
    assert session.ends()


def test_no_seed(bus):
    """It is opened and listed as locked; for a key, the driver and the device say why."""
    session = Session(bus, "10-no-seed", started=True)
    assert session.signer.info.state == "it has no seed yet"
    with pytest.raises(Locked, match="no seed"):
        session.signer.fingerprint()
    with pytest.raises(Locked, match="no seed"):
        session.ask(11, Recorded(session, 1), 12)
    assert session.ends()


class Simulated:
    """A driver on a simulated Trezor."""

    def __init__(self, bus, secrets=(), **settings):
        self.device = TrezorDevice(bus)
        for name, value in settings.items():
            setattr(self.device, name, value)
        self.device.plugged()
        (at,) = usb.attached(trezor.DRIVER.shapes)
        self.officer = Somebody(secrets=list(secrets))
        self.around = around(bus, officer=self.officer)
        self.pipe = usb.open_pipe(at)

    def open(self):
        """Begin a session."""
        return trezor.start(self.pipe, self.around)


@pytest.mark.parametrize("version", [(1, 12, 1), (1, 14, 1), (2, 8, 6), (2, 8, 7)])
@pytest.mark.parametrize("wrapped", [False, True])
def test_many_inputs_changes_and_cosigners(bus, version, wrapped):
    """Every input is signed, every previous transaction asked for, and no change is a question."""
    simulated = Simulated(bus, version=version)
    vault = vault_of("trezor", 3, 5, wrapped=wrapped)
    task = withdrawal(vault, coins=4, changes=2)
    signer = simulated.open()
    script = script_facts(vault, 0, 7)
    assert signer.show_address(task.vault, script, None) == script.address
    answer = signer.sign(task)
    assert len(accept(task, answer, simulated.around.memory)) == 4
    asked = {txid for _, _, txid in simulated.device.pieces if txid}
    assert asked == {one.previous_txid[::-1] for one in task.inputs}
    sorts = version in ((1, 14, 1), (2, 8, 7))
    paid = [50_000] if sorts else [50_000, 10_000, 10_000]
    assert simulated.device.seen == [script.address, *paid]


def test_pin_and_passphrase_of_a_session(bus):
    """Both are asked once, before the first key; a wrong PIN leaves it locked."""
    simulated = Simulated(bus, pin="1937", passphrase="é", secrets=["11", "1937", "e\u0301"])
    simulated.device.passphrase = "e\u0301"
    signer = simulated.open()
    assert signer.info.locked
    with pytest.raises(Locked, match="wrong"):
        signer.fingerprint()
    assert signer.fingerprint() == simulated.device.fingerprint
    assert signer.xpub(ACCOUNT, TESTNET)
    assert not any("1937" in text for text in simulated.officer.told)
    assert len(simulated.officer.told) == 3


def test_a_passphrase_that_is_typed_on_the_device(bus):
    """A device with keys for it gets no passphrase from here: nobody is asked for one."""
    simulated = Simulated(bus, passphrase="x", capabilities=(1, 2, 17))
    simulated.device.passphrase = "typed there"
    signer = simulated.open()
    with pytest.raises(Rejected):  # the simulator has no keys
        signer.fingerprint()
    assert simulated.officer.told == ["look at the Trezor: type the passphrase there"]


@pytest.mark.parametrize(
    ("typed", "pin", "passphrase"), [("", "1", ""), ("0", "1", ""), ("x" * 51, "", "y")]
)
def test_secrets_that_cannot_be_sent(bus, typed, pin, passphrase):
    """Nothing, a digit that has no place, a passphrase that is too long: the device is told."""
    simulated = Simulated(bus, pin=pin, passphrase=passphrase, secrets=[typed])
    with pytest.raises((Locked, RefusedByUser)):
        simulated.open().fingerprint()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"version": (1, 12, 0)}, FirmwareTooOld),
        ({"version": (2, 5, 2)}, FirmwareTooOld),
        ({"bootloader": True}, WrongApp),
        ({"thp": True}, Unsupported),
    ],
)
def test_what_cannot_be_opened(bus, settings, error):
    """Old firmware, a bootloader, and a model that speaks another protocol: each its own error."""
    with pytest.raises(error):
        Simulated(bus, **settings).open()


def test_models_and_editions(bus):
    """Firmware for Bitcoin alone knows no other coin, and says so before anything is sent."""
    simulated = Simulated(bus, capabilities=(1, 5), model="T", version=(2, 8, 7))
    signer = simulated.open()
    assert (signer.info.model, signer.info.edition) == ("Trezor Model T", "btc-only")
    facts = vault_facts(vault_of("trezor", 2, 3))
    monacoin = replace(facts, chain=Chain("MONA", "main"))
    with pytest.raises(Unsupported):
        signer.registered(monacoin, None)
    with pytest.raises(Unsupported):
        signer.xpub(ACCOUNT, Chain("LTC", "main"))


class Answering:
    """A far side that signs at once whatever it is told, and keeps what that was."""

    def __init__(self):
        self.told = b""
        self._waiting = []

    def wrote(self, data):
        """Take a packet."""
        self.told += data
        part = Body().number(1, 0).data(2, b"DER")
        said = Message(21, bytes(Body().number(1, 3).body(3, part)))
        self._waiting = [] if len(self.told) > 64 else framing.cut(said)

    def reads(self, _size):
        """Give the answer."""
        return self._waiting.pop(0) if self._waiting else None


@pytest.mark.parametrize(
    ("chain", "name", "script_type", "sighash"),
    [
        (Chain("BCH", "main"), b"Bcash", "p2sh", 0x41),
        (Chain("MONA", "main"), b"Monacoin", "p2sh-p2wsh", 0x01),
        (Chain("BTC", "signet"), b"Testnet", "p2wsh", 0x01),
        (Chain("BTC", "regtest"), b"Regtest", "p2sh", 0x01),
    ],
)
def test_other_coins_and_networks(bus, chain, name, script_type, sighash):
    """Each has its name on the wire, its script type, and its sighash byte behind the signature."""
    session = Session(bus, "01-hello")
    far = session.plugged.far = Answering()
    task = withdrawal(vault_of("trezor", 2, 3), coins=1, changes=1)
    facts = replace(task.vault, chain=chain, script_type=script_type)
    task = replace(task, vault=facts, sighash=sighash)
    session.signer._fingerprint = task.fingerprint
    (signed,) = session.signer.sign(task).signatures
    assert signed.signature == b"DER" + bytes((sighash,))
    assert name in far.told
    (coin,) = (trezor.Pieces(task, sorts=True).asked(Fields(b"")),)
    assert Fields(bytes(coin)).fields(2).number(6) == trezor.SPEND[script_type]


def test_a_vault_without_its_key(bus):
    """It is told here, by name, and not by a device that cannot derive."""
    simulated = Simulated(bus)
    vault = vault_of("trezor", 2, 3)
    script = script_facts(vault, 0, 0)
    stranger = replace(script, keys=script.keys[:0])
    with pytest.raises(Unsupported, match="no key of this Trezor"):
        simulated.open().show_address(vault_facts(vault), stranger, None)


def test_a_script_that_has_no_address(bus):
    """It pays to addresses alone; nothing is sent."""
    task = withdrawal(vault_of("trezor", 2, 3), coins=1, changes=1)
    bare = replace(task.outputs[0], address="")
    with pytest.raises(Unsupported, match="without an address"):
        Simulated(bus).open().sign(replace(task, outputs=(bare, task.outputs[1])))


def test_half_a_message_of_somebody_else(bus):
    """A device that waits for the rest of what a killed program said begins anew."""
    simulated = Simulated(bus)
    simulated.pipe.write(framing.cut(Message(15, bytes(200)))[0])
    assert simulated.open().fingerprint() == simulated.device.fingerprint


@pytest.mark.parametrize(
    "request_",
    [
        Body().number(1, 0).body(2, Body().number(1, 1)),  # an input that there is not
        Body().number(1, 1).body(2, Body().number(1, 2)),  # an output
        Body().number(1, 2).body(2, Body().data(2, b"\1" * 32)),  # a foreign transaction
        Body().number(1, 4).body(2, Body()),  # extra data
        Body().number(1, 7).body(2, Body()),  # a payment request
    ],
)
def test_a_device_that_asks_for_what_there_is_not(request_):
    """Each is told, and nothing is made up."""
    pieces = trezor.Pieces(withdrawal(vault_of("trezor", 2, 3), 1, 1), sorts=True)
    with pytest.raises(Garbage, match="not in the transaction"):
        pieces.asked(Fields(bytes(request_)))


@pytest.mark.parametrize(
    "reports",
    [
        [b"?##\0\1\0\0\0\0"],  # short
        [b"?##\0\1\0\0\0\0" + bytes(60)],  # long
        [bytes(64)],  # no mark
        [b"?##\0\1\0\1\0\1" + bytes(55)],  # too long a message
        [b"?##\0\1\0\0\1\0" + bytes(55), b"!" + bytes(63)],  # no mark later
    ],
    ids=["short", "long", "no mark", "too long", "no mark later"],
)
def test_packets_that_are_none(reports):
    """Each is told, and none is waited for for ever."""
    left = iter(reports)
    with pytest.raises(Garbage):
        framing.join(lambda: next(left))


@pytest.mark.parametrize(
    "data",
    [b"\x08", b"\x08\x80", b"\x08" + b"\xff" * 10 + b"\1", b"\x12\5abc", b"\x0d1234", b"\x80"],
)
def test_bodies_that_are_no_protobuf(data):
    """A number without an end, bytes that are not there, a wire type that no message uses."""
    with pytest.raises(Garbage):
        Fields(data)


def test_a_message_survives_its_packets():
    """Whatever is cut is joined again, at every length around a packet's."""
    for size in (0, 1, 54, 55, 56, 117, 118, 119, 2000):
        message = Message(size, b"\x5a" * size)
        reports = iter(framing.cut(message))
        assert framing.join(lambda reports=reports: next(reports)) == message


def test_previous_transactions():
    """With and without witness the parts are the same; cut short or longer, it is none."""
    task = withdrawal(vault_of("trezor", 2, 3), coins=3, changes=0)
    raw = task.inputs[2].previous_tx
    bare = PreviousTransaction.parse(raw)
    assert [one.vout for one in bare.inputs] == [2, 2]
    assert bare.outputs[1].amount == task.inputs[2].amount
    segwit = raw[:4] + b"\0\1" + raw[4:-4] + b"\1\2ab" * 2 + raw[-4:]
    assert PreviousTransaction.parse(segwit) == bare
    for wrong in (raw[:-1], raw + b"\0", raw[:4] + b"\xff" * 9 + raw[5:], b""):
        with pytest.raises(Unsupported):
            PreviousTransaction.parse(wrong)


def test_a_slow_device_is_not_waited_for_for_ever(bus):
    """A device that says nothing to Initialize, twice, is told to be silent."""
    simulated = Simulated(bus)
    simulated.device.answer = lambda _data: ()
    with pytest.raises(TimedOut):
        simulated.open()
