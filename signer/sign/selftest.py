"""Is this installation fit to sign? Run at every start of `coldsign`, in some milliseconds.

Published vectors go through the very functions that sign, and the defences are tried out. A
command that can reach no key leaves out what only keys need.
"""

import _socket  # the C module below `socket`: one is opened here to see that it cannot be
import hashlib
import sys
from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signer.core import known_answers as coins
from signer.core import secp
from signer.core.bip32 import parse_path
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.errors import Fault, Problem, SelfTestFailed
from signer.core.names import Sats
from signer.core.sighash import ALL
from signer.keys.hardening import SocketForbidden

# BIP32, test vector 1: hardened and public steps in one chain.
BIP32_SEED = "000102030405060708090a0b0c0d0e0f"
BIP32_PATH = "0h/1/2h/2/1000000000"
BIP32_XPUB = (
    "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEY"
    "BVPamhGW6cFJodrTHy"
)

# BIP143, the P2SH-P2WSH example: the digest for ALL of a 6-of-6 witness script.
BIP143_TX = (
    "010000000136641869ca081e70f394c6948e8af409e18b619df2ed74aa106c1ca29787b96e0100000000ffffffff02"
    "00e9a435000000001976a914389ffce9cd9ae88dcc0631e88a821ffdbe9bfe2688acc0832f05000000001976a91474"
    "80a33f950689af511e6e84c138dbbd3c3ee41588ac00000000"
)
BIP143_SCRIPT = (
    "56210307b8ae49ac90a048e9b53357a2354b3334e9c8bee813ecb98e99a7e07e8c3ba32103b28f0c28bfab54554ae8"
    "c658ac5c3e0ce6e79ad336331f78c428dd43eea8449b21034b8113d703413d57761b8b9781957b8c0ac1dfe69f4925"
    "80ca4195f50376ba4a21033400f6afecb833092a9a21cfdf1ed1376e58c5d1f47de74683123987e967a8f42103a6d4"
    "8b1131e94ba04d9737d61acdaa1322008af9602b3b14862c07a1789aac162102d8b661b0b3302ee2f162b09e07a55a"
    "d5dfbe673a9f01d9f0c19617681024306b56ae"
)
BIP143_AMOUNT = Sats(987_654_321)
BIP143_DIGEST = "185c0be5263dce5b4bb50a047973c1b6272bfbd0103a89444597dc40b248ee7c"

# RFC 6979 with secp256k1 and SHA-256, low s; the RFC has no vector for this curve. Key 1 and this
# message are the ones that wallets share: Trezor's crypto/tests/test_check.c, test_rfc6979.
RFC6979_KEY = "00" * 31 + "01"
RFC6979_DIGEST = hashlib.sha256(b"Satoshi Nakamoto").digest()
RFC6979_DER = (
    "3045022100934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
    "02202442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
)

# RFC 8032 section 7.1, TEST 2.
ED25519_KEY = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
ED25519_MESSAGE = b"\x72"
ED25519_SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


class Check(NamedTuple):
    """One check that passed.

    Attributes:
        name: what was checked.
        detail: how, for people.
    """

    name: str
    detail: str


def run(*, keyless: bool = False) -> tuple[Check, ...]:
    """Run every check, in order.

    Args:
        keyless: this process touches no key: what only making, opening and using one needs is
            neither loaded nor tried.

    Raises:
        SelfTestFailed: at the first that fails; nothing may be signed then.
    """
    checks = _READING | ({} if keyless else _signing()) | {"no socket": _no_socket}
    return tuple(_run(name, check) for name, check in checks.items())


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, check())
    except Problem as problem:
        raise _failed(name, problem.what) from problem
    except Exception as error:  # whatever a broken library raises, this program must not start
        raise _failed(name, type(error).__name__) from error


def _failed(name: str, found: str) -> SelfTestFailed:
    return SelfTestFailed(
        f"self-test failed: {name}",
        fault=Fault.MACHINE,
        expected="the published answer",
        found=found,
        hint="do not sign with this installation: install it again and compare its hashes",
    )


def _binding() -> str:
    # embit brings an old library of its own, and falls back to plain Python without a word.
    library = sys.modules["_btclib_secp256k1"].lib
    if vars(secp)["lib"] is not library or type(library).__module__ != "_cffi_backend":
        raise ValueError("another library")
    # Added in libsecp256k1 0.8.0 (its CHANGELOG.md): an older build lacks it.
    if not hasattr(library, "secp256k1_context_set_sha256_compression"):
        raise ValueError("older than libsecp256k1 0.8.0")
    return "compiled, 0.8.0 or later"


def _bip32() -> str:
    master = ExtendedPrivateKey.from_seed(bytes.fromhex(BIP32_SEED))
    key = master.derive_path(parse_path(BIP32_PATH))
    coins.equal(key.public().to_text(network("BTC", "main").xpub), BIP32_XPUB)
    return "test vector 1"


def _bip143() -> str:
    digest = coins.digest(BIP143_TX, BIP143_SCRIPT, BIP143_AMOUNT, segwit=True, sighash=ALL)
    coins.equal(digest.hex(), BIP143_DIGEST)
    return "P2SH-P2WSH example"


def _ecdsa() -> str:
    digest, secret = RFC6979_DIGEST, bytes.fromhex(RFC6979_KEY)
    coins.equal(secp.sign_ecdsa(digest, secret).hex(), RFC6979_DER)
    key = secp.public_key(secret)
    if not secp.verify_ecdsa(digest, bytes.fromhex(RFC6979_DER), key):
        raise ValueError("does not verify")
    if secp.verify_ecdsa(digest[::-1], bytes.fromhex(RFC6979_DER), key):
        raise ValueError("verifies anything")
    return "libsecp256k1"


def _ed25519() -> str:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(ED25519_KEY))
    coins.equal(key.sign(ED25519_MESSAGE).hex(), ED25519_SIGNATURE)
    key.public_key().verify(bytes.fromhex(ED25519_SIGNATURE), ED25519_MESSAGE)
    return "RFC 8032, test 2"


def _no_socket() -> str:
    try:
        _socket.socket().close()
    except SocketForbidden:
        return "an attempt raises"
    raise ValueError("a socket was opened")


def _signing() -> dict[str, Callable[[], str]]:
    """What is checked where keys are touched: a second engine, and what makes and seals keys."""
    from signer.keys import known_answers as keys  # noqa: PLC0415 -- a keyless start is faster
    from signer.sign import softkey  # noqa: PLC0415 -- as above

    def engines() -> str:
        second = softkey.second_engine(RFC6979_DIGEST, bytes.fromhex(RFC6979_KEY))
        coins.equal(second.hex(), RFC6979_DER)
        return f"{_ecdsa()} and OpenSSL agree"

    return {"RFC 6979": engines, **keys.CHECKS}


_READING: dict[str, Callable[[], str]] = {
    "libsecp256k1": _binding,
    "BIP32": _bip32,
    "BIP143": _bip143,
    "RFC 6979": _ecdsa,
    **coins.CHECKS,
    "Ed25519": _ed25519,
}
