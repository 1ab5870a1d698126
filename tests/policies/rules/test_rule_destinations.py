"""destinations: groups of addresses and wallets, a cooling period, limits of each group."""

import pytest
from policy_world import ADDRESS, SCRIPT, rules_of, spend
from rule_world import OTHER, earlier, proposed, rule

from policies.errors import BadInput
from policies.rules import Destinations
from policies.rules.destinations import MAX_RANGE, Entry, Group
from policies.rules.windows import Window
from policies.spend import Output

WALLET = "wpkh([aabbccdd/84h/1h/0h]tpub/<0;1>/*)#checksum"
HOT = "bcrt1qhot"


def listed(*groups, mode="listed", cooling=None):
    """Give the rule with groups called a, b, ..."""
    return Destinations(mode, dict(zip("abc", groups, strict=False)), cooling)


def group(*names, since=0, windows=(), internal=False):
    """Give a group of addresses, and of wallets by their descriptors."""
    entries = [Entry(name, 10 if "(" in name else 0, since) for name in names]
    return Group(tuple(entries), windows, internal)


RULE = listed(group(ADDRESS, OTHER))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        (ADDRESS, True),
        (OTHER, True),
        (ADDRESS[:-1] + "1", False),
        (ADDRESS[:-1], False),
        (ADDRESS + "q", False),
        (ADDRESS.upper(), False),
        ("", False),
        ("bcrt1q", False),
    ],
)
def test_only_whole_listed_addresses_are_paid(address, allowed):
    """Look-alikes, prefixes, upper case and scripts without address are refused."""
    found = RULE.check(spend(externals=(Output(address, SCRIPT, 1),)))
    assert rules_of(found) == ([] if allowed else ["destinations.listed"])


def test_every_output_is_looked_up():
    """A stranger among listed ones is refused and named; change is not looked up."""
    externals = (Output(ADDRESS, SCRIPT, 1), Output("bcrt1qthief", b"\x51", 1))
    (refusal,) = RULE.check(spend(externals=externals))
    assert refusal.found == "bcrt1qthief"
    (refusal,) = RULE.check(spend(externals=(Output("", b"\x51", 1),)))
    assert refusal.found == "script 51"
    assert RULE.check(spend(externals=(), change=(Output("bcrt1qback", b"\x51", 1),))) == ()


def test_in_mode_any_others_are_paid():
    """A group is there for its limits only; cooling has no meaning."""
    anywhere = listed(group(OTHER, since=2000), mode="any", cooling=100)
    assert anywhere.check(proposed(1)) == ()
    assert anywhere.check(proposed(1, address=OTHER)) == ()


@pytest.mark.parametrize(("mode", "cooling"), [("listed", 10), ("listed", None), ("any", 10)])
@pytest.mark.parametrize("since", [990, 991, 1000, 1001])
def test_a_new_destination_cools(mode, cooling, since):
    """At height 1000: exactly ten blocks later it is paid, one block earlier it is refused."""
    found = listed(group(ADDRESS, since=since), mode=mode, cooling=cooling).check(proposed(1))
    refused = mode == "listed" and since + (cooling or 0) > 1000
    assert rules_of(found) == ["destinations.cooling"] * refused


def test_a_wallets_addresses_are_destinations():
    """All that were derived, and no other."""
    there = listed(group(WALLET))
    wallets = {WALLET: frozenset({ADDRESS, HOT})}
    assert there.check(proposed(1, wallets=wallets)) == ()
    assert there.check(proposed(1, address=HOT, wallets=wallets)) == ()
    found = there.check(proposed(1, address=OTHER, wallets=wallets))
    assert rules_of(found) == ["destinations.listed"]
    assert there.wallets == {WALLET: 10}


@pytest.mark.parametrize("mode", ["listed", "any"])
def test_a_wallet_that_nobody_derived_is_refused(mode):
    """Else its limits would not be looked at. The wallet's text is no address of it."""
    found = listed(group(WALLET, ADDRESS), mode=mode).check(proposed(1))
    assert rules_of(found) == ["destinations.wallets"]
    wallets = {WALLET: frozenset({HOT})}
    there = proposed(1, address="bcrt1qother2", wallets=wallets)
    assert rules_of(listed(group(WALLET)).check(there)) == ["destinations.listed"]


