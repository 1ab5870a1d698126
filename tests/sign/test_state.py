"""What a signer remembers, and that nobody changes it unseen."""

import json
import os
from dataclasses import replace

import pytest
from world import HEIGHT, World

from policies.chain import NOTHING, Known
from policies.envelope import Envelope
from policies.quorum import Role
from signer.core.errors import BadInput, Fault, Refused
from signer.core.hashes import sha256
from signer.core.journal import Journal
from signer.core.names import Height
from signer.sign.check import examine
from signer.sign.state import State, trusted


def test_an_empty_home_knows_nothing(tmp_path):
    """No journal, no vaults."""
    assert State(tmp_path).vaults == {}


def test_enrolment_is_remembered(world, tmp_path):
    """Vault, policy and key, in a new process too."""
    world.state(tmp_path)
    memory = State(tmp_path).vaults[world.vault.id]
    assert memory.enrolment.vault == world.vault
    assert memory.enrolment.policy.policy.id == world.policy.id
    assert memory.keys == {world.officers["alice"].root.fingerprint: "alice"}
    assert memory.enrolment.known == NOTHING


def test_documents_are_pinned_in_the_design_s_places(world, tmp_path):
    """HOME/vaults/<vault id>/vault.json and policy-<epoch>.json."""
    world.state(tmp_path)
    folder = tmp_path / "vaults" / world.vault.id
    assert sorted(path.name for path in folder.iterdir()) == ["policy-1.json", "vault.json"]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_enrolling_twice_adds_what_is_new(world, tmp_path):
    """A second key and a second epoch; what was known stays."""
    state = world.state(tmp_path)
    bob = world.officers["bob"].root.fingerprint
    state.enrol(world.vault_envelope, [world.policy_envelope], key="bob", fingerprint=bob)
    second = world.successor()
    state.enrol(world.vault_envelope, [world.policy_envelope, world.admit(second)])
    memory = State(tmp_path).vaults[world.vault.id]
    assert set(memory.keys.values()) == {"alice", "bob"}
    assert memory.enrolment.policy.policy.id == second.id


def test_a_machine_without_a_key_only_approves(world, tmp_path):
    """No key is remembered; the vault and its policy are."""
    state = State(tmp_path)
    state.enrol(world.vault_envelope, [world.policy_envelope])
    assert State(tmp_path).vaults[world.vault.id].keys == {}


def test_policies_must_be_of_the_vault(world, tmp_path):
    """Another vault's policy, however well signed."""
    other = World(seed=1)
    with pytest.raises(Refused) as refusal:
        State(tmp_path).enrol(world.vault_envelope, [other.policy_envelope])
    assert (refusal.value.refusals[0].step, refusal.value.refusals[0].rule) == (5, "policy.vault")
    assert not (tmp_path / "journal.jsonl").exists()


@pytest.mark.parametrize("change", [{"network": "main"}, {"coin": "MONA"}])
def test_policies_must_be_of_the_network(world, change):
    """The right vault id with another coin or network."""
    policy = replace(world.policy, **change)
    with pytest.raises(Refused) as refusal:
        trusted(world.vault, [world.admit(policy)], None)
    assert refusal.value.refusals[0].rule == f"policy.{next(iter(change))}"


def test_a_vault_needs_a_policy(world, tmp_path):
    """Without one nothing could ever be allowed."""
    with pytest.raises(BadInput, match="policy is missing"):
        State(tmp_path).enrol(world.vault_envelope, [])


def test_a_policy_without_its_quorum_is_not_pinned(world, tmp_path):
    """One admin of two."""
    with pytest.raises(Refused) as refusal:
        State(tmp_path).enrol(world.vault_envelope, [world.admit(world.policy, ("alice",))])
    assert refusal.value.refusals[0].rule == "policy.new_quorum"


@pytest.mark.parametrize("name", ["vault", "policy-1"])
def test_an_altered_document_is_found(world, tmp_path, name):
    """Exchanged for another good one: the journal holds the hash."""
    world.state(tmp_path)
    path = tmp_path / "vaults" / world.vault.id / f"{name}.json"
    other = World(seed=1)
    document = other.vault_envelope if name == "vault" else other.policy_envelope
    path.write_bytes(document.to_bytes())
    with pytest.raises(BadInput, match="was altered") as problem:
        State(tmp_path)
    assert problem.value.fault is Fault.MACHINE


