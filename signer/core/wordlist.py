"""The English word lists of BIP39 and SLIP-39, taken from embit and compared with the published."""

import hashlib
from collections.abc import Iterable
from typing import Final

from embit.wordlists.bip39 import WORDLIST
from embit.wordlists.slip39 import SLIP39_WORDS

from signer.core.errors import Fault, SelfTestFailed


def _published(words: Iterable[object], digest: str) -> tuple[str, ...]:
    """The list, if the SHA-256 of its lines is that of the published one."""
    found = tuple(map(str, words))
    if hashlib.sha256("".join(f"{word}\n" for word in found).encode()).hexdigest() != digest:
        raise SelfTestFailed(
            "a word list is not the published one",
            fault=Fault.MACHINE,
            expected=digest,
            hint="do not use this installation: install it again",
        )
    return found


WORDS: Final = _published(
    WORDLIST, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
)
"""https://github.com/bitcoin/bips/blob/master/bip-0039/english.txt: 2,048 words. A word's place is
its value, 11 bits."""

SHARE_WORDS: Final = _published(
    SLIP39_WORDS, "bcc4555340332d169718aed8bf31dd9d5248cb7da6e5d355140ef4f1e601eec3"
)
"""https://github.com/satoshilabs/slips/blob/master/slip-0039/wordlist.txt: 1,024 words. A word's
place is its value, 10 bits."""
