"""Transactions that no recording has: several coins, several change outputs, more cosigners."""

from dataclasses import replace

from simulated import root_of

from hw.task import SigningTask, TaskInput, TaskOutput
from policies.strict_json import dump
from signer.core.bip32 import parse_path
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import Descriptor, checksum
from signer.core.sighash import Bip143
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import Vault
from signer.station.device_psbt import device_psbt
from signer.station.task import script_facts, vault_facts

_NET = network("BTC", "test")
_PAYEE = bytes.fromhex("0014a3c6b1ee4a49d9f2af3b3802974744fba924164a")


def vault_of(vendor: str, threshold: int, count: int, *, wrapped: bool = False) -> Vault:
    """A vault of the simulated device and `count - 1` others; wrapped: P2SH-P2WSH."""
    path = parse_path("48h/1h/0h/1h" if wrapped else "48h/1h/0h/2h")
    roots = [root_of("device")]
    roots += [ExtendedPrivateKey.from_seed(bytes((n,)) * 32) for n in range(1, count)]
    keys = [
        f"[{root.fingerprint}{'/48h/1h/0h/1h' if wrapped else '/48h/1h/0h/2h'}]"
        f"{root.derive_path(path).public().to_text(_NET.xpub)}/<0;1>/*"
        for root in roots
    ]
    text = f"wsh(sortedmulti({threshold},{','.join(keys)}))"
    text = f"sh({text})" if wrapped else text
    descriptor = Descriptor.parse(f"{text}#{checksum(text)}", _NET).text
    signers = [
        {
            "officer": f"officer{number}",
            "fingerprint": root.fingerprint,
            "type": vendor if number == 0 else "enforcing",
        }
        for number, root in enumerate(roots)
    ]
    return Vault.parse(
        dump(
            {
                "kind": "vault", "version": 1, "name": "large", "coin": "BTC", "network": "test",
                "descriptor": descriptor, "birth_height": 0, "signers": signers,
            }
        )
    )  # fmt: skip


def withdrawal(vault: Vault, coins: int, changes: int) -> SigningTask:
    """Spend so many coins, each of its own previous transaction, to a payee and so many changes."""
    inputs, points = [], []
    for number in range(coins):
        script, amount = script_facts(vault, number % 2, number), 100_000 + number
        other = TxOut(7_000 + number, _PAYEE)
        spent = TxIn(OutPoint(f"{number + 1:02x}" * 32, number), b"\x51" * number, 0xFFFFFFFE)
        previous = Transaction(
            2, (spent, spent), (other, TxOut(amount, script.script_pubkey)), number
        )
        points.append(TxIn(OutPoint(previous.txid, 1), b"", 0xFFFFFFFD))
        inputs.append(
            TaskInput(
                previous.to_bytes(), bytes.fromhex(previous.txid)[::-1], 1, amount, 0xFFFFFFFD,
                script, b"",
            )
        )  # fmt: skip
    outputs = [TaskOutput(50_000, _PAYEE, "tb1q50rtrmj2f8vl9tem8qpfw36ylw5jg9j20l03x8", None)]
    for number in range(changes):
        change = script_facts(vault, 1, number + 5)
        outputs.append(TaskOutput(10_000, change.script_pubkey, change.address, change))
    tx = Transaction(
        2, tuple(points), tuple(TxOut(out.amount, out.script_pubkey) for out in outputs), 800_000
    )
    digests = Bip143(tx)
    inputs = [
        replace(one, digest=digests.digest(at, one.script.witness_script, one.amount))
        for at, one in enumerate(inputs)
    ]
    facts = vault_facts(vault)
    return SigningTask(
        psbt=device_psbt(tx.to_bytes(witness=False), facts, inputs, outputs),
        version=2,
        locktime=800_000,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        vault=facts,
        fingerprint=root_of("device").fingerprint,
    )
