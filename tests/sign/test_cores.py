"""Signing on all cores: the same signatures, and no child's failure goes unseen."""

import os
import threading
import time

import pytest

from signer.cli.offline.cores import LEAST, SHARES, spread
from signer.core.errors import Refused
from signer.sign import softkey


@pytest.fixture
def forked(monkeypatch):
    """The processes that were forked, and not those of other tests."""
    fork, found = os.fork, []

    def noted():
        process = fork()
        found.append(process)
        return process

    monkeypatch.setattr(os, "fork", noted)
    return found


@pytest.fixture
def met():
    """Call it in each share: neither goes on before the other has one, the child so many."""
    parent, first = os.getpid(), [True]
    to_parent, to_child = os.pipe(), os.pipe()

    def meet(shares=1):
        parental = os.getpid() == parent
        if first or not parental:
            os.write((to_child if parental else to_parent)[1], b"x")
        if first:
            first.clear()
            for _ in range(shares if parental else 1):
                os.read((to_parent if parental else to_child)[0], 1)

    yield meet
    for end in (*to_parent, *to_child):
        os.close(end)


def left(forked):
    """Those that nobody has waited for."""
    found = []
    for process in forked:
        try:
            os.waitpid(process, os.WNOHANG)
            found.append(process)
        except ChildProcessError:
            continue
    return found


@pytest.fixture
def two_cores(monkeypatch):
    """As if this machine had two cores, whatever it has, and no other thread were here."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    monkeypatch.setattr(threading, "active_count", lambda: 1)


@pytest.mark.parametrize("count", [0, 1, LEAST - 1, LEAST, LEAST + 1, 3 * LEAST])
def test_every_answer_is_in_its_place(two_cores, forked, count):
    """The order is that of the numbers, for any count, on one core or two."""
    assert spread(lambda numbers: [b"%d" % at for at in numbers], count) == [
        b"%d" % at for at in range(count)
    ]
    assert not left(forked)


def test_many_are_made_by_two_processes_and_few_by_one(two_cores, met):
    """From the measured size on, by both; below, by this one alone."""

    def whose(numbers):
        met()
        return [b"%d" % os.getpid()] * len(numbers)

    here = b"%d" % os.getpid()
    many = spread(whose, 2 * LEAST)
    assert len(many) == 2 * LEAST
    assert len(set(many)) == 2
    assert here in many
    assert set(spread(whose, LEAST - 1)) == {here}


def test_whoever_is_quicker_does_more(two_cores, met):
    """The parent is held up in its first share: a child does all the others."""

    def work(numbers):
        met(SHARES - 1)
        return [b"%d" % os.getpid()] * len(numbers)

    many = spread(work, 2 * LEAST)
    assert many.count(b"%d" % os.getpid()) == 2


def test_beside_another_thread_nothing_is_forked(monkeypatch):
    """A lock that the thread holds would be held for ever in the child."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    other = threading.Thread(target=time.sleep, args=(0.2,))
    other.start()
    assert spread(lambda numbers: [b"x"] * len(numbers), LEAST) == [b"x"] * LEAST
    other.join()


@pytest.mark.parametrize("how", ["raises", "is killed"])
@pytest.mark.parametrize("shares", [1, 3])
@pytest.mark.usefixtures("two_cores")
def test_what_a_child_fails_to_do_is_empty(forked, met, how, shares, capfd):
    """No signature that the first library could have made; nor is what it did before it failed."""
    parent, done = os.getpid(), []

    def work(numbers):
        met(shares)
        done.append(numbers)
        if os.getpid() != parent and len(done) == shares:
            if how == "raises":
                raise RuntimeError("no more")
            os.kill(os.getpid(), 9)
        return [b"x"] * len(numbers)

    made = spread(work, 2 * LEAST)
    mine = {number for share in done for number in share}
    assert len(mine) == 2 * LEAST - 2 * shares
    assert made == [b"x" if number in mine else b"" for number in range(2 * LEAST)]
    assert not left(forked)


def test_a_child_that_signs_otherwise_is_refused(two_cores, world, met, monkeypatch):
    """One wrong signature, made in a child: none leaves."""
    parent, other = os.getpid(), softkey.second_engine
    (coin,) = world.examine(world.bundle()).facts.inputs[:1]
    key = world.key()
    one = key.sign_all([coin])[0]
    assert key.sign_all([coin] * LEAST, spread) == [one] * LEAST

    def lying(digest, *key):
        met()
        return other(digest if os.getpid() == parent else digest[::-1], *key)

    monkeypatch.setattr(softkey, "second_engine", lying)
    with pytest.raises(Refused) as refusal:
        key.sign_all([coin] * LEAST, spread)
    assert refusal.value.refusals[0].rule == "signature.engines"
