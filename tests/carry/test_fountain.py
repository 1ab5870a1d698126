"""Fountain codes and their randomness."""

import random
from itertools import repeat
from zlib import crc32

import pytest
from carry_samples import noise, vectors
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.carry import cbor, fountain
from signer.carry.fountain import Decoder, Encoder, Part, fragment_size
from signer.carry.xoshiro import (
    Sampler,
    Xoshiro256,
    choose_degree,
    choose_fragments,
    choose_fragments_each,
)
from signer.core.errors import BadInput

PUBLISHED = vectors("bc_ur.json")


def message(length, seed=b"Wolf"):
    """Draw a message as the reference's tests draw theirs."""
    return bytes(Xoshiro256(seed).below_each(repeat(256, length)))


def test_the_published_numbers():
    """xoshiro256** draws what the reference draws, raw and in ranges."""
    seeds = {"Wolf": b"Wolf", "crc32 of Wolf": crc32(b"Wolf").to_bytes(4, "big")}
    for name, seed in seeds.items():
        source = Xoshiro256(seed)
        expected = PUBLISHED["rng_mod_100"][name]
        assert [source.draw() % 100 for _ in expected] == expected
    drawn = Xoshiro256(b"Wolf").below_each(repeat(10, 100))
    assert [number + 1 for number in drawn] == PUBLISHED["rng_1_to_10"]


def test_the_published_samples():
    """The alias method draws what the reference draws."""
    source, sampler = Xoshiro256(b"Wolf"), Sampler([1, 2, 4, 8])
    expected = PUBLISHED["samples_of_1_2_4_8"]
    assert [sampler.draw(source) for _ in expected] == expected


def test_the_published_shuffles():
    """Drawing without putting back gives the reference's shuffles."""
    source = Xoshiro256(b"Wolf")
    for expected in PUBLISHED["shuffles_of_10"]:
        left = list(range(1, 11))
        assert list(map(left.pop, source.below_each(range(10, 0, -1)))) == expected


def test_the_published_degrees():
    """How many fragments are joined follows the reference."""
    expected = PUBLISHED["degrees_of_11"]
    sources = (Xoshiro256(f"Wolf-{nonce}".encode()) for nonce in range(1, 201))
    assert [choose_degree(11, source) for source in sources] == expected


def test_the_published_fragments():
    """Which fragments are joined follows the reference."""
    checksum = crc32(message(1024))
    chosen = [sorted(choose_fragments(n, 11, checksum)) for n in range(1, 31)]
    assert chosen == PUBLISHED["fragments_of_11"]


@pytest.mark.parametrize("count", [1, 2, 11, 432, fountain.MAX_FRAGMENTS])
@pytest.mark.parametrize("many", [0, 1, 2, 130])
def test_together_as_one_by_one(count, many):
    """Parts that are thought out together join what each joins by itself, in any order."""
    numbers = [(count + 1 + 7919 * at) % 2**32 for at in range(many)]
    random.Random(many).shuffle(numbers)
    numbers += numbers[:1]
    one_by_one = [choose_fragments(number, count, 77) for number in numbers]
    assert list(choose_fragments_each(numbers, count, 77)) == one_by_one


def test_the_published_parts():
    """The encoder's parts are the reference's, byte for byte, and read back."""
    encoder = Encoder(message(256), 30)
    parts = [encoder.part(n) for n in range(1, 21)]
    assert [part.to_bytes().hex() for part in parts] == PUBLISHED["parts_of_256"]
    assert [Part.parse(part.to_bytes()) for part in parts] == parts


def test_the_published_fragment_sizes():
    """Fragments are equal, and as few as fit."""
    assert fragment_size(12345, 1955) == 1764
    assert fragment_size(12345, 30000) == 12345
    assert fragment_size(1024, 100) == 94


class TopFraction(Xoshiro256):
    """A source whose fraction rounds up to 1, as one in 2**54 of all numbers does."""

    def __init__(self):
        """Draws the largest number, always."""
        super().__init__(b"")
        self._numbers = repeat((1 << 64) - 1)


def test_the_top_fraction_gives_the_last_index():
    """A fraction that rounds up to 1 does not run past the end of a list."""
    source = TopFraction()
    assert source.below_each((10,)) == [9]
    assert source.below_each(range(3, 0, -1)) == [2, 1, 0]
    assert Sampler([1.0, 1.0]).draw(source) in (0, 1)


def test_a_long_message_in_late_parts_only():
    """Joined parts alone carry a message, as the reference's test has it."""
    data = message(32767)
    encoder = Encoder(data, 1000)
    decoder, sequence = Decoder(encoder.part(101)), 101
    while not decoder.complete:
        decoder.receive(encoder.part(sequence))
        sequence += 1
    assert decoder.message() == data
    assert sequence - 101 < encoder.count + 15


