"""The table of what each model does, written from the drivers: `python -m hw.table` prints it."""

from collections.abc import Iterable, Sequence

from hw.capabilities import Capabilities
from hw.device import Driver
from hw.find import DRIVERS

_HEAD = (
    *("model", "signs for", "multisig", "registration", "keys", "inputs", "outputs", "PSBT"),
    *("miniscript", "taproot", "nonces proven", "note"),
)


def markdown(drivers: Iterable[Driver]) -> str:
    """The document docs/devices.md.

    Args:
        drivers: in the order of their rows.
    """
    rows = [_row(driver, can) for driver in drivers for can in driver.capabilities]
    lines = [
        "# What each USB signer does",
        "",
        "Written by `python -m hw.table > docs/devices.md` from the drivers; a test compares. What",
        "a model does not do is refused before anything is sent to it. Miniscript and taproot are",
        "what the device could do: vaults here are multisig.",
        "",
        _line(_HEAD),
        _line("---" for _ in _HEAD),
        *(_line(row) for row in rows),
        "",
    ]
    return "\n".join(lines)


def _row(driver: Driver, can: Capabilities) -> Sequence[str]:
    scripts = dict.fromkeys(", ".join(coin.scripts) for coin in can.coins)
    by_coin = (f"{coin.coin}: {', '.join(coin.scripts)}" for coin in can.coins)
    multisig = "; ".join(scripts if len(scripts) == 1 else by_coin)
    return (
        f"{can.model} (`{driver.vendor}`)",
        "; ".join(f"{coin.coin} {', '.join(coin.networks)}" for coin in can.coins),
        multisig,
        str(can.registers),
        f"at most {can.cosigners}" + (", only at m/48h" if can.bip48_only else ""),
        _most(can.inputs),
        _most(can.outputs),
        _most(can.psbt, " bytes"),
        "yes" if can.miniscript else "no",
        can.taproot or "no",
        "yes" if can.anti_klepto else "no",
        can.note,
    )


def _most(limit: int | None, unit: str = "") -> str:
    return "" if limit is None else f"at most {limit:,}{unit}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(markdown(DRIVERS), end="")  # noqa: T201 -- the program's only output
