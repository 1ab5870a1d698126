"""coldquorum: runs on the online machine. It talks to the chain and holds no secret.

Every command's function lives in `signer/cli/online/`; this file is the table of them. What a
command needs it imports when it runs.
"""

import os
from pathlib import Path

import typer
from typer.core import TyperGroup

from signer.cli import exits, qr, session
from signer.cli.online import (
    backups,
    bsms,
    building,
    ceremonies,
    demo,
    explaining,
    kit,
    labelling,
    policies,
    redteam,
    regtest,
    requests,
    rotating,
    settling,
    sheets,
    stating,
    trying,
    vaults,
    voids,
    wallets,
)
from signer.cli.session import HomeOption, JsonFlag

_ORDER = (
    *("demo", "vault", "policy", "request", "build", "inspect", "combine", "finalize"),
    *("broadcast", "bump", "prices", "balances", "labels", "qr", "bsms", "ceremony", "bundle"),
    *("redteam", "regtest"),
)


class _InOrder(TyperGroup):
    """Lists the commands in the order in which a withdrawal needs them."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 -- click's signature
        return sorted(self.commands, key=_ORDER.index)


app = typer.Typer(
    name="coldquorum",
    cls=_InOrder,
    help="The coordinator: requests, transactions, the chain. Holds no secret.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: half the start-up time, and the same on every terminal
    pretty_exceptions_enable=False,  # they print local variables
)
vault = session.group("Vaults: whose keys, how many of them.")
policy = session.group("Policies: who approves what, up to how much.")
prices = session.group("Price sheets: what coins are worth, signed by officers.")
balances = session.group("Balance snapshots: what lies hot and cold, signed by officers.")
request = session.group("Withdrawals, before they are built.")
setup = session.group("Setting up a vault with others (BIP129).")
labels = session.group("Labels of addresses, outputs, transactions (BIP329).")
ceremony = session.group("What people follow and file: a playbook, a report.")
chain = session.group("The embedded chain: play money, no node needed.")


@app.callback()
def root(context: typer.Context, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Find the coordinator's folder, before any command runs."""
    place = home or Path(os.environ.get("COLDQUORUM_HOME") or "~/.coldquorum")
    session.begin(context, home=place, as_json=as_json)


app.command("demo")(demo.demo)

vault.command("create")(vaults.create)
vault.command("show")(vaults.show_)
vault.command("addresses")(vaults.addresses)
vault.command("list")(vaults.list_)
vault.command("import")(wallets.import_)
vault.command("export")(wallets.export)
vault.command("backup")(backups.backup)
vault.command("recover")(backups.recover)
vault.command("sheet")(sheets.sheet)
vault.command("rotate")(rotating.rotate)
vault.command("sweep")(rotating.sweep)
app.add_typer(vault, name="vault")

setup.command("tokens")(bsms.tokens_)
setup.command("vault")(bsms.vault)
app.add_typer(setup, name="bsms")

policy.command("new")(policies.new)
policy.command("check")(policies.check)
policy.command("propose")(policies.propose)
policy.command("import")(policies.import_)
policy.command("show")(policies.show_)
policy.command("explain")(explaining.explain)
policy.command("try")(trying.try_)
policy.command("diff")(explaining.diff)
app.add_typer(policy, name="policy")

prices.command("new")(stating.new_prices)
prices.command("show")(stating.show_prices)
app.add_typer(prices, name="prices")
balances.command("new")(stating.new_balances)
balances.command("show")(stating.show_balances)
app.add_typer(balances, name="balances")

request.command("new")(requests.new)
request.command("show")(requests.show_)
request.command("list")(requests.list_)
request.command("void")(voids.void)
request.command("export-history")(voids.export_history)
app.add_typer(request, name="request")

app.command("build")(building.build)
app.command("inspect")(building.inspect)
app.command("combine")(settling.combine)
app.command("finalize")(settling.finalize)
app.command("broadcast")(settling.broadcast)
app.command("bump")(building.bump)

labels.command("export")(labelling.export)
labels.command("import")(labelling.import_)
app.add_typer(labels, name="labels")
ceremony.command("playbook")(ceremonies.playbook)
ceremony.command("report")(ceremonies.report)
app.add_typer(ceremony, name="ceremony")

app.add_typer(qr.group(), name="qr")

app.command("bundle")(kit.bundle)

chain.command("info")(regtest.info)
chain.command("mine")(regtest.mine)
chain.command("fund")(regtest.fund)
chain.command("reorg")(regtest.reorg)
app.add_typer(chain, name="regtest")

app.command("redteam")(redteam.redteam)


def main() -> None:
    """Run the program; its exit code is told by `signer/cli/exits.py`."""
    raise SystemExit(exits.run(app))


if __name__ == "__main__":
    main()
