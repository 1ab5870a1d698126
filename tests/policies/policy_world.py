"""A small custody house in memory: officers with real keys, a policy, withdrawals, spends.

Everything goes through the public interface; the keys are derived from the officers' names, so
that every run sees the same documents.
"""

import json
from dataclasses import replace
from functools import cache
from hashlib import sha256
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.envelope import Envelope
from policies.policy import Policy
from policies.quorum import Demand, Role
from policies.rules import Amounts, Approvals, Fees, Shape, Timing
from policies.rules.approvals import Tier
from policies.spend import Output, Spend, SpentCoin
from policies.withdrawal import Anchor, Payment, Withdrawal, approve_check

VAULT = sha256(b"vault").hexdigest()
OTHER_ID = sha256(b"other").hexdigest()
TXID = sha256(b"coin").hexdigest()
ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
SCRIPT = bytes.fromhex("0014751e76e8199196d454941c45d1b3a323f1433bd6")
OFFICERS = ("alice", "bob", "carol")
BTC = 100_000_000


def key(name):
    """Give an officer's private key."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def key_id(name):
    """Give an officer's key id."""
    return key(name).public_key().public_bytes_raw().hex()


def policy(**changes):
    """Give a policy in which two of three officers act in each role; changes replace its fields."""
    usual = Policy(
        vault=VAULT,
        coin="BTC",
        network="regtest",
        epoch=1,
        previous=None,
        activation_height=100,
        loosening_delay=0,
        officers=MappingProxyType({name: key_id(name) for name in OFFICERS}),
        roles=MappingProxyType({name: Role(name, OFFICERS, 2) for name in ("admins", "approvers")}),
        rules=(
            Amounts(BTC),
            Fees(100_000, 100),
            Approvals((Tier(None, (Demand("approvers", 2),)),)),
            Shape(100, ("p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr")),
            Timing(144),
        ),
        proposed_height=100,
    )
    return replace(usual, **changes)


@cache
def policy_id():
    """Give the id of the unchanged policy."""
    return policy().id


def withdrawal(under=None, **changes):
    """Give a withdrawal of 0.5 BTC under a policy; changes replace its fields."""
    fields = {
        "coin": "BTC",
        "network": "regtest",
        "vault": VAULT,
        "policy": under.id if under else policy_id(),
        "sequence": 1,
        "previous": None,
        "initiator": "dave",
        "why": "hot wallet refill",
        "payments": (Payment(ADDRESS, BTC // 2, "Acme", "hot wallet"),),
        "fee_ceiling": 20_000,
        "height": 200,
        "expiry": 300,
        "anchor": Anchor(TXID, 1),
    }
    return Withdrawal(**{**fields, **changes})


def sign(kind, payload, *names):
    """Give an envelope with the named officers' signatures."""
    envelope = Envelope.wrap(kind, payload)
    for name in names:
        envelope = envelope.signed(key(name))
    return envelope


def approved(document=None, under=None, names=("alice", "bob")):
    """Give an approved withdrawal."""
    document = document or withdrawal(under)
    return approve_check(sign("withdrawal", document.payload, *names), under or policy())


def spend(approval=None, **changes):
    """Give the spend that fulfils an approved withdrawal exactly; changes replace its fields."""
    approval = approval or approved()
    wanted = approval.withdrawal
    fields = {
        "coin": wanted.coin,
        "network": wanted.network,
        "vault": wanted.vault,
        "height": wanted.height,
        "inputs": (SpentCoin(TXID, 1, 2 * BTC),),
        "externals": tuple(Output(p.address, SCRIPT, p.amount) for p in wanted.payments),
        "change": (Output("bcrt1qchange", b"\x00\x14change", BTC),),
        "fee": 10_000,
        "vsize": 200,
        "withdrawal": approval,
        "history": (),
    }
    return Spend(**{**fields, **changes})


def rules_of(refusals):
    """Give the names of the rules that refused."""
    return [refusal.rule for refusal in refusals]


def raw(**changes):
    """Give a withdrawal's payload with some fields replaced; `...` leaves one out."""
    table = {**json.loads(withdrawal().payload), **changes}
    return json.dumps({k: v for k, v in table.items() if v is not ...}).encode()


def special(purpose, **changes):
    """Give a withdrawal that pays nobody."""
    voids = OTHER_ID if purpose == "void" else None
    return withdrawal(**{"purpose": purpose, "payments": (), "voids": voids, **changes})
