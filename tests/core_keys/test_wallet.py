"""Wallets as destinations: every form against another program's derivation."""

from dataclasses import replace

import bdkpython as bdk
import pytest
from vault_making import make_vault, root_key

from policies.rules import Destinations
from policies.rules.destinations import Entry, Group
from signer.build.policy_source import read_toml, template
from signer.core import coins
from signer.core.descriptor import checksum
from signer.core.errors import BadInput
from signer.core.wallet import addresses, listed


def key(number=9, net="regtest"):
    """Give the account key of a seed, with its origin."""
    root = root_key(number)
    path = tuple(0x80000000 + step for step in (84, 1, 0))
    xpub = root.derive_path(path).public().to_text(coins.network("BTC", net).xpub)
    return f"[{root.fingerprint}/84h/1h/0h]{xpub}"


def told(body):
    """Add the checksum to a descriptor."""
    return f"{body}#{checksum(body)}"


def theirs(text, many, kind=bdk.NetworkKind.TEST, net=bdk.Network.REGTEST):
    """Derive a wallet's first addresses on each branch with BDK."""
    found = bdk.Descriptor(text, kind)
    branches = found.to_single_descriptors() if found.is_multipath() else [found]
    return {str(branch.derive_address(i, net)) for branch in branches for i in range(many)}


FORMS = [
    f"wpkh({key()}/<0;1>/*)",
    f"sh(wpkh({key()}/<0;1>/*))",
    f"pkh({key()}/<0;1>/*)",
    f"wpkh({key()}/0/*)",
    f"sh(wpkh({key()}/1/*))",
]


@pytest.mark.parametrize("body", FORMS, ids=lambda body: body[:12])
def test_bdk_derives_the_same_addresses_of_one_key(body):
    """All forms of a wallet of one key, and one branch alone."""
    found = addresses(told(body), 20, "BTC", "regtest")
    assert found == theirs(told(body), 20)
    assert len(found) == (40 if "<0;1>" in body else 20)


@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
def test_another_vault_is_a_wallet(script_type):
    """Both forms of our vaults, against BDK and against the vault itself."""
    vault = make_vault(2, 3, script_type)
    found = addresses(vault.descriptor, 10, "BTC", "regtest")
    assert found == theirs(vault.descriptor, 10)
    assert vault.address(1, 9) in found
    assert vault.address(1, 10) not in found


def test_main_has_other_addresses():
    """Another network: other version bytes and address prefix."""
    body = told(f"wpkh({key(net='main')}/<0;1>/*)")
    found = addresses(body, 5, "BTC", "main")
    assert found == theirs(body, 5, bdk.NetworkKind.MAIN, bdk.Network.BITCOIN)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (f"tr({key()}/<0;1>/*)", "not a wallet that can be listed"),
        (f"wpkh({key()}/*)", "not a wallet that can be listed"),
        (f"wpkh({key()}/2/*)", "not a wallet that can be listed"),
        (f"wpkh({key()}/<1;0>/*)", "not a wallet that can be listed"),
        (f"wpkh({key()}/<0;1>/*h)", "not a wallet that can be listed"),
        (f"wpkh({key()}/0/0)", "not a wallet that can be listed"),
        (f"wpkh({key()}/<0;1>/*))", "not a wallet that can be listed"),
        (f"sh(wpkh({key()}/<0;1>/*)", "not a wallet that can be listed"),
        (f"wpkh({key().split(']')[1]}/<0;1>/*)", "not a wallet that can be listed"),
        (f"wsh(multi(1,{key()}/<0;1>/*))", "not a wallet that can be listed"),
        (f"sh(sortedmulti(1,{key()}/<0;1>/*))", "another kind of vault"),
        (f"wpkh({key(net='main')}/<0;1>/*)", "a key of another network"),
        (f"wpkh({key().replace('0h]', '1h]')}/<0;1>/*)", "not at the end of its path"),
        ("", "not a wallet that can be listed"),
    ],
    ids=lambda text: text[:16],
)
def test_other_descriptors_are_refused(body, why):
    """Taproot, other steps, no origin, another network, a key under another path."""
    with pytest.raises(BadInput, match=why):
        addresses(told(body), 1, "BTC", "regtest")


@pytest.mark.parametrize("tail", ["", "#", "#qqqqqqqq"])
def test_a_wrong_checksum_is_refused(tail):
    """A descriptor is copied by people."""
    with pytest.raises(BadInput, match="checksum"):
        addresses(FORMS[0] + tail, 1, "BTC", "regtest")


def policy_with(*rules):
    """Give a policy with some rules more."""
    officers = {"alice": "d5bf4a3fcce717b0388bcc2749ebc148ad9969b23f45ee1b605fd58778576ac4"}
    text = template(coin="BTC", network="regtest", vault="0" * 64, officers=officers)
    found = read_toml(text)
    return replace(found, rules=(*found.rules, *rules))


def test_a_policys_wallets_are_derived():
    """Each to its own range; a policy without a list has none."""
    assert listed(policy_with()) == {}
    one, other = told(FORMS[0]), told(FORMS[3])
    groups = {
        "hot": Group((Entry(one, 3, 0), Entry("bcrt1qother", 0, 0))),
        "cold": Group((Entry(other, 5, 0),)),
    }
    found = listed(policy_with(Destinations("listed", groups)))
    assert found == {one: theirs(one, 3), other: theirs(other, 5)}


def test_a_wallet_is_derived_once():
    """1,000 addresses on each branch of a 2-of-3 vault; the second time they are remembered."""
    vault = make_vault(2, 3)
    first = addresses(vault.descriptor, 1000, "BTC", "regtest")
    assert len(first) == 2000
    assert addresses(vault.descriptor, 1000, "BTC", "regtest") is first
