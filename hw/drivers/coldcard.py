"""Coldcard (Coinkite): Mk3, Mk4, Mk5 and Q, over USB.

Our own code: the vendor's client library is not free software (MIT with the Commons Clause).
Commands are four letters and little-endian arguments; answers are a four-letter tag and data. The
device shows itself on the bus only after its PIN was entered on it.

    vers, blkc   firmware, chain             xpub   an extended key at a path
    ncry, mitm   a session; its proof        msck   is a multisig of these keys known?
    upld, sha2   a file into its memory      enrl   take the multisig in that file
    stxn, stok   sign that file; verdict     p2sh   show a multisig address
    dwld         the result out of it

Source: Coldcard/firmware (docs/usb.md; the commands' layouts), and recordings of firmware 5.4.5.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from struct import pack
from typing import Final

from hw import curve
from hw.capabilities import Capabilities, CoinScripts, Registers
from hw.device import AN_OFFICER, AT_ONCE, DeviceInfo, Driver, Surroundings
from hw.errors import (
    DeviceError,
    Garbage,
    Lied,
    Locked,
    RefusedByUser,
    Rejected,
    TimedOut,
    WrongNetwork,
)
from hw.extended_key import ExtendedKey
from hw.framing.coldcard import Link, Master
from hw.pipe import Pipe, Shape, Transport
from hw.task import (
    Chain,
    Registration,
    ScriptFacts,
    SignedPsbt,
    SigningTask,
    VaultFacts,
    path_text,
)

_VENDOR: Final = "coldcard"

_CHAINS: Final = {"BTC": ("main",), "XTN": ("test", "signet"), "XRT": ("regtest",)}
"""What the device calls the networks. Signet's keys and addresses are testnet's."""

_FORMATS: Final = {"p2sh": 0x08, "p2wsh": 0x0E, "p2sh-p2wsh": 0x1A}
"""Script 0x08, segwit 0x02, bech32 0x04, wrapped 0x10."""

_MODELS: Final = {"mk3": "Mk3", "mk4": "Mk4", "mk5": "Mk5", "q1": "Q"}

_BLOCK: Final = 1024  # bytes: the vendor's own client sends so many; the offset is 256-aligned
_RESULT: Final = 1  # dwld: file 0 is what was uploaded, file 1 the result
_POLL: Final = 0.5  # seconds: an officer does not notice, and the device has time for its screen
_PSBT: Final = 2 * 1024 * 1024  # bytes: Mk4 and later, docs/limitations.md
_PSBT_MK3: Final = 384 * 1024
_PROOF: Final = 65  # bytes of mitm's answer: recovery byte, r, s
_NAME: Final = re.compile(r"[ -~]{1,20}")  # what its screen shows of a multisig's name

_NO_PSBT: Final = b"stopped at the computer: this is no transaction, look there".ljust(64)
"""The firmware knows no command that takes a question back, but a new one replaces it on the
screen, and this one fails at once ("PSBT parse failed"), so that nothing is left to say yes to."""

_COINS: Final = (
    CoinScripts("BTC", ("main", "test", "signet", "regtest"), ("p2wsh", "p2sh-p2wsh", "p2sh")),
)
_MULTISIG: Final = 15  # keys: a P2SH redeem script has 520 bytes

_MK4: Final = Capabilities(
    "Coldcard Mk4, Mk5, Q", _COINS, Registers.REQUIRED, _MULTISIG, psbt=_PSBT
)
_MK3: Final = Capabilities(
    "Coldcard Mk3", _COINS, Registers.REQUIRED, _MULTISIG, inputs=20, outputs=250, psbt=_PSBT_MK3
)
_EDGE: Final = Capabilities(
    "Coldcard Edge",
    _COINS,
    Registers.REQUIRED,
    _MULTISIG,
    psbt=_PSBT,
    miniscript=True,
    taproot="sortedmulti_a",
    note="the vendor's experimental firmware",
)


class Coldcard:
    """An open Coldcard. `hw/device.py` says what the methods promise."""

    def __init__(
        self, link: Link, pipe: Pipe, around: Surroundings, master: Master, info: DeviceInfo
    ) -> None:
        self._link, self._pipe, self._around, self._master = link, pipe, around, master
        self.info = info
        self._chain = ""
        self._asked = False  # whether a question of ours may be on its screen

    @property
    def capabilities(self) -> Capabilities:
        """By firmware line and model."""
        if "edge" in self.info.edition:
            return _EDGE
        return _MK3 if self.info.model.endswith("Mk3") else _MK4

    def fingerprint(self) -> str:
        """What it said when the session began, and proved if `prove` was called."""
        if not self._master.xpub:
            raise Locked("the Coldcard has no seed yet", hint="make or restore one on it")
        return self._master.fingerprint

    def prove(self) -> None:
        """Have it sign the session's key with its master key, so that nobody sits in between.

        Raises:
            Lied: the signature is not the master key's, or another master key has this fingerprint.
        """
        if not self._master.xpub:
            return
        key = ExtendedKey.parse(self._master.xpub).key
        proof = self._link.ask(b"mitm", b"biny", AT_ONCE)
        same = _fingerprint(key) in ("", self._master.fingerprint)
        signed = curve.verify_compact(self._link.session_key, proof[1:], key)
        if len(proof) != _PROOF or not (same and signed):
            raise Lied(
                "the Coldcard did not prove that it holds its master key",
                hint="somebody may sit between it and this machine: use another cable and port",
            )
        name, memory = f"{_VENDOR}-{self._master.fingerprint}", self._around.memory
        known = memory.get(name)
        if known not in (b"", key):
            raise Lied(
                "this is another Coldcard under a known fingerprint",
                expected=known.hex(),
                found=key.hex(),
                hint="do not use it until you know why: fingerprints are easily forged",
            )
        if not known:
            memory.put(name, key)

    def xpub(self, path: tuple[int, ...], chain: Chain) -> str:
        """The extended public key at a path."""
        self._on(chain)
        said = self._link.ask(b"xpub" + path_text(path).encode(), b"asci", AT_ONCE)
        return ExtendedKey.parse(said.decode("ascii", "replace")).text

    def registered(self, vault: VaultFacts, kept: Registration | None) -> Registration | None:
        """Ask whether it knows a multisig of m, n and these fingerprints: it tells no more."""
        self.capabilities.require_vault(vault)
        self._on(vault.chain)
        return kept if self._knows(vault) else None

    def register(self, vault: VaultFacts) -> Registration:
        """Upload the multisig's text file; the officer confirms it."""
        self.capabilities.require_vault(vault)
        self._on(vault.chain)
        known = self._knows(vault)  # this one, or another of the same people
        text = multisig_file(vault, _name(vault))
        digest = self._upload(text)
        self._asked = True
        self._link.ask(b"enrl" + pack("<I", len(text)) + digest, b"okay", AT_ONCE)
        self._around.officer.tell("look at the Coldcard: compare the multisig with the vault's")
        try:
            self._await_multisig(vault, known=known)
        except RefusedByUser:
            question = "did the Coldcard say that it has this multisig already (a duplicate)?"
            if not (known and self._around.officer.agree(question)):
                raise
        self._asked = False
        return Registration(_VENDOR, self.fingerprint(), vault.id, _name(vault))

    def _await_multisig(self, vault: VaultFacts, *, known: bool) -> None:
        """Wait for the officer's verdict, of which the device keeps no record.

        A yes is seen by its knowing the multisig, if it did not before; a no while its screen says
        so (two seconds), or later by there being no question any more.
        """
        for turn in self._waiting():
            if not known and self._knows(vault):
                return
            if (known or turn % 3 == 2) and not self._asking():  # noqa: PLR2004 -- each third turn
                break
        if not self._knows(vault):
            raise RefusedByUser("the multisig was not taken on the Coldcard")

    def show_address(
        self,
        vault: VaultFacts,
        script: ScriptFacts,
        registration: Registration | None,  # noqa: ARG002 -- it finds the multisig itself
    ) -> str:
        """Show an address; the device answers before the officer looks."""
        self.capabilities.require_vault(vault)
        self._on(vault.chain)
        multisig = script.witness_script or script.redeem_script
        head = pack("<I", _FORMATS[vault.script_type])
        head += pack("<BBH", vault.threshold, len(script.keys), len(multisig))
        keys = (
            bytes((1 + len(key.path),))
            + bytes.fromhex(key.fingerprint)
            + pack(f"<{len(key.path)}I", *key.path)
            for key in script.keys
        )
        self._around.officer.tell("look at the Coldcard: it shows the address")
        said = self._link.ask(b"p2sh" + head + multisig + b"".join(keys), b"asci", AT_ONCE)
        return said.decode("ascii", "replace")

    def sign(self, task: SigningTask) -> SignedPsbt:
        """Upload the PSBT, wait for the officer, download what came of it."""
        self.capabilities.require_task(task)
        self._on(task.vault.chain)
        digest = self._upload(task.psbt)
        self._asked = True
        self._link.ask(b"stxn" + pack("<II", len(task.psbt), 0) + digest, b"okay", AT_ONCE)
        self._around.officer.tell("look at the Coldcard: compare amounts and addresses, confirm")
        for _ in self._waiting():
            said = self._link.answer(b"stok", AT_ONCE)
            if said[:4] == b"strx" and len(said) == 4 + 4 + 32:
                self._asked = False
                return SignedPsbt(self._download(int.from_bytes(said[4:8], "little"), said[8:]))
            if said != b"okay":
                raise Garbage("the Coldcard gave no verdict", found=said[:4].hex())
        raise TimedOut("nobody answered on the Coldcard", hint="run the command again")

    def cancel(self) -> None:
        """Replace the question on its screen, if there is one, by a failure."""
        if not self._asked:
            return
        with suppress(DeviceError):
            self._link.resync()
            self._link.agree(AT_ONCE)
            digest = self._upload(_NO_PSBT)
            self._link.ask(b"stxn" + pack("<II", len(_NO_PSBT), 0) + digest, b"okay", AT_ONCE)

    def close(self) -> None:
        """Release it."""
        self._pipe.close()

    def _on(self, chain: Chain) -> None:
        self._chain = self._chain or self._link.ask(b"blkc", b"asci", AT_ONCE).decode(
            "ascii", "replace"
        )
        if chain.coin != "BTC" or chain.network not in _CHAINS.get(self._chain, ()):
            raise WrongNetwork(
                "the Coldcard is set to another network",
                expected=f"{chain.coin} {chain.network}",
                found=self._chain,
                hint="on it: Settings, Danger Zone, Testnet Mode",
            )

    def _knows(self, vault: VaultFacts) -> bool:
        mixed = 0
        for key in vault.cosigners:
            mixed ^= int.from_bytes(bytes.fromhex(key.fingerprint), "little")
        numbers = pack("<3I", vault.threshold, len(vault.cosigners), mixed)
        return any(self._link.ask(b"msck" + numbers, b"int1", AT_ONCE))

    def _asking(self) -> bool:
        try:
            return self._link.answer(b"stok", AT_ONCE) == b"okay"
        except Rejected:  # no active request
            return False

    def _waiting(self) -> Iterator[int]:
        """Turns until an officer should have answered; the first at once."""
        for turn in range(round(AN_OFFICER / _POLL)):
            yield turn
            self._around.pause(_POLL)

    def _upload(self, data: bytes) -> bytes:
        """Bring a file into the device's memory, and give its SHA-256 as the device has it, too."""
        for at in range(0, len(data), _BLOCK):
            command = b"upld" + pack("<II", at, len(data)) + data[at : at + _BLOCK]
            if self._link.ask(command, b"int1", AT_ONCE) != pack("<I", at):
                raise Garbage("the Coldcard stored a block elsewhere", expected=f"at {at}")
        digest = sha256(data).digest()
        if self._link.ask(b"sha2", b"biny", AT_ONCE) != digest:
            raise Garbage("the Coldcard received something else", hint="try again")
        return digest

    def _download(self, size: int, digest: bytes) -> bytes:
        if size > 2 * _PSBT:  # signatures do not double it
            raise Garbage("the Coldcard's result is too long", found=f"{size:,} bytes")
        data = b""
        while len(data) < size:
            want = min(_BLOCK, size - len(data))
            command = b"dwld" + pack("<III", len(data), want, _RESULT)
            part = self._link.ask(command, b"biny", AT_ONCE)
            if len(part) != want:
                raise Garbage("the Coldcard's result ends early", found=f"{len(data)} bytes")
            data += part
        if sha256(data).digest() != digest:
            raise Garbage("the Coldcard's result is not what it announced", hint="try again")
        return data


