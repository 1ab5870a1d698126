"""A whole transaction taken apart: what nodes tell, and what is sent to them.

No signer needs one: of an earlier transaction it reads the id and one output
(`signer/core/transaction.py`), of its own there is the unsigned form.
"""

from signer.core.names import Txid
from signer.core.transaction import Outline, OutPoint, Transaction, TxIn, TxOut, read_stack
from signer.core.wire import Reader


def parse_transaction(data: bytes) -> Transaction:
    """Read the network form (BIP144), with or without witnesses.

    Raises:
        BadInput: as `Outline.read`.
    """
    outline, reader = Outline.parse(data), Reader(data, "transaction")
    version, segwit = reader.u32(), not reader.peek(1)[0]
    reader.skip(2 if segwit else 0)
    spent = [
        (reader.take(32), reader.u32(), reader.var_bytes(), reader.u32())
        for _ in range(reader.compact_size())
    ]
    outputs = [TxOut.read(reader) for _ in range(reader.compact_size())]
    stacks = [read_stack(reader) if segwit else () for _ in spent]
    inputs = [
        TxIn(OutPoint(Txid(txid[::-1].hex()), vout), script_sig, sequence, stack)
        for (txid, vout, script_sig, sequence), stack in zip(spent, stacks, strict=True)
    ]
    tx = Transaction(version, tuple(inputs), tuple(outputs), reader.u32())
    tx.__dict__["txid"] = outline.txid  # the same, and known already
    return tx
