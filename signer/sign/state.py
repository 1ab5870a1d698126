"""What this signer remembers: the journal, and the documents that the journal pins.

Documents lie in HOME/vaults/<vault id>/ as vault.json and policy-<epoch>.json. They are believed
for their hashes alone: the journal holds those, and every start compares and verifies again.

    event    what the journal line says, beside the vault's id
    enrol    policies, and the name and fingerprint of this machine's key in the vault, if any;
             chain and voids, if a history came along
    accept   policies
    approve  approved: the withdrawal; officer
    follow   chain, voids and height, of another vault of a group, before a signature that counts it
    sign     policies, chain and voids: those that were new; sequence, height, txid, fingerprint;
             papers: number and id of the price sheet and the balance snapshot

A chain is pairs of sequence number and id with the height of the newest; voids are what the voids
among them name.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from policies.chain import NOTHING, Known, check_alone, verify_chain
from policies.envelope import MAX_DOCUMENT, Envelope
from policies.epochs import TrustedPolicy, trust_first
from policies.policy import Policy
from policies.withdrawal import Withdrawal
from signer.core.errors import BadInput, Fault
from signer.core.files import make_folder, read_limited, write_new
from signer.core.journal import Entry, Journal
from signer.core.names import DocumentId, Fingerprint, Height, Txid
from signer.core.vault import Vault
from signer.sign.check import Checked, Enrolment
from signer.sign.facts import enrolled
from signer.sign.refusal import refused

EVENTS: Final = {"enrol", "accept", "approve", "follow", "sign"}
"""Other lines (a policy that an admin signed here) are for auditors: no check depends on them."""

_LONGEST_CHAIN: Final = 1_000
"""Ids in one journal line, the newest. Older ones follow from these through the hash chain."""


class Memory(NamedTuple):
    """What this signer knows of one vault.

    Attributes:
        enrolment: what the checks need.
        keys: names of this machine's keys in the vault, by fingerprint.
        signed: ids of the transactions signed for each sequence number.
    """

    enrolment: Enrolment
    keys: Mapping[Fingerprint, str]
    signed: Mapping[int, tuple[Txid, ...]]


class _Pins:
    """What the journal says of one vault, taken up line by line."""

    def __init__(self) -> None:
        self.policies: dict[int, DocumentId] = {}
        self.keys: dict[Fingerprint, str] = {}
        self.chain: dict[int, DocumentId] = {}
        self.approved: dict[int, DocumentId] = {}
        self.voided: set[DocumentId] = set()
        self.signed: dict[int, tuple[Txid, ...]] = {}
        self.height = 0
        self.papers: dict[str, tuple[int, DocumentId]] = {}

    def take(self, event: str, said: Mapping[str, Any]) -> None:
        self.policies |= dict(said.get("policies", ()))
        self.chain |= dict(said.get("chain", ()))
        self.approved |= dict(said.get("approved", ()))
        self.voided |= set(said.get("voids", ()))
        self.height = max(self.height, said.get("height", 0))
        for kind, (number, paper) in said.get("papers", {}).items():
            self.papers[kind] = max((number, paper), self.papers.get(kind, (0, "")))
        if said.get("key"):
            self.keys[said["fingerprint"]] = said["key"]
        if event == "sign":
            before = self.signed.get(said["sequence"], ())
            self.signed[said["sequence"]] = tuple(dict.fromkeys((*before, said["txid"])))


class State:
    """The memory of a home folder as it was when opened, and the way to add to it.

    Attributes:
        journal: what the memory rests on.

    Raises:
        BadInput: the journal or a pinned document is missing, damaged or altered.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self.journal = Journal.open(home)
        self._vaults: Mapping[DocumentId, Memory] | None = recall(home, self.journal.entries())

    @property
    def vaults(self) -> Mapping[DocumentId, Memory]:
        """The memory; what was added since is read when it is asked for."""
        if self._vaults is None:
            self._vaults = recall(self._home, self.journal.entries())
        return self._vaults

    @property
    def enrolments(self) -> Mapping[DocumentId, Enrolment]:
        """What the checks need, by vault id."""
        return {known: memory.enrolment for known, memory in self.vaults.items()}

    def enrol(
        self,
        vault: Envelope,
        policies: Sequence[Envelope],
        *,
        key: str = "",
        fingerprint: str = "",
        history: Sequence[Withdrawal] = (),
    ) -> None:
        """Pin a vault, its policies, this machine's key in it, and its chain of withdrawals.

        A vault that is pinned already takes up what is new.

        Args:
            vault: the vault's document.
            policies: every epoch once, oldest first.
            key: the key's name here, or empty.
            fingerprint: the key's, or empty.
            history: the withdrawals that are new here, oldest first.

        Raises:
            BadInput: a document is not what it should be, or the disk does not take it.
            Refused: the policies are not this vault's, or lack a quorum; the history does not
                follow from what is known.
        """
        pinned = Vault.parse(vault.payload)
        enrolment = self.enrolments.get(pinned.id)
        trusted(pinned, policies, enrolment.policy if enrolment else None)
        if history:
            enrolled(history[-1], {pinned.id: pinned})
            verify_chain(history[-1], history[:-1], enrolment.known if enrolment else NOTHING)
        if enrolment is None:
            self._store(pinned.id, "vault", vault)
        self._append(
            "enrol",
            pinned,
            policies=self._store_policies(pinned.id, policies),
            key=key,
            fingerprint=fingerprint,
            **self._links(pinned.id, history),
        )

    def accept(self, policy: Envelope) -> None:
        """Trust a vault's next policy, whose changes an officer has read.

        Raises:
            BadInput: not a policy, or the disk does not take it.
            Refused: it does not follow from the newest that is pinned.
        """
        enrolment = self.vaults[Policy.parse(policy.payload).vault].enrolment
        enrolment.policy.advance(policy)
        new = self._store_policies(enrolment.vault.id, [policy])
        self._append("accept", enrolment.vault, policies=new)

    def approve(self, withdrawal: Withdrawal, officer: str) -> None:
        """Remember an approval, before it is given.

        Raises:
            BadInput: the disk does not take it.
            Refused: as `check_alone`.
        """
        enrolment = self.vaults[withdrawal.vault].enrolment
        check_alone(withdrawal, enrolment.known)
        approved = [[withdrawal.sequence, withdrawal.id]]
        self._append("approve", enrolment.vault, approved=approved, officer=officer)

    def sign(self, checked: Checked, fingerprint: Fingerprint, **device: str) -> None:
        """Remember a signature before it is made (step 10); on the disk when this returns.

        Args:
            checked: what is signed.
            fingerprint: whose signature it is.
            device: if a USB device signs: which, and who vouches that the policy was checked.

        Raises:
            BadInput: the disk does not take it.
        """
        facts, withdrawal = checked.facts, checked.approved.withdrawal
        links = self._links(facts.vault.id, (*checked.history, withdrawal))
        for vault, chain in checked.evidence.named(withdrawal).items():
            self._append("follow", self.vaults[vault].enrolment.vault, **self._links(vault, chain))
        self._append(
            "sign",
            facts.vault,
            policies=self._store_policies(facts.vault.id, facts.documents.policies),
            sequence=withdrawal.sequence,
            txid=facts.txid,
            psbt=checked.digest.hex(),
            fingerprint=fingerprint,
            **device,
            **links,
            **checked.evidence.seen,
        )

    def _links(self, vault: DocumentId, chain: Sequence[Withdrawal]) -> dict[str, Any]:
        """What a verified chain adds to the journal."""
        known = self.vaults[vault].enrolment.known.ids if vault in self.vaults else {}
        new = [link for link in chain if link.sequence not in known]
        return {
            "chain": [[link.sequence, link.id] for link in new][-_LONGEST_CHAIN:],
            "voids": [link.voids for link in new if link.voids][-_LONGEST_CHAIN:],
            "height": max((link.height for link in chain), default=0),
        }

    def _append(self, event: str, vault: Vault, **said: object) -> None:
        # Decided upon what was read at the start: another process may not have come between.
        # The vault's id commits to coin and network, which people want to read, too.
        self.journal.append_after(
            self.journal.head,
            event,
            vault=vault.id,
            coin=vault.coin,
            network=vault.network,
            **said,
        )
        self._vaults = None

    def _store(self, vault: DocumentId, name: str, document: Envelope) -> None:
        path, data = _path(self._home, vault, name), document.to_bytes()
        # What lies there without a pin was left by a run that stopped, or planted: once the right
        # payload is pinned with worthless signatures, no start goes on.
        with suppress(BadInput):
            if read_limited(path, limit=MAX_DOCUMENT, what=name) == data:
                return
        make_folder(path.parent)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise BadInput(
                "what lies in the place of a document cannot be removed",
                fault=Fault.MACHINE,
                found=f"{path}: {(error.strerror or '').lower()}",
                hint="look at what lies there, move it away, then run the same command again",
            ) from None
        write_new(path, data)

    def _store_policies(
        self, vault: DocumentId, policies: Sequence[Envelope]
    ) -> list[tuple[int, DocumentId]]:
        """Store those of later epochs than the newest that is pinned, and give their pins."""
        newest = self.vaults[vault].enrolment.policy.policy.epoch if vault in self.vaults else 0
        pins = []
        for envelope in policies:
            if (epoch := Policy.parse(envelope.payload).epoch) > newest:
                self._store(vault, f"policy-{epoch}", envelope)
                pins.append((epoch, envelope.id))
        return pins


