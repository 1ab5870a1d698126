"""BIP39: the published vectors, and words that are wrong."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.core import base58
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.errors import BadInput
from signer.core.wordlist import WORDS
from signer.keys import mnemonic

VECTORS = json.loads((Path(__file__).parent / "data/bip39_english.json").read_text())["vectors"]
WINNER = b"legal winner thank year wave sausage worth useful legal winner thank yellow"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["entropy"][:8])
def test_the_published_vectors(vector):
    """Entropy to words and back, seed and BIP32 master key: all 24 English vectors of BIP39."""
    entropy = bytes.fromhex(vector["entropy"])
    assert " ".join(mnemonic.words(entropy)) == vector["words"]
    assert mnemonic.entropy(vector["words"].encode()) == entropy
    seed = mnemonic.seed(entropy, b"TREZOR")
    assert seed.hex() == vector["seed"]
    root = ExtendedPrivateKey.from_seed(seed)
    xprv = base58.decode(vector["xprv"], what="xprv")  # BIP32, "Serialization format"
    assert (root.chain_code, root.secret) == (xprv[13:45], xprv[46:])


def test_the_word_list_is_the_published_one():
    """2,048 words, sorted, told apart by their first four letters (BIP39, "Wordlist")."""
    assert len(WORDS) == 2048
    assert list(WORDS) == sorted(WORDS)
    assert len({word[:4] for word in WORDS}) == 2048


@given(st.sampled_from([16, 20, 24, 28, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n)))
def test_words_and_entropy_are_inverse(entropy):
    """Any entropy of a legal size survives the way over paper."""
    assert mnemonic.entropy(" ".join(mnemonic.words(entropy)).encode()) == entropy


def test_paper_is_copied_freely():
    """Capitals, line breaks and wide blanks are how people type words."""
    typed = b"  LEGAL winner\nthank year wave sausage\tworth useful Legal winner thank   yellow\r\n"
    assert mnemonic.entropy(typed) == bytes.fromhex("7f" * 16)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (b"", "number of words"),
        (b"zoo " * 11, "number of words"),
        (b"zoo " * 25, "number of words"),
        (WINNER.replace(b"year", b"yeer"), "not in the BIP39 list: word 4"),
        (WINNER.replace(b"yellow", b"wrong"), "checksum"),
        (WINNER.replace(b"thank year", b"year thank"), "checksum"),
        (WINNER.replace(b"legal", "légal".encode()), "not English"),
        (WINNER + b"\x00", "not English"),
        (b"\xff" * 40, "not English"),
    ],
)
def test_wrong_words_are_told_by_place_and_never_quoted(typed, says):
    """Each mistake is named; no word, right or wrong, is in the error."""
    with pytest.raises(BadInput) as caught:
        mnemonic.entropy(typed)
    told = f"{caught.value.what} {caught.value.expected} {caught.value.found}"
    assert says in told
    secret = {word for word in typed.decode("latin-1").split() if len(word) > 3} - {"wrong"}
    assert not secret & set(told.replace(",", " ").split())


def test_one_wrong_word_in_twelve_passes_the_checksum_once_in_sixteen():
    """The checksum of 12 words has 4 bits: what it cannot find, the fingerprint must."""
    words = WINNER.split()
    passed = 0
    for word in WORDS:
        try:
            mnemonic.entropy(b" ".join([*words[:-1], word.encode()]))
        except BadInput:
            continue
        passed += 1
    assert passed == 2048 // 16


def test_the_seed_is_pbkdf2_as_the_bip_says():
    """PBKDF2, HMAC-SHA512, 2,048 rounds, salt `mnemonic`: without a passphrase, too."""
    expected = hashlib.pbkdf2_hmac("sha512", WINNER, b"mnemonic", 2048)
    assert mnemonic.seed(bytes.fromhex("7f" * 16)) == expected
