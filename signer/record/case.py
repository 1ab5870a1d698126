"""What a command is judging: all that a receipt needs to know if it is refused."""

from dataclasses import dataclass, field

from policies.spend import LocalTime
from signer.core.journal import EMPTY
from signer.core.names import DocumentId, KeyId
from signer.record.judge import Vaults
from signer.sign.state import State


@dataclass(slots=True)
class Case:
    """What a command is judging.

    Attributes:
        command: one of `receipt.COMMANDS`.
        raw: the bytes; empty until there are some, and then there is no receipt.
        vaults: what the machine remembers.
        seq: how many lines of the journal that rests on.
        head: the hash of the last of them.
        officer: who is asked to sign, as the key is named here.
        key: that officer's public key.
        clock: what a rule may ask for.
        reading: whether bytes that cannot be read are refused (step 1) just now.
    """

    command: str
    raw: bytes = field(default=b"", repr=False)
    vaults: Vaults = field(default_factory=dict, repr=False)
    seq: int = 0
    head: DocumentId = EMPTY
    officer: str | None = None
    key: KeyId | None = None
    clock: LocalTime | None = None
    reading: bool = False

    def judges(
        self,
        raw: bytes,
        state: State,
        *,
        officer: str | None = None,
        key: KeyId | None = None,
        clock: LocalTime | None = None,
    ) -> None:
        """From here on, the file is on trial."""
        self.raw, self.vaults, self.officer, self.key = raw, state.vaults, officer, key
        self.seq, self.head = len(state.journal.entries()), state.journal.head
        self.clock = clock
