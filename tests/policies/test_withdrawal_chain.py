"""The chain of withdrawals: complete, linked, one vault's, never back in height."""

from dataclasses import replace

import pytest
from policy_world import OTHER_ID, TXID, withdrawal

from policies.chain import NOTHING, Known, check_alone, verify_chain
from policies.errors import BadInput, Fault, Refused
from policies.withdrawal import Anchor, Withdrawal
from signer.carry.history import MAX_HISTORY, read_history, write_history


def chain(length, **changes):
    """Give withdrawals 1 to length, linked; changes map a sequence number to fields to change."""
    found = []
    for sequence in range(1, length + 1):
        document = withdrawal(
            sequence=sequence,
            previous=found[-1].id if found else None,
            height=200 + sequence // 2,
        )
        found.append(replace(document, **changes.get(f"at{sequence}", {})))
    return found


def verify(documents, known=None):
    """Verify a chain, its last document being the head."""
    return verify_chain(documents[-1], documents[:-1], Known(known or {}))


def refused(documents, known=None):
    """Give the one rule that a chain breaks."""
    with pytest.raises(Refused) as caught:
        verify(documents, known)
    (refusal,) = caught.value.refusals
    assert (refusal.step, refusal.fault) == (6, Fault.COORDINATOR)
    return refusal.rule


@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_a_whole_chain_passes(length):
    """The history comes back, oldest first, equal heights allowed."""
    documents = chain(length)
    assert verify(documents) == tuple(documents[:-1])


def test_known_withdrawals_that_agree_pass():
    """Also those beyond the head: an older one in flight may be signed after a newer."""
    documents = chain(4)
    known = {d.sequence: d.id for d in documents}
    assert verify(documents, known)
    assert verify(documents[:2], known)
    assert verify(documents, {2: documents[1].id})


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_withdrawal_known_otherwise_is_refused(at):
    """A second document with a sequence number that the signer knows, the head included."""
    assert refused(chain(4), {at: OTHER_ID}) == "chain.known"


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_withdrawal_approved_otherwise_is_refused(at):
    """An officer here approved another one of that number."""
    documents = chain(4)
    with pytest.raises(Refused) as caught:
        verify_chain(documents[-1], documents[:-1], Known(approved={at: OTHER_ID}))
    assert caught.value.refusals[0].rule == "chain.known"


# what is carried joins what is known


@pytest.mark.parametrize("carried", [0, 1, 2, 3])
def test_a_signer_that_knows_the_beginning_needs_only_the_rest(carried):
    """Whatever is carried beyond that is compared."""
    documents = chain(4)
    known = Known({d.sequence: d.id for d in documents[:3]}, documents[2].height)
    assert verify_chain(documents[3], documents[3 - carried : 3], known) == tuple(
        documents[3 - carried : 3]
    )


def test_one_pin_stands_for_all_before_it():
    """The newest id is enough: a signer need not recall the whole chain."""
    documents = chain(6)
    known = Known({4: documents[3].id}, documents[3].height)
    for first in (0, 2, 3, 4):
        assert verify_chain(documents[5], documents[first:5], known)
    forged = [replace(d, why="forged") if d.sequence == 4 else d for d in documents]
    assert refused(forged, {4: documents[3].id}) == "chain.known"


@pytest.mark.parametrize("knows", [0, 1, 2])
def test_a_signer_that_is_behind_says_so(knows):
    """There is a gap between what it knows and what is carried, be it all that it lacks."""
    documents = chain(4)
    known = Known({d.sequence: d.id for d in documents[:knows]}, documents[0].height)
    with pytest.raises(Refused) as caught:
        verify_chain(documents[3], (), known)
    (refusal,) = caught.value.refusals
    assert (refusal.step, refusal.rule) == (6, "chain.behind")
    assert refusal.expected == f"withdrawals from {knows + 1} on"
    assert refusal.found == "withdrawals from 4 on"
    assert "enrol --history" in refusal.hint


def test_an_approval_is_no_knowledge_of_what_came_before():
    """A signer that only approved number 3 on its own does not know 1 and 2."""
    documents = chain(4)
    with pytest.raises(Refused) as caught:
        verify_chain(documents[3], documents[2:3], Known(approved={3: documents[2].id}))
    assert caught.value.refusals[0].rule == "chain.behind"


def test_an_older_one_that_the_signer_does_not_recall_is_refused():
    """In flight for so long that its pin is gone: nobody can tell whether it was another."""
    documents = chain(5)
    known = Known({d.sequence: d.id for d in documents[3:]}, documents[4].height)
    with pytest.raises(Refused) as caught:
        verify_chain(documents[2], documents[:2], known)
    assert caught.value.refusals[0].rule == "chain.known"


