"""What an auditor finds: `journal verify` and `journal export`, and every way to cheat them."""

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from officers_desk import lie

from policies.envelope import Envelope
from signer.core import journal
from signer.core.hashes import sha256
from signer.core.journal import Journal
from signer.core.names import DocumentId
from signer.record.archive import EVIDENCE, RECEIPTS, keep, place
from signer.record.receipt import KIND, Receipt
from signer.record.station import station


def fill(desk, world):
    """A day's work: one refused, one approved, one signed, a policy signed and accepted."""
    policy = world.successor()
    for argv in (
        ("sign", desk.file("lie.psbt", world.bundle(tamper=lie))),
        (
            *("approve", desk.file("w.json", world.approve(world.withdrawal(), ()).to_bytes())),
            *("--officer", "alice"),
        ),
        ("sign", desk.file("x.psbt", world.bundle())),
        (
            *("policy", "sign", desk.file("p.json", world.admit(policy, ()).to_bytes())),
            *("--officer", "alice"),
        ),
    ):
        desk.unlocking(*argv, "--yes")
    desk.run("policy", "accept", desk.file("p2.json", world.admit(policy).to_bytes()), "--yes")
    return desk


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    """Where one day's work is kept, for all tests to copy."""
    return tmp_path_factory.mktemp("shelf") / "home"


@pytest.fixture
def filled(enrolled, world, shelf):
    """A desk with a record."""
    if not shelf.exists():
        shutil.copytree(fill(enrolled, world).home, shelf)
    shutil.rmtree(enrolled.home)
    shutil.copytree(shelf, enrolled.home)
    return enrolled


def verified(desk, *options):
    """What the auditor's program says."""
    return desk.run("journal", "verify", "--json", *options)


def line(desk, event):
    """The first journal line of an event."""
    return next(e for e in Journal.open(desk.home).entries() if e.event == event)


def found(desk, *options):
    """The findings, in words."""
    done = verified(desk, *options)
    assert (done.code, done.json["whole"]) == (3, False)
    return [one["what"] for one in done.json["findings"]]


def receipt_at(desk):
    """Where the receipt lies, and the receipt."""
    path = place(desk.home, RECEIPTS, line(desk, "refusal").fields["receipt"])
    return path, Receipt.parse(Envelope.parse(path.read_bytes()).payload)


def rewritten(desk, change):
    """Write the journal anew, as a thief on this machine could: all hashes and times are right."""
    entries = Journal.open(desk.home).entries()
    (desk.home / "journal.jsonl").unlink()
    for entry in entries:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(journal, "time", SimpleNamespace(time=lambda at=entry.time: at))
            Journal.open(desk.home).append(entry.event, **change(entry.event, dict(entry.fields)))


def resigned(desk, receipt, key=None):
    """A receipt that a thief with the station's key (or another) makes, and journals."""
    envelope = Envelope.wrap(KIND, receipt.payload).signed(key or station(desk.home))
    name = keep(desk.home, RECEIPTS, envelope.to_bytes())
    receipt_at(desk)[0].unlink()
    first = receipt.refusals[0]
    said = {"receipt": name, "step": first.step, "rule": first.rule}
    rewritten(desk, lambda event, fields: fields | (said if event == "refusal" else {}))


def test_a_whole_record_comes_out_again(filled):
    """Every verdict: refused as then, passed as then."""
    done = verified(filled)
    assert done.code == 0, done.out
    events = [e.event for e in Journal.open(filled.home).entries()]
    assert events == ["enrol", "station", "refusal", "approve", "sign", "policy", "accept"]
    data = done.json
    assert (data["refusals"], data["replayed"], data["not_replayed"]) == (1, 4, 0)
    text = filled.run("journal", "verify").out
    assert "4 verdicts asked for again, and the same" in text
    quick = verified(filled, "--quick").json
    assert (quick["whole"], quick["replayed"]) == (True, None)


def test_the_memory_is_that_of_the_time(enrolled, world):
    """What was refused before a policy was accepted, and passes since, is the same verdict still.

    And what was signed under the first policy passes again, though the newest would refuse it.
    """
    fill(enrolled, world)
    stale = enrolled.unlocking("sign", enrolled.folder / "x.psbt", "-o", "y.psbt", "--yes")
    assert stale.code == 3
    done = verified(enrolled)
    assert (done.code, done.json["refusals"], done.json["replayed"]) == (0, 2, 5)


def test_a_receipt_that_is_gone_is_missed(filled):
    """The journal names it."""
    receipt_at(filled)[0].unlink()
    assert any("no such file" in what for what in found(filled))


