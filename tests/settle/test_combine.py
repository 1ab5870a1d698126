"""Whoever sends a bad signature, or a file that was changed, is named."""

from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from small_vault import NAMES, officer, root, signing_key, world

from signer.build.psbt_write import build
from signer.core import secp
from signer.core.errors import BadInput, Fault, Refused
from signer.core.psbt import Derivation, PartialSig, Psbt, proprietary, with_partial_sigs
from signer.core.sighash import ALL
from signer.settle.combine import Combined, Source, combine
from tests.core_psbt.every_sighash import NONE, bip143


@cache
def built():
    """Build a transaction of two inputs, once."""
    small = world(amounts=(400_000, 300_000))
    return small, small.draft(600_000).raw


def signature(name, at=0):
    """Take one officer's good signature of one input."""
    small, raw = built()
    psbt = Psbt.parse(small.sign(raw, name))
    return psbt.inputs[at].partial_sigs[0]


def digest(at=0, sighash=ALL):
    """Compute what a signature of an input signs."""
    _, raw = built()
    psbt = Psbt.parse(raw)
    said = psbt.inputs[at]
    return bip143(psbt.tx, at, said.witness_script, said.witness_utxo.amount, sighash)


def secret(name, at=0):
    """Derive one officer's private key for an input."""
    _, raw = built()
    for origin in Psbt.parse(raw).inputs[at].derivations:
        if origin.fingerprint == root(name).fingerprint:
            return signing_key(name, origin.path).secret
    raise AssertionError(name)


def holding(*signatures, at=0):
    """Make the file that holds these signatures for an input."""
    _, raw = built()
    return with_partial_sigs(Psbt.parse(raw), {at: signatures})


def gather(*files, base=None):
    """Combine files named 1, 2, 3 … behind the built one."""
    small, raw = built()
    sources = [Source(f"file {number}", file) for number, file in enumerate(files, 1)]
    return combine([Source("base", raw if base is None else base), *sources], small.vault)


def rewritten(raw, *, inputs=None, outputs=None, **changes):
    """Write a PSBT again with some of its parts changed; `inputs` and `outputs` by index."""
    psbt = Psbt.parse(raw)
    ins = [one._replace(**(inputs or {}).get(at, {})) for at, one in enumerate(psbt.inputs)]
    outs = [one._replace(**(outputs or {}).get(at, {})) for at, one in enumerate(psbt.outputs)]
    parts = {"tx": psbt.tx, "proprietary": proprietary(psbt), "xpubs": psbt.xpubs}
    return build(inputs=ins, outputs=outs, **(parts | changes))


def test_who_has_signed_and_who_is_missing():
    """The tally goes by officer, in the order of the vault document."""
    small, raw = built()
    nobody = gather()
    assert nobody.sentence == "signed by nobody; 2 more needed of alice, bob, carol"
    assert nobody.raw == raw
    one = gather(small.sign(raw, "carol"))
    assert (one.signed, one.unsigned, one.missing) == (("carol",), ("alice", "bob"), 1)
    assert one.sentence == "signed by carol; 1 more needed of alice, bob"
    two = gather(small.sign(raw, "carol"), small.sign(raw, "alice"))
    assert (two.signed, two.unsigned, two.missing) == (("alice", "carol"), ("bob",), 0)
    assert two.sentence == "signed by alice, carol; complete: 2 needed"


def test_an_officer_who_signed_only_some_inputs():
    """Half a signature is not one: it is told, and does not count."""
    small, raw = built()
    half = gather(holding(signature("bob", 1), at=1), small.sign(raw, "carol"))
    assert half.signed == ("carol",)
    assert half.missing == 1
    assert "bob signed only 1 of 2 inputs" in half.sentence


def test_the_base_stays_as_it_is():
    """Signatures are spliced into the base's bytes; without them it is the base again."""
    small, raw = built()
    merged = gather(small.sign(raw, "carol"), small.sign(raw, "alice")).raw
    assert rewritten(merged, inputs={0: {"partial_sigs": ()}, 1: {"partial_sigs": ()}}) == raw
    assert len(Psbt.parse(merged).inputs[1].partial_sigs) == 2
    assert gather(base=merged).raw == merged


def test_combining_in_steps_is_combining_at_once():
    """Combined files combine further, and the same signature twice is one."""
    small, raw = built()
    files = [small.sign(raw, name) for name in NAMES[:3]]
    at_once = gather(*files)
    steps = gather(files[2], gather(files[1]).raw, gather(files[0], files[1], files[1]).raw)
    assert at_once.signed == steps.signed == NAMES[:3]
    for one, other in zip(at_once.facts.psbt.inputs, steps.facts.psbt.inputs, strict=True):
        assert set(one.partial_sigs) == set(other.partial_sigs)


