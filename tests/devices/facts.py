"""The recorded vault and transaction of a vendor, as the station describes them to a driver."""

import base64
from dataclasses import replace
from functools import cache

from replay import case
from simulated import root_of

from hw.task import Registration, SigningTask
from policies.strict_json import dump
from signer.core import secp
from signer.core.coins import network
from signer.core.descriptor import Descriptor
from signer.core.psbt import PartialSig, Psbt
from signer.core.sighash import Bip143
from signer.core.transaction import Transaction
from signer.core.vault import Vault
from signer.settle import consensus
from signer.sign.facts import FoundOutput, VaultInput
from signer.station.task import signing_task


@cache
def recorded_vault(vendor: str, name: str = "study") -> Vault:
    """The vault of a vendor's recordings, as a document: the device, alpha and beta."""
    said = case(vendor)
    descriptor = Descriptor.parse(said["descriptor"], network("BTC", "test")).text
    officers = ("alice", "bob", "carol")
    return Vault.parse(
        dump(
            {
                "kind": "vault",
                "version": 1,
                "name": name,
                "coin": "BTC",
                "network": "test",
                "descriptor": descriptor,
                "birth_height": 0,
                "signers": [
                    {
                        "officer": officer,
                        "fingerprint": key["master_fingerprint"],
                        "type": vendor if key["who"] == "device" else "enforcing",
                    }
                    for officer, key in zip(officers, said["keys"], strict=True)
                ],
            }
        )
    )


@cache
def recorded_psbt(vendor: str) -> Psbt:
    """The PSBT that the vendor's recordings sign."""
    return Psbt.parse(base64.b64decode(case(vendor)["psbt_before"]))


def recorded_task(vendor: str, registration: Registration | None = None) -> SigningTask:
    """The transaction of a vendor's recordings, for its device."""
    fingerprint = case(vendor)["keys"][0]["master_fingerprint"]
    return task_of(recorded_vault(vendor), recorded_psbt(vendor), fingerprint, registration)


def task_of(
    vault: Vault, psbt: Psbt, fingerprint: str, registration: Registration | None
) -> SigningTask:
    """A transaction that spends receive 0 and pays somebody, and perhaps change 1."""
    script, change = vault.script(0, 0), vault.script(1, 1)
    digests = Bip143(psbt.tx)
    inputs = []
    for at, (txin, said) in enumerate(zip(psbt.tx.inputs, psbt.inputs, strict=True)):
        amount = said.previous_tx.output(txin.outpoint.vout).amount
        digest = digests.digest(at, script.witness_script, amount)
        inputs.append(VaultInput(txin.outpoint, amount, 0, 0, script, digest, ()))
    outputs = [
        FoundOutput(
            out.script,
            out.amount,
            1 if out.script == change.script_pubkey else None,
        )
        for out in psbt.tx.outputs
    ]
    return signing_task(
        psbt, vault, inputs, outputs, fingerprint=fingerprint, registration=registration
    )


def settled(vendor: str, signature: PartialSig) -> Transaction:
    """Alpha signs, too, and Bitcoin Core's own code takes the whole; returns the transaction."""
    psbt, vault = recorded_psbt(vendor), recorded_vault(vendor)
    script = vault.script(0, 0)
    (said,) = psbt.inputs
    spent = said.previous_tx.output(psbt.tx.inputs[0].outpoint.vout)
    digest = Bip143(psbt.tx).digest(0, script.witness_script, spent.amount)
    path = next(key.path for key in script.keys if key.fingerprint == root_of("alpha").fingerprint)
    secret = root_of("alpha").derive_path(path).secret
    signatures = {
        signature.pubkey: signature.signature,
        secp.public_key(secret): secp.sign_ecdsa(digest, secret) + b"\x01",
    }
    witness = [signatures[key.pubkey] for key in script.keys if key.pubkey in signatures]
    (txin,) = psbt.tx.inputs
    signed = txin._replace(witness=(b"", *witness, script.witness_script))
    final = replace(psbt.tx, inputs=(signed,))
    verdict = consensus.verify(final, [spent], "BTC")
    assert verdict.engine.startswith("py-bitcoinkernel"), "the kernel did not run"
    return final