def test_an_altered_receipt_is_found(filled):
    """One letter of it."""
    path = receipt_at(filled)[0]
    path.write_bytes(path.read_bytes().replace(b"e", b"f", 1))
    assert any("was altered" in what for what in found(filled))


def test_a_forged_receipt_in_the_folder_is_found(filled):
    """By a key that is not this station's; by the station's own, it is only left over."""
    receipt = replace(receipt_at(filled)[1], time=1)
    forged = Envelope.wrap(KIND, receipt.payload).signed(Ed25519PrivateKey.generate())
    name = keep(filled.home, RECEIPTS, forged.to_bytes())
    assert found(filled) == [f"receipts/{name}.json: not signed by this station"]
    place(filled.home, RECEIPTS, name).unlink()
    keep(
        filled.home,
        RECEIPTS,
        Envelope.wrap(KIND, receipt.payload).signed(station(filled.home)).to_bytes(),
    )
    done = verified(filled)
    assert (done.code, len(done.json["notes"])) == (0, 1)


def test_a_receipt_of_another_station_is_found(filled):
    """The same words, journalled, and signed by another machine."""
    resigned(filled, receipt_at(filled)[1], Ed25519PrivateKey.generate())
    assert any("not signed by the station" in what for what in found(filled))


@pytest.mark.parametrize(
    "change",
    [
        lambda refusal: replace(refusal, rule="amounts.per_payment"),
        lambda refusal: replace(refusal, step=5),
        lambda refusal: replace(refusal, found="1 000 BTC"),
        lambda refusal: replace(refusal, expected="nothing"),
    ],
)
def test_a_changed_verdict_does_not_come_out_again(filled, change):
    """A thief with the station's key rewrites receipt and journal whole: only the replay tells."""
    receipt = receipt_at(filled)[1]
    resigned(filled, replace(receipt, refusals=(change(receipt.refusals[0]),)))
    assert any("verdict does not come out again" in what for what in found(filled))
    assert verified(filled, "--quick").code == 0


def test_a_refusal_that_never_was_does_not_come_out_again(filled, world):
    """A forged receipt for a transaction that passes."""
    receipt = receipt_at(filled)[1]
    judged = replace(receipt.judged, sha256=DocumentId(sha256(world.bundle()).hex()))
    envelope = Envelope.wrap(KIND, replace(receipt, judged=judged).payload)
    name = keep(filled.home, RECEIPTS, envelope.signed(station(filled.home)).to_bytes())
    said = {"receipt": name, "judged": judged.sha256}
    receipt_at(filled)[0].unlink()
    rewritten(filled, lambda event, fields: fields | (said if event == "refusal" else {}))
    assert any("verdict does not come out again" in what for what in found(filled))


@pytest.mark.parametrize("field", ["vault", "command", "step", "rule", "judged", "receipt"])
def test_a_line_that_says_something_else_is_found(filled, field):
    """The journal is written anew: the receipt contradicts it, or is another one."""
    other = {"step": 4, "receipt": "ab" * 32, "judged": "ab" * 32, "vault": "ab" * 32}
    said = {field: other.get(field, "other")}
    rewritten(filled, lambda event, old: old | (said if event == "refusal" else {}))
    words = "no such file" if field == "receipt" else "receipt does not come out again"
    assert any(words in what for what in found(filled))


def test_a_receipt_that_rests_on_another_journal_is_found(filled):
    """Other lines came before it, or fewer than it says."""
    receipt = receipt_at(filled)[1]
    for changes in ({"head": "ab" * 32}, {"seq": 0}, {"seq": 7}):
        resigned(filled, replace(receipt, judged=replace(receipt.judged, **changes)))
        assert any("rests on other lines" in what for what in found(filled))


def test_what_was_signed_must_be_there_and_pass(filled, world):
    """The evidence is gone; then another transaction stands in its place."""
    path = place(filled.home, EVIDENCE, line(filled, "sign").fields["psbt"])
    path.unlink()
    assert any("no such file" in what for what in found(filled))
    other = keep(filled.home, EVIDENCE, world.bundle(tamper=lie))
    rewritten(filled, lambda event, said: said | ({"psbt": other} if event == "sign" else {}))
    assert any("it would be refused: input 0" in what for what in found(filled))


