"""Jade and Jade Plus (Blockstream): a serial port, true or behind a bridge.

Our own code: the vendor's client library takes random ids, reads all of CBOR, and logs what it
carries. A Jade keeps multisigs under names; every one is compared with the vault, key by key.

    get_version_info       firmware, state           register_multisig    take a multisig
    auth_user              unlock                    get_receive_address  show an address
    get_xpub               an extended key           sign_tx, tx_input    a transaction
    get_registered_multisigs, ..._multisig           get_signature        after our nonce was shown

Its PIN unlocks it through a server on the network, which a station never reaches: it has to be
unlocked on itself, with its recovery phrase or a QR of it, as a temporary wallet.

Sources: Blockstream/Jade, docs/index.rst and main/process; recordings of firmware 1.0.40.
"""

import re
from contextlib import suppress
from typing import Any, Final

from hw import anti_klepto, curve
from hw.capabilities import Capabilities, CoinScripts, Registers
from hw.device import AN_OFFICER, AT_ONCE, DeviceInfo, Driver, Surroundings
from hw.errors import (
    DeviceError,
    FirmwareTooOld,
    Garbage,
    Lied,
    Locked,
    RefusedByUser,
    Rejected,
    WrongNetwork,
)
from hw.extended_key import ExtendedKey
from hw.framing.jade import Link, Reply
from hw.framing.jade_messages import descriptor, signing_input, unsigned
from hw.pipe import Pipe, Shape, Transport
from hw.task import (
    Answer,
    Chain,
    DeviceSignature,
    Registration,
    ScriptFacts,
    ScriptKey,
    Signatures,
    SignedPsbt,
    SigningTask,
    VaultFacts,
)

_VENDOR: Final = "jade"

_NETWORKS: Final = {"main": "mainnet", "test": "testnet", "signet": "testnet"}
_REGTEST: Final = "localtest"

_UNKNOWN_METHOD, _BAD_PARAMETERS = -32601, -32602  # cbor_rpc.h
_USER, _LOCKED, _NETWORK = -32000, -32002, -32003
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,15}")  # storage.h: 15 characters of a flash key
_VERSION: Final = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})")
_OLDEST: Final = (1, 0, 23)  # from here on it tells the keys of a multisig that it keeps
_FIRST, _IDS = 100_000, 800_000  # of requests: six digits
_FIRST_CHILD: Final = (1 << 31,)
_PIECES: Final = 10_000  # of a PSBT: 40 MB
_MAIN: Final = bytes.fromhex("0488b21e")  # version bytes of xpub (BIP32)

_COINS: Final = (
    CoinScripts("BTC", ("main", "test", "signet", "regtest"), ("p2wsh", "p2sh-p2wsh", "p2sh")),
)
_CAN: Final = Capabilities(
    "Jade, Jade Plus",
    _COINS,
    Registers.REQUIRED,
    15,  # multisig.h, MAX_ALLOWED_SIGNERS
    miniscript=True,
    anti_klepto=True,
    note="unlock it as a temporary wallet: its PIN needs the network",
)

_STATES: Final = {
    "LOCKED": "it is locked, and its PIN needs a server on the network",
    "UNSAVED": "its new wallet was not saved yet, which needs the network",
    "UNINIT": "it has no seed yet",
}
_UNLOCK: Final = (
    "start it as a temporary signer, with its recovery phrase or a QR of it: a station reaches no "
    "PIN server"
)


