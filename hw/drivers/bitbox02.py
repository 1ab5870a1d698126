"""BitBox02 and BitBox02 Nova (BitBox): both editions, over USB.

Our own code: the vendor's client library takes its randomness and its time from itself, so that no
recording would replay, and brings hidapi, ecdsa, noiseprotocol and protobuf. The device leads: each
answer to a signing step says what it wants next.

    fingerprint        of the master key         btc_pub         an extended key, or an address
    btc_sign_init      and what the device asks  btc             everything else about Bitcoin:
      for: inputs, outputs, previous                               is a script config registered?
      transactions, nonces                                         register it; and signing steps

Source: BitBoxSwiss/bitbox02-firmware (messages/*.proto, src/rust/bitbox02-rust/src/hww/api), its
Python client 7.0.0, and recordings of firmware 9.25.1.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from hw import curve
from hw.capabilities import Capabilities, CoinScripts, Registers
from hw.device import DeviceInfo, Driver, Surroundings
from hw.errors import (
    FirmwareTooOld,
    Garbage,
    Lied,
    Locked,
    RefusedByUser,
    Rejected,
    Unsupported,
    WrongNetwork,
)
from hw.extended_key import ExtendedKey
from hw.framing.bitbox02 import Hello, Link
from hw.framing.bitbox02_messages import (
    Btc,
    Next,
    Request,
    Wants,
    input_message,
    output_message,
    own_key,
    part_at,
    previous_message,
    xpub_message,
)
from hw.framing.protobuf import Message, data, message, number, numbers
from hw.pipe import Pipe, Shape, Transport
from hw.task import (
    Chain,
    DeviceSignature,
    Registration,
    ScriptFacts,
    Signatures,
    SigningTask,
    TaskInput,
    VaultFacts,
    path_text,
)
from hw.transaction import PreviousTransaction

_VENDOR: Final = "bitbox02"
_HARDENED: Final = 1 << 31

_COINS: Final = {"main": 0, "test": 1, "signet": 1, "regtest": 4}
"""btc.proto, BTCCoin: BTC, TBTC, RBTC. Signet's keys and addresses are testnet's."""

_SCRIPTS: Final = {"p2wsh": 0, "p2sh-p2wsh": 1}
"""btc.proto, BTCScriptConfig.Multisig.ScriptType. BIP48's last step: one more, the other way."""

_ACCOUNTS: Final = range(100)  # keypath.rs: no account above 99
_BIP48_SCRIPTS: Final = {"p2wsh": 2, "p2sh-p2wsh": 1}

_DISPLAY_XPUB: Final = 1
"""btc.proto, BTCRegisterScriptConfigRequest.XPubType: the cosigners' keys as xpub or tpub, as our
documents write them; 0, the client's own, is Zpub and the like."""

_ABORTED, _DUPLICATE = 104, 107  # hww.proto's errors; 101 is what it calls invalid
_NAME: Final = re.compile(r"[!-~]([ -~]{0,28}[!-~])?")  # what it takes as an account's name
_FIRST: Final = (9, 4)  # the firmware that proves its nonces
_VERSIONS: Final = (1, 2)  # of a transaction
_MOST_STEPS: Final = 1_000_000  # of one transaction: previous ones come input by input

_CAN: Final = Capabilities(
    "BitBox02, BitBox02 Nova",
    (CoinScripts("BTC", tuple(_COINS), tuple(_SCRIPTS)),),
    Registers.REQUIRED,
    15,
    miniscript=True,
    taproot="multi_a",
    anti_klepto=True,
    bip48_only=True,
)


_ERROR, _PUB, _NEXT, _FINGERPRINT, _BTC = 2, 5, 6, 12, 13  # hww.proto, Response
_IS_REGISTERED, _BTC_NEXT = 2, 3  # btc.proto, BTCResponse


