"""What is shown: aligned, grouped, and harmless to the terminal and to the reader."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.cli import show


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_text_takes_the_short_way_to_the_same_end(text):
    """ASCII is told at a glance: as if each character had been looked up, beside one that is."""
    assert show.safe(f"{text}é") == f"{show.safe(text)}é"
    assert show.width(f"{text}é") == show.width(text) + 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with blanks: 1.5 €", "plain, with blanks: 1.5 €"),
        ("日本語 ありがとう", "日本語 ありがとう"),
        ("a\x1b[2J", r"a\x1b[2J"),
        ("two\nlines\r\tand", r"two\nlines\r\tand"),
        ("pay \u202eecila", r"pay \u202eecila"),
        ("isolated \u2066x\u2069", r"isolated \u2066x\u2069"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("nbsp\xa0here\u2028", r"nbsp\xa0here\u2028"),
        ("\x9b31m", r"\x9b31m"),
        ("broken \udcff", r"broken \udcff"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("blank\u3164\u2800letters\ufe0f", r"blank\u3164\u2800letters\ufe0f"),
    ],
)
def test_unsafe_characters_are_written_out(text, shown):
    """Controls, bidirectional overrides, invisible and broken characters; all else stays."""
    assert show.safe(text) == shown


@given(st.text())
def test_safe_text_is_one_printable_line(text):
    """Whatever comes, what is shown can be printed and has no control character."""
    shown = show.safe(text)
    assert all(character == " " or character.isprintable() for character in shown)
    shown.encode()


@given(st.text(), st.integers(2, 80))
def test_folded_text_stays_within_its_lines(text, width):
    """No line is wider than it may be, and nothing but blanks is lost."""
    lines = show.folded(text, width)
    assert max(map(show.width, lines)) <= width
    assert "".join(lines).replace(" ", "") == show.safe(text).replace(" ", "")


def test_folded_text_keeps_words_whole():
    """As far as they fit; wide characters count twice; runs of blanks are one."""
    assert show.folded("to the   cold wallet", 11) == ["to the cold", "wallet"]
    assert show.folded("a 日本語日本", 4) == ["a", "日本", "語日", "本"]
    assert show.folded("", 5) == [""]


def test_groups():
    """Addresses in groups of four, amounts in groups of three."""
    assert show.grouped("bcrt1qxy2kgd") == "bcrt 1qxy 2kgd"
    assert show.grouped("abcde", 2) == "ab cd e"
    assert show.number(2_100_000_000_000_000) == "2 100 000 000 000 000"
    assert show.number(-1500) == "-1 500"
    assert show.number(999) == "999"


def test_columns_are_aligned():
    """Also beside wide characters; no blanks at the ends of lines; ragged rows do."""
    rows = [("to", "alice", "1"), ("日本", "b"), ("e\u0301", "c")]
    assert show.columns(rows) == "to    alice  1\n日本  b\ne\u0301     c"
    assert show.columns([("a", "b")], indent=2) == "  a  b"
    assert show.columns([]) == ""


def test_columns_are_safe():
    """A cell cannot add lines or columns."""
    assert show.columns([("a\nb", "c\x1b[0m")]) == r"a\nb  c\x1b[0m"


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        """Say so."""
        return True


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch):
    """Not in a pipe, not with NO_COLOR, not on a dumb terminal."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert show.paint("no", "red", Screen()) == "\x1b[31mno\x1b[0m"
    assert show.paint("no", "red", io.StringIO()) == "no"
    monkeypatch.setenv("TERM", "dumb")
    assert show.paint("no", "red", Screen()) == "no"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "")
    assert show.paint("no", "red", Screen()) == "no"


def test_one_result_two_renderers(capsys):
    """JSON is one object and plain ASCII; text is printed as it is. Notes go to stderr."""
    show.emit(True, {"why": "bl\u202eah"}, "text")
    out = capsys.readouterr().out
    assert json.loads(out) == {"why": "bl\u202eah"}
    assert out.isascii()
    show.emit(False, {"why": "x"}, "text")
    show.warn("care\x07ful")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("text\n", "warning: care\\x07ful\n")
