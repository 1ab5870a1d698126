"""What the tests of the offline commands share: passphrases and homes."""

import json

import pytest
from coldsign_terminal import PASSPHRASE, WORDS, coldsign


@pytest.fixture(scope="session")
def secret(tmp_path_factory):
    """A passphrase file, private."""
    path = tmp_path_factory.mktemp("secret") / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="session")
def words(tmp_path_factory):
    """A file with the best known words in the world, whose keys are published everywhere."""
    path = tmp_path_factory.mktemp("words") / "words"
    path.write_text(WORDS)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="session")
def alice(tmp_path_factory, secret, words):
    """A home with the restored key `alice` and the officer `alice`; tests must not change it."""
    home = tmp_path_factory.mktemp("alice") / "home"
    restored = coldsign(
        *("key", "restore", "alice", "--words-file", words),
        *("--passphrase-file", secret, "--home", home, "--json"),
    )
    assert restored.code == 0, restored.err
    assert json.loads(restored.out)["fingerprint"] == "73c5da0a"
    made = coldsign("officer", "create", "alice", "--passphrase-file", secret, "--home", home)
    assert made.code == 0, made.err
    return home
