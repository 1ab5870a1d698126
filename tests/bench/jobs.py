"""The table of jobs: who does what. What is wanted of us, `bench.rows` says."""

from bench.job import FLOOR, OURS, Entry, Job

PEERS = ("wally", "bdk", "embit", "electrum", "bitcoinjs", "btclib_wallet")


def _all(work, *without, floor=True):
    names = (*((FLOOR,) if floor else ()), OURS, *(n for n in PEERS if n not in without))
    return tuple(Entry(name, name, work, result=name != FLOOR or work == "full") for name in names)


_VERIFY = Entry("floor, verify only", FLOOR, "verify", result=False)
_SLOW = "btclib_wallet"  # 40 ms of CPU an input
_SLOWER = (_SLOW, "embit", "electrum", "bitcoinjs")  # a minute and more for 5,000


def _full(count, *without, ground=True, kind="p2wsh"):
    mark = ("" if kind == "p2wsh" else f"-{kind}") + ("" if ground else "-plain")
    return Job(
        f"full-{count}{mark}",
        f"{count:,} inputs of {kind.upper()}, full, {'low r' if ground else 'not ground'}",
        _all("full", *without),
        inputs=count,
        ground=ground,
        script_type=kind,
        chart="" if mark else "inputs",
        at=count,
    )


JOBS = (
    _full(100),
    _full(100, _SLOW, ground=False),
    _full(1000, _SLOW),
    _full(1000, *_SLOWER, ground=False),
    _full(5000, *_SLOWER),
    _full(100, kind="p2sh"),
    _full(1000, _SLOW, kind="p2sh"),
    _full(1000, *_SLOWER, kind="p2sh-p2wsh"),
    Job(
        "cores-1000",
        "1,000 inputs, full, on one core and on all",
        (
            Entry(OURS, "ours", "full"),
            Entry("ours, all cores", "ours", "full", cores=0),
            Entry(FLOOR, FLOOR, "full"),
            Entry("the floor, shared out", FLOOR, "shared", cores=0, result=False),
        ),
        inputs=1000,
    ),
    Job(
        "settle-1000",
        "combine 3 signers, verify, finalise, 1,000 inputs",
        (*_all("settle", _SLOW), _VERIFY),
        inputs=1000,
        shares=3,
    ),
    Job(
        "settle-100-p2sh",
        "combine 3 signers, verify, finalise, 100 inputs of P2SH",
        _all("settle", "embit"),  # what embit makes of P2SH is not valid
        inputs=100,
        shares=3,
        script_type="p2sh",
    ),
    Job(
        "addresses-1000",
        "derive 1,000 addresses",
        _all("addresses"),
        count=1000,
    ),
    Job(
        "addresses-10000",
        "derive 10,000 addresses, on one core and on all",
        (
            Entry(FLOOR, FLOOR, "addresses", result=False),
            Entry(OURS, OURS, "addresses"),
            Entry("ours, all cores", OURS, "addresses", cores=0),
        ),
        count=10_000,
    ),
    *(
        Job(
            f"csv-{count}",
            f"`vault addresses --csv`, {count:,} of them, all cores",
            (Entry("program", "listing", "csv", cores=0),),
            count=count,
            once=count > 100_000,
        )
        for count in (10_000, 1_000_000)
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
        (*_all("parse", floor=False), Entry("matched and hashed", FLOOR, "parse", result=False)),
        inputs=1000,
    ),
    Job(
        "program-1000",
        "`coldsign sign`, a new process, 1,000 inputs",
        (
            Entry("the program", "program", "sign"),
            Entry("the key opened (Argon2id)", "program", "opened", result=False),
            Entry("the second engine", "program", "engine", result=False),
            Entry("the second engine, all cores", "program", "spread", cores=0, result=False),
            Entry("the interpreter", "starting", "python", result=False),
            Entry("its start (selftest)", "starting", "selftest", result=False),
            Entry(OURS, "ours", "full"),
            Entry("the program, all cores", "program", "sign", cores=0),
        ),
        inputs=1000,
    ),
    Job(
        "select-1000000",
        "choose among 1,000,000 coins",
        (Entry(OURS, "choosing", "select"), Entry("sorted()", "choosing", "sorted", result=False)),
        count=1_000_000,
    ),
    *(
        Job(
            f"chain-{count}",
            f"decide over a chain of {count:,} withdrawals",
            (
                Entry(OURS, "deciding", "rules"),
                Entry("steps 5 to 8", "deciding", "check"),
                Entry("verified, three windows over all", "chains", "windows", result=False),
                Entry("its payloads read", "chains", "payloads", result=False),
            ),
            links=count,
            chart="chain",
            at=count,
        )
        for count in (1_000, 3_000, 10_000)
    ),
    Job(
        "ur-100",
        "200 mixed UR parts of a 100-input PSBT",
        (Entry(OURS, "carrying", "parts"), Entry("@ngraveio/bc-ur", "bitcoinjs", "parts")),
        inputs=100,
        count=200,
    ),
    Job(
        "ur-100-read",
        "a 100-input PSBT out of plain and mixed UR parts",
        (Entry(OURS, "carrying", "joined"), Entry("@ngraveio/bc-ur", "bitcoinjs", "joined")),
        inputs=100,
        count=600,
    ),
    Job(
        "qr-27",
        "20 frames of a version-27 QR code",
        (Entry(OURS, "carrying", "draw"), Entry("segno's default", "carrying", "segno")),
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
        count=1,
    ),
    Job(
        "start-inspect",
        "`coldsign inspect` of 10 inputs, a new process",
        (
            Entry("coldsign inspect", "starting", "inspect", result=False),
            Entry("bare Python", "starting", "python", result=False),
        ),
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
