"""What a transaction may look like. Dust is always refused, and so is what nobody named."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final

from policies.errors import Refusal
from policies.rules.rule import Rule, refusal, sats
from policies.rules.setting import COUNT, some_of, switch
from policies.spend import Spend

_TYPES: Final = {
    "p2pkh": (b"\x76\xa9\x14", 25, 546),
    "p2sh": (b"\xa9\x14", 23, 540),
    "p2wpkh": (b"\x00\x14", 22, 294),
    "p2wsh": (b"\x00\x20", 34, 330),
    "p2tr": (b"\x51\x20", 34, 330),
    "p2sh32": (b"\xaa\x20", 35, 576),
}
"""How each type of output script begins, its bytes, and the least that nodes relay to it (Bitcoin
Core, `policy/policy.cpp`, GetDustThreshold at 3,000 sat/kvB; bitcoin-cash-node counts the same)."""

_OP_RETURN = 0x6A
_HINT = "request or build it otherwise, or make a policy that allows it"


@dataclass(frozen=True, slots=True)
class Shape(Rule):
    """Limits on outputs.

    Attributes:
        max_outputs: the most outputs, change included.
        script_types: types of the scripts that may be paid.
        max_change: the most outputs that return to the vault.
        op_return: whether data may be published, without money.
    """

    NAME: ClassVar[str] = "shape"
    max_outputs: int = field(metadata=COUNT)
    script_types: tuple[str, ...] = field(metadata=some_of(_TYPES, lambda _words, kind: kind))
    max_change: int = field(default=1, metadata=COUNT)
    op_return: bool = field(default=False, metadata=switch(tight=False))

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Count outputs, and look at each."""
        return tuple(self._judge(spend))

    def _judge(self, spend: Spend) -> Iterator[Refusal]:
        outputs = (*spend.externals, *spend.change)
        for rule, what, most, count in (
            ("max_outputs", "too many outputs", self.max_outputs, len(outputs)),
            ("max_change", "too many change outputs", self.max_change, len(spend.change)),
        ):
            if count > most:
                yield refusal(f"shape.{rule}", what, f"at most {most}", str(count), _HINT)
        for at, output in enumerate(outputs):
            kind, dust = _type(output.script)
            if kind == "op_return" and self.op_return and output.amount == 0:
                continue
            if at < len(spend.externals) and kind not in self.script_types:
                what, allowed = (
                    "a type of output that may not be paid",
                    ", ".join(self.script_types),
                )
                yield refusal("shape.script_types", what, allowed, f"{kind}: {output.name}", _HINT)
            if output.amount < dust:
                what, found = "an output that is dust", f"{sats(output.amount)} to {output.name}"
                yield refusal("shape.dust", what, f"{sats(dust)} or more", found, _HINT)


def _type(script: bytes) -> tuple[str, int]:
    """Name a script's type, and the least that may be paid to it."""
    for name, (head, size, dust) in _TYPES.items():
        if len(script) == size and script.startswith(head):
            return name, dust
    return ("op_return" if script[:1] == bytes((_OP_RETURN,)) else "unknown"), 1
