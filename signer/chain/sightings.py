"""Which coins a bitcoind says a vault has: from a watch-only wallet, or from a scan.

What it says is only a claim; `claims.py` checks each against the vault and the transaction.
A wallet remembers and answers at once; a scan needs nothing on the node but minutes of its time.
Both get one descriptor for each branch: Bitcoin Core knows `<0;1>` only from version 29 on.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from signer.chain.answers import Part, nonsense
from signer.chain.chain import Tip
from signer.chain.claims import Sighting
from signer.chain.errors import ChainError, NodeSyncing, NodeUnreachable
from signer.chain.rejection import plain
from signer.chain.rpc import SCAN_TIMEOUT, TIMEOUT, Rpc
from signer.chain.scripts import scripts
from signer.core.bip32 import HARDENED
from signer.core.errors import BadInput, Fault
from signer.core.names import Height
from signer.core.transaction import OutPoint
from signer.core.vault import CHANGE, RECEIVE, Vault

_RANGE: Final = 1000
"""Addresses of each branch that the node looks for: Bitcoin Core's own default (`-keypool`). A
wallet goes on beyond it by itself; a scan does not."""

_IMPORT_TIMEOUT: Final = 60.0
"""Seconds. Looking through old blocks may take hours: the node goes on without us."""

_MAX_CONFIRMATIONS: Final = 9_999_999
"""What `listunspent` takes as no limit."""

_MAX_DESCRIPTOR: Final = 8192
"""Characters; one of 15 keys has 2,300, and with keys and paths of one script 2,000."""

_PLACE: Final = re.compile(r"\[[0-9a-f]{8}[0-9h'/]*/([01])/([0-9]{1,10})\]")
"""The last two steps of a key's origin in a descriptor of one script."""

# src/rpc/protocol.h
_NOT_FOUND: Final = -18
_ALREADY_LOADED: Final = -35
_INVALID_PARAMETER: Final = -8


def scan(rpc: Rpc, vault: Vault, *, ranged: bool) -> tuple[Sighting, ...]:
    """Let the node look through all unspent outputs, young coinbases included.

    Args:
        rpc: the node.
        vault: whose coins.
        ranged: whether the node knows the vault's descriptors. Else it gets each script by itself
            (`raw(...)`), which needs neither `sortedmulti` (Bitcoin Core 0.20) nor P2SH32 of it,
            and the script that it found tells the place.

    Raises:
        NodeSyncing: it is already scanning for somebody.
        ChainError: anything else.
    """
    if ranged:
        found = _scan(
            rpc,
            [
                {"desc": vault.form.branch_text(branch), "range": [0, _RANGE - 1]}
                for branch in (RECEIVE, CHANGE)
            ],
        )
        return tuple(_sighting(coin, coin["height"].height(), *_place(coin)) for coin in found)
    places = {
        place.script: place
        for branch in (RECEIVE, CHANGE)
        for place in scripts(vault, branch, range(_RANGE))
    }
    sightings = []
    for coin in _scan(rpc, [f"raw({script.hex()})" for script in places]):
        place = places.get(coin["scriptPubKey"].data())
        if place is None:
            nonsense(
                "the node names a coin that is not the vault's",
                found=f"{coin['txid'].txid()}:{coin['vout'].integer(most=0xFFFF_FFFF)}",
            )
        sightings.append(_sighting(coin, coin["height"].height(), place.branch, place.index))
    return tuple(sightings)


def _scan(rpc: Rpc, descriptors: Sequence[Any]) -> tuple[Part, ...]:
    answer = rpc.ask("scantxoutset", "start", descriptors, timeout=SCAN_TIMEOUT)
    if answer.failure is not None:
        if answer.failure.code == _INVALID_PARAMETER and "progress" in answer.failure.message:
            raise NodeSyncing(
                "the node is already scanning for somebody",
                found=answer.failure.message,
                hint="wait until it is done, or use a wallet with --wallet NAME",
            )
        raise ChainError("the node refuses to scan for the coins", found=answer.failure.message)
    result = Part(answer.result, "scantxoutset")
    if not result["success"].flag():
        raise ChainError(
            "the node gave up its scan for the coins", hint="somebody aborted it: try again"
        )
    return result["unspents"].items()


def _place(coin: Part) -> tuple[int, int]:
    """Branch and index, from the keys' origins in the descriptor of one script."""
    descriptor = coin["desc"].text(_MAX_DESCRIPTOR)
    places = set(_PLACE.findall(descriptor))
    if len(places) != 1:
        nonsense("the node names a coin without its place in the vault", found=plain(descriptor))
    ((branch, index),) = places
    if int(index) >= HARDENED:
        nonsense("the node names a coin at an impossible place", found=f"{branch}/{index}")
    return int(branch), int(index)


def _sighting(coin: Part, height: Height, branch: int, index: int) -> Sighting:
    return Sighting(
        OutPoint(coin["txid"].txid(), coin["vout"].integer(most=0xFFFF_FFFF)),
        coin["scriptPubKey"].data(),
        coin["amount"].amount(),
        height,
        branch,
        index,
    )


