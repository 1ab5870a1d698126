"""The policy, stated a second time and plainly, over tables as they stand in the documents.

This is meant to be read beside docs/policy.md, not beside the signer's rules: it shares no line
with them, and says only what is forbidden. An amount is in satoshi, a height in blocks.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

Table = Mapping[str, Any]
"""A document's payload, read as JSON, with its id under `__id__`."""

Finding = tuple[str, str, str]
"""A rule, what it wants, and what was found."""

_DUST: Final = {
    "p2pkh": (b"\x76\xa9\x14", 25, 546),
    "p2sh": (b"\xa9\x14", 23, 540),
    "p2wpkh": (b"\x00\x14", 22, 294),
    "p2wsh": (b"\x00\x20", 34, 330),
    "p2tr": (b"\x51\x20", 34, 330),
}
_OP_RETURN: Final = b"\x6a"
_OWN_LIMITS: Final = ("consolidation", "internal")


@dataclass(frozen=True, slots=True)
class Witnessed:
    """An accepted transaction, as the world and strangers' libraries know it.

    Attributes:
        head: the withdrawal that it fulfils.
        policy: that governs it.
        voices: honest officers who approved it, and all corrupt ones.
        history: the withdrawals before it, newest first.
        carried: those of them that the bundle holds, newest first.
        complete: whether the history reaches the first withdrawal.
        paid: scripts and amounts that leave the vault.
        change: how many outputs return to it.
        outputs: scripts and amounts of all outputs.
        inputs: how many coins are spent.
        fee: in satoshi.
        vsize: virtual bytes of the finished transaction.
        script_of: the script of an address.
        wallet: the scripts of a descriptor, so many of each branch.
    """

    head: Table
    policy: Table
    voices: Sequence[str]
    history: Sequence[Table]
    carried: Sequence[Table]
    complete: bool
    paid: Sequence[tuple[bytes, int]]
    change: int
    outputs: Sequence[tuple[bytes, int]]
    inputs: int
    fee: int
    vsize: int
    script_of: Callable[[str], bytes]
    wallet: Callable[[str, int], frozenset[bytes]]

    @property
    def purpose(self) -> str:
        """What the withdrawal is for."""
        return str(self.head["purpose"])

    @property
    def height(self) -> int:
        """The withdrawal's height."""
        return int(self.head["height"])

    def rule(self, name: str) -> Table:
        """A rule's table, or an empty one."""
        found: Table = self.policy["rules"].get(name, {})
        return found

    def window(self, blocks: int) -> list[Table]:
        """The withdrawals before this one in a window that ends with it."""
        return [one for one in self.history if int(one["height"]) > self.height - blocks]


class Signed(Protocol):
    """What the ledger knows of policies."""

    policies: dict[str, Table]
    admins: dict[str, list[str]]
    waiting: list[str]
    corrupt: list[str]


def broken(seen: Witnessed) -> list[Finding]:
    """Everything that the policy forbids about an accepted transaction."""
    rules = (_belongs, _approvals, _amounts, _internal, _destinations, _fees, _shape, _special)
    return [finding for rule in (*rules, _timing) for finding in rule(seen)]


def _total(withdrawal: Table) -> int:
    return sum(int(payment["amount"]) for payment in withdrawal["payments"])


def _belongs(seen: Witnessed) -> Iterator[Finding]:
    for key in ("coin", "network", "vault"):
        if seen.head[key] != seen.policy[key]:
            yield f"policy.{key}", str(seen.policy[key]), str(seen.head[key])
    if seen.purpose in _OWN_LIMITS and not seen.rule(seen.purpose):
        yield "policy.purpose", "one that the policy knows", seen.purpose
    if not seen.complete:
        yield "chain.complete", "links back to the first withdrawal", "one is missing"
    heights = [int(one["height"]) for one in (seen.head, *seen.history)]
    if heights != sorted(heights, reverse=True):
        yield "chain.heights", "never decreasing", str(heights)
    sequences = [int(one["sequence"]) for one in (seen.head, *seen.history)]
    if sequences != list(range(len(sequences), 0, -1)):
        yield "chain.sequences", "without gaps", str(sequences)
    if any(one["vault"] != seen.head["vault"] for one in seen.history):
        yield "chain.vault", str(seen.head["vault"]), "another vault's"
    oldest, least = (seen.head, *seen.carried)[-1], seen.height - _longest(seen.policy["rules"])
    if int(oldest["sequence"]) > 1 and int(oldest["height"]) > least:
        yield "chain.window", f"one of height {least}, or the first", f"from {oldest['height']} on"