def test_a_link_that_claims_to_be_old_cannot_hide_newer_ones():
    """Velocity evasion: a filler that nobody approved, older than every window, before the head.

    The signer that never saw the first one refuses, since the chain does not begin with it; the
    one that saw it knows its height.
    """
    (first,) = chain(1, at1={"height": 1_000})
    filler = withdrawal(sequence=2, previous=first.id, height=5)
    head = withdrawal(sequence=3, previous=filler.id, height=1_010, expiry=1_100)
    for known, rule in ((NOTHING, "behind"), (Known({1: first.id}, first.height), "height")):
        with pytest.raises(Refused) as caught:
            verify_chain(head, [filler], known, since=900)
        assert caught.value.refusals[0].rule == f"chain.{rule}"
    with pytest.raises(Refused) as caught:
        verify_chain(head, [first, filler], since=900)
    assert caught.value.refusals[0].rule == "chain.height"


@pytest.mark.parametrize(("since", "first"), [(199, 1), (200, 1), (201, 3), (202, 5)])
def test_the_windows_are_covered(since, first):
    """The oldest that is carried is the vault's first, or too old for every window."""
    documents = chain(5)
    known = Known({d.sequence: d.id for d in documents[:4]}, documents[3].height)
    least = next(d.sequence for d in reversed(documents) if d.height <= since or d.sequence == 1)
    assert least == first
    for start in range(1, 6):
        arguments = (documents[4], documents[start - 1 : 4], known)
        if start <= least:
            assert len(verify_chain(*arguments, since=since)) == 5 - start
        else:
            with pytest.raises(Refused) as caught:
                verify_chain(*arguments, since=since)
            assert caught.value.refusals[0].rule == "chain.window"


# voids


def void(documents, target, **changes):
    """Give the void of one of the documents, at the end of their chain."""
    last = documents[-1]
    fields = {
        "purpose": "void",
        "voids": target.id,
        "payments": (),
        "anchor": target.anchor,
        "sequence": last.sequence + 1,
        "previous": last.id,
        "height": last.height,
    }
    return withdrawal(**{**fields, **changes})


@pytest.mark.parametrize("target", [0, 1, 2])
def test_a_void_names_an_earlier_one_and_has_its_anchor(target):
    """Then consensus lets at most one of the two confirm."""
    documents = chain(3)
    documents[target] = replace(documents[target], anchor=Anchor(OTHER_ID, 7))
    documents = relinked(documents)
    head = void(documents, documents[target])
    assert verify_chain(head, documents) == tuple(documents)
    stray = replace(head, anchor=Anchor(TXID, 9))
    assert refused([*documents, stray]) == "chain.voids"


def relinked(documents):
    """Give a chain whose links hold again after a change."""
    found = []
    for document in documents:
        found.append(replace(document, previous=found[-1].id if found else None))
    return found


def test_a_void_of_what_is_not_there_is_refused():
    """Another vault's, or one that is not carried along, so that its anchor is not known."""
    documents = chain(3)
    head = void(documents, documents[0])
    assert refused([*documents, replace(head, voids=OTHER_ID)]) == "chain.voids"
    known = Known({d.sequence: d.id for d in documents}, documents[-1].height)
    with pytest.raises(Refused) as caught:
        verify_chain(head, documents[1:], known)
    assert caught.value.refusals[0].rule == "chain.voids"


def test_a_void_voids_no_void():
    """What it names must be the withdrawal itself; a second void of that is welcome."""
    documents = chain(1)
    first = void(documents, documents[0])
    documents.append(first)
    assert refused([*documents, void(documents, first)]) == "chain.voids"
    assert verify_chain(void(documents, documents[0]), documents)


def test_a_voided_withdrawal_is_signed_no_more():
    """The head itself; as a link in the chain it stays."""
    one, two = chain(2)
    known = Known({1: one.id, 2: two.id}, two.height, voided=frozenset({one.id}))
    for call in (lambda: verify_chain(one, (), known), lambda: check_alone(one, known)):
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.refusals[0].rule == "chain.voided"
    assert verify_chain(two, [one], known) == (one,)


# a withdrawal alone


def test_alone_as_far_as_that_goes():
    """What an approver can see of a withdrawal that comes without its chain."""
    one, two, three = chain(3)
    known = Known({1: one.id}, one.height, approved={2: two.id})
    for document in (one, two, three):
        check_alone(document, known)
        check_alone(document, NOTHING)
    for document, rule in (
        (replace(one, why="other"), "known"),
        (replace(two, why="other"), "known"),
        (replace(two, previous=OTHER_ID, sequence=2), "previous"),
        (replace(three, previous=OTHER_ID), "previous"),
        (withdrawal(sequence=4, previous=OTHER_ID, height=one.height - 1), "height"),
    ):
        with pytest.raises(Refused) as caught:
            check_alone(document, known)
        assert caught.value.refusals[0].rule == f"chain.{rule}"


# history files


def test_a_history_file_holds_payloads_as_received():
    """Byte for byte, also those that we would have written otherwise."""
    documents = chain(3)
    received = Withdrawal.parse(documents[0].payload.replace(b",", b", "))
    found = read_history(write_history([received, *documents[1:]]))
    assert [link.payload for link in found] == [
        received.payload,
        *(d.payload for d in documents[1:]),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"garbage",
        b'{"kind":"history","version":2,"withdrawals":[{"payload":"e30="}]}',
        b'{"kind":"history","version":1,"withdrawals":[]}',
        b'{"kind":"history","version":1,"withdrawals":[{"payload":"e30="}]}',
        b'{"kind":"history","version":1,"withdrawals":[{"payload":"e30"}]}',
        b" " * (MAX_HISTORY + 1),
    ],
    ids=range(8),
)
def test_what_is_no_history_is_bad_input(data):
    """Empty, another version, none or no withdrawals, sloppy base64, too large."""
    with pytest.raises(BadInput):
        read_history(data)


