"""The appliance's device side and its driver, joined in memory through pyusb's own interface."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
from appliance_device import (
    FINGERPRINT,
    SIGNED,
    VAULT,
    Cable,
    ScriptedSigner,
    bus,
    opened,
    serving,
    shape,
)
from bus import Fault, Kind

from hw import usb
from hw.appliance import wire
from hw.appliance.messages import Cancel, Failed, Reason, Refused, State, StatusIs
from hw.appliance.serving import GAP, Declined, Failure
from hw.appliance.wire import Message, Stream
from hw.errors import (
    Cancelled,
    Garbage,
    InUse,
    RefusedByUser,
    Rejected,
    TimedOut,
    Unplugged,
    Unsupported,
)
from hw.task import Chain, DeviceSignature, SigningTask, VaultFacts

CHAIN = Chain("BTC", "regtest")
FACTS = VaultFacts(VAULT, "treasury", CHAIN, "p2wsh", 2, (), "")
TASK = SigningTask(b"", 2, 0, (), (), FACTS, FINGERPRINT, bundle=b"the whole file" * 9000)


class Host:
    """A host that speaks the bare protocol, also as no driver would."""

    def __init__(self, cable):
        self.cable, self.stream, self.cable.patience = cable, Stream(), 10.0

    def say(self, kind, number, payload=b""):
        """Send a message."""
        self.cable.wrote(Message(kind, number, payload).to_bytes())

    def hear(self):
        """Wait for the next message."""
        while True:
            data = self.cable.reads(4096)
            assert data is not None, "the appliance says nothing"
            if found := list(self.stream.feed(data)):
                (message,) = found
                return message

    def fault(self):
        """Wait for a failure."""
        message = self.hear()
        assert message.kind is wire.Kind.FAILED, message
        return message.id, Failed.parse(message.payload).fault

    def greet(self, number=1):
        """Begin a session."""
        self.say(wire.Kind.HELLO, number)
        assert self.hear().kind is wire.Kind.HELLO_IS


@pytest.fixture
def signer():
    """A signer whose officer says yes at once."""
    made = ScriptedSigner()
    made.answer.set()
    return made


@pytest.fixture
def reading():
    """A signer whose officer is still reading."""
    return ScriptedSigner()


@pytest.fixture
def plugged(signer):
    """An appliance on a bus, and its cable."""
    with bus() as made, serving(signer) as cable:
        yield SimpleNamespace(device=made.plug(cable, shape()), cable=cable, bus=made)


def test_every_request_of_the_driver_is_answered(plugged, signer):
    """Found by the table; says who it is; gives a key, an address, and signatures of a file."""
    driver = opened()
    assert (driver.info.model, driver.info.firmware) == ("Coldquorum appliance", "0.1.0")
    assert driver.fingerprint() == FINGERPRINT
    assert driver.xpub((48, 1), CHAIN) == "key at (48, 1)"
    registration = driver.registered(FACTS, None)
    assert driver.registered(replace(FACTS, id="00" * 32), None) is None
    script = SimpleNamespace(branch=1, index=7)
    assert driver.show_address(FACTS, script, registration) == "abab 1/7"
    answer = driver.sign(TASK)
    assert answer.signatures == (DeviceSignature(0, bytes(33), bytes(71)),)
    assert signer.psbts == [TASK.bundle]
    driver.close()
    driver.close()
    assert plugged.device.given_back


def test_it_is_not_enrolled_over_usb(plugged):
    """A host cannot register a vault: the officer compares its id at the appliance."""
    driver = opened()
    assert driver.register(FACTS).vault == VAULT
    with pytest.raises(Unsupported, match="not enrolled"):
        driver.register(replace(FACTS, id="00" * 32))
    driver.close()


@pytest.mark.parametrize("size", [0, wire.MAX_PSBT + 1])
def test_a_file_that_it_does_not_take_is_not_sent(plugged, size):
    """Nothing, or too much: refused before a byte leaves."""
    driver = opened()
    before = plugged.device.transfers
    with pytest.raises(Unsupported):
        driver.sign(replace(TASK, bundle=bytes(size)))
    assert plugged.device.transfers == before
    driver.close()


@pytest.mark.parametrize(
    ("raised", "error", "said"),
    [
        (Declined(Refused("00" * 32, (Reason(6, "approvals.quorum", "too few", "officer"),) * 2)),
         Rejected, r"step 6: too few \(and 1 more\) \[approvals.quorum\]"),
        (Declined(Refused("00" * 32, (Reason(9, "officer.declined", "no", "officer"),))),
         RefusedByUser, "did not say yes"),
        (Failure(wire.Fault.BAD_INPUT, "psbt: cut short"), Rejected, "cannot do it"),
        (Failure(wire.Fault.UNKNOWN_VAULT, "ab"), Unsupported, "not enrolled"),
    ],
)  # fmt: skip
def test_a_refusal_comes_with_its_reasons(plugged, signer, raised, error, said):
    """Whatever the signer raises, the driver says in the device's tree of errors."""
    signer.raises = raised
    driver = opened()
    with pytest.raises(error, match=said):
        driver.sign(TASK)
    signer.raises = None
    assert driver.sign(TASK).signatures
    driver.close()


