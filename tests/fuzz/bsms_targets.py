"""The fuzz target of BSMS: key records, descriptor records and tokens, from any bytes."""

from signer.carry import bsms, bsms_check
from signer.carry.bsms import DescriptorRecord, KeyRecord
from signer.carry.bsms_token import NO_ENCRYPTION, Token
from signer.core import coins
from signer.core.errors import BadInput


def fuzz_bsms(data):
    """Records and tokens: what is read means one thing, and is written so."""
    for target in (_key, _wallet, _token):
        try:
            target(data)
        except BadInput:
            continue


def _key(data):
    record = KeyRecord.parse(NO_ENCRYPTION.unseal(data))
    text = bsms.signed_text(record.token, record.key_text, record.description)
    assert text.lower() == b"\n".join(data.split(b"\n")[:4]).lower()
    assert len(record.description) <= bsms.MAX_DESCRIPTION


def _wallet(data):
    record = DescriptorRecord.parse(NO_ENCRYPTION.unseal(data))
    assert DescriptorRecord.parse(record.to_bytes()) == record
    network = coins.network("BTC", "main")
    form = record.vault_form(network)
    assert record.paths == bsms.PATHS
    again = DescriptorRecord.of(form, bsms_check.first_address(form, network))
    assert again.vault_form(network) == form


def _token(data):
    token = Token.parse(data.decode("latin-1"))
    assert Token.parse(f"0x{token.hex}") == Token.parse_line(token.hex) == token
    assert len(token.value) in (8, 16)
