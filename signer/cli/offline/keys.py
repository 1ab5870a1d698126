"""`coldsign key`: make, restore, list, export and destroy the signing keys of this machine."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer

from signer.cli import prompt, show
from signer.cli.naming import HINTS, named
from signer.cli.offline import records
from signer.cli.prompt import PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Fault

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called here.")]

_ENTROPY: Final = {12: 16, 24: 32}
"""Words to bytes of entropy (BIP39, "Generating the mnemonic")."""

_SCRIPTS: Final = {"p2sh-p2wsh": 1, "p2wsh": 2}
"""BIP48, "Script": the last step of the path."""

_WORDS_FILE_LIMIT: Final = 1024  # 24 words of 8 letters take 215 bytes


def create(
    context: typer.Context,
    name: Name,
    *,
    words: Annotated[int, typer.Option(metavar="12|24", help="How many words.")] = 24,
    dice: Annotated[bool, typer.Option("--dice", help="Mix in rolls of a die.")] = False,
    words_out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            readable=False,
            help="Write the words to a new file, show them to nobody.",
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make a key: its words are shown once, then typed back."""
    from signer.core.files import refuse_existing, write_private
    from signer.keys import entropy, mnemonic
    from signer.keys.hardening import wipe

    here = session(context, as_json=as_json, home=home)
    _refuse_taken(here, name)
    if words not in _ENTROPY:
        raise BadInput("no such number of words", fault=Fault.OFFICER, expected="12 or 24")
    if words_out is None:
        prompt.need_terminal("showing the words", "use --words-out FILE --passphrase-file FILE")
    else:
        refuse_existing(words_out)
    passphrase = prompt.passphrase(passphrase_file, f"the new key {name}", new=True)
    secret = entropy.system(_ENTROPY[words])
    if dice:
        least = entropy.MIN_ROLLS[len(secret)]
        secret = entropy.mix(secret, prompt.line(f"{least} or more rolls of a die, in one line: "))
    phrase = mnemonic.words(secret)
    with ExitStack() as undo:
        if words_out is None:
            _show_and_check(phrase, secret)
        else:
            write_private(words_out, " ".join(phrase).encode() + b"\n")
            undo.callback(words_out.unlink, missing_ok=True)
        _store(here, name, secret, passphrase, words=words)
        undo.pop_all()
    wipe(secret, passphrase)


