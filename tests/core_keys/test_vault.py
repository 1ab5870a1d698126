"""The vault document, and what is derived from it."""

import base64
import json
from dataclasses import FrozenInstanceError

import pytest
from vault_making import make_key, make_vault, signer_of

from policies.envelope import Envelope
from signer.build.vault import create_vault
from signer.core import vault as vault_module
from signer.core.bip32 import HARDENED
from signer.core.errors import BadInput, SelfTestFailed
from signer.core.hashes import sha256
from signer.core.twice_derived import twice_derived_address
from signer.core.vault import CHANGE, RECEIVE, Vault, VaultSigner

VAULT = make_vault(2, 3)
TABLE = json.loads(VAULT.payload)


def changed(**fields):
    """Write the payload with some fields changed; None takes a field away."""
    table = {key: value for key, value in (TABLE | fields).items() if value is not None}
    return json.dumps(table).encode()


def signers(**fields):
    """Change the first signer's entry; None takes a key away."""
    first = {k: v for k, v in (TABLE["signers"][0] | fields).items() if v is not None}
    return [first, *TABLE["signers"][1:]]


def test_the_payload_is_the_vault():
    """Reading and writing keep every byte; the id is the payload's SHA-256, as the envelope's."""
    again = Vault.parse(VAULT.payload)
    assert again == VAULT
    assert again.payload == VAULT.payload
    assert again.id == sha256(VAULT.payload).hex() == Envelope.wrap("vault", VAULT.payload).id
    assert (again.name, again.coin, again.network) == ("treasury", "BTC", "regtest")
    assert (again.threshold, again.script_type, again.birth_height) == (2, "p2wsh", 7)
    assert again.keys == tuple(make_key(n) for n in (1, 2, 3))
    assert [s.officer for s in again.signers] == ["officer-0", "officer-1", "officer-2"]
    assert again.descriptor == TABLE["descriptor"]
    assert hash(again) == hash(VAULT)


def test_bytes_as_received_make_the_id():
    """Another layout of the same table is another document, whose bytes are kept."""
    payload = json.dumps(TABLE, indent=2).encode()
    other = Vault.parse(payload)
    assert other.payload == payload
    assert other.id == sha256(payload).hex() != VAULT.id
    assert other != VAULT
    assert other.address(RECEIVE, 0) == VAULT.address(RECEIVE, 0)


def test_a_vault_cannot_be_changed():
    """It is frozen."""
    with pytest.raises(FrozenInstanceError):
        VAULT.network = "main"


TREE = b'{"kind":"vault",' * 50
GARBLED = {
    "empty": b"",
    "not JSON": b"\x00\x01\x02",
    "cut short": VAULT.payload[:-1],
    "trailing bytes": VAULT.payload + b"x",
    "not UTF-8": VAULT.payload.replace(b"treasury", b"treas\xff"),
    "a list": b"[]",
    "a number": b"7",
    "nested deeply": TREE,
    "nested beyond recursion": b"[" * 60_000,
    "huge": b" " * (1 << 16) + VAULT.payload,
    "a key twice": VAULT.payload.replace(b'"kind":"vault"', b'"kind":"vault","kind":"vault"'),
    "a signer's key twice": VAULT.payload.replace(b'"type":', b'"type":"x","type":', 1),
    "an unknown key": changed(extra=1),
    "no kind": changed(kind=None),
    "another kind": changed(kind="policy"),
    "another version": changed(version=2),
    "version true": changed(version=True),
    "version 1.0": VAULT.payload.replace(b'"version":1', b'"version":1.0'),
    "no name": changed(name=None),
    "empty name": changed(name=""),
    "name with a line end": changed(name="a\nb"),
    "name that turns text around": changed(name="a\u202eb"),
    "unknown coin": changed(coin="DOGE"),
    "coin in lower case": changed(coin="btc"),
    "unknown network": changed(network="mainnet"),
    "another network": changed(network="main"),
    "coin is a list": changed(coin=["BTC"]),
    "no descriptor": changed(descriptor=None),
    "descriptor is a number": changed(descriptor=7),
    "descriptor without checksum": changed(descriptor=TABLE["descriptor"].split("#")[0]),
    "another descriptor": changed(descriptor=make_vault(2, 4).descriptor),
    "negative height": changed(birth_height=-1),
    "a time as height": changed(birth_height=1_700_000_000),
    "height as text": changed(birth_height="7"),
    "height is true": changed(birth_height=True),
    "no signers": changed(signers=[]),
    "signers are a table": changed(signers={}),
    "a signer too few": changed(signers=TABLE["signers"][:2]),
    "a signer too many": changed(signers=[*TABLE["signers"], signers(officer="dave")[0]]),
    "signers in another order": changed(signers=TABLE["signers"][::-1]),
    "another fingerprint": changed(signers=signers(fingerprint="00000000")),
    "fingerprint in upper case": changed(signers=signers(fingerprint="4BA43603")),
    "fingerprint is a list": changed(signers=signers(fingerprint=["4ba43603"])),
    "fingerprint missing": changed(signers=signers(fingerprint=None)),
    "one officer, two keys": changed(signers=signers(officer="officer-1")),
    "officer without a name": changed(signers=signers(officer="")),
    "signer of an unknown kind of type": changed(signers=signers(type=None)),
    "signer with an unknown key": changed(signers=signers(phone="1")),
    "signer is a text": changed(signers=["alice", "bob", "carol"]),
}


