"""The table of formats, and how a file of unknown format is told."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from signer.carry.wallets import (
    bip388,
    caravan,
    coldcard,
    core,
    descriptor,
    electrum,
    nunchuk,
    sparrow,
    specter,
)
from signer.carry.wallets.content import Content
from signer.carry.wallets.wallet import Wallet
from signer.core.errors import BadInput, Fault
from signer.core.vault import Vault


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a wallet down.

    Attributes:
        name: as people say it to `--format`.
        about: what it is, in one line.
        lacks: what a vault has and the format has not, in one line; names at least are lost.
        write: a vault, as text.
        read: a file, and the network that the officer says; raises BadInput.
        matches: whether a file looks like it.
    """

    name: str
    about: str
    lacks: str
    write: Callable[[Vault], str]
    read: Callable[[Content, str | None], Wallet]
    matches: Callable[[Content], bool]


def _elsewhere(_: Content) -> bool:
    """A file of this format is told as another one, whose reader is the same."""
    return False


FORMATS: Final = {
    entry.name: entry
    for entry in (
        Format(
            "core",
            "Bitcoin Core, importdescriptors: one descriptor a branch",
            "officers; the birth height becomes a time that is never too late",
            core.write,
            core.read,
            core.matches,
        ),
        Format(
            "core-multipath",
            "Bitcoin Core 29 and later, importdescriptors: one descriptor",
            "officers; the birth height becomes a time that is never too late",
            core.write_multipath,
            core.read,
            _elsewhere,
        ),
        Format(
            "bip388",
            "BIP388 wallet policy, for Ledger, BitBox02, Jade and Coldcard",
            "officers, birth height",
            bip388.write,
            bip388.read,
            bip388.matches,
        ),
        Format(
            "coldcard",
            "Coldcard's multisig text, for Passport, Keystone, SeedSigner, Krux and Jade, too",
            "officers, birth height, a name longer than 20 characters",
            coldcard.write,
            coldcard.read,
            coldcard.matches,
        ),
        Format(
            "sparrow",
            "Sparrow's output descriptor file",
            "name, officers, birth height",
            sparrow.write,
            descriptor.read,
            _elsewhere,
        ),
        Format(
            "specter",
            "Specter Desktop's wallet file",
            "kinds of signer that Specter does not know",
            specter.write,
            specter.read,
            specter.matches,
        ),
        Format(
            "caravan",
            "Caravan's and Unchained's wallet configuration",
            "birth height, kinds of signer that Caravan does not know",
            caravan.write,
            caravan.read,
            caravan.matches,
        ),
        Format(
            "nunchuk",
            "Nunchuk's wallet configuration (BSMS record, not encrypted)",
            "name, officers, birth height",
            nunchuk.write,
            nunchuk.read,
            nunchuk.matches,
        ),
        Format(
            "electrum",
            "Electrum's wallet file, watch-only",
            "name, birth height, kinds of signer",
            electrum.write,
            electrum.read,
            electrum.matches,
        ),
        Format(
            "descriptor",
            "a descriptor of both branches in a text file (BIP389)",
            "name, officers, birth height",
            descriptor.write,
            descriptor.read,
            descriptor.matches,
        ),
    )
}
"""By name. A format is added here, and touches no other."""

_bad = partial(BadInput, fault=Fault.OFFICER)


def named(name: str) -> Format:
    """The format of a name.

    Raises:
        BadInput: there is none.
    """
    if name not in FORMATS:
        raise _bad("unknown format", expected=", ".join(FORMATS), found=ascii(name[:40]))
    return FORMATS[name]


def told_apart(content: Content) -> Format:
    """The one format that a file looks like.

    Raises:
        BadInput: none, or several.
    """
    found = [entry for entry in FORMATS.values() if entry.matches(content)]
    if len(found) == 1:
        return found[0]
    raise _bad(
        "this is no wallet file that is known here" if not found else "the file is two things",
        expected=", ".join(FORMATS),
        found=", ".join(entry.name for entry in found),
        hint="say which one with --format, if you know",
    )
