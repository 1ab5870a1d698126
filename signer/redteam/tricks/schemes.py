"""Whole schemes: documents and transaction bent together, so that each agrees with the other.

A single lie is caught where it stands. These lies agree with each other as far as the thief can
make them, and so reach the later steps; what is missing is only ever an honest signature.
"""

import random
from typing import Any

from signer.redteam.forgery import PREVIOUS_TX, WITNESS_UTXO, Forgery, Out
from signer.redteam.loot import Loot, spend, txout
from signer.redteam.papers import Paper


def _sign(paper: Paper, loot: Loot, *, strangers: bool = False) -> None:
    for key in (*loot.corrupt.values(), *(loot.strangers if strangers else ())):
        paper.sign(key)


def _payment(forgery: Forgery, tree: Any, at: int) -> Out | None:
    """The output that makes a payment of the withdrawal."""
    amount = tree["payments"][at]["amount"]
    return next((o for o in forgery.outputs if not o.fields and o.amount == amount), None)


def _to_thief(tree: Any, loot: Loot, rng: random.Random) -> tuple[Any, bytes]:
    """The withdrawal pays the thief's address instead; and that address's script."""
    at = rng.randrange(len(tree["payments"]))
    place = rng.randrange(len(loot.scripts))
    payments = [dict(payment) for payment in tree["payments"]]
    payments[at]["address"] = loot.addresses[place]
    return {**tree, "payments": payments}, loot.scripts[place]


def _tree(forgery: Forgery) -> Any:
    tree = forgery.withdrawal.tree()
    return tree if isinstance(tree, dict) and isinstance(tree.get("payments"), list) else None


