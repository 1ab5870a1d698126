"""What stands in the messages' payloads: one class for each that is not empty.

Every field has a fixed size or a length before it, and its limit; nothing may follow the last one.
Text is UTF-8, and whoever shows it to a person makes it safe first.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeVar

from hw.appliance.wire import Fault, Garbled

T = TypeVar("T")

_TEXT: Final = 2048
"""Bytes of a text: the longest that a refusal found is 1,200 characters."""
_MOST_VAULTS: Final = 100
_MOST_REASONS: Final = 64
_MOST_SIGNATURES: Final = 16_384  # more inputs than fit into a block
_DEEPEST: Final = 10  # steps of a path; BIP48 has four to the account
_VAULT_ID: Final = 32
_PUBKEY: Final = 33
_LONGEST_SIGNATURE: Final = 73  # DER (BIP66) and the sighash byte


class State(IntEnum):
    """What the device is doing."""

    IDLE = 0
    WORKING = 1
    ASKING = 2
    """It waits for its officer."""


@dataclass(frozen=True, slots=True)
class HelloIs:
    """What the device says of itself.

    Attributes:
        program: name and version.
        fingerprint: of the master key that it signs with, 8 lower-case hex digits.
        vaults: ids of the vaults that it is enrolled in with this key, hex.
    """

    program: str
    fingerprint: str
    vaults: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """Write it; vaults beyond the limit are left out."""
        vaults = self.vaults[:_MOST_VAULTS]
        head = _text(self.program) + bytes.fromhex(self.fingerprint)
        return head + _u16(len(vaults)) + b"".join(map(bytes.fromhex, vaults))

    @classmethod
    def parse(cls, payload: bytes) -> "HelloIs":
        """Read it.

        Raises:
            Garbled: it is something else.
        """
        fields = _Fields(payload)
        program, fingerprint = fields.text(), fields.take(4).hex()
        count = fields.count(_MOST_VAULTS)
        return fields.whole(
            cls(program, fingerprint, tuple(fields.take(_VAULT_ID).hex() for _ in range(count)))
        )


@dataclass(frozen=True, slots=True)
class Xpub:
    """Asks for the extended public key of an enrolled vault at this path.

    Attributes:
        path: from the master key; hardened steps have bit 31 set.
    """

    path: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Write it."""
        return _u16(len(self.path)) + b"".join(step.to_bytes(4, "big") for step in self.path)

    @classmethod
    def parse(cls, payload: bytes) -> "Xpub":
        """Read it.

        Raises:
            Garbled: it is something else.
        """
        fields = _Fields(payload)
        count = fields.count(_DEEPEST)
        return fields.whole(cls(tuple(fields.u32() for _ in range(count))))


@dataclass(frozen=True, slots=True)
class Address:
    """Asks to show an address on the device's screen.

    Attributes:
        vault: its id, hex.
        branch: 0 receive, 1 change.
        index: on that branch.
    """

    vault: str
    branch: int
    index: int

    def to_bytes(self) -> bytes:
        """Write it."""
        place = self.branch.to_bytes(4, "big") + self.index.to_bytes(4, "big")
        return bytes.fromhex(self.vault) + place

    @classmethod
    def parse(cls, payload: bytes) -> "Address":
        """Read it.

        Raises:
            Garbled: it is something else.
        """
        fields = _Fields(payload)
        return fields.whole(cls(fields.take(_VAULT_ID).hex(), fields.u32(), fields.u32()))


@dataclass(frozen=True, slots=True)
class Line:
    """An answer that is one text: an extended key, or an address."""

    text: str

    def to_bytes(self) -> bytes:
        """Write it."""
        return _text(self.text)

    @classmethod
    def parse(cls, payload: bytes) -> "Line":
        """Read it.

        Raises:
            Garbled: it is something else.
        """
        fields = _Fields(payload)
        return fields.whole(cls(fields.text()))


@dataclass(frozen=True, slots=True)
class Cancel:
    """Takes back a request. Id 0: whatever is going on."""

    id: int

    def to_bytes(self) -> bytes:
        """Write it."""
        return self.id.to_bytes(4, "big")

    @classmethod
    def parse(cls, payload: bytes) -> "Cancel":
        """Read it.

        Raises:
            Garbled: it is something else.
        """
        fields = _Fields(payload)
        return fields.whole(cls(fields.u32()))


