"""The way through a node or an Electrum server, as on a real network, instead of `--regtest`.

They are the chain tests' simulated ones: they speak JSON-RPC over HTTP, or lines over TCP and TLS,
over the same blocks.
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

# Each way: the coin of the office, who answers, and with what options besides.
WAYS = {
    "bitcoind, scanning": ("BTC", "bitcoind", ""),
    "bitcoind, with a wallet": ("BTC", "bitcoind", "--wallet watch"),
    "ElectrumX": ("BTC", "electrumx", ""),
    "Fulcrum over TLS": ("BTC", "fulcrum", "--electrum-cert server.pem"),
}


@pytest.fixture
def chain(office, monkeypatch):
    """The demo's own chain, to mine on, and to tell of."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "chain")
    # The server answers from its own thread; the programs never ask while this one mines.
    shared = functools.partial(sqlite3.connect, check_same_thread=False)
    monkeypatch.setattr(sqlite3, "connect", shared)
    with contextlib.closing(Regtest(office.home("coordinator") / "regtest")) as chain:
        yield chain


@contextlib.contextmanager
def serving(office, chain, coin, kind, tls):
    """Serve the chain; gives the options for the programs."""
    desk = office.at("coordinator")
    if kind == "bitcoind":
        simulated_node = pytest.importorskip("simulated_node")
        replayed = sys.modules["replayed_node"]
        vault = Vault.parse(Envelope.parse((desk / "vault.json").read_bytes()).payload)
        node = simulated_node.SimulatedNode(chain, vault)
        (desk / "rpc").write_text(f"{replayed.PASSWORD}\n")
        with replayed.serving(node):
            yield f"--node {node.url} --node-user {replayed.USER} --node-password-file rpc"
        return
    simulated_electrum = pytest.importorskip("simulated_electrum")
    server = simulated_electrum.SimulatedElectrum(chain, kind, coin)
    context = None
    if tls:
        _, context = pytest.importorskip("certificates").self_signed(desk, "server")
    with simulated_electrum.serving(server, context):
        yield f"--electrum {server.address}"


@pytest.mark.parametrize("way", WAYS)
def test_request_build_and_broadcast_through(way, chain, office, tmp_path):
    """Coins are found, previous transactions fetched, the transaction sent, confirmed."""
    coin, kind, more = WAYS[way]

    def run(machine, line):
        ended = forked(
            line.split(), cwd=office.at(machine), home=office.home(machine), scratch=tmp_path
        )
        assert ended.code == 0, ended.err
        return ended

    desk = "../coordinator"
    with serving(office, chain, coin, kind, "cert" in more) as options:
        asked = f"{options} {more}"
        run(
            "coordinator",
            f"coldquorum request new --vault treasury --to {GOOD}:2000000 --why third"
            f" --initiator carol -o w3.json {asked}",
        )
        for officer in ("alice", "bob"):
            run(officer, f"coldsign approve {desk}/w3.json -o {desk}/w3-{officer}.json {SECRET}")
        run(
            "coordinator",
            f"coldquorum build w3-alice.json w3-bob.json -o w3.psbt --fee-rate 3 {asked}",
        )
        for officer in ("bob", "carol"):
            run(officer, f"coldsign sign {desk}/w3.psbt -o {desk}/w3-{officer}.psbt {SECRET}")
        run("coordinator", "coldquorum combine w3-bob.psbt w3-carol.psbt -o w3-all.psbt")
        run("coordinator", "coldquorum finalize w3-all.psbt -o w3.hex")
        ended = run("coordinator", f"coldquorum broadcast w3.hex {asked} --json")
        sent = ended.answer
        assert sent["sent"]
        assert sent["in_mempool"]
        # An Electrum server cannot be asked beforehand: the officer is told.
        assert sent["tested"] is (kind == "bitcoind")
        assert ("sent without a test" in ended.err) is not sent["tested"]
        chain.mine()
        shown = run("coordinator", f"coldquorum request show treasury/3 {asked} --json").answer
        assert shown["state"] == "confirmed"
        assert shown["transaction"]["confirmations"] == 1
        again = run("coordinator", f"coldquorum broadcast w3.hex {asked} --json").answer
        assert not again["sent"]
        assert again["confirmations"] == 1