def test_cancelling_while_the_officer_reads_gives_nothing(reading):
    """The officer's question ends, the request fails as cancelled, and the next one is heard."""
    with bus() as made, serving(reading) as cable:
        made.plug(cable, shape())
        driver, errors = opened(), []

        def sign():
            try:
                driver.sign(TASK)
            except Cancelled as error:
                errors.append(error)

        working = threading.Thread(target=sign)
        working.start()
        assert reading.asked.wait(10)
        driver.cancel()
        working.join(10)
        assert len(errors) == 1
        assert (reading.cancelled, reading.psbts) == (1, [])
        reading.answer.set()
        assert driver.sign(TASK).signatures
        driver.close()


def test_requests_do_not_interleave(reading):
    """While the officer reads, status is told, and every other request is refused as busy."""
    with serving(reading) as cable:
        host = Host(cable)
        host.greet()
        host.say(wire.Kind.SIGN, 2, b"psbt")
        assert reading.asked.wait(10)
        host.say(wire.Kind.STATUS, 3)
        answer = host.hear()
        assert (answer.kind, answer.id) == (wire.Kind.STATUS_IS, 3)
        assert StatusIs.parse(answer.payload) == StatusIs(State.ASKING, 2)
        for number, kind in enumerate((wire.Kind.SIGN, wire.Kind.XPUB, wire.Kind.ADDRESS), 4):
            host.say(kind, number, b"another")
            assert host.fault() == (number, wire.Fault.BUSY)
        reading.answer.set()
        answer = host.hear()
        assert (answer.kind, answer.id) == (wire.Kind.SIGNED, 2)
        assert answer.payload == SIGNED.to_bytes()
        assert reading.psbts == [b"psbt"]


def test_a_request_does_not_come_twice(signer):
    """An id that is not above the last one, or before a hello, is not a request."""
    with serving(signer) as cable:
        host = Host(cable)
        host.say(wire.Kind.SIGN, 5, b"psbt")
        assert host.fault() == (5, wire.Fault.OLD_ID)
        host.greet(7)
        host.say(wire.Kind.SIGN, 8, b"psbt")
        assert host.hear().kind is wire.Kind.SIGNED
        for number in (8, 7, 1, 0):
            host.say(wire.Kind.SIGN, number, b"psbt")
            assert host.fault() == (number, wire.Fault.OLD_ID)
        assert signer.psbts == [b"psbt"]


