"""Bitcoin Core's PSBT vectors, and PSBTs of real programs: what is read and what is refused."""

from dataclasses import replace

import pytest
from psbt_samples import CORE, DEVICES, RECORDED_PSBTS, VALID, decoded, vault_psbt

from signer.build.psbt_write import build
from signer.carry.file import decode
from signer.core.errors import BadInput, Fault
from signer.core.psbt import Psbt
from signer.core.wire import compact_size, var_bytes

# What is wrong with each of Core's invalid vectors, found by taking it apart, and the name of the
# place where we must say so. The order is that of the file.
INVALID = [
    ("a network transaction", r"psbt: this is something else"),
    ("no map for the second output", r"output 0: cut short"),
    (
        "scriptSig in the unsigned transaction",
        r"global: unsigned transaction: an input has a script sig",
    ),
    ("no unsigned transaction", r"global: no unsigned transaction"),
    ("previous transaction twice", r"input 0: previous transaction: comes twice"),
    ("key data: unsigned transaction", r"global: unsigned transaction: key: wrong size"),
    ("key data: witness utxo", r"input 0: witness utxo: key: wrong size"),
    ("32-byte key of a signature", r"input 0: partial signature: key: not a public key"),
    ("key data: redeem script", r"input 0: redeem script: key: wrong size"),
    ("key data: witness script", r"input 0: witness script: key: wrong size"),
    ("32-byte key of an origin", r"input 0: key origin: key: not a public key"),
    ("key data: previous transaction", r"input 0: previous transaction: key: wrong size"),
    ("key data: final scriptSig", r"input 0: final script sig: key: wrong size"),
    ("key data: final witness", r"input 1: final witness: key: wrong size"),
    ("32-byte key of an output's origin", r"output 0: key origin: key: not a public key"),
    ("key data: sighash type", r"input 0: sighash type: key: wrong size"),
    ("key data: output's redeem script", r"output 0: redeem script: key: wrong size"),
    ("key data: output's witness script", r"output 1: witness script: key: wrong size"),
    ("broken base64", r"psbt: broken base64"),
    ("version 1", r"global: unknown psbt version"),
    ("output's witness script twice", r"output 0: witness script: comes twice"),
    ("output's redeem script twice", r"output 0: redeem script: comes twice"),
    ("witness utxo twice", r"input 0: witness utxo: comes twice"),
    ("sighash type twice", r"input 0: sighash type: comes twice"),
    ("redeem script twice", r"input 0: redeem script: comes twice"),
    ("witness script twice", r"input 0: witness script: comes twice"),
    ("final scriptSig twice", r"input 0: final script sig: comes twice"),
    ("final witness twice", r"input 0: final witness: comes twice"),
    ("33-byte internal key", r"input 0: taproot internal key: wrong size"),
    ("63-byte taproot signature", r"input 0: taproot key signature: wrong size"),
    ("66-byte taproot signature", r"input 0: taproot key signature: wrong size"),
    ("33-byte taproot origin key", r"input 0: taproot key origin: key: wrong size"),
    ("output's 33-byte internal key", r"output 1: taproot internal key: wrong size"),
    ("output's 33-byte origin key", r"output 1: taproot key origin: key: wrong size"),
    ("33-byte key of a script signature", r"input 0: taproot script signature: key: wrong size"),
    ("66-byte script signature", r"input 0: taproot script signature: wrong size"),
    ("57-byte script signature", r"input 0: taproot script signature: wrong size"),
    ("98-byte control block", r"input 0: taproot leaf script: key: wrong size"),
    ("96-byte control block", r"input 0: taproot leaf script: key: wrong size"),
    ("previous transaction of another id", r"input 0: previous transaction: is another one"),
    ("no such output", r"input 0: previous transaction: has no such output"),
]


@pytest.mark.parametrize(
    ("text", "reason"),
    [(text, reason) for text, (_, reason) in zip(CORE["invalid"], INVALID, strict=True)],
    ids=[name for name, _ in INVALID],
)
def test_core_invalid(text, reason):
    """Each is refused, and for what is wrong with it."""
    with pytest.raises(BadInput, match=reason):
        Psbt.parse(decode(text.encode()))


