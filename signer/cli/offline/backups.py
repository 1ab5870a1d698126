"""`coldsign key backup`, `verify-backup` and `drill`: how a key outlives this machine."""

import hmac
from typing import Annotated

import typer

from signer.cli import prompt, show
from signer.cli.offline import making, returned, sheets, unlocking
from signer.cli.offline.making import (
    BackupFile,
    FromOption,
    Name,
    NeededOption,
    OutOption,
    ShareFile,
    ShareFlag,
    SharesOption,
)
from signer.cli.offline.options import GuardFile, PassphraseFile
from signer.cli.offline.sheets import Way
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault


def backup(
    context: typer.Context,
    name: Name,
    *,
    way: Annotated[Way, typer.Option("--as", help="The form of the backup.")],
    shares: SharesOption = None,
    groups_needed: NeededOption = None,
    out: OutOption = None,
    share_passphrase: ShareFlag = False,
    share_passphrase_file: ShareFile = None,
    backup_passphrase_file: BackupFile = None,
    bip39_passphrase_file: GuardFile = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Back up a key once more: its words, shares, one string, or a sealed file."""
    from signer.core.files import refuse_existing
    from signer.keys import keystore, unlock
    from signer.keys.hardening import wipe

    here = session(context, as_json=as_json, home=home)
    path = unlock.existing(here.home, name, unlock.Kind.SEED)
    plan = sheets.plan(way, shares or (), groups_needed)
    if out is not None:
        refuse_existing(out)
    elif way is Way.FILE:
        raise BadInput("which file?", fault=Fault.OFFICER, hint="name a new one with --out FILE")
    else:
        prompt.need_terminal("showing the words", "use --out PATH --passphrase-file FILE")
    stored = keystore.read_key(path)
    passphrase = prompt.passphrase(passphrase_file, f"the key {name}")
    guard = unlocking.guard(bip39_passphrase_file, name, stored.form)
    shared = making.share_secret(share_passphrase_file, asked=share_passphrase, new=True)
    with keystore.open_key(path, passphrase) as key:
        public = unlock.root_in(key, guard).fingerprint
        if way is Way.FILE and out is not None:
            option = "--backup-passphrase-file"
            what = f"the backup of {name}"
            secret = unlocking.passphrase(backup_passphrase_file, what, option, new=True)
            keystore.copy(key, out, secret)
            wipe(secret)
        else:
            made = sheets.make(plan, key.secret, stored.form, guard, shared)
            sheets.hand_out(made, f"{name} {public}", plan, out).pop_all()
    _warn_of_guard(stored.form, way)
    wipe(passphrase, guard, shared)
    data = {
        "name": name,
        "fingerprint": public,
        "backup": str(plan),
        "out": None if out is None else str(out),
    }
    here.emit(
        data,
        show.columns(
            (key, "on paper" if value is None else str(value)) for key, value in data.items()
        ),
    )
    show.note(f"next: coldsign key verify-backup {name}, on another day, from the paper itself")


def verify_backup(
    context: typer.Context,
    name: Name,
    *,
    source: FromOption = None,
    share_passphrase: ShareFlag = False,
    share_passphrase_file: ShareFile = None,
    backup_passphrase_file: BackupFile = None,
    bip39_passphrase_file: GuardFile = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Prove that a backup restores this key, without showing it. Bring every share there is."""
    from signer.keys import keystore, unlock
    from signer.keys.hardening import wipe

    here = session(context, as_json=as_json, home=home)
    path = unlock.existing(here.home, name, unlock.Kind.SEED)
    form = keystore.read_key(path).form
    passphrase = prompt.passphrase(passphrase_file, f"the key {name}")
    guard = unlocking.guard(bip39_passphrase_file, name, form)
    asks = making.passphrases(share_passphrase_file, backup_passphrase_file, asked=share_passphrase)
    with keystore.open_key(path, passphrase) as key:
        public = unlock.root_in(key, guard).fingerprint
        found = returned.gather(source or (), asks, all_of_them=True)
        brought = unlock.Form.GUARDED if found.way is Way.WORDS and guard else found.form
        seeds = [
            unlock.seed_of(key.secret, form, guard),
            unlock.seed_of(found.secret, brought, guard if brought is unlock.Form.GUARDED else b""),
        ]
        # Whole seeds: a thief finds another key with the same fingerprint in minutes.
        same = hmac.compare_digest(*seeds)
        wipe(*seeds, found.secret, passphrase, guard)
    if not same:
        raise BadInput(
            f"this backup does not restore {name}",
            fault=Fault.OFFICER,
            expected=f"the key {public}",
            found=f"{found.way} of another key, or with another passphrase",
            hint="do not throw the machine's key away: make a new backup with `key backup`",
        )
    data = {
        "name": name,
        "fingerprint": public,
        "backup": str(found.way),
        "sheets": found.shares,
        "verified": True,
    }
    sheet = f"{found.shares} sheet(s) brought; any that were not are unproven"
    here.emit(data, f"verified  {name} {public}: this backup restores it ({found.way}, {sheet})")


def drill(
    context: typer.Context,
    name: Name,
    *,
    index: Annotated[int, typer.Option(metavar="N", help="Which child.")] = 0,
    words: Annotated[int, typer.Option(metavar="12|24", help="How many words.")] = 24,
    out: OutOption = None,
    bip39_passphrase_file: GuardFile = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make words to practise with (BIP85): a child of the key, which tells nothing of it."""
    from signer.core.bip32 import format_path
    from signer.core.files import refuse_existing
    from signer.keys import bip85, unlock
    from signer.keys.hardening import wipe

    here = session(context, as_json=as_json, home=home)
    if words not in making.ENTROPY:
        raise BadInput("no such number of words", fault=Fault.OFFICER, expected="12 or 24")
    path = format_path(bip85.path(words, index))
    if out is not None:
        refuse_existing(out)
    else:
        prompt.need_terminal("showing the words", "use --out FILE --passphrase-file FILE")
    unlock.existing(here.home, name, unlock.Kind.SEED)
    root = unlocking.root(here, name, passphrase_file, bip39_passphrase_file)
    secret = bip85.entropy(root, words, index)
    public = unlock.root_of(secret).fingerprint
    plan = sheets.plan(Way.WORDS, (), None)
    made = sheets.make(plan, secret, unlock.Form.WORDS, bytearray(), bytearray())
    sheets.hand_out(made, f"drill {index} of {name}, {public}", plan, out).pop_all()
    wipe(secret)
    data = {
        "name": name,
        "index": index,
        "words": words,
        "path": path,
        "fingerprint": public,
        "out": None if out is None else str(out),
    }
    here.emit(
        data,
        show.columns(
            (key, "on paper" if value is None else str(value)) for key, value in data.items()
        ),
    )
    show.note(
        f"practise: restore these words anywhere; the key must be {public}. never send coins to it"
    )


def _warn_of_guard(form: object, way: Way) -> None:
    from signer.keys.unlock import Form

    if form is Form.GUARDED and way in (Way.WORDS, Way.FILE):
        show.warn("this backup is nothing without the BIP39 passphrase: keep that in another place")
    elif form is Form.GUARDED:
        show.warn("these shares give the key without its BIP39 passphrase: they hold what it made")
