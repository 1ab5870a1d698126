"""One file a key: sealed with a passphrase, its header readable and authenticated.

    magic and version   8 bytes
    header length       2 bytes, big-endian
    header              JSON: kind, name, public part, Argon2id's parameters and salt; the form of
                        a seed that is not the entropy of words alone
    sealed secret       ChaCha20-Poly1305 (RFC 8439) with all of the above as associated data
    checksum            SHA-256 of all of the above

The checksum tells accidents from wrong passphrases: a file that is damaged says so at once, and
nobody goes on guessing a passphrase that was right. It is no defence: whoever alters a file can
recompute it, and is then caught by the seal, where "wrong passphrase" and "altered on purpose"
cannot be told apart.

Without the passphrase, the header is only what the file claims; `open_key` proves it.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from policies.strict_json import NAME, Fields, dump, load
from signer.core.errors import BadInput, Fault
from signer.core.files import make_folder, read_limited, refuse_existing, write_private
from signer.keys.hardening import wipe

MAGIC: Final = b"coldkey\x01"

PASSES, LANES, MEMORY = 3, 4, 65536
"""RFC 9106 section 4, the second recommended option: 64 MiB (in KiB here), for every machine."""

MAX_PASSES, MAX_LANES, MAX_MEMORY = 16, 16, 1 << 20
"""What a file may ask for: 1 GiB at most, so that a crafted header cannot exhaust the machine. The
least is what we write: a weaker file was not made by this program."""

_MAX_FILE: Final = 4096  # ours have about 400 bytes
_LENGTH: Final = 2
_CHECKSUM: Final = 32
_SALT: Final = 32
_NONCE: Final = bytes(12)
"""Fixed, because each key is used once: the salt is drawn anew for each file."""


class Kind(StrEnum):
    """What a key file holds; also its suffix."""

    SEED = "seed"
    """What a BIP32 root grows from, see `Form`. Public part: the root's fingerprint."""
    OFFICER = "officer"
    """An Ed25519 private key, 32 bytes. Public part: its public key."""


class Form(StrEnum):
    """How the secret of a seed file becomes a BIP32 master seed: docs/adr/0010-backup-forms.md."""

    WORDS = "bip39"
    """The entropy of BIP39 words, 16 to 32 bytes. The header of such a file names no form."""
    GUARDED = "bip39+passphrase"
    """The same; the words' BIP39 passphrase is stored nowhere, and asked for at each use."""
    MASTER = "bip32"
    """The master seed itself, 16 to 64 bytes: the secret of SLIP-39 and codex32."""


