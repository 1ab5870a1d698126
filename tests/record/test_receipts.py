"""A refusal yields a receipt: signed by the station, kept, journalled, and given."""

import json
import stat

import pytest
from officers_desk import lie, refusals

from policies.envelope import MAX_DOCUMENT, Envelope
from policies.errors import Refusal
from signer.core.errors import BadInput, Fault
from signer.core.hashes import sha256
from signer.core.journal import Journal
from signer.core.names import Height
from signer.record import archive, refuse
from signer.record.archive import EVIDENCE, kept
from signer.record.receipt import KIND, MAX_RECEIPT, MOST, Judged, Papers, Receipt
from signer.record.station import current, key_id, station


def refuse_a_lie(desk, world, *options, number=0):
    """Let a PSBT be refused at step 3."""
    file = desk.file("lie.psbt", world.bundle(tamper=lie, fee=2_000 + number))
    return desk.unlocking("sign", file, "--yes", "--json", *options)


def receipt_of(path):
    """A receipt's envelope and content."""
    envelope = Envelope.parse(path.read_bytes(), kind=KIND)
    return envelope, Receipt.parse(envelope.payload)


def test_a_receipt_says_what_was_refused_and_on_what_grounds(enrolled, world):
    """Step, rule, expected, found; the ids; the journal's head before; the station's signature."""
    head = Journal.open(enrolled.home).head
    done = refuse_a_lie(enrolled, world, "--receipt", enrolled.folder / "r.json")
    error = done.json["error"]
    assert (done.code, error["receipt"]) == (3, str(enrolled.folder / "r.json"))
    envelope, receipt = receipt_of(enrolled.folder / "r.json")
    first, told = receipt.refusals[0], error["refusals"][0]
    assert [told[name] for name in ("step", "rule", "what", "expected", "found", "hint")] == [
        *(first.step, first.rule, first.what, first.expected, first.found, first.hint)
    ]
    raw = (enrolled.folder / "lie.psbt").read_bytes()
    assert receipt.judged.sha256 == sha256(raw).hex()
    assert (receipt.judged.command, receipt.judged.seq, receipt.judged.head) == ("sign", 1, head)
    papers = receipt.papers
    assert (papers.vault, papers.policy) == (world.vault.id, world.policy.id)
    assert papers.withdrawal == world.withdrawal().id
    entries = Journal.open(enrolled.home).entries()
    assert envelope.valid_keys([current(entries)])
    line = entries[-1].fields
    data = (enrolled.folder / "r.json").read_bytes()
    assert (line["receipt"], line["step"], line["rule"]) == (
        *(sha256(data).hex(), 3, "inputs.witness_utxo"),
    )
    assert error["receipt_sha256"] == line["receipt"]
    assert kept(enrolled.home, "receipts", line["receipt"]) == data
    assert kept(enrolled.home, EVIDENCE, line["judged"]) == raw


def test_the_station_key_is_the_owners_alone_and_named_before_it_signs(enrolled, world):
    """Mode 0600; made once; the journal names it first; the command shows the same key."""
    shown = enrolled.run("station", "--json").json["station"]
    path = enrolled.home / "station.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    refuse_a_lie(enrolled, world)
    entries = Journal.open(enrolled.home).entries()
    assert [entry.event for entry in entries] == ["enrol", "station", "refusal"]
    assert entries[1].fields["key"] == shown == key_id(station(enrolled.home))
    assert path.read_text().strip() not in json.dumps(shown)


def test_a_receipt_is_never_written_over_anything(enrolled, world):
    """Said before the file is even read; and nothing is journalled."""
    taken = enrolled.file("taken", b"mine")
    done = refuse_a_lie(enrolled, world, "--receipt", taken)
    assert done.code == 4
    assert taken.read_bytes() == b"mine"
    assert refusals(enrolled) == 0


def test_the_same_question_gets_the_same_receipt(enrolled, world):
    """A script that tries again and again adds no line, until something else happens."""
    first = refuse_a_lie(enrolled, world).json["error"]["receipt_sha256"]
    again = enrolled.unlocking("sign", enrolled.folder / "lie.psbt", "--yes")
    assert again.code == 3
    assert "(given before: nothing has changed since)" in again.err
    assert refusals(enrolled) == 1
    enrolled.unlocking("sign", enrolled.file("x.psbt", world.bundle()), "--yes")
    assert refuse_a_lie(enrolled, world).json["error"]["receipt_sha256"] != first
    assert refusals(enrolled) == 2


def test_what_cannot_be_read_is_refused_at_step_1(enrolled, world):
    """A PSBT that no strict parser takes gets a receipt; what is no PSBT at all gets none."""
    torn = enrolled.file("torn.psbt", world.bundle()[:-1])
    done = enrolled.unlocking("sign", torn, "--yes", "--json")
    assert done.code == 4
    _, receipt = receipt_of(
        enrolled.home / "receipts" / f"{done.json['error']['receipt_sha256']}.json"
    )
    assert (receipt.refusals[0].step, receipt.refusals[0].rule) == (1, "parse")
    done = enrolled.unlocking("sign", enrolled.file("no.psbt", b"hello"), "--yes", "--json")
    assert done.code == 4
    assert "receipt" not in done.json["error"]


