"""The tree of what can go wrong with a device. All of it ends the program with exit code 5.

DeviceError
├── NotFound         no such device is attached
├── NotPermitted     the system does not let this user open it: the udev rule
├── InUse            another program holds it
├── NotInstalled     a library that this device needs is missing
├── Locked           it wants its PIN first, or has no seed
├── WrongApp         another app is open on it
├── WrongNetwork     it is set to another network
├── FirmwareTooOld   its firmware is known to lack what is needed
├── Unsupported      it cannot do that; nothing was sent
├── RefusedByUser    the officer said no on the device
├── Rejected         the device itself said no
├── Cancelled        the officer stopped it here; the device was told
├── TimedOut         no answer in time
├── Unplugged        it went away
├── Garbage          its answer is not understood
└── Lied             its answer is understood, and cannot be true

These do not know the tree of `policies/errors.py` (`hw` imports neither it nor `signer`), but
have the same attributes, so that `signer/cli/exits.py` tells both alike.
"""

from typing import ClassVar


class DeviceError(Exception):
    """Something about a device that a person must be told.

    Attributes:
        exit_code: what the program ends with.
        fault: who has to act.
        what: one line.
        expected: what should have come, or empty.
        found: what came, or empty.
        hint: what to do, or empty.
    """

    exit_code: ClassVar[int] = 5
    fault: ClassVar[str] = "device"

    def __init__(self, what: str, *, expected: str = "", found: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.found = found
        self.hint = hint


class NotFound(DeviceError):
    """No such device is attached."""


class NotPermitted(DeviceError):
    """The system does not let this user open the device."""

    fault = "machine"


class InUse(DeviceError):
    """Another program holds the device's interface."""

    fault = "machine"


class NotInstalled(DeviceError):
    """A library that talks to this device is not installed here."""

    fault = "machine"


class Locked(DeviceError):
    """The device wants its PIN or passphrase first, or holds no seed at all."""

    fault = "officer"


class WrongApp(DeviceError):
    """Another app, or none, is open on the device."""

    fault = "officer"


class WrongNetwork(DeviceError):
    """The device, or its app, is set to another network or coin."""

    fault = "officer"


class FirmwareTooOld(DeviceError):
    """The device could do it, but not with this firmware."""


class Unsupported(DeviceError):
    """The device cannot do this. Nothing was sent to it."""


class RefusedByUser(DeviceError):
    """Somebody said no on the device's own screen."""

    fault = "officer"


class Rejected(DeviceError):
    """The device said no by itself, and `found` says in its words why."""


class Cancelled(DeviceError):
    """The officer stopped it at this machine, and the device was told so."""

    fault = "officer"


class TimedOut(DeviceError):
    """No answer came in time, from the device or from the person who holds it."""


class Unplugged(DeviceError):
    """The device went away. What it was doing did not happen here."""


class Garbage(DeviceError):
    """The device's answer breaks its own protocol."""


class Lied(DeviceError):
    """The device's answer is well formed and cannot be true: a fault, or an attack."""
