"""A vault in one encrypted file: its document and the policies that its quorums have signed.

The descriptor is there a second time, as BIP138 and BIP380 say, so that other makers' programs
find it. A reader here believes none of it. Whoever knows one xpub can seal a file of their own for
it, so each part has to fit the others, and people compare the vault's id with what they have on
paper: `recover` cannot know which vault was meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from policies.envelope import Envelope
from policies.epochs import TrustedPolicy, trust_first
from signer.carry import bip138
from signer.carry.bip138 import Content
from signer.core import base58
from signer.core.errors import BadInput, Fault
from signer.core.secp import is_valid_public
from signer.core.vault import Vault

_DESCRIPTOR: Final = 380
"""The BIP that defines descriptors ("BIP380 Descriptor Backup Content" in BIP138)."""

_TAG: Final = b"coldquorum/envelope"
"""Our content: one document's envelope."""

_XPUB_BYTES: Final = 78
_KEY_AT: Final = 45
"""Where an extended key's own key begins (BIP32, "Serialization format")."""

_forged = partial(
    BadInput,
    fault=Fault.COORDINATOR,
    hint="do not use this file: somebody changed what is in it; take another copy",
)


@dataclass(frozen=True, slots=True)
class VaultBackup:
    """What a backup holds, checked.

    Attributes:
        envelope: the vault's document, with its attestations.
        vault: the vault.
        policies: every epoch's document from the first to the newest, with its signatures.
        policy: the newest, as a signer comes to trust it; None for a vault without any.
    """

    envelope: Envelope
    vault: Vault
    policies: tuple[Envelope, ...]
    policy: TrustedPolicy | None


def seal(vault: Envelope, policies: Sequence[Envelope]) -> bytes:
    """Make the file, and open it again with each key before it is given out.

    Args:
        vault: the vault's document.
        policies: the signed epochs from the first on, or none.

    Raises:
        BadInput: the documents do not fit each other.
        Refused: a policy's quorum is missing.
    """
    document = _checked(vault, tuple(policies)).vault
    keys = [key.xpub.key for key in document.keys]
    contents = [Content.of_bip(_DESCRIPTOR, document.descriptor.encode())]
    contents += [Content.of_vendor(_TAG, one.to_bytes()) for one in (vault, *policies)]
    sealed = bip138.seal(keys, contents)
    for key in keys:
        recover(sealed, key)
    return sealed


def recover(data: bytes, key: bytes) -> VaultBackup:
    """Open the file with one key, and check that its parts fit each other.

    1. The key opens it.
    2. It holds one vault document and its policies, and nothing else of ours.
    3. The descriptor for other programs is the vault's own.
    4. The file is sealed for the vault's keys and no others, so each of them opens it.
    5. Every policy is of this vault, and its quorums have signed it.

    Raises:
        BadInput: one of them does not hold.
        Refused: a policy's quorum is missing, or an epoch does not follow from the one before.
    """
    # 1. the key opens it
    opened = bip138.open_(data, key)
    # 2. one vault, and its policies
    ours = [c for c in opened.contents if (c.type, c.params) == (bip138.VENDOR, _TAG)]
    descriptors = [
        c.data
        for c in opened.contents
        if (c.type, c.params) == (bip138.BIP, _DESCRIPTOR.to_bytes(2, "big"))
    ]
    if not ours:
        raise BadInput(
            "the backup opens, but another program made it: it holds no vault document",
            fault=Fault.OFFICER,
            found=ascii(descriptors[0][:4096].decode("utf-8", "replace")) if descriptors else "",
            hint="make a vault with `coldquorum vault create` from the keys in that descriptor",
        )
    envelopes = [Envelope.parse(content.data) for content in ours]
    backup = _checked(envelopes[0], tuple(envelopes[1:]))
    # 3. the same descriptor for other programs
    if descriptors != [backup.vault.descriptor.encode()]:
        raise _forged("the backup's descriptor is not the vault's")
    # 4. sealed for the vault's keys
    if not opened.is_sealed_for(member.xpub.key for member in backup.vault.keys):
        raise _forged("the backup is not sealed for the keys of the vault that is in it")
    return backup


def read_key(text: str) -> bytes:
    """The public key of an extended public key: `xpub...`, `Zpub...`, `[origin]xpub/<0;1>/*`.

    Returns:
        33 bytes.

    Raises:
        BadInput: not an extended public key. Nothing of it is quoted: it may be a private one.
    """
    bare = text.strip().rpartition("]")[2].partition("/")[0]
    data = base58.decode(bare, what="an extended public key")
    key = data[_KEY_AT:]
    if len(data) == _XPUB_BYTES and key[0] == 0:
        raise BadInput(
            "this is a private key: keep it offline",
            fault=Fault.OFFICER,
            expected="an extended public key: xpub... or tpub...",
            hint="if this machine is online, move the coins to a new vault",
        )
    if len(data) != _XPUB_BYTES or not is_valid_public(key):
        raise BadInput(
            "not an extended public key",
            fault=Fault.OFFICER,
            expected="xpub... or tpub..., as the signer exports it",
        )
    return key


def _checked(vault: Envelope, policies: tuple[Envelope, ...]) -> VaultBackup:
    """The documents together, if they fit (5)."""
    vault.expect("vault")
    document = Vault.parse(vault.payload)
    trusted = None
    if policies:
        for policy in policies:
            policy.expect("policy")
        trusted = trust_first(policies[0]).follow(policies)
        if trusted.policy.vault != document.id:
            raise _forged(
                "the backup's policies are of another vault",
                expected=f"vault id {document.id}",
                found=f"vault id {trusted.policy.vault}",
            )
    return VaultBackup(vault, document, policies, trusted)
