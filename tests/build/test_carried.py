"""How much of the chain a transaction carries along."""

from dataclasses import replace

import pytest
from small_vault import world

from policies.chain import Known, verify_chain
from policies.withdrawal import Withdrawal
from signer.build.carried import ALWAYS, MOST, carried


def chain(length: int, *, step: int = 1) -> list[Withdrawal]:
    """Withdrawals of rising height; every one after the first names the one before."""
    found: list[Withdrawal] = []
    terms = world().approved(1_000).withdrawal
    for sequence in range(1, length + 1):
        height = 200 + step * sequence
        previous = found[-1].id if found else None
        found.append(
            replace(terms, sequence=sequence, previous=previous, height=height, expiry=height + 100)
        )
    return found


CHAIN = chain(MOST + 300)


def load(length: int, window: int = 0, known=None, **changes):
    """What the withdrawal after so many carries."""
    head = replace(CHAIN[length], **changes)
    return carried(head, CHAIN[:length], window, ["alice", "bob"], known or {})


@pytest.mark.parametrize("length", [0, 1, ALWAYS])
def test_a_short_chain_travels_whole(length):
    """Then nobody is behind, not even a signer that never signed."""
    found = load(length)
    assert len(found.links) == length
    assert found.behind == ()


def test_of_a_long_one_the_newest():
    """And whoever never signed needs a history."""
    found = load(ALWAYS + 1)
    assert [link.sequence for link in found.links] == list(range(2, ALWAYS + 2))
    assert found.behind == ("alice", "bob")


@pytest.mark.parametrize("window", [ALWAYS, ALWAYS + 1, 200, 10_000])
def test_as_far_back_as_the_windows_look(window):
    """A signer finds the chain complete, and not a link too many beyond those carried anyway."""
    length = 600
    found = load(length, window)
    known = Known({link.sequence: link.id for link in CHAIN[:length]}, CHAIN[length - 1].height)
    since = CHAIN[length].height - window
    assert verify_chain(CHAIN[length], found.links, known, since=since)
    assert len(found.links) == min(length, max(window, ALWAYS))


def test_as_far_back_as_the_signers_need():
    """From the last one that each has signed, if that is not too long ago."""
    found = load(600, known={"alice": 300, "bob": 590})
    assert (found.links[0].sequence, found.behind) == (301, ())
    found = load(MOST + 200, known={"alice": 200, "bob": MOST})
    assert (found.links[0].sequence, found.behind) == (MOST + 1, ("alice",))
    found = load(MOST + 200, known={"alice": 201, "bob": MOST})
    assert (found.links[0].sequence, found.behind) == (202, ())


def test_as_far_back_as_what_is_voided():
    """A signer must see its anchor."""
    found = load(600, purpose="void", voids=CHAIN[41].id, payments=())
    assert found.links[0].sequence == 42
