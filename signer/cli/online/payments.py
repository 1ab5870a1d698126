"""`ADDRESS:AMOUNT[:BENEFICIARY[:LABEL]]`: one payment as people type it.

One word holds all of it, so that with many payments no name can slip to another address.
"""

from collections.abc import Sequence

from policies.withdrawal import Payment
from signer.build.typed import parse_amount, typed_address
from signer.cli import show
from signer.cli.naming import named
from signer.core import coins
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
    prefix = text[: text.find(":")].strip().lower()
    is_prefix = prefix in {
        one.cashaddr for one in coins.coin(coin).networks.values() if one.cashaddr
    }
    address, *rest = (part.strip() for part in text.split(":", _PARTS - 1 + is_prefix))
    if is_prefix:
        address, *rest = f"{address}:{rest[0]}", *rest[1:]
    if not rest:
        raise BadInput(
            "no amount",
            fault=Fault.OFFICER,
            expected=SYNTAX,
            hint="for instance bc1q...:0.25BTC:'Hot wallet':'refill of 3 May'",
        )
    typed = typed_address(address, coin, network)
    if typed.warning:
        show.note(typed.warning)
    amount = parse_amount(rest[0], coin)
    if amount == 0:
        raise BadInput(
            "an amount of nothing",
            fault=Fault.OFFICER,
            expected="1 sat or more",
            hint="leave this payment out, or say how much",
        )
    beneficiary, label = (part or UNSAID for part in (*rest[1:], "", "")[:2])
    return Payment(typed.address, amount, beneficiary, label)
