"""Two vaults of one house with limits in yen, and a coordinator that brings what it likes."""

from world import HEIGHT, World

from policies.balances import Cold, Snapshot
from policies.chain import Known
from policies.envelope import Envelope
from policies.grounds import Grounds, Stand
from policies.prices import Life, Price, PriceSheet
from policies.quorum import Demand
from policies.rules import Amounts, Destinations
from policies.rules.destinations import Entry, Group
from policies.rules.group import Hours, Member, VaultGroup
from policies.rules.hot import Hot
from policies.rules.prices import Prices
from policies.value import Value
from policies.withdrawal import Anchor
from signer.core.names import Height
from signer.core.vault import Vault
from signer.sign.check import Enrolment, examine

NEED = (Demand("approvers", 2),)
HOT_PAYEE = 2
YEN = 10_000_000
"""For a whole coin: what the usual payment of 300,000 sat is worth is 30,000 yen."""

COIN = 100_000_000
LIFE = Life(Height(HEIGHT - 10), Height(HEIGHT + 190))


class _Annex(World):
    def __init__(self, seed=0):
        super().__init__("p2sh-p2wsh", seed)

    def _vault(self, *kind):
        payload = super()._vault(*kind).payload
        return Vault.parse(payload.replace(b'"treasury"', b'"annex"'))


def yen(amount):
    """A limit."""
    return Value.of(amount, "JPY")


class Estate:
    """Two worlds with the same officers, under one limit of 100,000 yen in 24 hours."""

    def __init__(self):
        self.main, self.annex = World(), _Annex()
        self.vaults = (self.main.vault.id, self.annex.vault.id)
        members = tuple(Member(one, "BTC", 7) for one in self.vaults)
        hot = Group((Entry(self.main.payment(payee=HOT_PAYEE).address, 0, Height(0)),))
        rules = (
            Amounts(yen(90_000)),
            Destinations("any", {"hot": hot}),
            Prices(NEED, 200, "JPY"),
            VaultGroup(members, (Hours(24, yen(100_000)),)),
            Hot(NEED, 200, ("hot",)),
        )
        for world in (self.main, self.annex):
            world.rule(*rules)

    def sheet(self, number=1, price=YEN, life=LIFE, **changes):
        """A price sheet."""
        coins = {"BTC": Price(price, COIN, life)}
        fields = {"network": "regtest", "vaults": self.vaults, "number": number, "unit": "JPY"}
        return PriceSheet(**{**fields, "coins": coins, **changes})

    def snapshot(self, number=1, hot=0, life=LIFE, sequence=0, **changes):
        """A balance snapshot: three coins of 1,000,000 sat in each vault."""
        cold = {one: Cold("BTC", 3_000_000, sequence, life) for one in self.vaults}
        return Snapshot(
            **{"network": "regtest", "number": number, "hot": {"BTC": hot}, "cold": cold, **changes}
        )

    def sealed(self, paper, *names, world=None):
        """A paper with officers' signatures: of alice and bob, if nobody is named."""
        kind = "prices" if isinstance(paper, PriceSheet) else "balances"
        envelope = Envelope.wrap(kind, paper.payload)
        for name in names or ("alice", "bob"):
            envelope = envelope.signed((world or self.main).officers[name].approval)
        return envelope

    def chain(self, world, *amounts, prices=None, start=HEIGHT - 3):
        """So many withdrawals of a vault that name nothing of the other."""
        links = []
        for at, amount in enumerate(amounts):
            grounds = Grounds(prices.id) if prices else None
            height = Height(start + at)
            links.append(
                world.withdrawal(
                    sequence=at + 1,
                    previous=links[-1].id if links else None,
                    payments=(world.payment(amount),),
                    height=height,
                    expiry=Height(height + 100),
                    anchor=Anchor(world.coins[at].tx.txid, world.coins[at].vout),
                    grounds=grounds,
                )
            )
        return links

    def head(
        self, sheet, annex=(), before=(), *, amount=300_000, payee=1, balances=None, **changes
    ):
        """A withdrawal of the main vault that names a sheet and where the annex stands."""
        stand = Stand(self.vaults[1], len(annex), annex[-1].id if annex else None)
        fields = {
            "grounds": Grounds(sheet.id, balances.id if balances else None, (stand,)),
            "payments": (self.main.payment(amount, payee),),
            "sequence": len(before) + 1,
            "previous": before[-1].id if before else None,
            "anchor": Anchor(self.main.coins[len(before)].tx.txid, 1),
        }
        return self.main.withdrawal(**{**fields, **changes})

    def examined(self, head, papers, *, annex=(), before=(), known=None, own=None):
        """What a signer says to a head that brings papers and the annex's chain."""
        foreign = [Envelope.wrap("withdrawal", link.payload) for link in annex]

        def bring(draft):
            draft.documents = draft.documents._replace(papers=(*papers, *foreign))

        raw = self.main.bundle(
            self.main.approve(head),
            coins=[self.main.coins[len(before)]],
            predecessors=[link.payload for link in before],
            tamper=bring,
        )
        return examine(raw, self.enrolments(known, own))

    def enrolments(self, known=None, own=None):
        """What a signer of both vaults knows."""
        return {
            world.vault.id: Enrolment(world.vault, world.trusted(), seen or Known())
            for world, seen in ((self.main, own), (self.annex, known))
        }


def known(*links, **changes):
    """What a signer knows who has verified some withdrawals."""
    height = links[-1].height if links else Height(0)
    return Known({link.sequence: link.id for link in links}, height, **changes)
