"""Steps 10 and 11: re-read, journal, sign; and what is left when the machine stops in between."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from signer.chain.weight import vsize
from signer.core import journal as journal_module
from signer.core import secp
from signer.core.errors import BadInput, Fault, Refused
from signer.core.journal import Journal
from signer.core.psbt import Psbt
from signer.settle import consensus
from signer.sign import softkey
from signer.sign.sign import sign
from signer.sign.state import State

ATTACKS = Path(__file__).parents[1] / "attacks"


def events(home: Path) -> list[str]:
    """The journal's events, oldest first; opening it verifies it."""
    return [entry.event for entry in Journal.open(home).entries()]


def test_every_input_is_signed_and_nothing_else_changes(either, tmp_path):
    """Three coins, three signatures of one key, and the rest of the file as it was."""
    raw = either.bundle(coins=either.coins)
    signed = either.sign(raw, tmp_path)
    before, after = Psbt.parse(raw), Psbt.parse(signed.raw)
    assert after.tx == before.tx
    assert signed.count == 3
    assert signed.txid == either.examine(raw).facts.txid
    assert [i._replace(partial_sigs=()) for i in after.inputs] == list(before.inputs)
    assert (after.outputs, after.xpubs, after.others) == (
        before.outputs,
        before.xpubs,
        before.others,
    )
    known = either.examine(signed.raw).facts
    for spent, said in zip(known.inputs, after.inputs, strict=True):
        (only,) = said.partial_sigs
        assert only.pubkey == spent.key_of(signed.fingerprint)
        assert secp.verify_ecdsa(spent.digest, only.signature[:-1], only.pubkey)


def test_two_officers_one_after_the_other(either, tmp_path):
    """The second takes the first one's file; both signatures stay."""
    first = either.sign(either.bundle(), tmp_path / "bob", "bob")
    second = either.sign(first.raw, tmp_path / "carol", "carol")
    assert either.examine(second.raw).facts.signed_by == ("bob", "carol")


def test_signing_again_gives_the_same_bytes(world, tmp_path):
    """RFC 6979: no randomness, so a lost file is simply made again."""
    raw = world.bundle()
    assert world.sign(raw, tmp_path).raw == world.sign(raw, tmp_path).raw
    assert events(tmp_path) == ["enrol", "sign", "sign"]


def test_the_journal_says_what_was_signed(world, tmp_path):
    """Withdrawal, transaction, file, key: enough to find out later."""
    raw = world.bundle()
    signed = world.sign(raw, tmp_path)
    entry = Journal.open(tmp_path).entries()[-1]
    checked = world.examine(raw)
    assert entry.fields["txid"] == signed.txid
    assert entry.fields["psbt"] == checked.digest.hex()
    assert entry.fields["vault"] == world.vault.id
    assert entry.fields["chain"] == [[1, checked.approved.withdrawal.id]]
    assert entry.fields["fingerprint"] == signed.fingerprint


def test_step_10_bytes_that_changed_after_the_review(world, tmp_path):
    """One byte that means nothing is enough; nothing is journalled, nothing signed."""
    raw = world.bundle()
    state = world.state(tmp_path)
    checked = world.examine(raw)
    for other in (world.bundle(fee=2_001), raw[:-1] + b"\x01", b"", raw + b"\x00"):
        with pytest.raises(Refused) as refusal:
            sign(checked, other, world.key(), state)
        assert (refusal.value.refusals[0].step, refusal.value.refusals[0].rule) == (
            10,
            "bytes.changed",
        )
        assert refusal.value.fault is Fault.MACHINE
    assert events(tmp_path) == ["enrol"]


def test_step_10_two_readings_that_differ(world, tmp_path):
    """The digests of the second reading are compared with those of the first."""
    raw = world.bundle()
    state = world.state(tmp_path)
    checked = world.examine(raw)
    spent = replace(checked.facts.inputs[0], digest=bytes(32))
    object.__setattr__(checked, "facts", replace(checked.facts, inputs=(spent,)))
    with pytest.raises(Refused) as refusal:
        sign(checked, raw, world.key(), state)
    (only,) = refusal.value.refusals
    assert (only.step, only.rule, only.fault) == (10, "bytes.digests", Fault.MACHINE)
    assert events(tmp_path) == ["enrol"]


def test_step_10_the_journal_comes_before_the_signature(world, tmp_path, monkeypatch):
    """At the moment of the first signature, the line is on the disk, fsync and all."""
    order = []
    fsync, engine = journal_module.os.fsync, secp.sign_ecdsa

    def seen(descriptor):
        order.append("fsync")
        fsync(descriptor)

    def signing(digest, secret):
        order.append(events(tmp_path)[-1])
        return engine(digest, secret)

    state = world.state(tmp_path)
    raw = world.bundle()
    monkeypatch.setattr(journal_module.os, "fsync", seen)
    monkeypatch.setattr(secp, "sign_ecdsa", signing)
    sign(world.examine(raw), raw, world.key(), state)
    assert order == ["fsync", "fsync", "sign"]


