"""The way to an Electrum server: lines of JSON over TLS, or over plain TCP on this machine.

Source: "Electrum Protocol", protocol-basics (ElectrumX, Fulcrum): JSON-RPC 2.0, one message a line;
answers may come in any order, notifications at any time.
The server is not trusted: a line is counted before it is kept, JSON is read strictly, and an
exchange ends in time or fails.
"""

import ipaddress
import json
import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from signer.chain import strict_json
from signer.chain.errors import ChainError, NodeNonsense, NodeUnreachable
from signer.chain.rejection import plain
from signer.chain.rpc import HOST, Answer, RpcFailure
from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited

MAX_LINE: Final = 16 << 20
"""Bytes. The largest transaction has 8 MB in hex; a history of 100,000 entries 12 MB."""

TIMEOUT: Final = 30.0
"""Seconds for an exchange: connecting, all its questions, and the last byte of the last answer."""

_CHUNK: Final = 1 << 16
_MAX_CERTIFICATE: Final = 64 << 10
_MAX_PORT: Final = 0xFFFF
_METHOD_NOT_FOUND: Final = -32601
"""JSON-RPC 2.0, section 5.1."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where an Electrum server listens, and how we know that it is the one.

    Attributes:
        host: name or address.
        port: of it.
        tls: False on this machine, or where the officer insists.
        certificate: the one that it must show, in DER; None for any that the system trusts for
            its name.
    """

    host: str
    port: int
    tls: bool
    certificate: bytes | None

    def __str__(self) -> str:
        """As people write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Question:
    """A call.

    Attributes:
        method: its name.
        params: by position.
    """

    method: str
    params: tuple[Any, ...] = ()


def parse_server(text: str, *, certificate: Path | None, plain_tcp: bool) -> Server:
    """Read `HOST:PORT`.

    Args:
        text: from the command line.
        certificate: a file with the server's own certificate (PEM): it shows this one or is not
            believed, whoever signed it.
        plain_tcp: speak without TLS to another machine, too.

    Raises:
        BadInput: another form; a certificate and no TLS; the file holds no certificate.
    """
    host, _, port = text.rpartition(":")
    number = int(port) if re.fullmatch(r"[0-9]{1,5}", port) else 0
    if not HOST.fullmatch(host) or not 0 < number <= _MAX_PORT:
        _refuse("not an Electrum server's address", "HOST:PORT", ascii(text[:100]))
    if certificate is not None and plain_tcp:
        _refuse("a certificate needs TLS", "a certificate, or plain TCP", "both")
    tls = certificate is not None or not (plain_tcp or _is_here(host))
    pinned = None if certificate is None else _read_certificate(certificate)
    return Server(host.strip("[]"), number, tls, pinned)


def _is_here(host: str) -> bool:
    """Whether a host is this machine; `localhost` is looked up as such when connecting."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _read_certificate(file: Path) -> bytes:
    data = read_limited(file, limit=_MAX_CERTIFICATE, what="the server's certificate")
    try:
        return load_pem_x509_certificate(data).public_bytes(Encoding.DER)
    except ValueError:
        _refuse("not a certificate", "one in PEM: -----BEGIN CERTIFICATE-----", str(file))


def _refuse(what: str, expected: str, found: str) -> NoReturn:
    raise BadInput(what, fault=Fault.OFFICER, expected=expected, found=found)


