"""Descriptors as others write them, in the form that `signer/core/descriptor.py` reads.

The differences that are taken: no checksum where a format has none, upper-case fingerprints,
`'` for `h`, and how the two branches are said: `/<0;1>/*` (BIP389), `/**` (BIP388, BIP129),
`/{0,1}/*` (Specter), or one descriptor a branch. Everything else is refused with its reason.
"""

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from signer.carry.wallets.place import Asked, place
from signer.carry.wallets.slip132 import expect_known
from signer.carry.wallets.wallet import MULTIPATH
from signer.core.coins import Network
from signer.core.descriptor import Descriptor, checksum
from signer.core.errors import BadInput, Fault

RECEIVE, CHANGE = "/0/*", "/1/*"
BOTH: Final = frozenset({MULTIPATH, "/**"})
"""Ways to say that the keys have a receive branch 0 and a change branch 1."""

_MAX_TEXT: Final = 8192
_FORMS: Final = {
    "p2sh-p2wsh": ("sh(wsh(", "))"),
    "p2sh": ("sh(", ")"),
    "p2sh32": ("sh32(", ")"),
    "p2wsh": ("wsh(", ")"),
}
"""What a descriptor starts and ends with; the last one, where it starts like none."""
_KEY: Final = re.compile(
    r"(?P<origin>\[[0-9A-Fa-f]{8}(?:/[0-9]{1,10}[h']?)*\])?"
    r"(?P<xpub>[1-9A-HJ-NP-Za-km-z]+)(?P<steps>(?:/.*)?)"
)
_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Expression:
    """A descriptor of sorted keys, not yet checked beyond its shape.

    Attributes:
        script_type: "p2wsh", "p2sh-p2wsh", "p2sh" or "p2sh32".
        threshold: m, as digits.
        keys: each `[origin]xpub`.
        steps: what follows each of the keys, the same for all.
    """

    script_type: str
    threshold: str
    keys: tuple[str, ...]
    steps: str

    def form(self, asked: Asked, told: tuple[str, ...] = ()) -> Descriptor:
        """The descriptor of both branches.

        Args:
            asked: what the officer says.
            told: the networks that the file says, if any.

        Raises:
            BadInput: whatever makes no vault.
        """
        letters = {key.partition("]")[2][:4] for key in self.keys}
        if not letters <= {"xpub", "tpub"}:
            raise _bad(
                "a key that no descriptor has", expected="xpub or tpub", found=_list(letters)
            )
        if len(letters) > 1:
            raise _bad("keys of different networks", found=_list(letters))
        return self.form_in(place(valuable="xpub" in letters, asked=asked, told=told))

    def form_in(self, network: Network) -> Descriptor:
        """The descriptor of both branches on a network.

        Raises:
            BadInput: whatever makes no vault.
        """
        head, foot = _FORMS[self.script_type]
        keys = "".join(f",{key}{MULTIPATH}" for key in self.keys)
        body = f"{head}sortedmulti({self.threshold}{keys}){foot}"
        return Descriptor.parse(f"{body}#{checksum(body)}", network)


def expression(text: str, *, sealed: bool) -> Expression:
    """Take a descriptor apart.

    Args:
        text: the descriptor.
        sealed: whether it must have its checksum. One that is there must fit in any case.

    Raises:
        BadInput: not a descriptor, or not of the forms of a vault.
    """
    body, mark, tail = text[:_MAX_TEXT].partition("#")
    if len(text) > _MAX_TEXT or ((mark or sealed) and tail != checksum(body)):
        raise _bad(
            "the descriptor's checksum is missing or does not fit",
            hint="copy the whole descriptor again from its source, with #checksum",
        )
    script_type = next(
        (name for name, (start, _) in _FORMS.items() if body.startswith(start)), "p2wsh"
    )
    head, foot = _FORMS[script_type]
    if not body.startswith(head) or not body.endswith(foot):
        raise _other_script(body)
    inner = body[len(head) : -len(foot)]
    if not (inner.startswith("sortedmulti(") and inner.endswith(")")):
        raise _other_script(inner)
    inner = inner[len("sortedmulti(") : -1].replace("/{0,1}/*", MULTIPATH)
    threshold, *keys = inner.split(",")
    found = [_key(key) for key in keys]
    steps = {key["steps"] for key in found}
    if len(steps) > 1:
        raise _bad("keys with different steps behind them", found=_list(steps))
    return Expression(
        script_type,
        threshold,
        tuple((key["origin"].lower() + key["xpub"]) for key in found),
        steps.pop() if steps else "",
    )


def both(parsed: Expression) -> Expression:
    """The expression, which has to say both branches.

    Raises:
        BadInput: it has one branch, or others.
    """
    if parsed.steps in BOTH:
        return parsed
    if parsed.steps in (RECEIVE, CHANGE):
        raise _bad(
            "the descriptor of one branch only",
            expected=f"keys with {MULTIPATH}, or a second descriptor with {CHANGE}",
            found=f"keys with {parsed.steps}",
            hint="where change returns to is not guessed: export both descriptors",
        )
    raise _bad(
        "another derivation than a vault's",
        expected=f"keys with {MULTIPATH}",
        found=f"keys with {ascii(parsed.steps[:40]) if parsed.steps else 'nothing'} behind them",
        hint="a vault's addresses are at 0/index, its change at 1/index",
    )


def joined(parts: tuple[Expression, ...]) -> Expression:
    """One expression of several that together say both branches, and nothing else.

    Raises:
        BadInput: they describe different wallets, or one branch only.
    """
    first = replace(parts[0], steps="")
    if any(replace(part, steps="") != first for part in parts):
        raise _bad("descriptors of different wallets", hint="one wallet a file")
    steps = {part.steps for part in parts}
    if len(steps) != len(parts):
        raise _bad("the same descriptor twice", found=_list(steps))
    rest = steps - BOTH
    if rest == {RECEIVE, CHANGE}:
        return replace(first, steps=MULTIPATH)
    return both(replace(first, steps=min(rest or steps)))


def _key(text: str) -> re.Match[str]:
    match = _KEY.fullmatch(text)
    if match is None:
        raise _bad("not a key with its origin", expected="[fingerprint/path]xpub")
    if not match["origin"]:
        raise _bad(
            "a key without its origin",
            expected="[fingerprint/path]xpub",
            found=f"{match['xpub'][:16]}...",
            hint="without it no signer knows that the key is its own: export it with its origin",
        )
    expect_known(match["origin"][1:9])
    return match


def _other_script(text: str) -> BadInput:
    """Why a script is not one of a vault's."""
    name = re.match(r"[a-z_]*", text)
    found = name[0] if name else ""
    what, hint = "a kind of wallet that no vault can be", ""
    if found in ("multi", "multi_a"):
        what = "keys in a fixed order (multi)"
        hint = "a vault sorts its keys (BIP67): these addresses would be others"
    elif found in ("wpkh", "pkh", "pk", "combo"):
        what = "a wallet of one signature"
    elif found == "tr":
        what = "a taproot wallet"
    elif found == "sh":
        what = "a script of another kind, or a wallet of one signature"
    return _bad(
        what,
        expected="wsh(sortedmulti(...)), sh(wsh(sortedmulti(...))) or sh(sortedmulti(...))",
        found=f"{found}(...)" if found else ascii(text[:20]),
        hint=hint,
    )


def _list(words: set[str]) -> str:
    return " and ".join(sorted(ascii(word[:20]) for word in words))
