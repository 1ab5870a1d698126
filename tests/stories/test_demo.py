"""The demo, as a visitor runs it."""

import re

HASH = re.compile(r"[0-9a-f]{64}")


def test_the_demo_ends_well_and_tells_everything_as_json(demo):
    """Exit code 0; steps, txid, block hash and the three refusals are in the one object."""
    assert demo.ended.code == 0, demo.ended.err
    told = demo.ended.answer
    assert HASH.fullmatch(told["txid"])
    assert HASH.fullmatch(told["block"])
    assert [step["number"] for step in told["steps"]] == list(range(1, len(told["steps"]) + 1))
    assert [(one["attack"], one["step"], one["rule"]) for one in told["refusals"]] == [
        ("swapped-destination", 7, "transaction.payments"),
        ("redirected-change", 4, "outputs.script"),
        ("burnt-fee", 3, "inputs.witness_utxo"),
    ]


def test_each_attack_is_refused_by_both_signers_with_what_they_saw(demo):
    """A refusal says what was expected and what was found, and which signer said so."""
    for refusal in demo.ended.answer["refusals"]:
        assert [one["officer"] for one in refusal["signers"]] == ["alice", "carol"]
        assert all(one["expected"] and one["found"] for one in refusal["signers"])


def test_every_command_of_the_way_is_typed(demo):
    """The commands are those that a person types, from the key to the confirmed block."""
    typed = [step["command"] for step in demo.ended.answer["steps"]]
    for start in (
        *("coldsign key create", "coldsign key xpub", "coldsign officer create"),
        *("coldquorum vault create", "coldquorum policy new", "coldquorum policy propose"),
        *("coldsign policy sign", "coldquorum policy import", "coldsign enrol"),
        *("coldquorum request new", "coldsign approve", "coldquorum build", "coldsign sign"),
        *("coldquorum combine", "coldquorum finalize", "coldquorum broadcast"),
    ):
        assert any(command.startswith(start) for command in typed), start


def test_steps_are_told_while_they_happen_and_no_secret_with_them(demo):
    """Progress goes to stderr, one line a step, and no passphrase is among it."""
    steps = demo.ended.answer["steps"]
    for step in steps:
        assert step["command"] in demo.ended.err
    assert "for the demo only" not in demo.ended.err


def test_refused_signers_leave_no_file_and_the_coordinator_no_home(demo):
    """What was refused was not signed; the visitor's own home folder is not touched."""
    for refusal in demo.ended.answer["refusals"]:
        for officer in ("alice", "carol"):
            assert (demo.folder / officer / f"{refusal['attack']}.psbt").exists()
            assert not (demo.folder / officer / f"{refusal['attack']}-signed.psbt").exists()
    assert not (demo.folder.parent / "nobody").exists()


def test_machines_share_nothing_but_what_was_carried(demo):
    """No key of an officer is on another machine."""
    for officer in ("alice", "bob", "carol"):
        kept = {path.name for path in (demo.folder / officer / "home" / "keys").iterdir()}
        assert kept == {f"{officer}.seed", f"{officer}.officer"}
    assert not (demo.folder / "coordinator" / "home" / "keys").exists()
