"""Making a vault's document. Whoever receives it reads it with `Vault.parse`."""

from collections.abc import Sequence

from policies import strict_json
from signer.core import coins
from signer.core.descriptor import Descriptor
from signer.core.signatures import ECDSA
from signer.core.twice_derived import twice_derived_address
from signer.core.vault import Vault, VaultKey, VaultSigner


def create_vault(
    *,
    name: str,
    coin: str,
    network: str,
    script_type: str,
    threshold: int,
    keys: Sequence[VaultKey],
    signers: Sequence[VaultSigner],
    birth_height: int,
    scheme: str = ECDSA.name,
) -> Vault:
    """Make a vault and its document; `keys` and `signers` in the same order.

    Raises:
        BadInput: whatever makes no vault.
        SelfTestFailed: a second derivation gives another first address.
    """
    form = Descriptor(coins.network(coin, network), script_type, threshold, tuple(keys))
    table = {"kind": "vault", "version": 1, "name": name, "coin": coin, "network": network}
    table |= {"descriptor": form.text, "birth_height": birth_height}
    table |= {} if scheme == ECDSA.name else {"signatures": scheme}
    table |= {"signers": [signer._asdict() for signer in signers]}
    vault = Vault.parse(strict_json.dump(table))
    twice_derived_address(vault)
    return vault
