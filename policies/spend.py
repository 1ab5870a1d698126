"""Everything that a rule may know about a transaction.

The signer's checks 1 to 7 establish these facts from the PSBT, the enrolled vault and the
approved documents; nothing here is believed on the coordinator's word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from policies.evidence import NO_EVIDENCE, Evidence
from policies.names import DocumentId, Height, Sats
from policies.quorum import Votes
from policies.withdrawal import ApprovedWithdrawal, Withdrawal


class SpentCoin(NamedTuple):
    """One coin of the vault that the transaction spends.

    Attributes:
        txid: 64 lower-case hex digits, reversed byte order.
        vout: the output's index.
        amount: from the previous transaction itself.
    """

    txid: str
    vout: int
    amount: Sats


class Output(NamedTuple):
    """One output.

    Attributes:
        address: derived from the script, in the coin's canonical notation; empty if it has none.
        script: the output script's bytes.
        amount: what it receives.
    """

    address: str
    script: bytes
    amount: Sats

    @property
    def name(self) -> str:
        """The address, or the script of an output that has none: one name for one destination."""
        return self.address or f"script {self.script.hex()}"


@dataclass(frozen=True, slots=True)
class LocalTime:
    """What the clock of the station says, which nobody vouches for.

    Attributes:
        weekday: 0 for Monday to 6 for Sunday.
        time: hours and minutes as `09:30`.
    """

    weekday: int
    time: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A withdrawal that may lack approvals, for whoever asks what would happen. Nobody signs it.

    Attributes:
        withdrawal: the document.
        votes: who has approved so far.
        policy: id of the policy that the votes were counted under.
    """

    withdrawal: Withdrawal
    votes: Votes
    policy: DocumentId


@dataclass(frozen=True, slots=True)
class Spend:
    """A transaction whose facts are established, for the rules to judge.

    Attributes:
        coin: the vault's coin.
        network: the vault's network.
        vault: the vault's id.
        height: the transaction's nLockTime.
        inputs: the coins spent, all of this vault.
        externals: outputs that leave the vault, in the transaction's order.
        change: outputs that return to it.
        fee: inputs less outputs.
        vsize: virtual bytes of the finished transaction, with 72 bytes for each signature.
        withdrawal: what it fulfils; approved, whenever a signer asks.
        history: the withdrawals before it, oldest first, at least as far back as any rule looks.
        wallets: the canonical addresses of each wallet that the policy lists, by descriptor.
        clock: the station's local time, or None where there is no station.
        evidence: the papers that the withdrawal names, not judged.
    """

    coin: str
    network: str
    vault: DocumentId
    height: Height
    inputs: tuple[SpentCoin, ...]
    externals: tuple[Output, ...]
    change: tuple[Output, ...]
    fee: Sats
    vsize: int
    withdrawal: ApprovedWithdrawal | Proposed
    history: tuple[Withdrawal, ...]
    wallets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    clock: LocalTime | None = None
    evidence: Evidence = NO_EVIDENCE

    @property
    def head(self) -> Withdrawal:
        """The withdrawal itself."""
        return self.withdrawal.withdrawal

    def since(self, blocks: int) -> list[Withdrawal]:
        """The earlier withdrawals in a window of so many blocks that ends with this one."""
        start = self.head.height - blocks
        return [earlier for earlier in self.history if earlier.height > start]


def canonical(address: str) -> str:
    """Write an address in the one way that outputs are named (BIP173: bech32 has two cases).

    A Base58 address has both cases, and one that had not would only be counted too often.
    """
    return address.lower() if address.isupper() else address
