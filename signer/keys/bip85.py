"""BIP85: children of a key, as words of their own, for drills.

A child tells nothing of its parent, and the parent gives it again at any time. So an officer can
practise with real words, on paper and steel and on other people's devices, and lose nothing.
"""

import hmac
from typing import Final

from signer.core.bip32 import HARDENED
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.errors import BadInput, Fault

_BIP39: Final = (83696968, 39, 0)  # BIP85, "Applications", "BIP39": the last is English


def path(words: int, index: int) -> tuple[int, ...]:
    """The path of a child of so many words (12, 15, 18, 21 or 24), from the root.

    Raises:
        BadInput: an index below 0 or of 2**31 or more.
    """
    if not 0 <= index < HARDENED:
        raise BadInput("no such child", fault=Fault.OFFICER, expected=f"0 to {HARDENED - 1}")
    return tuple(HARDENED + step for step in (*_BIP39, words, index))


def entropy(root: ExtendedPrivateKey, words: int, index: int) -> bytearray:
    """The child's BIP39 entropy.

    Raises:
        BadInput: as `path`.
    """
    key = root.derive_path(path(words, index))
    digest = hmac.digest(b"bip-entropy-from-k", key.secret, "sha512")
    return bytearray(digest[: words * 4 // 3])  # BIP39: 3 words carry 4 bytes, and their checksum