def rewrite(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Withdrawal and transaction pay the thief; corrupt officers approve it anew."""
    tree = _tree(forgery)
    if tree is None or not tree["payments"]:
        return False
    at = rng.randrange(len(tree["payments"]))
    place = rng.randrange(len(loot.scripts))
    out = _payment(forgery, tree, at)
    payments = [dict(payment) for payment in tree["payments"]]
    payments[at]["address"] = loot.addresses[place]
    if out is None:
        return False
    out.script = loot.scripts[place]
    forgery.withdrawal.write({**tree, "payments": payments})
    _sign(forgery.withdrawal, loot, strangers=bool(rng.randrange(2)))
    return True


def raise_amount(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Withdrawal and transaction pay more, out of the change; corrupt officers approve."""
    tree = _tree(forgery)
    ours = [out for out in forgery.outputs if out.fields]
    if tree is None or not tree["payments"] or not ours:
        return False
    at = rng.randrange(len(tree["payments"]))
    out = _payment(forgery, tree, at)
    more = min(loot.amount(rng), max(ours[0].amount, 0))
    if out is None:
        return False
    payments = [dict(payment) for payment in tree["payments"]]
    payments[at]["amount"] += more
    out.amount += more
    ours[0].amount -= more
    forgery.withdrawal.write({**tree, "payments": payments})
    _sign(forgery.withdrawal, loot)
    return True


def next_in_line(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A withdrawal after this one, to the thief, with whatever signatures there are to be had."""
    tree = _tree(forgery)
    if tree is None or not tree["payments"]:
        return False
    forgery.predecessors.append(forgery.withdrawal.payload)
    bent, script = _to_thief(tree, loot, rng)
    coin = rng.choice(loot.coins)
    bent |= {
        "sequence": tree["sequence"] + 1,
        "previous": forgery.withdrawal.id,
        "anchor": {"txid": coin.name.partition(":")[0], "vout": coin.vout},
    }
    paper = Paper("withdrawal", b"", list(forgery.withdrawal.signatures))
    paper.write(bent)
    _sign(paper, loot, strangers=True)
    forgery.withdrawal = paper
    if all((one.txid, one.vout) != (coin.txid, coin.vout) for one in forgery.inputs):
        forgery.inputs.append(spend(loot.vault, coin))
    _pay_again(forgery, tree, bent, script)
    return True


def _pay_again(forgery: Forgery, old: Any, new: Any, script: bytes) -> None:
    """The outputs follow the payments."""
    for before, after in zip(old["payments"], new["payments"], strict=True):
        out = next(
            (o for o in forgery.outputs if o.amount == before["amount"] and not o.fields), None
        )
        if out is not None and before != after:
            out.script = script


def own_epoch(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A next policy in which strangers are the officers, and a withdrawal under it."""
    tree = _tree(forgery)
    last = forgery.policies[-1].tree() if forgery.policies else None
    if tree is None or not isinstance(last, dict):
        return False
    keys = [key.public_key().public_bytes_raw().hex() for key in loot.strangers]
    names = rng.sample(sorted(last["officers"]), min(len(keys), len(last["officers"])))
    new = {
        **last,
        "epoch": last["epoch"] + 1,
        "previous": forgery.policies[-1].id,
        "officers": {**last["officers"], **dict(zip(names, keys, strict=False))},
    }
    if rng.randrange(2):
        new["roles"] = {
            name: {**role, "threshold": 1} if isinstance(role, dict) else role
            for name, role in last["roles"].items()
        }
    if rng.randrange(2):
        delay = rng.choice((0, last["loosening_delay"], 10_000))
        new |= {"proposed_height": tree["height"], "activation_height": tree["height"] + delay}
    paper = Paper("policy", b"", list(forgery.policies[-1].signatures))
    paper.write(new)
    _sign(paper, loot, strangers=True)
    if rng.randrange(3) == 0:
        new |= {"epoch": 1, "previous": None}
        paper.write(new)
        _sign(paper, loot, strangers=True)
        forgery.policies = [paper]
    else:
        forgery.policies.append(paper)
    forgery.withdrawal.write({**tree, "policy": paper.id})
    _sign(forgery.withdrawal, loot, strangers=True)
    return True


def other_vault(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Another vault's approved withdrawal over this vault's coins, or under this vault's name."""
    theirs = [bundle for bundle in loot.bundles if _vault(bundle) == loot.other.id]
    if not theirs:
        return False
    bundle = rng.choice(theirs).copy()
    forgery.withdrawal = bundle.withdrawal
    if rng.randrange(2):
        forgery.policies, forgery.predecessors = bundle.policies, bundle.predecessors
    if rng.randrange(2):
        tree = forgery.withdrawal.tree()
        forgery.withdrawal.write({**tree, "vault": loot.vault.id})
        _sign(forgery.withdrawal, loot)
    if rng.randrange(2):
        forgery.outputs = bundle.outputs
    return True


def _vault(bundle: Forgery) -> object:
    tree = bundle.withdrawal.tree()
    return tree.get("vault") if isinstance(tree, dict) else None


def replay(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """The same approved withdrawal once more, out of other coins: all of them, or all but one."""
    taken = {(one.txid, one.vout) for one in forgery.inputs}
    free = [coin for coin in loot.coins if (coin.txid, coin.vout) not in taken]
    if len(free) < len(forgery.inputs):
        return False
    before = sum(coin.amount for one in forgery.inputs if (coin := loot.coin_of(one)))
    coins = rng.sample(free, len(forgery.inputs))
    forgery.inputs = [spend(loot.vault, coin) for coin in coins]
    ours = [out for out in forgery.outputs if out.fields]
    if ours:
        ours[0].amount += sum(coin.amount for coin in coins) - before
    return True


def height_lie(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Withdrawal and transaction agree on another height; corrupt officers approve."""
    tree = _tree(forgery)
    if tree is None:
        return False
    height = rng.choice((*loot.heights, tree["height"] + rng.choice((-1, 1, 1_000, 100_000))))
    life = max(0, tree["expiry"] - tree["height"])
    forgery.lock_time = height
    forgery.withdrawal.write({**tree, "height": height, "expiry": height + life})
    _sign(forgery.withdrawal, loot)
    return True


def forget(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """The chain begins anew: this is the first withdrawal, and nothing was ever paid before."""
    tree = _tree(forgery)
    if tree is None:
        return False
    keep = rng.randrange(len(forgery.predecessors) + 1)
    forgery.predecessors = forgery.predecessors[:keep]
    previous = Paper("withdrawal", forgery.predecessors[-1]).id if keep else None
    forgery.withdrawal.write({**tree, "sequence": keep + 1, "previous": previous})
    _sign(forgery.withdrawal, loot)
    return True


def launder(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """The whole chain written anew with smaller amounts, every link right."""
    tree = _tree(forgery)
    if tree is None or not forgery.predecessors:
        return False
    previous, chain = None, []
    for payload in forgery.predecessors:
        paper = Paper("withdrawal", payload)
        old = paper.tree()
        if not isinstance(old, dict) or not isinstance(old.get("payments"), list):
            return False
        paper.write(
            {
                **old,
                "previous": previous,
                "payments": [
                    {**payment, "amount": rng.choice((1, 546))} for payment in old["payments"]
                ],
            }
        )
        previous = paper.id
        chain.append(paper.payload)
    forgery.predecessors = chain
    forgery.withdrawal.write({**tree, "previous": previous})
    _sign(forgery.withdrawal, loot)
    return True


def two_rounds(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Change is burnt, and a coin is said to be smaller, so that the fee looks as it should."""
    ours = [out for out in forgery.outputs if out.fields and out.amount > 0]
    if not ours or not forgery.inputs:
        return False
    one = rng.choice(forgery.inputs)
    coin = loot.coin_of(one)
    burnt = min(ours[0].amount, loot.amount(rng))
    ours[0].amount -= burnt
    if coin is not None:
        one.put(WITNESS_UTXO, txout(max(0, coin.amount - burnt), coin.script))
        if rng.randrange(2):
            one.put(PREVIOUS_TX, None)
    return True


def false_void(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A void that pays somebody, or that cancels nothing; corrupt officers approve."""
    tree = _tree(forgery)
    if tree is None:
        return False
    purpose = rng.choice(("void", "consolidation", "internal", "payment"))
    voids = rng.choice((None, rng.choice(loot.papers).id, forgery.withdrawal.id))
    bent = {**tree, "purpose": purpose, "voids": voids}
    if rng.randrange(2):
        bent["payments"] = []
    forgery.withdrawal.write(bent)
    if rng.randrange(2):
        _sign(forgery.withdrawal, loot)
    return True


def padded(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A withdrawal to the thief, with as many signatures as it needs, whosever they are."""
    tree = _tree(forgery)
    if tree is None or not tree["payments"]:
        return False
    bent, script = _to_thief(tree, loot, rng)
    _pay_again(forgery, tree, bent, script)
    paper = forgery.withdrawal
    paper.write(bent)
    _sign(paper, loot, strangers=True)
    mine = [one for one in paper.signatures if one[0] in _ids(loot)]
    known = [one[0] for one in paper.signatures]
    paper.signatures += [(keyid, sig) for keyid in known for _, sig in mine]
    return True


def _ids(loot: Loot) -> set[str]:
    keys = (*loot.corrupt.values(), *loot.strangers)
    return {key.public_key().public_bytes_raw().hex() for key in keys}
