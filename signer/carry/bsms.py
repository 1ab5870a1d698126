"""The two records of a Bitcoin Secure Multisig Setup: a signer's key, and the whole descriptor.

Source: BIP129, "Setup Process". Lines end with a line feed; a last one after the record is let
pass, and is not part of what is signed.
"""

import re
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from signer.carry import signed_message
from signer.carry.bsms_token import MAX_PLAIN, Token
from signer.core import coins, secp
from signer.core.bip32 import Origin
from signer.core.coins import Network
from signer.core.descriptor import Descriptor, VaultKey, checksum
from signer.core.errors import BadInput, Fault

VERSION: Final = "BSMS 1.0"
PATHS: Final = ("/0/*", "/1/*")
"""The path restrictions of every vault here: branch 0 receives, branch 1 takes change."""

MAX_DESCRIPTION: Final = 80
"""Characters (BIP129)."""

_NO_PATHS: Final = "No path restrictions"
_PATH: Final = re.compile(r"(/(0|[1-9][0-9]{0,9})){0,8}(/\*)?")
_MAX_PATHS: Final = 16
_ADDRESS: Final = re.compile(r"[0-9A-Za-z]{14,90}")
_TEMPLATE: Final = "/**"
_BRANCHES: Final = "/<0;1>/*"
_POINT: Final = re.compile(r"(\[[^\[\]]*\])(0[23][0-9a-f]{64})")
_bad = partial(BadInput, fault=Fault.COORDINATOR)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """Round 1: a signer's key, signed with itself. Only `parse` makes one.

    Attributes:
        token: of the session.
        key_text: the key with its origin, as written.
        description: for people; what the signer says of itself.
        key: the extended key, or None if the record holds a single public key.
        network: a name of a network whose version bytes the extended key has, or empty.
    """

    token: Token
    key_text: str
    description: str
    key: VaultKey | None = field(repr=False)
    network: str

    @classmethod
    def parse(cls, data: bytes) -> "KeyRecord":
        """Read a key record.

        Raises:
            BadInput: malformed, of another version, or not signed with its key.
        """
        lines = _lines(data, 5, "key record")
        version, token, key_text, description, signature = lines
        _check_version(version)
        if len(description) > MAX_DESCRIPTION:
            raise _bad("the description is too long", expected=f"{MAX_DESCRIPTION} characters")
        read, key, network, public = Token.parse_line(token), None, "", b""
        if single := _POINT.fullmatch(key_text):
            Origin.parse(single[1])
            public = bytes.fromhex(single[2])
            if not secp.is_valid_public(public):
                raise _bad("not a public key", found=single[2])
        else:
            network = "test" if "]tpub" in key_text else "main"
            key = VaultKey.parse(key_text, coins.network("BTC", network).xpub)
            public = key.xpub.key
        signed_message.verify("\n".join(lines[:4]).encode(), signature, public)
        return cls(read, key_text, description, key, network)


def signed_text(token: Token, key_text: str, description: str) -> bytes:
    """The four lines of a key record that are signed."""
    return f"{VERSION}\n{token.hex}\n{key_text}\n{description}".encode()


def key_text(key: VaultKey, network: Network) -> str:
    """A key as records have it: hardened steps as `'`, which the BIP's own examples use."""
    return f"{key.origin}".replace("h", "'") + key.xpub.to_text(network.xpub)


@dataclass(frozen=True, slots=True)
class DescriptorRecord:
    """Round 2: the whole wallet, not yet believed.

    Attributes:
        descriptor: a descriptor or template as written, without a checksum.
        paths: the path restrictions; none if there are none.
        address: the wallet's first address, as the coordinator says.
    """

    descriptor: str
    paths: tuple[str, ...]
    address: str

    @classmethod
    def parse(cls, data: bytes) -> "DescriptorRecord":
        """Read a descriptor record.

        Raises:
            BadInput: malformed, or of another version.
        """
        version, text, restrictions, address = _lines(data, 4, "descriptor record")
        _check_version(version)
        descriptor, hashed, tail = text.partition("#")
        if checksum(descriptor) != tail and hashed:
            raise _bad("the descriptor's checksum does not fit", hint="copy the record again")
        paths = () if restrictions == _NO_PATHS else tuple(restrictions.split(","))
        if len(paths) > _MAX_PATHS or not all(p and _PATH.fullmatch(p) for p in paths):
            raise _bad("not path restrictions", expected="for instance /0/*,/1/*")
        if not _ADDRESS.fullmatch(address):
            raise _bad("not an address", found=ascii(address[:40]))
        return cls(descriptor, paths, address)

    @classmethod
    def of(cls, form: Descriptor, address: str) -> "DescriptorRecord":
        """Describe a vault."""
        text = form.text.partition("#")[0].replace(_BRANCHES, _TEMPLATE)
        for key in form.keys:
            text = text.replace(key.to_text(form.network.xpub), key_text(key, form.network))
        return cls(text, PATHS, address)

    def to_bytes(self) -> bytes:
        """Write the record."""
        paths = ",".join(self.paths) or _NO_PATHS
        return f"{VERSION}\n{self.descriptor}\n{paths}\n{self.address}".encode()

    def vault_form(self, network: Network) -> Descriptor:
        """The descriptor of a vault, with both branches.

        Raises:
            BadInput: other path restrictions, or a wallet of another form: unsorted keys, single
                keys, other scripts.
        """
        if self.paths != PATHS:
            raise _bad(
                "other path restrictions than a vault has",
                expected=",".join(PATHS),
                found=",".join(self.paths) or _NO_PATHS,
                hint="coins that are paid along other paths would not be seen",
            )
        if "<" in self.descriptor:
            raise _bad("the template has branches of its own", expected=_TEMPLATE)
        body = self.descriptor.replace(_TEMPLATE, _BRANCHES)
        return Descriptor.parse(f"{body}#{checksum(body)}", network)


def _lines(data: bytes, count: int, what: str) -> list[str]:
    if len(data) > MAX_PLAIN:
        raise _bad(f"{what}: too large", expected=f"at most {MAX_PLAIN} bytes")
    try:
        lines = data.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise _bad(f"{what}: not UTF-8 text") from None
    if len(lines) != count:
        raise _bad(f"{what}: another number of lines", expected=str(count), found=str(len(lines)))
    if not all(line.isprintable() for line in lines):
        raise _bad(f"{what}: it holds invisible characters", hint="lines end with LF, not CR LF")
    return lines


def _check_version(found: str) -> None:
    if found != VERSION:
        raise _bad("a record of another version", expected=VERSION, found=ascii(found[:20]))
