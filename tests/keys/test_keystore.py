"""The key file: opens with its passphrase only, and every damage to it is found."""

import hashlib
import os
import stat

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from policies.strict_json import dump, load
from signer.core.errors import BadInput, Fault
from signer.keys import keystore
from signer.keys.keystore import Form, Kind

PASSPHRASE = bytearray(b"correct horse battery")
SECRET = bytearray(range(32))
FINGERPRINT = "aabbccdd"


@pytest.fixture
def cheap(monkeypatch):
    """Argon2id with 64 KiB and one pass, for tests that must run it hundreds of times."""
    monkeypatch.setattr(keystore, "PASSES", 1)
    monkeypatch.setattr(keystore, "LANES", 1)
    monkeypatch.setattr(keystore, "MEMORY", 64)


def make(home, name="alice"):
    """Seal the test secret."""
    return keystore.create(
        home, name, Kind.SEED, secret=SECRET, public=FINGERPRINT, passphrase=PASSPHRASE
    ).path


def with_checksum(body):
    """What somebody who alters a file on purpose would write."""
    return body + hashlib.sha256(body).digest()


def with_header(data, **changes):
    """The file with another header, its length and checksum recomputed."""
    start = len(keystore.MAGIC) + 2
    end = start + int.from_bytes(data[start - 2 : start], "big")
    header = load(data[start:end], limit=4096, what="header")
    for key, value in changes.items():
        table = header["argon2id"] if key in header["argon2id"] else header
        table[key] = value
    header = dump(header)
    return with_checksum(keystore.MAGIC + len(header).to_bytes(2, "big") + header + data[end:-32])


def refused(path, passphrase=PASSPHRASE):
    """Open a file that must not open, and give the error; it must tell no secret."""
    with pytest.raises(BadInput) as caught:
        keystore.open_key(path, passphrase)
    told = repr(vars(caught.value)) + str(caught.value)
    for secret in (PASSPHRASE.decode(), bytes(SECRET).hex(), repr(bytes(SECRET))):
        assert secret not in told
    assert caught.value.__cause__ is None
    return caught.value


def test_argon2id_vector_of_rfc_9106():
    """RFC 9106, section 5.3: the library computes Argon2id as published."""
    kdf = Argon2id(
        salt=b"\x02" * 16,
        length=32,
        iterations=3,
        lanes=4,
        memory_cost=32,
        ad=b"\x04" * 12,
        secret=b"\x03" * 8,
    )
    assert kdf.derive(b"\x01" * 32).hex() == (
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    )


def test_a_key_opens_with_its_passphrase(tmp_path):
    """At full strength: what went in comes out, and the file tells only what is public."""
    path = make(tmp_path)
    stored = keystore.read_key(path)
    assert (stored.name, stored.kind, stored.public) == ("alice", Kind.SEED, FINGERPRINT)
    with keystore.open_key(path, PASSPHRASE) as key:
        assert key.secret == SECRET
        assert key.stored == stored
        assert bytes(SECRET).hex() not in repr(key)
        assert repr(bytes(SECRET)) not in repr(key)
    assert key.secret == bytes(32), "wiped at the end of the block"
    data = path.read_bytes()
    assert bytes(SECRET) not in data
    assert PASSPHRASE not in data
    header = data[10:-80]
    assert b'"memory":65536' in header
    assert b'"passes":3' in header
    assert b'"lanes":4' in header


