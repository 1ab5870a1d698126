"""Which addresses of a vault the embedded regtest has seen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from signer.core.vault import Vault

LOOKAHEAD: Final = 100
"""Unused addresses after the last used one that are still looked at. BIP44's 20 is too few for
a vault whose addresses are handed out by the sheet."""


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


def used(vault: Vault, branch: int, seen: Callable[[bytes], bool]) -> Iterator[VaultPlace]:
    """Each used script of a branch, up to `LOOKAHEAD` unused ones in a row.

    Args:
        vault: whose.
        branch: 0 receive, 1 change.
        seen: whether the chain ever paid to a script.
    """
    index, end = 0, LOOKAHEAD
    while index < end:
        script = vault.script(branch, index).script_pubkey
        if seen(script):
            end = index + 1 + LOOKAHEAD
            yield VaultPlace(branch, index, script)
        index += 1
