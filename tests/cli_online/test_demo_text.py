"""What the demo prints for people."""

from signer.ceremony.demo import Attack, Played
from signer.ceremony.stage import Reason, Step
from signer.ceremony.thief import Forgery
from signer.cli.online import demo

STEPS = (
    Step(1, "keys", "alice", "makes a key", "coldsign key create alice", 0.5),
    Step(2, "keys", "bob", "makes a key", "coldsign key create bob", 0.5),
    Step(3, "attack", "carol", "REFUSES \x1b[2J", "coldsign sign x.psbt", 0.5),
)
REASONS = tuple(
    Reason(name, 7, "transaction.payments", "it pays another", "bc1 a", "bc1 b")
    for name in ("alice", "carol")
)
PLAYED = Played(
    STEPS,
    "ab" * 32,
    "cd" * 32,
    105,
    "py-bitcoinkernel 1",
    (Attack(Forgery("swap", "swaps it", b"", 7, "transaction.payments"), REASONS),),
)


def test_each_step_is_one_line_under_its_scene():
    """The scene's name once, then who, what for, and the command; nothing may move the cursor."""
    said = []
    tell = demo._narrator(said.append)
    for step in STEPS:
        tell(step)
    assert said[0] == "keys"
    assert " ".join(said[1].split()) == "1 alice makes a key coldsign key create alice"
    assert said[3] == "\nattack"
    assert len(said) == 5
    assert all("\x1b" not in line for line in said)


def test_the_ending_tells_txid_block_and_each_refusal():
    """With the step, the reason, what was expected and found, and who refused."""
    text = demo._ending(PLAYED, None, 21.5)
    for word in ("abab abab", "cdcd", "105", "py-bitcoinkernel 1", "21.5", "alice, carol"):
        assert word in text
    for word in ("swap: the thief swaps it", "step 7", "it pays another", "bc1 a", "bc1 b"):
        assert word in text
    assert "kept" not in text


def test_what_is_kept_can_be_used(tmp_path):
    """Whoever keeps the demo is told where it is and how its keys are opened."""
    text = demo._ending(PLAYED, tmp_path, 1.0)
    assert str(tmp_path) in text
    assert "alice, for the demo only" in text


def test_the_data_names_steps_txid_block_and_refusals():
    """The same for programs."""
    data = demo._data(PLAYED, None, 1.0)
    assert data["txid"] == "ab" * 32
    assert data["block"] == "cd" * 32
    assert len(data["steps"]) == 3
    assert data["refusals"][0]["attack"] == "swap"
    assert [one["officer"] for one in data["refusals"][0]["signers"]] == ["alice", "carol"]
