"""BIP39: entropy as words on paper, and the seed that they stand for. English.

Errors never quote a word: they tell its place.
"""

import hashlib
import re
import unicodedata
from functools import partial
from typing import Final

from signer.core.errors import BadInput, Fault
from signer.core.wordlist import WORDS

_PLACES: Final = {word: place for place, word in enumerate(WORDS)}
_BITS_PER_WORD: Final = 11  # BIP39: 2,048 words
_ENTROPY_PER_CHECK: Final = 32  # BIP39: one bit of checksum for 32 bits of entropy
_COUNTS: Final = (12, 15, 18, 21, 24)  # BIP39, "Generating the mnemonic"
_ROUNDS: Final = 2048  # BIP39, "From mnemonic to seed"
_PRINTABLE: Final = re.compile(rb"[\t\n\r -~]*")
_bad = partial(BadInput, fault=Fault.OFFICER)


def words(entropy: bytes | bytearray) -> tuple[str, ...]:
    """The words for 16, 20, 24, 28 or 32 bytes of entropy."""
    check = len(entropy) * 8 // _ENTROPY_PER_CHECK
    count = (len(entropy) * 8 + check) // _BITS_PER_WORD
    number = int.from_bytes(entropy, "big") << check | _checksum(entropy, check)
    return tuple(
        WORDS[number >> _BITS_PER_WORD * place & len(WORDS) - 1] for place in reversed(range(count))
    )


def entropy(text: bytes | bytearray) -> bytearray:
    """The entropy that words stand for; letter case and the width of blanks do not matter.

    Raises:
        BadInput: a number of words that BIP39 does not know, an unknown word, a bad checksum.
    """
    if not _PRINTABLE.fullmatch(text):
        raise _bad("the words hold letters that are not English")
    given = bytes(text).decode("ascii").lower().split()
    if len(given) not in _COUNTS:
        raise _bad(
            "the number of words is wrong",
            expected="12, 15, 18, 21 or 24",
            found=str(len(given)),
        )
    unknown = [str(place) for place, word in enumerate(given, 1) if word not in _PLACES]
    if unknown:
        raise _bad(
            f"not in the BIP39 list: word {', '.join(unknown)}", hint="look at the paper again"
        )
    number = 0
    for word in given:
        number = number << _BITS_PER_WORD | _PLACES[word]
    check = len(given) * _BITS_PER_WORD // (_ENTROPY_PER_CHECK + 1)
    found = bytearray((number >> check).to_bytes(check * _ENTROPY_PER_CHECK // 8, "big"))
    if number & (1 << check) - 1 != _checksum(found, check):
        raise _bad(
            "the checksum of the words is wrong", hint="a word is misread, or two have swapped"
        )
    return found


def seed(entropy: bytes | bytearray, passphrase: bytes | bytearray = b"") -> bytearray:
    """The 64-byte BIP32 seed, with a BIP39 passphrase (UTF-8) or without. No passphrase is wrong.

    Raises:
        BadInput: the passphrase is not UTF-8.
    """
    try:
        salt = unicodedata.normalize("NFKD", f"mnemonic{bytes(passphrase).decode('utf-8')}")
    except UnicodeDecodeError:
        raise _bad("the BIP39 passphrase is not UTF-8 text") from None
    sentence = bytearray(" ".join(words(entropy)).encode("ascii"))
    return bytearray(hashlib.pbkdf2_hmac("sha512", sentence, salt.encode("utf-8"), _ROUNDS))


def _checksum(entropy: bytes | bytearray, bits: int) -> int:
    return hashlib.sha256(entropy).digest()[0] >> 8 - bits
