"""The table of jobs: who does what, and what is wanted of us."""

from dataclasses import dataclass

OURS, FLOOR = "ours", "floor"
OTHER_TYPES = ("p2sh-p2wsh",)
"""Script types of a vault beside P2WSH; "p2sh" joins when the vault has it."""
PEERS = ("wally", "bdk", "embit", "electrum", "bitcoinjs", "btclib_wallet")


@dataclass(frozen=True)
class Entry:
    """One contestant of a job.

    Attributes:
        label: its column.
        worker: a file of `peers/`, or "bitcoinjs".
        work: which of its jobs.
        cores: 0 for all.
        result: whether its result must be that of the others.
    """

    label: str
    worker: str
    work: str
    cores: int = 1
    result: bool = True


@dataclass(frozen=True)
class Goal:
    """What is wanted: the median of the rounds' ratios `ours` / `against`, or of a figure itself.

    Attributes:
        against: a label, or "" for a figure in seconds or bytes.
        most: not above.
        measure: "cpu", "wall" or "peak".
        ours: the label whose figure is meant.
        less: labels whose figures are taken off ours before: told apart.
        job: where `against` is, if it is another job: medians are compared then.
    """

    against: str
    most: float
    measure: str = "cpu"
    ours: str = OURS
    less: tuple[str, ...] = ()
    job: str = ""


@dataclass(frozen=True)
class Job:
    """A line of the table.

    Attributes:
        name: for the command line.
        says: for people.
        entries: the contestants.
        goals: of issue 7's table.
        inputs: of the transaction; 0 if the job takes none.
        count: of what the job is about, if that is not inputs.
        payments: outputs beside the change.
        shares: signed files.
        threshold: m.
        signers: n.
        script_type: as BIP48 names it here.
        ground: low-r grinding, on or off for everybody.
        chart: of which picture of growth it is a point, if of any.
        at: where it stands there.
    """

    name: str
    says: str
    entries: tuple[Entry, ...]
    goals: tuple[Goal, ...] = ()
    inputs: int = 0
    count: int = 0
    payments: int = 1
    shares: int = 0
    threshold: int = 3
    signers: int = 5
    script_type: str = "p2wsh"
    ground: bool = False
    chart: str = ""
    at: int = 0


def _all(work, *without, floor=True):
    names = (*((FLOOR,) if floor else ()), OURS, *(n for n in PEERS if n not in without))
    return tuple(Entry(name, name, work, result=name != FLOOR or work == "full") for name in names)


_VERIFY = Entry("floor, verify only", FLOOR, "verify", result=False)
_SLOW = "btclib_wallet"  # 40 ms of CPU an input
_SLOWER = (_SLOW, "embit", "electrum", "bitcoinjs")  # a minute and more for 5,000


def _full(count, *without, ground=True, goals=(), kind="p2wsh"):
    mark = ("" if kind == "p2wsh" else f"-{kind}") + ("" if ground else "-plain")
    return Job(
        f"full-{count}{mark}",
        f"{count:,} inputs of {kind.upper()}, full, {'low r' if ground else 'not ground'}",
        _all("full", *without),
        goals,
        inputs=count,
        ground=ground,
        script_type=kind,
        chart="" if mark else "inputs",
        at=count,
    )


