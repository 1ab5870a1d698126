"""Why a node does not take a transaction, in words for people.

The reasons are Bitcoin Core's own (`src/validation.cpp`, `src/consensus/tx_verify.cpp`,
`src/policy/`); the embedded regtest uses the same ones. They stay in the error as `found`.
"""

import re
from typing import Final

from signer.chain.errors import NodeRejected

_OTHER: Final = ("it breaks a rule of the node", "")

_MEANING: Final = (
    (
        "non-final",
        "its lock time lies in the future",
        "it can be sent once the chain has passed the withdrawal's height",
    ),
    ("non-BIP68-final", "a relative lock time has not run out", ""),
    (
        "bad-txns-inputs-missingorspent",
        "a coin that it spends is unknown or already spent",
        "another version of this withdrawal may have confirmed",
    ),
    (
        "missing-inputs",
        "a coin that it spends is unknown or already spent",
        "another version of this withdrawal may have confirmed",
    ),
    (
        "bad-txns-spends-conflicting-tx",
        "it spends an output of the transaction that it replaces",
        "",
    ),
    (
        "txn-mempool-conflict",
        "another transaction that spends the same coin is waiting",
        "raise the fee, or wait for the other one to confirm",
    ),
    (
        "insufficient fee",
        "another transaction that spends the same coin is waiting, and pays as much or more",
        "raise the fee by 1 sat/vB or more",
    ),
    (
        "too many potential replacements",
        "it would replace too many waiting transactions",
        "wait for them to confirm",
    ),
    ("min relay fee not met", "its fee is below what nodes pass on", "raise the fee"),
    ("mempool min fee not met", "its fee is below what this node takes now", "raise the fee"),
    (
        "max-fee-exceeded",
        "its fee is above what this node sends (-maxfeerate)",
        "check the fee: it is over 0.1 BTC for 1,000 vbytes",
    ),
    (
        "Fee exceeds maximum",
        "its fee is above what this node sends (-maxfeerate)",
        "check the fee: it is over 0.1 BTC for 1,000 vbytes",
    ),
    ("bad-txns-in-belowout", "it pays out more than it spends", ""),
    (
        "bad-txns-premature-spend-of-coinbase",
        "it spends a miner's coin that is not 100 blocks old",
        "wait for the coin to mature",
    ),
    ("dust", "an output is too small for nodes to pass on", "pay more, or leave the output out"),
    ("too-long-mempool-chain", "too many of its ancestors are waiting", "wait for a block"),
    ("tx-size", "it is too large for nodes to pass on", "spend fewer coins at once"),
    ("TX decode failed", "its bytes are no transaction", "check that the file is whole"),
    ("bad-txns", "it breaks a rule of consensus", ""),
)
"""The start of a reason, what it means, a hint. The first match counts."""

_SCRIPT_FAILED: Final = "script-verify-flag-failed"
"""After `mandatory-`, `non-mandatory-`, `mempool-` or `block-`, as the version goes."""

_SCRIPT_MEANING: Final = (
    "a signature is missing or wrong",
    "combine and finalise the signatures again",
)

ALREADY_KNOWN: Final = ("txn-already-in-mempool", "txn-already-known")
"""`testmempoolaccept` says no to what it has already; that is no rejection for us."""

_CODE: Final = re.compile(r"^[0-9]{1,3}: | \(code [0-9]{1,3}\)$")
"""What Bitcoin Cash Node puts before or after a reason: the reject code of the old peer-to-peer
message (its `src/consensus/validation.h`)."""

_LONGEST: Final = 300
"""Characters of a node's own words that are repeated: Core's longest reasons fit."""


def plain(words: str, longest: int = _LONGEST) -> str:
    """A node's words, safe for a terminal: printable, on one line, not too long."""
    return "".join(c if c.isprintable() else "?" for c in words[:longest])


def without_code(reason: str) -> str:
    """A reason without the number that older nodes put before or after it."""
    return _CODE.sub("", reason)


def rejected(reason: str) -> NodeRejected:
    """The error for a reason in Bitcoin Core's words."""
    if _SCRIPT_FAILED in reason:
        meaning, hint = _SCRIPT_MEANING
    else:
        matches = (row[1:] for row in _MEANING if without_code(reason).startswith(row[0]))
        meaning, hint = next(matches, _OTHER)
    return NodeRejected(
        f"the node does not take the transaction: {meaning}", found=plain(reason), hint=hint
    )
