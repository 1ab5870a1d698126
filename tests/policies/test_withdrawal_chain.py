"""The chain of withdrawals: complete, linked, one vault's, never back in height."""

from dataclasses import replace

import pytest
from policy_world import OTHER_ID, withdrawal

from policies.errors import BadInput, Fault, Refused
from policies.withdrawal import verify_chain


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
    return verify_chain(documents[-1], [d.payload for d in documents[:-1]], known or {})


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


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_predecessor_is_refused(missing):
    """The first, a middle or the last one left out."""
    documents = chain(4)
    del documents[missing]
    assert refused(documents) == "chain.length"


def test_a_refusal_tells_both_sides():
    """Where it breaks, what was expected, what came."""
    documents = chain(4)
    with pytest.raises(Refused) as caught:
        verify(documents[1:])
    assert caught.value.what == "the chain of withdrawals breaks at 4: its length is wrong"
    assert (caught.value.expected, caught.value.found) == ("3 withdrawals before it", "2")


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
    with pytest.raises(Refused) as caught:
        verify_chain(documents[2], [documents[0].payload, documents[1].payload + b" "], {})
    assert caught.value.refusals[0].rule == "chain.previous"


def test_a_skipped_sequence_is_refused():
    """1, 3: the number must be its place."""
    one = chain(1)[0]
    three = withdrawal(sequence=3, previous=one.id)
    assert refused([one, three]) == "chain.length"
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


def test_a_predecessor_that_is_no_withdrawal_is_bad_input():
    """Garbage among the predecessors."""
    with pytest.raises(BadInput, match="withdrawal: not JSON"):
        verify_chain(chain(2)[1], [b"garbage"], {})


def test_a_long_head_without_history_is_refused_at_once():
    """A claimed millionth withdrawal costs nothing to refuse."""
    assert refused([withdrawal(sequence=1_000_000, previous=OTHER_ID)]) == "chain.length"
