"""Keys that somebody claims are tried together; a vault's scripts are the same with any claim."""

import pytest
from vault_making import make_vault

from signer.core import bip32, secp
from signer.core.errors import BadInput
from signer.core.psbt import Derivation
from signer.core.vault import CHANGE, RECEIVE

VAULT, OTHER = make_vault(2, 3), make_vault(2, 3, "p2sh-p2wsh")
PLACES = [(branch, index) for index in range(90) for branch in (RECEIVE, CHANGE)]
"""540 keys: more than are made one by one."""

TRUE = VAULT.scripts(PLACES)
THEIRS = OTHER.scripts([PLACES[50], PLACES[0]])


@pytest.fixture
def derived(monkeypatch):
    """How often keys were derived one by one."""
    calls = []

    def counted(wanted):
        calls.append(len(wanted))
        return public_children(wanted)

    public_children = bip32.public_children
    monkeypatch.setattr("signer.core.vault.public_children", counted)
    return calls


def other(key, **changes):
    """A claim, changed."""
    return key._replace(**changes)


@pytest.mark.parametrize("order", [1, -1])
def test_true_claims_are_the_scripts(derived, order):
    """In any order of an address's keys; none is derived one by one."""
    claims = [script.keys[::order] for script in TRUE]
    assert VAULT.scripts(PLACES, claims) == TRUE
    assert not derived
    assert all(
        type(key) is Derivation for script in VAULT.scripts(PLACES, claims) for key in script.keys
    )


WRONG = {
    "another key": lambda keys: [other(keys[0], pubkey=TRUE[0].keys[0].pubkey), *keys[1:]],
    "no key": lambda keys: [other(keys[0], pubkey=b""), *keys[1:]],
    "no point": lambda keys: [other(keys[0], pubkey=b"\2" + bytes(32)), *keys[1:]],
    "its negative": lambda keys: [
        other(keys[0], pubkey=bytes((keys[0].pubkey[0] ^ 1,)) + keys[0].pubkey[1:]),
        *keys[1:],
    ],
    "two exchanged": lambda keys: [
        other(keys[0], origin=keys[1].origin),
        other(keys[1], origin=keys[0].origin),
        keys[2],
    ],
    "another vault's": lambda _: THEIRS[0].keys,
    "the next address's": lambda _: TRUE[52].keys,
    "one left out": lambda keys: keys[1:],
    "one twice": lambda keys: [*keys[:2], keys[1]],
    "one more": lambda keys: [*keys, keys[0]],
    "one more of somebody": lambda keys: [*keys, THEIRS[1].keys[0]],
    "none": lambda _: (),
    "one origin twice": lambda keys: [*keys[:2], other(keys[2], origin=keys[1].origin)],
    "an origin cut": lambda keys: [*keys[:2], other(keys[2], origin=keys[2].origin[:-4])],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_changes_no_script(derived, name):
    """Whatever is claimed of one address: every script is the vault's, as derived."""
    claims = [script.keys for script in TRUE]
    claims[50] = WRONG[name](TRUE[50].keys)
    assert VAULT.scripts(PLACES, claims) == TRUE
    assert derived == [len(PLACES)]


def test_errors_in_two_addresses_that_cancel_change_no_script(derived):
    """A sum of all keys would not notice them."""
    claims = [list(script.keys) for script in TRUE]
    for at, shift in ((10, 1), (90, -1)):
        point = secp.Point(claims[at][1].pubkey)
        (moved,) = secp.add_tweaks([point], [secp.word(shift)])
        claims[at][1] = other(claims[at][1], pubkey=moved)
    assert VAULT.scripts(PLACES, claims) == TRUE
    assert derived == [len(PLACES)]


@pytest.mark.parametrize("claims", [(), [TRUE[0].keys], [script.keys for script in TRUE] * 2])
def test_claims_for_fewer_or_more_addresses_change_no_script(derived, claims):
    """Nobody's claim is taken for another address's."""
    assert VAULT.scripts(PLACES, claims) == TRUE
    assert derived == [len(PLACES)]


def test_few_keys_are_derived(derived):
    """Below the measured size that is as fast, and nothing is claimed to be looked at."""
    claims = [script.keys for script in TRUE[:100]]
    assert VAULT.scripts(PLACES[:100], claims) == TRUE[:100]
    assert derived == [100]


@pytest.mark.parametrize("place", [(2, 0), (-1, 0), (0, -1), (0, 1 << 31)])
def test_no_claim_makes_an_address_that_the_vault_has_not(place):
    """Another branch, and indexes that BIP32 has not."""
    claims = [script.keys for script in TRUE]
    with pytest.raises(BadInput, match="no such address"):
        VAULT.scripts([*PLACES[:-1], place], claims)
