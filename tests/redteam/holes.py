"""Signers with a hole: one check less. The redteam has to find each of them."""

import ast
import functools
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest

from signer.core.errors import Refused

_CODE = ("policies.", "signer.core.", "signer.sign.", "signer.carry.bundle")
_HOOK = "_raise_unless_there_is_a_hole"


@contextmanager
def hole(*rules: str) -> Iterator[None]:
    """Run the signer's code as if some checks had not been written.

    Every `raise` of a refusal by one of these rules is passed over, and the code goes on behind
    it; of an unreadable file, if what it says holds one of them as words. Nothing else changes.
    """

    def raise_unless_off(error: Exception) -> None:
        if isinstance(error, Refused):
            left = [r for r in error.refusals if r.rule not in (*rules, "policy.default")]
            if left:
                raise Refused(*left)
        elif not any(" " in rule and rule in str(error) for rule in rules):
            raise error

    with pytest.MonkeyPatch.context() as patch:
        for module in _modules():
            patch.setattr(module, _HOOK, raise_unless_off, raising=False)
            codes = _weak(str(module.__file__))
            for function in _functions(module):
                name = function.__code__.co_qualname, function.__code__.co_firstlineno
                if name in codes:
                    patch.setattr(function, "__code__", codes[name])
        yield


class _PassOver(ast.NodeTransformer):
    """Turns `raise problem` into a call that may return."""

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        if node.exc is None:
            return node
        call = ast.Call(ast.Name(_HOOK, ast.Load()), [node.exc], [])
        return ast.copy_location(ast.Expr(call), node)


def _modules() -> list[ModuleType]:
    return [m for name, m in sorted(sys.modules.items()) if name.startswith(_CODE)]


@functools.cache
def _weak(path: str) -> dict[tuple[str, int], CodeType]:
    tree = _PassOver().visit(ast.parse(Path(path).read_text()))
    waiting = [compile(ast.fix_missing_locations(tree), path, "exec")]
    found = {}
    while waiting:
        code = waiting.pop()
        found[code.co_qualname, code.co_firstlineno] = code
        waiting += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    return found


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    own = [v for v in vars(module).values() if getattr(v, "__module__", None) == module.__name__]
    for value in own:
        for member in (*vars(value).values(), value) if inspect.isclass(value) else (value,):
            inner = getattr(member, "fget", getattr(member, "func", member))
            function = inspect.unwrap(getattr(inner, "__func__", inner))
            if isinstance(function, FunctionType):
                yield function
