"""Earlier withdrawals, spends of every purpose, and rules read from a few lines of TOML."""

import tomllib
from functools import cache

from policy_world import ADDRESS, BTC, SCRIPT, approved, spend, withdrawal

from policies.envelope import Envelope
from policies.quorum import Tally, Votes
from policies.rules import RULES
from policies.spend import Output
from policies.strict_json import Fields
from policies.withdrawal import ApprovedWithdrawal, Payment

OTHER = "bcrt1qother"
OTHER_SCRIPT = bytes.fromhex("0014" + "11" * 20)
SCRIPTS = {ADDRESS: SCRIPT, OTHER: OTHER_SCRIPT}


def rule(name, text):
    """Read one rule as a policy would."""
    return RULES[name].parse(Fields({name: tomllib.loads(text)}, "policy.rules", (name,)))


def payment(amount, address=ADDRESS):
    """Give a payment."""
    return Payment(address, amount, "Acme", "a wallet")


def earlier(height, *amounts, address=ADDRESS, purpose="payment", **changes):
    """Give an earlier withdrawal, paid or not."""
    payments = tuple(payment(amount, address) for amount in amounts)
    return withdrawal(height=height, payments=payments, purpose=purpose, **changes)


def proposed(*amounts, address=ADDRESS, votes=None, **changes):
    """Give a spend of a withdrawal that pays some amounts to an address; changes are its fields."""
    fields = {"height": 1000, "expiry": 1100, "sequence": 2, "previous": "0" * 64, **changes}
    about_spend = {
        key: fields.pop(key)
        for key in (
            "history",
            "fee",
            "vsize",
            "wallets",
            "clock",
            "inputs",
            "change",
            "lock_time",
            "evidence",
        )
        if key in fields
    }
    document = withdrawal(payments=tuple(payment(a, address) for a in amounts), **fields)
    approval = replace_withdrawal(_approved(), document)
    if votes is not None:
        object.__setattr__(approval, "votes", votes)
    outputs = tuple(Output(address, SCRIPTS.get(address, b"\x51"), a) for a in amounts)
    about_spend.setdefault("height", about_spend.pop("lock_time", document.height))
    return spend(approval, **{"externals": outputs, "history": (earlier(0, 1),), **about_spend})


@cache
def _approved():
    return approved()


def replace_withdrawal(approval, document):
    """Give an approval of another document: rules do not look at signatures."""
    clone = object.__new__(ApprovedWithdrawal)
    values = {"withdrawal": document, "envelope": Envelope.wrap("withdrawal", document.payload)}
    for name in ("votes", "policy"):
        values[name] = getattr(approval, name)
    for name, value in values.items():
        object.__setattr__(clone, name, value)
    return clone


def votes(**signed):
    """Give the votes of some roles."""
    return Votes(tuple(Tally(role, 1, names, names) for role, names in signed.items()))


__all__ = ["ADDRESS", "BTC", "OTHER", "OTHER_SCRIPT", "SCRIPT", "earlier", "payment", "proposed"]
__all__ += ["rule", "votes"]
