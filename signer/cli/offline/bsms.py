"""`coldsign bsms`: Bitcoin Secure Multisig Setup (BIP129), the signer's side of both rounds."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import prompt, show, tokens
from signer.cli.kinds import NetworkOption, ScriptOption, script_type
from signer.cli.naming import HINTS, named
from signer.cli.offline import bsms_session, consent
from signer.cli.offline.options import PassphraseFile
from signer.cli.review import indented
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.cli.tokens import NoEncryption
from signer.core.errors import BadInput, Fault, Refusal, Refused

if TYPE_CHECKING:
    from signer.carry.bsms import DescriptorRecord
    from signer.carry.bsms_check import Accepted

Name = Annotated[str, typer.Argument(metavar="KEY", help="The name of this machine's key.")]
File = Annotated[
    Path, typer.Argument(metavar="FILE", readable=False, help="The descriptor record.")
]
Quorum = Annotated[
    str, typer.Option(metavar="M/N", help="What the officers agreed on, for instance 2/3.")
]
VaultOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", readable=False, help="A vault document: must be the same wallet."),
]

_QUORUM = re.compile(r"([1-9][0-9]?)/([1-9][0-9]?)")
_MAX_FILE = 1 << 15
_STEP = 2


def record(
    context: typer.Context,
    name: Name,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", readable=False, help="The new record, .bsms or .dat."
        ),
    ],
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", readable=False, help="Read the session's token from a file."),
    ] = None,
    no_encryption: NoEncryption = False,
    description: Annotated[
        str | None, typer.Option(help="What to say of the key; its name unless told.")
    ] = None,
    network: NetworkOption = "main",
    script: ScriptOption = None,
    account: Annotated[int, typer.Option(help="The account's number.")] = 0,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Round 1: give this key to the coordinator, signed with itself. Opens a session."""
    from signer.carry import bsms, signed_message
    from signer.core import coins
    from signer.core.bip32 import HARDENED, Origin
    from signer.core.descriptor import VaultKey, bip48_path
    from signer.core.files import refuse_existing, write_new
    from signer.keys import unlock
    from signer.keys.hardening import wipe
    from signer.sign.softkey import sign_twice

    here = session(context, as_json=as_json, home=home)
    place = coins.network("BTC", network)
    kind = script_type(place, script)
    if not 0 <= account < HARDENED:
        raise BadInput("no such account", fault=Fault.OFFICER, expected=f"0 to {HARDENED - 1}")
    words = name if description is None else description
    if len(words) > bsms.MAX_DESCRIPTION or not words.isprintable():
        raise BadInput(
            "not a description",
            fault=Fault.OFFICER,
            expected=f"one line of at most {bsms.MAX_DESCRIPTION} visible characters",
        )
    refuse_existing(output)
    bsms_session.refuse_open(here.home, name)
    unlock.existing(here.home, name, unlock.Kind.SEED)
    token = tokens.chosen(token_file, plain=no_encryption)
    passphrase = prompt.passphrase(passphrase_file, f"the key {name}")
    root = unlock.root(here.home, name, passphrase)
    wipe(passphrase)
    path = bip48_path(place, kind, account)
    private = root.derive_path(path)
    key = VaultKey(Origin(root.fingerprint, path), private.public())
    text = bsms.signed_text(token, bsms.key_text(key, place), words)
    der = sign_twice(signed_message.digest(text), private.secret, key.xpub.key)
    made = text + b"\n" + signed_message.encode(text, der, key.xpub.key).encode()
    bsms.KeyRecord.parse(made)  # what we could not read again leaves no machine
    bsms_session.begin(here.home, name, network, made)
    try:
        write_new(output, token.seal(made))
    except BadInput:
        bsms_session.close(here.home, name)
        raise
    data = {
        "key": key.to_text(place.xpub),
        "fingerprint": root.fingerprint,
        "network": network,
        "script_type": kind,
        "mode": token.mode,
        "file": str(output),
    }
    here.emit(data, show.columns((label, str(value)) for label, value in data.items()))
    show.note(
        f"next: coldsign bsms check {name} FILE --quorum M/N, with what the coordinator sends"
    )


