"""The attacks that have names: what the thief does, and the steps that may refuse it.

Every attack of tests/attacks that is one upon a bundle has its row here, and those that only a
chain of withdrawals or a quorum of fooled officers makes possible (tests/redteam/test_table.py
compares). One more attack is one more row.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from signer.redteam.named import approvals, chain, files, inputs, outputs, policies
from signer.redteam.named.shots import Here, Shot
from signer.redteam.shooting import PARSING
from signer.redteam.world import World

Place_contra = TypeVar("Place_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Attack(Generic[Place_contra]):
    """One row of the table.

    Attributes:
        name: short.
        story: what the thief does.
        steps: of the checks that may refuse it.
        shots: the bundles, in order.
    """

    name: str
    story: str
    steps: tuple[int, ...]
    shots: Callable[[Place_contra], Iterable[Shot]]


ON_BUNDLES: Final[tuple[Attack[Here], ...]] = (
    Attack("lying witness utxo", "misstates a coin that it also proves", (3,), inputs.lying_utxo),
    Attack("previous missing", "gives no transaction for a coin", (3,), inputs.no_previous),
    Attack(
        "previous of another",
        "gives a transaction of another id",
        (PARSING, 3),
        inputs.other_previous,
    ),
    Attack("wrong scripts", "bends a coin's scripts and origins", (3,), inputs.wrong_scripts),
    Attack("one coin twice", "spends a coin twice, or none at all", (PARSING, 3), inputs.twice),
    Attack("sighash bytes", "asks for each of the 255 other sighash types", (3,), inputs.sighashes),
    Attack("final sequences", "frees the transaction from its clock", (7,), inputs.final_sequences),
    Attack("anchor not spent", "leaves the anchor out", (7,), inputs.no_anchor),
    Attack("swapped destination", "pays itself instead", (7,), outputs.swapped),
    Attack("amount off by one", "pays one satoshi more, or less", (7,), outputs.off_by_one),
    Attack("extra output", "adds, splits and drops outputs", (7,), outputs.extra_output),
    Attack("data output", "publishes data", (7,), outputs.data_output),
    Attack("foreign change", "forges a foreign output's origins", (4,), outputs.foreign_change),
    Attack("change on receive", "returns it on the receive branch", (4,), outputs.receive_change),
    Attack("change past the gap", "hides change where no wallet looks", (4,), outputs.far_change),
    Attack("second change", "splits the change", (4,), outputs.second_change),
    Attack("fee burn", "leaves the change to the miner", (8,), outputs.fee_burn),
    Attack("more out than in", "pays out what is not there", (3,), outputs.overdraw),
    Attack("no approvals", "strips approvals, or gives strangers'", (6,), approvals.none),
    Attack("approvals reordered", "swaps who approved what", (6,), approvals.reordered),
    Attack("duplicate keys", "writes a field twice", (PARSING,), files.twice),
    Attack("trailing bytes", "adds bytes", (PARSING,), files.trailing),
    Attack("oversized counts", "claims more than follows", (PARSING,), files.oversized),
    Attack("long sizes", "writes a length longer than needed", (PARSING,), files.long_sizes),
    Attack("duplicate JSON keys", "says two things in one document", (PARSING,), files.json_twice),
    Attack("spoofed text", "writes what the screen must not show", (PARSING,), files.spoofed),
    Attack("documents stripped", "takes documents out, or doubles them", (PARSING,), files.papers),
    Attack("mixed versions", "mixes versions of documents and PSBT", (PARSING,), files.versions),
)
"""What a thief of the coordinator can try with one honest bundle, against anybody's signers."""

ATTACKS: Final[tuple[Attack[World], ...]] = (
    *ON_BUNDLES,
    Attack("foreign signature", "brings worthless cosigners' signatures", (3,), inputs.signatures),
    Attack(
        "anchor reused", "spends another withdrawal's anchor instead", (6, 7), inputs.anchor_reuse
    ),
    Attack("replay", "fulfils a signed withdrawal again with other coins", (7,), inputs.replay),
    Attack("too few approvals", "strips all approvals but a few", (6,), approvals.stripped),
    Attack("one officer twice", "repeats an approval", (6,), approvals.repeated),
    Attack("no officer", "lets strangers complete the quorum", (6,), approvals.strangers),
    Attack("initiator approves", "lets the one who asked approve", (6,), approvals.initiator),
    Attack("revoked officer", "finds a key that was revoked", (6,), approvals.revoked),
    Attack("officer's ceiling", "lets an officer approve too much", (6,), approvals.ceiling),
    Attack("tier evasion", "has a large payment approved as a small one", (6,), approvals.tier),
    Attack(
        "keys of nobody",
        "signs under keys for which anybody can",
        (PARSING, 6),
        approvals.small_order,
    ),
    Attack("another vault's approval", "replays it here", (2, 3), policies.cross_vault),
    Attack("another coin's approval", "replays it here, or a network's", (2,), policies.cross_coin),
    Attack("look-alike vault", "puts its keys under our fingerprints", (2,), policies.lookalike),
    Attack("expired", "keeps an approval until after its expiry", (6,), policies.expired),
    Attack("policy rolled back", "brings the policy of before", (5, 6), policies.rollback),
    Attack("policy fork", "brings another next policy", (5,), policies.fork),
    Attack("own policy", "makes itself the officers", (5,), policies.own_policy),
    Attack("loosened early", "uses a looser policy before its time", (5, 6), policies.early),
    Attack("frozen", "pays in spite of a freeze", (5, 6, 8), policies.freeze),
    Attack("bribed quorum", "has officers approve more than they may", (8,), chain.too_much),
    Attack("velocity", "fills a window, and one more", (8,), chain.velocity),
    Attack("velocity of one", "pays one destination again and again", (8,), chain.velocity_one),
    Attack(
        "velocity elsewhere",
        "fills a window, and asks signers who did not see it",
        (6, 8),
        chain.velocity_elsewhere,
    ),
    Attack("quorum shopping", "hides from one signer what another signed", (6,), chain.shopping),
    Attack("history laundered", "writes the past anew, with less in it", (6,), chain.laundered),
    Attack("history forgotten", "leaves out the past", (6, 8), chain.forgotten),
    Attack("height lies", "claims another height than the chain allows", (6, 7, 8), chain.heights),
    Attack("fee drain", "burns the fee ceiling again and again", (8,), chain.fee_drain),
    Attack("unlisted destination", "has officers approve a look-alike", (8,), chain.unlisted),
    Attack("cooling", "pays an address that was just listed", (8,), chain.cooling),
    Attack("false purpose", "pays under a purpose that pays nobody", (1, 8), chain.purposes),
    Attack("voided", "fulfils a withdrawal that was cancelled", (6,), chain.voided),
)
"""Every row: the above, and what takes officers and a past that a throw-away world has."""
