"""Who takes what nobody may take."""

from contextlib import suppress

from bench.job import OURS, Entry
from bench.jobs import PEERS
from bench.malformed import every
from bench.runner import normal
from signer.core.errors import BadInput

TAKEN = "takes it"


def refusals(bench, folder, progress=print):
    """Ask everybody to sign, or to settle, each malformed workload; gives their answers by name.

    A library that raises nothing and leaves the first input unsigned has refused, too.
    """
    found = {}
    kinds = {"p2wsh": "", "p2sh": "P2SH: "}
    cases = [
        (f"{mark}{one.name}", one)
        for kind, mark in kinds.items()
        for one in every(folder / kind, kind)
    ]
    for number, (name, malformed) in enumerate(cases):
        answers = {}
        for who in (OURS, *PEERS):
            worker = bench.worker(Entry(who, who, malformed.work))
            if worker is None:
                continue
            out = folder / f"taken-{number}-{who}"
            said = worker.does(malformed.work, malformed.case.folder, ground=True, out=out)
            answers[who] = said.get("refused") or _answer(malformed.work, out.read_bytes())
            progress(f"malformed: {name}: {who}: {answers[who]}")
        found[name] = answers
    return found


def _answer(work, result):
    with suppress(BadInput):  # what we cannot read was written all the same
        if work == "full" and not normal(result).startswith(b"[[0,"):
            return "left unsigned"
    return TAKEN
