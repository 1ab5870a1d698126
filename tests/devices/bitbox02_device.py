"""A simulated BitBox02 Nova: Noise from its side, registered accounts, and nonces that it proves.

It leads through a transaction as firmware 9.25.1 does in the recordings. A question that nobody
polls for half a second is forgotten; while it stands, another channel hears that it is busy.
"""

from hashlib import sha256
from typing import ClassVar

from bus import INTERRUPT, Interface
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from simulated import Lie, SimulatedSigner, root_of

from hw.drivers import bitbox02
from hw.extended_key import ExtendedKey
from hw.framing.bitbox02 import cut, join
from hw.framing.bitbox02_messages import Btc, Request, Wants
from hw.framing.noise import KEY, NAME, Symmetric
from hw.framing.protobuf import Message, data, message, number
from signer.core import secp
from signer.core.address import address_of
from signer.core.bip32 import ExtendedPublicKey
from signer.core.coins import network
from signer.core.script import multisig, p2sh, p2wsh
from signer.core.sighash import Bip143
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
NETWORKS = {0: "main", 1: "test", 4: "regtest"}
PROGRAMS = {1: (b"\x76\xa9\x14", b"\x88\xac"), 2: (b"\xa9\x14", b"\x87"), 3: (b"\0\x14", b""),
            4: (b"\0\x20", b""), 5: (b"\x51\x20", b"")}  # fmt: skip
SUCCESS = message(13, message(1))


class Refusal(Exception):
    """An error of the device's."""

    def __init__(self, code, words):
        super().__init__(words)
        self.message = message(2, number(1, code) + data(2, words.encode()))


def repeated(raw, tag):
    """All values of a repeated message: the last one is all that `Message` keeps."""
    found, rest = [], raw
    while rest:
        kind, rest = varint(rest)
        if kind & 7 == 0:
            _, rest = varint(rest)
            continue
        size, rest = varint(rest)
        if kind >> 3 == tag:
            found.append(rest[:size])
        rest = rest[size:]
    return found


def varint(raw):
    """One number, and what is left."""
    value = 0
    for count, byte in enumerate(raw):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, raw[count + 1 :]
    raise AssertionError("a number without an end")


def numbers(raw):
    """Packed numbers."""
    found = []
    while raw:
        value, raw = varint(raw)
        found.append(value)
    return tuple(found)


class Account:
    """A multisig, as the host described it."""

    def __init__(self, raw):
        self.raw = raw
        said = Message.parse(raw).message(2)
        self.threshold, self.wrapped = said.number(1), said.number(4)
        xpub = network("BTC", "test").xpub
        self.keys = []
        for one in repeated(Message.parse(raw).data(2), 2):
            part = Message.parse(one)
            key = ExtendedKey(
                xpub, part.data(1)[0], part.data(2), part.number(3), part.data(4), part.data(5)
            )
            self.keys.append(ExtendedPublicKey.parse(key.text, xpub))
        self.own = self.keys[said.number(3)]

    def script(self, branch, index):
        """Multisig script and output script of an address."""
        keys = sorted(key.derive(branch).derive(index).key for key in self.keys)
        script = multisig(self.threshold, keys)
        program = p2wsh(script)
        return script, p2sh(program) if self.wrapped else program


