"""Other ways to write an honest bundle. A signer has to accept them: else it proves nothing."""

import random
from typing import Final

from signer.redteam.forgery import (
    OUT_DERIVATION,
    PARTIAL_SIG,
    SIGHASH,
    WITNESS_UTXO,
    Field,
    Forgery,
)
from signer.redteam.loot import Loot, change, claims, spend

_GAP: Final = 20
_LEAST_CHANGE: Final = 100_000


def _anew(forgery: Forgery) -> None:
    """Another transaction needs other signatures."""
    for one in forgery.inputs:
        one.fields = [entry for entry in one.fields if entry[0][:1] != bytes((PARTIAL_SIG,))]


def _maps(forgery: Forgery) -> list[list[Field]]:
    ours = [one.fields for one in forgery.inputs] + [out.fields for out in forgery.outputs]
    return [forgery.globals, *ours]


def _returned(forgery: Forgery) -> list[int]:
    """Where the change is. A payment's map may hold fields, too, but no key of ours."""
    return [
        at
        for at, out in enumerate(forgery.outputs)
        if any(key[:1] == bytes((OUT_DERIVATION,)) for key, _ in out.fields)
    ]


def order(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Inputs and outputs in another order."""
    _anew(forgery)
    rng.shuffle(forgery.inputs)
    rng.shuffle(forgery.outputs)
    return True


def fields(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Fields in another order."""
    for fields_of in _maps(forgery):
        rng.shuffle(fields_of)
    return True


def terse(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """No witness UTXO beside the whole transaction, no sighash type: ALL goes without saying."""
    for one in forgery.inputs:
        one.put(rng.choice((WITNESS_UTXO, SIGHASH)), None)
    return True


def silent_change(forgery: Forgery, _: Loot, rng: random.Random) -> bool:  # noqa: ARG001 -- as all
    """Change that gives its key origins and leaves the scripts to the reader."""
    for out in forgery.outputs:
        out.fields = [one for one in out.fields if one[0][:1] == bytes((OUT_DERIVATION,))]
    return True


def no_xpubs(forgery: Forgery, _: Loot, rng: random.Random) -> bool:  # noqa: ARG001 -- as all
    """No global extended public keys."""
    forgery.globals = []
    return True


def others_field(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A field of some other program's, in any map."""
    # The subtype is a compact size (BIP174): one byte here, else a strict reader may refuse it.
    key = b"\xfc\x05other" + bytes((rng.randrange(0xFD),)) + rng.randbytes(3)
    rng.choice(_maps(forgery)).append((key, rng.randbytes(rng.randrange(80))))
    return True


def fee(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A slightly other fee, out of the change."""
    for at in _returned(forgery):
        if forgery.outputs[at].amount > _LEAST_CHANGE:
            _anew(forgery)
            forgery.outputs[at].amount -= rng.randrange(200)
            return True
    return False


def change_index(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Change to another fresh address within the gap."""
    tree = forgery.withdrawal.tree()
    for at in _returned(forgery) if tree is not None else ():
        _anew(forgery)
        index = rng.randrange(int(tree["sequence"]) + _GAP)
        forgery.outputs[at] = change(loot.vault, forgery.outputs[at].amount, 1, index)
        return True
    return False


def more_coins(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A coin more, which returns with the change."""
    taken = {(one.txid, one.vout) for one in forgery.inputs}
    free = [coin for coin in loot.coins if (coin.txid, coin.vout) not in taken]
    ours = _returned(forgery)
    if not free or not ours:
        return False
    _anew(forgery)
    coin = rng.choice(free)
    forgery.inputs.append(spend(loot.vault, coin))
    forgery.outputs[ours[0]].amount += coin.amount - _LEAST_FEE
    return True


_LEAST_FEE: Final = 400
"""Satoshi for one more input, at a little more than 1 sat/vB."""


def more_approvals(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Signatures that nobody asked for, beside the approvals."""
    for key in loot.strangers:
        forgery.withdrawal.sign(key)
    rng.shuffle(forgery.withdrawal.signatures)
    return True


def said_change(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:  # noqa: ARG001 -- as all
    """Change that says everything about itself again."""
    for out in forgery.outputs:
        for index in range(_GAP) if out.fields else ():
            script = loot.vault.script(1, index)
            if script.script_pubkey == out.script:
                out.fields = claims(script)
    return True
