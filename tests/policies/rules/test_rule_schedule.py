"""schedule: business hours on the station's clock, which can only add a refusal."""

import pytest
from policy_world import rules_of
from rule_world import proposed, rule

from policies.errors import BadInput, Fault
from policies.rules import Schedule
from policies.spend import LocalTime

HOURS = Schedule(("mon", "fri"), "09:00", "17:30")
ENFORCED = Schedule(("mon", "fri"), "09:00", "17:30", enforce=True)


@pytest.mark.parametrize(
    ("weekday", "time", "outside"),
    [
        (0, "09:00", False),
        (0, "08:59", True),
        (0, "17:30", False),
        (0, "17:31", True),
        (4, "12:00", False),
        (1, "12:00", True),
        (6, "12:00", True),
    ],
)
def test_hours(weekday, time, outside):
    """Both ends are inside; a minute further is outside. A warning, or a refusal if enforced."""
    there = proposed(1, clock=LocalTime(weekday, time))
    assert HOURS.check(there) == ENFORCED.warn(there) == ()
    assert len(HOURS.warn(there)) == outside
    found = ENFORCED.check(there)
    assert rules_of(found) == ["schedule.hours"] * outside
    assert all(refusal.fault is Fault.OFFICER for refusal in found)


def test_the_refusal_says_when():
    """What the clock says, and what the hours are."""
    (refusal,) = ENFORCED.check(proposed(1, clock=LocalTime(6, "23:15")))
    assert (refusal.expected, refusal.found) == ("mon, fri, 09:00 to 17:30", "sun 23:15")
    (warning,) = HOURS.warn(proposed(1, clock=LocalTime(6, "23:15")))
    assert warning == "it is outside of business hours: sun 23:15 on this machine's clock"


def test_without_a_clock_and_for_a_void_it_says_nothing():
    """The online machine has no station's clock; cancelling is right at any time."""
    assert ENFORCED.check(proposed(1)) == HOURS.warn(proposed(1)) == ()
    night = LocalTime(6, "23:15")
    assert ENFORCED.check(proposed(purpose="void", clock=night)) == ()
    assert HOURS.warn(proposed(purpose="void", clock=night)) == ()


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back."""
    text = 'days = ["mon", "fri"]\nstart = "09:00"\nend = "17:30"\nenforce = true'
    assert rule("schedule", text) == ENFORCED
    assert HOURS.to_table() == {
        "days": ["mon", "fri"],
        "start": "09:00",
        "end": "17:30",
        "enforce": False,
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [("start", '"9:00"'), ("start", '"24:00"'), ("end", "1700"), ("days", '["holiday"]')],
)
def test_malformed_hours_are_refused(key, value):
    """Times have one form, so that they compare as text."""
    lines = {"days": '["mon"]', "start": '"09:00"', "end": '"17:00"', key: value}
    with pytest.raises(BadInput, match=rf"rules\.schedule\.{key}"):
        rule("schedule", "\n".join(f"{k} = {v}" for k, v in lines.items()))


def test_explain():
    """Days in full, for an officer."""
    assert ENFORCED.explain()[1:] == (
        "signing is expected on: Monday, Friday",
        "from 09:00",
        "until 17:30",
        "at other times a signature is refused",
    )
    assert HOURS.explain() == ENFORCED.explain()[:-1]


def test_hours_that_end_before_they_begin_are_refused():
    """Enforced, they would refuse everything but voids until a looser policy has waited."""
    text = 'days = ["mon"]\nstart = "22:00"\nend = "06:00"'
    with pytest.raises(BadInput, match=r"schedule\.end must be 22:00 or later"):
        rule("schedule", text)
    assert rule("schedule", text.replace("06:00", "22:00")).end == "22:00"
