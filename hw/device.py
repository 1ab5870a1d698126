"""What a driver is: one vendor's protocol behind the interface that the station uses.

A driver believes nothing of what it is told, and decides nothing: the station has checked what
it asks (`hw/task.py`), and checks every answer again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from hw.capabilities import Capabilities
from hw.pipe import Pipe, Shape
from hw.task import Answer, Chain, Registration, ScriptFacts, SigningTask, VaultFacts

AT_ONCE: Final = 20.0
"""Seconds that a device may take to answer by itself: the slowest derives keys for some of them."""

AN_OFFICER: Final = 900.0
"""Seconds that a person may take to read a small screen: forty outputs at twenty seconds each."""


class Officer(Protocol):
    """The person in front of the station, as far as a driver needs one. Prompts are one line."""

    def tell(self, text: str) -> None:
        """Say what to do now, for instance `look at the Coldcard: confirm the transaction`."""
        ...

    def agree(self, question: str) -> bool:
        """Ask for a yes, for instance whether a pairing code is the same on the device."""
        ...

    def secret(self, prompt: str) -> str:
        """Ask for a PIN or a passphrase; it is not echoed, not logged, not kept."""
        ...


class Memory(Protocol):
    """What a driver keeps between runs: small, private, no vault's secret (a pairing key)."""

    def get(self, name: str) -> bytes:
        """What was kept under this name, or empty."""
        ...

    def put(self, name: str, value: bytes) -> None:
        """Keep it; empty forgets."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a driver is given beside its pipe.

    Attributes:
        officer: who can be asked.
        memory: what is kept between runs.
        entropy: random bytes, so many. All of a driver's randomness comes from here, so that
            tests can replay it.
        pause: waits so many seconds; a simulator may have its own time.
    """

    officer: Officer
    memory: Memory
    entropy: Callable[[int], bytes]
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What a device says of itself without a PIN.

    Attributes:
        model: for people.
        firmware: its version, as the advisories compare it: `5.4.5`; empty if it does not say.
        locked: whether it wants a PIN, an app or a seed before it can do anything.
        state: why it is locked, or what else there is to know; one line or empty.
        label: the name that its owner gave it, or empty.
        edition: firmware line where versions of several run beside each other ("edge", "Q",
            "btc-only"), or empty.
    """

    model: str
    firmware: str
    locked: bool
    state: str = ""
    label: str = ""
    edition: str = ""


class HardwareSigner(Protocol):
    """One open device. Methods raise `hw/errors.py` only, and may be called in any order.

    Whatever takes a person's time says so first through `Officer.tell`. Methods that need a vault
    or a task call `capabilities.require_vault` or `require_task` before they send a byte. After an
    error the object can still be closed, and `cancel` is harmless.
    """

    @property
    def info(self) -> DeviceInfo:
        """What it said of itself when it was opened."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this very device can do."""
        ...

    def fingerprint(self) -> str:
        """Master key's fingerprint, 8 lower-case hex digits.

        Raises:
            Locked: it wants its PIN first (a driver asks for it where the vendor's way is to type
                it here).
        """
        ...

    def xpub(self, path: tuple[int, ...], chain: Chain) -> str:
        """The extended public key at a path.

        Returns:
            xpub or tpub (the chain's version bytes), never a SLIP-132 form.

        Raises:
            WrongNetwork: it is set to another network.
            Unsupported: it does not give keys at this path.
        """
        ...

    def registered(self, vault: VaultFacts, kept: Registration | None) -> Registration | None:
        """Ask whether it knows the vault, without a word on its screen.

        Args:
            vault: the enrolled vault.
            kept: what an earlier `register` returned, if it was kept.

        Returns:
            A registration that `sign` takes, or None: `register` is needed. Of a device that needs
            none, always one.
        """
        ...

    def register(self, vault: VaultFacts) -> Registration:
        """Tell it a vault; the officer confirms on its screen.

        Raises:
            RefusedByUser: the officer said no.
        """
        ...

    def show_address(
        self, vault: VaultFacts, script: ScriptFacts, registration: Registration | None
    ) -> str:
        """Show an address of the vault on its screen.

        Returns:
            The address as the device says it. The station compares it with `script.address`.
        """
        ...

    def sign(self, task: SigningTask) -> Answer:
        """Have the officer review and sign.

        Returns:
            What the device gave, unverified.

        Raises:
            RefusedByUser: the officer said no.
        """
        ...

    def cancel(self) -> None:
        """Take back what is on its screen, as far as the vendor's protocol can. Never raises."""
        ...

    def close(self) -> None:
        """Release it. Never raises; twice is harmless."""
        ...


@dataclass(frozen=True, slots=True)
class Driver:
    """One vendor's line in the table of `hw/find.py`.

    Attributes:
        vendor: its name: one lower-case word.
        shapes: how its models look on the bus.
        capabilities: of each model or firmware that differs, for the docs.
        open: talks to a device until its `info` is known. If it raises, the caller closes the pipe.
        enforcing: whether its devices check approvals and policy themselves. No vendor's do.
    """

    vendor: str
    shapes: tuple[Shape, ...]
    capabilities: tuple[Capabilities, ...]
    open: Callable[[Pipe, Surroundings], HardwareSigner]
    enforcing: bool = False

    @property
    def kind(self) -> str:
        """What a vault's document calls the type of such a signer."""
        return "enforcing" if self.enforcing else self.vendor
