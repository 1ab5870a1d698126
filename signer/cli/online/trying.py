"""`coldquorum policy try`: what would happen to a withdrawal, and why. It takes no key."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.online.explaining import named_policy
from signer.cli.online.requests import Documents, given
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.decide import Passed
    from policies.envelope import Envelope
    from policies.errors import Refusal
    from policies.evidence import Evidence
    from policies.policy import Policy
    from policies.quorum import Votes
    from policies.spend import Proposed, Spend
    from policies.withdrawal import Withdrawal
    from signer.core.vault import Vault
    from signer.sign.facts import Facts

_ROLE = ".role"
"""How the refusals end that more approvals would lift."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What signers would say who know what is known here.

    Attributes:
        policy: that judged.
        votes: so far.
        refusals: every reason against it but missing approvals.
        passed: the rules that have nothing against it.
        warnings: what they find worth a second look.
        built: whether a transaction was judged, or the request alone.
    """

    policy: "Policy"
    votes: "Votes"
    refusals: "tuple[Refusal, ...]"
    passed: "tuple[Passed, ...]"
    warnings: tuple[str, ...]
    built: bool

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.refusals:
            return "refused"
        return "allowed" if self.votes.reached else "needs approvals"


def try_(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE|ID", help="Its files, or VAULT/NUMBER, or its id."),
    ],
    *,
    psbt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The transaction built for it.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(metavar="FILE|ID", help="Another policy than the one that governs it."),
    ] = None,
    documents: Documents = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Say what signers would do with a withdrawal, and why. It takes no key.

    Without --psbt the request alone is judged: not yet its fee, its coins and its change. Another
    policy may be one that nobody has signed, to see what it would do.
    """
    from signer.cli.online import grounding, inbox
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with Store(here.home) as store:
        inbox.keep(store, documents or ())
        stored = given(store, files)
        head = stored.withdrawal
        vault = store.vault(head.vault).vault
        chain = [link.withdrawal for link in store.withdrawals(vault.id)][: head.sequence - 1]
        if policy is None:
            judge = inbox.policy_in_force(store, vault.id).at(head.height).policy
        else:
            judge = named_policy(store, policy, None)
            head = replace(head, policy=judge.id)  # as if it had been asked under that one
        evidence = grounding.evidence(store, head, judge)
    facts, found = _facts(psbt, stored.withdrawal, vault)
    trial = _judged(head, stored.envelope, judge, chain, evidence, facts=facts, found=found)
    here.emit(_data(trial), "\n".join(_text(trial, f"{vault.name}/{head.sequence}")))


def _facts(
    psbt: Path | None, head: "Withdrawal", vault: "Vault"
) -> "tuple[Facts | None, tuple[Refusal, ...]]":
    """Steps 1 to 4: what the transaction does, or why signers would not go on.

    Raises:
        BadInput: the file is no PSBT, or is for another withdrawal.
    """
    from signer.carry.file import read_psbt
    from signer.sign.facts import read

    if psbt is None:
        return None, ()
    try:
        facts = read(read_psbt(psbt), {vault.id: vault})
    except Refused as refused:
        return None, refused.refusals
    if facts.withdrawal.id != head.id:
        raise BadInput(
            "the transaction is for another withdrawal",
            fault=Fault.OFFICER,
            expected=head.id,
            found=facts.withdrawal.id,
        )
    return facts, ()


def _judged(
    head: "Withdrawal",
    envelope: "Envelope",
    policy: "Policy",
    chain: "Sequence[Withdrawal]",
    evidence: "Evidence",
    *,
    facts: "Facts | None",
    found: "tuple[Refusal, ...]",
) -> Trial:
    """Steps 6 to 8, all of them: a signer stops at the first that refuses."""
    from policies.chain import verify_chain
    from policies.decide import decide
    from policies.gather import priced
    from policies.spend import Proposed
    from policies.withdrawal import check_terms, count_approvals
    from signer.sign.check import fulfils, spend_of

    policy = priced(policy, evidence)
    votes = count_approvals(envelope, policy)
    proposed = Proposed(head, votes, policy.id)
    refusals = [*found]
    refusals += _refusals(lambda: check_terms(head, policy))
    refusals += _refusals(lambda: verify_chain(head, chain))
    if facts is not None:
        refusals += _refusals(lambda: fulfils(facts, head))
        spend = spend_of(facts, policy, proposed, tuple(chain), None, evidence=evidence)
    else:
        spend = replace(_unbuilt(proposed, policy, chain), evidence=evidence)
    verdict = decide(policy, spend)
    refusals += [one for one in verdict.refusals if not one.rule.endswith(_ROLE)]
    built = facts is not None
    return Trial(policy, votes, tuple(refusals), verdict.passed, verdict.warnings, built)


def _unbuilt(proposed: "Proposed", policy: "Policy", chain: "Sequence[Withdrawal]") -> "Spend":
    """The request as a transaction that costs nothing: what is not built yet is not judged."""
    from policies.spend import Output, Spend
    from signer.core.address import address_of, script_of
    from signer.core.names import Sats
    from signer.core.wallet import listed

    head = proposed.withdrawal
    scripts = [script_of(payment.address, head.coin, head.network) for payment in head.payments]
    return Spend(
        coin=head.coin,
        network=head.network,
        vault=head.vault,
        height=head.height,
        inputs=(),
        externals=tuple(
            Output(address_of(script, head.coin, head.network) or "", script, payment.amount)
            for script, payment in zip(scripts, head.payments, strict=True)
        ),
        change=(),
        fee=Sats(0),
        vsize=1,
        withdrawal=proposed,
        history=tuple(chain),
        wallets=listed(policy) if scripts else {},
    )


def _refusals(step: "Callable[[], object]") -> "tuple[Refusal, ...]":
    """The reasons of a step that refuses, or none."""
    try:
        step()
    except Refused as refused:
        return refused.refusals
    return ()


def _data(trial: Trial) -> dict[str, object]:
    """A trial as plain JSON values."""
    from signer.cli.online.standing import tallies

    return {
        "verdict": trial.verdict,
        "policy": trial.policy.id,
        "epoch": trial.policy.epoch,
        "approvals": tallies(trial.votes),
        "refusals": [asdict(one) | {"fault": str(one.fault)} for one in trial.refusals],
        "passed": [one._asdict() for one in trial.passed],
        "warnings": list(trial.warnings),
        "built": trial.built,
    }


def _text(trial: Trial, handle: str) -> Iterator[str]:
    """The same for people: the verdict first, then why."""
    from signer.cli.review import listed

    words, colour = {
        "refused": ("signers would refuse it", "red"),
        "allowed": ("signers would sign it", "green"),
        "needs approvals": ("signers would sign it once it is approved", "yellow"),
    }[trial.verdict]
    what = f"{show.safe(handle)} under policy epoch {trial.policy.epoch}"
    yield f"{what}: {show.paint(words, colour)}"
    rows = [("approvals", trial.votes.sentence)]
    if trial.votes.discounted:
        rows.append(("", f"not counted: {', '.join(trial.votes.discounted)}"))
    for one in trial.refusals:
        rows.append((f"step {one.step}", f"{one.what} ({one.rule})"))
        said = (("expected", one.expected), ("found", one.found), ("hint", one.hint))
        rows += [("", f"- {name}: {text}") for name, text in said if text]
    rows += [(passed.rule, passed.sentence) for passed in trial.passed]
    if not trial.built:
        rows.append(("not built", "its fee, its coins and its change are not judged yet: --psbt"))
    yield listed(rows)
    for warning in trial.warnings:
        yield f"{show.paint('look:', 'yellow')} {show.safe(warning)}"
