"""A document with a key twice: officers approve what one reader shows, signers pay another's.

RFC 8259 leaves open what a key means that occurs twice, and readers differ.
"""

import base64
import json

import pytest
from defences import expect_unreadable, paid, refused, stolen, without
from wire_surgery import closed, field, opened

from policies.envelope import Envelope
from signer.core.errors import Fault

TWICE = "a key occurs twice"
WITHDRAWAL = b"\xfc\x0acoldquorum\x00"


def approved(world, payload):
    """Let officers whose tools read leniently approve some bytes."""
    envelope = Envelope.wrap("withdrawal", payload)
    for name in ("alice", "bob"):
        envelope = envelope.signed(world.officers[name].approval)
    return envelope


def doubled(world, key, other):
    """An approved withdrawal with a key twice: this value first, then the honest one."""
    payload = world.withdrawal().payload
    value = json.dumps(other, separators=(",", ":")).encode()
    spoiled = b'{"%b":%b,' % (key.encode(), value) + payload[1:]
    assert json.loads(spoiled) == json.loads(payload)
    return approved(world, spoiled)


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("payments", []),
        ("why", "something else"),
        ("fee_ceiling", 5_000_000),
        ("anchor", None),
        ("sequence", 7),
        ("kind", "policy"),
    ],
)
def test_a_key_twice_is_unreadable(world, tmp_path, key, other):
    """Whichever it is, and though the officers' signatures are good; nothing else is wrong."""
    envelope = doubled(world, key, other)
    with without(TWICE):
        raw = world.bundle(envelope)
    assert expect_unreadable(world, raw, f"withdrawal: {TWICE}").found == repr(key)
    stolen(world, raw, tmp_path, TWICE)


def test_an_inner_key_twice_is_unreadable(world, tmp_path):
    """At any depth: one address for the officers' screen, one for the signer."""
    good = world.withdrawal().payload
    ours = json.dumps(world.payment().address)
    shown = json.dumps(world.payment(payee=2).address)
    payload = good.replace(
        f'"address":{ours}'.encode(), f'"address":{shown},"address":{ours}'.encode()
    )
    assert payload != good
    with without(TWICE):
        raw = world.bundle(approved(world, payload))
    expect_unreadable(world, raw, TWICE)
    tx = stolen(world, raw, tmp_path, TWICE)
    assert paid(tx, world.foreign_script(1)) == 300_000


def test_an_envelopes_key_twice_is_unreadable(world, tmp_path):
    """The envelope, too: its first payload pays the payee, its second the thief."""
    decoy = world.withdrawal(payments=(world.payment(payee=2),)).payload
    maps = opened(world.bundle())
    one = field(maps[0], WITHDRAWAL)
    one.value = b'{"payload":"%b",' % base64.b64encode(decoy) + one.value[1:]
    raw = closed(maps)
    expect_unreadable(world, raw, TWICE)
    stolen(world, raw, tmp_path, TWICE)


def test_a_policys_key_twice_is_unreadable(world, tmp_path):
    """Two ceilings, of which the admins saw one."""
    policy = world.successor()
    loose = policy.payload.replace(b'"per_payment":', b'"per_payment":1,"per_payment":')
    assert loose != policy.payload
    envelope = Envelope.wrap("policy", loose)
    for name in ("alice", "bob"):
        envelope = envelope.signed(world.officers[name].approval)
    withdrawal = world.approve(world.withdrawal(policy=envelope.id))
    raw = world.bundle(withdrawal, policies=[world.policy_envelope, envelope])
    expect_unreadable(world, raw, f"policy: {TWICE}")
    stolen(world, raw, tmp_path, TWICE)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b'"height":800', b'"height":800.0', "only whole numbers"),
        (b'"height":800', b'"height":8e2', "only whole numbers"),
        (b'"height":800', b'"height":NaN', "only whole numbers"),
        (b'"height":800', b'"height":99999999999999999999', "a number is out of range"),
        (b'"height":800', b'"height":"800"', "withdrawal.height must be a whole number"),
        (b'"height":800', b'"height":true', "withdrawal.height must be a whole number"),
        (b'"height":800', b'"Height":800', "unknown key"),
        (b'"height":800', b'"height":800,"memo":1', "unknown key"),
        (b'"height":800,', b"", "height is missing"),
        (b'"previous":null', b'"previous":""', "withdrawal.previous must be null"),
        (b'"version":1', b'"version":2', "withdrawal.version must be 1"),
        (b"weekly", b"week\xffly", "not UTF-8"),
    ],
)
def test_whatever_readers_settle_differently_is_unreadable(world, old, new, what):
    """Floats, numbers as text, numbers over 64 bits, other letter case, more keys, fewer keys."""
    good = world.withdrawal().payload
    assert good.count(old) == 1
    maps = opened(world.bundle())
    field(maps[0], WITHDRAWAL).value = approved(world, good.replace(old, new)).to_bytes()
    expect_unreadable(world, closed(maps), what)


def test_blanks_and_order_are_no_harm_but_another_document(world):
    """Written otherwise, it needs approvals of its own: bytes are signed, never meanings."""
    good = world.approve(world.withdrawal())
    table = json.loads(good.payload)
    for text in (json.dumps(table, indent=1), json.dumps(dict(reversed(table.items())))):
        other = Envelope(good.payload_type, text.encode(), good.signatures)
        raw = world.bundle(other)
        refused(world, raw, 6, "approvals.quorum", hint="let more", fault=Fault.OFFICER)
        assert world.examine(world.bundle(approved(world, text.encode()))).passed


def test_the_program_cannot_read_it(world, expect_program_cannot_read):
    """Exit code 4, and nothing is written."""
    with without(TWICE):
        raw = world.bundle(doubled(world, "why", "something else"))
    expect_program_cannot_read(raw, TWICE)
