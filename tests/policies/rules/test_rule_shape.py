"""shape: outputs, their types, dust."""

import pytest
from policy_world import rules_of
from rule_world import proposed, rule

from policies.errors import BadInput
from policies.rules import Shape
from policies.spend import Output

P2PKH = bytes.fromhex("76a914" + "00" * 20 + "88ac")
P2SH = bytes.fromhex("a914" + "00" * 20 + "87")
P2WPKH = bytes.fromhex("0014" + "00" * 20)
P2WSH = bytes.fromhex("0020" + "00" * 32)
P2TR = bytes.fromhex("5120" + "00" * 32)
P2SH32 = bytes.fromhex("aa20" + "00" * 32 + "87")
ALL = ("p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr", "p2sh32")
SCRIPTS = (P2PKH, P2SH, P2WPKH, P2WSH, P2TR, P2SH32)
RULE = Shape(3, ALL)


def check(rule, *scripts, amount=1000, change=()):
    """Give the rules that refuse outputs with some scripts."""
    outputs = tuple(Output("", script, amount) for script in scripts)
    change = tuple(Output("", script, amount) for script in change)
    externals = proposed(purpose="payment")
    object.__setattr__(externals, "externals", outputs)
    object.__setattr__(externals, "change", change)
    return rules_of(rule.check(externals))


@pytest.mark.parametrize(
    ("external", "change", "rules"),
    [
        (2, 1, []),
        (3, 0, []),
        (3, 1, ["shape.max_outputs"]),
        (4, 0, ["shape.max_outputs"]),
        (1, 2, ["shape.max_change"]),
    ],
)
def test_outputs_are_counted(external, change, rules):
    """At the limit it passes, one more is refused; change counts, and has a limit of its own."""
    assert check(RULE, *[P2WPKH] * external, change=[P2WSH] * change) == rules


@pytest.mark.parametrize(
    ("script", "least"),
    [*zip(SCRIPTS, (546, 540, 294, 330, 330, 576), strict=True)],
)
def test_dust_is_refused(script, least):
    """By the nodes' own figures for each type; change is looked at, too."""
    assert check(RULE, script, amount=least) == []
    assert check(RULE, script, amount=least - 1) == ["shape.dust"]
    assert check(RULE, change=[script], amount=least - 1) == ["shape.dust"]


@pytest.mark.parametrize(("script", "name"), [*zip(SCRIPTS, ALL, strict=True)])
def test_only_named_types_are_paid(script, name):
    """Each type alone; change has the vault's type whatever that is."""
    others = tuple(one for one in ALL if one != name)
    assert check(Shape(3, (name,)), script) == []
    assert check(Shape(3, others), script) == ["shape.script_types"]
    assert check(Shape(3, others), change=[script]) == []


def test_a_payment_is_told_from_change_by_its_place():
    """Two outputs that are equal: the one that leaves is judged as such, and only that one."""
    only = Shape(3, ("p2wsh",))
    assert check(only, P2WPKH, change=[P2WPKH]) == ["shape.script_types"]
    assert check(only, P2WSH, change=[P2WPKH]) == []


@pytest.mark.parametrize(
    "script", [b"", b"\x51", P2WPKH + b"\x00", P2WPKH[:-1], b"\x60" + P2TR[1:], b"\x6a\x01a"]
)
def test_unknown_types_are_refused(script):
    """Anybody-can-spend, bare scripts, other lengths, future witness versions, data."""
    assert check(RULE, script) == ["shape.script_types"]


def test_data_has_to_be_allowed_and_carries_no_money():
    """OP_RETURN burns what it is given."""
    allowed = Shape(3, ALL, op_return=True)
    assert check(allowed, b"\x6a\x01a", amount=0) == []
    assert check(allowed, b"\x6a\x01a", amount=1) == ["shape.script_types"]
    assert check(RULE, b"\x6a\x01a", amount=0) == ["shape.script_types", "shape.dust"]


def test_where_data_is_allowed_nothing_else_is():
    """What is no OP_RETURN cannot pass for one by carrying no money."""
    allowed = Shape(3, ALL, op_return=True)
    assert check(allowed, b"\x51", amount=0) == ["shape.script_types", "shape.dust"]
    assert check(allowed, P2WPKH, amount=0) == ["shape.dust"]


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back."""
    text = 'max_outputs = 1\nscript_types = ["p2tr"]\nmax_change = 2\nop_return = true'
    assert rule("shape", text) == Shape(1, ("p2tr",), 2, op_return=True)
    assert RULE.to_table() == {
        "max_outputs": 3,
        "script_types": list(ALL),
        "max_change": 1,
        "op_return": False,
    }


@pytest.mark.parametrize("types", ["[]", '["p2pk"]', '["p2tr", "p2tr"]', '"p2tr"', "[1]"])
def test_malformed_types_are_refused(types):
    """Only types whose rules are final, each once."""
    with pytest.raises(BadInput, match=r"rules\.shape\.script_types"):
        rule("shape", f"max_outputs = 1\nscript_types = {types}")


def test_explain():
    """One sentence a limit, for an officer; data is told when it is allowed."""
    assert Shape(3, ("p2wsh", "p2tr"), op_return=True).explain()[1:] == (
        "a transaction has at most 3 outputs, change included",
        "types of destination that may be paid: p2wsh, p2tr",
        "change returns to the vault in at most 1 output(s)",
        "data may be published (OP_RETURN), without money",
    )
    assert len(RULE.explain()) == 4


def test_to_allow_data_waits_and_to_forbid_it_acts_at_once():
    """A policy that says nothing of it forbids it."""
    allowed = rule("shape", 'max_outputs = 3\nscript_types = ["p2tr"]\nop_return = true')
    silent = rule("shape", 'max_outputs = 3\nscript_types = ["p2tr"]')
    assert [change.direction for change in silent.compare(allowed)] == ["looser"]
    assert [change.direction for change in allowed.compare(silent)] == ["tighter"]
