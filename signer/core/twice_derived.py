"""A vault's first address by two programs that share no code: asked before it is enrolled."""

from signer.core.address import script_of
from signer.core.errors import Fault, SelfTestFailed
from signer.core.script import p2sh32
from signer.core.vault import RECEIVE, Vault


def twice_derived_address(vault: Vault) -> str:
    """The first receive address, derived by us and, from the descriptor's text, by embit.

    Two programs that share no code must agree before money is sent to a new vault.

    Raises:
        SelfTestFailed: they do not.
    """
    from embit.descriptor import Descriptor as Independent  # noqa: PLC0415 -- 40 ms, seldom needed

    address = vault.address(RECEIVE, 0)
    ours = script_of(address, vault.coin, vault.network)
    text = vault.form.branch_text(RECEIVE).partition("#")[0]
    # Of sh32, embit knows all but the hash.
    other = Independent.from_string(text.replace("sh32(", "sh(", 1)).derive(0)
    theirs = (
        p2sh32(other.redeem_script().data)
        if text.startswith("sh32(")
        else other.script_pubkey().data
    )
    if ours != theirs:
        raise SelfTestFailed(
            "two derivations of the vault's first address differ",
            fault=Fault.MACHINE,
            expected=theirs.hex(),
            found=ours.hex(),
        )
    return address