def test_core_invalid_taproot_origin():
    """An origin without a count of leaf hashes; its amounts are over the supply, too."""
    text, message = CORE["invalid_with_msg"][0]
    assert message == "Input Taproot BIP32 keypath has an invalid length"
    raw = decoded(text)
    with pytest.raises(BadInput, match=r"amount is over the supply \(byte 137\)"):
        Psbt.parse(raw)
    possible = raw
    for at in (137, 158):  # the amounts that cannot be
        possible = possible[:at] + bytes(8) + possible[at + 8 :]
    with pytest.raises(BadInput, match="input 0: taproot key origin: cut short"):
        Psbt.parse(possible)


def test_core_invalid_taproot_tree():
    """A tree without leaves."""
    text, message = CORE["invalid_with_msg"][1]
    assert message == "Output Taproot tree must not be empty"
    with pytest.raises(BadInput, match="output 0: taproot tree: cut short"):
        Psbt.parse(decoded(text))


@pytest.mark.parametrize("raw", VALID + RECORDED_PSBTS, ids=range(len(VALID + RECORDED_PSBTS)))
def test_valid_is_read_whole(raw):
    """Every valid vector, and what bitcoind and five devices wrote, survives a rewrite."""
    psbt = Psbt.parse(raw)
    assert psbt.raw == raw
    again = Psbt.parse(build(psbt.tx, psbt.inputs, psbt.outputs, {}, psbt.xpubs))
    assert (again.tx, set(again.xpubs)) == (psbt.tx, set(psbt.xpubs))
    assert in_key_order(again.inputs) == in_key_order(psbt.inputs)
    assert in_key_order(again.outputs) == in_key_order(psbt.outputs)


def in_key_order(maps):
    """The same maps with their key origins in order: a writer may choose another."""
    return [
        part._replace(derivations=tuple(sorted(part.derivations, key=lambda d: d.pubkey)))
        for part in maps
    ]


def test_fields_mean_what_they_should():
    """BIP174's updater: scripts, sighash, origins, and both kinds of spent output."""
    psbt = Psbt.parse(decoded(CORE["signer"][0]["psbt"]))
    first, second = psbt.inputs
    outpoint = psbt.tx.inputs[0].outpoint
    assert first.previous_tx.txid == outpoint.txid
    assert first.previous_tx.output(outpoint.vout).amount == 50_000_000
    assert second.witness_utxo.amount == 200_000_000
    assert second.witness_script.endswith(b"\xae")
    assert (first.sighash, second.sighash) == (1, 1)
    (origin, _) = first.derivations
    assert origin.pubkey.hex().startswith("029583bf")
    assert (origin.fingerprint, origin.path) == ("d90c6a4f", (1 << 31, 1 << 31, 1 << 31))


def test_version_2_of_a_device_is_refused_with_a_hint():
    """A Ledger's host sends version 2: the hint says what to do."""
    with pytest.raises(BadInput, match="no place in version 0") as caught:
        Psbt.parse(decoded(DEVICES["ledger"]["psbt_v2_sent"]))
    assert "version 0" in caught.value.hint
    assert caught.value.fault is Fault.COORDINATOR


@pytest.mark.parametrize("version", [1, 2, 2**32 - 1])
def test_other_versions_are_refused_with_a_hint(version):
    """Version 0 alone; the error says which it is, and what to do."""
    with pytest.raises(BadInput, match="unknown psbt version") as caught:
        Psbt.parse(with_field(b"\xfb", version.to_bytes(4, "little"), into=0))
    assert caught.value.found == f"version {version}"
    assert "version 0" in caught.value.hint


def test_a_huge_key_makes_no_huge_error():
    """What is quoted from the file is cut."""
    with pytest.raises(BadInput, match="not a public key") as caught:
        Psbt.parse(with_field(b"\x02" + bytes(100_000), b"", into=1))
    assert len(caught.value.found) == 80


@pytest.mark.parametrize("kind", range(0x0E, 0x13))
def test_version_2_fields_are_refused_in_an_input(kind):
    """They name another outpoint, sequence or lock time; other programs believe them (BIP370)."""
    with pytest.raises(BadInput, match="input 0: version 2 field"):
        Psbt.parse(with_field(bytes([kind]), bytes(4), into=1))


@pytest.mark.parametrize("kind", [0x03, 0x04])
def test_version_2_fields_are_refused_in_an_output(kind):
    """They name another amount or script (BIP370)."""
    with pytest.raises(BadInput, match="output 1: version 2 field"):
        Psbt.parse(with_field(bytes([kind]), bytes(8), into=3))


