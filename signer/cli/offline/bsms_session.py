"""The open BSMS session of a key: the record that was given out in round 1, and its token."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policies import strict_json
from policies.strict_json import Fields
from signer.core.errors import BadInput, Fault
from signer.core.files import failed, make_folder, read_limited, sync_folder, write_private

if TYPE_CHECKING:
    from signer.carry.bsms import KeyRecord

_MAX = 1 << 14


@dataclass(frozen=True, slots=True)
class BsmsSession:
    """What this machine gave to the coordinator.

    Attributes:
        network: a name.
        record: the key record.
    """

    network: str
    record: "KeyRecord"


def path(home: Path, name: str) -> Path:
    """Where the session of a key is kept."""
    return home / "bsms" / f"{name}.json"


def begin(home: Path, name: str, network: str, record: bytes) -> None:
    """Keep a session, readable by its owner only: the token is in it.

    Raises:
        BadInput: one is open already, or the disk does not take it.
    """
    make_folder(path(home, name).parent)
    table = {"kind": "bsms", "version": 1, "network": network, "record": record.decode()}
    write_private(path(home, name), strict_json.dump(table) + b"\n")


def refuse_open(home: Path, name: str) -> None:
    """Say that a session of the key is open, before anybody is asked anything.

    Raises:
        BadInput: that is the case.
    """
    if path(home, name).exists():
        raise BadInput(
            "a session with this key is open",
            fault=Fault.OFFICER,
            found=name,
            hint=f"accept its record, or end it: coldsign bsms close {name}",
        )


def load(home: Path, name: str) -> BsmsSession:
    """The open session of a key.

    Raises:
        BadInput: none is open, or its file is damaged.
    """
    from signer.carry.bsms import KeyRecord

    if not path(home, name).exists():
        raise BadInput(
            "no session with this key is open",
            fault=Fault.OFFICER,
            found=name,
            hint=f"round 1 comes first: coldsign bsms record {name}",
        )
    raw = read_limited(path(home, name), limit=_MAX, what="bsms session")
    table = strict_json.load(raw, limit=_MAX, what="bsms session", fault=Fault.MACHINE)
    required = ("kind", "version", "network", "record")
    fields = Fields(table, "bsms session", required, fault=Fault.MACHINE)
    fields.exactly("kind", "bsms")
    fields.exactly("version", 1)
    record = KeyRecord.parse(str(fields.raw["record"]).encode())
    return BsmsSession(fields.code("network"), record)


def close(home: Path, name: str) -> None:
    """End a session: its token opens nothing any more.

    Raises:
        BadInput: none is open, or the disk does not let us.
    """
    load(home, name)
    try:
        path(home, name).unlink()
        sync_folder(path(home, name).parent)
    except OSError as error:
        raise failed("bsms session", path(home, name), error) from None
