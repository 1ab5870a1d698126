"""The coordinator's memory: documents and their signatures, drafts and their coins, labels."""

from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest
from stored_papers import policy_paper, signed, signers, vault_paper, withdrawal_paper

from policies.envelope import Envelope, Signature
from signer.core.errors import BadInput
from signer.core.names import DocumentId, Txid
from signer.core.transaction import OutPoint
from signer.store.rows import Label
from signer.store.store import FILE, Store

ONE, TWO, THREE = (OutPoint(Txid(f"{n:064x}"), n) for n in (1, 2, 3))


def add_withdrawals(store: Store, vault: DocumentId, count: int) -> list[DocumentId]:
    """A chain of so many withdrawals; their ids."""
    ids: list[DocumentId] = []
    for sequence in range(1, count + 1):
        paper = withdrawal_paper(vault, sequence, previous=ids[-1] if ids else None)
        ids.append(store.add_withdrawal(paper).withdrawal.id)
    return ids


def test_vault_by_name_and_id(store: Store) -> None:
    """The bytes come back as they were."""
    paper = vault_paper()
    added = store.add_vault(paper)
    assert store.vault("cold") == store.vault(paper.id) == added
    assert added.vault.payload == paper.payload
    assert store.vaults() == (added,)


def test_vault_twice_gathers_attestations(store: Store) -> None:
    """The same document again is no error."""
    store.add_vault(signed(vault_paper(), "alice"))
    store.add_vault(signed(vault_paper(), "bob"))
    assert signers(store.vault("cold").envelope) == {"alice", "bob"}
    assert len(store.vaults()) == 1


def test_two_vaults_of_one_name(store: Store) -> None:
    """A name means one vault; both ids are told in full."""
    first = store.add_vault(vault_paper()).vault
    other = vault_paper(birth_height=5)
    with pytest.raises(BadInput, match="another vault of the name cold") as caught:
        store.add_vault(other)
    assert first.id in caught.value.expected
    assert other.id in caught.value.found
    assert store.vault("cold").vault == first


def test_unknown_vault_names_the_known_ones(store: Store) -> None:
    """And an empty store says so."""
    with pytest.raises(BadInput, match="no such vault") as caught:
        store.vault("cold")
    assert caught.value.expected == "none is here yet"
    store.add_vault(vault_paper("alpha"))
    store.add_vault(vault_paper("beta"))
    with pytest.raises(BadInput, match="no such vault") as caught:
        store.vault("gamma\x1b[31m")
    assert caught.value.expected == "alpha, beta"
    assert "\x1b" not in caught.value.found


@pytest.mark.parametrize("method", ["add_vault", "add_policy", "add_withdrawal"])
def test_documents_of_another_kind(store: Store, vault: DocumentId, method: str) -> None:
    """Each method takes its own kind only."""
    kinds = {
        "add_vault": vault_paper(),
        "add_policy": policy_paper(vault),
        "add_withdrawal": withdrawal_paper(vault),
    }
    for own, paper in kinds.items():
        if own != method:
            with pytest.raises(BadInput):
                getattr(store, method)(paper)


def test_payload_that_is_no_document(store: Store) -> None:
    """The kind is right and the rest is not."""
    for kind, add in (
        ("vault", store.add_vault),
        ("policy", store.add_policy),
        ("withdrawal", store.add_withdrawal),
    ):
        with pytest.raises(BadInput):
            add(Envelope.wrap(kind, b"{}"))
    assert store.vaults() == ()


def test_policies_and_proposals(store: Store, vault: DocumentId) -> None:
    """Several proposals for one epoch may lie here; signatures are gathered for each."""
    first, second = policy_paper(vault, 10), policy_paper(vault, 20)
    store.add_policy(signed(first, "alice"))
    store.add_policy(second)
    store.add_policy(signed(first, "carol"))
    assert [s.policy.id for s in store.policies(vault)] == [first.id, second.id]
    assert signers(store.policy(first.id).envelope) == {"alice", "carol"}
    assert signers(store.policy(second.id).envelope) == set()
    with pytest.raises(BadInput, match="policy is not here"):
        store.policy(DocumentId("00" * 32))


