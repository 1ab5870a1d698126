"""One key holder's public key, as each vendor writes it into a file or a QR code.

| form | written by |
|---|---|
| our record | `coldsign key xpub` |
| `[aabbccdd/48h/0h/0h/2h]xpub...`, or with Zpub, Ypub, Vpub, Upub | Specter-DIY, SeedSigner, Krux, Nunchuk, Sparrow |
| JSON with `p2wsh`, `p2wsh_deriv`, `xfp` | Coldcard ("Export XPUB": `ccxp-*.json`), Passport, Keystone |
| JSON with `bip48_2`, `bip48_1` | Coldcard ("Generic JSON") |
| `ur:crypto-account`, or what `qr scan` wrote of one | Keystone, Jade, Passport, Specter-DIY |

The forms do not tell whose device it was: several vendors write the same.
"""  # noqa: E501 -- a table's row

import re
from dataclasses import dataclass
from functools import partial
from typing import Final

from policies.strict_json import Fields
from signer.carry import crypto_account, ur
from signer.carry.payload import Kind
from signer.carry.wallets import origins, slip132
from signer.carry.wallets.content import Content, text_of
from signer.carry.wallets.place import COIN
from signer.carry.wallets.slip132 import ForeignKey
from signer.core.bip32 import Origin
from signer.core.coins import Network
from signer.core.descriptor import VaultKey
from signer.core.errors import BadInput, Fault

MAX_KEY_FILE: Final = 1 << 14
"""Bytes. Coldcard's generic JSON, the longest of these, takes 3,500."""

