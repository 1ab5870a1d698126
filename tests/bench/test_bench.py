"""The bench in short: a few inputs. Results are compared, times never.

Other libraries' bytes are the oracle here: the vault, the digests, the signatures and the final
transaction are all made again by programs that share no code with ours.
"""

import json

import pytest

from bench.chart import chart
from bench.jobs import FLOOR, JOBS, OURS, Entry, Goal, Job
from bench.refusals import TAKEN, refusals
from bench.runner import Bench, Differs
from bench.table import goals, table
from bench.workers import Interpreters
from bench.workload import World

SHORT = ("wally", "bdk", "embit")
"""The peers that the tests have anyway."""

KNOWN_HOLES = {
    "a byte too many": {"wally", "bdk"},
    "another witness script": {"bdk", "embit"},
    "one coin twice": {"wally", "bdk", "embit"},
    "sighash none": {"wally"},
    "sighash single": {"wally"},
    "a corrupt signature": {"wally", "embit"},
    "a signature of sighash none": {"embit"},
    "a signature with a high s": {"wally", "embit"},
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
    """A job of a few inputs for everybody."""
    names = (FLOOR, OURS, *SHORT) if work != "parse" else (OURS, *SHORT)
    entries = tuple(Entry(n, n, work, result=n != FLOOR or work == "full") for n in names)
    return Job(f"short-{work}", "short", entries, **sizes)


def measured(bench, job, folder):
    """Do a job once, past the round that warms up."""
    World(job.script_type).write(
        folder, inputs=job.inputs, payments=job.payments, shares=job.shares, count=job.count
    )
    return bench.run(job, folder, 1, quiet)


@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
@pytest.mark.parametrize("ground", [True, False])
def test_everybody_makes_the_same_signatures(bench, tmp_path, script_type, ground):
    """Of the same bytes, with grinding for a low r and without, in each form of the vault."""
    job = small("full", inputs=3, payments=2, ground=ground, script_type=script_type)
    said = measured(bench, job, tmp_path / "case")
    assert set(said["found"]) == {OURS, FLOOR, *SHORT}
    assert len(said["result"]) == 64


@pytest.mark.parametrize(
    ("work", "sizes"),
    [("settle", {"inputs": 3, "shares": 3}), ("addresses", {"count": 5}), ("parse", {"inputs": 3})],
)
def test_everybody_comes_to_the_same(bench, tmp_path, work, sizes):
    """The same final transaction, the same addresses, the same unsigned transaction."""
    said = measured(bench, small(work, **sizes), tmp_path / "case")
    assert len(said["result"]) == 64
    assert {OURS, *SHORT} <= set(said["found"])


def test_a_difference_stops_the_bench(bench, tmp_path):
    """Two contestants whose results differ are no race: the bench says so, and gives no times."""
    entries = (Entry(OURS, OURS, "full"), Entry("wally", "wally", "parse"))
    with pytest.raises(Differs):
        measured(bench, Job("odd", "odd", entries, inputs=1), tmp_path / "case")


def test_nobody_takes_what_is_malformed_but_for_known_holes(bench, tmp_path):
    """Ours refuses everything. What a peer takes is written down above, and is told in the docs."""
    found = refusals(bench, tmp_path / "malformed", quiet)
    assert len(found) >= 20
    for what, said in found.items():
        assert said[OURS] != TAKEN, what
        assert {who for who in said if said[who] == TAKEN} <= KNOWN_HOLES.get(what, set()), what


def test_every_job_of_ours_runs(bench, tmp_path):
    """The works that are ours alone, small: none is there for the table's sake."""
    entries = {(e.worker, e.work) for job in JOBS for e in job.entries}
    for worker, work in sorted(entries):
        if worker in ("choosing", "deciding", "carrying", "starting", "program"):
            job = Job(f"{worker}-{work}", "short", (Entry(OURS, worker, work),), inputs=2, count=2)
            folder = tmp_path / f"{worker}-{work}"
            World().write(folder, inputs=2, count=400 if worker == "choosing" else 2)
            said = bench.worker(job.entries[0]).does(
                work, folder, ground=False, out=folder / "result"
            )
            assert said.get("cpu", 0) > 0, f"{worker}: {work}: {said}"


def test_tables_and_pictures_come_from_the_results(tmp_path):
    """Medians, ratios and goals as the rounds say; a picture has a point for each of them."""

    def found(cpu):
        rounds = {"cpu": [cpu], "wall": [cpu], "peak": [1_000_000]}
        return {"cpu": cpu, "wall": cpu, "peak": 1_000_000, "ratio": {"cpu": cpu}, "rounds": rounds}

    job = {
        "says": "short",
        "goals": [vars(Goal(FLOOR, 1.25))],
        "found": {OURS: found(2.0), FLOOR: found(1.0)},
    }
    said = {"jobs": {"short": job, "more": {**job, "chart": "inputs", "at": 300}}}
    assert "| **ours** | 2,000 |" in table(said)
    assert "2x | not yet" in goals(said)
    drawn = chart(json.loads(json.dumps(said)), "inputs", "cpu")
    assert drawn.startswith("<svg")
    assert drawn.count("<circle") == 2
