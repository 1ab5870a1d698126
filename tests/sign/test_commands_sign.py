"""inspect, sign, journal: as an officer types them."""

import json
from pathlib import Path

import pytest
from officers_desk import events, lie

# inspect


def test_inspect_shows_the_review_and_the_steps(enrolled, world):
    """Eight passed, three to come."""
    done = enrolled.run("inspect", enrolled.file("x.psbt", world.bundle()))
    assert done.code == 0, done.err
    assert "withdrawal 1 from treasury" in done.out
    assert done.out.count("  ok  ") == 8


def test_inspect_as_json(enrolled, world):
    """One object, with the review and the verdict."""
    done = enrolled.run("inspect", enrolled.file("x.psbt", world.bundle()), "--json")
    assert done.json["signable"] is True
    assert done.json["review"]["fee"] == 2_000
    assert [step["passed"] for step in done.json["steps"]] == [True] * 8 + [None] * 3


def test_inspect_shows_a_refused_one_and_why(enrolled, world):
    """That is no failure of inspect."""
    file = enrolled.file("x.psbt", world.bundle(tamper=lie))
    done = enrolled.run("inspect", file, "--json")
    assert done.code == 0
    assert done.json["signable"] is False
    assert done.json["refusals"][0]["rule"] == "inputs.witness_utxo"
    assert [step["passed"] for step in done.json["steps"]][:4] == [True, True, False, None]
    text = enrolled.run("inspect", file)
    assert "would be refused: input 0: the file lies about the coin" in text.out


def test_inspect_shows_a_stranger_s_psbt(desk, world):
    """Nothing is enrolled here; base64 is read as well."""
    import base64

    file = desk.file("x.psbt", base64.b64encode(world.bundle()))
    done = desk.run("inspect", file)
    assert done.code == 0
    assert "the vault is not enrolled here" in done.out
    stripped = world.bundle().replace(b"\x0acoldquorum\x00", b"\x0acoldquorun\x00")
    other = desk.run("inspect", desk.file("y.psbt", stripped), "--network", "test", "--json")
    assert other.code == 0
    assert other.json["refusals"][0]["step"] == 1
    assert other.json["claims"]["outputs"][0]["address"].startswith("tb1")


@pytest.mark.parametrize("data", [b"", b"hello", b"psbt\xff", b'{"payload":""}'])
def test_inspect_refuses_what_is_no_psbt(desk, data):
    """Bad input, and no traceback."""
    done = desk.run("inspect", desk.file("x.psbt", data))
    assert done.code == 4
    assert done.out == ""
    first, *others = done.err.splitlines()
    assert first.startswith("error: ")
    assert "psbt: " in first
    assert any(line.startswith("  hint: ") for line in others)


def test_inspect_and_bitcoin_core_s_vectors(desk):
    """src/test/data/rpc_psbt.json: the invalid ones are bad input, the valid ones are shown."""
    path = Path(__file__).parents[1] / "vectors" / "bitcoin_core_rpc_psbt.json"
    vectors = json.loads(path.read_text())
    invalid = vectors["invalid"] + [text for text, _ in vectors["invalid_with_msg"]]
    assert (len(invalid), len(vectors["valid"])) == (43, 20)
    for code, texts in ((4, invalid), (0, vectors["valid"])):
        for number, text in enumerate(texts):
            file = desk.file("core.psbt", text.encode())
            done = desk.run("inspect", file, "--json")
            assert done.code == code, (number, done.err)
            assert ("error" in done.json) == (code == 4)
            assert desk.run("inspect", file).code == code


def test_inspect_writes_nothing(enrolled, world):
    """No journal line, no file."""
    enrolled.run("inspect", enrolled.file("x.psbt", world.bundle()))
    assert events(enrolled) == ["enrol"]
    assert not (enrolled.folder / "x-signed.psbt").exists()


# sign