@pytest.mark.parametrize("name", ["vault", "policy-1"])
def test_a_missing_document_is_found(world, tmp_path, name):
    """The file that a pin stands for is gone."""
    world.state(tmp_path)
    (tmp_path / "vaults" / world.vault.id / f"{name}.json").unlink()
    with pytest.raises(BadInput, match="pinned"):
        State(tmp_path)


def test_a_stored_policy_is_verified_again(world, tmp_path):
    """The right payload without its signatures is not trusted at the next start."""
    world.state(tmp_path)
    path = tmp_path / "vaults" / world.vault.id / "policy-1.json"
    path.write_bytes(Envelope.wrap("policy", world.policy.payload).to_bytes())
    with pytest.raises(Refused) as refusal:
        State(tmp_path)
    assert refusal.value.refusals[0].step == 5


def test_files_of_an_interrupted_enrolment_are_taken_up(world, tmp_path):
    """The machine stopped after the files and before the journal: the same command goes on.

    What lies there as it should is left as it is.
    """
    world.state(tmp_path)
    (tmp_path / "journal.jsonl").unlink()
    assert State(tmp_path).vaults == {}
    written = [*(tmp_path / "vaults" / world.vault.id).iterdir()]
    for path in written:
        os.utime(path, (1, 1))
    world.state(tmp_path)
    assert set(State(tmp_path).vaults) == {world.vault.id}
    assert [path.stat().st_mtime for path in written] == [1, 1]


def test_an_approval_is_remembered(world, tmp_path):
    """The second, different document of the same number is refused."""
    state = world.state(tmp_path)
    first, other = world.withdrawal(), world.withdrawal(why="another reason")
    state.approve(first, "alice")
    state = State(tmp_path)
    known = state.vaults[world.vault.id].enrolment.known
    assert (known.approved, known.ids) == ({1: first.id}, {})
    state.approve(first, "alice")
    assert state.journal.entries()[-1].fields["officer"] == "alice"
    with pytest.raises(Refused) as refusal:
        state.approve(other, "alice")
    assert (refusal.value.refusals[0].step, refusal.value.refusals[0].rule) == (6, "chain.known")
    assert refusal.value.expected == first.id
    assert refusal.value.found == other.id


def test_an_approval_of_a_successor_must_follow(world, tmp_path):
    """The second names another first one than the one approved here."""
    state = world.state(tmp_path)
    state.approve(world.withdrawal(), "alice")
    stray = world.withdrawal(why="another reason")
    with pytest.raises(Refused) as refusal:
        state.approve(world.withdrawal(sequence=2, previous=stray.id), "alice")
    assert refusal.value.refusals[0].rule == "chain.previous"


def test_an_approved_withdrawal_binds_the_signer(world, tmp_path):
    """What was approved here is what is signed here."""
    state = world.state(tmp_path)
    state.approve(world.withdrawal(why="another reason"), "alice")
    with pytest.raises(Refused) as refusal:
        examine(world.bundle(), state.enrolments)
    assert refusal.value.refusals[0].rule == "chain.known"


def test_a_signature_is_remembered(world, tmp_path):
    """Chain, transaction and height; for auditors, which file, and whose signature."""
    raw = world.bundle()
    signed = world.sign(raw, tmp_path)
    line = Journal.open(tmp_path).entries()[-1].fields
    assert line["psbt"] == sha256(raw).hex()
    assert line["fingerprint"] == world.officers["alice"].root.fingerprint
    memory = State(tmp_path).vaults[world.vault.id]
    assert memory.enrolment.known == Known({1: world.withdrawal().id}, HEIGHT)
    assert memory.signed == {1: (signed.txid,)}


def test_the_whole_chain_is_remembered(world, tmp_path):
    """A signer that comes late learns the links before, too."""
    first = world.withdrawal()
    second = world.withdrawal(sequence=2, previous=first.id, height=Height(HEIGHT + 5))
    world.sign(world.bundle(world.approve(second), predecessors=[first.payload]), tmp_path)
    memory = State(tmp_path).vaults[world.vault.id]
    assert memory.enrolment.known == Known({1: first.id, 2: second.id}, HEIGHT + 5)