def test_step_10_without_a_journal_there_is_no_signature(world, tmp_path, monkeypatch):
    """A full disk: the error says so, and the signing libraries were never called."""
    state = world.state(tmp_path)
    raw = world.bundle()

    def full(*_):
        raise OSError(28, "No space left on device")

    def called(*_):
        raise AssertionError("a signature without a journal")

    monkeypatch.setattr(journal_module, "write_all", full)
    monkeypatch.setattr(secp, "sign_ecdsa", called)
    monkeypatch.setattr(softkey, "second_engine", called)
    with pytest.raises(BadInput, match="journal cannot be written"):
        sign(world.examine(raw), raw, world.key(), state)
    monkeypatch.undo()
    assert events(tmp_path) == ["enrol"]


def test_step_11_a_disagreement_leaves_nothing(world, tmp_path, monkeypatch):
    """No signed bytes come out; the journal knows of the attempt."""
    other = softkey.second_engine
    monkeypatch.setattr(softkey, "second_engine", lambda d, *key: other(d[::-1], *key))
    with pytest.raises(Refused) as refusal:
        world.sign(world.bundle(), tmp_path)
    assert refusal.value.refusals[0].rule == "signature.engines"
    assert events(tmp_path) == ["enrol", "sign"]


def test_another_signature_by_the_same_key_is_not_overwritten(world, tmp_path):
    """A ground or otherwise different signature of ours in the file: no silent choice."""
    raw = world.bundle()
    signed = world.sign(raw, tmp_path / "alice")
    known = world.examine(signed.raw).facts
    (ours,) = known.psbt.inputs[0].partial_sigs
    secret = world.key().branches[0].derive(0).secret
    other = _sign_otherwise(known.inputs[0].digest, secret)
    assert secp.verify_ecdsa(known.inputs[0].digest, other, ours.pubkey)

    def tamper(draft):
        draft.inputs[0].psbt = draft.inputs[0].psbt._replace(
            partial_sigs=(ours._replace(signature=other + b"\x01"),)
        )

    with pytest.raises(BadInput, match="another signature by the same key"):
        world.sign(world.bundle(tamper=tamper), tmp_path / "alice")


def _sign_otherwise(digest: bytes, secret: bytes) -> bytes:
    """A good low-s signature with another nonce: OpenSSL's random one."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import (
        Prehashed,
        decode_dss_signature,
        encode_dss_signature,
    )
    from cryptography.hazmat.primitives.hashes import SHA256

    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256K1())
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
    return encode_dss_signature(r, min(s, secp.ORDER - s))


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, {attacks!r})
from world import World
from signer.core import journal, secp
from signer.sign import sign as module

def die(*_):
    os.kill(os.getpid(), 9)

world, home = World(), Path({home!r})
world.state(home)
write = journal.write_all

def torn(file, line):
    os.write(file, line[: len(line) // 2])
    die()

match {when!r}:
    case "before the journal":
        module.State.sign = die
    case "while the journal is written":
        journal.write_all = torn
    case "after the journal":
        journal.write_all = lambda *a: (write(*a), die())
    case "before the signature":
        secp.sign_ecdsa = die
    case "after the signature":
        module.with_partial_sigs = die
world.sign(world.bundle(), home)
"""


@pytest.mark.parametrize(
    ("when", "left"),
    [
        ("before the journal", ["enrol"]),
        ("while the journal is written", None),
        ("after the journal", ["enrol", "sign"]),
        ("before the signature", ["enrol", "sign"]),
        ("after the signature", ["enrol", "sign"]),
    ],
)
def test_killed_in_between(world, tmp_path, when, left):
    """Kill -9 at each point: the journal verifies (or says what to cut), and signing goes on."""
    code = KILLED.format(attacks=str(ATTACKS), home=str(tmp_path), when=when)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert result.returncode == -signal.SIGKILL, result.stderr
    if left is None:
        with pytest.raises(BadInput, match="torn") as torn:
            State(tmp_path)
        size = int(torn.value.hint.split("-s ")[1].split()[0])
        with (tmp_path / "journal.jsonl").open("r+b") as file:
            file.truncate(size)
        left = ["enrol"]
    assert events(tmp_path) == left
    signed = world.sign(world.bundle(), tmp_path)
    assert events(tmp_path) == [*left, "sign"]
    assert world.examine(signed.raw).facts.signed_by == ("alice",)


def test_bitcoin_core_accepts_two_signatures(either, tmp_path):
    """Filled in by hand, the transaction runs through Bitcoin Core's own consensus code."""
    first = either.sign(either.bundle(coins=either.coins), tmp_path / "alice", "alice")
    second = either.sign(first.raw, tmp_path / "carol", "carol")
    known = either.examine(second.raw).facts
    inputs = []
    for txin, spent, said in zip(
        known.psbt.tx.inputs, known.inputs, known.psbt.inputs, strict=True
    ):
        by_key = {s.pubkey: s.signature for s in said.partial_sigs}
        signatures = [by_key[key.pubkey] for key in spent.script.keys if key.pubkey in by_key]
        redeem = spent.script.redeem_script
        inputs.append(
            txin._replace(
                script_sig=bytes((len(redeem),)) + redeem if redeem else b"",
                witness=(b"", *signatures, spent.script.witness_script),
            )
        )
    final = replace(known.psbt.tx, inputs=tuple(inputs))
    spent_outputs = [coin.output for coin in either.coins]
    assert consensus.verify(final, spent_outputs, "BTC").verified
    with pytest.raises(Refused):
        consensus.verify(replace(final, lock_time=final.lock_time + 1), spent_outputs, "BTC")
    assert final.txid == second.txid
    assert vsize(final) <= known.vsize
