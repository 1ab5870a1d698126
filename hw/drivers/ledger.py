"""Ledger: Nano S, S Plus, X, Gen5, Stax and Flex, with the Bitcoin or Bitcoin Test app.

The vendor's client library (ledger-bitcoin) keeps the Merkle trees that the app asks for piece by
piece, and turns a PSBT into version 2; it talks through `Link`, and never owns the bus. The app
signs for wallet policies (BIP388) that its owner has confirmed: it gives a policy's id and an HMAC
of it, keeps nothing, and wants both back each time.

Source: LedgerHQ/app-bitcoin-new (doc/bitcoin.md), and recordings of the app 2.4.6.
"""

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from hw.capabilities import Capabilities, CoinScripts, Registers
from hw.device import AN_OFFICER, AT_ONCE, DeviceInfo, Driver, Surroundings
from hw.errors import (
    DeviceError,
    FirmwareTooOld,
    Garbage,
    Lied,
    Locked,
    NotInstalled,
    Rejected,
    TimedOut,
    WrongApp,
    WrongNetwork,
)
from hw.extended_key import ExtendedKey
from hw.framing.ledger import LOCKED, NO_APP, OK, UNKNOWN_POLICY, VERSION, Link, refusal
from hw.pipe import Pipe, Shape, Transport
from hw.task import (
    Chain,
    DeviceSignature,
    Registration,
    ScriptFacts,
    Signatures,
    SigningTask,
    VaultFacts,
    path_text,
)

_VENDOR: Final = "ledger"
_T = TypeVar("_T")

_APPS: Final = {"Bitcoin": ("main",), "Bitcoin Test": ("test", "signet", "regtest")}
"""Which networks an app is for. The test app writes all addresses as testnet's."""

_MODELS: Final = {
    0x10: "Nano S",
    0x40: "Nano X",
    0x50: "Nano S Plus",
    0x60: "Stax",
    0x70: "Flex",
    0x80: "Nano Gen5",
}
"""By the high byte of the USB product id; very old firmware has the same digit as the low byte."""

_WRAPPED: Final = {"p2wsh": "wsh({})", "p2sh-p2wsh": "sh(wsh({}))"}
_FIRST: Final = (2, 1)  # app versions before have no BIP388 policies of this form

_ID: Final = 32  # bytes: of a policy's id, and of its HMAC
_NAME: Final = re.compile(r"[!-~]([ -~]{0,62}[!-~])?")  # what the app takes as a policy's name

_CAN: Final = Capabilities(
    "Ledger with the Bitcoin app",
    (CoinScripts("BTC", ("main", "test", "signet", "regtest"), tuple(_WRAPPED)),),
    Registers.KEPT_HERE,
    15,
    miniscript=True,
    taproot="multi_a, sortedmulti_a, musig",
    note="regtest addresses are shown as testnet's",
)


