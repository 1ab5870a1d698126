"""Whoever finds a backup, and has only public tools, comes to the same key: docs/adr/0010.

Each form is read by another maker's library and derived by a third's; the account's xpub is ours.
"""

import pytest
import shamir_mnemonic
from codex32 import Codex32String
from embit import bip32, bip39

from signer.cli.offline import sheets
from signer.cli.offline.sheets import Way
from signer.core.bip32 import HARDENED
from signer.core.coins import network
from signer.keys import mnemonic, unlock
from signer.keys.unlock import Form

PATH = tuple(HARDENED + step for step in (48, 0, 0, 2))
GUARD = bytearray(b"a phrase beside the words")
SECRETS = {
    Form.WORDS: bytearray(range(16)),
    Form.GUARDED: bytearray(range(32)),
    Form.MASTER: bytearray(range(1, 33)),
}


def ours(form):
    """Export the account's key."""
    root = unlock.root_of(SECRETS[form], form, GUARD if form is Form.GUARDED else b"")
    return root.derive_path(PATH).public().to_text(network("BTC", "main").xpub)


def theirs(seed):
    """Export it with embit alone."""
    return bip32.HDKey.from_seed(seed).derive("m/48h/0h/0h/2h").to_public().to_base58()


def made(form, way, *shares, needed=None, passphrase=b""):
    """Make the sheets of a key, as texts."""
    plan = sheets.plan(way, shares, needed)
    guard = GUARD if form is Form.GUARDED else bytearray()
    found = sheets.make(plan, SECRETS[form], form, guard, bytearray(passphrase))
    return [sheet.text for sheet in found]


@pytest.mark.parametrize(("form", "passphrase"), [(Form.WORDS, ""), (Form.GUARDED, GUARD.decode())])
def test_words(form, passphrase):
    """BIP39 words, with their passphrase where there is one, in embit."""
    (words,) = made(form, Way.WORDS)
    assert theirs(bip39.mnemonic_to_seed(words, passphrase)) == ours(form)


@pytest.mark.parametrize("form", Form)
def test_slip39(form):
    """Two of three groups in Trezor's library: the secret is the seed, whatever the key is."""
    shares = made(form, Way.SLIP39, "1of1", "2of3", "2of2", needed=2, passphrase=b"share pass")
    assert {len(share.split()) for share in shares} == {33 if form is Form.MASTER else 59}
    seed = shamir_mnemonic.combine_mnemonics([*shares[1:3], *shares[4:6]], b"share pass")
    assert theirs(seed) == ours(form)


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("shares", [(), ("2of3",)])
def test_codex32(form, shares):
    """The codex32 package: the string alone, or two of three."""
    strings = [Codex32String.from_string("ms", text) for text in made(form, Way.CODEX32, *shares)]
    assert {len(string.s) for string in strings} == {74 if form is Form.MASTER else 127}
    whole = Codex32String.interpolate_at(strings[-2:]) if shares else strings[0]
    assert theirs(whole.data) == ours(form)


def test_a_key_without_words_says_so():
    """Its seed is not the entropy of any words: nothing is shown that would restore another key."""
    with pytest.raises(sheets.BadInput, match="no BIP39 words"):
        made(Form.MASTER, Way.WORDS)


def test_entropy_in_shares_would_be_another_key():
    """Why the entropy of words is never shared: the standard's tools take it for the seed."""
    entropy = SECRETS[Form.WORDS]
    assert theirs(bytes(entropy)) != ours(Form.WORDS)
    assert theirs(bytes(mnemonic.seed(entropy))) == ours(Form.WORDS)
