"""A simulated Coldcard at the end of a rehearsal's cable; its owner says yes to everything.

It speaks the protocol of firmware 5.x (hw/framing/coldcard.py) with a seed of its own that is made
at its start and goes with it. It is no Coldcard: it checks nothing, as a thief's would not.

    python -m signer.ceremony.bus.coldcard FOLDER
"""

import os
import secrets
import sys
from hashlib import sha256
from pathlib import Path
from struct import pack, unpack_from
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from hw import curve
from hw.framing.coldcard import REPORT, RESYNC, Message, cut, join
from signer.ceremony.bus.pipes import TO_DEVICE, TO_HOST
from signer.core import coins, secp
from signer.core.bip32 import parse_path
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.psbt import PartialSig, Psbt, with_partial_sigs
from signer.core.sighash import ALL, Bip143

_CHAIN: Final = "XRT"  # regtest
_VERSION: Final = b"2026-08-01\n5.6.0\n3.2.0\n260801120000\nmk4"


class SimulatedColdcard:
    """The device's side of the protocol."""

    def __init__(self, root: ExtendedPrivateKey) -> None:
        self._root = root
        self._xpub_version = coins.network("BTC", "regtest").xpub
        self._key = b""
        self._ciphers: tuple[CipherContext, CipherContext] | None = None
        self._known: list[bytes] = []
        self._file = bytearray()
        self._signed = b""

    def answer(self, message: Message) -> Message:
        """Answer one message."""
        if message.data[:4] == b"ncry":
            return Message(self._agree(message.data[8:72]), encrypted=False)
        if self._ciphers is None or not message.encrypted:
            return Message(b"err_must encrypt", encrypted=False)
        theirs, ours = self._ciphers
        asked = theirs.update(message.data)
        return Message(ours.update(self._said(asked[:4], asked[4:])), encrypted=True)

    def _agree(self, public: bytes) -> bytes:
        secret = secrets.token_bytes(32)
        own, shared = curve.point_of(secret), curve.shared_point(secret, b"\x04" + public)
        if own is None or shared is None:
            return b"err_bad key"
        self._key = sha256(shared[1:]).digest()
        cipher = Cipher(AES(self._key), CTR(bytes(16)))
        self._ciphers = cipher.encryptor(), cipher.encryptor()
        xpub = self._text("")
        return (
            b"mypb" + own[1:] + bytes.fromhex(self._root.fingerprint) + pack("<I", len(xpub)) + xpub
        )

    def _said(self, command: bytes, rest: bytes) -> bytes:  # noqa: C901, PLR0911 -- one command each
        match command:
            case b"vers":
                return b"asci" + _VERSION
            case b"blkc":
                return b"asci" + _CHAIN.encode()
            case b"mitm":
                return b"biny\x1f" + self._proof()
            case b"xpub":
                return b"asci" + self._text(rest.decode().removeprefix("m").removeprefix("/"))
            case b"msck":
                return b"int1" + pack("<I", rest in map(_numbers, self._known))
            case b"upld":
                return self._upload(rest)
            case b"sha2":
                return b"biny" + sha256(self._file).digest()
            case b"enrl":
                self._known.append(bytes(self._file))
                return b"okay"
            case b"stxn":
                self._signed = self._sign(bytes(self._file))
                return b"okay"
            case b"stok":
                digest = sha256(self._signed).digest()
                return b"strx" + pack("<I", len(self._signed)) + digest
            case b"dwld":
                at, size, _ = unpack_from("<III", rest)
                return b"biny" + self._signed[at : at + size]
        return b"err_Unknown cmd"

    def _upload(self, rest: bytes) -> bytes:
        at, total = unpack_from("<II", rest)
        if at == 0:
            self._file = bytearray(total)
        self._file[at : at + len(rest) - 8] = rest[8:]
        return b"int1" + pack("<I", at)

    def _text(self, path: str) -> bytes:
        key = self._root.derive_path(parse_path(path) if path else ())
        return key.public().to_text(self._xpub_version).encode()

    def _proof(self) -> bytes:
        """The session's key, signed by the master key: r and s, 32 bytes each."""
        der = secp.sign_ecdsa(self._key, self._root.secret)
        size = der[3]
        r, s = der[4 : 4 + size], der[6 + size :]
        return r[-32:].rjust(32, b"\0") + s[-32:].rjust(32, b"\0")

    def _sign(self, raw: bytes) -> bytes:
        psbt = Psbt.parse(raw)
        digests, signatures = Bip143(psbt.tx), {}
        for at, coin in enumerate(psbt.inputs):
            if coin.witness_utxo is None:
                continue
            digest = digests.digest(at, coin.witness_script, coin.witness_utxo.amount)
            found = []
            for origin in coin.derivations:
                if origin.fingerprint == self._root.fingerprint:
                    secret = self._root.derive_path(origin.path).secret
                    signature = secp.sign_ecdsa(digest, secret) + bytes((ALL,))
                    found.append(PartialSig(origin.pubkey, signature))
            signatures[at] = found
        return with_partial_sigs(psbt, signatures)


def _numbers(text: bytes) -> bytes:
    """What msck asks of a multisig file: m, n, and the fingerprints mixed together."""
    lines = text.decode().splitlines()
    threshold, count = lines[1].removeprefix("Policy: ").split(" of ")
    mixed = 0
    for line in lines:
        fingerprint = line.partition(":")[0]
        if len(fingerprint) == 8:  # noqa: PLR2004 -- hex digits of 4 bytes
            mixed ^= int.from_bytes(bytes.fromhex(fingerprint), "little")
    return pack("<3I", int(threshold), int(count), mixed)


def main(folder: Path) -> None:
    """Answer at the end of a cable, until somebody ends this process."""
    device = SimulatedColdcard(ExtendedPrivateKey.from_seed(secrets.token_bytes(64)))
    reads, writes = (os.open(folder / name, os.O_RDWR) for name in (TO_DEVICE, TO_HOST))

    def report() -> bytes:
        while (one := os.read(reads, REPORT)) == RESYNC:
            pass
        return one

    while True:
        for one in cut(device.answer(join(report))):
            os.write(writes, one)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
