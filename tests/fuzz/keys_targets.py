"""Fuzz targets of what officers bring back: words, shares, strings, sealed files.

Each takes any bytes, and may only refuse them, as the targets in `carry_targets.py`.
"""

from pathlib import Path

from signer.cli.offline import misread, returned
from signer.core.errors import BadInput
from signer.keys import codex32, keystore, mnemonic, slip39

MOST_SHARES = 8
CHEAP = 1  # the iteration exponent above which decrypting takes longer than a fuzzer has


def fuzz_words(data):
    """Words: what is read is written the same."""
    try:
        entropy = mnemonic.entropy(data)
    except BadInput:
        return
    assert " ".join(mnemonic.words(entropy)) == " ".join(data.decode("ascii").lower().split())


def fuzz_slip39(data):
    """Shares, a line each: written as they were read; a secret of the size that they say."""
    shares = []
    for line in data.split(b"\n")[:MOST_SHARES]:
        try:
            share = slip39.parse(line)
        except BadInput:
            continue
        assert " ".join(slip39.words(share)) == b" ".join(line.split()).decode().lower()
        shares.append(share)
        try:
            missing = slip39.lacking(shares)
            if missing or share.common.exponent > CHEAP:
                continue
            assert len(slip39.combine(shares)) == share.common.size
        except BadInput:
            continue


def fuzz_codex32(data):
    """Strings, a line each: written as they were read; a seed of 16 to 64 bytes."""
    shares = []
    for line in data.split(b"\n")[:MOST_SHARES]:
        try:
            share = codex32.parse(line)
        except BadInput:
            continue
        assert codex32.text(share) == b"".join(line.split()).decode().upper()
        shares.append(share)
        try:
            if not codex32.lacking(shares):
                assert 16 <= len(codex32.combine(shares)) <= 64
        except BadInput:
            continue


def fuzz_misread(data):
    """A string that is wrong: what is proposed makes it right, and is told in its places."""
    found = misread.characters(data)
    if found:
        typed = list(b"".join(data.split()).decode("ascii").upper())
        blanks = typed.count("?")
        assert len(found) <= max(4, blanks)
        for wrong in found:
            typed[wrong.place - 1] = wrong.right
        text = "".join(typed).encode()
        values = codex32.values(text)
        code = codex32.code_of(values)
        assert code.of(values) == code.target


def fuzz_keyfile(data):
    """A sealed file: a header that is complete, and costs no more than it may."""
    assert returned.way_of(data) in returned.Way
    try:
        stored = keystore._parse(Path("any"), data)
    except BadInput:
        return
    assert stored.header + stored.box == data[:-32]


TARGETS = {
    "words": fuzz_words,
    "slip39": fuzz_slip39,
    "codex32": fuzz_codex32,
    "misread": fuzz_misread,
    "keyfile": fuzz_keyfile,
}
