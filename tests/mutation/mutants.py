"""Small faults, put into a source one at a time: what a test suite has to notice.

A mutant is named by what it changes and where, not by a line number, so that its name lives as
long as the code that it is about. Texts for people are left alone, and so are annotations,
decorators and imports (mypy and the import contracts watch those).
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_TEXTS = ("expected", "found", "hint")
"""Keywords of errors and refusals: what people read, and no program decides by."""
_TYPES = ("tuple", "dict", "Mapping", "Callable")
"""What is subscripted to write a type, and never to look something up."""

_LONGEST_NAME = 140
_TELLING = 6
"""Characters. What is shorter, such as a number, is told with what stands around it."""

_Spot = tuple[ast.AST, str, int | None]
_Change = tuple[ast.AST, str, str]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault.

    Attributes:
        name: the function and the change, as `Tally.reached: a >= b -> a > b`.
        first: the first line of the statement that it is in.
        last: the last line of that statement, or of its header.
        at_import: whether it is in code that runs only when the module is imported.
        code: the module with the fault.
    """

    name: str
    first: int
    last: int
    at_import: bool
    code: CodeType


def mutants(source: str, path: str) -> Iterator[Mutant]:
    """Give every mutant of a source."""
    tree = ast.parse(source)
    for name, spot, replacement, lines, at_import in _named(tree):
        old = _put(spot, replacement)
        code = compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)
        _put(spot, old)
        yield Mutant(name, *lines, at_import, code)


def names(source: str) -> set[str]:
    """Give the names of all of them, which takes no time."""
    return {name for name, *_ in _named(ast.parse(source))}


def _named(tree: ast.Module) -> Iterator[tuple[str, _Spot, ast.AST, tuple[int, int], bool]]:
    seen = Counter[str]()
    for spot, change, scope, lines, at_import in _changes(tree):
        replacement, before, after = change
        parent = spot[0]
        if len(before) < _TELLING and isinstance(parent, ast.expr | ast.keyword):
            before = ast.unparse(parent)
            old = _put(spot, replacement)
            after = ast.unparse(parent)
            _put(spot, old)
        name = f"{scope}: {_short(before)} -> {_short(after)}"
        seen[name] += 1
        if seen[name] > 1:
            name += f" #{seen[name]}"
        yield name, spot, replacement, lines, at_import


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 3] + "..."


def _put(spot: _Spot, node: ast.AST) -> ast.AST:
    parent, field, index = spot
    if index is None:
        old = getattr(parent, field)
        setattr(parent, field, node)
        return old
    rows = getattr(parent, field)
    old, rows[index] = rows[index], node
    return old


def _changes(
    node: ast.AST,
    scope: str = "",
    lines: tuple[int, int] = (1, 1),
    at_import: bool = True,
) -> Iterator[tuple[_Spot, _Change, str, tuple[int, int], bool]]:
    for field, index, child in _children(node):
        inner, where, late = scope, lines, at_import
        if isinstance(child, ast.stmt):
            body = getattr(child, "body", None)
            end = body[0].lineno - 1 if body else (child.end_lineno or child.lineno)
            where = (child.lineno, max(child.lineno, end))
        if (isinstance(node, ast.FunctionDef) and field == "body") or isinstance(node, ast.Lambda):
            late = late and field != "body"
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = f"{scope}.{child.name}".lstrip(".")
        elif late and isinstance(child, ast.Assign | ast.AnnAssign):
            target = child.targets[0] if isinstance(child, ast.Assign) else child.target
            inner = f"{scope}.{ast.unparse(target)}".lstrip(".")
        for change in _alternatives(child, late):
            yield (node, field, index), change, inner or "module", where, late
        yield from _changes(child, inner, where, late)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if _ignored(node, field):
            continue
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            for index, one in enumerate(value):
                if isinstance(one, ast.AST) and not _is_text(one):
                    yield field, index, one


def _ignored(node: ast.AST, field: str) -> bool:
    if field in ("annotation", "returns", "decorator_list", "bases", "ctx"):
        return True
    # A type that has got a name is an annotation, too.
    if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in _TYPES:
        return True
    # A union of types is written like arithmetic.
    types = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance"
    return types and field == "args"


def _is_text(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.keyword(arg=name):
            return name in _TEXTS
    return False


def _alternatives(node: ast.AST, at_import: bool) -> Iterator[_Change]:
    if isinstance(node, ast.stmt):
        yield from _statements(node)
    elif isinstance(node, ast.expr):
        for new in _expressions(node, at_import):
            ast.copy_location(new, node)
            yield new, ast.unparse(node), ast.unparse(new)
    elif isinstance(node, ast.comprehension):
        for place, condition in enumerate(node.ifs):
            rest = node.ifs[:place] + node.ifs[place + 1 :]
            new = ast.comprehension(node.target, node.iter, rest, node.is_async)
            yield new, f"if {ast.unparse(condition)} (of a loop)", "(always)"


def _statements(node: ast.stmt) -> Iterator[_Change]:
    nothing = ast.copy_location(ast.Pass(), node)
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return  # imports for annotations
        case ast.If() | ast.While():
            word = "if" if isinstance(node, ast.If) else "while"
            for value in (True, False) if word == "if" else (False,):
                test = ast.copy_location(ast.Constant(value), node.test)
                new = type(node)(test=test, body=node.body, orelse=node.orelse)
                yield ast.copy_location(new, node), f"{word} {ast.unparse(node.test)}", f"{value}"
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            # An empty one, so that the function stays a generator.
            empty = ast.YieldFrom(ast.Tuple([], ast.Load()))
            yield ast.copy_location(ast.Expr(empty), node), ast.unparse(node), "(nothing)"
        case ast.Expr() | ast.Raise() | ast.AugAssign() | ast.Continue() | ast.Break():
            yield nothing, ast.unparse(node), "(nothing)"


def _expressions(  # noqa: C901, PLR0912 -- a table of forms, which only a match can write
    node: ast.expr, at_import: bool
) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=ops):
            for place, op in enumerate(ops):
                for other in _COMPARISONS[type(op)]:
                    changed = [*ops[:place], other(), *ops[place + 1 :]]
                    yield ast.Compare(node.left, changed, node.comparators)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for place in range(len(values)):
                rest = values[:place] + values[place + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=inner):
            yield inner
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            yield ast.BinOp(left, _OPERATORS[type(op)](), right)
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
            if value > 0:
                yield ast.Constant(value - 1)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            yield ast.Call(ast.Name(_CALLS[name], ast.Load()), node.args, node.keywords)
        case ast.Call(keywords=keywords):
            for place, word in enumerate(keywords):
                if word.arg is not None and word.arg not in _TEXTS:
                    rest = keywords[:place] + keywords[place + 1 :]
                    yield ast.Call(node.func, node.args, rest)
        case ast.Tuple(elts=rows, ctx=ast.Load()) | ast.List(elts=rows, ctx=ast.Load()):
            for place, one in enumerate(rows):
                if isinstance(one, ast.Starred | ast.Tuple) or (at_import and len(rows) > 1):
                    yield type(node)(rows[:place] + rows[place + 1 :], ast.Load())
        case ast.Set(elts=rows) if len(rows) > 1:
            for place in range(len(rows)):
                yield ast.Set(rows[:place] + rows[place + 1 :])
        case ast.Dict(keys=keys, values=values) if at_import and len(keys) > 1:
            for place in range(len(keys)):
                yield ast.Dict(
                    keys[:place] + keys[place + 1 :], values[:place] + values[place + 1 :]
                )
