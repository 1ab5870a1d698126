"""The forms of vault that there are, as output descriptors.

    wsh(sortedmulti(m,[fingerprint/48h/..]xpub/<0;1>/*,...))#checksum

and so with the heads of `script_types.py`. Sources: BIP380 (checksum, key expressions), BIP383
(sortedmulti), BIP389 (`<0;1>`: branch 0 receives, branch 1 takes change), BIP48 (paths), BIP67
(key order).
"""

import re
from dataclasses import dataclass
from functools import partial, reduce
from typing import NamedTuple

from signer.core.bch import behind, pairs, polymod
from signer.core.bech32 import CHARSET
from signer.core.bip32 import HARDENED, ExtendedPublicKey, Origin, format_path
from signer.core.coins import Network
from signer.core.errors import BadInput, Fault
from signer.core.script import MAX_KEYS
from signer.core.script_types import SCRIPT_TYPES, ScriptType

_BRANCHES = "/<0;1>/*"
_CHECKSUM = 8
_MAX_TEXT = 4096
"""Characters; 15 keys take about 2,300."""

_THRESHOLD = re.compile(r"[1-9][0-9]?")
_KEY = re.compile(r"(\[[^\[\]]*\])([1-9A-HJ-NP-Za-km-z]+)")

_CHARSET = (
    "0123456789()[],'/*abcdefgh@:$%{}"
    "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~"
    'ijklmnopqrstuvwxyzABCDEFGH`#"\\ '
)
_remainder = polymod(40, (0xF5DEE51989, 0xA9FDCA3312, 0x1BAB10E32D, 0x3706B1677A, 0x644D626FFD))

_bad = partial(BadInput, fault=Fault.COORDINATOR)


def checksum(body: str) -> str:
    """The 8 characters after the `#` (BIP380, "Checksum").

    Raises:
        BadInput: a character that no descriptor has.
    """
    codes = [_CHARSET.find(letter) for letter in body]
    if -1 in codes:
        at = codes.index(-1)
        raise _bad("not a descriptor", found=f"{body[at]!a} as character {at + 1}")
    symbols: list[int] = []
    for start in range(0, len(codes), 3):
        part = codes[start : start + 3]
        # Of each character, 5 bits now; of up to three, what is above: 3 values each.
        symbols += [code & 31 for code in part]
        symbols.append(reduce(lambda high, code: high * 3 + (code >> 5), part, 0))
    state = _remainder(pairs(behind(1, [*symbols, *bytes(_CHECKSUM)]))) ^ 1
    return "".join(CHARSET[state >> 5 * at & 31] for at in reversed(range(_CHECKSUM)))


def bip48_path(network: Network, script_type: str, account: int = 0) -> tuple[int, ...]:
    """The account path of a vault's key: 48h / coin h / account h / script type h."""
    steps = (48, network.slip44, account, SCRIPT_TYPES[script_type].step)
    return tuple(HARDENED + step for step in steps)


