"""Trezor: One, Model T, Safe 3 and Safe 5, over USB. The Safe 7 speaks another protocol (THP).

Our own few messages: the vendor's client library is LGPL, brings a dozen packages, and writes other
bytes in every release. A Trezor keeps no vault: all cosigners' keys go with every input, every
change output and every address, and the device derives, sorts and compares by itself.

    Initialize        a new session; Features       GetPublicKey   an extended key at a path
    PinMatrixRequest  the PIN, by places            GetAddress     show a multisig address
    PassphraseRequest the passphrase                SignTx         it asks piece after piece
    ButtonRequest     somebody has to look          Cancel         take the question back

Sources: trezor-firmware, common/protob (messages, field numbers) and docs/common/communication
(signing flow); recordings of firmware 1.14.1.
"""

import re
import unicodedata
from contextlib import suppress
from typing import Final

from hw.capabilities import Capabilities, CoinScripts, Registers
from hw.device import AN_OFFICER, AT_ONCE, DeviceInfo, Driver, Surroundings
from hw.errors import (
    DeviceError,
    FirmwareTooOld,
    Garbage,
    Locked,
    RefusedByUser,
    Rejected,
    TimedOut,
    Unsupported,
    WrongApp,
)
from hw.extended_key import ExtendedKey
from hw.framing.trezor import Body, Fields, Link
from hw.framing.trezor_messages import SPEND, TX_FINISHED, Pieces, multisig
from hw.pipe import Pipe, Shape, Transport
from hw.task import (
    Chain,
    DeviceSignature,
    Registration,
    ScriptFacts,
    ScriptKey,
    Signatures,
    SigningTask,
    VaultFacts,
)

_VENDOR: Final = "trezor"

# Types of messages: messages.proto.
_INITIALIZE, _FAILURE, _FEATURES, _CANCEL = 0, 3, 17, 20
_GET_PUBLIC_KEY, _PUBLIC_KEY, _GET_ADDRESS, _ADDRESS = 11, 12, 29, 30
_SIGN_TX, _TX_REQUEST, _TX_ACK = 15, 21, 22
_BUTTON_REQUEST, _BUTTON_ACK = 26, 27
_PIN_REQUEST, _PIN_ACK, _PASSPHRASE_REQUEST, _PASSPHRASE_ACK = 18, 19, 41, 42

_NAMES: Final = {
    ("BTC", "main"): "Bitcoin",
    ("BTC", "test"): "Testnet",
    ("BTC", "signet"): "Testnet",  # the same keys and addresses
    ("BTC", "regtest"): "Regtest",
    ("BCH", "main"): "Bcash",
    ("MONA", "main"): "Monacoin",
}
"""What the device calls the coins (common/defs/bitcoin)."""

_MODELS: Final = {
    "T1B1": "Trezor One",
    "1": "Trezor One",
    "T2T1": "Trezor Model T",
    "T": "Trezor Model T",
    "T2B1": "Trezor Safe 3",
    "T3B1": "Trezor Safe 3",
    "T3T1": "Trezor Safe 5",
    "T3W1": "Trezor Safe 7",
}
"""By Features.internal_model, or .model of firmware that does not know that yet."""

_OLDEST: Final = {1: (1, 12, 1), 2: (2, 5, 3)}
"""From here on SignTx knows `serialize`: before, the whole transaction comes back."""

_SORTS: Final = {1: (1, 13, 0), 2: (2, 8, 7)}
"""From here on the device sorts keys itself, and knows change by its keys in a fixed order. Before,
they were given in script order, and change was known by the keys, whatever their order."""

_BITCOIN_LIKE, _PASSPHRASE_ENTRY = 2, 17  # messages-management.proto, Capability

# messages-common.proto, FailureType.
_CANCELLED, _PIN_CANCELLED, _PIN_INVALID, _NOT_INITIALIZED, _INVALID_PROTOCOL = 4, 6, 7, 11, 17

