"""The other half of an attack: what becomes of it when one defence is gone.

An attack test shows two things. Every defence in place: refused at this step, by this rule
(`refused`). One defence gone: two signers sign, and Bitcoin Core's consensus code takes the
transaction (`stolen`). So nothing else was wrong with the bundle: that rule, and it alone, stood
between the thief and the money.
"""

import ast
import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest
from world import Coin, DraftInput, DraftOutput, World

from signer.core.errors import BadInput, Fault, Refused
from signer.core.psbt import PartialSig, Psbt
from signer.core.script import push
from signer.core.transaction import Transaction, TxIn
from signer.settle import consensus

SIGNERS = ("alice", "bob")
"""A quorum of the vault's keys: the most that a thief needs."""

_SIGNER_CODE = ("policies.", "signer.core.", "signer.sign.", "signer.carry.bundle")
_RULES_STEP = 8


def refused(
    world: World,
    raw: bytes,
    step: int,
    *rules: str,
    hint: str,
    fault: Fault = Fault.COORDINATOR,
    **memory: object,
) -> Refused:
    """Expect that a signer refuses at this step, by these rules and no other.

    Args:
        world: whose signer.
        raw: what the thief brings.
        step: of the design.
        rules: all that it refuses by, in order.
        hint: a part of what the first one advises.
        fault: whom the first one blames.
        memory: what the signer remembers, as `World.enrolments` takes it.
    """
    with pytest.raises(Refused) as caught:
        world.examine(raw, **memory)
    problem = caught.value
    assert [(r.step, r.rule) for r in problem.refusals] == [(step, rule) for rule in rules]
    assert problem.fault is fault
    assert hint in problem.hint
    return problem


def expect_each_alone_stops(
    world: World, raw: bytes, locks: Mapping[str, int], **memory: object
) -> None:
    """Expect that every one of several locks on a door holds when all the others are gone.

    Args:
        world: whose signer.
        raw: what the thief brings.
        locks: the step at which each rule refuses.
        memory: what the signer remembers, as `World.enrolments` takes it.
    """
    for rule, step in locks.items():
        others = (other for other in locks if other != rule)
        with without(*others, all_needed=False), pytest.raises(Refused) as caught:
            world.examine(raw, **memory)
        assert [(r.step, r.rule) for r in caught.value.refusals] == [(step, rule)]


def expect_unreadable(world: World, raw: bytes, what: str, **memory: object) -> BadInput:
    """Expect that a signer cannot even read it (step 1), and says this about it."""
    with pytest.raises(BadInput) as caught:
        world.examine(raw, **memory)
    assert what in caught.value.what
    return caught.value


def stolen(
    world: World, raw: bytes, home: Path, *off: str, coins: Sequence[Coin] = ()
) -> Transaction:
    """Let two signers without some defences sign, and Bitcoin Core's consensus judge.

    Args:
        world: whose signers.
        raw: what the thief brings.
        home: where each signer's home is, or is made.
        off: names of defences, as `without` takes them; each must have been needed.
        coins: those that are spent, if others than `world.coins`.

    Returns:
        The finished transaction, valid under consensus.
    """
    with without(*off):
        psbt = Psbt.parse(signed(world, raw, home))
    return finished(world, psbt.tx, [said.partial_sigs for said in psbt.inputs], coins)


def signed(world: World, raw: bytes, home: Path) -> bytes:
    """Let two signers sign, as they are."""
    for name in SIGNERS:
        raw = world.sign(raw, home / name, name).raw
    return raw


def finished(
    world: World,
    tx: Transaction,
    signatures: Sequence[Sequence[PartialSig]],
    coins: Sequence[Coin] = (),
) -> Transaction:
    """Put each input's signatures into a transaction; Bitcoin Core's consensus must take it."""
    inputs = []
    for txin, given in zip(tx.inputs, signatures, strict=True):
        coin = _spent(world, txin, coins)
        script = world.vault.script(coin.branch, coin.index)
        found = {s.pubkey: s.signature for s in given}
        chosen = [found[key.pubkey] for key in script.keys if key.pubkey in found]
        witness = (b"", *chosen[: world.vault.threshold], script.witness_script)
        redeem = push(script.redeem_script) if script.redeem_script else b""
        inputs.append(TxIn(txin.outpoint, redeem, txin.sequence, witness))
    whole = replace(tx, inputs=tuple(inputs))
    burnt(world, whole, coins)
    return whole


