"""What a driver is asked to do: facts that the station checked, so that no driver parses a PSBT.

Bytes are in wire order, amounts in the coin's smallest unit, fingerprints 8 lower-case hex digits,
paths tuples of numbers of which the hardened ones have bit 31 set.
"""

from dataclasses import dataclass, field

from hw.extended_key import ExtendedKey


@dataclass(frozen=True, slots=True)
class Chain:
    """Where coins live.

    Attributes:
        coin: for instance "BTC".
        network: "main", "test", "signet" or "regtest".
    """

    coin: str
    network: str

    @property
    def valuable(self) -> bool:
        """Whether its coins are worth money: vendors know two kinds of networks, not four."""
        return self.network == "main"


@dataclass(frozen=True, slots=True)
class Cosigner:
    """One key of a vault.

    Attributes:
        fingerprint: of its master key.
        path: from there to the account.
        xpub: the account's extended key, in the chain's own version bytes.
    """

    fingerprint: str
    path: tuple[int, ...]
    xpub: str

    @property
    def fields(self) -> ExtendedKey:
        """The extended key's parts."""
        return ExtendedKey.parse(self.xpub)

    @property
    def origin(self) -> str:
        """`[aabbccdd/48'/0'/0'/2']`, as BIP380 writes it, hardened steps with an apostrophe."""
        return f"[{self.fingerprint}{path_text(self.path)[1:]}]"


@dataclass(frozen=True, slots=True)
class VaultFacts:
    """The vault that a device has a key in, as enrolled.

    Attributes:
        id: SHA-256 of the vault's document, hex.
        name: what people call it; 1 to 64 characters, which a device may not all be able to show.
        chain: coin and network.
        script_type: "p2wsh", "p2sh-p2wsh" or "p2sh".
        threshold: m.
        cosigners: n keys, in the descriptor's order. Scripts sort the derived keys (BIP67).
        descriptor: of both branches (BIP389), with its checksum.
        signatures: "ecdsa", or "schnorr": Bitcoin Cash's, which is not BIP340.
    """

    id: str
    name: str
    chain: Chain
    script_type: str
    threshold: int
    cosigners: tuple[Cosigner, ...]
    descriptor: str
    signatures: str = "ecdsa"

    @property
    def short_name(self) -> str:
        """A name that fits every device's screen and is this vault's alone: `cq` and its id."""
        return f"cq-{self.id[:12]}"

    def cosigner(self, fingerprint: str) -> Cosigner | None:
        """The key with this master fingerprint, if the vault has it."""
        return next((key for key in self.cosigners if key.fingerprint == fingerprint), None)


@dataclass(frozen=True, slots=True)
class ScriptKey:
    """One key of one script.

    Attributes:
        pubkey: compressed, 33 bytes.
        fingerprint: of its master key.
        path: from the master key down to it, branch and index included.
    """

    pubkey: bytes
    fingerprint: str
    path: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScriptFacts:
    """One address of the vault, derived by the station.

    Attributes:
        branch: 0 receive, 1 change.
        index: on that branch.
        address: as text.
        script_pubkey: what an output holds.
        witness_script: the multisig script of segwit vaults, else empty.
        redeem_script: what P2SH wraps (the witness program, or a plain P2SH multisig), else empty.
        keys: in script order (BIP67).
    """

    branch: int
    index: int
    address: str
    script_pubkey: bytes
    witness_script: bytes
    redeem_script: bytes
    keys: tuple[ScriptKey, ...]

    def key_of(self, fingerprint: str) -> ScriptKey | None:
        """The key that grows from this master key, if there is one."""
        return next((key for key in self.keys if key.fingerprint == fingerprint), None)


@dataclass(frozen=True, slots=True)
class Registration:
    """What makes a device know a vault again. Kept with the enrolled vault.

    Attributes:
        vendor: the driver's name.
        fingerprint: the device's master key.
        vault: id of the vault.
        name: under which the device knows it, or empty.
        token: what the device wants to see again (Ledger: the policy's id and its HMAC), or empty.
    """

    vendor: str
    fingerprint: str
    vault: str
    name: str = ""
    token: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class TaskInput:
    """A coin of the vault that is spent.

    Attributes:
        previous_tx: the whole transaction that paid it, as in the PSBT (with or without witness).
        previous_txid: its id in wire order, 32 bytes.
        vout: which of its outputs.
        amount: of that output.
        sequence: nSequence.
        script: its address in the vault.
        digest: what a signature signs, 32 bytes.
    """

    previous_tx: bytes = field(repr=False)
    previous_txid: bytes
    vout: int
    amount: int
    sequence: int
    script: ScriptFacts
    digest: bytes


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """Where money goes.

    Attributes:
        amount: of the output.
        script_pubkey: of the output.
        address: as text; empty if the script has none.
        change: its address in the vault if it returns there (checked), else None.
    """

    amount: int
    script_pubkey: bytes
    address: str
    change: ScriptFacts | None


@dataclass(frozen=True, slots=True)
class SigningTask:
    """One transaction for one device, checked by the station in steps 1 to 10.

    Attributes:
        psbt: binary, version 0 (BIP174), written by the station from these very facts: unsigned
            transaction, global xpubs, whole previous transactions, witness_utxo, scripts, origins
            in the descriptor's order; no signature, nothing else.
        version: of the transaction.
        locktime: nLockTime.
        inputs: in order.
        outputs: in order.
        vault: that it spends from.
        fingerprint: whose signatures are wanted.
        sighash: of every signature: 0x01 (ALL); BCH 0x41 (ALL|FORKID).
        registration: what is kept from `register`, or None.
        bundle: the PSBT as it reached the station, documents and all: for enforcing devices, which
            check everything again.
    """

    psbt: bytes = field(repr=False)
    version: int
    locktime: int
    inputs: tuple[TaskInput, ...]
    outputs: tuple[TaskOutput, ...]
    vault: VaultFacts
    fingerprint: str
    sighash: int = 1
    registration: Registration | None = None
    bundle: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class DeviceSignature:
    """A signature as it came.

    Attributes:
        input: index of the input.
        pubkey: compressed, 33 bytes.
        signature: DER and the sighash byte.
    """

    input: int
    pubkey: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Signatures:
    """An answer of single signatures. The station verifies each; a driver need not."""

    signatures: tuple[DeviceSignature, ...]


@dataclass(frozen=True, slots=True)
class SignedPsbt:
    """An answer that is a PSBT. The station parses it, and refuses any change but signatures."""

    raw: bytes = field(repr=False)


Answer = Signatures | SignedPsbt


def path_text(path: tuple[int, ...]) -> str:
    """Write `m/48'/0'/0'/2'`: hardened steps with an apostrophe, as most vendors want them."""
    hardened = 1 << 31
    steps = (f"/{step % hardened}{chr(39) if step >= hardened else ''}" for step in path)
    return "m" + "".join(steps)