def test_papers_of_an_unknown_vault(store: Store) -> None:
    """First the vault, then what belongs to it."""
    stranger = DocumentId("ef" * 32)
    with pytest.raises(BadInput, match="policy's vault is not here"):
        store.add_policy(policy_paper(stranger))
    with pytest.raises(BadInput, match="withdrawal's vault is not here"):
        store.add_withdrawal(withdrawal_paper(stranger))
    with pytest.raises(BadInput, match="label's vault is not here"):
        store.set_label(stranger, Label(0, 0, "x"))


def test_approvals_are_merged(store: Store, vault: DocumentId) -> None:
    """Officers sign copies, in any order, some twice."""
    paper = withdrawal_paper(vault)
    store.add_withdrawal(paper)
    store.add_withdrawal(signed(paper, "bob"))
    store.add_withdrawal(signed(paper, "alice", "bob"))
    merged = store.add_withdrawal(paper)
    assert signers(merged.envelope) == {"alice", "bob"}
    assert len(merged.envelope.signatures) == 2
    assert store.withdrawal(vault, 1) == merged == store.withdrawal_by_id(paper.id)


def test_worthless_signature_cannot_push_out_a_good_one(store: Store, vault: DocumentId) -> None:
    """Somebody puts rubbish under an officer's key, before and after the officer signs."""
    paper = withdrawal_paper(vault)
    good = signed(paper, "alice")
    (real,) = good.signatures
    rubbish = replace(paper, signatures=(Signature(real.keyid, bytes(64)),))
    for envelope in (rubbish, good, rubbish):
        store.add_withdrawal(envelope)
    stored = store.withdrawal_by_id(paper.id).envelope
    assert stored.signatures == (real,)


def test_second_withdrawal_of_one_number(store: Store, vault: DocumentId) -> None:
    """The conflict names both, and the first one stays."""
    first, second = withdrawal_paper(vault), withdrawal_paper(vault, why="something else")
    store.add_withdrawal(first)
    with pytest.raises(BadInput, match="another withdrawal 1") as caught:
        store.add_withdrawal(signed(second, "alice"))
    assert first.id in caught.value.expected
    assert second.id in caught.value.found
    assert [s.withdrawal.id for s in store.withdrawals(vault)] == [first.id]


def test_chain_of_withdrawals(store: Store, vault: DocumentId) -> None:
    """In order, without gaps, each after the one that it names."""
    ids = add_withdrawals(store, vault, 3)
    assert [s.withdrawal.id for s in store.withdrawals(vault)] == ids
    with pytest.raises(BadInput, match="withdrawal 4 of this vault is not here"):
        store.add_withdrawal(withdrawal_paper(vault, 5, previous=ids[2]))
    with pytest.raises(BadInput, match="another withdrawal 3"):
        store.add_withdrawal(withdrawal_paper(vault, 4, previous=ids[1]))
    assert store.withdrawal(vault, 4) is None


def test_two_vaults_count_for_themselves(store: Store, vault: DocumentId) -> None:
    """Each vault has its own first withdrawal."""
    other = store.add_vault(vault_paper("other")).vault.id
    (mine,), (theirs,) = add_withdrawals(store, vault, 1), add_withdrawals(store, other, 1)
    assert mine != theirs
    assert [s.withdrawal.id for s in store.withdrawals(other)] == [theirs]


def test_unknown_withdrawal(store: Store) -> None:
    """It says which."""
    with pytest.raises(BadInput, match="withdrawal is not here") as caught:
        store.withdrawal_by_id(DocumentId("00" * 32))
    assert caught.value.found == "00" * 32


