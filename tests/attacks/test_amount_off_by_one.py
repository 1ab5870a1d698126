"""The payee gets one satoshi more or less than was approved: no amount is too small to be asked."""

import pytest
from defences import paid, refused, stolen

from signer.core.amounts import format_amount


@pytest.fixture(params=[1, -1])
def shifted(world, request):
    """An honest bundle but for one satoshi between the payment and the change."""

    def tamper(draft):
        draft.outputs[0].amount += request.param
        draft.outputs[1].amount -= request.param

    return world.payment().amount + request.param, world.bundle(tamper=tamper)


def test_one_satoshi_is_refused(world, shifted):
    """Step 7 has no tolerance, and shows both amounts with all their digits."""
    amount, raw = shifted
    problem = refused(world, raw, 7, "transaction.payments", hint="do not trust this coordinator")
    assert "0.003 000 00 BTC" in problem.expected
    assert format_amount(amount, "BTC") in problem.found


def test_without_that_rule_it_is_paid(world, shifted, tmp_path):
    """Two signers sign, and consensus takes it."""
    amount, raw = shifted
    tx = stolen(world, raw, tmp_path, "transaction.payments")
    assert paid(tx, world.foreign_script(1)) == amount
