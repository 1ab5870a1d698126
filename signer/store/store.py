"""The coordinator's memory: documents, drafts in flight, finished transactions, labels.

Nothing here is secret and nothing here is trusted: the signers check every document themselves.
Documents are kept as the bytes that were received, and every signature that ever came is kept.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Self

from policies.envelope import Envelope
from policies.gather import READERS
from policies.policy import Policy
from policies.withdrawal import Withdrawal
from signer.carry.labels import Record
from signer.core.errors import BadInput, Fault
from signer.core.names import DocumentId, Txid
from signer.core.transaction import OutPoint
from signer.core.vault import Vault
from signer.store.database import Database
from signer.store.merge import merge
from signer.store.rows import (
    StoredDraft,
    StoredPolicy,
    StoredTransaction,
    StoredVault,
    StoredWithdrawal,
)

_MIGRATIONS: Final = (
    """
CREATE TABLE vaults (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, envelope BLOB NOT NULL) STRICT;
CREATE TABLE policies (
    id TEXT PRIMARY KEY, vault TEXT NOT NULL REFERENCES vaults, epoch INTEGER NOT NULL,
    envelope BLOB NOT NULL) STRICT;
CREATE TABLE withdrawals (
    id TEXT PRIMARY KEY, vault TEXT NOT NULL REFERENCES vaults, sequence INTEGER NOT NULL,
    envelope BLOB NOT NULL, UNIQUE (vault, sequence)) STRICT;
