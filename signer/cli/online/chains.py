"""Which chain a command asks: a bitcoind, or the one that is embedded.

The options are the same on each command that needs a chain.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.chain.errors import NodeWrongNetwork
from signer.cli.naming import UnclearCommand, named
from signer.cli.session import Session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:  # a chain loads libraries: a command imports it when it runs
    from signer.chain.chain import Chain
    from signer.chain.regtest import Regtest

FOLDER = "regtest"
"""Of the embedded chain, in the home folder."""

_HINT = "give --node URL and what it needs, or --regtest alone for play money"

MAX_PASSWORD_FILE = 4096

Node = Annotated[
    str | None, typer.Option("--node", metavar="URL", help="Ask a bitcoind: http://HOST:PORT.")
]
User = Annotated[
    str | None, typer.Option("--node-user", metavar="NAME", help="Its RPC user, if no cookie.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--node-password-file", metavar="FILE", readable=False, help="That user's password."
    ),
]
Cookie = Annotated[
    Path | None,
    typer.Option(
        "--node-cookie", metavar="FILE", readable=False, help="Its cookie, if not in ~/.bitcoin."
    ),
]
Wallet = Annotated[
    str | None,
    typer.Option(
        "--wallet", metavar="NAME", help="Watch with this wallet of the node, do not scan."
    ),
]
Embedded = Annotated[
    bool, typer.Option("--regtest", help="Ask the embedded chain (play money) in HOME/regtest.")
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command line says about the chain.

    Attributes:
        node: an URL, or None.
        user: of the node's RPC, or None for a cookie.
        password_file: of that user.
        cookie: the node's cookie file, or None for the usual place.
        wallet: of the node, or None to scan.
        embedded: the embedded chain instead of a node.
    """

    node: str | None
    user: str | None
    password_file: Path | None
    cookie: Path | None
    wallet: str | None
    embedded: bool

    @property
    def is_given(self) -> bool:
        """Whether any chain was asked for."""
        return self.embedded or self.node is not None

    def check(self) -> None:
        """See that exactly one chain is named, before anything else is done.

        Raises:
            UnclearCommand: none, or two; or a node's option without a node.
        """
        extras = (self.user, self.password_file, self.cookie, self.wallet)
        if self.embedded and (self.node is not None or any(extras)):
            raise UnclearCommand("--regtest goes with none of the node's options", hint=_HINT)
        if self.node is None and not self.embedded:
            raise UnclearCommand("which chain?", hint=_HINT)
        if (self.user is None) != (self.password_file is None):
            raise UnclearCommand("--node-user and --node-password-file go together", hint=_HINT)

    @contextmanager
    def open(self, here: Session, network: str) -> Iterator["Chain"]:
        """Open the chain, and see that it is the right one.

        Args:
            here: for the embedded chain's folder.
            network: that the vault is on.

        Raises:
            ChainError: it cannot be used, or follows another network.
            BadInput: the URL or a file of the login is not usable.
        """
        self.check()
        if self.node is None:
            if network != "regtest":
                raise NodeWrongNetwork(
                    "the embedded chain is regtest only",
                    expected=network,
                    found="regtest",
                    hint="give --node URL of a node of the vault's network",
                )
            with open_regtest(here) as chain:
                yield chain
            return
        from signer.chain.bitcoind import connect

        password = None if self.password_file is None else _password(self.password_file)
        with named("", hint="for instance --node http://127.0.0.1:8332"):
            node = connect(
                self.node,
                network=network,
                cookie=self.cookie,
                user=self.user,
                password=password,
                wallet=self.wallet,
            )
        with closing(node):
            yield node


@contextmanager
def open_regtest(here: Session) -> Iterator["Regtest"]:
    """Open the embedded chain, making it if it is not there.

    Raises:
        ChainError: py-bitcoinkernel is missing, or another process has it open.
        BadInput: the folder cannot be used.
    """
    from signer.chain.regtest import Regtest

    with closing(Regtest(here.home / FOLDER)) as chain:
        yield chain


def _password(file: Path) -> str:
    from signer.core.files import read_limited

    with named(file, hint="one line, as in the node's own configuration"):
        data = read_limited(file, limit=MAX_PASSWORD_FILE, what="the node's password file")
    try:
        return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise BadInput(
            "the node's password file is not text",
            fault=Fault.OFFICER,
            found=str(file),
            hint="one line, as in the node's own configuration",
        ) from None
