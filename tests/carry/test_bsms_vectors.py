"""BIP129's own vectors: four sessions, both rounds, every mode (tests/carry/vectors/README.md)."""

import hashlib
import json
from pathlib import Path

import pytest
from embit import ec
from embit.descriptor import Descriptor as Independent

from signer.carry import bsms, bsms_check, signed_message
from signer.carry.bsms import DescriptorRecord, KeyRecord
from signer.carry.bsms_token import NO_ENCRYPTION, Token
from signer.core import coins
from signer.core.address import address_of
from signer.core.errors import BadInput
from signer.sign.softkey import sign_twice

VECTORS = json.loads((Path(__file__).parent / "vectors/bip129.json").read_text())
SESSIONS = {session["name"]: session for session in VECTORS["sessions"]}
MAIN = coins.network("BTC", "main")
PLAIN = "NO_ENCRYPTION with Public Keys"

each_session = pytest.mark.parametrize("name", SESSIONS)


def tokens(session):
    """Give the tokens of a session, one for each signer."""
    read = [Token.parse(token["hex"]) for token in session.get("tokens", ())] or [NO_ENCRYPTION]
    return read if len(read) > 1 else read * len(session["signers"])


@each_session
def test_key_records(name):
    """Round 1: each is read, its signature verifies, and with one letter changed it does not."""
    session = SESSIONS[name]
    for signer, token in zip(session["signers"], tokens(session), strict=True):
        record = KeyRecord.parse(signer["record"].encode())
        assert record.token == token
        assert record.token.mode == session["mode"]
        assert record.description.startswith("Signer ")
        assert (record.key is None) is (name == PLAIN)
        if record.key:
            assert record.key.origin.fingerprint == signer["fingerprint"]
            assert record.key_text == bsms.key_text(record.key, MAIN)
        with pytest.raises(BadInput, match="the signature is not the key's"):
            KeyRecord.parse(signer["record"].replace("Signer", "signer").encode())


@each_session
def test_signatures_come_out_the_same(name):
    """Our two engines make the very signatures of the vectors."""
    for signer in SESSIONS[name]["signers"]:
        private = ec.PrivateKey.from_wif(signer["wif"])
        key = private.get_public_key().sec()
        *lines, signature = signer["record"].split("\n")
        record = KeyRecord.parse(signer["record"].encode())
        text = bsms.signed_text(record.token, record.key_text, record.description)
        assert text == "\n".join(lines).encode()
        der = sign_twice(signed_message.digest(text), private.secret, key)
        assert signed_message.encode(text, der, key) == signature


@each_session
def test_encryption(name):
    """Tokens in each form, keys derived from them, and both rounds' files in both directions."""
    session = SESSIONS[name]
    for told in session.get("tokens", ()):
        token = Token.parse(told["decimal"])
        assert token == Token.parse(told["hex"]) == Token.parse(f"0x{told['hex']}")
        assert (token.hex, token.decimal) == (told["hex"], told["decimal"])
        assert token.encryption_key.hex() == told["encryption_key"]
        assert hashlib.sha256(token.encryption_key).hexdigest() == told["hmac_key"]
        if "mnemonic" in told:
            assert Token.parse(told["mnemonic"]) == token
    files = list(zip(session["signers"], tokens(session), strict=True))
    pairs = [(s["record"], s["dat"], token) for s, token in files if s["dat"]]
    pairs += [
        (session["wallet"], dat, token)
        for dat, token in zip(session["dats"], tokens(session), strict=False)
    ]
    for record, dat, token in pairs:
        assert token.seal(record.encode()).decode() == dat
        assert token.unseal(dat.encode()).decode() == record
        assert token.unseal(f"{dat.upper()}\n".encode()).decode() == record
    assert len(pairs) == {"NO_ENCRYPTION": 0, "STANDARD": 3, "EXTENDED": 6}[session["mode"]]


@pytest.mark.parametrize("name", ["NO_ENCRYPTION", "STANDARD Encryption"])
def test_each_signer_accepts_round_2(name):
    """Each finds its key, and the first address; the coordinator writes the same record."""
    session = SESSIONS[name]
    wallet = DescriptorRecord.parse(session["wallet"].encode())
    keys = [KeyRecord.parse(signer["record"].encode()).key for signer in session["signers"]]
    for place, key in enumerate(keys, 1):
        found = bsms_check.check(wallet, key, MAIN, threshold=2, keys=2)
        assert (found.position, found.address) == (place, session["wallet"].split("\n")[3])
    form = wallet.vault_form(MAIN)
    written = DescriptorRecord.of(form, bsms_check.first_address(form, MAIN))
    assert written.to_bytes().decode() == session["wallet"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (PLAIN, "other path restrictions"),
        ("EXTENDED Encryption", "not a vault's descriptor"),
    ],
)
def test_wallets_that_are_no_vaults_are_refused(name, says):
    """Single keys, and keys that are not sorted (BIP67): read, and refused with the reason."""
    wallet = DescriptorRecord.parse(SESSIONS[name]["wallet"].encode())
    assert wallet.to_bytes().decode() == SESSIONS[name]["wallet"].replace("#rzx9dffd", "")
    with pytest.raises(BadInput, match=says):
        wallet.vault_form(MAIN)


@each_session
def test_first_addresses_by_embit(name):
    """The vectors as transcribed hold together: another program derives each first address."""
    wallet = DescriptorRecord.parse(SESSIONS[name]["wallet"].encode())
    text = wallet.descriptor.replace("/**", "/0/*")
    script = Independent.from_string(text).derive(0).script_pubkey().data
    assert address_of(script, "BTC", "main") == wallet.address
