"""Steps 10 and 11: journal, and sign the very bytes that the officer reviewed."""

from dataclasses import dataclass

from signer.core.errors import Fault
from signer.core.hashes import sha256
from signer.core.names import Fingerprint, Txid
from signer.core.psbt import Psbt, with_partial_sigs
from signer.core.spread import Spread, in_turn
from signer.sign.check import Checked
from signer.sign.refusal import refused
from signer.sign.softkey import SoftKey
from signer.sign.state import State


@dataclass(frozen=True, slots=True)
class Signed:
    """A PSBT with one key's signatures in it. Only `sign` here and in `signer/station` make one.

    Attributes:
        raw: the bytes that were reviewed, with the signatures spliced in.
        txid: of the transaction, as `Facts.txid`.
        fingerprint: of the key that signed.
        count: signatures of that key in it: one for each input.
    """

    raw: bytes
    txid: Txid
    fingerprint: Fingerprint
    count: int


def sign(
    checked: Checked, again: bytes, key: SoftKey, state: State, spread: Spread = in_turn
) -> Signed:
    """Sign what was checked and reviewed.

    Args:
        checked: what the officer confirmed (step 9).
        again: the file's bytes, read once more after the review.
        key: this signer's key in the vault.
        state: where it is remembered.
        spread: as `SoftKey.sign_all`.

    Raises:
        BadInput: as `journalled`. Or the file brings another signature by this very key.
        Refused: the bytes changed, or a signature is not good.
    """
    psbt = journalled(checked, again, key.fingerprint, state)
    # (11) two libraries sign and agree; each signature is verified before it goes on
    made = key.sign_all(checked.facts.inputs, spread)
    signatures = {at: [signature] for at, signature in enumerate(made)}
    raw = with_partial_sigs(psbt, signatures)
    return Signed(raw, checked.facts.txid, key.fingerprint, len(signatures))


def journalled(
    checked: Checked, again: bytes, fingerprint: Fingerprint, state: State, **device: str
) -> Psbt:
    """Step 10, for a key of this machine or of a device in front of it.

    Args:
        checked: what the officer confirmed (step 9).
        again: the file's bytes, read once more after the review.
        fingerprint: whose signatures will be made.
        state: where it is remembered.
        device: as `State.sign`.

    Returns:
        The file, read again, with the digests that were reviewed.

    Raises:
        BadInput: the journal cannot be written; nothing was signed then.
        Refused: the bytes changed.
    """
    # (10) the bytes are re-read and re-hashed; the journal is on the disk before a signature is
    if sha256(again) != checked.digest:
        raise refused(
            10,
            "bytes.changed",
            "the file changed between the review and the signature",
            fault=Fault.MACHINE,
            expected=f"sha256 {checked.digest.hex()}",
            found=f"sha256 {sha256(again).hex()}",
            hint="something on this machine or medium writes to it: nothing was signed",
        )
    psbt, coins = Psbt.parse(again), checked.facts.inputs
    vault, again_digests = checked.facts.vault, checked.facts.vault.digests(psbt.tx)
    digests = [
        again_digests.digest(at, coin.script.code, coin.amount, vault.sighash)
        for at, coin in enumerate(coins)
    ]
    if digests != [coin.digest for coin in coins]:
        raise refused(10, "bytes.digests", "two readings of one file differ", fault=Fault.MACHINE)
    state.sign(checked, fingerprint, **device)
    return psbt
