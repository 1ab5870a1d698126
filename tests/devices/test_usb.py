"""The USB layer: discovery by a table, claims, reports, streams, and every fault of a bus."""

import pytest
from bus import FarSide, Fault, Interface, Kind

from hw import usb
from hw.errors import Garbage, InUse, NotPermitted, TimedOut, Unplugged
from hw.pipe import Shape, Transport

HID = Shape("Testkey", 0x1234, 0x0001, Transport.HID)
CDC = Shape("Testline", 0x1234, 0x0002, Transport.CDC, interface_class=10, report=0)
BULK = Shape("Teststream", 0x1234, 0x0003, Transport.BULK, interface_class=0xFF, report=0)
MASKED = Shape("Testmask", 0x2C97, 0x5000, Transport.HID, product_mask=0xFF00)
SHAPES = (HID, CDC, BULK, MASKED)
REPORT = bytes(range(64))


class Echo(FarSide):
    """Gives back what it gets."""

    def answer(self, data):
        """Answer with the same."""
        return (data,)


def opened(bus, shape=HID, *, far=None, **options):
    """Plug one device in, and open it."""
    device = bus.plug(far or Echo(), shape, **options)
    (at,) = usb.attached(SHAPES)
    return device, usb.open_pipe(at)


def talk(pipe):
    """Write and read three times."""
    for _ in range(3):
        pipe.write(REPORT)
        pipe.read(1)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.model)
def test_a_device_is_found_taken_from_the_kernel_and_given_back(bus, shape):
    """Found by its ids and class; the kernel's driver is detached while open, and back after."""
    device, pipe = opened(bus, shape, product=0x5011 if shape is MASKED else None)
    pipe.write(REPORT)
    assert pipe.read(1) == REPORT
    assert device.claimed
    assert not device.kernel & device.claimed
    pipe.close()
    pipe.close()
    assert device.given_back


def test_strangers_are_not_touched(bus):
    """Neither another id, nor the right id without the right interface, is opened."""
    for shape in (
        Shape("Mouse", 0x4321, 0x0001, Transport.HID),
        Shape("Disk", 0x1234, 0x0001, Transport.BULK, interface_class=8),
    ):
        bus.plug(Echo(), shape)
    assert usb.attached(SHAPES) == []


def test_two_of_the_same_model_differ_by_their_place(bus):
    """Each of two like devices is listed, with a place of its own, and answers for itself."""
    bus.plug(Echo(), HID)
    bus.plug(Echo(), HID)
    one, two = usb.attached(SHAPES)
    assert one.place != two.place
    pipes = [usb.open_pipe(at) for at in (one, two)]
    for number, pipe in enumerate(pipes):
        pipe.write(bytes([number]) * 64)
    assert [pipe.read(1)[0] for pipe in pipes] == [0, 1]


def test_the_interface_of_a_composite_device_is_chosen_by_its_class(bus):
    """A Coldcard is a serial port, a disk and a HID: only the HID is taken."""
    composite = (
        Interface(0, 2, ((0x81, 3),)),
        Interface(1, 10, ((0x82, 2), (0x02, 2))),
        Interface(2, 8, ((0x83, 2), (0x03, 2))),
        Interface(3, 3, ((0x85, 3), (0x05, 3))),
    )
    device, pipe = opened(bus, interfaces=composite)
    assert device.claimed == {3}
    assert device.kernel == {0, 1, 2}
    pipe.write(REPORT)
    assert pipe.read(1) == REPORT


def test_a_serial_line_is_set_up(bus):
    """CDC-ACM: 115200 baud, 8N1; DTR and RTS are up; both interfaces are taken."""
    device, _ = opened(bus, CDC)
    assert device.controls == [
        (0x21, 0x20, 0, 0, 0x00, 0xC2, 0x01, 0x00, 0, 0, 8),
        (0x21, 0x22, 3, 0),
    ]
    assert device.claimed == {0, 1}