_RECORD: Final = (
    *("kind", "version", "name", "coin", "network", "script_type"),
    *("fingerprint", "path", "xpub", "key", "signer"),
)
_FIELDS: Final = {"p2wsh": ("p2wsh",), "p2sh-p2wsh": ("p2sh_p2wsh", "p2wsh_p2sh")}
"""Names of the key in `ccxp-*.json`; the last one is Coldcard's until 2020."""
_ACCOUNTS: Final = {"p2wsh": "bip48_2", "p2sh-p2wsh": "bip48_1"}
_OTHERS: Final = re.compile(r"(p2[a-z0-9_]+|bip[0-9]+(_[0-9])?)")
"""Keys for other scripts in the same file; they are left alone."""
_TEXT: Final = re.compile(r"(\[[^\[\]]{1,80}\])([1-9A-HJ-NP-Za-km-z]{100,120})")
_BARE: Final = re.compile(r"[xyztuvYZUV]pub[1-9A-HJ-NP-Za-km-z]{100,115}")

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key, and what the file says of its holder.

    Attributes:
        key: for the vault that was asked for.
        name: the officer, as our own record says, or empty.
        type: the type of signer that our own record says, or empty.
    """

    key: VaultKey
    name: str = ""
    type: str = ""


def read(data: bytes, coin: str, place: Network, script_type: str) -> KeyFile:
    """Read a file of any of these forms, for one kind of vault.

    Args:
        data: the file.
        coin: of the vault.
        place: the vault's network.
        script_type: "p2wsh" or "p2sh-p2wsh".

    Raises:
        BadInput: no such form, a key without its origin, of another network, or for another kind
            of script.
    """
    if len(data) > MAX_KEY_FILE:
        raise _bad("key file: too large", expected=f"at most {MAX_KEY_FILE:,} bytes")
    content = Content.of(data)
    if content.table is not None and "kind" in content.table:
        return _record(content, coin, place, script_type)
    if coin != COIN:
        raise _bad("vendors' files are for BTC", expected="our own record of the key", found=coin)
    return KeyFile(_foreign(content, script_type).for_vault(place, script_type))


def _record(content: Content, coin: str, place: Network, script_type: str) -> KeyFile:
    """Our own record says more, and all of it has to fit."""
    fields = content.fields("key record", _RECORD, ())
    fields.exactly("kind", "key")
    fields.exactly("version", 1)
    for name, wanted in (("coin", coin), ("network", place.name), ("script_type", script_type)):
        fields.exactly(name, wanted)
    key = VaultKey.parse(text_of(fields, "key"), place.xpub)
    fields.exactly("fingerprint", key.origin.fingerprint)
    return KeyFile(key, fields.name("name"), fields.name("signer"))


def _foreign(content: Content, script_type: str) -> ForeignKey:
    table = content.table
    if table is None:
        return _text(content.text.strip(), script_type)
    if any(name in table for name in ("p2wsh", *_FIELDS["p2sh-p2wsh"])):
        return _multisig(content, script_type)
    if any(name in table for name in _ACCOUNTS.values()):
        return _generic(content, script_type)
    if set(table) == {"fingerprint", "keys"}:
        return _scanned(content, script_type)
    raise _unknown()


def _multisig(content: Content, script_type: str) -> ForeignKey:
    """`ccxp-*.json`."""
    fields = _known(content, "multisig key", ("xfp",), ("account",))
    name = next((name for name in _FIELDS.get(script_type, ()) if name in fields.raw), None)
    if name is None or f"{name}_deriv" not in fields.raw:
        raise _missing(script_type)
    origin = origins.origin(fields.raw["xfp"], fields.raw[f"{name}_deriv"])
    return slip132.read(origin, text_of(fields, name))


def _generic(content: Content, script_type: str) -> ForeignKey:
    """Coldcard's generic JSON. Its inner `xfp` is the account key's own fingerprint."""
    fields = _known(content, "generic export", ("xfp",), ("chain", "xpub", "account"))
    name = _ACCOUNTS.get(script_type)
    if name is None or name not in fields.raw:
        raise _missing(script_type)
    account = fields.table(
        name, required=("deriv", "xpub"), optional=("name", "xfp", "desc", "_pub", "first")
    )
    origin = origins.origin(fields.raw["xfp"], account.raw["deriv"])
    return slip132.read(origin, text_of(account, "xpub"))


def _scanned(content: Content, script_type: str) -> ForeignKey:
    """What `qr scan` writes of a `crypto-account`."""
    fields = content.fields("account", ("fingerprint", "keys"), ())
    for entry in fields.tables("keys", required=("script_type", "network", "key")):
        if entry.raw["script_type"] == script_type:
            return _one(text_of(entry, "key"))
    raise _missing(script_type)


def _text(text: str, script_type: str) -> ForeignKey:
    if text[:3].lower() == "ur:":
        joiner = ur.Joiner()
        joiner.receive(text)
        if joiner.worth < joiner.count:
            raise _bad("one code of several", hint="scan them all: `coldquorum qr scan`")
        payload = joiner.payload()
        if payload.kind is not Kind.ACCOUNT:
            raise _unknown()
        for entry in crypto_account.parse(payload.data).keys:
            if entry.script_type == script_type:
                return _one(str(entry.key))
        raise _missing(script_type)
    return _one(text)


def _one(text: str) -> ForeignKey:
    """A key with its origin as text."""
    match = _TEXT.fullmatch(text)
    if match is not None:
        return slip132.read(Origin.parse(match[1].lower()), match[2])
    if _BARE.fullmatch(text):
        raise _bad(
            "a key without its origin",
            expected="[fingerprint/path]xpub",
            found=f"{text[:16]}...",
            hint="without it no signer knows that the key is its own: export it with its origin",
        )
    raise _unknown()


def _known(
    content: Content, what: str, required: tuple[str, ...], optional: tuple[str, ...]
) -> Fields:
    """The table, with keys for other scripts let through."""
    others = tuple(name for name in content.table or () if _OTHERS.fullmatch(name))
    return content.fields(what, required, (*optional, *others))


def _missing(script_type: str) -> BadInput:
    return _bad(
        "no key for this kind of vault in the file",
        expected=f"a multi-signature account's key (BIP48) for {script_type}",
        hint="export the multi-signature key, for the network of the vault",
    )


def _unknown() -> BadInput:
    return _bad(
        "no key that is known here",
        expected="our record, [fingerprint/path]xpub, Coldcard's JSON, or ur:crypto-account",
    )
