"""Coldcard's multisig text, which Passport, Keystone, SeedSigner, Krux, Jade and Nunchuk read, too.

Source: Coldcard, "Multisig wallets" in its documentation, and the files in its own tests. Lines of
`Name: value`; `Derivation` is for the keys below it, until the next one; a key's line is its
fingerprint and its extended public key. Keys are sorted (BIP67), the branches are 0 and 1.
"""

import re
from functools import partial
from typing import Final

from signer.carry.wallets import origins, slip132
from signer.carry.wallets.content import Content
from signer.carry.wallets.place import Asked
from signer.carry.wallets.wallet import Wallet
from signer.core.errors import BadInput, Fault
from signer.core.script import MAX_KEYS
from signer.core.vault import Vault

MAX_NAME: Final = 20
"""Characters that a Coldcard takes; a longer name is cut, since it decides nothing."""

_LINE: Final = re.compile(r"([A-Za-z0-9]{1,20})[ \t]*:[ \t]*(.*)")
_KEY: Final = re.compile(r"[0-9A-Fa-f]{8}")
_POLICY: Final = re.compile(r"([1-9][0-9]?) *(?:of|/) *([1-9][0-9]?)", re.IGNORECASE)
_MAX_LINES: Final = 200
_bad = partial(BadInput, fault=Fault.OFFICER)


def write(vault: Vault) -> str:
    """One `Derivation` for all keys, or one above each if they differ."""
    paths = [origins.path_text(key.origin.path) for key in vault.keys]
    lines = [
        "# Multisig setup file of a Coldquorum vault",
        f"Name: {vault.name[:MAX_NAME]}",
        f"Policy: {vault.threshold} of {len(vault.keys)}",
        f"Format: {vault.script_type.upper()}",
        "",
    ]
    last = ""
    for key, path in zip(vault.keys, paths, strict=True):
        if path != last:
            lines.append(f"Derivation: {path}")
        last = path
        text = key.xpub.to_text(vault.form.network.xpub)
        lines.append(f"{key.origin.fingerprint.upper()}: {text}")
    return "\n".join(lines) + "\n"


def matches(content: Content) -> bool:
    """Whether a file is one: a line says the policy."""
    return content.table is None and bool(
        re.search(r"^[ \t]*policy[ \t]*:", content.text, re.IGNORECASE | re.MULTILINE)
    )


def read(content: Content, asked: Asked) -> Wallet:
    """Read a file.

    Raises:
        BadInput: not exactly a vault; a line that is not understood, or one that is there twice.
    """
    told: dict[str, str] = {}
    keys: list[slip132.ForeignKey] = []
    derivation: str | None = None
    for name, value in _lines(content.text):
        if _KEY.fullmatch(name):
            origin = origins.origin(name, derivation)
            keys.append(slip132.read(origin, value))
            if len(keys) > MAX_KEYS:
                raise _bad("too many keys", expected=f"at most {MAX_KEYS}")
        elif name.lower() == "derivation":
            derivation = value
        elif name.lower() not in ("name", "policy", "format"):
            raise _bad(
                "a line that is not understood",
                expected="Name, Policy, Format, Derivation or a fingerprint",
                found=ascii(name),
            )
        elif told.setdefault(name.lower(), value) is not value:
            raise _bad(f"{name.lower()} is there twice", hint="one wallet a file")
    match = _POLICY.fullmatch(told.get("policy", ""))
    if match is None or int(match[2]) != len(keys):
        raise _bad(
            "the policy does not fit the keys",
            expected=f"M of {len(keys)}" if keys else "M of N",
            found=ascii(told.get("policy", ""))[:40],
        )
    if "format" not in told:
        raise _bad(
            "the file does not say its kind of script",
            expected="Format: P2WSH, P2SH-P2WSH or P2SH",
            hint="without it a Coldcard takes P2SH; here it has to be said",
        )
    script = origins.script_type(told["format"])
    form = origins.form(keys, int(match[1]), script, asked)
    return Wallet.of(form, told.get("name", ""))


def _lines(text: str) -> list[tuple[str, str]]:
    found = []
    rows = text.split("\n")
    if len(rows) > _MAX_LINES:
        raise _bad("too many lines", expected=f"at most {_MAX_LINES}")
    for row in rows:
        line = row.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _bad("a line that is not understood", found=ascii(line[:16]))
        found.append((match[1], match[2].strip()))
    return found
