"""From files to the finished transaction that may be sent, and where such a one is now.

A finished transaction alone does not say which withdrawal it fulfils, nor until when it may be
sent. So it is put back into the PSBT that it was built from, and goes the whole way again: each
signature verified and attributed, finalised, and compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from policies.withdrawal import Withdrawal
from signer.carry.bundle import open_bundle
from signer.carry.file import read_psbt
from signer.chain.whole import parse_transaction
from signer.cli.naming import HINTS, named
from signer.cli.online import inbox
from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited
from signer.core.psbt import PartialSig, Psbt, with_partial_sigs
from signer.core.script import MAX_PUSH, OP_PUSHDATA1
from signer.core.transaction import Transaction
from signer.core.vault import Vault
from signer.settle.combine import Combined, Source, combine
from signer.settle.finalize import Final, finalize
from signer.sign.facts import Facts, VaultInput
from signer.sign.facts import read as read_facts
from signer.store.store import Store

MAX_TRANSACTION_FILE = 8_000_002
"""Bytes: 4 MB, the most that a block holds (BIP141), in hex, with a line end."""


def combined(store: Store, files: Sequence[Path]) -> Combined:
    """Gather and verify the signatures of PSBTs of one transaction.

    Raises:
        BadInput: a file is no PSBT with documents, or of another transaction; its vault is not
            known here.
        Refused: a signature is foreign or corrupt, or the base is not what a signer would take.
    """
    sources = [_source(file) for file in files]
    vault = _vault_of(store, sources[0])
    with named(sources[0].name, hint=HINTS["psbt"]):
        return combine(sources, vault)


def remember(store: Store, result: Combined, final: Final) -> None:
    """Keep a finished transaction, and what it was built from if that is not known yet.

    Raises:
        BadInput: its documents contradict what is known here.
    """
    facts = result.facts
    inbox.keep_bundle(store, facts.documents)
    drafts = store.drafts(final.withdrawal.id)
    if all(Psbt.parse(draft.psbt).tx != facts.psbt.tx for draft in drafts):
        change = facts.change[0].change_index if facts.change else None
        coins = [coin.coin for coin in facts.inputs]
        store.add_draft(final.withdrawal.id, facts.psbt.raw, coins, change)
    store.add_transaction(final.withdrawal.id, final.tx.txid, final.raw)
    note_signers(store, result)


def note_signers(store: Store, result: Combined) -> None:
    """Remember whose signers know the chain up to this withdrawal: they have signed it."""
    withdrawal = result.facts.withdrawal
    store.note_signed(withdrawal.vault, result.signed, withdrawal.sequence)


def final_of(store: Store, file: Path, psbt: Path | None) -> Final:
    """The finished transaction in a file, verified anew from what it was built from.

    Args:
        store: where its PSBT is looked for.
        file: the transaction, in hex or binary.
        psbt: the PSBT that it comes from, signed or not, if the store has lost it; then it is
            remembered again.

    Raises:
        BadInput: not a transaction; or none that is known to fulfil a withdrawal.
        Refused: a signature is not good, or is missing.
    """
    with named(file, hint=HINTS["transaction"]):
        tx = parse_transaction(_transaction_bytes(file))
    base = _built_here(store, tx) if psbt is None else _source(psbt)
    vault = _vault_of(store, base)
    with named(base.name, hint=HINTS["psbt"]):
        facts = read_facts(base.raw, {vault.id: vault})
    if stripped(tx) != facts.psbt.tx:
        raise BadInput(
            f"{file}: it is another transaction than its PSBT's",
            fault=Fault.COORDINATOR,
            expected=facts.psbt.tx.txid,
            found=tx.txid,
            hint="give the PSBT that this transaction was finalised from",
        )
    signed = with_partial_sigs(facts.psbt, _signatures(tx, facts))
    result = combine([Source(str(file), signed)], vault)
    final = finalize(result)
    if final.raw != tx.to_bytes():
        raise BadInput(
            f"{file}: its witnesses are not as they should be",
            fault=Fault.COORDINATOR,
            expected="exactly the signatures that are needed, in the script's order",
            hint="finalise it again: `coldquorum finalize IN -o TX`",
        )
    if psbt is not None:
        remember(store, result, final)
    return final


def _source(file: Path) -> Source:
    with named(file, hint=HINTS["psbt"]):
        return Source(str(file), read_psbt(file))


def _vault_of(store: Store, source: Source) -> Vault:
    with named(source.name, hint=HINTS["psbt"]):
        document = open_bundle(source.raw).documents.withdrawal
        withdrawal = Withdrawal.parse(document.payload)
        return store.vault(withdrawal.vault).vault


def _transaction_bytes(file: Path) -> bytes:
    data = read_limited(file, limit=MAX_TRANSACTION_FILE, what="transaction")
    if data.startswith((b"psbt\xff", b"cHNidP")):
        raise BadInput(
            "this is a psbt, not a finished transaction",
            fault=Fault.OFFICER,
            found=str(file),
            hint="first `coldquorum finalize IN -o TX`",
        )
    try:
        return bytes.fromhex(data.decode("ascii").strip())
    except ValueError:  # UnicodeDecodeError is one, too
        return data


def _built_here(store: Store, tx: Transaction) -> Source:
    """The draft that has the very inputs and outputs of a finished transaction."""
    wanted = stripped(tx)
    for stored in store.vaults():
        for link in store.withdrawals(stored.vault.id):
            for draft in store.drafts(link.withdrawal.id):
                if Psbt.parse(draft.psbt).tx == wanted:
                    return Source(f"draft {draft.number}", draft.psbt)
    raise BadInput(
        "no withdrawal is known here that this transaction fulfils",
        fault=Fault.OFFICER,
        found=tx.txid,
        hint="give the PSBT that it was finalised from: --psbt FILE",
    )


def stripped(tx: Transaction) -> Transaction:
    """The transaction as it was before anybody signed."""
    return replace(
        tx, inputs=tuple(txin._replace(script_sig=b"", witness=()) for txin in tx.inputs)
    )


def _signatures(tx: Transaction, facts: Facts) -> dict[int, list[PartialSig]]:
    """Each signature of each input, with the key of the vault that made it."""
    return {
        at: [
            PartialSig(key, item)
            for item in (*txin.witness, *_pushed(txin.script_sig))
            for key in _makers(item, coin, facts.vault)
        ]
        for at, (txin, coin) in enumerate(zip(tx.inputs, facts.inputs, strict=True))
    }


def _makers(signature: bytes, coin: VaultInput, vault: Vault) -> list[bytes]:
    if signature[-1:] != bytes((vault.sighash,)):
        return []
    return [
        key.pubkey
        for key in coin.script.keys
        if vault.scheme.verify(coin.digest, signature[:-1], key.pubkey)
    ]


def _pushed(script: bytes) -> Iterator[bytes]:
    """What a script sig pushes, as far as it is pushes; the whole is compared later."""
    at = 0
    while at < len(script):
        size = script[at]
        at += 1
        if size >= OP_PUSHDATA1:
            width = {OP_PUSHDATA1: 1, OP_PUSHDATA1 + 1: 2}.get(size, 0)
            size = int.from_bytes(script[at : at + width], "little")
            at += width
        if size <= MAX_PUSH:
            yield script[at : at + size]
        at += size
