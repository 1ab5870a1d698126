"""Withdrawals that are no payments: joining small coins, and moving money within the house."""

from house import ALICE, BOB, CAROL, House

from policies.quorum import Demand
from policies.rules import Consolidation, Destinations, Internal
from policies.rules.destinations import Entry, Group
from signer.core.names import Height, Sats
from signer.core.psbt import Psbt

TWO = (Demand("approvers", 2),)


def ask(house, purpose, file, *options):
    """Ask for a withdrawal of some purpose."""
    return (
        f"coldquorum request new --vault {house.vault} --purpose {purpose} --why housekeeping "
        f"--initiator dave --regtest -o {file} {' '.join(options)}"
    )


def test_small_coins_are_joined(tmp_path):
    """As many as the policy allows, the smallest first, into one coin of the vault."""
    house = House(tmp_path, Consolidation(3, Sats(20_000), 100, TWO))
    house.fund("0.01BTC", "0.02BTC", "0.03BTC", "0.5BTC")
    both = ask(house, "consolidation", "c1.json", f"--to {house.world.payment().address}:5000")
    assert house.coordinator.runs(both).code == 2
    asked = house.coordinator.does(ask(house, "consolidation", "c1.json"))
    assert (asked["purpose"], asked["total"], asked["fee_ceiling"]) == ("consolidation", 0, 20_000)
    built = house.build(house.approve("c1.json", ALICE, BOB), "c1.psbt")
    assert (built["inputs"], built["payments"]) == (3, [])
    assert built["change"]["amount"] == 6_000_000 - built["fee"]
    house.finish(house.sign("c1.psbt", ALICE, CAROL), "c1.hex")
    house.send("c1.hex")
    house.mine()
    assert house.status("treasury/1")["transaction"]["confirmations"] == 1


def test_an_internal_move_goes_to_the_house_s_own_wallets(tmp_path):
    """More than any payment may be, and to nobody else."""
    world = House(tmp_path / "other").world
    other = world.payment(payee=7).address
    group = Group((Entry(other, 0, Height(0)),), (), internal=True)
    house = House(
        tmp_path / "house",
        Destinations("any", {"cold": group}),
        Internal(5, Sats(20_000), 100, TWO, Sats(900_000_000)),
    )
    house.fund("3BTC")
    stranger = ask(house, "internal", "i1.json", f"--to {world.payment().address}:2BTC")
    house.coordinator.does(stranger)
    build = f"coldquorum build {house.approve('i1.json', ALICE, BOB)} -o i1.psbt --regtest"
    assert house.coordinator.refused(f"{build} --fee-rate 2") == [(8, "destinations.internal")]
    house.mine(150)
    house.coordinator.does(ask(house, "internal", "i2.json", f"--to {other}:2BTC"))
    built = house.build(house.approve("i2.json", ALICE, BOB), "i2.psbt")
    assert (built["purpose"], built["total"]) == ("internal", 200_000_000)
    tx = Psbt.parse((house.folder / "i2.psbt").read_bytes()).tx
    assert 200_000_000 in [output.amount for output in tx.outputs]
    house.sign("i2.psbt", ALICE, BOB)
