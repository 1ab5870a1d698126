"""A key in this machine's memory, and two libraries that must agree on every signature."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from signer.core import schnorr, secp
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.errors import BadInput, Fault, Refused
from signer.core.names import Fingerprint
from signer.core.psbt import PartialSig
from signer.core.signatures import SCHNORR
from signer.core.spread import Spread, in_turn
from signer.core.vault import CHANGE, RECEIVE, Vault
from signer.sign.facts import VaultInput
from signer.sign.refusal import refused

_STEP = 11


@dataclass(frozen=True, slots=True)
class SoftKey:
    """One key of one vault, ready to sign. Made by `of`.

    Attributes:
        fingerprint: of the master key.
        branches: the private keys of the receive and the change branch.
        sighash: the type that is signed.
        schnorr: whether the vault's signatures are Schnorr's.
    """

    fingerprint: Fingerprint
    branches: tuple[ExtendedPrivateKey, ExtendedPrivateKey] = field(repr=False)
    sighash: int
    schnorr: bool

    @classmethod
    def of(cls, root: ExtendedPrivateKey, vault: Vault) -> "SoftKey":
        """The key that grows from `root` in `vault`.

        Raises:
            BadInput: the vault does not hold exactly this key: the whole extended public key, and
                not its fingerprint alone, of which a thief can make another in a minute.
        """
        found = "no key of this fingerprint"
        for key in vault.keys:
            if key.origin.fingerprint == root.fingerprint:
                account = root.derive_path(key.origin.path)
                if account.public() == key.xpub:
                    branches = account.derive(RECEIVE), account.derive(CHANGE)
                    return cls(
                        root.fingerprint, branches, vault.sighash, schnorr=vault.scheme is SCHNORR
                    )
                found = "another extended key under this fingerprint"
        raise BadInput(
            "the vault does not hold this key",
            fault=Fault.COORDINATOR,
            expected=f"the key of {root.fingerprint}, exactly",
            found=found,
            hint="do not use this vault: it is not the one that this key was exported for",
        )

    def sign_all(self, coins: Sequence[VaultInput], spread: Spread = in_turn) -> list[PartialSig]:
        """Sign each coin's digest, in two libraries that must agree.

        Whether the key is the one in the coin's script, OpenSSL finds by a multiplication before it
        signs; and each signature, a Schnorr one too, is verified under the script's key.

        Args:
            coins: in the order of the signatures.
            spread: how the second engine's signatures are made, for instance on all cores.

        Raises:
            Refused: the key at a coin's place is not in its script, or the engines disagree.
        """
        keys = [coin.key_of(self.fingerprint) for coin in coins]
        secrets = [self.branches[coin.branch].child_secret(coin.index) for coin in coins]

        def again(numbers: Sequence[int]) -> list[bytes]:
            if self.schnorr:
                return [schnorr.sign(coins[at].digest, secrets[at]) for at in numbers]
            return [second_engine(coins[at].digest, secrets[at], keys[at]) for at in numbers]

        seconds = spread(again, len(coins))
        end, agreed = bytes((self.sighash,)), partial(_agreed, is_schnorr=self.schnorr)
        return [
            PartialSig(key, agreed(second, coin.digest, secret, key) + end)
            for coin, key, secret, second in zip(coins, keys, secrets, seconds, strict=True)
        ]


def sign_twice(digest: bytes, secret: bytes, pubkey: bytes) -> bytes:
    """Sign in two libraries that share no code; DER, low s.

    Raises:
        Refused: they differ, or the signature does not verify.
    """
    return _agreed(second_engine(digest, secret, pubkey), digest, secret, pubkey)


def _agreed(
    second: bytes, digest: bytes, secret: bytes, pubkey: bytes, *, is_schnorr: bool = False
) -> bytes:
    """Sign in the first library, and compare.

    RFC 6979 makes the signature a function of its inputs. A fault in one library, or a nonce
    chosen to leak the key, therefore shows as a difference. Schnorr has one library here: it signs
    twice, which shows a fault that comes and goes.
    """
    first = schnorr.sign(digest, secret) if is_schnorr else secp.sign_ecdsa(digest, secret)
    # Neither signature is shown: a right and a wrong one with the same nonce give away the key.
    if first != second:
        raise _unfit("engines", "the two signing libraries disagree")
    verify = schnorr.verify if is_schnorr else secp.verify_ecdsa
    if not verify(digest, first, pubkey):
        raise _unfit("verify", "the signature does not verify")
    return first


def second_engine(digest: bytes, secret: bytes, told: bytes | None = None) -> bytes:
    """OpenSSL's deterministic ECDSA (RFC 6979, SHA-256), made low-s (BIP146); DER.

    It is told the public key, and finds by a multiplication of its own whether that is the
    secret's. To make the key itself would take it one more, of half a millisecond.

    Args:
        digest: 32 bytes.
        secret: the key that signs.
        told: its public key, compressed; if None, the one that the first library makes.

    Raises:
        Refused: the public key is not the secret's.
    """
    number, point = int.from_bytes(secret, "big"), secp.public_key(secret) if told is None else told
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), point)
        key = ec.EllipticCurvePrivateNumbers(number, public.public_numbers()).private_key()
    except ValueError:
        raise _unfit("engines", "the two signing libraries disagree about a public key") from None
    algorithm = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)
    r, s = decode_dss_signature(key.sign(digest, algorithm))
    return encode_dss_signature(r, min(s, secp.ORDER - s))


def _unfit(rule: str, what: str) -> Refused:
    return refused(
        _STEP,
        f"signature.{rule}",
        what,
        fault=Fault.MACHINE,
        hint="nothing was written: do not sign on this machine again",
    )
