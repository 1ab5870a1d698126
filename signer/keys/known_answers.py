"""Published answers that what makes and seals keys must give; `signer/sign/selftest.py` asks."""

from collections.abc import Callable

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from signer.keys import entropy, mnemonic

# Coldcard's published example of dice, which SeedSigner tests as well: the rolls, and the words.
# https://coldcard.com/docs/verifying-dice-roll-math
DICE_ROLLS = b"123456"
DICE_WORDS = (
    "mirror reject rookie talk pudding throw happy era myth already payment own sentence push "
    "head sting video explain letter bomb casual hotel rather garment"
)

# RFC 9106 section 5.3: 32 KiB, 3 passes, 4 lanes, with secret and associated data.
ARGON2ID_TAG = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"


def _argon2id() -> str:
    # OpenSSL before 3.2 lacks it and raises here.
    sizes = {"length": 32, "iterations": 3, "lanes": 4, "memory_cost": 32}
    kdf = Argon2id(salt=b"\x02" * 16, ad=b"\x04" * 12, secret=b"\x03" * 8, **sizes)
    if kdf.derive(b"\x01" * 32).hex() != ARGON2ID_TAG:
        raise ValueError("another answer")
    return "RFC 9106, section 5.3"


def _dice() -> str:
    alone = entropy.mix(32, None, [bytearray(DICE_ROLLS)])
    # With a machine's part, the difference is that part and nothing else.
    nothing = entropy.mix(32, alone, [bytearray(DICE_ROLLS)])
    if " ".join(mnemonic.words(alone)) != DICE_WORDS or any(nothing):
        raise ValueError("another answer")
    return "Coldcard's example"


CHECKS: dict[str, Callable[[], str]] = {"Argon2id": _argon2id, "dice to words": _dice}
