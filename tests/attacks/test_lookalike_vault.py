"""A vault that looks like ours: our fingerprints, our paths, our names, and the thief's keys.

A fingerprint is four bytes: another key with the same one takes minutes to find. If officers enrol
such a vault and the treasury is paid into it, the thief needs nobody.
"""

import json
from dataclasses import replace

import pytest
from alices_machine import Program
from coldsign_terminal import coldsign
from defences import instead, refused
from world import NAMES, World

from policies.envelope import Envelope
from signer.build.vault import create_vault
from signer.core import secp
from signer.core.descriptor import VaultKey
from signer.core.errors import BadInput
from signer.core.names import Sats, Txid
from signer.core.sighash import ALL, Bip143
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import RECEIVE, Vault
from signer.settle import consensus
from signer.sign.softkey import SoftKey


def lookalike(world, thief, stolen=NAMES):
    """Our vault with the thief's extended keys under some officers' origins."""
    keys = [
        VaultKey(ours.origin, theirs.xpub if signer.officer in stolen else ours.xpub)
        for ours, theirs, signer in zip(
            world.vault.keys, thief.vault.keys, world.vault.signers, strict=True
        )
    ]
    return create_vault(
        name=world.vault.name,
        coin="BTC",
        network="regtest",
        script_type="p2wsh",
        threshold=2,
        keys=keys,
        signers=world.vault.signers,
        birth_height=0,
    )


@pytest.fixture(scope="module")
def fake(world, thief):
    """Two of three keys are the thief's; carol's is hers."""
    return lookalike(world, thief, ("alice", "bob"))


def by_fingerprint(root, vault):
    """How a careless signer finds its key in a vault."""
    key = next(k for k in vault.keys if k.origin.fingerprint == root.fingerprint)
    account = root.derive_path(key.origin.path)
    branches = account.derive(0), account.derive(1)
    return SoftKey(root.fingerprint, branches, vault.sighash, schnorr=False)


def test_it_looks_the_same(world, fake):
    """Name, officers, fingerprints, paths, threshold: all but keys, id and addresses."""
    assert [k.origin for k in fake.keys] == [k.origin for k in world.vault.keys]
    assert (fake.name, fake.signers, fake.threshold) == (
        world.vault.name,
        world.vault.signers,
        world.vault.threshold,
    )
    assert fake.id != world.vault.id
    assert fake.address(RECEIVE, 0) != world.vault.address(RECEIVE, 0)


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_signer_whose_key_is_exchanged_refuses(world, fake, name):
    """The whole extended key is compared, not the fingerprint."""
    with pytest.raises(BadInput) as caught:
        SoftKey.of(world.officers[name].root, fake)
    assert caught.value.found == "another extended key under this fingerprint"
    assert "do not use this vault" in caught.value.hint
    assert by_fingerprint(world.officers[name].root, fake).fingerprint


def test_a_signer_whose_key_is_there_cannot_tell(world, fake):
    """Carol's own key is right: that is why officers compare the vault id, in full."""
    assert SoftKey.of(world.officers["carol"].root, fake).fingerprint


def test_what_is_paid_into_it_is_the_thiefs(world, thief, fake):
    """Two of the thief's keys spend it, and Bitcoin Core's consensus takes that."""
    script = fake.script(RECEIVE, 0)
    spent = TxOut(Sats(1_000_000), script.script_pubkey)
    source = TxIn(OutPoint(Txid("11" * 32), 0), b"", 0xFFFF_FFFF)
    tx = Transaction(2, (source,), (TxOut(Sats(999_000), world.foreign_script()),), 0)
    digest = Bip143(tx).digest(0, script.witness_script, spent.amount)
    found = {}
    for name in ("alice", "bob"):
        secret = SoftKey.of(thief.officers[name].root, thief.vault).branches[RECEIVE]
        child = secret.derive(0).secret
        found[secp.public_key(child)] = secp.sign_ecdsa(digest, child) + bytes((ALL,))
    signatures = [found[key.pubkey] for key in script.keys if key.pubkey in found]
    whole = replace(
        tx, inputs=(source._replace(witness=(b"", *signatures, script.witness_script)),)
    )
    assert consensus.verify(whole, [spent], "BTC").verified


def test_a_bundle_for_it_is_refused(world, fake):
    """Step 2: it has another id, and is not enrolled."""
    other = World()
    other.vault = fake
    other.policy = replace(other.policy, vault=fake.id)
    other.policy_envelope = other.admit(other.policy)
    other.coins = [other.coin(RECEIVE, 0)]
    envelope = other.approve(other.withdrawal())
    problem = refused(
        world, other.bundle(envelope), 2, "vault.enrolled", hint="compare the vault id"
    )
    assert problem.found == fake.id


def test_the_program_does_not_enrol_it(world, fake, tmp_path):
    """The real `coldsign enrol`: exit code 4, nothing pinned. A careless one would pin it."""
    program = Program(world, tmp_path / "home")
    policy = world.admit(replace(world.policy, vault=fake.id))
    (tmp_path / "vault.json").write_bytes(Envelope.wrap("vault", fake.payload).to_bytes())
    (tmp_path / "policy.json").write_bytes(policy.to_bytes())
    before = (program.home / "journal.jsonl").read_bytes()
    ended = coldsign(
        *("enrol", tmp_path / "vault.json", "--policy", tmp_path / "policy.json"),
        *("--key", "alice", "--yes", "--json"),
        *("--home", program.home, "--passphrase-file", program.secret),
    )
    assert ended.code == 4, ended.err
    error = json.loads(ended.out)["error"]
    assert error["what"] == "the vault does not hold this key"
    assert error["fault"] == "coordinator"
    assert (program.home / "journal.jsonl").read_bytes() == before
    with instead(SoftKey, "of", staticmethod(by_fingerprint)):
        key = SoftKey.of(world.officers["alice"].root, fake)
    state = world.state(tmp_path / "careless", "carol")
    state.enrol(
        Envelope.wrap("vault", fake.payload), [policy], key="alice", fingerprint=key.fingerprint
    )
    assert fake.id in state.vaults


def test_one_key_twice_is_unreadable(world):
    """Two origins, one key: one person would be a quorum."""
    keys = [k._replace(xpub=world.vault.keys[0].xpub) for k in world.vault.keys]
    with pytest.raises(BadInput, match="the same key twice"):
        create_vault(
            name="treasury",
            coin="BTC",
            network="regtest",
            script_type="p2wsh",
            threshold=2,
            keys=keys,
            signers=world.vault.signers,
            birth_height=0,
        )


def test_a_vault_document_that_was_altered_is_another_vault(world):
    """Any byte: the id is over the bytes, and the descriptor's checksum besides."""
    payload = world.vault.payload.replace(b"sortedmulti(2,", b"sortedmulti(1,")
    assert payload != world.vault.payload
    with pytest.raises(BadInput, match="checksum"):
        Vault.parse(payload)
