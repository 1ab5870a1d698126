"""What differs between the nodes of the coins: one row a coin. `docs/chains.md` tells the sources.

Bitcoin Cash took Bitcoin's blocks over, up to its fork, on the test network, too: the genesis block
does not tell the two apart, a later block does. On regtest no block can; there the node's own name
has to do, and coins are worth nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from signer.chain.chain import BlockHash
from signer.chain.errors import NodeWrongNetwork
from signer.core.errors import BadInput, Fault
from signer.core.names import Height


@dataclass(frozen=True, slots=True)
class Landmark:
    """A block that one chain has, and no other of the same beginning.

    Attributes:
        height: where it is.
        hash: what it is there.
    """

    height: Height
    hash: BlockHash


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a chain begins.

    Attributes:
        genesis: the hash of its first block.
        landmark: by which it is told from others that begin alike, or None.
    """

    genesis: BlockHash
    landmark: Landmark | None = None


@dataclass(frozen=True, slots=True)
class NodeNetwork:
    """One network, as its nodes see it.

    Attributes:
        chains: its names in `getblockchaininfo`.
        beginnings: of the chains that count as this network.
        port: where a node's JSON-RPC listens.
        folder: of the network, in the node's data folder.
    """

    chains: tuple[str, ...]
    beginnings: tuple[Beginning, ...]
    port: int
    folder: str


@dataclass(frozen=True, slots=True)
class Node:
    """A coin's node program.

    Attributes:
        program: its name.
        oldest: the oldest version that answers as we ask, in words.
        data: its data folder, in the home folder.
        subversion: how its name in `getnetworkinfo` begins; empty if that says nothing.
        ranged: whether it scans by ranged descriptors of sorted keys; else script by script.
        watches: whether it has wallets that watch descriptors.
        smart_fees: whether it estimates fees for a number of blocks; else one rate for all.
        tokens: whether outputs may carry tokens beside money.
        confirmations: blocks until a payment counts as settled, where coins are worth money.
        networks: by our names.
    """

    program: str
    oldest: str
    data: str
    subversion: str
    ranged: bool
    watches: bool
    smart_fees: bool
    tokens: bool
    confirmations: int
    networks: Mapping[str, NodeNetwork]


_BTC_GENESIS: Final = BlockHash("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")
_TESTNET3: Final = BlockHash("000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943")
_REGTEST: Final = BlockHash("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206")
_TESTNET4: Final = BlockHash("00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043")
_SIGNET: Final = BlockHash("00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6")
_MONA_GENESIS: Final = BlockHash("ff9f1c0116d19de7c9963845e129f9ed1bfc0b376eb54fd7afa42e0d418c8bb6")
_MONA_TEST: Final = BlockHash("a2b106ceba3be0c6d097b2a6a6aacf9d638ba8258ae478158f449c321061e0b2")
_MONA_REGTEST: Final = BlockHash("7543a69d7c2fcdb29a5ebec2fc064c074a35253b6f3072c8a749473aa590a29c")

# Bitcoin Core, `src/kernel/chainparams.cpp`: the blocks of `m_assumeutxo_data`.
_BTC_840000: Final = Landmark(
    Height(840_000),
    BlockHash("0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5"),
)
_BTC_TEST_2500000: Final = Landmark(
    Height(2_500_000),
    BlockHash("0000000000000093bcb68c03a9a168ae252572d348a2eaeba2cdf9231d73206f"),
)

# bitcoin-cash-node, `src/chainparams.cpp`: "UAHF fork block" among the checkpoints.
_BCH_FORK: Final = Landmark(
    Height(478_559),
    BlockHash("000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec"),
)
_BCH_TEST_FORK: Final = Landmark(
    Height(1_155_876),
    BlockHash("00000000000e38fef93ed9582a7df43815d5c2ba9fd37ef70c9a0ea4a285b8f5"),
)

_BTC: Final = Node(
    program="bitcoind",
    oldest="Bitcoin Core 24 or later",
    data=".bitcoin",
    subversion="/Satoshi:",
    ranged=True,
    watches=True,
    smart_fees=True,
    tokens=False,
    confirmations=6,  # as Bitcoin Core's own wallet counts
    networks=MappingProxyType(
        {
            "main": NodeNetwork(("main",), (Beginning(_BTC_GENESIS, _BTC_840000),), 8332, ""),
            "test": NodeNetwork(
                ("test", "testnet4"),
                (
                    Beginning(_TESTNET3, _BTC_TEST_2500000),
                    Beginning(_TESTNET4),
                ),
                18332,
                "testnet3",
            ),
            "signet": NodeNetwork(
                ("signet",),
                (Beginning(_SIGNET),),
                38332,
                "signet",
            ),
            "regtest": NodeNetwork(("regtest",), (Beginning(_REGTEST),), 18443, "regtest"),
        }
    ),
)

