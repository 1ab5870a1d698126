"""Many inputs that stand alike are read by a pattern: what it says is what the other way says."""

from contextlib import contextmanager
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psbt_samples import (
    KEYS,
    P2WSH,
    SIGNATURE,
    WITNESS_SCRIPT,
    changed,
    outline,
    previous,
    vault_psbt,
)

from signer.build.psbt_write import build
from signer.core import psbt
from signer.core.errors import BadInput
from signer.core.names import Sats
from signer.core.psbt import Derivation, Entry, PartialSig, Psbt, with_partial_sigs
from signer.core.psbt_map import MAX_IN_MAP
from signer.core.transaction import TxOut
from signer.core.wire import var_bytes

REDEEM = b"\x00\x20" + bytes(32)
SIG = SIGNATURE + b"\x01"  # 72 bytes with the sighash type


@contextmanager
def from_inputs_on(count):
    """Read by a pattern from so many inputs on; gives what the pattern was asked, and said."""
    said = []
    alike = psbt._alike

    def spied(*parts):
        said.append(alike(*parts))
        return said[-1]

    with patch.object(psbt, "MANY", count), patch.object(psbt, "_alike", spied):
        yield said


def outcome(raw, count):
    """What it holds, or what is said against it."""
    with from_inputs_on(count) as said:
        try:
            return Psbt.parse(raw), said
        except BadInput as problem:
            return (problem.what, problem.fault, problem.expected, problem.found), said


def same(raw):
    """Both ways, compared; how many inputs the pattern gave."""
    field_by_field, unasked = outcome(raw, 1_000)
    assert not unasked
    found, said = outcome(raw, 1)
    assert found == field_by_field
    return sum(one is not None for one in said)


def rebuilt(raw, change):
    """The PSBT with each input changed: given its index and what it says."""
    whole = Psbt.parse(raw)
    inputs = [change(at, said) for at, said in enumerate(whole.inputs)]
    return build(whole.tx, inputs, whole.outputs, {0: b"{}"})


VAULT = vault_psbt(4)


def signed(at, said):
    """Two signatures, where BIP174 sorts them."""
    sigs = (PartialSig(KEYS[0], SIG), PartialSig(KEYS[1], SIGNATURE + bytes(at % 3)))
    return said._replace(partial_sigs=sigs)


FORMS = {
    "P2WSH": VAULT,
    "P2SH-P2WSH": rebuilt(VAULT, lambda _, said: said._replace(redeem_script=REDEEM)),
    "P2SH": rebuilt(
        VAULT,
        lambda _, said: said._replace(
            witness_utxo=None, redeem_script=WITNESS_SCRIPT, witness_script=b""
        ),
    ),
    "a long script": rebuilt(VAULT, lambda _, said: said._replace(witness_script=b"\x51" * 513)),
    "no sighash type": rebuilt(VAULT, lambda _, said: said._replace(sighash=None)),
    "no key origins": rebuilt(VAULT, lambda _, said: said._replace(derivations=())),
    "signed, sorted": rebuilt(VAULT, signed),
    "signed, spliced": with_partial_sigs(
        Psbt.parse(VAULT), {at: [PartialSig(KEYS[at % 2], SIG)] for at in range(4)}
    ),
    "signed, both": with_partial_sigs(
        Psbt.parse(rebuilt(VAULT, signed)), {at: [PartialSig(KEYS[2], SIG)] for at in range(4)}
    ),
    "the last two unsigned": with_partial_sigs(
        Psbt.parse(VAULT), {at: [PartialSig(KEYS[0], SIG)] for at in range(2)}
    ),
    "paths of several lengths": rebuilt(
        VAULT,
        lambda _, said: said._replace(
            derivations=tuple(
                Derivation(key, origin[: len(origin) - 4 * at])
                for at, (key, origin) in enumerate(said.derivations)
            )
        ),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_stands_alike_is_read_by_the_pattern(form):
    """All but the first, and as field by field."""
    assert same(FORMS[form]) == 3


def test_few_inputs_are_read_field_by_field():
    """A pattern would take longer to compile than it saves."""
    raw = vault_psbt(psbt.MANY - 1)
    with from_inputs_on(psbt.MANY) as said:
        Psbt.parse(raw)
    assert not said
    with from_inputs_on(psbt.MANY) as said:
        Psbt.parse(vault_psbt(psbt.MANY))
    assert len(said) == psbt.MANY - 1
    assert same(vault_psbt(psbt.MANY)) == psbt.MANY - 1


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"previous_tx": None}, 2),
        ({"sighash": None}, 2),
        ({"sighash": 0}, 3),
        ({"witness_script": WITNESS_SCRIPT + b"\x51"}, 2),
        ({"redeem_script": REDEEM}, 2),
        ({"witness_utxo": None}, 2),
        ({"witness_utxo": TxOut(Sats(1), P2WSH)}, 2),
        ({"witness_utxo": TxOut(Sats(100_001), P2WSH[:-1] + b"\xff")}, 2),
        ({"derivations": ()}, 2),
        ({"partial_sigs": (PartialSig(KEYS[0], SIG[:9]),)}, 2),
        ({"partial_sigs": (PartialSig(KEYS[0], SIG + b"\0"),)}, 3),
        ({"final_script_sig": b"\x51"}, 2),
        ({"final_script_witness": (b"\x51",)}, 2),
        ({"others": (Entry(b"\x60", b"\x01"),)}, 2),
        ({"others": (Entry(b"\x0a" + bytes(20), b"\x01"),)}, 2),
    ],
)
def test_one_that_stands_otherwise_is_read_field_by_field(change, read):
    """The second of four; what follows it is read by the pattern again."""
    raw = rebuilt(VAULT, lambda at, said: said._replace(**change) if at == 1 else said)
    assert same(raw) == read


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize(
    "change",
    [
        {"previous_tx": outline(previous(9))},
        {"witness_utxo": TxOut(Sats(-1 % 2**64), P2WSH)},
        {"derivations": (Derivation(b"\x05" + KEYS[0][1:], bytes(28)),)},
    ],
)
def test_what_is_wrong_is_told_alike(change, at):
    """Another previous transaction, an amount over the supply, a key that is none."""
    raw = rebuilt(VAULT, lambda number, said: said._replace(**change) if number == at else said)
    same(raw)
    with pytest.raises(BadInput, match=f"input {at}"), from_inputs_on(1):
        Psbt.parse(raw)


