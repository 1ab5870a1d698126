"""What is tried on a real kernel. Each case is a function; its docstring's first line is printed.

One 2-of-3 vault: alice's key is on a simulated Coldcard behind the kernel's virtual host
controller, bob's on an appliance that is a gadget of this very kernel. The station in front of both
is the real `coldsign`, over libusb and pyusb; the appliance is the real `coldsign serve`.
"""

import errno
import json
import os
import select
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from around import Notebook, Somebody
from coldcard_device import ColdcardDevice
from device_world import DeviceWorld
from programs import PATIENCE, coldsign_does, does
from simulated import Owner
from usbip import Device, driver_of

from hw import usb
from hw.device import Surroundings
from hw.drivers import appliance
from hw.pipe import Shape, Transport
from signer.core.sighash import ALL
from signer.station.answer import accept
from signer.station.task import signing_task

WORLD = DeviceWorld(alice="coldcard")
STATION, APPLIANCE, SECRET = Path("/homes/station"), Path("/homes/bob"), Path("/homes/passphrase")
ALICE, BOB = (WORLD.officers[name].root.fingerprint for name in ("alice", "bob"))
BUNDLE, HALF, WHOLE = (Path("/tmp") / f"{name}.psbt" for name in ("bundle", "half", "whole"))

COLDCARD = (0xD13E, 0xCC10)
JADE_LIKE = Shape("Jade", 0x303A, 0x4001, Transport.CDC, interface_class=10, report=0)
GADGET = Path("/sys/kernel/config/usb_gadget/coldquorum")
ENDPOINTS = Path("/run/coldsign/usb")


class Clock:
    """The time of the simulated Coldcard's bus: this machine's."""

    @property
    def now(self):
        """In seconds."""
        return time.monotonic()


def coldcard():
    """A Coldcard with alice's seed, plugged in."""
    far = ColdcardDevice(Clock(), owner=Owner())
    far.root = WORLD.officers["alice"].root
    far.set_network("regtest")
    interfaces = tuple((one.number, one.kind, one.endpoints) for one in far.interfaces)
    return far, Device(*COLDCARD, interfaces, far, port=0)


def station(*arguments):
    """Type a command at the station; it has to succeed, and tells its answer."""
    run = coldsign_does(*arguments, "--json", "--home", STATION)
    code = run.end()
    assert code == 0, run.told()
    return json.loads(run.out.read_text())


