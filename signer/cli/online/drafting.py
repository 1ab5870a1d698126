"""What `build` and `bump` share: everything around the drafting of a withdrawal's transaction."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from signer.chain.whole import parse_transaction
from signer.cli import show
from signer.cli.online import chains
from signer.cli.session import Session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policies.withdrawal import Withdrawal
    from signer.build.draft import Draft, Replaced
    from signer.chain.chain import Chain, FeeRate, UnspentCoin
    from signer.core.names import Txid
    from signer.core.transaction import OutPoint
    from signer.core.vault import Vault
    from signer.sign.check import Checked
    from signer.sign.facts import Facts
    from signer.sign.review import Review
    from signer.store.rows import StoredWithdrawal
    from signer.store.store import Store

TARGET: Final = 6
"""Blocks within which it should confirm, about an hour, if no fee rate is given."""

_RATE = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,3}))?")

_MAX_RATE = 10_000
"""sat/vB. Ten times the highest that the chain has seen; more is a slip of the finger."""

NewPsbt = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="FILE", readable=False, help="The PSBT; never overwrites."
    ),
]
Rate = Annotated[
    str | None,
    typer.Option("--fee-rate", metavar="SAT/VB", help="For instance 12 or 2.5; else an estimate."),
]
Target = Annotated[
    int, typer.Option(metavar="BLOCKS", help="For the estimate: how soon it should confirm.")
]


@dataclass(frozen=True, slots=True)
class _Version:
    """An earlier transaction of a withdrawal's family: of itself, or of what it voids.

    Attributes:
        facts: what it does.
        vsize: of the finished transaction, or what is reckoned for it.
        waiting: the finished transaction's id while it waits for a block, else None.
    """

    facts: "Facts"
    vsize: int
    waiting: "Txid | None"


def make(
    here: Session,
    store: "Store",
    asked: chains.Asked,
    stored: "StoredWithdrawal",
    *,
    fee_rate: str | None,
    target: int,
    bump: bool,
) -> "Draft":
    """Draft an approved withdrawal's transaction, and keep it.

    What may have been sent before is outbid: an earlier version of it, if it is bumped; for a
    void, whatever it voids.

    Args:
        here: for the embedded chain.
        store: what is known; the draft's coins are taken there.
        asked: which chain.
        stored: the withdrawal with its approvals.
        fee_rate: as typed, or None to ask the chain.
        target: blocks, for the chain's estimate.
        bump: whether it is another version of what was built before.

    Raises:
        BadInput: the rate is no rate; it has confirmed, or is void; nothing to bump; too few coins.
        Refused: too few approvals, another policy in force, the fee would pass a ceiling, expired.
        ChainError: the chain cannot be asked.
    """
    from policies.withdrawal import approve_check
    from signer.build.carried import carried
    from signer.build.draft import draft
    from signer.cli.online import grounding, inbox
    from signer.cli.online.coins import change_index, free, listed

    rate = None if fee_rate is None else read_rate(fee_rate)
    withdrawal = stored.withdrawal
    vault = store.vault(withdrawal.vault).vault
    chain_of = [link.withdrawal for link in store.withdrawals(vault.id)]
    _check_not_void(withdrawal, chain_of)
    newest = inbox.policy_in_force(store, vault.id)
    governing = newest.at(withdrawal.height).policy
    approved = approve_check(stored.envelope, grounding.priced(store, withdrawal, governing))
    load = carried(
        withdrawal,
        chain_of[: withdrawal.sequence - 1],
        governing.window,
        [signer.officer for signer in vault.signers],
        store.signed_up_to(vault.id) | grounding.snapshot_reach(store, withdrawal, vault.id),
    )
    travelling = grounding.travelling(store, withdrawal, governing, load.links)
    with asked.open(here, vault.coin, vault.network) as chain:
        versions = _versions(store, vault, withdrawal, chain)
        outbid = [v for v in versions if bump or v.facts.withdrawal.id != withdrawal.id]
        if bump and not any(v.facts.withdrawal.id == withdrawal.id for v in versions):
            raise BadInput(
                "nothing was built for it yet",
                fault=Fault.OFFICER,
                hint="coldquorum build makes its first transaction",
            )
        _check_replaceable(vault, outbid)
        replaced = _replaced(outbid)
        if bump and rate and replaced and rate < replaced.rate:
            raise BadInput(
                "a replacement must pay a higher rate than what it replaces",
                fault=Fault.OFFICER,
                expected=f"more than {(replaced.rate - 1) / 1000} sat/vB",
                found=f"{rate / 1000} sat/vB",
                hint="leave --fee-rate out to pay as little more as nodes take",
            )
        tip = chain.tip()
        coins = free(vault, listed(vault, chain), tip, store, besides=withdrawal.id)
        coins += _spent_by(versions, {coin.outpoint for coin in coins})
        built = draft(
            vault,
            approved,
            predecessors=load.links,
            trusted=newest,
            policies=inbox.policy_chain(store, governing.id)[1],
            coins=coins,
            previous=_previous(versions, chain),
            fee_rate=rate or estimate(chain, target),
            change_index=change_index(vault, chain, store, withdrawal.id, withdrawal.sequence),
            tip=tip.height,
            known=inbox.known_before(chain_of, withdrawal.sequence - len(load.links)),
            replaced=replaced,
            papers=travelling.papers,
            others=travelling.others,
        )
    facts = built.checked.facts
    change = facts.change[0].change_index if facts.change else None
    store.add_draft(withdrawal.id, built.raw, [coin.coin for coin in facts.inputs], change)
    if load.behind:
        show.note(
            f"{', '.join(load.behind)} may be behind: carry a history along "
            f"(coldquorum request export-history --vault {vault.name} -o FILE)"
        )
    return built


def tell(here: Session, built: "Draft", output: Path) -> None:
    """Print the review of a draft, and where it goes next."""
    from signer.cli import review as screen

    vault = built.checked.facts.vault
    seen = reviewed(built.checked)
    here.emit({**screen.data(seen), "file": str(output)}, screen.text(seen, sys.stdout))
    show.note(
        f"next: carry {show.safe(str(output))} to {vault.threshold} of "
        f"{', '.join(signer.officer for signer in vault.signers)}, for `coldsign sign`"
    )


def reviewed(checked: "Checked") -> "Review":
    """The review of a transaction, by one who signs nothing and so remembers nothing."""
    from signer.sign.review import review

    return review(checked, known_epoch=checked.newest.policy.epoch, signed_before=())


def _check_not_void(withdrawal: "Withdrawal", chain: "Sequence[Withdrawal]") -> None:
    void = next((link for link in chain if link.voids == withdrawal.id), None)
    if void:
        raise BadInput(
            "the withdrawal is void",
            fault=Fault.OFFICER,
            found=f"withdrawal {void.sequence} cancels it",
            hint="signers would refuse it: build the void, or request it anew",
        )


def _check_replaceable(vault: "Vault", outbid: "Sequence[_Version]") -> None:
    """Refuse to outbid what nodes keep, since they keep what they saw first.

    An earlier version that nobody broadcast is no obstacle: the coins are still free.

    Raises:
        BadInput: one of them waits for a block.
    """
    from signer.core import coins

    sent = next((version for version in outbid if version.waiting), None)
    if sent and not coins.coin(vault.coin).replaceable:
        raise BadInput(
            f"a transaction for this anchor waits for a block, and nodes of {vault.coin} keep it",
            fault=Fault.OFFICER,
            expected="none that was broadcast: the first that a node sees stays, whatever is paid",
            found=f"withdrawal {sent.facts.withdrawal.sequence}, transaction {sent.waiting}",
            hint="wait: it confirms in one of the next blocks; or ask a miner to take it sooner",
        )


def _versions(
    store: "Store", vault: "Vault", withdrawal: "Withdrawal", chain: "Chain"
) -> "list[_Version]":
    """Every transaction that was built for the anchor.

    Raises:
        BadInput: one of them has confirmed.
    """
    from signer.chain.weight import vsize
    from signer.cli.online.sending import stripped
    from signer.cli.online.standing import depth_of
    from signer.sign.facts import read

    found = []
    for one in store.family(withdrawal.id):
        known = [parse_transaction(t.raw) for t in store.transactions(one)]
        finished = {stripped(tx).txid: tx for tx in known}
        for drafted in store.drafts(one):
            facts = read(drafted.psbt, {vault.id: vault})
            waiting, size = None, facts.vsize
            if done := finished.get(facts.psbt.tx.txid):
                size = vsize(done)
                status = chain.status(done.txid, facts.withdrawal.height)
                waiting = done.txid if status.in_mempool else None
                if status.confirmations:
                    if status.confirmations >= depth_of(store, withdrawal):
                        store.settle(withdrawal.id)
                    raise BadInput(
                        f"withdrawal {facts.withdrawal.sequence} has confirmed",
                        fault=Fault.OFFICER,
                        found=f"transaction {done.txid}",
                        hint="its anchor is spent: there is nothing left to build",
                    )
            found.append(_Version(facts, size, waiting))
    return found


def _replaced(versions: "Sequence[_Version]") -> "Replaced | None":
    """What has to be outbid (BIP125): the highest fee, and every rate."""
    from signer.build.draft import Replaced
    from signer.chain.chain import FeeRate

    if not versions:
        return None
    fee = max(version.facts.fee for version in versions)
    rate = max(1000 * version.facts.fee // version.vsize for version in versions)
    return Replaced(fee, FeeRate(rate + 1))


def _spent_by(versions: "Sequence[_Version]", known: "set[OutPoint]") -> "tuple[UnspentCoin, ...]":
    """Coins of versions that wait for a block: a node's wallet no longer lists them."""
    from signer.chain.chain import UnspentCoin

    lost = {
        coin.coin: UnspentCoin(
            outpoint=coin.coin,
            amount=coin.amount,
            script=coin.script.script_pubkey,
            branch=coin.branch,
            index=coin.index,
            height=version.facts.withdrawal.height,
            coinbase=False,
        )
        for version in versions
        if version.waiting
        for coin in version.facts.inputs
        if coin.coin not in known
    }
    return tuple(lost.values())


