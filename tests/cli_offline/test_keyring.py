"""The folder of keys: damage in it does not hide the rest, and what is destroyed is gone."""

import os

import pytest

from signer.cli.offline import keyring
from signer.core.errors import BadInput
from signer.keys import keystore
from signer.keys.keystore import Kind


@pytest.fixture
def cheap(monkeypatch):
    """Argon2id with 64 KiB and one pass."""
    monkeypatch.setattr(keystore, "PASSES", 1)
    monkeypatch.setattr(keystore, "LANES", 1)
    monkeypatch.setattr(keystore, "MEMORY", 64)


def make(home, name="alice"):
    """Seal a test secret."""
    return keystore.create(
        home,
        name,
        Kind.SEED,
        secret=bytearray(range(32)),
        public="aabbccdd",
        passphrase=bytearray(b"correct horse battery"),
    ).path


def test_the_list_shows_damage_and_goes_on(tmp_path, cheap):
    """One bad file does not hide the others; kinds are apart."""
    make(tmp_path, "carol")
    make(tmp_path, "alice")
    make(tmp_path, "bob").write_bytes(b"damaged")
    names = [
        key.found if isinstance(key, BadInput) else key.name
        for key in keyring.stored_keys(tmp_path, Kind.SEED)
    ]
    assert names == ["alice", "bob.seed", "carol"]
    assert keyring.stored_keys(tmp_path, Kind.OFFICER) == ()
    assert keyring.stored_keys(tmp_path / "nowhere", Kind.SEED) == ()


def test_destroying_overwrites_then_removes(tmp_path, cheap):
    """A hard link made before shows what the disk holds after: other bytes."""
    path = make(tmp_path)
    before = path.read_bytes()
    os.link(path, tmp_path / "witness")
    keyring.destroy(path)
    assert not path.exists()
    after = (tmp_path / "witness").read_bytes()
    assert len(after) == len(before)
    assert after[-80:-32] != before[-80:-32]
    with pytest.raises(BadInput, match="no such file"):
        keyring.destroy(path)
