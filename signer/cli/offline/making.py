"""`coldsign key create` and `key restore`: a key out of nothing, and a key out of a backup."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from signer.cli import prompt, show
from signer.cli.offline import returned, sheets, throwing, unlocking
from signer.cli.offline.options import PassphraseFile
from signer.cli.offline.sheets import Way
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.keys.keystore import Form

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called here.")]
WaysOption = Annotated[Way, typer.Option("--as", help="The form of the backup.")]
SharesOption = Annotated[
    list[str] | None,
    typer.Option("--shares", metavar="KofN", help="Shares, 2of3 for instance; once a group."),
]
NeededOption = Annotated[
    int | None,
    typer.Option("--groups-needed", metavar="N", help="How many groups of slip39 shares."),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "--words-out",
        metavar="PATH",
        readable=False,
        help="Write to a new file, shares to a new folder; show them to nobody.",
    ),
]
FromOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        "--words-file",
        metavar="FILE",
        readable=False,
        help="The backup: words, a share (once for each), or a file of `key backup`.",
    ),
]
GuardFlag = Annotated[
    bool, typer.Option("--bip39-passphrase", help="The words go with a BIP39 passphrase.")
]
GuardFile = Annotated[
    Path | None,
    typer.Option(
        "--bip39-passphrase-file", metavar="FILE", readable=False, help="The same, from a file."
    ),
]
ShareFlag = Annotated[
    bool, typer.Option("--share-passphrase", help="Slip39 shares with a passphrase of their own.")
]
ShareFile = Annotated[
    Path | None,
    typer.Option(
        "--share-passphrase-file", metavar="FILE", readable=False, help="The same, from a file."
    ),
]
BackupFile = Annotated[
    Path | None,
    typer.Option(
        "--backup-passphrase-file",
        metavar="FILE",
        readable=False,
        help="Read the passphrase of a sealed backup from a file.",
    ),
]
FingerprintOption = Annotated[
    str | None, typer.Option(metavar="HEX", help="The key's fingerprint, as its backup says.")
]

ENTROPY: Final = {12: 16, 24: 32}
"""Words to bytes of entropy (BIP39, "Generating the mnemonic")."""


def create(
    context: typer.Context,
    name: Name,
    *,
    words: Annotated[
        int, typer.Option(metavar="12|24", help="How many words: 128 or 256 bits.")
    ] = 24,
    dice: Annotated[bool, typer.Option("--dice", help="Mix in rolls of a die.")] = False,
    coins: Annotated[bool, typer.Option("--coins", help="Mix in flips of a coin.")] = False,
    system: Annotated[
        bool, typer.Option("--system/--no-system", help="Mix in this machine's randomness.")
    ] = True,
    show_mixing: Annotated[
        bool,
        typer.Option("--show-mixing", help="Show what the machine drew: see `key recipe`."),
    ] = False,
    camera: Annotated[bool, typer.Option("--camera", help="Refused; says why.")] = False,
    backup: WaysOption = Way.WORDS,
    shares: SharesOption = None,
    groups_needed: NeededOption = None,
    words_out: OutOption = None,
    bip39_passphrase: GuardFlag = False,
    bip39_passphrase_file: GuardFile = None,
    share_passphrase: ShareFlag = False,
    share_passphrase_file: ShareFile = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make a key: its words or shares are shown once, then typed back.

    With `--as slip39` or `codex32` it is a key without BIP39 words, whose shares are short.
    """
    from signer.core.files import refuse_existing
    from signer.keys.hardening import wipe
    from signer.keys.unlock import Form, root_of

    here = session(context, as_json=as_json, home=home)
    refuse_taken(here, name)
    plan = sheets.plan(backup, shares or (), groups_needed)
    if words not in ENTROPY:
        raise BadInput("no such number of words", fault=Fault.OFFICER, expected="12 or 24")
    if backup is Way.FILE:
        raise BadInput(
            "a new key needs a backup on paper",
            fault=Fault.OFFICER,
            hint="`key backup --as file` adds a sealed file later",
        )
    guarded = bip39_passphrase or bip39_passphrase_file is not None
    form = Form.MASTER if backup is not Way.WORDS else Form.GUARDED if guarded else Form.WORDS
    if guarded and form is Form.MASTER:
        raise BadInput("only a key with words has a BIP39 passphrase", fault=Fault.OFFICER)
    if words_out is None:
        prompt.need_terminal("showing the words", "use --words-out FILE --passphrase-file FILE")
    else:
        refuse_existing(words_out)
    passphrase = prompt.passphrase(passphrase_file, f"the new key {name}", new=True)
    guard = _new_guard(bip39_passphrase_file, name) if guarded else bytearray()
    shared = share_secret(share_passphrase_file, asked=share_passphrase, new=True)
    secret = throwing.draw(
        ENTROPY[words],
        dice=dice,
        coins=coins,
        camera=camera,
        with_system=system,
        show_mixing=show_mixing,
    )
    public = root_of(secret, form, guard).fingerprint
    made = sheets.make(plan, secret, form, guard, shared)
    size = {"words": words} if backup is Way.WORDS else {"bits": 8 * len(secret)}
    with sheets.hand_out(made, f"{name} {public}", plan, words_out) as undo:
        _store(
            here,
            name,
            form=form,
            secret=secret,
            public=public,
            passphrase=passphrase,
            told={"backup": str(plan), **size},
        )
        undo.pop_all()
    wipe(secret, passphrase, guard, shared)


