"""Bytewords: a byte as an English word of four letters, or as its first and last letter.

Source: BCR-2020-012 as revised in October 2020: the list in alphabetical order, CRC-32 (big-endian)
behind the body.
"""

import codecs
from enum import Enum
from functools import partial
from typing import Final
from zlib import crc32

from signer.core.errors import BadInput, Fault

CHECKSUM_SIZE: Final = 4
"""Bytes of CRC-32 behind the body."""

_LIST: Final = (
    "able acid also apex aqua arch atom aunt away axis back bald barn belt beta bias "
    "blue body brag brew bulb buzz calm cash cats chef city claw code cola cook cost "
    "crux curl cusp cyan dark data days deli dice diet door down draw drop drum dull "
    "duty each easy echo edge epic even exam exit eyes fact fair fern figs film fish "
    "fizz flap flew flux foxy free frog fuel fund gala game gear gems gift girl glow "
    "good gray grim guru gush gyro half hang hard hawk heat help high hill holy hope "
    "horn huts iced idea idle inch inky into iris iron item jade jazz join jolt jowl "
    "judo jugs jump junk jury keep keno kept keys kick kiln king kite kiwi knob lamb "
    "lava lazy leaf legs liar limp lion list logo loud love luau luck lung main many "
    "math maze memo menu meow mild mint miss monk nail navy need news next noon note "
    "numb obey oboe omit onyx open oval owls paid part peck play plus poem pool pose "
    "puff puma purr quad quiz race ramp real redo rich road rock roof ruby ruin runs "
    "rust safe saga scar sets silk skew slot soap solo song stub surf swan taco task "
    "taxi tent tied time tiny toil tomb toys trip tuna twin ugly undo unit urge user "
    "vast very veto vial vibe view visa void vows wall wand warm wasp wave waxy webs "
    "what when whiz wolf work yank yawn yell yoga yurt zaps zero zest zinc zone zoom"
)
_WORDS: Final = _LIST.split()
_PAIRS: Final = [word[0] + word[-1] for word in _WORDS]
_CHARACTERS: Final = "".join(_PAIRS).encode().decode("utf-16-le")
"""Each pair of letters read as one character of UTF-16: so the pairs are a character set of 256,
and Python's codec for such sets reads or writes a whole text at once."""
_CHARACTER_SET: Final = codecs.charmap_build("\0" + _CHARACTERS[1:])
"""The same for reading, which is fast only if the first character is NUL: it stands for `able`."""
_OF_WORD: Final = {word: byte for byte, word in enumerate(_WORDS)}

_bad = partial(BadInput, fault=Fault.OFFICER, hint="scan or copy it again")


class Style(Enum):
    """How the words stand."""

    STANDARD = " "
    """Whole words between blanks, for people."""
    URI = "-"
    """Whole words between hyphens."""
    MINIMAL = ""
    """First and last letters only, for QR codes."""


def encode(data: bytes, style: Style = Style.MINIMAL) -> str:
    """The words of the bytes and of their checksum, lower case."""
    body = data + crc32(data).to_bytes(CHECKSUM_SIZE, "big")
    if style is not Style.MINIMAL:
        return str(style.value.join(map(_WORDS.__getitem__, body)))
    pairs, _ = codecs.charmap_decode(body, "strict", _CHARACTERS)
    return pairs.encode("utf-16-le").decode()


def decode(text: str, style: Style = Style.MINIMAL) -> bytes:
    """The bytes, once their checksum fits. Upper and lower case are the same.

    Raises:
        BadInput: an unknown word (with its position), too short, or another checksum.
    """
    text = text.lower()
    try:
        if style is Style.MINIMAL:
            raw = text.encode("ascii", "replace")
            pairs = (raw + b"?" * (len(raw) % 2)).decode("utf-16-le")
            pairs = pairs.replace("\0", "?").replace(_CHARACTERS[0], "\0")
            data, _ = codecs.charmap_encode(pairs, "strict", _CHARACTER_SET)
        else:
            data = bytes(map(_OF_WORD.__getitem__, text.split(style.value)))
    except (KeyError, UnicodeEncodeError):
        raise _unknown(text, style) from None
    if len(data) <= CHECKSUM_SIZE:
        raise _bad("bytewords: too short", found=f"{len(data)} words")
    body, checksum = data[:-CHECKSUM_SIZE], data[-CHECKSUM_SIZE:]
    if crc32(body) != int.from_bytes(checksum, "big"):
        raise _bad("bytewords: the checksum does not fit")
    return body


def _unknown(text: str, style: Style) -> BadInput:
    """The first word that is none."""
    if style is Style.MINIMAL:
        known, words = set(_PAIRS), [text[at : at + 2] for at in range(0, len(text), 2)]
    else:
        known, words = set(_WORDS), text.split(style.value)
    at, word = next((at, word) for at, word in enumerate(words, 1) if word not in known)
    return _bad(f"bytewords: word {at} is none", found=ascii(word[:8]))
