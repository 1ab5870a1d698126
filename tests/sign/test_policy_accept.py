"""`coldsign policy accept` and `enrol --history`: a signer catches up, with an officer's eyes."""

from dataclasses import replace

import pytest
from world import HEIGHT

from policies.chain import Known
from policies.quorum import Role
from policies.rules import Amounts, Timing
from signer.carry.history import write_history
from signer.core.journal import Journal
from signer.core.names import Height, Sats
from signer.sign.state import State


def accept(desk, *options, answer=None):
    """Type the command."""
    return desk.run("policy", "accept", desk.folder / "p.json", *options, answer=answer)


def put(desk, world, policy, admins=("alice", "bob")):
    """Lay a signed policy on the desk."""
    desk.file("p.json", world.admit(policy, admins).to_bytes())


def known(desk, world):
    """What the signer knows of the vault."""
    return State(desk.home).vaults[world.vault.id].enrolment


def looser(world, **changes):
    """A next policy that allows more; the first one has no delay."""
    rules = (Amounts(Sats(6_000_000)), *world.policy.rules[1:])
    return world.successor(rules=rules, activation_height=Height(900), **changes)


def test_every_change_is_shown_with_its_direction(enrolled, world):
    """The looser ones first; nothing happens without a yes."""
    rules = (Amounts(Sats(6_000_000)), *world.policy.rules[1:-1], Timing(100))
    put(enrolled, world, world.successor(rules=rules))
    declined = accept(enrolled, answer="no\n")
    assert declined.code == 3
    assert known(enrolled, world).policy.policy.epoch == 1
    lines = declined.err.splitlines()
    shown = [line.split()[0] for line in lines if "rules." in line]
    assert shown == ["looser", "tighter"]
    assert "0.06 BTC" in declined.err or "6 000 000 sat" in declined.err
    assert "it takes effect from block 0 on; this machine has verified block 0" in declined.err
    done = accept(enrolled, "--json", answer="yes\n")
    assert done.code == 0, done.err
    assert (done.json["epoch"], done.json["waits"]) == (2, True)
    assert known(enrolled, world).policy.policy.epoch == 2


def test_a_second_time_changes_nothing(enrolled, world):
    """It is accepted already; nobody is asked, and no line is written."""
    put(enrolled, world, looser(world))
    first = accept(enrolled, "--yes", "--json")
    lines = len(Journal.open(enrolled.home).entries())
    again = accept(enrolled, "--json")
    assert (again.code, again.json) == (0, first.json)
    assert len(Journal.open(enrolled.home).entries()) == lines


def test_until_its_height_the_one_before_governs(enrolled, world):
    """What is in flight is signed; what names the new one is not, yet."""
    put(enrolled, world, looser(world))
    accept(enrolled, "--yes")
    old = enrolled.file("old.psbt", world.bundle())
    assert enrolled.unlocking("sign", old, "--yes").code == 0
    terms = {"sequence": 2, "previous": world.withdrawal().id, "policy": looser(world).id}
    early = world.withdrawal(**terms)
    raw = world.bundle(
        world.approve(early),
        predecessors=[world.withdrawal().payload],
        policies=[world.policy_envelope, world.admit(looser(world))],
    )
    refused = enrolled.unlocking("sign", enrolled.file("new.psbt", raw), "--yes", "--json")
    assert refused.json["error"]["refusals"][0]["rule"] == "withdrawal.policy"


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda w: w.admit(w.successor(), ("alice",)), "policy.old_quorum"),
        (lambda w: w.admit(w.successor(w.successor())), "policy.skipped"),
        (lambda w: w.admit(replace(w.policy, loosening_delay=9)), "policy.rollback"),
    ],
)
def test_what_does_not_follow_is_refused(enrolled, world, make, rule):
    """Exit code 3, before anybody is asked, and nothing is pinned."""
    enrolled.file("p.json", make(world).to_bytes())
    done = accept(enrolled, "--yes", "--json")
    assert done.code == 3
    assert done.json["error"]["refusals"][0]["rule"] == rule
    assert known(enrolled, world).policy.policy.epoch == 1


def test_an_unknown_vault_is_enrolled_first(desk, world):
    """A policy alone says nothing about its vault."""
    put(desk, world, world.successor())
    done = accept(desk, "--yes")
    assert done.code == 4
    assert "coldsign enrol" in done.err


