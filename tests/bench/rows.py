"""Issue 7's table "To reach", row by row, and which figures of which jobs answer each."""

from dataclasses import dataclass

from bench.job import FLOOR, OURS


@dataclass(frozen=True)
class Goal:
    """What is wanted: the median of the rounds' ratios `ours` / `against`, or of a figure itself.

    Attributes:
        job: where it is measured.
        against: a label, or "" for a figure in seconds or bytes.
        most: not above.
        measure: "cpu", "wall" or "peak".
        ours: the label whose figure is meant.
        less: labels whose figures are taken off ours before: told apart.
        other: the job of `against`, if it is another: medians are compared then.
    """

    job: str
    against: str
    most: float
    measure: str = "cpu"
    ours: str = OURS
    less: tuple[str, ...] = ()
    other: str = ""


@dataclass(frozen=True)
class Row:
    """A row of the issue.

    Attributes:
        says: what it is about.
        goals: what it wants.
        note: what no time shows, and where that is shown.
    """

    says: str
    goals: tuple[Goal, ...]
    note: str = ""


def listed(jobs):
    """The jobs, under the row that each answers; the rest at the end. A job may answer two."""
    lines, left = [], {job.name: job for job in jobs}
    known = dict(left)
    for row in ROWS:
        lines.append(f"{row.says}")
        for name in dict.fromkeys(other for g in row.goals for other in (g.job, g.other) if other):
            lines.append(_line(known[name]))
            left.pop(name, None)
        lines += [f"  {row.note}"] if row.note else []
    lines += ["beside the table", *map(_line, left.values())]
    return "\n".join((*lines, f"  {'malformed':22}what nobody may sign, or combine"))


def _line(job):
    return f"  {job.name:22}{job.says}{'; only by its name' if job.once else ''}"


ROWS = (
    Row(
        "full, P2WSH, 1,000 inputs, one core",
        (
            Goal("full-1000", FLOOR, 1.25),
            Goal("full-1000", "bdk", 1 / 8),
            Goal("full-1000", "wally", 1 / 3),
            Goal("full-1000", "embit", 1 / 20),
            Goal("full-1000-plain", FLOOR, 1.25),
        ),
    ),
    Row("the same on all cores", (Goal("cores-1000", OURS, 0.6, "wall", "ours, all cores"),)),
    Row(
        "growth",
        (
            Goal("full-5000", OURS, 5.2, other="full-1000"),
            Goal("full-5000", "", 150e6, "peak"),
        ),
    ),
    Row(
        "full, P2SH, 1,000 inputs",
        (Goal("full-1000-p2sh", FLOOR, 1.35),),
        "Taproot: the product has no such vault.",
    ),
    Row(
        "combine, verify every signature, finalise, 1,000 inputs",
        (Goal("settle-1000", FLOOR, 1.5),),
    ),
    Row(
        "addresses",
        (
            Goal("addresses-1000", FLOOR, 1.35),
            Goal("addresses-10000", FLOOR, 1.35, ours="ours, all cores"),
            # Constant: the same at a hundred times as many, but for what a page or two tells.
            Goal("csv-1000000", "program", 1.05, "peak", "program", other="csv-10000"),
        ),
    ),
    Row("parse 1,000 inputs", (Goal("parse-1000", "embit", 0.04),)),
    Row(
        "the program, 1,000 inputs",
        (
            Goal(
                "program-1000",
                OURS,
                1.5,
                ours="the program",
                less=("the key opened (Argon2id)", "the second engine", "the interpreter"),
            ),
        ),
    ),
    Row(
        "coin selection over 1,000,000 coins",
        (Goal("select-1000000", "sorted()", 2),),
        "Waste against Bitcoin Core's algorithms: `tests/build/test_waste.py`.",
    ),
    Row(
        "policy decision over 10,000 withdrawals",
        (Goal("chain-10000", "", 0.05), Goal("chain-10000", "", 0.05, ours="steps 5 to 8")),
    ),
    Row(
        "mixed UR parts",
        (
            Goal("ur-100", "@ngraveio/bc-ur", 0.02),
            Goal("ur-100-read", "@ngraveio/bc-ur", 0.02),
        ),
    ),
    Row("QR frames, version 27", (Goal("qr-27", "segno's default", 0.25),)),
    Row(
        "start-up",
        (
            Goal("start-help", "bare Typer", 3, ours="coldsign"),
            Goal("start-help", "bare Typer", 3, ours="coldquorum"),
            Goal("start-inspect", "bare Python", 6, ours="coldsign inspect"),
        ),
    ),
)
