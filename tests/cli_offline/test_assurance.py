"""How many enforcing signers a vault needs, and how that is told."""

import pytest

from signer.build.vault import create_vault
from signer.cli.assurance import assurance
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import bip48_path
from signer.core.vault import VaultKey, VaultSigner


def key_of(number):
    """The account key of the seed of 32 bytes `number`."""
    root = ExtendedPrivateKey.from_seed(bytes((number,)) * 32)
    path = bip48_path(network("BTC", "regtest"), "p2wsh")
    return VaultKey(Origin(root.fingerprint, path), root.derive_path(path).public())


@pytest.mark.parametrize(
    ("kinds", "m", "holds", "says"),
    [
        (["enforcing"] * 3, 2, True, "even with 1 corrupt (3 enforcing, 2 needed)"),
        (["enforcing"] * 2 + ["ledger"], 2, True, "(2 enforcing, 2 needed)"),
        (["enforcing", "ledger", "jade"], 2, False, "(1 enforcing, 2 needed)"),
        (["ledger", "jade", "coldcard"], 3, False, "(0 enforcing, 1 needed)"),
        (["enforcing", "jade", "coldcard"], 3, True, "(1 enforcing, 1 needed)"),
        (["enforcing"] * 3, 1, True, "(3 enforcing, 3 needed)"),
        (["enforcing"] * 2 + ["ledger"], 1, False, "(2 enforcing, 3 needed)"),
    ],
)
def test_assurance(kinds, m, holds, says):
    """N - m + 1 enforcing signers are in every quorum; each one more may be corrupt."""
    keys = [key_of(number) for number in range(1, 4)]
    vault = create_vault(
        name="treasury",
        coin="BTC",
        network="regtest",
        script_type="p2wsh",
        threshold=m,
        keys=keys,
        signers=[
            VaultSigner(f"officer-{i}", key.origin.fingerprint, kind)
            for i, (key, kind) in enumerate(zip(keys, kinds, strict=True))
        ],
        birth_height=0,
    )
    found = assurance(vault)
    assert found.holds is holds
    assert found.sentence.endswith(says)
    assert found.sentence.startswith("assured" if holds else "NOT assured")
