"""A house with three vaults of three coins: price sheets, balance snapshots, and shared limits."""

from hashlib import sha256

from policy_world import ADDRESS, BTC, VAULT, withdrawal
from rule_world import earlier, payment, proposed

from policies.balances import Cold, Snapshot
from policies.chain import NOTHING
from policies.evidence import Evidence, Presented
from policies.grounds import Grounds, Stand
from policies.prices import Life, Price, PriceSheet
from policies.quorum import Demand, Tally, Votes
from policies.rules.group import Hours, Member, VaultGroup
from policies.rules.hot import Hot
from policies.rules.prices import Prices
from policies.value import Value

BCH_VAULT = sha256(b"bch vault").hexdigest()
MONA_VAULT = sha256(b"mona vault").hexdigest()
VAULTS = {VAULT: "BTC", BCH_VAULT: "BCH", MONA_VAULT: "MONA"}
LIVES = {"BTC": Life(990, 1_300), "BCH": Life(5_000, 5_300), "MONA": Life(20_000, 22_000)}
YEN = {"BTC": 15_000_000, "BCH": 75_000, "MONA": 40}
PACE = {"BTC": 6, "BCH": 6, "MONA": 40}

NEED = (Demand("approvers", 2),)
PRICES = Prices(NEED, 200, "JPY")
GROUP = VaultGroup(
    tuple(Member(vault, coin, PACE[coin]) for vault, coin in VAULTS.items()),
    (Hours(24, Value.of(30_000_000, "JPY")),),
)
HOT = Hot(NEED, 200, ("all",))
"""The cap is the usual one: 5%."""


def yen(amount):
    """A limit."""
    return Value.of(amount, "JPY")


def sheet(number=7, yen=YEN, **changes):
    """A price sheet; changes are its fields."""
    coins = {coin: Price(price, BTC, LIVES[coin]) for coin, price in yen.items()}
    fields = {"network": "regtest", "vaults": tuple(VAULTS), "number": number, "unit": "JPY"}
    return PriceSheet(**{**fields, "coins": coins, **changes})


def snapshot(number=3, hot=0, **changes):
    """A snapshot: 100 BTC, 1,000 BCH and 10,000 MONA lie cold, and some satoshi hot."""
    cold = {VAULT: 100, BCH_VAULT: 1_000, MONA_VAULT: 10_000}
    vaults = {
        vault: Cold(coin, cold[vault] * BTC, 1 if vault == VAULT else 0, LIVES[coin])
        for vault, coin in VAULTS.items()
    }
    return Snapshot(
        **{"network": "regtest", "number": number, "hot": {"BTC": hot}, "cold": vaults, **changes}
    )


def chain(vault, *paid, **changes):
    """The withdrawals of another vault, in a chain: pairs of height and amount."""
    links = []
    for height, amount in paid:
        fields = {
            "vault": vault,
            "coin": VAULTS[vault],
            "sequence": len(links) + 1,
            "previous": links[-1].id if links else None,
            "height": height,
            "expiry": height + 100,
            "payments": (payment(amount, "somewhere"),),
        }
        links.append(withdrawal(**{**fields, **changes}))
    return tuple(links)


def presented(document, *signed):
    """A paper that some officers have signed."""
    names = signed or ("alice", "bob")
    return Presented(document, Votes((Tally("approvers", 2, names, ("alice", "bob", "carol")),)))


def stands(chains):
    """Where other chains stand."""
    return tuple(
        Stand(vault, len(links), links[-1].id if links else None)
        for vault, links in sorted(chains.items())
    )


def others(*bch, **changes):
    """The chains of the two other vaults: MONA has paid nobody."""
    return {BCH_VAULT: chain(BCH_VAULT, *bch, **changes), MONA_VAULT: ()}


def valued(
    *amounts, prices=None, balances=None, chains=None, known=None, older=(), carried=None, **changes
):
    """A spend of a withdrawal that names its papers, and brings them.

    Args:
        amounts: that it pays.
        prices: the sheet, or one of `presented`.
        balances: the snapshot, likewise; False for none.
        chains: of the other vaults.
        known: by vault, what the signer knows.
        older: sheets of earlier withdrawals.
        carried: what comes along of those chains, if it is something else.
        changes: as for `proposed`.
    """
    prices = prices or sheet()
    prices = prices if isinstance(prices, Presented) else presented(prices)
    balances = snapshot() if balances is None else balances
    balances = balances if isinstance(balances, Presented | bool) else presented(balances)
    chains = others() if chains is None else chains
    grounds = Grounds(
        prices.document.id, balances.document.id if balances else None, stands(chains)
    )
    known = dict.fromkeys(VAULTS, NOTHING) | (known or {})
    evidence = Evidence(
        prices,
        balances or None,
        {one.id: one for one in (prices.document, *older)},
        {vault: links for vault, links in {**chains, **(carried or {})}.items() if links},
        known,
        frozenset({ADDRESS}),
    )
    return proposed(*amounts, **{"grounds": grounds, "evidence": evidence, **changes})


def under(price, height, amount, **changes):
    """An earlier withdrawal of the own vault, made under a sheet."""
    return earlier(height, amount, grounds=Grounds(price.id), **changes)
