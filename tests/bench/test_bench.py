"""The bench in short: a few inputs. Results are compared, times never.

Other libraries' bytes are the oracle here: the vault, the digests, the signatures and the final
transaction are all made again by programs that share no code with ours.
"""

import json

import pytest

from bench.chart import chart
from bench.job import FLOOR, OURS, Entry, Job
from bench.jobs import JOBS
from bench.long_chain import LongWorld
from bench.refusals import TAKEN, refusals
from bench.rows import ROWS, Goal, Row, listed
from bench.runner import Bench, Differs
from bench.table import goals, table
from bench.workers import Interpreters
from bench.workload import World

SHORT = ("wally", "bdk", "embit")
"""The peers that the tests have anyway."""

WRONG = ("settle", "p2sh")
"""What embit, the last of them, cannot: the P2SH input that it finalises is not valid."""

KNOWN_HOLES = {
    "a byte too many": {"wally", "bdk"},
    "another script": {"bdk", "embit"},
    "one coin twice": {"wally", "bdk", "embit"},
    "sighash none": {"wally"},
    "sighash single": {"wally"},
    "a corrupt signature": {"wally", "embit"},
    "a signature of sighash none": {"embit"},
    "a signature with a high s": {"wally", "embit"},
    "P2SH: a signature by a foreign key": {"embit"},
    "P2SH: two signatures of three": {"embit"},
}
"""What peers take although nobody should, with all that their drivers here check beside."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Workers of ours, the floor, and the peers at hand."""
    with Bench(tmp_path_factory.mktemp("bench"), Interpreters(), {OURS, FLOOR, *SHORT}) as found:
        yield found


def quiet(line):
    """Say nothing."""


def small(work, **sizes):
    """A job of a few inputs for everybody who can."""
    names = (FLOOR, OURS, *SHORT) if work != "parse" else (OURS, *SHORT)
    if (work, sizes.get("script_type")) == WRONG:
        names = names[:-1]
    entries = tuple(Entry(n, n, work, result=n != FLOOR or work == "full") for n in names)
    return Job(f"short-{work}", "short", entries, **sizes)


def measured(bench, job, folder):
    """Do a job once, past the round that warms up."""
    World(job.script_type).write(
        folder, inputs=job.inputs, payments=job.payments, shares=job.shares, count=job.count
    )
    return bench.run(job, folder, 1, quiet)


@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh", "p2sh"])
@pytest.mark.parametrize("ground", [True, False])
def test_everybody_makes_the_same_signatures(bench, tmp_path, script_type, ground):
    """Of the same bytes, with grinding for a low r and without, in each form of the vault."""
    job = small("full", inputs=3, payments=2, ground=ground, script_type=script_type)
    said = measured(bench, job, tmp_path / "case")
    assert set(said["found"]) == {OURS, FLOOR, *SHORT}
    assert all(len(one["ratios"]["cpu"]) == 1 for one in said["found"].values())
    assert len(said["result"]) == 64


@pytest.mark.parametrize(
    ("work", "sizes"),
    [("settle", {"inputs": 3, "shares": 3}), ("addresses", {"count": 5}), ("parse", {"inputs": 3})],
)
@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh"])
def test_everybody_comes_to_the_same(bench, tmp_path, work, sizes, script_type):
    """The same final transaction, the same addresses, the same unsigned transaction."""
    job = small(work, **sizes, script_type=script_type)
    said = measured(bench, job, tmp_path / "case")
    assert len(said["result"]) == 64
    assert {OURS, *SHORT[:2]} <= set(said["found"])


def test_a_difference_stops_the_bench(bench, tmp_path):
    """Two contestants whose results differ are no race: the bench says so, and gives no times."""
    entries = (Entry(OURS, OURS, "full"), Entry("wally", "wally", "parse"))
    with pytest.raises(Differs):
        measured(bench, Job("odd", "odd", entries, inputs=1), tmp_path / "case")


