"""A process that does one implementation's jobs, one for each line that it reads.

Imports and what a wallet does once (reading its keys and its descriptor) are not measured; nothing
that depends on the transaction is done before. Each run starts from fresh objects, so that nothing
derived for the run before helps. A line is a JSON object: `job`, `folder`, `ground`, and `out`, a
file for the result, or null.

Seconds of CPU are of this process and of the children it waited for; for bytes, see `memory.py`. A
job that runs a program tells itself what that held (0: nobody knows).
"""

import gc
import importlib
import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.case import Case
from bench.memory import held_with_children

_BOTH = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def used():
    """Seconds of CPU so far."""
    found = [resource.getrusage(who) for who in _BOTH]
    return sum(one.ru_utime + one.ru_stime for one in found)


def answer(jobs, *, job, folder, ground, out):
    """Do a job; tell how long it took, or why it was refused."""
    case = Case.load(folder)
    run, tell, *held = jobs[job](case, ground=ground)
    gc.collect()
    cpu, wall = used(), time.perf_counter()
    try:
        result = run()
    except Exception as problem:  # noqa: BLE001 -- each library has its own way to refuse
        return {"refused": f"{type(problem).__name__}: {problem}"[:200]}
    took = {"wall": time.perf_counter() - wall, "cpu": used() - cpu}
    took["peak"] = held[0]() if held else held_with_children()
    if out:
        Path(out).write_bytes(tell(result))
    return took


def main():
    """Serve until stdin is closed."""
    peer = importlib.import_module(f"bench.peers.{sys.argv[1]}")
    print(json.dumps({"version": peer.version(), "jobs": sorted(peer.JOBS)}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(peer.JOBS, **json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
