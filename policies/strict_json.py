"""JSON and TOML tables that mean one thing only, whoever reads them.

Two readers that disagree about a document are a thief's best tool: an officer approves what the
one shows, a signer pays what the other saw. So whatever a lenient reader settles silently is
refused here: duplicate or unknown keys, floats, other encodings, invisible characters, deep
nesting, and numbers beyond 64 bits.
"""

import base64
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from operator import itemgetter
from typing import Any, NoReturn

from policies.errors import BadInput, Fault
from policies.names import DocumentId

MAX_DEPTH = 16
"""Our deepest document nests 4 levels; far below Python's recursion limit."""

MAX_INTEGER = 2**63 - 1
"""Amounts are signed 64-bit in every coin's own format, and nothing else is larger."""

MAX_TEXT = 500
"""Characters in a field for people: what an officer reads on one screen."""

_DIGITS = len(str(-MAX_INTEGER))
_NESTED = dict, list
_SHOWN = 80
"""Characters of an untrusted value in an error: a line of a terminal."""

Word = tuple[re.Pattern[str], str]
"""A pattern that a whole text matches, and how to say so."""

NAME: Word = (re.compile(r"[a-z0-9][a-z0-9._-]{0,31}"), "a name of a-z 0-9 . _ -, at most 32")
"""Lower-case ASCII: no two names differ in case only, or in letters that merely look alike."""

CODE: Word = (re.compile(r"[A-Za-z0-9]{1,16}"), "a short plain word")
ADDRESS: Word = (re.compile(r"[!-~]{1,200}"), "an address in printable ASCII")
"""Only the Bitcoin side can tell whether an address exists."""

DIGEST: Word = (re.compile(r"[0-9a-f]{64}"), "64 lower-case hex digits")

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that change how text looks without being seen, or break a line."""


def shown(value: object) -> str:
    """Tell an untrusted value in one short line of plain ASCII."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


class _Unclear(ValueError):
    """Why, and what was found. Caught in this file."""


def load(data: bytes, *, limit: int, what: str, fault: Fault = Fault.COORDINATOR) -> dict[str, Any]:
    """Parse one JSON object (RFC 8259), UTF-8, of at most `limit` bytes.

    Raises:
        BadInput: anything that two readers could take differently.
    """
    try:
        return _load(data, limit)
    except _Unclear as error:
        (why, found), hint = error.args, ""
    except RecursionError:
        why, found, hint = "nested too deeply", "", ""
    except ValueError as error:  # from the decoder, or the parser
        why = "not UTF-8 text" if isinstance(error, UnicodeError) else "not JSON"
        found, hint = shown(str(error)), "is this the right file?"
    raise BadInput(f"{what}: {why}", fault=fault, found=found, hint=hint)


def _load(data: bytes, limit: int) -> dict[str, Any]:
    if len(data) > limit:
        raise _Unclear("too large", f"{len(data)} bytes, at most {limit}")
    parsed = _DECODER.decode(data.decode("utf-8"))
    if not isinstance(parsed, dict):
        raise _Unclear("not a JSON object", type(parsed).__name__)
    # No document nests deeper than it has brackets, and most have few: only others are walked.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _depth([parsed]) > MAX_DEPTH:
        raise _Unclear("nested too deeply", f"more than {MAX_DEPTH} levels")
    return parsed


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unclear(
            "a key occurs twice", shown(Counter(key for key, _ in pairs).most_common(1)[0][0])
        )
    return found


def _integer(digits: str) -> int:
    # The length first: int() of a long text takes quadratic time, or raises ValueError.
    if len(digits) > _DIGITS or abs(value := int(digits)) > MAX_INTEGER or digits == "-0":
        raise _Unclear("a number is out of range", shown(digits))
    return value


def _fraction(digits: str) -> NoReturn:
    raise _Unclear("only whole numbers are allowed", shown(digits))


_DECODER = json.JSONDecoder(
    object_pairs_hook=_table,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_fraction,
)
"""Made once: to make one takes as long as to read a short document."""


def _depth(level: list[Any]) -> int:
    """Count the levels of nesting, of what stands side by side in one, and from there on.

    What is too deep for Python is too deep for `load` as well.
    """
    inner = [
        value
        for one in level
        for value in (one.values() if isinstance(one, dict) else one)
        if isinstance(value, _NESTED)
    ]
    return 1 + _depth(inner) if inner else 1