class Link:
    """An open connection. Whatever goes wrong ends it.

    Args:
        server: where.

    Raises:
        NodeUnreachable: nobody answers, or not in time, or not the one with the certificate.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._received = bytearray()
        self._last_id = 0
        self._socket = self._connect(time.monotonic() + TIMEOUT)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def call(self, method: str, *params: Any) -> Any:
        """Ask one question that has an answer; of JSON types, fractions as Decimal.

        Raises:
            ChainError: as `ask`, or the server says no.
        """
        (answer,) = self.ask([Question(method, params)])
        if answer.failure is not None:
            self.refused(method, answer.failure)
        return answer.result

    def ask(self, questions: Sequence[Question]) -> tuple[Answer, ...]:
        """Ask some questions at once, whose failures mean something to the caller.

        Raises:
            NodeUnreachable: the connection breaks, or the last answer is not there in time.
            NodeNonsense: a line is too long, no JSON, no answer to a question, or the server
                does not know a call.
        """
        deadline = time.monotonic() + TIMEOUT
        asked = {self._last_id + at: question for at, question in enumerate(questions, 1)}
        self._last_id += len(questions)
        self._send(asked, deadline)
        answers: dict[int, Answer] = {}
        while len(answers) < len(asked):
            message = self._message(deadline)
            if "method" in message:
                continue  # a notification: we ask again whenever we want to know
            number = message.get("id")
            if not isinstance(number, int) or number not in asked or number in answers:
                self._nonsense("an answer to no question", ascii(number)[:40])
            answers[number] = self._answer(message, asked[number])
        return tuple(answers[number] for number in asked)

    def refused(self, method: str, failure: RpcFailure) -> NoReturn:
        """Raise the error for a question that the server should have answered."""
        raise ChainError(
            f"the server refuses {method}",
            found=f"{failure.message} (code {failure.code})",
            hint="ask your own server, which has no limits for you, or another one",
        )

    def _connect(self, deadline: float) -> socket.socket:
        address = (self._server.host, self._server.port)
        try:
            plain_socket = socket.create_connection(address, _left(deadline))
        except OSError as error:
            self._unreachable(error)
        try:
            if self._server.tls:
                return self._secure(plain_socket, deadline)
            self._check_here(plain_socket)
        except BaseException:
            plain_socket.close()
            raise
        return plain_socket

    def _check_here(self, plain_socket: socket.socket) -> None:
        """`localhost` is a name: see where it led."""
        peer = ipaddress.ip_address(plain_socket.getpeername()[0])
        if self._server.host == "localhost" and not peer.is_loopback:
            raise NodeUnreachable(
                "localhost is another machine",
                found=str(peer),
                hint="write 127.0.0.1, and see /etc/hosts",
            )

    def _secure(self, plain_socket: socket.socket, deadline: float) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        if self._server.certificate is not None:
            # The very certificate is compared below: who signed it, and for what name, says less.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            plain_socket.settimeout(_left(deadline))
            secured = context.wrap_socket(plain_socket, server_hostname=self._server.host)
        except ssl.SSLCertVerificationError as error:
            raise NodeUnreachable(
                "the server's certificate is not trusted",
                expected=f"one for {self._server.host} that this system trusts",
                found=plain(error.verify_message),
                hint="give its certificate: --electrum-cert FILE, from whoever runs the server",
            ) from None
        except (OSError, ValueError) as error:
            self._unreachable(error)
        pinned = self._server.certificate
        if pinned is not None and secured.getpeercert(binary_form=True) != pinned:
            secured.close()
            raise NodeUnreachable(
                "the server shows another certificate than the one that was given",
                found=str(self._server),
                hint="ask whoever runs the server whether it has a new one: this may be a thief",
            )
        return secured

    def _send(self, asked: dict[int, Question], deadline: float) -> None:
        lines = [
            json.dumps(
                {"jsonrpc": "2.0", "id": number, "method": one.method, "params": list(one.params)}
            )
            for number, one in asked.items()
        ]
        try:
            self._socket.settimeout(_left(deadline))
            self._socket.sendall("".join(f"{line}\n" for line in lines).encode())
        except OSError as error:
            self._unreachable(error)

    def _message(self, deadline: float) -> dict[str, Any]:
        line = self._line(deadline)
        try:
            message = strict_json.loads(line)
        except ValueError:
            self._nonsense("a line that is no JSON", ascii(line[:40]))
        if not isinstance(message, dict):
            self._nonsense("a line that is no JSON object", ascii(line[:40]))
        return message

    def _line(self, deadline: float) -> bytes:
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > MAX_LINE:
                self._nonsense("a line that is too long", f"over {MAX_LINE:,} bytes")
            try:
                self._socket.settimeout(_left(deadline))
                chunk = self._socket.recv(_CHUNK)
            except OSError as error:
                self._unreachable(error)
            if not chunk:
                raise NodeUnreachable(
                    "the server hangs up",
                    found=str(self._server),
                    hint="it may have limits: ask your own server, or another one",
                )
            self._received += chunk
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line

    def _answer(self, message: dict[str, Any], question: Question) -> Answer:
        match message.get("error"):
            case None if "result" in message:
                return Answer(message["result"], None)
            case {"code": int(code), "message": str(text)}:
                failure = RpcFailure(code, plain(" ".join(text.split())))
            case str(text):  # as Blockstream's electrs writes its errors
                failure = RpcFailure(0, plain(" ".join(text.split())))
            case _:
                self._nonsense(f"an answer to {question.method} that is none", "")
        if failure.code == _METHOD_NOT_FOUND:
            raise NodeNonsense(
                f"the server does not know the call {question.method}",
                expected="the Electrum protocol 1.4",
                found=str(self._server),
                hint="ask ElectrumX, electrs or Fulcrum of a current version",
            )
        return Answer(None, failure)

    def _nonsense(self, what: str, found: str) -> NoReturn:
        raise NodeNonsense(
            f"the server sends {what}",
            found=found,
            hint="check that the address is that of an Electrum server, and the port the one for "
            + ("TLS" if self._server.tls else "plain TCP"),
        )

    def _unreachable(self, error: OSError | ValueError) -> NoReturn:
        if isinstance(error, TimeoutError):
            raise NodeUnreachable(
                "the server does not answer in time",
                found=str(self._server),
                hint="see whether it is busy, and whether the address is right",
            ) from None
        reason = (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
        raise NodeUnreachable(
            "the server cannot be reached",
            found=f"{self._server}: {plain(reason).lower()}",
            hint="is it running at that address, and is the port the one for "
            + ("TLS?" if self._server.tls else "plain TCP?"),
        ) from None


def _left(deadline: float) -> float:
    """Seconds until a deadline, or `TimeoutError`: bytes that keep coming do not put it off."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
