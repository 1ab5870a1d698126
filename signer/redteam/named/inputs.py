"""Attacks on inputs."""

from collections.abc import Iterator
from typing import Final

from signer.core.names import DocumentId, Height
from signer.redteam.forgery import PARTIAL_SIG, PREVIOUS_TX, SIGHASH, WITNESS_UTXO
from signer.redteam.house import FIRST_HEIGHT
from signer.redteam.loot import txout
from signer.redteam.named.shots import MILLION, Shot, approved, first_input, honest, respend, shots
from signer.redteam.world import World, anchor_of

_SIGHASHES: Final = (0, *range(2, 256))
"""Every byte but ALL."""


def lying_utxo(world: World) -> Iterator[Shot]:
    """The witness UTXO says more, less, or another script."""
    for amount, script in ((-1, b""), (1, b""), (-MILLION, b""), (0, b"\x00\x14" + bytes(20))):
        bundle = honest(world, 1)
        one, coin = first_input(world, bundle)
        one.put(WITNESS_UTXO, txout(coin.amount + amount, script or coin.script))
        yield from shots(world.first_station, bundle)


def no_previous(world: World) -> Iterator[Shot]:
    """Only a witness UTXO, true or not; or nothing."""
    for truth in (0, -MILLION, None):
        bundle = honest(world, 1)
        one, coin = first_input(world, bundle)
        one.put(PREVIOUS_TX, None)
        one.put(WITNESS_UTXO, None if truth is None else txout(coin.amount + truth, coin.script))
        yield from shots(world.first_station, bundle)


def other_previous(world: World) -> Iterator[Shot]:
    """Another coin's transaction; this one's with a larger amount; an output that it has not."""
    bundle = honest(world, 1)
    one, coin = first_input(world, bundle)
    one.put(PREVIOUS_TX, world.coins[-1].previous if coin != world.coins[-1] else None)
    yield from shots(world.first_station, bundle)
    bundle = honest(world, 1)
    one, coin = first_input(world, bundle)
    true, false = (amount.to_bytes(8, "little") for amount in (coin.amount, coin.amount * 2))
    one.put(PREVIOUS_TX, coin.previous.replace(true, false))
    yield from shots(world.first_station, bundle)
    bundle = honest(world, 1)
    bundle.inputs[0].vout = 2
    yield from shots(world.first_station, bundle)


def sighashes(world: World) -> Iterator[Shot]:
    """Each sighash type but ALL."""
    for value in (*_SIGHASHES, 0x101, 0xFFFFFFFF):
        bundle = honest(world, 1)
        bundle.inputs[0].put(SIGHASH, value.to_bytes(4, "little"))
        yield from shots(world.first_station, bundle)


def signatures(world: World) -> Iterator[Shot]:
    """A cosigner's signature under a foreign key, of each other type, or with another bit."""
    signed = world.bases[-1].bundle
    one = signed.inputs[0]
    key, value = next(f for f in one.fields if f[0][:1] == bytes((PARTIAL_SIG,)))
    foreign = world.other.script(0, 0).keys[0].pubkey
    spoilt = value[:10] + bytes((value[10] ^ 1,)) + value[11:]
    forged = [(key[:1] + foreign, value), (key, spoilt)]
    forged += [(key, value[:-1] + bytes((sighash,))) for sighash in _SIGHASHES]
    for other, new in forged:
        bundle = signed.copy()
        bundle.inputs[0].put(key, None)
        bundle.inputs[0].put(other, new)
        yield from shots(world.first_station, bundle)


def final_sequences(world: World) -> Iterator[Shot]:
    """Final, or not replaceable, or locked for a time that nobody approved."""
    for sequence in (0xFFFFFFFF, 0xFFFFFFFE, 0, 144):
        bundle = honest(world, 1)
        for one in bundle.inputs:
            one.sequence = sequence
        yield from shots(world.first_station, bundle)


def no_anchor(world: World) -> Iterator[Shot]:
    """Other coins of the vault pay."""
    tree = world.chain[0].tree()
    bundle = honest(world, 1)
    others = [c for c in world.coins if anchor_of(c).txid != tree["anchor"]["txid"]]
    respend(world, bundle, sorted(others, key=lambda c: -c.amount)[:2])
    yield from shots(world.first_station, bundle)


def anchor_reuse(world: World) -> Iterator[Shot]:
    """The second withdrawal with the first one's anchor; a void that would void nothing."""
    bundle = honest(world, 2)
    big = max(world.coins[3:], key=lambda coin: coin.amount)
    respend(world, bundle, [world.coins[1], big])
    yield from shots(world.first_station, bundle)
    paper = world.request(
        7,
        1,
        previous=DocumentId(world.chain[5].id),
        purpose="void",
        voids=DocumentId(world.chain[5].id),
        height=Height(FIRST_HEIGHT + 55),
        anchor=anchor_of(world.coins[12]),
    )
    yield approved(world, paper, world.chain[:6], 1, "late")


def replay(world: World) -> Iterator[Shot]:
    """Signed already, and once more with other coins."""
    yield Shot(world.first_station, honest(world, 1).to_bytes(), honest=True)
    yield from no_anchor(world)
