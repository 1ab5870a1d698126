"""The files of `coldquorum vault create --key`: our records, and vendors' xpub files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from signer.cli.naming import named
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.core.vault import VaultKey, VaultSigner


@dataclass(frozen=True, slots=True)
class Member:
    """A key of the new vault, and who holds it."""

    key: "VaultKey"
    signer: "VaultSigner"


def key_files(
    paths: Sequence[Path],
    *,
    coin: str,
    network: str,
    script: str,
    officers: Sequence[str] | None,
    kinds: Sequence[str] | None,
) -> tuple[Member, ...]:
    """Read the files, each for this very kind of vault.

    A vendor's file names neither officer nor device: the officer who makes the vault has to.

    Args:
        paths: the files.
        coin: of the vault.
        network: of the vault.
        script: "p2wsh" or "p2sh-p2wsh".
        officers: `FINGERPRINT=NAME`.
        kinds: `FINGERPRINT=KIND`.

    Raises:
        BadInput: a file that is no key, or for another kind of vault; a holder who is not told.
    """
    from signer.carry.wallets import keyfile
    from signer.carry.wallets.wallet import Holder
    from signer.cli.online.holders import kinds_said, names_said, signers
    from signer.core import coins
    from signer.core.files import read_limited

    with named("", hint="see `coldquorum vault create --help`", fault=Fault.OFFICER):
        place = coins.network(coin, network)
    names, types = names_said(officers), kinds_said(kinds)
    # The whole command: a record for another network or script is the commonest mistake here.
    made = f"coldsign key xpub NAME --coin {coin} --network {network} --script {script} -o FILE"
    found = []
    for path in paths:
        with named(path, hint=f"take the file that this wrote: {made}"):
            raw = read_limited(path, limit=keyfile.MAX_KEY_FILE, what="key record")
            file = keyfile.read(raw, coin, place, script)
        found.append(file)
        master = file.key.origin.fingerprint
        if file.type:  # our own record
            names.setdefault(master, file.name)
            types.setdefault(master, file.type)
        lacking = [
            f"--{option} {master}={word}"
            for option, word, told in (("officer", "NAME", names), ("signer", "KIND", types))
            if master not in told
        ]
        if lacking:
            raise BadInput(
                f"{path}: a vendor's file does not say who holds the key, and on what",
                fault=Fault.OFFICER,
                expected=" ".join(lacking),
                hint="add these to the command; kinds: coldcard, jade, ledger, ... or enforcing",
            )
    holders = [Holder(file.key.origin.fingerprint) for file in found]
    told = signers(holders, names, types)
    return tuple(Member(file.key, signer) for file, signer in zip(found, told, strict=True))
