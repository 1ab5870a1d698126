"""A vault's recovery sheet as a page to print (HTML, A4). No secret is on it.

The words are in `words_*.toml`, one file a language with the same keys; the layout and the commands
are in `sheet.html`, once for all languages.
"""

import base64
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from signer.carry import picture, qr
from signer.ceremony.printing import fill
from signer.ceremony.sheet import account_key
from signer.ceremony.sheet.language import Language
from signer.core import coins
from signer.core.bip32 import format_path
from signer.core.errors import BadInput, Fault
from signer.core.twice_derived import twice_derived_address
from signer.core.vault import CHANGE, RECEIVE, Vault

_HERE: Final = Path(__file__).parent
_ADDRESSES: Final = 3
"""Of the receive branch; one of the change branch follows. Enough to see that keys fit."""

_COIN: Final = "BTC"
"""The coin of the programs that the sheet tells of."""

_FORM: Final = 4
"""Characters in a group, as all our screens have them."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One line of the sheet's table of keys.

    Attributes:
        officer: who holds the key.
        fingerprint: of its master key.
        path: to the account, as `m/48h/...`.
        type: what holds it: `enforcing`, or a vendor's name.
        origin: `[fingerprint/path]`, as in the descriptor.
        xpub: the public key, as in the descriptor.
    """

    officer: str
    fingerprint: str
    path: str
    type: str
    origin: str
    xpub: str


@dataclass(frozen=True, slots=True)
class Address:
    """One address to compare.

    Attributes:
        branch: 0 receive, 1 change.
        index: the last step.
        groups: the address, four characters each.
    """

    branch: int
    index: int
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A QR code on the page.

    Attributes:
        address: a `data:` address that holds the picture itself.
        width: on paper, in millimetres.
    """

    address: str
    width: int


@dataclass(frozen=True, slots=True)
class Program:
    """The key program for one path.

    Attributes:
        officers: whose keys it is for.
        source: its text.
        code: its QR code.
    """

    officers: tuple[str, ...]
    source: str
    code: Picture


def render(vault: Vault, language: Language) -> bytes:
    """Make the page, in UTF-8.

    Raises:
        BadInput: another coin's vault; jinja2 is not installed; or the descriptor is too long for
            one QR code.
        SelfTestFailed: two derivations of the first address differ.
    """
    if vault.coin != _COIN:
        raise BadInput(
            f"the sheet tells how to recover with Bitcoin Core, which knows no {vault.coin}",
            fault=Fault.OFFICER,
            expected=_COIN,
            found=vault.coin,
            hint="keep `coldquorum vault backup`, and the vault's descriptor on paper",
        )
    twice_derived_address(vault)
    network = coins.network(vault.coin, vault.network)
    page = fill(
        _HERE / "sheet.html",
        escape=True,
        vault=vault,
        language=language,
        words=_words(language, vault),
        id_groups=_grouped(vault.id),
        code=_code(vault.descriptor),
        signers=_signers(vault),
        addresses=_addresses(vault),
        programs=_programs(vault, network),
        chain=network.name,
    )
    return page.encode()


def texts(language: Language) -> Mapping[str, str]:
    """The words of a language, by the name of their place."""
    return tomllib.loads((_HERE / f"words_{language}.toml").read_text(encoding="utf-8"))


def _words(language: Language, vault: Vault) -> Mapping[str, str]:
    names = {"m": vault.threshold, "n": len(vault.keys), "less": vault.threshold - 1}
    return {place: text.format(**names) for place, text in texts(language).items()}


def _signers(vault: Vault) -> list[Signer]:
    version = coins.network(vault.coin, vault.network).xpub
    return [
        Signer(
            signer.officer,
            signer.fingerprint,
            f"m/{format_path(key.origin.path)}",
            signer.type,
            str(key.origin),
            key.xpub.to_text(version),
        )
        for signer, key in zip(vault.signers, vault.keys, strict=True)
    ]


def _addresses(vault: Vault) -> list[Address]:
    places = [*((RECEIVE, index) for index in range(_ADDRESSES)), (CHANGE, 0)]
    return [Address(b, i, _grouped(vault.address(b, i))) for b, i in places]


def _programs(vault: Vault, network: coins.Network) -> list[Program]:
    """One program for each path: accounts may differ between officers."""
    pairs = sorted(
        (key.origin.path, s.officer) for s, key in zip(vault.signers, vault.keys, strict=True)
    )
    made = []
    for path, members in groupby(pairs, key=lambda pair: pair[0]):
        source = account_key.program(network, path)
        made.append(Program(tuple(officer for _, officer in members), source, _code(source)))
    return made


def _code(text: str) -> Picture:
    code = qr.draw_text(text)
    drawn = base64.b64encode(picture.png(code, _PIXELS)).decode("ascii")
    return Picture(f"data:image/png;base64,{drawn}", max(_NARROWEST, code.size // 2))


_PIXELS: Final = 8
"""A module: half a millimetre on paper, and sharp at 400 dots an inch."""

_NARROWEST: Final = 56
"""Millimetres of a code; a module takes half of one, as phones read it from above a desk."""


def _grouped(text: str) -> tuple[str, ...]:
    return tuple(text[at : at + _FORM] for at in range(0, len(text), _FORM))
