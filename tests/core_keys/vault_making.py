"""Vaults of well-known keys, for the tests of this folder."""

from signer.build.vault import create_vault
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import VaultKey, bip48_path
from signer.core.vault import VaultSigner


def root_key(number):
    """Make the master key of the seed of 32 bytes `number`."""
    return ExtendedPrivateKey.from_seed(bytes((number,)) * 32)


def make_key(number, script_type="p2wsh", net="regtest", account=0):
    """Derive the account key of the seed of 32 bytes `number`, as the recorded node's vault."""
    root = root_key(number)
    path = bip48_path(network("BTC", net), script_type, account)
    return VaultKey(Origin(root.fingerprint, path), root.derive_path(path).public())


def signer_of(key, number):
    """Name the holder of a key."""
    return VaultSigner(f"officer-{number}", key.origin.fingerprint, "enforcing")


def make_vault(m, n, script_type="p2wsh", net="regtest"):
    """Make an m-of-n vault of the seeds 1 to n."""
    keys = [make_key(number, script_type, net) for number in range(1, n + 1)]
    return create_vault(
        name="treasury",
        coin="BTC",
        network=net,
        script_type=script_type,
        threshold=m,
        keys=keys,
        signers=[signer_of(key, i) for i, key in enumerate(keys)],
        birth_height=7,
    )