def test_a_revoked_officer_cannot_approve_any_more(enrolled, world):
    """The machine that accepted the revocation says so before the officer is asked."""
    people = ("bob", "carol", "dave")
    roles = {
        "admins": Role("admins", ("bob", "carol"), 2),
        "approvers": Role("approvers", people, 2),
    }
    policy = world.successor(roles=roles, revoked=("alice",))
    put(enrolled, world, policy, ("alice", "bob", "carol"))
    assert accept(enrolled, "--yes", "--json").json["waits"] is False
    waiting = world.approve(world.withdrawal(policy=policy.id, initiator="carol"), ())
    file = enrolled.file("w.json", waiting.to_bytes())
    done = enrolled.unlocking("approve", file, "--officer", "alice", "--yes")
    assert done.code == 3
    assert "alice may not approve this" in done.err
    assert enrolled.unlocking("approve", file, "--officer", "dave", "--yes").code == 0


# history


def chain(world, length):
    """Withdrawals 1 to length."""
    found = []
    for sequence in range(1, length + 1):
        previous = found[-1].id if found else None
        height = Height(HEIGHT + sequence)
        found.append(world.withdrawal(sequence=sequence, previous=previous, height=height))
    return found


def enrol(desk, world, links, *options, answer=None):
    """Type `enrol` with a history."""
    desk.file("vault.json", world.vault_envelope.to_bytes())
    desk.file("h.json", write_history(links))
    return desk.unlocking(
        *("enrol", desk.folder / "vault.json", "--key", "alice"),
        *("--history", desk.folder / "h.json", *options),
        answer=answer,
    )


def test_a_history_is_verified_shown_and_remembered(enrolled, world):
    """The newest id stands for all of it: that is what the officers compare."""
    links = chain(world, 3)
    done = enrol(enrolled, world, links, "--json", answer="yes\n")
    assert done.code == 0, done.err
    assert done.json["sequence"] == 3
    assert "withdrawals 1 to 3, to block 803" in done.err
    assert links[-1].id in done.err.replace(" ", "").replace("\n", "")
    ids = {link.sequence: link.id for link in links}
    assert known(enrolled, world).known == Known(ids, Height(HEIGHT + 3))


def test_a_longer_history_goes_on_from_there(enrolled, world):
    """From the first again, or from the next; an older one takes nothing away."""
    links = chain(world, 6)
    for part in (links[:2], links[:4], links[4:6], links[:3]):
        assert enrol(enrolled, world, part, "--yes").code == 0
    assert known(enrolled, world).known.newest == 6
    assert known(enrolled, world).known.height == HEIGHT + 6


def test_only_the_newest_thousand_are_pinned(enrolled, world):
    """One line of the journal holds them; the hash chain stands for the others."""
    links = chain(world, 1_200)
    assert enrol(enrolled, world, links, "--yes").code == 0
    pinned = known(enrolled, world).known
    assert sorted(pinned.ids) == list(range(201, 1_201))
    assert enrol(enrolled, world, links[:150] + links[150:1_201], "--yes").code == 0


def test_a_void_in_the_history_is_remembered(enrolled, world):
    """What it cancelled is not signed here, although this signer never saw either."""
    (first,) = chain(world, 1)
    terms = {"purpose": "void", "voids": first.id, "payments": (), "anchor": first.anchor}
    void = world.withdrawal(sequence=2, previous=first.id, height=first.height, **terms)
    assert enrol(enrolled, world, [first, void], "--yes").code == 0
    raw = world.bundle(world.approve(first))
    done = enrolled.unlocking("sign", enrolled.file("x.psbt", raw), "--yes", "--json")
    assert done.json["error"]["refusals"][0]["rule"] == "chain.voided"


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda links, world: links[1:], "chain.behind"),
        (lambda links, world: [links[0], links[2]], "chain.behind"),
        (lambda links, world: [links[0], *chain(world, 3)[1:2], links[0]], "chain.length"),
        (lambda links, world: [*links[:2], replace(links[2], why="x"), links[3]], "chain.previous"),
        (
            lambda links, world: [replace(link, vault="0" * 64) for link in links[:1]],
            "vault.enrolled",
        ),
    ],
)
def test_what_is_no_whole_chain_is_refused(enrolled, world, make, rule):
    """A gap, a swap, a touched link, another vault: nothing is remembered."""
    done = enrol(enrolled, world, make(chain(world, 4), world), "--yes", "--json")
    assert done.code == 3
    assert done.json["error"]["refusals"][0]["rule"] == rule
    assert known(enrolled, world).known.newest == 0


def test_a_history_that_contradicts_an_approval_is_refused(enrolled, world):
    """An officer approved another first withdrawal at this machine."""
    state = State(enrolled.home)
    state.approve(world.withdrawal(why="another reason"), "alice")
    done = enrol(enrolled, world, chain(world, 2), "--yes", "--json")
    assert done.json["error"]["refusals"][0]["rule"] == "chain.known"
