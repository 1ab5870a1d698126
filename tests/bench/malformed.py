"""Workloads that nobody may take: broken bytes, lying coordinators, worthless signatures.

Each is the honest one with one thing changed. `sign` are for signing, `settle` for combining.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from core_psbt.every_sighash import NONE, SINGLE

from bench.case import Case
from bench.workload import Parts, World, origins, outside
from signer.core import secp
from signer.core.names import Sats
from signer.core.psbt import PartialSig, Psbt, with_partial_sigs
from signer.core.psbt_parts import PsbtInput
from signer.core.sighash import ALL
from signer.core.transaction import Outline, OutPoint, TxOut
from signer.core.vault import RECEIVE
from signer.sign.facts import read


@dataclass(frozen=True)
class Malformed:
    """One of them.

    Attributes:
        name: for people.
        work: which job has to refuse it: "full" or "settle".
        case: the workload.
    """

    name: str
    work: str
    case: Case


def every(folder: Path, script_type: str = "p2wsh") -> Iterator[Malformed]:
    """Write them all, for a vault of that type; P2SH makes no claim about an amount to lie with."""
    world = World(script_type)
    claims = {n: change for n, change in _CLAIMS.items() if change is not _lies or world.segwit}
    honest = world.parts(2)
    raw = honest.to_bytes()
    for number, (name, changed) in enumerate(
        [
            *((name, change(raw)) for name, change in _BYTES.items()),
            *((name, change(world, honest).to_bytes()) for name, change in claims.items()),
        ]
    ):
        yield Malformed(name, "full", _written(world, folder / f"full-{number}", changed))
    shares = [world.signed(raw, name) for name in world.names[:3]]
    for number, (name, stuff) in enumerate(_SIGNATURES.items()):
        yield Malformed(
            name,
            "settle",
            _written(world, folder / f"settle-{number}", raw, stuff(world, raw), *shares[1:]),
        )


def _written(world: World, folder: Path, raw: bytes, *shares: bytes) -> Case:
    folder.mkdir(parents=True)
    (folder / "vault.json").write_bytes(world.vault.payload)
    (folder / "psbt").write_bytes(raw)
    for at, share in enumerate(shares):
        (folder / f"share-{at}").write_bytes(share)
    return world.case(folder, 2, len(shares))


def _twice(raw: bytes) -> bytes:
    """The first field of the first input comes twice."""
    psbt = Psbt.parse(raw)
    sighash = b"\x01\x03\x04\x01\x00\x00\x00"
    end = psbt.ends[0]
    return raw[:end] + sighash + raw[end:]


_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "another magic": lambda raw: b"qsbt" + raw[4:],
    "cut short": lambda raw: raw[:-10],
    "a byte too many": lambda raw: raw + b"\x00",
    "a field twice": _twice,
    # The unsigned transaction's own length comes right after magic and key.
    "a length that is not there": lambda raw: raw[:7] + b"\xff" + b"\xff" * 7 + b"\x7f" + raw[10:],
}


def _input(parts: Parts, **changes: object) -> Parts:
    first, *others = parts.inputs
    return replace(parts, inputs=(first._replace(**changes), *others))


def _spends(world: World, parts: Parts, previous: PsbtInput) -> Parts:
    """Spend another coin with the first input."""
    first, *others = parts.tx.inputs
    outpoint = OutPoint(previous.previous_tx.txid, 1)
    tx = replace(parts.tx, inputs=(first._replace(outpoint=outpoint), *others))
    return replace(parts, tx=tx, inputs=(previous, *parts.inputs[1:]))


def _another_previous(world: World, parts: Parts) -> Parts:
    return _input(parts, previous_tx=Outline.parse(world.coin(9).to_bytes()))


def _lies(world: World, parts: Parts) -> Parts:
    claimed = parts.inputs[0].witness_utxo
    return _input(parts, witness_utxo=claimed._replace(amount=Sats(claimed.amount // 2)))


def _foreign_coin(world: World, parts: Parts) -> Parts:
    """A coin of a key that is not the vault's, with the vault's own origins."""
    made = world.coin(0)
    stolen = TxOut(made.outputs[1].amount, outside(5))
    before = Outline.parse(replace(made, outputs=(made.outputs[0], stolen)).to_bytes())
    claimed = stolen if world.segwit else None
    said = parts.inputs[0]._replace(previous_tx=before, witness_utxo=claimed)
    return _spends(world, parts, said)


def _wrong_place(world: World, parts: Parts) -> Parts:
    return _input(parts, derivations=origins(world.vault.script(RECEIVE, 7)))


def _wrong_script(world: World, parts: Parts) -> Parts:
    other = world.vault.script(RECEIVE, 7)
    return _input(parts, redeem_script=other.redeem_script, witness_script=other.witness_script)


def _stolen_change(world: World, parts: Parts) -> Parts:
    *paid, change = parts.tx.outputs
    return replace(parts, tx=replace(parts.tx, outputs=(*paid, change._replace(script=outside(6)))))


def _coin_twice(world: World, parts: Parts) -> Parts:
    first = parts.tx.inputs[0]
    return replace(
        parts, tx=replace(parts.tx, inputs=(first, first)), inputs=(parts.inputs[0],) * 2
    )


_CLAIMS: dict[str, Callable[[World, Parts], Parts]] = {
    "no previous transaction": lambda _, parts: _input(parts, previous_tx=None),
    "another previous transaction": _another_previous,
    "a lie about the amount": _lies,
    "a coin of somebody else": _foreign_coin,
    "a key origin of another address": _wrong_place,
    "another script": _wrong_script,
    "change that goes elsewhere": _stolen_change,
    "one coin twice": _coin_twice,
    "sighash none": lambda _, parts: _input(parts, sighash=NONE),
    "sighash single": lambda _, parts: _input(parts, sighash=SINGLE),
}


def _stuffed(world: World, raw: bytes, changed: Callable[[bytes], bytes]) -> bytes:
    """The first signer's share, with the first input's signature changed."""
    share = Psbt.parse(world.signed(raw, world.names[0]))
    found = [list(said.partial_sigs) for said in share.inputs]
    one = found[0][0]
    found[0] = [PartialSig(one.pubkey, changed(one.signature))]
    return with_partial_sigs(Psbt.parse(raw), dict(enumerate(found)))


def _high(signature: bytes) -> bytes:
    """The same signature with the other s, which relay refuses (BIP146)."""
    r_size = signature[3]
    r, rest = signature[4 : 4 + r_size], signature[4 + r_size :]
    s = secp.ORDER - int.from_bytes(rest[2:-1], "big")
    s_bytes = b"\x00" + s.to_bytes(32, "big")
    body = b"\x02" + bytes((r_size,)) + r + b"\x02" + bytes((len(s_bytes),)) + s_bytes
    return b"\x30" + bytes((len(body),)) + body + signature[-1:]


def _foreign(world: World, raw: bytes) -> bytes:
    """A good signature by a key that is not in the script."""
    facts = read(raw, {world.vault.id: world.vault})
    secret = b"\x07" * 32
    der = secp.sign_ecdsa(facts.inputs[0].digest, secret)
    found = PartialSig(secp.public_key(secret), der + bytes((ALL,)))
    return with_partial_sigs(facts.psbt, {0: [found]})


_SIGNATURES: dict[str, Callable[[World, bytes], bytes]] = {
    "a corrupt signature": lambda world, raw: _stuffed(
        world, raw, lambda one: one[:-2] + bytes((one[-2] ^ 1,)) + one[-1:]
    ),
    "a signature of sighash none": lambda world, raw: _stuffed(
        world, raw, lambda one: one[:-1] + bytes((NONE,))
    ),
    "a signature with a high s": lambda world, raw: _stuffed(world, raw, _high),
    "a signature by a foreign key": _foreign,
    "two signatures of three": lambda world, raw: raw,
}
