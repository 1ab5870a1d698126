"""What the simulated signers of all vendors share: a seed, an owner with two buttons, and lies.

A vendor's simulator is a file of its own, a class beside the others in `simulators.py`:

    class ColdcardDevice(SimulatedSigner):
        shape = ...              # the line of the driver's table that it is
        interfaces = (...)       # of the real device, if it has more than that one
        def answer(self, data):  # a report, or bytes of a stream, came: yield what goes back

The simulator speaks the vendor's protocol from the device's side; the driver is not told.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar

from bus import Bus, FarSide, Interface

from hw.pipe import Shape
from signer.core import secp
from signer.core.bip32_private import ExtendedPrivateKey
from signer.keys import mnemonic, unlock

SEEDS = {
    "device": "wife shiver author away frog air rough vanish fantasy frozen noodle athlete pioneer "
    "citizen symptom firm much faith extend rare axis garment kiwi clarify",
    "alpha": "mom panic prize spawn rich soon remind affair face ignore saddle super lift ladder "
    "photo moon soccer special relax adapt trophy much morning best",
    "beta": "violin industry degree salmon nest insane table vast whisper phone mandate oil "
    "million surprise sister review jungle glory approve fold brother test outer gaze",
}
"""Those of the recordings: the Coldcard, and the two software cosigners. All are test seeds."""


class Lie(StrEnum):
    """What a dishonest device does."""

    WRONG_SIGNATURE = "a signature of another digest"
    OTHER_KEY = "a signature by another key, said to be the right one's"
    FOREIGN_KEY = "a signature by a foreign key, under that key's own name"
    CHANGED_OUTPUT = "a PSBT that pays somebody else, signed"
    CHANGED_FIELD = "a PSBT with another field added"
    SURPLUS = "one more signature than was asked for"
    MISSING = "no signature"
    SIGHASH = "a signature for NONE"
    OTHER_XPUB = "another extended key"
    OTHER_ADDRESS = "another address"


@dataclass
class Owner:
    """Who holds the device, and what is wrong with it.

    Attributes:
        refuses: says no to every question.
        slow: seconds of the bus's time until the answer.
        lie: what the device does, or None.
        locked: the device wants its PIN.
    """

    refuses: bool = False
    slow: float = 0.0
    lie: Lie | None = None
    locked: bool = False


class SimulatedSigner(FarSide):
    """A device with a seed."""

    shape: ClassVar[Shape]
    interfaces: ClassVar[tuple[Interface, ...]] = ()
    lies: ClassVar[frozenset[Lie]] = frozenset(Lie)
    """Those that its protocol has words for."""

    registers: ClassVar[bool] = True
    """Whether it has to be told a vault."""

    cancels: ClassVar[bool] = True
    """Whether its protocol can take a question back."""

    def __init__(self, bus: Bus, seed: str = "device", owner: Owner | None = None):
        super().__init__()
        self.bus = bus
        self.owner = owner or Owner()
        self.root = root_of(seed)
        self.cancelled = 0
        """How often the host took back what was on the screen."""

    @property
    def fingerprint(self) -> str:
        """Master key's fingerprint."""
        return self.root.fingerprint

    def set_network(self, network: str) -> None:
        """Be set to "main", "test" or "regtest", if the device knows such a setting."""

    def know(self, memory) -> None:
        """Be paired already with the station whose drivers' memory this is, if the device pairs."""

    def key(self, path: tuple[int, ...]) -> ExtendedPrivateKey:
        """The private key at a path; another one if the device lies about it."""
        root = root_of("alpha") if self.owner.lie is Lie.OTHER_XPUB else self.root
        return root.derive_path(path)

    def signature(self, digest: bytes, path: tuple[int, ...]) -> tuple[bytes, bytes]:
        """Sign as the device does, or lie: public key, and DER with the sighash byte."""
        lie = self.owner.lie
        key = self.root.derive_path(path)
        pubkey = secp.public_key(key.secret)
        secret = key.secret
        if lie is Lie.WRONG_SIGNATURE:
            digest = sha256(digest).digest()
        if lie in (Lie.OTHER_KEY, Lie.FOREIGN_KEY):
            secret = root_of("beta").secret
        if lie is Lie.FOREIGN_KEY:
            pubkey = secp.public_key(secret)
        return pubkey, secp.sign_ecdsa(digest, secret) + (
            b"\x02" if lie is Lie.SIGHASH else b"\x01"
        )

    def plugged(self, **options):
        """Plug it into its bus."""
        return self.bus.plug(self, self.shape, interfaces=self.interfaces, **options)


def root_of(seed: str) -> ExtendedPrivateKey:
    """The master key of one of the seeds."""
    return unlock.root_of(mnemonic.entropy(SEEDS[seed].encode()))
