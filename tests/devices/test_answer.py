"""What the station takes of a device's answer, and what it keeps of devices."""

import json
from dataclasses import replace

import pytest
from around import Notebook
from facts import recorded_task
from simulated import root_of

from hw.task import DeviceSignature, Registration, Signatures, SignedPsbt
from signer.core import secp
from signer.core.errors import BadInput, Refused
from signer.core.psbt import Psbt, with_partial_sigs
from signer.station.answer import accept
from signer.station.kept import Kept

NONCE = (0xC0FFEE).to_bytes(32, "big")


@pytest.fixture
def task():
    """The recorded transaction, for the recorded Coldcard."""
    return recorded_task("coldcard")


def secret_of(task, at=0):
    """The device's private key for an input."""
    return (
        root_of("device").derive_path(task.inputs[at].script.key_of(task.fingerprint).path).secret
    )


def good(task, at=0):
    """An honest signature of an input."""
    secret = secret_of(task, at)
    signature = secp.sign_ecdsa(task.inputs[at].digest, secret) + b"\x01"
    return DeviceSignature(at, secp.public_key(secret), signature)


def with_nonce(task, nonce):
    """A valid signature with a nonce of the device's choice (SEC 1, section 4.1.3)."""
    secret = secret_of(task)
    r = secp.public_key(nonce)[1:]
    k, d, z = (int.from_bytes(part, "big") for part in (nonce, secret, task.inputs[0].digest))
    s = pow(k, -1, secp.ORDER) * (z + int.from_bytes(r, "big") * d) % secp.ORDER
    parts = [r, min(s, secp.ORDER - s).to_bytes(32, "big")]
    parts = [part.lstrip(b"\0") for part in parts]
    parts = [b"\0" + part if part[0] & 0x80 else part for part in parts]
    body = b"".join(b"\x02" + bytes((len(part),)) + part for part in parts)
    der = b"\x30" + bytes((len(body),)) + body
    return Signatures((DeviceSignature(0, secp.public_key(secret), der + b"\x01"),))


def another(task, lock_time=77):
    """The same transaction with another lock time, and so another digest."""
    digest = secp.sign_ecdsa(task.inputs[0].digest, NONCE)[:32]  # any other 32 bytes
    return replace(task, locktime=lock_time, inputs=(replace(task.inputs[0], digest=digest),))


def rule(task, answer, memory=None):
    """The rule by which an answer is refused."""
    with pytest.raises(Refused) as told:
        accept(task, answer, Notebook() if memory is None else memory)
    (refusal,) = told.value.refusals
    assert (refusal.step, refusal.fault) == (11, "device")
    return refusal.rule


def test_an_honest_answer_in_both_forms(task):
    """Single signatures, and a PSBT with them in it, give the same."""
    honest = good(task)
    alone = accept(task, Signatures((honest,)), Notebook())
    psbt = Psbt.parse(task.psbt)
    raw = with_partial_sigs(psbt, {0: alone.values()})
    assert accept(task, SignedPsbt(raw), Notebook()) == alone
    assert alone[0].signature == honest.signature


def test_what_is_refused(task):
    """Each thing that a signature can be wrong in has a rule of its own."""
    honest = good(task)
    other = secp.public_key(root_of("alpha").secret)
    for changed, expected in (
        ((honest, honest), "device.surplus"),
        ((honest, replace(honest, input=1)), "device.surplus"),
        ((replace(honest, input=-1),), "device.surplus"),
        ((replace(honest, pubkey=other),), "device.foreign"),
        ((replace(honest, signature=honest.signature[:-1] + b"\x81"),), "device.sighash"),
        ((replace(honest, signature=b"\x30\x06\x02\x01\x01\x02\x01\x01\x01"),), "device.invalid"),
        ((replace(honest, signature=b""),), "device.sighash"),
        ((replace(honest, signature=b"\x01"),), "device.invalid"),
        ((), "device.missing"),
    ):
        assert rule(task, Signatures(changed)) == expected


def test_a_psbt_that_says_anything_else(task):
    """One byte more, less or other in any field is refused; and what is none is no answer."""
    psbt = task.psbt
    at = psbt.index(task.outputs[0].script_pubkey)
    lock_time = psbt.index(b"\x00\x00\x00\x00\x4f")  # nLockTime, before the first global xpub
    for raw in (
        psbt[:lock_time] + b"\x01" + psbt[lock_time + 1 :],
        psbt[: at + 4] + bytes((psbt[at + 4] ^ 1,)) + psbt[at + 5 :],
    ):
        assert rule(task, SignedPsbt(raw)) == "device.changed"
    for raw in (b"", psbt[:-1], psbt + b"\0"):
        with pytest.raises(BadInput):
            accept(task, SignedPsbt(raw), Notebook())


def test_a_nonce_that_comes_twice(task):
    """Two signatures with one nonce give away the key: the second is refused, in any later run."""
    memory = Notebook()
    accept(task, with_nonce(task, NONCE), memory)
    accept(task, with_nonce(task, NONCE), memory)  # the same transaction again is no secret
    later = another(task)
    assert rule(later, with_nonce(later, NONCE), memory) == "device.nonce"
    accept(later, with_nonce(later, NONCE[:-1] + b"\x01"), memory)


def test_registrations_are_kept_and_read_strictly(tmp_path):
    """What is kept comes back; a later one takes its place; damage is told, and nothing crashes."""
    kept, vault = Kept(tmp_path), "ab" * 32
    assert kept.registration(vault, "0f056943") is None
    for token in (b"", b"\x01" * 64):
        registration = Registration("ledger", "0f056943", vault, "treasury", token)
        kept.keep(registration)
        assert kept.registration(vault, "0f056943") == registration
    (path,) = (tmp_path / "vaults" / vault).iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    table = json.loads(path.read_text())
    for changed in (
        {**table, "vault": "cd" * 32},
        {**table, "token": "xyz"},
        {**table, "more": 1},
        {},
    ):
        path.write_text(json.dumps(changed))
        with pytest.raises(BadInput):
            kept.registration(vault, "0f056943")


def test_a_drivers_memory(tmp_path):
    """It comes back, is replaced, and is forgotten; impossible names are a bug."""
    kept = Kept(tmp_path)
    assert kept.get("bitbox02-noise") == b""
    kept.put("bitbox02-noise", b"one")
    kept.put("bitbox02-noise", b"two")
    assert kept.get("bitbox02-noise") == b"two"
    kept.put("bitbox02-noise", b"")
    assert kept.get("bitbox02-noise") == b""
    assert list((tmp_path / "devices").iterdir()) == []
    for name in ("../x", "", "A", "x" * 65):
        with pytest.raises(ValueError, match="impossible name"):
            kept.put(name, b"x")