class WatchWallet:
    """A wallet of the node without keys, which knows the vault's descriptors.

    Args:
        rpc: the node.
        name: of the wallet; made when the node has none of that name.
    """

    def __init__(self, rpc: Rpc, name: str) -> None:
        self._rpc = rpc
        self._name = name

    def coins(self, vault: Vault, tip: Tip) -> tuple[Sighting, ...]:
        """What the wallet lists: confirmed and mature, at `tip`."""
        self.prepare(vault, tip)
        answer = self._call("listunspent", 1, _MAX_CONFIRMATIONS, [], False)
        height_after = tip.height + 1
        return tuple(
            _sighting(
                coin,
                Height(height_after - coin["confirmations"].integer(1, height_after)),
                *_place(coin),
            )
            for coin in answer.items()
        )

    def next_index(self, vault: Vault, branch: int, tip: Tip) -> int:
        """The index after the last one of a branch that the wallet has seen used."""
        self.prepare(vault, tip)
        wanted = _alike(vault.form.branch_text(branch))
        for known in self._call("listdescriptors")["descriptors"].items():
            if _alike(known["desc"].text(_MAX_DESCRIPTOR)) == wanted:
                return known["next_index"].integer()
        return 0

    def prepare(self, vault: Vault, tip: Tip) -> None:
        """Load or make the wallet, and let it watch the vault.

        Raises:
            BadInput: the wallet has private keys, knows no descriptors, or watches something else.
            NodeSyncing: it is still looking through old blocks.
        """
        self._load()
        info = self._call("getwalletinfo")
        legacy = info.has("descriptors") and not info["descriptors"].flag()
        if info["private_keys_enabled"].flag() or legacy:
            raise BadInput(
                f"the node's wallet {self._name!a} is not one that only watches",
                fault=Fault.OFFICER,
                expected="a descriptor wallet without private keys",
                hint="give a name that the node does not have yet: the wallet is made then",
            )
        if info.has("scanning") and not info["scanning"].is_false():
            raise _still_scanning()
        known = {
            _alike(part["desc"].text(_MAX_DESCRIPTOR))
            for part in self._call("listdescriptors")["descriptors"].items()
        }
        wanted = {_alike(vault.form.branch_text(branch)) for branch in (RECEIVE, CHANGE)}
        if not known <= wanted:
            raise BadInput(
                f"the node's wallet {self._name!a} watches something else, too",
                fault=Fault.OFFICER,
                expected=f"the descriptors of the vault {vault.name} alone",
                hint="give a name that the node does not have yet: one wallet for each vault",
            )
        if known != wanted:
            self._import(vault, tip)

    def _load(self) -> None:
        names = [name.text() for name in Part(self._rpc.call("listwallets"), "listwallets").items()]
        if self._name in names:
            return
        loaded = self._rpc.ask("loadwallet", self._name)
        if loaded.failure is None or loaded.failure.code == _ALREADY_LOADED:
            return
        if loaded.failure.code != _NOT_FOUND:
            raise ChainError(
                f"the node cannot load its wallet {self._name!a}", found=loaded.failure.message
            )
        self._rpc.call(
            "createwallet",
            {
                "wallet_name": self._name,
                "disable_private_keys": True,
                "blank": True,
                "descriptors": True,
            },
        )

    def _import(self, vault: Vault, tip: Tip) -> None:
        requests = [
            {
                "desc": vault.form.branch_text(branch),
                "active": True,
                "internal": branch == CHANGE,
                "timestamp": self._birth(vault, tip),
                "range": [0, _RANGE - 1],
            }
            for branch in (RECEIVE, CHANGE)
        ]
        try:
            answer = self._call("importdescriptors", requests, timeout=_IMPORT_TIMEOUT)
        except NodeUnreachable:
            raise _still_scanning() from None
        for result in answer.items():
            if not result["success"].flag():
                raise ChainError(
                    "the node does not take the vault's descriptor",
                    found=result["error"]["message"].text() if result.has("error") else "",
                    hint="see the node's debug.log",
                )

    def _birth(self, vault: Vault, tip: Tip) -> int | str:
        """From which time on the node has to look: a block's own, or that of its tip."""
        if vault.birth_height >= tip.height:
            return "now"
        block = self._rpc.call("getblockhash", vault.birth_height)
        header = Part(self._rpc.call("getblockheader", block), "getblockheader")
        return header["time"].integer(most=0xFFFF_FFFF)

    def _call(self, method: str, *params: Any, timeout: float = TIMEOUT) -> Part:
        result = self._rpc.call(method, *params, wallet=self._name, timeout=timeout)
        return Part(result, method)


def _still_scanning() -> NodeSyncing:
    return NodeSyncing(
        "the node is still looking through old blocks for the vault's coins",
        hint="run the command again later; `bitcoin-cli getwalletinfo` shows how far it is",
    )


def _alike(descriptor: str) -> str:
    """A descriptor without checksum, hardened steps written alike: versions differ in that."""
    return descriptor.partition("#")[0].replace("'", "h")
