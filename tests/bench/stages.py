"""What each stage of signing costs us, without a profiler: each is done alone, on the same data."""

import time
from statistics import median

from bench.case import Case
from bench.peers.ours import signer_key
from signer.core import secp
from signer.core.psbt import PartialSig, Psbt, with_partial_sigs
from signer.core.sighash import ALL, Bip143
from signer.core.vault import Vault
from signer.sign.facts import read

TIMES = 5


def stages(folder):
    """Markdown: milliseconds of CPU, medians of five."""
    case = Case.load(folder)
    raw, vault = case.psbt, Vault.parse(case.read("vault.json"))
    key = signer_key(case, vault)
    facts = read(raw, {vault.id: vault})
    coins, psbt = facts.inputs, facts.psbt
    bip143 = Bip143(psbt.tx)
    secrets = [key.branches[coin.branch].derive(coin.index).secret for coin in coins]
    ends = bytes((ALL,))
    made = {
        at: [PartialSig(coin.key_of(key.fingerprint), secp.sign_ecdsa(coin.digest, secret) + ends)]
        for at, (coin, secret) in enumerate(zip(coins, secrets, strict=True))
    }
    parts = {
        "parse the PSBT": lambda: Psbt.parse(raw),
        "derive every script": lambda: [vault.script(c.branch, c.index) for c in coins],
        "digests": lambda: [
            bip143.digest(at, c.script.witness_script, c.amount) for at, c in enumerate(coins)
        ],
        "all of steps 1 to 4 (those three, documents, comparisons)": lambda: read(
            raw, {vault.id: vault}
        ),
        "derive the secrets": lambda: [key.branches[c.branch].child_secret(c.index) for c in coins],
        "sign, one library": lambda: [
            secp.sign_ecdsa(c.digest, secret) for c, secret in zip(coins, secrets, strict=True)
        ],
        "splice the signatures in": lambda: with_partial_sigs(psbt, made),
    }
    lines = ["| stage | CPU, ms |", "|---|--:|"]
    lines += [f"| {name} | {_timed(stage):.1f} |" for name, stage in parts.items()]
    return "\n".join(lines)


def _timed(stage):
    found = []
    for _ in range(TIMES):
        start = time.process_time()
        stage()
        found.append(time.process_time() - start)
    return 1000 * median(found)
