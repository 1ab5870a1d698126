"""`coldsign selftest`: what a start checks, shown."""

import typer

from signer.cli import show
from signer.cli.session import HomeOption, JsonFlag, session


def selftest(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Run the self-test, as every start does that can reach a key, and show it."""
    from signer.core import secp
    from signer.keys.hardening import harden
    from signer.sign.selftest import run

    here = session(context, as_json=as_json, home=home)
    checks = run()
    walls = harden()
    walled = {"core_dumps_off": walls.core_dumps_off, "memory_locked": walls.memory_locked}
    rows = [("ok", check.name, check.detail) for check in checks]
    rows.append(("", "curve", secp.version()))
    rows += [("ok" if up else "no", name.replace("_", " "), "") for name, up in walled.items()]
    here.emit(
        {
            "checks": [{"name": check.name, "detail": check.detail} for check in checks],
            "curve": secp.version(),
            **walled,
        },
        show.columns(rows),
    )
