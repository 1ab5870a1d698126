"""The attacks that have names, in a table: what the thief does, and the steps that may refuse it.

Each is played against signers with a past. A shot that is honest has to be accepted, and is
signed, so that the next one meets a signer who remembers it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from signer.core.errors import BadInput, Refused
from signer.redteam.named import approvals, chain, files, inputs, outputs, policies
from signer.redteam.named.shots import Shot
from signer.redteam.oracle import Violation
from signer.redteam.shooting import PARSING, Answer, Signers
from signer.redteam.world import World
from signer.sign.sign import sign
from signer.sign.softkey import SoftKey

SIGNING: Final = 10
"""The step that reads the file again before the signature."""


@dataclass(frozen=True, slots=True)
class Attack:
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
    shots: Callable[[World], Iterable[Shot]]


@dataclass(frozen=True, slots=True)
class Played:
    """How an attack went.

    Attributes:
        name: of the attack.
        story: of the attack.
        shots: how many bundles the thief put to a signer.
        refused: step and rule of each that was refused, each once.
        wrong: what came out otherwise than it has to; empty is good.
    """

    name: str
    story: str
    shots: int
    refused: tuple[tuple[int, str], ...]
    wrong: tuple[Violation, ...]


ATTACKS: Final = (
    Attack(
        "lying witness utxo",
        "understates a coin beside its true transaction",
        (3,),
        inputs.lying_utxo,
    ),
    Attack(
        "previous missing", "leaves out the transaction that made a coin", (3,), inputs.no_previous
    ),
    Attack(
        "previous of another",
        "gives a transaction of another id",
        (PARSING, 3),
        inputs.other_previous,
    ),
    Attack("swapped destination", "pays itself instead", (7,), outputs.swapped),
    Attack("amount off by one", "pays one satoshi more, or less", (7,), outputs.off_by_one),
    Attack("extra output", "pays itself out of the change", (7,), outputs.extra_output),
    Attack("data output", "publishes data", (7,), outputs.data_output),
    Attack("foreign change", "forges a foreign output's origins", (4,), outputs.foreign_change),
    Attack("change on receive", "returns it on the receive branch", (4,), outputs.receive_change),
    Attack("change past the gap", "hides change where no wallet looks", (4,), outputs.far_change),
    Attack("second change", "splits the change", (4,), outputs.second_change),
    Attack("sighash bytes", "asks for each of the 255 other sighash types", (3,), inputs.sighashes),
    Attack(
        "foreign signature",
        "brings signatures by foreign keys and of other types",
        (3,),
        inputs.signatures,
    ),
    Attack("final sequences", "frees the transaction from its clock", (7,), inputs.final_sequences),
    Attack("anchor not spent", "leaves the anchor out", (7,), inputs.no_anchor),
    Attack(
        "anchor reused", "spends another withdrawal's anchor instead", (6, 7), inputs.anchor_reuse
    ),
    Attack("replay", "fulfils a signed withdrawal again with other coins", (7,), inputs.replay),
    Attack("too few approvals", "strips approvals", (6,), approvals.stripped),
    Attack("one officer twice", "repeats an approval", (6,), approvals.repeated),
    Attack("no officer", "lets strangers approve", (6,), approvals.strangers),
    Attack("initiator approves", "lets the one who asked approve", (6,), approvals.initiator),
    Attack("revoked officer", "finds a key that was revoked", (6,), approvals.revoked),
    Attack("officer's ceiling", "lets an officer approve too much", (6,), approvals.ceiling),
    Attack("tier evasion", "has a large payment approved as a small one", (6,), approvals.tier),
    Attack("keys of nobody", "signs under keys for which anybody can", (6,), approvals.small_order),
    Attack(
        "another vault's approval",
        "replays an approval of another vault",
        (2, 3),
        policies.cross_vault,
    ),
    Attack(
        "another coin's approval", "replays an approval of another coin", (2,), policies.cross_coin
    ),
    Attack("expired", "keeps an approval until after its expiry", (6,), policies.expired),
    Attack("policy rolled back", "brings the policy of before", (5, 6), policies.rollback),
    Attack("policy fork", "brings another next policy", (5,), policies.fork),
    Attack("own policy", "makes itself the officers", (5,), policies.own_policy),
    Attack("loosened early", "uses a looser policy before its time", (5, 6), policies.early),
    Attack("frozen", "pays in spite of a freeze", (5, 6, 8), policies.freeze),
    Attack("velocity", "fills a window, and one more", (8,), chain.velocity),
    Attack("quorum shopping", "hides from one signer what another signed", (6,), chain.shopping),
    Attack(
        "history laundered", "writes the past anew, with smaller amounts", (6,), chain.laundered
    ),
    Attack("history forgotten", "leaves out the past", (6, 8), chain.forgotten),
    Attack("height lies", "claims another height than the chain allows", (6, 7, 8), chain.heights),
    Attack("fee drain", "burns the fee ceiling again and again", (8,), chain.fee_drain),
    Attack("fee burn", "leaves the change to the miner", (8,), outputs.fee_burn),
    Attack("unlisted destination", "has officers approve a look-alike", (8,), chain.unlisted),
    Attack("cooling", "pays an address that was just listed", (8,), chain.cooling),
    Attack("false purpose", "pays under a purpose that pays nobody", (1, 8), chain.purposes),
    Attack("voided", "fulfils a withdrawal that was cancelled", (6,), chain.voided),
    Attack("duplicate keys", "writes a field twice", (PARSING,), files.twice),
    Attack("trailing bytes", "adds bytes", (PARSING,), files.trailing),
    Attack("oversized counts", "claims more than follows", (PARSING,), files.oversized),
    Attack("duplicate JSON keys", "says two things in one document", (PARSING,), files.json_twice),
    Attack("documents stripped", "takes the documents out", (PARSING,), files.without_papers),
    Attack(
        "mixed versions", "brings documents and PSBTs of other versions", (PARSING,), files.versions
    ),
)
"""Every row of the two lists in which the project keeps its attacks."""


def play(attack: Attack, world: World, signers: Signers) -> Played:
    """Play an attack against signers as they were at first."""
    signers.reset()
    wrong: list[Violation] = []
    refused: dict[tuple[int, str], None] = {}
    count = 0
    for shot in attack.shots(world):
        answer = signers.ask(shot.station, shot.raw)
        violations = signers.judge(shot.station, shot.raw, answer)
        wrong += violations
        if shot.honest:
            if answer.checked is None:
                wrong.append(Violation("honest", "an acceptance", f"{answer.step} {answer.rule}"))
            elif not violations:
                signers.sign(shot.station, answer.checked, world.ledger)
            continue
        count += 1
        wrong += _judge(attack, answer, violations)
        if answer.step > 0:
            refused[answer.step, answer.rule] = None
    return Played(attack.name, attack.story, count, tuple(refused), tuple(wrong))


def _judge(
    attack: Attack, answer: Answer, violations: tuple[Violation, ...]
) -> Iterable[Violation]:
    """A named attack has to be refused, and for the right reason."""
    if violations or answer.step in attack.steps:
        return
    found = f"step {answer.step}, {answer.rule}: {answer.words}" if answer.step else "accepted"
    yield Violation("refused", f"at step {' or '.join(map(str, attack.steps))}", found)


def changed_after_review(world: World, signers: Signers) -> Played:
    """The file changes between the review and the signature (step 10)."""
    signers.reset()
    raw = world.bases[0].bundle.to_bytes()
    other = world.bases[1].bundle.to_bytes()
    state = signers.state(world.first_station)
    key = SoftKey.of(world.people["alice"].root, world.vault)
    refused: list[tuple[int, str]] = []
    wrong: list[Violation] = []
    answer = signers.ask(world.first_station, raw)
    for again in (other, raw + b"\x00", raw[:-1], b""):
        if answer.checked is None:
            wrong.append(Violation("honest", "an acceptance", answer.rule))
            break
        try:
            sign(answer.checked, again, key, state)
        except Refused as problem:
            refused.append((problem.refusals[0].step, problem.refusals[0].rule))
        except BadInput as problem:
            refused.append((PARSING, problem.what))
        else:
            wrong.append(Violation("refused", f"at step {SIGNING}", "signed"))
    wrong += [Violation("refused", f"at step {SIGNING}", r) for s, r in refused if s != SIGNING]
    name, story = "changed after review", "swaps the file after the officer has read it"
    return Played(name, story, 4, tuple(dict.fromkeys(refused)), tuple(wrong))


def play_all(world: World, signers: Signers) -> tuple[Played, ...]:
    """Play the whole table."""
    played = [play(attack, world, signers) for attack in ATTACKS]
    return (*played, changed_after_review(world, signers))