def test_a_new_epoch_is_adopted_with_the_signature(world, tmp_path):
    """From then on the older one is refused, in a new process too."""
    policy = world.successor()
    envelope = world.approve(world.withdrawal(policy=policy.id))
    policies = [world.policy_envelope, world.admit(policy)]
    world.sign(world.bundle(envelope, policies=policies), tmp_path)
    state = State(tmp_path)
    assert state.vaults[world.vault.id].enrolment.policy.policy.id == policy.id
    with pytest.raises(Refused) as refusal:
        examine(world.bundle(), state.enrolments)
    assert refusal.value.refusals[0].rule == "policy.rollback"


def test_another_process_came_between(world, tmp_path):
    """What was decided on an older journal is not written."""
    state, other = world.state(tmp_path), State(tmp_path)
    other.approve(world.withdrawal(why="another reason"), "alice")
    with pytest.raises(BadInput, match="changed since"):
        state.approve(world.withdrawal(), "alice")


def test_other_lines_are_for_auditors(world, tmp_path):
    """A line of another event changes nothing that a check depends on."""
    world.state(tmp_path)
    Journal.open(tmp_path).append("policy", vault="0" * 64, epoch=7, policies=[[7, "x"]])
    assert set(State(tmp_path).vaults) == {world.vault.id}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"vault": []},
        {"vault": "0" * 64, "policies": 7},
        {"vault": "0" * 64, "chain": [[1]]},
        {"vault": "0" * 64, "chain": "ab"},
    ],
    ids=json.dumps,
)
def test_a_line_that_nobody_understands(world, tmp_path, fields):
    """Well hashed and wrong inside: an error with the line's number, no crash."""
    world.state(tmp_path)
    Journal.open(tmp_path).append("enrol", **fields)
    with pytest.raises(BadInput, match="line 2 is not understood"):
        State(tmp_path)


def test_a_folder_that_cannot_be_made(world, tmp_path):
    """A file lies where the vaults should be."""
    (tmp_path / "vaults").write_text("in the way")
    with pytest.raises(BadInput) as problem:
        world.state(tmp_path)
    assert problem.value.fault is Fault.MACHINE
    assert not (tmp_path / "journal.jsonl").exists()


# accepted policies, voids, and what an interrupted run leaves


def test_an_accepted_policy_is_remembered(world, tmp_path):
    """In a new process, too; a second one of that epoch is refused."""
    state = world.state(tmp_path)
    state.accept(world.admit(world.successor()))
    assert State(tmp_path).vaults[world.vault.id].enrolment.policy.policy.epoch == 2
    with pytest.raises(Refused) as refusal:
        State(tmp_path).accept(world.admit(world.successor(loosening_delay=1)))
    assert refusal.value.refusals[0].rule == "policy.rollback"


@pytest.mark.parametrize("left", [b"", b"{", b"another"], ids=["empty", "torn", "other"])
def test_what_an_interrupted_run_left_is_no_obstacle(world, tmp_path, left):
    """A document that no journal line pins is worth nothing, whatever it is."""
    state = world.state(tmp_path)
    other = world.admit(world.successor(loosening_delay=1)).to_bytes()
    orphan = tmp_path / "vaults" / world.vault.id / "policy-2.json"
    orphan.write_bytes(other if left == b"another" else left)
    assert State(tmp_path).vaults[world.vault.id].enrolment.policy.policy.epoch == 1
    state.accept(world.admit(world.successor()))
    policy = State(tmp_path).vaults[world.vault.id].enrolment.policy.policy
    assert policy.id == world.successor().id


@pytest.mark.parametrize("signatures", ["bad", "none"])
def test_a_planted_policy_with_worthless_signatures_is_replaced(world, tmp_path, signatures):
    """The next policy's own payload, put there beforehand: if it stayed, no start would go on.

    A thief who can write to the disk once, and knows which policy comes next, would stop the
    signer with the officer's own hand: the journal pins what cannot be verified again.
    """
    state = world.state(tmp_path)
    good = world.admit(world.successor())
    worthless = {
        "bad": tuple(replace(one, sig=bytes(64)) for one in good.signatures),
        "none": (),
    }[signatures]
    path = tmp_path / "vaults" / world.vault.id / "policy-2.json"
    path.write_bytes(replace(good, signatures=worthless).to_bytes())
    state.accept(good)
    assert path.read_bytes() == good.to_bytes()
    assert State(tmp_path).vaults[world.vault.id].enrolment.policy.policy.epoch == 2


