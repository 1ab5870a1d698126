"""A coordinator's desk made by the library: a vault, a signed policy, coins, a fake chain."""

from dataclasses import replace
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.envelope import Envelope
from policies.epochs import trust_first
from policies.policy import Policy
from policies.withdrawal import Anchor, Payment, Withdrawal, approve_check
from signer.build.draft import draft
from signer.build.policy_source import read_toml, template
from signer.build.vault import create_vault
from signer.chain.chain import BlockHash, FeeRate, Tip, UnspentCoin
from signer.core import coins, secp
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.descriptor import VaultKey, bip48_path
from signer.core.names import Height, Sats, Txid
from signer.core.psbt import PartialSig, with_partial_sigs
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import VaultSigner
from signer.settle.combine import Source, combine
from signer.settle.finalize import finalize

OFFICERS = ("alice", "bob", "carol")
ADDRESS = "bcrt1qz3w6x69hg4j3na3dpj5zy8alvemhrzjya70nrl"
HEIGHT = Height(200)


@cache
def officer(name):
    """An officer's approval key."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


@cache
def vault(name="treasury"):
    """A 2-of-3 vault on regtest."""
    network = coins.network("BTC", "regtest")
    path = bip48_path(network, "p2wsh")
    keys, signers = [], []
    for person in OFFICERS:
        root = ExtendedPrivateKey.from_seed(sha256(f"{name} {person}".encode()).digest())
        keys.append(VaultKey(Origin(root.fingerprint, path), root.derive_path(path).public()))
        signers.append(VaultSigner(person, root.fingerprint, "enforcing"))
    return create_vault(
        name=name,
        coin="BTC",
        network="regtest",
        script_type="p2wsh",
        threshold=2,
        keys=keys,
        signers=signers,
        birth_height=0,
    )


@cache
def policy():
    """A first policy: two of three for everything."""
    keys = {name: officer(name).public_key().public_bytes_raw().hex() for name in OFFICERS}
    text = template(coin="BTC", network="regtest", vault=vault().id, officers=keys)
    return read_toml(text)


def signed(document, *names):
    """An envelope of a document, signed by officers."""
    kind = {Policy: "policy", Withdrawal: "withdrawal"}.get(type(document), "vault")
    envelope = Envelope.wrap(kind, document.payload)
    for name in names:
        envelope = envelope.signed(officer(name))
    return envelope


def next_policy(before):
    """The epoch after, otherwise the same."""
    return replace(before, epoch=before.epoch + 1, previous=before.id)


def withdrawal(sequence=1, previous=None, *, anchor=1, **changes):
    """A withdrawal; its anchor is the coin of that number."""
    place = coin(anchor, 0).outpoint
    fields = {
        "coin": "BTC",
        "network": "regtest",
        "vault": vault().id,
        "policy": policy().id,
        "sequence": sequence,
        "previous": previous,
        "initiator": "carol",
        "why": "rent",
        "payments": (Payment(ADDRESS, Sats(1_000), "landlord", "rent"),),
        "fee_ceiling": Sats(1_000),
        "height": HEIGHT,
        "expiry": Height(HEIGHT + 100),
        "anchor": Anchor(place.txid, place.vout),
    }
    return Withdrawal(**(fields | changes))


def coin(number, amount):
    """A confirmed coin of the vault, told apart by its number."""
    return UnspentCoin(
        outpoint=OutPoint(Txid(f"{number:064x}"), 0),
        amount=Sats(amount),
        script=vault().script(0, number).script_pubkey,
        branch=0,
        index=number,
        height=Height(100),
        coinbase=False,
    )


def tip(height=HEIGHT):
    """A last block."""
    return Tip(Height(height), BlockHash("ab" * 32))


class UsedIndexes:
    """A chain that is asked for nothing but the change addresses that were used."""

    def __init__(self, *used):
        self.used = frozenset(used)

    def used_indexes(self, vault, branch):
        """Those of the change branch."""
        return self.used if branch == 1 else frozenset()


@cache
def _built():
    """A draft of the first withdrawal, and the previous transaction of its coin."""
    script = vault().script(0, 0).script_pubkey
    source = TxIn(OutPoint(Txid("11" * 32), 0), b"", 0xFFFFFFFF)
    previous = Transaction(2, (source,), (TxOut(Sats(100_000), script),), 0)
    spent = UnspentCoin(
        outpoint=OutPoint(previous.txid, 0),
        amount=Sats(100_000),
        script=script,
        branch=0,
        index=0,
        height=Height(100),
        coinbase=False,
    )
    asked = replace(withdrawal(), anchor=Anchor(previous.txid, 0))
    envelope = signed(asked, "alice", "bob")
    trusted = trust_first(signed(policy(), "alice", "bob"))
    return draft(
        vault(),
        approve_check(envelope, policy()),
        predecessors=(),
        trusted=trusted,
        policies=(trusted.envelope,),
        coins=(spent,),
        previous=lambda coin: previous.to_bytes(),
        fee_rate=FeeRate(2000),
        change_index=0,
        tip=HEIGHT,
    )


def _with_signatures(names):
    """The draft, signed by officers with our own library."""
    facts = _built().checked.facts
    (coin,) = facts.inputs
    signatures = []
    for key in coin.script.keys:
        for name in names:
            root = ExtendedPrivateKey.from_seed(sha256(f"treasury {name}".encode()).digest())
            if root.fingerprint == key.fingerprint:
                secret = root.derive_path(key.path).secret
                der = secp.sign_ecdsa(coin.digest, secret)
                signatures.append(PartialSig(key.pubkey, der + b"\x01"))
    return with_partial_sigs(facts.psbt, {0: signatures})


def settled(store):
    """Put a built withdrawal into a store; gives its unsigned PSBT and the final transaction."""
    built = _built()
    facts = built.checked.facts
    store.add_withdrawal(facts.documents.withdrawal)
    store.add_draft(facts.withdrawal.id, built.raw, [facts.inputs[0].coin], 0)
    raw = _with_signatures(("alice", "carol"))
    return built.raw, finalize(combine([Source("signed", raw)], vault()))


def signed_psbt(store, folder):
    """The signed PSBT of that withdrawal, as a file."""
    path = folder / "signed.psbt"
    path.write_bytes(_with_signatures(("alice", "carol")))
    return path
