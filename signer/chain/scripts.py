"""Which addresses of a vault a chain has seen, where the chain is asked script by script."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from signer.chain.answers import nonsense
from signer.core.vault import Vault

LOOKAHEAD: Final = 100
"""Unused addresses after the last used one that are still looked at. BIP44's 20 is too few for
a vault whose addresses are handed out by the sheet."""

AT_ONCE: Final = 50
"""Scripts in one question. A server at the other end of the world answers them in one round trip,
and none of those that we know counts so many against its limits."""

_MOST: Final = 20_000
"""Addresses of one branch that may be used: whoever claims more lets us derive without end."""


@dataclass(frozen=True, slots=True)
class VaultPlace:
    """A script of the vault.

    Attributes:
        branch: 0 receive, 1 change.
        index: the last step of the derivation.
        script: its scriptPubKey.
    """

    branch: int
    index: int
    script: bytes


def used(
    vault: Vault, branch: int, seen: Callable[[Sequence[bytes]], Iterable[bool]]
) -> Iterator[VaultPlace]:
    """Each used script of a branch, up to `LOOKAHEAD` unused ones in a row.

    Args:
        vault: whose.
        branch: 0 receive, 1 change.
        seen: whether the chain ever paid to each of some scripts.

    Raises:
        NodeNonsense: more are said to be used than any vault has.
    """
    index, end = 0, LOOKAHEAD
    while index < end:
        places = scripts(vault, branch, range(index, min(index + AT_ONCE, end)))
        for place, paid in zip(places, seen([one.script for one in places]), strict=True):
            if paid:
                end = place.index + 1 + LOOKAHEAD
                yield place
        index += len(places)
        if index > _MOST:
            nonsense("more addresses are said to be used than a vault has", expected=f"{_MOST}")


def scripts(vault: Vault, branch: int, indexes: Iterable[int]) -> list[VaultPlace]:
    """The scripts of a branch at some indexes."""
    return [VaultPlace(branch, at, vault.script(branch, at).script_pubkey) for at in indexes]
