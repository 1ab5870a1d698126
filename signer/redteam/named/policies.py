"""Attacks on vaults, coins and policies."""

from collections.abc import Iterator

from signer.build.vault import create_vault
from signer.core.names import DocumentId, Height
from signer.core.vault import RECEIVE, VaultKey
from signer.redteam.loot import mint, spend
from signer.redteam.named.shots import (
    MILLION,
    Shot,
    approved,
    built,
    following,
    honest,
    pay,
    shots,
    signed_by,
)
from signer.redteam.papers import Paper, dump
from signer.redteam.people import KEYHOLDERS, person
from signer.redteam.world import World


def cross_vault(world: World) -> Iterator[Shot]:
    """Another vault's approved withdrawal: as it is, over our coins, and under our name."""
    theirs = world.loot.bundles[-1]
    yield Shot(world.first_station, theirs.to_bytes())
    bundle = honest(world, 1)
    bundle.withdrawal, bundle.policies = theirs.withdrawal, theirs.policies
    yield from shots(world.first_station, bundle)
    ours = theirs.copy()
    ours.withdrawal, ours.policies = honest(world, 1).withdrawal, honest(world, 1).policies
    yield from shots(world.first_station, ours)


def cross_coin(world: World) -> Iterator[Shot]:
    """The same withdrawal, approved for another coin or network."""
    for coin, network in (("BCH", "regtest"), ("BTC", "main"), ("MONA", "main")):
        tree = {**world.chain[0].tree(), "coin": coin, "network": network}
        paper = Paper("withdrawal", dump(tree))
        world.approve(paper, list(world.people))
        bundle = honest(world, 1)
        bundle.withdrawal = paper
        yield from shots(world.first_station, bundle)


def lookalike(world: World) -> Iterator[Shot]:
    """A vault of our name and fingerprints, and of the thief's keys; officers approve for it."""
    theirs = [
        VaultKey(own.origin, person(f"twin-{at}", world.seed).root.derive_path(path).public())
        for at, own in enumerate(world.vault.keys)
        for path in [own.origin.path]
    ]
    vault = world.vault
    twin = create_vault(
        name=vault.name,
        coin=vault.coin,
        network=vault.network,
        script_type=vault.script_type,
        threshold=vault.threshold,
        keys=theirs,
        signers=vault.signers,
        birth_height=vault.birth_height,
    )
    for names in (world.corrupt, tuple(world.people)):
        bundle = honest(world, 1)
        paper = Paper("withdrawal", dump({**bundle.withdrawal.tree(), "vault": twin.id}))
        bundle.withdrawal = signed_by(world, paper, *names)
        coin = mint(twin.script(RECEIVE, 0).script_pubkey, 50 * MILLION, RECEIVE, 0, b"twin")
        bundle.inputs = [spend(twin, coin)]
        yield from shots(world.first_station, bundle)


def expired(world: World) -> Iterator[Shot]:
    """An expiry that is past: by the withdrawal's own height, and by what its signer has signed."""
    some, line = pay(world.places.clients[0], 1), world.chain[:6]
    late = int(line[-1].tree()["height"])
    paper = following(world, line, 1, after=5, payments=some, expiry=Height(late + 4))
    yield approved(world, paper, line, 1, "late")
    paper = following(world, line, 1, after=4, payments=some, expiry=Height(late + 8))
    yield approved(world, paper, line, 1, "late", honest=True)
    later = following(world, [*line, paper], 1, after=5, payments=some)
    yield approved(world, later, [*line, paper], 1, "late", honest=True)
    yield approved(world, paper, line, 1, "late")


def rollback(world: World) -> Iterator[Shot]:
    """The policy of before, to a signer who knows the next."""
    line = world.chain[:8]
    paper = following(world, line, 1, after=5, payments=pay(world.places.clients[0], 1))
    yield approved(world, paper, line, 1, "tighter")
    yield approved(world, paper, line, 2, "tighter")


def fork(world: World) -> Iterator[Shot]:
    """Another second epoch: corrupt admins' own, and one that all admins were fooled into."""
    line = world.chain[:8]
    for names in (world.corrupt, tuple(world.people)):
        tree = world.policies[1].tree()
        tree["rules"]["amounts"]["per_payment"] *= 2
        rival = signed_by(world, Paper("policy", dump(tree)), *names)
        paper = following(
            world,
            line,
            1,
            after=5,
            payments=pay(world.places.clients[0], 1),
            policy=DocumentId(rival.id),
        )
        world.approve(paper, list(world.people))
        bundle = built(world, paper, line, 1)
        bundle.policies.append(rival)
        yield from shots("tighter", bundle)


def own_policy(world: World) -> Iterator[Shot]:
    """A policy in which strangers are the officers: the first, the next, one that has waited."""
    keys = [key.public_key().public_bytes_raw().hex() for key in world.loot.strangers]
    for first, late in ((False, False), (False, True), (True, False)):
        bundle, tree = honest(world, 1), world.policies[0].tree()
        head, delay = bundle.withdrawal.tree(), int(tree["loosening_delay"]) * late
        tree["officers"] |= dict(zip(KEYHOLDERS, keys, strict=True))
        tree["roles"] = {name: {**role, "threshold": 1} for name, role in tree["roles"].items()}
        tree |= {"proposed_height": head["height"], "activation_height": head["height"] + delay}
        if not first:
            tree |= {"epoch": 2, "previous": world.policies[0].id}
        policy = Paper("policy", dump(tree))
        bundle.lock_time += delay
        height = {name: head[name] + delay for name in ("height", "expiry")}
        bundle.withdrawal.write({**head, **height, "policy": policy.id})
        for key in (*world.loot.corrupt.values(), *world.loot.strangers):
            policy.sign(key)
            bundle.withdrawal.sign(key)
        bundle.policies = [policy] if first else [*bundle.policies, policy]
        yield from shots(world.first_station, bundle)


def early(world: World) -> Iterator[Shot]:
    """A withdrawal under the third epoch before it takes effect, whatever height it claims."""
    line = world.chain[:8]
    much = pay(world.places.clients[1], 26)
    paper = following(world, line, 3, after=10, payments=much)
    yield approved(world, paper, line, 3, "tighter")
    rushed = world.policies[2].tree()
    rushed["activation_height"] = rushed["proposed_height"] + 10
    policy = signed_by(world, Paper("policy", dump(rushed)), *world.people)
    paper = following(world, line, 3, after=30, payments=much, policy=DocumentId(policy.id))
    world.approve(paper, list(world.people))
    bundle = built(world, paper, line, 2)
    bundle.policies.append(policy)
    yield from shots("tighter", bundle)


def freeze(world: World) -> Iterator[Shot]:
    """A payment to a signer who knows of a freeze: under the policy of before, and under that."""
    line = world.chain[:10]
    for epoch in (3, 4):
        paper = following(world, line, epoch, after=10, payments=pay(world.places.clients[0], 1))
        yield approved(world, paper, line, epoch, "frozen")
