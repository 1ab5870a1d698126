"""What a station keeps of devices: registrations beside the vaults, and drivers' own small keys.

    HOME/vaults/<vault id>/device-<fingerprint>.json    a registration
    HOME/devices/<name>                                 a driver's memory

None of it is a vault's secret and nothing is believed for it: a lost or altered registration costs
the officer another look at the device's screen.
"""

import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from hw.task import Registration
from policies import strict_json
from policies.strict_json import Fields
from signer.core.errors import BadInput, Fault
from signer.core.files import failed, make_folder, read_limited, sync_folder, write_private

_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_LIMIT: Final = 1 << 20
"""Bytes of a driver's memory: 65,536 nonces, the most that is kept."""

_KEYS: Final = ("kind", "version", "vendor", "fingerprint", "vault", "name", "token")


class Kept:
    """The station's memory of devices in one home folder; a driver's `Memory`, too."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def get(self, name: str) -> bytes:
        """What was kept under this name, or empty.

        Raises:
            BadInput: it is there and cannot be read.
        """
        path = self._home / "devices" / _checked(name)
        return read_limited(path, limit=_LIMIT, what="device memory") if path.exists() else b""

    def put(self, name: str, value: bytes) -> None:
        """Keep it, in the place of what was there; empty forgets.

        Raises:
            BadInput: the disk does not take it.
        """
        _replace(self._home / "devices" / _checked(name), value)

    def registration(self, vault: str, fingerprint: str) -> Registration | None:
        """What is kept of a device's registration of a vault.

        Raises:
            BadInput: it is there and is damaged.
        """
        path = self._path(vault, fingerprint)
        if not path.exists():
            return None
        raw = strict_json.load(
            read_limited(path, limit=_LIMIT, what="registration"),
            limit=_LIMIT,
            what="registration",
            fault=Fault.MACHINE,
        )
        fields = Fields(raw, "registration", required=_KEYS)
        fields.exactly("kind", "registration")
        fields.exactly("version", 1)
        fields.exactly("vault", vault)
        fields.exactly("fingerprint", fingerprint)
        try:
            token = bytes.fromhex(str(raw["token"]))
        except ValueError:
            raise BadInput(
                "the kept registration is damaged",
                fault=Fault.MACHINE,
                found=str(path),
                hint="remove the file, and register the vault again",
            ) from None
        return Registration(str(raw["vendor"]), fingerprint, vault, str(raw["name"]), token)

    def keep(self, registration: Registration) -> None:
        """Keep a registration, in the place of an earlier one.

        Raises:
            BadInput: the disk does not take it.
        """
        table = {
            "kind": "registration",
            "version": 1,
            "vendor": registration.vendor,
            "fingerprint": registration.fingerprint,
            "vault": registration.vault,
            "name": registration.name,
            "token": registration.token.hex(),
        }
        path = self._path(registration.vault, registration.fingerprint)
        _replace(path, strict_json.dump(table) + b"\n")

    def _path(self, vault: str, fingerprint: str) -> Path:
        return self._home / "vaults" / vault / f"device-{fingerprint}.json"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"a driver keeps something under an impossible name: {name!a}")
    return name


def _replace(path: Path, data: bytes) -> None:
    """Write wholly or not at all; what is there stays until then."""
    make_folder(path.parent)
    temporary = path.parent / f".{secrets.token_hex(8)}.new"
    try:
        if not data:
            path.unlink(missing_ok=True)
            return
        write_private(temporary, data)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise failed("device memory", path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
