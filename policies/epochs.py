"""Which policy a signer trusts, and how it comes to trust the next (step 5).

1. The first policy is trusted because a person compares its id and says so (enrolment), and only
   if its own admins' quorum signed it.
2. The next has epoch + 1, names the id of the one before, and is for the same vault.
3. It is signed by the quorum of the admins before it *and* by its own: the old ones let it in, the
   new ones show that they hold their keys.
4. It takes effect at least the `loosening_delay` of the one before after that one did. Every
   change waits so: while nothing tells tighter from looser, any change counts as looser.
5. From the moment that it is trusted, the one before is dead. So tightening acts at once: until
   the new one takes effect, nothing is paid.

All of this depends on the documents alone, so that every signer comes to the same end whenever
it learns of them. A signer never goes back.
"""

from collections.abc import Sequence
from dataclasses import InitVar, dataclass

from policies.envelope import Envelope
from policies.errors import Fault, Refusal, Refused
from policies.policy import KIND, Policy
from policies.quorum import Tally, tally

_STEP = 5
_CHECKED = object()


@dataclass(frozen=True, slots=True)
class TrustedPolicy:
    """The policy in force. Only `trust_first` and `advance` make one.

    Attributes:
        policy: the document.
        envelope: its bytes and signatures.
        tally: its own admins who signed it.
    """

    policy: Policy
    envelope: Envelope
    tally: Tally
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _CHECKED:
            raise TypeError("only trust_first and advance make a trusted policy")

    def advance(self, envelope: Envelope) -> "TrustedPolicy":
        """Trust the next epoch.

        Raises:
            BadInput: not a policy.
            Refused: not the next one, or not signed by both quorums.
        """
        old, new = self.policy, _policy(envelope)
        start = old.activation_height + old.loosening_delay
        checks = (
            ("rollback", new.epoch > old.epoch, f"after epoch {old.epoch}", f"epoch {new.epoch}"),
            ("skipped", new.epoch <= old.epoch + 1, f"epoch {old.epoch + 1}", f"epoch {new.epoch}"),
            ("previous", new.previous == old.id, old.id, str(new.previous)),
            ("vault", new.vault == old.vault, old.vault, new.vault),
            ("coin", new.coin == old.coin, old.coin, new.coin),
            ("network", new.network == old.network, old.network, new.network),
            ("activation", new.activation_height >= start, start, new.activation_height),
        )
        for rule, passed, expected, found in checks:
            if not passed:
                raise _refused(rule, str(expected), str(found))
        _quorum("old_quorum", old, envelope)
        return TrustedPolicy(new, envelope, _quorum("new_quorum", new, envelope), _CHECKED)

    def follow(self, envelopes: Sequence[Envelope]) -> "TrustedPolicy":
        """Catch up along the policies that a transaction brought, oldest first.

        Each names the one before by id, so that no stranger hides among those that are older than
        the one in force; the last must be the one in force in the end.

        Raises:
            BadInput: one of them is not a policy.
            Refused: as `advance`; or they end before the policy in force, or beside it.
        """
        trusted, before = self, None
        for envelope in envelopes:
            offered = _policy(envelope)
            if before and offered.previous != before.id:
                raise _refused("previous", before.id, str(offered.previous))
            if offered.epoch > trusted.policy.epoch:
                trusted = trusted.advance(envelope)
            before = offered
        if before is None or before.id != trusted.policy.id:
            raise _refused(
                "rollback",
                f"epoch {trusted.policy.epoch}, {trusted.policy.id}",
                f"epoch {before.epoch}, {before.id}" if before else "no policy",
            )
        return trusted


def trust_first(envelope: Envelope) -> TrustedPolicy:
    """Trust the policy that a person vouches for, or that this signer stored before.

    Raises:
        BadInput: not a policy.
        Refused: its own admins' quorum has not signed it.
    """
    policy = _policy(envelope)
    return TrustedPolicy(policy, envelope, _quorum("new_quorum", policy, envelope), _CHECKED)


def count_admins(admins_of: Policy, envelope: Envelope) -> Tally:
    """Count the admins of one policy who signed the policy in an envelope."""
    envelope.expect(KIND)
    keys = envelope.valid_keys(admins_of.officers.values())
    return tally(admins_of.admins, admins_of.officers, keys)


def _policy(envelope: Envelope) -> Policy:
    envelope.expect(KIND)
    return Policy.parse(envelope.payload)


def _quorum(rule: str, admins_of: Policy, envelope: Envelope) -> Tally:
    votes = count_admins(admins_of, envelope)
    if not votes.reached:
        raise _refused(
            rule,
            f"{votes.threshold} of {', '.join(votes.eligible)} (epoch {admins_of.epoch})",
            ", ".join(votes.signed) or "none",
        )
    return votes


_TEXT = {
    "rollback": "the policy is not the one in force: this signer never goes back",
    "skipped": "a policy in between is missing",
    "previous": "the policy does not follow from the one before it",
    "activation": "the policy takes effect too early",
    "old_quorum": "too few admins of the policy before have signed it",
    "new_quorum": "too few of its own admins have signed the policy",
}


def _refused(rule: str, expected: str, found: str) -> Refused:
    return Refused(
        Refusal(
            _STEP,
            f"policy.{rule}",
            _TEXT.get(rule, f"the policy is for another {rule}"),
            Fault.COORDINATOR,
            expected,
            found,
            "give every policy in order, each with its admins' signatures",
        )
    )
