"""Published answers that what coins differ in must give; `signer/sign/selftest.py` asks."""

from collections.abc import Callable

from signer.core import schnorr, secp
from signer.core.coins import coin
from signer.core.names import Sats
from signer.core.sighash import ALL, digests
from signer.core.transaction import Transaction
from signer.core.wire import Reader

# BIP174, "Test Vectors", the signers': input 0 spends a 2-of-2 in P2SH, for ALL; by its first key.
LEGACY_TX = (
    "020000000258e87a21b56daf0c23be8e7070456c336f7cbaa5c8757924f545887bb2abdd750000000000ffffffff"
    "838d0427d0ec650a68aa46bb0b098aea4422c071b2ca78352a077959d07cea1d0100000000ffffffff0270aaf008"
    "00000000160014d85c2b71d0060b09c9886aeb815e50991dda124d00e1f5050000000016001400aea9a2e5f0f876"
    "a588df5546e8742d1d87008f00000000"
)
LEGACY_SCRIPT = (
    "5221029583bf39ae0a609747ad199addd634fa6108559d6c5cd39b4c2183f1ab96e07f2102dab61ff49a14db6a7d"
    "02b0cd1fbb78fc4b18312b5b4e54dae4dba2fbfef536d752ae"
)
LEGACY_KEY = "029583bf39ae0a609747ad199addd634fa6108559d6c5cd39b4c2183f1ab96e07f"
LEGACY_DER = (
    "3044022074018ad4180097b873323c0015720b3684cc8123891048e7dbcd9b55ad679c99022073d369b740e3eb53"
    "dcefa33823c8070514ca55a7dd9544f157c167913261118c"
)

# Bitcoin Cash: libauth 3.1.0-next.8, `vmb-tests/sources/core.signing-serialization.js`, 8pl6ng, for
# ALL with FORKID. What its input brings is left out here: no digest covers it.
FORKID_TX = (
    "02000000010100000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0100000000000000000a6a08766d625f7465737400000000"
)
FORKID_SCRIPT = (
    "2103a524f43d6166ad3567f18b0a5c769c6ab4dc02149f4d5095ccf4e8ffa293e7856eac696ead7c8251947f757b"
    "a87b6fbbba"
)
FORKID_AMOUNT = Sats(10_000)
FORKID_DIGEST = "2653455bb1160e0ffef9cda18119243a5406af5faa35c36e7742748f745687a7"

# Bitcoin Cash's Schnorr: Bitcoin ABC, `src/test/key_tests.cpp`.
SCHNORR_KEY = "12b004fff7f4b69ef8650e767f18f11ede158148b425660723b9f9a66e61f747"
SCHNORR_DIGEST = "5255683da567900bfd3e786ed8836a4e7763c221bf1ac20ece2a5171b9199e8a"
SCHNORR_SIGNATURE = (
    "2c56731ac2f7a7e7f11518fc7722a166b02438924ca9d8b4d111347b81d0717571846de67ad3d913a8fdf9d8f3f7"
    "3161a4c48ae81cb183b214765feb86e255ce"
)


def digest(raw: str, script: str, amount: Sats, *, segwit: bool, sighash: int) -> bytes:
    """What a signature of input 0 signs; transaction and script in hex."""
    tx = Transaction.unsigned(Reader(bytes.fromhex(raw), "known answer"))
    made = digests(tx, segwit=segwit, sighash=sighash)
    return made.digest(0, bytes.fromhex(script), amount, sighash)


def equal(found: str, expected: str) -> None:
    """Compare an answer with the published one.

    Raises:
        ValueError: it is another one.
    """
    if found != expected:
        raise ValueError("another answer")


def _legacy() -> str:
    signed = digest(LEGACY_TX, LEGACY_SCRIPT, Sats(0), segwit=False, sighash=ALL)
    if not secp.verify_ecdsa(signed, bytes.fromhex(LEGACY_DER), bytes.fromhex(LEGACY_KEY)):
        raise ValueError("another digest")
    return "BIP174's P2SH example"


def _forkid() -> str:
    sighash = coin("BCH").sighash
    found = digest(FORKID_TX, FORKID_SCRIPT, FORKID_AMOUNT, segwit=False, sighash=sighash)
    equal(found.hex(), FORKID_DIGEST)
    return "libauth's example"


def _schnorr() -> str:
    message, secret = bytes.fromhex(SCHNORR_DIGEST), bytes.fromhex(SCHNORR_KEY)
    key = secp.public_key(secret)
    signature = schnorr.sign(message, secret)
    equal(signature.hex(), SCHNORR_SIGNATURE)
    if not schnorr.verify(message, signature, key):
        raise ValueError("does not verify")
    if schnorr.verify(message[::-1], signature, key):
        raise ValueError("verifies anything")
    return "Bitcoin ABC's vector"


CHECKS: dict[str, Callable[[], str]] = {
    "P2SH digest": _legacy,
    "BCH digest": _forkid,
    "BCH Schnorr": _schnorr,
}
