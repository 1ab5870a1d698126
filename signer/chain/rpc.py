"""JSON-RPC to a bitcoind over HTTP, with nothing but the standard library.

Sources: Bitcoin Core `doc/JSON-RPC-interface.md`, `src/httprpc.cpp`, `src/rpc/protocol.h`.
The node is not trusted: sizes are checked before reading, JSON is read strictly, numbers stay
exact, and whatever does not fit is `NodeNonsense`.
"""

import base64
import http.client
import json
import re
import ssl
import time
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import quote, urlsplit

from signer.chain import strict_json
from signer.chain.errors import ChainError, NodeAuth, NodeNonsense, NodeSyncing, NodeUnreachable
from signer.chain.rejection import plain
from signer.core.errors import BadInput, Fault

MAX_ANSWER: Final = 64 << 20
"""Bytes. A block's ids are below 1 MB, a large transaction 8 MB in hex; 64 MiB is a scan that
finds 100,000 coins."""

TIMEOUT: Final = 30.0
"""Seconds for an ordinary call, from connecting to the last byte."""

SCAN_TIMEOUT: Final = 1800.0
"""Seconds for `scantxoutset`: mainnet's coins take two minutes on a good disk, ten on a bad."""

_CHUNK: Final = 1 << 16
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL}){{0,20}}|\[[0-9A-Fa-f:.]{{2,45}}\]")

# src/rpc/protocol.h
METHOD_NOT_FOUND: Final = -32601
IN_WARMUP: Final = -28

_UNAUTHORIZED, _FORBIDDEN, _UNAVAILABLE = 401, 403, 503


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a node listens. Holds no secret."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        """As in an URL."""
        return f"http{'s' if self.tls else ''}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Login:
    """How we introduce ourselves; the password stays out of every text."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RpcFailure:
    """The node's own no.

    Attributes:
        code: of `src/rpc/protocol.h`.
        message: one printable line.
    """

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave: a result of JSON types, or the node's own no."""

    result: Any
    failure: RpcFailure | None


def parse_url(url: str, default_port: int) -> Endpoint:
    """Read `http://HOST:PORT`, `https://HOST:PORT` or `HOST:PORT`.

    Raises:
        BadInput: another form, or an URL with a password in it: it would be seen in the process
            list and stay in the shell's history. The error does not repeat it.
    """

    def refuse(what: str, *, found: str = "", hint: str = "") -> NoReturn:
        raise BadInput(
            what, fault=Fault.OFFICER, expected="http://HOST:PORT", found=found, hint=hint
        )

    if "@" in url:
        refuse(
            "the node's address holds a user or a password",
            hint="leave it out: give --node-cookie, or --node-user and --node-password-file",
        )
    if not url.isascii() or not url.isprintable():
        refuse("not a node's address", found=ascii(url))
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError:
        refuse("not a node's address", found=ascii(url))
    host = parts.netloc.removesuffix(f":{port}") if port else parts.netloc
    if parts.path.startswith("/wallet/"):
        refuse("the node's address names a wallet", hint="give the wallet with --wallet NAME")
    known = parts.scheme in ("http", "https") and parts.path in ("", "/")
    if not known or parts.query or parts.fragment or not HOST.fullmatch(host) or port == 0:
        refuse("not a node's address", found=ascii(url))
    return Endpoint(host, port or default_port, parts.scheme == "https")


