"""A simulated Trezor: the device's side of the protocol, with a seed and an owner.

It derives addresses and change from the nodes it is sent, asks for a transaction piece by
piece, checks previous transactions, and signs what it was shown, as firmware 1.14.1 does.
"""

from typing import ClassVar

from bus import INTERRUPT, Interface
from simulated import Lie, SimulatedSigner

from hw.drivers import trezor
from hw.framing.trezor import RESYNC, Body, Message, cut, join
from signer.core import secp
from signer.core.address import address_of, script_of
from signer.core.bip32 import ExtendedPublicKey
from signer.core.coins import network
from signer.core.script import multisig, p2sh, p2wsh
from signer.core.sighash import Bip143
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut

NETWORKS = {"Bitcoin": "main", "Testnet": "test", "Regtest": "regtest"}
INPUT, OUTPUT, META, FINISHED = range(4)
SPEND = {2: 1, 4: 3, 5: 4}  # script types of outputs, as of inputs


class No(Exception):
    """A Failure: code and words."""


class TrezorDevice(SimulatedSigner):
    """A Trezor One. Its settings may be changed before it is asked."""

    shape = trezor.DRIVER.shapes[0]
    interfaces: ClassVar = (
        Interface(0, 0xFF, ((0x81, INTERRUPT), (0x01, INTERRUPT))),
        Interface(1, 0xFF, ((0x82, INTERRUPT), (0x02, INTERRUPT))),
    )
    registers = False
    lies = frozenset(Lie) - {Lie.FOREIGN_KEY, Lie.CHANGED_OUTPUT, Lie.CHANGED_FIELD, Lie.SIGHASH}

    def __init__(self, bus, seed="device", owner=None):
        super().__init__(bus, seed, owner)
        self.version, self.seeded, self.capabilities = (1, 14, 1), True, (1, 2, 5)
        self.model = "1"
        self.pin = self.passphrase = ""
        self.bootloader = self.thp = False
        self.seen = []
        """What was on the screen: addresses, and amounts that somebody is paid."""
        self.pieces = []
        self._half = b""
        self._task = None
        self._known = False
        self._due = None

    # packets

    def answer(self, data):
        """Join packets, answer, cut; a question waits for the owner."""
        assert len(data) == 64, "a report has 64 bytes"
        if data == RESYNC:
            self._half = b""
            return
        self._half += data
        size = int.from_bytes(self._half[5:9], "big")
        if len(self._half) // 64 * 63 < size + 8:
            return
        packets = iter([self._half[at : at + 64] for at in range(0, len(self._half), 64)])
        self._half = b""
        message = join(lambda: next(packets))
        yield from self._packets(lambda: self._say(message.kind, Said(message.body)))

    def _packets(self, step):
        try:
            said = step()
        except No as no:
            self._task = None
            said = Message(3, bytes(Body().number(1, no.args[0]).text(2, no.args[1])))
        except (IndexError, KeyError, TypeError, ValueError):
            self._task = None
            said = Message(3, bytes(Body().number(1, 3).text(2, "no message of its kind")))
        return [] if said is None else cut(said)

    def reads(self, size):
        """Give the next packet, once the owner has answered."""
        if self._due is not None:
            if self.bus.now < self._due:
                return None
            self._due = None
            self.waiting.extend(self._packets(self._decided))
        return super().reads(size)

    def _decided(self):
        if self.owner.refuses:
            raise No(4, "Action cancelled by user")
        return next(self._task)

    def _say(self, kind, fields):
        if kind in (0, 20):  # Initialize, Cancel: whatever went on is over
            self.cancelled += kind == 20 and self._task is not None
            self._task = self._due = None
            self.waiting.clear()
            if kind == 20:
                raise No(4, "Action cancelled by user")
            self._known = False
            return self._features()
        if kind in (11, 15, 29):
            flow = {11: self._public_key, 15: self._sign, 29: self._address}[kind]
            self._task = self._unlocked(flow(fields))
            return next(self._task)
        if kind == 27 and self._task is not None:
            self._due = self.bus.now + self.owner.slow
            return None
        if kind in (19, 22, 42) and self._task is not None:
            return self._task.send(fields)
        raise No(1, "Unexpected message")

    def _features(self):
        if self.thp:
            raise No(17, "Invalid protocol")
        body = Body().text(1, "trezor.io").number(5, self.bootloader)
        for tag, value in zip((2, 3, 4), self.version, strict=True):
            body.number(tag, value)
        body.number(7, bool(self.pin)).number(8, bool(self.passphrase)).text(10, "test")
        body.number(12, self.seeded).number(16, not self.pin or self._known).text(21, self.model)
        return Message(17, bytes(body.numbers(30, self.capabilities)))

    # flows: generators of messages; what is sent into them are the answers

    def _unlocked(self, flow):
        if not self.seeded:
            raise No(11, "Device not initialized")
        if self.pin and not self._known:
            typed = yield Message(18, bytes(Body().number(1, 1)))
            if typed.text(1) != self.pin:
                raise No(7, "PIN invalid")
        if self.passphrase and not self._known:
            typed = yield Message(41, b"")
            if typed.text(1) != self.passphrase:
                raise No(3, "the simulator knows one passphrase")
        self._known = True
        yield from flow

    def _public_key(self, fields):
        path = tuple(fields.all(1))
        key = self.key(path).public()
        parent = self.root.derive_path(path[:-1]).fingerprint
        text = key.to_text(network("BTC", NETWORKS[fields.text(4)]).xpub)
        node = Body().number(1, len(path)).number(2, int(parent, 16)).number(3, path[-1])
        yield Message(12, bytes(Body().body(1, node).text(2, text)))

    def _address(self, fields):
        script = self._script(fields.within(4), fields.one(5))[0]
        self._mine(tuple(fields.all(1)), fields.within(4))
        if self.owner.lie is Lie.OTHER_ADDRESS:
            script = script[:-1] + bytes((script[-1] ^ 1,))
        text = address_of(script, "BTC", NETWORKS[fields.text(2)])
        if fields.one(3):
            yield self._question()
            self.seen.append(text)
        yield Message(30, bytes(Body().text(1, text)))

    def _question(self):
        return Message(26, bytes(Body().number(1, 10)))

    def _sign(self, fields):
        chain = NETWORKS[fields.text(3)]
        inputs, outputs, shared = [], [], None
        for at in range(fields.one(2)):
            one = (yield self._request(INPUT, at)).within(1).within(2)
            self._mine(tuple(one.all(1)), one.within(7))
            shared = _same(one.within(7)) if at == 0 else shared
            inputs.append(one)
        for at in range(fields.one(1)):
            one = (yield self._request(OUTPUT, at)).within(1).within(5)
            if one.has(1):
                yield self._question()
                self.seen.append(one.one(3))
                script = script_of(one.text(1), "BTC", chain)
            else:
                self._mine(tuple(one.all(2)), one.within(5))
                script = self._script(one.within(5), SPEND[one.one(4)])[0]
                if _same(one.within(5)) != shared:
                    yield self._question()
                    self.seen.append(one.one(3))
            outputs.append(TxOut(one.one(3), script))
        yield self._question()
        for one in inputs:
            yield from self._previous(one)
        yield from self._signed(fields, inputs, outputs)

    def _signed(self, fields, inputs, outputs):
        ins = tuple(
            TxIn(OutPoint(one.one(2).hex(), one.one(3)), b"", one.one(5), ()) for one in inputs
        )
        digests = Bip143(Transaction(fields.one(4), ins, tuple(outputs), fields.one(5)))
        part = None
        for at, one in enumerate(inputs):
            again = (yield self._request(INPUT, at, part=part)).within(1).within(2)
            if again.data != one.data:
                raise No(9, "Transaction has changed during signing")
            code = self._script(one.within(7), one.one(6))[1]
            digest = digests.digest(at, code, one.one(8))
            signature = self.signature(digest, tuple(one.all(1)))[1][:-1]
            part = Body().number(1, at).data(2, signature)
            if self.owner.lie is Lie.MISSING:
                part = None
        if self.owner.lie is Lie.SURPLUS:
            yield self._request(INPUT, 0, part=part)
        self._task, last = None, self._request(FINISHED, None, part=part)
        yield last

    def _previous(self, one):
        txid = one.one(2)
        meta = (yield self._request(META, None, txid)).within(1)
        ins, outs = [], []
        for at in range(meta.one(6)):
            said = (yield self._request(INPUT, at, txid)).within(1).within(2)
            point = OutPoint(said.one(2).hex(), said.one(3))
            ins.append(TxIn(point, said.one(4), said.one(5), ()))
        for at in range(meta.one(7)):
            said = (yield self._request(OUTPUT, at, txid)).within(1).within(3)
            outs.append(TxOut(said.one(1), said.one(2)))
        tx = Transaction(meta.one(1), tuple(ins), tuple(outs), meta.one(4))
        spent = outs[one.one(3)]
        if tx.txid != txid.hex() or spent.amount != one.one(8):
            raise No(3, "Invalid amount specified")
        if spent.script != self._script(one.within(7), one.one(6))[0]:
            raise No(3, "Input does not match scriptPubKey")

    def _request(self, kind, at, txid=b"", part=None):
        self.pieces.append((kind, at, txid))
        details = Body()
        if at is not None:
            details.number(1, at)
        if txid:
            details.data(2, txid)
        body = Body().number(1, kind).body(2, details)
        return Message(21, bytes(body if part is None else body.body(3, part)))

    def _mine(self, path, said):
        key = secp.public_key(self.root.derive_path(path).secret)
        if key not in _keys(said):
            raise No(9, "Failed to derive scriptPubKey")

    def _script(self, said, kind):
        """The output's script, and what is hashed for a signature."""
        keys = _keys(said)
        script = multisig(said.one(3), sorted(keys) if said.one(6) else keys)
        if kind == 1:
            return p2sh(script), script
        return (p2wsh(script) if kind == 3 else p2sh(p2wsh(script))), script


