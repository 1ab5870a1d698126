"""Digests against BIP143's own, Bitcoin Core's, libwally's, and what real devices signed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from every_sighash import ANYONECANPAY, NONE, SINGLE, bip143, legacy
from hypothesis import given, settings
from hypothesis import strategies as st
from psbt_samples import CORE, DEVICES, decoded, signed_txs, vectors
from wally_oracle import wallycore

from signer.chain.whole import parse_transaction
from signer.core import secp
from signer.core.legacy import Legacy
from signer.core.names import Sats
from signer.core.psbt import Psbt
from signer.core.sighash import ALL, FORKID, Bip143, digests

BIP143 = [
    (case, int(sighash, 16), digest)
    for case in vectors("bip143.json")
    for sighash, digest in case["digests"].items()
]


@pytest.mark.parametrize(
    ("case", "sighash", "digest"), BIP143, ids=[f"{c['name']}-{s:02x}" for c, s, _ in BIP143]
)
def test_bip143(case, sighash, digest):
    """The examples of BIP143: of every type by the oracle, those for ALL by the signers' own."""
    tx = parse_transaction(bytes.fromhex(case["tx"]))
    asked = case["input"], bytes.fromhex(case["script_code"]), Sats(case["amount"])
    assert bip143(tx, *asked, sighash).hex() == digest
    if sighash == ALL:
        assert Bip143(tx).digest(*asked).hex() == digest


def test_bip143_has_examples_for_all():
    """So that those above are not all of other types: P2WPKH and P2WSH, plain and in P2SH."""
    assert [case["name"].split(",")[0] for case, sighash, _ in BIP143 if sighash == ALL] == [
        *("native P2WPKH", "P2SH-P2WPKH", "P2SH-P2WSH", "P2WSH")
    ]


@pytest.mark.parametrize(
    ("raw", "script", "index", "sighash", "digest"),
    vectors("bitcoin_core_sighash.json")[1:],
    ids=lambda value: value[:8] if isinstance(value, str) and len(value) > 40 else "",
)
def test_core_legacy(raw, script, index, sighash, digest):
    """Bitcoin Core's sighash.json; there, digests are in reversed order and types are signed."""
    tx = parse_transaction(bytes.fromhex(raw))
    found = legacy(tx, index, bytes.fromhex(script), sighash & 0xFFFF_FFFF)
    assert found[::-1].hex() == digest


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_what_devices_signed(device):
    """Five vendors' firmware signed the digest that we compute."""
    psbt = Psbt.parse(decoded(device["psbt_after"]))
    (spent,) = psbt.inputs
    coin = spent.previous_tx.output(psbt.tx.inputs[0].outpoint.vout)
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


def by_wally(tx, index, script_code, amount, sighash, *, segwit):
    """What libwally says the digest is."""
    flags = wallycore.WALLY_TX_FLAG_USE_WITNESS
    theirs = wallycore.tx_from_bytes(tx.to_bytes(), flags)
    asked = (theirs, index, script_code, amount, sighash, flags if segwit else 0)
    return bytes(wallycore.tx_get_btc_signature_hash(*asked))


@settings(max_examples=200)
@given(signed_txs, st.binary(min_size=1, max_size=100), st.integers(0, 10**15), st.data())
def test_agrees_with_libwally(tx, script_code, amount, data):
    """Every input, both algorithms, every sighash byte but those that libwally refuses.

    What signers make for ALL is compared each time.
    """
    index = data.draw(st.integers(0, len(tx.inputs) - 1))
    sighash = data.draw(st.sampled_from([0x01, 0x02, 0x03, 0x81, 0x82, 0x83]))
    asked = tx, index, script_code, amount
    assert bip143(*asked, sighash) == by_wally(*asked, sighash, segwit=True)
    assert Bip143(tx).digest(*asked[1:]) == by_wally(*asked, ALL, segwit=True)
    if b"\xab" not in script_code:  # libwally leaves OP_CODESEPARATOR to its caller
        assert legacy(*asked[:3], sighash) == by_wally(*asked, sighash, segwit=False)
        assert Legacy(tx).digest(*asked[1:]) == by_wally(*asked, ALL, segwit=False)


@pytest.mark.parametrize("size", [1, 252, 253, 520, 10_000, 65_535, 65_536])
def test_scripts_of_all_sizes(size):
    """The length is hashed, too: in one, three or five bytes."""
    tx = parse_transaction(bytes.fromhex(vectors("bip143.json")[0]["tx"]))
    asked = tx, 1, b"\x51" * size, Sats(7)
    since, before = (by_wally(*asked, ALL, segwit=segwit) for segwit in (True, False))
    assert bip143(*asked) == Bip143(tx).digest(*asked[1:]) == since
    assert legacy(*asked[:3]) == Legacy(tx).digest(*asked[1:]) == before


@pytest.mark.parametrize("push", ["01ab", "4c01ab", "4d0100ab", "4e01000000ab"])
def test_pushed_separators_stay(push):
    """Only the operation 0xab is left out, never the same byte inside pushed data."""
    case = vectors("bip143.json")[0]
    tx = parse_transaction(bytes.fromhex(case["tx"]))
    pushed = bytes.fromhex(push)
    assert legacy(tx, 0, pushed + b"\xab") == legacy(tx, 0, pushed)
    assert legacy(tx, 0, pushed) != legacy(tx, 0, pushed[:-1])