_LOOK: Final = {
    3: "compare this output's amount and address, and confirm",
    8: "compare the total and the fee, and confirm",
    10: "compare the address, and confirm",
    15: "it does not know this path: read what it says",
    18: "it warns: read what it says",
    19: "type the passphrase there",
    20: "type the PIN there",
}
"""What to do at a ButtonRequest (messages-common.proto, ButtonRequestType)."""

_HARDENED: Final = 1 << 31
_FIRST_CHILD: Final = (_HARDENED,)
_QUESTIONS: Final = 1000  # in one answer: a device that asks more is broken
_SOON: Final = 5.0  # seconds: Initialize and Cancel interrupt whatever it does
_PIN: Final = re.compile(r"[1-9]{1,50}")
_LONGEST_PASSPHRASE: Final = 50  # bytes, as the device's own limit
_FINGERPRINT: Final = 0xFFFFFFFF

_SCRIPTS: Final = ("p2wsh", "p2sh-p2wsh", "p2sh")
_BTC: Final = CoinScripts("BTC", ("main", "test", "signet", "regtest"), _SCRIPTS)
_BCH: Final = CoinScripts("BCH", ("main",), ("p2sh",))
_MONA: Final = CoinScripts("MONA", ("main",), _SCRIPTS)
_MULTISIG: Final = 15  # keys: messages-bitcoin.options

_ALL: Final = Capabilities(
    "Trezor One, Model T, Safe 3, Safe 5",
    (_BTC, _BCH, _MONA),
    Registers.NONE,
    _MULTISIG,
    note="keys at m/48h or m/45h only, unless its safety checks are lowered",
)
_BTC_ONLY: Final = Capabilities(
    "Trezor, Bitcoin-only firmware", (_BTC,), Registers.NONE, _MULTISIG, note=_ALL.note
)