@pytest.mark.parametrize("mode", ["listed", "any"])
@pytest.mark.parametrize(
    ("height", "amount", "refusals"), [(857, 40, 0), (857, 41, 1), (856, 41, 0), (1000, 41, 1)]
)
def test_a_group_has_a_window(mode, height, amount, refusals):
    """All its destinations together, in whatever case the chain has them."""
    limited = listed(group(ADDRESS, WALLET, windows=(Window(144, 100),)), mode=mode)
    before = (earlier(height, amount, address=HOT.upper()),)
    there = proposed(60, history=before, wallets={WALLET: frozenset({HOT})})
    found = limited.check(there)
    assert rules_of(found) == ["destinations.windows"] * refusals
    for refusal in found:
        assert refusal.what == "too much for a within 144 blocks"
        assert refusal.found == "101 sat, 60 sat of it now"


def test_one_withdrawal_fills_a_window():
    """Several payments of one withdrawal to a group are summed."""
    limited = listed(group(ADDRESS, windows=(Window(1, 100),)))
    assert limited.check(proposed(60, 40)) == ()
    assert rules_of(limited.check(proposed(60, 41))) == ["destinations.windows"]


def test_each_group_has_its_own_limit():
    """A full group does not stop another."""
    limited = listed(group(ADDRESS, windows=(Window(144, 1),)), group(OTHER))
    before = (earlier(990, 1),)
    assert rules_of(limited.check(proposed(1, history=before))) == ["destinations.windows"]
    assert limited.check(proposed(1, address=OTHER, history=before)) == ()


def test_a_base58_address_keeps_its_case():
    """Else what it received before would be another destination's, and no limit would hold."""
    base58 = "2N2JD6wb56AfK4tfmM6PwdVmoYk2dCKf4Br"
    limited = listed(group(base58, windows=(Window(144, 100),)))
    before = (earlier(990, 100, address=base58),)
    found = limited.check(proposed(1, address=base58, history=before))
    assert rules_of(found) == ["destinations.windows"]


def test_a_window_counts_only_what_went_to_its_group():
    """What others received before does not use a group's limit up."""
    limited = listed(group(ADDRESS, windows=(Window(144, 100),)), group(OTHER))
    before = (earlier(990, 100, address=OTHER),)
    assert limited.check(proposed(60, history=before)) == ()


def test_one_group_that_lets_it_pass_is_enough():
    """An address by itself and as one of a wallet: so that removing an entry never loosens."""
    both = listed(
        group(ADDRESS, windows=(Window(144, 1),)), group(WALLET, windows=(Window(144, 10),))
    )
    wallets = {WALLET: frozenset({ADDRESS})}
    assert both.check(proposed(10, wallets=wallets)) == ()
    assert rules_of(both.check(proposed(11, wallets=wallets))) == ["destinations.windows"]


@pytest.mark.parametrize("mode", ["listed", "any"])
def test_internal_moves_go_to_internal_groups(mode):
    """Only to the house's own wallets, also where anybody else may be paid."""
    there = listed(group(ADDRESS), group(OTHER, internal=True), mode=mode)
    found = there.check(proposed(1, purpose="internal"))
    assert rules_of(found) == ["destinations.internal"]
    assert there.check(proposed(1, purpose="internal", address=OTHER)) == ()
    found = there.check(proposed(1, purpose="internal", address=HOT))
    assert rules_of(found) == ["destinations.internal"]
    assert there.check(proposed(1, address=OTHER)) == ()


def test_what_pays_nobody_has_no_destination():
    """A void and a consolidation need no list."""
    assert RULE.check(proposed(purpose="void")) == ()
    assert listed(group(WALLET)).check(proposed(purpose="consolidation")) == ()


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("bcrt1q" + "x" * 30 + ADDRESS[-6:], True),
        ("bcrt1q" + "x" * 30 + ADDRESS[-5:], False),
        ("tb1qqq" + "x" * 30 + ADDRESS[-6:], False),
        (ADDRESS, False),
    ],
)
def test_look_alikes_are_told(address, warned):
    """Six characters at each end are what people compare, and what thieves imitate."""
    there = listed(group(ADDRESS), mode="any")
    found = there.warn(proposed(1, address=address))
    assert found == (
        (f"{address} begins and ends like {ADDRESS}, which is listed, and is another address",)
        if warned
        else ()
    )
    there = listed(group(WALLET), mode="any")
    wallets = {WALLET: frozenset({ADDRESS})}
    assert bool(there.warn(proposed(1, address=address, wallets=wallets))) is warned


