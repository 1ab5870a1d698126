"""Tallies: who counts, once, and who does not."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from policy_world import key_id

from policies.errors import BadInput
from policies.quorum import Role, Tally, Votes, officer_key, tally
from policies.strict_json import Fields

OFFICERS = {name: key_id(name) for name in ("alice", "bob", "carol", "dave")}
ROLE = Role("approvers", ("alice", "bob", "carol"), 2)
P = 2**255 - 19


def count(*names, officers=OFFICERS, role=ROLE, excluded=()):
    """Tally the named officers' keys."""
    return tally(role, officers, frozenset(key_id(n) for n in names), frozenset(excluded))


@pytest.mark.parametrize(
    ("names", "signed", "missing"),
    [
        ((), (), 2),
        (("alice",), ("alice",), 1),
        (("carol", "alice"), ("alice", "carol"), 0),
        (("alice", "bob", "carol"), ("alice", "bob", "carol"), 0),
        (("alice", "alice"), ("alice",), 1),
        (("alice", "dave"), ("alice",), 1),
        (("alice", "mallory"), ("alice",), 1),
        (("dave", "mallory", "eve"), (), 2),
    ],
)
def test_only_members_count_each_once(names, signed, missing):
    """Non-members and non-officers never count, nor does anybody twice."""
    found = count(*names)
    assert (found.signed, found.missing, found.reached) == (signed, missing, missing == 0)
    assert found.eligible == ROLE.members


def test_an_excluded_member_is_set_aside_and_named():
    """The initiator's signature is valid and does not count; the tally says whose."""
    found = count("alice", "bob", excluded=("alice",))
    assert found.signed == ("bob",)
    assert found.eligible == ("bob", "carol")
    assert found.discounted == ("alice",)
    assert not found.reached
    assert count("bob", "carol", excluded=("alice",)).discounted == ()


def test_one_key_under_two_names_is_one_voice():
    """Even in a hand-made table of officers, a key counts once."""
    twins = {**OFFICERS, "bob": key_id("alice")}
    assert count("alice", officers=twins).signed == ("alice",)


def test_a_member_who_is_no_officer_never_counts():
    """A role's ghost has no key and no voice."""
    ghosts = {name: key for name, key in OFFICERS.items() if name != "bob"}
    found = count("alice", "bob", officers=ghosts)
    assert found.signed == ("alice",)
    assert found.eligible == ("alice", "carol")


def test_the_sentence_names_names():
    """People read who signed."""
    assert count("bob", "alice").sentence == "2 of 2 needed approvers signed: alice, bob"
    assert count().sentence == "0 of 2 needed approvers signed: nobody"


@pytest.mark.parametrize(
    ("signed", "missing"),
    [((2, 1), 0), ((3, 1), 0), ((2, 0), 1), ((0, 1), 2), ((0, 0), 2), ((), 1)],
)
def test_every_role_has_to_reach_its_quorum(signed, missing):
    """Two of the first and one of the second; and without a role nobody has approved."""
    names = ("alice", "bob", "carol")
    voted = zip((2, 1), signed, strict=False)
    votes = Votes(tuple(Tally("role", need, names[:many], names) for need, many in voted))
    assert (votes.missing, votes.reached) == (missing, missing == 0)


def small_order_points():
    """Give the encodings of the eight small-order points, computed, canonical and not."""
    d = -121665 * pow(121666, -1, P) % P

    def add(a, b):
        (x, y), (u, v) = a, b
        t = d * x * u * y * v
        return (
            (x * v + u * y) * pow(1 + t, -1, P) % P,
            (y * v + x * u) * pow(1 - t, -1, P) % P,
        )

    def root(square):
        x = pow(square, (P + 3) // 8, P)
        return x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P

    # A point of order 8 has y**2 = root of -1/d, up to choice (doubling gives (±sqrt(-1), 0)).
    order = 2**252 + 27742317777372353535851937790883648493
    y = 2
    while True:  # a random point times the large prime order is of small order
        square = (y * y - 1) * pow(d * y * y + 1, -1, P) % P
        y += 1
        if pow(square, (P - 1) // 2, P) != 1:
            continue
        point, power, n = (0, 1), (root(square), y - 1), order
        while n:
            if n & 1:
                point = add(point, power)
            power, n = add(power, power), n >> 1
        multiples = [(0, 1)]
        for _ in range(7):
            multiples.append(add(multiples[-1], point))
        if len(set(multiples)) == 8:
            break
    encodings = {(y + ((x & 1) << 255)).to_bytes(32, "little") for x, y in multiples}
    encodings |= {(1 << 255 | 1).to_bytes(32, "little"), (P + 1).to_bytes(32, "little")}
    encodings |= {P.to_bytes(32, "little"), (P | 1 << 255).to_bytes(32, "little")}
    return sorted(encodings)


@pytest.mark.parametrize("encoding", small_order_points(), ids=bytes.hex)
def test_keys_that_anybody_can_sign_for_are_refused(encoding):
    """A small-order point as officer's key: the all-zero placeholder is one of them."""
    with pytest.raises(BadInput, match="usable Ed25519 key"):
        officer_key(Fields({"a": encoding.hex()}, "officers", ("a",)), "a")


def test_openssl_does_take_a_forgery_for_such_a_key():
    """Why the check is there: the neutral point accepts one fixed signature for every message."""
    neutral = (1).to_bytes(32, "little")
    public = Ed25519PublicKey.from_public_bytes(neutral)
    forged = neutral + bytes(32)
    assert public.verify(forged, b"pay the thief") is None
    assert public.verify(forged, b"and again") is None


@pytest.mark.parametrize(
    "value",
    [
        (2).to_bytes(32, "little").hex(),  # x would be no root: not on the curve
        (P + 2).to_bytes(32, "little").hex(),
        "ff" * 32,
        "00" * 31,
        "",
        None,
        key_id("alice").upper(),
    ],
)
def test_what_is_no_key_is_refused(value):
    """Not on the curve, not canonical, not hex: nobody could ever sign for it."""
    with pytest.raises(BadInput):
        officer_key(Fields({"a": value}, "officers", ("a",)), "a")


def test_a_key_is_a_point_of_the_curve():
    """As RFC 8032 section 5.1.3 decodes it: an x is tried, and has to square to what it should."""
    taken = []
    for y in range(2, 60):
        d = -121665 * pow(121666, -1, P) % P
        u, v = y * y - 1, d * y * y + 1
        x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
        taken.append(v * x * x % P in (u % P, -u % P))
        fields = Fields({"a": y.to_bytes(32, "little").hex()}, "officers", ("a",))
        if taken[-1]:
            assert officer_key(fields, "a") == fields.raw["a"]
        else:
            with pytest.raises(BadInput, match="usable Ed25519 key"):
                officer_key(fields, "a")
    assert {True, False} == set(taken)


def test_real_keys_are_taken():
    """RFC 8032 section 7.1 public keys, and a hundred of ours."""
    keys = [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        *(key_id(f"officer{n}") for n in range(100)),
    ]
    for value in keys:
        assert officer_key(Fields({"a": value}, "officers", ("a",)), "a") == value
