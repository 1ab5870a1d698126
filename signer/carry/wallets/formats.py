"""The table of formats, and how a file of unknown format is told."""

from collections.abc import Callable, Mapping
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
from signer.carry.wallets.place import Asked
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
        write: a vault, as text; one of `kinds`.
        read: a file, and what the officer says; raises BadInput.
        matches: whether a file looks like it.
        kinds: the coins that the programs of this format know, and their script types.
    """

    name: str
    about: str
    lacks: str
    write: Callable[[Vault], str]
    read: Callable[[Content, Asked], Wallet]
    matches: Callable[[Content], bool]
    kinds: Mapping[str, tuple[str, ...]]

    def written(self, vault: Vault) -> str:
        """A vault in this format.

        Raises:
            BadInput: its programs know no such coin or script type.
        """
        if vault.script_type not in self.kinds.get(vault.coin, ()):
            known = FORMATS.values()
            takers = [e.name for e in known if vault.script_type in e.kinds.get(vault.coin, ())]
            raise _bad(
                f"no program reads {vault.coin} {vault.script_type} vaults in this format",
                expected=" or ".join(f"{c} {'/'.join(kinds)}" for c, kinds in self.kinds.items()),
                found=f"{vault.coin} {vault.script_type}",
                hint=f"for this vault there is: {', '.join(takers)}",
            )
        return self.write(vault)

    def expect(self, asked: Asked) -> None:
        """Refuse a coin that no file of this format is for.

        Raises:
            BadInput: it is such a coin.
        """
        if asked.coin not in self.kinds:
            raise _bad(
                f"files of this format are not for {asked.coin}",
                expected=" or ".join(self.kinds),
                hint="take the vault's own document, or its descriptor",
            )


def _elsewhere(_: Content) -> bool:
    """A file of this format is told as another one, whose reader is the same."""
    return False


_SEGWIT: Final = {"BTC": ("p2wsh", "p2sh-p2wsh")}
_BITCOIN: Final = {"BTC": (*_SEGWIT["BTC"], "p2sh")}
_ELECTRUM: Final = {**_BITCOIN, "MONA": _BITCOIN["BTC"]}
"""Electrum-MONA is Electrum with Monacoin's addresses; its files are the same."""
_EVERY: Final = {**_ELECTRUM, "BCH": ("p2sh32", "p2sh")}

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
            _BITCOIN,
        ),
        Format(
            "core-multipath",
            "Bitcoin Core 29 and later, importdescriptors: one descriptor",
            "officers; the birth height becomes a time that is never too late",
            core.write_multipath,
            core.read,
            _elsewhere,
            _BITCOIN,
        ),
        Format(
            "bip388",
            "BIP388 wallet policy, for Ledger, BitBox02, Jade and Coldcard",
            "officers, birth height",
            bip388.write,
            bip388.read,
            bip388.matches,
            _BITCOIN,
        ),
        Format(
            "coldcard",
            "Coldcard's multisig text, for Passport, Keystone, SeedSigner, Krux and Jade, too",
            "officers, birth height, a name longer than 20 characters",
            coldcard.write,
            coldcard.read,
            coldcard.matches,
            _BITCOIN,
        ),
        Format(
            "sparrow",
            "Sparrow's output descriptor file",
            "name, officers, birth height",
            sparrow.write,
            descriptor.read,
            _elsewhere,
            _BITCOIN,
        ),
        Format(
            "specter",
            "Specter Desktop's wallet file",
            "kinds of signer that Specter does not know",
            specter.write,
            specter.read,
            specter.matches,
            _SEGWIT,
        ),
        Format(
            "caravan",
            "Caravan's and Unchained's wallet configuration",
            "birth height, kinds of signer that Caravan does not know",
            caravan.write,
            caravan.read,
            caravan.matches,
            _BITCOIN,
        ),
        Format(
            "nunchuk",
            "Nunchuk's wallet configuration (BSMS record, not encrypted)",
            "name, officers, birth height",
            nunchuk.write,
            nunchuk.read,
            nunchuk.matches,
            _BITCOIN,
        ),
        Format(
            "electrum",
            "Electrum's wallet file, watch-only",
            "name, birth height, kinds of signer",
            electrum.write,
            electrum.read,
            electrum.matches,
            _ELECTRUM,
        ),
        Format(
            "electron-cash",
            "Electron Cash's wallet file, watch-only; not read back",
            "name, officers, birth height, fingerprints; it signs with ECDSA only",
            electrum.write_cash,
            electrum.read,
            _elsewhere,
            {"BCH": ("p2sh",)},
        ),
        Format(
            "descriptor",
            "a descriptor of both branches in a text file (BIP389)",
            "name, officers, birth height; of BCH, whether signatures are Schnorr's",
            descriptor.write,
            descriptor.read,
            descriptor.matches,
            _EVERY,
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
