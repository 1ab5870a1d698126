"""Extended public keys whose first letter says the script: `Zpub`, `Ypub`, `Vpub`, `Upub`.

Source: SLIP-132, "Registered HD version bytes". The single-signature forms (ypub, zpub, upub,
vpub) are read only to say what they are.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from signer.core import base58
from signer.core.bip32 import ExtendedPublicKey, Origin
from signer.core.coins import Network
from signer.core.descriptor import VaultKey
from signer.core.errors import BadInput, Fault

NOBODY: Final = "00000000"
"""What Sparrow, Caravan and others write for a master key that they do not know."""

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Version:
    """What the first four bytes of an extended public key say.

    Attributes:
        letters: what the text starts with.
        valuable: whether it is for the main network, else for any of the test networks.
        script_type: "p2wsh" or "p2sh-p2wsh"; empty if nothing is said.
        single: whether it is for wallets of one signature.
    """

    letters: str
    valuable: bool
    script_type: str = ""
    single: bool = False


VERSIONS: Final = {
    bytes.fromhex("0488b21e"): Version("xpub", valuable=True),
    bytes.fromhex("043587cf"): Version("tpub", valuable=False),
    bytes.fromhex("02aa7ed3"): Version("Zpub", valuable=True, script_type="p2wsh"),
    bytes.fromhex("02575483"): Version("Vpub", valuable=False, script_type="p2wsh"),
    bytes.fromhex("0295b43f"): Version("Ypub", valuable=True, script_type="p2sh-p2wsh"),
    bytes.fromhex("024289ef"): Version("Upub", valuable=False, script_type="p2sh-p2wsh"),
    bytes.fromhex("049d7cb2"): Version("ypub", valuable=True, single=True),
    bytes.fromhex("04b24746"): Version("zpub", valuable=True, single=True),
    bytes.fromhex("044a5262"): Version("upub", valuable=False, single=True),
    bytes.fromhex("045f1cf6"): Version("vpub", valuable=False, single=True),
}


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """An extended public key with its origin, in any of these forms.

    Attributes:
        origin: where it comes from.
        version: what its first letters say.
        text: as it came.
    """

    origin: Origin
    version: Version
    text: str

    def for_vault(self, place: Network, script_type: str) -> VaultKey:
        """The same key for a vault of this kind.

        Raises:
            BadInput: its letters say another network or script, or it is not at the end of its
                path.
        """
        told = self.version
        if told.valuable != place.valuable:
            raise _bad(
                "a key of another network",
                expected=f"a key for {place.name}",
                found=f"{told.letters}..., for {'main' if told.valuable else 'test networks'}",
                hint="export it for this network",
            )
        if told.script_type not in ("", script_type):
            raise _bad(
                "a key for another kind of script",
                expected=script_type,
                found=f"{told.letters}..., for {told.script_type}",
                hint="export the key for this kind of script",
            )
        data = base58.decode(self.text, what="an extended public key")
        plain = base58.encode(place.xpub + data[4:])
        return VaultKey.parse(f"{self.origin}{plain}", place.xpub)


def read(origin: Origin, text: str) -> ForeignKey:
    """Read a key of any of these forms.

    Raises:
        BadInput: not an extended public key, or one for wallets of one signature; or its origin
            is a placeholder.
    """
    expect_known(origin.fingerprint)
    data = base58.decode(text, what="an extended public key")
    told = VERSIONS.get(data[:4])
    if told is None:
        raise _bad(
            "not an extended public key",
            expected=", ".join(v.letters for v in VERSIONS.values() if not v.single),
            found=f"version {data[:4].hex()}",
        )
    if told.single:
        raise _bad(
            "a key for wallets of one signature",
            expected="a multi-signature account's key (BIP48)",
            found=f"{told.letters}...",
            hint="export the multi-signature key",
        )
    return ForeignKey(origin, told, text)


def expect_known(fingerprint: str) -> None:
    """Refuse a fingerprint that stands for none.

    Raises:
        BadInput: it is `NOBODY`.
    """
    if fingerprint == NOBODY:
        raise _bad(
            "a key without its origin",
            expected="the fingerprint of its master key",
            found=f"{NOBODY}, which stands for an unknown one",
            hint="without it no signer knows that the key is its own: export it with its origin",
        )


def write(key: ExtendedPublicKey, place: Network, script_type: str) -> str:
    """Write a key with the letters of its script: `Zpub` and the like; plain `xpub` for P2SH."""
    told = "" if script_type == "p2sh" else script_type
    wanted = Version("", valuable=place.valuable, script_type=told)
    version = next(raw for raw, told in VERSIONS.items() if replace(told, letters="") == wanted)
    return key.to_text(version)