class VaultKey(NamedTuple):
    """One key of a vault.

    Attributes:
        origin: the master key's fingerprint and the path from it.
        xpub: the account's extended public key at the end of that path.
    """

    origin: Origin
    xpub: ExtendedPublicKey

    @classmethod
    def parse(cls, text: str, version: bytes) -> "VaultKey":
        """Read `[aabbccdd/48h/0h/0h/2h]xpub...`; `version` is the network's, 4 bytes.

        Raises:
            BadInput: malformed, of another network, or a key that is not at the end of its path.
        """
        match = _KEY.fullmatch(text)
        if match is None:
            raise _bad(
                "not a key with its origin",
                expected="[fingerprint/path]xpub",
                found=ascii(text[:16]),  # no more: somebody may have pasted a private key
            )
        key = cls(Origin.parse(match[1]), ExtendedPublicKey.parse(match[2], version))
        path, xpub = key.origin.path, key.xpub
        # Some tools export an account's key under the wrong path. Such a vault receives, and then
        # nobody can sign: the signer derives along the path and finds another key.
        if xpub.depth != len(path) or xpub.number != (path[-1] if path else 0):
            raise _bad(
                "the extended key is not at the end of its path",
                expected=f"depth {len(path)}, last step {format_path(path[-1:]) or 'none'}",
                found=f"depth {xpub.depth}, last step {format_path((xpub.number,))}",
                hint="export key and path again",
            )
        return key

    def to_text(self, version: bytes) -> str:
        """Write `[aabbccdd/48h/0h/0h/2h]xpub...`."""
        return f"{self.origin}{self.xpub.to_text(version)}"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """m-of-n over extended keys, checked when it is made.

    Attributes:
        network: whose version bytes and coin type the keys have.
        script_type: one of the network's.
        threshold: m.
        keys: n of them, as written. A script orders the derived keys for itself (BIP67).

    Raises:
        BadInput: whatever makes a vault that one person could empty, or nobody could spend from.
    """

    network: Network
    script_type: str
    threshold: int
    keys: tuple[VaultKey, ...]

    def __post_init__(self) -> None:
        count = len(self.keys)
        kinds = self.network.script_types
        if self.script_type not in kinds:
            raise _bad(
                "the coin has no such script type",
                expected=" or ".join(kinds),
                found=ascii(self.script_type[:20]),
            )
        if not 1 <= self.threshold <= count <= MAX_KEYS:
            raise _bad(
                "no such multisig",
                expected=f"1 <= m <= n <= {MAX_KEYS}",
                found=f"{self.threshold} of {count}",
            )
        # The same key with another chain code is still one person's secret; so is one seed twice.
        if len({key.xpub.key for key in self.keys}) != count:
            raise _bad("the same key twice", hint="each officer gives a key of their own")
        if len({key.origin.fingerprint for key in self.keys}) != count:
            raise _bad("two keys of one seed", hint="each officer gives a key of their own")
        for key in self.keys:
            path = key.origin.path
            account = max(path[2] - HARDENED, 0) if len(path) > 2 else 0  # noqa: PLR2004 -- BIP48's third
            expected_path = bip48_path(self.network, self.script_type, account)
            if path != expected_path:
                raise _bad(
                    f"the key of {key.origin.fingerprint} is for another kind of vault",
                    expected=format_path(expected_path),
                    found=format_path(path),
                    hint=f"export it for {self.network.name} and {self.script_type}",
                )

    @classmethod
    def parse(cls, text: str, network: Network) -> "Descriptor":
        """Read a descriptor. Hardened steps of origins may be written `h` or `'`.

        Raises:
            BadInput: another form, a wrong or missing checksum, or as the class says.
        """
        body, _, tail = text[:_MAX_TEXT].partition("#")
        if len(text) > _MAX_TEXT or tail != checksum(body):
            raise _bad(
                "the descriptor's checksum is missing or does not fit",
                hint="copy the whole descriptor again from its source, with #checksum",
            )
        kinds = [SCRIPT_TYPES[name] for name in network.script_types]
        form = next((k for k in kinds if body.startswith(k.head) and body.endswith(k.foot)), None)
        if form is None:
            raise _bad(
                "not a vault's descriptor",
                expected=" or ".join(f"{kind.head}...{kind.foot}" for kind in kinds),
                found=ascii(body[:20]),
            )
        threshold, *keys = body[len(form.head) : -len(form.foot)].split(",")
        if not _THRESHOLD.fullmatch(threshold) or len(keys) > MAX_KEYS:
            raise _bad("no such multisig", found=f"{threshold[:10]!a} of {len(keys)}")
        if not all(key.endswith(_BRANCHES) for key in keys):
            raise _bad("a key without the two branches", expected=f"[origin]xpub{_BRANCHES}")
        parsed = [VaultKey.parse(key.removesuffix(_BRANCHES), network.xpub) for key in keys]
        return cls(network, form.name, int(threshold), tuple(parsed))

    @property
    def form(self) -> ScriptType:
        """How the multisig script is paid to and spent."""
        return SCRIPT_TYPES[self.script_type]

    @property
    def text(self) -> str:
        """The descriptor of both branches, with its checksum."""
        return self._write(_BRANCHES)

    def branch_text(self, branch: int) -> str:
        """The descriptor of one branch, for nodes before BIP389 (Bitcoin Core 28 and older)."""
        return self._write(f"/{branch}/*")

    def _write(self, steps: str) -> str:
        keys = "".join(f",{key.to_text(self.network.xpub)}{steps}" for key in self.keys)
        body = f"{self.form.head}{self.threshold}{keys}{self.form.foot}"
        return f"{body}#{checksum(body)}"
