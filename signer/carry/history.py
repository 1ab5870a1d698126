"""The history file: withdrawals for a signer that is behind. Only carried here, never believed.

A JSON table: kind `history`, version 1, and `withdrawals`, oldest first, each with its `payload`
in base64. `policies.chain.verify_chain` judges what comes out.
"""

from base64 import b64encode
from collections.abc import Sequence

from policies import strict_json
from policies.envelope import MAX_DOCUMENT
from policies.strict_json import Fields
from policies.withdrawal import Withdrawal

HISTORY = "history"
MAX_HISTORY = 64 * MAX_DOCUMENT
"""Bytes of a history file: a hundred thousand withdrawals of the usual 600 bytes."""


def write_history(chain: Sequence[Withdrawal]) -> bytes:
    """Write withdrawals as a history file: their payloads as received, oldest first."""
    payloads = [{"payload": b64encode(link.payload).decode("ascii")} for link in chain]
    return strict_json.dump({"kind": HISTORY, "version": 1, "withdrawals": payloads}) + b"\n"


def read_history(data: bytes) -> tuple[Withdrawal, ...]:
    """Read a history file; nothing in it is verified yet.

    Raises:
        BadInput: not a history, or one of its withdrawals is none.
    """
    raw = strict_json.load(data, limit=MAX_HISTORY, what=HISTORY)
    fields = Fields(raw, HISTORY, ("kind", "version", "withdrawals"))
    fields.exactly("kind", HISTORY)
    fields.exactly("version", 1)
    links = fields.tables("withdrawals", required=("payload",))
    return tuple(Withdrawal.parse(link.base64("payload")) for link in links)
