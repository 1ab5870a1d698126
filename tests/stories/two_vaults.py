"""A house with two vaults whose limits are in yen: the same officers, one price sheet for both."""

from dataclasses import replace

from house import ALICE, Forked, House
from world import PASSPHRASE, World

from policies.envelope import Envelope
from policies.grounds import Stand
from policies.quorum import Demand
from policies.rules import Amounts, Destinations
from policies.rules.destinations import Entry, Group
from policies.rules.group import Hours, Member, VaultGroup
from policies.rules.hot import Hot
from policies.rules.prices import Prices
from policies.value import Value
from policies.withdrawal import Withdrawal
from signer.core.names import Height
from signer.core.vault import RECEIVE, Vault
from signer.store.store import Store

NEED = (Demand("approvers", 2),)
HOT_PAYEE = 2


class Annex(World):
    """The second vault: other scripts of the same keys."""

    def __init__(self):
        super().__init__("p2sh-p2wsh")

    def _vault(self, *kind):
        payload = super()._vault(*kind).payload
        return Vault.parse(payload.replace(b'"treasury"', b'"annex"'))


def yen(amount):
    """A limit."""
    return Value.of(amount, "JPY")


def rules():
    """What both policies have: 5 million yen for one payment and in 24 hours, 5% hot."""
    world = World()
    vaults = (world.vault.id, Annex().vault.id)
    hot = Group((Entry(world.payment(payee=HOT_PAYEE).address, 0, Height(0)),))
    return (
        Amounts(yen(5_000_000)),
        Destinations("any", {"hot": hot}),
        Prices(NEED, 200, "JPY"),
        VaultGroup(tuple(Member(one, "BTC", 7) for one in vaults), (Hours(24, yen(5_000_000)),)),
        Hot(NEED, 200, ("hot",)),
    )


class TwoVaults(House):
    """The house, and what people type in it."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self.world, self.annex = World(), Annex()
        self.secret = folder / "passphrase"
        self.secret.write_bytes(PASSPHRASE)
        self.secret.chmod(0o600)
        self.world.keystore(folder / f"home-{ALICE}", ALICE)  # the one whose programs run
        self.coordinator = Forked("coordinator", folder / "home", folder)
        with Store(self.coordinator.home) as store:
            for world in (self.world, self.annex):
                world.rule(*rules())
                world.state(folder / f"home-{ALICE}", ALICE)
                store.add_vault(world.vault_envelope)
                store.add_policy(world.policy_envelope)

    def __getitem__(self, name):
        """The desk of an officer."""
        return Forked(name, self.folder / f"home-{name}", self.folder)

    def fund_both(self, *amounts):
        """Pay so much into each vault, in single coins; gives the chain's height."""
        payments = " ".join(
            f"{world.vault.address(RECEIVE, at)}:{amount}"
            for world in (self.world, self.annex)
            for at, amount in enumerate(amounts)
        )
        self.coordinator.does(f"coldquorum regtest fund {payments}")
        return self.coordinator.does("coldquorum regtest info")["height"]

    def sealed(self, file, *names):
        """Let officers sign a document as their programs do, without starting those."""
        envelope = Envelope.parse((self.folder / file).read_bytes())
        for name in names:
            envelope = envelope.signed(self.world.officers[name].approval)
        made = file.replace(".json", "-signed.json")
        (self.folder / made).write_bytes(envelope.to_bytes())
        return made

    def prices(self, file, yen, height):
        """Make a price sheet for both vaults."""
        return self.coordinator.does(
            f"coldquorum prices new --vault treasury --vault annex --unit JPY "
            f"--price BTC={yen}@{height}+190 -o {file}"
        )

    def balances(self, file, treasury, annex, hot, height):
        """Make a balance snapshot: `NUMBER=AMOUNT` of each vault, and what lies hot."""
        return self.coordinator.does(
            f"coldquorum balances new --vault treasury/{treasury}@{height}+190 "
            f"--vault annex/{annex}@{height}+190 --hot BTC={hot} -o {file}"
        )

    def ask(self, vault, file, amount, options="", payee=1):
        """Ask for a payment."""
        to = f"{self.world.payment(payee=payee).address}:{amount}:Payee:hot"
        return self.coordinator.does(
            f"coldquorum request new --vault {vault} --to '{to}' --why settlement --initiator dave "
            f"--fee-ceiling 10000 --regtest -o {file} {options}"
        )

    def hiding(self, file):
        """A withdrawal after that in a file, which says that the annex has paid nobody."""
        before = Withdrawal.parse(Envelope.parse((self.folder / file).read_bytes()).payload)
        grounds = replace(before.grounds, chains=(Stand(self.annex.vault.id, 0, None),))
        lie = replace(before, sequence=2, previous=before.id, grounds=grounds)
        return Envelope.wrap("withdrawal", lie.payload).to_bytes()

    def build_command(self, file, psbt):
        """The command that builds what was approved."""
        return f"coldquorum build {file} -o {psbt} --fee-rate 2 --regtest"
