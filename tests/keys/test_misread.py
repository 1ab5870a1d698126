"""Where a share was misread: found if the code can, and never a right share made wrong."""

import random

import pytest

from signer.cli.offline import misread
from signer.core.bech32 import CHARSET
from signer.core.errors import BadInput
from signer.core.wordlist import SHARE_WORDS
from signer.keys import codex32, slip39

LUCK = random.Random(93)


def string(size):
    """Write one share of a seed of so many bytes."""
    return codex32.text(codex32.split(LUCK.randbytes(size), 2, 2)[0])


def spoilt(right, count):
    """Misread so many characters; give the string and what is right where."""
    places = sorted(LUCK.sample(range(3, len(right)), count))
    typed = list(right)
    for at in places:
        typed[at] = LUCK.choice([c for c in CHARSET.upper() if c != right[at]])
    return "".join(typed), [(at + 1, right[at]) for at in places]


def told(found):
    """Flatten what was found."""
    return [(wrong.place, wrong.right) for wrong in found]


@pytest.mark.parametrize("size", [16, 32, 46, 47, 64])
def test_up_to_four_characters_are_found(size):
    """Both codes, everywhere in the string, the checksum and the header included."""
    for count in (1, 2, 3, 4, 4, 4):
        typed, wrong = spoilt(string(size), count)
        assert told(misread.characters(typed.encode())) == wrong


@pytest.mark.parametrize("size", [16, 32, 64])
def test_up_to_eight_unreadable_characters_are_found(size):
    """A worn plate: what cannot be read is typed as a question mark (BIP93, "Error Correction")."""
    right = string(size)
    for count in (1, 5, 8):
        places = sorted(LUCK.sample(range(3, len(right)), count))
        typed = "".join("?" if at in places else c for at, c in enumerate(right))
        grouped = " ".join(typed[at : at + 4] for at in range(0, len(typed), 4)).lower()
        assert told(misread.characters(grouped.encode())) == [(at + 1, right[at]) for at in places]


@pytest.mark.parametrize("size", [16, 64])
def test_more_errors_are_not_explained_away(size):
    """Five to eight wrong characters: nothing, or another string whose checksum is right."""
    for count in (5, 6, 8):
        typed, wrong = spoilt(string(size), count)
        found = told(misread.characters(typed.encode()))
        assert found != wrong
        assert len(found) <= 4


@pytest.mark.parametrize("size", [16, 32])
def test_one_word_or_two_neighbours_are_found(size):
    """SLIP-39 tells one wrong word, wherever it is, and two that have swapped."""
    share = slip39.split(LUCK.randbytes(size), [slip39.Group(2, 2)], 1)[0]
    right = list(slip39.words(share))
    for at in (0, 1, 3, 4, len(right) - 1):
        for other in ("misspelt", LUCK.choice([w for w in SHARE_WORDS if w != right[at]])):
            typed = " ".join([*right[:at], other, *right[at + 1 :]]).encode()
            assert told(misread.words(typed)) == [(at + 1, right[at])]
    at = next(at for at in range(4, len(right)) if right[at] != right[at + 1])
    swapped = [*right[:at], right[at + 1], right[at], *right[at + 2 :]]
    found = told(misread.words(" ".join(swapped).encode()))
    assert found == [(at + 1, right[at]), (at + 2, right[at + 1])]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a",
        "zoo " * 20,
        "misspelt mistyped " * 10,
        "academic " * 1000,
        "ü" * 20,
        "academic " * 20,
    ],
)
def test_what_is_no_share_is_not_explained(typed):
    """Two unknown words, other lengths, nothing at all."""
    assert misread.words(typed.encode()) == ()


@pytest.mark.parametrize(
    "typed", ["", "ms1", "MS1" + "?" * 45, "ms1" + "q" * 500, "bc1qqqqq", "\xff"]
)
def test_what_is_no_string_is_not_explained(typed):
    """Nine question marks and more, other lengths and prefixes, nothing at all."""
    assert misread.characters(typed.encode("latin-1")) == ()


def test_a_proposal_never_passes_by_itself():
    """What is wrong stays refused, however near it is to something right."""
    typed, _ = spoilt(string(16), 1)
    assert misread.characters(typed.encode())
    with pytest.raises(BadInput, match="checksum"):
        codex32.parse(typed.encode())
