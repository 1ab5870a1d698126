"""Blocks for CHAIN regtest, with real proof of work at its lowest difficulty.

Sources: Bitcoin Core `src/kernel/chainparams.cpp` (CRegTestParams), `src/validation.cpp`
(GetBlockSubsidy), BIP34 (height in the coinbase), BIP141 (witness commitment).
"""

import secrets
from collections.abc import Sequence
from typing import Final

from signer.chain.chain import BlockHash
from signer.core import wire
from signer.core.hashes import sha256d
from signer.core.names import Sats, Txid
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut

_HALVING: Final = 150
"""Blocks between halvings on regtest."""

_FIRST_SUBSIDY: Final = 50 * 100_000_000

SUPPLY: Final = 2 * _HALVING * _FIRST_SUBSIDY
"""What all of regtest's blocks together stay below: 15,000 BTC, in satoshi."""

_BITS: Final = 0x207F_FFFF
_TARGET: Final = 0x7F_FFFF << 8 * (0x20 - 3)
"""The easiest target: every second header passes."""

_VERSION: Final = 0x2000_0000
"""No deployment signalled (BIP9)."""

_RESERVED: Final = bytes(32)
"""The witness reserved value, BIP141 "Commitment structure"; Core uses zeros, too."""

_OP_RETURN_COMMITMENT: Final = bytes.fromhex("6a24aa21a9ed")
"""OP_RETURN, 36 bytes, and the commitment's tag (BIP141)."""

_OP_1_LESS_ONE: Final = 0x50
_OP_16: Final = 16


def subsidy(height: int) -> Sats:
    """What the block at a height may create, in satoshi."""
    halvings = height // _HALVING
    return Sats(_FIRST_SUBSIDY >> halvings if halvings < 64 else 0)  # noqa: PLR2004 -- bits of the amount


def _height_push(height: int) -> bytes:
    """The height as a minimal script number, as BIP34 wants it at the start of the coinbase."""
    if height <= _OP_16:
        return bytes((_OP_1_LESS_ONE + height,))
    number = height.to_bytes(height.bit_length() // 8 + 1, "little")
    return bytes((len(number),)) + number


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over 32-byte hashes in hash order; an odd last one is paired with itself."""
    level = list(leaves)
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        level = [sha256d(a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def _coinbase(height: int, paid: TxOut, witness_root: bytes | None) -> Transaction:
    # Random bytes make blocks at one height differ, so that a fork is one.
    unlock = _height_push(height) + wire.var_bytes(secrets.token_bytes(40))
    source = TxIn(OutPoint(Txid("00" * 32), 0xFFFF_FFFF), unlock, 0xFFFF_FFFF)
    if witness_root is None:
        return Transaction(2, (source,), (paid,), 0)
    commitment = _OP_RETURN_COMMITMENT + sha256d(witness_root + _RESERVED)
    outputs = (paid, TxOut(Sats(0), commitment))
    return Transaction(2, (source._replace(witness=(_RESERVED,)),), outputs, 0)


def mine(
    previous: BlockHash,
    height: int,
    *,
    time: int,
    script: bytes,
    transactions: Sequence[Transaction],
    fees: int,
    segwit: bool = True,
) -> bytes:
    """One whole block, with proof of work.

    Args:
        previous: the block that it stands on.
        height: its own height.
        time: its time, seconds since 1970.
        script: who gets the subsidy and the fees.
        transactions: what it holds besides the coinbase, parents before children.
        fees: what those pay together, in satoshi.
        segwit: whether the coinbase commits to witnesses.
    """
    # The coinbase's own witness hash counts as zero (BIP141).
    leaves = [bytes(32), *(sha256d(tx.to_bytes()) for tx in transactions)]
    paid = TxOut(Sats(subsidy(height) + fees), script)
    coinbase = _coinbase(height, paid, merkle_root(leaves) if segwit else None)
    body = (coinbase, *transactions)
    root = merkle_root([bytes.fromhex(tx.txid)[::-1] for tx in body])
    head = wire.u32(_VERSION) + bytes.fromhex(previous)[::-1] + root + wire.u32(time)
    head += wire.u32(_BITS)
    nonce = 0
    while int.from_bytes(sha256d(head + wire.u32(nonce)), "little") > _TARGET:
        nonce += 1
    return b"".join(
        (head, wire.u32(nonce), wire.compact_size(len(body)), *(tx.to_bytes() for tx in body))
    )
