"""The table of tricks. One more is one more line here."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from signer.redteam.forgery import Forgery
from signer.redteam.loot import Loot
from signer.redteam.tricks import (
    approvals,
    carrier,
    claims,
    documents,
    honest,
    maps,
    schemes,
    transaction,
)

HONEST: Final = "honest"
"""The class of changes that a signer has to accept."""

OFFICERS: Final = "officers"
"""The class of withdrawals that honest officers approved without looking."""

COMBINED: Final = "combined"
"""The class of attacks that join tricks of several classes."""

Run = Callable[[Forgery, Loot, random.Random], bool]
"""Changes a bundle; False if there was nothing to change."""


@dataclass(frozen=True, slots=True)
class Trick:
    """One way to change a bundle.

    Attributes:
        kind: the class under which it is counted.
        name: its own.
        run: does it.
    """

    kind: str
    name: str
    run: Run


def _tricks(kind: str, runs: Iterable[Run]) -> list[Trick]:
    return [Trick(kind, f"{kind}.{run.__name__}", run) for run in runs]


_TABLE: Final = (
    *_tricks(
        "carrier",
        (
            carrier.flip_bit,
            carrier.overwrite,
            carrier.cut,
            carrier.insert,
            carrier.trail,
            carrier.splice,
            carrier.widen,
            carrier.bigger_count,
            carrier.garble_transaction,
        ),
    ),
    *_tricks(
        "maps",
        (
            maps.drop,
            maps.drop_kind,
            maps.twice,
            maps.elsewhere,
            maps.swap,
            maps.retype,
            maps.stretch,
            maps.noise,
            maps.strange,
            maps.version,
            maps.extra_map,
            maps.own_missing,
            maps.own_garbled,
            maps.own_twice,
        ),
    ),
    *_tricks(
        "transaction",
        (
            transaction.amount,
            transaction.shift,
            transaction.burn,
            transaction.redirect,
            transaction.extra,
            transaction.less,
            transaction.split,
            transaction.join,
            transaction.leave,
            transaction.other_coin,
            transaction.outpoint,
            transaction.sequence,
            transaction.lock_time,
            transaction.version,
            transaction.script_sig,
            transaction.shuffle,
        ),
    ),
    *_tricks(
        "claims",
        (
            claims.sighash,
            claims.witness_utxo,
            claims.no_previous,
            claims.other_previous,
            claims.scripts,
            claims.mislabel,
            claims.input_origins,
            claims.output_origins,
            claims.false_change,
            claims.denied_change,
            claims.far_change,
            claims.output_scripts,
            claims.signature,
            claims.bend_signature,
            claims.final,
        ),
    ),
    *_tricks(
        "documents",
        (
            documents.withdrawal,
            documents.withdrawal_text,
            documents.reformat,
            documents.other_withdrawal,
            documents.envelope,
        ),
    ),
    *_tricks(
        "chain",
        (
            documents.chain_drop,
            documents.chain_repeat,
            documents.chain_mix,
            documents.chain_bend,
            documents.chain_swap,
            documents.chain_more,
        ),
    ),
    *_tricks(
        "epochs",
        (
            documents.epochs_drop,
            documents.epochs_mix,
            documents.epochs_other,
            documents.epochs_bend,
        ),
    ),
    *_tricks(
        "approvals",
        (
            approvals.strip,
            approvals.repeat,
            approvals.rename,
            approvals.spoil,
            approvals.borrow,
            approvals.corrupt,
            approvals.corrupt_only,
            approvals.anybody,
            approvals.other_kind,
        ),
    ),
    *_tricks(
        "schemes",
        (
            schemes.rewrite,
            schemes.raise_amount,
            schemes.next_in_line,
            schemes.own_epoch,
            schemes.other_vault,
            schemes.replay,
            schemes.height_lie,
            schemes.forget,
            schemes.launder,
            schemes.two_rounds,
            schemes.false_void,
            schemes.padded,
        ),
    ),
    *_tricks(
        HONEST,
        (
            honest.order,
            honest.fields,
            honest.terse,
            honest.silent_change,
            honest.no_xpubs,
            honest.others_field,
            honest.fee,
            honest.change_index,
            honest.more_coins,
            honest.more_approvals,
            honest.said_change,
        ),
    ),
)

TRICKS: Final = {trick.name: trick for trick in _TABLE}
"""Every trick by its name, as reproducers name it."""

KINDS: Final = tuple(dict.fromkeys(trick.kind for trick in _TABLE if trick.kind != HONEST))
"""The classes of attacks."""


def of(kind: str) -> tuple[Trick, ...]:
    """The tricks of a class."""
    return tuple(trick for trick in _TABLE if trick.kind == kind)