def restore(
    context: typer.Context,
    name: Name,
    *,
    words_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", readable=False, help="Read the words from a file."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make the key that words on paper stand for."""
    from signer.core.files import read_limited
    from signer.keys import mnemonic
    from signer.keys.hardening import wipe

    here = session(context, as_json=as_json, home=home)
    _refuse_taken(here, name)
    if words_file is None:
        prompt.need_terminal("typing the words", "use --words-file FILE --passphrase-file FILE")
        text = prompt.line("type the words in one line: ")
        prompt.clear_screen()
    else:
        with named(words_file, hint=HINTS["words"]):
            text = bytearray(read_limited(words_file, limit=_WORDS_FILE_LIMIT, what="words file"))
    with named(words_file or "", hint=HINTS["words"]):
        secret = mnemonic.entropy(text)
    passphrase = prompt.passphrase(passphrase_file, f"the new key {name}", new=True)
    _store(here, name, secret, passphrase, words=len(text.split()))
    wipe(text, secret, passphrase)


def list_(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """List the signing keys of this machine, by their headers."""
    from signer.keys.keystore import Kind

    records.list_keys(session(context, as_json=as_json, home=home), Kind.SEED, "fingerprint")


def xpub(
    context: typer.Context,
    name: Name,
    *,
    coin: Annotated[str, typer.Option(help="The coin.")] = "BTC",
    network: Annotated[str, typer.Option(help="main, test, signet or regtest.")] = "main",
    script: Annotated[str, typer.Option(help="p2wsh or p2sh-p2wsh.")] = "p2wsh",
    account: Annotated[int, typer.Option(help="The account's number.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", readable=False, help="Write the record."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Export the public key of an account (BIP48) with its origin, for a vault."""
    from signer.core.bip32 import HARDENED, Origin, format_path
    from signer.core.coins import network as find_network
    from signer.core.files import refuse_existing
    from signer.keys import unlock
    from signer.keys.hardening import wipe

    here = session(context, as_json=as_json, home=home)
    place = find_network(coin, network)
    if script not in _SCRIPTS:
        raise BadInput("no such script", fault=Fault.OFFICER, expected="p2wsh or p2sh-p2wsh")
    if not 0 <= account < HARDENED:
        raise BadInput("no such account", fault=Fault.OFFICER, expected=f"0 to {HARDENED - 1}")
    if output is not None:
        refuse_existing(output)
    unlock.existing(here.home, name, unlock.Kind.SEED)
    passphrase = prompt.passphrase(passphrase_file, f"the key {name}")
    root = unlock.root(here.home, name, passphrase)
    wipe(passphrase)
    path = tuple(HARDENED + step for step in (48, place.slip44, account, _SCRIPTS[script]))
    text = root.derive_path(path).public().to_text(place.xpub)
    record = {
        "kind": "key",
        "version": 1,
        "name": name,
        "coin": coin,
        "network": network,
        "script_type": script,
        "fingerprint": root.fingerprint,
        "path": format_path(path),
        "xpub": text,
        "key": f"{Origin(root.fingerprint, path)}{text}",
        "signer": "enforcing",
    }
    records.give(here, record, output)


def destroy(
    context: typer.Context,
    name: Name,
    *,
    fingerprint: Annotated[
        str | None, typer.Option(metavar="HEX", help="The key's fingerprint, to go with --yes.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; wants --fingerprint.")] = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Overwrite and remove a key. Only its words bring it back."""
    from signer.cli.offline import keyring
    from signer.keys import keystore, unlock

    here = session(context, as_json=as_json, home=home)
    stored = keystore.read_key(unlock.existing(here.home, name, unlock.Kind.SEED))
    if yes != (fingerprint is not None):
        raise BadInput("--yes and --fingerprint go together", fault=Fault.OFFICER)
    if fingerprint is None:
        show.note(f"{name} {stored.public} will be gone; only its words bring it back")
        answer = prompt.line("type the key's fingerprint to destroy it: ")
        fingerprint = answer.decode("ascii", "replace")
    if fingerprint.strip().lower() != stored.public:
        raise BadInput(
            "not the key's fingerprint: nothing was destroyed",
            fault=Fault.OFFICER,
            hint="`coldsign key list` shows it",
        )
    keyring.destroy(stored.path)
    show.note(
        "overwritten and removed as far as a program can: flash memory, snapshots and backups may\n"
        "keep copies, as strong as their passphrase; to be sure, destroy the medium itself"
    )
    here.emit({"destroyed": name, "fingerprint": stored.public}, f"destroyed  {name}")


def _refuse_taken(here: Session, name: str) -> None:
    """Say that a name is taken before anybody is asked anything."""
    from signer.core.files import refuse_existing
    from signer.keys import keystore

    refuse_existing(keystore.key_path(here.home, name, keystore.Kind.SEED))


def _show_and_check(phrase: tuple[str, ...], secret: bytearray) -> None:
    """Show the words on the terminal, clear it, and have them typed back."""
    from signer.keys import mnemonic

    prompt.show_once(
        "write these words on paper, in this order; they are shown once and they are the key:",
        [f"{place:2}. {word}" for place, word in enumerate(phrase, 1)],
    )
    back = prompt.line("type the words back in one line: ")
    prompt.clear_screen()
    try:
        same = mnemonic.entropy(back) == secret
    except BadInput:
        same = False
    if not same:
        raise BadInput(
            "these are not the words that were shown: nothing was stored",
            fault=Fault.OFFICER,
            hint="throw the paper away and run the command again: the words will be new",
        )


def _store(
    here: Session, name: str, secret: bytearray, passphrase: bytearray, *, words: int
) -> None:
    from signer.keys import keystore, unlock

    public = unlock.root_of(secret).fingerprint
    stored = keystore.create(
        here.home, name, keystore.Kind.SEED, secret=secret, public=public, passphrase=passphrase
    )
    data = {"name": name, "fingerprint": public, "words": words, "file": str(stored.path)}
    here.emit(data, show.columns((key, str(value)) for key, value in data.items()))
    show.note(f"next: coldsign key xpub {name}")