@pytest.mark.parametrize("name", GARBLED)
def test_documents_that_are_no_vault(name):
    """Each is bad input with a line for people, and nothing else escapes."""
    with pytest.raises(BadInput) as caught:
        Vault.parse(GARBLED[name])
    assert caught.value.what
    assert "\n" not in caught.value.what + caught.value.found


def test_every_cut_of_the_document_is_refused():
    """A truncated payload never reads as a smaller vault."""
    for size in range(0, len(VAULT.payload), 7):
        with pytest.raises(BadInput):
            Vault.parse(VAULT.payload[:size])


def test_what_cannot_be_created():
    """The maker's errors come before any document: m > n, 16 keys, foreign order, odd names."""
    keys = [make_key(n) for n in range(1, 17)]
    holders = [signer_of(key, i) for i, key in enumerate(keys)]
    good = {
        "name": "treasury",
        "coin": "BTC",
        "network": "regtest",
        "script_type": "p2wsh",
        "threshold": 2,
        "keys": keys[:3],
        "signers": holders[:3],
        "birth_height": 0,
    }
    assert create_vault(**good).threshold == 2
    for bad in (
        {"threshold": 0},
        {"threshold": 4},
        {"keys": keys, "signers": holders},
        {"keys": [], "signers": []},
        {"keys": [keys[0]] * 3, "signers": [holders[0]] * 3},
        {"signers": holders[:3][::-1]},
        {"signers": holders[:2]},
        {"signers": [VaultSigner("Alice", holders[0].fingerprint, "enforcing"), *holders[1:3]]},
        {"network": "main"},
        {"coin": "BCH"},
        {"script_type": "p2sh-p2wsh"},
        {"script_type": "p2tr"},
        {"name": "no/slash"},
        {"birth_height": -1},
    ):
        with pytest.raises(BadInput):
            create_vault(**good | bad)


@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
def test_scripts_fit_together(script_type):
    """Script, redeem script, witness script, keys and address tell the same story."""
    vault = make_vault(2, 3, script_type)
    for branch in (RECEIVE, CHANGE):
        for index in (0, 1, HARDENED - 1):
            found = vault.script(branch, index)
            program = b"\x00\x20" + sha256(found.witness_script)
            if script_type == "p2wsh":
                assert (found.script_pubkey, found.redeem_script) == (program, b"")
            else:
                assert found.redeem_script == program
                assert found.script_pubkey[:2] == b"\xa9\x14"
            pubkeys = [key.pubkey for key in found.keys]
            assert pubkeys == sorted(pubkeys)
            assert found.witness_script[2:-2] == b"\x21".join(pubkeys)
            assert {key.fingerprint for key in found.keys} == {s.fingerprint for s in vault.signers}
            for key in found.keys:
                source = next(k for k in vault.keys if k.origin.fingerprint == key.fingerprint)
                assert key.path == (*source.origin.path, branch, index)
                assert key.pubkey == source.xpub.derive(branch).derive(index).key


@pytest.mark.parametrize(
    ("branch", "index"), [(2, 0), (-1, 0), (0, -1), (0, HARDENED), (1, 2**32), (HARDENED, 0)]
)
def test_addresses_that_a_vault_does_not_have(branch, index):
    """Two branches, 31 bits: anything else is refused and never wraps around."""
    for call in (VAULT.script, VAULT.address):
        with pytest.raises(BadInput, match="no such address"):
            call(branch, index)


def test_all_addresses_of_a_vault_differ():
    """Receive and change never meet, in both script types."""
    vaults = (VAULT, make_vault(2, 3, "p2sh-p2wsh"))
    found = [v.address(b, i) for v in vaults for b in (RECEIVE, CHANGE) for i in range(50)]
    assert len(set(found)) == len(found) == 200


@pytest.mark.parametrize(
    ("m", "n", "script_type", "weight"),
    [
        # Counted by hand: 4 * (36 + 1 + 4) and count 1, empty 1, m * 73, length, script.
        (1, 1, "p2wsh", 164 + 2 + 73 + 1 + 37),
        (2, 3, "p2wsh", 164 + 2 + 146 + 1 + 105),
        (2, 3, "p2sh-p2wsh", 164 + 4 * 35 + 2 + 146 + 1 + 105),
        # 513 bytes of script: its length takes three bytes.
        (15, 15, "p2wsh", 164 + 2 + 15 * 73 + 3 + 513),
    ],
)
def test_input_weight(m, n, script_type, weight):
    """The weight of a signed input, with 72 bytes for each signature."""
    assert make_vault(m, n, script_type).input_weight == weight


def test_a_second_derivation_must_agree(monkeypatch):
    """If embit, from the descriptor's text, finds another script, no vault is made."""
    assert twice_derived_address(VAULT) == VAULT.address(RECEIVE, 0)
    monkeypatch.setattr(vault_module, "multisig", lambda m, keys: b"\x51" + b"".join(keys))
    with pytest.raises(SelfTestFailed, match="differ"):
        make_vault(2, 3)


def test_branch_descriptors_are_for_old_nodes():
    """Bitcoin Core 28 knows no `<0;1>`: one descriptor a branch, with its own checksum."""
    assert VAULT.form.branch_text(RECEIVE).endswith("/0/*))#62gqvwhh")
    assert VAULT.form.branch_text(CHANGE).endswith("/1/*))#llr6jg8l")


def test_an_envelope_carries_the_vault():
    """The file is DSSE: payload in base64, no signature needed."""
    data = Envelope.wrap("vault", VAULT.payload).to_bytes()
    assert base64.b64decode(json.loads(data)["payload"]) == VAULT.payload
    assert Vault.parse(Envelope.parse(data, kind="vault").payload) == VAULT
