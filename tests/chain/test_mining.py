"""Blocks for regtest, against numbers from the recording and from Bitcoin Core."""

import json

import pytest
from replayed_node import RECORDING

from signer.chain.mining import SUPPLY, _height_push, merkle_root, subsidy
from signer.core.hashes import sha256d


@pytest.mark.parametrize(
    ("height", "push"),
    [
        (1, "51"),
        (16, "60"),
        (17, "0111"),
        (87, "0157"),
        (127, "017f"),
        (128, "028000"),
        (255, "02ff00"),
        (256, "020001"),
        (32_767, "02ff7f"),
        (32_768, "03008000"),
        (500_000, "0320a107"),
        (8_388_608, "0400008000"),
    ],
)
def test_height_push_is_a_minimal_script_number(height: int, push: str) -> None:
    """BIP34 and CScript's `<<`: a sign bit needs a byte of its own (0x57 is in the recording)."""
    assert _height_push(height).hex() == push


def test_merkle_root_of_a_recorded_block() -> None:
    """Block 111 of the recording has two transactions."""
    blocks = [
        record["response"]["result"]
        for record in map(json.loads, RECORDING.read_text().splitlines())
        if record["request"]["method"] == "getblock" and record["request"]["params"][1] == 1
    ]
    (block,) = blocks
    assert len(block["tx"]) == 2
    root = merkle_root([bytes.fromhex(txid)[::-1] for txid in block["tx"]])
    assert root[::-1].hex() == block["merkleroot"]


def test_merkle_root_pairs_an_odd_leaf_with_itself() -> None:
    """One leaf is its own root; of three the last is hashed with itself."""
    a, b, c = (bytes((n,)) * 32 for n in range(3))
    assert merkle_root([a]) == a
    assert merkle_root([a, b, c]) == sha256d(sha256d(a + b) + sha256d(c + c))


def test_subsidy_halves_every_150_blocks_to_nothing() -> None:
    """CRegTestParams: nSubsidyHalvingInterval = 150."""
    coin = 100_000_000
    assert [subsidy(h) for h in (1, 149, 150, 300)] == [
        50 * coin,
        50 * coin,
        25 * coin,
        12.5 * coin,
    ]
    assert subsidy(32 * 150) == 1
    assert subsidy(33 * 150) == 0
    assert subsidy(150 * 64) == 0
    assert sum(subsidy(height) for height in range(1, 150 * 34)) < SUPPLY
