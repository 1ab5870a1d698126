"""Signers, records and a coordinator for the tests of BSMS, made by the library."""

from functools import cache
from hashlib import sha256

from signer.build.bsms import descriptor_record
from signer.build.vault import create_vault
from signer.carry import bsms, signed_message
from signer.carry.bsms import DescriptorRecord
from signer.carry.bsms_token import Token
from signer.core import coins
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.descriptor import VaultKey, bip48_path
from signer.core.vault import VaultSigner
from signer.sign.softkey import sign_twice

REGTEST = coins.network("BTC", "regtest")
TOKEN = Token(bytes.fromhex("a54044308ceac9b7"))
OTHER_TOKEN = Token(bytes.fromhex("108a2360adb302774eb521daebbeda5e"))
TRIO = ("alice", "bob", "carol")


@cache
def account(name, script="p2wsh", number=0, network="regtest"):
    """Give somebody's private account key and its public form with the origin."""
    root = ExtendedPrivateKey.from_seed(sha256(name.encode()).digest())
    path = bip48_path(coins.network("BTC", network), script, number)
    private = root.derive_path(path)
    return private, VaultKey(Origin(root.fingerprint, path), private.public())


def key(name, **where):
    """Give somebody's key."""
    return account(name, **where)[1]


def key_record(name, *, token=TOKEN, signer=None, text=None, **where):
    """Write a key record; `signer` signs it, if that is somebody else."""
    network = coins.network("BTC", where.get("network", "regtest"))
    text = text or bsms.signed_text(token, bsms.key_text(key(name, **where), network), name)
    private, public = account(signer or name, **where)
    der = sign_twice(signed_message.digest(text), private.secret, public.xpub.key)
    return text + b"\n" + signed_message.encode(text, der, public.xpub.key).encode()


def vault(*names, threshold=2, script="p2wsh"):
    """Make the vault of some signers."""
    keys = [key(name, script=script) for name in names]
    return create_vault(
        name="treasury",
        coin="BTC",
        network="regtest",
        script_type=script,
        threshold=threshold,
        keys=keys,
        signers=[
            VaultSigner(name, k.origin.fingerprint, "enforcing")
            for name, k in zip(names, keys, strict=True)
        ],
        birth_height=0,
    )


def wallet(*names, **how) -> DescriptorRecord:
    """Make the descriptor record of some signers' vault."""
    return descriptor_record(vault(*names, **how))
