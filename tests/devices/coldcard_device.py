"""A simulated Coldcard: the device's side of the protocol, with a seed and an owner.

It takes version 1 sessions, multisig files and PSBTs as firmware 5.4.5 does in the recordings.
"""

from hashlib import sha256
from struct import pack, unpack_from
from typing import ClassVar

from bus import BULK, INTERRUPT, Interface
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from simulated import Lie, SimulatedSigner

from hw import curve
from hw.drivers import coldcard
from signer.core import secp
from signer.core.address import address_of
from signer.core.bip32 import parse_path
from signer.core.coins import network
from signer.core.psbt import PartialSig, Psbt, with_partial_sigs
from signer.core.script import p2sh, p2wsh
from signer.core.sighash import Bip143

_NETWORKS = {"XTN": "test", "BTC": "main", "XRT": "regtest"}


class ColdcardDevice(SimulatedSigner):
    """A Mk4. `firmware` and `chain` may be set before it is asked."""

    shape = coldcard.DRIVER.shapes[0]
    interfaces: ClassVar = (
        Interface(0, 2, ((0x82, INTERRUPT),)),
        Interface(1, 10, ((0x81, BULK), (0x01, BULK))),
        Interface(2, 8, ((0x83, BULK), (0x03, BULK))),
        Interface(3, 3, ((0x84, INTERRUPT), (0x04, INTERRUPT))),
    )

    def __init__(self, bus, seed="device", owner=None):
        super().__init__(bus, seed, owner)
        self.firmware, self.chain, self.seeded = "5.6.0", "XTN", True
        self.known: list[bytes] = []
        """The multisig files that its owner took."""
        self._half = b""
        self._session = None
        self._key = b""
        self._upload = bytearray()
        self._hash = sha256()
        self._result = b""
        self._asked = None

    def set_network(self, network):
        """Its chain."""
        self.chain = next(chain for chain, name in _NETWORKS.items() if name == network)

    def answer(self, data):
        """Join reports, decrypt, answer, cut."""
        assert len(data) == 64, "a report has 64 bytes"
        size = data[0] & 0x3F
        if not size:
            self._half = b""
            return
        self._half += data[1 : 1 + size]
        if not data[0] & 0x80:
            return
        message, self._half = self._half, b""
        secret = bool(data[0] & 0x40)
        if secret:
            message = self._session[0].update(message)
        said = self._say(message[:4], message[4:], secret=secret)
        if secret:
            said = self._session[1].update(said)
        for at in range(0, len(said), 63):
            part = said[at : at + 63]
            last = 0x80 | (0x40 if secret else 0) if at + 63 >= len(said) else 0
            yield bytes((last | len(part),)) + part.ljust(63, b"\xa5")

    def _say(self, command, rest, *, secret):
        if command == b"ncry":
            return self._agree(rest)
        if not secret:
            return b"err_must encrypt"
        handler = getattr(self, f"_{command.decode('ascii', 'replace')}", None)
        return b"err_Unknown cmd" if handler is None else handler(rest)

    def _agree(self, rest):
        if rest[:4] != pack("<I", 1):
            return b"frambad ncry version"
        secret = sha256(b"the device's own" + rest).digest()
        point = curve.shared_point(secret, b"\x04" + rest[4:68])
        self._key = sha256(point[1:]).digest()
        self._session = [Cipher(AES(self._key), CTR(bytes(16))).encryptor() for _ in range(2)]
        xpub = self._text(self.root) if self.seeded else b""
        return (
            b"mypb"
            + curve.point_of(secret)[1:]
            + bytes.fromhex(self.fingerprint)
            + pack("<I", len(xpub))
            + xpub
        )

    def _text(self, key):
        return key.public().to_text(network("BTC", _NETWORKS[self.chain]).xpub).encode()

    def _vers(self, _):
        return f"asci2026-08-01\n{self.firmware}\n3.2.0\n260801120000\nmk4".encode()

    def _blkc(self, _):
        return b"asci" + self.chain.encode()

    def _mitm(self, _):
        der = secp.sign_ecdsa(self._key, self.root.secret)
        size = der[3]
        r, s = der[4 : 4 + size][-32:], der[6 + size :][-32:]
        return b"biny\x1f" + r.rjust(32, b"\0") + s.rjust(32, b"\0")

    def _xpub(self, rest):
        return b"asci" + self._text(self.key(parse_path(rest.decode()[2:])))

    def _msck(self, rest):
        self._verdict()
        return b"int1" + pack("<I", rest in [_numbers(text) for text in self.known])

    def _upld(self, rest):
        at, total = unpack_from("<II", rest)
        assert at % 256 == 0, "the firmware wants 256-byte steps"
        if at == 0:
            self._upload, self._hash = bytearray(total), sha256()
        self._upload[at : at + len(rest) - 8] = rest[8:]
        self._hash.update(rest[8:])
        return b"int1" + pack("<I", at)

    def _sha2(self, _):
        return b"biny" + self._hash.digest()

    def _enrl(self, rest):
        if rest[4:] != self._hash.digest():
            return b"err_Checksum"
        self._ask("multisig", bytes(self._upload))
        return b"okay"

    def _stxn(self, rest):
        if rest[8:] != self._hash.digest():
            return b"err_Checksum"
        data = bytes(self._upload)
        if not data.startswith(b"psbt\xff"):
            self.cancelled += self._asked is not None
            self._asked = None
            return b"okay"
        self._ask("transaction", data)
        return b"okay"

    def _ask(self, kind, data):
        self._asked = (kind, data, self.bus.now)

    def _verdict(self):
        """What the owner did with a multisig, once there was time; a no shows two seconds."""
        if self._asked is None or self._asked[0] != "multisig":
            return
        _, text, since = self._asked
        if self.bus.now < since + self.owner.slow:
            return
        if not self.owner.refuses and text not in self.known:
            self.known.append(text)
            self._asked = None
        else:  # also what it calls a duplicate
            self._asked = ("refused", b"", since + self.owner.slow)

    def _stok(self, _):
        self._verdict()
        if self._asked and self._asked[0] == "refused" and self.bus.now > self._asked[2] + 2:
            self._asked = None
        if self._asked is None:
            return b"err_No active request"
        kind, data, since = self._asked
        if kind == "multisig" or self.bus.now < since + self.owner.slow:
            return b"okay"
        self._asked = None
        if kind == "refused" or self.owner.refuses:
            return b"refu"
        if not any(_numbers(text) for text in self.known):
            return b"err_Refused to import new wallet"
        self._result = self._signed(data)
        return b"strx" + pack("<I", len(self._result)) + sha256(self._result).digest()

    def _dwld(self, rest):
        at, size, number = unpack_from("<III", rest)
        return b"biny" + (self._result if number else bytes(self._upload))[at : at + size]

    def _p2sh(self, rest):
        kind, _m, count, size = unpack_from("<IBBH", rest)
        script = rest[8 : 8 + size]
        at = 8 + size
        for place in range(count):
            length = rest[at]
            if rest[at + 1 : at + 5] == bytes.fromhex(self.fingerprint):
                path = unpack_from(f"<{length - 1}I", rest, at + 5)
                key = secp.public_key(self.root.derive_path(path).secret)
                if key != script[1 + 34 * place + 1 : 1 + 34 * place + 34]:
                    return b"err_pk#1 wrong"
            at += 1 + 4 * length
        if self.owner.lie is Lie.OTHER_ADDRESS:
            script = script[::-1]
        program = p2wsh(script)
        pubkey = program if kind == 0x0E else p2sh(program)
        return b"asci" + address_of(pubkey, "BTC", _NETWORKS[self.chain]).encode()

    def _signed(self, data):
        psbt = Psbt.parse(data)
        lie = self.owner.lie
        if lie is Lie.CHANGED_OUTPUT:
            at = data.index(psbt.tx.outputs[0].script)
            data = data[: at + 5] + bytes((data[at + 5] ^ 1,)) + data[at + 6 :]
            psbt = Psbt.parse(data)
        if lie is Lie.CHANGED_FIELD:
            end = psbt.ends[0]
            data = data[:end] + b"\x01\x77\x01\x00" + data[end:]
            psbt = Psbt.parse(data)
        digests = Bip143(psbt.tx)
        signatures = {}
        for at, said in enumerate(psbt.inputs):
            paths = [d.path for d in said.derivations if d.fingerprint == self.fingerprint]
            digest = digests.digest(at, said.witness_script, said.witness_utxo.amount)
            signatures[at] = [PartialSig(*self.signature(digest, path)) for path in paths]
            if lie is Lie.SURPLUS:
                foreign = next(d for d in said.derivations if d.fingerprint != self.fingerprint)
                signatures[at].append(PartialSig(foreign.pubkey, signatures[at][0].signature))
            if lie is Lie.MISSING:
                signatures[at] = []
        return with_partial_sigs(psbt, signatures)


def _numbers(text):
    """What msck asks of a multisig: m, n, and the fingerprints mixed together."""
    lines = text.decode().splitlines()
    threshold, count = (int(word) for word in lines[1].removeprefix("Policy: ").split(" of "))
    mixed = 0
    for line in lines:
        if len(line.partition(":")[0]) == 8:
            mixed ^= int.from_bytes(bytes.fromhex(line[:8]), "little")
    return pack("<3I", threshold, count, mixed)
