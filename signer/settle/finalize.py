"""Enough signatures become a transaction that anybody can verify."""

from dataclasses import InitVar, dataclass, replace
from typing import Final as Constant

from policies.withdrawal import Withdrawal
from signer.core.errors import Fault, Refusal, Refused
from signer.core.psbt_parts import PsbtInput
from signer.core.script import push
from signer.core.transaction import Transaction, TxIn, TxOut
from signer.core.vault import Vault
from signer.settle import consensus
from signer.settle.combine import STEP, Combined
from signer.settle.consensus import Verdict
from signer.sign.facts import VaultInput

_CHECKED: Constant = object()


@dataclass(frozen=True, slots=True)
class Final:
    """A transaction that is ready for the network. Only `finalize` makes one.

    Attributes:
        tx: with its witnesses.
        vault: that it spends from.
        withdrawal: that it fulfils.
        verdict: whether the coin's engine has run it; if so, it said yes.
    """

    tx: Transaction
    vault: Vault
    withdrawal: Withdrawal
    verdict: Verdict
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _CHECKED:
            raise TypeError("only finalize makes a final transaction")

    @property
    def raw(self) -> bytes:
        """The bytes that nodes pass on (BIP144)."""
        return self.tx.to_bytes()


def finalize(combined: Combined) -> Final:
    """Put m signatures on every input, and let the coin's engine judge the whole.

    Raises:
        Refused: signatures are missing, or the engine says no.
    """
    facts = combined.facts
    if combined.missing:
        raise Refused(
            Refusal(
                STEP,
                "signatures.missing",
                f"too few signatures: {combined.sentence}",
                Fault.COSIGNER,
                expected=f"{facts.vault.threshold} on every input",
                found=f"{facts.vault.threshold - combined.missing} on the least signed input",
                hint="let more officers sign, then combine their files with this one",
            )
        )
    unsigned = facts.psbt.tx
    inputs = tuple(
        _signed(txin, said, coin, facts.vault)
        for txin, said, coin in zip(unsigned.inputs, facts.psbt.inputs, facts.inputs, strict=True)
    )
    tx = replace(unsigned, inputs=inputs)
    spent = [TxOut(coin.amount, coin.script.script_pubkey) for coin in facts.inputs]
    return Final(
        tx, facts.vault, facts.withdrawal, consensus.verify(tx, spent, facts.vault.coin), _CHECKED
    )


def _signed(txin: TxIn, said: PsbtInput, coin: VaultInput, vault: Vault) -> TxIn:
    """A multisig's witness (BIP141), or its script sig (BIP16), or one behind the other."""
    found = {signature.pubkey: signature.signature for signature in said.partial_sigs}
    # CHECKMULTISIG walks keys and signatures in step, so they come in the script's order, and
    # takes one element too many, whose content the scheme says.
    places = [at for at, (pubkey, _) in enumerate(coin.script.keys) if pubkey in found]
    places = places[: vault.threshold]
    signatures = [found[coin.script.keys[at].pubkey] for at in places]
    redeem, script = coin.script.redeem_script, coin.script.witness_script
    if script:
        sig, witness = push(redeem) if redeem else b"", (b"", *signatures, script)
    else:
        dummy = vault.scheme.dummy(places, len(coin.script.keys))
        sig, witness = dummy + b"".join(map(push, (*signatures, redeem))), ()
    return TxIn(txin.outpoint, sig, txin.sequence, witness)
