"""Our alphanumeric codes are segno's module for module, and zxing-cpp reads them."""

import random

import pytest
import segno
from carry_samples import image, seen

from signer.carry import picture, qr
from signer.carry.qr_encoder import MASK, modules

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def bits(length, version):
    """Count the bits of a text with its mode, length and terminator."""
    counted = 9 if version < 10 else 11 if version < 27 else 13
    return 4 + counted + length // 2 * 11 + length % 2 * 6 + 4


@pytest.mark.parametrize("version", qr.VERSIONS)
def test_every_version_is_segnos(version):
    """Full, nearly full, about half, and a single character: the same modules."""
    luck = random.Random(version)
    full = qr.capacity(version)
    for length in {full, full - 1, full // 2, full // 2 + 1, 1}:
        text = "".join(luck.choices(ALPHANUMERIC, k=length))
        ours = modules(text, version)
        if bits(length, version) % 8 or length >= full - 1:
            theirs = segno.make_qr(
                text, error="l", version=version, mode="alphanumeric", mask=MASK, boost_error=False
            )
            assert ours == tuple(bytes(row) for row in theirs.matrix), length
        else:  # where the bits end with a byte, segno appends another that the standard has not
            assert seen(image(picture.pixels(qr.Code(ours), 3))) == [text.encode()]


def test_every_character_is_read():
    """All 45 characters, at both places of a pair, come back as they were."""
    text = ALPHANUMERIC + ALPHANUMERIC[::-1] + "A" + ALPHANUMERIC
    assert seen(image(picture.pixels(qr.draw(text, 7), 4))) == [text.encode()]


@pytest.mark.parametrize("text", ["a", "Ä", "HELLO_WORLD", "A\n", "A" * 26, "\0"])
def test_what_does_not_fit_is_refused(text):
    """Other characters and one character too many are errors, and nothing is drawn."""
    with pytest.raises(ValueError, match=r"not alphanumeric|ascii|too long"):
        modules(text, 1)
