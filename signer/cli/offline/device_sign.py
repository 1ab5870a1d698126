"""`coldsign sign --device`: this station checks and vouches, a vendor's device signs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signer.cli import show
from signer.cli.offline import station
from signer.cli.session import Session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from signer.core.vault import VaultSigner
    from signer.sign.check import Checked
    from signer.sign.facts import Facts
    from signer.sign.sign import Signed
    from signer.sign.state import State


@dataclass(frozen=True, slots=True)
class DeviceSigned:
    """What came of it.

    Attributes:
        signed: the PSBT.
        vouches: who vouches that approvals and policy were checked.
        model: of the device.
        firmware: of the device.
        warnings: what is known against it.
    """

    signed: "Signed"
    vouches: str
    model: str
    firmware: str
    warnings: list[dict[str, object]]

    @property
    def told(self) -> dict[str, object]:
        """What the result says of it, for programs."""
        device = {"model": self.model, "firmware": self.firmware, "warnings": self.warnings}
        return {"vouches": self.vouches, "device": device}


def key_of(facts: "Facts", wanted: str) -> "VaultSigner":
    """The vault's signer whose device is wanted, before anybody reads a review.

    Raises:
        BadInput: there is none, or it has signed already.
    """
    from signer.station.vouch import device_key

    key = device_key(facts.vault, station.fingerprint(wanted))
    if all(coin.key_of(key.fingerprint) in coin.signed for coin in facts.inputs):
        raise BadInput(
            f"{key.officer}'s device has signed this file already",
            fault=Fault.OFFICER,
            found=f"signed by {', '.join(facts.signed_by)}",
            hint="carry it to the next signer, or back to `coldquorum combine`",
        )
    return key


def sign(
    here: Session,
    checked: "Checked",
    again: "Callable[[], bytes]",
    key: "VaultSigner",
    state: "State",
) -> DeviceSigned:
    """Steps 10 and 11, after the officer said yes here.

    Raises:
        DeviceError: no such device, or it refused or failed.
        BadInput: the device does not know the vault yet.
        Refused: it is not the vault's, or what it gave is not good.
    """
    from signer.station import vouch
    from signer.station.kept import Kept

    vault, kept = checked.facts.vault, Kept(here.home)
    with station.talking(station.found(here, key.fingerprint)) as opened:
        warnings = station.warned(opened)
        proven = vouch.prove(opened, vault, kept.registration(vault.id, key.fingerprint))
        kept.keep(station.registered(proven, vault))
        info = opened.signer.info
        if not proven.driver.enforcing:
            model = show.safe(info.model)
            show.note(f"a {model} checks no approvals and no policy: this station vouches")
        with station.waiting():
            signed = vouch.sign(checked, again(), proven, state, kept)
    return DeviceSigned(signed, proven.vouches, info.model, info.firmware, warnings)
