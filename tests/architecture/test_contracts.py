"""The import contracts of the design hold, and each one catches a planted violation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

# contract id -> the module that is planted, and the line in it that breaks the contract
PLANTED = [
    ("layers", "policies/planted.py", "import signer.core.names"),
    ("layers", "hw/planted.py", "import signer.core.names"),
    ("layers", "hw/planted.py", "import policies.names"),
    ("trusted", "signer/core/planted.py", "import signer.carry.file"),
    ("trusted", "signer/sign/planted.py", "import typer"),
    ("trusted", "policies/planted.py", "import usb.core"),
    ("offline", "signer/carry/planted.py", "import signer.settle"),
    ("offline", "signer/keys/planted.py", "import socket"),
    ("offline", "signer/cli/offline/planted.py", "import signer.chain"),
    ("offline", "hw/planted.py", "import http.client"),
    ("sockets", "signer/settle/planted.py", "import socket"),
    ("sockets", "signer/cli/online/planted.py", "import urllib.request"),
    ("embit", "signer/sign/planted.py", "import embit.psbt"),
    ("embit", "policies/planted.py", "from embit import bech32"),
    ("online", "signer/build/planted.py", "import signer.keys"),
    ("online", "signer/cli/online/planted.py", "import signer.cli.offline"),
    ("private", "signer/build/planted.py", "import signer.core.bip32_private"),
    ("private", "signer/cli/online/planted.py", "import signer.sign.softkey"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts over the tree in a folder, without a cache between runs."""
    return subprocess.run(
        [LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def copy(folder: Path) -> None:
    """Copy the product and its contracts."""
    for package in ("signer", "hw", "policies"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)


def test_every_contract_is_kept():
    """The tree as it is breaks no contract."""
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_a_planted_violation_is_caught(tmp_path, contract, file, line):
    """An import that a contract forbids breaks that very contract."""
    copy(tmp_path)
    (tmp_path / file).write_text(f'"""Planted."""\n\n{line}\n')
    result = subprocess.run(
        [LINT, "--no-cache", "--contract", contract],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout
