"""Keys as vendors write them: the same key from every form, and no form that lacks something."""

import json

import pytest
from known_vaults import FILES, account

from signer.carry import bytewords, ur
from signer.carry.payload import Kind, Payload
from signer.carry.wallets import keyfile, slip132
from signer.core import coins
from signer.core.errors import BadInput

TEST, MAIN = coins.network("BTC", "test"), coins.network("BTC", "main")
VECTORS = json.loads((FILES.parents[1] / "vectors" / "bcr_types.json").read_text())
ACCOUNT = bytes.fromhex(VECTORS["account"]["hex"])
COLDCARD = (
    "[0f056943/48h/1h/0h/2h]tpubDF2rnouQaaYrXF4noGTv6rQYmx87cQ4GrUdhpvXkhtChwQPbdGTi8GA8"
    "8NUaSrwZBwNsTkC9bFkkC8vDyGBVVAQTZ2AS6gs68RQXtXcCvkP"
)
NESTED = (
    "[0f056943/48h/1h/0h/1h]tpubDF2rnouQaaYrUEy2JM1YD3RFzew4onawGM4X2Re67gguTf5CbHonBRiF"
    "Ge3Xjz7DK88dxBFGf2i7K1hef3PM4cFKyUjcbJXddaY9F5tJBoP"
)
BCR_KEY = (
    "[37b5eed4/48h/0h/0h/2h]xpub6EC9f7mLFJQoRQ6qiTvWQeeYsgtki6fBzSUgWgUtAujEMtAfJSAn3AVS"
    "4KrLHRV2hNX77YwNkg4azUzuSwhNGtcq4r2J8bLGMDkrQYHvoed"
)


def raw(name):
    """A kept file."""
    return (FILES / name).read_bytes()


def read(data, place=TEST, script_type="p2wsh"):
    """The key in a file, as text."""
    found = keyfile.read(data, "BTC", place, script_type)
    return found.key.to_text(place.xpub)


def record(**changes):
    """A record as `coldsign key xpub` writes it."""
    key = account(1, net="test")
    text = key.to_text(TEST.xpub)
    table = {
        "kind": "key",
        "version": 1,
        "name": "alice",
        "coin": "BTC",
        "network": "test",
        "script_type": "p2wsh",
        "fingerprint": key.origin.fingerprint,
        "path": "48h/1h/0h/2h",
        "xpub": text.partition("]")[2],
        "key": text,
        "signer": "enforcing",
    }
    return json.dumps(table | changes).encode()


def test_our_record_names_the_officer_and_the_kind_of_signer():
    """It is the only form that does; every field has to fit."""
    found = keyfile.read(record(), "BTC", TEST, "p2wsh")
    assert (found.name, found.type) == ("alice", "enforcing")
    assert found.key == account(1, net="test")


@pytest.mark.parametrize(
    "name", ["key-coldcard-ccxp.json", "key-coldcard-ccxp-older.json", "key-coldcard-generic.json"]
)
def test_coldcards_files_hold_a_key_for_each_script(name):
    """The simulator's own exports: Vpub and Upub, old and new field names, generic JSON."""
    if "older" not in name:
        assert read(raw(name)) == COLDCARD
        assert read(raw(name), script_type="p2sh-p2wsh") == NESTED
    nested = keyfile.read(raw(name), "BTC", TEST, "p2sh-p2wsh")
    native = keyfile.read(raw(name), "BTC", TEST, "p2wsh")
    assert nested.key.origin.fingerprint == native.key.origin.fingerprint
    assert (native.name, native.type) == ("", "")


def test_a_line_of_text_with_or_without_the_letters_of_the_script():
    """Specter-DIY, SeedSigner and Krux: the same key as xpub and as Zpub, path with h or '."""
    key = account(1)
    zpub = slip132.write(key.xpub, MAIN, "p2wsh")
    assert zpub.startswith("Zpub")
    plain = key.to_text(MAIN.xpub)
    for text in (plain, f"{key.origin}{zpub}\n", plain.replace("h", "'", 4).replace("4b", "4B")):
        assert keyfile.read(text.encode(), "BTC", MAIN, "p2wsh").key == key
    nested = account(1, "p2sh-p2wsh")
    ypub = slip132.write(nested.xpub, MAIN, "p2sh-p2wsh")
    assert ypub.startswith("Ypub")
    assert keyfile.read(f"{nested.origin}{ypub}".encode(), "BTC", MAIN, "p2sh-p2wsh").key == nested


def test_the_letters_are_those_of_slip132():
    """All four kinds for several signatures, on both networks, from the same 74 bytes."""
    key = account(1).xpub
    letters = {
        (place.name, script): slip132.write(key, place, script)[:4]
        for place in (MAIN, TEST)
        for script in ("p2wsh", "p2sh-p2wsh")
    }
    assert letters == {
        ("main", "p2wsh"): "Zpub",
        ("main", "p2sh-p2wsh"): "Ypub",
        ("test", "p2wsh"): "Vpub",
        ("test", "p2sh-p2wsh"): "Upub",
    }
    for version, told in slip132.VERSIONS.items():
        assert key.to_text(version).startswith(told.letters)


def test_a_crypto_account():
    """BCR-2020-015's own vector, as a code's text, and as `qr scan` writes it."""
    text = f"ur:crypto-account/{bytewords.encode(ACCOUNT)}"
    assert read(text.encode(), MAIN) == BCR_KEY
    assert read(text.upper().encode(), MAIN) == BCR_KEY
    scanned = {
        "fingerprint": "37b5eed4",
        "keys": [{"script_type": "p2wsh", "network": "main", "key": BCR_KEY}],
    }
    assert read(json.dumps(scanned).encode(), MAIN) == BCR_KEY