def _previous(versions: "Sequence[_Version]", chain: "Chain") -> "Callable[[UnspentCoin], bytes]":
    known = {
        txin.outpoint.txid: said.previous_tx.raw
        for version in versions
        for txin, said in zip(version.facts.psbt.tx.inputs, version.facts.psbt.inputs, strict=True)
        if said.previous_tx is not None
    }

    def previous(coin: "UnspentCoin") -> bytes:
        txid = coin.outpoint.txid
        return known[txid] if txid in known else chain.transaction(txid, coin.height)

    return previous


def read_rate(text: str) -> "FeeRate":
    """Read sat/vB with up to three decimals.

    Raises:
        BadInput: not such a number, or out of range.
    """
    from signer.chain.chain import FeeRate

    match = _RATE.fullmatch(text)
    rate = int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0")) if match else 0
    if not 0 < rate <= _MAX_RATE * 1000:
        raise BadInput(
            "not a fee rate",
            fault=Fault.OFFICER,
            expected=f"sat/vB, up to {_MAX_RATE}, with at most three decimals",
            found=ascii(text[:40]),
            hint="write for instance 12 or 2.5",
        )
    return FeeRate(rate)


def estimate(chain: "Chain", target: int) -> "FeeRate":
    """Ask the chain what confirms within so many blocks.

    Raises:
        ChainError: it cannot tell yet.
    """
    from signer.chain.chain import MIN_RELAY_FEE
    from signer.chain.errors import ChainError

    rate = chain.fee_rate(target)
    if rate is None:
        raise ChainError(
            "the node has no fee estimate yet", hint="give one: --fee-rate SAT/VB, for instance 5"
        )
    return max(rate, MIN_RELAY_FEE)
