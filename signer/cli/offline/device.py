"""`coldsign device`: what is plugged in, its keys, its vaults, its addresses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from signer.cli import show
from signer.cli.kinds import CoinOption, NetworkOption, ScriptOption, script_type
from signer.cli.offline import records, station
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from hw.capabilities import Capabilities
    from hw.device import Surroundings
    from hw.find import Attached
    from signer.core.vault import Vault

DeviceOption = Annotated[
    str | None,
    typer.Option("--device", metavar="FINGERPRINT", help="The device, if several are plugged in."),
]
VaultName = Annotated[
    str, typer.Argument(metavar="VAULT", help="An enrolled vault: its name, or how its id begins.")
]


def list_(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """List the devices that are plugged in: model, firmware, fingerprint, locked or not."""
    from hw import find

    here = session(context, as_json=as_json, home=home)
    around = station.around(here, station.Nobody())
    devices = [_described(place, around) for place in find.attached()]
    rows = [
        (
            str(one["fingerprint"] or "?"),
            str(one["model"]),
            str(one["firmware"]),
            str(one["place"]),
            str(one["error"] or ("locked" if one["locked"] else "ready")),
        )
        for one in devices
    ]
    here.emit({"devices": devices}, show.columns(rows) or "none")
    for one in devices:
        for text in cast("list[str]", one["warnings"]):
            show.warn(f"{one['model']} at {one['place']}: {text}")
    if not devices:
        show.note("plug one in and unlock it; `coldsign device udev` prints the rules for Linux")


def _described(place: "Attached", around: "Surroundings") -> dict[str, object]:
    """One device, as far as it tells without a person; what went wrong is part of the listing."""
    from hw.advisories import warnings
    from hw.errors import DeviceError, Locked

    row: dict[str, object] = {
        "vendor": place.driver.vendor,
        "model": place.shape.model,
        "firmware": "",
        "fingerprint": None,
        "label": "",
        "place": place.place,
        "locked": None,
        "error": "",
        "hint": "",
        "warnings": [],
    }
    try:
        signer = place.open(around)
    except DeviceError as error:
        return row | {"error": error.what, "hint": error.hint}
    try:
        info = signer.info
        row |= {
            "model": info.model,
            "firmware": info.firmware,
            "label": info.label,
            "locked": info.locked,
            "warnings": [one.what for one in warnings(place.driver.vendor, info)],
        }
        row["fingerprint"] = signer.fingerprint()
    except Locked as error:
        row |= {"locked": True, "hint": error.hint or error.what}
    except DeviceError as error:
        row |= {"error": error.what, "hint": error.hint}
    finally:
        signer.close()
    return row


def info(
    context: typer.Context,
    *,
    device: DeviceOption = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show what one device is, and what it can do."""
    here = session(context, as_json=as_json, home=home)
    with station.talking(station.found(here, device)) as opened:
        signer = opened.signer
        data: dict[str, object] = {
            "vendor": opened.attached.driver.vendor,
            "model": signer.info.model,
            "firmware": signer.info.firmware,
            "edition": signer.info.edition,
            "label": signer.info.label,
            "place": opened.attached.place,
            "locked": signer.info.locked,
            "state": signer.info.state,
            "fingerprint": None if signer.info.locked else signer.fingerprint(),
        }
        known = station.warned(opened)
        rows = [(key, str(value)) for key, value in data.items() if value not in ("", None)]
        here.emit(
            {**data, "warnings": known, "capabilities": _table(signer.capabilities)},
            show.columns([*rows, *_rows(signer.capabilities)]),
        )


def _table(can: "Capabilities") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(can)


def _rows(can: "Capabilities") -> list[tuple[str, str]]:
    rows = [
        (f"{coin.coin} {', '.join(coin.networks)}", ", ".join(coin.scripts)) for coin in can.coins
    ]
    return [
        *rows,
        ("vaults", f"registration {can.registers}; at most {can.cosigners} keys"),
        ("nonces", "proven to carry no secret" if can.anti_klepto else "not provable"),
    ]


def xpub(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What the key shall be called: its officer.")
    ],
    *,
    device: DeviceOption = None,
    coin: CoinOption = "BTC",
    network: NetworkOption = "main",
    script: ScriptOption = None,
    account: Annotated[int, typer.Option(help="The account's number.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", readable=False, help="Write the record."),
    ] = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Export a device's public key of an account (BIP48) with its origin, for a vault."""
    from hw.task import Chain
    from policies.strict_json import Fields
    from signer.core.bip32 import HARDENED, Origin, format_path
    from signer.core.coins import network as find_network
    from signer.core.descriptor import VaultKey, bip48_path
    from signer.core.files import refuse_existing
    from signer.core.names import Fingerprint

    here = session(context, as_json=as_json, home=home)
    place = find_network(coin, network)
    kind = script_type(place, script)
    if not 0 <= account < HARDENED:
        raise BadInput("no such account", fault=Fault.OFFICER, expected=f"0 to {HARDENED - 1}")
    if output is not None:
        refuse_existing(output)
    Fields({"name": name}, "key record", required=("name",), fault=Fault.OFFICER).name("name")
    path = bip48_path(place, kind, account)
    with station.talking(station.found(here, device)) as opened:
        known = station.warned(opened)
        fingerprint = Fingerprint(opened.signer.fingerprint())
        text = opened.signer.xpub(path, Chain(coin, network))
        driver, model = opened.attached.driver, opened.signer.info.model
    key = f"{Origin(fingerprint, path)}{text}"
    VaultKey.parse(key, place.xpub)  # of this network, at the end of this path, a point at all
    record = {
        "kind": "key",
        "version": 1,
        "name": name,
        "coin": coin,
        "network": network,
        "script_type": kind,
        "fingerprint": fingerprint,
        "path": format_path(path),
        "xpub": text,
        "key": key,
        "signer": driver.kind,
    }
    if not driver.enforcing:
        show.note(
            f"a {show.safe(model)} checks no approval and no policy: `coldquorum vault show` says\n"
            "whether every quorum of a vault still contains a signer that does"
        )
    if known:
        show.note("read the warning above before this key joins a vault")
    records.give(here, record, output)


