"""From a name to a usable key: proven to be what its file says."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signer.core.errors import BadInput
from signer.keys import keystore, mnemonic, unlock
from signer.keys.keystore import Form, Kind

PASSPHRASE = bytearray(b"correct horse battery")
ENTROPY = bytearray.fromhex("00" * 16)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    for name, value in (("PASSES", 1), ("LANES", 1), ("MEMORY", 64)):
        monkeypatch.setattr(keystore, name, value)


def test_the_root_is_that_of_the_words(tmp_path):
    """`abandon ... about` without a passphrase has the fingerprint 73c5da0a everywhere."""
    assert mnemonic.words(ENTROPY)[-1] == "about"
    keystore.create(
        tmp_path, "a", Kind.SEED, secret=ENTROPY, public="73c5da0a", passphrase=PASSPHRASE
    )
    assert unlock.root(tmp_path, "a", PASSPHRASE).fingerprint == "73c5da0a"


def test_an_officer_signs(tmp_path):
    """RFC 8032, section 7.1, test 1: the key of the empty message."""
    secret = bytearray.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    keystore.create(
        tmp_path, "a", Kind.OFFICER, secret=secret, public=public, passphrase=PASSPHRASE
    )
    key = unlock.officer(tmp_path, "a", PASSPHRASE)
    assert isinstance(key, Ed25519PrivateKey)
    assert unlock.key_id(key) == public


@pytest.mark.parametrize(
    ("kind", "public", "unlocker"),
    [(Kind.SEED, "11111111", unlock.root), (Kind.OFFICER, "11" * 32, unlock.officer)],
)
def test_a_header_that_was_sealed_wrong_is_found(tmp_path, kind, public, unlocker):
    """A file whose authenticated header names another key than the secret's is not used."""
    secret = bytearray(32)
    keystore.create(tmp_path, "a", kind, secret=secret, public=public, passphrase=PASSPHRASE)
    with pytest.raises(BadInput, match="not the one that its file names"):
        unlocker(tmp_path, "a", PASSPHRASE)


@pytest.mark.parametrize(("unlocker", "word"), [(unlock.root, "key"), (unlock.officer, "officer")])
def test_a_missing_key_is_told(tmp_path, unlocker, word):
    """The error says what was looked for and where to see what there is."""
    with pytest.raises(BadInput, match=f"there is no {word} of this name") as caught:
        unlocker(tmp_path, "nobody", PASSPHRASE)
    assert f"coldsign {word} list" in caught.value.hint


def sealed(home, form, guard=b""):
    """Seal the entropy in a form, under its true fingerprint."""
    public = unlock.root_of(ENTROPY, form, guard).fingerprint
    keystore.create(
        home, "a", Kind.SEED, secret=ENTROPY, public=public, passphrase=PASSPHRASE, form=form
    )
    return public


def test_a_master_seed_is_the_seed_itself(tmp_path):
    """BIP32's own way, without BIP39: `abandon ... about` is another key then."""
    public = sealed(tmp_path, Form.MASTER)
    assert unlock.root(tmp_path, "a", PASSPHRASE).fingerprint == public != "73c5da0a"
    assert unlock.seed_of(ENTROPY, Form.MASTER) == ENTROPY


def test_a_bip39_passphrase_is_told_right_from_wrong(tmp_path):
    """The right one opens; another, a blank more, or none is refused, and says which it was."""
    guard = "caf\u00e9 noir".encode()
    public = sealed(tmp_path, Form.GUARDED, guard)
    assert unlock.root(tmp_path, "a", PASSPHRASE, guard).fingerprint == public
    for wrong in (b"cafe noir", guard + b" ", guard.upper()):
        with pytest.raises(BadInput, match="BIP39 passphrase is wrong") as caught:
            unlock.root(tmp_path, "a", PASSPHRASE, wrong)
        assert wrong.decode() not in repr(vars(caught.value))
    with pytest.raises(BadInput, match="needs its BIP39 passphrase"):
        unlock.root(tmp_path, "a", PASSPHRASE)
    with pytest.raises(BadInput, match="not UTF-8"):
        unlock.root(tmp_path, "a", PASSPHRASE, b"\xff")


def test_a_bip39_passphrase_is_normalised(tmp_path):
    """An accent typed as one character or as two is the same (BIP39: NFKD)."""
    public = sealed(tmp_path, Form.GUARDED, "caf\u00e9 noir".encode())
    again = unlock.root(tmp_path, "a", PASSPHRASE, "cafe\u0301 noir".encode())
    assert again.fingerprint == public


@pytest.mark.parametrize("form", [Form.WORDS, Form.MASTER])
def test_a_bip39_passphrase_of_no_use_is_refused(tmp_path, form):
    """It is not silently left out: the officer means another key."""
    sealed(tmp_path, form)
    with pytest.raises(BadInput, match="has no BIP39 passphrase"):
        unlock.root(tmp_path, "a", PASSPHRASE, b"something")
