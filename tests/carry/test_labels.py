"""BIP329: its vectors, what is kept, what is skipped, and what is refused."""

import json
from pathlib import Path

import pytest

from signer.carry import labels
from signer.carry.labels import Record
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import Descriptor, VaultKey, bip48_path
from signer.core.errors import BadInput

VECTORS = (Path(__file__).parent / "vectors" / "bip329.jsonl").read_bytes()
TXID = "f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd"


def form(script_type="p2wsh"):
    """A 2-of-2 descriptor of well-known keys."""
    place = network("BTC", "main")
    path = bip48_path(place, script_type)
    keys = []
    for number in (1, 2):
        root = ExtendedPrivateKey.from_seed(bytes((number,)) * 32)
        keys.append(VaultKey(Origin(root.fingerprint, path), root.derive_path(path).public()))
    return Descriptor(place, script_type, 2, tuple(keys))


FORM = form()


def line(**fields):
    """A record as a line."""
    return json.dumps({"type": "tx", "ref": TXID, "label": "rent"} | fields).encode()


def test_the_vectors():
    """Every type of the BIP; the two transactions are of another wallet, by their origin."""
    found = labels.parse(VECTORS, FORM)
    assert [r.type for r in found.records] == ["addr", "pubkey", "input", "output", "xpub"]
    assert (found.elsewhere, found.unknown, found.cut) == (2, 0, 0)
    output = found.records[3]
    assert (output.label, output.spendable) == ("Output", False)
    assert output.outpoint is not None
    assert (output.outpoint.txid, output.outpoint.vout) == (TXID, 1)
    assert found.records[0].outpoint is None


def test_what_is_read_is_written_again():
    """The same objects, key by key, whatever fields they have."""
    rich = (
        {"type": "addr", "ref": "bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c", "heights": [1, 2]},
        {
            "type": "output",
            "ref": f"{TXID}:0",
            "label": "x",
            "spendable": True,
            "value": 5,
            "fmv": {"USD": 1233.45},
            "keypath": "/1/123",
            "mine": None,
        },
        {"type": "tx", "ref": TXID, "rate": {"USD": 105620.0}, "origin": labels.origin(FORM)},
    )
    data = "\n".join(map(json.dumps, rich)).encode()
    written = labels.write(labels.parse(data, FORM).records)
    assert [json.loads(text) for text in written.splitlines()] == list(rich)
    assert written.endswith("\n")
    assert labels.parse(written.encode(), FORM).records == labels.parse(data, FORM).records


@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
def test_our_origin_is_known_again_however_it_is_written(script_type):
    """H or ', upper-case fingerprints, the keys in another order: the same wallet."""
    ours = form(script_type)
    text = labels.origin(ours)
    assert "xpub" not in text
    assert text.count("[") == 2
    first, second = (str(key.origin) for key in ours.keys)
    swapped = text.replace("'", "h").replace(first, "@").replace(second, first)
    for spelt in (text, text.replace("'", "h"), text.upper(), swapped.replace("@", second)):
        assert len(labels.parse(line(origin=spelt), ours).records) == 1
    for other in ("wpkh([d34db33f/84'/0'/0'])", "", 5, text.replace("48'", "49'"), text + first):
        assert labels.parse(line(origin=other), ours).elsewhere == 1


def test_unknown_types_are_skipped_and_counted():
    """As the BIP says, for what may come."""
    found = labels.parse(line() + b"\n" + line(type="psbt", ref=1) + b"\n\n", FORM)
    assert (len(found.records), found.unknown) == (1, 1)


def test_long_labels_are_cut_and_counted():
    """255 characters, of whatever alphabet."""
    found = labels.parse(line(label="\u65e5" * 256) + b"\n" + line(label="\u65e5" * 255), FORM)
    assert [len(r.label or "") for r in found.records] == [255, 255]
    assert found.cut == 1


def test_what_is_not_said_stays():
    """A record without a label or a flag alters neither (BIP329, "Specification")."""
    first = Record("output", f"{TXID}:0", "x", spendable=False, others='{"value": 1}')
    quiet = Record("output", f"{TXID}:0", others='{"height": 2}')
    merged = quiet.over(first)
    assert (merged.label, merged.spendable) == ("x", False)
    assert json.loads(merged.others) == {"value": 1, "height": 2}
    assert Record("output", f"{TXID}:0", "", spendable=True).over(first).label == ""


XPUB = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD"

# name -> the file, and what the refusal says
BAD = {
    "not json": (b"hello", "line 1: not a JSON object"),
    "the second line": (line() + b"\nhello", "line 2"),
    "a list": (b"[1]", "not a JSON object"),
    "a number": (b"1", "not a JSON object"),
    "torn": (line()[:-5], "not a JSON object"),
    "a key twice": (b'{"type":"tx","type":"addr","ref":"x"}', "means one thing"),
    "not a number": (b'{"type":"tx","ref":"x","rate":NaN}', "means one thing"),
    "nested 4,000 deep": (b"[" * 4000, "not a JSON object"),
    "an integer of 5,000 digits": (b'{"fee":' + b"9" * 5000 + b"}", "means one thing"),
    "no type": (b'{"ref":"x"}', "no type or no ref"),
    "a type that is a number": (line(type=1), "no type or no ref"),
    "a type that is a table": (line(type={"USD": 1.5}), "no type or no ref"),
    "no ref": (b'{"type":"tx"}', "no type or no ref"),
    "a short txid": (line(ref=TXID[:-1]), "not a reference to: tx"),
    "a long txid": (line(ref=TXID + "0"), "not a reference to: tx"),
    "an output without index": (line(type="output", ref=TXID), "reference to: output"),
    "an output of a huge index": (line(type="output", ref=f"{TXID}:{10**11}"), "to: output"),
    "an input of index 01": (line(type="input", ref=f"{TXID}:01"), "reference to: input"),
    "an address with a blank": (line(type="addr", ref="bc1q 34aq5drpuwy3w"), "to: addr"),
    "an address with an escape": (line(type="addr", ref="bc1q\u001b34aq5drpuwy"), "to: addr"),
    "a key of 31 bytes": (line(type="pubkey", ref="02" * 31), "reference to: pubkey"),
    "a private key": (line(type="xpub", ref=XPUB.replace("pub", "prv")), "reference to: xpub"),
    "a label of two lines": (line(label="a\nb"), "one line of text"),
    "a label that is a number": (line(label=5), "one line of text"),
    "a flag in quotes": (line(type="output", ref=f"{TXID}:0", spendable="false"), "spendable"),
    "a flag of 0": (line(type="output", ref=f"{TXID}:0", spendable=0), "spendable"),
    "a line of 10 kB": (line(label="x" * 10_000), "too long"),
    "not utf-8": (b'{"type":"tx","ref":"\xff"}', "means one thing"),
    "100,000 lines": (b"\n" * labels.MAX_RECORDS, "too many"),
    "too large": (b" " * (labels.MAX_FILE + 1), "too large"),
}


@pytest.mark.parametrize("name", BAD)
def test_named_bad_labels(name):
    """One bad line refuses the file, and is told by its number."""
    data, why = BAD[name]
    with pytest.raises(BadInput, match=why):
        labels.parse(data, FORM)
