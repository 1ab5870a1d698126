"""Wallets that a policy lists as destinations: every address that they have.

    wpkh([fingerprint/84h/..]xpub/<0;1>/*)#checksum     one key; also sh(wpkh(...)) and pkh(...)
    wsh(sortedmulti(m,[..]xpub/<0;1>/*,...))#checksum   another vault, in any of its forms

A wallet of one key may be listed by one branch only: `/0/*`. Sources: BIP380, BIP381 (pkh, sh),
BIP382 (wpkh, wsh), BIP383 (sortedmulti), BIP389 (`<0;1>`).
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple

from policies.policy import Policy
from policies.rules import Destinations
from signer.core import coins
from signer.core.address import address_of
from signer.core.bip32 import Children, public_children
from signer.core.coins import Network
from signer.core.descriptor import Descriptor, VaultKey, checksum
from signer.core.errors import BadInput, Fault
from signer.core.script import multisig, p2pkh, p2sh, p2wpkh
from signer.core.script_types import ScriptType

_bad = partial(BadInput, fault=Fault.COORDINATOR)

_ScriptOf = Callable[[Sequence[bytes]], bytes]

_SINGLE: Final[dict[str, _ScriptOf]] = {
    "wpkh": lambda keys: p2wpkh(keys[0]),
    "sh(wpkh": lambda keys: p2sh(p2wpkh(keys[0])),
    "pkh": lambda keys: p2pkh(keys[0]),
}
_ONE_KEY = re.compile(r"(wpkh|sh\(wpkh|pkh)\((\[[^\[\]]*\][0-9A-Za-z]+)/(<0;1>|0|1)/\*(\)\)?)")


class Wallet(NamedTuple):
    """A wallet, from its descriptor.

    Attributes:
        keys: extended keys, with their origins.
        branches: the steps after them.
        script_of: the scriptPubKey over keys derived from them, in the same order.
    """

    keys: tuple[VaultKey, ...]
    branches: tuple[int, ...]
    script_of: _ScriptOf

    @classmethod
    def parse(cls, text: str, network: Network) -> "Wallet":
        """Read a descriptor.

        Raises:
            BadInput: another form, a wrong or missing checksum, or a key of another network.
        """
        body, _, tail = text.partition("#")
        if "sortedmulti(" in body:
            form = Descriptor.parse(text, network)
            return cls(form.keys, (0, 1), partial(_multisig, form.form, form.threshold))
        match = _ONE_KEY.fullmatch(body)
        kinds = "wpkh, sh(wpkh) or pkh" if network.hrp else "pkh"
        if match is None or match[1] not in kinds or match[1].count("(") + 1 != match[4].count(")"):
            expected = f"{kinds} of [origin]xpub/<0;1>/*, or a vault's descriptor"
            raise _bad("not a wallet that can be listed", expected=expected, found=ascii(body[:20]))
        if tail != checksum(body):
            raise _bad(
                "the descriptor's checksum is missing or does not fit",
                hint="copy the whole descriptor again from its source, with #checksum",
            )
        branches = (0, 1) if match[3] == "<0;1>" else (int(match[3]),)
        return cls((VaultKey.parse(match[2], network.xpub),), branches, _SINGLE[match[1]])


def _multisig(form: ScriptType, threshold: int, keys: Sequence[bytes]) -> bytes:
    return form.of(multisig(threshold, sorted(keys))).script_pubkey


@lru_cache(maxsize=64)
def addresses(text: str, many: int, coin: str, network: str) -> frozenset[str]:
    """The first `many` addresses of a wallet on each branch, in canonical notation.

    Raises:
        BadInput: as `Wallet.parse`.
    """
    wallet = Wallet.parse(text, coins.network(coin, network))
    families = (
        [Children(key.xpub.derive(branch)) for key in wallet.keys] for branch in wallet.branches
    )
    return frozenset(
        str(address_of(wallet.script_of(public_children([(parents, index)])), coin, network))
        for parents in families
        for index in range(many)
    )


def listed(policy: Policy) -> dict[str, frozenset[str]]:
    """The addresses of each wallet that a policy lists, by descriptor.

    Raises:
        BadInput: a descriptor that is not understood.
    """
    lists = [rule for rule in policy.rules if isinstance(rule, Destinations)]
    return {
        text: addresses(text, many, policy.coin, policy.network)
        for rule in lists
        for text, many in rule.wallets.items()
    }
