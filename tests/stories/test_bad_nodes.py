"""Nodes that are down, ask for a password, follow another chain, are syncing, or talk nonsense."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from complaints import check_complaint
from programs import forked

from signer.ceremony.demo import passphrase
from signer.ceremony.terminal import converse

GOOD = "bcrt1qz3w6x69hg4j3na3dpj5zy8alvemhrzjya70nrl"

INFO = {
    "chain": "regtest",
    "blocks": 105,
    "headers": 105,
    "bestblockhash": "00" * 32,
    "initialblockdownload": False,
}


def rpc(**changes):
    """What `getblockchaininfo` says, with some of it changed."""
    return 200, json.dumps({"result": {**INFO, **changes}, "error": None, "id": 1}).encode()


def warming_up():
    """What a node says that has just been started."""
    error = {"code": -28, "message": "Verifying blocks..."}
    return 500, json.dumps({"result": None, "error": error, "id": 1}).encode()


# What the node answers to anything, and a word of the complaint.
NODES = {
    "asks for a password": ((401, b""), "password"),
    "forbids": ((403, b""), ""),
    "is on another network": (rpc(chain="main"), "another chain"),
    "is syncing": (rpc(blocks=50, headers=105), "catching up"),
    "is starting": (warming_up(), "Verifying blocks"),
    "serves a web page": ((200, b"<html>It works!</html>"), ""),
    "is a page that is not there": ((404, b"not found"), ""),
    "says nothing": ((200, b""), ""),
    "says half": ((200, b'{"result": {"chain": "regt'), ""),
    "says null": ((200, b'{"result": null, "error": null, "id": 1}'), ""),
    "says a list": ((200, b"[1, 2, 3]"), ""),
    "says negative heights": (rpc(blocks=-1), ""),
    "says words for numbers": (rpc(blocks="105"), ""),
    "says huge numbers": (rpc(blocks=10**30), ""),
    "says a hash that is none": (rpc(bestblockhash="xyz"), ""),
    "nests without end": ((200, b'{"result": ' + b"[" * 100_000), ""),
    "is not text": ((200, b"\xff\xfe\x00" * 50), ""),
    "hides control characters": ((500, b'{"error": {"code": -1, "message": "\\u001b[2J"}}'), ""),
}


@pytest.fixture
def node(request):
    """A node that says one thing to everybody; gives its URL."""
    status, body = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def ask(office, scratch, url, *options):
    """Ask for a withdrawal, with a node to look for coins."""
    password = scratch / "password"
    password.write_text("secret\n")
    out = scratch / "out"
    argv = ["coldquorum", "request", "new", "--vault", "treasury", "--why", "reason"]
    argv += ["--initiator", "carol", "--to", f"{GOOD}:100000", "-o", out, "--node", url]
    argv += options or ["--node-user", "me", "--node-password-file", password]
    before = office.listing()
    desk, home = office.at("coordinator"), office.home("coordinator")
    ended = forked(argv, cwd=desk, home=home, scratch=scratch)
    assert not out.exists()
    assert office.listing() == before
    assert "secret" not in ended.err
    return ended


@pytest.mark.parametrize(
    ("node", "told"),
    NODES.values(),
    ids=[name.replace(" ", "-") for name in NODES],
    indirect=["node"],
)
def test_a_bad_node_is_told_plainly(node, told, unharmed, tmp_path):
    """Exit code 6, the node is at fault, what it said, and what to do."""
    ended = ask(unharmed, tmp_path, node)
    check_complaint(ended, code=6, mentions=told)
    assert "at fault: node" in ended.err
    assert "\x1b" not in ended.err


def test_a_node_that_is_down_is_told(unharmed, tmp_path):
    """Nobody listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    ended = ask(unharmed, tmp_path, f"http://127.0.0.1:{port}")
    check_complaint(ended, code=6, mentions=str(port))


def test_something_that_is_no_web_server_is_told(unharmed, tmp_path):
    """It answers, but not as a node does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        ended = ask(unharmed, tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    check_complaint(ended, code=6)


URLS = ("ftp://x", "http://me:secret@127.0.0.1", "http://127.0.0.1:99999", "http://")


@pytest.mark.parametrize("url", URLS)
def test_a_bad_url_is_told(url, unharmed, tmp_path):
    """It is the officer's mistake, and a password in it is not repeated."""
    check_complaint(ask(unharmed, tmp_path, url), code=4)


def test_a_cookie_that_is_not_there_is_told(unharmed, tmp_path):
    """The cookie file is named."""
    cookie = str(tmp_path / "no-cookie")
    ended = ask(unharmed, tmp_path, "http://127.0.0.1:1", "--node-cookie", cookie)
    check_complaint(ended, code=6, mentions=cookie)


def test_play_money_is_not_for_a_vault_of_another_network(office, tmp_path):
    """The embedded chain refuses a vault of mainnet."""

    def run(machine, line, **how):
        how = {"cwd": office.at(machine), "home": office.home(machine), **how}
        ended = forked(line.split(), scratch=tmp_path, **how)
        assert ended.code == 0, ended.err
        return ended

    export = "coldsign key xpub alice --network main -o ../coordinator/real.key.json"
    run("alice", f"{export} --passphrase-file passphrase")
    run("coordinator", "coldquorum vault create real --threshold 1 --key real.key.json")
    template = "coldquorum policy new --vault real --officer alice.officer.json --json"
    toml = run("coordinator", template).answer["toml"]
    (office.at("coordinator") / "real.toml").write_text(toml)
    run("coordinator", "coldquorum policy propose real.toml -o ../alice/real.json")
    # On mainnet an officer has to say yes at a terminal.
    signed = converse(
        ["coldsign", "policy", "sign", "real.json", "-o", "../coordinator/real.json"],
        [(r"passphrase for [^\n]*: $", passphrase("alice")), (r"\[type yes\]: $", "yes")],
        cwd=office.at("alice"),
        home=office.home("alice"),
    )
    assert signed.code == 0, signed.err
    run("coordinator", "coldquorum policy import real.json")
    ask_for_it = "coldquorum request new --vault real --why reason --initiator bob --regtest --to"
    refused = forked(
        [*ask_for_it.split(), "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq:1000"],
        cwd=office.at("coordinator"),
        home=office.home("coordinator"),
        scratch=tmp_path,
    )
    check_complaint(refused, code=6, mentions="regtest only")
