"""Codes drawn: read back from pixels by zxing-cpp, never through memory."""

import io
import random
import re
import struct
from itertools import islice

import pytest
from carry_samples import binary, image, join, seen

from signer.carry import bbqr, picture, qr, ur
from signer.core.errors import BadInput

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def text_for(version):
    """Fill a version with random characters."""
    luck = random.Random(version)
    return "".join(luck.choices(ALPHANUMERIC, k=qr.capacity(version)))


def grey(data):
    """Decode a picture or film with FFmpeg into greyscale frames."""
    import av

    frames = []
    for frame in av.open(io.BytesIO(data)).decode(video=0):
        plane = frame.reformat(format="gray").planes[0]
        rows = memoryview(bytes(plane)).cast("B", (frame.height, plane.line_size)).tolist()
        flat = b"".join(bytes(row[: frame.width]) for row in rows)
        frames.append(memoryview(flat).cast("B", (frame.height, frame.width)))
    return frames


@pytest.mark.parametrize("version", qr.VERSIONS)
def test_a_full_code_of_every_version_is_read(version):
    """zxing-cpp reads each version, filled to its last character, and one more does not fit."""
    text = text_for(version)
    code = qr.draw(text, version)
    assert code.size == 17 + 4 * version
    assert len(code.framed()) == qr.side(version)
    assert seen(image(picture.pixels(code, 3))) == [text.encode()]
    assert qr.version_for(text) == version
    with pytest.raises(BadInput, match="not a text for this code"):
        qr.draw(text + "A", version)


def test_capacities_are_segnos_own():
    """The table is the standard's: segno has the same numbers."""
    from segno import consts

    for version in qr.VERSIONS:
        bits = consts.SYMBOL_CAPACITY[version][consts.ERROR_LEVEL_L]
        # The mode's mark, the length, then 11 bits for two characters, 6 for one alone.
        left = bits - 4 - (9 if version < 10 else 11 if version < 27 else 13)
        assert qr.capacity(version) == left // 11 * 2 + (left % 11 >= 6)


def test_what_cannot_be_drawn_is_refused():
    """Other characters, other versions, and what no code holds."""
    with pytest.raises(BadInput, match="not a text"):
        qr.draw("lower case", 5)
    for version in (0, 41, -1):
        with pytest.raises(BadInput, match="no such density"):
            qr.capacity(version)
    with pytest.raises(BadInput, match="too long"):
        qr.version_for("A" * 4297)


def test_a_png_is_read():
    """The picture has the size that it says, and its code is read."""
    code = qr.draw("HELLO WORLD", 2)
    data = picture.png(code)
    assert struct.unpack(">II", data[16:24]) == (33 * picture.SCALE,) * 2
    (frame,) = grey(data)
    assert seen(frame) == [b"HELLO WORLD"]


@pytest.mark.parametrize("version", [3, 9, 20])
def test_a_gif_is_read(version):
    """Every frame of a film is read, in order."""
    texts = [text_for(version)[n:] for n in range(5)]
    data = picture.gif((qr.draw(text, version) for text in texts), 25)
    assert [seen(frame) for frame in grey(data)] == [[text.encode()] for text in texts]


def test_a_gif_of_a_large_code_starts_its_table_again():
    """The compressor's table runs full, more than once, and the pixels are still right."""
    code = qr.draw(text_for(40), 40)
    (frame,) = grey(picture.gif([code], 10, scale=5))
    expected = image(picture.pixels(code, 5))
    assert [v > 127 for row in frame.tolist() for v in row] == [
        v > 127 for row in expected.tolist() for v in row
    ]


def test_an_svg_has_the_same_modules():
    """The path covers the dark modules, each once, and no other."""
    code = qr.draw(text_for(7), 7)
    drawn = picture.svg(code)
    rows = [bytearray(len(code.framed())) for _ in code.framed()]
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", drawn):
        for at in range(int(x), int(x) + int(width)):
            rows[int(y)][at] += 1
    assert [bytes(row) for row in rows] == code.framed()


def test_a_page_has_every_code_numbered():
    """The page is one file with nothing to load, and what it is told is escaped."""
    codes = [qr.draw(text, 5) for text in ("ONE", "TWO", "THREE")]
    text = picture.page(codes, "a <b>", ["c & d"])
    assert [f"{n} of 3" in text for n in (1, 2, 3)] == [True] * 3
    assert text.count("<svg") == 3
    assert "a &lt;b&gt;" in text
    assert "c &amp; d" in text
    assert not re.search(r"(src|href)=", text)


def from_blocks(lines):
    """Turn half blocks back into rows of pixels: the block is light."""
    rows = []
    for line in lines:
        rows.append(bytes(0 if c in "█▀" else 1 for c in line))
        rows.append(bytes(0 if c in "█▄" else 1 for c in line))
    return rows


@pytest.mark.parametrize("version", [1, 5, 12])
def test_half_blocks_are_read(version):
    """What stands on the terminal, made into pixels, is read."""
    text = text_for(version)
    lines = qr.half_blocks(qr.draw(text, version))
    assert {len(line) for line in lines} == {qr.side(version)}
    assert len(lines) == (qr.side(version) + 1) // 2
    rows = [bytes(v for v in row for _ in range(4)) for row in from_blocks(lines) for _ in range(4)]
    assert seen(image(rows)) == [text.encode()]


def test_what_fits_a_terminal():
    """A screen of 80 by 24 shows version 5 with its whole quiet zone and a line of words."""
    assert qr.largest_version(80, 23) == 5
    assert qr.largest_version(44, 100) == 4
    assert qr.largest_version(1000, 1000) == 40
    with pytest.raises(BadInput, match="terminal is too small"):
        qr.largest_version(28, 100)


@pytest.mark.parametrize("version", [5, 15])
def test_series_through_pixels(version):
    """BBQr and UR, drawn, looked at, and joined, are what they were."""
    payload = binary(700)
    ways = [
        bbqr.split(payload, qr.capacity(version)),
        tuple(islice(ur.Series(payload, qr.capacity(version)).endless(), 2, 60)),
    ]
    for codes in ways:
        looked = [seen(image(picture.pixels(qr.draw(code, version), 4))) for code in codes]
        assert [one[0].decode() for one in looked] == list(codes)
        assert join(one[0].decode() for one in looked) == payload
