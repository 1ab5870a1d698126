"""Partially signed transactions, version 0: read strictly, and signed by splicing.

The bytes as they came stay the truth: a signature is spliced into them, and everything else,
unknown fields too, stays as it is, byte for byte. Source: BIP174; Bitcoin Core `src/psbt.h`.

A vault's coins nearly all stand alike: the same types of field in the same order, each of the same
length. Of many, the first is read field by field, and its lengths make a pattern. What matches that
has the form that was checked there, and is read at once; what does not, is read field by field. So
the pattern decides how long a PSBT takes, and never what it says (docs/adr/0011-speed.md).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, Self

from signer.core import wire
from signer.core.errors import BadInput, Fault
from signer.core.names import Txid
from signer.core.psbt_fields import GLOBAL, INPUT, OUTPUT, PROPRIETARY, Global, Input, Output
from signer.core.psbt_map import MAX_IN_ALL, MAX_IN_MAP, Entry, FieldMap
from signer.core.psbt_parts import Derivation, PartialSig, PsbtInput, PsbtOutput
from signer.core.transaction import Outline, OutPoint, Transaction, TxOut, read_stack
from signer.core.wire import Reader

__all__ = [
    "IDENTIFIER",
    "MAGIC",
    "MAX_PSBT",
    "Derivation",
    "Entry",
    "PartialSig",
    "Psbt",
    "PsbtInput",
    "PsbtOutput",
    "proprietary",
    "with_partial_sigs",
]

# Room for 1,000 coins that each came in an exchange's payout of 30 kB, which travels whole.
MAX_PSBT: Final = 32 * 1024 * 1024

# Bytes. Nodes relay 400,000 weight units (Core's policy.h, MAX_STANDARD_TX_WEIGHT), of which each
# of these bytes takes four; the rest is for what is handed to a miner: 9,700 inputs.
MAX_UNSIGNED: Final = 400_000

MAGIC: Final = b"psbt\xff"

# BIP174 "Proprietary Use Type": whose the fields with our documents are.
IDENTIFIER: Final = b"coldquorum"

# So many inputs save more time than a pattern takes to compile.
MANY: Final = 64

# A key; a field with a signature as long as all but one in 200 are, whose second group begins with
# the length; and some of them.
_KEY: Final = rb"[\x02\x03].{32}"
_SIG: Final = re.compile(rb"\x22\x02(%b)(\x47.{71}|\x48.{72}|\x49.{73})" % _KEY, re.DOTALL)
_SIGS: Final = b"((?:%b){,20})" % _SIG.pattern.replace(b"(", b"(?:")

# Types that are read here; a field of another one is kept as it came.
_GLOBAL, _INPUT, _OUTPUT = (
    frozenset(number for name, number in vars(kinds).items() if name.isupper())
    for kinds in (Global, Input, Output)
)


@dataclass(frozen=True, slots=True)
class Psbt:
    """A PSBT as it came.

    Attributes:
        raw: the bytes that it was read from.
        tx: the unsigned transaction.
        inputs: one for each input of `tx`.
        outputs: one for each output of `tx`.
        xpubs: global extended public keys.
        others: every other global field, ours among them, in the order of the file.
        ends: where the closing zero byte of each input's map is in `raw`.
    """

    raw: bytes
    tx: Transaction
    inputs: tuple[PsbtInput, ...]
    outputs: tuple[PsbtOutput, ...]
    xpubs: tuple[Derivation, ...]
    others: tuple[Entry, ...]
    ends: tuple[int, ...]

    @classmethod
    def parse(cls, data: bytes, *, limit: int = MAX_PSBT) -> Self:
        """Reads a binary PSBT, in time linear in its size.

        Raises:
            BadInput: it breaks a rule of BIP174, BIP371 or BIP373, is of another version, has
                bytes to spare or too many fields, is for a transaction that is too large to be
                relayed or spends a coin twice, or holds a previous transaction that is not the
                one it spends from. The error names map, field and byte.
        """
        reader = Reader(data, "psbt")
        if len(data) > limit:
            reader.fail("too large", expected=f"at most {limit} bytes", found=f"{len(data)} bytes")
        if reader.peek(len(MAGIC)) != MAGIC:
            reader.fail("not a psbt", expected=MAGIC.hex(), found=reader.peek(len(MAGIC)).hex())
        reader.take(len(MAGIC))
        room = iter(range(MAX_IN_ALL))
        top = FieldMap(reader, "psbt: global", GLOBAL, room)
        tx = _unsigned(reader, top)
        known: dict[Txid, Outline] = {}
        inputs: list[PsbtInput] = []
        ends, pattern = [], None
        for at, txin in enumerate(tx.inputs):
            reader.where, coin = f"psbt: input {at}", txin.outpoint
            if at == 1 and len(tx.inputs) >= MANY:
                pattern = _pattern(inputs[0])
            said = (  # if the previous transaction comes first, as BIP174 sorts it
                _alike(pattern, reader, coin, known, room)
                if pattern and data.startswith(b"\x01\x00", reader.position)
                else None
            )
            inputs.append(said or _input(FieldMap(reader, reader.where, INPUT, room), coin, known))
            ends.append(reader.position - 1)
        outputs = tuple(
            _output(reader, f"psbt: output {at}", room) for at in range(len(tx.outputs))
        )
        reader.where = "psbt"
        reader.finish()
        if len({txin.outpoint for txin in tx.inputs}) != len(inputs):
            reader.fail("two inputs spend the same coin")
        xpubs = Derivation.many(top.all(Global.XPUB))
        if any(len(xpub.path) != xpub.pubkey[4] for xpub in xpubs):  # BIP32: the depth
            reader.fail("extended public key: path does not reach the key's depth")
        return cls(
            *(data, tx, tuple(inputs), outputs, xpubs, top.others(_GLOBAL)),
            ends=tuple(ends),
        )


def _unsigned(reader: Reader, top: FieldMap) -> Transaction:
    """The unsigned transaction, which its own serialisation must give back unchanged."""
    if version := top.one(Global.VERSION, Reader.u32):
        reader.fail(
            "unknown psbt version",
            expected="version 0 (BIP174)",
            found=f"version {version}",
            hint="save the file as psbt version 0",
        )
    raw = top.raw(Global.UNSIGNED_TX)
    if len(raw) > MAX_UNSIGNED:
        reader.fail(
            "the unsigned transaction is too large",
            expected=f"at most {MAX_UNSIGNED:,} bytes",
            found=f"{len(raw):,} bytes",
            hint="spend fewer coins at once",
        )
    tx = top.one(Global.UNSIGNED_TX, Transaction.unsigned)
    if tx is None:
        reader.fail("no unsigned transaction")
    if tx.to_bytes() != raw:
        reader.fail("the unsigned transaction does not serialise to itself")
    return tx


def _input(fields: FieldMap, coin: OutPoint, known: dict[Txid, Outline]) -> PsbtInput:
    return PsbtInput(
        previous_tx=fields.one(Input.PREVIOUS_TX, lambda part: _previous(part, coin, known)),
        witness_utxo=fields.one(Input.WITNESS_UTXO, TxOut.read),
        partial_sigs=tuple([PartialSig(*pair) for pair in fields.all(Input.PARTIAL_SIG)]),
        sighash=fields.one(Input.SIGHASH, Reader.u32),
        redeem_script=fields.raw(Input.REDEEM_SCRIPT),
        witness_script=fields.raw(Input.WITNESS_SCRIPT),
        derivations=Derivation.many(fields.all(Input.DERIVATION)),
        final_script_sig=fields.raw(Input.FINAL_SCRIPT_SIG),
        final_script_witness=fields.one(Input.FINAL_SCRIPT_WITNESS, read_stack) or (),
        others=fields.others(_INPUT),
    )


def _previous(
    part: Reader,
    coin: OutPoint,
    known: dict[Txid, Outline],
    read: Callable[[Reader], Outline] = Outline.read,
) -> Outline:
    """The transaction that paid a coin. Coins of one payment share theirs: it is read once."""
    previous = known.get(coin.txid)
    if previous is None or previous.raw != part.peek(part.left):
        previous = read(part)
        known[previous.txid] = previous
    part.position = part.end
    if previous.txid != coin.txid:
        part.fail("is another one", expected=coin.txid, found=previous.txid)
    if coin.vout >= len(previous.outputs):
        part.fail(
            "has no such output",
            expected=f"output {coin.vout}",
            found=f"{len(previous.outputs)} outputs",
        )
    return previous


def _pattern(said: PsbtInput) -> tuple[re.Pattern[bytes], int]:
    """How an input stands after its previous transaction, and how many fields it has.

    Signatures are not counted. They are where BIP174 sorts them, or last, where signers put them.
    """
    fields = (
        (b"\x01%c" % Input.WITNESS_UTXO, b"", said.witness_utxo and said.witness_utxo.to_bytes()),
        (b"\x01%c" % Input.SIGHASH, b"", said.sighash and wire.u32(said.sighash)),
        (b"\x01%c" % Input.REDEEM_SCRIPT, b"", said.redeem_script),
        (b"\x01%c" % Input.WITNESS_SCRIPT, b"", said.witness_script),
        *((b"\x22%c" % Input.DERIVATION, b"(%b)" % _KEY, origin) for _, origin in said.derivations),
    )
    one, *others = [
        b"%b%b%b(.{%d})" % (head, key, re.escape(wire.compact_size(len(value))), len(value))
        if value
        else b"()"
        for head, key, value in fields
    ]
    form = b"".join((one, _SIGS, *others, _SIGS, b"\x00"))
    return re.compile(form, re.DOTALL), 1 + sum(bool(value) for *_, value in fields)


def _alike(
    pattern: tuple[re.Pattern[bytes], int],
    reader: Reader,
    coin: OutPoint,
    known: dict[Txid, Outline],
    room: Iterator[int],
) -> PsbtInput | None:
    """An input that stands so, if nothing about it is odd.

    Its map begins with the previous transaction, and the reader stands there. It is left after the
    map if an input is given.
    """
    part = Reader(reader.data, f"{reader.where}: previous transaction", reader.position + 2)
    size = part.compact_size()
    match = pattern[0].match(part.data, part.position + min(size, part.left))
    if match is None:
        return None
    utxo, early, sighash, redeem_script, witness_script, *origins, late = match.groups()
    sigs = [PartialSig(key, sized[1:]) for key, sized in _SIG.findall(early + late)]
    part.end = match.start()
    previous = _previous(part, coin, known, Outline.usual)
    spent = previous.output(coin.vout)
    if (
        (utxo and utxo != spent.to_bytes())
        or len({*origins[::2]}) < len(origins) // 2
        or len({key for key, _ in sigs}) < len(sigs)
        or pattern[1] + len(sigs) > MAX_IN_MAP
        or next(islice(room, pattern[1] + len(sigs), None), None) is None
    ):
        return None
    reader.position = match.end()
    return PsbtInput(
        previous,
        spent if utxo else None,
        tuple(sigs),
        int.from_bytes(sighash, "little") if sighash else None,
        redeem_script,
        witness_script,
        Derivation.many(zip(origins[::2], origins[1::2], strict=True)),
    )


def _output(reader: Reader, where: str, room: Iterator[int]) -> PsbtOutput:
    if reader.peek(1) == b"\x00" and next(room, None) is not None:  # as of nearly every payment
        reader.skip(1)
        return PsbtOutput()
    fields = FieldMap(reader, where, OUTPUT, room)
    return PsbtOutput(
        redeem_script=fields.raw(Output.REDEEM_SCRIPT),
        witness_script=fields.raw(Output.WITNESS_SCRIPT),
        derivations=Derivation.many(fields.all(Output.DERIVATION)),
        others=fields.others(_OUTPUT),
    )


def proprietary(psbt: Psbt) -> dict[int, bytes]:
    """The global proprietary fields of this program (BIP174 type 0xFC), by subtype.

    Raises:
        BadInput: one has key data, which none of ours has.
    """
    found = {}
    for entry in psbt.others:
        reader = Reader(entry.key, "psbt: global: proprietary field: key")
        if reader.compact_size() == PROPRIETARY and reader.var_bytes() == IDENTIFIER:
            subtype = reader.compact_size()
            reader.finish()
            found[subtype] = entry.value
    return found


def with_partial_sigs(psbt: Psbt, signatures: Mapping[int, Iterable[PartialSig]]) -> bytes:
    """The bytes of `psbt` with signatures put in front of the end of their inputs' maps.

    A signature that is there already is not put in again.

    Args:
        psbt: as it came.
        signatures: by the index of the input.

    Raises:
        BadInput: an input has another signature by the same key.
    """
    parts, at = [], 0
    for index in sorted(signatures):
        known = dict(psbt.inputs[index].partial_sigs)
        parts.append(psbt.raw[at : psbt.ends[index]])
        at = psbt.ends[index]
        for pubkey, signature in sorted(signatures[index]):
            if pubkey not in known:
                known[pubkey] = signature
                key = bytes((Input.PARTIAL_SIG,)) + pubkey
                parts += (wire.var_bytes(key), wire.var_bytes(signature))
            elif known[pubkey] != signature:
                raise BadInput(
                    f"psbt: input {index}: another signature by the same key is there",
                    fault=Fault.COSIGNER,
                    found=f"key {pubkey.hex()}",
                    hint="start from a file without that signature",
                )
    return b"".join((*parts, psbt.raw[at:]))
