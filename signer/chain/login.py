"""How the coordinator introduces itself to a bitcoind: by the node's cookie, or user and password.

Source: Bitcoin Core `doc/JSON-RPC-interface.md`, "Security"; `src/rpc/request.cpp`.
"""

from pathlib import Path
from typing import Final

from signer.chain.errors import NodeAuth
from signer.chain.nodes import Node
from signer.chain.rpc import Login
from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited

_MAX_COOKIE: Final = 4096
"""Bytes; bitcoind's has 75."""


def login(
    node: Node, network: str, cookie: Path | None, user: str | None, password: str | None
) -> Login:
    """The given user, or what the node's cookie file says.

    Args:
        node: whose default cookie file to take.
        network: of that node.
        cookie: another cookie file.
        user: instead of a cookie.
        password: of the user.

    Raises:
        BadInput: cookie and user at once, or a user without password.
        NodeAuth: no cookie file, or none that bitcoind wrote.
    """
    if user is None:
        return _read_cookie(
            cookie or Path.home() / node.data / node.networks[network].folder / ".cookie"
        )
    if cookie is not None or password is None or ":" in user:
        raise BadInput(
            "the login for the node is not complete, or twice",
            fault=Fault.OFFICER,
            expected="a cookie file, or a user without a colon and a password",
            hint="give --node-cookie, or --node-user and --node-password-file",
        )
    return Login(user, password)


def _read_cookie(path: Path) -> Login:
    try:
        data = read_limited(path, limit=_MAX_COOKIE, what="the node's cookie file")
    except BadInput as error:
        raise NodeAuth(
            error.what,
            found=error.found,
            hint="is bitcoind running? give --node-cookie, or --node-user and --node-password-file",
        ) from None
    user, colon, password = data.decode("utf-8", "replace").strip().partition(":")
    if not (user and colon and password) or "\n" in password:
        raise NodeAuth(
            "not a cookie file of bitcoind",
            expected="__cookie__:...",
            found=str(path),
            hint="the file is called .cookie, in the node's data folder",
        )
    return Login(user, password)
