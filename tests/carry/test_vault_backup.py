"""A vault in one encrypted file: each key opens it, and whatever is exchanged in it is noticed."""

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.envelope import Envelope
from signer.build.policy_source import read_toml, template
from signer.build.vault import create_vault
from signer.carry import bip138, vault_backup
from signer.carry.bip138 import Content
from signer.core import base58, coins
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.descriptor import VaultKey, bip48_path
from signer.core.errors import BadInput, Refused
from signer.core.vault import VaultSigner

OFFICERS = ("alice", "bob", "carol")
NETWORK = coins.network("BTC", "regtest")
ENVELOPE = b"coldquorum/envelope"


def approval_key(name):
    """An officer's approval key."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def vault(seed="house", name="treasury"):
    """A 2-of-3 whose keys follow from `seed`."""
    path = bip48_path(NETWORK, "p2wsh")
    keys, signers = [], []
    for person in OFFICERS:
        root = ExtendedPrivateKey.from_seed(sha256(f"{seed} {person}".encode()).digest())
        keys.append(VaultKey(Origin(root.fingerprint, path), root.derive_path(path).public()))
        signers.append(VaultSigner(person, root.fingerprint, "enforcing"))
    return create_vault(
        name=name,
        coin="BTC",
        network="regtest",
        script_type="p2wsh",
        threshold=2,
        keys=keys,
        signers=signers,
        birth_height=0,
    )


def wrapped(document):
    """A vault's envelope."""
    return Envelope.wrap("vault", document.payload)


def policy(of, *admins, officers=OFFICERS):
    """A first policy of a vault, signed by some of the admins."""
    listed = {name: approval_key(name).public_key().public_bytes_raw().hex() for name in officers}
    made = read_toml(template(coin="BTC", network="regtest", vault=of.id, officers=listed))
    envelope = Envelope.wrap("policy", made.payload)
    for name in admins:
        envelope = envelope.signed(approval_key(name))
    return envelope


def public_keys(of):
    """The xpubs' own keys."""
    return [key.xpub.key for key in of.keys]


def by_hand(of, sealed_for, *, descriptor=None, documents):
    """A file that a thief seals: no check stands in the way."""
    contents = [Content.of_bip(380, (descriptor or of.descriptor).encode())]
    contents += [Content.of_vendor(ENVELOPE, one.to_bytes()) for one in documents]
    return bip138.seal(public_keys(sealed_for), contents)


HOUSE = vault()
THIEF = vault("thief")


def test_every_key_recovers_the_vault_and_its_policy():
    """Each holder alone gets the document byte for byte, and the policy that the quorum signed."""
    signed = policy(HOUSE, "alice", "bob")
    sealed = vault_backup.seal(wrapped(HOUSE), [signed])
    for key in public_keys(HOUSE):
        for form in (sealed, bip138.to_text(sealed)):
            found = vault_backup.recover(form, key)
            assert found.vault.id == HOUSE.id
            assert found.envelope.payload == HOUSE.payload
            assert found.policy.policy.vault == HOUSE.id
            assert found.policies == (signed,)


def test_a_vault_without_a_policy_has_a_backup_too():
    """What there is, is kept."""
    found = vault_backup.recover(vault_backup.seal(wrapped(HOUSE), []), public_keys(HOUSE)[0])
    assert found.policy is None
    assert found.vault.id == HOUSE.id


def test_other_makers_find_the_descriptor():
    """The first content is the descriptor with its checksum, as BIP380 writes it."""
    opened = bip138.open_(vault_backup.seal(wrapped(HOUSE), []), public_keys(HOUSE)[1])
    assert opened.contents[0] == Content.of_bip(380, HOUSE.descriptor.encode())


def test_a_policy_without_its_quorum_is_not_sealed():
    """What no signer would take is not kept as if it were in force."""
    with pytest.raises(Refused, match="too few of its own admins"):
        vault_backup.seal(wrapped(HOUSE), [policy(HOUSE, "alice")])


def test_a_key_of_another_wallet_opens_nothing():
    """And the error says what may be wrong."""
    sealed = vault_backup.seal(wrapped(HOUSE), [])
    with pytest.raises(BadInput, match="does not open") as caught:
        vault_backup.recover(sealed, public_keys(THIEF)[0])
    assert "another copy" in caught.value.hint


