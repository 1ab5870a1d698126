"""embit, with the checks against the descriptor that it leaves to its caller.

It verifies no signature when it combines: `settle` puts the signatures together and finalises. Its
own grinding stops at 70 bytes of DER, where one signature in some hundred has a high r and a short
s; so that all grind alike, the driver looks at r.
"""

from embit import ec
from embit.bip32 import HDKey
from embit.descriptor import Descriptor
from embit.finalizer import finalize_psbt
from embit.networks import NETWORKS
from embit.psbt import PSBT
from embit.util import secp256k1


def version():
    """Which curve it found."""
    from importlib.metadata import version as of

    return f"embit {of('embit')}, curve through {secp256k1.__name__.rpartition('.')[2]}"


def _descriptor(case):
    return Descriptor.from_string(case.descriptor)


def _check(psbt, descriptor):
    for at, said in enumerate(psbt.inputs):
        spent = said.non_witness_utxo.vout[said.vout]
        if said.non_witness_utxo.txid() != said.txid:
            raise ValueError(f"input {at}: another previous transaction")
        if said.witness_utxo is not None and (
            said.witness_utxo.value != spent.value
            or said.witness_utxo.script_pubkey != spent.script_pubkey
        ):
            raise ValueError(f"input {at}: lies about its coin")
        if _derived(said, descriptor) != spent.script_pubkey:
            raise ValueError(f"input {at}: not the wallet's")
    for at, said in enumerate(psbt.outputs):
        if said.bip32_derivations and _derived(said, descriptor) != said.script_pubkey:
            raise ValueError(f"output {at}: not the wallet's")


def _derived(said, descriptor):
    claim = next(iter(said.bip32_derivations.values())).derivation
    return descriptor.derive(claim[-1], branch_index=claim[-2]).script_pubkey()


def _plain(key, digest):
    return ec.Signature(secp256k1.ecdsa_sign(digest, key.secret))


def _low_r(key, digest):
    found = secp256k1.ecdsa_sign(digest, key.secret)
    counter = 0
    while secp256k1.ecdsa_signature_serialize_compact(found)[0] > 0x7F:
        counter += 1
        extra = counter.to_bytes(32, "little")
        found = secp256k1.ecdsa_sign(digest, key.secret, None, extra)
    return ec.Signature(found)


def full(case, *, ground):
    """As for us; signed with the master key, by which embit finds its inputs."""
    raw, descriptor, root = case.psbt, _descriptor(case), HDKey.from_string(case.root)
    ec.PrivateKey.sign = _low_r if ground else _plain

    def run():
        psbt = PSBT.parse(raw)
        _check(psbt, descriptor)
        psbt.sign_with(root)
        return psbt.serialize()

    return run, bytes


def parse(case, *, ground):
    """Parse, and nothing else."""
    raw = case.psbt
    return lambda: PSBT.parse(raw), lambda psbt: psbt.tx.serialize()


def settle(case, *, ground):
    """Put signatures together, and finalise."""
    shares = case.signed

    def run():
        first, *others = map(PSBT.parse, shares)
        for other in others:
            for mine, theirs in zip(first.inputs, other.inputs, strict=True):
                mine.partial_sigs.update(theirs.partial_sigs)
        tx = finalize_psbt(first)
        if tx is None:
            raise ValueError("cannot finalise")
        return tx

    return run, lambda tx: tx.serialize()


def addresses(case, *, ground):
    """Derive the first receive addresses."""
    descriptor, count, network = _descriptor(case), case.count, NETWORKS["regtest"]
    return (
        lambda: [descriptor.derive(at, branch_index=0).address(network) for at in range(count)],
        lambda found: "\n".join(found).encode(),
    )


JOBS = {"full": full, "parse": parse, "settle": settle, "addresses": addresses}
