"""Named bad inputs of BSMS: records, tokens and sealed files, each refused with its reason."""

import pytest
from bsms_samples import OTHER_TOKEN, REGTEST, TOKEN, TRIO, key, key_record, wallet

from signer.build.bsms import SIZES, new_token, receive
from signer.carry.bsms import DescriptorRecord, KeyRecord, key_text
from signer.carry.bsms_token import MAX_PLAIN, NO_ENCRYPTION, Token
from signer.core.errors import BadInput

GOOD = key_record("alice")
WALLET = wallet(*TRIO).to_bytes()
VERSION, TOKEN_LINE, KEY, ABOUT, SIGNATURE = GOOD.split(b"\n")


def lines(*parts):
    """Join lines."""
    return b"\n".join(parts)


# name -> a key record, and what the refusal says
KEY_RECORDS = {
    "nothing": (b"", "number of lines"),
    "another version": (GOOD.replace(b"1.0", b"1.1", 1), "another version"),
    "four lines": (lines(VERSION, TOKEN_LINE, KEY, SIGNATURE), "number of lines"),
    "six lines": (GOOD + b"\nmore", "number of lines"),
    "two line feeds at the end": (GOOD + b"\n\n", "number of lines"),
    "windows line ends": (GOOD.replace(b"\n", b"\r\n"), "invisible characters"),
    "an escape sequence": (GOOD.replace(ABOUT, b"\x1b[2J"), "invisible characters"),
    "a bidirectional override": (GOOD.replace(ABOUT, "\u202e".encode()), "invisible characters"),
    "not text": (b"\xff" * 50, "not UTF-8"),
    "too large": (GOOD + b" " * MAX_PLAIN, "too large"),
    "a long description": (GOOD.replace(ABOUT, b"x" * 81), "description is too long"),
    "a token of 7 bytes": (GOOD.replace(TOKEN_LINE, b"a54044308ceac9"), "not a token in hex"),
    "a token that is no hex": (GOOD.replace(TOKEN_LINE, b"z" * 16), "not a token in hex"),
    "no origin": (GOOD.replace(KEY, KEY.split(b"]")[1]), "not a key with its origin"),
    "a branch behind the key": (GOOD.replace(KEY, KEY + b"/0/*"), "not a key with its origin"),
    "a key with a typo": (GOOD.replace(KEY, KEY[:-1] + b"1"), "checksum does not fit"),
    "the wrong depth": (GOOD.replace(b"/2']", b"]"), "not at the end of its path"),
    "a point that is none": (
        GOOD.replace(KEY, b"[b7044ca6/48']02" + b"ff" * 32),
        "not a public key",
    ),
    "no signature": (lines(VERSION, TOKEN_LINE, KEY, ABOUT, b""), "number of lines"),
    "half a signature": (GOOD[:-10], "not a signature"),
    "a signature of 66 bytes": (GOOD[:-1] + b"AAA=", "not a signature"),
    "another text": (GOOD.replace(ABOUT, b"mallory"), "the signature is not the key's"),
    "another key": (GOOD.replace(KEY, key_record("bob").split(b"\n")[2]), "is not the key's"),
    "another's signature": (key_record("alice", signer="bob"), "the signature is not the key's"),
    "another recovery id": (
        GOOD.replace(SIGNATURE, (b"I" if SIGNATURE[:1] == b"H" else b"H") + SIGNATURE[1:]),
        "the signature is not the key's",
    ),
}

# name -> a descriptor record, and what the refusal says
D = wallet(*TRIO).descriptor.encode()
ALICE, BOB = (key_text(key(name), REGTEST).encode() for name in ("alice", "bob"))
WALLETS = {
    "three lines": (WALLET.rsplit(b"\n", 1)[0], "number of lines"),
    "a key record": (GOOD, "number of lines"),
    "another version": (WALLET.replace(b"1.0", b"2.0", 1), "another version"),
    "a wrong checksum": (WALLET.replace(D, D + b"#qqqqqqqq"), "checksum does not fit"),
    "an empty checksum": (WALLET.replace(D, D + b"#"), "checksum does not fit"),
    "a letter of no descriptor": (WALLET.replace(D, D + "é".encode()), "not a descriptor"),
    "a hardened path": (WALLET.replace(b"/0/*,", b"/0'/*,"), "not path restrictions"),
    "an empty path": (WALLET.replace(b"/0/*,", b","), "not path restrictions"),
    "a thousand paths": (WALLET.replace(b"/1/*", b"/1/*" + b",/1/*" * 1000), "path restrictions"),
    "no address": (WALLET.rsplit(b"\n", 1)[0] + b"\n", "number of lines"),
    "an address with a blank": (WALLET.replace(b"bcrt1q", b"bcrt1 "), "not an address"),
}

# name -> a descriptor record that is read, and why it is no vault
NO_VAULTS = {
    "no restrictions": (WALLET.replace(b"/0/*,/1/*", b"No path restrictions"), "path restrictions"),
    "one path": (WALLET.replace(b"/0/*,/1/*", b"/0/*"), "path restrictions"),
    "paths the other way": (WALLET.replace(b"/0/*,/1/*", b"/1/*,/0/*"), "path restrictions"),
    "one path more": (WALLET.replace(b"/0/*,/1/*", b"/0/*,/1/*,/2/*"), "path restrictions"),
    "another branch": (WALLET.replace(b"/0/*,/1/*", b"/0/*,/2/*"), "path restrictions"),
    "branches of its own": (WALLET.replace(b"/**", b"/<0;1>/*", 1), "branches of its own"),
    "a key without branches": (WALLET.replace(b"/**", b"", 1), "without the two branches"),
    "one fixed branch": (WALLET.replace(b"/**", b"/0/*", 1), "without the two branches"),
    "keys not sorted": (WALLET.replace(b"sortedmulti", b"multi"), "not a vault's descriptor"),
    "one key twice": (WALLET.replace(BOB, ALICE), "the same key twice"),
    "main keys": (WALLET.replace(b"tpub", b"xpub"), "checksum does not fit"),
}

