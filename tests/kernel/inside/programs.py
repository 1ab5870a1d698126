"""Our programs inside the machine: each run is a fork of PID 1, which has imported them already."""

import os
import select
import signal
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from signer.cli import coldsign, exits

PATIENCE = 300  # seconds, emulated: a bound against hanging


@dataclass
class Run:
    """A program that runs; what it prints goes into files.

    Attributes:
        pid: of the process.
        out: where its stdout goes.
        err: where its stderr goes; of one at a terminal, what its screen showed so far.
        screen: our end of its terminal, or -1.
    """

    pid: int
    out: Path
    err: Path
    screen: int = -1

    def end(self):
        """Wait for its exit code."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        raise AssertionError(f"{self.out} does not end: {self.told()}")

    def stop(self):
        """End it, as Ctrl-C does."""
        os.kill(self.pid, signal.SIGINT)
        self.end()

    def told(self):
        """All that it printed."""
        return self.out.read_text() + self.err.read_text()

    def expect(self, text):
        """Wait until it shows this."""
        until = time.monotonic() + PATIENCE
        while text not in self.err.read_text():
            assert time.monotonic() < until, f"no {text!r} in: {self.told()}"
            if self.screen >= 0 and select.select([self.screen], [], [], 0.1)[0]:
                self._look()
            elif self.screen < 0:
                time.sleep(0.05)

    def type(self, text):
        """Type a line at its terminal."""
        os.write(self.screen, text.encode() + b"\n")

    def _look(self):
        try:
            shown = os.read(self.screen, 65536)
        except OSError:  # it ended
            raise AssertionError(f"it ended too early: {self.told()}") from None
        with self.err.open("ab") as file:
            file.write(shown)


_count = iter(range(1000))


def coldsign_does(*arguments, terminal=False):
    """Start coldsign; at a terminal of its own if it is to ask somebody."""
    place = Path("/tmp") / f"run-{next(_count)}"
    run = Run(0, place.with_suffix(".out"), place.with_suffix(".err"))
    run.out.touch()
    run.err.touch()
    theirs = None
    if terminal:
        run.screen, theirs = os.openpty()
    run.pid = os.fork()
    if not run.pid:
        _be([str(argument) for argument in arguments], run, theirs)
    if theirs is not None:
        os.close(theirs)
    return run


def does(call):
    """Run a function of the tests in a fork, since whoever used libusb should not fork again."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            call()
            code = 0
        except BaseException:  # noqa: BLE001 -- a fork must not come back as a second PID 1
            traceback.print_exc()
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, f"{call.__name__} failed"


def _be(arguments, run, theirs):
    code = 1
    try:
        out = os.open(run.out, os.O_WRONLY)
        err = os.open(run.err, os.O_WRONLY | os.O_APPEND) if theirs is None else theirs
        source = os.open("/dev/null", os.O_RDONLY) if theirs is None else theirs
        if theirs is not None:
            os.setsid()
        for number, end in enumerate((source, out, err)):
            os.dup2(end, number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = exits.run(coldsign.app, arguments)
    except BaseException:  # noqa: BLE001 -- as above
        traceback.print_exc()
    os._exit(code)
