"""Documents in the thief's hands: payloads as trees that can be bent, and signatures to go with.

A payload is treated as whatever JSON it is, so that a new field of a document is attacked from
the day that it exists.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Path = tuple[str | int, ...]
"""Where in a tree: keys of objects, places in lists."""


@dataclass(slots=True)
class Paper:
    """An envelope: a payload, and signatures that may or may not be of it.

    Attributes:
        kind: `withdrawal` or `policy`; the payload type names it.
        payload: the document's bytes.
        signatures: key ids and signatures.
        payload_type: the whole payload type, if it shall be another than the kind's.
        raw: the envelope's bytes, if they shall be something else.
    """

    kind: str
    payload: bytes
    signatures: list[tuple[str, bytes]] = field(default_factory=list)
    payload_type: str = ""
    raw: bytes | None = None

    def copy(self) -> "Paper":
        """Another one that can be changed without changing this one."""
        return Paper(self.kind, self.payload, list(self.signatures), self.payload_type, self.raw)

    @classmethod
    def read(cls, kind: str, data: bytes) -> "Paper":
        """Read an honest envelope."""
        table = json.loads(data)
        signatures = [(s["keyid"], base64.b64decode(s["sig"])) for s in table["signatures"]]
        return cls(kind, base64.b64decode(table["payload"]), signatures)

    @property
    def id(self) -> str:
        """The document's id."""
        return hashlib.sha256(self.payload).hexdigest()

    @property
    def type(self) -> str:
        """The payload type that it will name."""
        return self.payload_type or f"application/vnd.coldquorum.{self.kind}+json"

    def sign(self, key: Ed25519PrivateKey) -> None:
        """Add a signature of the payload as it is now (DSSE v1)."""
        kind = self.type.encode()
        head = b"DSSEv1 %d %b %d " % (len(kind), kind, len(self.payload))
        keyid = key.public_key().public_bytes_raw().hex()
        self.signatures = [one for one in self.signatures if one[0] != keyid]
        self.signatures.append((keyid, key.sign(head + self.payload)))

    def tree(self) -> Any:
        """The payload as JSON; None if it is none any more."""
        try:
            return json.loads(self.payload)
        except (ValueError, RecursionError):
            return None

    def write(self, tree: object) -> None:
        """Set the payload; the signatures stay, and so are of another one."""
        self.payload = dump(tree)

    def to_bytes(self) -> bytes:
        """Write the envelope."""
        if self.raw is not None:
            return self.raw
        signatures = [
            {"keyid": keyid, "sig": base64.b64encode(sig).decode()}
            for keyid, sig in self.signatures
        ]
        table = {
            "payload": base64.b64encode(self.payload).decode(),
            "payloadType": self.type,
            "signatures": signatures,
        }
        return dump(table) + b"\n"


def dump(tree: object) -> bytes:
    """JSON in the form that honest documents have."""
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def places(tree: object, start: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every place in a tree with what is there, the root first."""
    yield start, tree
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from places(value, (*start, key))
    elif isinstance(tree, list):
        for at, value in enumerate(tree):
            yield from places(value, (*start, at))


def at(tree: Any, path: Path) -> Any:
    """What is at a place."""
    for step in path:
        tree = tree[step]
    return tree


def replaced(tree: Any, path: Path, value: object) -> Any:
    """A tree with something else at a place; shares what did not change."""
    if not path:
        return value
    changed: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    changed[path[0]] = replaced(tree[path[0]], path[1:], value)
    return changed