def test_drafts_take_their_coins(store: Store, vault: DocumentId) -> None:
    """Two drafts in flight share no coin, but for drafts of one withdrawal."""
    first, second = add_withdrawals(store, vault, 2)
    draft = store.add_draft(first, b"psbt 1", [ONE, TWO], change_index=4)
    assert store.reserved(vault) == {ONE, TWO}
    assert store.reserved(vault, besides=first) == frozenset()
    with pytest.raises(BadInput, match="already taken") as caught:
        store.add_draft(second, b"psbt 2", [THREE, TWO], change_index=5)
    assert caught.value.found == f"{TWO.txid}:{TWO.vout}"
    assert store.drafts(second) == ()
    assert store.reserved(vault, besides=first) == frozenset()
    bump = store.add_draft(first, b"psbt 3", [TWO, ONE, THREE], change_index=None)
    assert store.drafts(first) == (draft, bump)
    assert bump.coins == (TWO, ONE, THREE)
    store.add_draft(second, b"psbt 4", [OutPoint(ONE.txid, 99)], change_index=5)
    assert len(store.reserved(vault)) == 4


def test_released_drafts_let_go_of_their_coins(store: Store, vault: DocumentId) -> None:
    """After confirmation or expiry; the drafts and their change addresses stay known."""
    first, second = add_withdrawals(store, vault, 2)
    draft = store.add_draft(first, b"psbt", [ONE], change_index=4)
    store.release(first)
    assert store.reserved(vault) == frozenset()
    assert store.drafts(first) == (draft,)
    assert store.change_indexes(vault) == {4}
    store.add_draft(second, b"psbt", [ONE], change_index=None)
    assert store.reserved(vault) == {ONE}


def add_void(store: Store, vault: DocumentId, target: DocumentId) -> DocumentId:
    """A void after the newest withdrawal."""
    newest = store.withdrawals(vault)[-1].withdrawal
    changes = {"purpose": "void", "voids": target, "payments": (), "previous": newest.id}
    anchor = store.withdrawal_by_id(target).withdrawal.anchor
    paper = withdrawal_paper(vault, newest.sequence + 1, anchor=anchor, **changes)
    return store.add_withdrawal(paper).withdrawal.id


def test_a_void_and_what_it_cancels_may_share_coins(store: Store, vault: DocumentId) -> None:
    """One anchor, one family: at most one of them confirms, and then none takes coins."""
    first, second = add_withdrawals(store, vault, 2)
    void = add_void(store, vault, first)
    assert store.family(first) == store.family(void) == (first, void)
    assert store.family(second) == (second,)
    store.add_draft(first, b"", [ONE], None)
    store.add_draft(void, b"", [ONE, TWO], None)
    assert store.reserved(vault, besides=void) == frozenset()
    with pytest.raises(BadInput, match="taken by another"):
        store.add_draft(second, b"", [TWO], None)
    store.settle(void)
    assert store.reserved(vault) == frozenset()


def test_who_has_signed_what(store: Store, vault: DocumentId) -> None:
    """The newest counts, whatever comes later."""
    assert store.signed_up_to(vault) == {}
    store.note_signed(vault, ["alice", "bob"], 3)
    store.note_signed(vault, ["bob"], 2)
    store.note_signed(vault, ["alice"], 4)
    assert store.signed_up_to(vault) == {"alice": 4, "bob": 3}


def test_change_addresses_of_drafts(store: Store, vault: DocumentId) -> None:
    """A draft built again for the same withdrawal may use its own again."""
    first, second = add_withdrawals(store, vault, 2)
    store.add_draft(first, b"", [ONE], change_index=0)
    store.add_draft(first, b"", [ONE], change_index=None)
    store.add_draft(second, b"", [TWO], change_index=1)
    assert store.change_indexes(vault) == {0, 1}
    assert store.change_indexes(vault, besides=second) == {0}


