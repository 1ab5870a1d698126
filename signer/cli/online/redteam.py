"""`coldquorum redteam`: take the thief's seat, and see whether the signers hold."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.session import HomeOption, JsonFlag
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.redteam.estate import Given
    from signer.redteam.report import Report

_VIOLATED = 1
"""The exit code if the invariant did not hold."""

_EVERY = 2.0
"""Seconds between two lines of progress."""


def redteam(
    context: typer.Context,
    *,
    vault: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Attack this vault's own signers.")
    ] = None,
    signer_home: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="A coldsign home that enrolled it; may be repeated."),
    ] = None,
    bundle: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="An honest PSBT to start from; may be repeated."),
    ] = None,
    iterations: Annotated[int, typer.Option(min=0, help="Generated attacks.")] = 10_000,
    seed: Annotated[str | None, typer.Option(help="Repeats a run.")] = None,
    corrupt: Annotated[
        int, typer.Option(metavar="K", help="Corrupt officers, in a throw-away world.")
    ] = 1,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; else one a core.")
    ] = None,
    programs: Annotated[
        int, typer.Option(min=0, metavar="N", help="Bundles for the real programs, too.")
    ] = 12,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write the report as a page.")
    ] = None,
    findings: Annotated[
        Path, typer.Option(metavar="DIR", help="Where reproducers are written.")
    ] = Path("redteam-findings"),
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Play one reproducer again, and no more.")
    ] = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,  # noqa: ARG001 -- every command takes it
) -> None:
    """Take the thief's seat: attack the signers.

    Plays a compromised coordinator, a malicious carrier and some corrupt officers: every attack
    that has a name, then generated ones. What a signer accepts is judged by code that shares
    nothing with it. Without --vault, everything happens in a throw-away world with fresh keys.
    Ends with exit code 1 if a signer accepted anything that it must not.
    """
    from dataclasses import replace

    from signer.core.files import refuse_existing, write_new
    from signer.redteam import report as reports
    from signer.redteam.page import page
    from signer.redteam.run import Plan, run

    # No session: a thief has no home, and must not make the coordinator's.
    wants_json = as_json or bool(context.find_root().params.get("as_json"))
    if replay is not None:
        _replay(replay, as_json=wants_json)
        return
    if report is not None:
        refuse_existing(report)
    plan = Plan(
        iterations=iterations,
        corrupt=corrupt,
        given=_given(vault, signer_home or [], bundle or []),
        programs=programs,
        findings=findings,
    )
    plan = plan if seed is None else replace(plan, seed=seed)
    plan = plan if jobs is None else replace(plan, jobs=jobs)
    made = run(plan, _progress(iterations))
    if report is not None:
        write_new(report, page(made).encode())
    show.emit(wants_json, reports.data(made), _text(made))
    if not made.held:
        raise typer.Exit(_VIOLATED)


def _given(vault: Path | None, homes: list[Path], bundles: list[Path]) -> "Given | None":
    from signer.redteam.estate import Given

    if vault is None and not homes and not bundles:
        return None
    if vault is None or not homes:
        raise BadInput(
            "what shall be attacked?",
            fault=Fault.OFFICER,
            expected="--vault FILE and at least one --signer-home DIR; or none of them",
            hint="the homes are copied without their keys; they are only read",
        )
    return Given(vault, tuple(homes), tuple(bundles))


def _progress(total: int) -> Callable[[int], None]:
    """A line on stderr now and then."""
    last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY:
            show.note(f"{show.number(done)} of {show.number(total)} attacks")
            last = now

    return tell


def _replay(path: Path, *, as_json: bool) -> None:
    from dataclasses import asdict

    from signer.redteam import run
    from signer.redteam.reproducer import replay

    engine = run.engine()
    played = replay(path)
    answer, wrong = played.answer, played.violations
    said = "accepted" if answer.accepted else "crashed" if answer.step < 0 else "refused"
    step = f"at step {answer.step}: {answer.rule}" if answer.step > 0 else answer.rule
    rows = [
        (f"was violated: {v.rule}", f"{v.expected}, and found {v.found}") for v in played.before
    ]
    rows.append((f"the signer {said} it", f"{step} {answer.words}".strip()))
    rows += [(f"VIOLATION {v.rule}", f"expected {v.expected}, found {v.found}") for v in wrong]
    rows += [] if wrong else [("now", "no violation")]
    data = {
        "answer": said,
        "step": answer.step,
        "rule": answer.rule,
        "oracle": engine,
        "before": [asdict(one) for one in played.before],
        "violations": [asdict(one) for one in wrong],
    }
    show.emit(as_json, data, show.columns(rows))
    if wrong:
        raise typer.Exit(_VIOLATED)


def _text(report: "Report") -> str:
    from signer.redteam import report as reports

    tally = report.tally
    lines = [_head(report), ""]
    if report.named:
        good = sum(not one.wrong for one in report.named)
        lines.append(
            f"attacks with names: {good} of {len(report.named)} refused as they have to be"
        )
        lines += [show.columns(_named(report), indent=2), ""]
    if tally.attacks:
        steps = ", ".join(f"{step} {name}" for step, name in reports.STEPS.items())
        lines += [
            f"generated attacks: {show.number(tally.attacks)}, by class and refusing step",
            _right([["class", *reports.heads(tally)], *reports.rows(tally)]),
            f"steps: {steps}",
            "harmless: accepted, and rightly: it does what honest officers approved",
            "",
            "refused by",
            show.columns(reports.refused_by(tally), indent=2),
            "",
        ]
    lines += [*_honesty(report), ""]
    lines += [f"reproduce: coldquorum redteam --replay {path}" for path in report.findings]
    lines += [
        f"VIOLATION {show.safe(f'{one.rule}: expected {one.expected}, found {one.found}')}"
        for one in report.wrong
    ]
    verdict = "no violation" if report.held else f"{len(report.wrong)} violations"
    lines.append(show.paint(verdict, "green" if report.held else "red", sys.stdout))
    return "\n".join(lines)


def _head(report: "Report") -> str:
    return show.columns(
        (
            ("target", report.target),
            ("corrupt", ", ".join(report.corrupt) or "nobody"),
            ("seed", report.seed),
            ("oracle", report.engine),
            ("took", f"{report.seconds:.1f} s; {report.per_attack:.1f} ms of cpu an attack"),
        )
    )


def _named(report: "Report") -> Iterator[tuple[str, ...]]:
    for one in report.named:
        yield "WRONG" if one.wrong else "refused", one.name, f"{one.shots} x", one.where


def _right(rows: Iterable[Sequence[str]]) -> str:
    """Columns of numbers, the first of words."""
    table = list(rows)
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )


def _honesty(report: "Report") -> Iterator[str]:
    tally, sampled = report.tally, report.sampled
    if tally.honest:
        share = 100 * tally.accepted / tally.honest
        yield f"honest bundles: {tally.accepted} of {tally.honest} accepted ({share:.1f} %)"
    elif tally.attacks:
        yield "honest bundles: none to show; give some with --bundle FILE"
    for rule, count in sorted(tally.stricter.items()):
        yield f"  stricter than it needs to be: {rule}, {count} times"
    if sampled:
        verdict = "NOT as expected" if sampled.wrong else "all as expected"
        yield f"real programs: {sampled.asked} bundles, {sampled.signed} signed, {verdict}"
