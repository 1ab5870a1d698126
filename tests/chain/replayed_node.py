"""A real HTTP server on the loopback that answers like the bitcoind 28 that was recorded.

See data/README.md. A request is answered by the record with the same path, method and
parameters: the first from `stage` on, else the last before it. Tests move the stage forward, the
way the recorded session went. `replies` stand in for what was not recorded.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

RECORDING = Path(__file__).parent / "data" / "bitcoind-28-regtest.jsonl"
USER, PASSWORD = "officer", "correct horse"
GENESIS = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
"""The first block of every regtest of Bitcoin's (Bitcoin Core, `src/kernel/chainparams.cpp`)."""


@dataclass
class Reply:
    """What goes over the wire."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """A JSON-RPC error, instead of a result."""

    code: int
    message: str


class ReplayedNode:
    """The node's side: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.records = [json.loads(line) for line in RECORDING.read_text().splitlines()]
        self.stage = 0
        self.asked: list[tuple[str, str, Any]] = []
        self.replies: dict[str, Callable[[Any], Any]] = {}
        self.raw_reply: Callable[[dict[str, Any]], Reply] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def record(self, note: str) -> int:
        """The number of the record with a note."""
        (number,) = (n for n, r in enumerate(self.records) if r.get("note") == note)
        return int(number)

    def answer(self, path: str, request: dict[str, Any]) -> Reply:
        """What a request is answered with."""
        method, params = request["method"], request["params"]
        self.asked.append((path, method, params))
        if self.raw_reply is not None:
            return self.raw_reply(request)
        if (method, params) == ("getblockhash", [0]):  # it was not asked when recording
            return reply(request, result=GENESIS)
        if method in self.replies:
            result = self.replies[method](params)
            if isinstance(result, Refusal):
                return reply(request, error=vars(result))
            return reply(request, result=result)
        found = [
            number
            for number, record in enumerate(self.records)
            if record["path"] == path
            and record["status"] != 401
            and record["request"]["method"] == method
            and like(method, record["request"]["params"]) == like(method, params)
        ]
        if not found:
            return reply(request, error={"code": -32603, "message": f"not recorded: {request}"})
        later = [number for number in found if number >= self.stage]
        record = self.records[later[0] if later else found[-1]]
        body = {**record["response"], "id": request["id"]}
        return Reply(record["status"], json.dumps(body).encode())


def like(method: str, params: Any) -> Any:
    """Parameters without what may differ: the recorded scan looked at 20 addresses, we at 999."""
    if method == "scantxoutset":
        return [params[0], [entry["desc"] for entry in params[1]]]
    return params


def reply(request: dict[str, Any], *, result: Any = None, error: Any = None) -> Reply:
    """A JSON-RPC answer as bitcoind 28 gives it."""
    body = {"result": result, "error": error, "id": request["id"]}
    return Reply(500 if error else 200, json.dumps(body).encode())


@contextmanager
def serving(node: Any) -> Iterator[None]:
    """Serve `node.answer` on a free port of the loopback, behind user and password."""
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_POST(self) -> None:
            """Answer it."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Authorization"] != expected:
                answered = Reply(401, b"")
            else:
                answered = node.answer(self.path, json.loads(body))
            self.send_response(answered.status)
            headers = {"Content-Type": "application/json", **answered.headers}
            headers.setdefault("Content-Length", str(len(answered.body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answered.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        node.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