# BCH's `bch_sighash.json`: what an output holds behind its amount, without a token in front.
_CASH = json.loads((Path(__file__).parents[1] / "vectors" / "bch_sighash.json").read_text())
_TOKEN = 0xEF
_ALL_FORKID = ALL | FORKID


def spent_output(case):
    """Read the output that a case of libauth's spends."""
    tx = b"\x02\0\0\0\0" + bytes.fromhex(case["spent"]) + bytes(4)
    return parse_transaction(tx[:4] + b"\x01" + bytes(41) + tx[5:]).outputs[case["index"]]


def script_code(serialization):
    """Read the script out of a serialization that libauth signed: BIP143's fifth part."""
    rest = bytes.fromhex(serialization)[4 + 32 + 32 + 36 :]
    assert rest[0] != _TOKEN
    size = rest[0]
    assert size < 0xFD
    return rest[1 : 1 + size]


@pytest.mark.parametrize(
    "case",
    [c for c in _CASH["cases"] if spent_output(c).script[:1] != bytes((_TOKEN,))],
    ids=lambda case: case["id"],
)
def test_bitcoin_cash(case):
    """What libauth's machine takes: BIP143's digest for scripts before segwit, and the fork id."""
    tx, coin = parse_transaction(bytes.fromhex(case["tx"])), spent_output(case)
    shared = digests(tx, segwit=False, sighash=_ALL_FORKID)
    code = script_code(case["serialization"])
    found = shared.digest(case["index"], code, coin.amount, _ALL_FORKID)
    assert found.hex() == case["digest"]
    assert shared.digest(case["index"], code, Sats(coin.amount + 1), _ALL_FORKID) != found
    assert shared.digest(case["index"], code, coin.amount, ALL) != found


@settings(max_examples=100)
@given(
    signed_txs, st.lists(st.binary(max_size=600), min_size=1, max_size=3), st.integers(0, 2**64 - 1)
)
def test_the_digests_that_signers_make(tx, scripts, amount):
    """Of ALL, with a fork id and without, of every input in turn: as the whole algorithm has it."""
    shared = Bip143(tx)
    for index in range(len(tx.inputs)):
        for script in scripts:
            for sighash in (ALL, _ALL_FORKID):
                found = shared.digest(index, script, Sats(amount), sighash)
                assert found == bip143(tx, index, script, amount, sighash)
            assert shared.digest(index, script, Sats(amount)) != found


def test_signers_have_no_digest_of_another_type():
    """Neither that of the type, nor that of ALL under another name; the field has four bytes."""
    shared = Bip143(parse_transaction(bytes.fromhex(vectors("bip143.json")[0]["tx"])))
    larger = (0x100, 0x101, 0x141, 0x8000_0001, 0xFFFF_FFFF)
    for sighash in {*range(256), *larger} - {ALL, _ALL_FORKID}:
        with pytest.raises(KeyError):
            shared.digest(0, b"", Sats(0), sighash)


@settings(max_examples=150)
@given(signed_txs, st.binary(max_size=600), st.data())
def test_the_digest_that_signers_make_before_segwit(tx, script, data):
    """Of ALL, as the whole algorithm has it; whatever the inputs bring is not signed."""
    code = script.replace(b"\xab", b"\xac")
    index = data.draw(st.integers(0, len(tx.inputs) - 1))
    found = Legacy(tx).digest(index, code, Sats(0))
    assert found == legacy(tx, index, code)
    emptied = replace(tx, inputs=tuple(i._replace(script_sig=b"", witness=()) for i in tx.inputs))
    assert Legacy(emptied).digest(index, code, Sats(0)) == found


@settings(max_examples=50)
@given(signed_txs, st.binary(min_size=1, max_size=100).filter(lambda s: b"\xab" not in s))
def test_no_other_type_has_the_digest_that_signers_make(tx, script):
    """NONE, SINGLE, ANYONECANPAY and the fork id each give another one, in either algorithm."""
    others = (NONE, SINGLE, ALL | ANYONECANPAY, ALL | FORKID)
    before, since = Legacy(tx).digest(0, script, Sats(1)), Bip143(tx).digest(0, script, Sats(1))
    assert before != since
    for ours in (before, since):
        assert ours not in {legacy(tx, 0, script, other) for other in others}
        assert ours not in {bip143(tx, 0, script, 1, other) for other in others}


@pytest.mark.parametrize(
    ("segwit", "sighash", "kind"),
    [
        (True, ALL, Bip143),
        (False, ALL, Legacy),
        (False, ALL | FORKID, Bip143),
        (True, ALL | FORKID, Bip143),
    ],
)
def test_which_algorithm_is_chosen(segwit, sighash, kind):
    """By segwit, and by the coin's fork id; by nothing that a PSBT says."""
    tx = parse_transaction(bytes.fromhex(_CASH["cases"][0]["tx"]))
    assert type(digests(tx, segwit=segwit, sighash=sighash)) is kind