def rank(encoder, numbers):
    """How much the parts of these numbers tell: plain elimination of the bare equations."""
    rows = {}
    for n in numbers:
        row = sum(1 << i for i in choose_fragments(n, encoder.count, encoder.checksum))
        while row and row.bit_length() in rows:
            row ^= rows[row.bit_length()]
        if row:
            rows[row.bit_length()] = row
    return len(rows)


@settings(max_examples=60, deadline=None)
@given(
    st.binary(min_size=1, max_size=600),
    st.integers(20, 200),
    st.lists(st.integers(1, 2000), min_size=1, max_size=120),
)
def test_any_parts_in_any_order(data, largest, numbers):
    """With losses, repetitions and disorder: the message once it is determined, or nothing."""
    encoder = Encoder(data, largest)
    decoder = Decoder(encoder.part(numbers[0]))
    for n in numbers:
        before = decoder.worth
        decoder.receive(encoder.part(n))
        assert before <= decoder.worth <= before + 1
        assert len(decoder.solved) <= decoder.worth <= decoder.count
    assert decoder.worth == rank(encoder, numbers)
    assert decoder.complete == (decoder.worth == encoder.count)
    if decoder.complete:
        assert decoder.message() == data


def test_no_part_is_wasted():
    """The receiver finishes with the first set of parts that determines the message."""
    encoder = Encoder(noise(3000), 50)
    luck = random.Random(7)
    for _ in range(5):
        numbers = luck.sample(range(61, 2000), 100)
        decoder = Decoder(encoder.part(numbers[0]))
        count = 0
        while not decoder.complete:
            decoder.receive(encoder.part(numbers[count]))
            count += 1
        assert rank(encoder, numbers[:count]) == encoder.count
        assert rank(encoder, numbers[: count - 1]) == encoder.count - 1
        assert decoder.message() == noise(3000)


def test_a_part_of_another_message_is_refused():
    """Count, length, checksum and size must all agree with the first part."""
    first = Encoder(noise(500), 50).part(1)
    decoder = Decoder(first)
    for other in (
        Encoder(noise(500, "other"), 50).part(1),
        Encoder(noise(500), 40).part(1),
        Part(first.sequence, first.count, first.length - 1, first.checksum, first.data),
    ):
        with pytest.raises(BadInput, match="another series"):
            decoder.receive(other)


def test_a_contradiction_is_noticed():
    """Two different parts under one number cannot both be."""
    part = Encoder(noise(500), 50).part(3)
    decoder = Decoder(part)
    decoder.receive(part)
    with pytest.raises(BadInput, match="contradicts"):
        decoder.receive(Part(3, part.count, part.length, part.checksum, bytes(len(part.data))))


def test_a_wrong_whole_is_noticed():
    """Parts that agree with each other but not with the checksum give nothing."""
    encoder = Encoder(noise(100), 50)
    decoder = Decoder(encoder.part(1))
    for n in (1, 2):
        part = encoder.part(n)
        decoder.receive(Part(n, part.count, part.length, part.checksum, bytes(50)))
    assert decoder.complete
    with pytest.raises(BadInput, match="checksum of the whole"):
        decoder.message()


def part_of(**changes):
    """Write the CBOR of a part with some numbers changed."""
    fields = {"sequence": 1, "count": 2, "length": 100, "checksum": 5, "data": bytes(50)} | changes
    return cbor.encode(tuple(fields.values()))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sequence": 0}, "out of range"),
        ({"sequence": 1 << 32}, "out of range"),
        ({"checksum": 1 << 32}, "out of range"),
        ({"count": 0}, "too many fragments"),
        ({"count": 10**9}, "too many fragments"),
        ({"count": fountain.MAX_FRAGMENTS + 1}, "too many fragments"),
        ({"length": 0}, "too large a message"),
        ({"length": fountain.MAX_MESSAGE + 1}, "too large a message"),
        ({"length": 101}, "sizes do not fit"),
        ({"length": 50}, "sizes do not fit"),
        ({"data": b""}, "sizes do not fit"),
        ({"count": 1}, "sizes do not fit"),
        ({"data": 7}, "another kind"),
        ({"checksum": True}, "another kind"),
        ({"checksum": b"abcd"}, "another kind"),
        ({"more": 1}, "five fields"),
    ],
)
def test_a_malformed_part_is_refused(changes, why):
    """Each number has its limits, and they must fit together."""
    with pytest.raises(BadInput, match=why):
        Part.parse(part_of(**changes))


@pytest.mark.parametrize(
    ("length", "largest", "why"),
    [
        (0, 100, "too large"),
        (fountain.MAX_MESSAGE + 1, 4000, "too large"),
        (100, 9, "too small"),
        (fountain.MAX_FRAGMENTS * 10 + 1, 10, "too many parts"),
    ],
)
def test_what_cannot_be_sent_is_refused(length, largest, why):
    """The sender has the same limits as the receiver."""
    with pytest.raises(BadInput, match=why):
        Encoder(bytes(length), largest)
