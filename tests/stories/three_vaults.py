"""A house that keeps three coins under limits in yen, and a thief who builds what nobody should."""

from house import ALICE, Forked
from two_vaults import HOT_PAYEE, NEED, TwoVaults, yen
from world import PASSPHRASE, Coin, World

from policies.envelope import Envelope
from policies.rules import Amounts, Destinations
from policies.rules.destinations import Entry, Group
from policies.rules.group import Hours, Member, VaultGroup
from policies.rules.hot import Hot
from policies.rules.prices import Prices
from policies.withdrawal import Withdrawal
from signer.chain.regtest import Regtest
from signer.chain.whole import parse_transaction
from signer.cli.online.chains import folder_of
from signer.core.names import Height
from signer.core.vault import RECEIVE, Vault
from signer.store.store import Store

BLOCKS_PER_HOUR = {"BTC": 7, "BCH": 7, "MONA": 44}
SCRIPTS = {"BTC": "p2wsh", "BCH": "p2sh32", "MONA": "p2sh-p2wsh"}


class CoinWorld(World):
    """A vault that is called like its coin."""

    def __init__(self, coin, script=""):
        super().__init__(script or SCRIPTS[coin], coin=coin)

    def _vault(self, *kind):
        vault = super()._vault(*kind)
        name = vault.coin.lower().encode()
        return Vault.parse(vault.payload.replace(b'"treasury"', b'"%s"' % name))


class ThreeVaults(TwoVaults):
    """The same officers for all three. Vaults are called `btc`, `bch` and `mona`."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder, self.desk = folder, Forked
        self.worlds = {coin.lower(): CoinWorld(coin) for coin in SCRIPTS}
        self.world = self.worlds["btc"]
        self.secret = folder / "passphrase"
        self.secret.write_bytes(PASSPHRASE)
        self.secret.chmod(0o600)
        self.world.keystore(folder / f"home-{ALICE}", ALICE)  # the one whose programs run
        self.coordinator = Forked("coordinator", folder / "home", folder)
        members = tuple(
            Member(world.vault.id, world.vault.coin, BLOCKS_PER_HOUR[world.vault.coin])
            for world in self.worlds.values()
        )
        with Store(self.coordinator.home) as store:
            for world in self.worlds.values():
                hot = Group((Entry(world.payment(payee=HOT_PAYEE).address, 0, Height(0)),))
                world.rule(
                    Amounts(yen(5_000_000)),
                    Destinations("any", {"hot": hot}),
                    Prices(NEED, 200, "JPY"),
                    VaultGroup(members, (Hours(24, yen(5_000_000)),)),
                    Hot(NEED, 200, ("hot",)),
                )
                world.state(folder / f"home-{ALICE}", ALICE)
                store.add_vault(world.vault_envelope)
                store.add_policy(world.policy_envelope)

    def fund_all(self, **amounts):
        """Pay so many whole coins into each vault; gives each chain's height."""
        heights = {}
        for name, amount in amounts.items():
            vault = self.worlds[name].vault
            to = " ".join(f"{vault.address(RECEIVE, at)}:{amount / 4}{vault.coin}" for at in (0, 1))
            rest = f"{vault.address(RECEIVE, 2)}:{amount / 2}{vault.coin}"
            paid = self.coordinator.does(f"coldquorum regtest fund {to} {rest} --coin {vault.coin}")
            heights[name] = paid["height"]
        return heights

    def prices(self, file, heights, **prices):
        """Make a price sheet for the three vaults: yen for a whole coin."""
        vaults = " ".join(f"--vault {name}" for name in self.worlds)
        told = " ".join(
            f"--price {name.upper()}={price}@{heights[name]}+190" for name, price in prices.items()
        )
        return self.coordinator.does(f"coldquorum prices new {vaults} --unit JPY {told} -o {file}")

    def balances(self, file, heights, *hot, **cold):
        """Make a balance snapshot: `NUMBER=AMOUNT` of each vault, and what lies hot."""
        vaults = " ".join(
            f"--vault {name}/{told}@{heights[name]}+190" for name, told in cold.items()
        )
        lies = " ".join(f"--hot {one}" for one in hot)
        return self.coordinator.does(f"coldquorum balances new {vaults} {lies} -o {file}")

    def ask(self, vault, file, amount, options="", payee=1):
        """Ask for a payment."""
        to = f"{self.worlds[vault].payment(payee=payee).address}:{amount}:Payee:hot"
        return self.coordinator.does(
            f"coldquorum request new --vault {vault} --to '{to}' --why settlement --initiator dave "
            f"--fee-ceiling 10000 --regtest -o {file} {options}"
        )

    def forced(self, vault, file, psbt, *papers):
        """Build what is approved with a thief's program, which looks at no rule."""
        world = self.worlds[vault]
        envelope = Envelope.parse((self.folder / file).read_bytes())
        head = Withdrawal.parse(envelope.payload)
        coin = world.vault.coin
        with Regtest(self.coordinator.home / folder_of(coin), coin=coin) as chain:
            found = [
                Coin(
                    parse_transaction(chain.transaction(c.outpoint.txid)),
                    c.outpoint.vout,
                    c.branch,
                    c.index,
                )
                for c in chain.coins(world.vault)
            ]
        with Store(self.coordinator.home) as store:
            chains = {
                name: [one.envelope for one in store.withdrawals(other.vault.id)]
                for name, other in self.worlds.items()
            }
        own = [one.payload for one in chains.pop(vault)][: head.sequence - 1]
        foreign = [Envelope.wrap("withdrawal", e.payload) for es in chains.values() for e in es]
        signed = [Envelope.parse((self.folder / paper).read_bytes()) for paper in papers]

        def bring(draft):
            draft.documents = draft.documents._replace(papers=(*signed, *foreign))

        raw = world.bundle(envelope, coins=found, predecessors=own, tamper=bring)
        (self.folder / psbt).write_bytes(raw)
