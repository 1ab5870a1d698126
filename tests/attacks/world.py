"""A small world in memory: officers, a vault, a policy, an approved withdrawal, its bundle.

It goes through public interfaces only and is the same at every run. An attack is a change to one
of its parts:

    world = World()
    world.examine(world.bundle())                       # the honest way: steps 1 to 8 pass

    def swap(draft):                                    # a compromised coordinator at work
        draft.outputs[0].script = world.foreign_script()
    world.examine(world.bundle(tamper=swap))            # raises Refused

`tamper` gets the whole `Draft` before it is written: outpoints, sequences, every field of the
PSBT, and the documents. What a coordinator cannot make (approvals, policies) comes from
`approve`, `policy_envelope` and `successor`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.chain import Known
from policies.envelope import Envelope
from policies.epochs import TrustedPolicy, trust_first
from policies.policy import Policy
from policies.quorum import Demand, Role
from policies.rules import Amounts, Approvals, Fees, Rule, Shape, Timing
from policies.rules.approvals import Tier
from policies.withdrawal import Anchor, Payment, Withdrawal
from signer.build.psbt_write import build
from signer.build.vault import create_vault
from signer.carry.bundle import Documents, fields
from signer.core import coins
from signer.core.address import address_of, script_of
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import bip48_path
from signer.core.files import make_folder, write_private
from signer.core.hashes import sha256
from signer.core.names import DocumentId, Height, KeyId, Sats, Txid
from signer.core.psbt import Derivation, PsbtInput, PsbtOutput
from signer.core.transaction import Outline, OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import CHANGE, ENFORCING, RECEIVE, Vault, VaultKey, VaultScript, VaultSigner
from signer.keys import keystore, unlock
from signer.keys.keystore import Kind
from signer.sign.check import SEQUENCE, VERSION, Checked, Enrolment, examine
from signer.sign.sign import Signed, sign
from signer.sign.softkey import SoftKey
from signer.sign.state import State

NAMES = ("alice", "bob", "carol")
"""Each has a key of the vault and an approval key."""

INITIATOR = "dave"
"""An officer and approver without a key of the vault, who asks for withdrawals."""

HEIGHT = Height(800)
FEE = Sats(2_000)
COIN_AMOUNT = Sats(1_000_000)
PASSPHRASE = b"a passphrase of the tests"


@dataclass(frozen=True)
class Officer:
    """A person with an approval key and, for three of the four, a seed."""

    name: str
    approval: Ed25519PrivateKey = field(repr=False)
    entropy: bytes = field(repr=False)

    @cached_property
    def root(self) -> ExtendedPrivateKey:
        """The root of the officer's key."""
        return unlock.root_of(bytearray(self.entropy))

    @property
    def key_id(self) -> KeyId:
        """The public half of the approval key."""
        return KeyId(self.approval.public_key().public_bytes_raw().hex())


@dataclass(frozen=True)
class Coin:
    """A coin of the vault: the transaction that paid it, and where it lies in the descriptor."""

    tx: Transaction
    vout: int
    branch: int
    index: int

    @property
    def outpoint(self) -> OutPoint:
        """Where it is."""
        return OutPoint(self.tx.txid, self.vout)

    @property
    def output(self) -> TxOut:
        """The true amount and script."""
        return self.tx.outputs[self.vout]


@dataclass
class DraftInput:
    """An input before it is written. `psbt` is frozen: use `dataclasses.replace`."""

    outpoint: OutPoint
    sequence: int
    psbt: PsbtInput


@dataclass
class DraftOutput:
    """An output before it is written."""

    amount: int
    script: bytes
    psbt: PsbtOutput = field(default_factory=PsbtOutput)


