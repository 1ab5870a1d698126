"""What a thief does to documents: bent anywhere, with old signatures or corrupt officers' new ones.

A document is bent as whatever JSON it is, at any place in it; what a value means is guessed from
its kind and its name, so that fields which do not exist yet are attacked, too.
"""

import random
from collections.abc import Callable
from typing import Any, Final

from signer.redteam.forgery import Forgery
from signer.redteam.loot import Loot
from signer.redteam.papers import Paper, at, dump, places, replaced

_HUGE: Final = (2**31, 2**32, 2**53, 2**63, 2**64, 10**30)
_TEXTS: Final = ("", " ", "a" * 300, "\u202epay\u202c", "x\ny", "\x00", "ALICE", "\ud800", "\uff10")


def bend(tree: Any, loot: Loot, rng: random.Random) -> Any:
    """A tree with something else at one of its places."""
    found = [(path, value) for path, value in places(tree) if path]
    if not found:
        return tree
    path, value = rng.choice(found)
    pick = rng.randrange(12)
    if pick == 0:
        return _without(tree, path)
    if pick == 1:
        return replaced(tree, path, rng.choice((None, [], {}, "", 0, -1, True, value, [value])))
    if pick == 2 and isinstance(value, dict):  # noqa: PLR2004 -- one of twelve
        return replaced(tree, path, {**value, rng.choice(("extra", "Amount", "")): 1})
    if pick == 3:  # noqa: PLR2004 -- one of twelve
        same = [other for _, other in found if type(other) is type(value)]
        return replaced(tree, path, rng.choice(same))
    return replaced(tree, path, _other(str(path[-1]), value, loot, rng))


def _other(name: str, value: Any, loot: Loot, rng: random.Random) -> Any:
    """Another value that may fit where this one was."""
    if isinstance(value, str):
        return _text(name, value, loot, rng)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return _number(value, loot, rng)
    if isinstance(value, list):
        more = [[*value, rng.choice(value)], value[:-1], value[::-1]] if value else []
        return rng.choice([[], *more])
    if isinstance(value, dict):
        keys = sorted(value)
        one, other = (rng.choice(keys), rng.choice(keys)) if keys else ("", "")
        return {**value, one: value[other], other: value[one]} if keys else {"": 1}
    return rng.choice((rng.choice(loot.papers).id, 0, "", loot.vault.id))


def _number(value: int, loot: Loot, rng: random.Random) -> object:
    odd = (value * 2, rng.choice(_HUGE), float(value)) if rng.randrange(4) == 0 else ()
    near = (value + 1, value - 1, 0, -value, loot.amount(rng), rng.choice(loot.heights))
    return rng.choice((*near, *odd))


def _text(name: str, value: str, loot: Loot, rng: random.Random) -> str:
    ids = [paper.id for paper in (*loot.papers, *loot.policies)]
    ids += [loot.vault.id, loot.other.id, "0" * 64]
    coin = rng.choice(loot.coins).name.partition(":")[0]
    keys = [key.public_key().public_bytes_raw().hex() for key in loot.strangers]
    if name == "address" or value in loot.addresses:
        return rng.choice((*loot.addresses, value.upper(), value[:-1]))
    if len(value) == 64:  # noqa: PLR2004 -- an id, a txid or a key, in hex
        return rng.choice((*ids, coin, coin, *keys, value.upper(), value[:-1] + "0"))
    if value in loot.names:
        return rng.choice(loot.names)
    words = (
        "payment",
        "consolidation",
        "internal",
        "void",
        "policy",
        "withdrawal",
        "any",
        "listed",
    )
    return rng.choice((*words, *_TEXTS, value + " ", "BTC", "BCH", "main", "test", value.upper()))


def _without(tree: Any, path: tuple[str | int, ...]) -> Any:
    parent = at(tree, path[:-1])
    last = path[-1]
    if isinstance(parent, dict):
        new: Any = {key: value for key, value in parent.items() if key != last}
    else:
        new = [value for place, value in enumerate(parent) if place != last]
    return replaced(tree, path[:-1], new)


def bend_text(payload: bytes, rng: random.Random) -> bytes:
    """JSON that strict readers refuse and lenient ones read in two ways."""
    first = payload.find(b'":')
    key = payload[payload.find(b'"') : first + 1] if first > 0 else b'"kind"'
    middle = rng.randrange(len(payload) or 1)
    return rng.choice(
        (
            b"{" + key + b":1," + payload[1:],
            payload[:-1] + b"," + key + b":1}",
            payload[:-1] + b',"why":"x","why":"y"}',
            b"\xef\xbb\xbf" + payload,
            payload + b" ",
            b" " + payload,
            payload + b"{}",
            payload.replace(b'"height":', b'"height":1e3,"x":', 1),
            payload.replace(b'"height":', b'"height":NaN,"x":', 1),
            payload.replace(b":", b" : ", 1),
            payload.replace(b'"amount":', b'"\\u0061mount":1,"amount":', 1),
            b"[" * rng.choice((20, 2_000, 200_000)) + payload,
            b'{"a":' * rng.choice((20, 2_000)) + payload + b"}" * 20,
            payload[:middle] + b"\xff" + payload[middle:],
            payload[:middle],
            b"",
            b"null",
            b"[]",
            b"1" * rng.choice((5, 5_000)),
            payload.replace(b'"why":"', b'"why":"' + b"w" * rng.choice((3_000, 1_100_000)), 1),
        )
    )


