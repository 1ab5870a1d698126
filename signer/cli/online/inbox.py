"""Documents that a command is given as files, or finds in the coordinator's memory.

Whatever comes as a file is kept in the store at once, then everything works from there. So a
coordinator that lost its memory is given the documents again, and goes on.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

from policies.chain import Known
from policies.envelope import MAX_DOCUMENT, Envelope
from policies.epochs import TrustedPolicy, trust_first
from policies.errors import BadInput, Fault, Refused
from policies.gather import READERS
from policies.policy import Policy
from policies.withdrawal import GENESIS, Withdrawal
from signer.carry.bundle import Documents
from signer.cli.naming import HINTS, named
from signer.core.files import read_limited
from signer.core.names import DocumentId
from signer.sign.check import Enrolment
from signer.store.rows import StoredPolicy, StoredVault, StoredWithdrawal
from signer.store.store import Store

VAULT, POLICY, WITHDRAWAL = "vault", "policy", "withdrawal"
PAPERS = tuple(READERS)
"""Price sheets and balance snapshots."""

HANDLE: Final = re.compile(r"[a-z0-9][a-z0-9._-]*/[0-9]{1,7}|[0-9a-f]{8,64}")
"""How people name a withdrawal that is known here: `VAULT/NUMBER`, or how its id begins."""

_ORDER: Final = (VAULT, POLICY, *PAPERS, WITHDRAWAL)
"""A policy is of a vault that is known, and so is a withdrawal."""


def read(path: Path, kind: str | None = None) -> Envelope:
    """Read one document, of a `kind` if one is given.

    Raises:
        BadInput: it cannot be read, or is something else; the file is named.
    """
    what = f"{kind} document" if kind else "document"
    with named(path, hint=HINTS[kind or "document"]):
        data = read_limited(path, limit=MAX_DOCUMENT, what=what)
        other = _other_kind(data)
        if other:
            raise BadInput(f"this is {other}, not a {what}", fault=Fault.OFFICER)
        envelope = Envelope.parse(data, kind=kind)
        if envelope.kind not in _ORDER:
            raise BadInput(
                "an unknown kind of document",
                fault=Fault.OFFICER,
                expected=", ".join(_ORDER),
                found=envelope.kind,
            )
        return envelope


def keep(store: Store, paths: Sequence[Path]) -> tuple[Envelope, ...]:
    """Read documents of any kind and keep them all, in whatever order they are given.

    Returns:
        The documents in the order of their meaning: vaults, policies by epoch, withdrawals by
        number. Copies of one document come one after the other.

    Raises:
        BadInput: a file that is no document, or one that contradicts what is known.
    """
    documents = sorted((read(path) for path in paths), key=_rank)
    for document in documents:
        if document.kind == VAULT:
            store.add_vault(document)
        elif document.kind == POLICY:
            store.add_policy(document)
        elif document.kind in PAPERS:
            store.add_paper(document)
        else:
            store.add_withdrawal(document)
    return tuple(documents)


def keep_bundle(store: Store, documents: Documents) -> None:
    """Keep the documents that travel in a PSBT; its vault has to be known.

    Raises:
        BadInput: one of them contradicts what is known.
    """
    for policy in documents.policies:
        store.add_policy(policy)
    for paper in documents.papers:
        if paper.kind in PAPERS:
            store.add_paper(paper)
    for payload in documents.predecessors:
        store.add_withdrawal(Envelope.wrap(WITHDRAWAL, payload))
    store.add_withdrawal(documents.withdrawal)


def vault(store: Store, said: str) -> StoredVault:
    """Find a vault by its name or id; or keep the document in a file, and take that.

    Raises:
        BadInput: neither is there.
    """
    path = Path(said)
    known = any(said in (stored.vault.name, stored.vault.id) for stored in store.vaults())
    if not known and (path.suffix or path.name != said or os.path.lexists(path)):
        return store.add_vault(read(path, VAULT))
    return store.vault(said)


def withdrawal(store: Store, said: str) -> StoredWithdrawal:
    """Find a withdrawal by `VAULT/NUMBER`, or by the first 8 digits or more of its id.

    Raises:
        BadInput: none or several.
    """
    name, slash, number = said.rpartition("/")
    if not HANDLE.fullmatch(said):
        _unknown(said, store, *(v.vault.id for v in store.vaults()))
    if slash:
        stored = store.vault(name)
        found = store.withdrawal(stored.vault.id, int(number))
        if found is None:
            _unknown(said, store, stored.vault.id)
        return found
    every = [w for v in store.vaults() for w in store.withdrawals(v.vault.id)]
    matching = [w for w in every if w.withdrawal.id.startswith(said)]
    if len(matching) != 1:
        _unknown(said, store, *(v.vault.id for v in store.vaults()))
    return matching[0]


def known_before(chain: Sequence[Withdrawal], sequence: int) -> Known:
    """What a signer knows who has verified a vault's chain up to the withdrawal before a number."""
    links = chain[: sequence - 1]
    height = links[-1].height if links else GENESIS
    return Known({link.sequence: link.id for link in links}, height)


