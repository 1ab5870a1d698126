"""The vault document: whose keys, how many of them, and every script that follows from that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from operator import itemgetter
from struct import Struct
from typing import NamedTuple

from policies import strict_json
from policies.strict_json import Fields
from policies.withdrawal import MAX_HEIGHT
from signer.core import coins, wire
from signer.core.address import address_of
from signer.core.bip32 import HARDENED, Children, are_children, public_children
from signer.core.descriptor import Descriptor, VaultKey
from signer.core.errors import BadInput, Fault
from signer.core.names import DocumentId, Fingerprint, Height
from signer.core.psbt_parts import Derivation, PartialSig
from signer.core.script import COMPRESSED, multisig, push
from signer.core.script_types import Scripts
from signer.core.sighash import Digests, digests
from signer.core.signatures import ECDSA, SCHEMES, Scheme
from signer.core.transaction import Transaction

__all__ = [
    "CHANGE",
    "ENFORCING",
    "RECEIVE",
    "STEPS",
    "Place",
    "Vault",
    "VaultKey",
    "VaultScript",
    "VaultSigner",
]

RECEIVE, CHANGE = 0, 1
"""The branches (BIP389): where others pay to, and where change returns to."""

ENFORCING = "enforcing"
"""The type of a signer that checks approvals and policy itself; any other is a vendor's name."""

MAX_VAULT = 1 << 16
"""Bytes of a payload; 15 keys take about 4,000."""

Place = tuple[int, int]
"""Branch and index."""

STEPS = Struct("<II")
"""A place, as an origin of BIP174 ends."""

_KEYS = ("kind", "version", "name", "coin", "network", "descriptor", "birth_height", "signers")
_bad = partial(BadInput, fault=Fault.COORDINATOR)


class VaultSigner(NamedTuple):
    """Who holds one key.

    Attributes:
        officer: the person's name.
        fingerprint: of the key's master key.
        type: `ENFORCING`, or the name of the vendor whose device holds the key.
    """

    officer: str
    fingerprint: Fingerprint
    type: str


