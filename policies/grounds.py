"""What a withdrawal rests on: papers that its approvers commit to by naming them.

A price sheet and a balance snapshot, by id, and where the chains of other vaults stand that share
limits with this one. They travel beside the withdrawal and are judged by the rules that need them.
"""

from dataclasses import dataclass

from policies.names import DocumentId
from policies.strict_json import Fields

MAX_NUMBER = 1_000_000
"""Of withdrawals, and of sheets: one a block for nineteen years."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where another vault's chain of withdrawals stands.

    Attributes:
        vault: its id.
        sequence: the number of its newest withdrawal; 0 if it has none yet.
        id: of that withdrawal; None if there is none.
    """

    vault: DocumentId
    sequence: int
    id: DocumentId | None


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a withdrawal names.

    Attributes:
        prices: id of the price sheet, or None.
        balances: id of the balance snapshot, or None.
        chains: of other vaults, each once.
    """

    prices: DocumentId | None = None
    balances: DocumentId | None = None
    chains: tuple[Stand, ...] = ()

    @classmethod
    def read(cls, withdrawal: Fields) -> "Grounds | None":
        """Read them out of a withdrawal, which need not have any.

        Raises:
            BadInput: anything malformed.
        """
        if "grounds" not in withdrawal.raw:
            return None
        fields = withdrawal.table("grounds", required=("prices", "balances", "chains"))
        chains = []
        for one in fields.tables("chains", required=("vault", "sequence", "id"), least=0):
            sequence = one.integer("sequence", most=MAX_NUMBER)
            if not sequence:
                one.exactly("id", None)
            chains.append(Stand(one.digest("vault"), sequence, _digest(one, "id")))
        if len({stand.vault for stand in chains}) != len(chains):
            fields.bad("chains", "each vault once", [stand.vault for stand in chains])
        return cls(_digest(fields, "prices"), _digest(fields, "balances"), tuple(chains))

    def chain(self, vault: DocumentId) -> Stand | None:
        """Where the chain of a vault stands, if it is named."""
        return next((stand for stand in self.chains if stand.vault == vault), None)


NO_GROUNDS = Grounds()


def _digest(fields: Fields, key: str) -> DocumentId | None:
    return None if fields.raw[key] is None else fields.digest(key)