def burnt(world: World, tx: Transaction, coins: Sequence[Coin] = ()) -> int:
    """Expect that Bitcoin Core's consensus takes a transaction; give its true fee in satoshi."""
    verdict = consensus.verify(
        tx, [_spent(world, txin, coins).output for txin in tx.inputs], world.vault.coin
    )
    assert verdict.verified
    return verdict.fee


def _spent(world: World, txin: TxIn, coins: Sequence[Coin]) -> Coin:
    return next(coin for coin in (*world.coins, *coins) if coin.outpoint == txin.outpoint)


def claim(part: DraftInput | DraftOutput, **fields: object) -> None:
    """Change what a draft's PSBT says of an input or output."""
    part.psbt = part.psbt._replace(**fields)


def paid(tx: Transaction, script: bytes) -> int:
    """What a script receives, in satoshi."""
    return sum(output.amount for output in tx.outputs if output.script == script)


@contextmanager
def without(*names: str, all_needed: bool = True) -> Iterator[None]:
    """Run the signer's code as if some checks had not been written.

    Every `raise` of a problem that is named here is passed over, and the code goes on behind it;
    nothing else changes. Fails if a named defence never had to be passed over: then it was not
    what stopped the attack.

    Args:
        names: a refusal's rule (`outputs.script`), or words of what a BadInput says.
        all_needed: fail if one never had to be passed over.
    """
    needed: set[str] = set()

    def raise_unless_off(error: Exception) -> None:
        if isinstance(error, Refused):
            rules = {r.rule: r.step for r in error.refusals if r.rule in names}
            # Whatever a rule did not pass, the default denies: the two go together.
            default = any(rules_of_8) and error.refusals[0].rule == "policy.default"
            rules_of_8.extend(rule for rule, step in rules.items() if step == _RULES_STEP)
            needed.update(rules)
            left = [r for r in error.refusals if r.rule not in rules]
            if left and not default:
                raise Refused(*left)
            return
        found = {name for name in names if " " in name and name in str(error.args)}
        needed.update(found)
        if not found:
            raise error

    rules_of_8: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for module in _signer_modules():
            patch.setattr(module, _HOOK, raise_unless_off, raising=False)
            _weaken(module, patch)
        yield
    assert needed == set(names) or not all_needed, f"not needed: {set(names) - needed}"


@contextmanager
def instead(target: object, name: str, naive: Callable[..., object]) -> Iterator[None]:
    """Run with one function in a naive form: for defences that are no `raise`, but a way to do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, name, naive)
        yield


_HOOK = "_raise_unless_off"


class _PassOver(ast.NodeTransformer):
    """Turns `raise problem` into a call that may return."""

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        if node.exc is None:
            return node
        call = ast.Call(ast.Name(_HOOK, ast.Load()), [node.exc], [])
        return ast.copy_location(ast.Expr(call), node)


def _signer_modules() -> list[ModuleType]:
    return [m for name, m in sorted(sys.modules.items()) if name.startswith(_SIGNER_CODE)]


def _weaken(module: ModuleType, patch: pytest.MonkeyPatch) -> None:
    codes = _weak_codes(str(module.__file__))
    for function in _functions(module):
        code = codes.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None:
            patch.setattr(function, "__code__", code)


@functools.cache
def _weak_codes(path: str) -> dict[tuple[str, int], CodeType]:
    tree = _PassOver().visit(ast.parse(Path(path).read_text()))
    waiting = [compile(ast.fix_missing_locations(tree), path, "exec")]
    found = {}
    while waiting:
        code = waiting.pop()
        found[code.co_qualname, code.co_firstlineno] = code
        waiting += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    return found


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    """Every function that the module made: its own, its classes', and those in closures' names."""
    own = [v for v in vars(module).values() if getattr(v, "__module__", None) == module.__name__]
    for value in own:
        for member in (*vars(value).values(), value) if inspect.isclass(value) else (value,):
            inner = getattr(member, "fget", getattr(member, "func", member))
            function = inspect.unwrap(getattr(inner, "__func__", inner))
            if isinstance(function, FunctionType):
                yield function
