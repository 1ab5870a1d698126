"""Run the real coldsign: as a script does, and as a person at a terminal does."""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "stories"))

from programs import Ended, forked

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "signer.cli.coldsign")
PATIENCE = 30  # seconds

PASSPHRASE = "correct horse battery"
WORDS = "abandon " * 11 + "about"


def coldsign(*arguments, program=None, stdin=None, **environment):
    """Run coldsign without a terminal: in a fork, unless the interpreter's own start matters."""
    if (
        program is None
        and stdin is None
        and not any(name.startswith("PYTHON") for name in environment)
    ):
        with TemporaryDirectory() as scratch:
            place = {"cwd": ROOT, "home": Path(scratch) / "home", "scratch": Path(scratch)}
            return forked(("coldsign", *arguments), **place, environment=environment)
    given = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    done = subprocess.run(
        [*(program or PROGRAM), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=PATIENCE,
        **given,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


class Terminal:
    """Coldsign with a terminal of its own for stdin and stderr; stdout is a pipe."""

    def __init__(self, *arguments, **environment):
        self._mine, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 -- no threads
        )
        self._theirs = theirs  # kept open, so that the terminal's settings can be looked at after
        self.screen = ""
        self._seen = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        os.close(self._mine)
        os.close(self._theirs)

    def expect(self, text):
        """Wait until the terminal shows a text that was not there before; give what came until."""
        until = time.monotonic() + PATIENCE
        while text not in self.screen[self._seen :]:
            assert self._read(until), f"no {text!r} on:\n{self.screen}"
        start, self._seen = self._seen, self.screen.index(text, self._seen) + len(text)
        return self.screen[start : self._seen]

    def send(self, text, end="\n"):
        """Type something."""
        os.write(self._mine, (text + end).encode())

    def answer(self, question, text):
        """Wait for a question and answer it."""
        shown = self.expect(question)
        self.send(text)
        return shown

    def echoes(self):
        """Whether the terminal echoes what is typed."""
        return bool(termios.tcgetattr(self._theirs)[3] & termios.ECHO)

    def finish(self):
        """Wait for the end."""
        out = self.process.stdout.read().decode()
        code = self.process.wait(PATIENCE)
        while self._read(time.monotonic()):
            pass
        return Ended(code, out, self.screen)

    def _read(self, until):
        ready, _, _ = select.select([self._mine], [], [], max(0.05, until - time.monotonic()))
        if not ready:
            return False
        self.screen += os.read(self._mine, 65536).decode()
        return True
