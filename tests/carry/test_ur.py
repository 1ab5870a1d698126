"""Uniform Resources: the text, the types, the series."""

from itertools import islice, repeat
from zlib import crc32

import pytest
from carry_samples import binary, join, noise, psbt, vectors

from signer.carry import bytewords, cbor, fountain, qr, ur
from signer.carry.payload import Kind, Payload
from signer.carry.xoshiro import Xoshiro256
from signer.core.errors import BadInput

PUBLISHED = vectors("bc_ur.json")
TYPES = vectors("bcr_types.json")


def message(length):
    """Draw a message as the reference's tests draw theirs, and wrap it as they do."""
    return cbor.encode(bytes(Xoshiro256(b"Wolf").below_each(repeat(256, length))))


def test_the_published_parts_are_written():
    """The reference's twenty parts of a UR come out letter for letter."""
    encoder = fountain.Encoder(message(256), 30)
    words = (bytewords.encode(encoder.part(n).to_bytes()) for n in range(1, 21))
    parts = [f"ur:bytes/{n}-{encoder.count}/{text}" for n, text in enumerate(words, 1)]
    assert parts == PUBLISHED["ur_of_256"]


@pytest.mark.parametrize("codes", [slice(0, 9), slice(3, 20), slice(20, None, -1)], ids=str)
def test_the_published_parts_are_read(codes):
    """Plain parts, or mixed parts, or both give the message."""
    assert cbor.encode(join(PUBLISHED["ur_of_256"][codes]).data) == message(256)


def test_the_published_whole():
    """The reference's UR in one piece reads and writes."""
    text = PUBLISHED["ur_of_50"]
    payload = join([text])
    assert cbor.encode(payload.data) == message(50)
    assert ur.Series(payload, 4000, "bytes").code(1) == text.upper()


@pytest.mark.parametrize("name", ["crypto-psbt", "psbt"])
def test_the_published_psbt(name):
    """BCR-2020-006's PSBT reads and writes, under the old name of its type and the new."""
    text = TYPES["psbt"]["ur"].replace("crypto-psbt", name)
    payload = join([text])
    assert payload == Payload(Kind.PSBT, bytes.fromhex(TYPES["psbt"]["hex"]))
    assert ur.Series(payload, 4000, name).first() == (text.upper(),)


def test_devices_get_the_type_that_they_know():
    """Nobody has to name the type of a PSBT: the older name, which more devices read."""
    series = ur.Series(Payload(Kind.PSBT, psbt()), qr.capacity(10))
    assert series.code(1).startswith(f"UR:CRYPTO-PSBT/1-{series.count}/")


@pytest.mark.parametrize("version", [5, 6, 10, 15, 27, 40])
@pytest.mark.parametrize("length", [10, 300, 3000])
def test_every_code_fits_its_version(version, length):
    """No code is longer than its version holds, early or late in the series."""
    series = ur.Series(binary(length), qr.capacity(version))
    late = () if series.count == 1 else (series.code(n) for n in (9999, ur.LAST_SEQUENCE))
    for code in (*islice(series.endless(), 3 * series.count), *late):
        assert len(code) <= qr.capacity(version)
        assert set(code) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert join(series.first()) == binary(length)


def test_the_series_starts_again_at_its_end():
    """After the last number that is used, the first code comes again."""
    series = ur.Series(binary(300), qr.capacity(8))
    codes = islice(series.endless(), ur.LAST_SEQUENCE - 1, ur.LAST_SEQUENCE + 1)
    assert list(codes) == [series.code(ur.LAST_SEQUENCE), series.code(1)]


def test_every_third_code_lost():
    """A loss costs a code more, not a round more."""
    series = ur.Series(binary(5000), qr.capacity(10))
    codes = [code for n, code in enumerate(islice(series.endless(), 3 * series.count)) if n % 3]
    assert join(codes) == binary(5000)