class Ledger:
    """An open Ledger. `hw/device.py` says what the methods promise."""

    capabilities: Final = _CAN

    def __init__(
        self, pipe: Pipe, around: Surroundings, link: Link, info: DeviceInfo, app: str
    ) -> None:
        self._pipe, self._around, self._link = pipe, around, link
        self.info = info
        self._app = app
        self._library: Any = None
        self._asked = False  # whether a question of ours may be on its screen

    @property
    def _client(self) -> Any:
        """The vendor's client, made when it is first needed: it asks for the version once more."""
        if self.info.locked and not self._app:
            raise Locked("the Ledger is locked", hint="enter its PIN, and open its Bitcoin app")
        if self._app not in _APPS:
            raise WrongApp(
                "the Bitcoin app is not open on the Ledger",
                expected=" or ".join(_APPS),
                found=self._app,
                hint="open it on the device: Bitcoin Test, for testnets",
            )
        if self._library is None:
            try:
                import ledger_bitcoin  # noqa: PLC0415 -- an extra, and start-up time
            except ImportError:
                raise NotInstalled(
                    "ledger-bitcoin, the vendor's library, is not installed here",
                    hint="pip install 'coldquorum[devices]'",
                ) from None
            main = "main" in _APPS[self._app]
            chain = ledger_bitcoin.Chain.MAIN if main else ledger_bitcoin.Chain.TEST
            self._library = _told(lambda: ledger_bitcoin.createClient(self._link, chain))
        return self._library

    def fingerprint(self) -> str:
        """Master key's fingerprint."""
        client = self._client
        said: bytes = _told(client.get_master_fingerprint)
        if len(said) != 4:  # noqa: PLR2004 -- BIP32, "Key identifiers"
            raise Garbage("the Ledger gave no fingerprint", found=said[:8].hex())
        return said.hex()

    def xpub(self, path: tuple[int, ...], chain: Chain) -> str:
        """The extended public key at a path; the app gives only those at standard ones unasked."""
        client = self._on(chain)
        text: str = _told(lambda: client.get_extended_pubkey(path_text(path), display=False))
        return ExtendedKey.parse(text).text

    def registered(self, vault: VaultFacts, kept: Registration | None) -> Registration | None:
        """Have it make an address with what is kept of the policy, unseen: the HMAC is checked."""
        self.capabilities.require_vault(vault)
        client = self._on(vault.chain)
        registration = kept or self._remembered(vault)
        if registration is None or registration.vendor != _VENDOR:
            return None
        policy, token = _policy(vault, registration.name), registration.token
        if len(token) != 2 * _ID or token[:_ID] != policy.id:
            return None
        try:
            self._address_of(client, policy, token[_ID:], 0, 0, display=False)
        except Rejected as error:
            if error.found != f"{UNKNOWN_POLICY:04x}":
                raise
            return None
        return registration

    def register(self, vault: VaultFacts) -> Registration:
        """Tell it the policy; the officer confirms it, and it gives its HMAC."""
        self.capabilities.require_vault(vault)
        client = self._on(vault.chain)
        name = vault.name if _NAME.fullmatch(vault.name) else vault.short_name
        policy = _policy(vault, name)
        self._around.officer.tell("look at the Ledger: compare the keys with the vault's, confirm")
        identity, hmac = self._asking(lambda: client.register_wallet(policy))
        if identity != policy.id or len(hmac) != _ID:
            raise Lied("the Ledger registered another policy", found=identity.hex())
        token = bytes(identity + hmac)
        self._around.memory.put(self._place(vault), token + name.encode())
        return Registration(_VENDOR, self.fingerprint(), vault.id, name, token)

    def show_address(
        self, vault: VaultFacts, script: ScriptFacts, registration: Registration | None
    ) -> str:
        """Show an address; the device says it once the officer has confirmed it."""
        self.capabilities.require_vault(vault)
        client = self._on(vault.chain)
        known = self._known(vault, registration)
        policy, hmac = _policy(vault, known.name), known.token[_ID:]
        where = "it shows the address, as testnet's" if vault.chain.network == "regtest" else ""
        self._around.officer.tell(f"look at the Ledger: {where or 'it shows the address'}; confirm")
        said = self._asking(
            lambda: self._address_of(
                client, policy, hmac, script.branch, script.index, display=True
            )
        )
        return _address(said, vault.chain)

    @staticmethod
    def _address_of(
        client: Any, policy: Any, hmac: bytes, branch: int, index: int, *, display: bool
    ) -> str:
        """Have it say an address: whatever it says, where the library's own method would raise."""
        from ledger_bitcoin.client_command import ClientCommandInterpreter  # noqa: PLC0415 -- time

        known = ClientCommandInterpreter()
        known.add_known_list([key.encode() for key in policy.keys_info])
        known.add_known_preimage(policy.serialize())
        known.add_known_preimage(policy.descriptor_template.encode())
        ask = client.builder.get_wallet_address(policy, hmac, index, branch, display)
        said = _told(lambda: client._make_request(ask, known))  # noqa: SLF001 -- there is no other
        return bytes(said[1]).decode("ascii", "replace")

    def sign(self, task: SigningTask) -> Signatures:
        """Answer what the app asks of the PSBT; its signatures come one by one."""
        self.capabilities.require_task(task)
        client = self._on(task.vault.chain)
        known = self._known(task.vault, task.registration)
        policy, hmac = _policy(task.vault, known.name), known.token[_ID:]
        self._around.officer.tell(
            "look at the Ledger: compare amounts and addresses, confirm; if it warns of unverified "
            "inputs, say no"
        )
        found = self._asking(lambda: client.sign_psbt(task.psbt, policy, hmac))
        return Signatures(tuple(_signature(at, one) for at, one in found))

    def cancel(self) -> None:
        """Tell the officer: the app has no command that takes a question back.

        A yes on it then gives nothing away: after it, the app asks the host for more before it
        signs, and is given nothing.
        """
        if self._asked:
            self._around.officer.tell("say no on the Ledger, if it still asks")

    def close(self) -> None:
        """Release it."""
        self._pipe.close()

    def _on(self, chain: Chain) -> Any:
        client = self._client
        if chain.coin != "BTC" or chain.network not in _APPS[self._app]:
            raise WrongNetwork(
                "the Ledger's app is for another network",
                expected=f"{chain.coin} {chain.network}",
                found=self._app,
                hint="open the other app on it: Bitcoin, or Bitcoin Test",
            )
        return client

    def _asking(self, ask: Callable[[], _T]) -> _T:
        """Do what waits for the officer; a question that was answered is none any more."""
        self._link.patience, self._asked = AN_OFFICER, True
        try:
            given = _told(ask)
        except DeviceError as error:
            self._asked = isinstance(error, TimedOut)
            raise
        finally:
            self._link.patience = AT_ONCE
        self._asked = False
        return given

    def _place(self, vault: VaultFacts) -> str:
        return f"{_VENDOR}-{self.fingerprint()}-{vault.id[:32]}"

    def _remembered(self, vault: VaultFacts) -> Registration | None:
        """What an earlier `register` put into the driver's own memory."""
        kept = self._around.memory.get(self._place(vault))
        name = kept[2 * _ID :].decode("ascii", "replace")
        if not _NAME.fullmatch(name):
            return None
        return Registration(_VENDOR, self.fingerprint(), vault.id, name, kept[: 2 * _ID])

    def _known(self, vault: VaultFacts, registration: Registration | None) -> Registration:
        known = registration or self._remembered(vault)
        if known is None or len(known.token) != 2 * _ID:
            raise Rejected(
                "the Ledger was not told this vault", hint="run `coldsign device register`"
            )
        return known


