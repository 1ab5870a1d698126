"""A person at a station with devices: which device, what it is told, and how it is let go.

Whatever talks to a device does so inside `talking`: Ctrl-C is told to the device, too, and the
device is released on every way out.
"""

import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hw.errors import Cancelled, Garbage, Locked, NotFound, TimedOut
from signer.cli import prompt, show
from signer.cli.session import Session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from hw.device import Officer, Surroundings
    from hw.find import Opened
    from hw.task import Registration
    from signer.core.vault import Vault
    from signer.sign.state import Memory, State
    from signer.station.vouch import Proven

_TICK = 1.0  # seconds between two looks at the clock, while somebody reads a small screen

_asking = threading.Event()
"""Set while the officer is asked something here: then nothing is counted over the question."""


class AtTerminal:
    """The officer, asked on stderr, answering on stdin."""

    def tell(self, text: str) -> None:
        """Say what to do now."""
        show.note(show.safe(text))

    def agree(self, question: str) -> bool:
        """Ask for a yes."""
        with _alone():
            return prompt.confirm(show.safe(question))

    def secret(self, question: str) -> str:
        """Ask for a PIN or a passphrase, unechoed."""
        prompt.need_terminal("asking for the device's PIN", "run it at a terminal")
        with _alone():
            answer = prompt.line(f"{show.safe(question)}: ", echo=False)
        return answer.decode("utf-8", "replace")


class Nobody:
    """For listings: a device that wants its PIN is listed as locked, and nobody is asked."""

    def tell(self, text: str) -> None:
        """Say nothing."""

    def agree(self, question: str) -> bool:  # noqa: ARG002 -- nobody hears it
        """Nobody says yes."""
        return False

    def secret(self, question: str) -> str:
        """Nobody types it.

        Raises:
            Locked: always.
        """
        raise Locked("it wants its PIN", found=question)


def around(here: Session, officer: "Officer | None" = None) -> "Surroundings":
    """What drivers are given in this session."""
    from hw import usb
    from hw.device import Surroundings
    from signer.station.kept import Kept

    return Surroundings(officer or AtTerminal(), Kept(here.home), secrets.token_bytes, usb.pause)


@contextmanager
def talking(opened: "Opened") -> Iterator["Opened"]:
    """Talk to a device; take everything back on Ctrl-C, and let it go in the end.

    Raises:
        Cancelled: the officer pressed Ctrl-C.
    """
    try:
        yield opened
    except KeyboardInterrupt:
        show.note("\nstopping on the device, too ...")
        opened.signer.cancel()
        raise Cancelled(
            "stopped at this machine",
            hint="nothing was written; if the device still asks, say no there",
        ) from None
    except (Garbage, TimedOut):
        opened.signer.cancel()  # it may still ask: nobody shall say yes to that later
        raise
    finally:
        opened.signer.close()


@contextmanager
def waiting() -> Iterator[None]:
    """Count the seconds on a terminal, while the officer looks at another screen."""
    if not prompt.is_terminal(2):
        yield
        return
    done, since = threading.Event(), time.monotonic()

    def count() -> None:
        while not done.wait(_TICK):
            if _asking.is_set():
                continue
            seconds = round(time.monotonic() - since)
            sys.stderr.write(f"\r  waiting for the device, {seconds} s; ctrl-c stops both ")
            sys.stderr.flush()

    counter = threading.Thread(target=count, daemon=True)
    counter.start()
    try:
        yield
    finally:
        done.set()
        counter.join()
        _clear_line()


@contextmanager
def _alone() -> Iterator[None]:
    """Have the line to oneself."""
    _asking.set()
    if prompt.is_terminal(2):
        _clear_line()
    try:
        yield
    finally:
        _asking.clear()


def _clear_line() -> None:
    sys.stderr.write("\r\x1b[K")  # ECMA-48, EL
    sys.stderr.flush()


def found(here: Session, wanted: str | None, vault: "Vault | None" = None) -> "Opened":
    """Open the device that is wanted: by its fingerprint, or the only one that can be meant.

    Args:
        here: the session.
        wanted: `--device`, or None.
        vault: if given, only devices of this vault are meant.

    Raises:
        NotFound: no device, or none that is meant.
        BadInput: several are meant.
    """
    from hw import find

    if wanted is not None:
        return find.find(fingerprint(wanted), around(here))
    places = find.attached()
    if vault is not None:
        kinds = {one.type for one in vault.signers}
        places = [place for place in places if place.driver.kind in kinds]
        kinds = {place.driver.kind for place in places}
        keys = [one.fingerprint for one in vault.signers if one.type in kinds]
        if len(places) > 1 and len(keys) == 1:
            return find.find(keys[0], around(here))
    if len(places) == 1:
        return find.Opened(places[0], places[0].open(around(here)))
    if not places:
        raise NotFound(
            "no device is plugged in",
            found="no device that this program knows",
            hint="plug it in and unlock it; on Linux, `coldsign device udev` prints the rules that "
            "let you open it",
        )
    raise BadInput(
        "which device?",
        fault=Fault.OFFICER,
        expected="--device FINGERPRINT",
        found="; ".join(f"{place.shape.model} at {place.place}" for place in places),
        hint="`coldsign device list` shows their fingerprints",
    )


def vault_called(state: "State", wanted: str) -> "Memory":
    """The enrolled vault of this name, or whose id begins so.

    Raises:
        BadInput: there is none, or several.
    """
    at_least = 8  # digits of an id: fewer are a typing error
    matches = [
        memory
        for known, memory in state.vaults.items()
        if memory.enrolment.vault.name == wanted
        or (len(wanted) >= at_least and known.startswith(wanted.lower()))
    ]
    if len(matches) == 1:
        return matches[0]
    names: Mapping[str, str] = {
        known: memory.enrolment.vault.name for known, memory in state.vaults.items()
    }
    raise BadInput(
        "several vaults are called so" if matches else "no such vault is enrolled here",
        fault=Fault.OFFICER,
        expected=", ".join(f"{name} ({known[:12]})" for known, name in names.items())
        or "no vault is enrolled yet",
        found=wanted,
        hint="give more of its id" if matches else "`coldsign enrol VAULT` enrols one",
    )


def warned(opened: "Opened") -> list[dict[str, object]]:
    """Warn of what is known against the device's firmware; returns it for the JSON, too."""
    from hw.advisories import warnings

    known = warnings(opened.attached.driver.vendor, opened.signer.info)
    for one in known:
        show.warn(f"{opened.signer.info.model} {opened.signer.info.firmware}: {one.what}")
        show.note(f"  hint: {one.hint}\n  source: {one.source}")
    return [
        {"id": one.id, "what": one.what, "present": one.present, "source": one.source}
        for one in known
    ]


def fingerprint(text: str) -> str:
    """What `--device` says, as fingerprints are written.

    Raises:
        BadInput: it is none.
    """
    digits = text.strip().lower()
    if len(digits) != 8 or set(digits) - set("0123456789abcdef"):  # noqa: PLR2004 -- 4 bytes
        raise BadInput(
            "not a fingerprint",
            fault=Fault.OFFICER,
            expected="8 hex digits",
            found=text[:20],
            hint="`coldsign device list` shows them",
        )
    return digits


def registered(proven: "Proven", vault: "Vault") -> "Registration":
    """What makes the device know the vault.

    Raises:
        BadInput: it does not know it yet.
    """
    if proven.registration is None:
        raise BadInput(
            f"the device does not know the vault {vault.name} yet",
            fault=Fault.OFFICER,
            hint=f"coldsign device register {vault.name} --device {proven.key.fingerprint}",
        )
    return proven.registration
