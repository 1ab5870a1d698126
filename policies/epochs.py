"""Which policy a signer trusts, how it comes to trust the next, and from when on (step 5).

1. The first policy is trusted because a person compares its id and says so (enrolment), and only
   if its own admins' quorum signed it.
2. The next has epoch + 1, names the id of the one before, and is for the same vault.
3. It is signed by the quorum of the admins before it *and* by its own: the old ones let it in, the
   new ones show that they hold their keys.
4. If nothing in it is looser, it acts at once: the one before is dead as soon as this one is
   trusted, whatever heights are claimed. A freeze is such a policy.
5. If anything is looser, or nobody can tell, it *waits*: it takes effect `loosening_delay` blocks
   after the height at which it says that it was proposed, and until then the one before governs.
   It may not take effect before one that waits, unless it is tighter than what it passes by.
6. What it lists as a new destination is listed from its activation on, so that it cools.
7. The proposed height is the admins' word. So a signer that meets a waiting policy in a
   transaction counts the delay from the heights that it has verified itself, unless an officer
   has read the changes and accepted them (`coldsign policy accept`).

All but 7 depends on the documents alone, so that every signer comes to the same end whenever it
learns of them. A signer never goes back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass

from policies.change import Change, Direction, loosens
from policies.envelope import Envelope
from policies.errors import Fault, Refusal, Refused
from policies.names import Height
from policies.policy import KIND, Policy
from policies.quorum import Tally, tally
from policies.rules import RULES, Destinations
from policies.rules.rule import changed

_STEP = 5
_CHECKED = object()


@dataclass(frozen=True, slots=True)
class TrustedPolicy:
    """A policy that the quorums have signed. Only `trust_first` and `advance` make one.

    Attributes:
        policy: the document.
        envelope: its bytes and signatures.
        before: the one that it follows, or None for the first.
        changes: what differs from that one, and from those that it passes by.
    """

    policy: Policy
    envelope: Envelope
    before: "TrustedPolicy | None"
    changes: tuple[Change, ...]
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _CHECKED:
            raise TypeError("only trust_first and advance make a trusted policy")

    @property
    def waits(self) -> bool:
        """Whether it takes effect at its activation height only."""
        return loosens(self.changes)

    def at(self, height: Height) -> "TrustedPolicy":
        """The policy that governs a withdrawal of some height."""
        return self._from(height)[-1]

    def changes_to(self, new: Policy, since: Height | None = None) -> tuple[Change, ...]:
        """What the next policy would change, if it may be the next at all, signatures aside.

        Args:
            new: the next policy.
            since: the height that this signer has verified, if nobody has read the changes; None
                if an officer has.

        Raises:
            Refused: it does not follow this one, or would take effect too early.
        """
        old = self.policy
        checks = (
            ("rollback", new.epoch > old.epoch, f"after epoch {old.epoch}", f"epoch {new.epoch}"),
            ("skipped", new.epoch <= old.epoch + 1, f"epoch {old.epoch + 1}", f"epoch {new.epoch}"),
            ("previous", new.previous == old.id, old.id, str(new.previous)),
            ("vault", new.vault == old.vault, old.vault, new.vault),
            ("coin", new.coin == old.coin, old.coin, new.coin),
            ("network", new.network == old.network, old.network, new.network),
        )
        for rule, passed, expected, found in checks:
            if not passed:
                raise _refused(rule, expected, found)
        passed_by = [one.policy for one in self._from(new.activation_height)]
        changes = tuple(dict.fromkeys(c for one in passed_by for c in compare(one, new)))
        delay = max(one.loosening_delay for one in passed_by)
        for rule, height in (("activation", new.proposed_height), ("delay", since)):
            if loosens(changes) and height is not None and new.activation_height < height + delay:
                raise _refused(
                    rule, f"height {height + delay} or later", f"height {new.activation_height}"
                )
        early = [name for one in passed_by for name in _destinations(new, one)]
        if early:
            raise _refused(
                "since", f"listed since height {new.activation_height} or later", early[0]
            )
        return changes

    def advance(self, envelope: Envelope, since: Height | None = None) -> "TrustedPolicy":
        """Trust the next epoch; `since` is as for `changes_to`.

        Raises:
            BadInput: not a policy.
            Refused: not the next one, looser too early, or not signed by both quorums.
        """
        new = _policy(envelope)
        changes = self.changes_to(new, since)
        _quorum("old_quorum", self.policy, envelope)
        _quorum("new_quorum", new, envelope)
        return TrustedPolicy(new, envelope, self, changes, _CHECKED)

    def follow(
        self, envelopes: Sequence[Envelope], seen: Mapping[str, Height] | None = None
    ) -> "TrustedPolicy":
        """Catch up along the policies that a transaction brought, oldest first.

        Each names the one before by id, so that no stranger hides among those that are older than
        the newest here; the last must be the newest in the end or, while that one waits, one that
        may still govern.

        Args:
            envelopes: every policy since one that is trusted.
            seen: heights that this signer has verified, by the id of the policy under which they
                were withdrawn, or by anything else; None if an officer has read the changes.

        Raises:
            BadInput: one of them is not a policy.
            Refused: as `advance`; or they end beside what is trusted, or before it.
        """
        trusted, before = self, None
        for at, envelope in enumerate(envelopes):
            offered = _policy(envelope)
            if before and offered.previous != before.id:
                raise _refused("previous", before.id, str(offered.previous))
            if offered.epoch > trusted.policy.epoch:
                newer = {one.id for one in envelopes[at:]}
                heights = [height for policy, height in (seen or {}).items() if policy not in newer]
                trusted = trusted.advance(envelope, None if seen is None else max(heights))
            before = offered
        alive: TrustedPolicy | None = trusted
        while alive and (before is None or before.id != alive.policy.id):
            alive = alive.before if alive.waits else None
        if alive is None:
            raise _refused(
                "rollback",
                f"epoch {trusted.policy.epoch}, {trusted.policy.id}",
                f"epoch {before.epoch}, {before.id}" if before else "no policy",
            )
        return trusted

    def _from(self, height: Height) -> "list[TrustedPolicy]":
        """This policy, and those before it back to the one that governs some height."""
        found = [self]
        while (one := found[-1]).before and one.waits and height < one.policy.activation_height:
            found.append(one.before)
        return found


def trust_first(envelope: Envelope) -> TrustedPolicy:
    """Trust the policy that a person vouches for, or that this signer stored before.

    Raises:
        BadInput: not a policy.
        Refused: its own admins' quorum has not signed it.
    """
    policy = _policy(envelope)
    _quorum("new_quorum", policy, envelope)
    return TrustedPolicy(policy, envelope, None, (), _CHECKED)


def count_admins(admins_of: Policy, envelope: Envelope) -> Tally:
    """Count the admins of one policy who signed the policy in an envelope."""
    envelope.expect(KIND)
    keys = envelope.valid_keys(admins_of.officers.values())
    return tally(admins_of.admins, admins_of.officers, keys)


def compare(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Everything that differs between two policies of a vault but for their place in time."""
    found = [
        *_compare_people(old, new),
        *(c for name in old.roles.keys() & new.roles.keys() for c in _compare_role(name, old, new)),
    ]
    if old.loosening_delay != new.loosening_delay:
        found.append(
            changed(
                "loosening_delay",
                f"{old.loosening_delay} blocks",
                f"{new.loosening_delay} blocks",
                tighter=new.loosening_delay > old.loosening_delay,
            )
        )
    for name, kind in RULES.items():
        before, after = (next((r for r in p.rules if type(r) is kind), None) for p in (old, new))
        if before and after:
            found += before.compare(after)
        elif before or after:
            words = ("; ".join(rule.explain()) if rule else "" for rule in (before, after))
            found.append(changed(f"rules.{name}", *words, tighter=bool(after) != kind.GRANTS))
    return tuple(sorted(found, key=lambda change: change.path))