def until(what, condition):
    """Wait for the kernel."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"the kernel does not: {what}"
        time.sleep(0.05)


def bound(ids, interface, driver):
    """Wait until a driver of the kernel has an interface."""
    until(f"bind {driver}", lambda: driver_of(*ids, interface) == driver)


def the_station_signs_with_a_coldcard():
    """HID, interrupt endpoints: usbhid gives way, a PSBT is signed, usbhid is back."""
    far, device = coldcard()
    device.plug()
    bound(COLDCARD, 3, "usbhid")
    bound(COLDCARD, 0, "cdc_acm")
    (listed,) = station("device", "list")["devices"]
    assert (listed["fingerprint"], listed["locked"]) == (ALICE, False), listed
    bound(COLDCARD, 3, "usbhid")
    station("device", "register", "treasury", "--device", ALICE)
    assert len(far.known) == 1
    signed = station("sign", BUNDLE, "-o", HALF, "--device", ALICE, "--yes")
    assert signed["signed_by"] == ["alice"], signed
    bound(COLDCARD, 3, "usbhid")
    assert driver_of(*COLDCARD, 0) == "cdc_acm", "an interface that is not ours was touched"
    device.unplug()
    assert WORLD.examine(HALF.read_bytes()).facts.signed_by == ("alice",)


def a_coldcard_is_unplugged_while_its_owner_reads():
    """HID: the cable is pulled while a device asks; exit 5, and plugged in again it works."""
    far, device = coldcard()
    far.owner.slow = 10_000
    device.plug()
    bound(COLDCARD, 3, "usbhid")
    run = coldsign_does(
        *("device", "register", "treasury", "--device", ALICE, "--home", STATION, "--json")
    )
    until("upload", lambda: far._asked is not None)
    device.unplug()
    code = run.end()
    error = json.loads(run.out.read_text())["error"]
    assert (code, error["kind"]) == (5, "Unplugged"), run.told()
    until("let go", lambda: driver_of(*COLDCARD, 3) == "")
    _far, again = coldcard()
    again.plug()
    bound(COLDCARD, 3, "usbhid")
    assert [one["fingerprint"] for one in station("device", "list")["devices"]] == [ALICE]
    again.unplug()


class Pipes:
    """The far side of bulk endpoints: two pipes with names, whose other ends a program opens."""

    def __init__(self, folder):
        self.into, self.out = folder / "ep1", folder / "ep2"
        folder.mkdir()
        for path in (self.into, self.out):
            os.mkfifo(path)
        self._from = os.open(self.into, os.O_RDWR)
        self._to = os.open(self.out, os.O_RDWR)

    def wrote(self, data):
        """Hand on what the host wrote."""
        os.write(self._to, data)

    def reads(self, size):
        """Give what is there."""
        ready = select.select([self._from], [], [], 0)[0]
        return os.read(self._from, size) if ready else None


def a_serial_line_carries_a_psbt():
    """CDC-ACM, bulk endpoints: cdc_acm gives way, a PSBT is signed, cdc_acm is back."""
    pipes = Pipes(Path("/tmp/line"))
    served = coldsign_does(
        *("serve", "--ep-in", pipes.into, "--ep-out", pipes.out, "--yes"),
        *("--passphrase-file", SECRET, "--home", APPLIANCE),
    )
    served.expect("serving bob")
    interfaces = ((0, 2, ((0x83, 3),)), (1, 10, ((0x81, 2), (0x02, 2))))
    ids = (JADE_LIKE.vendor, JADE_LIKE.product)
    device = Device(*ids, interfaces, pipes, port=1).plug()
    for interface in (0, 1):
        bound(ids, interface, "cdc_acm")
    before = len(device.controls)
    does(_signs_over_a_line)
    asked = [(control[1], control[4]) for control in device.controls[before:]]
    assert (0x20, (115_200).to_bytes(4, "little") + b"\0\0\x08") in asked, asked  # line coding
    assert 0x22 in [request for request, _ in asked], asked  # DTR
    for interface in (0, 1):
        bound(ids, interface, "cdc_acm")
    served.stop()
    device.unplug()


def _signs_over_a_line():
    (at,) = usb.attached([JADE_LIKE])
    pipe = usb.open_pipe(at)
    try:
        assert driver_of(JADE_LIKE.vendor, JADE_LIKE.product, 1) == "usbfs"
        signer = appliance.DRIVER.open(pipe, surroundings())
        _accepts(signer)
        driver = signer.fingerprint()
    finally:
        pipe.close()
    assert driver == BOB


def _accepts(signer):
    """Have it sign, and verify every signature over our own digests."""
    facts = WORLD.examine(BUNDLE.read_bytes()).facts
    task = signing_task(
        facts.psbt, facts.vault, facts.inputs, facts.outputs, fingerprint=BOB, registration=None
    )
    found = accept(task, signer.sign(task), Notebook())
    assert len(found) == len(facts.inputs)
    assert {one.signature[-1] for one in found.values()} == {ALL}


def surroundings():
    """What a driver is given."""
    return Surroundings(Somebody(), Notebook(), os.urandom, time.sleep)


def shell(*command):
    """Run a program of the machine."""
    done = subprocess.run(["/bin/busybox", *command], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def serving(*options):
    """The appliance, started as its documentation says: gadget, program, controller."""
    shell("sh", "/docs/gadget.sh", "start")
    ends = {"--ep0": "ep0", "--ep-in": "ep1", "--ep-out": "ep2"}
    served = coldsign_does(
        "serve",
        *(word for option, name in ends.items() for word in (option, ENDPOINTS / name)),
        *("--passphrase-file", SECRET, "--home", APPLIANCE, *options),
        terminal=True,
    )
    try:
        served.expect("serving bob")
        shell("sh", "/docs/gadget.sh", "bind")
        until("enumerate the gadget", lambda: _plugged() is not None)
        yield served
    finally:
        served.stop()
        shell("sh", "/docs/gadget.sh", "stop")
    until("forget the gadget", lambda: _plugged() is None)


def _plugged():
    """The gadget as a device of this machine, if it is one."""
    for device in Path("/sys/bus/usb/devices").iterdir():
        ids = [device / "idVendor", device / "idProduct"]
        if all(p.exists() for p in ids) and [p.read_text().strip() for p in ids] == [
            "1209",
            "0001",
        ]:
            return device
    return None


def the_appliance_is_a_gadget():
    """FunctionFS on dummy_hcd: found, WinUSB told, and it signs what alice has signed."""
    source = HALF if HALF.exists() else BUNDLE  # as the first case left it, if that was run
    before = WORLD.examine(source.read_bytes()).facts.signed_by
    with serving("--yes") as served:
        assert (_plugged() / "product").read_text().strip() == "Coldquorum appliance"
        assert (_plugged() / "speed").read_text().strip() == "480"
        does(_tells_windows)
        (listed,) = station("device", "list")["devices"]
        assert listed["fingerprint"] == BOB, listed
        signed = station("sign", source, "-o", WHOLE, "--device", BOB, "--yes")
        assert signed["signed_by"] == [*before, "bob"], signed
        assert signed["vouches"] == "device", signed
        assert WORLD.examine(WHOLE.read_bytes()).facts.signed_by == (*before, "bob")
        served.expect(f"signed  {len(before) + 1} of 2: ")


def _tells_windows():
    """What Windows asks for: the OS string, the compatible id, the interface's GUID."""
    (at,) = usb.attached(appliance.DRIVER.shapes)
    device = at.device
    string = bytes(device.ctrl_transfer(0x80, 6, 0x03EE, 0, 18))
    assert string[2:16].decode("utf-16-le") == "MSFT100", string
    code = string[16]
    compatible = bytes(device.ctrl_transfer(0xC0, code, 0, 4, 40))
    assert compatible[18:24] == b"WINUSB", compatible
    properties = bytes(device.ctrl_transfer(0xC1, code, 0, 5, 200))
    assert "DeviceInterfaceGUID" in properties.decode("utf-16-le", "ignore"), properties
    # an unknown request to the interface is stalled, and does not hang
    with fails(errno.EPIPE):
        device.ctrl_transfer(0xC1, 0x55, 0, 0, 8, 5000)


