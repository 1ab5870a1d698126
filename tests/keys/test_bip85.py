"""BIP85: the published vectors of the BIP39 application."""

import pytest

from signer.core import base58
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.errors import BadInput
from signer.keys import bip85, mnemonic

# BIP85, "Test vectors": the master key of all, and section "BIP39", English.
MASTER = base58.decode(
    "xprv9s21ZrQH143K2LBWUUQRFXhucrQqBpKdRRxNVq2zBqsx8HVqFk2uYo8kmbaLLHRdqtQpUm98uKfu3vca1LqdGhUtyo"
    "FnCNkfmXRyPXLjbKb",
    what="xprv",
)
ROOT = ExtendedPrivateKey(MASTER[46:], MASTER[13:45], 0, bytes(4), 0)


@pytest.mark.parametrize(
    ("words", "entropy", "phrase"),
    [
        (
            12,
            "6250b68daf746d12a24d58b4787a714b",
            "girl mad pet galaxy egg matter matrix prison refuse sense ordinary nose",
        ),
        (
            18,
            "938033ed8b12698449d4bbca3c853c66b293ea1b1ce9d9dc",
            (
                "near account window bike charge season chef number sketch tomorrow excuse sniff "
                "circle vital hockey outdoor supply token"
            ),
        ),
        (
            24,
            "ae131e2312cdc61331542efe0d1077bac5ea803adf24b313a4f0e48e9c51f37f",
            (
                "puppy ocean match cereal symbol another shed magic wrap hammer bulb intact gadget "
                "divorce twin tonight reason outdoor destroy simple truth cigar social volcano"
            ),
        ),
    ],
)
def test_the_published_vectors(words, entropy, phrase):
    """Entropy and words of child 0, in all three published lengths."""
    found = bip85.entropy(ROOT, words, 0)
    assert found.hex() == entropy
    assert " ".join(mnemonic.words(found)) == phrase


def test_every_child_is_another():
    """Another index or another length: nothing in common, not even a beginning."""
    children = [bip85.entropy(ROOT, 12, 0), bip85.entropy(ROOT, 12, 1), bip85.entropy(ROOT, 24, 0)]
    assert len({bytes(child[:8]) for child in children}) == 3


@pytest.mark.parametrize("index", [-1, 2**31])
def test_no_such_child(index):
    """A hardened step has 31 bits."""
    with pytest.raises(BadInput, match="no such child"):
        bip85.entropy(ROOT, 12, index)
