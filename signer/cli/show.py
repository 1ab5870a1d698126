"""What people and programs read. People's output: lower case, aligned, safe on any terminal.

One result, two renderers: `emit` prints either the JSON object or the text, on stdout. Everything
else (hints, warnings, questions) goes to stderr, so that stdout can be piped.
"""

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TextIO

_COLOURS: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
"""Unicode categories that can move the cursor, reorder or hide text: controls, formats (the
bidirectional overrides of UAX 9 among them), surrogates, private, unassigned, odd blanks."""

_UNSEEN: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Letters, marks and a Braille pattern that show nothing, and would fake columns: what Unicode's
`DerivedCoreProperties` calls default-ignorable beyond those categories, and U+2800."""


def safe(text: str) -> str:
    r"""Text from a document or an argument, fit for a terminal.

    Whatever could repaint, reorder or hide what an officer reads is written as `\x1b` or
    `\u202e`; the plain space stays.
    """
    if text.isascii() and text.isprintable():
        return text  # nearly all that is shown: looked up at once, not a character at a time
    return "".join(
        character
        if character == " "
        or not (character in _UNSEEN or unicodedata.category(character) in _UNSAFE)
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def grouped(text: str, size: int = 4) -> str:
    """An address, id or fingerprint in groups, left to right, made safe: `bc1q xy2k gdyg`."""
    text = safe(text)
    return " ".join(text[start : start + size] for start in range(0, len(text), size))


def folded(text: str, most: int) -> list[str]:
    """Text as lines of at most so many terminal cells, made safe; runs of blanks become one.

    A terminal that breaks a long line by itself goes on at its edge, where the labels of a screen
    stand: a payee's name could pose as a line that says another amount.
    """
    lines = [""]
    for word in safe(text).split():
        rest = word
        while rest:
            gap = " " if lines[-1] else ""
            if width(lines[-1] + gap + rest) <= most:
                lines[-1] += gap + rest
                break
            if gap:
                lines.append("")
                continue
            fits = max(1, next(n for n in range(len(rest)) if width(rest[: n + 1]) > most))
            lines[-1], rest = rest[:fits], rest[fits:]
    return lines


def number(value: int) -> str:
    """An integer with its digits in groups of three: `1 500 000`."""
    return f"{value:,}".replace(",", " ")


def columns(rows: Iterable[Sequence[str]], *, indent: int = 0) -> str:
    """Rows of cells as aligned columns, two blanks apart; every cell is made safe."""
    cells = [[safe(cell) for cell in row] for row in rows]
    count = max((len(row) for row in cells), default=0)
    widths = [max(width(row[at]) for row in cells if at < len(row)) for at in range(count)]
    return "\n".join(
        " " * indent
        + "  ".join(cell + " " * (widths[at] - width(cell)) for at, cell in enumerate(row)).rstrip()
        for row in cells
    )


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Text in a colour, if the stream (stdout unless told) is a terminal that wants one."""
    stream = sys.stdout if stream is None else stream
    if not _is_terminal(stream) or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def data(value: object) -> Any:
    """A record, and whatever is in it, as JSON values: its fields by name, in their order."""
    if names := getattr(value, "__match_args__", ()):
        return {name: data(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {key: data(inner) for key, inner in value.items()}
    return [data(inner) for inner in value] if isinstance(value, tuple) else value


def emit(as_json: bool, data: Mapping[str, object], text: str) -> None:
    """Print one result on stdout: the JSON object for programs, or the text for people."""
    out(json.dumps(data, indent=2) if as_json else text)


def out(text: str) -> None:
    """One or more lines on stdout."""
    print(text)  # noqa: T201 -- the one place that prints results


def note(text: str) -> None:
    """A hint or a line of progress on stderr. Secrets go nowhere but through `prompt.show_once`."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 -- the one place that prints notes


def warn(text: str) -> None:
    """Something that the person should look at, on stderr."""
    note(f"{paint('warning:', 'yellow', sys.stderr)} {safe(text)}")


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def width(text: str) -> int:
    """Terminal cells: East Asian wide characters (UAX 11) take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
