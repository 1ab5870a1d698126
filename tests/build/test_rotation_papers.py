"""The documents of a rotation: what changes in them, and what may not."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from world import World

from policies.change import loosens
from policies.epochs import compare
from policies.quorum import Demand
from policies.rules import Destinations, Internal, Timing
from policies.rules.destinations import Entry, Group
from signer.build import rotation
from signer.core.errors import BadInput
from signer.core.names import Height, Sats
from signer.core.vault import VaultSigner

WORLD = World()
OTHER = World(seed=3)
CAROL = WORLD.vault.signers[2]
DAVE = VaultSigner("dave", OTHER.vault.signers[0].fingerprint, "coldcard")


def exchanged(**changes):
    """Carol's key goes, another comes."""
    given = {
        "gone": CAROL.fingerprint,
        "key": OTHER.vault.keys[0],
        "signer": DAVE,
        "name": "treasury-2",
        "birth_height": Height(900),
    } | changes
    gone, key, signer = given.pop("gone"), given.pop("key"), given.pop("signer")
    return rotation.exchange(WORLD.vault, gone, key, signer, **given)


def following(policy=WORLD.policy):
    """The next epoch, unchanged."""
    return replace(policy, epoch=2, previous=policy.id, activation_height=Height(50))


def own_group(vault):
    """A group with a vault of the house."""
    return Group((Entry(vault.descriptor, 10, Height(0)),), (), internal=True)


def test_one_key_goes_and_all_else_stays():
    """Threshold, script, the other holders, the place in the descriptor."""
    new = exchanged()
    assert [s.officer for s in new.signers] == ["alice", "bob", "dave"]
    assert new.keys[:2] == WORLD.vault.keys[:2]
    assert new.keys[2] == OTHER.vault.keys[0]
    assert (new.threshold, new.script_type) == (WORLD.vault.threshold, WORLD.vault.script_type)
    assert (new.name, new.birth_height) == ("treasury-2", 900)
    assert new.id != WORLD.vault.id


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gone": "00000000"}, "no such key"),
        ({"key": WORLD.vault.keys[0], "signer": WORLD.vault.signers[0]._replace()}, "twice"),
        ({"signer": DAVE._replace(officer="alice")}, "holds two keys"),
        ({"signer": DAVE._replace(fingerprint="00000000")}, "do not fit"),
        ({"key": World("p2sh-p2wsh", seed=3).vault.keys[0]}, "another kind of vault"),
    ],
)
def test_what_makes_no_vault_is_refused(changes, words):
    """An unknown key, a key twice, a person twice, another account."""
    with pytest.raises(BadInput, match=words):
        exchanged(**changes)


@pytest.mark.parametrize(
    ("old", "new"), [("treasury", "treasury-2"), ("cold-9", "cold-10"), ("a-b", "a-b-2")]
)
def test_names_are_counted(old, new):
    """The next name is free of guessing."""
    assert rotation.next_name(old) == new


def test_the_new_policy_says_what_the_old_one_says():
    """But for the vault and the place in time."""
    new = exchanged()
    policy = rotation.first_policy(WORLD.policy, new, Height(900))
    assert (policy.vault, policy.epoch, policy.previous) == (new.id, 1, None)
    assert policy.activation_height == 900
    assert compare(WORLD.policy, policy) == ()


def test_the_old_policy_opens_to_the_new_vault_and_to_nothing_else():
    """An internal group with its descriptor; the dearest tier approves; payments as before."""
    new = exchanged()
    opened = rotation.opened_to(following(), new)
    paths = [change.path for change in compare(WORLD.policy, opened)]
    assert paths == ["rules.destinations", "rules.internal"]
    assert not rotation.is_open_to(WORLD.policy, new)
    assert rotation.is_open_to(opened, new)
    assert not rotation.is_open_to(opened, OTHER.vault)
    internal = next(rule for rule in opened.rules if isinstance(rule, Internal))
    assert internal.require == (Demand("approvers", 2),)
    twin = replace(OTHER.vault, name=new.name)  # a group of that name is there already
    again = rotation.opened_to(following(opened), twin)
    assert rotation.is_open_to(again, new)
    assert rotation.is_open_to(again, OTHER.vault)


def listing(mode="any"):
    """A policy with a vault of the house and with customers."""
    customers = Group((Entry(WORLD.payment().address, 0, Height(0)),), ())
    groups = {"cold": own_group(OTHER.vault), "customers": customers}
    rules = (
        *WORLD.policy.rules,
        Destinations(mode, MappingProxyType(groups)),
        Internal(5, Sats(10_000), 50, (Demand("approvers", 3),), Sats(10**9)),
    )
    return replace(WORLD.policy, rules=rules)


def frozen(policy):
    """The next epoch, frozen at once."""
    rules = [replace(r, frozen=True) if isinstance(r, Timing) else r for r in policy.rules]
    return replace(policy, epoch=2, previous=policy.id, rules=tuple(rules))


@pytest.mark.parametrize("mode", ["any", "listed"])
def test_a_lockdown_is_tighter_and_lets_the_sweep_through(mode):
    """Nobody but the house's own vaults is paid; nothing about it has to wait."""
    policy = listing(mode)
    made = rotation.locked_down(policy, frozen(policy))
    assert made is not None
    changes = compare(policy, made)
    assert changes
    assert not loosens(changes)
    listed = next(rule for rule in made.rules if isinstance(rule, Destinations))
    assert (listed.mode, set(listed.groups)) == ("listed", {"cold"})
    timing = next(rule for rule in made.rules if isinstance(rule, Timing))
    assert timing.frozen is not True


def test_without_a_vault_of_the_house_there_is_no_lockdown():
    """A freeze is all there is."""
    assert rotation.locked_down(WORLD.policy, frozen(WORLD.policy)) is None
