"""What a device gave back is believed only where it verifies here (step 11)."""

from collections.abc import Sequence
from operator import attrgetter
from typing import TypeVar

from hw.device import Memory
from hw.task import Answer, DeviceSignature, SignedPsbt, SigningTask
from signer.core import secp
from signer.core.errors import Fault, Refused
from signer.core.psbt import PartialSig, Psbt, PsbtInput, PsbtOutput
from signer.sign.refusal import refused

_Part = TypeVar("_Part")

_STEP = 11
_ENTRY = 16
"""Bytes that are kept of a signature: 8 of its r, 8 of its digest. Two nonces that are alike by
chance in 64 bits take four billion signatures."""

_MOST = 50_000
"""Signatures of a device whose nonces are remembered, the newest: 800 kB."""


def accept(task: SigningTask, answer: Answer, memory: Memory) -> dict[int, PartialSig]:
    """The device's signatures, one for each input, each verified over our own digest.

    Args:
        task: what was asked.
        answer: what came.
        memory: where the nonces of earlier signatures are kept.

    Returns:
        By the index of the input.

    Raises:
        Refused: a signature is missing, surplus, foreign or wrong, or a field of the PSBT changed;
            or a nonce comes again for another digest, which gives the private key away.
    """
    found = (
        _of_psbt(task, answer.raw) if isinstance(answer, SignedPsbt) else list(answer.signatures)
    )
    good: dict[int, PartialSig] = {}
    for one in found:
        where = f"input {one.input}"
        if not 0 <= one.input < len(task.inputs):
            raise _refused("surplus", "a signature for an input that there is not", where)
        key = task.inputs[one.input].script.key_of(task.fingerprint)
        if key is None or one.pubkey != key.pubkey:
            raise _refused("foreign", f"{where}: a signature by another key", one.pubkey.hex())
        if one.input in good:
            raise _refused("surplus", f"{where}: two signatures", one.pubkey.hex())
        der, sighash = one.signature[:-1], one.signature[-1:]
        if sighash != bytes((task.sighash,)):
            raise _refused("sighash", f"{where}: another sighash", sighash.hex())
        if not secp.verify_ecdsa(task.inputs[one.input].digest, der, one.pubkey):
            raise _refused("invalid", f"{where}: the signature does not verify", "")
        good[one.input] = PartialSig(one.pubkey, one.signature)
    if len(good) != len(task.inputs):
        raise _refused(
            "missing", "signatures are missing", f"{len(good)} of {len(task.inputs)} inputs"
        )
    _fresh_nonces(task, good, memory)
    return good


def _of_psbt(task: SigningTask, raw: bytes) -> list[DeviceSignature]:
    """Signatures out of a PSBT that differs in nothing else from the one that was sent."""
    sent, back = Psbt.parse(task.psbt), Psbt.parse(raw)
    for what, before, after in (
        ("the transaction", sent.tx, back.tx),
        ("a global field", _sorted(sent.xpubs, "pubkey"), _sorted(back.xpubs, "pubkey")),
        ("a global field", _sorted(sent.others, "key"), _sorted(back.others, "key")),
        ("an input", _bare(sent.inputs), _bare(back.inputs)),
        ("an output", _plain(sent.outputs), _plain(back.outputs)),
    ):
        if before != after:
            raise _refused("changed", f"the device changed {what}", "")
    return [
        DeviceSignature(at, signature.pubkey, signature.signature)
        for at, given in enumerate(back.inputs)
        for signature in given.partial_sigs
    ]


def _bare(inputs: Sequence[PsbtInput]) -> list[PsbtInput]:
    """Without signatures, and sorted: maps have no order (BIP174)."""
    return [
        one._replace(
            partial_sigs=(),
            derivations=_sorted(one.derivations, "pubkey"),
            others=_sorted(one.others, "key"),
        )
        for one in inputs
    ]


def _plain(outputs: Sequence[PsbtOutput]) -> list[PsbtOutput]:
    return [
        one._replace(
            derivations=_sorted(one.derivations, "pubkey"),
            others=_sorted(one.others, "key"),
        )
        for one in outputs
    ]


def _sorted(parts: Sequence[_Part], name: str) -> tuple[_Part, ...]:
    return tuple(sorted(parts, key=attrgetter(name)))


def _fresh_nonces(task: SigningTask, good: dict[int, PartialSig], memory: Memory) -> None:
    name = f"nonces-{task.fingerprint}"
    kept = memory.get(name)
    seen = {kept[at : at + 8]: kept[at + 8 : at + _ENTRY] for at in range(0, len(kept), _ENTRY)}
    before = len(seen)
    for at, signature in good.items():
        digest = task.inputs[at].digest[:8]
        if seen.setdefault(_r(signature.signature)[:8], digest) != digest:
            raise _refused(
                "nonce",
                f"input {at}: the device used a nonce twice",
                "",
                hint="both signatures together give away its key: let neither out, and move the "
                "vault's coins to new keys",
            )
    if len(seen) > before:
        newest = list(seen.items())[-_MOST:]
        memory.put(name, b"".join(nonce + digest for nonce, digest in newest))


def _r(signature: bytes) -> bytes:
    """The number r of a strict DER signature, 32 bytes (BIP66: 30 length 02 length r ...)."""
    return signature[4 : 4 + signature[3]][-32:].rjust(32, b"\x00")


def _refused(rule: str, what: str, found: str, hint: str = "") -> Refused:
    return refused(
        _STEP,
        f"device.{rule}",
        what,
        fault=Fault.DEVICE,
        expected="one signature of ALL for each input, by the device's own key, and nothing else",
        found=found,
        hint=hint or "nothing was written: do not use this device again until you know why",
    )