class Trezor:
    """An open Trezor. `hw/device.py` says what the methods promise."""

    def __init__(self, link: Link, pipe: Pipe, around: Surroundings, features: Fields) -> None:
        self._link, self._pipe, self._around, self._features = link, pipe, around, features
        self.info = _info(features)
        version = (features.number(2), features.number(3), features.number(4))
        self._sorts = version >= _SORTS.get(version[0], version)
        self._fingerprint = ""
        self._asked = False  # whether it may be waiting for us or for somebody

    @property
    def capabilities(self) -> Capabilities:
        """By firmware: a Bitcoin-only one knows no other coin."""
        return _ALL if _BITCOIN_LIKE in self._features.numbers(30) else _BTC_ONLY

    def fingerprint(self) -> str:
        """The parent's fingerprint of its first child. Asks for PIN and passphrase."""
        if not self._features.number(12):
            raise Locked("the Trezor has no seed yet", hint="make or restore one on it")
        if not self._fingerprint:
            said = self._public_key(_FIRST_CHILD, "Testnet")
            number = said.fields(1).number(2)
            if number > _FINGERPRINT:
                raise Garbage("the Trezor gave a fingerprint that is none", found=str(number))
            self._fingerprint = f"{number:08x}"
        return self._fingerprint

    def xpub(self, path: tuple[int, ...], chain: Chain) -> str:
        """The extended public key at a path."""
        self.fingerprint()
        name = _NAMES.get((chain.coin, chain.network))
        if name is None:
            raise Unsupported(
                "the Trezor does not know this coin or network",
                found=f"{chain.coin} {chain.network}",
                hint="nothing was sent to it",
            )
        return ExtendedKey.parse(self._public_key(path, name).text(2)).text

    def registered(self, vault: VaultFacts, kept: Registration | None) -> Registration:
        """It needs no registration: it is told the vault with every transaction."""
        self.capabilities.require_vault(vault)
        return kept or self.register(vault)

    def register(self, vault: VaultFacts) -> Registration:
        """Nothing to tell it."""
        self.capabilities.require_vault(vault)
        return Registration(_VENDOR, self.fingerprint(), vault.id)

    def show_address(
        self,
        vault: VaultFacts,
        script: ScriptFacts,
        registration: Registration | None,  # noqa: ARG002 -- it keeps none
    ) -> str:
        """Show an address; the answer comes when the officer has confirmed it."""
        self.capabilities.require_vault(vault)
        return self._address(vault, script, show=True)

    def sign(self, task: SigningTask) -> Signatures:
        """Answer piece after piece, until it has signed every input."""
        self.capabilities.require_task(task)
        if any(not out.change and not out.address for out in task.outputs):
            raise Unsupported("the Trezor does not pay to a script without an address")
        own = [self._own(one.script) for one in task.inputs]
        pieces = Pieces(task, sorts=self._sorts)
        name = _NAMES[task.vault.chain.coin, task.vault.chain.network]
        body = Body().number(1, len(task.outputs)).number(2, len(task.inputs)).text(3, name)
        body.number(4, task.version % (1 << 32)).number(5, task.locktime)
        body.number(11, 0).number(12, 0).number(
            13, 0
        )  # amounts in coins; no staking; no `serialize`
        said = self._ask(_SIGN_TX, body, _TX_REQUEST)
        signatures: dict[int, bytes] = {}
        for _ in range(pieces.most):
            part = said.fields(3)
            if part.has(2):
                at, signature = part.number(1), part.data(2)
                if at in signatures or at >= len(own):
                    raise Garbage("the Trezor gave a signature too many", found=f"input {at}")
                signatures[at] = signature + bytes((task.sighash,))
            if said.number(1) == TX_FINISHED:
                self._asked = False
                return Signatures(
                    tuple(
                        DeviceSignature(at, own[at].pubkey, one) for at, one in signatures.items()
                    )
                )
            said = self._ask(_TX_ACK, Body().body(1, pieces.asked(said)), _TX_REQUEST)
        raise Garbage("the Trezor asks for the transaction without an end")

    def cancel(self) -> None:
        """Take back what it asks, if it asks something."""
        if not self._asked:
            return
        self._asked = False
        with suppress(DeviceError):
            self._link.drain()
            self._link.send(_CANCEL)
            self._link.receive(_SOON)

    def close(self) -> None:
        """Release it."""
        self._pipe.close()

    def _public_key(self, path: tuple[int, ...], name: str) -> Fields:
        body = Body().numbers(1, path).number(3, 0).text(4, name).number(5, 0).number(6, 0)
        return self._ask(_GET_PUBLIC_KEY, body, _PUBLIC_KEY)

    def _address(self, vault: VaultFacts, script: ScriptFacts, *, show: bool) -> str:
        name = _NAMES[vault.chain.coin, vault.chain.network]
        body = Body().numbers(1, self._own(script).path).text(2, name).number(3, int(show))
        body.body(4, multisig(vault, script, sorts=self._sorts))
        body.number(5, SPEND[vault.script_type]).number(6, 0)
        return self._ask(_GET_ADDRESS, body, _ADDRESS).text(1)

    def _own(self, script: ScriptFacts) -> ScriptKey:
        key = script.key_of(self.fingerprint())
        if key is None:
            raise Unsupported("the vault has no key of this Trezor", found=self.fingerprint())
        return key

    def _ask(self, kind: int, body: Body, expected: int) -> Fields:
        """Ask, and answer what it asks meanwhile: for a look, the PIN, the passphrase."""
        self._asked = True
        self._link.send(kind, body)
        wait, secrets = AT_ONCE, {_PIN_REQUEST: self._pin, _PASSPHRASE_REQUEST: self._passphrase}
        for _ in range(_QUESTIONS):
            said = self._link.receive(wait)
            fields = Fields(said.body)
            if said.kind == expected:
                self._asked = expected == _TX_REQUEST
                return fields
            if said.kind == _FAILURE:
                self._asked = False
                raise _failure(fields)
            if said.kind == _BUTTON_REQUEST:
                what = _LOOK.get(fields.number(1), "compare what it shows, and confirm")
                self._around.officer.tell(f"look at the Trezor: {what}")
                self._link.send(_BUTTON_ACK)
            elif said.kind in secrets:
                secrets.pop(said.kind)()  # once: after a wrong one it gives up
            else:
                raise Garbage("the Trezor gave another answer", found=f"message {said.kind}")
            wait = AN_OFFICER
        raise Garbage("the Trezor asks without an end")

    def _pin(self) -> None:
        """Its digits are shown on the device in random places, and these are typed here."""
        typed = self._around.officer.secret(
            "PIN: type the places of its digits, as the Trezor shows them (789 456 123): "
        )
        if _PIN.fullmatch(typed):
            self._link.send(_PIN_ACK, Body().text(1, typed))
        else:
            self._link.send(_CANCEL)  # it answers that the PIN was cancelled

    def _passphrase(self) -> None:
        if _PASSPHRASE_ENTRY in self._features.numbers(30):
            self._around.officer.tell("look at the Trezor: type the passphrase there")
            self._link.send(_PASSPHRASE_ACK, Body().number(3, 1))
            return
        typed = self._around.officer.secret("passphrase of the Trezor (empty: none): ")
        text = unicodedata.normalize("NFKD", typed)
        if len(text.encode()) <= _LONGEST_PASSPHRASE:
            self._link.send(_PASSPHRASE_ACK, Body().text(1, text))
        else:
            self._link.send(_CANCEL)