def _longest(rules: Table) -> int:
    """How far back the longest window of a policy looks, in blocks."""
    own = [rules.get(name, {}) for name in ("amounts", "internal", "fees")]
    shared = rules.get("destinations", {}).get("groups", {}).values()
    windows = [one for table in (*own, *shared) for one in table.get("windows", ())]
    windows += own[0].get("per_destination", ())
    return max((int(window["blocks"]) for window in windows), default=0)


def _approvals(seen: Witnessed) -> Iterator[Finding]:
    total = _total(seen.head)
    ceilings = seen.rule("approvals").get("ceilings", {})
    count = {
        name
        for name in seen.voices
        if name in seen.policy["officers"]
        and name != seen.head["initiator"]
        and name not in seen.policy["revoked"]["officers"]
        and total <= ceilings.get(name, total)
    }
    for demand in _demands(seen, total):
        members = set(seen.policy["roles"][demand["role"]]["members"])
        if len(count & members) < demand["count"]:
            expected = f"{demand['count']} of {demand['role']}"
            yield "approvals.quorum", expected, ", ".join(sorted(count & members)) or "nobody"


def _demands(seen: Witnessed, total: int) -> Sequence[Table]:
    if seen.purpose in _OWN_LIMITS:
        own: Sequence[Table] = seen.rule(seen.purpose).get("require", ())
        return own
    for tier in seen.rule("approvals")["tiers"]:
        if total <= tier.get("up_to", total):
            found: Sequence[Table] = tier["require"]
            return found
    return ()


def _amounts(seen: Witnessed) -> Iterator[Finding]:
    if seen.purpose == "internal":
        return
    rule, received = seen.rule("amounts"), Counter[bytes]()
    for script, amount in seen.paid:
        received[script] += amount
    for script, amount in received.items():
        if amount > rule["per_payment"]:
            yield "amounts.per_payment", str(rule["per_payment"]), f"{amount} to {script.hex()}"
    total = received.total()
    if total > rule.get("per_withdrawal", total):
        yield "amounts.per_withdrawal", str(rule["per_withdrawal"]), str(total)
    yield from _velocity(seen, rule, received)


def _velocity(seen: Witnessed, rule: Table, received: Counter[bytes]) -> Iterator[Finding]:
    total = received.total()
    for window in rule.get("windows", ()):
        before = [one for one in seen.window(window["blocks"]) if one["purpose"] != "internal"]
        left = total + sum(map(_total, before))
        if total and left > window["limit"]:
            yield "amounts.windows", f"{window['limit']} in {window['blocks']}", str(left)
    for window in rule.get("per_destination", ()):
        before = [one for one in seen.window(window["blocks"]) if one["purpose"] != "internal"]
        for script, amount in received.items():
            left = amount + sum(_to(seen, one, frozenset({script})) for one in before)
            if left > window["limit"]:
                yield "amounts.per_destination", f"{window['limit']}", f"{left} to {script.hex()}"


def _to(seen: Witnessed, withdrawal: Table, scripts: frozenset[bytes]) -> int:
    """How much a withdrawal pays to some scripts."""
    return sum(
        int(payment["amount"])
        for payment in withdrawal["payments"]
        if seen.script_of(str(payment["address"])) in scripts
    )


def _internal(seen: Witnessed) -> Iterator[Finding]:
    if seen.purpose != "internal":
        return
    rule, total = seen.rule("internal"), sum(amount for _, amount in seen.paid)
    if total > rule.get("per_withdrawal", 0):
        yield "internal.per_withdrawal", str(rule.get("per_withdrawal")), str(total)
    for window in rule.get("windows", ()):
        before = [one for one in seen.window(window["blocks"]) if one["purpose"] == "internal"]
        left = total + sum(map(_total, before))
        if left > window["limit"]:
            yield "internal.windows", f"{window['limit']} in {window['blocks']}", str(left)


