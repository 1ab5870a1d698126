"""What a PSBT says of a transaction's inputs and outputs. Source: BIP174 "Specification".

Nothing here is verified beyond its form: these are the coordinator's claims.
"""

from collections.abc import Iterable
from itertools import repeat
from struct import unpack
from typing import NamedTuple

from signer.core import wire
from signer.core.names import Fingerprint
from signer.core.psbt_map import Entry
from signer.core.transaction import Outline, TxOut


class PartialSig(NamedTuple):
    """One key's signature of one input.

    Attributes:
        pubkey: the public key in SEC1 form, as the script has it.
        signature: DER, then the sighash byte.
    """

    pubkey: bytes
    signature: bytes


class Derivation(NamedTuple):
    """A public key's origin, as a PSBT claims it or as a vault derives it.

    They are made and compared by the thousand: hence no dataclass, and the bytes as they are.

    Attributes:
        pubkey: SEC1 form; of a global field, an extended key in BIP32's 78 bytes.
        origin: BIP174's value: the master key's fingerprint, then 4 bytes a step, little-endian.
    """

    pubkey: bytes
    origin: bytes

    @classmethod
    def many(cls, pairs: Iterable[tuple[bytes, bytes]]) -> "tuple[Derivation, ...]":
        """From keys and origins."""
        return (*map(tuple.__new__, repeat(cls), pairs),)

    @classmethod
    def of(cls, pubkey: bytes, fingerprint: Fingerprint, path: tuple[int, ...]) -> "Derivation":
        """From what the properties say."""
        return cls(pubkey, bytes.fromhex(fingerprint) + b"".join(map(wire.u32, path)))

    @property
    def fingerprint(self) -> Fingerprint:
        """Of the master key."""
        return Fingerprint(self.origin[:4].hex())

    @property
    def path(self) -> tuple[int, ...]:
        """BIP32 indexes from the master key; hardened ones have 0x80000000 added."""
        return unpack(f"<{len(self.origin) // 4 - 1}I", self.origin[4:])


class PsbtInput(NamedTuple):
    """What the PSBT says of an input. Thousands are made: hence no dataclass.

    Attributes:
        previous_tx: the whole previous transaction; its id is the outpoint's.
        witness_utxo: the output spent, on the coordinator's word alone.
        partial_sigs: by distinct keys, in the order of the file.
        sighash: the sighash type that is asked for.
        redeem_script: empty when absent.
        witness_script: empty when absent.
        derivations: key origins, in the order of the file.
        final_script_sig: empty when absent.
        final_script_witness: the stack, empty when absent.
        others: every other field, in the order of the file.
    """

    previous_tx: Outline | None = None
    witness_utxo: TxOut | None = None
    partial_sigs: tuple[PartialSig, ...] = ()
    sighash: int | None = None
    redeem_script: bytes = b""
    witness_script: bytes = b""
    derivations: tuple[Derivation, ...] = ()
    final_script_sig: bytes = b""
    final_script_witness: tuple[bytes, ...] = ()
    others: tuple[Entry, ...] = ()


class PsbtOutput(NamedTuple):
    """What the PSBT says of an output. Thousands are made: hence no dataclass.

    Attributes:
        redeem_script: empty when absent.
        witness_script: empty when absent.
        derivations: key origins, in the order of the file.
        others: every other field, in the order of the file.
    """

    redeem_script: bytes = b""
    witness_script: bytes = b""
    derivations: tuple[Derivation, ...] = ()
    others: tuple[Entry, ...] = ()
