"""The walls around a secret, tried out in processes of their own: they cannot be taken down."""

import subprocess
import sys
from pathlib import Path

import pytest

from signer.keys.hardening import wipe

ROOT = Path(__file__).resolve().parents[2]
START = "from signer.keys.hardening import harden, SocketForbidden; done = harden(); harden()\n"


def run(code):
    """Run code in a hardened process, and give what it printed."""
    return subprocess.run(
        [sys.executable, "-c", START + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.socket()",
        "import _socket; _socket.socket()",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import socket; socket.gethostbyname('localhost')",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.socketpair()",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
        "import http.client; http.client.HTTPConnection('127.0.0.1', 9).connect()",
    ],
)
def test_no_way_to_the_network(attempt):
    """Every door of the standard library raises, whoever opens it."""
    result = run(
        f"try:\n    {attempt}\nexcept SocketForbidden as e:\n    print('forbidden', e.found)"
    )
    assert result.stdout.startswith("forbidden socket."), result.stderr


def test_the_walls_stand():
    """No core dump by limit or by handler, and harden() says what it did."""
    result = run(
        "import ctypes, resource\n"
        "print(done.core_dumps_off, resource.getrlimit(resource.RLIMIT_CORE),"
        " ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    assert result.stdout.strip() == "True (0, 0) 0", result.stderr


def test_locked_memory_is_locked():
    """Where the process may lock memory, it does, and `harden` tells the truth about it."""
    result = run(
        "locked = [int(l.split()[1]) for l in open('/proc/self/status') if l[:5] == 'VmLck'][0]\n"
        "print(done.memory_locked == (locked > 1000))"
    )
    assert result.stdout.strip() == "True", result.stderr


@pytest.mark.parametrize("limit", [0, 1 << 16, 1 << 22])
def test_a_small_limit_on_locked_memory_does_not_starve_argon2(limit):
    """Without the right to lock all memory, nothing is locked, and 64 MiB can still be had."""
    code = (
        "import os, resource, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        f"resource.setrlimit(resource.RLIMIT_MEMLOCK, ({limit}, {limit}))\n"
        "import cryptography.hazmat.primitives.kdf.argon2 as argon2\n"
        "from signer.keys import hardening\n"
        "hardening._may_lock_without_limit = lambda: False\n"
        "assert not hardening.harden().memory_locked\n"
        "kdf = argon2.Argon2id(salt=bytes(32), length=32, iterations=1, lanes=4,"
        " memory_cost=65536)\n"
        "print(len(kdf.derive(b'x')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.stdout.strip() == "32", result.stderr


def test_wiping_overwrites_in_place():
    """The very bytes are zero afterwards, for every secret given."""
    first, second = bytearray(b"secret"), bytearray(b"words")
    view = memoryview(first)
    wipe(first, second)
    assert bytes(view) == bytes(6)
    assert second == bytes(5)