@pytest.mark.parametrize("what", ["key origin", "signature"])
def test_a_key_that_comes_twice_is_refused(what):
    """The pattern would fit."""
    raw = FORMS["signed, sorted"]
    second = 0x06 if what == "key origin" else 0x02
    field = var_bytes(bytes((second,)) + KEYS[1])
    at = raw.rindex(field, 0, Psbt.parse(raw).ends[3])
    twice = raw[:at] + var_bytes(bytes((second,)) + KEYS[0]) + raw[at + len(field) :]
    assert outcome(twice, 1)[0][0].startswith("psbt: input 3:")
    assert "comes twice" in outcome(twice, 1)[0][0]
    same(twice)


@pytest.mark.parametrize("size", [b"\xfd\x02\x00", b"\xfd", b"\xff" * 9, b"\xfe\xff\xff\xff\x7f"])
def test_a_length_that_is_none_is_told_alike(size):
    """That of the previous transaction, which is read before the pattern is asked."""
    ends = Psbt.parse(VAULT).ends
    for at in range(3):
        for rest in (VAULT[ends[at] + 4 :], b""):
            same(VAULT[: ends[at] + 3] + size + rest)


def test_a_value_that_is_there_and_empty():
    """It is another form than none at all."""
    script = b"\x01\x05" + var_bytes(WITNESS_SCRIPT)
    at = VAULT.index(script)
    same(VAULT[:at] + VAULT[at + len(script) :])
    same(VAULT[:at] + b"\x01\x05\x00" + VAULT[at + len(script) :])
    first, rest = VAULT[: at + len(script)], VAULT[at + len(script) :]
    assert same(first + rest.replace(script, b"\x01\x05\x00", 1)) == 2


@pytest.mark.parametrize("form", ["P2WSH", "signed, both"])
def test_fields_are_counted_alike(form, monkeypatch):
    """The last file that has room, and one field too many."""
    raw = FORMS[form]
    fields = sum(
        1
        + 2  # the previous transaction and the closing byte
        + (said.witness_utxo is not None)
        + (said.sighash is not None)
        + len(said.derivations)
        + len(said.partial_sigs)
        for said in Psbt.parse(raw).inputs
    )
    others = 1 + len(Psbt.parse(raw).others) + 1 + 1 + 5  # global and two outputs, closed
    for room, fits in ((fields + others, True), (fields + others - 1, False)):
        monkeypatch.setattr(psbt, "MAX_IN_ALL", room)
        for count in (1, 1_000):
            found, _ = outcome(raw, count)
            assert isinstance(found, Psbt) is fits, (room, count, found)


def test_signatures_beyond_a_maps_room_are_refused(monkeypatch):
    """As field by field: the first has room, and the second one field more."""
    raw = with_partial_sigs(Psbt.parse(VAULT), {1: [PartialSig(KEYS[0], SIG)]})
    for most in (MAX_IN_MAP, 8, 7):
        monkeypatch.setattr(psbt, "MAX_IN_MAP", most)
        with from_inputs_on(1) as said:
            Psbt.parse(raw)
        assert (said[0] is None) is (most == 7)


MUTANTS = [FORMS["P2WSH"], FORMS["P2SH"], FORMS["signed, both"]]


@settings(max_examples=400, deadline=None)
@given(changed(MUTANTS))
def test_whatever_is_changed_both_ways_agree(raw):
    """Bytes replaced, taken out and put in."""
    same(raw)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MUTANTS), st.data())
def test_fields_moved_both_ways_agree(raw, data):
    """Whole fields of an input, in another order, taken out, or twice."""
    whole = Psbt.parse(raw)
    at = data.draw(st.integers(0, 3), label="input")
    start = 0 if not at else whole.ends[at - 1] + 1
    start = start or raw.index(b"\x01\x00", raw.index(whole.tx.to_bytes()) + 10)
    fields, place = [], start
    while raw[place]:
        begin = place
        for _ in range(2):
            size = raw[place]
            place += (
                1 + size
                if size < 0xFD
                else 3 + int.from_bytes(raw[place + 1 : place + 3], "little")
            )
        fields.append(raw[begin:place])
    moved = data.draw(st.lists(st.sampled_from(fields), min_size=1, max_size=len(fields) + 1))
    same(raw[:start] + b"".join(moved) + raw[place:])
    same(raw[:start] + b"".join(data.draw(st.permutations(fields))) + raw[place:])


def test_the_bytes_stay_as_they_came():
    """Signatures are spliced in at the end of each map, whichever way it was read."""
    slow, _ = outcome(VAULT, 1_000)
    fast, _ = outcome(VAULT, 1)
    assert fast == slow
    sigs = {at: [PartialSig(KEYS[0], SIG)] for at in range(4)}
    assert with_partial_sigs(fast, sigs) == with_partial_sigs(slow, sigs)
    assert with_partial_sigs(fast, {}) == VAULT