def recall(home: Path, entries: Iterable[Entry]) -> Mapping[DocumentId, Memory]:
    """What some lines of a home's journal make this signer remember, by vault id.

    Raises:
        BadInput: a line is not understood, or a pinned document is missing, damaged or altered.
    """
    pins: dict[DocumentId, _Pins] = {}
    for entry in entries:
        if entry.event not in EVENTS:
            continue
        try:
            pins.setdefault(entry.fields["vault"], _Pins()).take(entry.event, entry.fields)
        except (KeyError, TypeError, ValueError):
            raise BadInput(
                f"the journal's line {entry.seq} is not understood",
                fault=Fault.MACHINE,
                found=f"event {entry.event!a}",
                hint="was it written by a newer version of this program?",
            ) from None
    return {vault: _load(home, vault, pinned) for vault, pinned in pins.items()}


def _load(home: Path, known: DocumentId, pins: _Pins) -> Memory:
    vault = Vault.parse(_read(home, known, "vault", known).payload)
    policies = [
        _read(home, known, f"policy-{epoch}", pin) for epoch, pin in sorted(pins.policies.items())
    ]
    policy = trusted(vault, policies, None)
    chain = Known(
        pins.chain, Height(pins.height), pins.approved, frozenset(pins.voided), pins.papers
    )
    return Memory(Enrolment(vault, policy, chain), pins.keys, pins.signed)