def _destinations(seen: Witnessed) -> Iterator[Finding]:
    rule = seen.rule("destinations")
    groups: Table = rule.get("groups", {})
    listed = rule.get("mode") == "listed"
    for script in dict.fromkeys(script for script, _ in seen.paid):
        inside = [
            name for name, group in groups.items() if script in _scripts(seen, group, seen.height)
        ]
        if seen.purpose == "internal":
            inside = [name for name in inside if groups[name].get("internal")]
        if not inside and (listed or seen.purpose == "internal"):
            yield "destinations.listed", "a listed destination", script.hex()
            continue
        ripe = seen.height - (rule.get("cooling", 0) if listed else 0)
        ready = [
            name for name in inside if not listed or script in _scripts(seen, groups[name], ripe)
        ]
        if inside and not ready:
            yield "destinations.cooling", f"listed by height {ripe}", script.hex()
        elif inside and all(_group_full(seen, groups[name]) for name in ready):
            yield "destinations.windows", f"room in one of {', '.join(ready)}", script.hex()


def _scripts(seen: Witnessed, group: Table, height: int) -> frozenset[bytes]:
    """What a group lists, as far as it was listed by some height."""
    single = {
        seen.script_of(str(one["address"]))
        for one in group.get("addresses", ())
        if one["since"] <= height
    }
    wallets = [
        seen.wallet(str(one["descriptor"]), int(one["range"]))
        for one in group.get("descriptors", ())
        if one["since"] <= height
    ]
    return frozenset(single).union(*wallets)


def _group_full(seen: Witnessed, group: Table) -> bool:
    scripts = _scripts(seen, group, 1 << 40)
    now = sum(amount for script, amount in seen.paid if script in scripts)
    return any(
        now + sum(_to(seen, one, scripts) for one in seen.window(window["blocks"]))
        > window["limit"]
        for window in group.get("windows", ())
    )


