"""`coldquorum psbt`: to Bitcoin Cash Node's form of a PSBT, and back."""

from pathlib import Path
from typing import Annotated

import typer

from signer.cli import show
from signer.cli.online.settling import NewFile
from signer.cli.session import HomeOption, JsonFlag, session

Ours = Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="The PSBT, as built.")]


def to_bchn(
    context: typer.Context,
    file: Ours,
    *,
    output: NewFile,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write a PSBT as Bitcoin Cash Node reads it, in base64; its wallet signs ECDSA only."""
    from base64 import b64encode

    from signer.build import bchn_psbt
    from signer.carry.file import read_psbt
    from signer.core.files import refuse_existing, write_new
    from signer.core.psbt import Psbt

    here = session(context, as_json=as_json, home=home)
    refuse_existing(output)
    psbt = Psbt.parse(read_psbt(file))
    write_new(output, b64encode(bchn_psbt.to_bchn(psbt)) + b"\n")
    data = {"txid": psbt.tx.txid, "file": str(output)}
    here.emit(data, show.columns((key, value) for key, value in data.items()))
    show.note(f'hint: bitcoin-cli walletprocesspsbt "$(cat {output})"')


def from_bchn(
    context: typer.Context,
    file: Ours,
    returned: Annotated[
        Path,
        typer.Argument(
            metavar="RETURNED", readable=False, help="What Bitcoin Cash Node gave back."
        ),
    ],
    *,
    output: NewFile,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Put the signatures that Bitcoin Cash Node made into our PSBT; `combine` verifies them."""
    from signer.build import bchn_psbt
    from signer.carry.file import read_psbt, write_psbt
    from signer.core.files import refuse_existing
    from signer.core.psbt import Psbt

    here = session(context, as_json=as_json, home=home)
    refuse_existing(output)
    psbt = Psbt.parse(read_psbt(file))
    signed = bchn_psbt.from_bchn(psbt, read_psbt(returned))
    new = [len(i.partial_sigs) for i in Psbt.parse(signed).inputs]
    taken = sum(new) - sum(len(i.partial_sigs) for i in psbt.inputs)
    write_psbt(output, signed)
    here.emit(
        {"txid": psbt.tx.txid, "signatures": taken, "file": str(output)},
        show.columns(
            [("txid", psbt.tx.txid), ("signatures taken", str(taken)), ("file", str(output))]
        ),
    )
