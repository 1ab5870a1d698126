"""The device's side: one host, one request at a time, and an officer who can be interrupted.

The host is untrusted. A thread listens to it, so that it is heard while the officer reads; the
thread that calls `Server.run` does the work. Whatever the host sends, the signer is asked only
what `Signer` offers, and none of that gives a secret.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Condition, Lock, Thread
from typing import Final, Protocol

from hw.appliance.messages import (
    Address,
    Cancel,
    Failed,
    HelloIs,
    Line,
    Refused,
    Signed,
    State,
    StatusIs,
    Xpub,
)
from hw.appliance.wire import Fault, Garbled, Kind, Message, Stream

GAP: Final = 2.0
"""Seconds. A message that stops for longer is forgotten, and so is all that follows a garbled one
without such a gap: the next byte begins a message. That is how a new host gets into step."""

_NOBODY: Final = 1 << 32
"""Larger than any id: without a hello there is no session, and every request is an old one."""


class Over(Exception):
    """There will be no host any more: the endpoints are gone."""


class Declined(Exception):
    """The signer or its officer refuses.

    Attributes:
        refused: the reasons, as they go to the host.
    """

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reasons[0].what)
        self.refused = refused


class Failure(Exception):
    """A request that comes to nothing, for another reason than a refusal.

    Attributes:
        failed: as it goes to the host.
    """

    def __init__(self, fault: Fault, what: str) -> None:
        super().__init__(what)
        self.failed = Failed(fault, what)


class Cancelled(Exception):
    """The host took its request back, said hello anew, or went away."""


class Link(Protocol):
    """The endpoints, as streams of bytes."""

    def read(self) -> bytes:
        """Wait for bytes from the host. Empty: it went away, and another may come.

        Raises:
            Over: none will come.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            OSError: the host went away.
        """
        ...


class Attention:
    """What a request is told while it is worked at, and what it tells."""

    def __init__(self) -> None:
        self._end, self._start = os.pipe()
        self._lock = Lock()
        self._open = True
        self.state = State.WORKING
        self.cancelled = False

    def fileno(self) -> int:
        """A descriptor that can be read from once the request is cancelled: for `select`."""
        return self._end

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Mark the time in which the officer is asked.

        Raises:
            Cancelled: it is, before or since.
        """
        self.check()
        self.state = State.ASKING
        try:
            yield
        finally:
            self.state = State.WORKING
        self.check()

    def check(self) -> None:
        """Go on only if nobody has cancelled.

        Raises:
            Cancelled: somebody has.
        """
        if self.cancelled:
            raise Cancelled

    def cancel(self) -> None:
        """Cancel, from any thread; twice is harmless."""
        with self._lock:
            if self._open and not self.cancelled:
                self.cancelled = True
                os.write(self._start, b"\0")

    def close(self) -> None:
        """Give the descriptors back."""
        with self._lock:
            self._open = False
            os.close(self._end)
            os.close(self._start)


