"""A coordinator in the thief's hands sets up a wallet by BSMS. It has the token and every record.

Each attack starts from the honest record, and the honest one is taken.
"""

from dataclasses import replace

import pytest
from bsms_samples import OTHER_TOKEN, REGTEST, TOKEN, TRIO, key, wallet

from signer.carry import bsms_check
from signer.carry.bsms import DescriptorRecord
from signer.core.errors import BadInput, Fault, Refused
from signer.core.vault import VaultKey

HONEST = wallet(*TRIO)


def check(record, name, threshold=2, keys=3):
    """What a signer's machine does in round 2, from the sealed file on."""
    received = DescriptorRecord.parse(TOKEN.unseal(TOKEN.seal(record.to_bytes())))
    return bsms_check.check(received, key(name), REGTEST, threshold=threshold, keys=keys)


def refused(record, name, rule):
    """Check that a signer refuses, by this rule, and blames the coordinator."""
    with pytest.raises(Refused) as refusal:
        check(record, name)
    (reason,) = refusal.value.refusals
    assert reason.rule == f"bsms.{rule}"
    assert reason.fault is Fault.COORDINATOR
    assert reason.hint


def test_the_honest_record_is_taken_by_all():
    """Each sees its own place and the one first address."""
    found = [check(HONEST, name) for name in TRIO]
    assert [one.position for one in found] == [1, 2, 3]
    assert {one.address for one in found} == {HONEST.address}


def test_a_cosigners_key_is_swapped():
    """Carol's signer refuses; alice's cannot know, and shows another address than carol expects."""
    swapped = wallet("alice", "bob", "mallory")
    refused(swapped, "carol", "own_key")
    assert check(swapped, "alice").address != HONEST.address


def test_the_signers_own_key_is_dropped():
    """With one key less, or a stranger's in its place."""
    for others in (("bob", "carol"), ("bob", "carol", "mallory")):
        refused(wallet(*others), "alice", "own_key")


def test_the_signers_fingerprint_over_another_key():
    """A fingerprint is 4 bytes that anybody can write before any key."""
    mine, thiefs = key("alice"), key("mallory")
    fake = VaultKey(mine.origin, thiefs.xpub)
    form = HONEST.vault_form(REGTEST)
    forged = replace(form, keys=(fake, *form.keys[1:]))
    address = bsms_check.first_address(forged, REGTEST)
    refused(DescriptorRecord.of(forged, address), "alice", "own_key")


def test_another_account_of_the_signer():
    """A key that the signer could sign for, and did not give."""
    form = HONEST.vault_form(REGTEST)
    other = replace(form, keys=(key("alice", number=7), *form.keys[1:]))
    address = bsms_check.first_address(other, REGTEST)
    refused(DescriptorRecord.of(other, address), "alice", "own_key")


@pytest.mark.parametrize("threshold", [1, 3])
def test_the_threshold_is_changed(threshold):
    """To one, so that the thief's bribe is one officer; to three, so that a ransom is due."""
    refused(wallet(*TRIO, threshold=threshold), "alice", "quorum")


def test_a_key_is_put_in():
    """Two of four, two of them the thief's: BIP129's key insertion."""
    refused(wallet(*TRIO, "mallory"), "alice", "quorum")
    refused(wallet("alice", "mallory", "trudy"), "carol", "own_key")


@pytest.mark.parametrize("paths", [(), ("/0/*",), ("/1/*", "/0/*"), ("/0/*", "/1/*", "/9/*")])
def test_the_path_restrictions_are_changed(paths):
    """Change would go where no signer looks, or where others do."""
    refused(replace(HONEST, paths=paths), "alice", "form")


def test_the_first_address_is_the_thiefs():
    """The officers would compare, and fund, an address of another wallet."""
    thiefs = wallet("mallory", "trudy", "eve").address
    refused(replace(HONEST, address=thiefs), "alice", "first_address")
    form = HONEST.vault_form(REGTEST)
    nested = bsms_check.first_address(replace_script(form), REGTEST)
    refused(replace(HONEST, address=nested), "alice", "first_address")


def replace_script(form):
    """The same keys as P2SH-P2WSH, with that script's paths."""
    keys = tuple(key(name, script="p2sh-p2wsh") for name in TRIO)
    return replace(form, script_type="p2sh-p2wsh", keys=keys)


def test_another_script_type():
    """Keys that were given for P2WSH, in a wallet of P2SH-P2WSH."""
    body = f"sh({HONEST.descriptor})"
    refused(replace(HONEST, descriptor=body), "alice", "form")


def test_another_sessions_record_is_replayed():
    """An older wallet of the same signers, sealed with the token of its own session."""
    sealed = OTHER_TOKEN.seal(HONEST.to_bytes())
    with pytest.raises(BadInput, match="does not fit this session's token"):
        TOKEN.unseal(sealed)
    assert OTHER_TOKEN.unseal(sealed) == HONEST.to_bytes()