_BCH: Final = Node(
    program="bitcoind of Bitcoin Cash Node",
    oldest="Bitcoin Cash Node 27 or later",
    data=".bitcoin",
    subversion="/Bitcoin Cash Node:",
    ranged=False,
    watches=False,
    smart_fees=False,
    tokens=True,
    confirmations=15,  # little of the SHA-256 hash rate mines it; exchanges ask for 10 to 20
    networks=MappingProxyType(
        {
            "main": NodeNetwork(("main",), (Beginning(_BTC_GENESIS, _BCH_FORK),), 8332, ""),
            "test": NodeNetwork(
                ("test",), (Beginning(_TESTNET3, _BCH_TEST_FORK),), 18332, "testnet3"
            ),
            "regtest": NodeNetwork(("regtest",), (Beginning(_REGTEST),), 18443, "regtest"),
        }
    ),
)

_MONA: Final = Node(
    program="monacoind",
    oldest="Monacoin Core 0.17 or later",
    data=".monacoin",
    subversion="",  # newer ones call themselves "/Satoshi:", as Bitcoin Core does
    ranged=False,
    watches=False,
    smart_fees=True,
    tokens=False,
    confirmations=100,  # what its makers asked of exchanges after the attack of May 2018
    networks=MappingProxyType(
        {
            "main": NodeNetwork(
                ("main",),
                (Beginning(_MONA_GENESIS),),
                9402,
                "",
            ),
            "test": NodeNetwork(
                ("test",),
                (Beginning(_MONA_TEST),),
                19402,
                "testnet4",
            ),
            "regtest": NodeNetwork(
                ("regtest",),
                (Beginning(_MONA_REGTEST),),
                19402,
                "regtest",
            ),
        }
    ),
)

_PLAY_MONEY: Final = 1
"""Confirmations where coins are worth nothing: nobody takes blocks back for them."""

NODES: Mapping[str, Node] = MappingProxyType({"BTC": _BTC, "BCH": _BCH, "MONA": _MONA})
"""By the coin's name."""


def node_of(coin: str, network: str) -> Node:
    """The node of a coin, which is known to have such a network.

    Raises:
        BadInput: no node of that coin and network can be asked.
    """
    node = NODES.get(coin)
    if node is None or network not in node.networks:
        raise BadInput(
            "no node can be asked for this coin and network",
            fault=Fault.OFFICER,
            expected=", ".join(f"{name} {net}" for name, n in NODES.items() for net in n.networks),
            found=f"{coin} {network}",
        )
    return node


def settled_at(coin: str, *, valuable: bool) -> int:
    """Confirmations from which on no reorganisation is reckoned with.

    Args:
        coin: whose blocks.
        valuable: whether its coins are worth money on this network.
    """
    return NODES[coin].confirmations if valuable else _PLAY_MONEY


def check_chain(
    node: Node,
    network: str,
    genesis: BlockHash,
    hash_at: Callable[[Height], BlockHash | None],
) -> None:
    """See that a node or server follows the coin's own chain, and not one that began alike.

    Args:
        node: of the coin.
        network: that it must follow.
        genesis: the hash of its first block.
        hash_at: the hash of its block at a height, or None if it has no block there.

    Raises:
        NodeWrongNetwork: another chain.
    """
    beginnings = {one.genesis: one.landmark for one in node.networks[network].beginnings}
    if genesis not in beginnings:
        raise wrong_chain(" or ".join(beginnings), genesis)
    landmark = beginnings[genesis]
    if landmark is not None:
        found = hash_at(landmark.height)
        if found != landmark.hash:
            raise wrong_chain(
                f"block {landmark.height} to be {landmark.hash}",
                found or f"no block {landmark.height}",
            )


def wrong_chain(expected: str, found: str) -> NodeWrongNetwork:
    """The error for a node of another network, or of another coin."""
    return NodeWrongNetwork(
        "the node follows another chain",
        expected=expected,
        found=found,
        hint="give the address of another node",
    )