def register(
    context: typer.Context,
    vault: VaultName,
    *,
    device: DeviceOption = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Tell a device a vault; its officer compares and confirms on the device's screen."""
    from hw.capabilities import Registers
    from signer.sign.state import State
    from signer.station import vouch
    from signer.station.kept import Kept
    from signer.station.task import vault_facts

    here = session(context, as_json=as_json, home=home)
    known = station.vault_called(State(here.home), vault).enrolment.vault
    kept = Kept(here.home)
    with station.talking(station.found(here, device, known)) as opened:
        warnings = station.warned(opened)
        signer = opened.signer
        fingerprint = signer.fingerprint()
        proven = vouch.prove(opened, known, kept.registration(known.id, fingerprint))
        registration, before = proven.registration, proven.registration is not None
        if registration is None:
            _say_vault(known)
            with station.waiting():
                registration = signer.register(vault_facts(known))
        kept.keep(registration)
        needed = signer.capabilities.registers is not Registers.NONE
        model = signer.info.model
    if not needed:
        state = f"none needed: a {model} is told the vault with every transaction"
    elif before:
        state = f"the {model} knows it already"
    else:
        state = "done"
    data = {
        "vault": known.id,
        "name": registration.name,
        "device": fingerprint,
        "vendor": registration.vendor,
        "officer": proven.key.officer,
        "needed": needed,
        "already": before,
        "warnings": warnings,
    }
    rows = [("vault", f"{known.name} {known.id[:12]}"), ("device", f"{model} {fingerprint}")]
    rows += [("called there", registration.name)] if registration.name else []
    here.emit(data, show.columns([*rows, ("registration", state)]))
    show.note(f"next: coldsign device address {known.name} 0, and compare it with your own paper")


def _say_vault(vault: "Vault") -> None:
    """What the officer compares with the small screen."""
    rows = [("vault", vault.name), ("needs", f"{vault.threshold} of {len(vault.keys)}")]
    rows += [(s.officer, f"{s.fingerprint} {s.type}") for s in vault.signers]
    show.note(f"compare these with the device's screen:\n{show.columns(rows, indent=2)}")


def address(
    context: typer.Context,
    vault: VaultName,
    index: Annotated[int, typer.Argument(metavar="INDEX", help="On the branch, from 0.")],
    *,
    change: Annotated[bool, typer.Option("--change", help="The change branch.")] = False,
    device: DeviceOption = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show an address of a vault on a device, and print the device's beside ours."""
    from signer.core.errors import Refusal, Refused
    from signer.core.vault import CHANGE, RECEIVE
    from signer.sign.state import State
    from signer.station import vouch
    from signer.station.kept import Kept
    from signer.station.task import script_facts, vault_facts

    here = session(context, as_json=as_json, home=home)
    known = station.vault_called(State(here.home), vault).enrolment.vault
    ours = script_facts(known, CHANGE if change else RECEIVE, index)
    kept = Kept(here.home)
    with station.talking(station.found(here, device, known)) as opened:
        fingerprint = opened.signer.fingerprint()
        proven = vouch.prove(opened, known, kept.registration(known.id, fingerprint))
        registration = station.registered(proven, known)
        show.note(f"ours    {show.grouped(ours.address)}")
        with station.waiting():
            theirs = opened.signer.show_address(vault_facts(known), ours, registration)
        model = opened.signer.info.model
    if theirs != ours.address:
        raise Refused(
            Refusal(
                4,
                "device.address",
                f"the {model} shows another address",
                Fault.DEVICE,
                expected=ours.address,
                found=theirs,
                hint="receive nothing on either until you know why",
            )
        )
    data = {
        "vault": known.id,
        "branch": ours.branch,
        "index": index,
        "ours": ours.address,
        "device": theirs,
        "same": True,
        "fingerprint": fingerprint,
    }
    rows = (("ours", show.grouped(ours.address)), ("device", show.grouped(theirs)))
    here.emit(data, show.columns(rows))
    show.note("both programs agree; now compare every character with the device's own screen")


def udev(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Print the udev rules that let you open the devices on Linux."""
    from hw import find, udev

    here = session(context, as_json=as_json, home=home)
    text = udev.rules(shape for driver in find.DRIVERS for shape in driver.shapes)
    here.emit({"file": udev.FILE, "rules": text}, text.rstrip("\n"))
    show.note(f"write this to {udev.FILE}, then: udevadm control --reload && udevadm trigger")
