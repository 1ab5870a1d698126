"""The world of tests/attacks with a vendor's device in the place of alice's key."""

from world import World

from policies import strict_json
from signer.core.vault import ENFORCING, Vault


class DeviceWorld(World):
    """A 2-of-3 vault on regtest; `devices` says whose key is on which vendor's device."""

    def __init__(self, **devices: str) -> None:
        self.devices = devices
        super().__init__()

    def _vault(self, *kind):
        vault = super()._vault(*kind)
        table = strict_json.load(vault.payload, limit=1 << 16, what="vault")
        table["signers"] = [
            s._replace(type=self.devices.get(s.officer, ENFORCING))._asdict() for s in vault.signers
        ]
        return Vault.parse(strict_json.dump(table))