def _failure(said: Fields) -> DeviceError:
    code, words = said.number(1), said.text(2)[:200]
    if code == _CANCELLED:
        return RefusedByUser("the officer said no on the Trezor")
    if code in (_PIN_CANCELLED, _PIN_INVALID):
        what = "the PIN was wrong" if code == _PIN_INVALID else "the PIN was not entered"
        return Locked(f"the Trezor is locked: {what}", hint="try again; 16 wrong ones wipe it")
    if code == _NOT_INITIALIZED:
        return Locked("the Trezor has no seed yet", hint="make or restore one on it")
    if code == _INVALID_PROTOCOL:
        return Unsupported("this Trezor speaks THP, which this program does not", found=words)
    hint = "its safety checks do not allow this path" if "Forbidden key path" in words else ""
    return Rejected("the Trezor says no", found=words, hint=hint)


def _info(features: Fields) -> DeviceInfo:
    name = features.text(44) or features.text(21)
    version = ".".join(str(features.number(tag)) for tag in (2, 3, 4))
    state = ""
    if not features.number(12):
        state = "it has no seed yet"
    elif features.number(7) and not features.number(16):
        state = "it wants its PIN"
    return DeviceInfo(
        _MODELS.get(name, f"Trezor {name[:16]}".strip()),
        version,
        locked=bool(state),
        state=state,
        label=features.text(10)[:64],
        edition="" if _BITCOIN_LIKE in features.numbers(30) else "btc-only",
    )


def start(pipe: Pipe, around: Surroundings) -> Trezor:
    """Begin a session, and ask what it is."""
    link = Link(pipe)
    link.drain()
    try:
        features = _initialize(link)
    except (Garbage, Rejected, TimedOut):  # it waited for the rest of what somebody began to say
        link.resync()
        features = _initialize(link)
    if features.number(5):
        raise WrongApp("the Trezor is in its bootloader", hint="plug it in again without a button")
    version = (features.number(2), features.number(3), features.number(4))
    if version < _OLDEST.get(version[0], version):
        raise FirmwareTooOld(
            "the Trezor's firmware is too old for this program",
            expected=".".join(map(str, _OLDEST[version[0]])),
            found=".".join(map(str, version)),
            hint="update it, with its recovery words at hand",
        )
    return Trezor(link, pipe, around, features)


def _initialize(link: Link) -> Fields:
    link.send(_INITIALIZE)
    said = link.receive(_SOON)
    if said.kind == _FAILURE:
        raise _failure(Fields(said.body))
    if said.kind != _FEATURES:
        raise Garbage("the Trezor does not say what it is", found=f"message {said.kind}")
    return Fields(said.body)


DRIVER: Final = Driver(
    _VENDOR,
    (
        Shape("Trezor", 0x1209, 0x53C1, Transport.INTERRUPT, interface=0, interface_class=0xFF),
        # As HID with the same ids, a One has firmware of before 1.7, which is too old.
        Shape("Trezor One", 0x534C, 0x0001, Transport.INTERRUPT, interface=0, interface_class=0xFF),
    ),
    (_ALL, _BTC_ONLY),
    start,
)