class BitBox02:
    """An open BitBox02. `hw/device.py` says what the methods promise."""

    capabilities: Final = _CAN

    def __init__(self, pipe: Pipe, around: Surroundings, link: Link, hello: Hello) -> None:
        self._pipe, self._around, self._link, self._hello = pipe, around, link, hello
        state = "" if hello.unlocked else "it wants its password"
        self.info = DeviceInfo(
            "BitBox02 Nova" if hello.nova else "BitBox02",
            hello.version,
            locked=not (hello.seeded and hello.unlocked),
            state=state if hello.seeded else "it has no seed yet",
            edition="btc-only" if hello.bitcoin_only else "multi",
        )
        self._began = False
        self._fingerprint = ""

    def fingerprint(self) -> str:
        """Master key's fingerprint; unlocks and pairs, if that was not done yet."""
        if self._fingerprint:
            return self._fingerprint
        said = self._ask(message(Request.FINGERPRINT), _FINGERPRINT).data(1)
        if len(said) != 4:  # noqa: PLR2004 -- BIP32, "Key identifiers"
            raise Garbage("the BitBox02 gave no fingerprint", found=said[:8].hex())
        self._fingerprint = said.hex()
        return self._fingerprint

    def xpub(self, path: tuple[int, ...], chain: Chain) -> str:
        """The extended public key at a path."""
        form = number(3, int(chain.valuable), always=True)  # XPubType: TPUB, XPUB
        asked = number(1, _coin(chain)) + numbers(2, path) + form
        return ExtendedKey.parse(self._ask(message(Request.PUB, asked), _PUB).text(1)).text

    def registered(self, vault: VaultFacts, kept: Registration | None) -> Registration | None:
        """Ask whether it knows the vault: it keeps that itself, by everything but the name."""
        self.capabilities.require_vault(vault)
        asked = message(Btc.IS_REGISTERED, message(1, self._account(vault)))
        if not self._btc(asked, _IS_REGISTERED).number(1):
            return None
        return kept or Registration(_VENDOR, self.fingerprint(), vault.id)

    def register(self, vault: VaultFacts) -> Registration:
        """Tell it the vault under a name of its own; the officer confirms each key."""
        self.capabilities.require_vault(vault)
        account = message(1, self._account(vault))
        self._around.officer.tell(
            "look at the BitBox02: compare the keys with the vault's, confirm"
        )
        name = vault.name if _NAME.fullmatch(vault.name) else vault.short_name
        try:
            self._register(account, name)
        except Rejected as error:
            if not error.found.startswith(f"{_DUPLICATE} "):
                raise
            # another vault has this name: one of the id is this vault's alone
            name = vault.short_name
            self._register(account, name)
        return Registration(_VENDOR, self.fingerprint(), vault.id, name)

    def show_address(
        self,
        vault: VaultFacts,
        script: ScriptFacts,
        registration: Registration | None,  # noqa: ARG002 -- it finds the vault itself
    ) -> str:
        """Show an address; the device says it once the officer has confirmed it."""
        self.capabilities.require_vault(vault)
        path = (*self._own(vault), script.branch, script.index)
        config = message(4, self._config(vault))
        asked = number(1, _coin(vault.chain)) + numbers(2, path) + config + number(5, 1)
        self._around.officer.tell("look at the BitBox02: it shows the address; confirm")
        return self._ask(message(Request.PUB, asked), _PUB).text(1)

    def sign(self, task: SigningTask) -> Signatures:
        """Give what the device asks for, until it has signed every input."""
        self.capabilities.require_task(task)
        if task.version not in _VERSIONS:
            raise Unsupported(
                "the BitBox02 signs no transaction of this version",
                expected="1 or 2",
                found=str(task.version),
            )
        outputs = [output_message(out, task.fingerprint) for out in task.outputs]
        path = self._own(task.vault)
        account = message(2, self._config(task.vault)) + numbers(3, path)
        start = (
            number(1, _coin(task.vault.chain))
            + message(2, account)
            + number(4, task.version)
            + number(5, len(task.inputs))
            + number(6, len(task.outputs))
            + number(7, task.locktime)
        )
        self._around.officer.tell("look at the BitBox02: compare amounts and addresses, confirm")
        return Signatures(self._signed(task, message(Request.SIGN_INIT, start), outputs))

    def _signed(
        self, task: SigningTask, start: bytes, outputs: Sequence[bytes]
    ) -> tuple[DeviceSignature, ...]:
        """Follow the device: inputs with their previous transactions, outputs, inputs again."""
        found: dict[int, DeviceSignature] = {}
        previous = [PreviousTransaction.parse(coin.previous_tx) for coin in task.inputs]
        sees_all = False
        step = self._next(start)
        for _ in range(_MOST_STEPS):
            at = step.index
            if step.wants == Wants.DONE:
                return tuple(found.values())
            if step.wants == Wants.OUTPUT:
                step = self._next(part_at(outputs, at))
            elif step.wants != Wants.INPUT:
                step = self._next(previous_message(step, part_at(previous, at)))
            elif not sees_all:
                step = self._next(input_message(part_at(task.inputs, at), task.fingerprint))
                sees_all = at == len(task.inputs) - 1
            elif at in found:
                raise Garbage("the BitBox02 signs an input twice", found=f"input {at}")
            else:
                step = self._sign_input(part_at(task.inputs, at), task.fingerprint)
                pubkey = own_key(task.inputs[at], task.fingerprint).pubkey
                found[at] = DeviceSignature(at, pubkey, curve.der_of(step.signature) + b"\x01")
        raise Garbage("the BitBox02 asks without end", hint="unplug it and plug it in again")

    def _sign_input(self, coin: TaskInput, fingerprint: str) -> "Next":
        """Have it sign, with a nonce that it cannot choose: it commits to its part, and sees ours.

        Raises:
            Lied: the signature's nonce is not the two parts' sum.
        """
        nonce = self._around.entropy(32)
        step = self._next(input_message(coin, fingerprint, _tagged(b"s2c/ecdsa/data", nonce)))
        commitment = step.commitment
        if step.wants == Wants.HOST_NONCE:
            step = self._next(message(Request.BTC, message(Btc.HOST_NONCE, data(1, nonce))))
        tweak = _tagged(b"s2c/ecdsa/point", commitment + nonce)
        sum_of_both = curve.tweaked_point(commitment, tweak)
        if sum_of_both is None or not curve.is_nonce(sum_of_both, step.signature):
            raise Lied(
                "the BitBox02 did not sign with the nonce that it committed to",
                hint="it may be telling its seed by its signatures: do not use it again until you "
                "know why",
            )
        return step

    def _next(self, request: bytes) -> "Next":
        """Send what the device wanted; what it wants next."""
        said = self._answer(request)
        if said.has(_BTC):
            return Next.read(self._part(said.message(_BTC), _BTC_NEXT))
        return Next.read(self._part(said, _NEXT))

    def cancel(self) -> None:
        """Take back the question on its screen, if there is one."""
        self._link.cancel()

    def close(self) -> None:
        """Release it."""
        self._pipe.close()

    def _answer(self, request: bytes) -> Message:
        """Send a request; begins the session if need be."""
        if not self._hello.seeded:
            raise Locked("the BitBox02 has no seed yet", hint="make or restore one with its app")
        if not self._began:
            if not self._hello.unlocked:
                self._around.officer.tell("look at the BitBox02: enter its password")
            self._link.begin()
            self._began = True
        said = Message.parse(self._link.ask(request))
        if said.has(_ERROR):
            error = said.message(_ERROR)
            raise _refusal(error.number(1), error.text(2))
        return said

    @staticmethod
    def _part(said: Message, kind: int) -> Message:
        if not said.has(kind):
            raise Garbage("the BitBox02 gave another kind of answer", expected=f"field {kind}")
        return said.message(kind)

    def _ask(self, request: bytes, kind: int) -> Message:
        return self._part(self._answer(request), kind)

    def _btc(self, request: bytes, kind: int) -> Message:
        return self._part(self._ask(message(Request.BTC, request), _BTC), kind)

    def _register(self, account: bytes, name: str) -> None:
        asked = account + data(2, name.encode()) + number(3, _DISPLAY_XPUB)
        self._btc(message(Btc.REGISTER, asked), 1)

    def _own(self, vault: VaultFacts) -> tuple[int, ...]:
        """The path of its account: the firmware takes BIP48's, exactly."""
        own = vault.cosigner(self.fingerprint())
        path = own.path if own is not None else ()
        coin, script = int(not vault.chain.valuable), _BIP48_SCRIPTS[vault.script_type]
        match [step - _HARDENED for step in path]:
            case [48, c, account, s] if (c, s) == (coin, script) and account in _ACCOUNTS:
                return path
        raise Unsupported(
            "the BitBox02 signs only for keys at BIP48's path",
            expected=f"m/48'/{coin}'/account'/{script}'",
            found=path_text(path) if own else "no key of the vault",
            hint="nothing was sent to it; docs/devices.md shows what each model does",
        )

    def _config(self, vault: VaultFacts) -> bytes:
        """The multisig (btc.proto, BTCScriptConfig), keys in order; `_own` was asked before."""
        own = self.fingerprint()
        keys = b"".join(message(2, xpub_message(cosigner.fields)) for cosigner in vault.cosigners)
        index = next(at for at, key in enumerate(vault.cosigners) if key.fingerprint == own)
        script = number(4, _SCRIPTS[vault.script_type])
        return message(2, number(1, vault.threshold) + keys + number(3, index) + script)

    def _account(self, vault: VaultFacts) -> bytes:
        """What is registered (btc.proto, BTCScriptConfigRegistration)."""
        path = numbers(3, self._own(vault))
        return number(1, _coin(vault.chain)) + message(2, self._config(vault)) + path


