"""Bitcoin. Source: Bitcoin Core, `src/kernel/chainparams.cpp` and `src/consensus/amount.h`."""

from types import MappingProxyType

from signer.core.coins.coin import Coin, Network
from signer.core.names import Sats

_SCRIPTS = ("p2wsh", "p2sh-p2wsh", "p2sh")
_XPUB, _TPUB = bytes.fromhex("0488b21e"), bytes.fromhex("043587cf")
_MAIN = Network(
    "main",
    valuable=True,
    slip44=0,
    script_types=_SCRIPTS,
    hrp="bc",
    taproot=True,
    p2pkh=0,
    p2sh=5,
    xpub=_XPUB,
)
_TEST = _MAIN._replace(
    name="test", valuable=False, slip44=1, hrp="tb", p2pkh=111, p2sh=196, xpub=_TPUB
)
_SIGNET = _TEST._replace(name="signet")
_REGTEST = _TEST._replace(name="regtest", hrp="bcrt")

BTC = Coin(
    "BTC",
    title="Bitcoin",
    smallest="sat",
    decimals=8,
    max_money=Sats(21_000_000 * 100_000_000),
    networks=MappingProxyType({n.name: n for n in (_MAIN, _TEST, _SIGNET, _REGTEST)}),
    sighash=0x01,  # SIGHASH_ALL, Core `script/interpreter.h`
    schemes=("ecdsa",),
    engine="bitcoin-core",
    spacing=600,
    max_rate=100,
    payable=("p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr"),
    replaceable=True,
)