def check(
    context: typer.Context,
    name: Name,
    file: File,
    *,
    quorum: Quorum,
    vault: VaultOption = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Round 2: check a record, and show what to compare."""
    here = session(context, as_json=as_json, home=home)
    found, accepted, vault_id = _checked(here, name, file, quorum, vault)
    here.emit(_data(found, accepted, vault_id), "\n".join(_text(name, found, accepted, vault_id)))


def accept(
    context: typer.Context,
    name: Name,
    file: File,
    *,
    quorum: Quorum,
    vault: VaultOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Round 2: check a record, keep it in the journal, end the session."""
    from signer.core.journal import Journal

    here = session(context, as_json=as_json, home=home)
    network = bsms_session.load(here.home, name).network
    consent.refuse_shortcut("BTC", network, yes=yes)
    found, accepted, vault_id = _checked(here, name, file, quorum, vault)
    show.note("\n".join((*_text(name, found, accepted, vault_id), "")))
    question = "do all other signers show the same, but for the place of their own key?"
    consent.ask(question, "BTC", network, yes=yes)
    Journal.open(here.home).append(
        "bsms", key=name, network=network, record=found.to_bytes().decode(), wallet=vault_id
    )
    bsms_session.close(here.home, name)
    here.emit(
        {**_data(found, accepted, vault_id), "accepted": True}, "accepted; the session is closed"
    )
    if vault is not None:
        show.note(f"next: coldsign enrol {show.safe(str(vault))} --policy FILE --key {name}")


def close(
    context: typer.Context, name: Name, *, as_json: JsonFlag = False, home: HomeOption = None
) -> None:
    """End a session without a wallet."""
    here = session(context, as_json=as_json, home=home)
    bsms_session.close(here.home, name)
    here.emit({"closed": name}, f"closed  {name}")


def _checked(
    here: Session, name: str, file: Path, quorum: str, vault: Path | None
) -> "tuple[DescriptorRecord, Accepted, str | None]":
    """Read and check a record against the open session, and against a vault document."""
    from signer.carry import bsms_check
    from signer.carry.bsms import DescriptorRecord
    from signer.core import coins
    from signer.core.files import read_limited

    match = _QUORUM.fullmatch(quorum)
    if match is None:
        raise BadInput("not a quorum", fault=Fault.OFFICER, expected="M/N, for instance 2/3")
    opened = bsms_session.load(here.home, name)
    own = opened.record.key
    if own is None:  # `record` writes extended keys only
        raise BadInput("the session's own record is damaged", fault=Fault.MACHINE)
    with named(file, hint="take the file that the coordinator made for this signer"):
        raw = read_limited(file, limit=_MAX_FILE, what="descriptor record")
        found = DescriptorRecord.parse(opened.record.token.unseal(raw))
    place = coins.network("BTC", opened.network)
    accepted = bsms_check.check(found, own, place, threshold=int(match[1]), keys=int(match[2]))
    return found, accepted, None if vault is None else _same_vault(vault, accepted)


def _same_vault(path: Path, accepted: "Accepted") -> str:
    """The id of a vault document, if it holds the very wallet that was checked."""
    from policies.envelope import MAX_DOCUMENT, Envelope
    from signer.core.files import read_limited
    from signer.core.vault import Vault

    with named(path, hint=HINTS["vault"]):
        raw = read_limited(path, limit=MAX_DOCUMENT, what="vault")
        vault = Vault.parse(Envelope.parse(raw, kind="vault").payload)
    if vault.form != accepted.form:
        raise Refused(
            Refusal(
                _STEP,
                "bsms.vault",
                "the vault document holds another wallet than the record",
                Fault.COORDINATOR,
                expected=accepted.form.text,
                found=vault.form.text,
                hint="do not enrol this vault",
            )
        )
    return vault.id


def _data(
    found: "DescriptorRecord", accepted: "Accepted", vault_id: str | None
) -> dict[str, object]:
    form = accepted.form
    return {
        "threshold": form.threshold,
        "keys": len(form.keys),
        "position": accepted.position,
        "script_type": form.script_type,
        "network": form.network.name,
        "path_restrictions": list(found.paths),
        "first_address": accepted.address,
        "descriptor": form.text,
        "vault": vault_id,
    }


def _text(
    name: str, found: "DescriptorRecord", accepted: "Accepted", vault_id: str | None
) -> Iterator[str]:
    form = accepted.form
    yield f"a wallet of {form.threshold} of {len(form.keys)} keys (BTC {form.network.name})"
    yield f"  {form.script_type}, path restrictions {','.join(found.paths)}"
    yield show.columns(
        (
            (
                f"key {at}",
                str(key.origin),
                f"this machine: {name}, exactly" if at == accepted.position else "",
            )
            for at, key in enumerate(form.keys, 1)
        ),
        indent=2,
    )
    yield "  first receive address, derived here"
    yield from indented(accepted.address, 2)
    if vault_id is not None:
        yield "  the same wallet as the vault with the id"
        yield from indented(vault_id, 2)
    yield "  descriptor"
    yield f"    {form.text}"
