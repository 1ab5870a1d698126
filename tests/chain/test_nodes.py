"""The table of the coins' nodes: its facts against each other, and nodes of the wrong coin."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from recorded_vault import recorded_vault
from replayed_node import PASSWORD, USER, serving
from simulated_electrum import SimulatedElectrum
from simulated_electrum import serving as serving_lines
from simulated_forks import SimulatedBchn, SimulatedMonacoind
from simulated_node import SimulatedNode

from signer.chain import electrum
from signer.chain.bitcoind import Bitcoind, connect
from signer.chain.chain import Chain
from signer.chain.electrum_link import parse_server
from signer.chain.errors import ChainError, NodeNonsense, NodeWrongNetwork
from signer.chain.nodes import NODES
from signer.chain.regtest import Regtest
from signer.chain.rejection import rejected
from signer.chain.tokens import behind_token
from signer.chain.whole import parse_transaction
from signer.core.coins import COINS
from signer.core.errors import BadInput
from signer.core.hashes import sha256d
from signer.core.names import Sats
from signer.core.transaction import OutPoint
from signer.core.vault import Vault

SIMULATED = {"BTC": SimulatedNode, "BCH": SimulatedBchn, "MONA": SimulatedMonacoind}

TOKEN = b"\xef" + bytes(32)
"""A prefix up to the bits (CHIP-2022-02-CashTokens, "Token Prefix")."""


def reach(node: SimulatedNode, coin: str, wallet: str | None = None) -> Bitcoind:
    """The node as `connect` finds it for a coin."""
    return connect(
        node.url, coin=coin, network="regtest", user=USER, password=PASSWORD, wallet=wallet
    )


def test_every_coin_and_network_has_a_node() -> None:
    """Whatever a vault can be of, a node can be asked; no more and no less."""
    for name, coin in COINS.items():
        assert set(NODES[name].networks) == set(coin.networks)


def test_no_two_chains_are_taken_for_each_other() -> None:
    """Each differs by its first block or its landmark; on regtest Bitcoin Cash's by its name."""
    chains = {
        (coin, network, one.genesis, one.landmark)
        for coin, node in NODES.items()
        for network, known in node.networks.items()
        for one in known.beginnings
    }
    seen: dict[object, tuple[str, str]] = {}
    for coin, network, genesis, landmark in chains:
        assert len(genesis) == 64
        clash = seen.setdefault((genesis, landmark), (coin, network))
        assert clash == (coin, network) or {clash, (coin, network)} == {
            ("BTC", "regtest"),
            ("BCH", "regtest"),
        }


@pytest.mark.parametrize(
    ("coin", "network", "time", "bits", "nonce"),
    [
        ("MONA", "main", 1388479472, 0x1E0FFFF0, 1234534),
        ("MONA", "test", 1488924140, 0x1E0FFFF0, 2122860),
        ("MONA", "regtest", 1296688602, 0x207FFFFF, 1),
        ("BTC", "main", 1231006505, 0x1D00FFFF, 2083236893),
        ("BTC", "test", 1296688602, 0x1D00FFFF, 414098458),
        ("BTC", "signet", 1598918400, 0x1E0377AE, 52613770),
        ("BTC", "regtest", 1296688602, 0x207FFFFF, 2),
        ("BCH", "main", 1231006505, 0x1D00FFFF, 2083236893),
    ],
)
def test_first_blocks_hash_to_what_the_table_says(
    coin: str, network: str, time: int, bits: int, nonce: int
) -> None:
    """From the arguments of CreateGenesisBlock in each node's `src/chainparams.cpp`."""
    root = {
        "MONA": "35e405a8a46f4dbc1941727aaf338939323c3b955232d0317f8731fe07ac4ba6",
    }.get(coin, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b")
    parts = (time, bits, nonce)
    header = (1).to_bytes(4, "little") + bytes(32) + bytes.fromhex(root)[::-1]
    header += b"".join(part.to_bytes(4, "little") for part in parts)
    assert sha256d(header)[::-1].hex() == NODES[coin].networks[network].beginnings[0].genesis


@pytest.mark.parametrize("of", SIMULATED)
@pytest.mark.parametrize("asked", SIMULATED)
def test_nodes_of_another_coin_are_refused(
    still: Regtest, vault: Vault, of: str, asked: str
) -> None:
    """Three by three: only a coin's own node will do."""
    node = SIMULATED[of](still, vault)
    with serving(node):
        if of == asked:
            assert reach(node, asked).tip() == still.tip()
        else:
            with pytest.raises(NodeWrongNetwork, match="another chain"):
                reach(node, asked)


@pytest.mark.parametrize("coin", ["BCH", "MONA"])
def test_no_wallet_where_none_can_watch(still: Regtest, vault: Vault, coin: str) -> None:
    """Said before the node is asked, with what to do."""
    node = SIMULATED[coin](still, vault)
    with pytest.raises(BadInput, match="cannot watch") as caught:
        reach(node, coin, wallet="watch")
    assert "--wallet" in caught.value.hint


def test_one_fee_for_all(still: Regtest, vault: Vault) -> None:
    """Bitcoin Cash Node estimates without a target, never below what it relays."""
    node = SimulatedBchn(still, vault)
    with serving(node):
        chain = reach(node, "BCH")
        node.lies["estimatefee"] = lambda _: 0.00002
        assert chain.fee_rate(1) == 2_000
        node.lies["getnetworkinfo"] = lambda true: {**true, "relayfee": 0.001}
        assert chain.fee_rate(1) == 100_000


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("18: txn-mempool-conflict", "spends the same coin is waiting"),
        ("txn-mempool-conflict (code 18)", "spends the same coin is waiting"),
        ("66: min relay fee not met", "fee is below"),
        ("min relay fee not met (code 66)", "fee is below"),
        ("64: non-final", "lock time lies in the future"),
        (
            "16: mandatory-script-verify-flag-failed (Signature must be zero)",
            "signature is missing",
        ),
        ("missing-inputs", "unknown or already spent"),
    ],
)
def test_reasons_with_a_reject_code(words: str, meaning: str) -> None:
    """Bitcoin Cash Node puts one before or after; its own words stay."""
    problem = rejected(words)
    assert meaning in problem.what
    assert problem.found == words


