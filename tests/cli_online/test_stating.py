"""`coldquorum prices` and `balances`: what people type, and what they type wrong."""

import json

import pytest

from policies.balances import Snapshot
from policies.envelope import Envelope
from policies.gather import READERS

PRICES = ("prices", "new", "--vault", "treasury", "--unit", "JPY")
BALANCES = ("balances", "new", "--hot", "BTC=1.5BTC")


def written(path):
    """The document in a file."""
    envelope = Envelope.parse(path.read_bytes())
    return READERS[envelope.kind](envelope.payload)


def test_a_price_sheet(counter, tmp_path):
    """A whole coin's price, a height of its chain, and for how long; numbers count up."""
    for number in (1, 2):
        path = tmp_path / f"p{number}.json"
        said = counter.json(*PRICES, "--price", "BTC=15_000_000@900+144", "-o", path)
        sheet = written(path)
        assert said["document"] == json.loads(sheet.payload)
        assert (sheet.number, sheet.unit, sheet.network) == (number, "JPY", "regtest")
        assert sheet.vaults == (counter.world.vault.id,)
        price = sheet.coins["BTC"]
        assert (price.price, price.per) == (15_000_000, 100_000_000)
        assert (price.life.height, price.life.expiry) == (900, 1_044)
    text = counter.run("prices", "show", tmp_path / "p1.json")
    assert "15 000 000 JPY  block 900 to 1044" in text


def test_a_balance_snapshot(counter, tmp_path):
    """What lies hot, and what each vault holds, up to which withdrawal."""
    path = tmp_path / "b.json"
    counter.json(*BALANCES, "--vault", "treasury/7=1250BTC@900+144", "--number", "5", "-o", path)
    snapshot = written(path)
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.number, snapshot.hot) == (5, {"BTC": 150_000_000})
    (cold,) = snapshot.cold.values()
    assert (cold.coin, cold.amount, cold.sequence) == ("BTC", 125_000_000_000, 7)
    text = counter.run("balances", "show", path)
    assert "treasury/7, block 900 to 1044" in text


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        ((*PRICES, "--price", "BTC=15000000"), 4),
        ((*PRICES, "--price", "BTC=15000000.5@900+144"), 4),
        ((*PRICES, "--price", "BTC=0@900+144"), 4),
        ((*PRICES, "--price", "BTC=1@900+144", "--price", "BTC=2@900+144"), 4),
        ((*PRICES, "--price", "DOGE=1@900+144"), 4),
        ((*PRICES, "--price", "BTC=1@600000000+1"), 4),
        ((*PRICES[:-1], "jpy", "--price", "BTC=1@900+144"), 4),
        (("prices", "new", "--vault", "none", "--unit", "JPY", "--price", "BTC=1@9+1"), 4),
        ((*BALANCES, "--vault", "treasury=1BTC@900+144"), 4),
        ((*BALANCES, "--vault", "treasury/1=1.5@900+144"), 4),
        ((*BALANCES, "--hot", "BTC=2BTC", "--vault", "treasury/1=1BTC@900+144"), 4),
        (("prices", "new", "--unit", "JPY"), 2),
    ],
)
def test_what_is_typed_wrong_leaves_no_file(counter, tmp_path, argv, code):
    """No price, a price twice, no such coin or vault, an amount that can be read in two ways."""
    counter.run(*argv, "-o", tmp_path / "no.json", code=code)
    assert not (tmp_path / "no.json").exists()


def test_nothing_is_overwritten_and_kinds_are_told_apart(counter, tmp_path):
    """A file that is there stays; a snapshot is no sheet."""
    path = tmp_path / "p.json"
    price = ("--price", "BTC=15000000@900+144", "-o", path)
    counter.run(*PRICES, *price)
    before = path.read_bytes()
    counter.run(*PRICES, *price, code=4)
    assert path.read_bytes() == before
    counter.run("balances", "show", path, code=4)
    other = tmp_path / "q.json"
    counter.run(*PRICES, *price[:2], "-o", other)
    counter.run("prices", "show", path, other, code=4)
