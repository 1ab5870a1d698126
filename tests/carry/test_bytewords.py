"""Bytewords."""

import pytest
from carry_samples import vectors
from hypothesis import given
from hypothesis import strategies as st

from signer.carry import bytewords
from signer.carry.bytewords import Style
from signer.core.errors import BadInput

EXAMPLES = vectors("bc_ur.json")["bytewords"]


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e["hex"][:8])
def test_the_published_examples(example, style):
    """Every style of every published example reads and writes."""
    data, text = bytes.fromhex(example["hex"]), example[style.name.lower()]
    assert bytewords.encode(data, style) == text
    assert bytewords.decode(text, style) == data
    assert bytewords.decode(text.upper(), style) == data


def test_the_list_is_as_the_standard_demands():
    """256 words of four letters, in order; two letters, or three at an end, tell each."""
    text = bytewords.encode(bytes(range(256)), Style.STANDARD).split()[:256]
    assert text == sorted(text)
    assert {len(word) for word in text} == {4}
    for short in (lambda w: w[0] + w[3], lambda w: w[:3], lambda w: w[1:]):
        assert len({short(word) for word in text}) == 256


@given(st.binary(min_size=1, max_size=200), st.sampled_from(Style))
def test_bytes_come_back(data, style):
    """Whatever is written reads back the same."""
    assert bytewords.decode(bytewords.encode(data, style), style) == data


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_wrong_word_is_noticed(data, pick):
    """Any one changed word fails: CRC-32 notices every error of 32 bits in a row."""
    words = bytewords.encode(data, Style.STANDARD).split()
    at = pick.draw(st.integers(0, len(words) - 1))
    other = bytewords.encode(bytes((pick.draw(st.integers(0, 255)),)), Style.STANDARD).split()[0]
    if other == words[at]:
        return
    words[at] = other
    with pytest.raises(BadInput, match="checksum"):
        bytewords.decode(" ".join(words), Style.STANDARD)


@pytest.mark.parametrize(
    ("text", "style", "why"),
    [
        ("able acid also lava zero jade need echo wolf", Style.STANDARD, "checksum"),
        ("aeadaolazojendeowf", Style.MINIMAL, "checksum"),
        ("wolf", Style.STANDARD, "too short"),
        ("", Style.STANDARD, "word 1 is none"),
        ("", Style.MINIMAL, "too short"),
        ("able acid nope", Style.STANDARD, "word 3 is none"),
        ("aeadxx", Style.MINIMAL, "word 3 is none"),
        ("aeadaolazmjendeot", Style.MINIMAL, "word 9 is none"),
        ("jadeneedechotaxi", Style.MINIMAL, "word 1 is none"),
        ("aead\0\0ao", Style.MINIMAL, "word 3 is none"),
        ("aead\0", Style.MINIMAL, "word 3 is none"),
        ("aead\u6561\u6561", Style.MINIMAL, "word 3 is none"),
        ("aead\ud800\udc00ao", Style.MINIMAL, "word 3 is none"),
    ],
)
def test_bad_words_say_where(text, style, why):
    """What is not bytewords is refused; an unknown word with its position."""
    with pytest.raises(BadInput, match=why):
        bytewords.decode(text, style)