def test_another_good_signature_by_the_same_key():
    """A signer with random nonces signs anew each time; both are good, the first stays."""
    key = ec.derive_private_key(int.from_bytes(secret("bob"), "big"), ec.SECP256K1())
    r, s = decode_dss_signature(key.sign(digest(), ec.ECDSA(Prehashed(SHA256()))))
    der = encode_dss_signature(r, min(s, secp.ORDER - s))
    first = signature("bob")
    again = PartialSig(first.pubkey, der + b"\x01")
    assert again != first
    merged = gather(holding(first), holding(again))
    assert merged.facts.psbt.inputs[0].partial_sigs == (first,)
    other = der[:-1] + bytes((der[-1] ^ 1,))
    with pytest.raises(Refused):
        gather(holding(first), holding(again._replace(signature=other + b"\x01")))


def high_s():
    """Turn a good signature into its twin, which BIP146 forbids."""
    good = signature("bob")
    r, s = decode_dss_signature(good.signature[:-1])
    return good._replace(signature=encode_dss_signature(r, secp.ORDER - s) + b"\x01")


def by_a_stranger():
    """Sign the right digest with a key that is not in the script."""
    key = secret("bob", 1)
    return PartialSig(secp.public_key(key), secp.sign_ecdsa(digest(), key) + b"\x01")


def for_none():
    """Sign, with bob's key, for sighash NONE, and say so."""
    der = secp.sign_ecdsa(digest(sighash=NONE), secret("bob"))
    return signature("bob")._replace(signature=der + bytes((NONE,)))


def uncompressed():
    """Write bob's key in its long form."""
    good = signature("bob")
    numbers = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), good.pubkey)
    point = numbers.public_numbers()
    long = b"\x04" + point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
    return good._replace(pubkey=long)


