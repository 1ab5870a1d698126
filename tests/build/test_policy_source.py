"""A policy in TOML: the same tables as in JSON, and nothing that JSON could not say."""

import tomllib
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.errors import BadInput, Fault
from policies.policy import MAX_POLICY, Policy
from policies.quorum import Role
from policies.rules import Amounts, Approvals, Destinations, Fees, Timing
from signer.build.policy_source import read_toml, template, write_toml

VAULT = sha256(b"vault").hexdigest()
OTHER_ID = sha256(b"other").hexdigest()
ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"


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
    officers = MappingProxyType({"o.suzuki": key_id("suzuki"), "alice": key_id("alice")})
    there = replace(
        read_toml(policy_toml()),
        epoch=7,
        previous=OTHER_ID,
        officers=officers,
        roles=MappingProxyType(
            {name: Role(name, ("o.suzuki", "alice"), 2) for name in ("admins", "tokyo.desk")}
        ),
        rules=(
            Amounts(5),
            Destinations((ADDRESS, '"quoted"\\')),
            Fees(7, 8),
            Approvals("tokyo.desk"),
            Timing(9),
        ),
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
    assert found.approvers == Role("approvers", ("alice", "bob", "carol"), 2)
    assert [rule.NAME for rule in found.rules] == ["amounts", "fees", "approvals", "timing"]
    assert "# the id that `coldquorum vault show` prints, in full\nvault = " in text
    assert "# the most that one destination receives in one withdrawal\n[rules.amounts]" in text


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