def with_field(key, value, *, into):
    """A vault's PSBT with a field more at the end of a map: 0 global, 1 input, 2 and 3 outputs."""
    raw = vault_psbt(1)
    psbt = Psbt.parse(raw)
    field = var_bytes(key) + var_bytes(value)
    head = b"psbt\xff\x01\x00" + var_bytes(psbt.tx.to_bytes())
    at = {
        0: len(head),
        1: psbt.ends[0],
        2: psbt.ends[0] + 1,
        3: len(raw) - 1,
    }[into]
    return raw[:at] + field + raw[at:]


KEY = bytes.fromhex("02" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
BROKEN_FIELDS = [
    (1, b"\x02" + b"\x05" + KEY[1:], bytes(70), "partial signature: key: not a public key"),
    (1, b"\x02" + KEY, bytes(8), "partial signature: wrong size"),
    (1, b"\x02" + KEY, bytes(74), "partial signature: wrong size"),
    (1, b"\x06" + KEY, b"", "key origin: wrong size"),
    (1, b"\x06" + KEY, bytes(7), "key origin: wrong size"),
    (1, b"\x07", None, "cut short"),
    (1, b"\x08", b"\x02\x00", "final witness: count is larger"),
    (1, b"\x08", b"\x01\x00\x00", "final witness: trailing bytes"),
    (1, b"\x0a" + bytes(19), b"", "ripemd160 preimage: key: wrong size"),
    (1, b"\x0b" + bytes(31), b"", "sha256 preimage: key: wrong size"),
    (1, b"\x15\xc0" + bytes(32 + 32 * 129), b"\xc0", "taproot leaf script: key: wrong size"),
    (1, b"\x15\xc0" + bytes(32), b"", "taproot leaf script: wrong size"),
    (1, b"\x16" + bytes(32), b"\x02" + bytes(36), "taproot key origin: count is larger"),
    (1, b"\x16" + bytes(32), b"\x02" + bytes(63), "taproot key origin: count is larger"),
    (1, b"\x16" + bytes(32), b"\x00" + bytes(3), "taproot key origin: wrong size"),
    (1, b"\x16" + bytes(32), b"\x01" + bytes(32), "taproot key origin: wrong size"),
    (1, b"\x18", bytes(31), "taproot merkle root: wrong size"),
    (1, b"\x1a" + bytes(32), KEY, "musig2 participants: key: wrong size"),
    (1, b"\x1a" + KEY, bytes(34), "musig2 participants: wrong size"),
    (1, b"\x1b" + bytes(66), bytes(65), "musig2 public nonce: wrong size"),
    (1, b"\x1c" + bytes(97), bytes(32), "musig2 partial signature: key: wrong size"),
    (1, b"\xfc\x05ab", b"", "proprietary field: key: cut short"),
    (1, b"\xfc\x02ab", b"", "proprietary field: key: cut short"),
    (1, b"\xfd\x60\x00", b"", "key: compact size is not in its shortest form"),
    (3, b"\x06", bytes.fromhex("01c00001c000") + b"\x01\xc0\x00", "taproot tree: not a whole tree"),
    (3, b"\x06", bytes.fromhex("02c00001c000"), "taproot tree: not a whole tree"),
    (3, b"\x06", bytes.fromhex("01c00001c100"), "taproot tree: odd leaf version"),
    (3, b"\x06", bytes.fromhex("81c000"), "taproot tree: deeper than 128"),
    (3, b"\x06", bytes.fromhex("02c00081c000"), "taproot tree: deeper than 128"),
    (3, b"\x08" + KEY, b"", "musig2 participants: wrong size"),
    (0, b"\x01" + bytes(77), bytes(4), "extended public key: key: wrong size"),
    (0, b"\x01" + bytes(78), bytes(5), "extended public key: wrong size"),
    (0, b"\x01" + bytes(78), bytes(8), "extended public key: path does not reach"),
    (0, b"\xfb", b"\x00\x00\x00", "version: cut short"),
    (0, b"\xfb", b"\x02\x00\x00\x00", "unknown psbt version"),
]


@pytest.mark.parametrize(
    ("into", "key", "value", "reason"), BROKEN_FIELDS, ids=[case[3] for case in BROKEN_FIELDS]
)
def test_fields_out_of_shape(into, key, value, reason):
    """BIP174, BIP371 and BIP373: sizes and forms of keys and values."""
    if value is None:
        raw = with_field(key, b"", into=into)
        psbt = raw[: raw.rindex(key + b"\x00")] + key + compact_size(2**63)
    else:
        psbt = with_field(key, value, into=into)
    with pytest.raises(BadInput, match=reason) as caught:
        Psbt.parse(psbt)
    if reason.endswith("root: wrong size"):
        assert (caught.value.expected, caught.value.found) == ("32 bytes", "31 bytes")


DEEPEST = b"".join(bytes((depth,)) + b"\xc0\x00" for depth in (*range(1, 129), 128))

GOOD_FIELDS = [
    (1, b"\x16" + bytes(32), b"\x05" + bytes(32 * 5 + 4)),
    (1, b"\xfc\x02ab\x07and more", b""),
    (3, b"\x06", DEEPEST),
    (1, b"\x09", b"proof"),
    (1, b"\x15\xc0" + bytes(32 + 32 * 128), b"\x51\xc0"),
    (1, b"\x1a" + KEY, KEY + KEY),
    (1, b"\x1b" + KEY + KEY, bytes(66)),
    (1, b"\x1b" + KEY + KEY + bytes(32), bytes(66)),
    (1, b"\x1c" + KEY + KEY, bytes(32)),
    (1, b"\xfd\x34\x12rest", b"a type of three bytes"),
    (3, b"\x06", bytes.fromhex("02c00002c00001c000")),
    (3, b"\x06", bytes.fromhex("00c000")),
    (3, b"\x06", bytes.fromhex("01c00002c00002c000")),
    (3, b"\x08" + KEY, KEY),
    (0, b"\x09", b"unknown to us"),
]


@pytest.mark.parametrize(("into", "key", "value"), GOOD_FIELDS)
def test_fields_in_shape_are_kept(into, key, value):
    """What is well formed, or not known, comes through as it was."""
    psbt = Psbt.parse(with_field(key, value, into=into))
    place = {0: psbt, 1: psbt.inputs[0], 3: psbt.outputs[-1]}[into]
    assert (key, value) in [(entry.key, entry.value) for entry in place.others]


def test_trailing_bytes_are_refused():
    """Nothing may follow the last map."""
    with pytest.raises(BadInput, match="psbt: trailing bytes"):
        Psbt.parse(vault_psbt(1) + b"\x00")


def test_a_coin_spent_twice_is_refused():
    """Its amount would count twice."""
    psbt = Psbt.parse(vault_psbt(1))
    twice = type(psbt.tx)(2, psbt.tx.inputs * 2, psbt.tx.outputs, 0)
    with pytest.raises(BadInput, match="two inputs spend the same coin"):
        Psbt.parse(build(twice, psbt.inputs * 2, psbt.outputs, {}))


@pytest.mark.parametrize("vout", [2, 0xFFFF_FFFF])
def test_an_output_past_the_last_is_refused(vout):
    """The previous transaction has outputs 0 and 1."""
    psbt = Psbt.parse(vault_psbt(1))
    (spent,) = psbt.tx.inputs
    past = spent._replace(outpoint=spent.outpoint._replace(vout=vout))
    with pytest.raises(BadInput, match="previous transaction: has no such output") as caught:
        Psbt.parse(build(replace(psbt.tx, inputs=(past,)), psbt.inputs, psbt.outputs, {}))
    assert (caught.value.expected, caught.value.found) == (f"output {vout}", "2 outputs")


def test_over_the_limit_is_refused_unread():
    """The size comes first: this would be no PSBT, either."""
    with pytest.raises(BadInput, match="too large") as caught:
        Psbt.parse(bytes(101), limit=100)
    assert (caught.value.expected, caught.value.found) == ("at most 100 bytes", "101 bytes")


def test_errors_name_map_field_and_byte():
    """A person finds the place in a hex viewer."""
    raw = vault_psbt(2)
    psbt = Psbt.parse(raw)
    at = raw.index(psbt.inputs[1].witness_script, psbt.ends[0])
    broken = raw[:at] + b"\x51"
    with pytest.raises(BadInput) as caught:
        Psbt.parse(broken)
    assert str(caught.value) == f"psbt: input 1: witness script: cut short (byte {at})"
    assert caught.value.expected == f"{len(psbt.inputs[1].witness_script)} bytes"
    assert caught.value.found == "1 bytes"
