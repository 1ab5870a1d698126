"""A simulated Ledger with the Bitcoin Test app: it fetches what it signs piece by piece.

It asks the host's Merkle trees as the app 2.4.6 does in the recordings, less often. It keeps no
policy: it knows one again by its HMAC.
"""

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from simulated import Lie, SimulatedSigner

from hw.drivers import ledger
from signer.chain.whole import parse_transaction
from signer.core import secp, wire
from signer.core.address import address_of
from signer.core.bip32 import ExtendedPublicKey
from signer.core.coins import network
from signer.core.psbt_fields import Input
from signer.core.script import multisig, p2sh, p2wsh
from signer.core.sighash import Bip143
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.wire import Reader

TESTNET = network("BTC", "test")
OK, REFUSED, WRONG, UNKNOWN = b"\x90\x00", b"\x69\x85", b"\x6a\x80", b"\xb0\x08"
QUESTION = object()
"""What a command yields while its owner reads the screen; anything else it asks the host."""


@dataclass
class Policy:
    """A wallet policy, as fetched."""

    template: str
    keys: list[str]

    def script(self, branch, index):
        """Multisig script and output script of an address."""
        pubkeys = sorted(
            ExtendedPublicKey.parse(key.partition("]")[2], TESTNET.xpub)
            .derive(branch)
            .derive(index)
            .key
            for key in self.keys
        )
        threshold = int(re.search(r"sortedmulti\((\d+),", self.template)[1])
        script = multisig(threshold, pubkeys)
        program = p2wsh(script)
        return script, p2sh(program) if self.template.startswith("sh(") else program


