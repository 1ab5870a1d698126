"""The hashes of Bitcoin. Digests are in natural byte order; a txid for people is reversed."""

import hashlib


def sha256(data: bytes) -> bytes:
    """SHA-256 (FIPS 180-4), 32 bytes."""
    return hashlib.sha256(data).digest()


def sha256d(data: bytes) -> bytes:
    """SHA-256 of SHA-256, 32 bytes: transaction ids, Base58Check, signature digests."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def hash160(data: bytes) -> bytes:
    """RIPEMD-160 of SHA-256, 20 bytes: P2PKH, P2SH, BIP32 fingerprints."""
    inner = hashlib.sha256(data).digest()
    try:
        return hashlib.new("ripemd160", inner).digest()
    except ValueError:
        # OpenSSL 3.0.0 to 3.0.6 has it in a legacy provider only. The self-test checks this too.
        from embit.util.py_ripemd160 import ripemd160  # noqa: PLC0415 -- see above

        return bytes(ripemd160(inner))
