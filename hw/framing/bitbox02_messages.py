"""What crosses a BitBox02's link: its messages' numbers, and a transaction in its words.

Source: BitBoxSwiss/bitbox02-firmware, messages/hww.proto, btc.proto, common.proto.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeVar

from hw.errors import Garbage, Unsupported
from hw.extended_key import ExtendedKey
from hw.framing.protobuf import Message, data, message, number, numbers
from hw.task import ScriptKey, TaskInput, TaskOutput
from hw.transaction import PreviousTransaction

_T = TypeVar("_T")

_FORMS: Final = {
    1: re.compile(rb"\x76\xa9\x14(.{20})\x88\xac", re.DOTALL),
    2: re.compile(rb"\xa9\x14(.{20})\x87", re.DOTALL),
    3: re.compile(rb"\x00\x14(.{20})", re.DOTALL),
    4: re.compile(rb"\x00\x20(.{32})", re.DOTALL),
    5: re.compile(rb"\x51\x20(.{32})", re.DOTALL),
}
"""Output scripts by btc.proto's BTCOutputType, and what the device is told of them."""


class Request(IntEnum):
    """hww.proto, Request."""

    PUB = 8
    SIGN_INIT = 9
    SIGN_INPUT = 10
    SIGN_OUTPUT = 11
    FINGERPRINT = 24
    BTC = 25


class Btc(IntEnum):
    """btc.proto, BTCRequest."""

    IS_REGISTERED = 1
    REGISTER = 2
    PREVTX_INIT = 3
    PREVTX_INPUT = 4
    PREVTX_OUTPUT = 5
    HOST_NONCE = 7


class Wants(IntEnum):
    """btc.proto, BTCSignNextResponse.Type."""

    INPUT = 0
    OUTPUT = 1
    DONE = 2
    PREVTX_INIT = 3
    PREVTX_INPUT = 4
    PREVTX_OUTPUT = 5
    HOST_NONCE = 6


@dataclass(frozen=True, slots=True)
class Next:
    """What the device wants next (btc.proto, BTCSignNextResponse).

    Attributes:
        wants: one of `Wants`, unless it is something newer.
        index: of an input or output.
        previous_index: of an input or output of that input's previous transaction.
        signature: r||s, or empty.
        commitment: the device's part of a nonce, a public key; or empty.
    """

    wants: int
    index: int
    previous_index: int
    signature: bytes
    commitment: bytes

    @classmethod
    def read(cls, said: Message) -> "Next":
        """Take the fields that matter here."""
        return cls(
            said.number(1),
            said.number(2),
            said.number(5),
            said.data(4) if said.number(3) else b"",
            said.message(6).data(1),
        )


def xpub_message(key: ExtendedKey) -> bytes:
    """An extended key (common.proto, XPub)."""
    return (
        data(1, bytes((key.depth,)))
        + data(2, key.parent)
        + number(3, key.number)
        + data(4, key.chain_code)
        + data(5, key.key)
    )


def own_key(coin: TaskInput, fingerprint: str) -> ScriptKey:
    """The device's key in an input's script.

    Raises:
        Unsupported: it has none there.
    """
    key = coin.script.key_of(fingerprint)
    if key is None:
        raise Unsupported("the BitBox02 has no key in this script", found=coin.script.address)
    return key


def input_message(coin: TaskInput, fingerprint: str, commitment: bytes = b"") -> bytes:
    """An input (btc.proto, BTCSignInputRequest); with a commitment when it is to be signed."""
    return message(
        Request.SIGN_INPUT,
        data(1, coin.previous_txid)
        + number(2, coin.vout)
        + number(3, coin.amount)
        + number(4, coin.sequence)
        + numbers(6, own_key(coin, fingerprint).path)
        + (message(8, data(1, commitment)) if commitment else b""),
    )


def output_message(out: TaskOutput, fingerprint: str) -> bytes:
    """An output (btc.proto, BTCSignOutputRequest): ours by its path, others by their program.

    Raises:
        Unsupported: the device pays to no such script.
    """
    own = out.change.key_of(fingerprint) if out.change else None
    if own is not None:
        said = number(1, 1) + number(3, out.amount) + numbers(5, own.path)
        return message(Request.SIGN_OUTPUT, said)
    for kind, form in _FORMS.items():
        match = form.fullmatch(out.script_pubkey)
        if match:
            said = number(2, kind) + number(3, out.amount) + data(4, match[1])
            return message(Request.SIGN_OUTPUT, said)
    raise Unsupported(
        "the BitBox02 pays to no such script",
        expected="P2PKH, P2SH, P2WPKH, P2WSH or P2TR",
        found=out.script_pubkey.hex()[:80],
        hint="nothing was sent to it",
    )


def previous_message(step: Next, tx: PreviousTransaction) -> bytes:
    """A part of a previous transaction (btc.proto, BTCPrevTx...Request)."""
    if step.wants == Wants.PREVTX_INIT:
        counts = number(2, len(tx.inputs)) + number(3, len(tx.outputs))
        said = message(Btc.PREVTX_INIT, number(1, tx.version) + counts + number(4, tx.locktime))
    elif step.wants == Wants.PREVTX_INPUT:
        spent = part_at(tx.inputs, step.previous_index)
        said = message(
            Btc.PREVTX_INPUT,
            data(1, spent.txid)
            + number(2, spent.vout)
            + data(3, spent.script_sig)
            + number(4, spent.sequence),
        )
    elif step.wants == Wants.PREVTX_OUTPUT:
        out = part_at(tx.outputs, step.previous_index)
        said = message(Btc.PREVTX_OUTPUT, number(1, out.amount) + data(2, out.script_pubkey))
    else:
        raise Garbage("the BitBox02 wants something unknown", found=str(step.wants))
    return message(Request.BTC, said)


def part_at(parts: Sequence[_T], index: int) -> _T:
    """What the device asks for by its number.

    Raises:
        Garbage: there is no such number.
    """
    if index >= len(parts):
        raise Garbage("the BitBox02 asks for what there is not", found=f"number {index}")
    return parts[index]