def test_sign(enrolled, world):
    """Review on stderr, result on stdout, a new file, a journal line."""
    file = enrolled.file("x.psbt", world.bundle())
    done = enrolled.unlocking("sign", file, "--json", answer="yes\n")
    assert done.code == 0, done.err
    assert "withdrawal 1 from treasury" in done.err
    assert "sign it? [type yes]" in done.err
    assert done.json["signed_by"] == ["alice"]
    assert done.json["signatures"] == 1
    raw = (enrolled.folder / "x-signed.psbt").read_bytes()
    assert world.examine(raw).facts.signed_by == ("alice",)
    assert events(enrolled) == ["enrol", "sign"]


@pytest.mark.parametrize(("answer", "code"), [("no\n", 3), ("\n", 3), ("yes!\n", 3), (None, 4)])
def test_sign_wants_a_yes(enrolled, world, answer, code):
    """Step 9; nothing is journalled or written otherwise."""
    done = enrolled.unlocking("sign", enrolled.file("x.psbt", world.bundle()), answer=answer)
    assert done.code == code
    assert not (enrolled.folder / "x-signed.psbt").exists()
    assert events(enrolled) == ["enrol"]


def test_sign_refuses_with_step_and_rule(enrolled, world):
    """Exit code 3, for people and for programs."""
    done = enrolled.unlocking(
        "sign", enrolled.file("x.psbt", world.bundle(tamper=lie)), "--yes", "--json"
    )
    assert done.code == 3
    refusal = done.json["error"]["refusals"][0]
    assert (refusal["step"], refusal["rule"], refusal["fault"]) == (
        3,
        "inputs.witness_utxo",
        "coordinator",
    )
    assert not (enrolled.folder / "x-signed.psbt").exists()


def test_sign_never_overwrites(enrolled, world):
    """Said before anybody is asked anything."""
    taken = enrolled.file("taken.psbt", b"mine")
    file = enrolled.file("x.psbt", world.bundle())
    done = enrolled.unlocking("sign", file, "-o", taken, "--yes")
    assert done.code == 4
    assert "nothing is ever overwritten" in done.err
    assert taken.read_bytes() == b"mine"
    assert events(enrolled) == ["enrol"]


def test_sign_refuses_a_file_that_changed_after_the_review(enrolled, world, monkeypatch):
    """The medium swaps the file while the officer reads: step 10."""
    from signer.cli import prompt

    file = enrolled.file("x.psbt", world.bundle())

    def swapping(*_: object, **__: object) -> bool:
        file.write_bytes(world.bundle(fee=2_001))
        return True

    monkeypatch.setattr(prompt, "confirm", swapping)
    done = enrolled.unlocking("sign", file, "--json")
    assert done.code == 3
    assert done.json["error"]["refusals"][0]["rule"] == "bytes.changed"
    assert not (enrolled.folder / "x-signed.psbt").exists()
    assert events(enrolled) == ["enrol"]


