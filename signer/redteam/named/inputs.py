"""Attacks on inputs."""

from collections.abc import Iterator
from typing import Final

from signer.core.names import DocumentId, Height
from signer.redteam.forgery import (
    DERIVATION,
    PARTIAL_SIG,
    PREVIOUS_TX,
    REDEEM_SCRIPT,
    SIGHASH,
    WITNESS_SCRIPT,
    WITNESS_UTXO,
    In,
)
from signer.redteam.house import FIRST_HEIGHT
from signer.redteam.loot import origins, txout
from signer.redteam.named.shots import (
    MILLION,
    Here,
    Shot,
    approved,
    first_input,
    honest,
    respend,
    returned,
    shots,
    terms,
)
from signer.redteam.world import World, anchor_of

_SIGHASHES: Final = (0, *range(2, 256))
"""Every byte but ALL."""

_FINAL_SCRIPT_SIG: Final = b"\x07"
_FINAL_WITNESS: Final = b"\x08"


def lying_utxo(world: Here) -> Iterator[Shot]:
    """The witness UTXO says more, less, or another script."""
    for amount, script in ((-1, b""), (1, b""), (-MILLION, b""), (0, b"\x00\x14" + bytes(20))):
        bundle = honest(world, 1)
        one, coin = first_input(world, bundle)
        one.put(WITNESS_UTXO, txout(coin.amount + amount, script or coin.script))
        yield from shots(world.first_station, bundle)


def no_previous(world: Here) -> Iterator[Shot]:
    """Only a witness UTXO, true or not; or nothing."""
    for truth in (0, -MILLION, None):
        bundle = honest(world, 1)
        one, coin = first_input(world, bundle)
        one.put(PREVIOUS_TX, None)
        one.put(WITNESS_UTXO, None if truth is None else txout(coin.amount + truth, coin.script))
        yield from shots(world.first_station, bundle)


def other_previous(world: Here) -> Iterator[Shot]:
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


def wrong_scripts(world: Here) -> Iterator[Shot]:
    """Another place's scripts and origins, none, or an input that says that it is finished."""
    for branch, index in ((0, 40), (1, 41)):
        elsewhere = world.vault.script(branch, index)
        for key, script in (
            (WITNESS_SCRIPT, elsewhere.witness_script),
            (REDEEM_SCRIPT, elsewhere.redeem_script or elsewhere.witness_script),
            (_FINAL_WITNESS, b"\x01\x00"),
            (_FINAL_SCRIPT_SIG, b"\x51"),
        ):
            bundle = honest(world, 1)
            bundle.inputs[0].put(key, script)
            yield from shots(world.first_station, bundle)
        for others in (origins(DERIVATION, elsewhere), origins(DERIVATION, elsewhere)[1:], []):
            bundle = honest(world, 1)
            one = bundle.inputs[0]
            one.fields = [f for f in one.fields if f[0][:1] != bytes((DERIVATION,))] + others
            yield from shots(world.first_station, bundle)


def twice(world: Here) -> Iterator[Shot]:
    """The first coin again, with and without its money; and no input at all."""
    for more in (True, False):
        bundle = honest(world, 1)
        one, coin = first_input(world, bundle)
        bundle.inputs.append(In(one.txid, one.vout, one.sequence, list(one.fields)))
        returned(bundle).amount += coin.amount * more
        yield from shots(world.first_station, bundle)
    bundle = honest(world, 1)
    bundle.inputs = []
    yield from shots(world.first_station, bundle)


def sighashes(world: Here) -> Iterator[Shot]:
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


def final_sequences(world: Here) -> Iterator[Shot]:
    """Final, not replaceable, locked for a time that nobody approved; versions without locks."""
    for sequence in (0xFFFFFFFF, 0xFFFFFFFE, 0, 144):
        bundle = honest(world, 1)
        for one in bundle.inputs:
            one.sequence = sequence
        yield from shots(world.first_station, bundle)
    for version in (1, 3, 0xFFFFFFFF):
        bundle = honest(world, 1)
        bundle.version = version
        yield from shots(world.first_station, bundle)


def no_anchor(world: Here) -> Iterator[Shot]:
    """Other coins of the vault pay."""
    bundle = honest(world, 1)
    anchor = terms(bundle)["anchor"]["txid"]
    others = [c for c in world.coins if anchor_of(c).txid != anchor]
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
