"""A device is asked nothing for a vault whose coin, script type or signatures its model lacks."""

import itertools
from types import SimpleNamespace

import pytest

from hw import find
from hw.errors import Unsupported
from signer.build.vault import create_vault
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import COINS
from signer.core.descriptor import VaultKey, bip48_path
from signer.core.vault import VaultSigner
from signer.station import vouch

KINDS = [
    (coin.name, net.name, script_type, scheme)
    for coin in COINS.values()
    for net in coin.networks.values()
    for script_type in net.script_types
    for scheme in coin.schemes
]
MODELS = [(driver, can) for driver in find.DRIVERS for can in driver.capabilities]


def vault_of(coin, net, script_type, scheme):
    """A 2-of-3 of that kind."""
    place = COINS[coin].networks[net]
    path = bip48_path(place, script_type)
    roots = [ExtendedPrivateKey.from_seed(bytes((number,)) * 32) for number in (1, 2, 3)]
    return create_vault(
        name="treasury",
        coin=coin,
        network=net,
        script_type=script_type,
        threshold=2,
        keys=[VaultKey(Origin(r.fingerprint, path), r.derive_path(path).public()) for r in roots],
        signers=[
            VaultSigner(name, root.fingerprint, "coldcard")
            for name, root in zip(("alice", "bob", "carol"), roots, strict=True)
        ],
        birth_height=0,
        scheme=scheme,
    )


class Silent:
    """A device of a model, which fails the test as soon as it is asked anything."""

    def __init__(self, can):
        self.capabilities = can
        self.asked = False

    def fingerprint(self):
        """The first thing that a station asks for."""
        self.asked = True
        raise ConnectionError


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_what_a_model_lacks_is_refused_before_it_is_asked(kind):
    """Every model: asked if its table has coin, network, script and scheme; else never."""
    coin, net, script_type, scheme = kind
    vault = vault_of(*kind)
    for driver, can in MODELS:
        device = Silent(can)
        opened = SimpleNamespace(signer=device, attached=SimpleNamespace(driver=driver))
        able = any(
            c.coin == coin and net in c.networks and script_type in c.scripts and scheme == "ecdsa"
            for c in can.coins
        )
        with pytest.raises(ConnectionError if able else Unsupported) as told:
            vouch.prove(opened, vault, None)
        assert device.asked is able
        if not able:
            assert "nothing was sent" in told.value.hint
            assert told.value.found in (f"{coin} {net}", script_type, scheme)


def test_somebody_does_what_can_be_done():
    """Trezor has all three coins on main; nobody signs Schnorr's, nor P2SH32."""
    able = {
        (coin.coin, script_type)
        for (_, can), net in itertools.product(MODELS, ["main"])
        for coin in can.coins
        if net in coin.networks
        for script_type in coin.scripts
    }
    assert {("BTC", "p2sh"), ("BCH", "p2sh"), ("MONA", "p2wsh")} <= able
    assert "p2sh32" not in {script_type for _, script_type in able}
    assert {s for _, can in MODELS for c in can.coins for s in c.signatures} == {"ecdsa"}