@pytest.mark.parametrize(
    ("event", "changes", "words"),
    [
        ("sign", {"txid": "ab" * 32}, "signature does not come out again"),
        ("sign", {"fingerprint": "00000000"}, "not this machine's key"),
        ("approve", {"officer": "carol"}, ""),
        ("approve", {"officer": "nobody"}, "it would be refused"),
        ("policy", {"officer": "nobody"}, "it would be refused"),
        ("policy", {"epoch": 7}, "signature does not come out again"),
    ],
)
def test_a_deed_that_was_another_is_found(filled, event, changes, words):
    """A line that claims what its document does not bear out; who approved is the line's word."""
    rewritten(filled, lambda e, said: said | (changes if e == event else {}))
    if words:
        assert any(words in what for what in found(filled))
    else:
        assert verified(filled).code == 0


def test_another_key_of_the_station_is_shown(filled, world):
    """Lost, or replaced by a thief: the journal has a second line, and --station tells."""
    key = line(filled, "station").fields["key"]
    assert verified(filled, "--station", key).code == 0
    (filled.home / "station.key").unlink()
    filled.unlocking("sign", filled.file("t.psbt", world.bundle()[:-1]), "--yes")
    done = verified(filled)
    assert done.code == 0
    assert "another station key from here on" in done.json["notes"][0]["what"]
    assert any(
        "another station than you expect" in what for what in found(filled, "--station", key)
    )


def test_a_rolled_back_home_is_found_out(filled, world):
    """Yesterday's home verifies by itself; a head on paper, or a receipt that was given, tells."""
    yesterday = filled.folder / "yesterday"
    shutil.copytree(filled.home, yesterday)
    target = filled.folder / "r.json"
    filled.unlocking(
        "sign", filled.file("t.psbt", world.bundle()[:-1]), "--yes", "--receipt", target
    )
    head = Journal.open(filled.home).head
    grouped = " ".join(head[at : at + 4] for at in range(0, 64, 4))  # as it stands on paper
    assert verified(filled, "--head", grouped, "--receipt", target).code == 0
    shutil.rmtree(filled.home)
    yesterday.rename(filled.home)
    assert verified(filled).code == 0
    assert verified(filled, "--head", head).code == 4
    assert any("rolled back" in what for what in found(filled, "--receipt", target))


# export


def exported(desk):
    """The record in a file."""
    target = desk.folder / "record.zip"
    done = desk.run("journal", "export", "-o", target, "--json")
    assert done.code == 0, done.err
    return target


def test_an_auditor_elsewhere_comes_to_the_same_end(filled, tmp_path, monkeypatch):
    """One file; no key in it; an empty home; the same findings."""
    file = exported(filled)
    here = verified(filled).json
    for secret in ("station.key", "keys/alice.seed", "keys/alice.officer"):
        assert (filled.home / secret).read_bytes()[-40:] not in file.read_bytes()
    filled.home = tmp_path / "auditor"
    done = verified(
        filled, file, "--head", here["head"], "--station", here["stations"][0]["station"]
    )
    assert (done.code, done.json) == (0, here)
    assert list(filled.home.iterdir()) == []


def test_export_never_overwrites(filled):
    """And gives the same bytes for the same record."""
    first = exported(filled).read_bytes()
    assert filled.run("journal", "export", "-o", filled.folder / "record.zip").code == 4
    (filled.folder / "record.zip").unlink()
    assert exported(filled).read_bytes() == first


@pytest.mark.parametrize(
    "name", ["../journal.jsonl", "/etc/passwd", "station.key", "vaults/x/vault.json", "evidence/"]
)
def test_a_strange_name_in_the_archive_is_refused(filled, name):
    """Nothing outside of the folder is written, and nothing that does not belong there."""
    with zipfile.ZipFile(exported(filled), "a") as archive:
        archive.writestr(name, b"x")
    done = verified(filled, filled.folder / "record.zip")
    assert done.code == 4
    assert "holds what does not belong there" in done.err


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_archive_is_refused(filled):
    """A name twice, a packed entry (a bomb), no archive at all, a torn one."""
    path = exported(filled)
    whole = path.read_bytes()
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        buffer = io.BytesIO(whole if method == zipfile.ZIP_STORED else b"")
        with zipfile.ZipFile(buffer, "a", method) as archive:
            archive.writestr("journal.jsonl", b"\n" * 1000)
        path.write_bytes(buffer.getvalue())
        assert verified(filled, path).code == 4
    for data in (
        b"PK",
        whole[:-30],
        whole[: len(whole) // 2],
        b"",
        whole.replace(b"enrol", b"enrok"),
    ):
        path.write_bytes(data)
        done = verified(filled, path)
        assert done.code == 4, data[:20]
        assert json.loads(done.out)["error"]["kind"] == "BadInput"


def test_an_empty_home_is_whole(enrolled, tmp_path):
    """Nothing yet."""
    enrolled.home = Path(tmp_path / "new")
    assert verified(enrolled).json["whole"]
