"""Sparrow: its "Output Descriptor" file, which it exports and imports.

Sparrow's own wallet is an encrypted database; this file is how wallets enter and leave it. The
layout is that of its `Descriptor` export. What comes from Sparrow is read by `descriptor.py`.
"""

from signer.core.vault import CHANGE, RECEIVE, Vault


def write(vault: Vault) -> str:
    """Three descriptors, each below a remark that says what it is."""
    parts = (
        ("Receive and change descriptor (BIP389)", vault.descriptor),
        ("Receive descriptor (Bitcoin Core)", vault.form.branch_text(RECEIVE)),
        ("Change descriptor (Bitcoin Core)", vault.form.branch_text(CHANGE)),
    )
    return "\n\n".join(f"# {about}:\n{text}" for about, text in parts) + "\n"