FORGERIES = {
    "another descriptor for other programs": (
        by_hand(HOUSE, HOUSE, descriptor=THIEF.descriptor, documents=[wrapped(HOUSE)]),
        "descriptor is not the vault's",
    ),
    "two descriptors": (
        bip138.seal(
            public_keys(HOUSE),
            [
                *(Content.of_bip(380, d.encode()) for d in (HOUSE.descriptor, THIEF.descriptor)),
                Content.of_vendor(ENVELOPE, wrapped(HOUSE).to_bytes()),
            ],
        ),
        "descriptor is not the vault's",
    ),
    "the thief's vault, sealed for ours": (
        by_hand(THIEF, HOUSE, documents=[wrapped(THIEF)]),
        "not sealed for the keys",
    ),
    "the thief's vault with our policy": (
        by_hand(THIEF, THIEF, documents=[wrapped(THIEF), policy(HOUSE, "alice", "bob")]),
        "another vault",
    ),
    "two vaults": (
        by_hand(HOUSE, HOUSE, documents=[wrapped(HOUSE), wrapped(THIEF)]),
        "not a policy",
    ),
    "a policy first": (
        by_hand(HOUSE, HOUSE, documents=[policy(HOUSE, "alice", "bob")]),
        "not a vault",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_parts_that_do_not_fit_are_refused(name):
    """Whoever knows the xpubs can seal anything, but not so that it fits."""
    sealed, words = FORGERIES[name]
    key = public_keys(THIEF if "our policy" in name else HOUSE)[0]
    with pytest.raises(BadInput, match=words) as caught:
        vault_backup.recover(sealed, key)
    assert caught.value.fault in ("coordinator", "officer")


def test_a_whole_other_vault_with_one_of_our_keys_is_for_people_to_see():
    """The known limit: our key in the thief's vault. It fits, and its id is another one."""
    mixed = create_vault(
        name="treasury",
        coin="BTC",
        network="regtest",
        script_type="p2wsh",
        threshold=2,
        keys=[HOUSE.keys[0], *THIEF.keys[1:]],
        signers=[HOUSE.signers[0], *THIEF.signers[1:]],
        birth_height=0,
    )
    found = vault_backup.recover(vault_backup.seal(wrapped(mixed), []), public_keys(HOUSE)[0])
    assert found.vault.id != HOUSE.id
    assert found.vault.name == HOUSE.name


def test_a_backup_of_another_program_is_told_and_its_descriptor_shown():
    """A file with nothing but a descriptor opens, and says how to go on."""
    sealed = bip138.seal(public_keys(HOUSE), [Content.of_bip(380, HOUSE.descriptor.encode())])
    with pytest.raises(BadInput, match="another program made it") as caught:
        vault_backup.recover(sealed, public_keys(HOUSE)[0])
    assert HOUSE.descriptor in caught.value.found


DRESSES = ("043587cf", "02575483", "0488b21e", "02aa7ed3")


@pytest.mark.parametrize("version", DRESSES)
def test_an_xpub_in_any_dress_is_read(version):
    """tpub, Vpub, xpub and Zpub hold the same key; origin and path around it do not matter."""
    key = HOUSE.keys[0]
    text = key.xpub.to_text(bytes.fromhex(version))
    for around in (text, f"{key.origin}{text}", f"{key.origin}{text}/<0;1>/*", f" {text}\n"):
        assert vault_backup.read_key(around) == key.xpub.key


def test_a_private_key_in_place_of_an_xpub_is_not_quoted():
    """Somebody pastes a tprv: it is refused, warned of, and not repeated."""
    root = ExtendedPrivateKey.from_seed(bytes(16))
    place = bytes(9)
    text = base58.encode(bytes.fromhex("04358394") + place + root.chain_code + b"\0" + root.secret)
    with pytest.raises(BadInput, match="private key") as caught:
        vault_backup.read_key(text)
    told = f"{caught.value} {caught.value.found} {caught.value.expected} {caught.value.hint}"
    assert text not in told
    for wrong in ("", "xpub", "hello world", text[:-1] + "1", base58.encode(bytes(78))):
        with pytest.raises(BadInput):
            vault_backup.read_key(wrong)


def test_two_documents_of_one_vault_have_different_backups():
    """The same keys under another name are another vault: sealed alike, told apart by the id."""
    other = replace(HOUSE, payload=HOUSE.payload.replace(b"treasury", b"treasure"))
    found = vault_backup.recover(vault_backup.seal(wrapped(other), []), public_keys(HOUSE)[2])
    assert found.vault.id == other.id != HOUSE.id
