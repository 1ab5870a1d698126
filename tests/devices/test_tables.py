"""The literal tables: capabilities in the docs, advisories, udev rules, drivers and simulators."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from facts import recorded_task, recorded_vault
from simulators import SIMULATORS

from hw import advisories, find, table, udev
from hw.capabilities import Capabilities, CoinScripts, Registers
from hw.device import DeviceInfo
from hw.errors import DeviceError, Unsupported
from hw.pipe import Shape, Transport
from signer.cli import exits
from signer.core.errors import Fault
from signer.station.task import vault_facts

ROOT = Path(__file__).resolve().parents[2]


def test_the_docs_say_what_the_drivers_do():
    """docs/devices.md is what `python -m hw.table` prints."""
    assert (ROOT / "docs/devices.md").read_text("utf-8") == table.markdown(find.DRIVERS)


def test_every_driver_has_a_simulator_and_keeps_the_form():
    """One word for a vendor, a simulator for each (ours is a program), a shape of its own."""
    vendors = [driver.vendor for driver in find.DRIVERS]
    assert list(SIMULATORS) == [d.vendor for d in find.DRIVERS if not d.enforcing]
    assert all(re.fullmatch("[a-z0-9]+", vendor) for vendor in vendors)
    shapes = [(s.vendor, s.product, s.product_mask, s.interface_class, s.interface)
              for driver in find.DRIVERS for s in driver.shapes]  # fmt: skip
    assert len(set(shapes)) == len(shapes)
    for path in (ROOT / "hw/drivers").glob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, path.name


def test_every_advisory_can_be_told():
    """Each entry names a vendor that there is, a source, and versions that can be compared."""
    for one in advisories.advisories():
        assert one.vendor in {driver.vendor for driver in find.DRIVERS}
        assert one.source.startswith("https://")
        assert one.what
        assert one.hint
        assert bool(one.afterwards) == one.lasting
        assert one.affected
        assert all(advisories.version(line.fixed) for line in one.affected)


@pytest.mark.parametrize(
    ("model", "firmware", "edition", "present"),
    [
        ("Coldcard Mk4", "5.4.5", "", True),
        ("Coldcard Mk4", "5.5.9", "", True),
        ("Coldcard Mk4", "5.6.0", "", False),
        ("Coldcard Mk5", "5.10.1", "", False),
        ("Coldcard Q", "1.4.0Q", "", True),
        ("Coldcard Q", "1.5.0Q", "", False),
        ("Coldcard Mk3", "4.1.9", "", True),
        ("Coldcard Mk3", "4.2.0", "", False),
        ("Coldcard Q", "6.5.0QX", "edge", True),
        ("Coldcard Mk4", "6.6.0X", "edge", False),
        ("Coldcard Mk4", "", "", True),
        ("Coldcard Mk4", "beta", "", True),
    ],
)
def test_weak_seeds_of_coldcards(model, firmware, edition, present):
    """Every firmware before the fix is warned of; after it, the seed that may be older is."""
    info = DeviceInfo(model, firmware, locked=False, edition=edition)
    (known,) = advisories.warnings("coldcard", info)
    assert known.id == "coldcard-2026-weak-seeds"
    assert known.present is present
    assert ("before its update" in known.what) is not present
    assert not advisories.warnings("ledger", info)


def failing(error):
    """A command that ends in this error."""

    def command(_words):
        raise error

    return command


def test_every_error_of_a_device_ends_with_exit_code_5(capsys):
    """The whole tree is told as every other error is, and safely; exit code 5."""
    kinds, left = set(), [DeviceError]
    while left:
        kinds.add(kind := left.pop())
        left += kind.__subclasses__()
    assert len(kinds) == 17
    for kind in kinds:
        run = failing(kind("it went wrong\x1b[2J", found="b", hint="do this"))
        assert exits.run(SimpleNamespace(name="test", run=run), []) == 5
        told = capsys.readouterr().err
        assert "error: it went wrong\\x1b[2J" in told
        assert f"at fault: {Fault(kind.fault)}" in told
        assert "hint: do this" in told


def test_udev_rules():
    """A rule a model; a mask becomes a wildcard; a bridge is a serial port; no rule twice."""
    shapes = (
        Shape("A", 0xD13E, 0xCC10, Transport.HID),
        Shape("A again", 0xD13E, 0xCC10, Transport.HID),
        Shape("B", 0x2C97, 0x5000, Transport.HID, product_mask=0xFF00),
        Shape("C", 0x10C4, 0xEA60, Transport.BRIDGE),
    )
    tail = 'MODE="0660", GROUP="plugdev", TAG+="uaccess"'
    assert udev.rules(shapes).splitlines()[1:] == [
        f'SUBSYSTEM=="usb", ATTRS{{idVendor}}=="d13e", ATTRS{{idProduct}}=="cc10", {tail}',
        f'SUBSYSTEM=="usb", ATTRS{{idVendor}}=="2c97", ATTRS{{idProduct}}=="50*", {tail}',
        f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="10c4", ATTRS{{idProduct}}=="ea60", {tail}',
    ]


CAN = Capabilities(
    "Testkey",
    (CoinScripts("BTC", ("test",), ("p2wsh",)),),
    Registers.NONE,
    3,
    inputs=1,
    outputs=2,
    psbt=4096,
)


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("cosigners", 2, "cosigners"),
        ("inputs", 0, "inputs"),
        ("outputs", 1, "outputs"),
        ("psbt", 100, "bytes of the PSBT"),
        ("coins", (CoinScripts("BTC", ("main",), ("p2wsh",)),), "network"),
        ("coins", (CoinScripts("BCH", ("test",), ("p2wsh",)),), "coin"),
        ("coins", (CoinScripts("BTC", ("test",), ("p2sh",)),), "script type"),
        ("coins", (CoinScripts("BTC", ("test",), ("p2wsh",), ("schnorr",)),), "signatures"),
    ],
)
def test_capabilities_say_what_is_not_done(field, value, what):
    """At each limit it passes, and one past it is refused, with what was expected and found."""
    task = recorded_task("coldcard")
    CAN.require_task(task)
    CAN.require_vault(vault_facts(recorded_vault("coldcard")))
    less = Capabilities(
        **{name: getattr(CAN, name) for name in Capabilities.__slots__} | {field: value}
    )
    with pytest.raises(Unsupported, match=what) as told:
        less.require_task(task)
    assert told.value.expected
    assert told.value.found
