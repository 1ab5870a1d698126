"""Speed: what a signer would read and verify a thousand times over is read and verified once.

Each of these answers depends on its arguments alone, and nobody can change what it gives. Nothing
else of the signer is touched, and the sample by the real programs does without.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest import mock

from policies import envelope
from policies.policy import Policy
from policies.withdrawal import Withdrawal
from signer.core.vault import Vault

_KEPT: Final = 4_000
"""Answers of each kind: a few hundred documents stand still, the rest comes and goes."""

_PURE: Final[tuple[tuple[Any, str, Callable[..., Any], Callable[..., Hashable]], ...]] = (
    (Policy, "parse", Policy.parse, lambda payload: payload),
    (Withdrawal, "parse", Withdrawal.parse, lambda payload: payload),
    (Vault, "parse", Vault.parse, lambda payload: payload),
    (Vault, "script", Vault.script, lambda vault, *place: (vault.payload, *place)),
    (envelope, "_verifies", envelope._verifies, lambda *seen: seen),  # noqa: SLF001 -- patched by name
)


@contextmanager
def reading_once() -> Iterator[None]:
    """Remember what was read, from now until the end of the block and no longer."""
    with ExitStack() as stack:
        for owner, name, function, key in _PURE:
            stack.enter_context(mock.patch.object(owner, name, _remembering(function, key)))
        yield


def _remembering(
    function: Callable[..., Any], key: Callable[..., Hashable]
) -> Callable[..., object]:
    known: dict[Hashable, object] = {}

    def answer(*arguments: Any) -> object:
        at = key(*arguments)
        if at not in known:
            found = function(*arguments)
            if len(known) >= _KEPT:
                known.clear()
            known[at] = found
        return known[at]

    return answer
