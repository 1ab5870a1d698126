"""A signer's home, as `coldsign` leaves it after `key create` and `enrol`."""

import os
from pathlib import Path

from bench.workload import World, entropy
from policies.envelope import Envelope
from signer.keys import keystore
from signer.keys.keystore import Kind
from signer.sign.state import State

PASSPHRASE = b"a passphrase of the bench"
ROOT = Path(__file__).resolve().parents[2]


def environment(home: Path | None) -> dict[str, str]:
    """What a program sees: this tree, and that home."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("COLD")}
    homes = {"COLDSIGN_HOME": str(home), "COLDQUORUM_HOME": str(home)} if home else {}
    return {**kept, **homes, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def enrolled(home: Path, *, keys: bool = True, world: World | None = None) -> Path:
    """Put the first signer's key, the vault and its policy into a home."""
    world = world or World()
    name = world.names[0]
    root = world.root(name)
    if keys:
        keystore.create(
            home,
            name,
            Kind.SEED,
            secret=bytearray(entropy(name)),
            public=root.fingerprint,
            passphrase=bytearray(PASSPHRASE),
        )
    State(home).enrol(
        Envelope.wrap("vault", world.vault.payload),
        [world.policy_envelope],
        key=name if keys else "",
        fingerprint=root.fingerprint if keys else "",
    )
    return home
