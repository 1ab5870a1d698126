"""What a foreign file says of a wallet, once it is understood. It is not a vault yet."""

import re
from dataclasses import dataclass
from typing import Final

from signer.carry.wallets.place import COIN
from signer.core.address import address_of
from signer.core.coins import Network
from signer.core.descriptor import Descriptor
from signer.core.names import Fingerprint, Height
from signer.core.script import multisig

MULTIPATH: Final = "/<0;1>/*"
"""Both branches of a vault (BIP389)."""

_NAME: Final = 32
"""Characters of a name in our documents (`policies/strict_json.py`)."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What a file says of who holds a key. It decides nothing.

    Attributes:
        fingerprint: of the key's master key.
        name: as the file calls the key, or empty.
        device: the vendor's device that the file says holds the key, by our name, or empty.
    """

    fingerprint: Fingerprint
    name: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet that is one of the forms of vault.

    Attributes:
        form: its descriptor, with the network.
        name: as the file calls it, or empty.
        holders: in the order of the descriptor's keys.
        birth_height: as the file says, or None.
    """

    form: Descriptor
    name: str
    holders: tuple[Holder, ...]
    birth_height: Height | None = None

    @classmethod
    def of(cls, form: Descriptor, name: str = "", birth_height: Height | None = None) -> "Wallet":
        """A wallet whose file tells nothing of its keys' holders."""
        holders = tuple(Holder(key.origin.fingerprint) for key in form.keys)
        return cls(form, name, holders, birth_height)


def plain_name(text: str) -> str:
    """A foreign name in the letters of ours, `My Wallet` as `my-wallet`; empty if none is left."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", text.lower())
    return plain.strip("-._")[:_NAME].rstrip("-._")


def network_name(place: Network) -> str:
    """A network as Caravan and others name it."""
    return {"main": "mainnet", "test": "testnet"}.get(place.name, place.name)


def first_address(form: Descriptor) -> str:
    """The first receive address of a descriptor of which no vault is made yet."""
    keys = sorted(key.xpub.derive(0).derive(0).key for key in form.keys)
    script = form.form.of(multisig(form.threshold, keys)).script_pubkey
    return str(address_of(script, COIN, form.network.name))
