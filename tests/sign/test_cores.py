"""Signing on all cores: the same signatures, and no child's failure goes unseen."""

import os
import threading
import time

import pytest

from signer.cli.offline.cores import LEAST, spread
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


def whose(numbers):
    """Tells the process that did the work."""
    return [b"%d" % os.getpid()] * len(numbers)


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


def test_many_are_made_by_another_process_and_few_are_not(two_cores):
    """From the measured size on, half of them; below, and beside another thread, none."""
    here = b"%d" % os.getpid()
    many = spread(whose, LEAST)
    assert set(many[::2]) == {here}
    assert len(set(many[1::2])) == 1
    assert here not in many[1::2]
    assert set(spread(whose, LEAST - 1)) == {here}


def test_beside_another_thread_nothing_is_forked(monkeypatch):
    """A lock that the thread holds would be held for ever in the child."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    other = threading.Thread(target=time.sleep, args=(0.2,))
    other.start()
    assert spread(lambda numbers: [b"x"] * len(numbers), LEAST) == [b"x"] * LEAST
    other.join()


@pytest.mark.parametrize("how", ["raises", "is killed"])
def test_what_a_child_fails_to_do_is_empty(two_cores, forked, how, capfd):
    """It is then no signature that the first library could have made."""
    parent = os.getpid()

    def work(numbers):
        if os.getpid() != parent:
            if how == "raises":
                raise RuntimeError("no more")
            os.kill(os.getpid(), 9)
        return [b"x"] * len(numbers)

    assert spread(work, LEAST) == [b"x", b""] * (LEAST // 2)
    assert not left(forked)


def test_a_child_that_signs_otherwise_is_refused(two_cores, world, monkeypatch):
    """One wrong signature, made in a child: none leaves."""
    parent, other = os.getpid(), softkey.second_engine
    (coin,) = world.examine(world.bundle()).facts.inputs[:1]
    key = world.key()
    one = key.sign(coin, coin.digest)
    assert key.sign_all([coin] * LEAST, spread) == [one] * LEAST

    def lying(digest, secret):
        return other(digest if os.getpid() == parent else digest[::-1], secret)

    monkeypatch.setattr(softkey, "second_engine", lying)
    with pytest.raises(Refused) as refusal:
        key.sign_all([coin] * LEAST, spread)
    assert refusal.value.refusals[0].rule == "signature.engines"
