"""Digests against BIP143's own, Bitcoin Core's, libwally's, and what real devices signed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from legacy_sighash import legacy
from psbt_samples import CORE, DEVICES, decoded, signed_txs, vectors
from wally_oracle import wallycore

from signer.core import secp
from signer.core.names import Sats
from signer.core.psbt import Psbt
from signer.core.sighash import Bip143
from signer.core.transaction import Transaction

BIP143 = [
    (case, int(sighash, 16), digest)
    for case in vectors("bip143.json")
    for sighash, digest in case["digests"].items()
]


@pytest.mark.parametrize(
    ("case", "sighash", "digest"), BIP143, ids=[f"{c['name']}-{s:02x}" for c, s, _ in BIP143]
)
def test_bip143(case, sighash, digest):
    """The examples of BIP143."""
    shared = Bip143(Transaction.parse(bytes.fromhex(case["tx"])))
    script_code = bytes.fromhex(case["script_code"])
    found = shared.digest(case["input"], script_code, Sats(case["amount"]), sighash)
    assert found.hex() == digest


@pytest.mark.parametrize(
    ("raw", "script", "index", "sighash", "digest"),
    vectors("bitcoin_core_sighash.json")[1:],
    ids=lambda value: value[:8] if isinstance(value, str) and len(value) > 40 else "",
)
def test_core_legacy(raw, script, index, sighash, digest):
    """Bitcoin Core's sighash.json; there, digests are in reversed order and types are signed."""
    tx = Transaction.parse(bytes.fromhex(raw))
    found = legacy(tx, index, bytes.fromhex(script), sighash & 0xFFFF_FFFF)
    assert found[::-1].hex() == digest


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_what_devices_signed(device):
    """Five vendors' firmware signed the digest that we compute."""
    psbt = Psbt.parse(decoded(device["psbt_after"]))
    (spent,) = psbt.inputs
    coin = spent.previous_tx.outputs[psbt.tx.inputs[0].outpoint.vout]
    digest = Bip143(psbt.tx).digest(0, spent.witness_script, coin.amount)
    assert digest.hex() == device["sighash_input_0"]
    (signed,) = spent.partial_sigs
    assert secp.verify_ecdsa(digest, signed.signature[:-1], signed.pubkey)


def test_what_core_signed():
    """The signer cases in which Core signs: legacy P2SH and P2SH-P2WSH, each signature ALL."""
    kinds = []
    for case in CORE["signer"]:
        if case["psbt"] == case["result"]:
            continue
        psbt = Psbt.parse(decoded(case["result"]))
        shared = Bip143(psbt.tx)
        for index, spent in enumerate(psbt.inputs):
            if spent.witness_script and spent.witness_utxo:
                digest = shared.digest(index, spent.witness_script, spent.witness_utxo.amount)
            else:
                digest = legacy(psbt.tx, index, spent.redeem_script)
            for signed in spent.partial_sigs:
                assert signed.signature[-1] == 1
                assert secp.verify_ecdsa(digest, signed.signature[:-1], signed.pubkey)
                kinds.append(bool(spent.witness_script))
    assert set(kinds) == {True, False}


@settings(max_examples=200)
@given(signed_txs, st.binary(min_size=1, max_size=100), st.integers(0, 10**15), st.data())
def test_agrees_with_libwally(tx, script_code, amount, data):
    """Every input, both algorithms, every sighash byte but those that libwally refuses."""
    index = data.draw(st.integers(0, len(tx.inputs) - 1))
    sighash = data.draw(st.sampled_from([0x01, 0x02, 0x03, 0x81, 0x82, 0x83]))
    theirs = wallycore.tx_from_bytes(tx.to_bytes(), wallycore.WALLY_TX_FLAG_USE_WITNESS)

    def wally(flags):
        return bytes(
            wallycore.tx_get_btc_signature_hash(theirs, index, script_code, amount, sighash, flags)
        )

    ours = Bip143(tx).digest(index, script_code, Sats(amount), sighash)
    assert ours == wally(wallycore.WALLY_TX_FLAG_USE_WITNESS)
    if b"\xab" not in script_code:  # libwally leaves OP_CODESEPARATOR to its caller
        assert legacy(tx, index, script_code, sighash) == wally(0)


@pytest.mark.parametrize("push", ["01ab", "4c01ab", "4d0100ab", "4e01000000ab"])
def test_pushed_separators_stay(push):
    """Only the operation 0xab is left out, never the same byte inside pushed data."""
    case = vectors("bip143.json")[0]
    tx = Transaction.parse(bytes.fromhex(case["tx"]))
    pushed = bytes.fromhex(push)
    assert legacy(tx, 0, pushed + b"\xab") == legacy(tx, 0, pushed)
    assert legacy(tx, 0, pushed) != legacy(tx, 0, pushed[:-1])
