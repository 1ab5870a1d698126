"""From what the station established to what a driver is asked."""

from collections.abc import Sequence

from hw.task import (
    Chain,
    Cosigner,
    Registration,
    ScriptFacts,
    ScriptKey,
    SigningTask,
    TaskInput,
    TaskOutput,
    VaultFacts,
)
from signer.core.address import address_of
from signer.core.names import Fingerprint
from signer.core.psbt import Psbt
from signer.core.vault import CHANGE, Vault
from signer.sign.facts import FoundOutput, VaultInput
from signer.station.device_psbt import device_psbt


def vault_facts(vault: Vault) -> VaultFacts:
    """The enrolled vault, in a driver's words."""
    version = vault.form.network.xpub
    cosigners = tuple(
        Cosigner(key.origin.fingerprint, key.origin.path, key.xpub.to_text(version))
        for key in vault.keys
    )
    return VaultFacts(
        id=vault.id,
        name=vault.name,
        chain=Chain(vault.coin, vault.network),
        script_type=vault.script_type,
        threshold=vault.threshold,
        cosigners=cosigners,
        descriptor=vault.descriptor,
        signatures=vault.scheme.name,
    )


def script_facts(vault: Vault, branch: int, index: int) -> ScriptFacts:
    """One address of the vault, derived here.

    Raises:
        BadInput: the vault has no such address.
    """
    script = vault.script(branch, index)
    return ScriptFacts(
        branch=branch,
        index=index,
        address=vault.address(branch, index),
        script_pubkey=script.script_pubkey,
        witness_script=script.witness_script,
        redeem_script=script.redeem_script,
        keys=tuple(ScriptKey(key.pubkey, key.fingerprint, key.path) for key in script.keys),
    )


def signing_task(
    psbt: Psbt,
    vault: Vault,
    inputs: Sequence[VaultInput],
    outputs: Sequence[FoundOutput],
    *,
    fingerprint: Fingerprint,
    registration: Registration | None,
) -> SigningTask:
    """What one device shall sign.

    Args:
        psbt: the file; what it claims is used only where the facts are not derived here.
        vault: the enrolled vault.
        inputs: established facts, in order.
        outputs: established facts, in order.
        fingerprint: whose signatures are wanted.
        registration: what is kept of the device's own.
    """
    tx = psbt.tx
    task_inputs = []
    for coin, txin, said in zip(inputs, tx.inputs, psbt.inputs, strict=True):
        previous = said.previous_tx
        if previous is None:
            raise ValueError("the facts of an input come from its previous transaction")
        task_inputs.append(
            TaskInput(
                previous_tx=previous.raw,
                previous_txid=bytes.fromhex(coin.coin.txid)[::-1],
                vout=coin.coin.vout,
                amount=coin.amount,
                sequence=txin.sequence,
                script=script_facts(vault, coin.branch, coin.index),
                digest=coin.digest,
            )
        )
    task_outputs = [
        TaskOutput(
            amount=out.amount,
            script_pubkey=out.script,
            address=address_of(out.script, vault.coin, vault.network) or "",
            change=None
            if out.change_index is None
            else script_facts(vault, CHANGE, out.change_index),
        )
        for out in outputs
    ]
    facts = vault_facts(vault)
    return SigningTask(
        psbt=device_psbt(tx.to_bytes(witness=False), facts, task_inputs, task_outputs),
        version=tx.version,
        locktime=tx.lock_time,
        inputs=tuple(task_inputs),
        outputs=tuple(task_outputs),
        vault=facts,
        fingerprint=fingerprint,
        sighash=vault.sighash,
        registration=registration,
        bundle=psbt.raw,
    )
