"""A PSBT that no enrolled vault vouches for: what it claims, and nothing more."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signer.cli import show
from signer.cli.review import counted, indented
from signer.core import coins
from signer.core.address import address_of
from signer.core.amounts import format_amount
from signer.core.errors import BadInput
from signer.core.names import Sats, Txid

if TYPE_CHECKING:
    from signer.core.psbt import Psbt, PsbtInput


@dataclass(frozen=True, slots=True)
class ClaimedInput:
    """An input, as the file has it.

    Attributes:
        txid: of the transaction that it spends from.
        vout: the output's index there.
        amount: what the file says, or None when it says nothing.
        proven: whether the whole previous transaction says so, too.
        signatures: how many, none of them verified.
    """

    txid: Txid
    vout: int
    amount: Sats | None
    proven: bool
    signatures: int


@dataclass(frozen=True, slots=True)
class ClaimedOutput:
    """An output, as the file has it.

    Attributes:
        address: on the network that was asked for; empty if the script has none.
        script: in hex.
        amount: what it receives.
        change: whether the file claims that it returns to the wallet.
    """

    address: str
    script: str
    amount: Sats
    change: bool


@dataclass(frozen=True, slots=True)
class Claims:
    """What a PSBT says of itself.

    Attributes:
        coin: for addresses and amounts.
        network: for addresses.
        txid: of the unsigned transaction.
        lock_time: of the transaction.
        inputs: in order.
        outputs: in order.
        fee: if every input's amount is said; else None.
    """

    coin: str
    network: str
    txid: Txid
    lock_time: int
    inputs: tuple[ClaimedInput, ...]
    outputs: tuple[ClaimedOutput, ...]
    fee: int | None


def claims(psbt: "Psbt", coin: str, network: str) -> Claims:
    """Read a PSBT without believing it.

    Raises:
        BadInput: an unknown coin or network.
    """
    inputs = tuple(
        _input(said, txin.outpoint.txid, txin.outpoint.vout)
        for said, txin in zip(psbt.inputs, psbt.tx.inputs, strict=True)
    )
    outputs = tuple(
        ClaimedOutput(
            address_of(out.script, coin, network) or "",
            out.script.hex(),
            out.amount,
            bool(said.derivations),
        )
        for said, out in zip(psbt.outputs, psbt.tx.outputs, strict=True)
    )
    amounts = [i.amount for i in inputs]
    known = [amount for amount in amounts if amount is not None]
    fee = sum(known) - sum(o.amount for o in outputs) if len(known) == len(amounts) else None
    return Claims(coin, network, psbt.tx.txid, psbt.tx.lock_time, inputs, outputs, fee)


def named(psbt: "Psbt") -> tuple[str, str] | None:
    """The coin and network that the file's own withdrawal names, if it holds one."""
    from policies.withdrawal import Withdrawal
    from signer.carry.bundle import documents

    try:
        withdrawal = Withdrawal.parse(documents(psbt).withdrawal.payload)
        coins.network(withdrawal.coin, withdrawal.network)
    except BadInput:
        return None
    return withdrawal.coin, withdrawal.network


def _input(said: "PsbtInput", txid: Txid, vout: int) -> ClaimedInput:
    # Psbt.parse has compared the previous transaction's id and length with the outpoint.
    spent = said.previous_tx.output(vout) if said.previous_tx else said.witness_utxo
    amount = spent.amount if spent else None
    return ClaimedInput(txid, vout, amount, said.previous_tx is not None, len(said.partial_sigs))


def text(found: Claims) -> Iterator[str]:
    """The claims for people."""
    yield f"a transaction with {counted(len(found.inputs), 'input')} and " + counted(
        len(found.outputs), "output"
    )
    yield ""
    for spent in found.inputs:
        note = f"signed {spent.signatures} times, unverified" if spent.signatures else ""
        if not spent.proven:
            note = f"amount unproven  {note}".rstrip()
        yield f"  spends  {_amount(spent.amount, found.coin)}  {note}".rstrip()
        yield f"          {spent.txid}:{spent.vout}"
    for out in found.outputs:
        note = "claims to be change" if out.change else ""
        yield f"  pays    {_amount(out.amount, found.coin)}  {note}".rstrip()
        yield from indented(out.address, 4) if out.address else [f"        script {out.script}"]
    yield f"  fee     {_amount(found.fee, found.coin)}"
    yield ""
    yield "  txid, unsigned"
    yield from indented(found.txid, 2)
    yield show.columns((("lock time", str(found.lock_time)),), indent=2)
    yield f"  addresses are written for {found.coin} {found.network}"


def _amount(amount: int | None, coin: str) -> str:
    return f"{'unknown' if amount is None else format_amount(amount, coin):>28}"