def _fees(seen: Witnessed) -> Iterator[Finding]:
    rule = seen.rule("fees")
    own = seen.rule(seen.purpose) if seen.purpose in _OWN_LIMITS else rule
    paid = sum(amount for _, amount in seen.paid)
    share = rule.get("share_ppm")
    checks = [
        ("fees.max_fee", own.get("max_fee", 0)),
        ("fees.max_rate", own.get("max_rate", 0) * seen.vsize),
        ("fees.approved", int(seen.head["fee_ceiling"])),
    ]
    if share is not None and paid:
        checks.append(("fees.share_ppm", share * paid // 1_000_000))
    for name, most in checks:
        if seen.fee > most:
            yield name, f"at most {most}", str(seen.fee)
    if seen.fee < 0:
        yield "fees.negative", "0 or more", str(seen.fee)
    for window in rule.get("windows", ()):
        ceilings = [int(one["fee_ceiling"]) for one in (seen.head, *seen.window(window["blocks"]))]
        if ceilings[0] and sum(ceilings) > window["limit"]:
            yield "fees.windows", f"{window['limit']} in {window['blocks']}", str(sum(ceilings))


def _shape(seen: Witnessed) -> Iterator[Finding]:
    rule = seen.rule("shape")
    if len(seen.outputs) > rule["max_outputs"]:
        yield "shape.max_outputs", str(rule["max_outputs"]), str(len(seen.outputs))
    if seen.change > rule.get("max_change", 1):
        yield "shape.max_change", str(rule.get("max_change", 1)), str(seen.change)
    for script, amount in seen.outputs:
        kind, dust = _type(script)
        note = kind == "op_return" and rule.get("op_return", False) and amount == 0
        if amount < dust and not note:
            yield "shape.dust", str(dust), f"{amount} to {script.hex()}"
    for script, amount in seen.paid:
        kind, _ = _type(script)
        note = kind == "op_return" and rule.get("op_return", False) and amount == 0
        if kind not in rule["script_types"] and not note:
            yield "shape.script_types", ", ".join(rule["script_types"]), kind


def _type(script: bytes) -> tuple[str, int]:
    for kind, (head, size, dust) in _DUST.items():
        if script.startswith(head) and len(script) == size:
            return kind, dust
    return ("op_return" if script.startswith(_OP_RETURN) else "unknown"), 1


def _special(seen: Witnessed) -> Iterator[Finding]:
    if seen.purpose in _OWN_LIMITS and seen.inputs > seen.rule(seen.purpose).get("max_inputs", 0):
        yield f"{seen.purpose}.max_inputs", "fewer coins", str(seen.inputs)
    if seen.purpose in ("consolidation", "void") and seen.paid:
        yield f"{seen.purpose}.pays", "only change", str(len(seen.paid))
    if seen.purpose == "void":
        target = [one for one in seen.carried if one["__id__"] == seen.head["voids"]]
        alike = [one for one in target if one["anchor"] == seen.head["anchor"]]
        if not alike or alike[0]["purpose"] == "void":
            yield "void.anchor", "the anchor of what it voids", str(seen.head["anchor"])


def _timing(seen: Witnessed) -> Iterator[Finding]:
    rule, height, expiry = seen.rule("timing"), seen.height, int(seen.head["expiry"])
    if not 0 <= expiry - height <= rule["max_lifetime_blocks"]:
        yield "timing.lifetime", str(rule["max_lifetime_blocks"]), str(expiry - height)
    if seen.purpose == "void":
        return
    if rule.get("frozen"):
        yield "timing.frozen", "only voids", seen.purpose
    if height < rule.get("from_height", height):
        yield "timing.from_height", str(rule["from_height"]), str(height)
    if expiry > rule.get("until_height", expiry):
        yield "timing.until_height", str(rule["until_height"]), str(expiry)
    if height < int(seen.policy["activation_height"]):
        yield "timing.activation", str(seen.policy["activation_height"]), str(height)
    if seen.history:
        age = height - int(seen.history[0]["height"])
        if age < rule.get("min_age_between", age):
            yield "timing.min_age_between", str(rule["min_age_between"]), str(age)
        if age > rule.get("max_height_jump", age):
            yield "timing.max_height_jump", str(rule["max_height_jump"]), str(age)


def governing(newest: str, height: int, ledger: Signed) -> str:
    """The policy that governs a height: one that loosens waits for its own."""
    policy = ledger.policies[newest]
    if newest in ledger.waiting and height < int(policy["activation_height"]):
        return governing(str(policy["previous"]), height, ledger)
    return newest


def admins_missing(policy: Table, ledger: Signed) -> str:
    """What is missing of the quorums that a policy needs: its own admins, and those before."""
    signed = {*ledger.admins.get(str(policy["__id__"]), ()), *ledger.corrupt}
    before = ledger.policies.get(str(policy["previous"])) if policy["previous"] else policy
    if before is None:
        return f"the policy before, {policy['previous']}"
    for one in (before, policy):
        admins = one["roles"]["admins"]
        voices = signed & set(admins["members"]) - set(one["revoked"]["officers"])
        same = {name for name in voices if one["officers"][name] == policy["officers"].get(name)}
        if len(same) < admins["threshold"]:
            return f"{admins['threshold']} admins of epoch {one['epoch']}"
    return ""


def alive(newest: str, ledger: Signed) -> list[str]:
    """The policies that may govern something: the newest and, while that waits, the one before."""
    found = [newest]
    while found[-1] in ledger.waiting:
        found.append(str(ledger.policies[found[-1]]["previous"]))
    return found


def loosened_early(name: str, seat: str, height: int, ledger: Signed) -> str:
    """The height from which a policy that a signer met in a bundle may loosen anything, if later.

    Args:
        name: of the policy.
        seat: the newest policy that the signer knew before.
        height: the largest that it had verified under the one before.
        ledger: of the world.
    """
    policy, known = ledger.policies[name], ledger.policies[seat]
    if policy["epoch"] <= known["epoch"] or name not in ledger.waiting:
        return ""
    before = ledger.policies[str(policy["previous"])]
    least = max(height, int(policy["proposed_height"])) + int(before["loosening_delay"])
    return f"height {least}" if int(policy["activation_height"]) < least else ""
