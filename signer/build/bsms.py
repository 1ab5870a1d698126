"""The coordinator's side of BSMS: key records become a vault, a vault the signers' records.

Source: BIP129, "Round 2", "Coordinator".
"""

import secrets
from dataclasses import dataclass

from signer.carry.bsms import DescriptorRecord, KeyRecord
from signer.carry.bsms_token import EXTENDED, STANDARD, Token
from signer.core import coins
from signer.core.coins import Network
from signer.core.descriptor import VaultKey
from signer.core.errors import BadInput, Fault
from signer.core.vault import RECEIVE, Vault

SIZES = {"standard": STANDARD, "extended": EXTENDED}
"""Bytes of a new token, by mode."""


@dataclass(frozen=True, slots=True)
class Received:
    """A key record that is of this session.

    Attributes:
        key: the signer's key.
        description: what the signer says of it.
    """

    key: VaultKey
    description: str


def new_token(mode: str) -> Token:
    """Draw a token for one session; no token that could be taken for hex as well as decimal."""
    while True:
        token = Token(secrets.token_bytes(SIZES[mode]))
        try:
            if Token.parse(token.decimal) == token:
                return token
        except BadInput:
            continue


def receive(data: bytes, token: Token, network: Network) -> Received:
    """Read what a signer sent: its record, encrypted with the session's token if there is one.

    Raises:
        BadInput: of another session or network, not signed with its key, or a key that no vault
            can be made of.
    """
    record = KeyRecord.parse(token.unseal(data))
    if record.token != token:
        raise _bad("the key record is of another session", "this session's token", "another token")
    if record.key is None:
        raise _bad("the record holds a single public key", "an extended public key", "33 bytes")
    if coins.network("BTC", record.network).xpub != network.xpub:
        raise _bad("the key is for another network", network.name, record.network)
    return Received(record.key, record.description)


def descriptor_record(vault: Vault) -> DescriptorRecord:
    """What the signers get."""
    return DescriptorRecord.of(vault.form, vault.address(RECEIVE, 0))


def _bad(what: str, expected: str, found: str) -> BadInput:
    hint = "ask the signer for a record of this session"
    return BadInput(what, fault=Fault.COSIGNER, expected=expected, found=found, hint=hint)
