"""Published transactions of Bitcoin Cash, judged here and by the virtual machine.

Their verdicts are libauth's and Bitcoin Cash Node's. What judges here is the tests' own digest, the
product's curve, and a page of code that follows the specification of Schnorr multisig.
"""

import json
from pathlib import Path

import pytest

from signer.chain.whole import parse_transaction
from signer.core import schnorr, secp
from signer.core.hashes import hash160, sha256d
from signer.core.transaction import TxOut
from signer.core.wire import Reader
from tests.bch.multisig_spends import ALL_FORKID, digest
from tests.bch.spoiling import pushes

VECTORS = Path(__file__).parents[1] / "vectors"
SIGHASH = json.loads((VECTORS / "bch_sighash.json").read_text())["cases"]
MULTISIG = json.loads((VECTORS / "bch_multisig.json").read_text())["cases"]


def outputs(data):
    """The outputs that a vector's transaction spends: a count, and as in a transaction."""
    reader = Reader(data, "spent outputs")
    found = tuple(TxOut.read(reader) for _ in range(reader.count(9)))
    reader.finish()
    return found


def judged(tx, index, spent):
    """Whether a P2SH multisig input is validly signed, ALL with FORKID."""
    *items, redeem = pushes(tx.inputs[index].script_sig)
    lock = spent[index].script
    if lock not in (
        b"\xa9\x14" + hash160(redeem) + b"\x87",
        b"\xaa\x20" + sha256d(redeem) + b"\x87",
    ):
        return False
    m, n = redeem[0] - 0x50, redeem[-2] - 0x50
    keys = [redeem[2 + 34 * at : 35 + 34 * at] for at in range(n)]
    dummy, *signatures = items
    if len(signatures) != m or any(s[-1:] != bytes((ALL_FORKID,)) for s in signatures):
        return False
    message = digest(tx, index, spent, redeem)
    if not dummy:
        keys_left = iter(keys)
        return all(
            len(s) != 65 and any(secp.verify_ecdsa(message, s[:-1], key) for key in keys_left)
            for s in signatures
        )
    bits = int.from_bytes(dummy, "little")
    chosen = [key for at, key in enumerate(keys) if bits >> at & 1]
    return (
        len(dummy) == (n + 7) // 8
        and not bits >> n
        and len(chosen) == m
        and all(
            len(s) == 65 and schnorr.verify(message, s[:-1], key)
            for s, key in zip(signatures, chosen, strict=True)
        )
    )


@pytest.mark.parametrize("case", MULTISIG, ids=lambda case: case["id"])
def test_multisig_is_judged_as_published(machine, case):
    """By us and by the machine, as libauth and Bitcoin Cash Node publish it."""
    raw, spent = bytes.fromhex(case["tx"]), outputs(bytes.fromhex(case["spent"]))
    assert judged(parse_transaction(raw), case["index"], spent) is case["valid"], case["what"]
    assert machine.verify(raw, spent).valid is case["valid"], case["what"]


@pytest.mark.parametrize("case", SIGHASH, ids=lambda case: case["id"])
def test_digests_are_the_published_ones(machine, case):
    """What is signed, byte for byte, with tokens in inputs and outputs too."""
    serialization = bytes.fromhex(case["serialization"])
    assert sha256d(serialization).hex() == case["digest"]
    tx = parse_transaction(bytes.fromhex(case["tx"]))
    spent = outputs(bytes.fromhex(case["spent"]))
    # Behind version, two hashes and the outpoint: perhaps a token, then the script that is run.
    rest = serialization[104:]
    token = spent[case["index"]].script.removesuffix(unprefixed(spent[case["index"]].script))
    reader = Reader(rest, "serialization")
    assert reader.take(len(token)) == token
    code = reader.var_bytes()
    assert digest(tx, case["index"], spent, code, token=token).hex() == case["digest"]
    assert machine.verify(tx.to_bytes(), spent).valid


def unprefixed(script):
    """The script behind a token prefix (CHIP-2022-02, "Token Prefix"), if there is one."""
    if script[:1] != b"\xef":
        return script
    reader = Reader(script, "token prefix")
    reader.take(33)
    (flags,) = reader.take(1)
    if flags & 0x40:
        reader.var_bytes()
    if flags & 0x10:
        first = reader.take(1)[0]
        reader.take({0xFD: 2, 0xFE: 4, 0xFF: 8}.get(first, 0))
    return script[reader.position :]
