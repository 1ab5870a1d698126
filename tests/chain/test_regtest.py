"""The embedded regtest: a chain with Bitcoin Core's own consensus, in a folder."""

import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from recorded_vault import payment, spend

from signer.chain import mining
from signer.chain import regtest as regtest_module
from signer.chain.chain import MIN_RELAY_FEE, Status
from signer.chain.errors import ChainError, NodeNonsense, NodeRejected, NodeUnreachable
from signer.chain.mining import SUPPLY
from signer.chain.regtest import Regtest
from signer.chain.whole import parse_transaction
from signer.core.errors import BadInput
from signer.core.names import Sats, Txid
from signer.core.transaction import OutPoint
from signer.core.vault import Vault

COIN = Sats(100_000_000)
GENESIS = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"


def fund(chain: Regtest, vault: Vault, amount: int = COIN, branch: int = 0, index: int = 0) -> Txid:
    """Pay an address of the vault."""
    return chain.fund(vault.script(branch, index).script_pubkey, Sats(amount))


def test_fresh_chain_starts_at_the_genesis_block(chain: Regtest) -> None:
    """CHAIN regtest's genesis block, as in Core's chainparams.cpp and in the recording."""
    assert (chain.network, chain.tip().height, chain.tip().hash) == ("regtest", 0, GENESIS)


def test_funding_pays_exactly_and_confirms(chain: Regtest, vault: Vault) -> None:
    """`fund` mines what it needs, and its payment is in the tip when it returns."""
    txid = fund(chain, vault, 123_456_789, index=5)
    (coin,) = chain.coins(vault)
    assert coin.outpoint.txid == txid
    assert (coin.amount, coin.branch, coin.index, coin.coinbase) == (123_456_789, 0, 5, False)
    assert coin.script == vault.script(0, 5).script_pubkey
    assert coin.height == chain.tip().height
    assert chain.status(txid) == Status(1, chain.tip().hash, in_mempool=False)
    whole = parse_transaction(chain.transaction(txid))
    assert whole.txid == txid
    assert whole.outputs[coin.outpoint.vout].amount == 123_456_789


def test_funding_any_amount_mines_enough(chain: Regtest, vault: Vault) -> None:
    """A thousand coins take more than twenty coinbases; all is found as one coin."""
    fund(chain, vault, 1_000 * COIN)
    assert sum(coin.amount for coin in chain.coins(vault)) == 1_000 * COIN


@pytest.mark.parametrize("amount", [0, -1, SUPPLY + 1])
def test_funding_refuses_amounts_that_cannot_be(chain: Regtest, vault: Vault, amount: int) -> None:
    """Nothing, less than nothing, and more than regtest can ever mine."""
    with pytest.raises(BadInput, match="cannot pay"):
        fund(chain, vault, amount)
    assert chain.tip().height == 0


