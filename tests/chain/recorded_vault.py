"""The 2-of-3 vault of the recording, with its three well-known seeds, and a signer for it."""

import json
from collections.abc import Sequence

from signer.chain.chain import UnspentCoin
from signer.core.bip32 import HARDENED
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.names import Sats
from signer.core.secp import sign_ecdsa
from signer.core.sighash import Bip143
from signer.core.transaction import Transaction, TxIn, TxOut
from signer.core.vault import Vault

DESCRIPTOR = (
    "wsh(sortedmulti(2,[4ba43603/48h/1h/0h/2h]tpubDDwf2gdFxFahr9RUtDQCuZmsx34CfdZ7RALAirwC2FGeLBzW1"
    "TDiEpqFeRdxLdZD7rfsbZHYwSaT6CLM3TAcYRw6xfRv4U6KCQt4Zuhvjkz/<0;1>/*,[8dfc9b34/48h/1h/0h/2h]tpub"
    "DEXiq2SVhhqALktxfVFgj3C9M3T2G7xL11iezYg2LJAf245YkNyqp2K9TrvHABDCp2232k34UegU4aKEtUZNigit8EEqoLN"
    "e2JKMzMiLwYq/<0;1>/*,[56c4fac3/48h/1h/0h/2h]tpubDEg3kqr2jo5ergkJbFqRHvCpiob7wR7Hi44J7y987G1JZfb"
    "zBND77XKTyPZzGvh3uyDf8kexMJnFD9W8FuraJ4wLMsx6YuZVXRSRRcx6QdD/<0;1>/*))#fq8gmhj6"
)
"""The node itself computed this checksum, in its answer to a wrong one."""

_ACCOUNT = (48 + HARDENED, 1 + HARDENED, HARDENED, 2 + HARDENED)


def recorded_vault(birth_height: int = 0) -> Vault:
    """The vault as its document says it."""
    signers = [
        {"officer": name, "fingerprint": fingerprint, "type": "enforcing"}
        for name, fingerprint in (
            ("alice", "4ba43603"),
            ("bob", "8dfc9b34"),
            ("carol", "56c4fac3"),
        )
    ]
    document = {
        "kind": "vault",
        "version": 1,
        "name": "recorded",
        "coin": "BTC",
        "network": "regtest",
        "descriptor": DESCRIPTOR,
        "birth_height": birth_height,
        "signers": signers,
    }
    return Vault.parse(json.dumps(document).encode())


def spend(
    vault: Vault,
    coins: Sequence[UnspentCoin],
    outputs: Sequence[TxOut],
    *,
    lock_time: int = 0,
    sequence: int = 0xFFFF_FFFD,
    version: int = 2,
    signatures: int = 2,
) -> bytes:
    """A transaction that spends the vault's coins, signed by so many of its keys."""
    unsigned = Transaction(
        version,
        tuple(TxIn(coin.outpoint, b"", sequence, ()) for coin in coins),
        tuple(outputs),
        lock_time,
    )
    inputs = []
    for at, coin in enumerate(coins):
        place = vault.script(coin.branch, coin.index)
        digest = Bip143(unsigned).digest(at, place.witness_script, coin.amount)
        stack = [b""]
        for derived in place.keys:
            for number in (1, 2, 3):
                master = ExtendedPrivateKey.from_seed(bytes((number,)) * 32)
                if master.fingerprint == derived.fingerprint and len(stack) <= signatures:
                    key = master.derive_path((*_ACCOUNT, coin.branch, coin.index))
                    stack.append(sign_ecdsa(digest, key.secret) + b"\x01")
        stack += [b""] * (2 - signatures) + [place.witness_script]
        inputs.append(TxIn(coin.outpoint, b"", sequence, tuple(stack)))
    return Transaction(version, tuple(inputs), tuple(outputs), lock_time).to_bytes()


def payment(vault: Vault, coin: UnspentCoin, fee: int, index: int = 7) -> tuple[TxOut, ...]:
    """All of a coin less a fee, to another address of the vault."""
    script = vault.script(0, index).script_pubkey
    return (TxOut(Sats(coin.amount - fee), script),)
