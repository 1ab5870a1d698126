"""JSON as a node may send it: no key twice, numbers exact, nothing that is not JSON."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NoReturn


def loads(data: bytes) -> Any:
    """Read UTF-8 JSON; whole numbers as int, all others as Decimal.

    Raises:
        ValueError: not JSON, not UTF-8, a key twice, `NaN` or `Infinity`, or nested too deep.
    """
    try:
        return json.loads(
            data.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_reject,
            object_pairs_hook=_unique,
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def _reject(text: str) -> NoReturn:
    raise ValueError(text)


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(key)
        table[key] = value
    return table
