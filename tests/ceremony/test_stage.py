"""The demo notices when something comes out otherwise than it has to."""

import subprocess
import threading
from functools import partial

import pytest

from signer.ceremony import demo, stage, terminal
from signer.ceremony.stage import Differs, Stage


@pytest.fixture
def told():
    """The steps that were told."""
    return []


@pytest.fixture
def desk(tmp_path, told):
    """A coordinator's machine on a stage of its own."""
    return Stage(tmp_path, told.append).machine("coordinator")


def test_a_command_that_succeeds_is_told(desk, told):
    """Who, what for, and what was typed."""
    desk.stage.scene = "first"
    desk.does("looks around", "coldquorum vault list > vaults.txt", makes="vaults.txt")
    (step,) = told
    assert (step.number, step.scene, step.who) == (1, "first", "coordinator")
    assert step.command == "coldquorum vault list > vaults.txt"
    assert (desk.folder / "vaults.txt").read_text() == "none yet\n"


def test_a_command_that_fails_differs(desk, told):
    """With what it printed, and where to look."""
    with pytest.raises(Differs) as caught:
        desk.does("looks", "coldquorum vault show nothing")
    assert "no such vault" in caught.value.found
    assert caught.value.exit_code == 1
    assert told == []


def test_a_file_that_is_not_made_differs(desk):
    """Success is not enough: the file has to be there."""
    with pytest.raises(Differs, match="left no file"):
        desk.does("looks", "coldquorum vault list", makes="nothing.json")


def test_what_should_be_refused_and_is_not_differs(desk):
    """An attack that succeeds ends the demo."""
    with pytest.raises(Differs, match="was not refused"):
        desk.refuses("coldquorum vault list", output="out")


def test_another_failure_is_no_refusal(desk):
    """Exit code 4 is not 3: a signer that is broken has not refused."""
    with pytest.raises(Differs, match="was not refused"):
        desk.refuses("coldquorum vault show nothing", output="out")


def test_an_answer_that_is_no_json_differs(desk):
    """A step that is read by the program has to be readable."""
    with pytest.raises(Differs, match="no JSON object"):
        desk.tells("looks", "coldquorum vault list")
    assert desk.tells("looks", "coldquorum vault list --json") == {"vaults": []}


def test_nothing_is_carried_over_a_file_or_from_nowhere(desk):
    """A carrier neither invents nor overwrites."""
    other = desk.stage.machine("alice")
    with pytest.raises(Differs, match="nothing to carry"):
        desk.stage.carry("carries", desk, "nothing.json", to=(other,))
    (desk.folder / "a.json").write_text("1")
    desk.stage.carry("carries", desk, "a.json", to=(other,))
    with pytest.raises(Differs, match="nothing to carry"):
        desk.stage.carry("carries", desk, "a.json", to=(other,))


def test_a_refusal_is_read_as_the_program_prints_it():
    """Every reason with its step, rule, expectation and finding."""
    screen = (
        "some review\n"
        "refused: it pays another [step 7, transaction.payments]\n"
        "  at fault: coordinator\n  expected: a\n  found: b\n"
        "refused: no anchor [step 7, transaction.anchor]\n  at fault: coordinator\n"
    )
    first, second = stage._reasons("alice", screen)
    assert (first.step, first.rule, first.expected, first.found) == (
        *(7, "transaction.payments"),
        *("a", "b"),
    )
    assert (second.rule, second.what, second.found) == ("transaction.anchor", "no anchor", "")


def test_only_our_programs_are_run(desk):
    """A command of the story is one of ours, never the shell's."""
    with pytest.raises(ValueError, match="rm"):
        desk.does("cleans up", "rm -rf everything")


def test_a_program_that_waits_for_an_answer_is_ended(tmp_path):
    """A prompt that the script does not know: time runs out, and the program is gone."""
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        terminal.converse(
            ["coldsign", "officer", "create", "alice"],
            [("never asked", "x")],
            cwd=tmp_path,
            home=tmp_path / "home",
            timeout=3,
        )
    assert b"passphrase" in caught.value.output


def test_homes_are_not_the_callers(tmp_path, monkeypatch):
    """The visitor's own COLDSIGN_HOME and debug switch do not reach the programs."""
    monkeypatch.setenv("COLDSIGN_HOME", "/somewhere")
    monkeypatch.setenv("COLDQUORUM_DEBUG", "1")
    environment = terminal.environment(tmp_path)
    assert environment["COLDSIGN_HOME"] == environment["COLDQUORUM_HOME"] == str(tmp_path)
    assert "COLDQUORUM_DEBUG" not in environment


def test_a_finished_transaction_that_pays_another_differs(tmp_path):
    """The demo looks into the transaction itself, not only at what programs say."""
    file = tmp_path / "tx.hex"
    for text in ("", "00", "zz"):
        file.write_text(text)
        with pytest.raises(Differs, match="no finished transaction"):
            demo._expect_payment(None, file)


def test_people_who_act_at_once_are_told_one_after_the_other(desk, told):
    """Each person's steps stay together and in the order of the people, whoever was faster."""
    alice = desk.stage.machine("alice")
    met = threading.Barrier(2, timeout=30)

    def act(machine):
        machine.does("first", "coldquorum vault list")
        met.wait()  # both are under way, or this never ends
        machine.does("second", "coldquorum vault list")
        return machine.name

    gave = desk.stage.at_once(partial(act, desk), partial(act, alice))
    assert gave == ["coordinator", "alice"]
    assert [(step.number, step.who, step.story) for step in told] == [
        (1, "coordinator", "first"),
        (2, "coordinator", "second"),
        (3, "alice", "first"),
        (4, "alice", "second"),
    ]


def test_one_of_several_who_fails_ends_the_demo(desk):
    """The others' success does not hide it."""
    alice = desk.stage.machine("alice")
    with pytest.raises(Differs, match="vault show nothing"):
        desk.stage.at_once(
            partial(desk.does, "looks", "coldquorum vault list"),
            partial(alice.does, "looks", "coldquorum vault show nothing"),
        )
