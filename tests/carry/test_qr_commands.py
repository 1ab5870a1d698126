"""`qr show` and `qr scan` of both programs, as people use them."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from carry_samples import binary, image, join, noise, psbt, seen
from test_qr_drawing import from_blocks
from test_ur_types import vault

from policies.envelope import Envelope
from signer.build.vault import create_vault
from signer.carry import bbqr, picture, qr
from signer.carry.payload import Kind, Payload
from signer.core import coins
from signer.core.vault import VaultSigner

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("coldsign", "coldquorum")
AS = ("--format", "ur", "--json", "--as")


@pytest.fixture
def run(tmp_path):
    """Run a program in an empty folder."""

    def call(program, *arguments, stdin=b"", code=0):
        done = subprocess.run(
            [sys.executable, "-m", f"signer.cli.{program}", "qr", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
            input=stdin,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode() + done.stderr.decode()

    return call


@pytest.fixture
def file(tmp_path):
    """Put a PSBT into the folder."""
    path = tmp_path / "w.psbt"
    path.write_bytes(psbt())
    return path


@pytest.mark.parametrize("way", ["bbqr", "ur"])
@pytest.mark.parametrize("programs", [PROGRAMS, PROGRAMS[::-1]], ids=lambda p: p[0])
def test_a_film_crosses(run, tmp_path, file, programs, way):
    """One program writes a film, the other reads it: the same bytes, the same digits."""
    shows, scans = programs
    told = run(shows, "show", file.name, "-o", "w.gif", "--format", way, "--density", 8)
    heard = run(scans, "scan", "w.gif", "-o", "back.psbt")
    assert (tmp_path / "back.psbt").read_bytes() == psbt()
    mark = Payload(Kind.PSBT, psbt()).mark
    assert f"sha256   {mark}" in told
    assert re.search(rf"sha256 +{re.escape(mark)}", heard)
    assert re.search(rf"codes +{way}: (\d+) of \1\n", heard)


def test_pictures_cross_in_any_order(run, tmp_path, file):
    """A picture a code, numbered; read in any order, some twice; named after what was carried."""
    facts = json.loads(run("coldsign", "show", file.name, "-o", "w.png", "--density", 6, "--json"))
    names = [Path(name).name for name in facts["files"]]
    assert names == [f"w-{n:0{len(str(len(names)))}}.png" for n in range(1, len(names) + 1)]
    answer = json.loads(run("coldquorum", "scan", *names[::-1], names[0], "--json"))
    assert (answer["kind"], answer["count"], answer["format"]) == ("psbt", len(names), "bbqr")
    assert answer["sha256"] == facts["sha256"]
    assert answer["file"] == f"scanned-{facts['sha256'][:8]}.psbt"
    assert (tmp_path / answer["file"]).read_bytes() == psbt()


def test_a_page_to_print(run, tmp_path, file):
    """The page has every code and the whole digest; SVGs are as many."""
    run("coldsign", "show", file.name, "-o", "w.html", "--density", 6)
    text = (tmp_path / "w.html").read_text()
    run("coldsign", "show", file.name, "-o", "w.svg", "--density", 6)
    assert text.count("<svg") == len(list(tmp_path.glob("w-*.svg"))) > 1
    assert Payload(Kind.PSBT, psbt()).sha256 in text


def test_codes_as_text_cross(run, tmp_path, file):
    """A hand scanner types the codes, a line each."""
    codes = json.loads(run("coldquorum", "show", file.name, "--format", "ur", "--json"))["codes"]
    assert join(codes) == Payload(Kind.PSBT, psbt())
    lines = "\r\n".join(["", *codes, ""]).encode()
    run("coldsign", "scan", "-", "-o", "back.psbt", stdin=lines)
    assert (tmp_path / "back.psbt").read_bytes() == psbt()


def test_still_codes_on_the_terminal(run, file):
    """Without a terminal, or with --still, all codes stand below each other and can be read."""
    out = run("coldsign", "show", file.name, "--still", "--density", 7)
    pages = [page.splitlines() for page in out.split("\n\n")]
    codes = []
    for page in pages:
        rows = from_blocks([line for line in page if set(line) <= set("█▀▄ ") and line])
        scaled = [bytes(v for v in row for _ in range(3)) for row in rows for _ in range(3)]
        codes += seen(image(scaled))
    assert join(code.decode() for code in codes).data == psbt()


def test_what_is_missing_is_said(run, tmp_path):
    """An incomplete series names its missing codes, exits with 4, and writes nothing."""
    codes = bbqr.split(binary(900), 200)
    out = run("coldsign", "scan", "-", "-o", "x", stdin="\n".join(codes[1:5]).encode(), code=4)
    assert f"found: bbqr: 4 of {len(codes)}, missing 1, 6-{len(codes)}" in out
    assert not (tmp_path / "x").exists()


def test_two_series_are_refused(run, tmp_path):
    """Codes of two transfers in one go are refused."""
    other = Payload(Kind.BINARY, b"\xff\0" + noise(898, "other"))
    codes = (*bbqr.split(binary(900), 200)[:2], *bbqr.split(other, 200)[:2])
    out = run("coldsign", "scan", "-", "-o", "x", stdin="\n".join(codes).encode(), code=4)
    assert "another series" in out
    assert not (tmp_path / "x").exists()


def test_a_bad_picture_costs_nothing_but_itself(run, tmp_path):
    """What the other pictures told is kept: enough is enough, too little says why."""
    codes = bbqr.split(binary(300), qr.capacity(8))
    for n, code in enumerate(codes):
        (tmp_path / f"{n}.png").write_bytes(picture.png(qr.draw(code, 8)))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    names = [f"{n}.png" for n in range(len(codes))]
    out = run("coldquorum", "scan", names[0], "bad.png", *names[1:], "-o", "x.bin")
    assert "warning: not a picture" in out
    assert (tmp_path / "x.bin").read_bytes() == binary(300).data
    out = run("coldquorum", "scan", names[0], "bad.png", "-o", "y.bin", code=4)
    assert f"1 of {len(codes)}" in out
    assert not (tmp_path / "y.bin").exists()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("scan",), "nothing to read from"),
        (("scan", "none.png"), "cannot be read"),
        (("scan", "--camera", "/dev/no-such-camera"), "not a picture, film or camera"),
        (("scan", "w.psbt", "-o", "w.psbt"), "exists"),
        (("show", "none.psbt"), "no such file"),
        (("show", "w.psbt", "-o", "w.jpg"), "no such picture"),
        (("show", "w.psbt", "-o", "taken.gif"), "exists"),
        (("show", "w.psbt", "-o", "taken.png", "--density", "5"), "exists"),
        (("show", "w.psbt", "--density", "0"), "no such density"),
        (("show", "w.psbt", "--density", "1", "--format", "ur"), "too small"),
        (("show", "w.psbt", "--as", "bytes"), "--as is for"),
        (("show", "w.psbt", "--format", "ur", "--as", "crypto-output"), "descriptor"),
        (("show", "w.psbt", "--format", "ur", "--as", "crypto-account"), "key record"),
        (("show", "w.psbt", "--format", "ur", "--as", "crypto-seed"), "for something else"),
        (("show", "large"), "too large|does not fit"),
    ],
)
def test_mistakes_are_messages(run, tmp_path, file, arguments, why):
    """What an officer can get wrong is said in a line, with exit code 4, and writes nothing."""
    (tmp_path / "taken.gif").write_bytes(b"taken")
    for name in ("taken-2.png", "taken-02.png"):
        (tmp_path / name).write_bytes(b"taken")
    (tmp_path / "large").write_bytes(b"\xff" + noise(5_000_000))
    before = {path: path.stat().st_size for path in tmp_path.iterdir() if path.is_file()}
    out = run("coldquorum", *arguments, code=4)
    assert re.search(rf"error: .*({why})", out), out
    assert {path: path.stat().st_size for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_vault_crosses_as_a_descriptor(run, tmp_path):
    """A vault document is shown as crypto-output, and scanned as its descriptor."""
    network = coins.network("BTC", "regtest")
    descriptor = vault(network)
    made = create_vault(
        name="treasury",
        coin="BTC",
        network="regtest",
        script_type="p2wsh",
        threshold=2,
        keys=descriptor.keys,
        signers=[
            VaultSigner(f"officer-{n}", key.origin.fingerprint, "enforcing")
            for n, key in enumerate(descriptor.keys)
        ],
        birth_height=7,
    )
    (tmp_path / "vault.json").write_bytes(Envelope.wrap("vault", made.payload).to_bytes())
    (tmp_path / "vault.txt").write_text(descriptor.text + "\n")
    shown = [
        json.loads(run("coldquorum", "show", name, *AS, "crypto-output"))
        for name in ("vault.json", "vault.txt")
    ]
    assert shown[0] == shown[1]
    run("coldsign", "scan", "-", "-o", "back.txt", stdin="\n".join(shown[0]["codes"]).encode())
    assert (tmp_path / "back.txt").read_text() == descriptor.text + "\n"


def test_a_key_crosses_as_an_account(run, tmp_path):
    """A key record is shown as crypto-account, and scanned as its key."""
    network = coins.network("BTC", "test")
    key = vault(network).keys[0]
    text = key.to_text(network.xpub)
    record = {"kind": "key", "version": 1, "name": "alice", "coin": "BTC", "network": "test"}
    record |= {"script_type": "p2wsh", "fingerprint": key.origin.fingerprint, "key": text}
    record |= {
        "path": "48h/1h/0h/2h",
        "xpub": key.xpub.to_text(network.xpub),
        "signer": "enforcing",
    }
    (tmp_path / "key.json").write_text(json.dumps(record))
    out = run("coldsign", "show", "key.json", *AS, "crypto-account")
    lines = "\n".join(json.loads(out)["codes"]).encode()
    run("coldquorum", "scan", "-", "-o", "back.json", stdin=lines)
    assert json.loads((tmp_path / "back.json").read_text()) == {
        "fingerprint": key.origin.fingerprint,
        "keys": [{"script_type": "p2wsh", "network": "test", "key": text}],
    }


class Screen:
    """A terminal of a given size with a program on it."""

    def __init__(self, folder, columns, lines, *arguments):
        self._mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "signer.cli.coldsign", "qr", "show", *map(str, arguments)],
            cwd=folder,
            env={**environment, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.data = b""

    @property
    def text(self):
        """What came so far."""
        return self.data.decode(errors="replace")

    def read(self, patience=30):
        """Read until the program ends; returns its exit code."""
        until = time.monotonic() + patience
        while time.monotonic() < until and self.more(1):
            pass
        try:
            return self.process.wait(5)
        finally:
            self.process.kill()
            os.close(self._mine)

    def more(self, patience):
        """Read what comes next; false at the end."""
        if not select.select([self._mine], [], [], patience)[0]:
            return self.process.poll() is None
        try:
            part = os.read(self._mine, 1 << 16)
        except OSError:
            return False
        self.data += part
        return bool(part)

    def frames(self):
        """List what stood on the screen, frame by frame, without colours."""
        film = self.text.split("\x1b[?1049l")[0]
        plain = (re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", part) for part in film.split("\x1b[H")[1:])
        return [part.replace("\r", "").split("\n") for part in plain]


@pytest.mark.parametrize("way", ["bbqr", "ur"])
def test_a_film_on_a_small_terminal(tmp_path, file, way):
    """On 80 by 24 the file is split further; every frame fits, is read, and says what it is."""
    screen = Screen(tmp_path, 80, 24, file.name, "--format", way, "--rounds", 1, "--rate", 30)
    assert screen.read() == 0
    codes = []
    for lines in screen.frames():
        assert len(lines) <= 24
        assert max(map(len, lines)) < 80
        assert Payload(Kind.PSBT, psbt()).mark in lines[-1]
        rows = from_blocks(lines[:-1])
        scaled = [bytes(v for v in row for _ in range(3)) for row in rows for _ in range(3)]
        codes += seen(image(scaled))
    assert join(code.decode() for code in codes) == Payload(Kind.PSBT, psbt())
    assert len(codes) == len(screen.frames()) > 5
    assert screen.text.count("\x1b[?1049h") == screen.text.count("\x1b[?1049l") == 1


def test_ctrl_c_ends_the_film(tmp_path, file):
    """The film runs until the person ends it; then the screen is given back, and all is well."""
    screen = Screen(tmp_path, 120, 50, file.name, "--rate", 20)
    while screen.text.count("\x1b[H") < 8:
        assert screen.more(10)
    os.killpg(screen.process.pid, signal.SIGINT)
    assert screen.read() == 0
    assert "\x1b[?25h\x1b[?1049l" in screen.text
    assert "shown" in screen.text.split("\x1b[?1049l")[1]


def test_a_terminal_that_is_too_small(tmp_path, file):
    """Where not even the smallest code fits, files are offered."""
    screen = Screen(tmp_path, 20, 10, file.name)
    assert screen.read() == 4
    assert "too small" in screen.text
    assert "-o codes.gif" in screen.text
