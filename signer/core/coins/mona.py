"""Monacoin. Sources: monacoinproject/monacoin, `src/chainparams.cpp`, `src/key_io.cpp`,
`src/amount.h`; SLIP-44.
"""  # noqa: D205 -- a list of sources

from types import MappingProxyType

from signer.core.coins.coin import Coin, Network
from signer.core.names import Sats

_XPUB, _TPUB = bytes.fromhex("0488b21e"), bytes.fromhex("043587cf")
_MAIN = Network(
    "main",
    valuable=True,
    slip44=22,
    script_types=("p2wsh", "p2sh-p2wsh", "p2sh"),
    hrp="mona",
    taproot=False,
    p2pkh=50,
    p2sh=55,
    xpub=_XPUB,
    old_p2sh=5,
)
_TEST = _MAIN._replace(
    name="test",
    valuable=False,
    slip44=1,
    hrp="tmona",
    p2pkh=111,
    p2sh=117,
    xpub=_TPUB,
    old_p2sh=196,
)
_REGTEST = _TEST._replace(name="regtest", hrp="rmona")

MONA = Coin(
    "MONA",
    title="Monacoin",
    smallest="sat",
    decimals=8,
    max_money=Sats(105_120_000 * 100_000_000),
    networks=MappingProxyType({n.name: n for n in (_MAIN, _TEST, _REGTEST)}),
    sighash=0x01,  # as Bitcoin's: the chains differ in their keys and documents alone
    schemes=("ecdsa",),
    engine="bitcoin-core",
    spacing=90,
    max_rate=300,
    payable=("p2pkh", "p2sh", "p2wpkh", "p2wsh"),
    replaceable=True,
)