def multisig_file(vault: VaultFacts, name: str) -> bytes:
    """The text that tells a Coldcard a multisig (docs/multisig.md, "Import file")."""
    lines = [f"Name: {name}", f"Policy: {vault.threshold} of {len(vault.cosigners)}"]
    lines.append(f"Format: {vault.script_type.upper()}")
    path = ""
    for key in vault.cosigners:
        if path != path_text(key.path):
            path = path_text(key.path)
            lines.append(f"Derivation: {path}")
        lines.append(f"{key.fingerprint.upper()}: {key.xpub}")
    return "\n".join((*lines, "")).encode()


def _name(vault: VaultFacts) -> str:
    return vault.name if _NAME.fullmatch(vault.name) else vault.short_name


def _fingerprint(key: bytes) -> str:
    """BIP32, "Key identifiers"; empty on a system without RIPEMD-160: the station has its own."""
    with suppress(ValueError):
        return hashlib.new("ripemd160", sha256(key).digest()).digest()[:4].hex()
    return ""


def _info(versions: str) -> DeviceInfo:
    """Read the answer to vers: date, version, bootloader, build time, model, and what may come."""
    lines = [line[:32] for line in (*versions.split("\n"), "", "", "", "", "")]
    model = _MODELS.get(lines[4], lines[4] or "Mk3")  # older ones do not name themselves
    edition = "edge" if lines[1].endswith("X") else ""
    return DeviceInfo(f"Coldcard {model}", lines[1], locked=False, edition=edition)


def start(pipe: Pipe, around: Surroundings) -> Coldcard:
    """Begin an encrypted session, and ask what it is."""
    link = Link(pipe, around.entropy)
    link.resync()
    master = link.agree(AT_ONCE)
    info = _info(link.ask(b"vers", b"asci", AT_ONCE).decode("ascii", "replace"))
    if not master.xpub:
        info = replace(info, locked=True, state="it has no seed yet")
    signer = Coldcard(link, pipe, around, master, info)
    signer.prove()
    return signer


DRIVER: Final = Driver(
    _VENDOR,
    (Shape("Coldcard", 0xD13E, 0xCC10, Transport.HID),),
    (_MK4, _MK3, _EDGE),
    start,
)
