"""A store that knows the desk's vault and policy."""

import coordinators_desk as desk
import pytest

from signer.store.store import Store


@pytest.fixture
def store(tmp_path):
    """The coordinator's database, with a vault and its policy in force."""
    with Store(tmp_path / "home") as opened:
        opened.add_vault(desk.signed(desk.vault()))
        opened.add_policy(desk.signed(desk.policy(), "alice", "bob"))
        yield opened