@pytest.mark.parametrize("command", ["approve", "policy sign", "policy accept"])
def test_every_command_that_refuses_gives_a_receipt(enrolled, world, command):
    """An approval of what has expired; a policy that skips an epoch; one that dave may not sign."""
    policy = world.successor(epoch=3)
    late = world.withdrawal(expiry=Height(1))
    file = enrolled.file(
        "in.json",
        world.approve(late, ()).to_bytes()
        if command == "approve"
        else world.admit(policy).to_bytes(),
    )
    secret = (
        ()
        if command == "policy accept"
        else ("--officer", "dave", "--passphrase-file", enrolled.secret)
    )
    target = enrolled.folder / "r.json"
    done = enrolled.run(*command.split(), file, *secret, "--yes", "--json", "--receipt", target)
    assert done.code == 3, done.err
    _, receipt = receipt_of(target)
    assert receipt.judged.command == command.replace(" ", "-")
    assert receipt.refusals[0].rule == done.json["error"]["refusals"][0]["rule"]
    assert receipt.papers.vault == world.vault.id
    assert enrolled.run("journal", "verify", "--json").json["whole"]


# limits


def test_a_flood_ends_at_the_limit_and_what_came_first_stays(enrolled, world, monkeypatch):
    """Beyond it, a refusal is still one; nothing more is written anywhere."""
    monkeypatch.setattr(refuse, "MAX_REFUSALS", 3)
    for number in range(3):
        assert refuse_a_lie(enrolled, world, number=number).json["error"]["receipt"]
    before = sorted((p.name, p.stat().st_size) for p in enrolled.home.rglob("*"))
    done = refuse_a_lie(enrolled, world, number=3)
    assert done.code == 3
    assert done.json["error"]["refusals"][0]["rule"] == "inputs.witness_utxo"
    assert done.json["error"]["receipt"] is None
    assert "no receipt: this machine's record of refusals is full" in done.err
    assert sorted((p.name, p.stat().st_size) for p in enrolled.home.rglob("*")) == before
    assert enrolled.run("journal", "verify", "--json").json["refusals"] == 3
    assert enrolled.unlocking("sign", enrolled.file("x.psbt", world.bundle()), "--yes").code == 0


@pytest.mark.parametrize(("limit", "most"), [("MAX_REFUSED", 100), ("MAX_EVIDENCE", 100)])
def test_large_files_are_not_kept(enrolled, world, monkeypatch, limit, most):
    """Their hash is; the receipt says that they are not, and the replay that it cannot ask."""
    monkeypatch.setattr(archive, limit, most)
    refuse_a_lie(enrolled, world, "--receipt", enrolled.folder / "r.json")
    assert receipt_of(enrolled.folder / "r.json")[1].judged.kept is False
    assert not (enrolled.home / EVIDENCE).exists()
    done = enrolled.run("journal", "verify", "--json").json
    assert (done["whole"], done["replayed"], done["not_replayed"]) == (True, 0, 1)


def longest(number):
    """A receipt with so many refusals of the greatest length."""
    long = "\x01" * 5_000  # written as \\u0001
    refusals = tuple(
        Refusal(8, "x", long, Fault.COORDINATOR, long, long, "hint") for _ in range(number)
    )
    judged = Judged("sign", "ab" * 32, 1, kept=False, seq=0, head="00" * 32)
    return Receipt("1", 0, judged, Papers(), refusals)


def test_the_longest_receipt_fits():
    """The worst that a thief's file can cause, in letters that JSON writes as six."""
    receipt = longest(MOST)
    assert Receipt.parse(receipt.payload) == receipt
    assert len(receipt.payload) < MAX_RECEIPT
    assert len(Envelope.wrap(KIND, receipt.payload).to_bytes()) < MAX_DOCUMENT
    with pytest.raises(BadInput):
        Receipt.parse(longest(MOST + 1).payload)


def test_a_refusal_stays_one_whatever_becomes_of_its_receipt(enrolled, world):
    """A damaged station key, and a disk that does not take it."""
    (enrolled.home / "station.key").write_bytes(b"nonsense")
    done = refuse_a_lie(enrolled, world)
    assert done.code == 3
    assert done.json["error"]["receipt"] is None
    assert "no receipt: the station key is damaged" in done.err
    done = refuse_a_lie(enrolled, world, "--receipt", enrolled.folder / "missing" / "r.json")
    assert done.code == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace(b'"step":3', b'"step":12'),
        lambda t: t.replace(b'"step":3', b'"step":3.0'),
        lambda t: t.replace(b'"more":0', b'"more":-1'),
        lambda t: t.replace(b'"fault":"coordinator"', b'"fault":"nobody"'),
        lambda t: t.replace(b'"command":"sign"', b'"command":"rm"'),
        lambda t: t.replace(b'"version":1', b'"version":2'),
        lambda t: t.replace(b'"kept":true', b'"kept":1'),
        lambda t: t.replace(b'"weekday":', b'"weekday":1'),
        lambda t: t.replace(b'{"documents"', b'{"x":1,"documents"'),
        lambda t: b" " + t,
        lambda t: t + t,
    ],
)
def test_a_receipt_is_read_strictly(enrolled, world, change):
    """Whatever another reader could take otherwise is no receipt."""
    refuse_a_lie(enrolled, world, "--receipt", enrolled.folder / "r.json")
    payload = receipt_of(enrolled.folder / "r.json")[0].payload
    assert change(payload) != payload
    with pytest.raises(BadInput):
        Receipt.parse(change(payload))


def test_an_officer_who_declines_gets_a_receipt_too(enrolled, world):
    """Step 9: what comes before it passes again, and the rest is the officer's own word."""
    file = enrolled.file("x.psbt", world.bundle())
    done = enrolled.unlocking("sign", file, answer="no\n")
    assert done.code == 3
    assert "receipt: " in done.err
    assert enrolled.run("journal", "verify", "--json").json["replayed"] == 1
