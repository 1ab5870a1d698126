"""JSON-RPC over HTTP: addresses, logins, and everything that a node can answer wrongly."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from replayed_node import PASSWORD, USER, ReplayedNode, Reply, reply, serving

from signer.chain import rpc as rpc_module
from signer.chain.errors import ChainError, NodeAuth, NodeNonsense, NodeSyncing, NodeUnreachable
from signer.chain.login import login
from signer.chain.nodes import NODES
from signer.chain.rpc import Login, Rpc, RpcFailure, parse_url
from signer.core.errors import BadInput

BTC = NODES["BTC"]
OLDEST = BTC.oldest


@pytest.fixture
def node() -> Iterator[ReplayedNode]:
    """A node that plays the recording back."""
    replayed = ReplayedNode()
    with serving(replayed):
        yield replayed


def rpc_to(url: str, password: str = PASSWORD) -> Rpc:
    """A client with the right user."""
    return Rpc(parse_url(url, 1), Login(USER, password), OLDEST)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8332", "http://127.0.0.1:8332"),
        ("http://127.0.0.1:8332/", "http://127.0.0.1:8332"),
        ("127.0.0.1:8332", "http://127.0.0.1:8332"),
        ("localhost", "http://localhost:18443"),
        ("http://node-1.vault.example", "http://node-1.vault.example:18443"),
        ("https://node.example:443", "https://node.example:443"),
        ("http://[::1]:18443", "http://[::1]:18443"),
    ],
)
def test_addresses_of_nodes(url: str, expected: str) -> None:
    """The port may be left out, and so may `http://`."""
    assert str(parse_url(url, 18_443)) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "ftp://node:1",
        "file:///etc/passwd",
        "http://node:0",
        "http://node:99999",
        "http://node:x",
        "http://node:8332/path",
        "http://node:8332?a=b",
        "http://node:8332#a",
        "http://no de:8332",
        "http://node\r\nHost: x:8332",
        "http://nöde:8332",
        "http://..:8332",
        "http://" + "a" * 64 + ".example",
        "http://[::1",
        "http://[]:1",
        "http://node:8332/wallet/vault",
    ],
)
def test_what_is_no_address(url: str) -> None:
    """Each is refused before anything is sent anywhere."""
    with pytest.raises(BadInput) as caught:
        parse_url(url, 18_443)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "url",
    [
        "http://officer:hunter2@127.0.0.1:8332",
        "officer:hunter2@127.0.0.1:8332",
        "http://hunter2@node",
        "https://:hunter2@node:1/",
    ],
)
def test_password_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    """It would stand in the process list and in the shell's history; the hint says how instead."""
    with pytest.raises(BadInput, match="user or a password") as caught:
        parse_url(url, 18_443)
    error = caught.value
    assert "hunter2" not in f"{error} {error.found} {error.expected} {error.hint} {error!r}"
    assert "cookie" in error.hint


def test_login_from_the_cookie_file(tmp_path: Path) -> None:
    """As bitcoind writes it, without a line end."""
    path = tmp_path / ".cookie"
    path.write_text("__cookie__:0123456789abcdef")
    assert login(BTC, "regtest", path, None, None) == Login("__cookie__", "0123456789abcdef")


@pytest.mark.parametrize(
    ("network", "folder"),
    [("main", "."), ("test", "testnet3"), ("signet", "signet"), ("regtest", "regtest")],
)
def test_cookie_is_looked_for_where_bitcoind_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str, folder: str
) -> None:
    """Below ~/.bitcoin, each network in a folder of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / ".bitcoin" / folder / ".cookie"
    path.parent.mkdir(parents=True)
    path.write_text("__cookie__:secret")
    assert login(BTC, network, None, None, None).password == "secret"


def test_missing_cookie_file_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mostly the node is not running."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(NodeAuth) as caught:
        login(BTC, "signet", None, None, None)
    assert caught.value.found == str(tmp_path / ".bitcoin" / "signet" / ".cookie")
    assert "bitcoind running" in caught.value.hint


@pytest.mark.parametrize(
    "content", [b"", b"no colon", b":", b"user:", b":pass", b"a:b\nc", b"\xff" * 10, b"x" * 5_000]
)
def test_files_that_are_no_cookie(tmp_path: Path, content: bytes) -> None:
    """Their content is not repeated: it may be somebody's password."""
    path = tmp_path / ".cookie"
    path.write_bytes(content)
    with pytest.raises(NodeAuth) as caught:
        login(BTC, "main", path, None, None)
    assert str(path) in caught.value.found