def _told(ask: Callable[[], _T]) -> _T:
    """Do something with the library, in the words of `hw/errors.py`."""
    try:
        return ask()
    except (DeviceError, AssertionError):  # the library asserts only what is ours to keep
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it makes of a device's nonsense
        text = ascii(str(error)[:100])
        if isinstance(error, RuntimeError) and "Invalid address" in text:
            raise Lied("the Ledger derives another address", found=text) from None
        raise Garbage(
            "the Ledger's answer makes no sense", found=f"{type(error).__name__}: {text}"
        ) from None


def _policy(vault: VaultFacts, name: str) -> Any:
    """The vault as a wallet policy (BIP388), keys in the descriptor's order."""
    from ledger_bitcoin import WalletPolicy  # noqa: PLC0415 -- start-up time; `_client` found it

    keys = ",".join(f"@{number}/**" for number in range(len(vault.cosigners)))
    template = _WRAPPED[vault.script_type].format(f"sortedmulti({vault.threshold},{keys})")
    return WalletPolicy(name, template, [key.origin + key.xpub for key in vault.cosigners])


def _address(text: str, chain: Chain) -> str:
    """An address in the network's own form: the test app writes regtest's as testnet's."""
    if chain.network != "regtest":
        return text
    from ledger_bitcoin._embit.networks import NETWORKS  # noqa: PLC0415 -- start-up time
    from ledger_bitcoin._embit.script import address_to_scriptpubkey  # noqa: PLC0415 -- as above

    return str(_told(lambda: address_to_scriptpubkey(text).address(NETWORKS["regtest"])))


def _signature(at: int, one: Any) -> DeviceSignature:
    pubkey, signature = getattr(one, "pubkey", b""), getattr(one, "signature", b"")
    if len(pubkey) != 33 or getattr(one, "tapleaf_hash", None):  # noqa: PLR2004 -- compressed
        raise Garbage("the Ledger gave something that is no ECDSA signature", found=repr(one)[:80])
    return DeviceSignature(at, bytes(pubkey), bytes(signature))


def _version(data: bytes) -> tuple[str, str]:
    """An app's name and version: format 1, and texts behind their lengths."""
    name, rest = data[2 : 2 + data[1]] if len(data) > 1 else b"", data[2 + sum(data[1:2]) :]
    version = rest[1 : 1 + rest[0]] if rest else b""
    if data[:1] != b"\x01" or not name.isascii() or not version.isascii() or not version:
        raise Garbage("the Ledger does not say what it is", found=data[:16].hex())
    return name.decode(), version.decode()


def start(pipe: Pipe, around: Surroundings) -> Ledger:
    """Ask which app is open."""
    pipe.drain()
    link = Link(pipe)
    product = pipe.product
    model = f"Ledger {_MODELS.get(product >> 8, _MODELS.get(product << 4, ''))}".strip()
    said = link.exchange(VERSION)
    if said.status in (*LOCKED, *NO_APP):
        locked = said.status in LOCKED
        info = DeviceInfo(model, "", locked=True, state="it is locked" if locked else "no app")
        return Ledger(pipe, around, link, info, "" if locked else f"{said.status:04x}")
    if said.status != OK:
        raise refusal(said)
    name, version = _version(said.data)
    if name not in _APPS:
        info = DeviceInfo(model, "", locked=True, state=f"another app is open: {name!a}")
        return Ledger(pipe, around, link, info, name)
    numbers = tuple(int(part) for part in re.findall(r"\d{1,6}", version)[:2])
    if numbers < _FIRST:
        raise FirmwareTooOld(
            "the Ledger's Bitcoin app knows no wallet policies",
            expected="2.1 or later",
            found=version,
            hint="update the app",
        )
    info = DeviceInfo(model, version, locked=False, state=f"app {name}")
    return Ledger(pipe, around, link, info, name)


def _shapes() -> tuple[Shape, ...]:
    new = (
        Shape(f"Ledger {model}", 0x2C97, high << 8, Transport.HID, interface=0, product_mask=0xFF00)
        for high, model in _MODELS.items()
    )
    old = (
        Shape(f"Ledger {model}", 0x2C97, high >> 4, Transport.HID, interface=0)
        for high, model in _MODELS.items()
    )
    return (*new, *old)


DRIVER: Final = Driver(_VENDOR, _shapes(), (_CAN,), start)