def test_a_planted_vault_without_its_attestations_is_replaced(world, tmp_path):
    """What was verified is what lies there, signatures and all, when the vault is pinned."""
    folder = tmp_path / "vaults" / world.vault.id
    folder.mkdir(parents=True)
    attested = world.vault_envelope.signed(world.officers["alice"].approval)
    (folder / "vault.json").write_bytes(world.vault_envelope.to_bytes())
    State(tmp_path).enrol(attested, [world.policy_envelope])
    assert (folder / "vault.json").read_bytes() == attested.to_bytes()


def test_a_planted_link_does_not_have_the_document_written_elsewhere(world, tmp_path):
    """The link goes, what it points to stays."""
    state, elsewhere = world.state(tmp_path), tmp_path / "elsewhere"
    elsewhere.write_bytes(b"as it was")
    path = tmp_path / "vaults" / world.vault.id / "policy-2.json"
    path.symlink_to(elsewhere)
    state.accept(world.admit(world.successor()))
    assert elsewhere.read_bytes() == b"as it was"
    assert not path.is_symlink()
    assert State(tmp_path).vaults[world.vault.id].enrolment.policy.policy.epoch == 2


def test_other_attestations_of_a_pinned_vault_change_nothing(world, tmp_path):
    """Its file is not even touched: a machine that stops then would have lost it."""
    state = world.state(tmp_path)
    path = tmp_path / "vaults" / world.vault.id / "vault.json"
    before, written = path.read_bytes(), path.stat().st_ino
    other = world.vault_envelope.signed(world.officers["carol"].approval)
    state.enrol(other, [world.policy_envelope])
    assert (path.read_bytes(), path.stat().st_ino) == (before, written)


def test_a_signed_void_is_remembered(world, tmp_path):
    """From then on, what it cancels is not signed here, in a new process neither."""
    first = world.withdrawal()
    terms = {"purpose": "void", "voids": first.id, "payments": (), "anchor": first.anchor}
    void = world.withdrawal(sequence=2, previous=first.id, **terms)
    raw = world.bundle(world.approve(void), predecessors=[first.payload])
    world.sign(raw, tmp_path)
    state = State(tmp_path)
    assert state.vaults[world.vault.id].enrolment.known.voided == {first.id}
    with pytest.raises(Refused) as refusal:
        examine(world.bundle(world.approve(first)), state.enrolments)
    assert refusal.value.refusals[0].rule == "chain.voided"
    assert examine(raw, state.enrolments).approved.withdrawal == void


def test_every_version_of_a_withdrawal_may_be_signed(world, tmp_path):
    """A bump: another fee, the same document; the review tells of the earlier one."""
    first = world.sign(world.bundle(fee=2_000), tmp_path)
    second = world.sign(world.bundle(fee=3_000), tmp_path)
    assert State(tmp_path).vaults[world.vault.id].signed == {1: (first.txid, second.txid)}


def test_a_history_is_verified_before_it_is_pinned(world, tmp_path):
    """Linked, this vault's, and joined to what is known: else nothing of it is remembered."""
    one = world.withdrawal()
    two = world.withdrawal(sequence=2, previous=one.id)
    three = world.withdrawal(sequence=3, previous=two.id)
    papers = (world.vault_envelope, [world.policy_envelope])
    state = State(tmp_path)
    stranger = World(seed=1).withdrawal(sequence=2, previous=one.id)
    for history, rule in (
        ([one, replace(two, previous="0" * 64)], "chain.previous"),
        ([one, stranger], "vault.enrolled"),
        ([two], "chain.behind"),
        ([one, three], "chain.behind"),
    ):
        with pytest.raises(Refused) as caught:
            state.enrol(*papers, history=history)
        assert caught.value.refusals[0].rule == rule
    assert State(tmp_path).vaults == {}
    state.enrol(*papers, history=[one, two])
    state.enrol(*papers, history=[three])
    known = State(tmp_path).vaults[world.vault.id].enrolment.known
    assert known.ids == {1: one.id, 2: two.id, 3: three.id}
    assert known.height == three.height
    assert [e.fields["chain"] for e in state.journal.entries()] == [
        [[1, one.id], [2, two.id]],
        [[3, three.id]],
    ]