class Rpc:
    """A node's JSON-RPC interface.

    Args:
        endpoint: where it listens.
        login: for HTTP's basic authentication.
        oldest: the oldest version of the node that will do, in words.
    """

    def __init__(self, endpoint: Endpoint, login: Login, oldest: str) -> None:
        self._endpoint = endpoint
        self._oldest = oldest
        secret = f"{login.user}:{login.password}".encode()
        self._authorization = "Basic " + base64.b64encode(secret).decode("ascii")
        self._last_id = 0

    def call(
        self, method: str, *params: Any, wallet: str | None = None, timeout: float = TIMEOUT
    ) -> Any:
        """Call a method that should succeed; its result, of JSON types, fractions as Decimal.

        Raises:
            ChainError: as `ask`, or the node says no.
        """
        answer = self.ask(method, *params, wallet=wallet, timeout=timeout)
        if answer.failure is not None:
            raise ChainError(
                f"the node refuses {method}",
                found=f"{answer.failure.message} (code {answer.failure.code})",
                hint="see the node's debug.log",
            )
        return answer.result

    def ask(
        self, method: str, *params: Any, wallet: str | None = None, timeout: float = TIMEOUT
    ) -> Answer:
        """Call a method whose failure means something to the caller.

        Args:
            method: its name.
            params: by position; a single dict goes by name.
            wallet: for the calls of a wallet, its name.
            timeout: seconds for everything.

        Raises:
            NodeUnreachable: nobody answers, or not in time, or the node is overloaded.
            NodeAuth: it wants another user or password.
            NodeSyncing: it is still starting.
            NodeNonsense: the answer is no JSON-RPC answer, or the method is unknown to it.
        """
        self._last_id += 1
        named = len(params) == 1 and isinstance(params[0], dict)
        body = {
            "jsonrpc": "1.0",
            "id": self._last_id,
            "method": method,
            "params": params[0] if named else list(params),
        }
        path = "/" if wallet is None else f"/wallet/{quote(wallet, safe='')}"
        status, data = self._post(path, json.dumps(body).encode(), time.monotonic() + timeout)
        self._check_status(status)
        answer = _read_answer(data, status, method)
        if answer.get("id") != self._last_id or not {"result", "error"} <= answer.keys():
            _nonsense(method, f"HTTP status {status}, and not the answer to our question")
        if answer["error"] is None:
            return Answer(answer["result"], None)
        failure = _read_failure(answer["error"], method)
        if failure.code == IN_WARMUP:
            raise NodeSyncing(
                "the node is still starting", found=failure.message, hint="wait a few minutes"
            )
        if failure.code == METHOD_NOT_FOUND:
            raise NodeNonsense(
                f"the node does not know the call {method}",
                expected=self._oldest,
                found=str(self._endpoint),
                hint="update the node; for --wallet, one that is built with wallets",
            )
        return Answer(None, failure)

    def _post(self, path: str, body: bytes, deadline: float) -> tuple[int, bytes]:
        connection = self._connection(deadline)
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        try:
            connection.request("POST", path, body, headers)
            with connection.getresponse() as response:
                return response.status, _read(response, deadline)
        except TimeoutError:
            raise NodeUnreachable(
                "the node does not answer in time",
                found=str(self._endpoint),
                hint="see whether it is busy, and whether the address is right",
            ) from None
        except OSError as error:
            raise NodeUnreachable(
                "the node cannot be reached",
                found=f"{self._endpoint}: {plain(error.strerror or type(error).__name__).lower()}",
                hint="is bitcoind running, with server=1, at that address?",
            ) from None
        except http.client.HTTPException as error:
            raise NodeNonsense(
                "what answers is not a node",
                found=f"{self._endpoint}: {type(error).__name__}",
                hint="check the address and the port: RPC, not peer-to-peer",
            ) from None
        finally:
            connection.close()

    def _connection(self, deadline: float) -> http.client.HTTPConnection:
        host, port = self._endpoint.host.strip("[]"), self._endpoint.port
        left = max(0.1, deadline - time.monotonic())
        if self._endpoint.tls:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=left, context=context)
        return http.client.HTTPConnection(host, port, timeout=left)

    def _check_status(self, status: int) -> None:
        if status == _UNAUTHORIZED:
            raise NodeAuth(
                "the node does not take this user and password",
                found=str(self._endpoint),
                hint="the cookie changes whenever the node starts; or give --node-user and "
                "--node-password-file",
            )
        if status == _FORBIDDEN:
            raise NodeAuth(
                "the node forbids the call",
                found=str(self._endpoint),
                hint="see rpcallowip and rpcwhitelist in its bitcoin.conf",
            )
        if status == _UNAVAILABLE:
            raise NodeUnreachable(
                "the node is overloaded",
                found=str(self._endpoint),
                hint="try again; raise rpcworkqueue in its bitcoin.conf",
            )


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The body of an answer, within its limits of size and time."""
    data = bytearray()
    while (response.length or 0) + len(data) <= MAX_ANSWER:
        chunk = response.read1(_CHUNK)
        data += chunk
        if not chunk and not response.length:
            return bytes(data)
        if not chunk:
            raise NodeNonsense(
                "the node's answer is cut short",
                found=f"{response.length} bytes are missing",
                hint="try again; if it stays, see the node's debug.log",
            )
        if time.monotonic() > deadline:
            raise TimeoutError
    raise NodeNonsense(
        "the node's answer is too long",
        expected=f"at most {MAX_ANSWER:,} bytes",
        hint="check that the address is that of a bitcoind's RPC port",
    )


def _nonsense(method: str, found: str) -> NoReturn:
    raise NodeNonsense(
        f"the node's answer to {method} makes no sense",
        found=found,
        hint="check that the address is that of a bitcoind's RPC port",
    )


def _read_answer(data: bytes, status: int, method: str) -> dict[str, Any]:
    try:
        answer = strict_json.loads(data)
    except ValueError:
        _nonsense(method, f"HTTP status {status}, and no JSON")
    if not isinstance(answer, dict):
        _nonsense(method, f"HTTP status {status}, and no JSON object")
    return answer


def _read_failure(error: Any, method: str) -> RpcFailure:
    match error:
        case {"code": int(code), "message": str(message)}:
            return RpcFailure(code, plain(message))
    _nonsense(method, "an error without code and message")
