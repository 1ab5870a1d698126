"""BIP138: the published vectors, another maker's file, and files that are not what they seem."""

import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.carry import bip138
from signer.carry.bip138 import Container, Content
from signer.carry.vault_backup import read_key
from signer.core import secp
from signer.core.bip32 import parse_path
from signer.core.errors import BadInput

VECTORS = json.loads((Path(__file__).parent / "vectors" / "bip138.json").read_text())


def by_description(kind):
    """Parametrise over the vectors of a kind."""
    return pytest.mark.parametrize("vector", VECTORS[kind], ids=lambda v: v["description"])


def keys(count, of="wallet"):
    """Public keys of a wallet."""
    return [secp.public_key(sha256(f"{of} {n}".encode()).digest()) for n in range(count)]


def descriptor(text="wsh(...)"):
    """What a backup holds."""
    return Content.of_bip(380, text.encode())


@by_description("secrets")
def test_the_secrets_of_the_standard(vector):
    """Every key's secret and the common one, whatever the order of the keys."""
    given_keys = [bytes.fromhex(key) for key in vector["keys"]]
    assert bip138.decryption_secret(given_keys).hex() == vector["decryption_secret"]
    listed = [secret.hex() for secret in bip138.individual_secrets(given_keys)]
    assert listed == vector["individual_secrets"]


@by_description("backups")
def test_the_files_of_the_reference_implementation(vector):
    """They open, in both forms, with and without bytes behind; what we write is the same."""
    raw = bytes.fromhex(vector["expected"])
    (key,) = (bytes.fromhex(key) for key in vector["keys"])
    for form in (raw, raw + bytes.fromhex(vector["trailing"]), vector["expected_base64"].encode()):
        (content,) = bip138.open_(form, key).contents
        head = bytes((content.type,))
        head += content.params if content.type == 1 else bytes((len(content.params),))
        head += b"" if content.type == 1 else content.params
        assert head.hex() == vector["content"]
        # the vectors give some plaintexts in hex and some as they are
        assert content.data in (bytes.fromhex(vector["plaintext"]), vector["plaintext"].encode())
    assert Container.parse(raw).to_bytes() == raw
    decoys = tuple(bytes.fromhex(decoy) for decoy in vector["decoy_individual_secrets"])
    assert set(Container.parse(raw).slots) == {*decoys, *bip138.individual_secrets([key])}


@by_description("payloads")
def test_the_payloads_of_the_standard(vector):
    """What has to be read is read, and what has to be refused is refused."""
    payload = bytes.fromhex(vector["payload"])
    if vector["valid"]:
        found = [{"type": c.type, "content": c.data.hex()} for c in bip138.read_contents(payload)]
        assert found == vector["items"]
    else:
        with pytest.raises(BadInput):
            list(bip138.read_contents(payload))


@pytest.mark.parametrize("vector", VECTORS["paths"], ids=str)
def test_the_derivation_paths_of_the_standard(vector):
    """Sorted, each once; and read back."""
    paths = tuple(parse_path(path) for path in vector["paths"])
    raw = Container(paths, (bytes(32),), b"n" * 12, b"c").to_bytes()
    assert raw[7:].hex().startswith(vector["expected"])
    assert Container.parse(raw).paths == tuple(sorted(set(paths)))