def enrolment(store: Store, withdrawal: Withdrawal) -> Enrolment:
    """What a signer knows who has followed everything that is known here.

    Raises:
        BadInput: the vault, or its policy, is not here.
        Refused: none of its policies has its quorums.
    """
    known = store.vault(withdrawal.vault).vault
    chain = [stored.withdrawal for stored in store.withdrawals(known.id)]
    before = known_before(chain, withdrawal.sequence)
    return Enrolment(known, policy_in_force(store, known.id), before)


def policy_chain(store: Store, head: DocumentId) -> tuple[TrustedPolicy, tuple[Envelope, ...]]:
    """A policy, and all before it, as a signer would come to trust it.

    Returns:
        The policy in force, and the envelopes since the first epoch.

    Raises:
        BadInput: one of them is not here.
        Refused: a quorum is missing, or an epoch does not follow from the one before.
    """
    chain: list[StoredPolicy] = []
    wanted: DocumentId | None = head
    while wanted is not None:
        chain.insert(0, store.policy(wanted))
        wanted = chain[0].policy.previous
    envelopes = tuple(stored.envelope for stored in chain)
    return trust_first(envelopes[0]).follow(envelopes), envelopes


def policy_in_force(store: Store, vault: DocumentId) -> TrustedPolicy:
    """The newest policy of a vault that the quorums have signed; perhaps it waits.

    Raises:
        BadInput: the vault has none.
        Refused: there are proposals only; tells how the newest stands.
    """
    proposals = store.policies(vault)
    refusal: Refused | None = None
    for stored in reversed(proposals):
        try:
            return policy_chain(store, stored.policy.id)[0]
        except Refused as refused:
            refusal = refusal or _unsigned(refused)
        except BadInput:
            continue  # an epoch before it is not here: as good as no proposal
    if refusal is not None:
        raise refusal
    raise BadInput(
        "the vault has no policy here",
        fault=Fault.OFFICER,
        expected="a policy that its admins have signed",
        hint="`coldquorum policy new`, or `coldquorum policy import FILE`",
    )


def _unsigned(refused: Refused) -> Refused:
    """The same refusal, with what a coordinator can do about it."""
    hint = "let the admins sign it, then `coldquorum policy import` all their files"
    return Refused(*(replace(one, hint=hint) for one in refused.refusals))


def _rank(document: Envelope) -> tuple[int, int]:
    kind, number = document.kind, 0
    if kind == POLICY:
        number = Policy.parse(document.payload).epoch
    elif kind == WITHDRAWAL:
        number = Withdrawal.parse(document.payload).sequence
    return _ORDER.index(kind), number


def _other_kind(data: bytes) -> str:
    """What a file is that people easily take for a document; empty if nothing like that."""
    if data.startswith(b"psbt\xff") or data[:6] == b"cHNidP":
        return "a psbt"
    if data.startswith(b"{") and b'"kind":"key"' in data:
        return "the record of a key"
    if data.startswith(b"{") and b'"kind":"officer"' in data:
        return "the record of an officer"
    return ""


def _unknown(said: str, store: Store, *vaults: DocumentId) -> NoReturn:
    numbers = sum(len(store.withdrawals(vault)) for vault in vaults)
    raise BadInput(
        "no such withdrawal here",
        fault=Fault.OFFICER,
        expected=f"VAULT/NUMBER, or 8 digits or more of the id of one of {numbers}",
        found=ascii(said),
        hint="`coldquorum request list` shows them; or give the file",
    )