class Bitbox02Device(SimulatedSigner):
    """A Nova, Multi edition. `version`, `seeded` and `accounts` may be set before it is asked."""

    shape = bitbox02.DRIVER.shapes[0]
    interfaces: ClassVar = (
        Interface(0, 3, ((0x81, INTERRUPT), (0x02, INTERRUPT))),
        Interface(1, 3, ((0x83, INTERRUPT), (0x04, INTERRUPT))),
    )
    lies: ClassVar = frozenset(
        {Lie.WRONG_SIGNATURE, Lie.OTHER_KEY, Lie.MISSING, Lie.OTHER_XPUB, Lie.OTHER_ADDRESS}
    )

    def __init__(self, bus, seed="device", owner=None):
        super().__init__(bus, seed, owner)
        self.version, self.seeded = "9.25.1", True
        self.unlocked = True
        self.known = {}
        """Names of accounts, by what was registered."""
        self.static = X25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())
        self.own_nonce = ""
        """Which part of the anti-klepto protocol it leaves out: "sum" or "commitment"."""
        self._reports = []
        self._state = self._ephemeral = self._link = None
        self._paired = set()
        self._host = b""
        self._pending = None
        self._polled = 0.0
        self._flow = None

    def know(self, memory):
        """Be paired: both sides keep the other's key."""
        own = memory.get("bitbox02-own-key") or sha256(b"station").digest()
        memory.put("bitbox02-own-key", own)
        key = X25519PrivateKey.from_private_bytes(own).public_key().public_bytes_raw()
        self._paired.add(key)
        paired = memory.get("bitbox02-paired")
        memory.put("bitbox02-paired", paired + self.static.public_key().public_bytes_raw())

    def answer(self, data):
        """Join reports; answer a whole message."""
        assert len(data) == 64, "a report has 64 bytes"
        if data[4] == 0xC1:
            self._reports = []
        self._reports.append(data)
        size = int.from_bytes(self._reports[0][5:7], "big")
        if 57 + 59 * (len(self._reports) - 1) < size:
            return []
        left = iter(self._reports)
        channel = self._reports[0][:4]
        whole = join(lambda: next(left), channel)
        return [r[:64] for r in cut(self._arbitrate(whole, channel), channel)]

    def _arbitrate(self, whole, channel):
        if whole == b"i":
            version = f"v{self.version}".encode()
            flags = bytes((2, 0, self.unlocked, self.seeded))
            return bytes((len(version),)) + version + flags
        if self._pending and self.bus.now > self._polled + 0.5:
            self._pending = None
        self._polled = self.bus.now
        if whole[0] == 0:
            return b"\x02" if self._pending else self._new(whole[1:2], whole[2:], channel)
        return self._retry(whole[0], channel)

    def _retry(self, kind, channel):
        if self._pending is None or self._pending[0] != channel:
            return b"\x03"
        _, since, finish = self._pending
        if kind == 1 and self.bus.now < since + self.owner.slow:
            return b"\x01"
        self._pending = None
        if kind == 1:
            return b"\x00" + finish()
        self.cancelled += 1
        return b"\x00\x01"

    def _new(self, operation, rest, channel):
        handler = {
            b"u": self._unlock,
            b"h": self._hello,
            b"H": self._handshake,
            b"v": lambda _: self._pair,
            b"n": self._secret,
        }[operation]
        answer = handler(rest)
        if not callable(answer):
            return b"\x00" + answer
        self._pending = (channel, self.bus.now, answer)
        return b"\x01"

    def _hello(self, _):
        self._state = Symmetric(NAME)
        self._link = None
        return b"\x00"

    def _secret(self, rest):
        if self._link is None:
            return b"\x01"
        request = self._link.to_device.decrypt(rest)
        answer = self._or_refusal(lambda: self._request(request))
        return (lambda: self._asked(answer)) if callable(answer) else self._sealed(answer)

    def _sealed(self, answer):
        return b"\x00" + self._link.from_device.encrypt(answer)

    def _or_refusal(self, ask):
        try:
            return ask()
        except Refusal as refusal:
            self._flow = None
            return refusal.message

    def _asked(self, finish):
        """The owner has answered; what they see next, or what the host is told."""
        while callable(finish):
            if self.owner.refuses:
                self._flow = None
                return self._sealed(Refusal(104, "aborted by the user").message)
            finish = self._or_refusal(finish)
        return self._sealed(finish)

    def _unlock(self, _):
        if not self.seeded:
            return b"\x02"
        return b"\x00" if self.unlocked else self._password

    def _password(self):
        self.unlocked = not (self.owner.refuses or self.owner.locked)
        return b"\x00" if self.unlocked else b"\x01"

    def _handshake(self, rest):
        state = self._state
        if len(rest) == KEY:
            self._ephemeral = X25519PrivateKey.from_private_bytes(sha256(rest).digest())
            state.mix_hash(rest)
            state.open(b"")
            public = self._ephemeral.public_key().public_bytes_raw()
            state.mix_hash(public)
            state.mix_key(self._ephemeral, rest)
            hidden = state.hide(self.static.public_key().public_bytes_raw())
            state.mix_key(self.static, rest)
            return b"\x00" + public + hidden + state.hide(b"")
        self._host = state.open(rest[: KEY + 16])
        state.mix_key(self._ephemeral, self._host)
        state.open(rest[KEY + 16 :])
        self._link = state.split()
        return b"\x00\x00" if self._host in self._paired else b"\x00\x01"

    def _pair(self):
        if self.owner.refuses:
            return b"\x01"
        self._paired.add(self._host)
        return b"\x00"

    # requests

    def _request(self, raw):
        said = Message.parse(raw)
        if said.has(Request.FINGERPRINT):
            return message(12, data(1, bytes.fromhex(self.fingerprint)))
        if said.has(Request.PUB):
            return self._pub(said.data(Request.PUB))
        if said.has(Request.SIGN_INIT):
            self._flow = self._sign(said.data(Request.SIGN_INIT))
            return self._step(None)
        if said.has(Request.BTC):
            btc = said.message(Request.BTC)
            if btc.has(Btc.IS_REGISTERED):
                registration = btc.message(Btc.IS_REGISTERED).data(1)
                return message(13, message(2, number(1, registration in self.known)))
            if btc.has(Btc.REGISTER):
                return self._register(btc.message(Btc.REGISTER))
        if self._flow is None:
            raise Refusal(101, "invalid input")
        return self._step(said)

    def _step(self, said):
        """Go on with a transaction; an answer, or what the owner has to see before it."""
        try:
            fields = self._flow.send(said)
        except StopIteration as end:
            self._flow, fields = None, end.value
        if fields is None:
            return lambda: self._step(None)
        # a request in `btc` is answered in it
        if said is not None and said.has(Request.BTC):
            return message(13, message(3, fields))
        return message(6, fields)

    def _register(self, said):
        registration, name = said.data(1), said.data(2)
        if not 0 < len(name) <= 30:
            raise Refusal(101, "invalid input")
        if name in self.known.values():
            raise Refusal(107, "duplicate entry")
        self._checked(Message.parse(registration))

        def finish():
            self.known[registration] = name
            return SUCCESS

        return finish

    def _checked(self, registration):
        """An account whose path is BIP48's and whose key is ours there."""
        account, path = Account(registration.data(2)), numbers(registration.data(3))
        script = 1 if account.wrapped else 2
        if path[0] != 48 | 1 << 31 or path[3] != script | 1 << 31 or len(path) != 4:
            raise Refusal(101, "invalid input")
        if self.root.derive_path(path).public().key != account.own.key:
            raise Refusal(101, "invalid input")
        return account

    def _pub(self, raw):
        said = Message.parse(raw)
        path, name = numbers(said.data(2)), NETWORKS[said.number(1)]
        if not said.has(4):
            version = network("BTC", name).xpub
            return message(5, data(1, self.key(path).public().to_text(version).encode()))
        config = said.data(4)
        registration = number(1, said.number(1)) + message(2, config)
        if not any(known.startswith(registration) for known in self.known):
            raise Refusal(101, "invalid input")
        index = path[-1] + (self.owner.lie is Lie.OTHER_ADDRESS)
        address = address_of(Account(config).script(path[-2], index)[1], "BTC", name)
        answer = message(5, data(1, address.encode()))
        return (lambda: answer) if said.number(5) else answer

    def _sign(self, raw):
        """The whole of a transaction: yields answers, or None for a look at the screen."""
        init = Message.parse(raw)
        (configured,) = repeated(raw, 2)
        config = Message.parse(configured).data(2)
        path = Message.parse(configured).data(3)
        registration = number(1, init.number(1)) + message(2, config) + message(3, path)
        if registration not in self.known:
            raise Refusal(101, "invalid input")
        account = Account(config)
        coins, paths, amounts = [], [], []
        for at in range(init.number(5)):
            said = (yield _next(Wants.INPUT, at)).message(Request.SIGN_INPUT)
            point = OutPoint(said.data(1)[::-1].hex(), said.number(2))
            coins.append(TxIn(point, b"", said.number(4)))
            paths.append(numbers(said.data(6)))
            amounts.append(said.number(3))
            previous = yield from self._previous(at)
            spent = previous.outputs[point.vout]
            own = account.script(*paths[-1][-2:])[1]
            if previous.txid != point.txid or (spent.amount, spent.script) != (amounts[-1], own):
                raise Refusal(101, "invalid input")
        outputs = []
        for at in range(init.number(6)):
            said = (yield _next(Wants.OUTPUT, at)).message(Request.SIGN_OUTPUT)
            if said.number(1):
                script = account.script(*numbers(said.data(5))[-2:])[1]
            else:
                head, tail = PROGRAMS[said.number(2)]
                script = head + said.data(4) + tail
                yield None
            outputs.append(TxOut(said.number(3), script))
        yield None
        tx = Transaction(init.number(4), tuple(coins), tuple(outputs), init.number(7))
        if self.owner.lie is Lie.MISSING:
            return _next(Wants.DONE)
        signed = b""
        for at, path in enumerate(paths):
            said = (yield _next(Wants.INPUT, at, signed)).message(Request.SIGN_INPUT)
            script = account.script(*path[-2:])[0]
            digest = Bip143(tx).digest(at, script, amounts[at])
            signed = yield from self._signature(digest, path, said.message(8).data(1))
        return _next(Wants.DONE, signed=signed)

    def _previous(self, at):
        said = (yield _next(Wants.PREVTX_INIT, at)).message(Request.BTC).message(Btc.PREVTX_INIT)
        ins, outs = [], []
        for number_of in range(said.number(2)):
            one = yield _next(Wants.PREVTX_INPUT, at, previous=number_of)
            one = one.message(Request.BTC).message(Btc.PREVTX_INPUT)
            point = OutPoint(one.data(1)[::-1].hex(), one.number(2))
            ins.append(TxIn(point, one.data(3), one.number(4)))
        for number_of in range(said.number(3)):
            one = yield _next(Wants.PREVTX_OUTPUT, at, previous=number_of)
            one = one.message(Request.BTC).message(Btc.PREVTX_OUTPUT)
            outs.append(TxOut(one.number(1), one.data(2)))
        return Transaction(said.number(1), tuple(ins), tuple(outs), said.number(4))

    def _signature(self, digest, path, commitment):
        """ECDSA with a nonce that is the sum of the device's and the host's (anti-klepto)."""
        secret = self.root.derive_path(path).secret
        own = sha256(digest + secret).digest()
        point = secp.public_key(own)
        if self.own_nonce == "commitment":
            return _ecdsa(own, digest, secret)
        said = yield _next(Wants.HOST_NONCE) + message(6, data(1, point))
        nonce = said.message(Request.BTC).message(Btc.HOST_NONCE).data(1)
        assert bitbox02._tagged(b"s2c/ecdsa/data", nonce) == commitment
        if self.owner.lie is Lie.WRONG_SIGNATURE:
            digest = sha256(digest).digest()
        if self.owner.lie is Lie.OTHER_KEY:
            secret = root_of("beta").secret
        tweak = int.from_bytes(bitbox02._tagged(b"s2c/ecdsa/point", point + nonce), "big")
        if self.own_nonce == "sum":
            tweak = 0
        k = (int.from_bytes(own, "big") + tweak) % ORDER
        return _ecdsa(k.to_bytes(32, "big"), digest, secret)


def _ecdsa(nonce, digest, secret):
    """Sign with a given nonce (SEC 1, 4.1.3), the lower of both s."""
    k = int.from_bytes(nonce, "big")
    r = int.from_bytes(secp.public_key(nonce)[1:], "big") % ORDER
    s = pow(k, -1, ORDER) * (int.from_bytes(digest, "big") + r * int.from_bytes(secret, "big"))
    s = min(s % ORDER, -s % ORDER)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _next(wants, index=0, signed=b"", previous=0):
    """What the device wants next, and perhaps the last input's signature."""
    signature = number(3, 1) + data(4, signed) if signed else b""
    return number(1, wants) + number(2, index) + signature + number(5, previous)
