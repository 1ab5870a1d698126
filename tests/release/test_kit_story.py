"""The offline kit, from the registry to a machine without a network, with the real programs."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from kit_making import INSTALLER, install, make
from programs import forked

from signer.carry.kit import Officers

PASSPHRASE = b"correct horse battery staple\n"

# A process of its own, on a machine with no interface but a loopback that is down: Linux namespaces
# (unshare(2)), entered as a user who is root only there, so that no privilege is needed.
NO_NETWORK = ("unshare", "--net", "--map-root-user")

NO_ONLINE_CODE = """
import importlib.util as u
for name in ("signer.build", "signer.settle", "signer.chain", "signer.store", "signer.release",
             "signer.ceremony", "signer.redteam", "signer.cli.online", "signer.cli.coldquorum",
             "packaging", "pip", "pbk"):
    assert u.find_spec(name) is None, name
for name in ("signer.sign", "signer.carry.ur", "signer.cli.offline.sign", "segno"):
    assert u.find_spec(name) is not None, name
"""

NO_WAY_OUT = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    print(error.errno)
"""


def networkless():
    """Give the command that takes the network away, proven to do so."""
    if sys.platform != "linux":
        pytest.skip("only Linux has network namespaces")
    tried = subprocess.run(
        [*NO_NETWORK, sys.executable, "-I", "-c", NO_WAY_OUT],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if tried.returncode:
        pytest.fail(f"this machine makes no network namespaces: {tried.stderr}")
    assert tried.stdout.strip() == "101"  # ENETUNREACH
    return NO_NETWORK


def program(argv, *, cwd, home):
    """Run a program in a fork."""
    scratch = cwd / "printed"
    scratch.mkdir(exist_ok=True)
    return forked(argv, cwd=cwd, home=home, scratch=scratch)


def ran(argv, *, cwd, home):
    """Run a program that must succeed."""
    ended = program(argv, cwd=cwd, home=home)
    assert ended.code == 0, ended.err
    return ended


def test_from_the_registry_to_a_machine_without_a_network(tmp_path):
    """Made twice with the same bytes, signed by two of three, installed and fit without network."""
    secret = tmp_path / "passphrase"
    secret.write_bytes(PASSPHRASE)
    secret.chmod(0o600)
    for name in ("alice", "bob"):
        made = ("officer", "create", name, "-o", f"{name}.json", "--passphrase-file", secret)
        ran(("coldsign", *made), cwd=tmp_path, home=tmp_path / name)

    options = ("--release", "1", "--threshold", "2")
    who = ("--officer", "alice.json", "--officer", "bob.json")
    desk = {"cwd": tmp_path, "home": tmp_path / "online"}
    made = ran(("coldquorum", "bundle", "kit", *options, *who, "--json"), **desk).answer
    assert made["missing"] == 2
    ran(("coldquorum", "bundle", "again", "--like", "kit"), **desk)
    kit, again = tmp_path / "kit", tmp_path / "again"
    files = sorted(p.relative_to(kit) for p in kit.rglob("*") if p.is_file())
    assert [p.relative_to(again) for p in sorted(again.rglob("*")) if p.is_file()] == files
    assert all((kit / path).read_bytes() == (again / path).read_bytes() for path in files)

    here = tmp_path / "here"
    assert "signed by nobody; 2" in install(kit, "--to", here).stderr
    wrong = ("kit", "sign", "kit", "--manifest", "0" * 64, "--passphrase-file", secret)
    refused = program(("coldsign", *wrong), cwd=tmp_path, home=tmp_path / "alice")
    assert refused.code == 3
    assert not list((kit / "signatures").iterdir())
    for name in ("alice", "bob"):
        sign = ("kit", "sign", "kit", "--manifest", made["manifest"], "--passphrase-file", secret)
        signed = ran(("coldsign", *sign, "--json"), cwd=tmp_path, home=tmp_path / name).answer
    assert (signed["signed_by"], signed["missing"]) == (["alice", "bob"], 0)
    again_ = program(("coldsign", *sign), cwd=tmp_path, home=tmp_path / "bob")
    assert again_.code == 4  # nothing is written over

    prefix = networkless()
    done = install(kit, "--to", here, prefix=prefix)
    assert done.returncode == 0, done.stderr
    assert made["manifest"] in done.stdout
    selftest = subprocess.run(
        [*prefix, here / "coldsign", "--home", tmp_path / "offline", "selftest", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert selftest.returncode == 0, selftest.stderr
    assert '"no socket"' in selftest.stdout
    python = next(here.glob("release-1/bin/python"))
    subprocess.run([python, "-I", "-c", NO_ONLINE_CODE], check=True, timeout=600)
    checked = subprocess.run(
        [here / "coldsign", "--home", tmp_path / "offline", "kit", "check", kit],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert checked.returncode == 0, checked.stderr
    assert "warning" not in checked.stderr  # its own installer is the kit's


def test_an_officer_who_hands_over(tmp_path):
    """One who is no releasing officer any more signs as one of those before, and only so."""
    secret = tmp_path / "passphrase"
    secret.write_bytes(PASSPHRASE)
    secret.chmod(0o600)
    desk = {"cwd": tmp_path, "home": tmp_path / "zoe"}
    create = ("officer", "create", "zoe", "-o", "zoe.json", "--passphrase-file", secret)
    key = json.loads(ran(("coldsign", *create, "--json"), **desk).out)["key"]
    (tmp_path / "before.json").write_bytes(Officers(1, {"zoe": key}).to_bytes())
    kit = make(tmp_path / "kit")
    manifest = sha256((kit / "manifest.json").read_bytes()).hexdigest()
    sign = ("coldsign", "kit", "sign", "kit", "--manifest", manifest, "--passphrase-file", secret)
    stranger = program(sign, **desk)
    assert stranger.code == 3
    assert "kit.officer" in stranger.err
    ran((*sign, "--before", "before.json"), **desk)
    assert (kit / "signatures/zoe-before.json").exists()


def test_another_installer_is_told(tmp_path):
    """A kit whose install.py is not the one that this coldsign would give may be honest: look."""
    make(tmp_path / "kit", installer=INSTALLER.read_bytes() + b"# new\n")
    checked = ran(("coldsign", "kit", "check", "kit"), cwd=tmp_path, home=tmp_path / "home")
    assert "warning: its install.py is not the one" in checked.err
    assert "2 of 2 needed" in checked.out


def test_what_cannot_be_made_leaves_nothing(tmp_path):
    """No officers, an unknown platform, an extra of the online program: said, nothing written."""
    record = tmp_path / "alice.json"
    record.write_text(f'{{"kind":"officer","version":1,"name":"alice","key":"{"d7" * 32}"}}')
    whole = ("--release", "1", "--threshold", "1", "--officer", record)
    for code, options in (
        (2, ("--release", "1")),
        (2, ("--like", tmp_path, "--release", "1")),
        (4, ("--like", tmp_path)),
        (4, (*whole, "--platform", "windows-x86_64")),
        (4, (*whole, "--extra", "regtest")),
        (4, (*whole, "--officer", record)),
    ):
        ended = program(
            ("coldquorum", "bundle", "kit", *options), cwd=tmp_path, home=tmp_path / "home"
        )
        assert ended.code == code, (options, ended.err)
        assert not Path(tmp_path / "kit").exists()
