"""The way through a bitcoind's JSON-RPC, as on a real network: `--node` instead of `--regtest`.

The node is the chain tests' simulated one: it speaks JSON-RPC over HTTP, over the same blocks.
"""

import contextlib
import functools
import sqlite3
import sys

import pytest
from programs import ROOT, forked

from policies.envelope import Envelope
from signer.chain.regtest import Regtest
from signer.core.vault import Vault

GOOD = "bcrt1qz3w6x69hg4j3na3dpj5zy8alvemhrzjya70nrl"
SECRET = "--yes --passphrase-file passphrase"


def replayed_node():
    """The chain tests' server, once it is imported."""
    return sys.modules["replayed_node"]


@pytest.fixture
def node(office, monkeypatch):
    """A node that follows the demo's chain; gives its URL and the chain to mine on."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "chain")
    simulated_node = pytest.importorskip("simulated_node")
    # The server answers from its own thread; the programs never ask while this one mines.
    shared = functools.partial(sqlite3.connect, check_same_thread=False)
    monkeypatch.setattr(sqlite3, "connect", shared)
    document = Envelope.parse((office.at("coordinator") / "vault.json").read_bytes())
    with contextlib.closing(Regtest(office.home("coordinator") / "regtest")) as chain:
        node = simulated_node.SimulatedNode(chain, Vault.parse(document.payload))
        with replayed_node().serving(node):
            yield node


@pytest.mark.parametrize("wallet", ["", " --wallet watch"], ids=["scanning", "with a wallet"])
def test_request_build_and_broadcast_through_a_node(node, wallet, office, tmp_path):
    """Coins are found, previous transactions fetched, the transaction tested, sent, confirmed."""
    (office.at("coordinator") / "rpc").write_text(f"{replayed_node().PASSWORD}\n")
    login = f"--node-user {replayed_node().USER} --node-password-file rpc"
    chain = f"--node {node.url} {login}{wallet}"

    def run(machine, line):
        ended = forked(
            line.split(), cwd=office.at(machine), home=office.home(machine), scratch=tmp_path
        )
        assert ended.code == 0, ended.err
        return ended

    desk = "../coordinator"
    run(
        "coordinator",
        f"coldquorum request new --vault treasury --to {GOOD}:2000000 --why third"
        f" --initiator carol -o w3.json {chain}",
    )
    for officer in ("alice", "bob"):
        run(officer, f"coldsign approve {desk}/w3.json -o {desk}/w3-{officer}.json {SECRET}")
    run(
        "coordinator",
        f"coldquorum build w3-alice.json w3-bob.json -o w3.psbt --fee-rate 3 {chain}",
    )
    for officer in ("bob", "carol"):
        run(officer, f"coldsign sign {desk}/w3.psbt -o {desk}/w3-{officer}.psbt {SECRET}")
    run("coordinator", "coldquorum combine w3-bob.psbt w3-carol.psbt -o w3-all.psbt")
    run("coordinator", "coldquorum finalize w3-all.psbt -o w3.hex")
    sent = run("coordinator", f"coldquorum broadcast w3.hex {chain} --json").answer
    assert sent["sent"]
    assert sent["in_mempool"]
    node.chain.mine()
    shown = run("coordinator", f"coldquorum request show treasury/3 {chain} --json").answer
    assert shown["state"] == "confirmed"
    assert shown["transaction"]["confirmations"] == 1
