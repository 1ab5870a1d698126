"""The way through a node or an Electrum server, as on a real network, instead of `--regtest`.

They are the chain tests' simulated ones: they speak JSON-RPC over HTTP, or lines over TCP and TLS,
over the same blocks.
"""

import contextlib
import functools
import sqlite3

import pytest
from certificates import self_signed
from house import ALICE, BOB, CAROL, Forked, House
from replayed_node import PASSWORD, USER
from replayed_node import serving as serving_node
from simulated_electrum import SimulatedElectrum
from simulated_electrum import serving as serving_electrum
from simulated_forks import SimulatedBchn, SimulatedMonacoind
from simulated_node import SimulatedNode
from world import World

from policies.envelope import Envelope
from policies.withdrawal import Withdrawal
from signer.chain.bchvm import library
from signer.chain.nodes import NODES
from signer.chain.regtest import Regtest
from signer.cli.online.chains import folder_of
from signer.core import coins
from signer.core.names import Sats
from signer.core.vault import RECEIVE

NODE_OF = {"BTC": SimulatedNode, "BCH": SimulatedBchn, "MONA": SimulatedMonacoind}

# Each way: the coin of the house, who answers, and with what options besides.
WAYS = {
    "bitcoind, scanning": ("BTC", "node", ""),
    "bitcoind, with a wallet": ("BTC", "node", "--wallet watch"),
    "ElectrumX": ("BTC", "electrumx", ""),
    "Fulcrum over TLS": ("BTC", "fulcrum", "--electrum-cert server.pem"),
    "Bitcoin Cash Node": ("BCH", "node", ""),
    "Fulcrum of Bitcoin Cash over TLS": ("BCH", "fulcrum", "--electrum-cert server.pem"),
    "monacoind": ("MONA", "node", ""),
    "ElectrumX of Monacoin": ("MONA", "electrumx", ""),
}


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """A house for each coin, with money, made when it is first asked for."""

    @functools.cache
    def made(coin):
        if coin == "BCH":
            library.install()  # the virtual machine that judges what is sent
        folder = tmp_path_factory.mktemp(coin) / "house"
        usual = coins.network(coin, "regtest").script_types[0]
        house = House(folder, world=World(usual, coin=coin), desk=Forked)
        house.fund(f"1{coin}", f"0.4{coin}")
        return house

    return made


@contextlib.contextmanager
def opened(house, monkeypatch):
    """The house's own chain, to mine on, and to tell of."""
    # The server answers from its own thread; the programs never ask while this one mines.
    shared = functools.partial(sqlite3.connect, check_same_thread=False)
    monkeypatch.setattr(sqlite3, "connect", shared)
    folder = house.coordinator.home / folder_of(house.coin)
    with contextlib.closing(Regtest(folder, coin=house.coin)) as chain:
        yield chain


@contextlib.contextmanager
def serving(house, server, more=""):
    """Let a server answer; the house asks it from now on."""
    if isinstance(server, SimulatedNode):
        (house.folder / "rpc").write_text(f"{PASSWORD}\n")
        with serving_node(server):
            login = f"--node-user {USER} --node-password-file rpc"
            house.asked = f"--node {server.url} {login} {more}"
            yield
        return
    tls = self_signed(house.folder, "server")[1] if "cert" in more else None
    with serving_electrum(server, tls):
        house.asked = f"--electrum {server.address} {more}"
        yield


def sealed(house, file):
    """Let two officers approve as their programs do, which see nothing of a node."""
    asked = Withdrawal.parse(Envelope.parse((house.folder / file).read_bytes()).payload)
    made = file.replace(".json", "-approved.json")
    (house.folder / made).write_bytes(house.world.approve(asked, (ALICE, BOB)).to_bytes())
    return made


