"""Bitcoin Core: the argument of `importdescriptors`, and the answer of `listdescriptors`.

Source: Bitcoin Core, help of both calls. Core 21 to 28 knows one descriptor a branch; Core 29 and
later also one for both (BIP389).
"""

import json
from functools import partial
from typing import Final

from policies.strict_json import Fields
from signer.carry.wallets.content import LIST, Content, said, text_of
from signer.carry.wallets.descriptors import CHANGE as CHANGE_STEPS
from signer.carry.wallets.descriptors import RECEIVE as RECEIVE_STEPS
from signer.carry.wallets.descriptors import expression, joined
from signer.carry.wallets.place import Asked
from signer.carry.wallets.wallet import Wallet
from signer.core.errors import BadInput, Fault
from signer.core.vault import CHANGE, RECEIVE, Vault

RANGE: Final = (0, 999)
"""Addresses that Core watches ahead: its own default (`-keypool`); it goes on by itself."""

TIMES: Final = (
    (840_000, 1_713_571_767),
    (630_000, 1_589_225_023),
    (420_000, 1_468_082_773),
    (210_000, 1_354_116_278),
)
"""Heights of the main chain at which the subsidy halved, and the seconds since 1970 in their
headers. Core wants the time before which it need not look, a vault knows a height, and between
the two stands a node that this machine may not have. An estimate from ten minutes a block would
come out too late, since blocks came faster, and coins would be missed in silence. So: the last of
these at or below the birth height, which is never too late and at most four years too early."""

_ENTRY: Final = ("desc",)
_OPTIONAL: Final = ("timestamp", "active", "internal", "range", "next", "next_index", "label")
_bad = partial(BadInput, fault=Fault.OFFICER)


def timestamp(vault: Vault) -> int:
    """From when on Core looks for the vault's coins, in seconds since 1970; never too late."""
    known = TIMES if vault.network == "main" else ()
    return next((time for height, time in known if height <= vault.birth_height), 0)


def write(vault: Vault) -> str:
    """Two descriptors, one a branch: every Core that has descriptor wallets takes them."""
    branches = ((RECEIVE, False), (CHANGE, True))
    entries = [
        _entry(vault, vault.form.branch_text(branch)) | {"internal": internal}
        for branch, internal in branches
    ]
    return json.dumps(entries, indent=2) + "\n"


def write_multipath(vault: Vault) -> str:
    """One descriptor for both branches: Core 29 and later."""
    return json.dumps([_entry(vault, vault.descriptor)], indent=2) + "\n"


def matches(content: Content) -> bool:
    """Whether a file is one: a list of tables with `desc`, bare or under `descriptors`."""
    listed = (content.table or {}).get(LIST)
    return isinstance(listed, list) and all(isinstance(e, dict) and "desc" in e for e in listed)


def read(content: Content, asked: Asked) -> Wallet:
    """Read what `importdescriptors` takes or `listdescriptors` answers.

    Raises:
        BadInput: not exactly a vault: descriptors of several wallets, or without change.
    """
    fields = content.fields("importdescriptors", (LIST,), ("wallet_name",))
    listed = fields.raw[LIST]
    if not isinstance(listed, list) or not 1 <= len(listed) <= 2:  # noqa: PLR2004 -- the branches
        found = f"{len(listed)} descriptors" if isinstance(listed, list) else ""
        raise _bad(
            "not the descriptors of one vault",
            expected="two of one branch each, or one of both",
            found=found,
            hint="a wallet of Core that also holds other descriptors is more than a vault",
        )
    parts = []
    for at, item in enumerate(listed):
        entry = Fields(item, f"descriptor {at}", _ENTRY, _OPTIONAL, Fault.OFFICER)
        part = expression(text_of(entry, "desc"), sealed=True)
        internal = {RECEIVE_STEPS: False, CHANGE_STEPS: True}.get(part.steps)
        stated = entry.raw.get("internal")
        if not isinstance(stated, bool | None) or (
            None not in (stated, internal) and stated != internal
        ):
            entry.bad("internal", "true for the change branch, and only there", stated)
        parts.append(part)
    return Wallet.of(joined(tuple(parts)).form(asked), said(fields.raw.get("wallet_name")))


def _entry(vault: Vault, text: str) -> dict[str, object]:
    return {
        "desc": text,
        "active": True,
        "timestamp": timestamp(vault),
        "range": list(RANGE),
    }
