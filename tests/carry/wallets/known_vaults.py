"""Vaults of well-known keys, and what other makers' libraries say of their files."""

from pathlib import Path

import bdkpython as bdk
import wallycore as wally

from signer.build.vault import create_vault
from signer.carry.wallets import formats
from signer.carry.wallets.content import Content
from signer.carry.wallets.place import Asked
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import VaultKey, bip48_path
from signer.core.vault import VaultSigner

FILES = Path(__file__).parent / "files"

_BDK = {
    "main": (bdk.NetworkKind.MAIN, bdk.Network.BITCOIN),
    "test": (bdk.NetworkKind.TEST, bdk.Network.TESTNET),
    "signet": (bdk.NetworkKind.TEST, bdk.Network.SIGNET),
    "regtest": (bdk.NetworkKind.TEST, bdk.Network.REGTEST),
}
_WALLY = {"main": wally.WALLY_NETWORK_BITCOIN_MAINNET, "test": wally.WALLY_NETWORK_BITCOIN_TESTNET}
_WALLY["signet"] = _WALLY["test"]
_WALLY["regtest"] = wally.WALLY_NETWORK_BITCOIN_REGTEST


def account(number, script_type="p2wsh", net="main", place=0, coin="BTC"):
    """The account key of the seed of 32 bytes `number`."""
    root = ExtendedPrivateKey.from_seed(bytes((number,)) * 32)
    path = bip48_path(network(coin, net), script_type, place)
    return VaultKey(Origin(root.fingerprint, path), root.derive_path(path).public())


def vault(  # noqa: PLR0917 -- a vault's own fields
    m=2, n=3, script_type="p2wsh", net="main", birth=840_001, places=None, coin="BTC"
):
    """An m-of-n vault of the seeds 1 to n; `places` are the keys' account numbers."""
    keys = [
        account(number, script_type, net, places[number - 1] if places else 0, coin)
        for number in range(1, n + 1)
    ]
    kinds = ("enforcing", "coldcard", "specter-diy")
    return create_vault(
        name="treasury",
        coin=coin,
        network=net,
        script_type=script_type,
        threshold=m,
        keys=keys,
        signers=[
            VaultSigner(f"officer-{at}", key.origin.fingerprint, kinds[at % 3])
            for at, key in enumerate(keys)
        ],
        birth_height=birth,
    )


def read(data, net=None, name=None, coin="BTC"):
    """What our reader makes of a file: told apart by content if no format is named."""
    content = Content.of(data)
    form = formats.told_apart(content) if name is None else formats.named(name)
    return form.read(content, Asked(coin, net))


def bdk_addresses(descriptor, net, count=3):
    """The first addresses of a descriptor, derived by BDK."""
    kind, place = _BDK[net]
    parts = bdk.Descriptor(descriptor, kind).to_single_descriptors()
    return [str(part.derive_address(i, place)) for part in parts for i in range(count)]


def wally_addresses(template, keys, net, count=3):
    """The first addresses of a BIP388 policy, derived by libwally from the policy itself."""
    known = wally.map_init(len(keys), None)
    for at, key in enumerate(keys):
        wally.map_add(known, f"@{at}".encode(), key.encode())
    flags = wally.WALLY_MINISCRIPT_POLICY_TEMPLATE
    read_by_wally = wally.descriptor_parse(template, known, _WALLY[net], flags)
    return [
        wally.descriptor_to_address(read_by_wally, 0, branch, index, 0)
        for branch in (0, 1)
        for index in range(count)
    ]


def our_addresses(of, count=3):
    """The first addresses of a vault, receive before change."""
    return [of.address(branch, index) for branch in (0, 1) for index in range(count)]
