"""A process that has imported both programs and forks one for each line that it reads.

A run costs what it does, and not the start. Each line is a JSON object: `name`, `arguments`, `cwd`,
`environment`, and the files `out` and `err`. The answer is a line with the exit code.
"""

import gc
import json
import os
import pkgutil
import sys
from importlib import import_module

from signer.cli import coldquorum, coldsign, exits
from signer.sign import softkey

PROGRAMS = {"coldquorum": coldquorum, "coldsign": coldsign}
PACKAGES = ("build", "chain", "cli", "core", "keys", "record", "settle", "sign", "store")


def warm():
    """Import what any command may, and let OpenSSL find its algorithms: every child has it then."""
    for package in PACKAGES:
        path = import_module(f"signer.{package}").__path__
        for module in pkgutil.walk_packages(path, f"signer.{package}."):
            import_module(module.name)
    softkey.second_engine(bytes(32), bytes(31) + b"\x01")
    gc.freeze()  # a child's collector would copy every page that it looks at


def play(name, arguments, *, cwd, environment, out, err):
    """Be the program, to its end."""
    streams = ((os.devnull, os.O_RDONLY), (out, os.O_WRONLY), (err, os.O_WRONLY))
    for number, (path, how) in enumerate(streams):
        os.dup2(os.open(path, how | os.O_CREAT), number)
    os.environ.update(environment)
    os.chdir(cwd)
    code = exits.run(PROGRAMS[name].app, arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    warm()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(play(**json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
