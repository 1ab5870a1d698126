"""coldsign: runs on the air-gapped machine. It holds the keys and opens no socket.

Every command's function lives in `signer/cli/offline/`; this file is the table of them. What a
command needs it imports when it runs.
"""

import os
from pathlib import Path

import typer

from signer.cli import exits, qr, session, show
from signer.cli.offline import (
    approve,
    backups,
    bsms,
    device,
    enrol,
    inspect,
    journal,
    keys,
    kit,
    making,
    officers,
    policy,
    receipts,
    recipe,
    serve,
    sign,
)
from signer.cli.session import HomeOption, JsonFlag

app = typer.Typer(
    name="coldsign",
    help="The signer: keys, approvals, signatures. Opens no socket.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: half the start-up time, and the same on every terminal
    pretty_exceptions_enable=False,  # they print local variables
)
key = session.group("The signing keys of this machine.")
officer = session.group("The approval keys of this machine.")
policy_group = session.group("The policies of vaults.")
device_group = session.group("The USB signers that are plugged in.")
journal_group = session.group("The record of what this machine did.")
bsms_group = session.group("Setting up a vault with others (BIP129).")
kit_group = session.group("The offline kit, from which coldsign is installed.")


@app.callback()
def root(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Harden the process and prove it fit to sign, before any command runs."""
    from signer.keys.hardening import harden
    from signer.sign.selftest import run

    harden()
    run()
    place = home or Path(os.environ.get("COLDSIGN_HOME") or "~/.coldsign")
    session.begin(context, home=place, as_json=as_json)


@app.command()
def selftest(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Run the self-test, as every start does, and show it."""
    from signer.keys.hardening import harden
    from signer.sign.selftest import run

    here = session.session(context, as_json=as_json, home=home)
    checks = run()
    walls = harden()
    walled = {"core_dumps_off": walls.core_dumps_off, "memory_locked": walls.memory_locked}
    rows = [("ok", check.name, check.detail) for check in checks]
    rows += [("ok" if up else "no", name.replace("_", " "), "") for name, up in walled.items()]
    here.emit(
        {"checks": [{"name": check.name, "detail": check.detail} for check in checks], **walled},
        show.columns(rows),
    )


key.command("create")(making.create)
key.command("restore")(making.restore)
key.command("backup")(backups.backup)
key.command("verify-backup")(backups.verify_backup)
key.command("drill")(backups.drill)
key.command("recipe")(recipe.recipe)
key.command("list")(keys.list_)
key.command("xpub")(keys.xpub)
key.command("destroy")(keys.destroy)
app.add_typer(key, name="key")

officer.command("create")(officers.create)
officer.command("show")(officers.show_)
officer.command("list")(officers.list_)
app.add_typer(officer, name="officer")

app.command("enrol")(enrol.enrol)
app.command("approve")(approve.approve)
policy_group.command("sign")(policy.sign)
policy_group.command("accept")(policy.accept)
app.add_typer(policy_group, name="policy")
app.command("inspect")(inspect.inspect)
app.command("sign")(sign.sign)
app.command("serve")(serve.serve)
device_group.command("list")(device.list_)
device_group.command("info")(device.info)
device_group.command("xpub")(device.xpub)
device_group.command("register")(device.register)
device_group.command("address")(device.address)
device_group.command("udev")(device.udev)
app.add_typer(device_group, name="device")
app.command("station")(receipts.station)
journal_group.command("show")(journal.show_)
journal_group.command("verify")(journal.verify)
journal_group.command("export")(journal.export)
app.add_typer(journal_group, name="journal")
bsms_group.command("record")(bsms.record)
bsms_group.command("check")(bsms.check)
bsms_group.command("accept")(bsms.accept)
bsms_group.command("close")(bsms.close)
app.add_typer(bsms_group, name="bsms")
kit_group.command("check")(kit.check)
kit_group.command("sign")(kit.sign)
app.add_typer(kit_group, name="kit")
app.add_typer(qr.group(), name="qr")


def main() -> None:
    """Run the program; its exit code is told by `signer/cli/exits.py`."""
    raise SystemExit(exits.run(app))


if __name__ == "__main__":
    main()