def test_the_file_is_private_and_new(tmp_path):
    """Mode 0600 in a folder of 0700; a second key of the name is refused, the first untouched."""
    before = os.umask(0o000)
    try:
        path = make(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    before = path.read_bytes()
    with pytest.raises(BadInput, match="file exists"):
        make(tmp_path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["alice.seed"]


def test_two_files_of_one_secret_share_nothing(tmp_path, cheap):
    """The salt is new each time: equal secrets and passphrases do not show."""
    one, two = make(tmp_path / "1").read_bytes(), make(tmp_path / "2").read_bytes()
    assert one[-80:-32] != two[-80:-32]
    assert one[10:-80] != two[10:-80]


@pytest.mark.parametrize("wrong", [b"", b"correct horse batterz", b"Correct horse battery", b"\0"])
def test_a_wrong_passphrase(tmp_path, cheap, wrong):
    """It cannot be told from a file altered on purpose, and the message says just that."""
    problem = refused(make(tmp_path), bytearray(wrong))
    assert problem.what == "the passphrase is wrong, or the key file was altered on purpose"
    assert problem.fault is Fault.OFFICER


def test_a_flip_anywhere_is_damage(tmp_path, cheap):
    """Each bit of each byte: found by the checksum, before any passphrase is tried."""
    path = make(tmp_path)
    data = path.read_bytes()
    path.chmod(0o600)
    for at in range(len(data)):
        for bit in range(8):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            problem = refused(path)
            assert "damaged" in problem.what or "not a key file" in problem.what, (at, bit)
    path.write_bytes(data)
    assert keystore.open_key(path, PASSPHRASE).secret == SECRET


def test_a_flip_anywhere_on_purpose_is_found_too(tmp_path, cheap, monkeypatch):
    """With the checksum recomputed, the header's checks or the seal catch every byte."""
    path = make(tmp_path)
    body = path.read_bytes()[:-32]
    monkeypatch.setattr(keystore, "MAX_MEMORY", 1024)
    for at in range(len(body)):
        for bit in (0, 5):
            flipped = body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :]
            path.write_bytes(with_checksum(flipped))
            refused(path)


def test_truncation_at_every_length(tmp_path, cheap):
    """A file cut anywhere is damage, and one with a byte too many as well."""
    path = make(tmp_path)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        problem = refused(path)
        assert "damaged" in problem.what or "empty" in problem.what, length
    path.write_bytes(data + b"\0")
    assert "damaged" in refused(path).what


def test_truncation_on_purpose(tmp_path, cheap):
    """A shorter body with a right checksum is refused as well, at every length."""
    path = make(tmp_path)
    body = path.read_bytes()[:-32]
    for length in range(len(body)):
        path.write_bytes(with_checksum(body[:length]))
        refused(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"memory": 1 << 21},
        {"memory": 1 << 40},
        {"memory": 2**63 - 1},
        {"memory": 0},
        {"memory": 65535},
        {"memory": -65536},
        {"memory": "65536"},
        {"memory": True},
        {"passes": 17},
        {"passes": 2},
        {"passes": 1 << 32},
        {"lanes": 17},
        {"lanes": 0},
        {"salt": ""},
        {"salt": "00"},
        {"salt": "zz" * 32},
        {"salt": None},
        {"kind": "root"},
        {"kind": 1},
        {"public": "aabbccd"},
        {"public": 5},
        {"name": "bob"},
        {"name": "../alice"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_a_crafted_header_is_refused_before_any_work(tmp_path, monkeypatch, changes):
    """Costs out of range, bad names and unknown keys never reach Argon2id."""
    path = make(tmp_path)
    path.write_bytes(with_header(path.read_bytes(), **changes))
    monkeypatch.setattr(keystore, "_derive", lambda *_: pytest.fail("work was done"))
    refused(path)


def test_a_crafted_header_within_range_fails_at_the_seal(tmp_path, cheap):
    """Another public key or other costs, all legal, are caught by the authenticated header."""
    path = make(tmp_path)
    data = path.read_bytes()
    for changes in ({"public": "11223344"}, {"passes": 2}, {"memory": 128}, {"salt": "00" * 32}):
        path.write_bytes(with_header(data, **changes))
        assert "wrong" in refused(path).what


def test_a_renamed_file_does_not_stand_for_another_key(tmp_path, cheap):
    """The name is inside, authenticated: bob's file is not alice's key."""
    path = make(tmp_path)
    path.rename(path.with_name("bob.seed"))
    problem = refused(path.with_name("bob.seed"))
    assert problem.what == "the key file was renamed"
    assert problem.expected == "alice.seed"


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"coldkey", b"coldkey\x02" + bytes(200), b"{}", os.urandom(4000)]
)
def test_other_files_are_not_keys(tmp_path, content):
    """Empty, short, of another version, or something else: BadInput, not a crash."""
    path = tmp_path / "alice.seed"
    path.write_bytes(content)
    assert refused(path).exit_code == 4


