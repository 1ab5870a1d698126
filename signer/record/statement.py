"""Whether an officer's signature under a price sheet or a balance snapshot is worth anything."""

from dataclasses import dataclass

from policies.balances import Snapshot
from policies.envelope import Envelope
from policies.gather import READERS
from policies.policy import Policy
from policies.prices import PriceSheet
from policies.quorum import Votes
from policies.rules.stated import Stated
from policies.withdrawal import count_votes
from signer.core.errors import BadInput, Fault, Refusal, Refused
from signer.core.names import KeyId
from signer.core.vault import Vault
from signer.record.judge import called
from signer.sign.state import State

EVENT = "paper"
"""The journal's line of a paper that was signed here."""

_APPROVALS = 6


@dataclass(frozen=True, slots=True)
class Counting:
    """A vault whose signers count with a paper.

    Attributes:
        vault: the vault.
        policy: that governs it now.
        rule: that says who signs the paper.
    """

    vault: Vault
    policy: Policy
    rule: Stated


@dataclass(frozen=True, slots=True)
class Statement:
    """A paper that an officer may sign.

    Attributes:
        paper: the document.
        officer: what the policies call the signer.
        counting: the vaults known here that count with it, at least one.
    """

    paper: PriceSheet | Snapshot
    officer: str
    counting: tuple[Counting, ...]

    @property
    def vault(self) -> Vault:
        """The first of the vaults."""
        return self.counting[0].vault

    def counted(self, envelope: Envelope) -> list[tuple[str, Votes]]:
        """Who has signed, by the name of each vault."""
        return [
            (
                one.vault.name,
                count_votes(envelope, one.policy, one.rule.require, frozenset(one.policy.revoked)),
            )
            for one in self.counting
        ]


def statement(envelope: Envelope, state: State, officer: str, key: KeyId) -> Statement:
    """Find whether signers would count an officer's signature under a paper.

    Args:
        envelope: the paper.
        state: what this machine remembers.
        officer: what the key is called here.
        key: the officer's public key.

    Raises:
        BadInput: not a paper, or it is for no vault that is enrolled here.
        Refused: the officer does not sign such papers; or another one of that number, or of a
            later one, was signed here.
    """
    paper = READERS[envelope.kind](envelope.payload)
    counting = []
    for memory in state.vaults.values():
        enrolment = memory.enrolment
        vault, policy = enrolment.vault, enrolment.governing(enrolment.known.height).policy
        if paper.life(vault.coin, vault.id) and paper.network == vault.network:
            rules = (rule for rule in policy.rules if isinstance(rule, Stated))
            mine = (rule for rule in rules if envelope.kind == rule.KIND)
            counting += [Counting(vault, policy, rule) for rule in mine]
    if not counting:
        raise BadInput(
            f"these {envelope.kind} are for no vault here that counts with them",
            fault=Fault.OFFICER,
            hint="enrol the vault first: `coldsign enrol VAULT --policy FILE --officer-only`",
        )
    _check_number(envelope, paper, state)
    for one in counting:
        name = called(one.policy.officers, key)
        roles = (one.policy.roles[demand.role] for demand in one.rule.require)
        if name not in one.policy.revoked and any(name in role.members for role in roles):
            return Statement(paper, name, tuple(counting))
    raise Refused(
        Refusal(
            _APPROVALS,
            f"{counting[0].rule.NAME}.officer",
            f"{officer} does not sign {envelope.kind} under the policy",
            Fault.OFFICER,
            expected=", ".join(f"{d.count} of {d.role}" for d in counting[0].rule.require),
            found=officer,
            hint="let those sign whom the policy names",
        )
    )


def _check_number(envelope: Envelope, paper: PriceSheet | Snapshot, state: State) -> None:
    """Two papers of one number, or an older one anew, are how prices are played with."""
    for entry in state.journal.entries():
        said = entry.fields
        if entry.event != EVENT or said.get("kind") != envelope.kind:
            continue
        number, before = int(said["number"]), str(said["paper"])
        if paper.number < number or (paper.number == number and paper.id != before):
            raise Refused(
                Refusal(
                    _APPROVALS,
                    f"{envelope.kind}.older",
                    f"{envelope.kind} {number} were signed here already",
                    Fault.COORDINATOR,
                    expected=f"a number above {number}",
                    found=f"number {paper.number}, {paper.id}",
                    hint="make them anew with the next number",
                )
            )