@dataclass(frozen=True, slots=True)
class StatusIs:
    """What the device is doing.

    Attributes:
        state: in a word.
        id: of the request that it is at, or 0.
    """

    state: State
    id: int

    def to_bytes(self) -> bytes:
        """Write it."""
        return bytes((self.state,)) + self.id.to_bytes(4, "big")

    @classmethod
    def parse(cls, payload: bytes) -> "StatusIs":
        """Read it.

        Raises:
            Garbled: it is something else.
        """
        fields = _Fields(payload)
        code = fields.take(1)[0]
        if code not in {state.value for state in State}:
            raise Garbled(Fault.MALFORMED, f"no such state: {code}")
        return fields.whole(cls(State(code), fields.u32()))


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature.

    Attributes:
        input: its index.
        pubkey: compressed, 33 bytes.
        signature: DER and the sighash byte.
    """

    input: int
    pubkey: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """The signatures of one transaction, at most one for each input, in the order of inputs."""

    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        """Write it."""
        return _u16(len(self.signatures)) + b"".join(
            _u16(one.input) + one.pubkey + bytes((len(one.signature),)) + one.signature
            for one in self.signatures
        )

    @classmethod
    def parse(cls, payload: bytes) -> "Signed":
        """Read it.

        Raises:
            Garbled: it is something else.
        """
        fields = _Fields(payload)
        found: list[Signature] = []
        for _ in range(fields.count(_MOST_SIGNATURES)):
            place, pubkey = fields.u16(), fields.take(_PUBKEY)
            size = fields.take(1)[0]
            if size > _LONGEST_SIGNATURE:
                raise Garbled(Fault.MALFORMED, f"a signature of {size} bytes")
            if found and place <= found[-1].input:
                raise Garbled(Fault.MALFORMED, "signatures are not in the order of inputs")
            found.append(Signature(place, pubkey, fields.take(size)))
        return fields.whole(cls(tuple(found)))


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a refusal.

    Attributes:
        step: number of the check, 1 to 11.
        rule: its dotted name.
        what: one line.
        fault: who has to act, in a word.
        expected: what it wanted, or empty.
        found: what it saw, or empty.
        hint: what to do, or empty.
    """

    step: int
    rule: str
    what: str
    fault: str
    expected: str = ""
    found: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The signer's checks, or its officer, said no. Nothing was signed.

    Attributes:
        digest: SHA-256 of what was to be signed, hex.
        reasons: at least one.
    """

    digest: str
    reasons: tuple[Reason, ...]

    def to_bytes(self) -> bytes:
        """Write it; reasons beyond the limit are left out, texts beyond it cut."""
        reasons = self.reasons[:_MOST_REASONS]
        return (
            bytes.fromhex(self.digest)
            + _u16(len(reasons))
            + b"".join(
                bytes((one.step,))
                + b"".join(
                    map(
                        _text,
                        (one.rule, one.what, one.fault, one.expected, one.found, one.hint),
                    )
                )
                for one in reasons
            )
        )

    @classmethod
    def parse(cls, payload: bytes) -> "Refused":
        """Read it.

        Raises:
            Garbled: it is something else.
        """
        fields = _Fields(payload)
        digest = fields.take(32).hex()
        count = fields.count(_MOST_REASONS)
        if not count:
            raise Garbled(Fault.MALFORMED, "a refusal without a reason")
        reasons = tuple(
            Reason(fields.take(1)[0], *(fields.text() for _ in range(6))) for _ in range(count)
        )
        return fields.whole(cls(digest, reasons))


@dataclass(frozen=True, slots=True)
class Failed:
    """The request came to nothing.

    Attributes:
        fault: why.
        what: one line.
    """

    fault: Fault
    what: str

    def to_bytes(self) -> bytes:
        """Write it."""
        return bytes((self.fault,)) + _text(self.what)

    @classmethod
    def parse(cls, payload: bytes) -> "Failed":
        """Read it.

        Raises:
            Garbled: it is something else.
        """
        fields = _Fields(payload)
        code = fields.take(1)[0]
        if code not in {fault.value for fault in Fault}:
            raise Garbled(Fault.MALFORMED, f"no such fault: {code}")
        return fields.whole(cls(Fault(code), fields.text()))


class _Fields:
    """Reads a payload from its start to its end."""

    def __init__(self, payload: bytes) -> None:
        self._rest = memoryview(payload)

    def take(self, size: int) -> bytes:
        if size > len(self._rest):
            raise Garbled(Fault.MALFORMED, "the payload is cut short")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def count(self, most: int) -> int:
        count = self.u16()
        if count > most:
            raise Garbled(Fault.MALFORMED, f"{count}, and at most {most} are allowed")
        return count

    def text(self) -> str:
        size = self.count(_TEXT)
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise Garbled(Fault.MALFORMED, "a text is not utf-8") from None

    def whole(self, value: T) -> T:
        if self._rest:
            raise Garbled(Fault.MALFORMED, "bytes after the last field")
        return value


def _u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _text(text: str) -> bytes:
    """A length and UTF-8; too long a text is cut between two characters."""
    raw = text.encode(errors="backslashreplace")[:_TEXT].decode(errors="ignore").encode()
    return _u16(len(raw)) + raw
