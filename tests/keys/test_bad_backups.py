"""What people bring back wrongly: each mistake has a name, is told, and restores nothing.

No word and no character of a secret is in any error.
"""

from dataclasses import replace
from itertools import pairwise

import pytest

from signer.cli.offline import making, returned
from signer.core.errors import BadInput
from signer.keys import codex32, keystore, mnemonic, slip39
from signer.keys.keystore import Kind
from signer.keys.slip39 import Group

SECRET = bytes(range(100, 116))
OTHER = bytes(range(16))
BIP39 = list(mnemonic.words(SECRET))
GROUPS = [Group(2, 3), Group(2, 2)]
S39 = slip39.split(SECRET, GROUPS, 2)
S39_OTHER = slip39.split(OTHER, GROUPS, 2)
C32 = codex32.split(SECRET, 2, 3)
C32_OTHER = codex32.split(OTHER, 2, 3)


def words(*shares):
    """Write shares of SLIP-39."""
    return [" ".join(slip39.words(share)) for share in shares]


def strings(*shares):
    """Write shares of codex32."""
    return [codex32.text(share) for share in shares]


def misread(text, at, right=("zero", "academic")):
    """Change one word."""
    parts = text.split()
    parts[at] = next(word for word in right if word != parts[at])
    return " ".join(parts)


def mistyped(text, at):
    """Change one character."""
    return text[:at] + ("Q" if text[at] != "Q" else "P") + text[at + 1 :]


A, B, C, D, E = S39
TABLE = {
    "words-truncated": ([" ".join(BIP39[:-1])], "number of words", "11"),
    "words-one-too-many": ([" ".join([*BIP39, BIP39[0]])], "number of words", "13"),
    "words-cut-in-a-word": ([" ".join([*BIP39[:-1], BIP39[-1][:3] + "q"])], "word 12", ""),
    "words-swapped": ([" ".join([BIP39[1], BIP39[0], *BIP39[2:]])], "checksum", ""),
    "words-twice": ([" ".join(BIP39)] * 2, "not of one backup", "words"),
    "words-and-a-share": ([" ".join(BIP39), *words(A)], "not of one backup", "slip39, words"),
    "shares-of-two-standards": ([*words(A), *strings(C32[0])], "not of one backup", "codex32"),
    "slip39-truncated": ([" ".join(words(A)[0].split()[:-1])], "number of words", "19"),
    "slip39-cut-in-a-word": ([misread(words(A)[0], 9, ["wordles"])], "word 10", ""),
    "slip39-one-word-misread": ([misread(words(A)[0], 9)], "checksum", "probably word 10"),
    "slip39-two-words-misread": ([misread(misread(words(A)[0], 9), 15)], "checksum", ""),
    "slip39-too-few": (words(A), "too few", "1 of group 1; 1 more group(s)"),
    "slip39-one-group-only": (words(A, B), "too few", "1 more group(s)"),
    "slip39-one-group-and-a-half": (words(A, B, D), "too few", "1 of group 2"),
    "slip39-one-share-twice": (words(A, A, D, E), "one share twice", ""),
    "slip39-of-two-secrets": (words(A, S39_OTHER[1], D, E), "different secrets", "set"),
    "slip39-planted": (
        words(A, replace(S39_OTHER[1], common=A.common), D, E),
        "shares of group 1 do not fit together",
        "",
    ),
    "slip39-planted-group": (
        words(A, B, *(replace(s, common=A.common) for s in S39_OTHER[3:])),
        "groups do not fit together",
        "",
    ),
    "slip39-planted-beside-enough": (
        words(A, B, replace(S39_OTHER[2], common=A.common), D, E),
        "shares of group 1 do not fit together",
        "",
    ),
    "slip39-threshold-changed": (words(A, replace(B, threshold=3), D, E), "threshold", "share 2"),
    "slip39-same-number-other-value": (
        words(A, replace(A, value=B.value), D, E),
        "one share twice",
        "",
    ),
    "codex32-truncated": ([strings(C32[0])[0][:-1]], "checksum", ""),
    "codex32-cut-short": ([strings(C32[0])[0][:15]], "length", ""),
    "codex32-one-character-misread": (
        [mistyped(strings(C32[0])[0], 20)],
        "checksum",
        "probably character 21",
    ),
    "codex32-four-characters-misread": (
        [mistyped(mistyped(mistyped(mistyped(strings(C32[0])[0], 9), 20), 30), 47)],
        "checksum",
        "probably character 10, 21, 31, 48",
    ),
    "codex32-an-impossible-character": (
        [strings(C32[0])[0][:20] + "B" + strings(C32[0])[0][21:]],
        "character 21",
        "",
    ),
    "codex32-an-unreadable-character": (
        [strings(C32[0])[0][:20] + "?" + strings(C32[0])[0][21:]],
        "character 21",
        "probably character 21",
    ),
    "codex32-mixed-case": (
        [strings(C32[0])[0][:20] + strings(C32[0])[0][20:].lower()],
        "mixes",
        "",
    ),
    "codex32-too-few": (strings(C32[0]), "too few", "1 of"),
    "codex32-one-share-twice": (strings(C32[0], C32[0]), "one share twice", ""),
    "codex32-of-two-secrets": (strings(C32[0], C32_OTHER[1]), "different secrets", "identifier"),
    "codex32-threshold-changed": (
        strings(C32[0], replace(C32[1], threshold=3)),
        "differ in their threshold",
        "share C",
    ),
    "codex32-planted-beside-enough": (
        strings(*C32[:2], replace(C32_OTHER[2], identifier=C32[0].identifier)),
        "do not fit together",
        "",
    ),
    "not-a-key-file": (["coldkey\x01 and nothing more"], "damaged", ""),
    "nothing-at-all": ([" \n "], "number of words", "0"),
    "another-file": (["%PDF-1.7 and so on"], "number of words", ""),
}