_PUBLIC: Final = {Kind.SEED: re.compile("[0-9a-f]{8}"), Kind.OFFICER: re.compile("[0-9a-f]{64}")}


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What a key file says without being unlocked.

    Attributes:
        path: the file.
        name: the key's name, the same as the file's.
        kind: what it holds.
        form: how a seed is to be taken.
        public: lower-case hex, see `Kind`. Proven only once the key is unlocked.
        kdf: turns the passphrase into the key of the seal.
        header: the file up to the sealed secret.
        box: the sealed secret.
    """

    path: Path
    name: str
    kind: Kind
    form: Form
    public: str
    kdf: Argon2id = field(repr=False, compare=False)
    header: bytes = field(repr=False)
    box: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unlocked:
    """An open key. Leaving its `with` block wipes the secret.

    Attributes:
        stored: the header, now proven to be what was sealed with the secret.
        secret: see `Kind` and `Form`.
    """

    stored: StoredKey
    secret: bytearray = field(repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        wipe(self.secret)


def key_path(home: Path, name: str, kind: Kind) -> Path:
    """Where a key is kept.

    Raises:
        BadInput: not a name that documents could hold.
    """
    if not NAME[0].fullmatch(name):
        raise BadInput(
            "not a name for a key", fault=Fault.OFFICER, expected=NAME[1], found=name[:80]
        )
    return home / "keys" / f"{name}.{kind}"


def create(
    home: Path,
    name: str,
    kind: Kind,
    *,
    secret: bytearray,
    public: str,
    passphrase: bytearray,
    form: Form = Form.WORDS,
) -> StoredKey:
    """Seal a secret into a new file, mode 0600; an existing file is never touched.

    Raises:
        BadInput: the name is taken or impossible, or the disk does not take the file.
    """
    path = key_path(home, name, kind)
    refuse_existing(path)
    header = {"kind": kind, "name": name, "public": public}
    stored, data = _seal(path, header | _formed(form), secret, passphrase)
    make_folder(path.parent)
    write_private(path, data)
    return stored


def copy(key: Unlocked, path: Path, passphrase: bytearray) -> None:
    """Seal an open key into a new file of any name, under another passphrase: a backup.

    Raises:
        BadInput: the name is taken, or the disk does not take the file.
    """
    stored = key.stored
    header = {"kind": stored.kind, "name": stored.name, "public": stored.public}
    _, data = _seal(path, header | _formed(stored.form), key.secret, passphrase)
    write_private(path, data)


def read_key(path: Path) -> StoredKey:
    """What a key file says of itself, unproven.

    Raises:
        BadInput: missing, unreadable, damaged, or not a key file.
    """
    stored = _parse(path, read_limited(path, limit=_MAX_FILE, what="key file"))
    if path.name != f"{stored.name}.{stored.kind}":
        raise _bad(path, "the key file was renamed", expected=f"{stored.name}.{stored.kind}")
    return stored


def open_key(path: Path, passphrase: bytearray) -> Unlocked:
    """Unlock a key file.

    Raises:
        BadInput: as `read_key`, or the passphrase is wrong.
    """
    return _open(read_key(path), passphrase)


def open_copy(path: Path, data: bytes, passphrase: bytearray) -> Unlocked:
    """Unlock what `copy` wrote, wherever it is by now.

    Raises:
        BadInput: not a key file, a damaged one, or the passphrase is wrong.
    """
    return _open(_parse(path, data), passphrase)


def _formed(form: Form) -> dict[str, str]:
    return {} if form is Form.WORDS else {"form": form}


def _seal(
    path: Path, header: Mapping[str, str], secret: bytearray, passphrase: bytearray
) -> tuple[StoredKey, bytes]:
    salt = secrets.token_bytes(_SALT)
    kdf = {"passes": PASSES, "lanes": LANES, "memory": MEMORY, "salt": salt.hex()}
    text = dump({**header, "argon2id": kdf})
    start = MAGIC + len(text).to_bytes(_LENGTH, "big") + text
    sealing = ChaCha20Poly1305(_derive(_kdf(salt, PASSES, LANES, MEMORY), passphrase))
    data = start + sealing.encrypt(_NONCE, bytes(secret), start)
    data += hashlib.sha256(data).digest()
    stored = _parse(path, data)
    with _open(stored, passphrase) as again:  # what cannot be opened is not stored
        if again.secret != secret:
            raise ValueError("the sealed secret is another")
    return stored, data


def _parse(path: Path, data: bytes) -> StoredKey:
    """Read all but the secret, and believe nothing."""
    start = len(MAGIC) + _LENGTH
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        raise _bad(path, "not a key file, or one of another version")
    body, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
    if len(data) < start + _CHECKSUM or hashlib.sha256(body).digest() != checksum:
        raise _bad(
            path, "the key file is damaged", hint="take it from a copy, or use `key restore`"
        )
    end = start + int.from_bytes(body[len(MAGIC) : start], "big")
    what = f"key file {path.name}"
    fields = Fields(
        load(body[start:end], limit=_MAX_FILE, what=what, fault=Fault.MACHINE),
        what,
        required=("kind", "name", "public", "argon2id"),
        optional=("form",),
        fault=Fault.MACHINE,
    )
    kinds = [kind for kind in Kind if kind == fields.raw["kind"]]
    named = {key: value for key, value in fields.raw.items() if key == "form"}
    forms = [form for form in Form if _formed(form) == named]
    if kinds == [Kind.OFFICER]:
        forms = [form for form in forms if form is Form.WORDS]  # only seeds have forms
    name, public = fields.name("name"), fields.text("public")
    if not kinds or not forms or not _PUBLIC[kinds[0]].fullmatch(public):
        raise _bad(path, "the key file's header cannot be")
    argon2id = fields.table("argon2id", required=("passes", "lanes", "memory", "salt"))
    kdf = _kdf(
        bytes.fromhex(argon2id.digest("salt")),
        argon2id.integer("passes", least=PASSES, most=MAX_PASSES),
        argon2id.integer("lanes", least=LANES, most=MAX_LANES),
        argon2id.integer("memory", least=MEMORY, most=MAX_MEMORY),
    )
    return StoredKey(path, name, kinds[0], forms[0], public, kdf, body[:end], body[end:])


def _open(stored: StoredKey, passphrase: bytearray) -> Unlocked:
    key = _derive(stored.kdf, passphrase)
    try:
        secret = ChaCha20Poly1305(key).decrypt(_NONCE, stored.box, stored.header)
    except InvalidTag:
        raise _bad(
            stored.path,
            "the passphrase is wrong, or the key file was altered on purpose",
            hint="type it again; the file shows no accidental damage",
        ) from None
    return Unlocked(stored, bytearray(secret))


def _kdf(salt: bytes, passes: int, lanes: int, memory: int) -> Argon2id:
    return Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)


def _derive(kdf: Argon2id, passphrase: bytearray) -> bytes:
    try:
        return kdf.derive(bytes(passphrase))
    except MemoryError:
        raise BadInput(
            "not enough memory to unlock the key", fault=Fault.MACHINE, hint="close other programs"
        ) from None


def _bad(path: Path, what: str, expected: str = "", hint: str = "") -> BadInput:
    return BadInput(what, fault=Fault.OFFICER, expected=expected, found=path.name, hint=hint)
