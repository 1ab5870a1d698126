"""The policies of a throw-away world: every rule, so that every rule is attacked.

Limits are chosen so that the honest withdrawals pass with some room, and most others do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from signer.redteam.people import COMPLIANCE, INITIATOR, REVOKED, Person

FIRST_HEIGHT: Final = 1_000
"""The height of the first withdrawal."""

DELAY: Final = 60
"""Blocks that a policy which loosens something waits."""

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Places:
    """Where money may go.

    Attributes:
        clients: addresses of customers.
        fresh: an address that was listed late.
        hot: descriptor of the hot wallet.
        reserve: descriptor of a wallet of the house, for internal moves.
    """

    clients: tuple[str, ...]
    fresh: str
    hot: str
    reserve: str


def first(
    vault: str, network: str, people: Mapping[str, Person], places: Places, corrupt: int
) -> dict[str, Any]:
    """Epoch 1, as its payload's table.

    Args:
        vault: the vault's id.
        network: the vault's network.
        people: everybody who has a name in it.
        places: where money may go.
        corrupt: how many officers the thief has; every quorum needs more.
    """
    few = max(2, corrupt + 1)
    treasury = [name for name in people if name not in (*COMPLIANCE, REVOKED)]
    admins = [name for name in treasury if name != INITIATOR]
    require = [{"role": "treasury", "count": few}]
    both = [*require, {"role": "compliance", "count": 1}]
    return {
        "kind": "policy",
        "version": 1,
        "vault": vault,
        "coin": "BTC",
        "network": network,
        "epoch": 1,
        "previous": None,
        "proposed_height": 0,
        "activation_height": 0,
        "loosening_delay": DELAY,
        "officers": {name: one.key_id for name, one in people.items()},
        "revoked": {"officers": [REVOKED]},
        "roles": {
            "admins": {"members": admins, "threshold": few},
            "treasury": {"members": treasury, "threshold": few},
            "compliance": {"members": list(COMPLIANCE), "threshold": 1},
        },
        "rules": {
            "amounts": {
                "per_payment": 30 * _MILLION,
                "per_withdrawal": 50 * _MILLION,
                "windows": [
                    {"blocks": 60, "limit": 120 * _MILLION},
                    {"blocks": 300, "limit": 250 * _MILLION},
                ],
                "per_destination": [{"blocks": 100, "limit": 60 * _MILLION}],
            },
            "destinations": {
                "mode": "listed",
                "cooling": 30,
                "groups": {
                    "clients": {
                        "internal": False,
                        "addresses": [{"address": one, "since": 0} for one in places.clients]
                        + [{"address": places.fresh, "since": FIRST_HEIGHT + 35}],
                    },
                    "hot": {
                        "internal": False,
                        "descriptors": [{"descriptor": places.hot, "range": 12, "since": 0}],
                        "windows": [{"blocks": 100, "limit": 40 * _MILLION}],
                    },
                    "reserve": {
                        "internal": True,
                        "descriptors": [{"descriptor": places.reserve, "range": 6, "since": 0}],
                    },
                },
            },
            "fees": {
                "max_fee": 40_000,
                "max_rate": 60,
                "share_ppm": 20_000,
                "windows": [{"blocks": 100, "limit": 400_000}],
            },
            "approvals": {
                "tiers": [
                    {"up_to": 8 * _MILLION, "require": require},
                    {"up_to": 25 * _MILLION, "require": both},
                    {"require": [{"role": "treasury", "count": few + 1}, both[1]]},
                ],
                "ceilings": {"dave": 20 * _MILLION},
            },
            "shape": {
                "max_outputs": 6,
                "script_types": ["p2wpkh", "p2wsh", "p2sh", "p2tr"],
            },
            "consolidation": {
                "max_inputs": 6,
                "max_fee": 20_000,
                "max_rate": 20,
                "require": require,
            },
            "internal": {
                "max_inputs": 6,
                "max_fee": 20_000,
                "max_rate": 20,
                "require": require,
                "per_withdrawal": 150 * _MILLION,
                "windows": [{"blocks": 100, "limit": 200 * _MILLION}],
            },
            "timing": {
                "max_lifetime_blocks": 144,
                "min_age_between": 3,
                "max_height_jump": 200,
            },
        },
    }


def tighter(before: Mapping[str, Any], previous: str, height: int) -> dict[str, Any]:
    """The next epoch, which acts at once: smaller payments, a shorter life, one officer less."""
    rules = before["rules"]
    roles = before["roles"]
    return {
        **before,
        "epoch": before["epoch"] + 1,
        "previous": previous,
        "proposed_height": height,
        "activation_height": height,
        "revoked": {"officers": [*before["revoked"]["officers"], "erin"]},
        "roles": {
            name: {**role, "members": [one for one in role["members"] if one != "erin"]}
            for name, role in roles.items()
        },
        "rules": {
            **rules,
            "amounts": {**rules["amounts"], "per_payment": 25 * _MILLION},
            "timing": {**rules["timing"], "max_lifetime_blocks": 100},
        },
    }


def looser(before: Mapping[str, Any], previous: str, height: int) -> dict[str, Any]:
    """The next epoch, which waits: larger payments."""
    rules = before["rules"]
    return {
        **before,
        "epoch": before["epoch"] + 1,
        "previous": previous,
        "proposed_height": height,
        "activation_height": height + before["loosening_delay"],
        "rules": {**rules, "amounts": {**rules["amounts"], "per_payment": 28 * _MILLION}},
    }


def frozen(before: Mapping[str, Any], previous: str, height: int) -> dict[str, Any]:
    """The next epoch, which stops everything but voids."""
    rules = before["rules"]
    return {
        **before,
        "epoch": before["epoch"] + 1,
        "previous": previous,
        "proposed_height": height,
        "activation_height": height,
        "rules": {**rules, "timing": {**rules["timing"], "frozen": True}},
    }
