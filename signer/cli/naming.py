"""Errors of the command line: which of several things they are about, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from signer.core.errors import BadInput, Fault, Problem

HINTS: Final = {
    "backup": "a sheet is one line: the words of a key, or one share; or a file of `key backup`",
    "document": "give a file that `coldquorum` or `coldsign` wrote; copy it again if it is torn",
    "officer": "take the file that `coldsign officer show NAME -o FILE` wrote",
    "balances": "take the file that `coldquorum balances new -o FILE` or `coldsign approve` wrote",
    "passphrase": "one line of text, as short as a passphrase",
    "policy": "take the file that `coldquorum policy propose` or `policy import -o FILE` wrote",
    "prices": "take the file that `coldquorum prices new -o FILE` or `coldsign approve` wrote",
    "psbt": "copy the file again from where `coldquorum build` or `coldsign sign` wrote it",
    "toml": "`coldquorum policy new` writes a policy to start from",
    "transaction": "take the file that `coldquorum finalize IN -o FILE` wrote",
    "vault": "`coldquorum vault show NAME -o FILE` writes it",
    "withdrawal": "take the file that `coldquorum request new -o FILE` or `coldsign approve` wrote",
}
"""What to do when a file is not of its kind, or torn."""


class UnclearCommand(Problem):
    """A command line that does not say enough, although each of its words is right."""

    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, hint: str) -> None:
        super().__init__(what, fault=Fault.OFFICER, hint=hint)


@contextmanager
def named(name: object, *, hint: str = "", fault: Fault | None = None) -> Iterator[None]:
    """Put a name in front of whatever bad input is found inside.

    Args:
        name: a file's path, or words like `payment 2`; nothing if empty.
        hint: what to do, if the problem itself does not say.
        fault: who has to act, if that is not whom the problem blames.
    """
    try:
        yield
    except BadInput as problem:
        told = not name or str(name) in problem.found or problem.what.startswith(f"{name}:")
        raise BadInput(
            problem.what if told else f"{name}: {problem.what}",
            fault=fault or problem.fault,
            expected=problem.expected,
            found=problem.found,
            hint=problem.hint or hint,
        ) from None
