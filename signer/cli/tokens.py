"""The token of a BSMS session, from a file or a person: never from an argument."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from signer.cli import prompt
from signer.cli.naming import UnclearCommand, named

if TYPE_CHECKING:
    from signer.carry.bsms_token import Token

_MAX_FILE: Final = 256
"""Bytes; six words take at most 53."""

NoEncryption = Annotated[
    bool, typer.Option("--no-encryption", help="The session has no token: records are readable.")
]


def read(file: Path) -> "Token":
    """The token in a file.

    Raises:
        BadInput: unreadable, or no token.
    """
    from signer.carry.bsms_token import Token
    from signer.core.files import read_limited

    with named(file, hint="take the file that `coldquorum bsms tokens` wrote"):
        text = read_limited(file, limit=_MAX_FILE, what="token")
        return Token.parse(text.decode("ascii", "replace"))


def chosen(file: Path | None, *, plain: bool) -> "Token":
    """The session's token: from the file, from the person, or none.

    Raises:
        UnclearCommand: a token, and none.
        BadInput: no token, or nobody to ask.
    """
    from signer.carry.bsms_token import NO_ENCRYPTION, Token

    if plain and file is not None:
        raise UnclearCommand(
            "a session with a token is encrypted", hint="leave one of the two options out"
        )
    if plain:
        return NO_ENCRYPTION
    if file is not None:
        return read(file)
    prompt.need_terminal("typing the token", "use --token-file FILE, or --no-encryption")
    return Token.parse(prompt.line("the session's token: ").decode("ascii", "replace"))