class VaultScript(NamedTuple):
    """Everything about one address of the vault. Thousands are made: hence no dataclass.

    Attributes:
        script_pubkey: what an output holds.
        redeem_script: what a script hash stands for; empty for P2WSH.
        witness_script: what a witness program stands for; empty before segwit.
        keys: in script order: sorted by public key (BIP67).
    """

    script_pubkey: bytes
    redeem_script: bytes
    witness_script: bytes
    keys: tuple[Derivation, ...]

    @property
    def code(self) -> bytes:
        """The multisig script: what signatures commit to."""
        return self.witness_script or self.redeem_script


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault, from its document. Two are equal if their payloads are.

    Attributes:
        payload: the document's bytes, as received.
        name: for people.
        coin: for instance "BTC".
        network: for instance "main".
        descriptor: of both branches (BIP389), as we write it, with its checksum.
        birth_height: no coin of the vault is older than this block.
        signers: in the order of the descriptor's keys.
        form: the descriptor, read.
        scheme: of its signatures; a document that says nothing means ECDSA.
        sighash: the one type that its signatures have.
    """

    payload: bytes = field(repr=False)
    name: str = field(compare=False)
    coin: str = field(compare=False)
    network: str = field(compare=False)
    descriptor: str = field(compare=False)
    birth_height: Height = field(compare=False)
    signers: tuple[VaultSigner, ...] = field(compare=False)
    form: Descriptor = field(compare=False, repr=False)
    scheme: Scheme = field(compare=False, repr=False)
    sighash: int = field(compare=False)
    _branches: tuple[tuple[Children, ...], ...] = field(compare=False, repr=False)
    _origins: tuple[bytes, ...] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> "Vault":
        """Read a vault document's payload.

        Raises:
            BadInput: malformed, or its parts do not fit each other.
        """
        raw = strict_json.load(payload, limit=MAX_VAULT, what="vault")
        fields = Fields(raw, "vault", required=_KEYS, optional=("signatures",))
        fields.exactly("kind", "vault")
        fields.exactly("version", 1)
        name, coin, network = fields.name("name"), fields.code("coin"), fields.code("network")
        form = Descriptor.parse(str(fields.raw["descriptor"]), coins.network(coin, network))
        kinds = coins.coin(coin).schemes
        scheme = raw.get("signatures", ECDSA.name)
        # One document for one vault: what goes without saying is not said.
        if scheme not in kinds or ("signatures" in raw and scheme == ECDSA.name):
            fields.bad("signatures", " or ".join(kinds[1:]) or "absent", scheme)
        birth = Height(fields.integer("birth_height", most=MAX_HEIGHT))
        signers = tuple(
            VaultSigner(s.name("officer"), Fingerprint(str(s.raw["fingerprint"])), s.name("type"))
            for s in fields.tables("signers", required=("officer", "fingerprint", "type"))
        )
        if [s.fingerprint for s in signers] != [key.origin.fingerprint for key in form.keys]:
            raise _bad(
                "the vault's signers do not fit its descriptor",
                hint="list the signers in the order of the descriptor's keys",
            )
        if len({s.officer for s in signers}) != len(signers):
            raise _bad("an officer holds two keys of the vault", hint="a quorum is of people")
        branches = tuple(
            tuple(Children(key.xpub.derive(branch)) for key in form.keys)
            for branch in (RECEIVE, CHANGE)
        )
        origins = tuple(
            Derivation.of(k.xpub.key, k.origin.fingerprint, k.origin.path).origin for k in form.keys
        )
        return cls(
            *(payload, name, coin, network, form.text, birth, signers, form),
            *(SCHEMES[scheme], coins.coin(coin).sighash, branches, origins),
        )

    @property
    def id(self) -> DocumentId:
        """SHA-256 of the payload."""
        return DocumentId(sha256(self.payload).hexdigest())

    @property
    def threshold(self) -> int:
        """How many must sign: m."""
        return self.form.threshold

    @property
    def script_type(self) -> str:
        """By name, for instance "p2wsh"."""
        return self.form.script_type

    @property
    def keys(self) -> tuple[VaultKey, ...]:
        """All keys, in the descriptor's order."""
        return self.form.keys

    def script(self, branch: int, index: int) -> VaultScript:
        """Derive everything about an address.

        Raises:
            BadInput: as `scripts`.
        """
        return self.scripts([(branch, index)])[0]

    def scripts(
        self, places: Sequence[Place], claims: Sequence[Sequence[Derivation]] = ()
    ) -> list[VaultScript]:
        """Derive everything about many addresses.

        Args:
            places: where they stand, in the order of what is returned.
            claims: what somebody says that the keys of each are, or nothing. If all of it is
                right, that is found out faster than the keys are derived; else they are derived.

        Raises:
            BadInput: no such branch (0 or 1) or index (0 to 2**31 - 1).
        """
        made = self._confirmed(places, claims) or map(self._derived, places, self._keys(places))
        return [VaultScript(*self._paid([key for key, _ in keys]), keys) for keys in made]

    def script_pubkeys(self, places: Sequence[Place]) -> list[bytes]:
        """What outputs to many addresses hold, where nobody asks for keys and origins.

        Raises:
            BadInput: as `scripts`.
        """
        return [self._paid(keys).script_pubkey for keys in self._keys(places)]

    def _parents(self, places: Sequence[Place]) -> list[tuple[Sequence[Children], int]]:
        """Whose children the keys of each place are, in the descriptor's order, and which."""
        for branch, index in places:
            if branch not in (RECEIVE, CHANGE) or not 0 <= index < HARDENED:
                raise _bad("the vault has no such address", found=f"{branch}/{index}")
        return [(self._branches[branch], index) for branch, index in places]

    def _keys(self, places: Sequence[Place]) -> list[list[bytes]]:
        """The public keys of each place, in the descriptor's order."""
        found, size = public_children(self._parents(places)), len(self._origins)
        return [found[at : at + size] for at in range(0, len(found), size)]

    def _derived(self, place: Place, keys: Sequence[bytes]) -> tuple[Derivation, ...]:
        """With their origins, in script order: sorted by public key (BIP67)."""
        steps = STEPS.pack(*place)
        pairs = zip(keys, [origin + steps for origin in self._origins], strict=True)
        return Derivation.many(sorted(pairs, key=itemgetter(0)))

    def _confirmed(
        self, places: Sequence[Place], claims: Sequence[Sequence[Derivation]]
    ) -> list[tuple[Derivation, ...]]:
        """What is claimed, in script order, if the origins are the vault's and all keys theirs."""
        wanted, keys = self._parents(places), []
        for place, claim in zip(places, claims, strict=False):
            known, steps = {origin: key for key, origin in claim}, STEPS.pack(*place)
            keys += [known.get(origin + steps, b"") for origin in self._origins]
        whole = len(keys) == sum(map(len, claims)) == len(places) * len(self._origins)
        true = whole and are_children(wanted, keys)
        return [tuple(sorted(claim)) for claim in claims] if true else []

    def _paid(self, keys: Sequence[bytes]) -> Scripts:
        return self.form.form.of(multisig(self.threshold, sorted(keys)))

    def address(self, branch: int, index: int) -> str:
        """Derive an address.

        Raises:
            BadInput: as `script`.
        """
        return str(address_of(self.script_pubkeys([(branch, index)])[0], self.coin, self.network))

    def accepts(self, signature: PartialSig, script: VaultScript, digest: bytes) -> bool:
        """Whether it is by a key of the script, of the one sighash type, and verifies."""
        bare, sighash = signature.signature[:-1], signature.signature[-1]
        return (
            sighash == self.sighash
            and signature.pubkey in [key.pubkey for key in script.keys]
            and self.scheme.verify(digest, bare, signature.pubkey)
        )

    def digests(self, tx: Transaction) -> Digests:
        """What makes the digests of a transaction that spends from it."""
        return digests(tx, segwit=self.form.form.segwit, sighash=self.sighash)

    @property
    def input_weight(self) -> int:
        """Weight units (BIP141) of one signed input, every signature at its longest."""
        script = multisig(self.threshold, [bytes(COMPRESSED)] * len(self.keys))
        signatures = self.threshold * (1 + self.scheme.size)
        if self.form.form.segwit:
            # CHECKMULTISIG's extra element, signatures, script: each after its length, and counted.
            witness = 1 + 1 + signatures + len(wire.var_bytes(script))
            redeem = self.form.form.of(script).redeem_script
            script_sig = push(redeem) if redeem else b""
        else:
            last = range(len(self.keys) - self.threshold, len(self.keys))  # the longest checkbits
            dummy = len(self.scheme.dummy(last, len(self.keys)))
            witness, script_sig = 0, bytes(dummy + signatures + len(push(script)))
        return 4 * (32 + 4 + len(wire.var_bytes(script_sig)) + 4) + witness