JOBS = (
    _full(100),
    _full(100, ground=False),
    _full(
        1000,
        _SLOW,
        goals=(Goal(FLOOR, 1.25), Goal("bdk", 1 / 8), Goal("wally", 1 / 3), Goal("embit", 1 / 20)),
    ),
    _full(1000, *_SLOWER, ground=False, goals=(Goal(FLOOR, 1.25),)),
    _full(
        5000,
        *_SLOWER,
        goals=(Goal("", 150e6, "peak"), Goal(OURS, 5.2, job="full-1000")),
    ),
    *(_full(1000, _SLOW, goals=(Goal(FLOOR, 1.35),), kind=kind) for kind in OTHER_TYPES),
    Job(
        "cores-1000",
        "1,000 inputs, full, on one core and on all",
        (Entry(OURS, "ours", "full"), Entry("ours, all cores", "ours", "full", cores=0)),
        (Goal(OURS, 0.6, "wall", "ours, all cores"),),
        inputs=1000,
    ),
    Job(
        "settle-1000",
        "combine 3 signers, verify, finalise, 1,000 inputs",
        (*_all("settle"), _VERIFY),
        (Goal(FLOOR, 1.5),),
        inputs=1000,
        shares=3,
    ),
    Job(
        "addresses-1000",
        "derive 1,000 addresses",
        _all("addresses"),
        (Goal(FLOOR, 1.35),),
        count=1000,
    ),
    Job(
        "outputs-2000",
        "1 input, 2,000 outputs, full, low r",
        _all("full", floor=False),
        inputs=1,
        payments=1999,
        ground=True,
    ),
    Job(
        "parse-1000",
        "parse 1,000 inputs",
        _all("parse", floor=False),
        (Goal("embit", 0.04),),
        inputs=1000,
    ),
    Job(
        "program-1000",
        "`coldsign sign`, a new process, 1,000 inputs",
        (
            Entry("the program", "program", "sign"),
            Entry("the key opened (Argon2id)", "program", "opened", result=False),
            Entry("the second engine", "program", "engine", result=False),
            Entry("the interpreter", "starting", "python", result=False),
            Entry(OURS, "ours", "full"),
        ),
        (
            Goal(
                OURS,
                1.5,
                ours="the program",
                less=("the key opened (Argon2id)", "the second engine", "the interpreter"),
            ),
        ),
        inputs=1000,
    ),
    Job(
        "select-1000000",
        "choose among 1,000,000 coins",
        (Entry(OURS, "choosing", "select"), Entry("sorted()", "choosing", "sorted", result=False)),
        (Goal("sorted()", 2),),
        count=1_000_000,
    ),
    *(
        Job(
            f"chain-{count}",
            f"decide over a chain of {count:,} withdrawals",
            (
                Entry(OURS, "deciding", "rules"),
                Entry("steps 5 to 8", "deciding", "check"),
            ),
            (Goal("", 0.05), Goal("", 0.05, ours="steps 5 to 8")) if count == 10_000 else (),
            count=count,
            chart="chain",
            at=count,
        )
        for count in (1_000, 3_000, 10_000)
    ),
    Job(
        "ur-100",
        "200 mixed UR parts of a 100-input PSBT",
        (Entry(OURS, "carrying", "parts"), Entry("@ngraveio/bc-ur", "bitcoinjs", "parts")),
        (Goal("@ngraveio/bc-ur", 0.02),),
        inputs=100,
        count=200,
    ),
    Job(
        "qr-27",
        "20 frames of a version-27 QR code",
        (Entry(OURS, "carrying", "draw"), Entry("segno's default", "carrying", "segno")),
        (Goal("segno's default", 0.25),),
        count=20,
    ),
    Job(
        "start-help",
        "`--help`, a new process",
        (
            Entry("coldsign", "starting", "coldsign", result=False),
            Entry("coldquorum", "starting", "coldquorum", result=False),
            Entry("bare Typer", "starting", "bare", result=False),
        ),
        (Goal("bare Typer", 3, ours="coldsign"), Goal("bare Typer", 3, ours="coldquorum")),
        count=1,
    ),
    Job(
        "start-inspect",
        "`coldsign inspect` of 10 inputs, a new process",
        (
            Entry("coldsign inspect", "starting", "inspect", result=False),
            Entry("bare Python", "starting", "python", result=False),
        ),
        (Goal("bare Python", 6, ours="coldsign inspect"),),
        inputs=10,
    ),
    *(
        Job(
            f"growth-inputs-{inputs}",
            f"growth: {inputs:,} inputs",
            tuple(Entry(n, n, "full") for n in (FLOOR, OURS, "wally")),
            inputs=inputs,
            ground=True,
            chart="inputs",
            at=inputs,
        )
        for inputs in (300, 2_000)
    ),
    *(
        Job(
            f"growth-outputs-{outputs}",
            f"growth: 1 input, {outputs:,} outputs",
            tuple(Entry(n, n, "full") for n in (OURS, "wally")),
            inputs=1,
            payments=outputs - 1,
            ground=True,
            chart="outputs",
            at=outputs,
        )
        for outputs in (250, 500, 1_000, 2_000)
    ),
    *(
        Job(
            f"growth-signers-{signers}",
            f"growth: {signers // 2 + 1} of {signers} signers, 200 inputs",
            tuple(Entry(n, n, "full") for n in (FLOOR, OURS, "wally")),
            inputs=200,
            threshold=signers // 2 + 1,
            signers=signers,
            ground=True,
            chart="signers",
            at=signers,
        )
        for signers in (3, 5, 9, 15)
    ),
)
