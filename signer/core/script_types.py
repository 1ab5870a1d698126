"""The ways in which a vault's multisig script is paid to and spent.

wsh(sortedmulti(...))       p2wsh         BIP141, BIP382
sh(wsh(sortedmulti(...)))   p2sh-p2wsh    BIP141, BIP381
sh(sortedmulti(...))        p2sh          BIP16, BIP381
sh32(sortedmulti(...))      p2sh32        CHIP-2022-05 (Bitcoin Cash); the notation is ours
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from signer.core.script import p2sh, p2sh32, p2wsh


class Scripts(NamedTuple):
    """Everything that follows from a multisig script.

    Attributes:
        script_pubkey: what an output holds.
        redeem_script: what a script hash stands for; empty for P2WSH.
        witness_script: what a witness program stands for; empty before segwit.
    """

    script_pubkey: bytes
    redeem_script: bytes
    witness_script: bytes


class ScriptType(NamedTuple):
    """One way.

    Attributes:
        name: as above.
        step: the last hardened step of a key's path (BIP48). BIP48 has 1 and 2; 0 is what Trezor's
            firmware (`core/src/apps/common/paths.py`, PATTERN_BIP48_RAW) takes before segwit.
        head: of its descriptor.
        foot: of its descriptor.
        segwit: whether signatures go into the witness.
        of: the scripts that follow from a multisig script.
    """

    name: str
    step: int
    head: str
    foot: str
    segwit: bool
    of: Callable[[bytes], Scripts]


def _p2sh_p2wsh(multisig: bytes) -> Scripts:
    program = p2wsh(multisig)
    return Scripts(p2sh(program), program, multisig)


_TYPES = (
    ScriptType(
        "p2wsh", 2, "wsh(sortedmulti(", "))", segwit=True, of=lambda m: Scripts(p2wsh(m), b"", m)
    ),
    ScriptType("p2sh-p2wsh", 1, "sh(wsh(sortedmulti(", ")))", segwit=True, of=_p2sh_p2wsh),
    ScriptType(
        "p2sh", 0, "sh(sortedmulti(", "))", segwit=False, of=lambda m: Scripts(p2sh(m), m, b"")
    ),
    ScriptType(
        "p2sh32",
        0,
        "sh32(sortedmulti(",
        "))",
        segwit=False,
        of=lambda m: Scripts(p2sh32(m), m, b""),
    ),
)

SCRIPT_TYPES: Mapping[str, ScriptType] = MappingProxyType({one.name: one for one in _TYPES})
"""By name."""
