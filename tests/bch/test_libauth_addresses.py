"""Addresses of our vaults, as libauth writes them from the same locking bytecode."""

import json
import subprocess

import pytest

from signer.chain.bchvm import library
from signer.core.address import address_of

SCRIPTS = [
    *(b"\x76\xa9\x14" + bytes((n,)) * 20 + b"\x88\xac" for n in (0, 1, 255)),
    *(b"\xa9\x14" + bytes(range(n, n + 20)) + b"\x87" for n in (0, 99)),
    *(b"\xaa\x20" + bytes(range(n, n + 32)) + b"\x87" for n in (0, 77)),
]
CODE = """
const [main, prefix, ...scripts] = process.argv.slice(1);
const { hexToBin, lockingBytecodeToCashAddress } = await import(main);
const told = (hex) => lockingBytecodeToCashAddress({ prefix, bytecode: hexToBin(hex) });
console.log(JSON.stringify(scripts.map((hex) => told(hex).address)));
"""


@pytest.mark.parametrize(
    ("network", "prefix"), [("main", "bitcoincash"), ("test", "bchtest"), ("regtest", "bchreg")]
)
def test_libauth_writes_the_same_addresses(network, prefix):
    """P2PKH, P2SH and P2SH32, on each network."""
    command = [library.node(), "--input-type=module", "-e", CODE, library.install()]
    ended = subprocess.run(
        [*map(str, command), prefix, *(script.hex() for script in SCRIPTS)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ended.stdout) == [address_of(script, "BCH", network) for script in SCRIPTS]
