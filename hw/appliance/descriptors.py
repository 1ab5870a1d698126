"""What the device says of itself on the bus: descriptors, as FunctionFS wants them written to ep0.

Sources: Linux, include/uapi/linux/usb/functionfs.h; USB 2.0, sections 9.5 and 9.6; Microsoft OS
descriptors 1.0, "Extended Compat ID" and "Extended Properties".

Windows binds its own WinUSB driver to the interface by Microsoft's descriptors of version 1.0.
Those of version 2.0 stand in the BOS descriptor, which the kernel writes for every gadget itself.
"""

import struct
from typing import Final

VENDOR_ID: Final = 0x1209
PRODUCT_ID: Final = 0x0001
"""pid.codes' number for private tests. Who hands such devices out registers one of their own."""

MANUFACTURER: Final = "Coldquorum"
PRODUCT: Final = "Coldquorum appliance"
INTERFACE_CLASS: Final = 0xFF  # vendor specific: no driver of any system claims it
INTERFACE_GUID: Final = "{0b9b5f0c-6f0e-4c50-9a53-8b3f0ad7a0c1}"
"""Made at random for this interface: how a Windows program finds it."""

_IN, _OUT = 0x81, 0x02
_BULK: Final = 2
_FULL_SPEED, _HIGH_SPEED = 64, 512  # bytes of a bulk packet (USB 2.0, section 5.8.3)
_ENGLISH: Final = 0x0409

_DESCRIPTORS_V2, _STRINGS = 3, 2  # the magic numbers
_HAS_FULL_SPEED, _HAS_HIGH_SPEED, _HAS_MS_OS = 1, 2, 8
_MS_VERSION: Final = 1  # kernels before 6.2 take no 0x0100; later ones take both, and say so
_COMPAT_ID, _PROPERTIES = 4, 5  # wIndex
_TEXT: Final = 1  # REG_SZ


def descriptors() -> bytes:
    """The first thing that is written to ep0."""
    body = b"".join(_interface(size) for size in (_FULL_SPEED, _HIGH_SPEED))
    system = _compatible() + _property()
    flags = _HAS_FULL_SPEED | _HAS_HIGH_SPEED | _HAS_MS_OS
    counts = struct.pack("<III", 3, 3, 2)
    size = 12 + len(counts) + len(body) + len(system)
    return struct.pack("<III", _DESCRIPTORS_V2, size, flags) + counts + body + system


def strings() -> bytes:
    """The second: the interface's name."""
    body = struct.pack("<H", _ENGLISH) + PRODUCT.encode() + b"\0"
    return struct.pack("<IIII", _STRINGS, 16 + len(body), 1, 1) + body


def _interface(packet: int) -> bytes:
    head = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, 2, INTERFACE_CLASS, 0, 0, 1)
    ends = (struct.pack("<BBBBHB", 7, 5, end, _BULK, packet, 0) for end in (_IN, _OUT))
    return head + b"".join(ends)


def _compatible() -> bytes:
    body = struct.pack("<BB8s8s6x", 0, 1, b"WINUSB", b"")
    return struct.pack("<BIHHBB", 0, 11 + len(body), _MS_VERSION, _COMPAT_ID, 1, 0) + body


def _property() -> bytes:
    name, data = b"DeviceInterfaceGUID\0", INTERFACE_GUID.encode() + b"\0"
    size = 14 + len(name) + len(data)
    body = struct.pack("<IIH", size, _TEXT, len(name)) + name
    body += struct.pack("<I", len(data)) + data
    return struct.pack("<BIHHH", 0, 11 + len(body), _MS_VERSION, _PROPERTIES, 1) + body
