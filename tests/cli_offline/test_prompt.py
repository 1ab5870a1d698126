"""Questions and answers: read to the line, never past it."""

import os
import sys
from pathlib import Path

import pytest
from coldsign_terminal import coldsign

from signer.cli import prompt
from signer.core.errors import BadInput


@pytest.fixture
def stdin(monkeypatch):
    """A pipe as stdin; the fixture writes into it and closes the writing end."""
    read, write = os.pipe()
    with os.fdopen(read) as stream:
        monkeypatch.setattr(sys, "stdin", stream)

        def give(data):
            os.write(write, data)
            os.close(write)

        yield give


def test_lines_are_read_one_by_one(stdin, capsys):
    """A question takes its own line only; what follows is the next question's."""
    stdin(b"first\r\nsecond\n\nlast")
    assert prompt.line("1? ") == b"first"
    assert prompt.line("2? ") == b"second"
    assert prompt.line("3? ") == b""
    assert prompt.line("4? ") == b"last"
    with pytest.raises(BadInput, match="nobody answered"):
        prompt.line("5? ")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("1? 2? ")


def test_a_line_without_end(stdin):
    """Longer than any answer: refused, and not read into memory."""
    stdin(b"x" * 60_000)
    with pytest.raises(BadInput, match="too long"):
        prompt.line("? ")


@pytest.mark.parametrize(
    ("answer", "result"),
    [(b"yes\n", True), (b" YES \n", True), (b"y\n", False), (b"\n", False), (b"no\n", False),
     (b"yes please\n", False), (b"\xff\n", False), (b"yes", True)],
)  # fmt: skip
def test_only_the_word_confirms(stdin, answer, result):
    """Nothing short of the whole word."""
    stdin(answer)
    assert prompt.confirm("sign?") is result


def test_another_word_can_be_asked_for(stdin, capsys):
    """For what must not be confirmed by habit; the question says which."""
    stdin(b"yes\nDestroy\n")
    assert not prompt.confirm("really?", word="destroy")
    assert prompt.confirm("really?", word="destroy")
    assert capsys.readouterr().err == "really? [type destroy]: " * 2


def test_a_closed_stdin_is_not_a_yes(monkeypatch):
    """Closed before the start, or since: nobody answered."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(BadInput, match="nobody answered"):
        prompt.confirm("sign?")
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(BadInput, match="nobody answered"):
            prompt.confirm("sign?")
    with pytest.raises(BadInput, match="nobody answered"):
        prompt.confirm("sign?")


def test_a_pipe_cannot_destroy_by_silence(alice):
    """The same through the program: no answer, exit code 4, the key is still there."""
    done = coldsign("key", "destroy", "alice", "--home", alice)
    assert done.code == 4
    assert "nobody answered" in done.err
    assert (alice / "keys/alice.seed").exists()
