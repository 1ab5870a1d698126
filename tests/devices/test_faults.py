"""Faults times drivers: each ends in its error class, or does no harm; nothing stays claimed."""

import pytest
from around import Notebook, Somebody, around
from bus import Bus, Fault, Kind
from facts import recorded_psbt, recorded_vault, task_of
from simulated import Lie, Owner
from simulators import SIMULATORS

from hw import find, usb
from hw.errors import (
    DeviceError,
    Garbage,
    InUse,
    Lied,
    NotPermitted,
    RefusedByUser,
    Rejected,
    TimedOut,
    Unplugged,
)
from hw.task import Chain
from signer.core.errors import BadInput, Refused
from signer.station.answer import accept
from signer.station.task import script_facts, vault_facts

VENDORS = tuple(driver.vendor for driver in find.DRIVERS if not driver.enforcing)
"""Our own has its tests in test_appliance.py: its far side is a program."""
vendors = pytest.mark.parametrize("vendor", VENDORS)

EXPECTED = {
    Kind.UNPLUG: (Unplugged,),
    Kind.UNPLUG_EIO: (Unplugged,),
    Kind.STALLED: (Garbage,),
    Kind.OVERFLOW: (Garbage,),
    Kind.LONG: (Garbage,),
    Kind.SILENT: (TimedOut,),
    Kind.SHORT: (Garbage,),
    Kind.BUSY: (InUse,),
    Kind.FORBIDDEN: (NotPermitted,),
    # What noise turns into depends on where it strikes: a stream cipher makes other noise of it.
    Kind.GARBAGE: (Garbage, Rejected, TimedOut, Lied),
    Kind.ZEROS: (Garbage, Rejected, TimedOut, Lied),
}
"""Which errors each fault may end in."""

HARMLESS = (Kind.STALL, Kind.EMPTY)
"""Faults that a driver gets over."""


class Table:
    """One simulated device on a bus of its own, and everything that a station does with it."""

    def __init__(self, vendor, *faults, owner=None, memory=None):
        self.bus = Bus()
        usb.use_backend(self.bus, self.bus.clock, self.bus.pause)
        self.device = SIMULATORS[vendor](self.bus, "device", owner)
        self.plugged = self.device.plugged(faults=faults)
        self.vault = recorded_vault("coldcard")
        self.facts = vault_facts(self.vault)
        self.psbt = recorded_psbt("coldcard")
        self.memory = Notebook() if memory is None else memory
        self.officer = Somebody()

    def open(self):
        """Open the only device."""
        (place,) = find.attached()
        return place.open(around(self.bus, officer=self.officer, memory=self.memory))

    def everything(self):
        """Fingerprint, key, registration, address, signature; closed in the end."""
        signer = self.open()
        try:
            return self.steps(signer)
        finally:
            signer.close()

    def end(self):
        """Do everything; returns what it ended in, or None."""
        try:
            self.everything()
        except (DeviceError, Refused, BadInput) as error:
            return error
        return None

    def steps(self, signer):
        """Do everything with an open device."""
        own = self.facts.cosigner(signer.fingerprint())
        assert signer.xpub(own.path, Chain("BTC", "test")) == own.xpub
        kept = signer.registered(self.facts, None) or signer.register(self.facts)
        script = script_facts(self.vault, 0, 0)
        assert signer.show_address(self.facts, script, kept) == script.address
        task = task_of(self.vault, self.psbt, own.fingerprint, kept)
        return accept(task, signer.sign(task), self.memory)


@pytest.fixture(autouse=True)
def _real_bus():
    yield
    usb.use_backend(None)


@vendors
def test_everything_works_without_a_fault(vendor):
    """One signature, verified over our own digest, twice in a row; nothing stays claimed."""
    table = Table(vendor)
    assert len(table.everything()) == 1
    assert len(table.everything()) == 1
    assert table.plugged.given_back


