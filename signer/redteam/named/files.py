"""Attacks on the file."""

from collections.abc import Iterator

from signer.redteam.forgery import OWN
from signer.redteam.named.shots import Here, Shot, honest, shots, terms


def twice(world: Here) -> Iterator[Shot]:
    """Every field twice, one at a time, with the same value and with another."""
    first = honest(world, 1)
    maps = 1 + len(first.inputs) + len(first.outputs)
    for at in range(maps):
        for change_value in (False, True):
            bundle = honest(world, 1)
            all_maps = [
                bundle.globals,
                *(one.fields for one in bundle.inputs),
                *(out.fields for out in bundle.outputs),
            ]
            fields = all_maps[at]
            if fields:
                key, value = fields[0]
                fields.append((key, value[::-1] if change_value else value))
                yield from shots(world.first_station, bundle)


def trailing(world: Here) -> Iterator[Shot]:
    """A byte, a map, another PSBT."""
    raw = honest(world, 1).to_bytes()
    for tail in (b"\x00", b"\n", b"\x01\x00\x00", raw):
        yield Shot(world.first_station, raw + tail)


def oversized(world: Here) -> Iterator[Shot]:
    """Counts and lengths of up to 2**64 - 1: of a key, of inputs, of documents."""
    raw = honest(world, 1).to_bytes()
    for count in (b"\xfd\xff\xff", b"\xfe\xff\xff\xff\xff", b"\xff" * 9):
        yield Shot(world.first_station, raw[:5] + count + raw[6:])
        bundle = honest(world, 1)
        tx = bundle.unsigned()
        bundle.transaction = tx[:4] + count + tx[5:]
        yield from shots(world.first_station, bundle)
        bundle = honest(world, 1)
        bundle.own[1] = count
        yield from shots(world.first_station, bundle)


def long_sizes(world: Here) -> Iterator[Shot]:
    """Each length of the file's first fields in its longest form."""
    for place in range(1, 40):
        bundle = honest(world, 1)
        bundle.wide = {place: 9}
        yield from shots(world.first_station, bundle)


def spoofed(world: Here) -> Iterator[Shot]:
    """Control characters, bidirectional overrides, a line's end, blank letters, endless names."""
    for text in ("\x1b[2J", "\u202epay\u202c", "x\nfee: 0", "\u200b", "", "w" * 3_000):
        for place in ("why", "initiator"):
            bundle = honest(world, 1)
            bundle.withdrawal.write({**terms(bundle), place: text})
            for key in world.loot.corrupt.values():
                bundle.withdrawal.sign(key)
            yield from shots(world.first_station, bundle)


def json_twice(world: Here) -> Iterator[Shot]:
    """The thief's payment before or after the true one, in documents that corrupt officers sign."""
    payload = honest(world, 1).withdrawal.payload
    extra = b'"payments":[{"address":"%b","amount":1}],' % world.loot.addresses[0].encode()
    for bent in (
        payload.replace(b'"payments":', extra + b'"payments":', 1),
        payload[:-1] + b',"coin":"BTC"}',
    ):
        bundle = honest(world, 1)
        bundle.withdrawal.payload = bent
        for key in world.loot.corrupt.values():
            bundle.withdrawal.sign(key)
        yield from shots(world.first_station, bundle)
    bundle = honest(world, 1)
    envelope = bundle.withdrawal.to_bytes()
    bundle.withdrawal.raw = b'{"payload":"e30=",' + envelope[1:]
    yield from shots(world.first_station, bundle)


def papers(world: Here) -> Iterator[Shot]:
    """One of them gone, all of them gone, none that can be read, and a second of each."""
    for kind in (b"\x00", b"\x01", b"\x02"):
        for key in (OWN + kind, OWN + kind + b"\x00"):
            bundle = honest(world, 1)
            bundle.globals.append((key, bundle.withdrawal.to_bytes()))
            yield from shots(world.first_station, bundle)
    for gone in ((0,), (1,), (2,), (0, 1, 2)):
        bundle = honest(world, 1)
        bundle.own = dict.fromkeys(gone)
        yield from shots(world.first_station, bundle)
    for at in (0, 1, 2):
        bundle = honest(world, 1)
        bundle.own = {at: b""}
        yield from shots(world.first_station, bundle)


def versions(world: Here) -> Iterator[Shot]:
    """Version 2 of each: withdrawal, policy, PSBT."""
    bundle = honest(world, 1)
    bundle.withdrawal.write({**bundle.withdrawal.tree(), "version": 2})
    yield from shots(world.first_station, bundle)
    bundle = honest(world, 1)
    bundle.policies[0].write({**bundle.policies[0].tree(), "version": 2})
    yield from shots(world.first_station, bundle)
    for number in (1, 2, 0xFFFFFFFF):
        bundle = honest(world, 1)
        bundle.globals.append((b"\xfb", number.to_bytes(4, "little")))
        yield from shots(world.first_station, bundle)
    bundle = honest(world, 1)
    bundle.globals.append((b"\x04", b"\x01"))
    yield from shots(world.first_station, bundle)
