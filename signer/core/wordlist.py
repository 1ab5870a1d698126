"""The English word list of BIP39, taken from embit and compared with the published one."""

import hashlib
from typing import Final

from embit.wordlists.bip39 import WORDLIST

from signer.core.errors import Fault, SelfTestFailed

_PUBLISHED: Final = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
"""SHA-256 of https://github.com/bitcoin/bips/blob/master/bip-0039/english.txt: 2,048 lines."""

WORDS: Final = tuple(str(word) for word in WORDLIST)
"""In the list's order: a word's place is its value, 11 bits."""

if hashlib.sha256("".join(f"{word}\n" for word in WORDS).encode()).hexdigest() != _PUBLISHED:
    raise SelfTestFailed(
        "the BIP39 word list is not the published one",
        fault=Fault.MACHINE,
        expected=_PUBLISHED,
        hint="do not use this installation: install it again",
    )
