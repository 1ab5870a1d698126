"""One limit in yen over three coins, with the real programs."""

import pytest
from house import ALICE, BOB
from three_vaults import ThreeVaults
from two_vaults import HOT_PAYEE

from signer.chain.bchvm import library


@pytest.fixture(scope="module", autouse=True)
def engine():
    """The virtual machine of Bitcoin Cash."""
    library.install()


def test_three_coins_share_one_limit_and_one_cap(tmp_path):
    """Five million yen leave all three vaults in 24 hours; 5% of all three lie hot."""
    house = ThreeVaults(tmp_path / "house")
    heights = house.fund_all(btc=1, bch=40, mona=48)
    sign = house.keyed(ALICE, "coldsign sign {0}.psbt -o {0}-alice.psbt")

    def paid(vault, name, amount, options="", payee=1):
        """Ask, approve, build and sign."""
        house.ask(vault, f"{name}.json", amount, options, payee)
        sealed = house.sealed(f"{name}.json", ALICE, BOB)
        house.coordinator.does(house.build_command(sealed, f"{name}.psbt"))
        house[ALICE].does(sign.format(name))

    def refused(vault, name, *papers):
        """Neither the coordinator builds it, nor does alice sign what a thief builds."""
        sealed = house.sealed(f"{name}.json", ALICE, BOB)
        house.coordinator.refused(house.build_command(sealed, f"{name}.psbt"))
        house.forced(vault, sealed, f"{name}.psbt", *papers)
        error = house[ALICE].fails(sign.format(name), 3)
        assert not (house.folder / f"{name}-alice.psbt").exists()
        return [(one["step"], one["rule"], one["found"]) for one in error["refusals"]]

    # one sheet of prices for three coins, each at a height of its own chain
    house.prices("p1.json", heights, btc=10_000_000, bch=80_000, mona=40_000)
    sheet = house.sealed("p1.json", ALICE, BOB)
    said = house.coordinator.runs(f"coldquorum prices show {sheet}")
    for price in ("10 000 000 JPY", "80 000 JPY", "40 000 JPY"):
        assert price in said.out

    # everything comes to 15,220,000 yen, of which 100,000 lie hot: the cap is 761,000
    cold = {"bch": "0=40BCH", "mona": "0=48MONA"}
    hot = ("BTC=0.01BTC", "BCH=0BCH", "MONA=0MONA")
    house.balances("b1.json", heights, *hot, btc="0=1BTC", **cold)
    first = house.sealed("b1.json", ALICE, BOB)
    grounds = f"--prices {sheet} --balances {first}"
    house.ask("btc", "w1.json", "0.07BTC", grounds, HOT_PAYEE)
    assert refused("btc", "w1", sheet, first) == [(8, "hot.cap", "800 000 JPY after this refill")]

    # 0.06 BTC are within it, by a snapshot that knows that nothing came of the other
    house.balances("b2.json", heights, *hot, btc="1=1BTC", **cold)
    second = house.sealed("b2.json", ALICE, BOB)
    paid("btc", "w2", "0.06BTC", f"--prices {sheet} --balances {second}", HOT_PAYEE)

    # 2,800,000 yen of BCH and MONA; what was refused counts, too, as all in a chain does
    paid("bch", "c1", "25BCH")
    paid("mona", "m1", "20MONA")

    # 900,000 are left for all three: 22.5 MONA would pass, and a little more does not
    house.ask("mona", "m2.json", "22.501MONA")
    assert refused("mona", "m2", sheet) == [
        (8, "group.windows", "5 000 040 JPY, 900 040 JPY of it now")
    ]
    journal = house[ALICE].does("coldsign journal show")["entries"]
    signed = [line for line in journal if line["event"] == "sign"]
    assert [line["vault"] for line in signed] == [w.vault.id for w in house.worlds.values()]
    assert house[ALICE].does("coldsign journal verify")["findings"] == []
