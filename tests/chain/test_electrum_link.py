"""The line to an Electrum server: addresses, TLS, and everything that can come over it."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from certificates import self_signed
from simulated_electrum import serving

from signer.chain import electrum_link
from signer.chain.electrum_link import Link, Question, Server, parse_server
from signer.chain.errors import ChainError, NodeNonsense, NodeUnreachable
from signer.core.errors import BadInput


def server(address: str, certificate: Path | None = None, *, plain_tcp: bool = False) -> Server:
    """Read an address."""
    return parse_server(address, certificate=certificate, plain_tcp=plain_tcp)


class Echo:
    """A server that gives a question's parameters back."""

    port = 0

    def answer(self, line: bytes) -> list[Any]:
        """The parameters."""
        request = json.loads(line)
        return [{"jsonrpc": "2.0", "id": request["id"], "result": request["params"]}]


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does one thing to the first client; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                talk(connection)

        thread = Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def saying(data: bytes) -> Callable[[socket.socket], None]:
    """Hear a question, say something, hang up."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(data)

    return talk


@pytest.mark.parametrize(
    ("address", "tls"),
    [
        ("electrum.example.com:50002", True),
        ("192.0.2.1:50002", True),
        ("[2001:db8::1]:50002", True),
        ("127.0.0.1:50001", False),
        ("127.8.8.8:50001", False),
        ("[::1]:50001", False),
        ("localhost:50001", False),
        ("localhost.example.com:50001", True),
    ],
)
def test_only_this_machine_is_spoken_to_in_the_clear(address: str, tls: bool) -> None:
    """TLS anywhere else, unless the officer insists; with a certificate, here too."""
    assert server(address).tls is tls
    assert not server(address, plain_tcp=True).tls


@pytest.mark.parametrize(
    "address",
    [
        "",
        "host",
        "host:",
        ":50002",
        "host:0",
        "host:65536",
        "host:x",
        "ssl://host:1",
        "a b:1",
        "h:1:2",
    ],
)
def test_addresses_that_are_none(address: str) -> None:
    """The officer's mistake."""
    with pytest.raises(BadInput, match="address"):
        server(address)