@pytest.mark.parametrize(
    ("cookie", "user", "password"),
    [("c", "u", "p"), (None, "u", None), (None, "u:v", "p")],
)
def test_logins_that_do_not_fit(cookie: str | None, user: str, password: str | None) -> None:
    """Both ways at once, a user without password, a colon in the user."""
    with pytest.raises(BadInput, match="login"):
        login(BTC, "main", Path(cookie) if cookie else None, user, password)


def test_password_is_in_no_text() -> None:
    """Neither the login nor the client shows it."""
    known = Login("officer", "hunter2")
    client = Rpc(parse_url("http://node", 1), known, OLDEST)
    assert "hunter2" not in f"{known!r} {known} {client!r} {client}"


def test_recorded_answer(node: ReplayedNode) -> None:
    """Numbers with a fraction stay exact."""
    network = rpc_to(node.url).call("getnetworkinfo")
    assert network["version"] == 280_100
    assert str(network["relayfee"]) == "0.00001"


def test_recorded_wrong_password(node: ReplayedNode) -> None:
    """HTTP 401, as in the recording; the password is not repeated."""
    with pytest.raises(NodeAuth, match="user and password") as caught:
        rpc_to(node.url, "wrong horse").call("getblockchaininfo")
    error = caught.value
    assert "wrong horse" not in f"{error} {error.found} {error.expected} {error.hint}"
    assert (error.exit_code, "cookie" in error.hint) == (6, True)


def test_recorded_unknown_method(node: ReplayedNode) -> None:
    """HTTP 404 with a JSON answer: the version that would know it is named."""
    with pytest.raises(NodeNonsense, match="does not know the call nosuchmethod") as caught:
        rpc_to(node.url).call("nosuchmethod")
    assert "Bitcoin Core" in caught.value.expected


def test_recorded_failure(node: ReplayedNode) -> None:
    """The node's own no: a value for those who ask, an error for those who call."""
    client = rpc_to(node.url)
    expected = RpcFailure(-18, "Requested wallet does not exist or is not loaded")
    assert client.ask("getwalletinfo", wallet="nope").failure == expected
    with pytest.raises(ChainError, match="refuses getwalletinfo") as caught:
        client.call("getwalletinfo", wallet="nope")
    assert caught.value.found == f"{expected.message} (code -18)"


def test_wallet_names_are_quoted(node: ReplayedNode) -> None:
    """A name is a name, not a path."""
    node.replies["getwalletinfo"] = lambda _: {}
    rpc_to(node.url).call("getwalletinfo", wallet="../a b?c#d/é")
    assert node.asked[0][0] == "/wallet/..%2Fa%20b%3Fc%23d%2F%C3%A9"


def body(text: str | bytes, status: int = 200, **headers: str) -> Callable[[Any], Reply]:
    """The same answer to everything."""
    raw = text if isinstance(text, bytes) else text.encode()
    return lambda _: Reply(status, raw, {k.replace("_", "-"): v for k, v in headers.items()})


def answer(text: str) -> Callable[[Any], Reply]:
    """A well-formed answer around a result that is not."""
    return lambda request: Reply(
        200, f'{{"result": {text}, "error": null, "id": {request["id"]}}}'.encode()
    )


def failing(error: Any) -> Callable[[Any], Reply]:
    """The node's own no."""
    return lambda request: reply(request, error=error)


