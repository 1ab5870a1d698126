"""Amounts, addresses and other words that are not what they should be."""

import pytest
from complaints import check_complaint, check_json_complaint
from programs import forked

# The address that the demo pays, on regtest; others are of the same hash.
GOOD = "bcrt1qz3w6x69hg4j3na3dpj5zy8alvemhrzjya70nrl"

REQUEST = "coldquorum request new --vault treasury --why reason --initiator carol --regtest"


def ask(office, scratch, *argv):
    """Run coldquorum at the coordinator's desk."""
    return forked(
        argv, cwd=office.at("coordinator"), home=office.home("coordinator"), scratch=scratch
    )


def request(office, scratch, *options, to=f"{GOOD}:1000000"):
    """Ask for a withdrawal, one thing being wrong with it."""
    out = scratch / "out"
    ended = ask(office, scratch, *REQUEST.split(), "-o", out, "--to", to, *options)
    assert not out.exists()
    return ended


AMOUNTS = {
    "0.1": "a decimal without the unit",
    "1e8": "not an amount",
    "-5": "not an amount",
    "+5": "not an amount",
    "1_000": "not an amount",
    "1,000": "not an amount",
    "0x10": "not an amount",
    "": "not an amount",
    "0": "an amount of nothing",
    "0.123456789BTC": "too many decimals",
    "21000001BTC": "more than the supply",
    "2100000100000000": "more than the supply",
    "9" * 60: "not an amount",
    "1ETH": "unknown unit",
    "1BTC 2": "not an amount",
    "\N{FULLWIDTH DIGIT ONE}BTC": "not an amount",
}


@pytest.mark.parametrize("amount", AMOUNTS, ids=ascii)
def test_a_bad_amount_is_told(amount, unharmed, tmp_path):
    """Which payment, what is wrong with its amount, and how to write it."""
    ended = request(unharmed, tmp_path, to=f"{GOOD}:{amount}")
    check_complaint(ended, code=4, mentions=AMOUNTS[amount])
    assert "payment 1" in ended.err


ADDRESSES = {
    "bc1qz3w6x69hg4j3na3dpj5zy8alvemhrzjyr8hlpx": "",
    "tb1qz3w6x69hg4j3na3dpj5zy8alvemhrzjyxlhwcz": "",
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2": "another network",
    GOOD.replace("z3w6", "z3w7"): "character",
    GOOD[:-1]: "",
    GOOD[:10] + GOOD[10:].upper(): "case",
    "bcrt1qz3w6x69hg4j3na3dpj5zy8alvemhrzjya7Onrl": "",
    "2N3oefVeg6stiTb5Kh3ozCSkaqmx91FDbsL": "",
    "hello": "",
    "": "",
    "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN8rFTv2sfUK": "",
    "a" * 5000: "",
    "bcrt1\N{CYRILLIC SMALL LETTER A}": "",
}


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda text: ascii(text)[:24])
def test_a_bad_address_is_told_and_not_repeated(address, unharmed, tmp_path):
    """What is wrong with it; the text itself is not quoted, it may be a private key."""
    ended = request(unharmed, tmp_path, to=f"{address}:1000000")
    check_complaint(ended, code=4, mentions=ADDRESSES[address])
    assert not address or len(address) < 8 or address not in ended.err


def test_a_payment_without_amount_shows_the_syntax(unharmed, tmp_path):
    """The form of a payment, and an example."""
    check_complaint(request(unharmed, tmp_path, to=GOOD), code=4, mentions="ADDRESS:AMOUNT")


def test_which_of_many_payments_is_wrong(unharmed, tmp_path):
    """The second of three is named as the second."""
    more = ("--to", f"{GOOD}:0.5", "--to", f"{GOOD}:1000")
    check_complaint(request(unharmed, tmp_path, *more), code=4, mentions="payment 2")


OPTIONS = (
    (("--fee-ceiling", "0.1"), 4),
    (("--expiry-blocks", "0"), 4),
    (("--expiry-blocks", "145"), 4),
    (("--expiry-blocks", "many"), 2),
    (("--initiator", "Carol Smith"), 4),
    (("--why", ""), 4),
    (("--why", "two\nlines"), 4),
    (("--why", "\N{RIGHT-TO-LEFT OVERRIDE}txt"), 4),
    (("--why", "x" * 501), 4),
    (("--vault", "nowhere"), 4),
    (("--node", "http://localhost:18443"), 2),
    (("--no-such-option",), 2),
)


@pytest.mark.parametrize(("options", "code"), OPTIONS, ids=lambda value: ascii(value)[:30])
def test_a_bad_option_is_told(options, code, unharmed, tmp_path):
    """Usage is 2, a value that does not fit is 4."""
    check_complaint(request(unharmed, tmp_path, *options), code=code)


def test_more_than_the_vault_holds_is_told(unharmed, tmp_path):
    """The officer learns what is there before anybody approves."""
    ended = request(unharmed, tmp_path, to=f"{GOOD}:1BTC:Rent")
    check_complaint(ended, code=4, mentions="BTC with the fee's ceiling")


