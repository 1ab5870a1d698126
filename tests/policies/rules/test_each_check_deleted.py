"""Each refusal of each rule: the case that it alone stops, and what follows without the check.

The check is deleted in the rule's own source (its `refusal(...)` statement, or its row in a list of
findings), the functions are compiled anew, and the very same case is then let through. The table
names every refusal in `policies/rules`, which the sources themselves are asked for.
"""

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from policy_world import BTC, VAULT, rules_of
from rule_world import ADDRESS, OTHER, earlier, proposed, votes
from value_world import (
    BCH_VAULT,
    GROUP,
    HOT,
    PRICES,
    YEN,
    others,
    presented,
    sheet,
    snapshot,
    valued,
)

from policies.chain import Known
from policies.names import DocumentId
from policies.prices import Life
from policies.quorum import Demand
from policies.rules import (
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
from policies.rules.windows import Window
from policies.spend import LocalTime, Output, SpentCoin

HERE = Path(__file__).resolve().parents[3] / "policies" / "rules"

NEED = (Demand("ops", 2),)
GIVEN = votes(ops=("alice", "bob"))
JOIN = Consolidation(1, 1_000, 10, NEED)
MOVE = Internal(1, 1_000, 10, NEED, 100, (Window(144, 150),))
FEES = Fees(1_000, 10, 5_000, (Window(144, 50_000),))
SHAPE = Shape(2, ("p2wpkh",))
TYPICAL = b"\x00\x14" + bytes(20)


def listed(address=ADDRESS, *, since=0, cooling=None, internal=False, windows=()):
    """A list with one group of one entry."""
    wallet = 10 if "(" in address else 0
    entry = Entry(address, wallet, since)
    return Destinations("listed", {"a": Group((entry,), windows, internal)}, cooling)


BOTH = Destinations("listed", {"a": Group((Entry("wpkh(xpub)", 10, 0), Entry(ADDRESS, 0, 0)))})
"""An address and a wallet, of which nobody has derived the addresses."""


def outputs(*scripts, amount=1_000):
    """Outputs with some scripts."""
    return tuple(Output(f"to {at}", script, amount) for at, script in enumerate(scripts))


def shaped(externals, change=()):
    """A spend with these outputs."""
    there = proposed()
    object.__setattr__(there, "externals", externals)
    object.__setattr__(there, "change", change)
    return there


def joined(purpose="consolidation", *amounts, **changes):
    """A spend of a special purpose, approved."""
    return proposed(*amounts, **{"purpose": purpose, "votes": GIVEN, "fee": 100, **changes})


def dear(**changes):
    """A payment whose fee is small but for what changes."""
    return proposed(10**6, **{"fee": 1_000, "vsize": 1_000, "fee_ceiling": 20_000, **changes})


COINS = (SpentCoin("00", 0, 1),) * 2

UNSIGNED, OTHER_ID = ("alice",), DocumentId("0" * 64)
SEEN = {"prices": (8, OTHER_ID), "balances": (8, OTHER_ID)}
TWO = others((4_999, 1), (5_000, 1))


def stated(word, **papers):
    """A case for each paper: what is wrong with a sheet is wrong with a snapshot."""
    return {
        f"{name}.{word}": (rule, valued(1, **{kind: papers[name]}))
        for name, rule, kind in (("prices", PRICES, "prices"), ("hot", HOT, "balances"))
    }


def lives(height, expiry):
    """A snapshot that speaks for other heights."""
    one = snapshot()
    cold = {v: replace(c, life=Life(height, expiry)) for v, c in one.cold.items()}
    return snapshot(cold=cold)


def of_one(life):
    """A sheet with other heights."""
    return sheet(coins={**sheet().coins, "BTC": replace(sheet().coins["BTC"], life=life)})


VALUED = {
    "prices.missing": (PRICES, proposed(1)),
    "hot.missing": (HOT, valued(1, balances=False)),
    **stated("network", prices=sheet(network="main"), hot=snapshot(network="main")),
    **stated("quorum", prices=presented(sheet(), *UNSIGNED), hot=presented(snapshot(), *UNSIGNED)),
    **stated("early", prices=of_one(Life(1_001, 1_300)), hot=lives(1_001, 1_300)),
    **stated("age", prices=of_one(Life(899, 1_300)), hot=lives(899, 1_300)),
    "prices.vault": (PRICES, valued(1, prices=sheet(vaults=(BCH_VAULT,)))),
    "hot.vault": (
        HOT,
        valued(
            1,
            balances=snapshot(cold={v: replace(c, coin="BCH") for v, c in snapshot().cold.items()}),
        ),
    ),
    "prices.older": (PRICES, valued(1, known={VAULT: Known(papers=SEEN)})),
    "hot.older": (HOT, valued(1, known={VAULT: Known(papers=SEEN)})),
    "prices.unit": (PRICES, valued(1, prices=sheet(unit="USD"))),
    "group.chains": (GROUP, valued(1, chains={BCH_VAULT: ()})),
    "group.enrolled": (GROUP, valued(1, known={BCH_VAULT: None})),
    "group.rollback": (GROUP, valued(1, known={BCH_VAULT: Known(approved={1: OTHER_ID})})),
    "group.absent": (GROUP, valued(1, chains=TWO, carried={BCH_VAULT: TWO[BCH_VAULT][:1]})),
    "group.coin": (GROUP, valued(1, chains=others((4_999, 1), coin="MONA"))),
    "group.windows": (GROUP, valued(2 * BTC + 1)),
    "hot.vaults": (HOT, valued(1, chains={BCH_VAULT: ()})),
    "hot.history": (HOT, valued(1, sequence=4, history=(earlier(990, 1, sequence=3),))),
    "hot.price": (HOT, valued(1, prices=sheet(yen={k: v for k, v in YEN.items() if k != "MONA"}))),
    "hot.cap": (HOT, valued(BTC, balances=snapshot(hot=6 * BTC))),
}
"""What counts by value."""

CASES = VALUED | {
    "amounts.per_payment": (Amounts(100), proposed(101)),
    "amounts.per_withdrawal": (Amounts(100, 150), shaped(outputs(b"a", b"b", amount=100))),
    "amounts.windows": (
        Amounts(100, windows=(Window(144, 150),)),
        proposed(100, history=(earlier(990, 51),)),
    ),
    "amounts.per_destination": (
        Amounts(100, per_destination=(Window(144, 150),)),
        proposed(100, history=(earlier(990, 51),)),
    ),
    "approvals.barred": (
        Approvals((Tier(None, NEED),), {"carol": 10}),
        proposed(50, votes=votes(ops=("alice", "bob", "carol"))),
    ),
    "approvals.role": (Approvals((Tier(None, NEED),)), proposed(50, votes=votes(ops=("alice",)))),
    "consolidation.max_inputs": (JOIN, joined(inputs=COINS)),
    "consolidation.max_fee": (JOIN, joined(fee=1_001, vsize=1_000)),
    "consolidation.max_rate": (JOIN, joined(fee=101, vsize=10)),
    "consolidation.role": (JOIN, joined(votes=votes(ops=("alice",)))),
    "consolidation.pays": (JOIN, joined("consolidation", 1)),
    "destinations.wallets": (BOTH, proposed(1, wallets={})),
    "destinations.internal": (listed(), proposed(1, purpose="internal")),
    "destinations.listed": (listed(OTHER), proposed(1)),
    "destinations.cooling": (listed(since=900, cooling=144), proposed(1)),
    "destinations.windows": (listed(windows=(Window(144, 150),)), proposed(151)),
    "fees.max_fee": (FEES, dear(fee=1_001)),
    "fees.max_rate": (FEES, dear(fee=101, vsize=10)),
    "fees.approved": (FEES, dear(fee_ceiling=999)),
    "fees.negative": (FEES, dear(fee=-1)),
    "fees.share_ppm": (Fees(10**6, 10**6, 5_000), dear(fee=5_001)),
    "fees.windows": (FEES, dear(history=(earlier(990, 1, fee_ceiling=30_001),))),
    "internal.max_inputs": (MOVE, joined("internal", 1, inputs=COINS)),
    "internal.max_fee": (MOVE, joined("internal", 1, fee=1_001, vsize=1_000)),
    "internal.max_rate": (MOVE, joined("internal", 1, fee=101, vsize=10)),
    "internal.role": (MOVE, joined("internal", 1, votes=votes(ops=("alice",)))),
    "internal.per_withdrawal": (MOVE, joined("internal", 101)),
    "internal.windows": (
        MOVE,
        joined("internal", 100, history=(earlier(990, 51, purpose="internal"),)),
    ),
    "schedule.hours": (
        Schedule(("mon",), "09:00", "17:00", enforce=True),
        proposed(1, clock=LocalTime(6, "12:00")),
    ),
    "shape.max_outputs": (SHAPE, shaped(outputs(TYPICAL, TYPICAL, TYPICAL))),
    "shape.max_change": (SHAPE, shaped((), outputs(TYPICAL, TYPICAL))),
    "shape.script_types": (SHAPE, shaped(outputs(b"\x51\x20" + bytes(32)))),
    "shape.dust": (SHAPE, shaped(outputs(TYPICAL, amount=293))),
    "timing.expired": (Timing(100), proposed(1, expiry=999)),
    "timing.max_lifetime_blocks": (Timing(100), proposed(1, expiry=1_101)),
    "timing.height": (Timing(100), proposed(1, lock_time=999)),
    "timing.frozen": (Timing(100, frozen=True), proposed(1)),
    "timing.from_height": (Timing(100, from_height=1_001), proposed(1)),
    "timing.until_height": (Timing(100, until_height=1_099), proposed(1)),
    "timing.previous": (Timing(100, max_height_jump=144), proposed(1, history=())),
    "timing.min_age_between": (
        Timing(100, min_age_between=11),
        proposed(1, history=(earlier(990, 1),)),
    ),
    "timing.max_height_jump": (
        Timing(100, max_height_jump=9),
        proposed(1, history=(earlier(990, 1),)),
    ),
}
"""Every refusal with a rule and a spend that it alone refuses."""

SHARED = {"max_fee": "fees", "max_rate": "fees", "role": "approvals", "max_inputs": "special"}
SHARED |= dict.fromkeys(
    ("missing", "network", "vault", "quorum", "early", "age", "older"), "stated"
)
"""Checks that stand in one file for several rules."""


def places(name: str) -> tuple[str, str]:
    """The file in which a refusal's check stands, and the last word of its name."""
    rule, _, word = name.partition(".")
    return SHARED.get(word, rule), word


class Delete(ast.NodeTransformer):
    """Deletes one check, or none and lists all of them.

    Attributes:
        found: the last words of the refusals that stand in the tree.
    """

    def __init__(self, word: str = "") -> None:
        self.word = word
        self.found: list[str] = []

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """`yield refusal(...)` and `refusals.append(refusal(...))`."""
        for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id == "refusal":
                last = ast.unparse(call.args[0]).strip("f'\"").rpartition(".")[2]
                if last == self.word:
                    # A generator stays one: the statement is there, and never reached.
                    return ast.copy_location(ast.If(ast.Constant(value=False), [node], []), node)
                self.found += [] if "{" in last else [last]
        return self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        """`return (Refusal(...),) if late else ()`: the one rule that blames the officer."""
        if any(isinstance(n, ast.Name) and n.id == "Refusal" for n in ast.walk(node)):
            self.found.append("hours")
            if self.word == "hours":
                return ast.copy_location(ast.Return(ast.Tuple([], ast.Load())), node)
        return self.generic_visit(node)

    def _rows(self, node: ast.Tuple | ast.List) -> ast.expr:
        for row in list(node.elts):
            head = row.elts[0] if isinstance(row, ast.Tuple) and len(row.elts) > 2 else None
            if isinstance(head, ast.Constant) and isinstance(head.value, str):
                self.found.append(head.value)
                if head.value == self.word:
                    node.elts.remove(row)
        return self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        """A row of findings: its first value is the last word of a refusal's name."""
        return self._rows(node)

    def visit_List(self, node: ast.List) -> ast.expr:
        """As a tuple."""
        return self._rows(node)


def tree(file: str) -> ast.Module:
    """The source of a rule's file."""
    return ast.parse((HERE / f"{file}.py").read_text())


@contextmanager
def deleted(name: str) -> Iterator[None]:
    """Run a rule's code as if one check had not been written."""
    file, word = places(name)
    mutant = ast.fix_missing_locations(Delete(word).visit(tree(file)))
    waiting, codes = [compile(mutant, f"{file}.py", "exec")], {}
    while waiting:
        code = waiting.pop()
        codes[code.co_qualname] = code
        waiting += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    module = sys.modules[f"policies.rules.{file}"]
    own = [v for v in vars(module).values() if getattr(v, "__module__", None) == module.__name__]
    functions = [f for v in own for f in (v, *vars(v).values()) if isinstance(f, FunctionType)]
    with pytest.MonkeyPatch.context() as patch:
        for function in functions:
            code = codes.get(function.__code__.co_qualname)
            if code and code.co_freevars == function.__code__.co_freevars:
                patch.setattr(function, "__code__", code)
        yield


@pytest.mark.parametrize("name", CASES)
def test_a_deleted_check_lets_its_case_through(name):
    """With it: refused by this and by nothing else. Without it: nothing is said."""
    rule, spend = CASES[name]
    assert rules_of(rule.check(spend)) == [name]
    with deleted(name):
        assert rule.check(spend) == ()
    assert rules_of(rule.check(spend)) == [name]


def test_every_refusal_in_the_sources_is_in_the_table():
    """A rule that learns another refusal needs another row; a row without a check is none."""
    written = set()
    for file in {path.stem for path in HERE.glob("*.py")} - {"rule"}:  # that makes them for all
        lister, source = Delete(), tree(file)
        names = {n.id for n in ast.walk(source) if isinstance(n, ast.Name)}
        lister.visit(source)
        written |= {(file, word) for word in lister.found if names & {"refusal", "Refusal"}}
    assert written == {places(name) for name in CASES}
