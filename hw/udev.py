"""The rules that let an officer's user open the devices on Linux, written from the table."""

from collections.abc import Iterable

from hw.pipe import Shape, Transport

FILE = "/etc/udev/rules.d/51-coldquorum.rules"
"""Where the rules go. Before 73: systemd's seat rules read the tag `uaccess` there."""


def rules(shapes: Iterable[Shape]) -> str:
    """One line a model: the person at the machine's seat may open it, and the group plugdev.

    Bridges run on the system's own serial driver, which names their device ttyUSB.
    """
    lines = dict.fromkeys(_rule(shape) for shape in shapes)
    return "\n".join(("# Coldquorum: USB signers. Written by `coldsign device udev`.", *lines, ""))


def _rule(shape: Shape) -> str:
    # A device matches a line of its whole product id, or of the bits that count (a wildcard).
    product = f"{shape.product:04x}"
    if shape.product_mask != 0xFFFF:  # noqa: PLR2004 -- every bit counts
        kept = f"{shape.product_mask:04x}".index("0")
        product = product[:kept] + "*"
    subsystem = "tty" if shape.transport is Transport.BRIDGE else "usb"
    ids = f'ATTRS{{idVendor}}=="{shape.vendor:04x}", ATTRS{{idProduct}}=="{product}"'
    return f'SUBSYSTEM=="{subsystem}", {ids}, MODE="0660", GROUP="plugdev", TAG+="uaccess"'
