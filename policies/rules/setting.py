"""How each kind of setting is read, told, and compared.

A setting says what is tighter: a ceiling that sinks, a floor that rises, a list that shrinks. A
setting that may be left out is a restriction: without it there is none.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

from policies.explain import PLAIN, Words
from policies.quorum import Demand
from policies.rules.windows import Window
from policies.strict_json import CODE, MAX_INTEGER, Fields
from policies.value import read_limit
from policies.withdrawal import MAX_HEIGHT

Told = tuple[Mapping[str, str], ...]
"""What fills in a setting's sentence, once for each time that the sentence is said."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of setting.

    Attributes:
        read: take it out of a table; raises BadInput.
        tighter: of an old and a new value, whether the new one allows nothing that the old did not.
        tell: what fills in its sentence.
    """

    read: Callable[[Fields, str], Any]
    tighter: Callable[[Any, Any], bool]
    tell: Callable[[Words, Any], Told]


Kind = Mapping[str, Setting]
"""The metadata of a rule's field: its setting, under `setting`."""


def given(value: object) -> bool:
    """Whether a setting restricts anything."""
    return value not in (None, (), {})


def plain(value: Any) -> Any:
    """Give a setting as it stands in a table: what restricts nothing is left out."""
    if is_dataclass(value):
        value = {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items() if given(inner)}
    return [plain(inner) for inner in value] if isinstance(value, tuple) else value


def said(kind: Kind, value: object) -> str:
    """Say a setting in a few words, for a comparison."""
    told = kind["setting"].tell(PLAIN, value) if given(value) else ()
    return "; ".join(" / ".join(one.values()) for one in told)


def _number(
    unit: Callable[[Words, int], str],
    *,
    floor: bool = False,
    least: int = 1,
    most: int = MAX_INTEGER,
) -> Kind:
    return {
        "setting": Setting(
            lambda fields, key: fields.integer(key, least=least, most=most),
            (lambda old, new: new >= old) if floor else (lambda old, new: new <= old),
            lambda words, value: ({"value": unit(words, value)},),
        )
    }


def some_of(known: Collection[str], say: Callable[[Words, str], str]) -> Kind:
    """A list of distinct words, all of them known; a shorter one is tighter."""

    def read(fields: Fields, key: str) -> tuple[str, ...]:
        found = fields.words(key, CODE)
        if strange := [one for one in found if one not in known]:
            fields.bad(key, f"some of {', '.join(known)}", strange[0])
        return found

    return {
        "setting": Setting(
            read,
            lambda old, new: set(new) <= set(old),
            lambda words, value: ({"value": words.listed(say(words, one) for one in value)},),
        )
    }


def switch(*, tight: bool) -> Kind:
    """True or false, of which one is tighter. Its sentence is said when it is true."""
    return {
        "setting": Setting(
            lambda fields, key: fields.flag(key),
            lambda _old, new: new is tight,
            lambda words, value: ({"value": words.say("yes")},) if value else (),
        )
    }


def read_windows(fields: Fields, key: str) -> tuple[Window, ...]:
    """Read `[{ blocks, limit }]`."""
    return tuple(
        Window(one.integer("blocks", least=1, most=MAX_HEIGHT), read_limit(one, "limit", least=0))
        for one in fields.tables(key, required=("blocks", "limit"))
    )


def windows_tighter(old: tuple[Window, ...], new: tuple[Window, ...]) -> bool:
    """Whether each old window is kept by a new one that is no shorter and no higher."""
    return all(any(n.blocks >= o.blocks and n.limit <= o.limit for n in new) for o in old)


def tell_windows(words: Words, windows: tuple[Window, ...]) -> Told:
    """Give each window's limit and length."""
    return tuple({"value": words.money(w.limit), "span": words.blocks(w.blocks)} for w in windows)


def read_demands(fields: Fields, key: str) -> tuple[Demand, ...]:
    """Read `[{ role, count }]`; no role twice."""
    tables = fields.tables(key, required=("role", "count"))
    demands = tuple(Demand(one.name("role"), one.integer("count", least=1)) for one in tables)
    if len({demand.role for demand in demands}) != len(demands):
        fields.bad(key, "each role once", [demand.role for demand in demands])
    return demands


def demands_tighter(old: tuple[Demand, ...], new: tuple[Demand, ...]) -> bool:
    """Whether whoever meets the new demands meets the old ones."""
    return all(any(n.role == o.role and n.count >= o.count for n in new) for o in old)


def tell_demands(words: Words, demands: tuple[Demand, ...]) -> str:
    """Give demands in words: `3 of board and 1 of compliance`."""
    said = (words.say("demand", count=words.number(d.count), role=d.role) for d in demands)
    return words.all_of(said)


AMOUNT: Final = _number(Words.money)
"""The most, in the coin's smallest unit."""
LIMIT: Final[Kind] = {
    "setting": Setting(
        read_limit,
        lambda old, new: new <= old,
        lambda words, value: ({"value": words.money(value)},),
    )
}
"""The most, in the coin's smallest unit or by value."""
COUNT: Final = _number(Words.number)
"""The most of anything else."""
SHARE: Final = _number(lambda _words, ppm: f"{ppm / 10_000:g}%", most=1_000_000)
"""The most millionths, told as percent: six digits, which `g` gives in full."""
BLOCKS: Final = _number(Words.blocks, most=MAX_HEIGHT)
"""The most blocks."""
AGE: Final = _number(Words.blocks, floor=True, most=MAX_HEIGHT)
"""The fewest blocks."""
FIRST: Final = _number(Words.number, floor=True, least=0, most=MAX_HEIGHT)
"""The first height."""
LAST: Final = _number(Words.number, least=0, most=MAX_HEIGHT)
"""The last height."""
WINDOWS: Final[Kind] = {"setting": Setting(read_windows, windows_tighter, tell_windows)}
"""Ceilings over some blocks, all of which hold."""
DEMANDS: Final[Kind] = {
    "setting": Setting(
        read_demands,
        demands_tighter,
        lambda words, demands: ({"value": tell_demands(words, demands)},),
    )
}
"""Who has to approve."""
