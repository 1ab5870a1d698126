"""A vault on regtest with keys made here, coins, a policy, and an approved withdrawal."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.envelope import Envelope
from policies.epochs import TrustedPolicy, trust_first
from policies.withdrawal import Anchor, ApprovedWithdrawal, Payment, Withdrawal, approve_check
from signer.build.draft import Draft, draft
from signer.build.policy_source import read_toml, template
from signer.build.vault import create_vault
from signer.chain.chain import FeeRate, UnspentCoin
from signer.core import coins as coin_table
from signer.core import schnorr, secp
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.descriptor import VaultKey, bip48_path
from signer.core.names import Height, Sats, Txid
from signer.core.psbt import PartialSig, Psbt, with_partial_sigs
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import Vault, VaultSigner

NAMES = (
    *("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"),
    *("ivan", "judy", "kim", "leo", "mia", "nick", "olga"),
)
HEIGHT, EXPIRY = Height(200), Height(300)


def officer(name):
    """Make an officer's approval key."""
    return Ed25519PrivateKey.from_private_bytes(sha256(f"officer {name}".encode()).digest())


@cache
def root(name):
    """Make a signer's master key."""
    return ExtendedPrivateKey.from_seed(sha256(f"signer {name}".encode()).digest())


@dataclass(frozen=True)
class World:
    """What a coordinator has: vault, policy, coins and their transactions."""

    vault: Vault
    trusted: TrustedPolicy
    coins: tuple[UnspentCoin, ...]
    transactions: dict[Txid, bytes]

    def approved(self, *amounts, names=("bob", "carol"), **changes) -> ApprovedWithdrawal:
        """Request a payment of each amount, and let officers approve."""
        anchor = self.coins[0].outpoint
        fields = {
            "coin": self.vault.coin,
            "network": self.vault.network,
            "vault": self.vault.id,
            "policy": self.trusted.policy.id,
            "sequence": 1,
            "previous": None,
            "initiator": "alice",
            "why": "test",
            "payments": tuple(
                Payment(outside(number, self.vault.coin), Sats(amount), "somebody", "cold")
                for number, amount in enumerate(amounts)
            ),
            "fee_ceiling": Sats(500_000),
            "height": HEIGHT,
            "expiry": EXPIRY,
            "anchor": Anchor(anchor.txid, anchor.vout),
        }
        withdrawal = Withdrawal(**(fields | changes))
        envelope = Envelope.wrap("withdrawal", withdrawal.payload)
        for name in names:
            envelope = envelope.signed(officer(name))
        return approve_check(envelope, self.trusted.policy)

    def draft(self, *amounts, rate=5000, **changes) -> Draft:
        """Build a withdrawal that pays these amounts."""
        arguments = {
            "predecessors": (),
            "trusted": self.trusted,
            "policies": (self.trusted.envelope,),
            "coins": self.coins,
            "previous": lambda coin: self.transactions[coin.outpoint.txid],
            "fee_rate": FeeRate(rate),
            "change_index": 0,
            "tip": HEIGHT,
        }
        return draft(self.vault, self.approved(*amounts), **(arguments | changes))

    def sign(self, raw, *names):
        """Let officers sign every input with our own library, one file for all."""
        psbt = Psbt.parse(raw)
        vault, digests, signatures = self.vault, self.vault.digests(psbt.tx), {}
        sign = {"ecdsa": secp.sign_ecdsa, "schnorr": schnorr.sign}[vault.scheme.name]
        for at, said in enumerate(psbt.inputs):
            amount = said.previous_tx.output(psbt.tx.inputs[at].outpoint.vout).amount
            code = said.witness_script or said.redeem_script
            digest = digests.digest(at, code, amount, vault.sighash)
            for origin in said.derivations:
                for name in names:
                    if root(name).fingerprint == origin.fingerprint:
                        key = signing_key(name, origin.path)
                        made = sign(digest, key.secret) + bytes((vault.sighash,))
                        signature = PartialSig(origin.pubkey, made)
                        signatures.setdefault(at, []).append(signature)
        return with_partial_sigs(psbt, signatures)


@cache
def account(name, path):
    """Derive the hardened part of a path."""
    return root(name).derive_path(path)


def signing_key(name, path):
    """Derive the private key at a path."""
    return account(name, path[:-2]).derive_path(path[-2:])


def outside(number, coin="BTC"):
    """Give an address that is not the vault's: P2WPKH on regtest, P2PKH without segwit."""
    from signer.core.address import address_of

    program = sha256(f"outside {number}".encode()).digest()[:20]
    segwit = address_of(b"\x00\x14" + program, coin, "regtest")
    return segwit or address_of(b"\x76\xa9\x14" + program + b"\x88\xac", coin, "regtest")


@cache
def world(
    script_type="p2wsh",
    threshold=2,
    count=3,
    amounts=(400_000, 300_000, 200_000),
    tag="",
    *,
    coin="BTC",
    scheme="ecdsa",
) -> World:
    """Make a vault of so many keys, paid these amounts, two coins a transaction."""
    network = coin_table.network(coin, "regtest")
    path = bip48_path(network, script_type)
    names = NAMES[:count]
    vault = create_vault(
        name=f"small{tag}",
        coin=coin,
        network="regtest",
        script_type=script_type,
        threshold=threshold,
        keys=[
            VaultKey(Origin(root(name).fingerprint, path), account(name, path).public())
            for name in names
        ],
        signers=[VaultSigner(name, root(name).fingerprint, "enforcing") for name in names],
        birth_height=1,
        scheme=scheme,
    )
    people = {name: officer(name).public_key().public_bytes_raw().hex() for name in NAMES[:3]}
    policy = read_toml(template(coin=coin, network="regtest", vault=vault.id, officers=people))
    envelope = Envelope.wrap("policy", policy.payload)
    for name in NAMES[:2]:
        envelope = envelope.signed(officer(name))
    coins, transactions = [], {}
    for start in range(0, len(amounts), 2):
        paid = amounts[start : start + 2]
        outputs = [
            TxOut(Sats(amount), vault.script(0, start + at).script_pubkey)
            for at, amount in enumerate(paid)
        ]
        # A witness, as real transactions have: its bytes must not enter the id.
        source = OutPoint(Txid(sha256(f"source {start}".encode()).hexdigest()), 7)
        inputs = (TxIn(source, b"", 0xFFFF_FFFF, (b"\x01" * 71, b"\x02" * 33)),)
        tx = Transaction(2, inputs, tuple(outputs), 0)
        transactions[tx.txid] = tx.to_bytes()
        coins += [
            UnspentCoin(
                outpoint=OutPoint(tx.txid, at),
                amount=output.amount,
                script=output.script,
                branch=0,
                index=start + at,
                height=Height(100),
                coinbase=False,
            )
            for at, output in enumerate(outputs)
        ]
    return World(vault, trust_first(envelope), tuple(coins), transactions)
