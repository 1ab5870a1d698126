"""The vault document: whose keys, how many of them, and every script that follows from that."""

from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from policies import strict_json
from policies.strict_json import Fields
from policies.withdrawal import MAX_HEIGHT
from signer.core import coins, wire
from signer.core.address import address_of, script_of
from signer.core.bip32 import HARDENED, Children
from signer.core.descriptor import Descriptor, VaultKey
from signer.core.errors import BadInput, Fault, SelfTestFailed
from signer.core.names import DocumentId, Fingerprint, Height
from signer.core.script import COMPRESSED, multisig, p2sh, p2wsh, push

__all__ = [
    "CHANGE",
    "ENFORCING",
    "RECEIVE",
    "DerivedKey",
    "Vault",
    "VaultKey",
    "VaultScript",
    "VaultSigner",
    "twice_derived_address",
]

RECEIVE, CHANGE = 0, 1
"""The branches (BIP389): where others pay to, and where change returns to."""

ENFORCING = "enforcing"
"""The type of a signer that checks approvals and policy itself; any other is a vendor's name."""

MAX_VAULT = 1 << 16
"""Bytes of a payload; 15 keys take about 4,000."""

SIGNATURE = 72
"""Bytes of a signature with its sighash byte: s is low, and r is not ground to be (design, 11)."""

_KEYS = ("kind", "version", "name", "coin", "network", "descriptor", "birth_height", "signers")
_bad = partial(BadInput, fault=Fault.COORDINATOR)


@dataclass(frozen=True, slots=True)
class VaultSigner:
    """Who holds one key.

    Attributes:
        officer: the person's name.
        fingerprint: of the key's master key.
        type: `ENFORCING`, or the name of the vendor whose device holds the key.
    """

    officer: str
    fingerprint: Fingerprint
    type: str


@dataclass(frozen=True, slots=True)
class DerivedKey:
    """One key of one script.

    Attributes:
        pubkey: compressed, 33 bytes.
        fingerprint: of its master key.
        path: from the master key down to this key, branch and index included.
    """

    pubkey: bytes
    fingerprint: Fingerprint
    path: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class VaultScript:
    """Everything about one address of the vault.

    Attributes:
        script_pubkey: what an output holds.
        witness_script: the multisig script.
        redeem_script: the witness program for P2SH-P2WSH, else empty.
        keys: in script order: sorted by public key (BIP67).
    """

    script_pubkey: bytes
    witness_script: bytes
    redeem_script: bytes
    keys: tuple[DerivedKey, ...]


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
    """

    payload: bytes = field(repr=False)
    name: str = field(compare=False)
    coin: str = field(compare=False)
    network: str = field(compare=False)
    descriptor: str = field(compare=False)
    birth_height: Height = field(compare=False)
    signers: tuple[VaultSigner, ...] = field(compare=False)
    form: Descriptor = field(compare=False, repr=False)
    _branches: tuple[tuple[Children, ...], ...] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> "Vault":
        """Read a vault document's payload.

        Raises:
            BadInput: malformed, or its parts do not fit each other.
        """
        raw = strict_json.load(payload, limit=MAX_VAULT, what="vault")
        fields = Fields(raw, "vault", required=_KEYS)
        fields.exactly("kind", "vault")
        fields.exactly("version", 1)
        name, coin, network = fields.name("name"), fields.code("coin"), fields.code("network")
        form = Descriptor.parse(str(fields.raw["descriptor"]), coins.network(coin, network))
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
        return cls(payload, name, coin, network, form.text, birth, signers, form, branches)

    @property
    def id(self) -> DocumentId:
        """SHA-256 of the payload."""
        return DocumentId(sha256(self.payload).hexdigest())

    def branch_descriptor(self, branch: int) -> str:
        """One branch, with checksum, for nodes that do not know BIP389."""
        return self.form.branch_text(branch)

    @property
    def threshold(self) -> int:
        """How many must sign: m."""
        return self.form.threshold

    @property
    def script_type(self) -> str:
        """Either "p2wsh" or "p2sh-p2wsh"."""
        return self.form.script_type

    @property
    def keys(self) -> tuple[VaultKey, ...]:
        """All keys, in the descriptor's order."""
        return self.form.keys

    def script(self, branch: int, index: int) -> VaultScript:
        """Derive everything about an address.

        Raises:
            BadInput: no such branch (0 or 1) or index (0 to 2**31 - 1).
        """
        if branch not in (RECEIVE, CHANGE) or not 0 <= index < HARDENED:
            raise _bad("the vault has no such address", found=f"{branch}/{index}")
        keys = [
            DerivedKey(
                child.derive(index)[0], key.origin.fingerprint, (*key.origin.path, branch, index)
            )
            for child, key in zip(self._branches[branch], self.keys, strict=True)
        ]
        keys.sort(key=lambda derived: derived.pubkey)
        witness_script = multisig(self.threshold, [key.pubkey for key in keys])
        program = p2wsh(witness_script)
        native = self.script_type == "p2wsh"
        redeem_script, script_pubkey = (b"", program) if native else (program, p2sh(program))
        return VaultScript(script_pubkey, witness_script, redeem_script, tuple(keys))

    def address(self, branch: int, index: int) -> str:
        """Derive an address.

        Raises:
            BadInput: as `script`.
        """
        return str(address_of(self.script(branch, index).script_pubkey, self.coin, self.network))

    @property
    def input_weight(self) -> int:
        """Weight units (BIP141) of one signed input, every signature at its longest."""
        script = multisig(self.threshold, [bytes(COMPRESSED)] * len(self.keys))
        # OP_0 for CHECKMULTISIG's extra pop, signatures, script: each after its length.
        witness = 1 + 1 + self.threshold * (1 + SIGNATURE) + len(wire.var_bytes(script))
        script_sig = 0 if self.script_type == "p2wsh" else len(push(p2wsh(b"")))
        return 4 * (32 + 4 + 1 + script_sig + 4) + witness


def twice_derived_address(vault: Vault) -> str:
    """The first receive address, derived by us and, from the descriptor's text, by embit.

    Two programs that share no code must agree before money is sent to a new vault.

    Raises:
        SelfTestFailed: they do not.
    """
    from embit.descriptor import Descriptor as Independent  # noqa: PLC0415 -- 40 ms, seldom needed

    address = vault.address(RECEIVE, 0)
    ours = script_of(address, vault.coin, vault.network)
    other = Independent.from_string(vault.branch_descriptor(RECEIVE))
    theirs = other.derive(0).script_pubkey().data
    if ours != theirs:
        raise SelfTestFailed(
            "two derivations of the vault's first address differ",
            fault=Fault.MACHINE,
            expected=theirs.hex(),
            found=ours.hex(),
        )
    return address
