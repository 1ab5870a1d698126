"""Everything that a rule may know about a transaction.

The signer's checks 1 to 7 establish these facts from the PSBT, the enrolled vault and the
approved documents; nothing here is believed on the coordinator's word.
"""

from dataclasses import dataclass

from policies.names import DocumentId, Height, Sats
from policies.withdrawal import ApprovedWithdrawal, Withdrawal


@dataclass(frozen=True, slots=True)
class SpentCoin:
    """One coin of the vault that the transaction spends.

    Attributes:
        txid: 64 lower-case hex digits, reversed byte order.
        vout: the output's index.
        amount: from the previous transaction itself.
    """

    txid: str
    vout: int
    amount: Sats


@dataclass(frozen=True, slots=True)
class Output:
    """One output.

    Attributes:
        address: derived from the script, in the coin's canonical notation; empty if it has none.
        script: the output script's bytes.
        amount: what it receives.
    """

    address: str
    script: bytes
    amount: Sats


@dataclass(frozen=True, slots=True)
class Spend:
    """A transaction whose facts are established, for the rules to judge.

    Attributes:
        coin: the vault's coin.
        network: the vault's network.
        vault: the vault's id.
        height: the transaction's nLockTime.
        inputs: the coins spent, all of this vault.
        externals: outputs that leave the vault, in the transaction's order.
        change: outputs that return to it.
        fee: inputs less outputs.
        vsize: virtual bytes of the finished transaction, with 72 bytes for each signature.
        withdrawal: the approved withdrawal that it fulfils.
        history: the withdrawals before it, oldest first.
    """

    coin: str
    network: str
    vault: DocumentId
    height: Height
    inputs: tuple[SpentCoin, ...]
    externals: tuple[Output, ...]
    change: tuple[Output, ...]
    fee: Sats
    vsize: int
    withdrawal: ApprovedWithdrawal
    history: tuple[Withdrawal, ...]
