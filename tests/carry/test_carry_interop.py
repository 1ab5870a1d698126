"""Other makers' codecs: what they wrote reads here, and what we write reads there."""

import base64
import json
import random
import shutil
import subprocess
from itertools import islice
from pathlib import Path

import pytest
from carry_samples import VECTORS, binary, join, psbt, vectors
from test_ur_types import vault

from signer.carry import bbqr, bytewords, cbor, crypto_account, crypto_output, fountain, qr, ur
from signer.carry.payload import Kind, Payload
from signer.core import coins

BC_UR = vectors("ngraveio_bc_ur.json")["cases"]
KEYSTONE = vectors("keystone_registry.json")["cases"]
COINKITE = vectors("coinkite_bbqr.json")["cases"]

REFERENCE = Path(__file__).parent / "reference"
NODE = shutil.which("node")
live = pytest.mark.skipif(
    NODE is None or not (REFERENCE / "node_modules").exists(),
    reason="needs node, and `npm install` in tests/carry/reference",
)


def name_of(case):
    """Name a case."""
    return case["name"]


def shuffled(codes, seed=1):
    """Mix the order, the same way every time."""
    return random.Random(seed).sample(codes, len(codes))


@pytest.mark.parametrize("case", BC_UR, ids=name_of)
def test_bc_ur_reads_here(case):
    """@ngraveio/bc-ur's parts, in any order and with a third lost, give its message."""
    parts = case["parts"]
    assert join(shuffled(parts)).data == base64.b64decode(case["data"])
    mixed = parts[: case["count"] // 3] + parts[case["count"] :]
    if len(mixed) > case["count"] + 4:
        assert join(mixed).data == base64.b64decode(case["data"])


@pytest.mark.parametrize("case", BC_UR, ids=name_of)
def test_bc_ur_would_have_written_the_same(case):
    """Our parts are its parts, letter for letter: plain ones, mixed ones, late ones."""
    message = cbor.encode(base64.b64decode(case["data"]))
    encoder = fountain.Encoder(message, case["largest"])
    assert encoder.count == case["count"]
    if encoder.count == 1:
        assert case["parts"] == [f"ur:bytes/{bytewords.encode(message)}"]
        return
    numbers = range(case["first"] + 1, case["first"] + 1 + len(case["parts"]))
    ours = (bytewords.encode(encoder.part(n).to_bytes()) for n in numbers)
    assert [
        f"ur:bytes/{n}-{encoder.count}/{words}" for n, words in zip(numbers, ours, strict=True)
    ] == case["parts"]


@pytest.mark.parametrize("case", KEYSTONE, ids=name_of)
def test_keystones_registry_reads_here(case):
    """Keystone's PSBT, descriptors and account read, and are in deterministic CBOR."""
    payload = join(shuffled(case["parts"]))
    if payload.kind is Kind.PSBT:
        assert payload.data == base64.b64decode(case["data"])
        assert cbor.encode(payload.data).hex() == case["cbor"]
    else:
        assert payload.data.hex() == case["cbor"]
        assert cbor.encode(cbor.decode(payload.data)) == payload.data
    if payload.kind is Kind.OUTPUT:
        text = crypto_output.descriptor_text(payload.data)
        multi = case["name"] != "output single"
        assert text.startswith("wsh(sortedmulti(2,[" if multi else "sh(wpkh([37b5eed4/49h/0h/0h]")
        assert text.count("/0/*") == (3 if multi else 1)
        assert ("tpub" in text) == (case["name"] == "output test")
    if payload.kind is Kind.ACCOUNT:
        account = crypto_account.parse(payload.data)
        assert [e.script_type for e in account.keys] == ["p2wsh", "p2sh-p2wsh", "p2wpkh"]


@pytest.mark.parametrize("case", COINKITE, ids=name_of)
def test_coinkites_bbqr_reads_here(case):
    """Coinkite's codes of every encoding and type, in any order, give its file."""
    kinds = {"P": "psbt", "T": "transaction", "J": "json", "U": "text", "B": "binary"}
    payload = join(shuffled(case["parts"] * 2))
    assert payload.data == base64.b64decode(case["data"])
    assert payload.kind == kinds[case["fileType"]]
    assert all(part[2:4] == case["encoding"] + case["fileType"] for part in case["parts"])


@pytest.mark.parametrize("case", COINKITE, ids=name_of)
def test_we_need_no_more_codes_than_coinkite(case):
    """The same file in the same version takes as many codes here."""
    payload = Payload.of(join(case["parts"]).kind, base64.b64decode(case["data"]))
    ours = bbqr.split(payload, qr.capacity(case["version"]), case["encoding"])
    assert len(ours) == len(case["parts"])


def read_there(way, codes):
    """Have the reference read codes; returns its type and bytes."""
    done = subprocess.run(
        [NODE, "read.mjs"],
        cwd=REFERENCE,
        input=json.dumps({"format": way, "codes": list(codes)}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer["type"], base64.b64decode(answer["data"])


@live
@pytest.mark.parametrize("encoding", bbqr.ENCODINGS)
@pytest.mark.parametrize("version", [5, 27])
def test_coinkite_reads_ours(encoding, version):
    """Coinkite's own library joins our codes of every encoding."""
    codes = bbqr.split(Payload(Kind.PSBT, psbt()), qr.capacity(version), encoding)
    assert read_there("bbqr", shuffled(codes)) == ("P", psbt())


@live
@pytest.mark.parametrize("skipped", [0, 5])
def test_keystone_reads_our_psbt(skipped):
    """Keystone's registry reads our PSBT, from plain parts or from mixed ones."""
    series = ur.Series(Payload(Kind.PSBT, psbt()), qr.capacity(7))
    codes = islice(series.endless(), skipped, skipped + 4 * series.count)
    assert read_there("ur", codes) == ("crypto-psbt", psbt())


@live
def test_bc_ur_reads_our_bytes():
    """@ngraveio/bc-ur reads mixed parts only."""
    payload = binary(2500)
    series = ur.Series(payload, qr.capacity(10))
    codes = islice(series.endless(), series.count, 6 * series.count)
    assert read_there("ur", codes) == ("bytes", payload.data)


@live
def test_keystone_reads_our_descriptor():
    """Keystone's registry reads the vault that we show, key by key."""
    descriptor = vault(coins.network("BTC", "main"))
    payload = Payload(Kind.OUTPUT, crypto_output.encode(descriptor))
    name, text = read_there("ur", ur.Series(payload, 500).first())
    assert name == "crypto-output"
    assert text.startswith(b"wsh(sortedmulti(2,")
    # It drops the origins' brackets, and knows no branches: those came in November 2021.
    for key in descriptor.keys:
        xpub = key.xpub.to_text(descriptor.network.xpub)
        assert f"{key.origin.fingerprint}/48'/0'/0'/2'{xpub}/".encode() in text


@live
def test_keystone_reads_our_account():
    """Keystone's registry reads the account keys that we show."""
    network = coins.network("BTC", "main")
    key = vault(network).keys[0]
    data = crypto_account.encode(key.origin.fingerprint, [("p2wsh", key)], network)
    name, text = read_there("ur", ur.Series(Payload(Kind.ACCOUNT, data), 4000).first())
    assert name == "crypto-account"
    assert key.xpub.to_text(network.xpub).encode() in text


@live
def test_the_vectors_are_what_the_packages_write(tmp_path):
    """The recorded parts are made again, byte for byte."""
    done = subprocess.run(
        [NODE, "record.mjs", tmp_path], cwd=REFERENCE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (VECTORS / path.name).read_bytes()