def gather(folder, texts):
    """Bring sheets, a file each."""
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"sheet-{number}")
        files[-1].write_bytes(text.encode("latin-1"))
    asks = returned.Passphrases(None, lambda: bytearray(b"a passphrase"))
    return returned.gather(files, asks)


@pytest.mark.parametrize("name", TABLE)
def test_a_bad_backup_is_told_plainly(tmp_path, name):
    """What, where, how many; and not a word of it."""
    texts, says, found = TABLE[name]
    with pytest.raises(BadInput) as caught:
        gather(tmp_path, texts)
    problem = caught.value
    assert says in problem.what
    assert found in problem.found
    assert problem.hint or problem.expected or problem.found
    told = f"{problem.what} {problem.expected} {problem.found} {problem.hint}".lower()
    for text in texts:
        parts = text.lower().split()
        pieces = {f"{one} {two}" for one, two in pairwise(parts)}
        if len(parts) == 1:  # a string: its header may be told, its payload not
            pieces |= {parts[0][at : at + 6] for at in range(8, len(parts[0]) - 5)}
        assert not {piece for piece in pieces if piece in told}
    assert problem.__cause__ is None


@pytest.mark.parametrize(
    ("texts", "secret"),
    [
        ([" ".join(BIP39).upper() + "\r\n"], SECRET),
        (["\n".join(BIP39)], SECRET),
        (words(E, B, D, A), SECRET),
        (words(D, E, C, B, A), SECRET),
        (strings(C32[2], C32[0]), SECRET),
        (
            [
                " ".join(text[at : at + 4] for at in range(0, 48, 4)).lower()
                for text in strings(*C32)
            ],
            SECRET,
        ),
        (strings(C32[0], replace(C32_OTHER[1], identifier=C32[0].identifier)), None),
    ],
    ids=["capitals", "a-word-a-line", "any-order", "all", "codex32", "in-fours", "planted-codex32"],
)
def test_what_is_right_however_it_is_written(tmp_path, texts, secret):
    """Order, case, blanks do not matter; k codex32 shares alone prove nothing."""
    found = gather(tmp_path, texts)
    assert (found.secret == secret) == (secret is not None)
    assert found.proven == (len(texts) != 2)


def test_two_sharings_of_one_secret_do_not_mix(tmp_path):
    """Shares of the drawer and of last year's drawer: told, though the secret is the same."""
    again = slip39.split(SECRET, GROUPS, 2)
    if again[0].common.identifier != A.common.identifier:
        with pytest.raises(BadInput, match="shared twice"):
            gather(tmp_path, words(A, again[1], D, E))
    forged = [replace(share, common=A.common) for share in again]
    with pytest.raises(BadInput, match="do not fit together"):
        gather(tmp_path, words(A, forged[1], D, E))


@pytest.mark.parametrize("kind", [Kind.SEED, Kind.OFFICER])
def test_a_planted_file_is_not_taken(tmp_path, kind):
    """Sealed by one who knows the passphrase: another key under our name, or no signing key."""
    public = "73c5da0a" if kind is Kind.SEED else "ab" * 32
    says = "not the one that its file names" if kind is Kind.SEED else "no signing key"
    file = keystore.create(
        tmp_path,
        "alice",
        kind,
        secret=bytearray(OTHER * 2),
        public=public,
        passphrase=bytearray(b"a passphrase"),
    ).path
    with pytest.raises(BadInput, match=says):
        gather(tmp_path, [file.read_bytes().decode("latin-1")])


@pytest.mark.parametrize("typed", ["abandon ability able", "a secret phrase", "73c5da0", ""])
def test_what_is_typed_for_a_fingerprint_is_not_quoted(typed):
    """A tired officer types the words where the fingerprint is asked for."""
    with pytest.raises(BadInput, match="another key") as caught:
        making._compare(typed, "73c5da0a", wanted=True)
    assert not typed or typed not in repr(vars(caught.value)).replace("73c5da0a", "")
    making._compare(" 73C5DA0A\n", "73c5da0a", wanted=True)
    making._compare(None, "73c5da0a", wanted=False)


def test_a_wrong_share_passphrase_is_another_secret(tmp_path):
    """No passphrase is wrong to SLIP-39: so nothing is proven, and the fingerprint is wanted."""
    plan = slip39.split(SECRET, [Group(2, 2)], 1, b"right")
    files = []
    for number, text in enumerate(words(*plan)):
        files.append(tmp_path / str(number))
        files[-1].write_text(text)
    for passphrase, same in ((b"right", True), (b"Right", False)):
        asks = returned.Passphrases(lambda p=passphrase: bytearray(p), bytearray)
        found = returned.gather(files, asks)
        assert (found.secret == SECRET) == same
        assert not found.proven