@pytest.mark.parametrize("way", WAYS)
def test_request_build_and_broadcast_through(way, houses, monkeypatch):
    """Coins are found, previous transactions fetched, the transaction sent, confirmed."""
    coin, kind, more = WAYS[way]
    house = houses(coin)
    number = len(house.chain()) + 1
    w = f"w{number}"
    with opened(house, monkeypatch) as chain:
        if kind == "node":
            server = NODE_OF[coin](chain, house.world.vault)
        else:
            server = SimulatedElectrum(chain, kind, coin)
        with serving(house, server, more):
            house.request(f"{w}.json", f"0.02{coin}")
            house.build(sealed(house, f"{w}.json"), f"{w}.psbt", "--fee-rate 3")
            txid = house.finish(house.sign(f"{w}.psbt", BOB, CAROL), f"{w}.hex")
            ended = house.coordinator.runs(f"coldquorum broadcast {w}.hex {house.asked} --json")
            assert ended.code == 0, ended.err
            sent = ended.answer
            assert (sent["txid"], sent["sent"], sent["in_mempool"]) == (txid, True, True)
            assert sent["verified"]
            # An Electrum server cannot be asked beforehand: the officer is told.
            assert sent["tested"] is (kind == "node")
            assert ("sent without a test" in ended.err) is not sent["tested"]
            assert house.status(f"treasury/{number}")["state"] == "sent"
            chain.mine()
            shown = house.status(f"treasury/{number}")
            assert shown["state"] == "confirmed"
            assert shown["transaction"]["confirmations"] == 1
            again = house.send(f"{w}.hex")
            assert (again["sent"], again["confirmations"], again["settled"]) == (False, 1, True)


STRANGERS = {
    "bitcoind for Bitcoin Cash": ("BCH", SimulatedNode),
    "Bitcoin Cash Node for Bitcoin": ("BTC", SimulatedBchn),
    "bitcoind for Monacoin": ("MONA", SimulatedNode),
    "monacoind for Bitcoin": ("BTC", SimulatedMonacoind),
}


@pytest.mark.parametrize("way", STRANGERS)
def test_a_node_of_another_coin_is_not_believed(way, houses, monkeypatch):
    """Exit code 6, before the vault's scripts are told to it; no file is left."""
    coin, stranger = STRANGERS[way]
    house = houses(coin)
    to = house.world.payment().address
    with opened(house, monkeypatch) as chain, serving(house, stranger(chain, house.world.vault)):
        error = house.coordinator.fails(
            f"coldquorum request new --vault treasury --to {to}:2000000 --why no --initiator dave "
            f"--fee-ceiling 10000 -o no.json {house.asked}",
            6,
        )
    assert "follows another chain" in error["what"]
    assert not (house.folder / "no.json").exists()


class MonacoindOfMain(SimulatedMonacoind):
    """Monacoin's node on the main network, as far as it says so itself."""

    def do_getblockchaininfo(self):
        """Not behind."""
        return {**super().do_getblockchaininfo(), "chain": "main", "initialblockdownload": False}

    def do_getblockhash(self, height):
        """Where the chain begins; there Bitcoin Cash would have to show a block of its fork."""
        genesis = NODES[self.coin].networks["main"].beginnings[0].genesis
        return super().do_getblockhash(height) if height else genesis


def test_where_coins_are_worth_money_a_payment_settles_late(tmp_path, monkeypatch):
    """One block confirms it; it counts as settled, and its coins are let go, 100 blocks deep."""
    world = World("p2sh", network_name="main", coin="MONA")
    house = House(tmp_path / "house", world=world, desk=Forked)
    with opened(house, monkeypatch) as chain:
        for at in range(2):
            chain.fund(world.vault.script(RECEIVE, at).script_pubkey, Sats(100_000_000))
        with serving(house, MonacoindOfMain(chain, world.vault)):
            house.request("w1.json")
            house.build(sealed(house, "w1.json"), "w1.psbt")
            # On main an officer has to be at the terminal: here they sign as their programs do.
            raw = (house.folder / "w1.psbt").read_bytes()
            for name in (ALICE, CAROL):
                signed = world.sign(raw, house[name].home, name)
                (house.folder / f"w1-{name}.psbt").write_bytes(signed.raw)
            house.finish("w1-alice.psbt w1-carol.psbt", "w1.hex")
            house.send("w1.hex")
            chain.mine()
            shallow = house.coordinator.runs(f"coldquorum request show treasury/1 {house.asked}")
            assert "a reorganisation may still undo it: 1 of 100 confirmations" in shallow.out
            told = []
            for blocks in (98, 1):
                chain.mine(blocks)
                told.append(house.status("treasury/1")["transaction"])
    assert [(one["confirmations"], one["settled"]) for one in told] == [(99, False), (100, True)]