def test_funding_stops_when_the_chain_is_mined_out(
    chain: Regtest, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once nothing new is mined and the rest is too little: an end, not an endless loop.

    With a halving at every block that is soon; consensus lets a miner take less than allowed.
    """
    monkeypatch.setattr(mining, "_HALVING", 1)
    with pytest.raises(BadInput, match="cannot pay"):
        fund(chain, vault, 60 * COIN)
    fund(chain, vault, 40 * COIN)


def test_funding_refuses_dust(chain: Regtest, vault: Vault) -> None:
    """What nodes do not pass on is refused here too: 330 sat is P2WSH's limit in Core."""
    with pytest.raises(NodeRejected, match="too small"):
        fund(chain, vault, 329)
    fund(chain, vault, 330)
    assert [coin.amount for coin in chain.coins(vault)] == [330]


def test_coins_are_confirmed_mature_and_in_order(chain: Regtest, vault: Vault) -> None:
    """A miner's coin appears with 101 confirmations; older coins come first."""
    (block,) = chain.mine(script=vault.script(1, 2).script_pubkey)
    chain.mine(99)
    assert chain.coins(vault) == ()
    chain.mine()
    (coin,) = chain.coins(vault)
    assert (coin.coinbase, coin.branch, coin.index, coin.height) == (True, 1, 2, 1)
    assert chain.status(coin.outpoint.txid).block == block
    fund(chain, vault)
    fund(chain, vault)
    heights = [coin.height for coin in chain.coins(vault)]
    assert heights == sorted(heights)
    assert len(heights) == 3


def test_used_indexes_look_past_a_gap(chain: Regtest, vault: Vault) -> None:
    """A hundred unused addresses in a row are looked at, spent ones count as used."""
    for index in (0, 100, 150):
        fund(chain, vault, index=index)
    fund(chain, vault, branch=1, index=3)
    assert chain.used_indexes(vault, 0) == {0, 100, 150}
    assert chain.used_indexes(vault, 1) == {3}
    coins = chain.coins(vault)
    chain.broadcast(spend(vault, coins[:1], payment(vault, coins[0], 1_000, index=0)))
    chain.mine()
    assert chain.used_indexes(vault, 0) == {0, 100, 150}


def test_spending_confirms_in_the_next_block(chain: Regtest, vault: Vault) -> None:
    """From nowhere to the mempool to a block."""
    fund(chain, vault)
    (coin,) = chain.coins(vault)
    raw = spend(vault, [coin], payment(vault, coin, 1_000))
    txid = parse_transaction(raw).txid
    assert chain.status(txid) == Status(0, None, in_mempool=False)
    chain.test(raw)
    assert chain.broadcast(raw) == txid
    assert chain.status(txid) == Status(0, None, in_mempool=True)
    assert chain.transaction(txid) == raw
    (block,) = chain.mine()
    assert chain.status(txid) == Status(1, block, in_mempool=False)
    chain.mine(5)
    assert chain.status(txid) == Status(6, block, in_mempool=False)
    assert chain.transaction(txid) == raw


def test_broadcasting_again_is_no_error(chain: Regtest, vault: Vault) -> None:
    """Waiting or confirmed, even with its outputs spent again: it is what was wanted."""
    fund(chain, vault)
    (coin,) = chain.coins(vault)
    raw = spend(vault, [coin], payment(vault, coin, 1_000))
    first = chain.broadcast(raw)
    assert chain.broadcast(raw) == first
    chain.mine()
    (next_coin,) = chain.coins(vault)
    chain.broadcast(spend(vault, [next_coin], payment(vault, next_coin, 1_000)))
    chain.mine()
    chain.test(raw)
    assert chain.broadcast(raw) == first


def test_unknown_transaction(chain: Regtest) -> None:
    """The chain says that it has no such transaction."""
    with pytest.raises(ChainError, match="no such transaction"):
        chain.transaction(Txid("ab" * 32))


def test_fee_rate_is_what_nodes_pass_on(chain: Regtest) -> None:
    """Blocks here are never full, so the least fee that is taken is the true estimate."""
    assert chain.fee_rate(6) == MIN_RELAY_FEE


def test_everything_survives_a_restart(tmp_path: Path, vault: Vault) -> None:
    """Blocks, coins, and what waits for a block."""
    with Regtest(tmp_path) as chain:
        confirmed = fund(chain, vault)
        (coin,) = chain.coins(vault)
        waiting = chain.broadcast(spend(vault, [coin], payment(vault, coin, 1_000)))
        tip, coins = chain.tip(), chain.coins(vault)
    with Regtest(tmp_path) as chain:
        assert (chain.tip(), chain.coins(vault)) == (tip, coins)
        assert chain.status(confirmed).confirmations == 1
        assert chain.status(waiting).in_mempool
        chain.mine()
        assert chain.status(waiting).confirmations == 1


@pytest.mark.parametrize("lost", ["chainstate", "index.sqlite"])
def test_a_lost_half_is_rebuilt_from_the_other(tmp_path: Path, vault: Vault, lost: str) -> None:
    """The kernel's folder is rebuilt from our blocks, the index from the kernel's."""
    with Regtest(tmp_path) as chain:
        txid = fund(chain, vault)
        chain.mine(7)
        chain.reorg(2)
        tip, coins = chain.tip(), chain.coins(vault)
    for path in tmp_path.glob(f"{lost}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with Regtest(tmp_path) as chain:
        assert (chain.tip(), chain.coins(vault)) == (tip, coins)
        assert chain.status(txid).confirmations == tip.height - coins[0].height + 1
        chain.mine()
        assert chain.tip().height == tip.height + 1


def test_a_killed_process_loses_nothing(tmp_path: Path, vault: Vault) -> None:
    """The kernel flushes when it is closed; after a kill its blocks come from our index."""
    script = vault.script(0, 0).script_pubkey.hex()
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from signer.chain.regtest import Regtest\n"
        "chain = Regtest(Path(sys.argv[1]))\n"
        f"chain.fund(bytes.fromhex('{script}'), 100_000_000)\n"
        "print(chain.tip().hash, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -9
    assert killed.stderr == ""
    with Regtest(tmp_path) as chain:
        assert chain.tip().hash == killed.stdout.strip()
        assert [coin.amount for coin in chain.coins(vault)] == [COIN]


def test_the_kernel_says_nothing(tmp_path: Path) -> None:
    """Neither its log nor its errors reach the terminal, not even when it fails to open."""
    program = (
        "import sys; from pathlib import Path\n"
        "from signer.chain.regtest import Regtest\n"
        "from signer.chain.errors import NodeNonsense\n"
        "folder = Path(sys.argv[1])\n"
        "with Regtest(folder) as chain: chain.mine(3)\n"
        "(folder / 'chainstate/chainstate/CURRENT').write_text('x')\n"
        "try: Regtest(folder)\n"
        "except NodeNonsense: sys.exit(7)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, b"", b"")


def test_reorganisation_returns_transactions_to_the_mempool(chain: Regtest, vault: Vault) -> None:
    """A longer branch takes a confirmation away; the transaction waits and confirms again."""
    fund(chain, vault)
    (coin,) = chain.coins(vault)
    txid = chain.broadcast(spend(vault, [coin], payment(vault, coin, 1_000)))
    (gone,) = chain.mine()
    chain.mine(2)
    before = chain.tip()
    after = chain.reorg(3)
    assert after.height == before.height + 1
    assert after == chain.tip()
    assert after.hash != before.hash
    assert chain.status(txid) == Status(0, None, in_mempool=True)
    assert chain.coins(vault) == (coin,)
    (block,) = chain.mine()
    assert chain.status(txid) == Status(1, block, in_mempool=False)
    assert block != gone


def test_reorganisation_of_a_coins_own_block(chain: Regtest, vault: Vault) -> None:
    """A coin that is reorganised away is no coin any more, nor can it be spent."""
    chain.mine(script=vault.script(0, 0).script_pubkey)
    chain.mine(100)
    (coin,) = chain.coins(vault)
    raw = spend(vault, [coin], payment(vault, coin, 1_000))
    chain.broadcast(raw)
    chain.reorg(101)
    assert chain.coins(vault) == ()
    assert chain.status(parse_transaction(raw).txid) == Status(0, None, in_mempool=False)
    with pytest.raises(NodeRejected, match="unknown or already spent"):
        chain.broadcast(raw)


@pytest.mark.parametrize("depth", [0, -1, 4])
def test_reorganisation_stays_above_the_genesis_block(chain: Regtest, depth: int) -> None:
    """There must be a block to replace, and the first one cannot be."""
    chain.mine(3)
    with pytest.raises(BadInput, match="not so many blocks"):
        chain.reorg(depth)


@pytest.mark.parametrize("count", [0, -1, 100_001])
def test_mining_has_its_limits(chain: Regtest, count: int) -> None:
    """No blocks, or more than anybody means."""
    with pytest.raises(BadInput, match="not so many blocks"):
        chain.mine(count)


def test_block_times_rise_and_stay_in_the_past(chain: Regtest) -> None:
    """Ten minutes apart, so that the years since 2011 hold 780,000 blocks."""
    chain.mine(1_000)
    kernel = chain._kernel
    times = [kernel.time_of(kernel.hash_at(height)) for height in range(1_001)]
    assert times[0] == 1_296_688_602
    assert all(later - earlier == 600 for earlier, later in pairwise(times))
    assert times[-1] < time.time()


def test_block_times_never_run_two_hours_ahead(
    chain: Regtest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the chain has reached the present, time creeps on a second in six blocks."""

    class Clock:
        """A clock that stopped ten hours after the genesis block."""

        @staticmethod
        def time() -> float:
            """Seconds since 1970."""
            return 1_296_688_602 + 36_000.0

    monkeypatch.setattr(regtest_module, "time", Clock)
    chain.mine(60)
    reached = chain._kernel.time_of(chain.tip().hash)
    assert reached == int(Clock.time())
    chain.mine(600)
    crept = chain._kernel.time_of(chain.tip().hash) - reached
    assert 90 <= crept <= 110


def test_folder_in_use_by_another_process(tmp_path: Path) -> None:
    """The second process is told so, and by which folder; nothing is damaged."""
    with Regtest(tmp_path) as chain:
        chain.mine(3)
        with pytest.raises(NodeUnreachable, match="in use by another process") as caught:
            Regtest(tmp_path, wait=0)
        assert caught.value.found == str(tmp_path)
        chain.mine()
    with Regtest(tmp_path, wait=0) as chain:
        assert chain.tip().height == 4


def test_waits_for_the_other_process_to_end(tmp_path: Path) -> None:
    """Two commands in a row need no luck."""
    program = (
        "import sys, time; from pathlib import Path\n"
        "from signer.chain.regtest import Regtest\n"
        "with Regtest(Path(sys.argv[1])) as chain:\n"
        "    chain.mine(2); print('open', flush=True); time.sleep(0.5)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with Regtest(tmp_path) as chain:
            assert chain.tip().height == 2


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named; the command to install it is the hint."""
    monkeypatch.setitem(sys.modules, "pbk", None)
    with pytest.raises(NodeUnreachable, match="py-bitcoinkernel") as caught:
        Regtest(tmp_path)
    assert caught.value.hint == "pip install 'coldquorum[regtest]'"


@pytest.mark.parametrize(
    "broken",
    [
        "chainstate/blocks/index/CURRENT",
        "chainstate/chainstate/CURRENT",
    ],
)
@pytest.mark.parametrize("how", ["remove", "garble"])
def test_damaged_chainstate_is_told_and_can_be_rebuilt(
    tmp_path: Path, broken: str, how: str
) -> None:
    """The kernel would end the process on some of these; the hint brings the chain back."""
    with Regtest(tmp_path) as chain:
        chain.mine(5)
        tip = chain.tip()
    path = tmp_path / broken
    path.unlink() if how == "remove" else path.write_bytes(b"\xff" * 40)
    with pytest.raises(NodeNonsense, match="chainstate is damaged") as caught:
        Regtest(tmp_path, wait=0)
    assert str(tmp_path / "chainstate") in caught.value.hint
    shutil.rmtree(tmp_path / "chainstate")
    with Regtest(tmp_path) as chain:
        assert chain.tip() == tip


def test_damaged_index_is_told_and_can_be_rebuilt(tmp_path: Path, vault: Vault) -> None:
    """The hint names the file to remove; the blocks come from the kernel."""
    with Regtest(tmp_path) as chain:
        fund(chain, vault)
        coins = chain.coins(vault)
    for path in tmp_path.glob("index.sqlite*"):
        path.write_bytes(b"no database" * 500)
    with pytest.raises(BadInput, match="index is damaged") as caught:
        Regtest(tmp_path, wait=0)
    assert "remove" in caught.value.hint
    for path in tmp_path.glob("index.sqlite*"):
        path.unlink()
    with Regtest(tmp_path) as chain:
        assert chain.coins(vault) == coins


def test_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before the kernel gives up in the middle of something."""
    usage = shutil.disk_usage(tmp_path)._replace(free=99 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(BadInput, match="too little room") as caught:
        Regtest(tmp_path)
    assert (caught.value.expected, caught.value.found) == ("100 MiB", "99 MiB")


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "regtest").write_text("")
    with pytest.raises(BadInput, match="folder cannot be made"):
        Regtest(tmp_path / "regtest")


def test_faucet_keeps_no_secret(chain: Regtest, vault: Vault) -> None:
    """Anybody can spend the faucet's coins: their redeem script is the one byte OP_TRUE."""
    txid = fund(chain, vault)
    (source,) = parse_transaction(chain.transaction(txid)).inputs
    assert (source.script_sig, source.witness) == (b"\x01\x51", ())
    assert isinstance(source.outpoint, OutPoint)
