"""The report as one HTML page that can be handed on: it loads nothing from anywhere."""

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from signer.redteam.attacks import Played
from signer.redteam.campaign import Tally
from signer.redteam.report import CRASH, STEPS, Report, grouped, heads, kinds, refused_by, steps

_STYLE: Final = """
:root{--ink:#1d2430;--soft:#5c6675;--line:#e3e7ee;--good:#14693a;--bad:#a3161a;--paper:#fff}
*{box-sizing:border-box}
body{font:15px/1.55 system-ui,"Helvetica Neue",Arial,sans-serif;color:var(--ink);
margin:0;background:#f5f6f9}
main{max-width:68rem;margin:2.5rem auto;padding:2.5rem 3rem;background:var(--paper);
border:1px solid var(--line);border-radius:10px}
h1{font-size:1.5rem;margin:0 0 1.2rem}
h2{font-size:1.1rem;margin:2.4rem 0 .5rem}
p{margin:.4rem 0;color:var(--soft)}
.verdict{padding:.9rem 1.2rem;border-radius:8px;font-size:1.15rem;font-weight:600;color:#fff}
.good{background:var(--good)}.bad{background:var(--bad)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.5rem;margin:1.4rem 0 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:.8rem 0}
th{font-weight:600;color:var(--soft);text-align:left;font-size:.85rem;vertical-align:bottom}
td,th{padding:.32rem .6rem;border-bottom:1px solid var(--line)}
.n{text-align:right}.sum td{font-weight:600;border-top:2px solid var(--ink)}
td:first-child{white-space:nowrap}td.story{min-width:17rem}
td.rule{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.none{color:#b9c0cb}tr.wrong td{background:#fdecec}
small{color:var(--soft)}
@media print{body{background:#fff}main{border:0;margin:0;padding:0;max-width:none}}
"""


def page(report: Report) -> str:
    """The whole page."""
    return "".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>coldquorum redteam</title><style>{_STYLE}</style></head>\n<body><main>\n",
            "<h1>coldquorum redteam</h1>\n",
            *_head(report),
            *_violations(report),
            *(_generated(report.tally) if report.tally.attacks else ()),
            *_honesty(report),
            *(_named(report.named) if report.named else ()),
            "</main></body></html>\n",
        )
    )


def _head(report: Report) -> Iterator[str]:
    count = len(report.named), report.tally.attacks
    style = "good" if report.held else "bad"
    words = "No violation" if report.held else f"{len(report.wrong)} violations"
    tried = f"{grouped(count[1])} generated attacks and {count[0]} with names"
    yield f'<div class="verdict {style}">{words} in {tried}.</div>\n<dl>'
    for name, value in (
        ("target", report.target),
        ("corrupt officers", ", ".join(report.corrupt) or "none"),
        ("seed", report.seed),
        ("judged by", f"{report.engine}, and the policy stated a second time"),
        ("took", f"{report.seconds:,.0f} s, {report.per_attack:.1f} ms of cpu an attack"),
    ):
        yield f"<dt>{_(name)}</dt><dd>{_(value)}</dd>"
    yield "</dl>\n"


def _violations(report: Report) -> Iterator[str]:
    if report.wrong:
        yield "<h2>Violations</h2>"
        rows = [(one.rule, one.expected, one.found) for one in report.wrong]
        yield _table(("rule", "expected", "found"), rows, wrong=True)
    for path in report.findings:
        yield f"<p>Reproduce: <code>coldquorum redteam --replay {_(str(path))}</code></p>"


def _named(named: Iterable[Played]) -> Iterator[str]:
    yield "<h2>Attacks with names</h2>"
    yield "<p>Each has to be refused, and by a step that is there to refuse it.</p><table><tr>"
    yield '<th>attack<th>the thief ...<th class="n">bundles<th>refused at step, by</tr>'
    for one in named:
        style = ' class="wrong"' if one.wrong else ""
        yield f'<tr{style}><td>{_(one.name)}<td class="story">{_(one.story)}'
        yield f'<td class="n">{one.shots}<td class="rule">{_(one.where)}</tr>\n'
    yield "</table>"


def _generated(tally: Tally) -> Iterator[str]:
    yield f"<h2>Generated attacks: {grouped(tally.attacks)}</h2>"
    yield "<p>By class, and by the step that refused. Harmless: accepted, and rightly, since the "
    yield "transaction does what honest officers approved.</p><table><tr><th>class"
    for step, name in zip(steps(tally), heads(tally), strict=True):
        words = f"<br>{_(STEPS[step])}" if step in STEPS else ""
        yield f'<th class="n">{_(name)}{words}'
    yield "</tr>\n"
    rows = {kind: [tally.answers[kind, step] for step in steps(tally)] for kind in kinds(tally)}
    for kind, row in rows.items():
        most = max(row)
        shades = [f"rgba(24,84,160,{0.3 * count / most:.2f})" for count in row]
        if CRASH in steps(tally) and row[0]:
            shades[0] = "#fdecec"
        cells = "".join(map(_cell, row, shades))
        yield f"<tr><td>{_(kind)}{cells}</tr>\n"
    sums = "".join(_cell(sum(column), "none") for column in zip(*rows.values(), strict=True))
    yield f'<tr class="sum"><td>all{sums}</tr></table>\n<h2>Refused by</h2>'
    yield _table(("step", "rule", "times"), refused_by(tally), number=True)


def _cell(count: int, shade: str) -> str:
    if not count:
        return '<td class="n none">&middot;'
    return f'<td class="n" style="background:{shade}">{grouped(count)}'


def _honesty(report: Report) -> Iterator[str]:
    tally, sampled = report.tally, report.sampled
    yield "<h2>That the signers do not simply refuse everything</h2>"
    if tally.honest:
        honest, accepted = grouped(tally.honest), grouped(tally.accepted)
        yield f"<p>{accepted} of {honest} honest bundles were accepted.</p>"
    else:
        yield "<p>Nothing shows it: there was no honest bundle.</p>"
    for rule, count in sorted(tally.stricter.items()):
        yield f"<p>Stricter than the policy, stated again: {_(rule)}, {grouped(count)} times.</p>"
    if sampled:
        yield f"<p>{sampled.asked} bundles were put to the real programs as well: {sampled.signed} "
        yield f"signed, {len(sampled.wrong)} otherwise than expected.</p>"


def _table(
    top: Sequence[str], body: Iterable[Sequence[str]], *, wrong: bool = False, number: bool = False
) -> str:
    """A table; the last column may hold numbers."""
    last = ' class="n"' if number else ""
    style = ' class="wrong"' if wrong else ""
    lines = "".join(
        f"<tr{style}>"
        + "".join(f'<td class="rule">{_(cell)}' for cell in row[:-1])
        + f"<td{last}>{_(row[-1])}</tr>\n"
        for row in body
    )
    heading = "".join(f"<th>{_(cell)}" for cell in top[:-1]) + f"<th{last}>{_(top[-1])}"
    return f"<table><tr>{heading}</tr>\n{lines}</table>"


def _(text: str) -> str:
    return html.escape(text)
