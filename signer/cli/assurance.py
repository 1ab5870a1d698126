"""Whether a vault's quorums are assured to contain a signer that enforces the policy."""

from dataclasses import dataclass

from signer.core.vault import ENFORCING, Vault


@dataclass(frozen=True, slots=True)
class Assurance:
    """Whether every quorum contains a signer that enforces the policy.

    Attributes:
        enforcing: how many keys such signers hold.
        needed: n - m + 1: with that many, no m keys do without one.
    """

    enforcing: int
    needed: int

    @property
    def holds(self) -> bool:
        """Whether it is so."""
        return self.enforcing >= self.needed

    @property
    def sentence(self) -> str:
        """Say it for people."""
        count = f"{self.enforcing} enforcing, {self.needed} needed"
        if not self.holds:
            return f"NOT assured: a quorum without an enforcing signer is possible ({count})"
        spare = self.enforcing - self.needed
        survives = f", even with {spare} corrupt" if spare else ""
        return f"assured: every quorum contains an enforcing signer{survives} ({count})"


def assurance(vault: Vault) -> Assurance:
    """Count a vault's enforcing signers."""
    enforcing = sum(signer.type == ENFORCING for signer in vault.signers)
    return Assurance(enforcing, len(vault.keys) - vault.threshold + 1)
