"""Makes spends of P2SH multisig coins of Bitcoin Cash, with code of the tests' own.

Only the curve's two signing functions are the product's; scripts, digests and finalisation are
written down here once more, from the specifications, so that they can disagree.

Sources: `replay-protected-sighash.md` and `2019-11-15-schnorrmultisig.md` of the Bitcoin Cash
specification; CHIP-2022-02 (tokens in the digest); CHIP-2022-05 (P2SH32).
"""

from dataclasses import dataclass, replace

from signer.core import schnorr, secp
from signer.core.hashes import hash160, sha256, sha256d
from signer.core.names import Sats, Txid
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.wire import compact_size

ALL_FORKID = 0x41
ECDSA, SCHNORR = "ecdsa", "schnorr"
P2SH, P2SH32 = "p2sh", "p2sh32"
PAYEE = b"\x76\xa9\x14" + bytes(range(20)) + b"\x88\xac"
TOKEN = b"\xef" + bytes(range(32)) + b"\x10\xfd\x10\x27"
"""A prefix: category, only fungible, an amount of 10,000 (CHIP-2022-02, "Token Prefix")."""


def push(data):
    """The shortest push of some bytes, as the minimal data rule wants it."""
    if not data:
        return b"\x00"
    if len(data) == 1 and 1 <= data[0] <= 16:
        return bytes((0x50 + data[0],))
    if data == b"\x81":
        return b"\x4f"
    if len(data) <= 75:
        return bytes((len(data),)) + data
    if len(data) <= 255:
        return b"\x4c" + bytes((len(data),)) + data
    return b"\x4d" + len(data).to_bytes(2, "little") + data


@dataclass(frozen=True)
class Lock:
    """A multisig, its keys in the order of its script.

    Attributes:
        secrets: of all its keys.
        m: how many sign.
        wrapper: P2SH or P2SH32.
    """

    secrets: tuple[bytes, ...]
    m: int
    wrapper: str

    @property
    def redeem(self):
        """The multisig itself."""
        keys = b"".join(push(secp.public_key(secret)) for secret in self.secrets)
        return bytes((0x50 + self.m,)) + keys + bytes((0x50 + len(self.secrets), 0xAE))

    @property
    def script(self):
        """What the coin's output holds."""
        if self.wrapper == P2SH:
            return b"\xa9\x14" + hash160(self.redeem) + b"\x87"
        return b"\xaa\x20" + sha256d(self.redeem) + b"\x87"


def lock(m, n, wrapper, *, salt=""):
    """Any m of n keys."""
    secrets = tuple(sha256(f"{salt} {m} {n} {wrapper} {at}".encode()) for at in range(n))
    return Lock(secrets, m, wrapper)


def digest(tx, index, spent, code, *, token=None):
    """The digest of an input, ALL with FORKID; its token stands in front of the code."""
    coin = spent[index]
    if token is None:
        token = coin.script.removesuffix(coin.script.removeprefix(TOKEN))
    txin = tx.inputs[index]
    return sha256d(
        tx.version.to_bytes(4, "little")
        + sha256d(b"".join(i.outpoint.to_bytes() for i in tx.inputs))
        + sha256d(b"".join(i.sequence.to_bytes(4, "little") for i in tx.inputs))
        + txin.outpoint.to_bytes()
        + token
        + compact_size(len(code))
        + code
        + coin.amount.to_bytes(8, "little")
        + txin.sequence.to_bytes(4, "little")
        + sha256d(b"".join(out.to_bytes() for out in tx.outputs))
        + tx.lock_time.to_bytes(4, "little")
        + ALL_FORKID.to_bytes(4, "little")
    )


def legacy_digest(tx, index, code):
    """The digest of SIGHASH_ALL before the fork, and still Bitcoin's for P2SH."""
    inputs = tuple(
        txin._replace(script_sig=code if at == index else b"") for at, txin in enumerate(tx.inputs)
    )
    return sha256d(replace(tx, inputs=inputs).to_bytes() + (1).to_bytes(4, "little"))


def checkbits(count, positions):
    """The dummy that says which keys have signed."""
    return sum(1 << at for at in positions).to_bytes((count + 7) // 8, "little")


def unlock(lock_, scheme, digest_, *, signers=None, hash_type=ALL_FORKID):
    """A script that spends: dummy, signatures in the keys' order, the multisig."""
    positions = sorted(signers if signers is not None else range(lock_.m))
    sign = {ECDSA: secp.sign_ecdsa, SCHNORR: schnorr.sign}[scheme]
    signatures = [sign(digest_, lock_.secrets[at]) + bytes((hash_type,)) for at in positions]
    dummy = checkbits(len(lock_.secrets), positions) if scheme == SCHNORR else b""
    return b"".join(push(item) for item in (dummy, *signatures, lock_.redeem))


@dataclass(frozen=True)
class Spend:
    """A signed transaction, and what it spends.

    Attributes:
        tx: signed.
        spent: the outputs that its inputs spend.
    """

    tx: Transaction
    spent: tuple[TxOut, ...]


def unsigned(locks, outputs=None, *, token=b""):
    """A transaction of one coin for each lock, and those coins."""
    spent = tuple(TxOut(Sats(100_000 + at), token + its.script) for at, its in enumerate(locks))
    total = sum(coin.amount for coin in spent)
    outputs = outputs or (TxOut(Sats(total - 20_000), PAYEE), TxOut(Sats(10_000), locks[0].script))
    inputs = tuple(
        TxIn(OutPoint(Txid(sha256(b"coin %d" % at).hex()), at), b"", 0xFFFFFFFE)
        for at in range(len(locks))
    )
    return Spend(Transaction(2, inputs, tuple(outputs), 900_000), spent)


def sign(spend, locks, scheme, *, signers=None):
    """Sign every input, ALL with FORKID."""
    inputs = tuple(
        txin._replace(
            script_sig=unlock(
                lock_, scheme, digest(spend.tx, at, spend.spent, lock_.redeem), signers=signers
            ),
        )
        for at, (txin, lock_) in enumerate(zip(spend.tx.inputs, locks, strict=True))
    )
    return replace(spend, tx=replace(spend.tx, inputs=inputs))


def sign_for_bitcoin(spend, locks):
    """Sign every input as Bitcoin wants it: ECDSA over the legacy digest, without FORKID."""
    inputs = tuple(
        txin._replace(
            script_sig=unlock(
                lock_, ECDSA, legacy_digest(spend.tx, at, lock_.redeem), hash_type=0x01
            ),
        )
        for at, (txin, lock_) in enumerate(zip(spend.tx.inputs, locks, strict=True))
    )
    return replace(spend, tx=replace(spend.tx, inputs=inputs))


def spend(locks, scheme, **how):
    """`sign` of `unsigned`."""
    return sign(unsigned(locks), locks, scheme, **how)
