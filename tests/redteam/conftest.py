"""What the redteam's tests share: worlds that are made once, with one corrupt officer."""

from collections.abc import Iterator

import pytest

pytest.importorskip("wallycore")

from signer.redteam.campaign import Thief, thieves
from signer.redteam.once import reading_once

SEED = "tests"


@pytest.fixture(scope="session")
def pair() -> list[Thief]:
    """A thief before a P2WSH vault, and one before a P2SH-P2WSH vault."""
    return thieves(SEED, 1)


@pytest.fixture
def thief(pair) -> Iterator[Thief]:
    """The thief before the P2WSH vault; every signer has its first memory."""
    pair[0].signers.reset()
    with reading_once():
        yield pair[0]


@pytest.fixture
def world(thief):
    """What there is to steal."""
    return thief.world
