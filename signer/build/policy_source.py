"""A policy as people write it: TOML, with a comment for each setting."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from policies.errors import BadInput, Fault
from policies.policy import ADMINS, KIND, MAX_POLICY, VERSION, Policy
from policies.strict_json import shown

_COMMENTS = {
    "vault": "the id that `coldquorum vault show` prints, in full",
    "epoch": "1 for the first policy, then one more each time, with the id of the one before:",
    "activation_height": "withdrawals from this block height on are judged by this policy",
    "loosening_delay": "blocks that the next policy must wait before it takes effect",
    "officers": "one key for each officer, from `coldsign officer show`",
    "roles": "admins sign policies; each role acts by any `threshold` of its members",
    "roles.approvers": "approve withdrawals (see rules.approvals)",
    "rules": "amounts are in the coin's smallest unit (satoshi); every rule must pass",
    "rules.amounts": "the most that one destination receives in one withdrawal",
    "rules.destinations": "the only addresses that may be paid",
    "rules.fees": "the most that a transaction costs: in all, and for each virtual byte",
    "rules.approvals": "the role whose quorum approves; whoever asked does not count",
    "rules.timing": "the most blocks from a withdrawal's height to its expiry",
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
    return Policy.read({"previous": None, **raw}, Fault.OFFICER)


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
    table |= {"activation_height": activation_height, "loosening_delay": 0}
    table |= {"officers": dict(officers), "roles": {ADMINS: quorum, "approvers": quorum}}
    table["rules"] = {
        "amounts": {"per_payment": 100_000_000},
        "fees": {"max_fee": 100_000, "max_rate": 100},
        "approvals": {"role": "approvers"},
        "timing": {"max_lifetime_blocks": 144},
    }
    return _write(table)


def _write(table: Mapping[str, Any]) -> str:
    """TOML 1.0. A null is left out: TOML has none."""
    return "\n".join(_lines(table)).lstrip("\n") + "\n"


def _lines(table: Mapping[str, Any], *path: str) -> list[str]:
    # TOML's basic strings, integers and arrays of strings look as in JSON. A table's plain values
    # come first: after an inner table's head they would belong to that one.
    plain = {k: v for k, v in table.items() if not isinstance(v, Mapping) and v is not None}
    lines = []
    for key, value in plain.items():
        lines += [] if path else _comment(key)
        lines.append(f"{_key(key)} = {json.dumps(value)}")
    for key, value in table.items():
        if isinstance(value, Mapping):
            where = (*path, key)
            lines += ["", *_comment(".".join(where)), f"[{'.'.join(map(_key, where))}]"]
            lines += _lines(value, *where)
    return lines


def _comment(where: str) -> list[str]:
    return [f"# {_COMMENTS[where]}"] if where in _COMMENTS else []


def _key(name: str) -> str:
    """Quote a key: names may hold dots, which TOML would take as a path."""
    return json.dumps(name) if "." in name else name
