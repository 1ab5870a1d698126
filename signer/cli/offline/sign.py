"""`coldsign sign`: the eleven steps, from a file that nobody vouches for to a signed one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import review, show
from signer.cli.naming import HINTS, named
from signer.cli.offline import clock, consent, device_sign, outputs, receipts, unlocking
from signer.cli.offline.inspect import gathered
from signer.cli.offline.outputs import OutputOption
from signer.cli.offline.receipts import ReceiptOption
from signer.cli.offline.unlocking import GuardFile
from signer.cli.prompt import PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signer.core.names import Fingerprint
    from signer.core.vault import Vault
    from signer.record.refuse import Case
    from signer.sign.facts import Facts
    from signer.sign.softkey import SoftKey


def sign(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="IN", readable=False, help="A PSBT, binary or base64.")
    ],
    *,
    output: OutputOption = None,
    receipt: ReceiptOption = None,
    key: Annotated[
        str | None, typer.Option(metavar="NAME", help="The key, if several are enrolled.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="A USB signer, instead of a key of this machine."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    passphrase_file: PassphraseFile = None,
    bip39_passphrase_file: GuardFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Check a PSBT, show what it does, and sign it if the officer says yes."""
    here = session(context, as_json=as_json, home=home)
    with receipts.given(here, "sign", receipt) as case:
        _sign(
            here,
            case,
            file,
            key,
            device=device,
            output=output,
            secrets=(passphrase_file, bip39_passphrase_file),
            yes=yes,
        )


def _sign(
    here: Session,
    case: "Case",
    file: Path,
    key: str | None,
    *,
    device: str | None,
    output: Path | None,
    secrets: tuple[Path | None, Path | None],
    yes: bool,
) -> None:
    from signer.carry.file import read_psbt, write_psbt
    from signer.record.archive import EVIDENCE, keep
    from signer.record.judge import transaction
    from signer.sign.sign import sign as sign_checked
    from signer.sign.state import State

    target = outputs.chosen(output, file, "signed", ".psbt")
    state, now = State(here.home), clock.local_time()
    # steps 1 to 8
    with named(file, hint=HINTS["psbt"]):
        raw = read_psbt(file)
        case.judges(raw, state, clock=now)
        case.reading = True
        checked = transaction(raw, state.vaults, now)
    case.reading = False
    vault = checked.facts.vault
    consent.refuse_shortcut(vault.coin, vault.network, yes=yes)
    own = None if device is None else device_sign.key_of(checked.facts, _instead(device, key))
    name = own.type if own else _key_name(state.vaults[vault.id].keys, key, checked.facts)
    # step 9
    seen = gathered(checked, state)
    show.note(f"{review.text(seen, sys.stderr)}\n")
    consent.ask("sign it?", vault.coin, vault.network, yes=yes)
    # steps 10 and 11, over the file as it is now
    if own is None:
        soft = _unlocked(here, name, vault, *secrets)
        keep(here.home, EVIDENCE, raw)
        signed = sign_checked(checked, read_psbt(file), soft, state)
        vouches: dict[str, object] = {"vouches": "signer"}
    else:
        keep(here.home, EVIDENCE, raw)
        done = device_sign.sign(here, checked, lambda: read_psbt(file), own, state)
        signed, vouches = done.signed, done.told
    try:
        write_psbt(target, signed.raw)
    except BadInput as problem:
        raise BadInput(
            f"signed and journalled, but not written: {problem.what}",
            fault=problem.fault,
            expected=problem.expected,
            found=problem.found,
            hint="run it again, to another place if need be: it is safe, since the same "
            "transaction gets the same signatures",
        ) from None
    officers = (*seen.signed, *_officer(vault, signed.fingerprint, seen.signed))
    data = {
        "txid": signed.txid,
        "withdrawal": seen.withdrawal,
        "sequence": seen.sequence,
        "key": name,
        "fingerprint": signed.fingerprint,
        "signatures": signed.count,
        "signed_by": list(officers),
        "threshold": vault.threshold,
        "file": str(target),
        **vouches,
    }
    here.emit(
        data,
        show.columns(
            (
                ("signed", f"{len(officers)} of {vault.threshold}: {', '.join(officers)}"),
                ("written", str(target)),
                *((("checked by", f"the {vouches['vouches']}"),) if own else ()),
            )
        ),
    )


def _officer(vault: "Vault", fingerprint: "Fingerprint", known: tuple[str, ...]) -> list[str]:
    """Whose key it is, if that officer's signatures were not in the file before."""
    return [
        s.officer for s in vault.signers if s.fingerprint == fingerprint and s.officer not in known
    ]


def _instead(device: str, key: str | None) -> str:
    """The device that is wanted; a key cannot be wanted as well."""
    if key is not None:
        raise BadInput("--key or --device, not both", fault=Fault.OFFICER)
    return device


def _key_name(keys: "Mapping[Fingerprint, str]", wanted: str | None, facts: "Facts") -> str:
    """The name of the key to sign with: the one that is wanted, or the only one enrolled."""
    found = [(known, name) for known, name in keys.items() if wanted in (None, name)]
    if len(found) != 1:
        raise BadInput(
            "which key?" if found else "no such key is enrolled for this vault",
            fault=Fault.OFFICER,
            expected=f"--key, one of {', '.join(keys.values())}" if keys else "an enrolled key",
            found=wanted or "none",
            hint="`coldsign enrol VAULT --policy FILE --key NAME` adds one; `--device FINGERPRINT` "
            "signs with a USB signer",
        )
    fingerprint, name = found[0]
    if all(coin.key_of(fingerprint) in coin.signed for coin in facts.inputs):
        raise BadInput(
            f"{name} has signed this file already",
            fault=Fault.OFFICER,
            found=f"signed by {', '.join(facts.signed_by)}",
            hint="carry it to the next signer, or back to `coldquorum combine`",
        )
    return name


def _unlocked(
    here: Session, name: str, vault: "Vault", passphrase_file: Path | None, guard_file: Path | None
) -> "SoftKey":
    from signer.sign.softkey import SoftKey

    return SoftKey.of(unlocking.root(here, name, passphrase_file, guard_file), vault)
