"""A policy while it is being written: from a template to a source that can be proposed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from policies import strict_json
from policies.policy import MAX_POLICY, Policy
from policies.quorum import officer_key
from policies.rules import Destinations, Timing
from policies.strict_json import Fields
from signer.build.policy_source import read_toml, template
from signer.build.typed import parse_address
from signer.cli.naming import HINTS, named
from signer.core.coins import network
from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited
from signer.core.names import Height
from signer.core.vault import Vault
from signer.core.wallet import Wallet
from signer.store.store import Store

_MAX_RECORD = 4096
"""Bytes of an officer's record; they take about 120."""


def first(vault: Vault, records: Sequence[tuple[str, str]], threshold: int | None) -> Policy:
    """Give a first policy: the same quorum of all officers for each role.

    Args:
        vault: that it governs.
        records: each officer's name and key.
        threshold: of every role; a majority if None.

    Raises:
        BadInput: no officers, one of them twice, or no such quorum.
    """
    if not records:
        raise BadInput(
            "a first policy needs its officers",
            fault=Fault.OFFICER,
            expected="--officer FILE, once for each",
            hint="`coldsign officer show NAME -o FILE` writes the file",
        )
    officers = dict(records)
    if len(officers) != len(records):
        raise BadInput(
            "an officer is named twice",
            fault=Fault.OFFICER,
            found=", ".join(name for name, _ in records),
            hint="each --officer has to be another one",
        )
    policy = read_toml(
        template(coin=vault.coin, network=vault.network, vault=vault.id, officers=officers)
    )
    if threshold is None:
        return policy
    if not 1 <= threshold <= len(officers):
        raise BadInput(
            "no such quorum",
            fault=Fault.OFFICER,
            expected=f"1 to {len(officers)}",
            found=str(threshold),
            hint="name more officers, or ask for fewer",
        )
    roles = {name: replace(role, threshold=threshold) for name, role in policy.roles.items()}
    return replace(policy, roles=roles)


def following(policy: Policy, height: int, *, freeze: bool) -> Policy:
    """Give the next epoch, unchanged but for what has to be, and a freeze if that is wanted.

    Args:
        policy: the epoch in force.
        height: the chain's now, from which a delay counts.
        freeze: nothing but voids from now on.
    """
    start = policy.activation_height if freeze else Height(height + policy.loosening_delay)
    return replace(
        policy,
        epoch=policy.epoch + 1,
        previous=policy.id,
        proposed_height=Height(height),
        activation_height=start,
        rules=tuple(
            replace(rule, frozen=True) if freeze and isinstance(rule, Timing) else rule
            for rule in policy.rules
        ),
    )


def read_source(file: Path) -> Policy:
    """Read a policy that a person wrote as TOML.

    Raises:
        BadInput: it cannot be read, or is not a whole policy; names the file and the key's path.
    """
    hint = HINTS["toml"]
    with named(file, hint=hint):
        raw = read_limited(file, limit=MAX_POLICY, what="policy")
    if raw.startswith(b"{"):
        hint = "this is a document, not TOML: `coldquorum policy show FILE` reads it"
    with named(file, hint=hint):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadInput(
                "not text",
                fault=Fault.OFFICER,
                expected="a policy as TOML, in UTF-8",
                found=f"a bad byte at {error.start}",
            ) from None
        return read_toml(text)


def check_with_vault(policy: Policy, store: Store, file: Path) -> None:
    """Check what only the Bitcoin side can tell: the vault, its network, the addresses.

    Raises:
        BadInput: the vault is not known here, or is another coin's or network's; or a destination
            is not an address there in its usual form.
    """
    vault = store.vault(policy.vault).vault
    for key, expected, found in (
        ("coin", vault.coin, policy.coin),
        ("network", vault.network, policy.network),
    ):
        if expected != found:
            raise BadInput(
                f"{file}: policy.{key} is not the vault's",
                fault=Fault.OFFICER,
                expected=expected,
                found=found,
                hint="`coldquorum vault show` tells what the vault is",
            )
    lists = [rule for rule in policy.rules if isinstance(rule, Destinations)]
    for name, group in ((n, g) for rule in lists for n, g in rule.groups.items()):
        for entry in group.entries:
            where = f"{file}: policy.rules.destinations.groups.{name}: {entry.name}"
            with named(where):
                if entry.range:
                    Wallet.parse(entry.name, network(vault.coin, vault.network))
                    continue
                usual = parse_address(entry.name, vault.coin, vault.network)
            if usual != entry.name:
                raise BadInput(
                    f"{where} is written unusually, and would match nothing",
                    fault=Fault.OFFICER,
                    expected=usual,
                    found=entry.name,
                    hint="write it as expected: documents hold addresses in one form only",
                )


def officer_record(path: Path) -> tuple[str, str]:
    """Read an officer's public record: the name and the key.

    Raises:
        BadInput: it is not one; names the file.
    """
    with named(path, hint=HINTS["officer"]):
        found = read_limited(path, limit=_MAX_RECORD, what="officer record")
        fields = Fields(
            strict_json.load(found, limit=_MAX_RECORD, what="officer record", fault=Fault.OFFICER),
            "officer record",
            required=("kind", "version", "name", "key"),
            fault=Fault.OFFICER,
        )
        fields.exactly("kind", "officer")
        fields.exactly("version", 1)
        return fields.name("name"), officer_key(fields, "key")
