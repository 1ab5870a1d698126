"""The balance snapshot: what lies hot and what lies cold, as officers have seen and signed it.

A signer has no network and cannot know a balance. What a quorum has signed it can hold on to.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType

from policies import strict_json
from policies.envelope import document_id
from policies.grounds import MAX_NUMBER
from policies.names import DocumentId, Sats
from policies.prices import Life, paper

KIND = "balances"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Cold:
    """What a vault holds.

    Attributes:
        coin: the vault's.
        amount: what lies in it.
        sequence: withdrawals up to this number have arrived, and are in the amounts, or never
            will; the later ones are counted from the chain.
        life: in blocks of the coin's chain.
    """

    coin: str
    amount: Sats
    sequence: int
    life: Life


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A balance snapshot. Whether officers have signed it, the rules say.

    Attributes:
        network: of all its coins.
        number: one more than that of the snapshot before; a signer never goes back.
        hot: what lies in hot wallets, by coin.
        cold: what lies in each vault, by its id.
        payload: the document's bytes: as received, or our own form for one made here.
    """

    network: str
    number: int
    hot: Mapping[str, Sats]
    cold: Mapping[DocumentId, Cold]
    payload: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        hot = [{"coin": coin, "amount": amount} for coin, amount in self.hot.items()]
        cold = [
            {"vault": vault, "coin": one.coin, "amount": one.amount, "sequence": one.sequence}
            | asdict(one.life)
            for vault, one in self.cold.items()
        ]
        table = {"kind": KIND, "version": VERSION, "network": self.network, "number": self.number}
        object.__setattr__(self, "payload", strict_json.dump({**table, "hot": hot, "vaults": cold}))

    @classmethod
    def parse(cls, payload: bytes) -> "Snapshot":
        """Read a snapshot's payload.

        Raises:
            BadInput: anything missing, unknown, malformed or out of range.
        """
        fields = paper(payload, KIND, VERSION, "hot", "vaults")
        hot = fields.tables("hot", required=("coin", "amount"))
        names = ("vault", "coin", "amount", "sequence", "height", "expiry")
        cold = fields.tables("vaults", required=names)
        snapshot = cls(
            fields.code("network"),
            fields.integer("number", least=1, most=MAX_NUMBER),
            MappingProxyType({one.code("coin"): Sats(one.integer("amount")) for one in hot}),
            MappingProxyType(
                {
                    one.digest("vault"): Cold(
                        one.code("coin"),
                        Sats(one.integer("amount")),
                        one.integer("sequence", most=MAX_NUMBER),
                        Life.read(one),
                    )
                    for one in cold
                }
            ),
        )
        if (len(snapshot.hot), len(snapshot.cold)) != (len(hot), len(cold)):
            fields.bad("hot and vaults", "each coin, and each vault, once", "one twice")
        object.__setattr__(snapshot, "payload", payload)
        return snapshot

    @property
    def id(self) -> DocumentId:
        """The document's id, over the payload's bytes."""
        return document_id(self.payload)

    def life(self, coin: str, vault: DocumentId) -> Life | None:
        """How long it speaks for a vault of some coin; None if it does not."""
        found = self.cold.get(vault)
        return found.life if found and found.coin == coin else None