CREATE TABLE drafts (
    number INTEGER PRIMARY KEY AUTOINCREMENT, withdrawal TEXT NOT NULL REFERENCES withdrawals,
    psbt BLOB NOT NULL, change_index INTEGER, released INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE draft_coins (
    draft INTEGER NOT NULL REFERENCES drafts, place INTEGER NOT NULL,
    txid TEXT NOT NULL, vout INTEGER NOT NULL, PRIMARY KEY (draft, place)) STRICT;
CREATE INDEX draft_coins_outpoint ON draft_coins (txid, vout);
CREATE TABLE transactions (
    txid TEXT PRIMARY KEY, withdrawal TEXT NOT NULL REFERENCES withdrawals,
    raw BLOB NOT NULL) STRICT;
CREATE TABLE labels (
    vault TEXT NOT NULL REFERENCES vaults, branch INTEGER NOT NULL, place INTEGER NOT NULL,
    text TEXT NOT NULL, PRIMARY KEY (vault, branch, place)) STRICT
""",
    """
CREATE TABLE signed (
    vault TEXT NOT NULL REFERENCES vaults, officer TEXT NOT NULL, sequence INTEGER NOT NULL,
    PRIMARY KEY (vault, officer)) STRICT
""",
    # BIP329 in place of the labels above, which no command ever wrote.
    """
DROP TABLE labels;
CREATE TABLE label_records (
    vault TEXT NOT NULL REFERENCES vaults, type TEXT NOT NULL, reference TEXT NOT NULL,
    label TEXT, spendable INTEGER, others TEXT NOT NULL,
    PRIMARY KEY (vault, type, reference)) STRICT
""",
    """
CREATE TABLE papers (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, number INTEGER NOT NULL, envelope BLOB NOT NULL) STRICT
""",
)
"""Append a script to change the schema; never edit one that was released."""

FILE: Final = "coldquorum.sqlite"

_LABEL: Final = "type, reference, label, spendable, others"


def _problem(what: str, *, expected: str = "", found: str = "", hint: str = "") -> BadInput:
    return BadInput(what, fault=Fault.OFFICER, expected=expected, found=found, hint=hint)


class Store:
    """The database in the coordinator's home folder.

    Args:
        home: made when missing, readable by its owner alone.

    Raises:
        BadInput: the folder cannot be made; the file is damaged, in use, not writable, of a
            newer version, or not ours. The same from every method.
    """

    def __init__(self, home: Path) -> None:
        remedy = f"restore {home / FILE} from a backup, or move it away and import the documents"
        self._database = Database(
            home / FILE, _MIGRATIONS, "the coordinator's database", remedy=remedy
        )

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Vaults

    def add_vault(self, envelope: Envelope) -> StoredVault:
        """Keep a vault, or add the attestations to one that is there.

        Raises:
            BadInput: not a vault, or another vault has that name.
        """
        envelope.expect("vault")
        vault = Vault.parse(envelope.payload)
        with self._database.transaction():
            same_name = self._database.rows("SELECT id FROM vaults WHERE name = ?", vault.name)
            if same_name and same_name[0][0] != envelope.id:
                raise _problem(
                    f"there is another vault of the name {vault.name}",
                    expected=f"vault id {same_name[0][0]}",
                    found=f"vault id {envelope.id}",
                    hint="choose another name",
                )
            merged = self._merged("vaults", envelope)
            self._database.rows(
                "INSERT INTO vaults VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET envelope = excluded.envelope",
                *(envelope.id, vault.name, merged.to_bytes()),
            )
        return StoredVault(vault, merged)

    def vault(self, name: str) -> StoredVault:
        """The vault of a name or an id.

        Raises:
            BadInput: there is none.
        """
        for stored in self.vaults():
            if name in (stored.vault.name, stored.vault.id):
                return stored
        names = ", ".join(stored.vault.name for stored in self.vaults())
        raise _problem(
            "no such vault",
            expected=names or "none is here yet",
            found=ascii(name),
            hint="make one with `coldquorum vault create`, or fetch one with `vault import`",
        )

    def vaults(self) -> tuple[StoredVault, ...]:
        """All vaults, by name."""
        rows = self._database.rows("SELECT envelope FROM vaults ORDER BY name")
        return tuple(_vault(raw) for (raw,) in rows)

    # Policies

    def add_policy(self, envelope: Envelope) -> StoredPolicy:
        """Keep a policy, or add the signatures to one that is there.

        Two proposals for one epoch are no error: the admins decide, and the signers check.

        Raises:
            BadInput: not a policy, or its vault is not here.
        """
        envelope.expect("policy")
        policy = Policy.parse(envelope.payload)
        with self._database.transaction():
            self._expect_vault(policy.vault, "policy")
            merged = self._merged("policies", envelope)
            self._database.rows(
                "INSERT INTO policies VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET envelope = excluded.envelope",
                *(envelope.id, policy.vault, policy.epoch, merged.to_bytes()),
            )
        return StoredPolicy(policy, merged)

    def policy(self, policy: DocumentId) -> StoredPolicy:
        """The policy of an id.

        Raises:
            BadInput: it is not here.
        """
        rows = self._database.rows("SELECT envelope FROM policies WHERE id = ?", policy)
        if not rows:
            raise _problem("the policy is not here", found=policy, hint="add its signed document")
        return _policy(rows[0][0])

    def policies(self, vault: DocumentId) -> tuple[StoredPolicy, ...]:
        """A vault's policies and proposals, by epoch."""
        sql = "SELECT envelope FROM policies WHERE vault = ? ORDER BY epoch, rowid"
        return tuple(_policy(raw) for (raw,) in self._database.rows(sql, vault))

    # Price sheets and balance snapshots

    def add_paper(self, envelope: Envelope) -> Envelope:
        """Keep a price sheet or a balance snapshot, or add the signatures to one that is there.

        Raises:
            BadInput: neither.
        """
        paper = READERS[envelope.kind](envelope.payload)
        with self._database.transaction():
            merged = self._merged("papers", envelope)
            self._database.rows(
                "INSERT INTO papers VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET envelope = excluded.envelope",
                *(envelope.id, envelope.kind, paper.number, merged.to_bytes()),
            )
        return merged

    def papers(self, kind: str) -> tuple[Envelope, ...]:
        """All sheets, or all snapshots, by number."""
        sql = "SELECT envelope FROM papers WHERE kind = ? ORDER BY number, rowid"
        return tuple(Envelope.parse(raw, kind=kind) for (raw,) in self._database.rows(sql, kind))

    # Withdrawals

    def add_withdrawal(self, envelope: Envelope) -> StoredWithdrawal:
        """Keep a withdrawal, or add the approvals to one that is there.

        Raises:
            BadInput: not a withdrawal; its vault or the withdrawal before it is not here; or the
                chain already has another one of that sequence number.
        """
        envelope.expect("withdrawal")
        withdrawal = Withdrawal.parse(envelope.payload)
        number = withdrawal.sequence
        with self._database.transaction():
            self._expect_vault(withdrawal.vault, "withdrawal")
            if number > 1:
                self._expect_link(withdrawal.vault, number - 1, withdrawal.previous)
            if self.withdrawal(withdrawal.vault, number):
                self._expect_link(withdrawal.vault, number, withdrawal.id)
            merged = self._merged("withdrawals", envelope)
            self._database.rows(
                "INSERT INTO withdrawals VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET envelope = excluded.envelope",
                *(envelope.id, withdrawal.vault, number, merged.to_bytes()),
            )
        return StoredWithdrawal(withdrawal, merged)

    def withdrawal(self, vault: DocumentId, sequence: int) -> StoredWithdrawal | None:
        """A vault's withdrawal of a sequence number, or None."""
        sql = "SELECT envelope FROM withdrawals WHERE vault = ? AND sequence = ?"
        rows = self._database.rows(sql, vault, sequence)
        return _withdrawal(rows[0][0]) if rows else None

    def withdrawal_by_id(self, withdrawal: DocumentId) -> StoredWithdrawal:
        """The withdrawal of an id.

        Raises:
            BadInput: it is not here.
        """
        rows = self._database.rows("SELECT envelope FROM withdrawals WHERE id = ?", withdrawal)
        if not rows:
            raise _problem("the withdrawal is not here", found=withdrawal)
        return _withdrawal(rows[0][0])

    def withdrawals(self, vault: DocumentId) -> tuple[StoredWithdrawal, ...]:
        """A vault's whole chain of withdrawals, the first one first, without gaps."""
        sql = "SELECT envelope FROM withdrawals WHERE vault = ? ORDER BY sequence"
        return tuple(_withdrawal(raw) for (raw,) in self._database.rows(sql, vault))

    # Drafts

    def add_draft(
        self,
        withdrawal: DocumentId,
        psbt: bytes,
        coins: Sequence[OutPoint],
        change_index: int | None,
    ) -> StoredDraft:
        """Keep a draft and take its coins.

        Drafts of withdrawals with one anchor (versions of one, and its voids) may share coins: all
        spend the anchor, so at most one confirms.

        Raises:
            BadInput: a draft of another withdrawal has taken one of the coins, be it meanwhile.
        """
        run = self._database.rows
        with self._database.transaction():
            stored = self.withdrawal_by_id(withdrawal)
            taken = self.reserved(stored.withdrawal.vault, besides=withdrawal)
            for coin in coins:
                if coin in taken:
                    raise _problem(
                        "a coin is already taken by another withdrawal's draft",
                        found=f"{coin.txid}:{coin.vout}",
                        hint="build again, or wait until that withdrawal has confirmed",
                    )
            sql = "INSERT INTO drafts (withdrawal, psbt, change_index) VALUES (?, ?, ?)"
            ((number,),) = run(f"{sql} RETURNING number", withdrawal, psbt, change_index)
            for place, coin in enumerate(coins):
                run("INSERT INTO draft_coins VALUES (?, ?, ?, ?)", *(number, place), *_pair(coin))
        return StoredDraft(number, withdrawal, psbt, tuple(coins), change_index)

    def drafts(self, withdrawal: DocumentId) -> tuple[StoredDraft, ...]:
        """Every draft of a withdrawal, released ones too, the first one first."""
        sql = "SELECT number, psbt, change_index FROM drafts WHERE withdrawal = ? ORDER BY number"
        coins = "SELECT txid, vout FROM draft_coins WHERE draft = ? ORDER BY place"
        return tuple(
            StoredDraft(
                number,
                withdrawal,
                psbt,
                tuple(OutPoint(Txid(t), v) for t, v in self._database.rows(coins, number)),
                change_index,
            )
            for number, psbt, change_index in self._database.rows(sql, withdrawal)
        )

    def reserved(
        self, vault: DocumentId, *, besides: DocumentId | None = None
    ) -> frozenset[OutPoint]:
        """Coins of a vault that drafts in flight have taken.

        Args:
            vault: whose.
            besides: a withdrawal whose own drafts do not count, nor those of its family.
        """
        sql = (
            "SELECT DISTINCT c.txid, c.vout, w.id FROM draft_coins c"
            " JOIN drafts d ON c.draft = d.number JOIN withdrawals w ON d.withdrawal = w.id"
            " WHERE w.vault = ? AND d.released = 0"
        )
        family = self.family(besides) if besides else ()
        rows = self._database.rows(sql, vault)
        return frozenset(OutPoint(Txid(t), vout) for t, vout, owner in rows if owner not in family)

    def family(self, withdrawal: DocumentId) -> tuple[DocumentId, ...]:
        """The withdrawals of one anchor, of which at most one confirms: itself and its voids."""
        head = self.withdrawal_by_id(withdrawal).withdrawal
        chain = (stored.withdrawal for stored in self.withdrawals(head.vault))
        return tuple(link.id for link in chain if link.anchor == head.anchor)

    def change_indexes(
        self, vault: DocumentId, *, besides: DocumentId | None = None
    ) -> frozenset[int]:
        """Change addresses that any draft of a vault has used, released ones too."""
        sql = (
            "SELECT DISTINCT d.change_index FROM drafts d JOIN withdrawals w"
            " ON d.withdrawal = w.id WHERE w.vault = ? AND w.id IS NOT ?"
            " AND d.change_index IS NOT NULL"
        )
        return frozenset(index for (index,) in self._database.rows(sql, vault, besides))

    def release(self, withdrawal: DocumentId) -> None:
        """A withdrawal has expired: its drafts' coins are taken no longer."""
        self._database.rows("UPDATE drafts SET released = 1 WHERE withdrawal = ?", withdrawal)

    def settle(self, withdrawal: DocumentId) -> None:
        """A withdrawal has confirmed: no other of its family will, and none takes coins."""
        for one in self.family(withdrawal):
            self.release(one)

    # Who knows what

    def note_signed(self, vault: DocumentId, officers: Iterable[str], sequence: int) -> None:
        """Officers have signed a withdrawal: their signers know the chain up to it."""
        sql = (
            "INSERT INTO signed VALUES (?, ?, ?) ON CONFLICT (vault, officer)"
            " DO UPDATE SET sequence = max(sequence, excluded.sequence)"
        )
        for officer in officers:
            self._database.rows(sql, vault, officer, sequence)

    def signed_up_to(self, vault: DocumentId) -> dict[str, int]:
        """The newest withdrawal that each officer has signed, as far as is known here."""
        return dict(
            self._database.rows("SELECT officer, sequence FROM signed WHERE vault = ?", vault)
        )

    # Finished transactions

    def add_transaction(self, withdrawal: DocumentId, txid: Txid, raw: bytes) -> None:
        """Keep a finished transaction; once more is no error."""
        with self._database.transaction():
            self.withdrawal_by_id(withdrawal)
            sql = "INSERT OR IGNORE INTO transactions VALUES (?, ?, ?)"
            self._database.rows(sql, txid, withdrawal, raw)

    def transactions(self, withdrawal: DocumentId) -> tuple[StoredTransaction, ...]:
        """The finished transactions of a withdrawal, the first one first."""
        sql = "SELECT txid, raw FROM transactions WHERE withdrawal = ? ORDER BY rowid"
        rows = self._database.rows(sql, withdrawal)
        return tuple(StoredTransaction(Txid(txid), withdrawal, raw) for txid, raw in rows)

    # Labels

    def add_labels(self, vault: DocumentId, records: Iterable[Record]) -> None:
        """Keep labels; a later one says anew what it says, and leaves the rest as it was.

        Raises:
            BadInput: the vault is not here.
        """
        with self._database.transaction():
            self._expect_vault(vault, "label")
            for record in records:
                merged = record.over(self._label(vault, record.type, record.reference))
                spendable = None if merged.spendable is None else int(merged.spendable)
                self._database.rows(
                    "INSERT OR REPLACE INTO label_records VALUES (?, ?, ?, ?, ?, ?)",
                    *(vault, merged.type, merged.reference),
                    *(merged.label, spendable, merged.others),
                )

    def labels(self, vault: DocumentId) -> tuple[Record, ...]:
        """A vault's labels, by type and reference."""
        sql = f"SELECT {_LABEL} FROM label_records WHERE vault = ? ORDER BY type, reference"  # noqa: S608 -- our columns
        return tuple(_record(*row) for row in self._database.rows(sql, vault))

    def frozen(self, vault: DocumentId) -> frozenset[OutPoint]:
        """The outputs that somebody labelled as not to be spent."""
        return frozenset(
            place
            for record in self.labels(vault)
            if record.spendable is False and (place := record.outpoint)
        )

    def _label(self, vault: DocumentId, kind: str, reference: str) -> Record | None:
        sql = f"SELECT {_LABEL} FROM label_records WHERE vault = ? AND type = ? AND reference = ?"  # noqa: S608 -- our columns
        rows = self._database.rows(sql, vault, kind, reference)
        return _record(*rows[0]) if rows else None

    def _merged(self, table: str, envelope: Envelope) -> Envelope:
        """The envelope with every signature that is stored already; worthless ones dropped."""
        sql = f"SELECT envelope FROM {table} WHERE id = ?"  # noqa: S608 -- a table of ours
        rows = self._database.rows(sql, envelope.id)
        return merge([*(Envelope.parse(raw) for (raw,) in rows), envelope])

    def _expect_vault(self, vault: DocumentId, kind: str) -> None:
        if not self._database.rows("SELECT 1 FROM vaults WHERE id = ?", vault):
            raise _problem(
                f"the {kind}'s vault is not here",
                found=f"vault id {vault}",
                hint="fetch it with `coldquorum vault import`",
            )

    def _expect_link(self, vault: DocumentId, sequence: int, link: DocumentId | None) -> None:
        stored = self.withdrawal(vault, sequence)
        if stored is None:
            raise _problem(
                f"withdrawal {sequence} of this vault is not here",
                expected=f"withdrawal id {link}",
                hint="add the withdrawals before it first",
            )
        if stored.withdrawal.id != link:
            raise _problem(
                f"there is another withdrawal {sequence} of this vault",
                expected=f"withdrawal id {stored.withdrawal.id}",
                found=f"withdrawal id {link}",
                hint="ask the other officers which one they have approved; one number, one payment",
            )


def _pair(coin: OutPoint) -> tuple[str, int]:
    return coin.txid, coin.vout


def _record(
    kind: str, reference: str, label: str | None, spendable: int | None, others: str
) -> Record:
    return Record(kind, reference, label, None if spendable is None else bool(spendable), others)


def _vault(raw: bytes) -> StoredVault:
    envelope = Envelope.parse(raw, kind="vault")
    return StoredVault(Vault.parse(envelope.payload), envelope)


def _policy(raw: bytes) -> StoredPolicy:
    envelope = Envelope.parse(raw, kind="policy")
    return StoredPolicy(Policy.parse(envelope.payload), envelope)


def _withdrawal(raw: bytes) -> StoredWithdrawal:
    envelope = Envelope.parse(raw, kind="withdrawal")
    return StoredWithdrawal(Withdrawal.parse(envelope.payload), envelope)