@pytest.mark.parametrize("kind", [Kind.UNPLUG, Kind.UNPLUG_EIO])
@pytest.mark.parametrize("at", range(4))
def test_an_unplug_at_any_transfer_is_told_and_nothing_is_left(bus, kind, at):
    """ENODEV and EIO are both an unplug, in writes and reads; closing then does not fail."""
    device, pipe = opened(bus, faults=[Fault(kind, at)])
    with pytest.raises(Unplugged):
        talk(pipe)
    pipe.close()
    assert device.given_back
    assert usb.attached(SHAPES) == []


@pytest.mark.parametrize("at", range(2))
def test_a_stall_is_cleared_once(bus, at):
    """One stall is cleared and the transfer repeated; an endpoint that stays stalled is told."""
    device, pipe = opened(bus, faults=[Fault(Kind.STALL, at)])
    pipe.write(REPORT)
    assert pipe.read(1) == REPORT
    assert device.halts_cleared == 1
    device.faults.append(Fault(Kind.STALLED))
    with pytest.raises(Garbage):
        pipe.write(REPORT)
    assert device.halts_cleared == 2


def test_silence_ends_after_the_time_that_was_given(bus):
    """Waiting is in short slices, and ends when the time is over."""
    _, pipe = opened(bus, faults=[Fault(Kind.SILENT)])
    pipe.write(REPORT)
    with pytest.raises(TimedOut):
        pipe.read(7.3)
    assert bus.now == pytest.approx(7.3, abs=0.01)


def test_an_answer_that_takes_its_time_arrives(bus):
    """A report that comes after several slices is not lost."""

    class Slow(Echo):
        def reads(self, size):
            return super().reads(size) if bus.now > 5 else None

    _, pipe = opened(bus, far=Slow())
    pipe.write(REPORT)
    assert pipe.read(10) == REPORT


def test_reports_that_are_not_of_their_size(bus):
    """Empty ones are passed over, short ones handed on, and too long ones are an error."""
    device, pipe = opened(bus, faults=[Fault(Kind.EMPTY), Fault(Kind.SHORT)])
    pipe.write(REPORT)
    assert pipe.read(1) == REPORT[:3]
    for kind in (Kind.LONG, Kind.OVERFLOW):
        device.faults.append(Fault(kind))
        pipe.write(REPORT)
        with pytest.raises(Garbage):
            pipe.read(1)


def test_a_device_that_sends_only_empty_packets(bus):
    """Nothing is waited for without an end."""

    class Empty(FarSide):
        def reads(self, size):
            bus.now += 0.1
            return b""

    _, pipe = opened(bus, far=Empty())
    with pytest.raises(TimedOut):
        pipe.read(2)


def test_what_was_left_over_is_thrown_away(bus):
    """Reports meant for a program that went away are drained."""
    _, pipe = opened(bus)
    pipe.write(REPORT)
    pipe.write(REPORT)
    pipe.drain()
    with pytest.raises(TimedOut):
        pipe.read(0.1)


def test_a_forbidden_device_tells_the_udev_rule(bus):
    """EACCES becomes the rule for this very model, and where to put it."""
    with pytest.raises(NotPermitted) as told:
        opened(bus, faults=[Fault(Kind.FORBIDDEN)])
    assert 'ATTRS{idVendor}=="1234", ATTRS{idProduct}=="0001"' in told.value.hint
    assert "/etc/udev/rules.d/" in told.value.hint


def test_a_device_that_another_program_holds(bus):
    """EBUSY is told, and the kernel's driver is bound again."""
    with pytest.raises(InUse):
        opened(bus, faults=[Fault(Kind.BUSY)])
    assert bus.devices[0].given_back


def test_a_device_that_is_not_configured_yet_is(bus):
    """A device without an active configuration gets its first."""
    device = bus.plug(Echo(), HID)
    device.configured = False
    (at,) = usb.attached(SHAPES)
    usb.open_pipe(at).close()
    assert device.configured
    assert device.given_back
