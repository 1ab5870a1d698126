"""Questions to the person: asked on stderr, answered on stdin, one line each.

Rules of interaction:
- Secrets come from a terminal, unechoed, or from `--passphrase-file`. Never from an argument or an
  environment variable.
- What was typed before a question appeared is thrown away: nobody confirms what was not yet shown.
- stdin is read byte by byte, so that no buffer of the interpreter keeps a secret.
- A closed stdin is an error (nobody answered), never a "yes".
- A question may end before its answer, when what it is about is taken back: `until`, a descriptor
  that can be read from then.
"""

import os
import select
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from signer.cli import show
from signer.cli.naming import HINTS, named
from signer.core.errors import BadInput, Fault

MAX_LINE: Final = 4096
"""Longest answer in bytes. A terminal's own limit (Linux, N_TTY_BUF_SIZE) is the same."""

MIN_PASSPHRASE: Final = 12
"""Characters of a new passphrase. Argon2id slows guessing; it does not save a short one."""

_CLEAR: Final = "\x1b[2J\x1b[3J\x1b[H"  # screen, scroll-back, cursor home (ECMA-48, xterm)


class TakenBack(Exception):
    """What a person was asked about is gone. Nobody said yes."""


def passphrase(
    file: Path | None, what: str, *, new: bool = False, until: int | None = None
) -> bytearray:
    """A passphrase as raw bytes: the file's without its last line ending, or the person's.

    Args:
        file: what `--passphrase-file` said.
        what: what it opens, for the prompt: `passphrase for {what}: `.
        new: ask twice, and want at least `MIN_PASSPHRASE` characters.
        until: see above.

    Raises:
        BadInput: no terminal, no answer, empty, too short, or two different answers.
        TakenBack: by `until`.
    """
    question = f"passphrase for {what}: "
    secret = _passphrase_line(question, until) if file is None else _read_file(file)
    if not secret:
        raise BadInput("the passphrase is empty", fault=Fault.OFFICER)
    # UTF-8 continuation bytes (RFC 3629) are not characters of their own.
    if new and sum(byte & 0xC0 != 0x80 for byte in secret) < MIN_PASSPHRASE:  # noqa: PLR2004 -- as said
        raise BadInput(
            "the passphrase is too short",
            fault=Fault.OFFICER,
            expected=f"at least {MIN_PASSPHRASE} characters",
            hint="six random words are easier to keep than twelve random letters",
        )
    if new and file is None and _passphrase_line("the same passphrase again: ") != secret:
        raise BadInput("the two passphrases differ", fault=Fault.OFFICER)
    return secret


def line(question: str, *, echo: bool = True, until: int | None = None) -> bytearray:
    """One answer, without its line ending.

    Raises:
        BadInput: stdin is closed, or the line is longer than `MAX_LINE` bytes.
        TakenBack: by `until`.
    """
    try:
        source = sys.stdin.fileno()
    except (AttributeError, ValueError, OSError):  # closed before or since the program began
        source = -1
    with _unechoed(source, echo=echo):
        sys.stderr.write(question)
        sys.stderr.flush()
        answer = _read_line(source, until)
    if not echo:
        show.note("")  # the person's own line feed was not echoed
    if answer is None:
        show.note("")
        raise BadInput(
            "nobody answered: the input is closed", fault=Fault.OFFICER, expected=question.strip()
        )
    return answer


def confirm(question: str, *, word: str = "yes", until: int | None = None) -> bool:
    """Whether the person typed exactly this word (letter case and outer blanks aside)."""
    answer = line(f"{question} [type {word}]: ", until=until)
    return answer.strip().lower() == word.lower().encode()


def need_terminal(what: str, hint: str) -> None:
    """Refuse to go on without a person at a terminal.

    Raises:
        BadInput: stdin or stderr is not a terminal.
    """
    if not (is_terminal(0) and is_terminal(2)):
        raise BadInput(f"{what} needs a terminal", fault=Fault.OFFICER, hint=hint)


def is_terminal(descriptor: int) -> bool:
    """Whether an open file descriptor is a terminal; a closed one is not."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def show_once(
    heading: str,
    lines: Sequence[str],
    question: str = "press enter when you have written it down: ",
) -> None:
    """Show a secret on the terminal's stderr until the person has it, then clear the screen."""
    sys.stderr.write("\n".join((_CLEAR + heading, "", *lines, "", "")))
    line(question)
    clear_screen()


def clear_screen() -> None:
    """Clear a terminal's screen and scroll-back, after something secret was on it."""
    sys.stderr.write(_CLEAR)
    sys.stderr.flush()


def _passphrase_line(question: str, until: int | None = None) -> bytearray:
    need_terminal("asking for a passphrase", "use --passphrase-file FILE")
    return line(question, echo=False, until=until)


def _read_file(file: Path) -> bytearray:
    from signer.core.files import read_limited

    with named(file, hint=HINTS["passphrase"]):
        secret = bytearray(read_limited(file, limit=MAX_LINE, what="passphrase file"))
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        show.warn(f"others on this machine may read {file}: chmod 600 it")
    for ending in (b"\n", b"\r"):
        if secret.endswith(ending):
            del secret[-1]
    return secret


def _read_line(source: int, until: int | None) -> bytearray | None:
    """Bytes up to a line feed or the end, or None if the end comes first."""
    answer = bytearray()
    while len(answer) <= MAX_LINE:
        if until is not None and until in select.select([source, until], [], [])[0]:
            show.note("")
            raise TakenBack
        try:
            byte = os.read(source, 1)
        except OSError:  # not open, or the terminal hung up
            byte = b""
        if byte == b"\n" or (not byte and answer):
            return answer.removesuffix(b"\r")
        if not byte:
            return None
        answer += byte
    raise BadInput("the answer is too long", fault=Fault.OFFICER, expected=f"{MAX_LINE} bytes")


@contextmanager
def _unechoed(source: int, *, echo: bool) -> Iterator[None]:
    """Drop what was typed ahead; with `echo=False`, do not echo until the end of the block."""
    if not is_terminal(source):
        yield
        return
    import termios

    termios.tcflush(source, termios.TCIFLUSH)
    before = termios.tcgetattr(source)
    silent = termios.tcgetattr(source)
    if not echo:
        silent[3] &= ~termios.ECHO
    try:
        termios.tcsetattr(source, termios.TCSADRAIN, silent)
        yield
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)
