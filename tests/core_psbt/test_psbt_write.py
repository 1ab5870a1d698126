"""The writer, judged by other libraries; and signatures spliced into received bytes."""

import base64

import bdkpython
import pytest
from psbt_samples import CORE, KEYS, RECORDED_PSBTS, SIGNATURE, VALID, decoded, origins, vault_psbt
from wally_oracle import wallycore

from signer.build.psbt_write import build
from signer.chain.whole import parse_transaction
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint
from signer.core.psbt import (
    Derivation,
    Entry,
    PartialSig,
    Psbt,
    PsbtInput,
    proprietary,
    with_partial_sigs,
)
from signer.core.transaction import Outline
from signer.core.wire import var_bytes

XPUB = bytes.fromhex("043587cf") + b"\x04" + bytes(8) + bytes(32) + KEYS[3]


def stripped_of(previous):
    """A previous transaction without its witnesses."""
    return Outline.parse(parse_transaction(previous.raw).to_bytes(witness=False))


def rich():
    """A PSBT that uses every field that the writer knows."""
    psbt = Psbt.parse(vault_psbt(3))
    first, second, third = psbt.inputs
    signed = PsbtInput(
        previous_tx=first.previous_tx,
        witness_utxo=first.witness_utxo,
        partial_sigs=(PartialSig(KEYS[1], SIGNATURE), PartialSig(KEYS[0], SIGNATURE)),
        sighash=1,
        redeem_script=b"\x00\x20" + bytes(32),
        witness_script=first.witness_script,
        derivations=origins(0)[::-1],
        others=(Entry(b"\x60key", b"value"),),
    )
    final = PsbtInput(
        previous_tx=third.previous_tx,
        final_script_sig=b"\x51",
        final_script_witness=(b"", SIGNATURE, third.witness_script),
    )
    xpub = Derivation.of(XPUB, Fingerprint("aabbccd0"), origins(0)[0].path[:4])
    return build(psbt.tx, (signed, second, final), psbt.outputs, {0: b"a", 300: b"b"}, (xpub,))


@pytest.mark.parametrize("raw", [vault_psbt(1), vault_psbt(20), rich()], ids=["1", "20", "rich"])
def test_libwally_takes_and_repeats_what_we_write(raw):
    """Libwally parses it strictly and writes the same, but previous transactions stripped."""
    theirs = wallycore.psbt_from_bytes(raw, wallycore.WALLY_PSBT_PARSE_FLAG_STRICT)
    ours, back = Psbt.parse(raw), Psbt.parse(bytes(wallycore.psbt_to_bytes(theirs, 0)))
    stripped = [given._replace(previous_tx=stripped_of(given.previous_tx)) for given in ours.inputs]
    assert back.raw == build(ours.tx, stripped, ours.outputs, proprietary(ours), ours.xpubs)


@pytest.mark.parametrize("raw", [vault_psbt(1), vault_psbt(20), rich()], ids=["1", "20", "rich"])
def test_bdk_takes_and_repeats_what_we_write(raw):
    """So does rust-bitcoin, whose order of fields is its own."""
    theirs = bdkpython.Psbt(base64.b64encode(raw).decode())
    ours, back = Psbt.parse(raw), Psbt.parse(base64.b64decode(theirs.serialize()))
    assert (back.tx, back.outputs, back.xpubs) == (ours.tx, ours.outputs, ours.xpubs)
    assert back.inputs == ours.inputs
    assert proprietary(back) == proprietary(ours)


def test_writer_is_deterministic():
    """The order of what is given does not show."""
    psbt = Psbt.parse(rich())
    turned = PsbtInput(
        previous_tx=psbt.inputs[0].previous_tx,
        partial_sigs=psbt.inputs[0].partial_sigs[::-1],
        derivations=psbt.inputs[0].derivations[::-1],
    )
    straight = PsbtInput(
        previous_tx=psbt.inputs[0].previous_tx,
        partial_sigs=psbt.inputs[0].partial_sigs,
        derivations=psbt.inputs[0].derivations,
    )
    one, other = (
        build(psbt.tx, (first, *psbt.inputs[1:]), psbt.outputs, fields)
        for first, fields in ((turned, {2: b"c", 1: b"b"}), (straight, {1: b"b", 2: b"c"}))
    )
    assert one == other


def test_writer_refuses_a_key_twice():
    """It does not write what the parser would refuse."""
    psbt = Psbt.parse(vault_psbt(1))
    twice = PsbtInput(partial_sigs=(PartialSig(KEYS[0], SIGNATURE),) * 2)
    with pytest.raises(BadInput, match="input 0: a key would come twice"):
        build(psbt.tx, (twice,), psbt.outputs, {})