class Jade:
    """An open Jade. `hw/device.py` says what the methods promise."""

    capabilities = _CAN

    def __init__(
        self, link: Link, pipe: Pipe, around: Surroundings, version: dict[str, Any]
    ) -> None:
        self._link, self._pipe, self._around = link, pipe, around
        self._state, self._allowed = _word(version, "JADE_STATE"), _word(version, "JADE_NETWORKS")
        self.info = DeviceInfo(
            "Jade Plus" if _word(version, "BOARD_TYPE").startswith("JADE_V2") else "Jade",
            _word(version, "JADE_VERSION"),
            locked=self._state in _STATES,
            state=_STATES.get(self._state, ""),
        )
        self._fingerprint = ""
        self._asked = False  # whether a question of ours may be on its screen

    def fingerprint(self) -> str:
        """The parent's fingerprint of its first child, on whatever network it is for."""
        if self._state in _STATES:
            raise Locked(f"the Jade: {self.info.state}", hint=_UNLOCK)
        if self._state == "TEMP":
            self._begin()
        if not self._fingerprint:
            network = "mainnet" if self._allowed == "MAIN" else "testnet"
            self._fingerprint = self._key(_FIRST_CHILD, network).parent.hex()
        return self._fingerprint

    def xpub(self, path: tuple[int, ...], chain: Chain) -> str:
        """The extended public key at a path."""
        self.fingerprint()
        return self._key(path, self._on(chain)).text

    def registered(self, vault: VaultFacts, kept: Registration | None) -> Registration | None:
        """Look for the vault's keys among the multisigs that it keeps, whatever their names."""
        self.capabilities.require_vault(vault)
        self.fingerprint()
        self._on(vault.chain)
        names = self._names()
        if kept is not None and kept.name in names:
            names = [kept.name, *names]
        for name in names:
            if self._is(name, vault):
                return Registration(_VENDOR, self.fingerprint(), vault.id, name)
        return None

    def register(self, vault: VaultFacts) -> Registration:
        """Tell it the multisig; the officer compares every key."""
        self.capabilities.require_vault(vault)
        self.fingerprint()
        params = {"network": self._on(vault.chain), "multisig_name": vault.name}
        # A name that is taken would be overwritten: another vault's, which then could not sign.
        if not _NAME.fullmatch(vault.name) or vault.name in self._names():
            params["multisig_name"] = vault.short_name
        self._look("compare the multisig with the vault's")
        done = self._ask(
            "register_multisig", {**params, "descriptor": descriptor(vault)}, AN_OFFICER
        )
        name = params["multisig_name"]
        taken = self.registered(vault, Registration(_VENDOR, self.fingerprint(), vault.id, name))
        if done is not True or taken is None:
            raise Lied("the Jade says that it took a multisig, and has not")
        return taken

    def show_address(
        self, vault: VaultFacts, script: ScriptFacts, registration: Registration | None
    ) -> str:
        """Show an address; the answer comes when the officer has confirmed it."""
        self.capabilities.require_vault(vault)
        self.fingerprint()
        network = self._on(vault.chain)
        place = self._place(vault, script, registration)
        params = {"network": network, "paths": place["paths"]}
        params["multisig_name"] = place["multisig_name"]
        self._look("compare the address")
        said = self._ask("get_receive_address", params, AN_OFFICER)
        if not isinstance(said, str):
            raise _garbage("get_receive_address", said)
        return said

    def sign(self, task: SigningTask) -> Answer:
        """Have it sign with nonces that it cannot choose; or as a PSBT, if it does not know how."""
        self.capabilities.require_task(task)
        self.fingerprint()
        params = {
            "network": self._on(task.vault.chain),
            "txn": unsigned(task),
            "num_inputs": len(task.inputs),
            "use_ae_signatures": True,
            "change": [self._change(task, out.change) for out in task.outputs],
        }
        own = [self._own(one.script) for one in task.inputs]
        self._look("compare amounts and addresses, and confirm")
        began = self._call("sign_tx", params, AN_OFFICER)
        if began.code == _UNKNOWN_METHOD:
            self._asked = False
            return self._sign_psbt(task)
        if self._result("sign_tx", began) is not True:
            raise _garbage("sign_tx", began.result)
        entropy = [self._around.entropy(32) for _ in task.inputs]
        points = []
        for one, key, ours in zip(task.inputs, own, entropy, strict=True):
            hidden = anti_klepto.commitment(ours)
            points.append(self._bytes("tx_input", signing_input(task, one, key, hidden)))
        found = []
        for at, (key, ours, point) in enumerate(zip(own, entropy, points, strict=True)):
            signature = self._bytes("get_signature", {"ae_host_entropy": ours})
            if not anti_klepto.proven(point, ours, curve.compact_of(signature[:-1])):
                raise Lied(
                    "the Jade did not sign with the nonce that it committed to",
                    hint="it may be telling its seed by its signatures: do not use it again until "
                    "you know why",
                )
            found.append(DeviceSignature(at, key.pubkey, signature))
        self._asked = False
        return Signatures(tuple(found))

    def cancel(self) -> None:
        """Have it drop what it waits for. A question on its screen stays until somebody says no."""
        if not self._asked:
            return
        self._asked = False
        with suppress(DeviceError):
            self._around.officer.tell("say no on the Jade: it cannot be told to drop its question")
            self._link.send("cancel")  # has no answer, and no meaning but that it is unexpected

    def close(self) -> None:
        """Release it."""
        self._pipe.close()

    def _sign_psbt(self, task: SigningTask) -> SignedPsbt:
        """The way without proof of nonces: only if the officer agrees."""
        question = "this Jade cannot prove that its signatures hide nothing: sign with it anyway?"
        if not self._around.officer.agree(question):
            raise RefusedByUser("the officer did not agree", hint="update the Jade's firmware")
        self._look("compare amounts and addresses, and confirm")
        params = {"network": self._on(task.vault.chain), "psbt": task.psbt}
        said = self._call("sign_psbt", params, AN_OFFICER)
        first, data = self._link.last, b""
        for number in range(1, _PIECES):
            piece = self._result("sign_psbt", said)
            if not isinstance(piece, bytes) or (said.count and said.number != number):
                raise _garbage("sign_psbt", piece)
            data += piece
            if said.number >= said.count:
                self._asked = False
                return SignedPsbt(data)
            rest = {"origid": first, "orig": "sign_psbt", "seqnum": number + 1}
            said = self._call("get_extended_data", {**rest, "seqlen": said.count}, AT_ONCE)
        raise _garbage("sign_psbt", "no end")

    def _begin(self) -> None:
        """Bind a temporary wallet to this connection, which restricts it to a kind of network."""
        if self._allowed not in ("MAIN", "TEST"):
            question = "is the Jade to sign for Bitcoin's main network? (no: for a test network)"
            self._allowed = "MAIN" if self._around.officer.agree(question) else "TEST"
        network = "mainnet" if self._allowed == "MAIN" else "testnet"
        if self._ask("auth_user", {"network": network}, AN_OFFICER) is not True:
            raise Locked("the Jade wants its PIN server", hint=_UNLOCK)
        self._state = "READY"

    def _on(self, chain: Chain) -> str:
        fits = self._allowed not in ("MAIN", "TEST") or chain.valuable == (self._allowed == "MAIN")
        if chain.coin != "BTC" or not fits:
            raise WrongNetwork(
                "the Jade is for another network",
                expected=f"{chain.coin} {chain.network}",
                found=self._allowed.lower(),
                hint="each of its wallets is for the main or for test networks",
            )
        return _NETWORKS.get(chain.network, _REGTEST)

    def _key(self, path: tuple[int, ...], network: str) -> ExtendedKey:
        said = self._ask("get_xpub", {"network": network, "path": list(path)}, AT_ONCE)
        key = ExtendedKey.parse(said if isinstance(said, str) else "")
        if (key.version == _MAIN) != (network == "mainnet"):
            raise Garbage("the Jade gave a key of another network", found=key.text[:4])
        return key

    def _names(self) -> list[str]:
        said = self._ask("get_registered_multisigs", None, AT_ONCE)
        if not isinstance(said, dict):
            raise _garbage("get_registered_multisigs", said)
        return list(said)

    def _is(self, name: str, vault: VaultFacts) -> bool:
        """Whether a multisig that it keeps has the vault's script, threshold and keys."""
        params = {"multisig_name": name, "as_file": False}
        answer = self._call("get_registered_multisig", params, AT_ONCE)
        if answer.code == _BAD_PARAMETERS:  # of firmware before 1.0.23: its keys were not kept
            return False
        said = self._result("get_registered_multisig", answer)
        if not isinstance(said, dict) or not isinstance(found := said.get("descriptor"), dict):
            raise _garbage("get_registered_multisig", said)
        wanted = descriptor(vault)
        del wanted["master_blinding_key"]
        keys = found.get("signers")
        if isinstance(keys, list):  # sorted by the script: the order of registration says nothing
            found = {**found, "signers": sorted(keys, key=repr)}
        wanted["signers"] = sorted(wanted["signers"], key=repr)
        return wanted == {key: found.get(key) for key in wanted}

    def _place(
        self, vault: VaultFacts, script: ScriptFacts, registration: Registration | None
    ) -> dict[str, Any]:
        if registration is None or not registration.name:
            raise Rejected("the Jade does not know the vault", hint="register it first")
        steps = [[script.branch, script.index] for _ in vault.cosigners]
        return {"multisig_name": registration.name, "paths": steps}

    def _change(self, task: SigningTask, change: ScriptFacts | None) -> dict[str, Any] | None:
        if change is None:
            return None
        return {**self._place(task.vault, change, task.registration), "is_change": True}

    def _own(self, script: ScriptFacts) -> ScriptKey:
        key = script.key_of(self.fingerprint())
        if key is None:
            raise Rejected("the vault has no key of this Jade", found=self.fingerprint())
        return key

    def _look(self, what: str) -> None:
        self._asked = True
        self._around.officer.tell(f"look at the Jade: {what}")

    def _bytes(self, method: str, params: dict[str, Any]) -> bytes:
        said = self._ask(method, params, AN_OFFICER, asking=True)
        if not isinstance(said, bytes):
            raise _garbage(method, said)
        return said

    def _ask(
        self, method: str, params: dict[str, Any] | None, timeout: float, *, asking: bool = False
    ) -> Any:
        result = self._result(method, self._call(method, params, timeout))
        self._asked = asking
        return result

    def _call(self, method: str, params: dict[str, Any] | None, timeout: float) -> Reply:
        return self._link.ask(method, params, timeout)

    def _result(self, method: str, said: Reply) -> Any:
        if not said.code:
            return said.result
        self._asked = False
        if said.code == _USER:
            raise RefusedByUser("the officer said no on the Jade", found=said.words)
        if said.code == _LOCKED:
            raise Locked("the Jade is locked", found=said.words, hint=_UNLOCK)
        if said.code == _NETWORK:
            raise WrongNetwork("the Jade is for another network", found=said.words)
        raise Rejected(f"the Jade says no to {method}", found=f"{said.words} ({said.code})")