def dump(table: Mapping[str, Any]) -> bytes:
    """Write JSON in the one form that we write: sorted keys, no blanks, UTF-8.

    Raises:
        BadInput: text that UTF-8 cannot hold (a file name's stray byte, for instance).
    """
    text = json.dumps(
        table, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput(
            "text holds bytes that are not UTF-8",
            fault=Fault.OFFICER,
            found=shown(text[error.start : error.end]),
        ) from None


class Fields:
    """One table of a document, read field by field; every error names the field's path.

    Args:
        table: what the parser gave.
        where: the table's path, for instance `withdrawal.payments[0]`.
        required: keys that must be there.
        optional: keys that may be there. Any other key is an error.
        fault: who wrote the document.

    Attributes:
        raw: the table as it came, for whoever checks a field elsewhere.
    """

    def __init__(
        self,
        table: object,
        where: str,
        required: Collection[str],
        optional: Collection[str] = (),
        fault: Fault = Fault.COORDINATOR,
    ) -> None:
        self.where = where
        self.fault = fault
        if not isinstance(table, dict):
            raise BadInput(f"{where} must be a table", fault=fault, found=shown(table))
        self.raw: dict[str, Any] = table
        keys = table.keys()
        # Equal at once only if `required` is a set, as the keys of another table are.
        if keys != required and (misfits := (keys - {*required, *optional}) | ({*required} - keys)):
            key = next(name for name in (*table, *required) if name in misfits)
            what = f"unknown key {shown(key)}" if key in table else f"{key} is missing"
            known = ", ".join((*required, *optional))
            raise BadInput(f"{where}: {what}", fault=fault, expected=known)

    def bad(self, key: str, expected: str, found: object, hint: str = "") -> NoReturn:
        """Refuse a field's value."""
        raise BadInput(
            f"{self.where}.{key} must be {expected}",
            fault=self.fault,
            expected=expected,
            found=shown(found),
            hint=hint,
        )

    def table(
        self, key: str, *, required: Collection[str], optional: Collection[str] = ()
    ) -> "Fields":
        """Read an inner table."""
        return Fields(self.raw[key], f"{self.where}.{key}", required, optional, self.fault)

    def tables(
        self, key: str, *, required: Collection[str], optional: Collection[str] = (), least: int = 1
    ) -> "list[Fields]":
        """Read a list of at least so many tables."""
        return list(self.each(key, required=required, optional=optional, least=least))

    def each(
        self, key: str, *, required: Collection[str], optional: Collection[str] = (), least: int = 1
    ) -> "Iterator[Fields]":
        """Read the same one by one: of thousands, none is kept."""
        return (
            Fields(item, f"{self.where}.{key}[{at}]", required, optional, self.fault)
            for at, item in enumerate(self._list(key, least))
        )

    def named(self, key: str) -> "Fields":
        """Read a table whose keys are names that the document chooses."""
        table = self.raw[key]
        names = {self._word(key, name, NAME) for name in table} if isinstance(table, dict) else ()
        return self.table(key, required=names)

    def _list(self, key: str, least: int = 1) -> list[object]:
        found = self.raw[key]
        if not isinstance(found, list) or len(found) < least:
            self.bad(key, f"a list of at least {least}", found)
        return found

    def _word(self, key: str, found: object, word: Word) -> str:
        if not isinstance(found, str) or not word[0].fullmatch(found):
            self.bad(key, word[1], found)
        return found

    def exactly(self, key: str, expected: str | int | None) -> None:
        """Check that a field has one fixed value, such as the document's kind."""
        found = self.raw[key]
        if type(found) is not type(expected) or found != expected:
            self.bad(key, "null" if expected is None else repr(expected), found)

    def integer(self, key: str, least: int = 0, most: int = MAX_INTEGER) -> int:
        """Read a whole number in a range, both ends included."""
        found = self.raw[key]
        # bool is an int in Python, and not in JSON
        if type(found) is not int or not least <= found <= most:
            self.bad(key, f"a whole number {least} to {most}", found)
        return found

    def flag(self, key: str) -> bool:
        """Read true or false."""
        found = self.raw[key]
        if not isinstance(found, bool):
            self.bad(key, "true or false", found)
        return found

    def text(self, key: str) -> str:
        """Read text for people, not empty: one line, with nothing invisible in it."""
        found = self.raw[key]
        if not isinstance(found, str) or not found.strip() or len(found) > MAX_TEXT:
            self.bad(key, f"1 to {MAX_TEXT} characters", found)
        # What `isprintable` passes has no letter of these categories: most text ends here.
        if not found.isprintable() and any(unicodedata.category(c) in _INVISIBLE for c in found):
            self.bad(key, "one line of visible characters", found)
        return found

    def word(self, key: str, word: Word) -> str:
        """Read a word."""
        return self._word(key, self.raw[key], word)

    def name(self, key: str) -> str:
        """Read a name."""
        return self.word(key, NAME)

    def address(self, key: str) -> str:
        """Read an address: printable ASCII without blanks."""
        return self._word(key, self.raw[key], ADDRESS)

    def code(self, key: str) -> str:
        """Read a short ASCII word: a coin, a network."""
        return self.word(key, CODE)

    def digest(self, key: str) -> DocumentId:
        """Read 32 bytes as 64 lower-case hex digits: a document's id, a txid."""
        return DocumentId(self._word(key, self.raw[key], DIGEST))

    def words(self, key: str, word: Word, *, least: int = 1) -> tuple[str, ...]:
        """Read a list of at least so many words, all distinct."""
        found = tuple(self._word(key, item, word) for item in self._list(key, least))
        if len(set(found)) != len(found):
            self.bad(key, "a list without repetition", list(found))
        return found

    def base64(self, key: str) -> bytes:
        """Read bytes in standard base64 (RFC 4648 section 4), in its one canonical form."""
        found = self.raw[key]
        with suppress(ValueError):  # binascii.Error is one, and so is text that is not ASCII
            data = base64.b64decode(found if isinstance(found, str) else "*", validate=True)
            if base64.b64encode(data).decode("ascii") == found:
                return data
        return self.bad(key, "base64", found)


def together(**kinds: Word) -> Callable[[Fields], tuple[Any, ...]]:
    """Make a reader of several words of a table, in the order given: one match instead of many.

    Each stands in a line of its own, and no word holds a line end: so the lines match together if
    each does, and only then.
    """
    take = itemgetter(*kinds)
    lines = re.compile("\n".join(f"(?:{word[0].pattern})" for word in kinds.values()))

    def read(fields: Fields) -> tuple[Any, ...]:
        found = take(fields.raw)
        try:
            fits = lines.fullmatch("\n".join(found))
        except TypeError:  # one of them is no text
            fits = None
        return found if fits else tuple(fields.word(*kind) for kind in kinds.items())

    return read
