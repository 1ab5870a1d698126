"""What the recordings do not show, with each simulated device: other scripts, more of everything.

A 3-of-5 vault whose keys the devices' owner and four others hold, three coins on both branches, two
outputs that return and two that do not.
"""

from hashlib import sha256
from types import SimpleNamespace

import pytest
from around import Notebook, around
from bus import Bus
from simulated import root_of
from simulators import SIMULATORS

from hw import find, usb
from policies.strict_json import dump
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import Descriptor, bip48_path, checksum
from signer.core.sighash import Bip143
from signer.core.transaction import Outline, OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import Vault
from signer.sign.facts import FoundOutput, VaultInput
from signer.station.answer import accept
from signer.station.task import script_facts, signing_task, vault_facts

VENDORS = tuple(driver.vendor for driver in find.DRIVERS if not driver.enforcing)
TESTNET = network("BTC", "test")


def wide_vault(script_type, vendor):
    """3 of 5, the device's key in the middle."""
    path = bip48_path(TESTNET, script_type)
    others = [ExtendedPrivateKey.from_seed(sha256(bytes((n,))).digest()) for n in range(4)]
    roots = [*others[:2], root_of("device"), *others[2:]]
    origin = "/".join(f"{step - 2**31}h" for step in path)
    keys = ",".join(
        f"[{root.fingerprint}/{origin}]{root.derive_path(path).public().to_text(TESTNET.xpub)}/<0;1>/*"
        for root in roots
    )
    body = f"wsh(sortedmulti(3,{keys}))"
    body = f"sh({body})" if script_type == "p2sh-p2wsh" else body
    descriptor = Descriptor.parse(f"{body}#{checksum(body)}", TESTNET).text
    signers = [
        {
            "officer": f"officer-{at}",
            "fingerprint": root.fingerprint,
            "type": vendor if at == 2 else "enforcing",
        }
        for at, root in enumerate(roots)
    ]
    return Vault.parse(
        dump(
            {
                "kind": "vault",
                "version": 1,
                "name": "wide",
                "coin": "BTC",
                "network": "test",
                "descriptor": descriptor,
                "birth_height": 0,
                "signers": signers,
            }
        )
    )


def wide_task(vault, registration):
    """Three coins of the vault, paid to two strangers; the rest returns to two addresses."""
    places = ((0, 0), (1, 3), (0, 200))
    coins = []
    for at, (branch, index) in enumerate(places):
        spent = TxOut(1_000_000 + at, vault.script(branch, index).script_pubkey)
        before = (TxIn(OutPoint(bytes((at + 1,) * 32).hex(), 7), b"\x51", 0xFFFFFFFE),) * (at + 1)
        other = TxOut(5, bytes((0, 20)) + bytes(20))
        coins.append(Transaction(2, before, (other,) * at + (spent,), 99 * at))
    strangers = [
        TxOut(700_000, bytes((0, 20)) + bytes(range(20))),
        TxOut(300_000, bytes((0x51, 32)) + bytes(range(32))),
        TxOut(200_000, bytes((0xA9, 20)) + bytes(range(20)) + b"\x87"),
        TxOut(100_000, b"\x76\xa9\x14" + bytes(range(20)) + b"\x88\xac"),
        TxOut(90_000, bytes((0, 32)) + bytes(range(32))),
    ]
    returns = [TxOut(800_000, vault.script(1, 4).script_pubkey)]
    returns.append(TxOut(700_000, vault.script(1, 5).script_pubkey))
    inputs = tuple(TxIn(OutPoint(tx.txid, at), b"", 0xFFFFFFFD) for at, tx in enumerate(coins))
    tx = Transaction(2, inputs, (*strangers, *returns), 800_000)
    digests = Bip143(tx)
    facts = []
    for at, (coin, (branch, index)) in enumerate(zip(coins, places, strict=True)):
        script, amount = vault.script(branch, index), coin.outputs[at].amount
        digest = digests.digest(at, script.witness_script, amount)
        facts.append(VaultInput(inputs[at].outpoint, amount, branch, index, script, digest, ()))
    found = [
        FoundOutput(out.script, out.amount, change)
        for out, change in zip(tx.outputs, (*[None] * len(strangers), 4, 5), strict=True)
    ]
    said = [SimpleNamespace(previous_tx=Outline.parse(coin.to_bytes())) for coin in coins]
    file = SimpleNamespace(tx=tx, inputs=said, raw=b"")
    fingerprint = root_of("device").fingerprint
    return signing_task(
        file, vault, facts, found, fingerprint=fingerprint, registration=registration
    )


@pytest.fixture(autouse=True)
def _real_bus():
    yield
    usb.use_backend(None)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
def test_more_of_everything(vendor, script_type):
    """Registered, shown on both branches, and every input signed over our own digest."""
    bus = Bus()
    usb.use_backend(bus, bus.clock, bus.pause)
    device = SIMULATORS[vendor](bus)
    plugged = device.plugged()
    vault = wide_vault(script_type, vendor)
    facts = vault_facts(vault)
    (place,) = find.attached()
    signer = place.open(around(bus))
    kept = signer.registered(facts, None) or signer.register(facts)
    for branch, index in ((0, 7), (1, 2)):
        script = script_facts(vault, branch, index)
        assert signer.show_address(facts, script, kept) == script.address
    task = wide_task(vault, kept)
    assert len(accept(task, signer.sign(task), Notebook())) == 3
    signer.close()
    assert plugged.given_back