def _compare_people(old: Policy, new: Policy) -> Iterator[Change]:
    """Whose keys count: another key is another person until proven otherwise."""
    for name in old.officers.keys() | new.officers.keys():
        before, after = (policy.officers.get(name, "") for policy in (old, new))
        if before != after:
            yield changed(f"officers.{name}", before, after, tighter=not after)
    for name in {*old.revoked} ^ {*new.revoked}:
        words = ("revoked" if name in policy.revoked else "" for policy in (old, new))
        yield changed(f"revoked.{name}", *words, tighter=name in new.revoked)
    for name in old.roles.keys() ^ new.roles.keys():
        # A role alone decides nothing: the rule that names it says which way that points.
        yield Change(f"roles.{name}", _members(old, name), _members(new, name), Direction.NEUTRAL)


def _compare_role(name: str, old: Policy, new: Policy) -> Iterator[Change]:
    before, after = old.roles[name], new.roles[name]
    for member in {*before.members} ^ {*after.members}:
        words = (member if member in role.members else "" for role in (before, after))
        yield changed(f"roles.{name}.members", *words, tighter=member in before.members)
    if before.threshold != after.threshold:
        yield changed(
            f"roles.{name}.threshold",
            str(before.threshold),
            str(after.threshold),
            tighter=after.threshold > before.threshold,
        )


def _destinations(new: Policy, old: Policy) -> tuple[str, ...]:
    """New destinations that claim to have been listed before their policy takes effect."""
    after, before = (
        next((r for r in p.rules if isinstance(r, Destinations)), None) for p in (new, old)
    )
    return after.early(before, new.activation_height) if after else ()


def _members(policy: Policy, role: str) -> str:
    found = policy.roles.get(role)
    return f"{found.threshold} of {', '.join(found.members)}" if found else ""


def _policy(envelope: Envelope) -> Policy:
    envelope.expect(KIND)
    return Policy.parse(envelope.payload)


def _quorum(rule: str, admins_of: Policy, envelope: Envelope) -> None:
    votes = count_admins(admins_of, envelope)
    if not votes.reached:
        raise _refused(
            rule,
            f"{votes.threshold} of {', '.join(votes.eligible)} (epoch {admins_of.epoch})",
            ", ".join(votes.signed) or "none",
        )


_HINT = "give every policy in order, each with its admins' signatures"
_ACCEPT = "an officer may read what it changes, and accept it: `coldsign policy accept FILE`"

_TEXT = {
    "rollback": "the policy is not the one in force: this signer never goes back",
    "skipped": "a policy in between is missing",
    "previous": "the policy does not follow from the one before it",
    "activation": "the policy loosens, and takes effect too early",
    "delay": "the policy loosens, too soon after what was withdrawn under the one before",
    "since": "a new destination claims to be an old one: its cooling period would be skipped",
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
            _ACCEPT if rule == "delay" else _HINT,
        )
    )
