"""The Jade's link: requests and answers as CBOR maps, one after the other on a serial line.

There are no frames; borders of what is read mean nothing. A request is `{method, id, params}`, its
answer `{id, result}` or `{id, error}`. Debug builds mix in maps that only hold `log`: skipped, and
written nowhere. So are answers to requests that an earlier program gave up.

Of CBOR (RFC 8949) only what the messages use: integers, bytes, text, arrays, maps with text for
keys, true, false and null; definite lengths. Everything else is refused, as is a key that comes
twice and text that is no UTF-8.

Source: Blockstream/Jade, docs/index.rst and main/utils/cbor_rpc.h; recordings of firmware 1.0.40.
"""

from dataclasses import dataclass
from typing import Any, Final

from hw.errors import Garbage, TimedOut
from hw.pipe import Pipe

_NUMBER, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = range(6)  # major types
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6
_ONE_BYTE: Final = 24  # additional information: the value is in 1, 2, 4 or 8 bytes that follow
_SIZES: Final = {24: 1, 25: 2, 26: 4, 27: 8}

_LONGEST: Final = 1 << 16
"""Bytes of an answer: a piece of a PSBT has 4,096, the details of 15 cosigners some 3,000."""

_DEEPEST: Final = 8  # maps within maps: the details of a multisig have 4
_SKIPPED: Final = 10_000  # logs and stale answers before the answer: no device floods for ever


class _More(Exception):
    """No error: the rest has not come yet."""


def encode(value: Any) -> bytes:
    """Write a value; the keys of maps keep their order."""
    if value is None or isinstance(value, bool):
        return bytes(({None: _NULL, True: _TRUE, False: _FALSE}[value],))
    if isinstance(value, int):
        return _head(_NUMBER, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return _head(_BYTES, len(value)) + value
    if isinstance(value, str):
        return _head(_TEXT, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        parts = (encode(key) + encode(one) for key, one in value.items())
        return _head(_MAP, len(value)) + b"".join(parts)
    return _head(_ARRAY, len(value)) + b"".join(encode(one) for one in value)


def _head(major: int, value: int) -> bytes:
    if value < _ONE_BYTE:
        return bytes((major << 5 | value,))
    for mark, size in _SIZES.items():
        if value < 1 << 8 * size:
            return bytes((major << 5 | mark,)) + value.to_bytes(size, "big")
    raise OverflowError(value)


class _Reader:
    """Reads one value from the front of a buffer."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def value(self, depth: int = 0) -> Any:
        first = self._take(1)[0]
        if first in (_FALSE, _TRUE, _NULL):
            return {_FALSE: False, _TRUE: True, _NULL: None}[first]
        major, number = first >> 5, first & 0x1F
        if number in _SIZES:
            number = int.from_bytes(self._take(_SIZES[number]), "big")
        elif number >= _ONE_BYTE:
            raise _garbage(f"a head of {first:#x}")
        if major in (_NUMBER, _NEGATIVE):
            return number if major == _NUMBER else -1 - number
        if major > _MAP or number > _LONGEST or depth > _DEEPEST:
            raise _garbage(f"a head of {first:#x} and {number:,}")
        if major == _BYTES:
            return self._take(number)
        if major == _TEXT:
            return self._text(number)
        if major == _ARRAY:
            return [self.value(depth + 1) for _ in range(number)]
        return self._map(number, depth)

    def _map(self, count: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(count):
            key = self.value(_DEEPEST)
            if not isinstance(key, str) or key in found:
                raise _garbage("a key that is no text, or comes twice")
            found[key] = self.value(depth + 1)
        return found

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode()
        except UnicodeDecodeError:
            raise _garbage("text that is no UTF-8") from None

    def _take(self, size: int) -> bytes:
        if size > len(self._data) - self.at:
            raise _More
        self.at += size
        return self._data[self.at - size : self.at]


def decode(data: bytes) -> tuple[Any, int] | None:
    """Read the value at the front.

    Returns:
        The value, and how many bytes it took; None: the rest has not come yet.

    Raises:
        Garbage: nothing that comes can make a value of it.
    """
    reader = _Reader(data)
    try:
        return reader.value(), reader.at
    except _More:
        if len(data) > _LONGEST:
            raise _garbage("more than an answer") from None
        return None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request.

    Attributes:
        result: what it says, if `code` is 0; whoever asked checks its form.
        code: of an error, below zero.
        words: of an error.
        number: which piece of the whole this is, from 1; 0: it is the whole.
        count: how many pieces there are.
    """

    result: Any
    code: int = 0
    words: str = ""
    number: int = 0
    count: int = 0


class Link:
    """Requests and answers over a pipe.

    Args:
        pipe: to the device.
        first: the first request's number; the next ones follow. It should differ from run to run,
            so that no answer to an earlier program is taken for ours.
    """

    def __init__(self, pipe: Pipe, first: int) -> None:
        self._pipe = pipe
        self._next = first
        self._buffer = b""
        self.last = ""
        """The last request's id: 15 characters at most, which the device gives back."""

    def send(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send a request."""
        self.last = str(self._next)
        self._next += 1
        request: dict[str, Any] = {"method": method, "id": self.last}
        self._pipe.write(encode(request if params is None else {**request, "params": params}))

    def receive(self, timeout: float) -> Reply:
        """Wait for the answer to the last request.

        Raises:
            Garbage: what came is none.
            TimedOut: none came.
        """
        for _ in range(_SKIPPED):
            said = self._message(timeout)
            if "id" not in said and set(said) == {"log"}:
                continue
            reply = _reply(said)
            if said["id"] == self.last or (said["id"] == "00" and reply.code):
                return reply
        raise _garbage("no end of logs and other answers")

    def ask(self, method: str, params: dict[str, Any] | None, timeout: float) -> Reply:
        """Send a request, and wait for its answer."""
        self.send(method, params)
        return self.receive(timeout)

    def drain(self) -> None:
        """Forget what the device still had to say."""
        self._buffer = b""
        self._pipe.drain()

    def _message(self, timeout: float) -> dict[str, Any]:
        while (found := decode(self._buffer)) is None:
            try:
                self._buffer += self._pipe.read(timeout)
            except TimedOut:
                if self._buffer:
                    raise _garbage("half an answer") from None
                raise
        said, size = found
        self._buffer = self._buffer[size:]
        if not isinstance(said, dict):
            raise _garbage("something that is no answer")
        return said


def _reply(said: dict[str, Any]) -> Reply:
    number, count = said.get("seqnum", 0), said.get("seqlen", 0)
    error = said.get("error", {})
    known = set(said) <= {"id", "result", "error", "seqnum", "seqlen"}
    if (
        not known
        or not isinstance(said.get("id"), str)
        or ("result" in said) == ("error" in said)
        or not (_is_number(number) and _is_number(count))
        or not isinstance(error, dict)
    ):
        raise _garbage("an answer of another form")
    if "error" not in said:
        return Reply(said["result"], number=number, count=count)
    code, words = error.get("code"), error.get("message")
    if not isinstance(code, int) or code >= 0 or not isinstance(words, str):
        raise _garbage("an error of another form")
    return Reply(None, code, words[:200])


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _garbage(what: str) -> Garbage:
    return Garbage(
        "the Jade gave something that is no answer",
        found=what,
        hint="unplug it and plug it in again; another thing may sit on this serial port",
    )