@dataclass
class Draft:
    """A whole bundle before it is written: what a compromised coordinator has in its hands."""

    inputs: list[DraftInput]
    outputs: list[DraftOutput]
    documents: Documents
    lock_time: int
    version: int = VERSION

    def to_bytes(self) -> bytes:
        """Write it."""
        tx = Transaction(
            self.version,
            tuple(TxIn(i.outpoint, b"", i.sequence) for i in self.inputs),
            tuple(TxOut(Sats(o.amount), o.script) for o in self.outputs),
            self.lock_time,
        )
        return build(
            tx,
            [i.psbt for i in self.inputs],
            [o.psbt for o in self.outputs],
            fields(self.documents),
        )


class World:
    """Four officers, a 2-of-3 vault on regtest with three coins, and policy epoch 1.

    Args:
        script_type: of the vault.
        seed: another number gives other keys, and so another vault.
        network_name: of the vault.
        coin: of the vault.
        scheme: of its signatures.
    """

    def __init__(
        self,
        script_type: str = "p2wsh",
        seed: int = 0,
        network_name: str = "regtest",
        *,
        coin: str = "BTC",
        scheme: str = "ecdsa",
    ) -> None:
        self.network = network(coin, network_name)
        self.officers = {name: _officer(name, seed) for name in (*NAMES, INITIATOR)}
        self.vault = self._vault(script_type, coin, scheme)
        self.vault_envelope = Envelope.wrap("vault", self.vault.payload)
        self.policy = Policy(
            vault=self.vault.id,
            coin=self.vault.coin,
            network=self.vault.network,
            epoch=1,
            previous=None,
            activation_height=Height(0),
            loosening_delay=0,
            officers={name: officer.key_id for name, officer in self.officers.items()},
            roles={
                "admins": Role("admins", NAMES, 2),
                "approvers": Role("approvers", (*NAMES, INITIATOR), 2),
            },
            rules=(
                Amounts(Sats(5_000_000)),
                Fees(Sats(100_000), 100),
                Approvals((Tier(None, (Demand("approvers", 2),)),)),
                Shape(20, coins.coin(coin).payable),
                Timing(144),
            ),
        )
        self.policy_envelope = self.admit(self.policy)
        self.coins = [self.coin(RECEIVE, index) for index in range(3)]

    def _vault(self, script_type: str, coin: str, scheme: str) -> Vault:
        path = bip48_path(self.network, script_type)
        keys = [
            VaultKey(Origin(root.fingerprint, path), root.derive_path(path).public())
            for root in (self.officers[name].root for name in NAMES)
        ]
        return create_vault(
            name="treasury",
            coin=coin,
            network=self.network.name,
            script_type=script_type,
            threshold=2,
            keys=keys,
            signers=[
                VaultSigner(name, key.origin.fingerprint, ENFORCING)
                for name, key in zip(NAMES, keys, strict=True)
            ],
            birth_height=0,
            scheme=scheme,
        )

    # documents

    def admit(self, policy: Policy, admins: Sequence[str] = ("alice", "bob")) -> Envelope:
        """Let admins sign a policy."""
        envelope = Envelope.wrap("policy", policy.payload)
        for name in admins:
            envelope = envelope.signed(self.officers[name].approval)
        return envelope

    def rule(self, *rules: Rule) -> "World":
        """Let epoch 1 have these rules, in place of those of the same kind."""
        new = {rule.NAME: rule for rule in (*self.policy.rules, *rules)}
        self.policy = replace(self.policy, rules=tuple(new.values()))
        self.policy_envelope = self.admit(self.policy)
        return self

    def successor(self, policy: Policy | None = None, **changes: Any) -> Policy:
        """The next epoch of a policy, with changes."""
        before = policy or self.policy
        changes = {"epoch": before.epoch + 1, "previous": before.id, **changes}
        return replace(before, **changes)

    def trusted(self) -> TrustedPolicy:
        """Epoch 1 as enrolment trusts it."""
        return trust_first(self.policy_envelope)

    def payment(self, amount: int = 300_000, payee: int = 1) -> Payment:
        """A payment to an address outside of the vault."""
        script = self.foreign_script(payee)
        address = str(address_of(script, self.vault.coin, self.vault.network))
        return Payment(address, Sats(amount), f"Payee {payee}", f"hot wallet {payee}")

    def withdrawal(self, **changes: Any) -> Withdrawal:
        """The first withdrawal, not approved yet, with changes to its fields."""
        known: dict[str, Any] = {
            "coin": self.vault.coin,
            "network": self.vault.network,
            "vault": self.vault.id,
            "policy": self.policy.id,
            "sequence": 1,
            "previous": None,
            "initiator": INITIATOR,
            "why": "weekly settlement",
            "payments": (self.payment(),),
            "fee_ceiling": Sats(50_000),
            "height": HEIGHT,
            "expiry": Height(HEIGHT + 100),
            "anchor": Anchor(self.coins[0].tx.txid, self.coins[0].vout),
        }
        return Withdrawal(**(known | changes))

    def approve(
        self, withdrawal: Withdrawal, approvers: Sequence[str] = ("alice", "bob")
    ) -> Envelope:
        """Let officers approve a withdrawal, without a word of doubt."""
        envelope = Envelope.wrap("withdrawal", withdrawal.payload)
        for name in approvers:
            envelope = envelope.signed(self.officers[name].approval)
        return envelope

    # coins and scripts

    def coin(self, branch: int, index: int, amount: int = COIN_AMOUNT, salt: int = 0) -> Coin:
        """A coin of the vault, in a transaction of its own that pays someone else, too."""
        script = self.vault.script(branch, index).script_pubkey
        source = TxIn(OutPoint(Txid(f"{index + 1:02x}{salt:02x}" * 16), branch), b"\x51", 0)
        outputs = (TxOut(Sats(7_777), b"\x51"), TxOut(Sats(amount), script))
        return Coin(Transaction(2, (source,), outputs, 0), 1, branch, index)

    def foreign_script(self, number: int = 66) -> bytes:
        """A script that is nobody's here: P2WPKH, or P2PKH without segwit."""
        program = sha256(b"payee %d" % number)[:20]
        return (
            b"\x00\x14" + program if self.network.hrp else b"\x76\xa9\x14" + program + b"\x88\xac"
        )

    def derivations(self, script: VaultScript) -> tuple[Derivation, ...]:
        """True key origins of a script of the vault."""
        return script.keys

    # the coordinator's work

    def draft(
        self,
        withdrawal: Envelope | None = None,
        *,
        coins: Sequence[Coin] | None = None,
        fee: int = FEE,
        predecessors: Sequence[bytes] = (),
        policies: Sequence[Envelope] | None = None,
        change_index: int = 0,
    ) -> Draft:
        """An honest draft for an approved withdrawal: payments first, change last."""
        envelope = withdrawal or self.approve(self.withdrawal())
        terms = Withdrawal.parse(envelope.payload)
        spent = self.coins[:1] if coins is None else coins
        payments = [
            DraftOutput(p.amount, script_of(p.address, self.vault.coin, self.vault.network))
            for p in terms.payments
        ]
        change = sum(c.output.amount for c in spent) - terms.total - fee
        return Draft(
            [self.draft_input(coin) for coin in spent],
            [*payments, self.draft_change(change, change_index)],
            Documents(
                envelope,
                tuple(predecessors),
                (self.policy_envelope,) if policies is None else tuple(policies),
            ),
            terms.height,
        )

    def draft_input(self, coin: Coin) -> DraftInput:
        """An honest input."""
        script = self.vault.script(coin.branch, coin.index)
        psbt = PsbtInput(
            previous_tx=Outline.parse(coin.tx.to_bytes()),
            witness_utxo=coin.output,
            sighash=self.vault.sighash,
            redeem_script=script.redeem_script,
            witness_script=script.witness_script,
            derivations=self.derivations(script),
        )
        return DraftInput(coin.outpoint, SEQUENCE, psbt)

    def draft_change(self, amount: int, index: int = 0, branch: int = CHANGE) -> DraftOutput:
        """An honest change output; on another branch or far out, a dishonest one."""
        script = self.vault.script(branch, index)
        psbt = PsbtOutput(script.redeem_script, script.witness_script, self.derivations(script))
        return DraftOutput(amount, script.script_pubkey, psbt)

    def bundle(
        self,
        withdrawal: Envelope | None = None,
        *,
        tamper: Callable[[Draft], object] | None = None,
        **options: Any,
    ) -> bytes:
        """Write a bundle; `options` are those of `draft`."""
        draft = self.draft(withdrawal, **options)
        if tamper:
            tamper(draft)
        return draft.to_bytes()

    # the signer's work

    def enrolments(
        self,
        chain: dict[int, DocumentId] | None = None,
        height: int = 0,
        policy: TrustedPolicy | None = None,
    ) -> dict[DocumentId, Enrolment]:
        """What a signer who enrolled this vault knows."""
        policy = policy or self.trusted()
        enrolment = Enrolment(self.vault, policy, Known(chain or {}, Height(height)))
        return {self.vault.id: enrolment}

    def examine(self, raw: bytes, **memory: Any) -> Checked:
        """Steps 1 to 8, as any signer of this vault runs them."""
        return examine(raw, self.enrolments(**memory))

    def key(self, name: str = "alice") -> SoftKey:
        """An officer's key of the vault, unlocked."""
        return SoftKey.of(self.officers[name].root, self.vault)

    def state(self, home: Path, name: str = "alice") -> State:
        """A home folder in which an officer enrolled the vault."""
        home.mkdir(parents=True, exist_ok=True)
        state = State(home)
        fingerprint = self.officers[name].root.fingerprint
        state.enrol(self.vault_envelope, [self.policy_envelope], key=name, fingerprint=fingerprint)
        return state

    def keystore(self, home: Path, name: str = "alice") -> Path:
        """Put an officer's two keys into a home, both under `PASSPHRASE`."""
        officer = self.officers[name]
        # Some tests make Argon2id cheap: what they lock is not for the others.
        cost = keystore.PASSES, keystore.LANES, keystore.MEMORY
        approval = officer.approval.private_bytes_raw()
        for file, data in _locked(name, officer.entropy, approval, cost):
            make_folder((home / file).parent)
            write_private(home / file, data)
        return home

    def sign(self, raw: bytes, home: Path, name: str = "alice") -> Signed:
        """All that `coldsign sign` does but ask: check, journal, sign."""
        state = State(home) if (home / "journal.jsonl").exists() else self.state(home, name)
        return sign(examine(raw, state.enrolments), raw, self.key(name), state)


def _officer(name: str, seed: int) -> Officer:
    number = ((*NAMES, INITIATOR).index(name) + 1 + 16 * seed) % 256
    return Officer(
        name,
        Ed25519PrivateKey.from_private_bytes(sha256(b"approval" + bytes((number,)))),
        bytes((number,)) * 16,
    )


@cache
def _locked(
    name: str, entropy: bytes, approval: bytes, _cost: tuple[int, int, int]
) -> tuple[tuple[Path, bytes], ...]:
    """The keystore of an officer, locked once: Argon2id is slow on purpose."""
    officer = Officer(name, Ed25519PrivateKey.from_private_bytes(approval), entropy)
    with TemporaryDirectory() as folder:
        home = Path(folder)
        for kind, secret, public in (
            (Kind.SEED, entropy, officer.root.fingerprint),
            (Kind.OFFICER, approval, officer.key_id),
        ):
            keystore.create(
                home,
                name,
                kind,
                secret=bytearray(secret),
                public=public,
                passphrase=bytearray(PASSPHRASE),
            )
        made = sorted(path for path in home.rglob("*") if path.is_file())
        return tuple((path.relative_to(home), path.read_bytes()) for path in made)
