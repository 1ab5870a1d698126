"""`coldquorum bsms`: Bitcoin Secure Multisig Setup (BIP129), the coordinator's side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show, tokens
from signer.cli.kinds import NetworkOption, ScriptOption, script_type
from signer.cli.naming import UnclearCommand, named
from signer.cli.online import vaults
from signer.cli.session import HomeOption, JsonFlag, session
from signer.cli.tokens import NoEncryption
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.carry.bsms_token import Token
    from signer.core.vault import Vault, VaultKey, VaultSigner

_MAX_FILE = 1 << 15
_MOST_TOKENS = 15
"""As many as a vault has keys."""


def tokens_(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="DIR", readable=False, help="Where to.")],
    *,
    count: Annotated[
        int, typer.Option(metavar="N", help="One for each signer; 1 is shared by all.")
    ],
    mode: Annotated[str, typer.Option(help="standard (64 bits) or extended (128).")] = "extended",
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Draw the tokens of a new session, each into a file of its own that only you can read.

    Give each to its signer on a way that the records do not take: by telephone, on paper.
    """
    from signer.build.bsms import SIZES, new_token
    from signer.core.files import make_folder, refuse_existing, write_private

    here = session(context, as_json=as_json, home=home)
    if mode not in SIZES or not 1 <= count <= _MOST_TOKENS:
        raise BadInput(
            "no such tokens",
            fault=Fault.OFFICER,
            expected=f"1 to {_MOST_TOKENS}, standard or extended",
            found=f"{count}, {mode[:20]}",
        )
    make_folder(out)
    paths = [out / f"token-{number}.txt" for number in range(1, count + 1)]
    for path in paths:
        refuse_existing(path)
    for path in paths:
        write_private(path, f"{new_token(mode).decimal}\n".encode())
    files = [str(path) for path in paths]
    here.emit({"mode": mode.upper(), "files": files}, "\n".join(map(show.safe, files)))
    show.note("remove them when the vault is made: they are of no further use")


def vault(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call the vault.")],
    *,
    threshold: Annotated[int, typer.Option(metavar="M", help="How many have to sign.")],
    record: Annotated[
        list[Path],
        typer.Option(metavar="FILE", readable=False, help="A signer's key record; once for each."),
    ],
    officer: Annotated[
        list[str],
        typer.Option(
            metavar="NAME:TYPE",
            help="Whose it is, and what signs: enforcing (coldsign), or a vendor. In the same "
            "order.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", readable=False, help="Where the records for the signers go."),
    ],
    token_file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", readable=False, help="The token of each, in that order; or one of all."
        ),
    ] = None,
    no_encryption: NoEncryption = False,
    network: NetworkOption = "main",
    script: ScriptOption = None,
    birth_height: Annotated[
        int, typer.Option(metavar="BLOCK", help="No coin of the vault is older.")
    ] = 0,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Round 2: make the vault from the signers' key records, and a record for each signer."""
    from policies.envelope import Envelope
    from signer.build.bsms import descriptor_record
    from signer.build.vault import create_vault
    from signer.core import coins
    from signer.core.files import make_folder, refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if len(officer) != len(record):
        raise UnclearCommand(
            "which record is whose?", hint="give --record FILE and --officer NAME:TYPE in pairs"
        )
    keyed = _tokens(token_file or [], len(record), plain=no_encryption)
    members = [
        _member(path, who, token, network)
        for path, who, token in zip(record, officer, keyed, strict=True)
    ]
    with named("", hint="see `coldquorum bsms vault --help`", fault=Fault.OFFICER):
        made = create_vault(
            name=name,
            coin="BTC",
            network=network,
            script_type=script_type(coins.network("BTC", network), script),
            threshold=threshold,
            keys=[member[0] for member in members],
            signers=[member[1] for member in members],
            birth_height=birth_height,
        )
    text = descriptor_record(made).to_bytes()
    files = {
        out / f"{name}-{signer.officer}.{'dat' if token.value else 'bsms'}": token.seal(text)
        for (_, signer), token in zip(members, keyed, strict=True)
    }
    envelope = Envelope.wrap("vault", made.payload)
    document = out / f"{name}.json"
    for path in (*files, document):
        refuse_existing(path)
    make_folder(out)
    with Store(here.home) as store:
        store.add_vault(envelope)
        for path, data in {**files, document: envelope.to_bytes()}.items():
            write_new(path, data)
    _emit(here.as_json, made, [str(path) for path in files], str(document))


def _emit(as_json: bool, made: "Vault", files: list[str], document: str) -> None:
    lines = (vaults.text(made), "", "for the signers", *(f"  {show.safe(path)}" for path in files))
    answer = {**vaults.data(made), "records": files, "file": document}
    show.emit(as_json, answer, "\n".join(lines))
    show.note(
        f"next, on each signer: coldsign bsms accept KEY FILE --quorum M/N --vault {document}"
    )


def _tokens(files: list[Path], count: int, *, plain: bool) -> "list[Token]":
    """A token for each record."""
    if plain or not files:
        return [tokens.chosen(files[0] if files else None, plain=plain)] * count
    read = [tokens.read(path) for path in files]
    if len(read) not in (1, count):
        raise UnclearCommand(
            "which token is whose?", hint="give --token-file once, or once for each --record"
        )
    return read * count if len(read) == 1 else read


def _member(path: Path, who: str, token: "Token", network: str) -> "tuple[VaultKey, VaultSigner]":
    """A key, and who holds it."""
    from signer.build.bsms import receive
    from signer.core import coins
    from signer.core.files import read_limited
    from signer.core.names import Fingerprint
    from signer.core.vault import VaultSigner

    officer, separator, kind = who.partition(":")
    if not separator:
        raise UnclearCommand(
            f"what signs for {show.safe(officer)}?",
            hint=f"--officer {show.safe(officer)}:enforcing for coldsign, or a vendor's name",
        )
    with named(path, hint="take the file that `coldsign bsms record` wrote"):
        raw = read_limited(path, limit=_MAX_FILE, what="key record")
        got = receive(raw, token, coins.network("BTC", network))
    show.note(f"{show.safe(officer)}: {got.key.origin}, signed with its key, {got.description!a}")
    return got.key, VaultSigner(officer, Fingerprint(got.key.origin.fingerprint), kind)