def test_a_new_hello_takes_back_what_the_host_before_asked(reading):
    """Two hosts do not share an officer: the second one's hello ends the first one's question."""
    with serving(reading) as cable:
        host = Host(cable)
        host.greet()
        host.say(wire.Kind.SIGN, 2, b"psbt")
        assert reading.asked.wait(10)
        host.say(wire.Kind.HELLO, 900)
        assert host.fault() == (2, wire.Fault.CANCELLED)
        assert host.hear().id == 900
        assert reading.psbts == []


@pytest.mark.parametrize("wanted", [0, 2, 77])
def test_only_the_request_that_is_meant_is_cancelled(reading, wanted):
    """By its id, or 0 for whichever; another id changes nothing."""
    with serving(reading) as cable:
        host = Host(cable)
        host.greet()
        host.say(wire.Kind.SIGN, 2, b"psbt")
        assert reading.asked.wait(10)
        host.say(wire.Kind.CANCEL, 3, Cancel(wanted).to_bytes())
        heard = {host.hear().kind}
        if wanted == 77:
            reading.answer.set()
        heard.add(host.hear().kind)
        last = wire.Kind.SIGNED if wanted == 77 else wire.Kind.FAILED
        assert heard == {wire.Kind.STATUS_IS, last}


@pytest.mark.parametrize(
    ("kind", "payload", "fault"),
    [
        (wire.Kind.XPUB, b"\xff", wire.Fault.MALFORMED),
        (wire.Kind.ADDRESS, bytes(39), wire.Fault.MALFORMED),
        (wire.Kind.CANCEL, b"", wire.Fault.MALFORMED),
        (wire.Kind.SIGNED, b"", wire.Fault.KIND),
        (wire.Kind.HELLO_IS, b"", wire.Fault.KIND),
    ],
)
def test_a_message_that_makes_no_sense_costs_only_itself(signer, kind, payload, fault):
    """Whole messages with nonsense in them are answered, and the session goes on."""
    with serving(signer) as cable:
        host = Host(cable)
        host.greet()
        host.say(kind, 2, payload)
        assert host.fault() == (2, fault)
        host.say(wire.Kind.SIGN, 3, b"psbt")
        assert host.hear().kind is wire.Kind.SIGNED


def test_after_garbage_a_pause_begins_anew(signer):
    """Whatever follows garbage without a pause is dropped; after one, a host is understood."""
    now = [0.0]
    with serving(signer, clock=lambda: now[0]) as cable:
        host = Host(cable)
        host.greet()
        cable.wrote(b"noise that is no message")
        assert host.fault() == (0, wire.Fault.MALFORMED)
        host.say(wire.Kind.SIGN, 2, b"psbt")
        cable.settle()
        now[0] += GAP + 0.1
        host.greet(2)
        cable.wrote(Message(wire.Kind.SIGN, 3, b"a message that stops").to_bytes()[:20])
        cable.settle()
        now[0] += 2 * GAP
        host.greet(4)
        assert signer.psbts == []


def test_a_driver_gets_into_step_with_what_another_host_left(signer):
    """An unread answer is not taken for ours, and half a message delays the hello, no more."""
    with bus() as made, serving(signer) as cable:
        host = Host(cable)
        host.greet()
        host.say(wire.Kind.SIGN, 2, b"psbt")
        host.say(wire.Kind.SIGN, 3, b"psbt")
        cable.wrote(Message(wire.Kind.SIGN, 4, bytes(300)).to_bytes()[:200])
        made.plug(cable, shape())
        driver = opened()
        assert driver.fingerprint() == FINGERPRINT
        driver.close()


def messages_of_a_session():
    """How many transfers a whole session takes on the bus."""
    made = ScriptedSigner()
    made.answer.set()
    with bus() as line, serving(made) as cable:
        device = line.plug(cable, shape())
        whole_session()
        return device.transfers


def whole_session():
    """Open, ask for everything, close."""
    driver = opened()
    try:
        driver.xpub((1,), CHAIN)
        driver.show_address(FACTS, SimpleNamespace(branch=0, index=0), None)
        driver.sign(TASK)
    finally:
        driver.close()


