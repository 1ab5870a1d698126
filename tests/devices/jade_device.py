"""A simulated Jade: the device's side of the protocol, with a seed and an owner.

It keeps multisigs, verifies change against them, takes a transaction's inputs one by one, and signs
with nonces that it cannot choose, as the firmware's sign_tx does. Messages wait while a question is
on its screen.
"""

from hashlib import sha256
from typing import Any, ClassVar

from bus import BULK, INTERRUPT, Interface
from simulated import Lie, SimulatedSigner, root_of

from hw.drivers import jade
from hw.framing.jade import decode, encode
from signer.chain.whole import parse_transaction
from signer.core import secp
from signer.core.address import address_of
from signer.core.bip32 import ExtendedPublicKey
from signer.core.coins import network
from signer.core.psbt import PartialSig, Psbt, with_partial_sigs
from signer.core.script import multisig, p2sh, p2wsh
from signer.core.sighash import Bip143

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
NETWORKS = {"mainnet": "main", "testnet": "test", "localtest": "regtest"}
ASK = object()
"""What a flow yields when it waits for the owner."""


class No(Exception):
    """An error: code and words."""


def tagged(tag, data):
    """BIP340's tagged hash."""
    head = sha256(tag).digest()
    return sha256(head + head + data).digest()


class JadeDevice(SimulatedSigner):
    """A Jade that is unlocked. Its settings may be changed before it is asked."""

    shape = jade.DRIVER.shapes[0]
    interfaces: ClassVar = (
        Interface(0, 2, ((0x82, INTERRUPT),)),
        Interface(1, 10, ((0x81, BULK), (0x01, BULK))),
    )
    lies = frozenset(Lie) - {
        Lie.FOREIGN_KEY, Lie.CHANGED_OUTPUT, Lie.CHANGED_FIELD, Lie.SURPLUS,
    }  # fmt: skip

    def __init__(self, bus, seed="device", owner=None):
        super().__init__(bus, seed, owner)
        self.version, self.state, self.networks = "1.0.40", "READY", "ALL"
        self.board = "JADE"
        self.knows_sign_tx = True
        self.klepto = False
        """Whether it chooses its nonces all the same."""
        self.piece = 3000
        self.chatty = False
        """Whether it logs before each answer, as debug builds do."""
        self.known: dict[str, Any] = {}
        self.seen: list[Any] = []
        self._half = b""
        self._queue: list[dict] = []
        self._current: dict = {}
        self._flow = None
        self._asked_at = None
        self._rest = b""

    # messages

    def answer(self, data):
        """Take bytes of requests."""
        self._half += data
        while self._half and (found := decode(self._half)):
            request, size = found
            self._half = self._half[size:]
            if request["method"] == "cancel" and self._flow is not None:
                self.cancelled += 1
            self._queue.append(request)
        self._run()
        return ()

    def reads(self, size):
        """Give the next answer, once the owner has answered."""
        self._run()
        return super().reads(size)

    def _run(self):
        while True:
            if self._asked_at is not None:
                if self.bus.now < self._asked_at + self.owner.slow:
                    return
                self._asked_at = None
                self._advance(None)
            elif self._queue:
                self._current = request = self._queue.pop(0)
                if self._flow is not None:
                    self._advance(request)
                elif request["method"] != "cancel":
                    self._flow = self._begin(request)
                    self._advance(None)
            else:
                return

    def _advance(self, value):
        try:
            said = self._flow.send(value)
        except StopIteration as end:
            self._flow = None
            self._reply(end.value)
        except No as no:
            self._flow = None
            self._error(no)
        else:
            if said is ASK:
                self._asked_at = self.bus.now
            else:
                self._reply(said)

    def _reply(self, said):
        body = said if isinstance(said, dict) and "seqnum" in said else {"result": said}
        self._send({"id": self._current["id"], **body})

    def _error(self, no):
        code, words = no.args
        self._send({"id": self._current["id"], "error": {"code": code, "message": words}})

    def _send(self, message):
        if self.chatty:
            self.waiting.append(encode({"log": b"I (1) a secret"}))
        self.waiting.append(encode(message))

    def _begin(self, request):
        name, params = request["method"], request.get("params", {})
        flow = getattr(self, f"_do_{name}", None)
        if flow is None or (name == "sign_tx" and not self.knows_sign_tx):
            return self._refuse(-32601, "Unknown method")
        free = name in ("get_version_info", "auth_user")
        if not free and self.state != "READY":
            return self._refuse(-32002, "Cannot process message - hardware locked")
        return flow(params)

    def _refuse(self, code, words):
        raise No(code, words)
        yield

    def _question(self):
        yield ASK
        if self.owner.refuses:
            raise No(-32000, "User declined")

    # what it can do: generators; what they yield is answered, what they return is the last answer

    def _do_get_version_info(self, _):
        return {
            "JADE_VERSION": self.version,
            "JADE_OTA_MAX_CHUNK": 4096,
            "BOARD_TYPE": self.board,
            "JADE_STATE": self.state,
            "JADE_NETWORKS": self.networks,
            "JADE_HAS_PIN": True,
        }
        yield

    def _do_auth_user(self, params):
        if self.state == "LOCKED":
            yield from self._question()
            return {"http_request": {"params": {"urls": ["x"]}, "on-reply": "pin"}}
        self.networks = "MAIN" if params["network"] == "mainnet" else "TEST"
        self.state = "READY"
        return True

    def _version(self, params):
        if params["network"] not in NETWORKS:
            raise No(-32602, "Failed to extract valid network from parameters")
        if self.networks == ("TEST" if params["network"] == "mainnet" else "MAIN"):
            raise No(-32003, "Network type inconsistent with prior usage")
        return network("BTC", NETWORKS[params["network"]]).xpub

    def _do_get_xpub(self, params):
        path = tuple(params["path"])
        # A thief's device has the right fingerprint: it lies of the account's key alone.
        key = self.key(path) if len(path) > 1 else self.root.derive_path(path)
        return key.public().to_text(self._version(params))
        yield

    def _do_get_registered_multisigs(self, _):
        return {
            name: {
                "variant": one["variant"], "sorted": one["sorted"], "threshold": one["threshold"],
                "num_signers": len(one["signers"]), "master_blinding_key": b"",
            }
            for name, one in self.known.items()
        }  # fmt: skip
        yield

    def _do_get_registered_multisig(self, params):
        name = params["multisig_name"]
        if name not in self.known:
            raise No(-32602, "Cannot find named multisig wallet")
        kept = {**self.known[name], "master_blinding_key": b""}
        return {"multisig_name": name, "descriptor": kept}
        yield

    def _do_register_multisig(self, params):
        self._version(params)
        name, said = params["multisig_name"], params["descriptor"]
        if not 0 < len(name) < 16:
            raise No(-32602, "Missing or invalid multisig name parameter")
        own = [one for one in said["signers"] if one["fingerprint"].hex() == self.fingerprint]
        version = self._version(params)
        for one in own:
            key = self.root.derive_path(tuple(one["derivation"])).public()
            if key.to_text(version) != one["xpub"]:
                raise No(-32602, "Failed to validate co-signers")
        if not own:
            raise No(-32602, "Failed to validate co-signers")
        if self.known.get(name) != said:
            yield from self._question()
        self.known[name] = said
        return True

    def _script(self, params, place):
        """The output's script of a kept multisig, and the script of its keys."""
        if place["multisig_name"] not in self.known:
            raise No(-32602, "Cannot find named multisig wallet")
        kept = self.known[place["multisig_name"]]
        keys = []
        for signer, path in zip(kept["signers"], place["paths"], strict=True):
            key = ExtendedPublicKey.parse(signer["xpub"], self._version(params))
            for step in path:
                key = key.derive(step)
            keys.append(key.key)
        code = multisig(kept["threshold"], sorted(keys))
        wrapped = {"wsh(multi(k))": p2wsh, "sh(multi(k))": p2sh}
        wrapped["sh(wsh(multi(k)))"] = lambda script: p2sh(p2wsh(script))
        return wrapped[kept["variant"]](code), code

    def _do_get_receive_address(self, params):
        script = self._script(params, params)[0]
        if self.owner.lie is Lie.OTHER_ADDRESS:
            script = script[:-1] + bytes((script[-1] ^ 1,))
        yield from self._question()
        text = address_of(script, "BTC", NETWORKS[params["network"]])
        self.seen.append(text)
        return text

    def _do_sign_tx(self, params):
        tx = parse_transaction(params["txn"])
        assert params["use_ae_signatures"] is True
        assert len(tx.inputs) == params["num_inputs"]
        for out, change in zip(tx.outputs, params["change"], strict=True):
            if change is None:
                self.seen.append(out.amount)
            elif self._script(params, change)[0] != out.script:
                raise No(-32602, "Receive script cannot be validated")
        yield from self._question()
        digests, secrets, request = Bip143(tx), [], (yield True)
        for at, txin in enumerate(tx.inputs):
            said = self._expect(request, "tx_input")
            spent = parse_transaction(said["input_tx"])
            if spent.txid != txin.outpoint.txid:
                raise No(-32602, "input_tx cannot be verified against transaction input data")
            assert said["is_witness"]
            digest = digests.digest(
                at, said["script"], spent.outputs[txin.outpoint.vout].amount, said["sighash"]
            )
            nonce = int.from_bytes(digest, "big") ^ int.from_bytes(self.root.chain_code, "big")
            nonce %= N
            secrets.append((digest, tuple(said["path"]), nonce, said["ae_host_commitment"]))
            request = yield secp.public_key(nonce.to_bytes(32, "big"))
        yield from self._question()
        for at, (digest, path, nonce, hidden) in enumerate(secrets):
            ours = self._expect(request, "get_signature")["ae_host_entropy"]
            assert tagged(b"s2c/ecdsa/data", ours) == hidden
            point = secp.public_key(nonce.to_bytes(32, "big"))
            tweak = int.from_bytes(tagged(b"s2c/ecdsa/point", point + ours), "big")
            both = nonce if self.klepto else (nonce + tweak) % N
            signature = self._signed(digest, path, both)
            if at == len(secrets) - 1:
                return signature
            request = yield signature
        return b""

    def _expect(self, request, method):
        if request["method"] != method:
            raise No(-32001, f"Unexpected message, expecting '{method}'")
        return request["params"]

    def _signed(self, digest, path, nonce):
        lie = self.owner.lie
        if lie is Lie.MISSING:
            return b""
        root = root_of("beta") if lie is Lie.OTHER_KEY else self.root
        secret = int.from_bytes(root.derive_path(path).secret, "big")
        if lie is Lie.WRONG_SIGNATURE:
            digest = digest[::-1]
        r = int.from_bytes(secp.public_key(nonce.to_bytes(32, "big"))[1:], "big") % N
        s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * secret) % N
        parts = b""
        for number in (r, min(s, N - s)):
            data = number.to_bytes(33, "big").lstrip(b"\0")
            data = b"\0" + data if data[0] & 0x80 else data
            parts += bytes((2, len(data))) + data
        return bytes((0x30, len(parts))) + parts + (b"\2" if lie is Lie.SIGHASH else b"\1")

    def _do_sign_psbt(self, params):
        yield from self._question()
        psbt = Psbt.parse(params["psbt"])
        digests, signatures = Bip143(psbt.tx), {}
        for at, said in enumerate(psbt.inputs):
            paths = [d.path for d in said.derivations if d.fingerprint == self.fingerprint]
            amount = said.witness_utxo.amount
            digest = digests.digest(at, said.witness_script, amount)
            signatures[at] = [PartialSig(*self.signature(digest, path)) for path in paths]
        whole = with_partial_sigs(psbt, signatures)
        pieces = [whole[at : at + self.piece] for at in range(0, len(whole), self.piece)]
        first, request = self._current["id"], None
        for number, piece in enumerate(pieces, 1):
            if request is not None:
                said = self._expect(request, "get_extended_data")
                assert said == {
                    "origid": first, "orig": "sign_psbt", "seqnum": number, "seqlen": len(pieces),
                }  # fmt: skip
            answer = {"seqnum": number, "seqlen": len(pieces), "result": piece}
            if number == len(pieces):
                return answer
            request = yield answer
        return b""
