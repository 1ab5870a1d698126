"""How much of the chain of withdrawals a transaction carries along.

Enough for the policy's windows, which count only what is carried; and enough for the signers, each
of whom verifies the links from the last one that it knows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from policies.withdrawal import Withdrawal

ALWAYS = 100
"""Withdrawals that are carried in any case: about 60 kB."""

MOST = 1_000
"""Withdrawals that are carried for a signer that was away. One that was away for longer takes a
history file (`coldquorum request export-history`)."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What travels with a withdrawal.

    Attributes:
        links: the withdrawals before it, oldest first, without gaps.
        behind: officers whose signers will want a history file first, as far as is known.
    """

    links: tuple[Withdrawal, ...]
    behind: tuple[str, ...]


def carried(
    head: Withdrawal,
    earlier: Sequence[Withdrawal],
    window: int,
    officers: Collection[str],
    known: Mapping[str, int],
) -> Carried:
    """Choose what to carry along.

    Args:
        head: the withdrawal that is built.
        earlier: all before it, from the vault's first on.
        window: blocks that the policy looks back at most.
        officers: of the vault.
        known: the newest withdrawal that each officer has signed; none if missing.
    """
    inside = sum(link.height > head.height - window for link in earlier)
    needed = [len(earlier) - inside, len(earlier) - ALWAYS + 1]
    needed += [link.sequence for link in earlier if link.id == head.voids]
    needed += [newest + 1 for newest in known.values() if newest + MOST > len(earlier)]
    first = max(1, min(needed))
    behind = tuple(name for name in officers if known.get(name, 0) < first - 1)
    return Carried(tuple(earlier[first - 1 :]), behind)
