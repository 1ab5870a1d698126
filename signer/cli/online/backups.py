"""`coldquorum vault backup` and `recover`: a vault in one file that each signer's xpub opens."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from signer.cli import prompt, show
from signer.cli.naming import named
from signer.cli.online.vaults import VaultArgument, data, text
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from policies.envelope import Envelope
    from policies.policy import Policy
    from signer.carry.vault_backup import VaultBackup
    from signer.core.names import DocumentId
    from signer.store.store import Store

_MAX_KEY: Final = 4096
"""Bytes of a file with an xpub; a key's record takes about 500."""

_STEP: Final = 2
"""Whether the vault is the right one is step 2 of every signer."""


def backup(
    context: typer.Context,
    vault: VaultArgument,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            readable=False,
            help="The backup; as text if its name ends in .txt. Never overwrites.",
        ),
    ],
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write a vault and its policies into one encrypted file that each signer's xpub opens."""
    from signer.carry import bip138, vault_backup
    from signer.cli.online import inbox
    from signer.core.files import refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    refuse_existing(output)
    with Store(here.home) as store:
        stored = inbox.vault(store, vault)
        policies = _in_force(store, stored.vault.id)
    sealed = vault_backup.seal(stored.envelope, policies)
    made = bip138.to_text(sealed) if output.suffix == ".txt" else sealed
    write_new(output, made)
    here.emit(
        {
            "vault": stored.vault.id,
            "file": str(output),
            "bytes": len(made),
            "policies": len(policies),
            "opens_with": [s.fingerprint for s in stored.vault.signers],
        },
        show.columns(
            (
                ("vault id", show.grouped(stored.vault.id)),
                ("written", f"{output}, {show.number(len(made))} bytes"),
                ("policies", f"{len(policies)}" if policies else "none is in force yet"),
                ("opens with", "the xpub of any one of"),
                *(("", f"{s.officer}  {s.fingerprint}") for s in stored.vault.signers),
            )
        ),
    )
    show.note(
        "keep copies anywhere: without one of these xpubs the file tells nothing. It holds no\n"
        "key: keep each key's own backup, and the sheet of `coldquorum vault sheet`, on paper"
    )


def recover(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", readable=False, help="An encrypted backup.")
    ],
    *,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            "--xpub",
            metavar="FILE",
            readable=False,
            help="An xpub of the vault, or a key's record; asked for if not given.",
        ),
    ] = None,
    vault_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="The vault's id, as it stands on paper."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            readable=False,
            help="Write the vault's document; never overwrites.",
        ),
    ] = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Take up a vault and its policies from an encrypted backup, with any one of its xpubs."""
    from signer.carry import bip138, vault_backup
    from signer.core.files import read_limited, refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if output is not None:
        refuse_existing(output)
    with named(file):
        sealed = read_limited(file, limit=bip138.MAX_FILE, what="backup")
        bip138.Container.parse(sealed)  # say that it is no backup before asking for a key
    public = _key(key)
    with named(file):
        found = vault_backup.recover(sealed, public)
    if vault_id is not None:
        _compare(vault_id, found)
    with Store(here.home) as store:
        store.add_vault(found.envelope)
        for policy in found.policies:
            store.add_policy(policy)
    if output is not None:
        write_new(output, found.envelope.to_bytes())
    _tell(here, found, compared=vault_id is not None)


def _in_force(store: "Store", vault: "DocumentId") -> "tuple[Envelope, ...]":
    """Every epoch up to the policy in force; nothing while there are only proposals."""
    from signer.cli.online import inbox
    from signer.core.errors import Refused

    if not store.policies(vault):
        return ()
    try:
        newest = inbox.policy_in_force(store, vault).policy.id
    except Refused:
        return ()
    return inbox.policy_chain(store, newest)[1]


def _tell(here: Session, found: "VaultBackup", *, compared: bool) -> None:
    """Print what was recovered, and what a person has to do with it."""
    policy = found.policy.policy if found.policy else None
    people = [] if policy is None else _people(policy)
    lines = [text(found.vault), *(show.columns(people, indent=2).splitlines())]
    here.emit(
        {
            "vault": data(found.vault),
            "compared": compared,
            "policy": policy.id if policy else None,
            "epoch": policy.epoch if policy else None,
            "officers": dict(policy.officers) if policy else {},
        },
        "\n".join(lines),
    )
    if not compared:
        show.warn(
            "whoever knows one xpub of a vault can make a backup of another vault that it opens: "
            "compare the vault id, in full, with the recovery sheet or with what a signer shows"
        )


def _people(policy: "Policy") -> list[tuple[str, str]]:
    rows = [("policy", f"epoch {policy.epoch}"), ("policy id", show.grouped(policy.id))]
    return [*rows, *(("officer", f"{name}  {key}") for name, key in policy.officers.items())]


def _compare(said: str, found: "VaultBackup") -> None:
    """Refuse a backup of another vault than the one on paper."""
    from signer.core.errors import Refusal, Refused

    if "".join(said.split()).lower() != found.vault.id:
        raise Refused(
            Refusal(
                _STEP,
                "vault.recovered",
                "this is a backup of another vault; nothing was kept",
                Fault.COORDINATOR,
                expected=f"vault id {said}",
                found=f"vault id {found.vault.id}",
                hint="somebody may have replaced the file: take another copy, and tell the others",
            )
        )


def _key(file: Path | None) -> bytes:
    """The public key of an xpub that a file holds, or that the person types."""
    from policies import strict_json
    from signer.carry.vault_backup import read_key
    from signer.core.files import read_limited

    if file is None:
        prompt.need_terminal("typing an xpub", "use --key FILE")
        return read_key(prompt.line("an xpub of the vault: ").decode("ascii", "replace"))
    with named(file, hint="take a key's record, or a file with nothing but an xpub"):
        held = read_limited(file, limit=_MAX_KEY, what="key file")
        if not held.lstrip().startswith(b"{"):
            return read_key(held.decode("ascii", "replace"))
        table = strict_json.load(held, limit=_MAX_KEY, what="key record", fault=Fault.OFFICER)
        if not isinstance(table.get("xpub"), str):
            raise BadInput(
                "the record has no xpub",
                fault=Fault.OFFICER,
                expected="`coldsign key xpub` wrote it",
            )
        return read_key(str(table["xpub"]))
