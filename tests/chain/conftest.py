"""What the tests of the chain share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from recorded_vault import recorded_vault

from signer.chain.regtest import Regtest
from signer.core.vault import Vault


@pytest.fixture
def vault() -> Vault:
    """The vault of the recording."""
    return recorded_vault()


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Regtest]:
    """A fresh embedded regtest."""
    with Regtest(tmp_path / "regtest") as regtest:
        yield regtest