def test_sign_says_when_the_signed_file_cannot_be_written(enrolled, world, monkeypatch):
    """Journalled, and not written: signing again is safe, and gives what was lost."""
    from signer.core import files

    file = enrolled.file("x.psbt", world.bundle())

    room = [files.write_all]  # for the evidence, which comes before the journal's line

    def full(*arguments: object) -> None:
        if not room:
            raise OSError(28, "No space left on device")
        room.pop()(*arguments)

    enrolled.run("journal", "verify")
    before = sorted(path.name for path in enrolled.folder.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(files, "write_all", full)
        done = enrolled.unlocking("sign", file, "--yes")
    assert done.code == 4
    assert "signed and journalled, but not written" in done.err
    assert "it is safe" in done.err
    assert sorted(path.name for path in enrolled.folder.iterdir()) == before
    assert events(enrolled) == ["enrol", "sign"]
    assert enrolled.unlocking("sign", file, "--yes").code == 0
    assert events(enrolled) == ["enrol", "sign", "sign"]


def test_sign_refuses_to_sign_what_it_has_signed(enrolled, world):
    """The signed file goes on to the next officer."""
    enrolled.unlocking("sign", enrolled.file("x.psbt", world.bundle()), "--yes")
    done = enrolled.unlocking("sign", enrolled.folder / "x-signed.psbt", "--yes")
    assert done.code == 4
    assert "alice has signed this file already" in done.err


def test_sign_warns_of_another_transaction_for_the_same_withdrawal(enrolled, world):
    """A fee bump, or a trick: the officer is told that only one can confirm."""
    enrolled.unlocking("sign", enrolled.file("x.psbt", world.bundle()), "--yes")
    bumped = enrolled.file("y.psbt", world.bundle(fee=2_500))
    done = enrolled.unlocking("sign", bumped, "--yes")
    assert done.code == 0
    assert "you have signed another transaction for this withdrawal" in done.err


@pytest.mark.parametrize("name", ["bob", "dave"])
def test_sign_with_a_key_that_is_not_enrolled(enrolled, world, name):
    """Wherever that key may be."""
    file = enrolled.file("x.psbt", world.bundle())
    done = enrolled.unlocking("sign", file, "--key", name, "--yes")
    assert done.code == 4
    assert "no such key is enrolled" in done.err


def test_sign_asks_which_of_two_keys(enrolled, world):
    """Two keys of one vault on one machine: allowed, and not guessed between."""
    bob = world.officers["bob"].root.fingerprint
    from signer.sign.state import State

    State(enrolled.home).enrol(
        world.vault_envelope, [world.policy_envelope], key="bob", fingerprint=bob
    )
    done = enrolled.unlocking("sign", enrolled.file("x.psbt", world.bundle()), "--yes")
    assert done.code == 4
    assert "--key, one of alice, bob" in done.err


def test_no_secret_is_shown(enrolled, world):
    """Neither the passphrase nor a private key, on any stream or in any file that is written."""
    done = enrolled.unlocking("sign", enrolled.file("x.psbt", world.bundle()), "--yes", "--json")
    root = world.officers["alice"].root
    written = (enrolled.home / "journal.jsonl").read_text() + done.out + done.err
    written += (enrolled.folder / "x-signed.psbt").read_bytes().hex()
    assert root.secret.hex() not in written
    assert world.key().branches[0].secret.hex() not in written
    assert "a passphrase of the tests" not in written


# journal


def test_journal_show_and_verify(enrolled, world):
    """What happened, the newest hash, and that it can be found again."""
    enrolled.unlocking("sign", enrolled.file("x.psbt", world.bundle()), "--yes")
    shown = enrolled.run("journal", "show")
    assert shown.code == 0
    assert [line.split()[3] for line in shown.out.splitlines()] == ["enrol", "sign"]
    data = enrolled.run("journal", "show", "--last", "1", "--json").json
    assert [entry["event"] for entry in data["entries"]] == ["sign"]
    verified = enrolled.run("journal", "verify", "--head", data["head"], "--json")
    assert verified.json["entries"] == 2
    assert verified.json["head"] == data["head"]
    assert verified.json["vaults"] == [world.vault.id]


def test_journal_verify_misses_a_line_that_was_written_down(enrolled):
    """The end of a journal was taken away: only paper can tell."""
    done = enrolled.run("journal", "verify", "--head", "ab" * 32)
    assert done.code == 4
    assert "does not hold that line" in done.err


def test_journal_verify_finds_an_altered_line(enrolled):
    """One letter."""
    path = enrolled.home / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"alice"', b'"alicf"'))
    assert enrolled.run("journal", "verify").code == 4
    assert enrolled.run("journal", "show").code == 4


def test_an_empty_journal(desk):
    """Nothing yet is no failure."""
    assert desk.run("journal", "show").out == "nothing yet\n"
    assert desk.run("journal", "verify", "--json").json["entries"] == 0
