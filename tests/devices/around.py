"""What a driver is given in tests: an officer who is not there, a memory, randomness by rote."""

from dataclasses import dataclass, field

from bus import Bus

from hw.device import Surroundings


@dataclass
class Somebody:
    """An officer.

    Attributes:
        told: what they were told, in order.
        says: the answer to every question.
        secrets: what they type, in order.
    """

    told: list[str] = field(default_factory=list)
    says: bool = True
    secrets: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Be told."""
        self.told.append(text)

    def agree(self, question: str) -> bool:
        """Agree, or not."""
        self.told.append(question)
        return self.says

    def secret(self, prompt: str) -> str:
        """Type a secret."""
        self.told.append(prompt)
        return self.secrets.pop(0)


class Notebook(dict):
    """A memory that lasts as long as the test."""

    def get(self, name: str) -> bytes:
        """What was kept."""
        return super().get(name, b"")

    def put(self, name: str, value: bytes) -> None:
        """Keep it."""
        self[name] = value


class Rote:
    """Random bytes that were recorded; then, others, the same in every run."""

    def __init__(self, *recorded: bytes):
        self._recorded = list(recorded)
        self._count = 0

    def __call__(self, size: int) -> bytes:
        """Give so many."""
        if self._recorded:
            data = self._recorded.pop(0)
            assert len(data) == size, "the driver asks for other randomness than was recorded"
            return data
        self._count += 1
        return (self._count.to_bytes(2, "big") * size)[:size]


def around(bus: Bus, *recorded: bytes, officer=None, memory=None) -> Surroundings:
    """A driver's surroundings, in the time of the bus."""
    return Surroundings(
        officer or Somebody(),
        Notebook() if memory is None else memory,
        Rote(*recorded),
        bus.pause,
    )
