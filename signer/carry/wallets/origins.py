"""Where keys come from, as others write it: `m/48'/0'/0'/2'`, `F57EC65D`, letters for scripts."""

import re
from collections.abc import Iterable
from functools import partial
from typing import Final

from signer.carry.wallets.place import Asked, place
from signer.carry.wallets.slip132 import ForeignKey
from signer.core.bip32 import Origin, format_path, parse_path
from signer.core.descriptor import Descriptor
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint

SCRIPTS: Final = {
    "P2SH": "p2sh",
    "P2WSH": "p2wsh",
    "P2SH-P2WSH": "p2sh-p2wsh",
    "P2WSH-P2SH": "p2sh-p2wsh",
    "P2SH_P2WSH": "p2sh-p2wsh",
}
"""Other makers' names for the scripts, in upper case; Coldcard once wrote them reversed."""

_FINGERPRINT: Final = re.compile(r"[0-9A-Fa-f]{8}")
_bad = partial(BadInput, fault=Fault.OFFICER)


def fingerprint(text: object) -> Fingerprint:
    """Read a fingerprint, whose digits some write in upper case.

    Raises:
        BadInput: it is none, or missing.
    """
    if not isinstance(text, str) or not _FINGERPRINT.fullmatch(text):
        raise _bad(
            "a key without its origin",
            expected="the fingerprint of its master key, 8 hex digits",
            found=ascii(text)[:40],
            hint="without it no signer knows that the key is its own",
        )
    return Fingerprint(text.lower())


def origin(master: object, path: object) -> Origin:
    """Read an origin of two parts.

    Raises:
        BadInput: one of them is missing or malformed.
    """
    if not isinstance(path, str) or not path.startswith("m"):
        raise _bad(
            "a key without its origin",
            expected="a path such as m/48'/0'/0'/2'",
            found=ascii(path)[:40],
            hint="export the key again, with the path that it was derived on",
        )
    return Origin(fingerprint(master), parse_path(path))


def path_text(path: tuple[int, ...]) -> str:
    """A path as most others write it: `m/48'/0'/0'/2'`."""
    return f"m/{format_path(path).replace('h', chr(39))}"


def origin_text(found: Origin) -> str:
    """An origin with `'`, as BIP129 and BIP388 write it in their examples."""
    return str(found).replace("h", "'")


def script_type(text: object) -> str:
    """Read the name of a script.

    Raises:
        BadInput: another script than a vault's.
    """
    found = SCRIPTS.get(text.upper()) if isinstance(text, str) else None
    if found is None:
        raise _bad(
            "a kind of wallet that no vault can be",
            expected="P2WSH, P2SH-P2WSH or P2SH",
            found=ascii(text)[:40],
        )
    return found


def form(
    keys: Iterable[ForeignKey],
    threshold: int,
    script: str,
    asked: Asked,
    told: tuple[str, ...] = (),
) -> Descriptor:
    """A vault's descriptor of keys that are listed apart from the script.

    Args:
        keys: in the file's order.
        threshold: m.
        script: "p2wsh", "p2sh-p2wsh" or "p2sh".
        asked: what the officer says.
        told: the networks that the file says, if any.

    Raises:
        BadInput: whatever makes no vault.
    """
    found = tuple(keys)
    kinds = {key.version.valuable for key in found}
    if len(kinds) != 1:
        raise _bad("keys of different networks" if kinds else "no keys in the file")
    network = place(valuable=kinds.pop(), asked=asked, told=told)
    return Descriptor(
        network, script, threshold, tuple(key.for_vault(network, script) for key in found)
    )