@pytest.mark.parametrize(("missing", "rule"), [(0, "behind"), (1, "behind"), (2, "behind")])
def test_a_missing_predecessor_is_refused(missing, rule):
    """The first, a middle or the last one left out: too few to reach the first."""
    documents = chain(4)
    del documents[missing]
    assert refused(documents) == f"chain.{rule}"


@pytest.mark.parametrize("missing", [1, 2])
def test_a_hole_in_the_chain_is_refused(missing):
    """A signer that knows the first sees that the rest is not contiguous."""
    documents = chain(4)
    first = documents[0]
    del documents[missing]
    assert refused(documents, {1: first.id}) == "chain.sequence"


def test_a_refusal_tells_both_sides():
    """Where it breaks, what was expected, what came."""
    one, two = chain(2)
    with pytest.raises(Refused) as caught:
        verify([one, replace(two, previous=OTHER_ID)])
    assert caught.value.what == "the chain of withdrawals breaks at 2: its previous is wrong"
    assert (caught.value.expected, caught.value.found) == (one.id, OTHER_ID)


def test_some_refusals_have_words_of_their_own():
    """Where "its voids is wrong" would tell an officer nothing."""
    one, two, three = documents = chain(3)
    known = Known({1: one.id, 2: two.id}, two.height)
    void_of_none = void(documents, replace(one, why="never asked for"))
    dead = Known({}, voided=frozenset({one.id}))
    for head, before, memory, what in (
        (one, [], Known({1: OTHER_ID}), "another withdrawal 1 was approved or signed here"),
        (one, [], dead, "withdrawal 1 was cancelled by a void"),
        (void_of_none, documents, NOTHING, "the void 4 does not cancel what it names"),
        (three, [two], known, "the chain from 2 on does not reach back beyond the policy's"),
    ):
        with pytest.raises(Refused, match=what):
            verify_chain(head, before, memory, since=0)


def test_a_predecessor_too_many_is_refused():
    """The head among its predecessors, or one twice."""
    documents = chain(3)
    assert refused([*documents, documents[-1]]) == "chain.length"
    assert refused([documents[0], *documents]) == "chain.length"


def test_swapped_predecessors_are_refused():
    """The order is the sequence."""
    one, two, three, four = chain(4)
    assert refused([two, one, three, four]) == "chain.sequence"


def test_a_replaced_predecessor_breaks_the_link():
    """A changed document in the middle has another id; re-encoded bytes do, too."""
    documents = chain(4)
    documents[1] = replace(documents[1], why="something else")
    assert refused(documents) == "chain.previous"
    documents = chain(3)
    reencoded = Withdrawal.parse(documents[1].payload + b" ")
    with pytest.raises(Refused) as caught:
        verify_chain(documents[2], [documents[0], reencoded])
    assert caught.value.refusals[0].rule == "chain.previous"


def test_a_skipped_sequence_is_refused():
    """1, 3: the number must be its place."""
    one = chain(1)[0]
    three = withdrawal(sequence=3, previous=one.id)
    assert refused([one, three]) == "chain.behind"
    assert refused([one, withdrawal(sequence=3, previous=one.id), three]) == "chain.sequence"


def test_a_decreasing_height_is_refused():
    """One block back is refused; the same height passes."""
    one = chain(1)[0]
    assert verify([one, withdrawal(sequence=2, previous=one.id, height=one.height)])
    back = withdrawal(sequence=2, previous=one.id, height=one.height - 1)
    assert refused([one, back]) == "chain.height"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"vault": OTHER_ID}, "chain.vault"),
        ({"coin": "BCH"}, "chain.coin"),
        ({"network": "main"}, "chain.network"),
    ],
)
@pytest.mark.parametrize("at", [1, 2])
def test_another_vaults_predecessor_is_refused(changes, rule, at):
    """A link of another vault, coin or network has no place in the chain, even if it links."""
    assert refused(chain(3, **{f"at{at}": changes})) == rule


def test_a_head_that_names_another_genesis_is_refused():
    """A head whose previous is not what was brought."""
    one = chain(1)[0]
    assert refused([one, withdrawal(sequence=2, previous=OTHER_ID)]) == "chain.previous"


def test_a_hand_made_first_with_a_previous_is_refused():
    """Sequence 1 has nothing before it, even when not parsed from bytes."""
    assert refused([replace(withdrawal(), previous=OTHER_ID)]) == "chain.previous"


def test_a_long_head_without_history_is_refused_at_once():
    """A claimed millionth withdrawal costs nothing to refuse."""
    assert refused([withdrawal(sequence=1_000_000, previous=OTHER_ID)]) == "chain.behind"
