"""`coldquorum demo`: a whole withdrawal, then three attacks, played by the real programs."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.chain.errors import NodeUnreachable
from signer.cli import show
from signer.cli.kinds import CoinOption
from signer.cli.session import HomeOption, JsonFlag
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.ceremony.demo import Attack, Played
    from signer.ceremony.stage import Step

_USB_COIN = "BTC"
_WHO, _STORY = 11, 52
"""Columns of a step's line; the command comes last and may be long."""


def demo(
    context: typer.Context,
    *,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", readable=False, help="Leave everything in this new folder."),
    ] = None,
    coin: CoinOption = "BTC",
    usb: Annotated[
        bool, typer.Option("--usb", help="With a simulated Coldcard and an appliance.")
    ] = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,  # noqa: ARG001 -- every command takes it
) -> None:
    """Play a withdrawal, then three attacks.

    Three officers and a coordinator, each in a folder and in processes of their own, with play
    money on the embedded chain: a 2-of-3 vault, from keys to a confirmed block. Then the
    coordinator is a thief's. Takes under a minute, and ends with exit code 1 if anything comes
    out otherwise than it has to.
    """
    from signer.ceremony.demo import play

    _check_engine(coin)
    if usb and coin != _USB_COIN:
        raise BadInput(
            f"the simulated devices know {_USB_COIN} alone",
            fault=Fault.OFFICER,
            found=f"--usb --coin {coin}",
            hint="leave one of them out",
        )
    # No session: the demo has folders of its own, and must not make the coordinator's.
    wants_json = as_json or bool(context.find_root().params.get("as_json"))
    started = time.monotonic()
    with _folder(keep) as folder:
        played = play(folder, _narrator(show.note if wants_json else _at_once), coin=coin, usb=usb)
    seconds = round(time.monotonic() - started, 1)
    show.emit(wants_json, _data(played, keep, seconds), _ending(played, keep, seconds))


def _check_engine(coin: str) -> None:
    """Say at once what would else come out in the middle, and fetch what can be fetched.

    Raises:
        ChainError: the coin's engine is not installed.
    """
    from importlib.util import find_spec

    from signer.chain.errors import ChainError
    from signer.core import coins

    if coins.coin(coin).engine == "bch-vm":
        from signer.chain.bchvm import library

        try:
            library.installed()
        except NodeUnreachable:
            show.note(
                f"fetching libauth {library.VERSION} with npm, once, as the lock file names it"
            )
            library.install()
        return
    if find_spec("pbk") is None:
        raise ChainError(
            "the demo needs py-bitcoinkernel, which is not installed",
            hint="pip install 'coldquorum[regtest]'",
        )


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to play in: a temporary one that goes, or a new one that stays.

    Raises:
        BadInput: the folder is there and holds something, or cannot be made.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="coldquorum-demo-") as temporary:
            yield Path(temporary)
        return
    folder = keep.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise BadInput(
            "the folder for the demo cannot be made",
            fault=Fault.MACHINE,
            found=f"{keep}: {(error.strerror or '').lower()}",
            hint="choose another with --keep DIR",
        ) from None
    if taken:
        raise BadInput(
            "the folder for the demo is not empty",
            fault=Fault.OFFICER,
            found=str(keep),
            hint="choose a new one with --keep DIR",
        )
    yield folder


def _line(step: "Step") -> str:
    line = f"{step.number:>3}  {step.who:<{_WHO}}  {step.story:<{_STORY}}  {step.command}"
    return show.safe(line)


def _narrator(say: Callable[[str], None]) -> Callable[["Step"], None]:
    """Tells each step as soon as it is done, and each scene as it opens."""
    scene = ""

    def tell(step: "Step") -> None:
        nonlocal scene
        if step.scene != scene:
            scene = step.scene
            say(f"\n{scene}" if step.number > 1 else scene)
        say(_line(step))

    return tell


def _at_once(text: str) -> None:
    show.out(text)
    sys.stdout.flush()


def _ending(played: "Played", keep: Path | None, seconds: float) -> str:
    lines = ["", "three attacks, each refused by the signers:"]
    for attack in played.attacks:
        lines += _attack_text(attack)
    lines += [
        "",
        show.columns(
            (
                ("confirmed", show.grouped(played.txid)),
                ("in block", f"{played.height}, {played.block}"),
                ("consensus", f"verified by others' code ({played.engine})"),
                ("all as expected", f"{len(played.steps)} steps in {seconds} seconds"),
                *(_kept(keep) if keep else ()),
            )
        ),
    ]
    return "\n".join(lines)


def _kept(keep: Path) -> tuple[tuple[str, str], ...]:
    from signer.ceremony.demo import passphrase

    return (("kept in", str(keep)), ("passphrases", f"as in `{passphrase('alice')}`"))


def _attack_text(attack: "Attack") -> list[str]:
    first = attack.reasons[0]
    officers = ", ".join(dict.fromkeys(reason.officer for reason in attack.reasons))
    return [
        f"  {attack.forgery.name}: the thief {attack.forgery.story}",
        f"    step {first.step}, {first.rule}: {show.safe(first.what)} ({officers})",
        f"      expected: {show.safe(first.expected)}",
        f"      found:    {show.safe(first.found)}",
    ]


def _data(played: "Played", keep: Path | None, seconds: float) -> dict[str, object]:
    return {
        "steps": [asdict(step) for step in played.steps],
        "txid": played.txid,
        "block": played.block,
        "height": played.height,
        "engine": played.engine,
        "refusals": [
            {
                "attack": attack.forgery.name,
                "story": attack.forgery.story,
                "step": attack.forgery.step,
                "rule": attack.forgery.rule,
                "signers": [asdict(reason) for reason in attack.reasons],
            }
            for attack in played.attacks
        ],
        "seconds": seconds,
        "kept": str(keep) if keep else None,
    }