COMMANDS = (
    ("coldquorum nonsense", 2),
    ("coldquorum vault show", 2),
    ("coldquorum build w1.json", 2),
    ("coldquorum build w1.json -o {out}", 2),
    ("coldquorum build w1.json -o {out} --regtest --fee-rate 0", 4),
    ("coldquorum build w1.json -o {out} --regtest --fee-rate 1e3", 4),
    ("coldquorum build w1.json -o {out} --regtest --fee-rate 10001", 4),
    ("coldquorum build treasury/9 -o {out} --regtest", 4),
    ("coldquorum build 00000000 -o {out} --regtest", 4),
    ("coldquorum build vault.json -o {out} --regtest", 4),
    ("coldquorum build w1-alice.json w1-bob.json -o {out} --regtest", 4),
    ("coldquorum build w2.json w1.json -o {out} --regtest --node http://x", 2),
    ("coldquorum broadcast w1.hex --node http://x --node-user me", 2),
    ("coldquorum policy show", 2),
    ("coldquorum policy new --vault treasury --officer alice.officer.json --threshold 2", 4),
    ("coldquorum vault addresses treasury --count 0", 4),
    ("coldquorum vault addresses treasury --start -1", 4),
    ("coldquorum vault create a --threshold 1 --key alice.key.json -o {out}", 4),
    ("coldquorum vault create treasury --network regtest --threshold 1 --key alice.key.json", 4),
    ("coldquorum vault create a --network regtest --threshold 2 --key alice.key.json", 4),
    ("coldquorum vault create a --network regtest --threshold 0 --key alice.key.json", 4),
    ("coldquorum vault create a --network moon --threshold 1 --key alice.key.json", 4),
    ("coldquorum vault create a --network regtest --coin XYZ --threshold 1 --key bob.key.json", 4),
    ("coldquorum vault create A --network regtest --threshold 1 --key alice.key.json", 4),
    ("coldquorum vault create a --network regtest --threshold 1" + 2 * " --key bob.key.json", 4),
    ("coldquorum regtest mine 0", 4),
    ("coldquorum regtest reorg 100000", 4),
    ("coldquorum regtest fund hello:1", 4),
    ("coldquorum combine w1-alice.psbt w2.psbt -o {out}", 4),
)


@pytest.mark.parametrize(("line", "code"), COMMANDS)
def test_a_command_that_cannot_be_done_is_told(line, code, unharmed, tmp_path):
    """Each with its exit code, one clear line, and a hint."""
    before = unharmed.listing()
    out = tmp_path / "out"
    check_complaint(ask(unharmed, tmp_path, *line.format(out=out).split()), code=code)
    assert not out.exists()
    assert unharmed.listing() == before


@pytest.mark.parametrize("line", ["coldquorum", "coldquorum vault", "coldsign", "coldsign key"])
def test_a_program_or_group_alone_shows_its_help(line, unharmed, tmp_path):
    """The help, on stderr, and exit code 2: nothing was done."""
    ended = ask(unharmed, tmp_path, *line.split())
    assert ended.code == 2
    assert "Commands:" in ended.err
    assert ended.out == ""


def test_json_complaints_are_json(unharmed, tmp_path):
    """A program reads the same in the one object on stdout, with the option before or after."""
    for argv in (("vault", "show", "x", "--json"), ("--json", "vault", "show", "x")):
        error = check_json_complaint(ask(unharmed, tmp_path, "coldquorum", *argv), code=4)
        assert error["fault"] == "officer"


def destinations(address):
    """Give the TOML of a rule about destinations with one address, before the rule about fees."""
    rule = '[rules.destinations]\nmode = "listed"\n[rules.destinations.groups.known]\n'
    return f'{rule}addresses = [{{ address = "{address}", since = 0 }}]\n[rules.fees]'


POLICIES = (
    ("per_payment = 100000000", "per_payment = 0.5", "policy.rules.amounts.per_payment"),
    ("per_payment = 100000000", "per_day = 1", "policy.rules.amounts"),
    ("max_rate = 100", "max_rate = 0", "policy.rules.fees.max_rate"),
    ("threshold = 2", "threshold = 4", "policy.roles.admins.threshold"),
    ("[rules.timing]", "[rules.timings]", "policy.rules"),
    ("epoch = 1", "epoch = 2", "previous"),
    ("epoch = 1", "epoch = = 1", "not TOML"),
    ('network = "regtest"', 'network = "main"', "policy.network"),
    ("[rules.fees]", destinations("bc1q"), "policy.rules.destinations.groups.known"),
    ("[rules.fees]", destinations(GOOD.upper()), "policy.rules.destinations.groups.known"),
)


@pytest.mark.parametrize(("line", "changed", "told"), POLICIES)
def test_a_policy_says_where_it_is_wrong(line, changed, told, unharmed, tmp_path):
    """The path of the key, with the file's name."""
    text = (unharmed.at("coordinator") / "policy.toml").read_text()
    bad = tmp_path / "bad.toml"
    assert line in text
    bad.write_text(text.replace(line, changed, 1))
    ended = ask(unharmed, tmp_path, "coldquorum", "policy", "check", bad)
    check_complaint(ended, code=4, mentions=told)
    assert str(bad) in ended.err