XPRV = (
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtR"
    "BeJgk33yuGBxrMPHi"
)
TPUB = COLDCARD.partition("]")[2]
ZPUB = slip132.write(account(1).xpub, MAIN, "p2wsh")

# name -> file, network, script, and what the refusal says
BAD = {
    "a bare xpub": (TPUB.encode(), TEST, "p2wsh", "without its origin"),
    "a bare Zpub": (ZPUB.encode(), MAIN, "p2wsh", "without its origin"),
    "no fingerprint": (raw("key-coldcard-ccxp.json").replace(b"xfp", b"xfq"), TEST, "p2wsh", "xfq"),
    "an empty fingerprint": (
        *(raw("key-coldcard-ccxp.json").replace(b'"0F056943"', b'""'), TEST, "p2wsh"),
        "without its origin",
    ),
    "one signature's key": (
        *(raw("key-refused-one-signature.txt"), TEST, "p2wsh"),
        "wallets of one signature",
    ),
    "letters of another script": (
        *(f"{account(1).origin}{ZPUB}".encode(), MAIN, "p2sh-p2wsh"),
        "another kind of script",
    ),
    "another network's key": (COLDCARD.encode(), MAIN, "p2wsh", "another network"),
    "another network's letters": (raw("key-coldcard-ccxp.json"), MAIN, "p2wsh", "another network"),
    "path and key apart": (
        *(COLDCARD.replace("/0h/2h]", "/0h/1h]").encode(), TEST, "p2wsh"),
        "not at the end of its path",
    ),
    "a placeholder for an origin": (
        *(COLDCARD.replace("0f056943", "00000000").encode(), TEST, "p2wsh"),
        "without its origin",
    ),
    "a path too short": (
        *(COLDCARD.replace("48h/1h/0h/2h", "48h/1h/2h").encode(), TEST, "p2wsh"),
        "not at the end of its path",
    ),
    "a wrong letter": (COLDCARD.replace("ouQaa", "ouQab").encode(), TEST, "p2wsh", "checksum"),
    "two keys": (f"{COLDCARD}\n{COLDCARD}".encode(), TEST, "p2wsh", "no key that is known"),
    "a private key": (f"[0f056943/48h]{XPRV}".encode(), MAIN, "p2wsh", "holds a private key"),
    "a private key in json": (
        json.dumps({"p2wsh": XPRV, "p2wsh_deriv": "m", "xfp": "0f056943"}).encode(),
        *(MAIN, "p2wsh", "holds a private key"),
    ),
    "no key of this script": (
        b'{"p2wsh":"x","p2wsh_deriv":"m/48h","xfp":"0f056943"}',
        *(TEST, "p2sh-p2wsh", "no key for this kind of vault"),
    ),
    "no path": (b'{"p2wsh":"x","xfp":"0f056943"}', TEST, "p2wsh", "no key for this kind"),
    "a number for a key": (
        b'{"p2wsh":1,"p2wsh_deriv":"m/48h","xfp":"0f056943"}',
        *(TEST, "p2wsh", "must be text"),
    ),
    "an unknown field": (
        raw("key-coldcard-ccxp.json").replace(b'"account"', b'"acount"'),
        *(TEST, "p2wsh", "unknown key"),
    ),
    "a field twice": (b'{"xfp":"0f056943","xfp":"0f056944"}', TEST, "p2wsh", "occurs twice"),
    "a seed as a code": (
        b"ur:crypto-seed/oyadgdmdeefejoaonnatcycefxjnbw",
        *(TEST, "p2wsh", "holds a key"),
    ),
    "half a code": (
        ur.Series(Payload(Kind.ACCOUNT, ACCOUNT), 300, "crypto-account").code(1).encode(),
        *(MAIN, "p2wsh", "one code of several"),
    ),
    "another code": (
        ("ur:bytes/" + bytewords.encode(b"\x43abc")).encode(),
        *(TEST, "p2wsh", "no key that is known"),
    ),
    "a vault's document": (b'{"payloadType":"x"}', TEST, "p2wsh", "no key that is known"),
    "our record, another network": (record(network="main"), TEST, "p2wsh", "network must be"),
    "our record, another key": (record(fingerprint="00000000"), TEST, "p2wsh", "fingerprint must"),
    "our record, another script": (record(), TEST, "p2sh-p2wsh", "script_type must be"),
    "not text": (bytes(range(256)), TEST, "p2wsh", "not text"),
    "too large": (b" " * 20_000, TEST, "p2wsh", "too large"),
    "nothing": (b"", TEST, "p2wsh", "no key that is known"),
    "a list": (b"[1]", TEST, "p2wsh", "no key that is known"),
}


@pytest.mark.parametrize("name", BAD)
def test_named_bad_key_files(name):
    """Each is refused with its reason; a private key is never quoted."""
    data, place, script, why = BAD[name]
    with pytest.raises(BadInput, match=why) as caught:
        keyfile.read(data, "BTC", place, script)
    told = f"{caught.value.what} {caught.value.expected} {caught.value.found} {caught.value.hint}"
    assert "xprv" not in told


def test_vendors_files_are_for_bitcoin():
    """A key for another coin comes as our own record only."""
    with pytest.raises(BadInput, match="for BTC"):
        keyfile.read(COLDCARD.encode(), "MONA", TEST, "p2wsh")