def test_the_host_may_unplug_at_every_message(signer):
    """The driver says that it went away, gives everything back; the appliance serves the next."""
    count = messages_of_a_session()
    assert count == 8  # four requests and their answers
    for at in range(count):
        with bus() as made, serving(signer) as cable:
            device = made.plug(cable, shape(), faults=[Fault(Kind.UNPLUG, at)])
            with pytest.raises(Unplugged):
                whole_session()
            assert device.given_back
            cable.unplug()
            made.plug(cable, shape())
            whole_session()


@pytest.mark.parametrize("kind", [Kind.STALLED, Kind.GARBAGE, Kind.ZEROS, Kind.OVERFLOW])
def test_an_appliance_out_of_order_is_an_error_of_its_class(plugged, kind):
    """A stall for ever, noise, zeros, too much: garbage, and the interface is given back."""
    driver = opened()
    plugged.device.faults.append(Fault(kind, plugged.device.transfers))
    with pytest.raises(Garbage):
        driver.xpub((1,), CHAIN)
    driver.close()
    assert plugged.device.given_back


def test_another_program_at_the_same_appliance_is_told_so(reading):
    """A second request while the officer reads the first one's is in use, not an error of ours."""
    with bus() as made, serving(reading) as cable:
        made.plug(cable, shape())
        driver = opened()
        driver._send(wire.Kind.SIGN, b"psbt")
        assert reading.asked.wait(10)
        with pytest.raises(InUse):
            driver.xpub((1,), CHAIN)
        driver.close()


def test_silence_is_noticed_while_the_officer_reads(monkeypatch):
    """An appliance that does not even tell its status is given up on; one that does is not."""
    with bus() as made:
        now = [0.0]
        usb.use_backend(made, lambda: now[0])
        silent = Silent(now)
        made.plug(silent, shape())
        driver = opened()
        silent.quiet = True
        with pytest.raises(TimedOut):
            driver.sign(TASK)
        assert now[0] < 20
        driver.close()


def test_an_answer_that_crosses_a_status_is_heard():
    """The appliance ends while it is asked how it goes: it says idle, and then answers."""
    with bus() as made:
        now = [0.0]
        usb.use_backend(made, lambda: now[0])
        late = Late(now)
        made.plug(late, shape())
        driver = opened()
        assert driver.sign(TASK).signatures
        driver.close()


class Silent(Cable):
    """A far side that says hello, and then may fall silent; its time is the bus's."""

    def __init__(self, now):
        super().__init__()
        self.now, self.quiet, self.stream = now, False, Stream()
        self.signer = ScriptedSigner()

    def wrote(self, data):
        """Answer a hello."""
        for message in self.stream.feed(data):
            if not self.quiet:
                payload = self.signer.hello().to_bytes()
                self.write(Message(wire.Kind.HELLO_IS, message.id, payload).to_bytes())

    def reads(self, size):
        """Give what is there, or let time pass."""
        if not self._to_host:
            self.now[0] += self.patience
            return None
        return super().reads(size)


class Late(Silent):
    """A far side that answers a request only when its status is asked for, and after that."""

    def wrote(self, data):
        """Keep a request until then."""
        for message in self.stream.feed(data):
            match message.kind:
                case wire.Kind.HELLO:
                    payload = self.signer.hello().to_bytes()
                    self.write(Message(wire.Kind.HELLO_IS, message.id, payload).to_bytes())
                case wire.Kind.SIGN:
                    self.kept = message.id
                case wire.Kind.STATUS:
                    idle = StatusIs(State.IDLE, 0).to_bytes()
                    self.write(Message(wire.Kind.STATUS_IS, message.id, idle).to_bytes())
                    signed = SIGNED.to_bytes()
                    self.write(Message(wire.Kind.SIGNED, self.kept, signed).to_bytes())
