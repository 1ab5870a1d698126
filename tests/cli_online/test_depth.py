"""How deep a withdrawal must lie before it counts as settled, and its coins are let go."""

from types import SimpleNamespace

import pytest

from policies.rules import Timing
from signer.chain.chain import Status, Tip
from signer.chain.nodes import settled_at
from signer.cli.online import standing
from signer.cli.online.standing import Standing
from signer.core.names import Height


class Seen:
    """A chain that has the transaction so deep."""

    def __init__(self, confirmations):
        self.confirmations = confirmations

    def tip(self):
        """Some block."""
        return Tip(Height(1000), "00" * 32)

    def status(self, txid, since):
        """In a block, or nowhere."""
        return Status(self.confirmations, "11" * 32 if self.confirmations else None, False)


class Kept:
    """A store that has the transaction, and notes what was let go."""

    def __init__(self, rules):
        self.settled, self.rules = [], rules

    def policy(self, policy):
        """With these rules."""
        return SimpleNamespace(policy=SimpleNamespace(rules=self.rules))

    def transactions(self, withdrawal):
        """The one."""
        return [SimpleNamespace(txid="ab" * 32)]

    def settle(self, withdrawal):
        """Let go."""
        self.settled.append(withdrawal)


def asked(network, confirmations, *rules):
    """What is made of so many confirmations on a network of Bitcoin."""
    said = {"id": "w", "coin": "BTC", "network": network, "policy": "p"}
    withdrawal = SimpleNamespace(**said, height=1, expiry=2000)
    kept, stored = Kept(rules), SimpleNamespace(withdrawal=withdrawal)
    return standing.ask(Seen(confirmations), kept, stored, Standing("finalized")), kept.settled


@pytest.mark.parametrize(
    ("network", "confirmations", "state", "settled"),
    [
        ("main", 0, "finalized", []),
        ("main", 1, "confirmed", []),
        ("main", 5, "confirmed", []),
        ("main", 6, "confirmed", ["w"]),
        ("test", 1, "confirmed", ["w"]),
        ("regtest", 1, "confirmed", ["w"]),
    ],
)
def test_coins_are_let_go_once_no_reorganisation_is_reckoned_with(
    network, confirmations, state, settled
):
    """A block or two can be taken back, and then the coins are spent again: they stay reserved."""
    stands, let_go = asked(network, confirmations)
    assert (stands.state, let_go) == (state, settled)


@pytest.mark.parametrize(
    ("demanded", "confirmations", "settled"),
    [(30, 29, []), (30, 30, ["w"]), (2, 5, []), (2, 6, ["w"]), (None, 6, ["w"])],
)
def test_a_policy_may_ask_for_more_and_never_for_less(demanded, confirmations, settled):
    """Its `timing.confirmations` counts where it is deeper than the coin's own."""
    timing = Timing(144, confirmations=demanded)
    assert asked("main", confirmations, timing)[1] == settled


def test_each_coin_has_its_depth():
    """Monacoin's chain was reorganised in 2018: it waits longest; play money waits one block."""
    assert [settled_at(coin, valuable=True) for coin in ("BTC", "BCH", "MONA")] == [6, 15, 100]
    assert {settled_at(coin, valuable=False) for coin in ("BTC", "BCH", "MONA")} == {1}


def test_a_shallow_confirmation_is_told():
    """In words and in JSON."""
    status = Status(2, "11" * 32, False)
    assert standing.unsettled_words(status, 6) == (
        "a reorganisation may still undo it: 2 of 6 confirmations"
    )
    data = standing.status_data("ab" * 32, status, 6)
    assert (data["settled"], data["settled_at"]) == (False, 6)
    assert standing.status_data("ab" * 32, Status(6, "11" * 32, False), 6)["settled"]
