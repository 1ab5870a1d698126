"""The eleven steps, from a file that nobody vouches for to a signed one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from signer.cli import review, show
from signer.cli.naming import HINTS, named
from signer.cli.offline import clock, consent, outputs, receipts, unlocking
from signer.cli.offline.inspecting import gathered
from signer.cli.surroundings import Session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from signer.core.names import Fingerprint
    from signer.core.vault import Vault
    from signer.record.case import Case
    from signer.sign.check import Checked
    from signer.sign.facts import Facts
    from signer.sign.review import Review
    from signer.sign.sign import Signed
    from signer.sign.softkey import SoftKey
    from signer.sign.state import State


class Terms(NamedTuple):
    """How to sign.

    Attributes:
        key: name of the key, or None if only one is enrolled.
        passphrase_file: as the option, or None: the officer is asked.
        guard_file: as `--bip39-passphrase-file`, for a key that has such a passphrase.
        yes: do not ask whether to sign; test networks only.
    """

    key: str | None
    passphrase_file: Path | None
    guard_file: Path | None = None
    yes: bool = False


class Done(NamedTuple):
    """What `reviewed` did.

    Attributes:
        signed: the file with this key's signatures.
        review: as the officer confirmed it.
        key: the key's name.
    """

    signed: "Signed"
    review: "Review"
    key: str


def signed(
    here: Session,
    file: Path,
    *,
    output: Path | None = None,
    receipt: Path | None = None,
    key: str | None = None,
    device: str | None = None,
    yes: bool = False,
    passphrase_file: Path | None = None,
    bip39_passphrase_file: Path | None = None,
) -> None:
    """Check a PSBT, show what it does, and sign it if the officer says yes.

    Args:
        here: the session.
        file: a PSBT, binary or base64.
        output: the new file; without it, beside the old one.
        receipt: where else a refusal's receipt goes.
        key: the key's name, if several are enrolled.
        device: the fingerprint of a USB signer, instead of a key of this machine.
        yes: as `Terms`.
        passphrase_file: as `Terms`.
        bip39_passphrase_file: as `Terms.guard_file`.

    Raises:
        Receipted: it is refused.
        BadInput: as `reviewed`.
    """
    with receipts.given(here, "sign", receipt) as case:
        terms = Terms(key, passphrase_file, bip39_passphrase_file, yes=yes)
        _sign(here, case, file, terms, device=device, output=output)


def _sign(
    here: Session,
    case: "Case",
    file: Path,
    terms: Terms,
    *,
    device: str | None,
    output: Path | None,
) -> None:
    from signer.carry.file import read_psbt, write_psbt
    from signer.record.archive import EVIDENCE, keep
    from signer.sign.state import State

    target = outputs.chosen(output, file, "signed", ".psbt")
    state = State(here.home)
    # steps 1 to 8
    with named(file, hint=HINTS["psbt"]):
        checked = judged(case, read_psbt(file), state)
    vault = checked.facts.vault
    if device is None:
        done = reviewed(here, checked, state, terms, again=lambda: read_psbt(file))
        seen, signed, name = done.review, done.signed, done.key
        vouches: dict[str, object] = {"vouches": "signer"}
    else:
        from signer.cli.offline import device_sign

        own = device_sign.key_of(checked.facts, _instead(device, terms.key))
        seen = _confirmed(checked, state, yes=terms.yes)
        name = own.type
        keep(here.home, EVIDENCE, checked.facts.psbt.raw)
        told = device_sign.sign(here, checked, lambda: read_psbt(file), own, state)
        signed, vouches = told.signed, told.told
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
    officers = signers(vault, seen, signed)
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
                *((("checked by", f"the {vouches['vouches']}"),) if device else ()),
            )
        ),
    )


def judged(case: "Case", raw: bytes, state: "State") -> "Checked":
    """Steps 1 to 8, on record: what is refused here, or cannot be read, gets its receipt.

    Raises:
        BadInput: the bytes are not what they should be (step 1).
        Refused: a step said no.
    """
    from signer.record.judge import transaction

    now = clock.local_time()
    case.judges(raw, state, clock=now)
    case.reading = True
    checked = transaction(raw, state.vaults, now)
    case.reading = False
    return checked


def reviewed(
    here: Session,
    checked: "Checked",
    state: "State",
    terms: Terms,
    *,
    again: "Callable[[], bytes]",
    until: int | None = None,
) -> Done:
    """Steps 9 to 11 with a key of this machine: show, ask, unlock, journal, sign.

    Args:
        here: the session.
        checked: what steps 1 to 8 let through.
        state: that they were taken with.
        terms: how.
        again: reads the file once more, after the officer's yes.
        until: ends the officer's questions, as `signer/cli/prompt.py` says.

    Raises:
        BadInput: which key is unclear, it has signed already, its passphrase is wrong, `--yes`
            where coins are worth money, or as `signer/sign/sign.py`.
        Refused: a step said no, or the officer did.
        TakenBack: by `until`.
    """
    from signer.cli.offline.cores import spread
    from signer.record.archive import EVIDENCE, keep
    from signer.sign.sign import sign as sign_checked

    vault = checked.facts.vault
    name = _key_name(state.vaults[vault.id].keys, terms.key, checked.facts)
    # step 9
    seen = _confirmed(checked, state, yes=terms.yes, until=until)
    own = _unlocked(here, name, vault, terms, until)
    keep(here.home, EVIDENCE, checked.facts.psbt.raw)
    # steps 10 and 11, over the file as it is now
    return Done(sign_checked(checked, again(), own, state, spread), seen, name)


def signers(vault: "Vault", seen: "Review", signed: "Signed") -> tuple[str, ...]:
    """The officers whose signatures the file holds by now."""
    new = (s.officer for s in vault.signers if s.fingerprint == signed.fingerprint)
    return tuple(dict.fromkeys((*seen.signed, *new)))


def _confirmed(
    checked: "Checked", state: "State", *, yes: bool, until: int | None = None
) -> "Review":
    """Step 9: the officer reads, and says yes."""
    vault = checked.facts.vault
    consent.refuse_shortcut(vault.coin, vault.network, yes=yes)
    seen = gathered(checked, state)
    show.note(f"{review.text(seen, sys.stderr)}\n")
    consent.ask("sign it?", vault.coin, vault.network, yes=yes, until=until)
    return seen


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
    here: Session, name: str, vault: "Vault", terms: Terms, until: int | None
) -> "SoftKey":
    from signer.sign.softkey import SoftKey

    root = unlocking.root(here, name, terms.passphrase_file, terms.guard_file, until=until)
    return SoftKey.of(root, vault)
