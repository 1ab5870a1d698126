"""What can go wrong with a node. The tree of all errors is drawn in `signer/core/errors.py`."""

from signer.core.errors import Fault, Problem


class ChainError(Problem):
    """The node, or what lies between us and it."""

    exit_code = 6

    def __init__(self, what: str, *, expected: str = "", found: str = "", hint: str = "") -> None:
        super().__init__(what, fault=Fault.NODE, expected=expected, found=found, hint=hint)


class NodeUnreachable(ChainError):
    """Nobody answers at that address, or not in time."""


class NodeAuth(ChainError):
    """The node wants another user, password or cookie."""


class NodeWrongNetwork(ChainError):
    """The node follows another chain than the vault's."""


class NodeSyncing(ChainError):
    """The node is still catching up: its coins and heights cannot be relied on."""


class NodeNonsense(ChainError):
    """The node answered something that cannot be right."""


class NodeRejected(ChainError):
    """The node does not accept the transaction."""
