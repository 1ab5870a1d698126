"""One payment as people type it."""

import pytest
from coordinators_desk import ADDRESS

from signer.cli.online.payments import read_payments
from signer.core.errors import BadInput


def read(*texts):
    """Read payments on regtest."""
    return read_payments(texts, "BTC", "regtest")


def test_address_amount_beneficiary_and_label():
    """The label is whatever follows the third colon, colons included."""
    (payment,) = read(f"{ADDRESS}:0.5BTC: Bob & Co. :invoice 7: May, 2024")
    assert payment.address == ADDRESS
    assert payment.amount == 50_000_000
    assert payment.beneficiary == "Bob & Co."
    assert payment.label == "invoice 7: May, 2024"


def test_what_is_not_said_is_said_to_be_so():
    """A document has no empty field; officers read that nothing was stated."""
    (payment,) = read(f"{ADDRESS}:1000")
    assert (payment.beneficiary, payment.label) == ("not stated", "not stated")
    (payment,) = read(f"{ADDRESS}:1000::label only")
    assert (payment.beneficiary, payment.label) == ("not stated", "label only")


def test_an_address_from_a_qr_code_is_written_as_usual():
    """Upper case is legal in bech32; documents and policies hold one form only."""
    (payment,) = read(f"{ADDRESS.upper()}:1000")
    assert payment.address == ADDRESS


def test_each_payment_keeps_its_own_words():
    """With several payments, each keeps its beneficiary."""
    payments = read(f"{ADDRESS}:1:a", f"{ADDRESS}:2:b", f"{ADDRESS}:3:c")
    assert [(p.amount, p.beneficiary) for p in payments] == [(1, "a"), (2, "b"), (3, "c")]


@pytest.mark.parametrize(
    "text", [ADDRESS, f"{ADDRESS}:", f"{ADDRESS}:0", f"{ADDRESS}:0.5", f"x{ADDRESS}:5", ":5"]
)
def test_the_wrong_one_is_named_by_its_number(text):
    """The second of three payments is wrong: it says so, and does not quote it."""
    with pytest.raises(BadInput, match=r"^payment 2: ") as caught:
        read(f"{ADDRESS}:1", text, f"{ADDRESS}:2")
    assert ADDRESS not in str(caught.value)
    assert caught.value.hint