def test_a_backup_of_another_maker_opens():
    """A 2-of-3 that a program in Go sealed, opened with the middle xpub."""
    foreign = VECTORS["foreign"]
    (content,) = bip138.open_(foreign["text"].encode(), read_key(foreign["xpub"])).contents
    assert (content.type, content.params) == (1, (380).to_bytes(2, "big"))
    assert content.data.decode().startswith(foreign["begins"])


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 15),
    contents=st.lists(
        st.one_of(
            st.builds(Content.of_bip, st.integers(0, 0xFFFF), st.binary(max_size=300)),
            st.builds(Content.of_vendor, st.binary(max_size=300), st.binary(max_size=20_000)),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_each_key_opens_what_was_sealed(count, contents):
    """All keys of a wallet and no other one; every content, in order."""
    wallet = keys(count)
    sealed = bip138.seal(wallet, contents)
    for key in wallet:
        opened = bip138.open_(sealed, key)
        assert list(opened.contents) == contents
        assert opened.is_sealed_for(wallet)
        assert not opened.is_sealed_for([*wallet[1:], *keys(1, "other")])
    with pytest.raises(BadInput, match="does not open"):
        bip138.open_(sealed, keys(1, "stranger")[0])


def test_nothing_but_a_coarse_size_is_told():
    """A wallet of one key and one of five, long contents and short, look alike but for chance."""
    one = bip138.seal(keys(1), [descriptor()])
    five = bip138.seal(keys(5, "five"), [descriptor("wsh(" + "x" * 4000 + ")")])
    assert len(one) == len(five)
    clear = len(b"BIP138\x01\x00\x05")
    assert one[:clear] == five[:clear] == b"BIP138\x01\x00\x05"
    slots = clear + 5 * 32
    assert one[slots] == five[slots] == 1
    length = slice(slots + 1 + 12, slots + 1 + 12 + 3)
    assert one[length] == five[length]
    for raw in (one, five):
        assert all(key[1:] not in raw for key in keys(5) + keys(5, "five"))
        assert b"wsh(" not in raw


def test_two_backups_of_one_wallet_do_not_tell_decoys_from_keys():
    """Fresh decoys each time would: what two files share would be the keys."""
    first, second = (Container.parse(bip138.seal(keys(2), [descriptor(t)])) for t in ("a", "b"))
    assert first.slots == second.slots
    assert first.nonce != second.nonce


@pytest.mark.parametrize(("count", "slots"), [(1, 5), (5, 5), (6, 10), (11, 20), (200, 255)])
def test_keys_are_counted_coarsely(count, slots):
    """5, 10, 20, ... and never more than a byte can count."""
    sealed = bip138.seal([n.to_bytes(32, "big") for n in range(1, count + 1)], [descriptor()])
    assert len(Container.parse(sealed).slots) == slots


def test_every_byte_that_is_changed_is_noticed():
    """In the header, a slot, a decoy, the nonce, the contents or the tag."""
    wallet = keys(3)
    sealed = bip138.seal(wallet, [descriptor()])
    body = range(200, len(sealed) - 16, 997)  # one secret authenticates all of it
    for at in (*range(200), *body, *range(len(sealed) - 16, len(sealed))):
        changed = sealed[:at] + bytes((sealed[at] ^ 1,)) + sealed[at + 1 :]
        try:
            opened = bip138.open_(changed, wallet[0])
        except BadInput:
            continue
        assert not opened.is_sealed_for(wallet), at


BAD = {
    "empty text": b"QklQMTM4",
    "a psbt": b"psbt\xff" + bytes(100),
    "the early magic of Liana": b"BEB" + bytes(100),
    "the draft's magic": b"BIPXXX\x01" + bytes(100),
    "version 2": b"BIP138\x02" + bytes(100),
    "a path of no steps": b"BIP138\x01\x01\x00" + bytes(100),
    "255 paths that are not there": b"BIP138\x01\xff\xff" + bytes(10),
    "no slots": b"BIP138\x01\x00\x00" + bytes(100),
    "255 slots that are not there": b"BIP138\x01\x00\xff" + bytes(100),
    "unknown cipher": b"BIP138\x01\x00\x01" + bytes(32) + b"\x02" + b"n" * 12 + b"\x01c",
    "a nonce of zeros": b"BIP138\x01\x00\x01" + bytes(32) + b"\x01" + bytes(12) + b"\x01c",
    "2**63 bytes of ciphertext": b"BIP138\x01\x00\x01" + bytes(32) + b"\x01" + b"n" * 12
    + b"\xff" + bytes(7) + b"\x80",
    "torn base64": base64.b64encode(b"BIP138\x01\x00\x01")[:-3] + b"*",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_backup_is_said_to_be_none(name):
    """Each is an error in plain words, whatever key is tried."""
    with pytest.raises(BadInput) as caught:
        bip138.open_(BAD[name], keys(1)[0])
    assert caught.value.hint or caught.value.expected or caught.value.found or "zero" in str(caught)


def test_a_key_that_everybody_knows_opens_nothing():
    """BIP341's unspendable key is left out; a backup for it alone is not made."""
    nobody = bytes.fromhex("0250929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0")
    with pytest.raises(BadInput, match="no backup can be sealed"):
        bip138.seal([nobody], [descriptor()])
    with pytest.raises(BadInput, match="does not open"):
        bip138.open_(bip138.seal([nobody, *keys(1)], [descriptor()]), nobody)
