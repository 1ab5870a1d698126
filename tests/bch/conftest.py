"""The virtual machine of Bitcoin Cash, fetched with npm if it is not here yet."""

import pytest

from signer.chain.bchvm import library
from signer.chain.bchvm.machine import Machine


@pytest.fixture(scope="session")
def machine():
    """One process for all tests of a worker."""
    library.install()
    with Machine() as running:
        yield running