def test_own_fields_come_back():
    """Ours are found by prefix and subtype; others' and those without our prefix are not ours."""
    raw = vault_psbt(1, {0: b"zero", 1: b"", 70_000: b"far"})
    assert proprietary(Psbt.parse(raw)) == {0: b"zero", 1: b"", 70_000: b"far"}
    foreign = raw.replace(b"\x0acoldquorum", b"\x0acoldquorun", 1)
    assert sorted(proprietary(Psbt.parse(foreign))) == [1, 70_000]


def test_own_fields_have_no_key_data():
    """A second field of one subtype cannot hide behind key data."""
    raw = vault_psbt(1, {0: b"zero"})
    key = b"\xfc\x0acoldquorum\x00"
    longer = raw.replace(var_bytes(key), var_bytes(key + b"\x07"))
    with pytest.raises(BadInput, match="proprietary field: key: trailing bytes"):
        proprietary(Psbt.parse(longer))


@pytest.mark.parametrize("raw", [*VALID, *RECORDED_PSBTS], ids=range(len(VALID + RECORDED_PSBTS)))
def test_splice_changes_nothing_else(raw):
    """Take the spliced fields out again, and the bytes are those that came."""
    psbt = Psbt.parse(raw)
    new = {index: [PartialSig(KEYS[9], SIGNATURE)] for index in range(len(psbt.inputs))}
    spliced = with_partial_sigs(psbt, new)
    field = var_bytes(b"\x02" + KEYS[9]) + var_bytes(SIGNATURE)
    assert spliced.count(field) == len(psbt.inputs)
    assert spliced.replace(field, b"") == raw
    after = Psbt.parse(spliced)
    for before, now in zip(psbt.inputs, after.inputs, strict=True):
        assert now.partial_sigs == (*before.partial_sigs, *new[0])


def test_splice_of_nothing_is_nothing():
    """No signatures, no change."""
    raw = vault_psbt(2)
    assert with_partial_sigs(Psbt.parse(raw), {}) == raw
    assert with_partial_sigs(Psbt.parse(raw), {0: [], 1: []}) == raw


def test_splice_keeps_keys_unique():
    """The same signature goes in once, whether it was there or is given twice."""
    raw = vault_psbt(1)
    signed = with_partial_sigs(Psbt.parse(raw), {0: [PartialSig(KEYS[0], SIGNATURE)] * 2})
    assert len(Psbt.parse(signed).inputs[0].partial_sigs) == 1
    again = with_partial_sigs(Psbt.parse(signed), {0: [PartialSig(KEYS[0], SIGNATURE)]})
    assert again == signed


def test_splice_refuses_another_signature_by_the_same_key():
    """Which of the two is right is not for this code to say."""
    raw = vault_psbt(1)
    signed = with_partial_sigs(Psbt.parse(raw), {0: [PartialSig(KEYS[0], SIGNATURE)]})
    other = PartialSig(KEYS[0], SIGNATURE[:-1] + b"\x02")
    with pytest.raises(BadInput, match="input 0: another signature by the same key") as caught:
        with_partial_sigs(Psbt.parse(signed), {0: [other]})
    assert caught.value.fault is Fault.COSIGNER
    assert KEYS[0].hex() in caught.value.found


def test_spliced_signatures_are_seen_by_others():
    """Libwally and rust-bitcoin read what was spliced in."""
    new = {1: [PartialSig(KEYS[2], SIGNATURE), PartialSig(KEYS[0], SIGNATURE)]}
    spliced = with_partial_sigs(Psbt.parse(vault_psbt(2)), new)
    theirs = wallycore.psbt_from_bytes(spliced, wallycore.WALLY_PSBT_PARSE_FLAG_STRICT)
    assert wallycore.psbt_get_input_signatures_size(theirs, 0) == 0
    assert wallycore.psbt_get_input_signatures_size(theirs, 1) == 2
    bdk = bdkpython.Psbt(base64.b64encode(spliced).decode())
    assert [len(given.partial_sigs) for given in bdk.input()] == [0, 2]


def test_splicing_combines_as_core_does():
    """Core's combiner: the second file's signatures spliced into the first give its result."""
    case = CORE["combiner"][0]
    first, second = (Psbt.parse(decoded(text)) for text in case["combine"])
    combined = Psbt.parse(
        with_partial_sigs(first, {i: given.partial_sigs for i, given in enumerate(second.inputs)})
    )
    expected = Psbt.parse(decoded(case["result"]))
    assert combined.tx == expected.tx
    for ours, theirs in zip(combined.inputs, expected.inputs, strict=True):
        assert set(ours.partial_sigs) == set(theirs.partial_sigs)
        assert len(ours.partial_sigs) == 2
