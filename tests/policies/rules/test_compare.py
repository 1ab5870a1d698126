"""Which way a change of a rule points. Whatever is not marked looser must really allow no more."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_world import ADDRESS, OTHER, earlier, proposed, rule, votes
from value_world import VAULTS, others, sheet, snapshot, valued, yen

from policies.change import Change, Direction, loosens
from policies.evidence import Presented
from policies.quorum import Demand, Tally, Votes
from policies.rules import (
    RULES,
    Amounts,
    Approvals,
    Consolidation,
    Destinations,
    Fees,
    Internal,
    Schedule,
    Shape,
    Timing,
)
from policies.rules.approvals import Tier
from policies.rules.destinations import Entry, Group
from policies.rules.group import Hours, Member, VaultGroup
from policies.rules.hot import Hot
from policies.rules.prices import Prices
from policies.rules.stated import Stated
from policies.rules.windows import Window
from policies.spend import LocalTime, Output, SpentCoin

WALLET = "wpkh([aabbccdd/84h/1h/0h]tpub/<0;1>/*)#checksum"
POOL = ("bcrt1qw0", OTHER, "bcrt1qw2")
SCRIPTS = (
    bytes.fromhex("0014" + "11" * 20),
    bytes.fromhex("5120" + "11" * 32),
    b"\x6a\x01a",
)

amounts = st.integers(1, 6)
blocks = st.integers(1, 30)
windows = st.lists(st.builds(Window, blocks, st.integers(0, 12)), max_size=2).map(tuple)


def maybe(strategy):
    """Give a setting that may be left out."""
    return st.none() | strategy


demands = st.lists(
    st.builds(Demand, st.sampled_from(["desk", "board"]), st.integers(1, 3)),
    min_size=1,
    max_size=2,
    unique_by=lambda demand: demand.role,
).map(tuple)
tiers = st.lists(st.tuples(amounts, demands), max_size=2, unique_by=lambda t: t[0]).flatmap(
    lambda bands: demands.map(
        lambda last: (*(Tier(up_to, need) for up_to, need in sorted(bands)), Tier(None, last))
    )
)
entries = st.lists(
    st.builds(Entry, st.sampled_from([ADDRESS, OTHER]), st.just(0), st.integers(985, 995))
    | st.builds(Entry, st.just(WALLET), st.integers(1, 3), st.integers(985, 995)),
    max_size=3,
    unique_by=lambda entry: entry.name,
)


@st.composite
def groups(draw):
    """Give up to two groups that share no entry."""
    found = draw(entries)
    cut = draw(st.integers(0, len(found)))
    made = {}
    for name, part in (("a", found[:cut]), ("b", found[cut:])):
        if part:
            made[name] = Group(tuple(part), draw(windows), draw(st.booleans()))
    return made


KINDS = {
    "amounts": st.builds(Amounts, amounts, maybe(amounts), windows, windows),
    "destinations": st.builds(
        Destinations, st.sampled_from(["listed", "any"]), groups(), maybe(st.integers(1, 10))
    ),
    "fees": st.builds(Fees, amounts, amounts, maybe(st.integers(1, 10**6)), windows),
    "approvals": st.builds(
        Approvals, tiers, st.dictionaries(st.sampled_from(["alice", "bob"]), amounts)
    ),
    "shape": st.builds(
        Shape,
        st.integers(1, 4),
        st.lists(st.sampled_from(["p2wpkh", "p2tr"]), min_size=1, unique=True).map(tuple),
        st.integers(1, 2),
        op_return=st.booleans(),
    ),
    "consolidation": st.builds(Consolidation, st.integers(1, 3), amounts, amounts, demands),
    "internal": st.builds(Internal, st.integers(1, 3), amounts, amounts, demands, amounts, windows),
    "prices": st.builds(Prices, demands, st.integers(105, 125), st.sampled_from(["JPY", "USD"])),
    "group": st.builds(
        VaultGroup,
        st.just(tuple(Member(vault, coin, 6) for vault, coin in VAULTS.items()))
        | st.just(tuple(Member(vault, coin, 9) for vault, coin in VAULTS.items())),
        st.lists(
            st.builds(Hours, st.integers(1, 3), st.integers(0, 40).map(lambda n: yen(n * 1_000))),
            min_size=1,
            max_size=2,
        ).map(tuple),
    ),
    "hot": st.builds(Hot, demands, st.integers(105, 125), st.just(("all",)), st.integers(1, 1_000)),
    "timing": st.builds(
        Timing,
        blocks,
        maybe(blocks),
        maybe(blocks),
        maybe(st.integers(990, 1010)),
        maybe(st.integers(990, 1030)),
        frozen=st.booleans(),
    ),
    "schedule": st.builds(
        Schedule,
        st.lists(st.sampled_from(["mon", "tue"]), min_size=1, unique=True).map(tuple),
        st.sampled_from(["09:00", "10:00"]),
        st.sampled_from(["16:00", "17:00"]),
        enforce=st.booleans(),
    ),
}


@st.composite
def by_value(draw):
    """Give a spend near the limits of what counts by value, its papers signed by some."""
    everybody = ("alice", "bob", "carol")
    officers = st.just(everybody) | st.lists(st.sampled_from(everybody), unique=True).map(tuple)
    signed = Votes(tuple(Tally(role, 1, draw(officers), ()) for role in ("desk", "board")))
    papers = (sheet(), snapshot(hot=draw(st.integers(0, 12)) * 10**8))
    prices, balances = (Presented(paper, signed) for paper in papers)
    bch = draw(st.lists(st.tuples(st.integers(4_980, 5_000), amounts), max_size=2))
    return valued(
        draw(amounts) * 100_000,
        prices=prices,
        balances=balances,
        chains=others(*((height, paid * 10**7) for height, paid in sorted(bch))),
        expiry=1_095 + draw(st.integers(0, 30)),
    )


@st.composite
def spends(draw, name):
    """Give a spend near the limits that the rules above have, of a purpose that they judge."""
    if name in ("prices", "group", "hot"):
        return draw(by_value())
    own = name if name in ("consolidation", "internal") else None
    purpose = own or draw(st.sampled_from(["payment", "internal", "consolidation", "void"]))
    paying = purpose in ("payment", "internal")
    paid = draw(st.lists(amounts, min_size=1, max_size=3)) if paying else ()
    address = draw(st.sampled_from([ADDRESS, *POOL, "bcrt1qstranger"]))
    chain = tuple(
        earlier(
            1000 - age,
            draw(amounts),
            address=draw(st.sampled_from([ADDRESS, OTHER])),
            purpose=draw(st.sampled_from(["payment", "internal"])),
            fee_ceiling=draw(st.integers(0, 5)),
        )
        for age in sorted(draw(st.lists(st.integers(0, 30), max_size=3)), reverse=True)
    )
    everybody = ("alice", "bob", "carol")
    officers = st.just(everybody) | st.lists(st.sampled_from(everybody), unique=True).map(tuple)
    there = proposed(
        *paid,
        address=address,
        purpose=purpose,
        expiry=1000 + draw(st.integers(0, 30)),
        fee_ceiling=draw(st.integers(0, 6)),
        fee=draw(st.integers(0, 6)),
        vsize=draw(st.integers(1, 3)),
        votes=votes(desk=draw(officers), board=draw(officers)),
        history=chain,
        clock=LocalTime(
            draw(st.integers(0, 2)), draw(st.sampled_from(["09:30", "12:00", "16:30"]))
        ),
        inputs=(SpentCoin("00", 0, 1),) * draw(st.integers(1, 3)),
    )
    if name == "shape":
        script = st.sampled_from(SCRIPTS)
        outputs = [Output("", draw(script), draw(st.sampled_from([0, 329, 400]))) for _ in paid]
        change = [Output("", SCRIPTS[0], 400)] * draw(st.integers(0, 2))
        there = replace(there, externals=tuple(outputs), change=tuple(change))
    return there


def counted(one, spend):
    """The spend with the signatures under its papers counted as a rule demands."""
    papers = {}
    for kind in ("prices", "balances"):
        there = getattr(spend.evidence, kind)
        signed = {tally.role: tally.signed for tally in there.votes.tallies}
        votes = Votes(tuple(Tally(d.role, d.count, signed[d.role], ()) for d in one.require))
        papers[kind] = there._replace(votes=votes)
    return replace(spend, evidence=replace(spend.evidence, **papers))


def refuses(one, spend):
    """Whether a rule refuses, with the wallets that it lists derived."""
    if isinstance(one, Stated):
        spend = counted(one, spend)
    listed = one.wallets if isinstance(one, Destinations) else {}
    wallets = {name: frozenset(POOL[:many]) for name, many in listed.items()}
    return bool(one.check(replace(spend, wallets=wallets)))


@pytest.mark.parametrize("name", RULES)
def test_what_is_not_looser_allows_no_more(name):
    """For random changes of one rule: if none is marked looser, what passes now, passed before."""
    seen = []

    @settings(max_examples=150, deadline=None)
    @given(KINDS[name], KINDS[name], st.data())
    def holds(old, other, data):
        settings_of = st.sampled_from([one.name for one in fields(old)])
        taken = data.draw(st.sets(settings_of, min_size=1, max_size=2))
        new = replace(old, **{setting: getattr(other, setting) for setting in taken})
        changes = old.compare(new)
        assert changes or old.to_table() == new.to_table() or name == "destinations"
        if loosens(changes):
            return
        spend = data.draw(spends(name))
        seen.append(refuses(new, spend))
        if not seen[-1]:
            assert not refuses(old, spend), (old, new, spend)

    holds()
    assert set(seen) == {True, False}, "the spends are all allowed, or all refused"


@pytest.mark.parametrize("name", RULES)
def test_nothing_changed_is_no_change(name):
    """A rule compared with itself, and with what its own table says."""

    @settings(max_examples=30, deadline=None)
    @given(KINDS[name])
    def holds(one):
        assert one.compare(one) == ()

    holds()


BASE = {
    "amounts": "per_payment = 5\nper_withdrawal = 6\nwindows = [{ blocks = 10, limit = 7 }]",
    "fees": "max_fee = 5\nmax_rate = 6\nshare_ppm = 7",
    "shape": 'max_outputs = 5\nscript_types = ["p2tr", "p2wsh"]\nmax_change = 2',
    "timing": "max_lifetime_blocks = 5\nmin_age_between = 6\nmax_height_jump = 7\n"
    "confirmations = 8\n"
    "from_height = 8\nuntil_height = 9",
    "schedule": 'days = ["mon", "tue"]\nstart = "09:00"\nend = "17:00"',
    "approvals": 'tiers = [{ up_to = 5, require = [{ role = "a", count = 2 }] }, '
    '{ require = [{ role = "b", count = 3 }] }]\nceilings = { bob = 6, eve = 6 }',
    "destinations": 'mode = "listed"\ncooling = 5\n[groups.hot]\ninternal = false\n'
    "windows = [{ blocks = 10, limit = 7 }]\n"
    'addresses = [{ address = "one", since = 8 }, { address = "two", since = 9 }]\n'
    f'descriptors = [{{ descriptor = "{WALLET}", range = 10, since = 8 }}]',
    "internal": "max_inputs = 5\nmax_fee = 6\nmax_rate = 7\nper_withdrawal = 8\n"
    'require = [{ role = "a", count = 2 }]',
}


@pytest.mark.parametrize(
    ("name", "old", "new", "direction"),
    [
        ("amounts", "per_payment = 5", "per_payment = 4", "tighter"),
        ("amounts", "per_payment = 5", "per_payment = 6", "looser"),
        ("amounts", "per_withdrawal = 6\n", "", "looser"),
        ("amounts", "limit = 7", "limit = 6", "tighter"),
        ("amounts", "limit = 7", "limit = 8", "looser"),
        ("amounts", "blocks = 10", "blocks = 11", "tighter"),
        ("amounts", "blocks = 10", "blocks = 9", "looser"),
        ("amounts", "blocks = 10, limit = 7", "blocks = 11, limit = 8", "looser"),
        ("amounts", "limit = 7 }", "limit = 7 }, { blocks = 1, limit = 1 }", "tighter"),
        ("amounts", "windows = [{ blocks = 10, limit = 7 }]", "", "looser"),
        ("fees", "share_ppm = 7", "", "looser"),
        ("fees", "share_ppm = 7", "share_ppm = 6", "tighter"),
        ("fees", "max_rate = 6", "max_rate = 7", "looser"),
        ("shape", '"p2tr", "p2wsh"', '"p2tr"', "tighter"),
        ("shape", '"p2tr", "p2wsh"', '"p2tr", "p2sh"', "looser"),
        ("shape", "max_change = 2", "max_change = 2\nop_return = true", "looser"),
        ("shape", "max_change = 2", "max_change = 1", "tighter"),
        ("timing", "min_age_between = 6", "min_age_between = 7", "tighter"),
        ("timing", "min_age_between = 6\n", "", "looser"),
        ("timing", "max_height_jump = 7", "max_height_jump = 8", "looser"),
        ("timing", "confirmations = 8", "confirmations = 7", "looser"),
        ("timing", "from_height = 8", "from_height = 9", "tighter"),
        ("timing", "from_height = 8", "from_height = 7", "looser"),
        ("timing", "until_height = 9", "until_height = 8", "tighter"),
        ("timing", "until_height = 9", "until_height = 9\nfrozen = true", "tighter"),
        ("schedule", 'start = "09:00"', 'start = "09:01"', "tighter"),
        ("schedule", 'start = "09:00"', 'start = "08:59"', "looser"),
        ("schedule", 'end = "17:00"', 'end = "17:01"', "looser"),
        ("schedule", '"mon", "tue"', '"tue"', "tighter"),
        ("schedule", '"mon", "tue"', '"tue", "mon"', "tighter"),
        ("schedule", 'end = "17:00"', 'end = "17:00"\nenforce = true', "tighter"),
        ("approvals", "up_to = 5", "up_to = 6", "looser"),
        ("approvals", '{ up_to = 5, require = [{ role = "a", count = 2 }] }, ', "", "looser"),
        ("approvals", "count = 2", "count = 3", "tighter"),
        ("approvals", "count = 2", "count = 1", "looser"),
        ("approvals", "count = 2 }", 'count = 2 }, { role = "c", count = 1 }', "tighter"),
        ("approvals", 'role = "a"', 'role = "c"', "looser"),
        ("approvals", "bob = 6", "bob = 5", "tighter"),
        ("approvals", "bob = 6", "bob = 7", "looser"),
        ("approvals", "bob = 6", "bob = 6, ann = 1", "tighter"),
        ("approvals", "bob = 6, eve = 6", "bob = 5, eve = 7", "looser"),
        ("approvals", "{ bob = 6, eve = 6 }", "{}", "looser"),
        ("destinations", '"listed"', '"any"', "looser"),
        ("destinations", "cooling = 5", "cooling = 6", "tighter"),
        ("destinations", "cooling = 5\n", "", "looser"),
        ("destinations", '{ address = "one", since = 8 }, ', "", "tighter"),
        ("destinations", "since = 9 }", 'since = 9 }, { address = "six", since = 9 }', "looser"),
        ("destinations", "limit = 7", "limit = 6", "tighter"),
        ("destinations", "limit = 7", "limit = 8", "looser"),
        ("destinations", "internal = false", "internal = true", "looser"),
        ("internal", "count = 2", "count = 1", "looser"),
        ("internal", "max_inputs = 5", "max_inputs = 4", "tighter"),
        ("internal", "per_withdrawal = 8", "per_withdrawal = 9", "looser"),
    ],
)
def test_one_change_has_its_direction(name, old, new, direction):
    """A ceiling, a floor, a list, a switch, a window, a tier: tighter one way, looser the other."""
    assert old in BASE[name]
    (change,) = rule(name, BASE[name]).compare(rule(name, BASE[name].replace(old, new, 1)))
    assert change.direction == direction
    assert change.path.startswith(f"rules.{name}.")
    assert change.old != change.new


@pytest.mark.parametrize(
    ("old", "new", "directions"),
    [
        ("range = 10", "range = 9", ["tighter", "tighter"]),
        ("range = 10", "range = 11", ["tighter", "looser"]),
        ("since = 9", "since = 10", ["tighter", "tighter"]),
        ("since = 9", "since = 8", ["tighter", "looser"]),
        ("[groups.hot]", "[groups.warm]", ["tighter"] * 3 + ["looser"] * 3),
    ],
)
def test_an_entry_that_changes_is_one_less_and_one_more(old, new, directions):
    """What it allows now must be what it allowed before; another group is another entry."""
    text = BASE["destinations"]
    changes = rule("destinations", text).compare(rule("destinations", text.replace(old, new, 1)))
    assert all(c.direction == "tighter" for c in changes if c.old)
    assert sorted(c.direction for c in changes) == sorted(directions)


def test_each_window_and_each_demand_has_to_be_kept():
    """One that stays as it is does not make up for another that goes."""
    two = BASE["amounts"].replace("limit = 7 }", "limit = 7 }, { blocks = 20, limit = 9 }")
    (change,) = rule("amounts", two).compare(rule("amounts", BASE["amounts"]))
    assert change.direction is Direction.LOOSER
    roles = '{ role = "a", count = 2 }'
    two = BASE["internal"].replace(roles, roles + ', { role = "b", count = 1 }')
    (change,) = rule("internal", two).compare(rule("internal", BASE["internal"]))
    assert change.direction is Direction.LOOSER


def test_on_no_list_an_entry_that_narrows_is_looser():
    """In mode `any` a smaller range of a wallet frees the addresses that it no longer holds."""
    text = BASE["destinations"].replace('"listed"', '"any"')
    less = rule("destinations", text.replace("range = 10", "range = 9"))
    changes = rule("destinations", text).compare(less)
    assert [change.direction for change in changes] == [Direction.LOOSER] * 2


def test_on_no_list_an_entry_less_is_looser():
    """In mode `any`, a group limits: to leave it is to be free."""
    text = BASE["destinations"].replace('"listed"', '"any"')
    less = text.replace('{ address = "one", since = 8 }, ', "")
    (change,) = rule("destinations", text).compare(rule("destinations", less))
    assert change.direction is Direction.LOOSER


def test_a_change_says_what_was_and_what_is():
    """In a few words, with amounts in full."""
    text = BASE["amounts"]
    old, new = rule("amounts", text), rule("amounts", text.replace("per_withdrawal = 6\n", ""))
    assert old.compare(new) == (
        Change("rules.amounts.per_withdrawal", "6 sat", "", Direction.LOOSER),
    )
    new = rule("amounts", text.replace("limit = 7 }", "limit = 7 }, { blocks = 1, limit = 1 }"))
    (change,) = old.compare(new)
    assert (change.old, change.new) == ("7 sat / 10 blocks", "7 sat / 10 blocks; 1 sat / 1 block")


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("destinations", "internal = false", "internal = true", ("", "yes")),
        ("timing", "until_height = 9", "until_height = 9\nfrozen = true", ("", "yes")),
        ("destinations", '"listed"', '"any"', None),
        ("shape", "max_change = 2", "max_change = 1", ("2", "1")),
        ("timing", "min_age_between = 6\n", "", ("6 blocks", "")),
    ],
)
def test_a_switch_says_yes_and_nothing_is_empty(name, old, new, told):
    """Both sides in words."""
    (change,) = rule(name, BASE[name]).compare(rule(name, BASE[name].replace(old, new, 1)))
    assert told is None or (change.old, change.new) == told
    back = rule(name, BASE[name].replace(old, new, 1)).compare(rule(name, BASE[name]))
    assert [(one.old, one.new) for one in back] == [(change.new, change.old)]


def test_loosens():
    """One looser change is enough; a neutral one is none."""
    changes = [Change("a", "", "", direction) for direction in Direction]
    assert loosens(changes)
    assert not loosens(change for change in changes if change.direction is not Direction.LOOSER)
    assert not loosens(())
