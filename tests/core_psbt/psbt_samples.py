"""Samples that the PSBT tests share: vectors, a vault's PSBT of any size, and random parts."""

import base64
import json
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from signer.build.psbt_write import build
from signer.core import secp
from signer.core.names import Fingerprint, Sats, Txid
from signer.core.psbt import Derivation, Entry, PartialSig, PsbtInput, PsbtOutput
from signer.core.transaction import Outline, OutPoint, Transaction, TxIn, TxOut

VECTORS = Path(__file__).parents[1] / "vectors"


@cache
def vectors(name):
    """Read a file of vectors."""
    return json.loads((VECTORS / name).read_text())


CORE = vectors("bitcoin_core_rpc_psbt.json")
RECORDED = vectors("recorded_psbts.json")
DEVICES = RECORDED["devices"]


def decoded(text):
    """Decode a vector's base64."""
    return base64.b64decode(text, validate=True)


VALID = [decoded(text) for text in CORE["valid"]]
RECORDED_PSBTS = [decoded(text) for text in RECORDED["bitcoind"]["psbts"]] + [
    decoded(device[name]) for device in DEVICES.values() for name in ("psbt_before", "psbt_after")
]

KEYS = tuple(sorted(secp.public_key(bytes([n]) * 32) for n in range(1, 16)))
WITNESS_SCRIPT = b"\x52" + b"".join(b"\x21" + key for key in KEYS[:3]) + b"\x53\xae"
P2WSH = b"\x00\x20" + bytes(range(32))
SIGNATURE = bytes.fromhex(
    "304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a"
    "0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee01"
)  # BIP143, native P2WPKH


def origins(index, branch=0):
    """The key origins of a 2-of-3 vault's script."""
    path = (0x8000_0030, 0x8000_0001, 0x8000_0000, 0x8000_0002, branch, index)
    return tuple(Derivation.of(key, Fingerprint("aabbccd0"), path) for key in KEYS[:3])


def previous(number):
    """A transaction that pays the vault with its second output."""
    return Transaction(
        2,
        (TxIn(OutPoint(Txid(f"{number + 1:064x}"), 0), b"", 0xFFFF_FFFF, (SIGNATURE, KEYS[0])),),
        (TxOut(Sats(7), P2WSH), TxOut(Sats(100_000 + number), P2WSH)),
        0,
    )


@st.composite
def changed(draw, samples):
    """One of some bytes, with up to three of its places replaced, taken out or put in."""
    data = bytearray(draw(st.sampled_from(samples)))
    change = st.tuples(st.integers(0, 3_000), st.integers(0, 3), st.binary(max_size=3))
    for at, length, new in draw(st.lists(change, max_size=3)):
        data[at % len(data) : at % len(data) + length] = new
    return bytes(data)


def outline(tx):
    """What the parser makes of a previous transaction."""
    return Outline.parse(tx.to_bytes())


def vault_psbt(coins, proprietary=None):
    """A vault's PSBT that spends so many coins into a payment and change."""
    funding = [previous(number) for number in range(coins)]
    tx = Transaction(
        2,
        tuple(TxIn(OutPoint(p.txid, 1), b"", 0xFFFF_FFFD) for p in funding),
        (TxOut(Sats(90_000), P2WSH), TxOut(Sats(5_000), P2WSH)),
        812_345,
    )
    inputs = [
        PsbtInput(
            previous_tx=outline(paid),
            witness_utxo=paid.outputs[1],
            sighash=1,
            witness_script=WITNESS_SCRIPT,
            derivations=origins(number),
        )
        for number, paid in enumerate(funding)
    ]
    outputs = [PsbtOutput(), PsbtOutput(witness_script=WITNESS_SCRIPT, derivations=origins(3, 1))]
    return build(tx, inputs, outputs, proprietary or {0: b"{}", 1: b"\x00", 2: b"\x00"})


amounts = st.integers(0, 21_000_000 * 100_000_000).map(Sats)
u32s = st.integers(0, 0xFFFF_FFFF)
scripts = st.binary(max_size=300)
outpoints = st.builds(
    OutPoint, st.binary(min_size=32, max_size=32).map(lambda b: Txid(b.hex())), u32s
)
outs = st.builds(TxOut, amounts, scripts)
stacks = st.lists(st.binary(max_size=80), max_size=3).map(tuple)


def ins(script_sig=scripts, witness=stacks):
    """Inputs, by default signed."""
    return st.builds(TxIn, outpoints, script_sig, u32s, witness)


signed_txs = st.builds(
    Transaction,
    u32s,
    st.lists(ins(), min_size=1, max_size=3).map(tuple),
    st.lists(outs, min_size=1, max_size=3).map(tuple),
    u32s,
)

_keys = st.sampled_from(KEYS)
_fingerprints = st.binary(min_size=4, max_size=4).map(lambda b: Fingerprint(b.hex()))
_paths = st.lists(u32s, max_size=6).map(tuple)


def _by_key(items):
    """Distinct keys in the writer's order."""
    return tuple(items[key] for key in sorted(items))


_derivations = st.dictionaries(_keys, st.tuples(_fingerprints, _paths), max_size=3).map(
    lambda found: _by_key({key: Derivation.of(key, *origin) for key, origin in found.items()})
)
_signatures = st.dictionaries(_keys, st.binary(min_size=9, max_size=73), max_size=3).map(
    lambda found: _by_key({key: PartialSig(key, sig) for key, sig in found.items()})
)
# Type 0x60 is given to nobody (BIP174 "Registered Types").
_unknown = st.dictionaries(
    st.binary(max_size=5).map(lambda b: b"\x60" + b), st.binary(max_size=40), max_size=3
).map(lambda found: _by_key({key: Entry(key, value) for key, value in found.items()}))


@st.composite
def _xpubs(draw):
    path = draw(_paths)
    raw = draw(st.binary(min_size=78, max_size=78))
    return Derivation.of(raw[:4] + bytes([len(path)]) + raw[5:], draw(_fingerprints), path)


@st.composite
def psbt_parts(draw):
    """Arguments of `build`, each in the order that it is written in."""
    funding = draw(st.lists(signed_txs, max_size=3, unique_by=lambda tx: tx.txid))
    spent = []
    inputs = []
    for tx in funding:
        vout = draw(st.integers(0, len(tx.outputs) - 1))
        spent.append(TxIn(OutPoint(tx.txid, vout), b"", draw(u32s)))
        whole = draw(st.booleans())
        inputs.append(
            PsbtInput(
                previous_tx=outline(tx) if whole else None,
                witness_utxo=draw(st.none() | outs),
                partial_sigs=draw(_signatures),
                sighash=draw(st.none() | u32s),
                redeem_script=draw(scripts),
                witness_script=draw(scripts),
                derivations=draw(_derivations),
                final_script_sig=draw(scripts),
                final_script_witness=draw(stacks),
                others=draw(_unknown),
            )
        )
    paid = draw(st.lists(outs, max_size=3))
    outputs = [
        PsbtOutput(draw(scripts), draw(scripts), draw(_derivations), draw(_unknown)) for _ in paid
    ]
    tx = Transaction(draw(u32s), tuple(spent), tuple(paid), draw(u32s))
    proprietary = draw(st.dictionaries(st.integers(0, 300), st.binary(max_size=50), max_size=3))
    xpubs = draw(st.lists(_xpubs(), max_size=2, unique_by=lambda x: x.pubkey))
    return (
        tx,
        tuple(inputs),
        tuple(outputs),
        proprietary,
        tuple(sorted(xpubs, key=lambda x: x.pubkey)),
    )