def restore(
    context: typer.Context,
    name: Name,
    *,
    source: FromOption = None,
    fingerprint: FingerprintOption = None,
    bip39_passphrase: GuardFlag = False,
    bip39_passphrase_file: GuardFile = None,
    share_passphrase: ShareFlag = False,
    share_passphrase_file: ShareFile = None,
    backup_passphrase_file: BackupFile = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make the key that a backup stands for: words, shares, or a sealed file."""
    from signer.keys.hardening import wipe
    from signer.keys.unlock import Form, root_of

    here = session(context, as_json=as_json, home=home)
    refuse_taken(here, name)
    asks = passphrases(share_passphrase_file, backup_passphrase_file, asked=share_passphrase)
    found = returned.gather(source or (), asks)
    form, guard = found.form, bytearray()
    if bip39_passphrase or bip39_passphrase_file is not None:
        if form is Form.MASTER or found.way is Way.FILE:
            raise BadInput(
                "this backup takes no BIP39 passphrase", fault=Fault.OFFICER, found=found.way
            )
        form = Form.GUARDED
        guard = unlocking.bip39(bip39_passphrase_file, name)
    public = found.public or str(root_of(found.secret, form, guard).fingerprint)
    _compare(fingerprint, public, wanted=not found.proven or bool(guard))
    passphrase = prompt.passphrase(passphrase_file, f"the new key {name}", new=True)
    _store(
        here,
        name,
        form=form,
        secret=found.secret,
        public=public,
        passphrase=passphrase,
        told={"backup": str(found.way), "sheets": found.shares},
    )
    wipe(found.secret, passphrase, guard)


def refuse_taken(here: Session, name: str) -> None:
    """Say that a name is taken before anybody is asked anything."""
    from signer.core.files import refuse_existing
    from signer.keys import keystore

    refuse_existing(keystore.key_path(here.home, name, keystore.Kind.SEED))


def share_secret(file: Path | None, *, asked: bool, new: bool) -> bytearray:
    """The passphrase of SLIP-39 shares; empty if they have none."""
    if file is None and not asked:
        return bytearray()
    option = "--share-passphrase-file"
    return unlocking.passphrase(file, "the shares (SLIP-39)", option, new=new)


def passphrases(
    share_file: Path | None, backup_file: Path | None, *, asked: bool
) -> returned.Passphrases:
    """What to ask for while a backup is read."""
    shared = asked or share_file is not None
    return returned.Passphrases(
        (lambda: share_secret(share_file, asked=True, new=False)) if shared else None,
        lambda: unlocking.passphrase(backup_file, "the backup", "--backup-passphrase-file"),
    )


def _new_guard(file: Path | None, name: str) -> bytearray:
    """A new BIP39 passphrase, of what every keyboard and every wallet writes the same."""
    guard = unlocking.bip39(file, name, new=True)
    if not (guard.isascii() and guard.decode("ascii", "replace").isprintable()):
        raise BadInput(
            "a new BIP39 passphrase is of plain ASCII characters",
            fault=Fault.OFFICER,
            hint="keyboards and wallets differ in all others, and the key would be another",
        )
    return guard


def _compare(given: str | None, found: str, *, wanted: bool) -> None:
    """Refuse a key that is not the one that the officer means.

    Args:
        given: what `--fingerprint` said.
        found: the fingerprint of what was restored.
        wanted: whether nothing else tells a right key from a wrong one.

    Raises:
        BadInput: another fingerprint, or none although it is wanted.
    """
    if given is None and wanted:
        prompt.need_terminal(
            "asking which key it should be", "use --fingerprint HEX: nothing else proves this key"
        )
        answer = prompt.line("the key's fingerprint, as its backup says: ")
        given = answer.decode("ascii", "replace")
    named = found if given is None else given.strip().lower()
    if named != found:
        # Not quoted unless it looks like one: tired people type words and passphrases here.
        is_one = re.fullmatch("[0-9a-f]{8}", named)
        raise BadInput(
            "this is another key: nothing was stored",
            fault=Fault.OFFICER,
            expected=f"the key {named}" if is_one else "a fingerprint, 8 hex digits",
            found=f"the key {found}",
            hint="a passphrase is wrong, a share is a stranger, or the backup is another key's",
        )


def _store(
    here: Session,
    name: str,
    *,
    form: "Form",
    secret: bytearray,
    public: str,
    passphrase: bytearray,
    told: dict[str, object],
) -> None:
    from signer.keys import keystore

    stored = keystore.create(
        here.home,
        name,
        keystore.Kind.SEED,
        secret=secret,
        public=public,
        passphrase=passphrase,
        form=form,
    )
    data = {"name": name, "fingerprint": public, **told, "form": form, "file": str(stored.path)}
    here.emit(data, show.columns((key, str(value)) for key, value in data.items()))
    show.note(f"next: coldsign key xpub {name}")