class Signer(Protocol):
    """What the device can be asked. Methods raise `Declined`, `Failure`, `Cancelled` only."""

    def hello(self) -> HelloIs:
        """Say who it is."""
        ...

    def xpub(self, asked: Xpub) -> Line:
        """The extended public key of an enrolled vault."""
        ...

    def address(self, asked: Address, attention: Attention) -> Line:
        """Show an address, have the officer compare it, and give it."""
        ...

    def sign(self, psbt: bytes, attention: Attention) -> Signed:
        """Check everything, ask the officer, sign."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    message: Message
    attention: Attention


class Server:
    """One device.

    Args:
        link: to the host.
        signer: does the work.
        clock: seconds.
    """

    def __init__(
        self, link: Link, signer: Signer, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._link, self._signer, self._clock = link, signer, clock
        self._changed = Condition()
        self._writing = Lock()
        self._hello: Message | None = None
        self._job: _Job | None = None
        self._last = _NOBODY
        self._over = False

    def run(self) -> None:
        """Serve until there is no host any more, or until the signer fails as nobody foresaw."""
        Thread(target=self._listen, daemon=True).start()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._hello or self._job or self._over)
                job, hello = self._job, self._hello
                if not job:
                    self._hello = None
            if job:
                self._finish(job)
            elif hello:
                self._greet(hello)
            else:
                return

    def _greet(self, hello: Message) -> None:
        try:
            kind, payload = Kind.HELLO_IS, self._signer.hello().to_bytes()
        except Failure as no:
            kind, payload = Kind.FAILED, no.failed.to_bytes()
        self._answer(kind, hello.id, payload)

    def _finish(self, job: _Job) -> None:
        """Do a request and answer it. When the host hears the answer, the next may come."""
        kind, payload = Kind.FAILED, Failed(Fault.INTERNAL, "look at its screen").to_bytes()
        try:
            kind, payload = self._done(job.message, job.attention)
        finally:
            with self._changed:
                self._job = None
            job.attention.close()
            self._answer(kind, job.message.id, payload)

    def _done(self, message: Message, attention: Attention) -> tuple[Kind, bytes]:
        try:
            attention.check()
            answer = self._work(message, attention)
            attention.check()
        except Declined as no:
            return Kind.REFUSED, no.refused.to_bytes()
        except Failure as no:
            return Kind.FAILED, no.failed.to_bytes()
        except Garbled as no:
            return Kind.FAILED, Failed(no.fault, str(no)).to_bytes()
        except Cancelled:
            return Kind.FAILED, Failed(Fault.CANCELLED, "nothing was given").to_bytes()
        return answer

    def _work(self, message: Message, attention: Attention) -> tuple[Kind, bytes]:
        match message.kind:
            case Kind.XPUB:
                return Kind.XPUB_IS, self._signer.xpub(Xpub.parse(message.payload)).to_bytes()
            case Kind.ADDRESS:
                asked = Address.parse(message.payload)
                return Kind.ADDRESS_IS, self._signer.address(asked, attention).to_bytes()
            case _:
                return Kind.SIGNED, self._signer.sign(message.payload, attention).to_bytes()

    def _listen(self) -> None:
        """Hear the host, until there is none any more."""
        stream, lost, heard = Stream(), False, self._clock()
        while True:
            try:
                data = self._link.read()
            except Over:
                self._left(over=True)
                return
            if not data:
                self._left()
            now = self._clock()
            if not data or now - heard > GAP:
                stream.clear()
                lost = False
            heard = now
            if lost:
                continue
            try:
                for message in stream.feed(data):
                    self._take(message)
            except Garbled as garbled:
                lost = True
                self._fail(garbled.id, garbled.fault, str(garbled))

    def _take(self, message: Message) -> None:
        """Answer what can be answered at once, and leave the rest to the thread that works."""
        match message.kind:
            case Kind.STATUS:
                self._tell_status(message.id)
            case Kind.CANCEL:
                self._cancel(message)
            case Kind.HELLO:
                with self._changed:
                    if self._job:
                        self._job.attention.cancel()
                    self._hello, self._last = message, message.id
                    self._changed.notify()
            case Kind.XPUB | Kind.ADDRESS | Kind.SIGN:
                self._begin(message)
            case _:
                self._fail(message.id, Fault.KIND, "not a request")

    def _cancel(self, message: Message) -> None:
        try:
            wanted = Cancel.parse(message.payload).id
        except Garbled as garbled:
            self._fail(message.id, garbled.fault, str(garbled))
            return
        with self._changed:
            if self._job and wanted in (0, self._job.message.id):
                self._job.attention.cancel()
        self._tell_status(message.id)

    def _begin(self, message: Message) -> None:
        with self._changed:
            busy, old = self._job is not None, message.id <= self._last
            if not busy and not old:
                self._last = message.id
                self._job = _Job(message, Attention())
                self._changed.notify()
        if old:
            self._fail(message.id, Fault.OLD_ID, "ids grow from one request to the next")
        elif busy:
            self._fail(message.id, Fault.BUSY, "one request at a time")

    def _tell_status(self, number: int) -> None:
        with self._changed:
            job = self._job
        told = StatusIs(job.attention.state, job.message.id) if job else StatusIs(State.IDLE, 0)
        self._answer(Kind.STATUS_IS, number, told.to_bytes())

    def _left(self, *, over: bool = False) -> None:
        """The host went away: what it asked for is cancelled, its session is over."""
        with self._changed:
            if self._job:
                self._job.attention.cancel()
            self._hello, self._last, self._over = None, _NOBODY, over
            self._changed.notify()

    def _fail(self, number: int, fault: Fault, what: str) -> None:
        self._answer(Kind.FAILED, number, Failed(fault, what).to_bytes())

    def _answer(self, kind: Kind, number: int, payload: bytes) -> None:
        data = Message(kind, number, payload).to_bytes()
        # Of a host that went away, the listening thread hears.
        with self._writing, suppress(OSError):
            self._link.write(data)