def _sign(paper: Paper, loot: Loot, rng: random.Random) -> None:
    """Corrupt officers sign it anew; sometimes strangers do, too."""
    for key in loot.corrupt.values():
        paper.sign(key)
    if rng.randrange(4) == 0:
        for key in loot.strangers:
            paper.sign(key)


def withdrawal(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """The withdrawal says something else; old signatures, or corrupt officers' new ones."""
    tree = forgery.withdrawal.tree()
    if tree is None:
        return False
    forgery.withdrawal.write(bend(tree, loot, rng))
    if rng.randrange(2):
        _sign(forgery.withdrawal, loot, rng)
    return True


def withdrawal_text(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """The withdrawal's JSON is not what strict readers take."""
    forgery.withdrawal.payload = bend_text(forgery.withdrawal.payload, rng)
    if rng.randrange(2):
        _sign(forgery.withdrawal, loot, rng)
    return True


def reformat(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """The same document in other bytes: an id that nobody approved."""
    tree = forgery.withdrawal.tree()
    if not isinstance(tree, dict):
        return False
    text = dump(dict(reversed(tree.items())))
    new = rng.choice((text, forgery.withdrawal.payload + b"\n", text.replace(b",", b", ", 1)))
    forgery.withdrawal.payload = new
    if rng.randrange(2):
        _sign(forgery.withdrawal, loot, rng)
    return True


def other_withdrawal(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Another withdrawal of the loot: spent, half approved, of another vault, of another year."""
    forgery.withdrawal = rng.choice(loot.papers).copy()
    if rng.randrange(2):
        _sign(forgery.withdrawal, loot, rng)
    return True


def envelope(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """An envelope that is no envelope of ours."""
    paper = rng.choice((forgery.withdrawal, *forgery.policies))
    paper.raw = (
        bend_text(paper.to_bytes(), rng) if rng.randrange(2) else _bent_envelope(paper, loot, rng)
    )
    return True


def _bent_envelope(paper: Paper, loot: Loot, rng: random.Random) -> bytes:
    import json  # noqa: PLC0415 -- only here: an envelope is bent as any other tree

    return dump(bend(json.loads(paper.to_bytes()), loot, rng))


def _chain(
    change: Callable[[list[bytes], Loot, random.Random], object],
) -> Callable[[Forgery, Loot, random.Random], bool]:
    def run(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
        if not forgery.predecessors:
            return False
        change(forgery.predecessors, loot, rng)
        return True

    return run


def _chain_drop(chain: list[bytes], _: Loot, rng: random.Random) -> None:
    count = rng.randrange(1, len(chain) + 1)
    start = rng.choice((0, 0, len(chain) - count, rng.randrange(len(chain))))
    del chain[start : start + count]


def _chain_repeat(chain: list[bytes], _: Loot, rng: random.Random) -> None:
    chain.insert(rng.randrange(len(chain) + 1), rng.choice(chain))


def _chain_mix(chain: list[bytes], _: Loot, rng: random.Random) -> None:
    rng.shuffle(chain)


def _chain_bend(chain: list[bytes], loot: Loot, rng: random.Random) -> None:
    place = rng.randrange(len(chain))
    paper = Paper("withdrawal", chain[place])
    tree = paper.tree()
    if tree is not None and rng.randrange(4):
        paper.write(bend(tree, loot, rng))
        chain[place] = paper.payload
    else:
        chain[place] = bend_text(chain[place], rng)


def _chain_swap(chain: list[bytes], loot: Loot, rng: random.Random) -> None:
    chain[rng.randrange(len(chain))] = rng.choice(loot.papers).payload


def _chain_more(chain: list[bytes], loot: Loot, rng: random.Random) -> None:
    new = [rng.choice(loot.papers).payload for _ in range(rng.choice((1, 2, 50)))]
    chain[:] = [*new, *chain] if rng.randrange(2) else [*chain, *new]


chain_drop = _chain(_chain_drop)
chain_repeat = _chain(_chain_repeat)
chain_mix = _chain(_chain_mix)
chain_bend = _chain(_chain_bend)
chain_swap = _chain(_chain_swap)
chain_more = _chain(_chain_more)


def epochs_drop(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Policies are missing: the first, the newest, all."""
    if not forgery.policies:
        return False
    forgery.policies = rng.choice((forgery.policies[1:], forgery.policies[:-1], []))
    return True


def epochs_mix(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Policies in another order, or twice."""
    if rng.randrange(2):
        rng.shuffle(forgery.policies)
    else:
        forgery.policies = [*forgery.policies, *[paper.copy() for paper in forgery.policies]]
    return True


def epochs_other(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Another policy of the loot instead or on top: old, half signed, a fork, another vault's."""
    new = rng.choice(loot.policies).copy()
    if rng.randrange(2):
        forgery.policies.append(new)
    else:
        forgery.policies = [*forgery.policies[:-1], new]
    return True


def epochs_bend(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A policy says something else; old signatures, or corrupt admins' new ones."""
    if not forgery.policies:
        return False
    paper = rng.choice(forgery.policies)
    tree = paper.tree()
    if tree is None or rng.randrange(6) == 0:
        paper.payload = bend_text(paper.payload, rng)
    else:
        for _ in range(rng.choice((1, 1, 3))):
            tree = bend(tree, loot, rng)
        paper.write(tree)
    if rng.randrange(2):
        _sign(paper, loot, rng)
    return True
