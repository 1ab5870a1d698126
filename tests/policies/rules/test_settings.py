"""The kinds of settings: what each takes at most and at least, and which way is tighter."""

import pytest

from policies.errors import BadInput
from policies.explain import PLAIN
from policies.rules import setting
from policies.strict_json import MAX_INTEGER, Fields
from policies.withdrawal import MAX_HEIGHT

CEILINGS = {
    "AMOUNT": (1, MAX_INTEGER),
    "COUNT": (1, MAX_INTEGER),
    "SHARE": (1, 1_000_000),
    "BLOCKS": (1, MAX_HEIGHT),
    "LAST": (0, MAX_HEIGHT),
}
FLOORS = {"AGE": (1, MAX_HEIGHT), "FIRST": (0, MAX_HEIGHT)}
RANGES = CEILINGS | FLOORS


def kind(name):
    """Give a kind of setting by its name."""
    return getattr(setting, name)["setting"]


def read(name, value):
    """Read a setting of a kind."""
    return kind(name).read(Fields({"limit": value}, "rule", ("limit",)), "limit")


@pytest.mark.parametrize("name", RANGES)
def test_a_number_takes_both_ends_of_its_range_and_nothing_beyond(name):
    """A height that no chain reaches, or a share above all, is a mistake of whoever wrote it."""
    least, most = RANGES[name]
    assert [read(name, value) for value in (least, most)] == [least, most]
    for value in (least - 1, most + 1, str(least), float(most)):
        with pytest.raises(BadInput, match=rf"rule\.limit must be a whole number {least} to"):
            read(name, value)


@pytest.mark.parametrize("name", CEILINGS)
def test_a_ceiling_that_sinks_is_tighter(name):
    """And one that rises is looser."""
    assert kind(name).tighter(6, 5)
    assert not kind(name).tighter(5, 6)


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_that_rises_is_tighter(name):
    """And one that sinks is looser."""
    assert kind(name).tighter(5, 6)
    assert not kind(name).tighter(6, 5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("AMOUNT", "1 234 sat"),
        ("COUNT", "1 234"),
        ("SHARE", "0.1234%"),
        ("BLOCKS", "1 234 blocks"),
        ("AGE", "1 234 blocks"),
        ("FIRST", "1 234"),
        ("LAST", "1 234"),
    ],
)
def test_a_number_is_told_with_its_unit(name, said):
    """An amount, a share and a number of blocks are never mistaken for each other."""
    assert kind(name).tell(PLAIN, 1_234) == ({"value": said},)
