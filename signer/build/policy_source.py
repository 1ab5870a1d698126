"""A policy as people write it: TOML, with a comment for each setting."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from policies.errors import BadInput, Fault
from policies.policy import ADMINS, KIND, MAX_POLICY, VERSION, Policy
from policies.strict_json import shown
from signer.core import coins

_DELAY = 144
"""Blocks, about a day on Bitcoin: time to notice a policy that the admins were talked into, and to
freeze. Where coins are worthless nobody should have to wait."""

_COMMENTS = {
    "vault": "the id that `coldquorum vault show` prints, in full",
    "epoch": "1 for the first policy, then one more each time, with the id of the one before:",
    "proposed_height": "the chain's height when the admins are asked; the delay counts from here",
    "activation_height": "withdrawals from this block height on are judged by this policy",
    "loosening_delay": "blocks that the next policy waits if anything in it is looser",
    "officers": "one key for each officer, from `coldsign officer show`",
    "roles": "admins sign policies; what the other roles may do, the rules say",
    "roles.approvers": "approve withdrawals (see rules.approvals)",
    "revoked": "officers whose keys are known and never count",
    "rules": "amounts are in the coin's smallest unit (satoshi); every rule must pass",
    "rules.amounts": "the most that leaves: to one destination, at once, within some blocks",
    "rules.destinations": "who may be paid",
    "rules.fees": "the most that a transaction costs: in all, and for each virtual byte",
    "rules.approvals": "who approves how much; whoever asked does not count",
    "rules.shape": "what a transaction may look like",
    "rules.consolidation": "joining coins of the vault: without this table, never",
    "rules.internal": "moves to the house's own wallets: without this table, never",
    "rules.prices": 'whose price sheet counts, for limits such as "5_000_000 JPY"',
    "rules.group": "limits that several vaults share, by value",
    "rules.hot": "how much of everything may lie hot, by a snapshot that officers sign",
    "rules.timing": "the most blocks from a withdrawal's height to its expiry; a freeze",
    "rules.schedule": "business hours on the signing machine's clock; loosens nothing",
}


def read_toml(text: str) -> Policy:
    """Read a policy that a person wrote.

    Raises:
        BadInput: not TOML, or not a whole policy.
    """
    if len(text) > MAX_POLICY:
        limit = f"at most {MAX_POLICY} characters"
        raise BadInput("policy: too large", fault=Fault.OFFICER, expected=limit)
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: bad TOML, or a giant number
        found = shown(str(error))
        raise BadInput("policy: not TOML", fault=Fault.OFFICER, found=found) from None
    return Policy.read({"previous": None, "revoked": {"officers": []}, **raw}, Fault.OFFICER)


def write_toml(policy: Policy) -> str:
    """Write a policy as a person would, with a comment for each setting."""
    return _write(policy.tables())


def template(
    *, coin: str, network: str, vault: str, officers: Mapping[str, str], activation_height: int = 0
) -> str:
    """Write a first policy for people to edit: a majority of the officers in each role.

    Without officers it has none, and `read_toml` says how to add them.
    """
    quorum = {"members": list(officers), "threshold": len(officers) // 2 + 1}
    table: dict[str, Any] = {"kind": KIND, "version": VERSION, "epoch": 1}
    table |= {"coin": coin, "network": network, "vault": vault}
    table |= {"proposed_height": activation_height}
    table["activation_height"] = activation_height
    table["loosening_delay"] = _DELAY if network == "main" else 0
    table |= {"officers": dict(officers), "roles": {ADMINS: quorum, "approvers": quorum}}
    everyone = [{"role": "approvers", "count": quorum["threshold"]}]
    kind = coins.coin(coin)
    table["rules"] = {
        "amounts": {"per_payment": 100_000_000},
        "fees": {"max_fee": 1_000 * max(kind.max_rate, 100), "max_rate": kind.max_rate},
        "approvals": {"tiers": [{"require": everyone}]},
        "shape": {"max_outputs": 100, "script_types": list(kind.payable)},
        "timing": {"max_lifetime_blocks": 144},
    }
    table["revoked"] = {"officers": []}
    return _write(table)


def _write(table: Mapping[str, Any]) -> str:
    """TOML 1.0. A null is left out: TOML has none."""
    return "\n".join(_lines(table)).lstrip("\n") + "\n"


def _lines(table: Mapping[str, Any], *path: str) -> list[str]:
    # A table's plain values come first: after an inner table's head they would belong to that one.
    plain = {k: v for k, v in table.items() if not isinstance(v, Mapping) and v is not None}
    lines = []
    for key, value in plain.items():
        lines += [] if path else _comment(key)
        lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in table.items():
        if isinstance(value, Mapping):
            where = (*path, key)
            lines += ["", *_comment(".".join(where)), f"[{'.'.join(map(_key, where))}]"]
            lines += _lines(value, *where)
    return lines


def _value(value: Any) -> str:
    """Write a value; of a list of tables, each on a line of its own."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "\n".join(("[", *(f"  {_inline(one)}," for one in value), "]"))
    return _inline(value)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(k)} = {_inline(v)}' for k, v in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value)


def _comment(where: str) -> list[str]:
    return [f"# {_COMMENTS[where]}"] if where in _COMMENTS else []


def _key(name: str) -> str:
    """Quote a key: names may hold dots, which TOML would take as a path."""
    return json.dumps(name) if "." in name else name
