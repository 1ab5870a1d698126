"""The price sheet: what coins are worth, signed by officers and not by a server.

It is also the clock across chains: it says at which height of each chain it was made.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType

from policies import strict_json
from policies.envelope import document_id
from policies.grounds import MAX_NUMBER
from policies.names import DocumentId, Height
from policies.strict_json import DIGEST, Fields
from policies.value import UNIT

KIND = "prices"
VERSION = 1
MAX_PAPER = 1 << 16
"""Bytes of a sheet or a snapshot: a hundred vaults take 15 kB."""

MAX_HEIGHT = 499_999_999
"""As `policies/withdrawal.py` has it."""


@dataclass(frozen=True, slots=True)
class Life:
    """From when on a paper speaks of a chain, and how long.

    Attributes:
        height: of the chain when the paper was made.
        expiry: the last height for which it is used.
    """

    height: Height
    expiry: Height

    @classmethod
    def read(cls, fields: Fields) -> "Life":
        """Read it out of a table.

        Raises:
            BadInput: out of range, or it ends before it begins.
        """
        height = fields.integer("height", most=MAX_HEIGHT)
        return cls(Height(height), Height(fields.integer("expiry", least=height, most=MAX_HEIGHT)))


@dataclass(frozen=True, slots=True)
class Price:
    """What a coin is worth.

    Attributes:
        price: in the unit's smallest amount; at least 1.
        per: of so many of the coin's smallest unit.
        life: in blocks of the coin's chain.
    """

    price: int
    per: int
    life: Life

    def worth(self, amount: int) -> int:
        """What an amount of the coin is worth, rounded up."""
        return -(-amount * self.price // self.per)


@dataclass(frozen=True, slots=True)
class PriceSheet:
    """A price sheet. Whether officers have signed it, the rules say.

    Attributes:
        network: of all its coins.
        vaults: ids of the vaults that it is for.
        number: one more than that of the sheet before; a signer never goes back.
        unit: what the prices are in.
        coins: the price of each coin.
        payload: the document's bytes: as received, or our own form for one made here.
    """

    network: str
    vaults: tuple[str, ...]
    number: int
    unit: str
    coins: Mapping[str, Price]
    payload: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        coins = [
            {"coin": coin, "price": one.price, "per": one.per, **asdict(one.life)}
            for coin, one in self.coins.items()
        ]
        table = {"kind": KIND, "version": VERSION, "network": self.network, "coins": coins}
        table |= {"vaults": self.vaults, "number": self.number, "unit": self.unit}
        object.__setattr__(self, "payload", strict_json.dump(table))

    @classmethod
    def parse(cls, payload: bytes) -> "PriceSheet":
        """Read a sheet's payload.

        Raises:
            BadInput: anything missing, unknown, malformed or out of range.
        """
        fields = paper(payload, KIND, VERSION, "unit", "vaults", "coins")
        coins: dict[str, Price] = {}
        for one in fields.tables("coins", required=("coin", "price", "per", "height", "expiry")):
            price = Price(
                one.integer("price", least=1), one.integer("per", least=1), Life.read(one)
            )
            if coins.setdefault(one.code("coin"), price) is not price:
                fields.bad("coins", "each coin once", one.code("coin"))
        sheet = cls(
            fields.code("network"),
            fields.words("vaults", DIGEST),
            fields.integer("number", least=1, most=MAX_NUMBER),
            fields.word("unit", UNIT),
            MappingProxyType(coins),
        )
        object.__setattr__(sheet, "payload", payload)
        return sheet

    @property
    def id(self) -> DocumentId:
        """The document's id, over the payload's bytes."""
        return document_id(self.payload)

    def life(self, coin: str, vault: DocumentId) -> Life | None:
        """How long it speaks for a vault of some coin; None if it does not."""
        found = self.coins.get(coin)
        return found.life if found and vault in self.vaults else None


def paper(payload: bytes, kind: str, version: int, *names: str) -> Fields:
    """Read what all papers have in common.

    Raises:
        BadInput: another kind or version; keys missing or unknown.
    """
    raw = strict_json.load(payload, limit=MAX_PAPER, what=kind)
    fields = Fields(raw, kind, ("kind", "version", "network", "number", *names))
    fields.exactly("kind", kind)
    fields.exactly("version", version)
    return fields
