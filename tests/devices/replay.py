"""Plays a device's side from a recording of real firmware, and fails at the first deviating byte.

tests/devices/recordings/README.md says what the files hold.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

RECORDINGS = Path(__file__).parent / "recordings"


class Deviation(AssertionError):
    """The driver wrote something that was not recorded."""


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        out: from the host.
        data: its bytes.
    """

    out: bool
    data: bytes


@dataclass(frozen=True)
class Recording:
    """One recorded flow.

    Attributes:
        header: its first line.
        lines: the others, as they are.
    """

    header: dict
    lines: tuple[dict, ...]

    @classmethod
    def load(cls, name: str) -> "Recording":
        """Read `coldcard-05-sign-2of3`."""
        text = (RECORDINGS / f"{name}.jsonl").read_text("utf-8")
        header, *lines = (json.loads(line) for line in text.splitlines())
        return cls(header, tuple(lines))

    @property
    def frames(self) -> list[Frame]:
        """Every frame on the wire, in order."""
        return [
            Frame(line["dir"] == "out", bytes.fromhex(line["frame"]))
            for line in self.lines
            if "frame" in line
        ]

    def messages(self, field: str = "msg") -> list[Frame]:
        """The joined payloads, in order."""
        return [
            Frame(line["dir"] == "out", bytes.fromhex(line[field]))
            for line in self.lines
            if field in line
        ]


def case(vendor: str) -> dict:
    """Everything about the transaction that the recordings of a vendor sign."""
    return json.loads((RECORDINGS / f"{vendor}-case.json").read_text("utf-8"))


class Player:
    """A far side (`bus.Far`) that plays frames in order: a report as it is, a stream byte by byte.

    Args:
        frames: what is played.
        stream: whether borders of what is written and read mean nothing.
    """

    def __init__(self, frames: Iterable[Frame], *, stream: bool = False):
        self._left = [[frame.out, frame.data] for frame in frames]
        self._stream = stream

    def wrote(self, data: bytes) -> None:
        """Compare what the driver wrote with what was recorded.

        Raises:
            Deviation: it is something else.
        """
        while data:
            if not self._left or not self._left[0][0]:
                raise Deviation(f"written where the recording has nothing: {data.hex()}")
            expected = self._left[0][1]
            size = min(len(data), len(expected)) if self._stream else len(data)
            if data[:size] != expected[:size] or (not self._stream and size != len(expected)):
                raise Deviation(f"expected {expected.hex()}\n   found {data.hex()}")
            data = data[size:]
            self._take(size)

    def reads(self, size: int) -> bytes | None:
        """Give the next recorded report."""
        if not self._left or self._left[0][0]:
            return None
        count = min(size, len(self._left[0][1])) if self._stream else len(self._left[0][1])
        data = self._left[0][1][:count]
        self._take(count)
        return data

    def _take(self, size: int) -> None:
        self._left[0][1] = self._left[0][1][size:]
        if not self._left[0][1]:
            self._left.pop(0)

    @property
    def finished(self) -> bool:
        """Whether everything was played."""
        return not self._left