def test_a_huge_file_is_not_read(tmp_path):
    """A gigabyte under a key's name is refused by its size."""
    path = tmp_path / "alice.seed"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    assert "too large" in refused(path).what


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "Alice",
        "a b",
        "-a",
        ".a",
        "a\0",
        "ä",
        "a" * 33,
        "a\n",
        "x\x1b",
    ],
)
def test_impossible_names(tmp_path, name):
    """No name leaves the folder, differs in case only, or does not fit into a document."""
    with pytest.raises(BadInput, match="not a name"):
        keystore.key_path(tmp_path, name, Kind.SEED)


@pytest.mark.parametrize("name", ["a", "0", "alice.2", "a_b-c.d", "a" * 32])
def test_possible_names(tmp_path, name):
    """What documents take, files take."""
    assert keystore.key_path(tmp_path, name, Kind.OFFICER).name == f"{name}.officer"


def test_a_full_disk_leaves_nothing(tmp_path, cheap, monkeypatch):
    """If the disk does not take the file, there is no key and no remainder."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="no space left"):
        make(tmp_path)
    assert list((tmp_path / "keys").iterdir()) == []


def test_not_enough_memory_is_told(tmp_path, monkeypatch):
    """Argon2id's memory may be missing: an error of the machine, not a crash."""
    path = make(tmp_path)

    class Starved:
        def derive(self, _):
            raise MemoryError

    monkeypatch.setattr(keystore, "_kdf", lambda *_: Starved())
    assert refused(path).fault is Fault.MACHINE


@pytest.mark.parametrize("form", Form)
def test_the_form_of_a_seed_is_kept(tmp_path, cheap, form):
    """The header says how the secret is to be taken; that of plain words says nothing new."""
    stored = keystore.create(
        tmp_path,
        "alice",
        Kind.SEED,
        secret=SECRET,
        public=FINGERPRINT,
        passphrase=PASSPHRASE,
        form=form,
    )
    assert keystore.read_key(stored.path).form is form
    assert (b'"form"' in stored.path.read_bytes()) == (form is not Form.WORDS)


@pytest.mark.parametrize("form", ["", "bip40", "bip39", 1, None])
def test_an_unknown_form_is_refused(tmp_path, cheap, form):
    """Also the one that is never written: a file has one spelling."""
    path = make(tmp_path)
    path.write_bytes(with_header(path.read_bytes(), form=form))
    assert "header cannot be" in refused(path).what


@pytest.mark.parametrize("form", [Form.MASTER, Form.GUARDED])
def test_another_form_does_not_open(tmp_path, cheap, form):
    """The form is sealed with the secret: who changes it gets no key, least of all another one."""
    path = make(tmp_path)
    path.write_bytes(with_header(path.read_bytes(), form=form))
    assert "altered on purpose" in refused(path).what


def test_an_officer_has_no_form(tmp_path, cheap):
    """Only seeds are taken in several ways."""
    path = keystore.create(
        tmp_path, "alice", Kind.OFFICER, secret=SECRET, public="ab" * 32, passphrase=PASSPHRASE
    ).path
    path.write_bytes(with_header(path.read_bytes(), form="bip32"))
    assert "header cannot be" in refused(path).what


def test_a_copy_opens_anywhere_with_its_own_passphrase(tmp_path, cheap):
    """A sealed backup: another passphrase, any name, the same secret; never over a file."""
    other = bytearray(b"the passphrase of the backup")
    target = tmp_path / "a stick" / "whatever.bin"
    target.parent.mkdir()
    with keystore.open_key(make(tmp_path), PASSPHRASE) as key:
        keystore.copy(key, target, other)
        with pytest.raises(BadInput, match="file exists"):
            keystore.copy(key, target, other)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    data = target.read_bytes()
    with keystore.open_copy(target, data, other) as back:
        assert back.secret == SECRET
        assert (back.stored.name, back.stored.public) == ("alice", FINGERPRINT)
    with pytest.raises(BadInput, match="passphrase is wrong"):
        keystore.open_copy(target, data, PASSPHRASE)
    with pytest.raises(BadInput, match="damaged"):
        keystore.open_copy(target, data[:-1] + bytes((data[-1] ^ 1,)), other)
