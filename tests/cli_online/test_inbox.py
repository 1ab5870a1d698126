"""Documents from files and from memory."""

from pathlib import Path

import coordinators_desk as desk
import pytest

from policies.envelope import Envelope
from signer.cli.online import inbox
from signer.core.errors import BadInput, Refused
from signer.store.store import Store


def write(folder, **documents):
    """Write envelopes to files; gives their paths in the order given."""
    paths = []
    for name, envelope in documents.items():
        path = folder / f"{name}.json"
        path.write_bytes(envelope.to_bytes())
        paths.append(path)
    return paths


def test_files_come_in_any_order(tmp_path):
    """A withdrawal before the vault that it is of: everything is kept all the same."""
    first = desk.withdrawal()
    second = desk.withdrawal(2, first.id, anchor=2)
    paths = write(
        tmp_path,
        second=desk.signed(second, "alice"),
        policy=desk.signed(desk.policy(), "alice", "bob"),
        again=desk.signed(second, "bob"),
        first=desk.signed(first),
        vault=desk.signed(desk.vault()),
    )
    with Store(tmp_path / "home") as store:
        kept = inbox.keep(store, paths)
        assert [one.kind for one in kept] == ["vault", "policy", *["withdrawal"] * 3]
        stored = store.withdrawal_by_id(second.id)
        assert len(stored.envelope.signatures) == 2


def test_a_vault_is_found_by_name_id_or_file(store, tmp_path):
    """What is known by name wins over a file of that name."""
    other = desk.vault("other")
    (path,) = write(tmp_path, other=desk.signed(other))
    for said in ("treasury", desk.vault().id):
        assert inbox.vault(store, said).vault == desk.vault()
    assert inbox.vault(store, str(path)).vault == other
    assert inbox.vault(store, "other").vault == other
    for said in ("nobody", str(tmp_path / "nothing.json"), ""):
        with pytest.raises(BadInput):
            inbox.vault(store, said)


def test_a_file_named_like_a_vault_does_not_stand_in_for_it(store, tmp_path, monkeypatch):
    """Whoever may write into the folder cannot swap the vault of a command."""
    monkeypatch.chdir(tmp_path)
    Path("treasury").write_bytes(desk.signed(desk.vault("other")).to_bytes())
    assert inbox.vault(store, "treasury").vault == desk.vault()


def test_a_withdrawal_is_found_by_number_or_the_start_of_its_id(store):
    """`VAULT/NUMBER`, or eight digits and more."""
    one = desk.withdrawal()
    store.add_withdrawal(desk.signed(one))
    for said in ("treasury/1", one.id, one.id[:8]):
        assert inbox.withdrawal(store, said).withdrawal == one
    for said in (one.id[:7], "treasury/2", "treasury/", "treasury/0", "other/1", "treasury/-1", ""):
        with pytest.raises(BadInput):
            inbox.withdrawal(store, said)
    with pytest.raises(BadInput, match="no such withdrawal"):
        inbox.withdrawal(store, "treasury/\N{SUPERSCRIPT ONE}")


def test_the_policy_in_force_is_the_newest_with_its_quorums(store):
    """A proposal without signatures changes nothing; one with both quorums does."""
    second = desk.next_policy(desk.policy())
    store.add_policy(desk.signed(second, "alice"))
    assert inbox.policy_in_force(store, desk.vault().id).policy == desk.policy()
    store.add_policy(desk.signed(second, "bob"))
    assert inbox.policy_in_force(store, desk.vault().id).policy == second
    trusted, chain = inbox.policy_chain(store, second.id)
    assert trusted.policy == second
    assert [one.id for one in chain] == [desk.policy().id, second.id]


def test_without_a_signed_policy_it_says_who_is_missing(tmp_path):
    """No policy is bad input; one without its quorum is a refusal that names the admins."""
    with Store(tmp_path / "home") as store:
        store.add_vault(desk.signed(desk.vault()))
        with pytest.raises(BadInput, match="no policy here"):
            inbox.policy_in_force(store, desk.vault().id)
        store.add_policy(desk.signed(desk.policy(), "alice"))
        with pytest.raises(Refused) as caught:
            inbox.policy_in_force(store, desk.vault().id)
    assert caught.value.found == "alice"


def test_a_policy_whose_predecessor_is_missing_is_passed_over(tmp_path):
    """Epoch 2 alone cannot be judged: its own word for epoch 1 does not count."""
    second = desk.next_policy(desk.policy())
    with Store(tmp_path / "home") as store:
        store.add_vault(desk.signed(desk.vault()))
        store.add_policy(desk.signed(second, "alice", "bob"))
        with pytest.raises(BadInput, match="no policy here"):
            inbox.policy_in_force(store, desk.vault().id)
        store.add_policy(desk.signed(desk.policy(), "bob", "carol"))
        assert inbox.policy_in_force(store, desk.vault().id).policy == second


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"psbt\xff\x01", "a psbt"),
        (b"cHNidP8BAF", "a psbt"),
        (b'{"kind":"key","version":1}', "the record of a key"),
        (b'{"key":"00","kind":"officer"}', "the record of an officer"),
        (Envelope.wrap("receipt", b"{}").to_bytes(), "unknown kind"),
        (b"[]", "not a JSON object"),
    ],
)
def test_what_is_easily_mistaken_is_told(data, told, tmp_path):
    """Not only that it is no document, but what it is; and the file's name."""
    path = tmp_path / "file"
    path.write_bytes(data)
    with Store(tmp_path / "home") as store, pytest.raises(BadInput, match=told) as caught:
        inbox.keep(store, [path])
    assert str(path) in caught.value.what + caught.value.found
    assert caught.value.hint