def _word(version: dict[str, Any], key: str) -> str:
    word = version.get(key, "")
    return word[:32] if isinstance(word, str) else ""


def _garbage(method: str, said: object) -> Garbage:
    return Garbage(f"the Jade's answer to {method} is none", found=type(said).__name__)


def start(pipe: Pipe, around: Surroundings) -> Jade:
    """Ask what it is."""
    link = Link(pipe, _FIRST + int.from_bytes(around.entropy(4), "big") % _IDS)
    link.drain()
    said = link.ask("get_version_info", None, AT_ONCE)
    if said.code:  # it waited for the next part of what an earlier program began to say
        said = link.ask("get_version_info", None, AT_ONCE)
    if said.code or not isinstance(said.result, dict) or not _word(said.result, "JADE_STATE"):
        raise Garbage("the Jade does not say what it is", found=said.words)
    version = _VERSION.match(_word(said.result, "JADE_VERSION"))
    if version and tuple(map(int, version.groups())) < _OLDEST:
        raise FirmwareTooOld(
            "the Jade's firmware is too old for this program",
            expected=".".join(map(str, _OLDEST)),
            found=version[0],
            hint="update it, with its recovery phrase at hand",
        )
    return Jade(link, pipe, around, said.result)


_SERIAL: Final = ((0x303A, 0x4001), (0x303A, 0x1001))
_BRIDGES: Final = ((0x10C4, 0xEA60), (0x1A86, 0x55D4), (0x1A86, 0x7523), (0x0403, 0x6001))

DRIVER: Final = Driver(
    _VENDOR,
    (
        *(Shape("Jade", v, p, Transport.CDC, interface_class=10, report=0) for v, p in _SERIAL),
        *(Shape("Jade", v, p, Transport.BRIDGE, report=0) for v, p in _BRIDGES),
    ),
    (_CAN,),
    start,
)
