"""A process that has imported both programs and forks one for each line that it reads.

A run costs what it does, and not the interpreter's start. Each line is a JSON object: `name`,
`arguments`, `cwd`, `home`, and the files `out` and `err`. The answer is a line with the exit code.
"""

import json
import os
import sys

import typer

import signer.build.draft
import signer.chain.bitcoind
import signer.chain.regtest
import signer.cli.coldquorum
import signer.cli.coldsign
import signer.cli.online.papers
import signer.cli.online.sending
import signer.keys.keystore
import signer.sign.selftest
import signer.sign.state
import signer.store.store
from signer.cli import exits

PROGRAMS = {"coldquorum": signer.cli.coldquorum, "coldsign": signer.cli.coldsign}


def play(name, arguments, *, cwd, home, out, err):
    """Be the program, to its end."""
    streams = ((os.devnull, os.O_RDONLY), (out, os.O_WRONLY), (err, os.O_WRONLY))
    for number, (path, how) in enumerate(streams):
        os.dup2(os.open(path, how | os.O_CREAT), number)
    os.environ.update(COLDQUORUM_HOME=home, COLDSIGN_HOME=home, NO_COLOR="1")
    os.chdir(cwd)
    code = exits.run(PROGRAMS[name].app, arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    for program in PROGRAMS.values():
        typer.main.get_command(program.app)  # what it imports and caches, every child then has
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(play(**json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
