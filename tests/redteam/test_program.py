"""`coldquorum redteam` as it is typed: its reports, its exit codes, and what it leaves behind."""

import json
import sys
from pathlib import Path

import pytest
from holes import hole
from typer.testing import CliRunner

from signer.ceremony.terminal import run
from signer.cli.coldquorum import app as coldquorum
from signer.cli.typed import program
from signer.core.errors import BadInput
from signer.redteam import run as runs
from signer.redteam.once import reading_once
from signer.redteam.oracle import Violation
from signer.redteam.page import page
from signer.redteam.report import Report, data
from signer.redteam.reproducer import write

APP = program(coldquorum)


def typed(folder: Path, command: str):
    """Run the real program in a folder; its home would be in it."""
    return run(["coldquorum", *command.split()], cwd=folder, home=folder / "home", timeout=600)


def test_a_whole_run_on_two_processes(tmp_path):
    """Named and generated attacks, the real signing program, a page: and no violation anywhere."""
    ran = typed(
        tmp_path,
        "redteam --iterations 100 --jobs 2 --programs 2 --seed tests --report page.html --json",
    )
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["held"] is True
    assert told["seed"] == "tests"
    assert told["generated"]["attacks"] == 100
    assert sum(sum(row.values()) for row in told["generated"]["classes"].values()) == 100
    assert all(one["refused"] and not one["wrong"] for one in told["named"])
    assert told["programs"] == {"asked": 2, "signed": 1, "wrong": []}
    assert told["honest"]["accepted"] == told["honest"]["asked"] > 0
    assert "No violation in 100 generated attacks" in (tmp_path / "page.html").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_reproducer_is_played_again_by_the_real_program(pair, tmp_path):
    """Written while a signer had a hole; the program, which has none, refuses it."""
    with hole("transaction.lock_time", "timing.height"), reading_once():
        for episode in range(20):
            if found := pair[0].episode(episode, 50).findings:
                break
    path = write(found[0], tmp_path)
    ran = typed(tmp_path, f"redteam --replay {path.name}")
    assert ran.code == 0, ran.err
    assert "was violated" in ran.out
    assert "refused it" in ran.out
    assert "no violation" in ran.out
    with hole("transaction.lock_time", "timing.height"):
        again = CliRunner().invoke(APP, ["redteam", "--replay", str(path), "--json"])
    assert again.exit_code == 1
    assert json.loads(again.stdout)["answer"] == "accepted"


def test_a_violation_ends_with_exit_code_1_and_says_how_to_see_it_again(tmp_path, monkeypatch):
    """On the screen, for programs, and on the page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signer.redteam.campaign._TYPES", ("p2wsh",))  # one world will do
    argv = "redteam --iterations 0 --jobs 1 --programs 0 --seed one --report page.html"
    with hole("approvals.quorum", "approvals.role"):
        ran = CliRunner().invoke(APP, argv.split())
    assert ran.exit_code == 1
    assert "VIOLATION" in ran.stdout
    (line, *_) = [one for one in ran.stdout.splitlines() if "--replay" in one]
    assert Path(line.rpartition(" ")[2]).is_file()
    assert "violations in" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--signer-home .", "what shall be attacked?"),
        ("--vault page.html", "what shall be attacked?"),
        ("--corrupt 3", "that many corrupt officers"),
        ("--report page.html", "file exists"),
        ("--replay page.html", "not a reproducer"),
        ("--replay nothing.json", "no such file"),
    ],
)
def test_what_makes_no_sense_is_said_at_once(tmp_path, monkeypatch, options, words):
    """Before an hour of work, and with nothing written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.html").write_text("{}")
    with pytest.raises(BadInput) as caught:
        CliRunner().invoke(APP, ["redteam", *options.split()], catch_exceptions=False)
    assert words in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_without_the_oracles_library_it_says_what_to_install(monkeypatch):
    """The library is an extra: most customers never need it."""
    monkeypatch.setitem(sys.modules, "wallycore", None)
    with pytest.raises(BadInput, match="the oracle's own library is missing") as caught:
        runs.run(runs.Plan(iterations=1, jobs=1), lambda _: None)
    assert "coldquorum[redteam]" in caught.value.hint


def test_the_page_shows_what_it_is_given_as_text(pair):
    """A thief's words on the page are words, and a violation is red."""
    evil = Violation("<script>", "a & b", '"x"')
    thief = pair[0]
    with reading_once():
        tally = thief.episode(0, 50)
    played = runs.Played("name", "<b>story</b>", 1, ((1, "parse"),), (evil,))
    report = Report("s", "<i>", ("<u>",), (played,), tally, None, 1.0, "e", (Path("<f>"),))
    shown = page(report)
    for tag in ("<script>", "<b>", "<i>", "<u>", "<f>"):
        assert tag not in shown
    assert '<tr class="wrong"><td class="rule">&lt;script&gt;' in shown
    assert data(report)["held"] is False
