"""The policy document: who the officers are, what each role may do, and the rules.

People write it as TOML (`signer/build/policy_source.py`); what the admins sign is the same tables
as JSON. A policy is whole or it is refused: no default fills a gap, and no unknown key is passed
over.
"""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from types import MappingProxyType
from typing import Any

from policies import strict_json
from policies.envelope import MAX_SIGNATURES, document_id
from policies.errors import Fault
from policies.names import DocumentId, Height, KeyId
from policies.quorum import Demand, Role, officer_key
from policies.rules import Approvals, Rule, parse_rules
from policies.strict_json import NAME, Fields
from policies.withdrawal import GENESIS, MAX_HEIGHT, Withdrawal

KIND = "policy"
VERSION = 1
ADMINS = "admins"
"""The role that signs policies: an epoch needs the one before's and its own."""

MAX_POLICY = 1 << 17
"""Bytes. A hundred officers, twenty roles and a thousand destinations take about 90 kB."""

MAX_EPOCH = 1_000_000
MAX_DELAY = 1_000_000
"""Blocks; about nineteen years."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy. Whether to trust it is for `policies/epochs.py` to say.

    Attributes:
        vault: id of the vault that it governs.
        coin: the vault's coin.
        network: the vault's network.
        epoch: 1 for the first, then one more each time.
        previous: id of the policy before, or None for the first.
        activation_height: it governs withdrawals from this height on.
        loosening_delay: blocks that the next policy waits if it loosens (`policies/epochs.py`).
        officers: each officer's key, all distinct.
        roles: by name; `admins` is always among them.
        rules: every one must pass.
        proposed_height: when the admins were asked; the delay counts from here.
        revoked: officers whose keys are kept, to tell old signatures, but never count.
        payload: the document's bytes: as received, or our own form for one made here.
    """

    vault: DocumentId
    coin: str
    network: str
    epoch: int
    previous: DocumentId | None
    activation_height: Height
    loosening_delay: int
    officers: Mapping[str, KeyId]
    roles: Mapping[str, Role]
    rules: tuple[Rule, ...]
    proposed_height: Height = GENESIS
    revoked: tuple[str, ...] = ()
    payload: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "payload", strict_json.dump(self.tables()))

    @classmethod
    def parse(cls, payload: bytes) -> "Policy":
        """Read a policy's payload.

        Raises:
            BadInput: anything missing, unknown, malformed, or not whole.
        """
        raw = strict_json.load(payload, limit=MAX_POLICY, what=KIND)
        policy = cls.read(raw, Fault.COORDINATOR)
        object.__setattr__(policy, "payload", payload)
        return policy

    @classmethod
    def read(cls, raw: dict[str, Any], fault: Fault) -> "Policy":
        """Read a policy's tables.

        Raises:
            BadInput: as `parse`; `fault` is who wrote them.
        """
        names = [one.name for one in dataclass_fields(cls) if one.init]
        fields = Fields(raw, KIND, ("kind", "version", *names), fault=fault)
        fields.exactly("kind", KIND)
        fields.exactly("version", VERSION)
        epoch = fields.integer("epoch", least=1, most=MAX_EPOCH)
        if epoch == 1:
            fields.exactly("previous", None)
        officers = _officers(fields)
        inner = fields.table("revoked", required=("officers",))
        revoked = inner.words("officers", NAME, least=0)
        if strange := set(revoked) - officers.keys():
            inner.bad("officers", "officers of this policy", min(strange))
        roles = _roles(fields, officers.keys() - set(revoked))
        return cls(
            fields.digest("vault"),
            fields.code("coin"),
            fields.code("network"),
            epoch,
            None if epoch == 1 else fields.digest("previous"),
            Height(fields.integer("activation_height", most=MAX_HEIGHT)),
            fields.integer("loosening_delay", most=MAX_DELAY),
            MappingProxyType(officers),
            MappingProxyType(roles),
            _rules(fields, roles, officers),
            Height(fields.integer("proposed_height", most=MAX_HEIGHT)),
            revoked,
        )

    @property
    def id(self) -> DocumentId:
        """The document's id, over the payload's bytes."""
        return document_id(self.payload)

    @property
    def admins(self) -> Role:
        """The role that signs policies."""
        return self.roles[ADMINS]

    @property
    def window(self) -> int:
        """Blocks that the rules look back at most."""
        return max(rule.window for rule in self.rules)

    def demands(self, withdrawal: Withdrawal) -> tuple[Demand, ...]:
        """Whose approvals a withdrawal needs; a special purpose may have demands of its own."""
        rules = {rule.NAME: rule for rule in self.rules}
        return rules.get(withdrawal.purpose, rules[Approvals.NAME]).demands(withdrawal)

    def barred(self, withdrawal: Withdrawal) -> frozenset[str]:
        """Officers whose approval of a withdrawal does not count, whoever asked for it."""
        ceilings = (r.barred(withdrawal) for r in self.rules if isinstance(r, Approvals))
        return frozenset(self.revoked).union(*ceilings)

    def tables(self) -> dict[str, Any]:
        """Give the tables that `read` takes."""
        return {
            "kind": KIND,
            "version": VERSION,
            **{one.name: getattr(self, one.name) for one in dataclass_fields(self) if one.init},
            "officers": dict(self.officers),
            "roles": {
                role.name: {"members": role.members, "threshold": role.threshold}
                for role in self.roles.values()
            },
            "rules": {rule.NAME: rule.to_table() for rule in self.rules},
            "revoked": {"officers": list(self.revoked)},
        }


def _officers(fields: Fields) -> dict[str, KeyId]:
    inner = fields.named("officers")
    if not 1 <= len(inner.raw) <= MAX_SIGNATURES:
        fields.bad(
            "officers",
            f"a table of 1 to {MAX_SIGNATURES} officers",
            len(inner.raw),
            'write a line for each, as: alice = "<key from coldsign officer show>"',
        )
    officers = {name: officer_key(inner, name) for name in inner.raw}
    known: dict[KeyId, str] = {}
    for name, key in officers.items():
        if key in known:
            inner.bad(
                name,
                f"another key than {known[key]}'s",
                key,
                "one person under two names would count twice",
            )
        known[key] = name
    return officers


def _roles(fields: Fields, officers: AbstractSet[str]) -> dict[str, Role]:
    inner = fields.named("roles")
    if ADMINS not in inner.raw:
        fields.bad("roles", f"a table with {ADMINS}", list(inner.raw))
    roles = {}
    for name in inner.raw:
        table = inner.table(name, required=("members", "threshold"))
        members = table.words("members", NAME)
        for member in members:
            if member not in officers:
                table.bad("members", "officers of this policy, none revoked", member)
        roles[name] = Role(name, members, table.integer("threshold", least=1, most=len(members)))
    return roles


def _rules(
    fields: Fields, roles: Mapping[str, Role], officers: Collection[str]
) -> tuple[Rule, ...]:
    rules = parse_rules(fields, officers)
    for rule in rules:
        for demand in rule.every_demand():
            where = f"rules.{rule.NAME}.role"
            if demand.role not in roles:
                fields.bad(where, f"one of {', '.join(roles)}", demand.role)
            least, most = roles[demand.role].threshold, len(roles[demand.role].members)
            if not least <= demand.count <= most:
                fields.bad(where, f"{least} to {most} of {demand.role}", demand.count)
    return rules
