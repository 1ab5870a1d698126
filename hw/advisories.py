"""Which known faults a device's firmware has, from the table in `advisories.toml`."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from hw.device import DeviceInfo

_VERSION: Final = re.compile(r"\d{1,9}(\.\d{1,9})*")


@dataclass(frozen=True, slots=True)
class Affected:
    """One firmware line.

    Attributes:
        model: as the driver names it.
        edition: as the driver names it.
        fixed: the first version that is good.
    """

    model: str
    edition: str
    fixed: str


@dataclass(frozen=True, slots=True)
class Advisory:
    """One entry of the table. Its fields are told at the table's head."""

    id: str
    vendor: str
    what: str
    hint: str
    source: str
    lasting: bool
    afterwards: str
    affected: tuple[Affected, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What to tell the owner of one device.

    Attributes:
        id: the advisory's.
        what: one line.
        hint: what to do.
        source: where to read more.
        present: this very firmware is bad; else, what an older one made may be.
    """

    id: str
    what: str
    hint: str
    source: str
    present: bool


def warnings(vendor: str, info: DeviceInfo) -> tuple[Known, ...]:
    """What is known against a device. A version that cannot be read counts as bad."""
    found = []
    for advisory in advisories():
        for line in advisory.affected:
            if (advisory.vendor, line.model, line.edition) != (vendor, info.model, info.edition):
                continue
            present = version(info.firmware) < version(line.fixed)
            if present or advisory.lasting:
                what = advisory.what if present else advisory.afterwards
                found.append(
                    Known(advisory.id, what, advisory.hint, advisory.source, present=present)
                )
    return tuple(found)


def version(text: str) -> tuple[int, ...]:
    """The numbers of `1.5.0Q`; none, which is less than any, if it does not begin with one."""
    match = _VERSION.match(text)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


@cache
def advisories() -> tuple[Advisory, ...]:
    """The table."""
    table = tomllib.loads(files("hw").joinpath("advisories.toml").read_text("utf-8"))
    return tuple(
        Advisory(**{**entry, "affected": tuple(Affected(**line) for line in entry["affected"])})
        for entry in table["advisory"]
    )
