"""Rules of the house that a program can check: budget, sizes, marks, imports."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = sorted(p for top in ("signer", "hw", "policies") for p in (ROOT / top).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Logical lines of each part of the trusted core, and why they are counted apart:
# docs/adr/0005-budget.md. The first part is what every signature of every vault passes.
TRUSTED = ("policies/", "signer/core/", "signer/sign/", "signer/keys/", "signer/carry/bundle.py")
MACHINERY, RULES, PRICES, COINS, KEYS = "machinery", "rules", "prices", "coins", "keys"
BUDGETS = {MACHINERY: 3_000, RULES: 600, PRICES: 640, COINS: 400, KEYS: 1_000}
LONGEST_RULE = 170
# What holds a secret, and the word lists, which only that uses. Two of the files stand in
# signer/core: the lists because embit may stand nowhere else, BIP32's private side because a start
# without keys tries it in its self-test.
OF_KEYS = ("signer/keys/", "signer/core/wordlist.py", "signer/core/bip32_private.py")
# What a coin is, how its addresses are written, and how its vaults pay and sign.
OF_COINS = tuple(
    f"signer/core/{name}"
    for name in (
        *("coins/", "address.py", "base58.py", "bch.py", "bech32.py", "cashaddr.py"),
        *("known_answers.py", "legacy.py", "schnorr.py", "script_types.py", "signatures.py"),
        "twice_derived.py",
    )
)
# What a listed wallet's addresses are: only the rule about destinations asks.
OF_RULES = ("signer/core/wallet.py",)
# The table of rules and what they are written in; each other file beside them is one rule.
RULE_TABLE = ("__init__", "rule", "setting", "windows")
# What a policy by value needs, and no other: sheets, snapshots, and the rules that count with them.
BY_VALUE = {
    *(f"policies/{one}.py" for one in ("value", "grounds", "prices", "balances", "evidence")),
    *("policies/gather.py", "policies/rules/prices.py", "policies/rules/group.py"),
    *("policies/rules/hot.py", "policies/rules/stated.py", "policies/rules/valued.py"),
}
# What the trusted core may import beside the standard library and itself.
ALLOWED = {"cryptography", "embit", "btclib_secp256k1", "policies", "signer"}
LONGEST_FILE = 500


def relative(path: Path) -> str:
    """Name a file from the root, with slashes."""
    return path.relative_to(ROOT).as_posix()


def trusted() -> list[Path]:
    """List the files of the trusted core."""
    return [p for p in PRODUCT if relative(p).startswith(TRUSTED)]


def logical_lines(source: str) -> int:
    """Count statements; docstrings are free. How a formatter breaks them does not matter."""
    return sum(
        isinstance(node, ast.stmt | ast.excepthandler)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in ast.walk(ast.parse(source))
    )


def test_logical_lines_counts_what_it_says():
    """Blank lines, comments, docstrings and line breaks are free; every statement counts."""
    source = '"""Doc."""\n\n# why\nx = (\n    1\n)\n\n\ndef f():\n    """D."""\n    return x\n'
    assert logical_lines(source) == 3


def part(path: Path) -> str:
    """Say to which part of the trusted core a file belongs."""
    if relative(path).startswith(OF_KEYS):
        return KEYS
    if relative(path).startswith(OF_COINS):
        return COINS
    if relative(path) in BY_VALUE:
        return PRICES
    is_rule = relative(path).startswith("policies/rules/") and path.stem not in RULE_TABLE
    return RULES if is_rule or relative(path) in OF_RULES else MACHINERY


@pytest.mark.parametrize("name", BUDGETS)
def test_the_trusted_core_keeps_its_budget(name):
    """What every signature passes, rules, keys, coins: each stays within its reading time."""
    files = [p for p in trusted() if part(p) == name]
    sizes = {relative(p): logical_lines(p.read_text()) for p in files}
    assert 0 < sum(sizes.values()) <= BUDGETS[name], sorted(sizes.items(), key=lambda i: -i[1])[:15]
    assert name != RULES or max(sizes.values()) <= LONGEST_RULE


@pytest.mark.parametrize("path", trusted(), ids=relative)
def test_the_trusted_core_imports_only_what_it_may(path):
    """Nothing but stdlib, cryptography, embit and one libsecp256k1 binding enters the core."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            top = name.split(".")[0]
            assert top in ALLOWED or top in sys.stdlib_module_names, f"{name} in line {node.lineno}"


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_product_files_follow_the_house(path):
    """No validation by assert, no stub, no unfinished mark, no silent exemption, no giant file."""
    source = path.read_text()
    tree = ast.parse(source)
    assert not [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Assert)], "assert validates"
    assert not re.search(r"NotImplementedError|TODO|FIXME|XXX", source)
    assert not re.search(
        r"(type: ignore|noqa)(\[[a-z-]+\]|: [A-Z0-9, ]+)?\s*$", source, re.MULTILINE
    )
    assert len(source.splitlines()) <= LONGEST_FILE


def calls(node: ast.AST) -> set[str]:
    """Name what a function calls, and what it takes as a fixture."""
    names = {a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in n.args}
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        match call.func:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                names.add(name)
    return names


def asserts(node: ast.AST) -> bool:
    """Whether a function asserts something itself, or expects an error."""
    return any(isinstance(n, ast.Assert) for n in ast.walk(node)) or "raises" in calls(node)


def checkers() -> set[str]:
    """Name the functions under tests/ that assert, themselves or through one another."""
    functions = [
        node
        for path in TESTS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("test_")
    ]
    found = {node.name for node in functions if asserts(node)}
    while more := {n.name for n in functions if n.name not in found and calls(n) & found}:
        found |= more
    return found


CHECKERS = checkers()


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_every_test_says_what_it_shows_and_can_fail(path):
    """A test has a docstring and an assertion: its own, or that of a function which it calls."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"
            assert asserts(node) or calls(node) & CHECKERS, f"{node.name} cannot fail"