TOKENS = {
    "nothing": ("", "not a token"),
    "17 digits and a letter": ("1234567890123456z", "not a token"),
    "a number over 128 bits": (str(1 << 128), "not a token"),
    "ten thousand digits": ("9" * 10_000, "not a token"),
    "a leading zero": ("0123", "not a token"),
    "negative": ("-1", "not a token"),
    "decimal or hex": ("1234567890123456", "decimal or hex"),
    "32 digits": ("12345678901234567890123456789012", "decimal or hex"),
    "other digits": ("١٢٣", "not a token"),
    "seven words": ("pipe acquire around border prosper swift pipe", "six words"),
    "a seed": (" ".join(["abandon"] * 11 + ["about"]), "six words"),
    "an unknown word": ("pipe acquire around border prosper swifd", "BIP39 list"),
    "swapped words": ("pipe acquire around prosper border swift", "checksum"),
}

SEALED = TOKEN.seal(GOOD)
FILES = {
    "plain text in a session with a token": (TOKEN, GOOD, "not an encrypted record"),
    "encrypted in a session without": (NO_ENCRYPTION, SEALED, "not a record in plain text"),
    "of another session": (OTHER_TOKEN, SEALED, "this session's token"),
    "one digit changed": (TOKEN, SEALED[:-1] + (b"0" if SEALED[-1:] != b"0" else b"1"), "token"),
    "a changed MAC": (TOKEN, (b"0" if SEALED[:1] != b"0" else b"1") + SEALED[1:], "token"),
    "cut short": (TOKEN, SEALED[:-2], "this session's token"),
    "an odd number of digits": (TOKEN, SEALED[:-1], "not an encrypted record"),
    "a MAC of nothing": (TOKEN, SEALED[:64], "this session's token"),
    "nothing": (TOKEN, b"", "not an encrypted record"),
    "a megabyte": (TOKEN, b"ab" * (1 << 19), "not an encrypted record"),
    "blanks inside": (TOKEN, SEALED[:10] + b" \n" + SEALED[10:], "not an encrypted record"),
}


@pytest.mark.parametrize("name", KEY_RECORDS)
def test_key_records(name):
    """Each is refused; the one they were made of is read, also with a line end behind it."""
    data, says = KEY_RECORDS[name]
    with pytest.raises(BadInput, match=says):
        KeyRecord.parse(data)
    assert KeyRecord.parse(GOOD + b"\n") == KeyRecord.parse(GOOD)


@pytest.mark.parametrize("name", WALLETS)
def test_descriptor_records(name):
    """Each is refused."""
    data, says = WALLETS[name]
    with pytest.raises(BadInput, match=says):
        DescriptorRecord.parse(data)
    assert DescriptorRecord.parse(WALLET).to_bytes() == WALLET


@pytest.mark.parametrize("name", NO_VAULTS)
def test_wallets_that_are_no_vaults(name):
    """Each is read, and refused as a vault."""
    data, says = NO_VAULTS[name]
    record = DescriptorRecord.parse(data)
    with pytest.raises(BadInput, match=says):
        record.vault_form(REGTEST)


@pytest.mark.parametrize("name", TOKENS)
def test_tokens(name):
    """Each is refused, and not quoted."""
    text, says = TOKENS[name]
    with pytest.raises(BadInput, match=says) as refusal:
        Token.parse(text)
    assert not text or text not in f"{refusal.value.what}{refusal.value.found}"


@pytest.mark.parametrize("name", FILES)
def test_sealed_files(name):
    """Each is refused."""
    token, data, says = FILES[name]
    with pytest.raises(BadInput, match=says):
        token.unseal(data)


def test_a_checksum_that_fits_is_taken():
    """The BIP's examples have one where there is no template; it may stand behind one, too."""
    from signer.core.descriptor import checksum

    text = D.decode()
    record = DescriptorRecord.parse(WALLET.replace(D, f"{text}#{checksum(text)}".encode()))
    assert record == DescriptorRecord.parse(WALLET)


def test_the_coordinator_takes_only_this_sessions_records():
    """Another token inside, another network, a single key: not the coordinator's."""
    good = receive(TOKEN.seal(GOOD), TOKEN, REGTEST)
    assert (good.key, good.description) == (key("alice"), "alice")
    replayed = TOKEN.seal(key_record("alice", token=OTHER_TOKEN))
    main = TOKEN.seal(key_record("alice", network="main"))
    for data, says in ((replayed, "another session"), (main, "another network")):
        with pytest.raises(BadInput, match=says):
            receive(data, TOKEN, REGTEST)


@pytest.mark.parametrize("mode", SIZES)
def test_new_tokens_are_fresh_and_clear(mode):
    """Drawn anew each time, of the mode's size, and read back from their decimal form."""
    drawn = {new_token(mode) for _ in range(50)}
    assert len(drawn) == 50
    assert {len(token.value) for token in drawn} == {SIZES[mode]}
    assert all(Token.parse(token.decimal) == token for token in drawn)
