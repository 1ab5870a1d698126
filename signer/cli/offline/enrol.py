"""`coldsign enrol`: this signer learns a vault and its policy, and pins both."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import documents, show
from signer.cli.naming import HINTS, named
from signer.cli.offline import consent, unlocking
from signer.cli.offline.options import GuardFile, PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from policies.envelope import Envelope
    from signer.core.vault import Vault


def enrol(
    context: typer.Context,
    vault: Annotated[
        Path, typer.Argument(metavar="VAULT", readable=False, help="The vault document.")
    ],
    *,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", readable=False, help="A signed policy: all files of all epochs."
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="NAME", help="This machine's key in the vault.")
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Withdrawals before (`coldquorum request export-history`)."
        ),
    ] = None,
    officer_only: Annotated[
        bool, typer.Option("--officer-only", help="No key here: it approves, or has USB signers.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    passphrase_file: PassphraseFile = None,
    bip39_passphrase_file: GuardFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Learn a vault: compare its id and first address with the other officers, and pin it.

    Run it again with another key, or with a history when this signer is behind, to add that. A
    newer policy is for `coldsign policy accept`.
    """
    from signer.carry.history import MAX_HISTORY, read_history
    from signer.core.files import read_limited
    from signer.core.twice_derived import twice_derived_address
    from signer.core.vault import Vault
    from signer.sign.state import State, trusted

    here = session(context, as_json=as_json, home=home)
    if (key is None) != officer_only:
        raise BadInput(
            "which key does this machine have in the vault?",
            fault=Fault.OFFICER,
            expected="--key NAME; --officer-only where officers only approve, or sign by USB",
            hint="`coldsign key list` shows the keys of this machine",
        )
    document = _read(vault, "vault")
    pinned = Vault.parse(document.payload)
    consent.refuse_shortcut(pinned.coin, pinned.network, yes=yes)
    state = State(here.home)
    known = state.vaults.get(pinned.id)
    policies = _in_order([_read(path, "policy") for path in policy or ()])
    if known and not policies:
        policies = [known.enrolment.policy.envelope]
    newest = trusted(pinned, policies, known.enrolment.policy if known else None)
    chain = (
        read_history(read_limited(history, limit=MAX_HISTORY, what="history")) if history else ()
    )
    secrets = (passphrase_file, bip39_passphrase_file)
    fingerprint = "" if key is None else _own(here, key, pinned, *secrets)
    first = twice_derived_address(pinned)
    show.note("\n".join((*documents.vault(pinned, own=fingerprint, first=first), "")))
    show.note("\n".join((*documents.policy(newest.policy), "")))
    if known and newest.policy.epoch > known.enrolment.policy.policy.epoch:
        show.note("\n".join((*documents.changes(newest.changes), "")))
    if chain:
        show.note("\n".join((*documents.history(chain), "")))
    question = "do the other officers read the same vault id and first address?"
    consent.ask(question, pinned.coin, pinned.network, yes=yes)
    state.enrol(document, policies, key=key or "", fingerprint=fingerprint, history=chain)
    data = {
        "vault": pinned.id,
        "name": pinned.name,
        "coin": pinned.coin,
        "network": pinned.network,
        "first_address": first,
        "policy": newest.policy.id,
        "epoch": newest.policy.epoch,
        "key": key,
        "fingerprint": fingerprint or None,
        "sequence": state.vaults[pinned.id].enrolment.known.newest,
    }
    here.emit(data, show.columns((name, str(value or "none")) for name, value in data.items()))


def _read(path: Path, kind: str) -> "Envelope":
    from policies.envelope import MAX_DOCUMENT, Envelope
    from signer.core.files import read_limited

    with named(path, hint=HINTS[kind]):
        return Envelope.parse(read_limited(path, limit=MAX_DOCUMENT, what=kind), kind=kind)


def _in_order(policies: "list[Envelope]") -> "list[Envelope]":
    """Every epoch once, oldest first: files of one policy are put together with all signatures."""
    from policies.policy import Policy

    whole: dict[str, Envelope] = {}
    for envelope in policies:
        before = whole.setdefault(envelope.id, envelope)
        signatures = dict.fromkeys((*before.signatures, *envelope.signatures))
        whole[envelope.id] = replace(before, signatures=tuple(signatures))
    return sorted(whole.values(), key=lambda envelope: Policy.parse(envelope.payload).epoch)


def _own(
    here: Session, key: str, vault: "Vault", passphrase_file: Path | None, guard_file: Path | None
) -> str:
    """The fingerprint of this machine's key, once it is proven to be in the vault exactly."""
    from signer.sign.softkey import SoftKey

    root = unlocking.root(here, key, passphrase_file, guard_file)
    return SoftKey.of(root, vault).fingerprint
