"""What a thief does to signatures: strip, repeat, rename, borrow, and add worthless ones."""

import random

from signer.redteam.forgery import Forgery
from signer.redteam.loot import Loot
from signer.redteam.papers import Paper

SMALL_ORDER = (
    "00" * 32,
    "01" + "00" * 31,
    "ec" + "ff" * 30 + "7f",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)
"""Ed25519 keys for which anybody can sign (RFC 8032 section 5.1.7 does not exclude them)."""


def _papers(forgery: Forgery, rng: random.Random) -> Paper:
    """The withdrawal mostly; sometimes a policy."""
    return rng.choice((*[forgery.withdrawal] * 3, *forgery.policies))


def strip(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Some or all signatures are gone."""
    paper = _papers(forgery, rng)
    if not paper.signatures:
        return False
    keep = rng.randrange(len(paper.signatures))
    paper.signatures = rng.sample(paper.signatures, keep)
    return True


def repeat(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """One officer's signature, many times."""
    paper = _papers(forgery, rng)
    if not paper.signatures:
        return False
    one = rng.choice(paper.signatures)
    times = rng.choice((1, 2, 5, 100, 200))
    paper.signatures = [one] * times if rng.randrange(2) else [*paper.signatures, *[one] * times]
    return True


def rename(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A signature under another officer's key id, or under the same in other letters."""
    paper = _papers(forgery, rng)
    if not paper.signatures:
        return False
    at = rng.randrange(len(paper.signatures))
    keyid, sig = paper.signatures[at]
    other = rng.choice([known for known, _ in paper.signatures])
    names = (other, keyid.upper(), keyid[:-2], "", f"0x{keyid}", rng.choice(SMALL_ORDER))
    paper.signatures.append((rng.choice(names), sig))
    if rng.randrange(2):
        del paper.signatures[at]
    return True


def spoil(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A signature with another bit, another length, or with its order added (malleability)."""
    paper = _papers(forgery, rng)
    if not paper.signatures:
        return False
    at = rng.randrange(len(paper.signatures))
    keyid, sig = paper.signatures[at]
    raw = bytearray(sig)
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    order = 2**252 + 27742317777372353535851937790883648493
    high = (int.from_bytes(sig[32:], "little") + order) % 2**256
    more = sig[:32] + high.to_bytes(32, "little")
    paper.signatures[at] = keyid, rng.choice((bytes(raw), sig[:-1], sig + b"\x00", bytes(64), more))
    return True


def borrow(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Signatures of other documents."""
    paper = _papers(forgery, rng)
    other = rng.choice([*loot.papers, *loot.policies])
    if not other.signatures:
        return False
    known = {keyid for keyid, _ in paper.signatures}
    paper.signatures += [one for one in other.signatures if one[0] not in known]
    return True


def corrupt(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """The corrupt officers approve, beside whoever did."""
    paper = _papers(forgery, rng)
    for key in loot.corrupt.values():
        paper.sign(key)
    return bool(loot.corrupt)


def corrupt_only(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """The corrupt officers approve, and strangers; nobody else."""
    paper = _papers(forgery, rng)
    paper.signatures = []
    for key in (*loot.corrupt.values(), *loot.strangers):
        paper.sign(key)
    return True


def anybody(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Signatures under keys for which anybody can sign."""
    paper = _papers(forgery, rng)
    for keyid in SMALL_ORDER:
        paper.signatures.append((keyid, bytes.fromhex(keyid) + bytes(32)))
        paper.signatures.append((keyid, bytes((1,)) + bytes(63)))
    return True


def other_kind(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A document under another payload type; corrupt officers sign it as that."""
    paper = _papers(forgery, rng)
    kinds = ("policy", "withdrawal", "vault", "receipt", "Withdrawal", "withdrawal ", "")
    paper.payload_type = f"application/vnd.coldquorum.{rng.choice(kinds)}+json"
    if rng.randrange(2):
        for key in loot.corrupt.values():
            paper.sign(key)
    return True
