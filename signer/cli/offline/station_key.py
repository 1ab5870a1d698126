"""`coldsign station`: the key that signs this machine's refusal receipts."""

import typer

from signer.cli import show
from signer.cli.session import HomeOption, JsonFlag, session


def station(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Show the station key of this machine, which signs refusal receipts; made at first use."""
    from signer.record.station import NAME, key_id
    from signer.record.station import station as opened

    here = session(context, as_json=as_json, home=home)
    key = key_id(opened(here.home))
    data = {"station": key, "file": str(here.home / NAME)}
    here.emit(data, show.columns((("station", show.grouped(key)), ("file", data["file"]))))
    show.note("give it to your auditor: `coldsign journal verify FILE --station KEY`")