def test_other_vaults_drafts_do_not_count(store: Store, vault: DocumentId) -> None:
    """Coins and change addresses are asked for vault by vault."""
    other = store.add_vault(vault_paper("other")).vault.id
    (mine,) = add_withdrawals(store, vault, 1)
    store.add_draft(mine, b"", [ONE], change_index=7)
    assert store.reserved(other) == frozenset()
    assert store.change_indexes(other) == frozenset()


def test_draft_of_an_unknown_withdrawal(store: Store) -> None:
    """Nothing is reserved for it."""
    with pytest.raises(BadInput, match="withdrawal is not here"):
        store.add_draft(DocumentId("00" * 32), b"", [ONE], None)


def test_two_processes_reserve_one_coin(tmp_path: Path) -> None:
    """Only one of them gets it, whoever is first."""
    with Store(tmp_path) as store:
        vault = store.add_vault(vault_paper()).vault.id
        ids = add_withdrawals(store, vault, 8)
    start, got, refused = Barrier(len(ids)), [], []

    def reserve(withdrawal: DocumentId) -> None:
        with Store(tmp_path) as own:
            start.wait()
            try:
                got.append(own.add_draft(withdrawal, b"", [ONE], None))
            except BadInput as error:
                refused.append(error.what)

    threads = [Thread(target=reserve, args=(withdrawal,)) for withdrawal in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    assert set(refused) == {"a coin is already taken by another withdrawal's draft"}
    assert len(refused) == 7


def test_finished_transactions(store: Store, vault: DocumentId) -> None:
    """Kept in the order in which they came; once more is no error."""
    (first,) = add_withdrawals(store, vault, 1)
    for txid, raw in ((ONE.txid, b"raw 1"), (TWO.txid, b"raw 2"), (ONE.txid, b"raw 1")):
        store.add_transaction(first, txid, raw)
    found = store.transactions(first)
    assert [(t.txid, t.raw, t.withdrawal) for t in found] == [
        (ONE.txid, b"raw 1", first),
        (TWO.txid, b"raw 2", first),
    ]
    with pytest.raises(BadInput, match="withdrawal is not here"):
        store.add_transaction(DocumentId("00" * 32), THREE.txid, b"")


def test_labels(store: Store, vault: DocumentId) -> None:
    """A later label replaces an earlier one."""
    for label in (Label(1, 0, "change"), Label(0, 5, "Acme"), Label(0, 5, "Acme, invoice 7")):
        store.set_label(vault, label)
    assert store.labels(vault) == (Label(0, 5, "Acme, invoice 7"), Label(1, 0, "change"))
    with pytest.raises(BadInput, match="cannot hold"):
        store.set_label(vault, Label(0, 2**63, "x"))


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    """Closed and opened again."""
    with Store(tmp_path) as store:
        vault = store.add_vault(signed(vault_paper(), "alice")).vault.id
        policy = store.add_policy(signed(policy_paper(vault), "bob"))
        (first,) = add_withdrawals(store, vault, 1)
        draft = store.add_draft(first, b"psbt", [ONE], change_index=3)
        store.add_transaction(first, TWO.txid, b"raw")
        store.set_label(vault, Label(0, 0, "Acme"))
        before = (store.vaults(), store.withdrawals(vault), store.transactions(first))
    with Store(tmp_path) as store:
        assert (store.vaults(), store.withdrawals(vault), store.transactions(first)) == before
        assert store.policies(vault) == (policy,)
        assert store.drafts(first) == (draft,)
        assert store.labels(vault) == (Label(0, 0, "Acme"),)


def test_damaged_store_names_its_file(tmp_path: Path) -> None:
    """The officer learns which file to restore."""
    Store(tmp_path).close()
    (tmp_path / FILE).write_bytes(b"rubbish" * 1_000)
    with pytest.raises(BadInput, match="coordinator's database is damaged") as caught:
        Store(tmp_path)
    assert str(tmp_path / FILE) in caught.value.hint