def test_a_scan_that_finds_what_was_not_asked_for(still: Regtest, vault: Vault) -> None:
    """A script that is not the vault's, or none at all."""
    node = SimulatedBchn(still, vault)
    with serving(node):
        for script in ("0020" + "ab" * 32, "zz", None):
            node.lies["scantxoutset"] = lambda true, script=script: {
                **true,
                "unspents": [{**true["unspents"][0], "scriptPubKey": script}],
            }
            with pytest.raises(NodeNonsense):
                reach(node, "BCH").coins(vault)


@contextmanager
def cash(kind: str, funded: Regtest, vault: Vault) -> Iterator[tuple[Chain, dict[str, object]]]:
    """Bitcoin Cash through a node or a server; and where to make it lie."""
    if kind == "bchn":
        node = SimulatedBchn(funded, vault)
        with serving(node):
            yield reach(node, "BCH"), node.lies
    else:
        server = SimulatedElectrum(funded, "fulcrum", "BCH")
        with serving_lines(server):
            where = parse_server(server.address, certificate=None, plain_tcp=False)
            with electrum.connect(where, coin="BCH", network="regtest") as chain:
                yield chain, server.lies


@pytest.mark.parametrize("kind", ["bchn", "fulcrum"])
def test_coins_with_tokens_are_counted_apart(funded: Regtest, vault: Vault, kind: str) -> None:
    """They are recognised by their bytes: a node that hides the token changes nothing."""
    own = vault.script(0, 2).script_pubkey
    txid = funded.fund(TOKEN + b"\x10\x01" + own, Sats(50_000))
    (vout,) = [
        at for at, output in enumerate(_outputs(funded, txid)) if output.script.startswith(b"\xef")
    ]
    with cash(kind, funded, vault) as (chain, lies):
        plain = chain.coins(vault)
        assert len(plain) == 2
        assert chain.token_coins(vault) == (OutPoint(txid, vout),)
        assert 2 in chain.used_indexes(vault, 0)
        # Told as if there were no token at all.
        lies["scantxoutset"] = lambda true: {
            **true,
            "unspents": [
                {key: value for key, value in coin.items() if key != "tokenData"}
                for coin in true["unspents"]
            ],
        }
        lies["blockchain.scripthash.listunspent"] = lambda true: [
            {key: value for key, value in coin.items() if key != "token_data"} for coin in true
        ]
        funded.mine()
        assert chain.coins(vault) == plain
        assert chain.token_coins(vault) == (OutPoint(txid, vout),)


def test_on_other_coins_there_are_no_tokens(funded: Regtest, vault: Vault) -> None:
    """A Bitcoin node that names such an output as the vault's lies."""
    node = SimulatedNode(funded, vault)
    funded.fund(TOKEN + b"\x10\x01" + vault.script(0, 2).script_pubkey, Sats(50_000))
    with serving(node):
        chain = reach(node, "BTC")
        assert len(chain.coins(vault)) == 2
        assert chain.token_coins(vault) == ()


@pytest.mark.parametrize(
    ("prefix", "whole"),
    [
        (TOKEN + b"\x10\x01", True),
        (TOKEN + b"\x10\xfd\x00\x01", True),
        (TOKEN + b"\x20", True),
        (TOKEN + b"\x62\x03abc", True),
        (TOKEN + b"\x71\x02ab\xfe\x00\x00\x01\x00", True),
        (TOKEN + b"\x90\x01", False),
        (TOKEN + b"\x10\xfd\x01\x00", False),
        (TOKEN[:20], False),
        (b"", False),
    ],
)
def test_token_prefixes(prefix: bytes, whole: bool) -> None:
    """What stands behind the prefix; nothing behind one that is cut, reserved or not shortest."""
    script = recorded_vault().script(0, 0).script_pubkey
    found = behind_token(prefix + (script if whole else b""))
    assert found == (script if whole else None)


def _outputs(chain: Regtest, txid: str) -> tuple[object, ...]:
    from signer.core.names import Txid

    return parse_transaction(chain.transaction(Txid(txid))).outputs


def test_a_scan_is_refused_in_the_nodes_words(still: Regtest, vault: Vault) -> None:
    """An old monacoind without `raw()` says so."""
    node = SimulatedMonacoind(still, vault)
    with serving(node):
        chain = reach(node, "MONA")
        node.lies["scantxoutset"] = lambda _: {"success": False, "unspents": []}
        with pytest.raises(ChainError, match="gave up"):
            chain.coins(vault)