def test_a_type_for_something_else_is_refused():
    """A text is no PSBT, and no account, whatever the officer says."""
    for name in ("crypto-psbt", "crypto-account", "crypto-seed"):
        with pytest.raises(BadInput, match="for something else"):
            ur.Series(Payload(Kind.TEXT, b"hello"), 1000, name)


def part(number, outside=None, **changes):
    """Write a code with a chosen number outside and inside."""
    data = noise(100)
    fields = {"sequence": number, "count": 2, "length": 100, "checksum": crc32(data)} | changes
    body = cbor.encode((*fields.values(), data[:50]))
    return f"ur:bytes/{outside or f'{number}-2'}/{bytewords.encode(body)}"


def test_the_numbers_outside_are_the_numbers_inside():
    """A code whose two numberings differ is refused."""
    assert ur.Code.parse(part(1)).part.sequence == 1
    for outside in ("2-2", "1-3", "4294967297-2", "01-3"):
        with pytest.raises(BadInput, match="disagrees with itself"):
            ur.Code.parse(part(1, outside))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ur:", "not a ur code"),
        ("ur:bytes", "not a ur code"),
        ("ur:bytes/", "not a ur code"),
        ("ur:bytes/1-2", "not a ur code"),
        ("ur:bytes/1-2/", "not a ur code"),
        ("ur:bytes/1-2/ae/ae", "not a ur code"),
        ("ur:by_tes/aeae", "not a ur code"),
        ("ur:bytes/-1-2/aeae", "not a ur code"),
        ("ur:bytes/12345678901-2/aeae", "not a ur code"),
        ("ur:bytes/1of2/ab3d/qpzry", "not a ur code"),
        ("ur:bytes/aeaeaeae", "too short"),
        ("ur:bytes/gdaebycpeofygoiyktlonlpkrksfutwyzmwmfyeozo", "word 22 is none|checksum"),
        (
            "ur:crypto-seed/oeadgdstaslplabghydrpfmkbggufgludprfgmaotpiecffltnlpqdenos",
            "holds a key",
        ),
        ("ur:crypto-sskr/1-2/aeae", "holds a key"),
        ("ur:hdkey/aeae", "holds a key"),
        ("ur:crypto-coin-info/aeae", "not read here"),
    ],
)
def test_what_is_no_code_of_ours_is_refused(text, why):
    """Malformed text, broken words, other types; for keys, why they should not be there."""
    with pytest.raises(BadInput, match=why):
        ur.Code.parse(text)


def test_the_first_version_is_named():
    """Who meets a wallet that still writes UR 1 learns so."""
    with pytest.raises(BadInput) as problem:
        ur.Code.parse("ur:bytes/1of3/fh8qxn5ze0/qyqszqgpqyqszqgp")
    assert problem.value.found == "the first version of UR"


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("bytes", 7),
        ("bytes", b""),
        ("crypto-psbt", "psbt"),
        ("crypto-psbt", noise(50)),
        ("psbt", (psbt(),)),
    ],
)
def test_what_is_inside_must_be_what_the_type_says(name, item):
    """A PSBT's type with something else inside is refused when it is taken out."""
    text = f"ur:{name}/{bytewords.encode(cbor.encode(item))}"
    with pytest.raises(BadInput):
        join([text])


def test_series_do_not_mix():
    """Another type, another message, or a whole code among parts is another series."""
    first = ur.Series(binary(900), 300)
    for other in (
        ur.Series(Payload(Kind.PSBT, psbt()), 300).code(2),
        ur.Series(binary(901), 300).code(2),
        ur.Series(binary(901), 4000).code(1),
    ):
        joiner = ur.Joiner()
        joiner.receive(first.code(1))
        with pytest.raises(BadInput, match="another series"):
            joiner.receive(other)
    whole = ur.Joiner()
    whole.receive(ur.Series(binary(901), 4000).code(1))
    for other in (first.code(1), ur.Series(binary(902), 4000).code(1)):
        with pytest.raises(BadInput, match="another series"):
            whole.receive(other)
