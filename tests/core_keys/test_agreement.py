"""Our addresses are those of BDK and of Bitcoin Core."""

import json
from pathlib import Path

import bdkpython as bdk
import pytest
from vault_making import make_vault

from signer.core.vault import CHANGE, RECEIVE

RECORDED = json.loads((Path(__file__).parent / "bitcoind.json").read_text())["answers"]


@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 3), (3, 5), (15, 15)])
def test_bdk_derives_the_same_addresses(m, n, script_type):
    """The first 50 of both branches, read by BDK from our multipath descriptor."""
    vault = make_vault(m, n, script_type)
    theirs = bdk.Descriptor(vault.descriptor, bdk.NetworkKind.TEST).to_single_descriptors()
    for branch in (RECEIVE, CHANGE):
        for index in range(50):
            address = theirs[branch].derive_address(index, bdk.Network.REGTEST)
            assert vault.address(branch, index) == str(address)
            script = bytes(address.script_pubkey().to_bytes())
            assert vault.script(branch, index).script_pubkey == script


def test_bdk_derives_the_same_addresses_on_main():
    """Another network: other version bytes, coin type and address prefix."""
    vault = make_vault(2, 3, net="main")
    theirs = bdk.Descriptor(vault.descriptor, bdk.NetworkKind.MAIN).to_single_descriptors()
    for branch in (RECEIVE, CHANGE):
        address = theirs[branch].derive_address(3, bdk.Network.BITCOIN)
        assert vault.address(branch, 3) == str(address)


@pytest.mark.parametrize("answer", RECORDED, ids=lambda answer: answer["descriptor"][-8:])
def test_bitcoin_core_derived_the_same_addresses(answer):
    """`deriveaddresses` of a real node, for the vault of the seeds 01.., 02.. and 03..."""
    vault = make_vault(2, 3)
    branch = [vault.form.branch_text(b) for b in (RECEIVE, CHANGE)].index(answer["descriptor"])
    first, last = answer["range"]
    found = [vault.address(branch, index) for index in range(first, last + 1)]
    assert found == answer["addresses"]