def test_files_that_are_no_certificate(tmp_path: Path) -> None:
    """Something else, or cut; and a certificate without TLS makes no sense."""
    file, _ = self_signed(tmp_path, "good")
    for content in (b"", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nMII", file.read_bytes()[:-80]):
        (tmp_path / "bad.pem").write_bytes(content)
        with pytest.raises(BadInput, match="certificate"):
            server("127.0.0.1:1", tmp_path / "bad.pem")
    with pytest.raises(BadInput, match="needs TLS"):
        server("127.0.0.1:1", file, plain_tcp=True)


def test_the_pinned_certificate_is_the_only_one(tmp_path: Path) -> None:
    """The very one is taken though nobody vouches for it; another one is not, nor it unpinned."""
    mine, context = self_signed(tmp_path, "mine")
    other, _ = self_signed(tmp_path, "other")
    echo = Echo()
    with serving(echo, context):
        link = Link(server(f"127.0.0.1:{echo.port}", mine))
        assert link.call("say", 1, "two") == [1, "two"]
        link.close()
        with pytest.raises(NodeUnreachable, match="another certificate") as caught:
            Link(server(f"127.0.0.1:{echo.port}", other))
        assert "thief" in caught.value.hint
        unpinned = Server("127.0.0.1", echo.port, tls=True, certificate=None)
        with pytest.raises(NodeUnreachable, match="not trusted") as caught:
            Link(unpinned)
        assert "--electrum-cert" in caught.value.hint


def test_nothing_is_said_before_the_certificate_was_seen(tmp_path: Path) -> None:
    """A thief in between hears no question: not which addresses are ours."""
    _, context = self_signed(tmp_path, "thief")
    mine, _ = self_signed(tmp_path, "mine")
    heard = []

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            heard.append(secured.recv(4096))

    with raw_server(talk) as address, pytest.raises(NodeUnreachable):
        Link(server(address, mine))
    assert heard in ([], [b""])


def test_tls_to_a_plain_port_and_the_reverse(tmp_path: Path) -> None:
    """The usual mistake: the hint names the ports."""
    mine, context = self_signed(tmp_path, "mine")
    echo = Echo()
    with serving(echo), pytest.raises(NodeUnreachable) as caught:
        Link(server(f"127.0.0.1:{echo.port}", mine))
    assert "TLS" in caught.value.hint
    with serving(echo, context):
        link = Link(server(f"127.0.0.1:{echo.port}"))
        with pytest.raises(ChainError) as caught:
            link.call("say")
        link.close()
    assert caught.value.hint


def test_answers_in_any_order_between_notifications() -> None:
    """Each goes to its question; what was not asked for is passed over."""

    def both(connection: socket.socket) -> None:
        lines = connection.makefile()
        first, second = (json.loads(lines.readline())["id"] for _ in range(2))
        news = {"jsonrpc": "2.0", "method": "blockchain.headers.subscribe", "params": [{}]}
        for said in (news, {"id": second, "result": "two"}, news, {"id": first, "result": "one"}):
            connection.sendall(json.dumps(said).encode() + b"\n")

    with raw_server(both) as address:
        link = Link(server(address))
        answers = link.ask([Question("a"), Question("b")])
        link.close()
    assert [answer.result for answer in answers] == ["one", "two"]


NONSENSE = {
    "a web page": b"<html>\n",
    "not text": b"\xff\xfe\n",
    "a list": b"[]\n",
    "nothing asked": b'{"id": 7, "result": 1}\n',
    "an id of text": b'{"id": "1", "result": 1}\n',
    "no id": b'{"result": 1}\n',
    "no result": b'{"id": 1}\n',
    "an error without words": b'{"id": 1, "error": {"code": 1}}\n',
    "an error that is a number": b'{"id": 1, "error": 5}\n',
    "a key twice": b'{"id": 1, "id": 1, "result": 1}\n',
    "not a number": b'{"id": 1, "result": NaN}\n',
    "nested without end": b'{"id": 1, "result": ' + b"[" * 100_000 + b"\n",
    "an unknown call": b'{"id": 1, "error": {"code": -32601, "message": "unknown method"}}\n',
}


@pytest.mark.parametrize("said", NONSENSE.values(), ids=NONSENSE)
def test_what_is_no_answer(said: bytes) -> None:
    """The server is at fault, and what to check."""
    with raw_server(saying(said)) as address:
        link = Link(server(address))
        with pytest.raises(NodeNonsense) as caught:
            link.call("server.features")
        link.close()
    assert caught.value.hint
    assert (caught.value.found + caught.value.what).isprintable()


@pytest.mark.parametrize("said", [b"", b'{"id": 1, "resu'])
def test_a_server_that_hangs_up(said: bytes) -> None:
    """At once, or in the middle of a line."""
    with raw_server(saying(said)) as address:
        link = Link(server(address))
        with pytest.raises(NodeUnreachable):
            link.call("server.features")
        link.close()


def test_a_refusal_is_told_in_the_servers_words() -> None:
    """On one printable line, whatever it holds; old servers give words alone."""
    for error, told in (
        ({"code": -102, "message": "server busy\n\x1b[2J"}, "server busy ?[2J (code -102)"),
        ("words alone", "words alone (code 0)"),
    ):
        said = json.dumps({"id": 1, "error": error}).encode() + b"\n"
        with raw_server(saying(said)) as address:
            link = Link(server(address))
            with pytest.raises(ChainError, match="refuses") as caught:
                link.call("blockchain.relayfee")
            link.close()
        assert caught.value.found == told


def test_a_line_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused once it is over the limit, and not read on."""
    monkeypatch.setattr(electrum_link, "MAX_LINE", 200_000)
    sent: list[int] = []

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        try:
            for _ in range(10_000):
                connection.sendall(b" " * 10_000)
                sent.append(1)
        except OSError:
            return

    with raw_server(talk) as address:
        link = Link(server(address))
        with pytest.raises(NodeNonsense, match="too long"):
            link.call("server.features")
        link.close()
    assert len(sent) < 10_000


@pytest.mark.parametrize("drip", [b"", b" ", b'{"method": "x"}\n'])
def test_a_slow_server_does_not_hold_us(monkeypatch: pytest.MonkeyPatch, drip: bytes) -> None:
    """One deadline for an exchange: neither silence nor drops nor notifications put it off."""
    monkeypatch.setattr(electrum_link, "TIMEOUT", 0.3)
    done = Event()

    def talk(connection: socket.socket) -> None:
        try:
            while not done.wait(0.002):
                connection.sendall(drip)
        except OSError:
            return

    with raw_server(talk) as address:
        link = Link(server(address))
        with pytest.raises(NodeUnreachable, match="in time"):
            link.call("server.features")
        done.set()
        link.close()


def test_nobody_there() -> None:
    """Where, and what to see to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(NodeUnreachable) as caught:
            Link(server(f"127.0.0.1:{port}"))
    assert str(port) in caught.value.found


def test_localhost_must_be_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere gets no word in the clear."""

    class Elsewhere(socket.socket):
        def getpeername(self) -> Any:
            return ("192.0.2.1", 1)

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def elsewhere(address: Any, timeout: float) -> socket.socket:
            assert timeout
            found = Elsewhere()
            found.connect(("127.0.0.1", address[1]))
            return found

        monkeypatch.setattr(socket, "create_connection", elsewhere)
        with pytest.raises(NodeUnreachable, match="another machine"):
            Link(server(f"localhost:{listening.getsockname()[1]}"))
