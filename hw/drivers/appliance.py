"""Our own signer over USB: the host's side of docs/appliance.md.

The appliance takes the eleven steps by itself, over the whole file with its documents, and its
officer confirms on its own screen. Its answers are verified like any vendor's.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, TypeVar

from hw.appliance.descriptors import INTERFACE_CLASS, PRODUCT, PRODUCT_ID, VENDOR_ID
from hw.appliance.messages import (
    Address,
    Cancel,
    Failed,
    HelloIs,
    Line,
    Refused,
    Signed,
    StatusIs,
    Xpub,
)
from hw.appliance.serving import GAP
from hw.appliance.wire import MAX_PSBT, VERSION, Fault, Garbled, Kind, Message, Stream
from hw.capabilities import Capabilities, CoinScripts, Registers
from hw.device import AN_OFFICER, AT_ONCE, DeviceInfo, Driver, Surroundings
from hw.errors import (
    Cancelled,
    DeviceError,
    FirmwareTooOld,
    Garbage,
    InUse,
    RefusedByUser,
    Rejected,
    TimedOut,
    Unsupported,
)
from hw.pipe import Pipe, Shape, Transport
from hw.task import (
    Chain,
    DeviceSignature,
    Registration,
    ScriptFacts,
    Signatures,
    SigningTask,
    VaultFacts,
)

T = TypeVar("T")

_VENDOR: Final = "appliance"

_DECLINED: Final = "officer.declined"
"""The rule of a refusal that a person made, and not a check."""

_STEP: Final = 5.0
"""Seconds of silence after which the appliance is asked whether it is still at it."""

_GREETINGS: Final = 3
"""A hello that falls into what an earlier host left half said is lost, once or twice."""

_STALE: Final = 1000
"""Answers to somebody else's questions that are passed over, at most."""

CAPABILITIES: Final = Capabilities(
    model=PRODUCT,
    coins=(CoinScripts("BTC", ("main", "test", "signet", "regtest"), ("p2wsh", "p2sh-p2wsh")),),
    registers=Registers.REQUIRED,
    cosigners=15,
    psbt=MAX_PSBT,
    note="enforces approvals and policy itself; enrolled at its own keys, not over USB",
)