class LedgerDevice(SimulatedSigner):
    """A Nano S Plus. `app` and `version` may be set before it is asked."""

    shape = next(shape for shape in ledger.DRIVER.shapes if shape.product == 0x5000)
    lies: ClassVar = frozenset(Lie) - {Lie.CHANGED_OUTPUT, Lie.CHANGED_FIELD}
    cancels: ClassVar = False

    def __init__(self, bus, seed="device", owner=None):
        super().__init__(bus, seed, owner)
        self.app, self.version = "Bitcoin Test", "2.4.6"
        self._stream, self._number = b"", 0
        self._flow = None
        self._since = None

    def answer(self, data):
        """Join reports; answer a whole command."""
        assert len(data) == 64, "a report has 64 bytes"
        number = int.from_bytes(data[3:5], "big")
        assert data[:3] == b"\x01\x01\x05"
        if number == 0:
            self._stream, self._number = b"", 0
        assert number == self._number
        self._number += 1
        self._stream += data[5:]
        size = int.from_bytes(self._stream[:2], "big")
        if len(self._stream) < size + 2:
            return ()
        return self._cut(self._command(self._stream[2 : size + 2]))

    def reads(self, size):
        """Give what is ready: after a question, once the owner has answered."""
        if self._since is not None and self.bus.now >= self._since + self.owner.slow:
            self._since = None
            self.waiting.extend(self._cut(self._go_on(None)))
        return super().reads(size)

    def _cut(self, message):
        stream = b"" if message is None else len(message).to_bytes(2, "big") + message
        for number, at in enumerate(range(0, len(stream), 59)):
            head = b"\x01\x01\x05" + number.to_bytes(2, "big")
            yield (head + stream[at : at + 59]).ljust(64, b"\0")

    def _command(self, message):
        cla, ins, _p1, _p2, size = message[:5]
        data = message[5:]
        assert len(data) == size
        if (cla, ins) == (0xB0, 1):  # the system's, whatever the app does
            texts = b"".join(bytes((len(t),)) + t.encode() for t in (self.app, self.version))
            return b"\x55\x15" if self.owner.locked else b"\x01" + texts + b"\x01\x00" + OK
        if cla == 0xF8:
            return b"\xb0\x07" if self._flow is None else self._go_on(data)
        if self._flow is not None:
            self._flow = None
            return b"\xb0\x07"
        if self.owner.locked:
            return b"\x55\x15"
        if cla != 0xE1:
            return b"\x6e\x00"
        handler = {0: self._xpub, 2: self._register, 3: self._address, 4: self._sign, 5: self._root}
        self._flow = handler[ins](data)
        return self._go_on(None)

    def _go_on(self, answer):
        try:
            asked = self._flow.send(answer)
        except StopIteration as end:
            self._flow = None
            return end.value
        if asked is QUESTION:
            self._since = self.bus.now
            return None
        return asked + b"\xe0\x00"

    # what the host has

    def _preimage(self, digest):
        answer = Reader((yield b"\x40\x00" + digest), "preimage")
        size = answer.compact_size()
        data = answer.take(answer.u8())
        while len(data) < size:
            more = yield b"\xa0"
            data += more[2:]
        assert sha256(data).digest() == digest, "another preimage"
        return data

    def _leaves(self, root, count):
        data = []
        for index in range(count):
            answer = yield b"\x41" + root + wire.compact_size(count) + wire.compact_size(index)
            data.append((yield from self._preimage(answer[:32]))[1:])
        return data

    def _map(self, commitment):
        reader = Reader(commitment, "map")
        count = reader.compact_size()
        keys = yield from self._leaves(reader.take(32), count)
        values = yield from self._leaves(reader.take(32), count)
        return dict(zip(keys, values, strict=True))

    def _policy(self, raw):
        reader = Reader(raw, "policy")
        assert reader.u8() == 2
        assert 0 < len(reader.var_bytes()) <= 64
        reader.compact_size()
        template = yield from self._preimage(reader.take(32))
        count = reader.compact_size()
        keys = yield from self._leaves(reader.take(32), count)
        return Policy(template.decode(), [key.decode() for key in keys])

    def _hmac(self, identity):
        return hmac.digest(self.root.secret, identity, "sha256")

    # the commands

    def _root(self, _):
        return bytes.fromhex(self.fingerprint) + OK
        yield

    def _xpub(self, data):
        path = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(2, len(data), 4))
        if len(path) != 4:
            return b"\x6a\x82"
        return self.key(path).public().to_text(TESTNET.xpub).encode() + OK
        yield

    def _register(self, data):
        raw = Reader(data, "register").var_bytes()
        policy = yield from self._policy(raw)
        if not any(key.startswith(f"[{self.fingerprint}/") for key in policy.keys):
            return WRONG
        yield QUESTION
        if self.owner.refuses:
            return REFUSED
        identity = sha256(raw).digest()
        return identity + self._hmac(identity) + OK

    def _address(self, data):
        display, identity, proof = data[0], data[1:33], data[33:65]
        raw = yield from self._preimage(identity)
        if proof != self._hmac(identity):
            return UNKNOWN
        policy = yield from self._policy(raw)
        if display:
            yield QUESTION
            if self.owner.refuses:
                return REFUSED
        lying = display and self.owner.lie is Lie.OTHER_ADDRESS
        index = int.from_bytes(data[66:70], "big") + lying
        return address_of(policy.script(data[65], index)[1], "BTC", "test").encode() + OK

    def _sign(self, data):
        reader = Reader(data, "sign")
        count = reader.compact_size()
        top = wire.compact_size(count) + reader.take(64)
        lists = []
        for _ in range(2):
            count = reader.compact_size()
            lists.append((count, reader.take(32)))
        identity, proof = reader.take(32), reader.take(32)
        raw = yield from self._preimage(identity)
        if proof != self._hmac(identity):
            return WRONG
        yield from self._policy(raw)
        fields = yield from self._map(top)
        parts = []
        for count, root in lists:
            commitments = yield from self._leaves(root, count)
            parts.append([])
            for one in commitments:
                fetched = yield from self._map(one)
                parts[-1].append(fetched)
        inputs, outputs = parts
        tx = _transaction(fields, inputs, outputs)
        yield QUESTION
        if self.owner.refuses:
            return REFUSED
        for at, one in enumerate(inputs):
            for signature in self._signatures(tx, at, one):
                yield b"\x10" + wire.compact_size(at) + signature
        return OK

    def _signatures(self, tx, at, fields):
        spent = TxOut.read(Reader(fields[bytes((Input.WITNESS_UTXO,))], "spent"))
        script = fields[bytes((Input.WITNESS_SCRIPT,))]
        digest = Bip143(tx).digest(at, script, spent.amount)
        derivations = {k[1:]: v for k, v in fields.items() if k[0] == Input.DERIVATION}
        for value in derivations.values():
            if value[:4].hex() != self.fingerprint:
                continue
            path = tuple(
                int.from_bytes(value[i : i + 4], "little") for i in range(4, len(value), 4)
            )
            pubkey, signature = self.signature(digest, path)
            if self.owner.lie is not Lie.MISSING:
                yield b"\x21" + pubkey + signature
            if self.owner.lie is Lie.SURPLUS:
                own = secp.public_key(self.root.derive_path(path).secret)
                yield b"\x21" + next(key for key in derivations if key != own) + signature


def _transaction(fields, inputs, outputs):
    """The transaction of a PSBT of version 2 (BIP370, "Specification")."""

    def number(value):
        return int.from_bytes(value, "little")

    assert number(fields[b"\xfb"]) == 2
    assert (number(fields[b"\x04"]), number(fields[b"\x05"])) == (len(inputs), len(outputs))
    ins = []
    for one in inputs:
        point = OutPoint(one[b"\x0e"][::-1].hex(), number(one[b"\x0f"]))
        assert parse_transaction(one[bytes((Input.PREVIOUS_TX,))]).txid == point.txid
        ins.append(TxIn(point, b"", number(one[b"\x10"])))
    outs = [TxOut(number(one[b"\x03"]), one[b"\x04"]) for one in outputs]
    locktime = number(fields.get(b"\x03", b""))
    return Transaction(number(fields[b"\x02"]), tuple(ins), tuple(outs), locktime)