class Said:
    """A protobuf message from the host, read by the device's own code; every field is kept."""

    def __init__(self, data):
        self.data, self._fields = data, {}
        at = 0
        while at < len(data):
            head, at = _varint(data, at)
            value, at = _varint(data, at)
            if head & 7 == 2:
                value, at = data[at : at + value], at + value
            self._fields.setdefault(head >> 3, []).append(value)

    def has(self, tag):
        """Whether it is there."""
        return tag in self._fields

    def all(self, tag):
        """Every value of a field."""
        return self._fields.get(tag, [])

    def one(self, tag, default=0):
        """Its last value."""
        return self.all(tag)[-1] if self.has(tag) else default

    def within(self, tag):
        """A message within."""
        return Said(self.one(tag, b""))

    def text(self, tag):
        """Text."""
        return self.one(tag, b"").decode()


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
        if byte < 0x80:
            return value, at


def _derived(node, path):
    node = Said(node)
    parent = node.one(2).to_bytes(4, "big")
    key = ExtendedPublicKey(node.one(6), node.one(4), node.one(1), parent, node.one(3))
    for step in path:
        key = key.derive(step)
    return key.key


def _keys(said):
    """The keys of a MultisigRedeemScriptType, at its addresses."""
    if said.has(4):
        keys = [_derived(node, said.all(5)) for node in said.all(4)]
    else:
        keys = [_derived(Said(one).one(1), Said(one).all(2)) for one in said.all(1)]
    if said.all(2) != [b""] * len(keys):
        raise No(3, "a place for a signature of each")
    return keys


def _same(said):
    """What change is known by: the keys of the accounts in their order, and how many sign."""
    nodes = said.all(4) or [Said(one).one(1) for one in said.all(1)]
    return said.one(3), tuple(nodes)
