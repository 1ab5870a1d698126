"""Whether a device is what the vault's document says, and the last two steps with it.

Steps 1 to 9 are the signer's own (`signer/sign`). Here, step 10 is, too; in step 11 the device
signs instead of a key of this machine, and the journal says that the station vouched for the rest.
"""

from dataclasses import dataclass

from hw.device import Driver, HardwareSigner, Memory
from hw.find import Opened
from hw.task import Chain, Registration
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint
from signer.core.psbt import with_partial_sigs
from signer.core.vault import Vault, VaultSigner
from signer.sign.check import Checked
from signer.sign.refusal import refused
from signer.sign.sign import Signed, journalled
from signer.sign.state import State
from signer.station.answer import accept
from signer.station.task import signing_task, vault_facts


@dataclass(frozen=True, slots=True)
class Proven:
    """A device that holds the vault's key. Only `prove` makes one.

    Attributes:
        signer: the open device.
        driver: that speaks to it.
        key: whose key it holds in the vault.
        registration: what makes it know the vault, or None: it does not know it yet.
    """

    signer: HardwareSigner
    driver: Driver
    key: VaultSigner
    registration: Registration | None

    @property
    def vouches(self) -> str:
        """Who vouches that approvals and policy were checked: a vendor's device cannot."""
        return "device" if self.driver.enforcing else "station"


def device_key(vault: Vault, fingerprint: str) -> VaultSigner:
    """The vault's signer with this fingerprint.

    Raises:
        BadInput: the vault has no such key.
    """
    signer = next((s for s in vault.signers if s.fingerprint == fingerprint), None)
    if signer is None:
        raise BadInput(
            "the vault has no key with this fingerprint",
            fault=Fault.OFFICER,
            expected=", ".join(f"{s.fingerprint} ({s.officer}, {s.type})" for s in vault.signers),
            found=fingerprint,
            hint="`coldsign device list` shows what is plugged in",
        )
    return signer


def prove(opened: Opened, vault: Vault, kept: Registration | None) -> Proven:
    """Compare a device with the enrolled vault, before it is told anything of it.

    Args:
        opened: the device.
        vault: the enrolled vault.
        kept: an earlier registration, if it was kept.

    Raises:
        BadInput: as `device_key`.
        Refused: another vendor's, or another extended key under the same fingerprint (step 2).
        DeviceError: the device cannot do this vault, or does not answer.
    """
    signer = opened.signer
    facts = vault_facts(vault)
    signer.capabilities.require_vault(facts)
    fingerprint = signer.fingerprint()
    key, driver = device_key(vault, fingerprint), opened.attached.driver
    own = next(k for k in facts.cosigners if k.fingerprint == fingerprint)
    found = signer.xpub(own.path, Chain(vault.coin, vault.network))
    for what, expected, said in (
        ("type of signer", key.type, driver.kind),
        ("extended key", own.xpub, found),
    ):
        if expected != said:
            raise refused(
                2,
                "device.key",
                f"the device is not the vault's: another {what}",
                fault=Fault.DEVICE,
                expected=expected,
                found=said,
                hint="a fingerprint is easily forged: do not use this device, or this vault",
            )
    if kept is not None and kept.vendor != driver.vendor:
        kept = None
    return Proven(signer, driver, key, signer.registered(facts, kept))


def sign(checked: Checked, again: bytes, proven: Proven, state: State, memory: Memory) -> Signed:
    """Steps 10 and 11 with a device.

    Args:
        checked: what the officer confirmed at this station (step 9).
        again: the file's bytes, read once more after the review.
        proven: the device.
        state: where it is remembered.
        memory: where the device's nonces are kept.

    Raises:
        BadInput: the journal cannot be written; nothing was sent then.
        Refused: the bytes changed, or what the device gave is not good.
        DeviceError: the device refused, or does not answer.
    """
    facts = checked.facts
    fingerprint = Fingerprint(proven.key.fingerprint)
    task = signing_task(
        facts.psbt,
        facts.vault,
        facts.inputs,
        facts.outputs,
        fingerprint=fingerprint,
        registration=proven.registration,
    )
    proven.signer.capabilities.require_task(task)
    # (10) the bytes are re-read and re-hashed; the journal is on the disk before the device sees it
    told = {"device": proven.driver.vendor, "vouches": proven.vouches}
    psbt = journalled(checked, again, fingerprint, state, **told)
    # (11) the device signs; nothing of its answer is kept but what verifies here
    signatures = accept(task, proven.signer.sign(task), memory)
    raw = with_partial_sigs(psbt, {at: [signature] for at, signature in signatures.items()})
    return Signed(raw, facts.txid, fingerprint, len(signatures))
