"""A policy in TOML: the same tables as in JSON, and nothing that JSON could not say."""

import tomllib
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.errors import BadInput, Fault
from policies.policy import MAX_POLICY, Policy
from policies.quorum import Demand, Role
from policies.rules import (
    MANDATORY,
    Amounts,
    Approvals,
    Consolidation,
    Destinations,
    Fees,
    Internal,
    Schedule,
    Shape,
    Timing,
)
from policies.rules.approvals import Tier
from policies.rules.destinations import Entry, Group
from policies.rules.windows import Window
from signer.build.policy_source import read_toml, template, write_toml

VAULT = sha256(b"vault").hexdigest()
OTHER_ID = sha256(b"other").hexdigest()
ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"

WHOLE = (
    Amounts(5, 6, (Window(144, 7), Window(1008, 8)), (Window(144, 9),)),
    Destinations(
        "listed",
        {
            "hot.wallet": Group(
                (
                    Entry(ADDRESS, 0, 3),
                    Entry('"quoted"\\', 0, 3),
                    Entry("wpkh([aabbccdd/84h/1h/0h]tpub.../<0;1>/*)", 20, 4),
                ),
                (Window(144, 10),),
                internal=True,
            )
        },
        cooling=11,
    ),
    Fees(12, 13, 14, (Window(1008, 15),)),
    Approvals(
        (Tier(16, (Demand("tokyo.desk", 1),)), Tier(None, (Demand("admins", 2),))),
        {"alice": 17},
    ),
    Shape(18, ("p2wpkh", "p2tr"), 1, op_return=True),
    Consolidation(19, 20, 21, (Demand("tokyo.desk", 1),)),
    Internal(22, 23, 24, (Demand("admins", 2),), 25, (Window(144, 26),)),
    Timing(27, 28, 29, 30, 31, frozen=True),
    Schedule(("mon", "fri"), "09:00", "17:30", enforce=True),
)
"""Every rule with every setting."""


def key_id(name):
    """An officer's key id."""
    key = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
    return key.public_key().public_bytes_raw().hex()


def policy_toml():
    """The TOML of a policy in which two of three officers act in each role."""
    return template(
        coin="BTC",
        network="regtest",
        vault=VAULT,
        officers={name: key_id(name) for name in ("alice", "bob", "carol")},
        activation_height=100,
    )


def test_round_trip_through_toml():
    """TOML and JSON are the same tables; a name with a dot stays one name."""
    officers = MappingProxyType({name: key_id(name) for name in ("o.suzuki", "alice", "bob")})
    there = replace(
        read_toml(policy_toml()),
        epoch=7,
        previous=OTHER_ID,
        officers=officers,
        roles=MappingProxyType(
            {name: Role(name, ("o.suzuki", "alice"), 1) for name in ("admins", "tokyo.desk")}
        ),
        rules=WHOLE,
        proposed_height=5,
        revoked=("bob",),
    )
    back = read_toml(write_toml(there))
    assert back == there == Policy.parse(there.payload)
    assert back.id == there.id


def test_the_template_is_a_policy_with_comments():
    """`policy new` gives something to edit that already holds: a majority in each role."""
    text = policy_toml()
    found = read_toml(text)
    assert found.vault == VAULT
    assert (found.epoch, found.previous, found.activation_height) == (1, None, 100)
    assert found.admins == Role("admins", ("alice", "bob", "carol"), 2)
    assert found.roles["approvers"] == Role("approvers", ("alice", "bob", "carol"), 2)
    assert [rule.NAME for rule in found.rules] == [*MANDATORY]
    assert (found.proposed_height, found.revoked, found.window) == (100, (), 0)
    assert "# the id that `coldquorum vault show` prints, in full\nvault = " in text
    said = "# the most that leaves: to one destination, at once, within some blocks"
    assert f"{said}\n[rules.amounts]\nper_payment = 100000000\n" in text


@pytest.mark.parametrize(("network", "blocks"), [("main", 144), ("test", 0), ("regtest", 0)])
def test_where_coins_have_a_value_what_loosens_waits_a_day(network, blocks):
    """Unless somebody decides otherwise, and reads what the setting is for."""
    text = template(coin="BTC", network=network, vault=VAULT, officers={})
    assert tomllib.loads(text)["loosening_delay"] == blocks


def test_the_template_without_officers_asks_for_them():
    """It is valid TOML that says what is missing when checked."""
    text = template(coin="BTC", network="main", vault=VAULT, officers={})
    assert tomllib.loads(text)["officers"] == {}
    with pytest.raises(BadInput, match=r"policy\.officers must be") as caught:
        read_toml(text)
    assert "coldsign officer show" in caught.value.hint
    assert caught.value.fault is Fault.OFFICER


@pytest.mark.parametrize(
    "text",
    [
        "epoch = ",
        "epoch = 1\nepoch = 2",
        "epoch = " + "9" * 5000,
        "a = " + "[" * 100_000,
        "\x00",
        "[rules]\n[rules]",
    ],
    ids=["cut", "twice", "giant number", "deep", "binary", "table twice"],
)
def test_what_is_no_toml_is_refused(text):
    """Whatever the TOML reader stumbles over is the officer's bad input, in one line."""
    with pytest.raises(BadInput, match="policy: not TOML") as caught:
        read_toml(text)
    assert caught.value.fault is Fault.OFFICER
    assert "\n" not in caught.value.found


def test_toml_types_that_json_has_not_are_refused():
    """Floats and dates have no place."""
    for value in ("1.0", "inf", "2018-09-14", "2018-09-14T17:00:00Z", "true"):
        text = policy_toml().replace("max_fee = 100000", f"max_fee = {value}")
        with pytest.raises(BadInput, match=r"rules\.fees\.max_fee must be a whole number"):
            read_toml(text)


def test_an_unknown_key_in_toml_is_refused():
    """A typing mistake is told where it is."""
    with pytest.raises(BadInput, match=r"policy: unknown key 'treshold'"):
        read_toml("treshold = 2\n" + policy_toml())


def test_too_large_is_refused():
    """The size is checked first."""
    with pytest.raises(BadInput, match="too large"):
        read_toml("#" * (MAX_POLICY + 1))
