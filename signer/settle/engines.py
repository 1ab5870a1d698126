"""The consensus code of others, which runs every input before anything is sent.

An engine is optional: whether it ran is part of the answer, never assumed. Which one a coin has,
the coin says (`signer/core/coins`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from types import MappingProxyType
from typing import Final

from signer.chain import kernel
from signer.chain.bchvm import machine
from signer.chain.errors import NodeUnreachable
from signer.core.coins import Coin
from signer.core.transaction import Transaction, TxOut


@dataclass(frozen=True, slots=True)
class Run:
    """What an engine said.

    Attributes:
        engine: its package and version.
        failing: the inputs that it does not take, by index.
    """

    engine: str
    failing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """Whose code it is, and how it is asked.

    Attributes:
        title: for people.
        missing: what is said when it is not installed.
        run: the answer for a signed transaction and the outputs that it spends, in the inputs'
            order; None when it is not installed.
    """

    title: str
    missing: str
    run: Callable[[Transaction, Sequence[TxOut], Coin], Run | None]


def _core(tx: Transaction, spent: Sequence[TxOut], coin: Coin) -> Run | None:
    """Bitcoin Core's script interpreter, under all flags that the coin's chain has."""
    try:
        kernel.load()
    except NodeUnreachable:
        return None
    taproot = any(network.taproot for network in coin.networks.values())
    failing = tuple(kernel.failing(tx.to_bytes(), spent, taproot=taproot))
    return Run(f"py-bitcoinkernel {metadata.version('py-bitcoinkernel')}", failing)


def _bch(tx: Transaction, spent: Sequence[TxOut], coin: Coin) -> Run | None:
    """Ask libauth's virtual machine, under Bitcoin Cash's rules."""
    del coin  # it knows one chain
    try:
        machine.start()
    except NodeUnreachable:
        return None
    said = machine.verify(tx.to_bytes(), spent)
    failing = tuple(failure.index for failure in said.failures)
    # Not valid as a whole, and no input to blame: none is taken.
    return Run(said.engine, failing or (() if said.valid else tuple(range(len(spent)))))


ENGINES: Final[Mapping[str, Engine]] = MappingProxyType(
    {
        "bitcoin-core": Engine(
            "Bitcoin Core's consensus code", "py-bitcoinkernel is not installed", _core
        ),
        "bch-vm": Engine(
            "libauth's virtual machine of Bitcoin Cash",
            "run `coldquorum engine install`",
            _bch,
        ),
    }
)
"""By the name that coins give."""
