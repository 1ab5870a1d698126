"""Limits in yen with the real programs: a day of two vaults, and what is refused on it."""

from house import ALICE, BOB
from two_vaults import HOT_PAYEE, TwoVaults


def test_a_day_of_two_vaults(tmp_path):
    """Five million yen leave both vaults in 24 hours, 5% lie hot, and prices never go back."""
    house = TwoVaults(tmp_path / "house")
    height = house.fund_both("1BTC", "1BTC", "0.5BTC")

    # officers sign what a coin is worth, and see what they sign
    house.prices("p1.json", 10_000_000, height)
    sheets = f"{house.approve('p1.json', ALICE)} {house.sealed('p1.json', BOB)}"
    said = house.coordinator.runs(f"coldquorum prices show {sheets}")
    assert "10 000 000 JPY" in said.out
    assert "treasury  2 of 2 needed approvers signed: alice, bob" in said.out
    house.balances("b1.json", "0=2.5BTC", "0=2.5BTC", "0.1BTC", height)
    balances = house.sealed("b1.json", ALICE, BOB)

    # a refill: 0.1 of 5.1 BTC lie hot, the cap is 0.255
    asked = house.ask("treasury", "w1.json", "0.15BTC", f"--balances {balances}", HOT_PAYEE)
    assert asked["expiry"] == height + 144
    shown = house[ALICE].runs(
        house.keyed(ALICE, f"coldsign approve w1.json --with {balances} -o w1-alice.json")
    )
    assert "1 500 000 JPY; 1.000 000 00 BTC is 10 000 000 JPY at block" in shown.err
    assert "annex up to its withdrawal 0" in shown.err
    files = f"w1-alice.json {house.sealed('w1.json', BOB)}"
    seen = house.coordinator.does(house.build_command(files, "w1.psbt"))
    assert seen["rests_on"][:2] == [
        "price sheet 1, signed by alice, bob",
        "balance snapshot 1, signed by alice, bob",
    ]

    # the other vault: three and a half million are left for both
    house.ask("annex", "x1.json", "0.35BTC")
    house.coordinator.does(house.build_command(house.sealed("x1.json", ALICE, BOB), "x1.psbt"))
    house.sign("x1.psbt", ALICE)
    journal = house[ALICE].does("coldsign journal show")["entries"]
    assert [line["event"] for line in journal][-2:] == ["follow", "sign"]

    # alice knows of x1: a withdrawal that hides it gets neither her approval nor her signature
    hidden = house.folder / "hidden.json"
    hidden.write_bytes(house.hiding("w1.json"))
    command = house.keyed(ALICE, "coldsign approve hidden.json -o no.json")
    assert house[ALICE].refused(command) == [(6, "group.rollback")]

    # the price falls by half: what left in the morning counts at the price of the morning
    house.prices("p2.json", 5_000_000, height)
    options = f"--prices {house.sealed('p2.json', ALICE, BOB)} --balances {balances}"
    house.ask("treasury", "w2.json", "0.01BTC", options, HOT_PAYEE)
    files = house.sealed("w2.json", ALICE, BOB)
    error = house.coordinator.fails(house.build_command(files, "w2.psbt"), 3)
    assert [(one["rule"], one["found"]) for one in error["refusals"]] == [
        ("group.windows", "5 050 000 JPY, 50 000 JPY of it now"),
        ("hot.cap", "5 550 000 JPY after this refill"),
    ]
    tried = house.coordinator.runs("coldquorum policy try treasury/2")
    assert "at most 5 000 000 JPY" in tried.out
    assert "1 BTC (5 000 000 JPY)" in tried.out

    # her record: every verdict again, with the papers that were there
    assert house[ALICE].does("coldsign journal verify")["findings"] == []
