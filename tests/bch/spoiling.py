"""Spoils a finished transaction of P2SH multisig coins, in every way that must not pass.

It needs no key: what a thief does who has the transaction, and what a careless programmer does.
`spoilings` takes whatever was finalised, by these tests or by the product.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from signer.core.names import Sats, Txid
from signer.core.secp import ORDER
from signer.core.transaction import OutPoint, Transaction, TxOut
from tests.bch.multisig_spends import PAYEE, TOKEN, push

SCHNORR_SIZE = 65
HASH_TYPES = {
    "all without forkid": 0x01,
    "none": 0x42,
    "single": 0x43,
    "all, anyone can pay": 0xC1,
    "all, utxos": 0x61,
    "undefined bit": 0x51,
    "no type": 0x00,
}


@dataclass(frozen=True)
class Spoilt:
    """A transaction that no node may take.

    Attributes:
        name: what was done.
        tx: the transaction.
        spent: what the machine is told that its inputs spend.
    """

    name: str
    tx: Transaction
    spent: tuple[TxOut, ...]


def pushes(script):
    """The items that a script pushes, and nothing else."""
    items, at = [], 0
    while at < len(script):
        code = script[at]
        at += 1
        if code in range(0x51, 0x61) or code == 0x4F:
            items.append(bytes((code - 0x50,)) if code != 0x4F else b"\x81")
            continue
        width = {0x4C: 1, 0x4D: 2}.get(code, 0)
        size = int.from_bytes(script[at : at + width], "little") if width else code
        assert code <= 0x4D, "only pushes"
        at += width
        items.append(script[at : at + size])
        at += size
    return items


def script_of(items):
    """A script that pushes these."""
    return b"".join(push(item) for item in items)


def spoilings(tx: Transaction, spent: tuple[TxOut, ...], index: int = 0) -> Iterator[Spoilt]:
    """Every spoiled form of a valid transaction whose input `index` spends a P2SH multisig."""
    for name, script in _scripts(tx.inputs[index].script_sig):
        inputs = list(tx.inputs)
        inputs[index] = inputs[index]._replace(script_sig=script)
        yield Spoilt(name, replace(tx, inputs=tuple(inputs)), spent)
    yield from _transactions(tx, spent, index)


def _scripts(script) -> Iterator[tuple[str, bytes]]:
    """Other scripts in the place of a valid one."""
    dummy, *signatures, redeem = pushes(script)
    schnorr = len(signatures[0]) == SCHNORR_SIZE
    first, others = signatures[0], signatures[1:]
    keys = redeem[-2] - 0x50

    def built(*, d=dummy, s=tuple(signatures), r=redeem):
        return script_of((d, *s, r))

    yield "no script", b""
    yield "the multisig alone", script_of((redeem,))
    yield "a signature missing", built(s=others)
    yield "a signature empty", built(s=(b"", *others))
    yield "a signature too many", built(s=(first, *signatures))
    yield "an extra push below", push(b"\x07") + script
    yield "an extra push above", script_of((dummy, *signatures, redeem, b"\x01"))
    yield "an operation that is no push", b"\x51\x75" + script
    yield "no dummy", script_of((*signatures, redeem))
    yield "another multisig", built(r=redeem[:-1] + b"\xaf")
    yield "another key", built(r=redeem[:5] + bytes((redeem[5] ^ 1,)) + redeem[6:])
    if len(signatures) > 1:
        yield "two signatures swapped", built(s=(signatures[1], first, *signatures[2:]))
        yield "a signature twice", built(s=(signatures[1], *others))
    for name, hash_type in HASH_TYPES.items():
        yield f"hash type: {name}", built(s=(first[:-1] + bytes((hash_type,)), *others))
    yield "without a hash type", built(s=(first[:-1], *others))
    for at in (5, 20, 40, len(first) - 3):
        flipped = first[:at] + bytes((first[at] ^ 1,)) + first[at + 1 :]
        yield f"a bit flipped in byte {at}", built(s=(flipped, *others))
    # Longer than they need to be: PUSHDATA1 or 2 for what a shorter one could push.
    size = len(first)
    loose = b"\x4c" + bytes((size,)) + first
    yield (
        "a signature's push not minimal",
        push(dummy) + loose + script_of((*others, redeem)),
    )
    wide = b"\x4e" + len(redeem).to_bytes(4, "little") + redeem
    yield "the multisig's push not minimal", script_of((dummy, *signatures)) + wide
    yield from _schnorr(built, dummy, signatures, keys) if schnorr else _ecdsa(built, first, others)


def _schnorr(built, dummy, signatures, keys) -> Iterator[tuple[str, bytes]]:
    """What goes wrong with the dummy that says who has signed."""
    bits = int.from_bytes(dummy, "little")
    size = len(dummy)

    def other(number, length=size):
        return built(d=number.to_bytes(length, "little"))

    yield "no checkbits", built(d=b"")
    yield "checkbits of zero", other(0)
    yield "checkbits too long", other(bits, size + 1)
    if size > 1:
        yield "checkbits too short", built(d=dummy[:-1])
    if keys % 8:
        yield "checkbits beyond the keys", other(bits | 1 << keys)
    for at in range(keys):
        yield f"checkbit {at} flipped", other(bits ^ 1 << at)
    if keys > len(signatures):
        # As many as there are signatures, but of other keys.
        shifted = (bits << 1 | bits >> keys - 1) & (1 << keys) - 1
        yield "checkbits of other keys", other(shifted)
    first = signatures[0]
    s = ORDER - int.from_bytes(first[32:64], "big")
    negated = first[:32] + s.to_bytes(32, "big") + first[64:]
    yield "s negated", built(s=(negated, *signatures[1:]))


def _ecdsa(built, first, others) -> Iterator[tuple[str, bytes]]:
    """What goes wrong with DER, and with a dummy that has to be empty."""
    yield "checkbits with ECDSA", built(d=b"\x01")
    yield "a dummy that is not empty", built(d=b"\x00")
    r, s = decode_dss_signature(first[:-1])
    yield "high s", built(s=(encode_dss_signature(r, ORDER - s) + first[-1:], *others))
    padded = first[:1] + bytes((first[1] + 1,)) + first[2:3] + bytes((first[3] + 1, 0)) + first[4:]
    yield "r padded", built(s=(padded, *others))
    yield "a byte behind the DER", built(s=(first[:-1] + b"\x00" + first[-1:], *others))


def _transactions(tx, spent, index) -> Iterator[Spoilt]:
    """Another transaction around the same signatures, or other coins beneath them."""

    def around(name, **changes):
        return Spoilt(name, replace(tx, **changes), spent)

    def beneath(name, coin):
        return Spoilt(name, tx, (*spent[:index], coin, *spent[index + 1 :]))

    txin, coin, out = tx.inputs[index], spent[index], tx.outputs[0]

    def other_input(name, **changes):
        inputs = list(tx.inputs)
        inputs[index] = txin._replace(**changes)
        return around(name, inputs=tuple(inputs))

    yield beneath("the coin has a satoshi more", coin._replace(amount=Sats(coin.amount + 1)))
    yield beneath("the coin has a satoshi less", coin._replace(amount=Sats(coin.amount - 1)))
    yield beneath("the coin is of another script", coin._replace(script=PAYEE))
    if not coin.script.startswith(b"\xef"):
        yield beneath("the coin carries a token", coin._replace(script=TOKEN + coin.script))
    yield around(
        "a token out of nothing",
        outputs=(out._replace(script=TOKEN + out.script), *tx.outputs[1:]),
    )
    yield around(
        "an output has a satoshi less",
        outputs=(out._replace(amount=Sats(out.amount - 1)), *tx.outputs[1:]),
    )
    yield around(
        "an output pays somebody else",
        outputs=(out._replace(script=b"\x76\xa9\x14" + bytes(20) + b"\x88\xac"), *tx.outputs[1:]),
    )
    yield around("an output more", outputs=(*tx.outputs, TxOut(Sats(1_000), PAYEE)))
    if len(tx.outputs) > 1:
        yield around("an output less", outputs=tx.outputs[:-1])
        yield around("the outputs turned round", outputs=tx.outputs[::-1])
    yield around("no outputs", outputs=())
    everything = sum(c.amount for c in spent)
    yield around("more than there is", outputs=(out._replace(amount=Sats(everything + 1)),))
    yield around("another locktime", lock_time=tx.lock_time + 1)
    yield around("another version", version=1 if tx.version == 2 else 2)
    yield other_input("another sequence", sequence=txin.sequence - 1)
    yield other_input("another coin", outpoint=OutPoint(txin.outpoint.txid, txin.outpoint.vout + 1))
    yield other_input("of another transaction", outpoint=OutPoint(Txid("11" * 32), 0))
    yield Spoilt("a coin twice", replace(tx, inputs=(*tx.inputs, txin)), (*spent, coin))
