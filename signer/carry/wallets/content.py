"""What every foreign wallet file has to be: short, text, JSON that means one thing, no secret."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from policies import strict_json
from policies.strict_json import Fields
from signer.core.errors import BadInput, Fault

MAX_FILE: Final = 1 << 20
"""Bytes. Fifteen keys take 6,000; an Electrum wallet of ours, which keeps its history, more."""

LIST: Final = "descriptors"
"""The key that a bare JSON list is put under: Core's own, whose two forms then are alike."""

_MAX_NAME: Final = 500
_SECRET: Final = re.compile(r"\b[xyztuvYZUV]prv[1-9A-HJ-NP-Za-km-z]{50}")
_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Content:
    """A file, looked at.

    Attributes:
        text: all of it, with plain line ends.
        table: the JSON object that it is, or None. A list is an object with the one key `LIST`.
    """

    text: str
    table: dict[str, Any] | None

    @classmethod
    def of(cls, data: bytes) -> "Content":
        """Look at a file.

        Raises:
            BadInput: too large, not text, JSON that two readers could take differently, or a
                private key is in it.
        """
        if len(data) > MAX_FILE:
            raise _bad("wallet file: too large", expected=f"at most {MAX_FILE:,} bytes")
        try:
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            raise _bad(
                "wallet file: not text",
                hint="export the wallet as a file; a wallet's own database is not read",
            ) from None
        if _SECRET.search(text):
            raise private()
        start = text.lstrip()[:1]
        if start == "{":
            return cls(text, _json(text.strip().encode()))
        if start == "[" and not re.match(r"\[[0-9a-fA-F]{8}[/\]]", text.lstrip()):
            # One object, so that one strict reader does for both; a second key is refused there.
            table = _json(b'{"%s":%s}' % (LIST.encode(), text.strip().encode()))
            Fields(table, "wallet file", (LIST,), fault=Fault.OFFICER)
            return cls(text, table)
        return cls(text, None)

    def fields(self, what: str, required: tuple[str, ...], optional: tuple[str, ...]) -> Fields:
        """The JSON object, with these keys and no other.

        Raises:
            BadInput: it is none, or has others.
        """
        if self.table is None:
            raise _bad(f"not {what}", expected="a JSON object")
        return Fields(self.table, what, required, optional, Fault.OFFICER)


def private() -> BadInput:
    """Say that a file holds a secret, without showing any of it."""
    return _bad(
        "this file holds a private key",
        expected="public keys only",
        hint="delete the file from this machine, and treat the key as seen by others",
    )


def said(value: object) -> str:
    """Text that decides nothing: a name, a label. Empty if it is no text, or a long one."""
    return value.strip() if isinstance(value, str) and len(value) <= _MAX_NAME else ""


def texts(fields: Fields, key: str, most: int) -> tuple[str, ...]:
    """A list of 1 to `most` texts.

    Raises:
        BadInput: another.
    """
    found = fields.raw[key]
    if (
        not isinstance(found, list)
        or not 1 <= len(found) <= most
        or not all(isinstance(item, str) for item in found)
    ):
        fields.bad(key, f"a list of 1 to {most} texts", found)
    return tuple(found)


def text_of(fields: Fields, key: str) -> str:
    """Text of any length that the file's own limit allows.

    Raises:
        BadInput: no text.
    """
    found = fields.raw[key]
    if not isinstance(found, str):
        fields.bad(key, "text", found)
    return found


def _json(data: bytes) -> dict[str, Any]:
    return strict_json.load(data, limit=2 * MAX_FILE, what="wallet file", fault=Fault.OFFICER)