def test_what_is_pinned_is_not_written_again(world, tmp_path):
    """A journal line tells what is new: not the links and policies that came along once more."""
    first = world.withdrawal()
    second = world.withdrawal(sequence=2, previous=first.id)
    world.sign(world.bundle(), tmp_path)
    world.sign(world.bundle(world.approve(second), predecessors=[first.payload]), tmp_path)
    lines = [entry.fields for entry in Journal.open(tmp_path).entries()]
    epoch = [1, world.policy_envelope.id]
    assert [line["policies"] for line in lines] == [[epoch], [], []]
    assert [line["chain"] for line in lines] == [[], [[1, first.id]], [[2, second.id]]]


def test_a_newer_policy_alone_follows_what_is_pinned(world, tmp_path):
    """A vault that is known takes the next epoch without the first, with both quorums."""
    state = world.state(tmp_path)
    second = world.successor()
    state.enrol(world.vault_envelope, [world.admit(second)])
    assert State(tmp_path).vaults[world.vault.id].enrolment.policy.policy.id == second.id


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"loosening_delay": 1}, "policy.rollback"),
        ({"epoch": 2, "roles": {"admins": Role("admins", ("dave",), 1)}}, "policy.old_quorum"),
    ],
    ids=["another first", "a stranger's second"],
)
def test_a_known_vault_s_policy_is_not_replaced(world, tmp_path, changes, rule):
    """Enrolled again with a policy that only its own admins vouch for: nothing is written."""
    state = world.state(tmp_path)
    before = (tmp_path / "journal.jsonl").read_bytes()
    known = {"previous": world.policy.id} if "epoch" in changes else {}
    roles = {"roles": world.policy.roles | changes["roles"]} if "roles" in changes else {}
    usurper = replace(world.policy, **(changes | known | roles))
    with pytest.raises(Refused) as refusal:
        state.enrol(world.vault_envelope, [world.admit(usurper, usurper.admins.members[:2])])
    assert (refusal.value.refusals[0].step, refusal.value.refusals[0].rule) == (5, rule)
    assert (tmp_path / "journal.jsonl").read_bytes() == before


def test_a_pinned_vault_s_file_is_left_alone(world, tmp_path):
    """Enrolling again does not write it anew: a machine that stops then would have lost it."""
    state = world.state(tmp_path)
    path = tmp_path / "vaults" / world.vault.id / "vault.json"
    os.utime(path, (1, 1))
    state.enrol(world.vault_envelope, [world.policy_envelope])
    assert path.stat().st_mtime == 1


def test_a_document_of_another_kind_is_found(world, tmp_path):
    """The pinned payload under another name: what was signed is not what it says now."""
    world.state(tmp_path)
    path = tmp_path / "vaults" / world.vault.id / "vault.json"
    path.write_bytes(Envelope.wrap("policy", world.vault.payload).to_bytes())
    with pytest.raises(BadInput, match="vault"):
        State(tmp_path)


def test_what_cannot_be_removed_is_told(world, tmp_path):
    """A folder lies where the next policy should be: the machine's fault, and nothing is pinned."""
    state = world.state(tmp_path)
    path = tmp_path / "vaults" / world.vault.id / "policy-2.json"
    path.mkdir()
    with pytest.raises(BadInput, match="cannot be removed") as problem:
        state.accept(world.admit(world.successor()))
    assert problem.value.fault is Fault.MACHINE
    assert State(tmp_path).vaults[world.vault.id].enrolment.policy.policy.epoch == 1


def test_a_line_without_a_height_tells_of_none(world, tmp_path):
    """No block is known before the first withdrawal, whatever is accepted."""
    state = world.state(tmp_path)
    state.accept(world.admit(world.successor()))
    assert State(tmp_path).vaults[world.vault.id].enrolment.known == NOTHING