def test_nobody_takes_what_is_malformed_but_for_known_holes(bench, tmp_path):
    """Ours refuses everything. What a peer takes is written down above, and is told in the docs."""
    found = refusals(bench, tmp_path / "malformed", quiet)
    assert len(found) >= 39
    for what, said in found.items():
        assert said[OURS] != TAKEN, what
        holes = KNOWN_HOLES.get(what) or KNOWN_HOLES.get(what.removeprefix("P2SH: "), set())
        assert {who for who in said if said[who] == TAKEN} <= holes, what


def test_every_job_of_ours_runs(bench, tmp_path):
    """The works that are ours alone, small: none is there for the table's sake."""
    entries = {(e.worker, e.work) for job in JOBS for e in job.entries}
    alone = ("choosing", "deciding", "chains", "carrying", "starting", "program", "listing")
    for worker, work in sorted(entries):
        if worker in alone:
            job = Job(f"{worker}-{work}", "short", (Entry(OURS, worker, work),), inputs=2, count=2)
            folder = tmp_path / f"{worker}-{work}"
            if worker in ("deciding", "chains"):
                LongWorld().write(folder, links=3)
            else:
                World().write(folder, inputs=2, count=40 if worker == "carrying" else 400)
            said = bench.worker(job.entries[0]).does(
                work, folder, ground=False, out=folder / "result"
            )
            assert said.get("cpu", 0) > 0, f"{worker}: {work}: {said}"


def test_all_cores_make_the_same_addresses(bench, tmp_path):
    """In the same order, however many make them."""
    entries = (Entry(OURS, OURS, "addresses"), Entry("all", OURS, "addresses", cores=0))
    with Bench(tmp_path, Interpreters()) as both:
        job = Job("addresses", "short", entries, count=1_100)
        assert set(measured(both, job, tmp_path / "case")["found"]) == {OURS, "all"}


def test_each_row_of_what_is_wanted_has_its_jobs():
    """Whoever a goal names takes part in the job that it names; the list shows all of both."""
    jobs = {job.name: {entry.label for entry in job.entries} for job in JOBS}
    for row in ROWS:
        for goal in row.goals:
            assert {goal.ours, *goal.less} <= jobs[goal.job], goal
            assert not goal.against or goal.against in jobs[goal.other or goal.job], goal
    told = listed(JOBS)
    assert all(row.says in told for row in ROWS)
    assert all(f"  {name} " in told for name in jobs)


def figures(cpu):
    """What one contestant's rounds came to."""
    rounds = {"cpu": [cpu], "wall": [cpu], "peak": [1_000_000]}
    ratios = {"ratio": {"cpu": cpu / 2}, "ratios": {"cpu": [cpu / 2]}}
    return {"cpu": cpu, "wall": cpu, "peak": 1_000_000, "rounds": rounds, **ratios}


def test_tables_and_pictures_come_from_the_results(monkeypatch):
    """Medians, ratios and goals as the rounds say; a picture has a point for each of them."""
    wanted = (Goal("short", FLOOR, 1.25), Goal("more", OURS, 1, other="short"), Goal("none", "", 1))
    monkeypatch.setattr("bench.table.ROWS", (Row("a row", wanted, "and a note"),))
    job = {"says": "short", "found": {OURS: figures(2.0), FLOOR: figures(1.0)}}
    said = {"jobs": {"short": job, "more": {**job, "chart": "inputs", "at": 300}}}
    assert "| **ours** | 2,000 |" in table(said)
    assert "| floor | 1,000 | 0.50 | 0.50 |" in table(said)
    first, second, third, note = goals(said).splitlines()[2:]
    assert first.startswith("| a row |")
    assert first.endswith("| 2x | not reached |")
    assert second.endswith("| 1x | reached |")
    assert third.endswith("|  | not measured |")
    assert "and a note" in note
    drawn = chart(json.loads(json.dumps(said)), "inputs", "cpu")
    assert drawn.startswith("<svg")
    assert drawn.count("<circle") == 2
