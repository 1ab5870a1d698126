"""`coldquorum labels`: what addresses, outputs and transactions are, in and out (BIP329)."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.naming import named
from signer.cli.online.vaults import Output, VaultArgument
from signer.cli.session import HomeOption, JsonFlag, session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signer.carry.labels import Record
    from signer.core.vault import Vault
    from signer.store.store import Store

_SHOWN = 10
"""Outputs that are told one by one: a screen's half."""


def export(
    context: typer.Context,
    vault: VaultArgument,
    *,
    output: Output = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write a vault's labels: those taken in, and what is known here.

    Officers' names label their keys; what a withdrawal was for labels its transaction.
    """
    from signer.carry import labels
    from signer.cli.online import inbox
    from signer.cli.review import counted
    from signer.core.files import refuse_existing, write_private
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
        known = {(r.type, r.reference): r for r in _known(store, found)}
        for record in store.labels(found.id):
            place = record.type, record.reference
            known[place] = record.over(known.get(place))
    records = [known[place] for place in sorted(known)]
    content = labels.write(records)
    if output is not None:
        write_private(output, content.encode())
    result = {"vault": found.id, "records": [labels.table(record) for record in records]}
    shown = content.rstrip("\n")
    if output is not None:
        shown = f"{show.safe(str(output))}: {counted(len(records), 'label')}"
    here.emit(result | ({"file": str(output)} if output else {}), shown or "none yet")
    show.note("labels tell who pays whom: keep the file from others, and delete it after use")


def import_(
    context: typer.Context,
    vault: VaultArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", readable=False, help="Labels, a JSON object a line.")
    ],
    *,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Take labels in. An output that is not to be spent is left alone from then on.

    They show beside addresses, and no signer ever sees them.
    """
    from signer.carry import labels
    from signer.cli.online import inbox
    from signer.cli.review import counted
    from signer.core.files import read_limited
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
        with named(file, hint="BIP329: one JSON object a line, as Sparrow and others write"):
            raw = read_limited(file, limit=labels.MAX_FILE, what="labels")
            taken = labels.parse(raw, found.form)
        before = store.frozen(found.id)
        store.add_labels(found.id, taken.records)
        after = store.frozen(found.id)
    numbers = {
        "taken": len(taken.records),
        "of_other_wallets": taken.elsewhere,
        "of_unknown_types": taken.unknown,
        "cut": taken.cut,
        "not_to_be_spent": len(after),
    }
    rows = [
        ("taken", counted(len(taken.records), "label")),
        ("of other wallets, skipped", str(taken.elsewhere)),
        ("of unknown types, skipped", str(taken.unknown)),
        (f"longer than {labels.MAX_LABEL}, cut", str(taken.cut)),
        ("not to be spent", counted(len(after), "output")),
    ]
    text = show.columns([rows[0], *(row for row in rows[1:] if row[1][0] != "0")])
    here.emit({"vault": found.id, **numbers}, text)
    for word, places in (("frozen", after - before), ("free again", before - after)):
        ordered = sorted(f"{place.txid}:{place.vout}" for place in places)
        for place in ordered[:_SHOWN]:
            show.note(f"{word}: {place}")
        if len(ordered) > _SHOWN:
            show.note(f"{word}: {len(ordered) - _SHOWN} more")


def _known(store: "Store", vault: "Vault") -> "Iterator[Record]":
    """What can be labelled from the documents that are here."""
    from signer.carry.labels import MAX_LABEL, Record, origin

    version = vault.form.network.xpub
    for signer, key in zip(vault.signers, vault.keys, strict=True):
        yield Record("xpub", key.xpub.to_text(version), signer.officer)
    whose = json.dumps({"origin": origin(vault.form)})
    for stored in store.withdrawals(vault.id):
        withdrawal = stored.withdrawal
        label = f"withdrawal {withdrawal.sequence}: {withdrawal.why}"[:MAX_LABEL]
        for sent in store.transactions(withdrawal.id):
            yield Record("tx", sent.txid, label, others=whose)