TEXT = f"""
mode = "listed"
cooling = 144
[groups.hot]
windows = [{{ blocks = 144, limit = 500 }}]
addresses = [{{ address = "{ADDRESS}", since = 7 }}]
descriptors = [{{ descriptor = "{WALLET}", range = {MAX_RANGE}, since = 8 }}]
[groups.cold]
internal = true
addresses = [{{ address = "{OTHER}", since = 0 }}]
"""


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back."""
    hot = Group((Entry(ADDRESS, 0, 7), Entry(WALLET, MAX_RANGE, 8)), (Window(144, 500),))
    cold = Group((Entry(OTHER, 0, 0),), (), internal=True)
    found = rule("destinations", TEXT)
    assert found == Destinations("listed", {"hot": hot, "cold": cold}, 144)
    assert found.window == 144
    assert found.to_table() == {
        "mode": "listed",
        "cooling": 144,
        "groups": {
            "hot": {
                "internal": False,
                "addresses": [{"address": ADDRESS, "since": 7}],
                "descriptors": [{"descriptor": WALLET, "range": MAX_RANGE, "since": 8}],
                "windows": [{"blocks": 144, "limit": 500}],
            },
            "cold": {"internal": True, "addresses": [{"address": OTHER, "since": 0}]},
        },
    }


def test_the_longest_descriptor_passes():
    """A vault of fifteen keys writes thousands of characters, and an address two hundred."""
    longest = "w" * 4096
    assert rule("destinations", TEXT.replace(WALLET, longest)).wallets == {longest: MAX_RANGE}


def test_the_smallest_settings_pass():
    """A range of one address, a cooling of one block, a window of one block and nothing."""
    text = TEXT.replace(f"range = {MAX_RANGE}", "range = 1").replace("cooling = 144", "cooling = 1")
    text = text.replace("blocks = 144, limit = 500", "blocks = 1, limit = 0")
    found = rule("destinations", text.replace('"listed"', '"any"'))
    assert (found.mode, found.wallets) == ("any", {WALLET: 1})
    assert (found.cooling, found.window) == (1, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"listed"', '"all"'),
        ('"listed"', "1"),
        ("cooling = 144", "cooling = 0"),
        ("cooling = 144", ""),
        (f"range = {MAX_RANGE}", f"range = {MAX_RANGE + 1}"),
        (f"range = {MAX_RANGE}", "range = 0"),
        ("since = 7", "since = -1"),
        ("since = 7", "since = 500000000"),
        (f'"{OTHER}"', f'"{OTHER + "q" * 200}"'),
        (", since = 7", ""),
        ("since = 7", "since = 7, range = 1"),
        ("internal = true", "internal = 1"),
        ("internal = true", "open = true"),
        (f'addresses = [{{ address = "{OTHER}", since = 0 }}]', ""),
        (OTHER, ADDRESS),
        (OTHER, "bcrt1q other"),
        (WALLET, "wpkh(a b)"),
        (WALLET, "w" * 4097),
        (OTHER, OTHER.upper()),
        ("[groups.cold]", '[groups."Cold wallet"]'),
    ],
)
def test_malformed_lists_are_refused(old, new):
    """Modes, ranges, empty groups, one address in two groups, one that matches nothing."""
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    if (old, new) == ("cooling = 144", ""):
        assert rule("destinations", text).cooling is None
        return
    with pytest.raises(BadInput, match=r"rules\.destinations"):
        rule("destinations", text)


@pytest.mark.parametrize(
    ("entry", "early"),
    [
        (Entry(ADDRESS, 0, 7), False),
        (Entry(ADDRESS, 0, 8), False),
        (Entry(ADDRESS, 0, 6), True),
        (Entry(WALLET, 10, 5), False),
        (Entry(WALLET, 9, 5), False),
        (Entry(WALLET, 11, 5), True),
        (Entry(WALLET, 11, 500), False),
        (Entry(OTHER, 0, 499), True),
        (Entry(OTHER, 0, 500), False),
    ],
)
def test_a_new_entry_may_not_claim_to_be_old(entry, early):
    """It cools from the epoch that lists it; one that was listed keeps its height."""
    before = listed(Group((Entry(ADDRESS, 0, 7), Entry(WALLET, 10, 5))))
    after = listed(Group((entry,)))
    assert after.early(before, 500) == ((entry.name,) if early else ())
    assert after.early(None, 500) == ()
    assert after.early(listed(group(HOT), mode="any"), 500) == ()


def test_explain():
    """Every destination is named; the summary for a screen leaves the list out."""
    found, since = rule("destinations", TEXT), ", listed at height 8"
    assert found.explain()[1:] == (
        "only the destinations listed here are paid",
        "a newly listed destination is paid 144 blocks after it was listed, or later",
        f"hot: {ADDRESS}, listed at height 7",
        f"hot: the first 1 000 addresses, on each branch, of the wallet {WALLET}{since}",
        "hot: receives at most 500 sat within any 144 blocks, all together",
        f"cold: {OTHER}, listed at height 0",
        "cold: the house's own, internal moves may go there",
    )
    assert found.summary() == found.explain()[:3]
