"""Which chain a command asks: a node, an Electrum server, or the one that is embedded.

The options are the same on each command that needs a chain: `@chains.options` gives them to it.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signer.chain.errors import NodeWrongNetwork
from signer.cli.naming import UnclearCommand, named
from signer.cli.session import Session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:  # a chain loads libraries: a command imports it when it runs
    from signer.chain.chain import Chain
    from signer.chain.regtest import Regtest

_FOLDERS = {"BTC": "regtest"}


def folder_of(coin: str) -> str:
    """The folder of a coin's embedded chain, in the home folder."""
    return _FOLDERS.get(coin, f"regtest-{coin.lower()}")


_HINT = "give --node URL or --electrum HOST:PORT and what it needs, or --regtest for play money"

MAX_PASSWORD_FILE = 4096

Node = Annotated[
    str | None,
    typer.Option("--node", metavar="URL", help="Ask the coin's node: http://HOST:PORT."),
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
Electrum = Annotated[
    str | None,
    typer.Option(
        "--electrum", metavar="HOST:PORT", help="Ask an Electrum server; TLS but on this machine."
    ),
]
Certificate = Annotated[
    Path | None,
    typer.Option(
        "--electrum-cert",
        metavar="FILE",
        readable=False,
        help="Its own certificate (PEM), if the system does not trust it.",
    ),
]
PlainTcp = Annotated[
    bool,
    typer.Option("--electrum-plain", help="No TLS to another machine: anybody between can lie."),
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
        electrum: an Electrum server as `HOST:PORT`, or None.
        certificate: the file of that server's own certificate, or None to trust the system's.
        plain_tcp: speak to it without TLS, wherever it is.
        embedded: the embedded chain instead of a node.
    """

    node: str | None
    user: str | None
    password_file: Path | None
    cookie: Path | None
    wallet: str | None
    electrum: str | None
    certificate: Path | None
    plain_tcp: bool
    embedded: bool

    @property
    def is_given(self) -> bool:
        """Whether any chain was asked for."""
        return self.embedded or self.node is not None or self.electrum is not None

    def check(self) -> None:
        """See that exactly one chain is named, before anything else is done.

        Raises:
            UnclearCommand: none, or two; or an option without the node or server that it is for.
        """
        of_node = any((self.user, self.password_file, self.cookie, self.wallet))
        of_server = self.certificate is not None or self.plain_tcp
        if not self.is_given:
            raise UnclearCommand("which chain?", hint=_HINT)
        if (self.node is not None) + (self.electrum is not None) + self.embedded > 1:
            raise UnclearCommand("one chain at a time", hint=_HINT)
        if of_node and self.node is None:
            raise UnclearCommand("the node's options go with --node alone", hint=_HINT)
        if of_server and self.electrum is None:
            raise UnclearCommand("the server's options go with --electrum alone", hint=_HINT)
        if (self.user is None) != (self.password_file is None):
            raise UnclearCommand("--node-user and --node-password-file go together", hint=_HINT)

    @contextmanager
    def open(self, here: Session, coin: str, network: str) -> Iterator["Chain"]:
        """Open the chain, and see that it is the right one.

        Args:
            here: for the embedded chain's folder.
            coin: of the vault.
            network: that the vault is on.

        Raises:
            ChainError: it cannot be used, or follows another network.
            BadInput: the URL or a file of the login is not usable.
        """
        self.check()
        if self.node is not None:
            chain = self._node(self.node, coin, network)
        elif self.electrum is not None:
            chain = self._server(self.electrum, coin, network)
        else:
            if network != "regtest":
                raise NodeWrongNetwork(
                    "the embedded chain is regtest only",
                    expected=network,
                    found="regtest",
                    hint="give --node URL of a node of the vault's network",
                )
            with open_regtest(here, coin) as regtest:
                yield regtest
            return
        with closing(chain):
            yield chain

    def _node(self, url: str, coin: str, network: str) -> "Chain":
        from signer.chain.bitcoind import connect

        password = None if self.password_file is None else _password(self.password_file)
        with named("", hint="for instance --node http://127.0.0.1:8332"):
            return connect(
                url,
                coin=coin,
                network=network,
                cookie=self.cookie,
                user=self.user,
                password=password,
                wallet=self.wallet,
            )

    def _server(self, address: str, coin: str, network: str) -> "Chain":
        from signer.chain.electrum import connect
        from signer.chain.electrum_link import parse_server

        with named("", hint="for instance --electrum electrum.example.com:50002"):
            server = parse_server(address, certificate=self.certificate, plain_tcp=self.plain_tcp)
            return connect(server, coin=coin, network=network)


def _asked(
    *,
    node: Node = None,
    node_user: User = None,
    node_password_file: PasswordFile = None,
    node_cookie: Cookie = None,
    wallet: Wallet = None,
    electrum: Electrum = None,
    electrum_cert: Certificate = None,
    electrum_plain: PlainTcp = False,
    regtest: Embedded = False,
) -> Asked:
    """The options as every command has them."""
    return Asked(
        node,
        node_user,
        node_password_file,
        node_cookie,
        wallet,
        electrum,
        electrum_cert,
        electrum_plain,
        regtest,
    )


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a chain, in place of its parameter `asked: Asked`."""
    own = inspect.signature(command)
    given = inspect.signature(_asked).parameters
    merged: list[inspect.Parameter] = []
    for name, parameter in own.parameters.items():
        merged.extend(given.values() if name == "asked" else (parameter,))

    @functools.wraps(command)
    def with_chain(**values: Any) -> None:
        chosen = {name: values.pop(name) for name in given}
        command(**values, asked=_asked(**chosen))

    # What typer reads of a command: its parameters and their annotations.
    with_chain.__dict__["__signature__"] = own.replace(parameters=merged)
    with_chain.__annotations__ = {one.name: one.annotation for one in merged}
    return with_chain


@contextmanager
def open_regtest(here: Session, coin: str) -> Iterator["Regtest"]:
    """Open a coin's embedded chain, making it if it is not there.

    Raises:
        ChainError: the coin's engine is missing, or another process has the chain open.
        BadInput: the folder cannot be used.
    """
    from signer.chain.regtest import Regtest

    with closing(Regtest(here.home / folder_of(coin), coin=coin)) as chain:
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
