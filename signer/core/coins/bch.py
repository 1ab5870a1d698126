"""Bitcoin Cash. Sources: bitcoin-cash-node, `src/chainparams.cpp`, `src/script/sighashtype.h`,
`src/consensus/consensus.h`; CashAddr, Schnorr multisig and P2SH32 by their specifications.
"""  # noqa: D205 -- a list of sources

from types import MappingProxyType

from signer.core.coins.coin import Coin, Network
from signer.core.names import Sats

_XPUB, _TPUB = bytes.fromhex("0488b21e"), bytes.fromhex("043587cf")
_MAIN = Network(
    "main",
    valuable=True,
    slip44=145,
    script_types=("p2sh32", "p2sh"),
    hrp="",
    taproot=False,
    p2pkh=0,
    p2sh=5,
    xpub=_XPUB,
    cashaddr="bitcoincash",
)
_TEST = _MAIN._replace(
    name="test",
    valuable=False,
    slip44=1,
    p2pkh=111,
    p2sh=196,
    xpub=_TPUB,
    cashaddr="bchtest",
)
_REGTEST = _TEST._replace(name="regtest", cashaddr="bchreg")

BCH = Coin(
    "BCH",
    title="Bitcoin Cash",
    smallest="sat",
    decimals=8,
    max_money=Sats(21_000_000 * 100_000_000),
    networks=MappingProxyType({n.name: n for n in (_MAIN, _TEST, _REGTEST)}),
    sighash=0x41,  # ALL with FORKID; the fork value above it is 0
    schemes=("ecdsa", "schnorr"),
    engine="bch-vm",
    spacing=600,
    max_rate=20,
    payable=("p2pkh", "p2sh", "p2sh32"),
    replaceable=False,  # bitcoin-cash-node keeps what it saw first
)