def _path(home: Path, vault: DocumentId, name: str) -> Path:
    return home / "vaults" / vault / f"{name}.json"


def _read(home: Path, vault: DocumentId, name: str, pin: DocumentId) -> Envelope:
    path = _path(home, vault, name)
    kind = name.partition("-")[0]
    envelope = Envelope.parse(
        read_limited(path, limit=MAX_DOCUMENT, what=f"pinned {kind}"), kind=kind
    )
    if envelope.id != pin:
        raise BadInput(
            f"the pinned {kind} was altered",
            fault=Fault.MACHINE,
            expected=pin,
            found=f"{envelope.id} in {path}",
            hint="sign nothing here until you know why",
        )
    return envelope


def trusted(
    vault: Vault, policies: Sequence[Envelope], known: TrustedPolicy | None
) -> TrustedPolicy:
    """The newest of a vault's policies, oldest first, each let in by the one before.

    Args:
        vault: whose policies they should be.
        policies: at least one.
        known: the one that is trusted already; without it, the first is taken on its own quorum.

    Raises:
        BadInput: one is not a policy, or there is none.
        Refused: another vault's, or a quorum is missing (step 5).
    """
    if not policies:
        raise BadInput(
            "the vault's policy is missing",
            fault=Fault.OFFICER,
            hint="give every policy since the first: --policy FILE --policy FILE",
        )
    policy = (known or trust_first(policies[0])).follow(policies)
    for what, expected, found in (
        ("vault", vault.id, policy.policy.vault),
        ("coin", vault.coin, policy.policy.coin),
        ("network", vault.network, policy.policy.network),
    ):
        if expected != found:
            raise refused(
                5,
                f"policy.{what}",
                f"the policy is for another {what}",
                expected=expected,
                found=found,
                hint="take the policy that names this vault's id: it is in the policy, in full",
            )
    return policy