def _refusal(code: int, words: str) -> RefusedByUser | Rejected:
    """What an error means (hww.proto, and the firmware's error.rs)."""
    found = f"{code} {words}"
    if code == _ABORTED:
        return RefusedByUser("the officer said no on the BitBox02", found=found)
    return Rejected(
        "the BitBox02 says no",
        found=found,
        hint="is the vault registered on it? its screen may tell",
    )


def _coin(chain: Chain) -> int:
    if chain.coin != "BTC" or chain.network not in _COINS:
        raise WrongNetwork(
            "the BitBox02 knows no such network", found=f"{chain.coin} {chain.network}"
        )
    return _COINS[chain.network]


def _tagged(tag: bytes, said: bytes) -> bytes:
    """BIP340's tagged hash, which the anti-klepto protocol uses, too."""
    head = sha256(tag).digest()
    return sha256(head + head + said).digest()


def start(pipe: Pipe, around: Surroundings) -> BitBox02:
    """Ask what it is; its password and the pairing wait until a key is needed."""
    pipe.drain()
    link = Link(pipe, around)
    hello = link.hello()
    numbers_of = tuple(int(part) for part in re.findall(r"\d{1,6}", hello.version)[:2])
    if numbers_of < _FIRST:
        raise FirmwareTooOld(
            "the BitBox02's firmware cannot prove its nonces",
            expected="9.4.0 or later",
            found=hello.version,
            hint="update it with its app",
        )
    return BitBox02(pipe, around, link, hello)


DRIVER: Final = Driver(
    _VENDOR,
    (Shape("BitBox02", 0x03EB, 0x2403, Transport.HID, interface=0),),
    (_CAN,),
    start,
)