HTML = "<html><body>It works!</body></html>"
FAULTS = {
    "a web page": (body(HTML, Content_Type="text/html"), NodeNonsense),
    "a web server's 404": (body(HTML, 404), NodeNonsense),
    "a web server's 500": (body(HTML, 500), NodeNonsense),
    "a redirection": (body("", 301, Location="http://elsewhere/"), NodeNonsense),
    "nothing": (body(""), NodeNonsense),
    "half an answer": (body('{"result": 1, "err'), NodeNonsense),
    "fewer bytes than announced": (body('{"re', Content_Length="1000"), NodeNonsense),
    "a gigabyte announced": (body("{}", Content_Length=str(1 << 30)), NodeNonsense),
    "another id": (body('{"result": 1, "error": null, "id": 777}'), NodeNonsense),
    "no id": (body('{"result": 1, "error": null}'), NodeNonsense),
    "no result": (lambda r: Reply(200, b'{"error":null,"id":%d}' % r["id"]), NodeNonsense),
    "a list": (body("[1, 2]"), NodeNonsense),
    "a number": (body("5"), NodeNonsense),
    "not a number": (answer("NaN"), NodeNonsense),
    "infinity": (answer("-Infinity"), NodeNonsense),
    "a key twice": (answer('{"a": 1, "a": 2}'), NodeNonsense),
    "5,000 digits": (answer("9" * 5_000), NodeNonsense),
    "100,000 levels": (answer("[" * 100_000), NodeNonsense),
    "no UTF-8": (body(b'{"result": "\xff", "error": null, "id": 1}'), NodeNonsense),
    "UTF-16": (body('{"result": 1, "error": null, "id": 1}'.encode("utf-16")), NodeNonsense),
    "an error without code": (failing({"message": "x"}), NodeNonsense),
    "an error that is text": (failing("no"), NodeNonsense),
    "forbidden": (body("", 403), NodeAuth),
    "overloaded": (body("Work queue depth exceeded", 503), NodeUnreachable),
    "starting": (failing({"code": -28, "message": "Loading block index…"}), NodeSyncing),
    "unknown": (failing({"code": -32601, "message": "Method not found"}), NodeNonsense),
    "a no": (failing({"code": -5, "message": "x\x1b[31m\ny" + "z" * 999}), ChainError),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_nodes(node: ReplayedNode, name: str) -> None:
    """Each has its error with a hint, on one printable line."""
    node.raw_reply, expected = FAULTS[name]
    with pytest.raises(ChainError) as caught:
        rpc_to(node.url).call("uptime")
    error = caught.value
    assert type(error) is expected
    assert error.hint
    for text in (error.what, error.expected, error.found, error.hint):
        assert text.isprintable()
        assert len(text) < 400


def test_answer_longer_than_announced_limit(
    node: ReplayedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a length in front, reading stops at the limit."""
    monkeypatch.setattr(rpc_module, "MAX_ANSWER", 1_000)
    node.raw_reply = body("x" * 100_000)
    with pytest.raises(NodeNonsense, match="too long"):
        rpc_to(node.url).call("uptime")


@contextmanager
def stranger(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Something that listens and is no bitcoind; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                # All of the request, or closing would reset the connection; TLS begins with 0x16.
                asked = connection.recv(65_536)
                while not asked.startswith(b"\x16") and not asked.endswith(b"}"):
                    asked += connection.recv(65_536)
                behave(connection)

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_nobody_listens() -> None:
    """Connection refused."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NodeUnreachable, match="cannot be reached") as caught:
        rpc_to(f"http://127.0.0.1:{port}").call("uptime")
    assert "connection refused" in caught.value.found
    assert "bitcoind running" in caught.value.hint


def test_name_that_nobody_has() -> None:
    """No such host; .invalid is reserved for that (RFC 2606)."""
    with pytest.raises(NodeUnreachable, match="cannot be reached"):
        rpc_to("http://node.invalid:1").call("uptime")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"", NodeUnreachable),
        (b"\xf9\xbe\xb4\xd9version\x00\x00\x00\x00\x00", NodeNonsense),
        (b"SSH-2.0-OpenSSH_9.2\r\n", NodeNonsense),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, NodeNonsense),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", NodeNonsense),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", NodeNonsense),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nab", NodeNonsense),
    ],
)
def test_strangers(said: bytes, expected: type[ChainError]) -> None:
    """The peer-to-peer port, another service, broken HTTP."""
    answering = stranger(lambda connection: connection.sendall(said))
    with answering as url, pytest.raises(ChainError) as caught:
        rpc_to(url).call("uptime")
    assert type(caught.value) is expected


def test_tls_where_there_is_none() -> None:
    """https:// to a port that speaks something else."""
    answering = stranger(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"))
    with answering as url, pytest.raises(NodeUnreachable):
        rpc_to(url.replace("http:", "https:")).call("uptime")


def test_silence_times_out() -> None:
    """A node that takes the question and says nothing."""
    silent = stranger(lambda _: time.sleep(0.6))
    with silent as url, pytest.raises(NodeUnreachable, match="in time"):
        rpc_to(url).call("uptime", timeout=0.2)


def test_dripping_times_out() -> None:
    """A byte now and then does not keep us waiting for ever."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(600):
            try:
                connection.sendall(b" ")
            except OSError:
                return
            time.sleep(0.05)

    started = time.monotonic()
    with stranger(drip) as url:
        with pytest.raises(NodeUnreachable, match="in time"):
            rpc_to(url).call("uptime", timeout=0.3)
        assert time.monotonic() - started < 15  # of the 30 that it drips


def test_request_is_json_rpc(node: ReplayedNode) -> None:
    """Parameters by position, or by name from a single dict."""
    node.replies.update(a=lambda _: 1, b=lambda _: 2)
    client = rpc_to(node.url)
    assert (client.call("a", 1, "x", [True]), client.call("b", {"k": 1})) == (1, 2)
    assert node.asked == [("/", "a", [1, "x", [True]]), ("/", "b", {"k": 1})]
    assert json.dumps(node.asked)