@vendors
@pytest.mark.parametrize("kind", [*EXPECTED, *HARMLESS], ids=lambda kind: kind.name.lower())
def test_a_fault_at_every_frame(vendor, kind):
    """Wherever it strikes: an error of its class or no harm, nothing claimed, and then it works."""
    whole = Table(vendor)
    whole.everything()
    ends = []
    for at in places(whole.plugged.transfers, kind):
        table = Table(vendor, Fault(kind, at))
        ends.append(end := table.end())
        allowed = EXPECTED.get(kind, ())
        if kind in (Kind.GARBAGE, Kind.ZEROS):
            allowed += (Refused, BadInput)  # noise in a payload: the station's to find
        assert end is None or isinstance(end, allowed), f"{kind} at {at}: {end!r}"
        assert table.plugged.given_back, f"{kind} at {at}"
        if not table.plugged.gone:
            table.plugged.faults.clear()
            assert table.end() is None, f"it does not work any more after {kind} at {at}"
    assert any(ends) == (kind in EXPECTED)


def places(transfers, kind):
    """Every frame of a short talk for an unplug; else every few, and the last ones.

    A long talk (a Ledger's) repeats itself: fewer of its frames tell as much.
    """
    if kind in (Kind.BUSY, Kind.FORBIDDEN):
        return [0]
    many, few = (100, 12) if transfers < 300 else (40, 7)
    step = max(transfers // (many if kind is Kind.UNPLUG else few), 1)
    return sorted({*range(0, transfers, step), *range(transfers - 3, transfers)})


@vendors
def test_an_officer_who_says_no(vendor):
    """A no is a no, whether to the vault or to the transaction."""
    table = Table(vendor)
    table.everything()
    table.device.owner.refuses = True
    with pytest.raises(RefusedByUser):
        table.everything()
    assert table.plugged.given_back


@vendors
def test_a_slow_officer_is_waited_for(vendor):
    """Five minutes with the small screen are no error; a day is, and the device is free again."""
    table = Table(vendor, owner=Owner(slow=300))
    assert table.everything()
    table.device.owner.slow = 86_400
    with pytest.raises((TimedOut, RefusedByUser)):
        table.everything()
    assert table.plugged.given_back


LIES = {
    Lie.WRONG_SIGNATURE: "device.invalid",
    Lie.OTHER_KEY: "device.invalid",
    Lie.FOREIGN_KEY: "device.foreign",
    Lie.CHANGED_OUTPUT: "device.changed",
    Lie.CHANGED_FIELD: "device.changed",
    Lie.SURPLUS: "device.foreign",
    Lie.MISSING: "device.missing",
    Lie.SIGHASH: "device.sighash",
}


@vendors
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name.lower())
def test_a_device_that_lies(vendor, lie):
    """No lie about a signature gets into a PSBT: the station or the driver says what is wrong."""
    if lie not in SIMULATORS[vendor].lies:
        pytest.skip("its protocol has no words for this lie")
    table = Table(vendor, owner=Owner(lie=lie))
    with pytest.raises((Refused, DeviceError)) as told:
        table.everything()
    if isinstance(told.value, Refused):
        assert told.value.refusals[0].rule == LIES[lie]
    else:
        assert isinstance(told.value, Garbage | Lied | Rejected)
    assert table.plugged.given_back


@vendors
def test_two_of_the_same_model(vendor):
    """Each is found by its own fingerprint, and the other is left alone."""
    table = Table(vendor)
    other = SIMULATORS[vendor](table.bus, "alpha")
    plugged = other.plugged()
    for device in (table.device, other):
        signer = find.find(device.fingerprint, around(table.bus)).signer
        assert signer.fingerprint() == device.fingerprint
        signer.close()
    assert plugged.given_back
    assert table.plugged.given_back


@vendors
def test_a_cancel_takes_the_question_back(vendor):
    """After Ctrl-C in the middle of waiting, the device asks no more, and works again."""
    table = Table(vendor)
    table.everything()
    signer = table.open()
    table.device.owner.slow = 300
    kept = signer.registered(table.facts, None)
    task = task_of(table.vault, table.psbt, signer.fingerprint(), kept)
    table.bus.interrupt_at = table.bus.now + 5
    with pytest.raises(KeyboardInterrupt):
        signer.sign(task)
    signer.cancel()
    assert table.device.cancelled == int(table.device.cancels)
    signer.close()
    table.device.owner.slow = 0
    assert table.everything()