@contextmanager
def fails(code):
    """Expect an error of the system."""
    try:
        yield
    except OSError as error:  # pyusb's errors are of this class
        if error.errno != code:
            raise
    else:
        raise AssertionError(f"no error {code}")


def the_appliance_is_unplugged_while_its_officer_reads():
    """FunctionFS: the cable is pulled at the question; both sides know, and the next host signs."""
    target = Path("/tmp/again.psbt")
    arguments = ("sign", BUNDLE, "-o", target, "--device", BOB, "--yes", "--home", STATION)
    with serving() as served:
        run = coldsign_does(*arguments, "--json")
        served.expect("sign it? [type yes]: ")
        before = (APPLIANCE / "journal.jsonl").read_bytes()
        (GADGET / "UDC").write_text("\n")
        code = run.end()
        error = json.loads(run.out.read_text())["error"]["kind"]
        assert (code, error) == (5, "Unplugged"), run.told()
        assert not target.exists()
        served.expect("the host took it back: nothing was signed")
        assert (APPLIANCE / "journal.jsonl").read_bytes() == before
        shell("sh", "/docs/gadget.sh", "bind")
        until("enumerate the gadget", lambda: _plugged() is not None)
        served.err.write_text("")
        run = coldsign_does(*arguments, "--json")
        served.expect("sign it? [type yes]: ")
        served.type("yes")
        assert run.end() == 0, run.told() + served.told()
        assert WORLD.examine(target.read_bytes()).facts.signed_by == ("bob",)


BUNDLE.write_bytes(WORLD.bundle())
CASES = (
    the_station_signs_with_a_coldcard,
    a_coldcard_is_unplugged_while_its_owner_reads,
    a_serial_line_carries_a_psbt,
    the_appliance_is_a_gadget,
    the_appliance_is_unplugged_while_its_officer_reads,
)