BAD = {
    "another input's": (
        lambda: signature("bob")._replace(signature=signature("bob", 1).signature),
        "bob's signature is not good",
        "signatures.invalid",
    ),
    "another key's": (
        lambda: signature("bob")._replace(signature=signature("carol").signature),
        "bob's signature is not good",
        "signatures.invalid",
    ),
    "high s": (high_s, "bob's signature is not good", "signatures.invalid"),
    "a byte behind the DER": (
        lambda: signature("bob")._replace(signature=signature("bob").signature[:-1] + b"\x00\x01"),
        "bob's signature is not good",
        "signatures.invalid",
    ),
    "without its sighash byte": (
        lambda: signature("bob")._replace(signature=signature("bob").signature[:-1]),
        "bob's signature ",
        "signatures.",
    ),
    "for NONE": (
        for_none,
        "bob's signature does not cover the whole transaction",
        "signatures.sighash",
    ),
    "a stranger's": (
        by_a_stranger,
        "a signature by a key that is not the vault's",
        "signatures.foreign",
    ),
    "an uncompressed key's": (
        uncompressed,
        "a signature by a key that is not the vault's",
        "signatures.foreign",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_signature_is_refused_by_name(name):
    """The refusal names the file, the input, and the officer or the key."""
    make, what, rule = BAD[name]
    with pytest.raises(Refused, match=f"^file 2: input 0: {what}") as caught:
        gather(holding(signature("carol")), holding(make()))
    refusal = caught.value.refusals[0]
    assert refusal.rule.startswith(rule)
    assert refusal.fault is Fault.COSIGNER


@pytest.mark.parametrize("name", BAD)
def test_a_bad_signature_in_the_base_is_refused_by_name(name):
    """The first file is judged like the others."""
    with pytest.raises(Refused, match=r"^base: input 0: (bob's|a) signature") as caught:
        gather(base=holding(BAD[name][0]()))
    assert caught.value.refusals[0].rule.startswith("signatures.")


def test_every_other_sighash_byte_is_refused():
    """All 255 of them, on a signature that is otherwise good."""
    good = signature("bob")
    for byte in range(256):
        changed = holding(good._replace(signature=good.signature[:-1] + bytes((byte,))))
        if byte == ALL:
            assert gather(changed).facts.psbt.inputs[0].partial_sigs == (good,)
        else:
            with pytest.raises(Refused, match="does not cover the whole transaction"):
                gather(changed)


def test_every_flipped_bit_is_found():
    """One bit of a signature, anywhere: it is refused, and bob is named."""
    good = signature("bob")
    for bit in range(8 * len(good.signature)):
        changed = bytearray(good.signature)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Refused, match=r"^file 1: input 0: bob's signature"):
            gather(holding(good._replace(signature=bytes(changed))))


def test_the_second_input_is_numbered():
    """Inputs count from 0, as the review counts them."""
    with pytest.raises(Refused, match=r"^file 1: input 1: bob's signature is not good"):
        gather(holding(signature("bob", 1)._replace(signature=signature("bob").signature), at=1))


def test_another_transaction():
    """A file of another build of the very same withdrawal is another transaction."""
    small, raw = built()
    other = small.draft(600_000, rate=6000).raw
    with pytest.raises(BadInput, match=r"^file 1: it is for another transaction") as caught:
        gather(small.sign(other, "bob"))
    assert caught.value.expected.startswith(Psbt.parse(raw).tx.txid)
    assert caught.value.found == Psbt.parse(other).tx.txid


def test_other_documents():
    """One approval more makes other documents, even under the same transaction."""
    small, raw = built()
    fields = proprietary(Psbt.parse(raw))
    more = small.approved(600_000, names=("bob", "carol", "alice")).envelope
    with pytest.raises(BadInput, match=r"^file 1: it brings other documents"):
        gather(rewritten(raw, proprietary=fields | {0: more.to_bytes()}))
    stripped = rewritten(raw, proprietary={})
    with pytest.raises(BadInput, match=r"^file 1: the psbt does not hold its withdrawal"):
        gather(stripped)


def contradicting(raw):
    """List files that claim something else than the built one, and what they contradict."""
    psbt = Psbt.parse(raw)
    first, second = psbt.inputs
    change = next(at for at, out in enumerate(psbt.outputs) if out.derivations)
    utxo = first.witness_utxo
    origin = first.derivations[0]
    moved = Derivation.of(origin.pubkey, origin.fingerprint, (*origin.path[:-1], 99))
    return [
        ("input 0: its witness utxo", {0: {"witness_utxo": utxo._replace(amount=1)}}, {}),
        ("input 0: its witness script", {0: {"witness_script": second.witness_script}}, {}),
        ("input 0: its sighash type", {0: {"sighash": 3}}, {}),
        ("input 0: its key origin", {0: {"derivations": (moved, *first.derivations[1:])}}, {}),
        (
            f"output {change}: its witness script",
            {},
            {change: {"witness_script": second.witness_script}},
        ),
        ("input 1 is finalised already", {1: {"final_script_witness": (b"", b"\x01")}}, {}),
    ]


@pytest.mark.parametrize("case", range(6))
def test_a_file_that_contradicts_the_base(case):
    """A changed field is not merged in, and not passed over: its file is named."""
    _, raw = built()
    what, inputs, outputs = contradicting(raw)[case]
    with pytest.raises(BadInput, match=f"^file 1: {what}"):
        gather(rewritten(raw, inputs=inputs, outputs=outputs))


def test_a_wrapped_script_that_contradicts_the_base():
    """The same for the redeem script of a P2SH vault."""
    small = world("p2sh-p2wsh", amounts=(400_000, 300_000))
    raw = small.draft(600_000).raw
    other = rewritten(raw, inputs={0: {"redeem_script": Psbt.parse(raw).inputs[1].redeem_script}})
    with pytest.raises(BadInput, match=r"^b: input 0: its redeem script contradicts a"):
        combine([Source("a", raw), Source("b", other)], small.vault)


def test_a_signer_may_strip_what_it_does_not_need():
    """Silence is no contradiction: signatures without scripts and origins still count."""
    small, raw = built()
    bare = {
        "previous_tx": None,
        "witness_utxo": None,
        "sighash": None,
        "witness_script": b"",
        "derivations": (),
    }
    stripped = rewritten(small.sign(raw, "bob"), inputs={0: bare, 1: bare})
    assert gather(stripped).signed == ("bob",)
    with pytest.raises(Refused, match=r"^base: input 0: the previous transaction is missing"):
        gather(base=stripped)


@pytest.mark.parametrize(
    "junk", [b"", b"psbt\xff", b"\x00" * 100, b"{}"], ids=["empty", "magic", "zeros", "json"]
)
def test_a_file_that_is_no_psbt(junk):
    """Named, wherever it stands."""
    with pytest.raises(BadInput, match=r"^file 1: psbt"):
        gather(junk)
    with pytest.raises(BadInput, match=r"^base: psbt"):
        gather(base=junk)


def test_a_truncated_file():
    """A file cut short anywhere is refused by name."""
    small, raw = built()
    signed = small.sign(raw, "bob")
    for end in range(0, len(signed), 97):
        with pytest.raises(BadInput, match=r"^file 1: "):
            gather(signed[:end])


def test_another_vault():
    """A transaction of another vault is not combined under this one's names."""
    other = world(amounts=(400_000, 300_000), tag="other")
    _, raw = built()
    with pytest.raises(Refused, match=r"^base: the vault is not enrolled here"):
        combine([Source("base", raw)], other.vault)


def test_nothing_to_combine():
    """No file is a mistake of the person who typed it."""
    with pytest.raises(BadInput, match="nothing to combine"):
        combine([], built()[0].vault)


def test_only_combine_makes_one():
    """Nobody can pass off unverified signatures as combined."""
    merged = gather()
    with pytest.raises(TypeError):
        Combined(merged.facts, merged.shares, officer("alice"))