class Appliance:
    """One open appliance; `hw/device.py` says what its methods do."""

    def __init__(self, pipe: Pipe, surroundings: Surroundings) -> None:
        self._pipe, self._officer = pipe, surroundings.officer
        self._stream = Stream()
        self._asked = int.from_bytes(surroundings.entropy(3), "big")
        self._hello = self._greet()
        _name, _, version = self._hello.program.rpartition(" ")
        self.info = DeviceInfo(PRODUCT, version, locked=False)
        self.capabilities = CAPABILITIES

    def fingerprint(self) -> str:
        """Of the key that it signs with."""
        return self._hello.fingerprint

    def xpub(self, path: tuple[int, ...], chain: Chain) -> str:  # noqa: ARG002 -- the interface's
        """The key of an enrolled vault at this path; the appliance gives no other."""
        return self._ask(Kind.XPUB, Xpub(path).to_bytes(), Kind.XPUB_IS, Line.parse).text

    def registered(self, vault: VaultFacts, kept: Registration | None) -> Registration | None:
        """Whether it is enrolled in the vault."""
        del kept
        self._hello = self._greet()
        if vault.id not in self._hello.vaults:
            return None
        return Registration(_VENDOR, self._hello.fingerprint, vault.id)

    def register(self, vault: VaultFacts) -> Registration:
        """Nothing that a host could do: the officer compares the vault's id at the appliance."""
        found = self.registered(vault, None)
        if found is None:
            raise _not_enrolled(vault.id)
        return found

    def show_address(
        self, vault: VaultFacts, script: ScriptFacts, registration: Registration | None
    ) -> str:
        """Show an address on its screen, until its officer has compared it."""
        del registration
        self.capabilities.require_vault(vault)
        self._officer.tell("look at the appliance: compare the address on its screen")
        asked = Address(vault.id, script.branch, script.index)
        payload = asked.to_bytes()
        return self._ask(Kind.ADDRESS, payload, Kind.ADDRESS_IS, Line.parse, AN_OFFICER).text

    def sign(self, task: SigningTask) -> Signatures:
        """Have it check, review and sign."""
        self.capabilities.require_task(task)
        if not 0 < len(task.bundle) <= MAX_PSBT:
            raise Unsupported(
                "the appliance does not take this file",
                expected=f"a psbt with its documents, of at most {MAX_PSBT:,} bytes",
                found=f"{len(task.bundle):,} bytes",
                hint="nothing was sent; carry it to the appliance's machine as a file",
            )
        self._officer.tell("look at the appliance: review the withdrawal on its screen")
        signed = self._ask(Kind.SIGN, task.bundle, Kind.SIGNED, Signed.parse, AN_OFFICER)
        return Signatures(
            tuple(DeviceSignature(s.input, s.pubkey, s.signature) for s in signed.signatures)
        )

    def cancel(self) -> None:
        """Take back whatever it is at."""
        with suppress(DeviceError):
            self._send(Kind.CANCEL, Cancel(0).to_bytes())

    def close(self) -> None:
        """Release it."""
        self._pipe.close()

    def _greet(self) -> HelloIs:
        """Begin a session, whatever the last host left behind."""
        for left in reversed(range(_GREETINGS)):
            self._stream.clear()
            self._pipe.drain()
            try:
                return self._ask(Kind.HELLO, b"", Kind.HELLO_IS, HelloIs.parse, GAP + 1)
            except (TimedOut, Garbage):
                if not left:
                    raise
        raise TypeError("no greeting")  # the loop returns or raises

    def _ask(
        self,
        kind: Kind,
        payload: bytes,
        wanted: Kind,
        parse: Callable[[bytes], T],
        patience: float = AT_ONCE,
    ) -> T:
        """Send a request, and wait for the answer to it.

        Raises:
            DeviceError: it refuses, fails, or does not answer as it should.
        """
        try:
            return parse(self._answered(self._send(kind, payload), wanted, patience))
        except Garbled as garbled:
            raise _garbage(garbled) from None

    def _send(self, kind: Kind, payload: bytes = b"") -> int:
        self._asked += 1
        self._pipe.write(Message(kind, self._asked, payload).to_bytes())
        return self._asked

    def _answered(self, number: int, wanted: Kind, patience: float) -> bytes:
        for message in self._heard(number, patience):
            if message.kind is wanted:
                return message.payload
            if message.kind is Kind.REFUSED:
                raise _refused(Refused.parse(message.payload))
            if message.kind is Kind.FAILED:
                raise _failed(Failed.parse(message.payload))
            raise Garbage("the appliance answers something else", found=message.kind.name)
        raise Garbage("the appliance answers everybody but us")

    def _heard(self, number: int, patience: float) -> Iterator[Message]:
        """Messages with this id; while none comes, the appliance is asked how it goes."""
        asking = 0
        for _ in range(_STALE):
            try:
                data = self._pipe.read(min(_STEP, patience))
            except TimedOut:
                patience -= _STEP
                if patience <= 0 or asking:
                    raise
                asking = self._send(Kind.STATUS)
                continue
            for message in self._stream.feed(data):
                if message.id == number:
                    yield message
                elif message.id == asking and message.kind is Kind.STATUS_IS:
                    asking = 0
                    if StatusIs.parse(message.payload).id != number:
                        patience = min(patience, _STEP)  # its answer is on its way, or lost


def _refused(refused: Refused) -> DeviceError:
    first = refused.reasons[0]
    if first.rule == _DECLINED:
        return RefusedByUser("the officer at the appliance did not say yes", hint=first.hint)
    more = f" (and {len(refused.reasons) - 1} more)" if len(refused.reasons) > 1 else ""
    return Rejected(
        f"the appliance refuses at step {first.step}: {first.what}{more} [{first.rule}]",
        expected=first.expected,
        found=first.found,
        hint=first.hint,
    )


def _failed(failed: Failed) -> DeviceError:
    match failed.fault:
        case Fault.CANCELLED:
            return Cancelled("the appliance was told to stop", found=failed.what)
        case Fault.BUSY:
            return InUse("the appliance is at another request", found=failed.what)
        case Fault.VERSION:
            return FirmwareTooOld(
                "the appliance speaks another version of the protocol",
                expected=f"version {VERSION}",
                found=failed.what,
            )
        case Fault.UNKNOWN_VAULT:
            return _not_enrolled(failed.what)
        case _:
            return Rejected("the appliance cannot do it", found=failed.what)


def _not_enrolled(found: str) -> Unsupported:
    return Unsupported(
        "the appliance is not enrolled in this vault",
        found=found,
        hint="enrol it at its own keys: `coldsign enrol VAULT --policy FILE --key NAME`",
    )


def _garbage(garbled: Garbled) -> Garbage:
    return Garbage("the appliance does not talk sense", found=str(garbled))


def _open(pipe: Pipe, surroundings: Surroundings) -> Appliance:
    return Appliance(pipe, surroundings)


DRIVER: Final = Driver(
    vendor=_VENDOR,
    shapes=(
        Shape(
            PRODUCT,
            VENDOR_ID,
            PRODUCT_ID,
            Transport.BULK,
            interface_class=INTERFACE_CLASS,
            report=0,
        ),
    ),
    capabilities=(CAPABILITIES,),
    open=_open,
    enforcing=True,
)
