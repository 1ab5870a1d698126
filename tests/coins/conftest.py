"""The worlds of `tests/settle`, and the virtual machine of Bitcoin Cash, for all three coins."""

import sys
from pathlib import Path

import pytest

from signer.chain.bchvm import library

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "settle"))


@pytest.fixture(scope="session", autouse=True)
def engine():
    """Fetch the machine once; without it, transactions of Bitcoin Cash would not be judged."""
    library.install()
