"""The coordinator pays itself instead of the payee that the officers approved."""

from defences import paid, refused, stolen


def swap(world, thief_script):
    """An honest bundle whose payment goes elsewhere."""

    def tamper(draft):
        draft.outputs[0].script = thief_script

    return world.bundle(tamper=tamper)


def test_a_swapped_destination_is_refused(either):
    """Step 7 compares whole scripts and amounts with the approved payments."""
    problem = refused(
        either,
        swap(either, either.foreign_script()),
        7,
        "transaction.payments",
        hint="do not trust this coordinator",
    )
    assert either.payment().address in problem.expected
    assert "bcrt1q" in problem.found


def test_without_that_rule_the_money_is_gone(either, tmp_path):
    """Two signers sign, and consensus pays the thief."""
    thief = either.foreign_script()
    tx = stolen(either, swap(either, thief), tmp_path, "transaction.payments")
    assert paid(tx, thief) == either.payment().amount


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(swap(world, world.foreign_script()), 7, "transaction.payments")
