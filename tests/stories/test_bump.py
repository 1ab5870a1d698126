"""A fee that was too low: the same withdrawal in another transaction, and only one confirms."""

from house import ALICE, BOB, House

from signer.chain.whole import parse_transaction
from signer.core.psbt import Psbt


def inputs(house: House, psbt: str) -> set[tuple[str, int]]:
    """The outpoints that a PSBT spends."""
    tx = Psbt.parse((house.folder / psbt).read_bytes()).tx
    return {(txin.outpoint.txid, txin.outpoint.vout) for txin in tx.inputs}


def test_withdraw_bump_and_confirm_only_one(house):
    """Sent, stuck, outbid: nodes take the second in place of the first, and never both."""
    house.fund("1BTC", "0.4BTC")
    asked = house.request("w1.json")
    files = house.approve("w1.json", ALICE, BOB)
    first = house.build(files, "w1.psbt")
    old = house.finish(house.sign("w1.psbt", ALICE, BOB), "w1.hex")
    assert house.send("w1.hex")["in_mempool"]

    # less than the node would take, more than the officers approved, and what fits
    bump = "coldquorum bump treasury/1 --regtest -o bumped.psbt"
    assert "higher rate" in house.coordinator.fails(f"{bump} --fee-rate 2", 4)["what"]
    assert house.coordinator.refused(f"{bump} --fee-rate 90") == [(8, "fees.approved")]
    second = house.coordinator.does(bump)
    assert (second["withdrawal"], second["sequence"]) == (asked["id"], 1)
    assert first["fee"] + first["vsize"] <= second["fee"] <= asked["fee_ceiling"]
    anchor = (asked["anchor"]["txid"], asked["anchor"]["vout"])
    assert anchor in inputs(house, "w1.psbt") & inputs(house, "bumped.psbt")

    # no new approvals; each signer says that it has signed another one for the same withdrawal
    seen = house[ALICE].does("coldsign inspect bumped.psbt")["review"]
    assert seen["earlier"] == [old]
    new = house.finish(house.sign("bumped.psbt", ALICE, BOB), "bumped.hex")
    assert new != old
    assert house.send("bumped.hex")["in_mempool"]
    gone = house.coordinator.fails("coldquorum broadcast w1.hex --regtest", 6)
    assert "replacement" in gone["found"] + gone["what"]

    house.mine()
    told = house.status("treasury/1")["transaction"]
    assert (told["txid"], told["confirmations"]) == (new, 1)
    assert house.coordinator.fails("coldquorum broadcast w1.hex --regtest", 6)
    again = house.coordinator.fails("coldquorum bump treasury/1 --regtest -o late.psbt", 4)
    assert "has confirmed" in again["what"]
    paid = parse_transaction(bytes.fromhex((house.folder / "bumped.hex").read_text()))
    assert 25_000_000 in [output.amount for output in paid.outputs]
    for name in (ALICE, BOB):
        house[name].does("coldsign journal verify")


def test_bump_what_only_one_has_signed(house):
    """Half-signed and never sent: the versions do not mix, and either may be finished."""
    house.fund("1BTC", "0.4BTC")
    house.request("w1.json")
    files = house.approve("w1.json", ALICE, BOB)
    house.coordinator.does(f"coldquorum request show {files}")
    nothing = house.coordinator.fails("coldquorum bump treasury/1 --regtest -o no.psbt", 4)
    assert "nothing was built" in nothing["what"]
    house.build(files, "w1.psbt")
    house.sign("w1.psbt", ALICE)
    house.coordinator.does("coldquorum bump treasury/1 --regtest -o bumped.psbt --fee-rate 9")
    signed = house.sign("bumped.psbt", ALICE, BOB)
    mixed = f"coldquorum combine w1-{ALICE}.psbt bumped-{BOB}.psbt -o mixed.psbt"
    assert "another transaction" in house.coordinator.fails(mixed, 4)["what"]
    txid = house.finish(signed, "bumped.hex")
    house.send("bumped.hex")
    house.mine()
    assert house.status("treasury/1")["transaction"]["txid"] == txid


def test_two_withdrawals_in_flight_share_no_coin(house):
    """Nor do their bumps; both confirm in one block."""
    house.fund("0.6BTC", "0.7BTC", "0.1BTC")
    for number in (1, 2):
        house.request(f"w{number}.json", "0.5BTC")
    for number in (1, 2):
        files = house.approve(f"w{number}.json", ALICE, BOB)
        house.build(files, f"w{number}.psbt")
    for number in (1, 2):
        house.coordinator.does(
            f"coldquorum bump treasury/{number} --regtest -o b{number}.psbt --fee-rate 5"
        )
    assert not inputs(house, "w1.psbt") & inputs(house, "w2.psbt")
    assert not inputs(house, "b1.psbt") & (inputs(house, "b2.psbt") | inputs(house, "w2.psbt"))
    # the second first: heights and numbers allow it
    for number in (2, 1):
        house.finish(house.sign(f"b{number}.psbt", ALICE, BOB), f"b{number}.hex")
        house.send(f"b{number}.hex")
    house.mine()
    for number in (1, 2):
        assert house.status(f"treasury/{number}")["transaction"]["confirmations"] == 1
