"""The long run: `python tests/fuzz/fuzz.py TARGET [--seconds N]`, or `all`.

With atheris (coverage-guided) if it is installed, with plain mutation if not. An input that breaks
a promise is written to `tests/fuzz/corpus/TARGET/`, where the tests run it from then on: keep it,
and mend the decoder. What atheris finds interesting on its way goes to `--scratch`, if given.
"""

import argparse
import sys
import tempfile
import time
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

try:
    import atheris
except ImportError:
    atheris = None


def targets():
    """Import the table of targets; under atheris, with our code instrumented."""
    watching = atheris.instrument_imports(include=["signer", "hw"]) if atheris else nullcontext()
    with watching:
        from appliance_targets import TARGETS as APPLIANCE
        from carry_targets import TARGETS as CODES
        from device_targets import TARGETS as DEVICES
        from keys_targets import TARGETS as KEYS
    return APPLIANCE | CODES | DEVICES | KEYS


def dispatch(table):
    """Make one target of all: the first byte chooses."""
    functions = [table[name] for name in sorted(table)]

    def everything(data):
        if data:
            functions[data[0] % len(functions)](data[1:])

    return everything


def kept(name, table):
    """List the kept inputs of a target."""
    if name != "all":
        return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]
    return [
        bytes((number,)) + data
        for number, one in enumerate(sorted(table))
        for data in kept(one, table)
    ]


def guided(function, folders, seconds, runs):
    """Run atheris; it ends the process."""
    options = [f"-max_total_time={seconds}", f"-runs={runs}", "-max_len=4096", "-timeout=10"]
    options += ["-rss_limit_mb=1024", f"-artifact_prefix={folders[-1]}/"]
    atheris.Setup([sys.argv[0], *options, *map(str, folders)], function)
    atheris.Fuzz()


def plain(function, seeds, folder, seconds):
    """Mutate for so many seconds."""
    from mutation import inputs

    end = time.monotonic() + seconds
    for count, data in enumerate(inputs(seeds, None, int(time.time())), 1):
        try:
            function(data)
        except BaseException:
            name = folder / f"crash-{sha256(data).hexdigest()[:16]}"
            name.write_bytes(data)
            print(f"broken after {count} inputs: {name}")
            raise
        if time.monotonic() > end:
            print(f"{count} inputs, nothing found")
            return


def main():
    """Read the command line and run."""
    table = targets()
    parser = argparse.ArgumentParser(description="Fuzz a decoder.")
    parser.add_argument("target", choices=[*sorted(table), "all"])
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--runs", type=int, default=-1, help="atheris only")
    parser.add_argument("--plain", action="store_true", help="without atheris")
    parser.add_argument("--scratch", type=Path, help="where atheris keeps what is interesting")
    chosen = parser.parse_args()
    function = table.get(chosen.target) or dispatch(table)
    folder = CORPUS / chosen.target
    if atheris is None or chosen.plain:
        folder.mkdir(parents=True, exist_ok=True)
        plain(function, kept(chosen.target, table), folder, chosen.seconds)
        return
    with tempfile.TemporaryDirectory() as temporary:
        scratch = chosen.scratch or Path(temporary)
        for data in kept(chosen.target, table):
            (scratch / sha256(data).hexdigest()[:16]).write_bytes(data)
        if chosen.target != "all":
            folder.mkdir(parents=True, exist_ok=True)
        guided(
            function,
            [scratch, folder] if folder.exists() else [scratch],
            chosen.seconds,
            chosen.runs,
        )


if __name__ == "__main__":
    main()
