"""What the tests of the store share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stored_papers import vault_paper

from signer.core.names import DocumentId
from signer.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store(tmp_path / "home") as fresh:
        yield fresh


@pytest.fixture
def vault(store: Store) -> DocumentId:
    """The id of a vault that is in the store."""
    return store.add_vault(vault_paper()).vault.id
