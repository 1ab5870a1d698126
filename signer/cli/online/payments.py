"""`ADDRESS:AMOUNT[:BENEFICIARY[:LABEL]]`: one payment as people type it.

One word holds all of it, so that with many payments no name can slip to another address.
"""

from collections.abc import Sequence

from policies.withdrawal import Payment
from signer.build.typed import parse_address, parse_amount
from signer.cli.naming import named
from signer.core.errors import BadInput, Fault

SYNTAX = "ADDRESS:AMOUNT[:BENEFICIARY[:LABEL]]"
UNSAID = "not stated"
_PARTS = 4


def read_payments(texts: Sequence[str], coin: str, network: str) -> tuple[Payment, ...]:
    """Read payments; addresses come back in the form that documents hold.

    Raises:
        BadInput: an address or an amount that is not one. It tells which payment, and does not
            quote it: somebody may have pasted a private key.
    """
    payments = []
    for number, text in enumerate(texts, 1):
        with named(f"payment {number}"):
            payments.append(_payment(text, coin, network))
    return tuple(payments)


def _payment(text: str, coin: str, network: str) -> Payment:
    """Read one; whatever follows the third colon is the label, colons included."""
    address, *rest = (part.strip() for part in text.split(":", _PARTS - 1))
    if not rest:
        raise BadInput(
            "no amount",
            fault=Fault.OFFICER,
            expected=SYNTAX,
            hint="for instance bc1q...:0.25BTC:'Hot wallet':'refill of 3 May'",
        )
    usual = parse_address(address, coin, network)
    amount = parse_amount(rest[0], coin)
    if amount == 0:
        raise BadInput(
            "an amount of nothing",
            fault=Fault.OFFICER,
            expected="1 sat or more",
            hint="leave this payment out, or say how much",
        )
    beneficiary, label = (part or UNSAID for part in (*rest[1:], "", "")[:2])
    return Payment(usual, amount, beneficiary, label)
