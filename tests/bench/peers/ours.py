"""Coldquorum, by the functions that its programs call.

A program signs in two libraries and checks each signature; here, as everywhere in the bench, one
library signs once, so that like is compared with like. The program itself is a job of its own.
"""

import gc
import sys
from itertools import chain

from bench.low_r import low_r
from signer.build.addresses import addresses as on_all_cores
from signer.cli.offline import cores
from signer.core import base58, secp
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.names import DocumentId
from signer.core.psbt import PartialSig, Psbt, with_partial_sigs
from signer.core.sighash import ALL
from signer.core.vault import RECEIVE, Vault
from signer.settle.combine import Source, combine
from signer.settle.finalize import finalize
from signer.sign.facts import read
from signer.sign.softkey import SoftKey

gc.set_threshold(200_000)  # as both programs do: signer/cli/exits.py


def version():
    """Which curve it runs on."""
    return f"this tree, on {secp.version()}"


def _vault(case):
    return Vault.parse(case.read("vault.json"))


def signer_key(case, vault):
    """The first signer's key of the vault, from the bench's own text."""
    data = base58.decode(case.root, what="the bench's key")
    return SoftKey.of(ExtendedPrivateKey(data[46:], data[13:45], 0, bytes(4), 0), vault)


def full(case, *, ground):
    """Parse, verify every input and the change against the descriptor, sign, write."""
    raw, vault = case.psbt, _vault(case)
    key = signer_key(case, vault)
    sign = low_r if ground else secp.sign_ecdsa

    def run():
        facts = read(raw, {DocumentId(vault.id): vault})
        coins = facts.inputs

        def signed(numbers):
            wanted = [coins[at] for at in numbers]
            return [sign(c.digest, key.branches[c.branch].child_secret(c.index)) for c in wanted]

        made = zip(coins, cores.spread(signed, len(coins)), strict=True)
        signatures = {
            at: [PartialSig(coin.key_of(key.fingerprint), der + bytes((ALL,)))]
            for at, (coin, der) in enumerate(made)
        }
        return with_partial_sigs(facts.psbt, signatures)

    return run, bytes


def parse(case, *, ground):
    """Parse, and nothing else."""
    raw = case.psbt
    return lambda: Psbt.parse(raw), lambda psbt: psbt.tx.to_bytes()


def settle(case, *, ground):
    """Combine three signers' files, verify every signature, finalise; without Bitcoin Core."""
    vault, shares = _vault(case), case.signed
    # Bitcoin Core's code would verify everything once more; no peer has it, and it is not ours.
    sys.modules["pbk"] = None

    def run():
        sources = [Source(f"share-{at}", raw) for at, raw in enumerate(shares)]
        return finalize(combine(sources, vault)).raw

    return run, bytes


def addresses(case, *, ground):
    """Derive the first receive addresses, as `coldquorum vault addresses --csv` does it."""
    vault, count = _vault(case), case.count
    return (
        lambda: list(chain.from_iterable(on_all_cores(vault, RECEIVE, range(count)))),
        lambda found: "\n".join(found).encode(),
    )


JOBS = {"full": full, "parse": parse, "settle": settle, "addresses": addresses}
