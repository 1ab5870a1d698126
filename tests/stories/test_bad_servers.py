"""Electrum servers that are down, of another chain, or talk nonsense; and thieves between."""

import json
import socket
import threading

import pytest
from complaints import check_complaint
from programs import ROOT, forked

GOOD = "bcrt1qz3w6x69hg4j3na3dpj5zy8alvemhrzjya70nrl"
GENESIS = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
BITCOIN = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
MONACOIN = "7543a69d7c2fcdb29a5ebec2fc064c074a35253b6f3072c8a749473aa590a29c"
TIP = {"height": 1, "hex": "00" * 80}
VERSION = ["ElectrumX 1.16.0", "1.4"]

# What the server answers to each question in turn (then it hangs up), and a word of the complaint.
SERVERS = {
    "is of Bitcoin's main chain": (
        [VERSION, {"genesis_hash": BITCOIN}, TIP],
        "another chain",
    ),
    "is of Monacoin": (
        [VERSION, {"genesis_hash": MONACOIN}, TIP],
        "another chain",
    ),
    "hangs up at once": ([], "hangs up"),
    "hangs up later": ([VERSION, {"genesis_hash": GENESIS}], "hangs up"),
    "tells no genesis": ([VERSION, {}], "genesis_hash"),
    "tells half a header": (
        [VERSION, {"genesis_hash": GENESIS}, {"height": 1, "hex": "00" * 40}],
        "header",
    ),
    "is a web server": ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "no JSON"),
    "is another kind of server": ([b"SSH-2.0-OpenSSH_9.6\r\n"], "no JSON"),
    "hides control characters": (
        [b'{"id": 1, "error": {"code": 1, "message": "\\u001b[2J"}}\n'],
        "",
    ),
    "says null": ([None], ""),
    "nests without end": ([b'{"id": 1, "result": ' + b"[" * 100_000 + b"\n"], "no JSON"),
    "names coins beyond number": (
        [VERSION, {"genesis_hash": GENESIS}, {"height": 10**30, "hex": "00" * 80}],
        "height",
    ),
}


@pytest.fixture
def server(request):
    """A server that says these things; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection, connection.makefile() as lines:
                for said in request.param:
                    asked = json.loads(lines.readline())
                    answer = {"jsonrpc": "2.0", "id": asked["id"], "result": said}
                    line = (
                        json.dumps(answer).encode() + b"\n" if not isinstance(said, bytes) else said
                    )
                    connection.sendall(line)
                lines.readline()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def ask(office, scratch, *options):
    """Ask for a withdrawal, with a server to look for coins; nothing may be left behind."""
    out = scratch / "out"
    argv = ["coldquorum", "request", "new", "--vault", "treasury", "--why", "reason"]
    argv += ["--initiator", "carol", "--to", f"{GOOD}:100000", "-o", out, *options]
    before = office.listing()
    desk, home = office.at("coordinator"), office.home("coordinator")
    ended = forked(argv, cwd=desk, home=home, scratch=scratch)
    assert not out.exists()
    assert office.listing() == before
    return ended


@pytest.mark.parametrize(
    ("server", "told"),
    SERVERS.values(),
    ids=[name.replace(" ", "-") for name in SERVERS],
    indirect=["server"],
)
def test_a_bad_server_is_told_plainly(server, told, unharmed, tmp_path):
    """Exit code 6, the node is at fault, what it said, and what to do."""
    ended = ask(unharmed, tmp_path, "--electrum", server)
    check_complaint(ended, code=6, mentions=told)
    assert "at fault: node" in ended.err
    assert "\x1b" not in ended.err


def test_a_server_that_is_down_is_told(unharmed, tmp_path):
    """Nobody listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        ended = ask(unharmed, tmp_path, "--electrum", f"127.0.0.1:{port}")
    check_complaint(ended, code=6, mentions=str(port))


def test_a_thief_with_another_certificate_learns_nothing(unharmed, tmp_path, monkeypatch):
    """The pinned certificate is not the one that is shown: nothing is asked."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "chain")
    certificates = pytest.importorskip("certificates")
    _, context = certificates.self_signed(tmp_path, "thief")
    pinned, _ = certificates.self_signed(tmp_path, "pinned")
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection, context.wrap_socket(connection, server_side=True) as secured:
                heard.append(secured.recv(4096))

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        ended = ask(unharmed, tmp_path, "--electrum", address, "--electrum-cert", pinned)
        thread.join()
    check_complaint(ended, code=6, mentions="another certificate")
    assert heard == [b""]


@pytest.mark.parametrize("address", ["", "electrum", "ssl://electrum:50002", "electrum:99999"])
def test_a_bad_address_is_told(address, unharmed, tmp_path):
    """It is the officer's mistake."""
    check_complaint(ask(unharmed, tmp_path, "--electrum", address), code=4, mentions="HOST:PORT")


def test_a_file_that_is_no_certificate_is_told(unharmed, tmp_path):
    """The file is named."""
    file = tmp_path / "server.pem"
    file.write_text("hello")
    ended = ask(unharmed, tmp_path, "--electrum", "127.0.0.1:1", "--electrum-cert", file)
    check_complaint(ended, code=4, mentions=str(file))


@pytest.mark.parametrize(
    "options",
    [
        "--electrum 127.0.0.1:1 --regtest",
        "--electrum 127.0.0.1:1 --node http://127.0.0.1:1",
        "--electrum 127.0.0.1:1 --wallet watch",
        "--regtest --electrum-plain",
        "--node http://127.0.0.1:1 --electrum-cert server.pem",
    ],
)
def test_two_chains_at_once_are_a_usage_error(options, unharmed, tmp_path):
    """One chain, with its own options."""
    check_complaint(ask(unharmed, tmp_path, *options.split()), code=2)
