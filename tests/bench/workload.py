"""The workloads: one 3-of-5 vault, deterministic, written by the product's own code.

`coldquorum build` itself keeps to what nodes relay (400,000 weight units, some 700 such inputs), so
the larger ones are put together here from the parts that it is made of.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.case import Case
from policies.envelope import Envelope
from policies.policy import Policy
from policies.quorum import Demand, Role
from policies.rules import Amounts, Approvals, Fees, Rule, Shape, Timing
from policies.rules.approvals import Tier
from policies.withdrawal import Anchor, Payment, Withdrawal
from signer.build.psbt_write import build
from signer.build.vault import create_vault
from signer.carry.bundle import Documents, fields
from signer.core import base58, secp
from signer.core.address import address_of
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import bip48_path
from signer.core.hashes import sha256
from signer.core.names import Height, KeyId, Sats, Txid
from signer.core.psbt import Derivation, PartialSig, PsbtInput, PsbtOutput, with_partial_sigs
from signer.core.sighash import ALL
from signer.core.transaction import Outline, OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import CHANGE, ENFORCING, RECEIVE, Vault, VaultKey, VaultScript, VaultSigner
from signer.keys import unlock
from signer.sign.check import SEQUENCE, VERSION
from signer.sign.facts import read

NAMES = (
    *("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"),
    *("ivan", "judy", "kim", "leo", "mia", "nick", "olga"),
)
INITIATOR = "zoe"
HEIGHT = Height(800)
COIN_AMOUNT, FEE = Sats(1_000_000), Sats(2_000_000)
TPRV = bytes.fromhex("04358394")  # BIP32, "Serialization format", of the test networks


def entropy(name: str) -> bytes:
    """A signer's secret: known to everybody who reads this."""
    return sha256(f"bench {name}".encode())[:16]


def approval(name: str) -> Ed25519PrivateKey:
    """An officer's approval key."""
    return Ed25519PrivateKey.from_private_bytes(sha256(f"bench approval {name}".encode()))


def tprv(key: ExtendedPrivateKey) -> str:
    """An extended private key as other libraries read it: the product never writes one."""
    place = bytes((key.depth,)) + key.parent + key.number.to_bytes(4, "big")
    return base58.encode(TPRV + place + key.chain_code + b"\0" + key.secret)


@dataclass(frozen=True)
class Parts:
    """A bundle before it is written.

    Attributes:
        tx: unsigned.
        inputs: what is said of each.
        outputs: likewise; the last is change.
        documents: that travel with it.
    """

    tx: Transaction
    inputs: tuple[PsbtInput, ...]
    outputs: tuple[PsbtOutput, ...]
    documents: Documents

    def to_bytes(self) -> bytes:
        """Write it."""
        return build(self.tx, self.inputs, self.outputs, fields(self.documents))


@dataclass(frozen=True)
class World:
    """A vault of so many keys on regtest, its policy, and any number of coins.

    Attributes:
        script_type: as BIP48 names it here.
        threshold: m.
        signers: n.
    """

    script_type: str = "p2wsh"
    threshold: int = 3
    signers: int = 5

    @property
    def names(self) -> tuple[str, ...]:
        """The officers who hold a key."""
        return NAMES[: self.signers]

    @cached_property
    def path(self) -> tuple[int, ...]:
        """Of every account."""
        return bip48_path(network("BTC", "regtest"), self.script_type)

    def root(self, name: str) -> ExtendedPrivateKey:
        """An officer's master key."""
        return unlock.root_of(bytearray(entropy(name)))

    @cached_property
    def vault(self) -> Vault:
        """The vault."""
        roots = {name: self.root(name) for name in self.names}
        return create_vault(
            name="bench",
            coin="BTC",
            network="regtest",
            script_type=self.script_type,
            threshold=self.threshold,
            keys=[
                VaultKey(Origin(root.fingerprint, self.path), root.derive_path(self.path).public())
                for root in roots.values()
            ],
            signers=[
                VaultSigner(name, root.fingerprint, ENFORCING) for name, root in roots.items()
            ],
            birth_height=0,
        )

    @property
    def segwit(self) -> bool:
        """Whether its signatures go into witnesses."""
        return self.vault.form.form.segwit

    @property
    def rules(self) -> tuple[Rule, ...]:
        """They let through whatever the bench asks."""
        return (
            Amounts(Sats(21_000_000 * 10**8)),
            Fees(Sats(10**9), 10_000),
            Approvals((Tier(None, (Demand("approvers", 2),)),)),
            Shape(10_000, ("p2wpkh",)),
            Timing(144),
        )

    @cached_property
    def policy(self) -> Policy:
        """Epoch 1."""
        people = ("alice", "bob", INITIATOR)
        return Policy(
            vault=self.vault.id,
            coin="BTC",
            network="regtest",
            epoch=1,
            previous=None,
            activation_height=Height(0),
            loosening_delay=0,
            officers={n: KeyId(approval(n).public_key().public_bytes_raw().hex()) for n in people},
            roles={
                "admins": Role("admins", ("alice", "bob"), 2),
                "approvers": Role("approvers", people, 2),
            },
            rules=self.rules,
        )

    @cached_property
    def policy_envelope(self) -> Envelope:
        """Signed by its admins."""
        return _signed("policy", self.policy.payload)

    def coin(self, index: int, amount: int = COIN_AMOUNT) -> Transaction:
        """A transaction as wallets make them, whose second output is the vault's."""
        source = OutPoint(Txid(sha256(b"source %d" % index).hex()), index % 7)
        witness = (b"\x30" * 71, b"\x02" * 33)  # the size of a signature and a key
        script = self.vault.script(RECEIVE, index).script_pubkey
        outputs = (TxOut(Sats(7_777), outside(index)), TxOut(Sats(amount), script))
        return Transaction(2, (TxIn(source, b"", 0xFFFF_FFFD, witness),), outputs, 0)

    def psbt(self, inputs: int, payments: int = 1, chain: tuple[Withdrawal, ...] = ()) -> bytes:
        """A bundle; the arguments are those of `parts`."""
        return self.parts(inputs, payments, chain).to_bytes()

    def parts(self, inputs: int, payments: int = 1, chain: tuple[Withdrawal, ...] = ()) -> Parts:
        """A withdrawal that spends so many coins into payments and change, after others."""
        each = COIN_AMOUNT * inputs // (2 * payments) if inputs > 1 else 1_000
        total = each * payments
        amount = Sats(COIN_AMOUNT if inputs > 1 else total + 2 * COIN_AMOUNT + FEE)
        fee = min(FEE, total // 10)
        made = [self.coin(index, amount) for index in range(inputs)]
        script = self.vault.script(CHANGE, 0)
        paid = [TxOut(Sats(each), outside(1_000_000 + at)) for at in range(payments)]
        left = Sats(sum(tx.outputs[1].amount for tx in made) - total - fee)
        tx = Transaction(
            VERSION,
            tuple(TxIn(OutPoint(before.txid, 1), b"", SEQUENCE) for before in made),
            (*paid, TxOut(left, script.script_pubkey)),
            HEIGHT,
        )
        withdrawal = Withdrawal(
            coin="BTC",
            network="regtest",
            vault=self.vault.id,
            policy=self.policy.id,
            sequence=len(chain) + 1,
            previous=chain[-1].id if chain else None,
            initiator=INITIATOR,
            why="bench",
            payments=tuple(_payment(output) for output in paid),
            fee_ceiling=Sats(10**9),
            height=HEIGHT,
            expiry=Height(HEIGHT + 100),
            anchor=Anchor(made[0].txid, 1),
        )
        envelope = _signed("withdrawal", withdrawal.payload)
        change = PsbtOutput(script.redeem_script, script.witness_script, origins(script))
        return Parts(
            tx,
            tuple(self.input(index, before) for index, before in enumerate(made)),
            (*(PsbtOutput() for _ in paid), change),
            Documents(envelope, tuple(link.payload for link in chain), (self.policy_envelope,)),
        )

    def input(self, index: int, before: Transaction) -> PsbtInput:
        """Everything about a coin, as `signer/build/draft.py` tells it."""
        script = self.vault.script(RECEIVE, index)
        return PsbtInput(
            previous_tx=Outline.parse(before.to_bytes()),
            # BIP174: a claim about the amount has its place only beside a witness script.
            witness_utxo=before.outputs[1] if script.witness_script else None,
            sighash=ALL,
            redeem_script=script.redeem_script,
            witness_script=script.witness_script,
            derivations=origins(script),
        )

    def signed(self, raw: bytes, name: str) -> bytes:
        """One officer's signatures on every input, each file of its own; RFC 6979, not ground."""
        facts = read(raw, {self.vault.id: self.vault})
        root = self.root(name)
        account = root.derive_path(self.path)
        branches = [account.derive(branch) for branch in (RECEIVE, CHANGE)]
        signatures = {}
        for at, coin in enumerate(facts.inputs):
            secret = branches[coin.branch].derive(coin.index).secret
            der = secp.sign_ecdsa(coin.digest, secret)
            found = PartialSig(coin.key_of(root.fingerprint), der + bytes((ALL,)))
            signatures[at] = [found]
        return with_partial_sigs(facts.psbt, signatures)

    def write(
        self, folder: Path, *, inputs: int, payments: int = 1, shares: int = 0, count: int = 0
    ) -> Case:
        """Put a workload into a folder; without inputs, there is no PSBT in it."""
        folder.mkdir(parents=True)
        (folder / "vault.json").write_bytes(self.vault.payload)
        document = Envelope.wrap("vault", self.vault.payload).to_bytes()
        (folder / "vault-document").write_bytes(document)
        if not inputs:
            return self.case(folder, count)
        raw = self.psbt(inputs, payments)
        (folder / "psbt").write_bytes(raw)
        for at, name in enumerate(self.names[:shares]):
            (folder / f"share-{at}").write_bytes(self.signed(raw, name))
        return self.case(folder, count or inputs, shares)

    def case(self, folder: Path, count: int, shares: int = 0) -> Case:
        """What is told beside the PSBTs."""
        vault, first = self.vault, self.root(self.names[0])
        version = vault.form.network.xpub
        case = Case(
            folder=str(folder),
            script_type=self.script_type,
            threshold=self.threshold,
            path=self.path,
            fingerprints=tuple(key.origin.fingerprint for key in vault.keys),
            xpubs=tuple(key.xpub.to_text(version) for key in vault.keys),
            descriptor=vault.descriptor,
            root=tprv(first),
            account=tprv(first.derive_path(self.path)),
            count=count,
            shares=shares,
        )
        case.save()
        return case


def outside(number: int) -> bytes:
    """A P2WPKH script that is not the vault's."""
    return b"\x00\x14" + sha256(b"outside %d" % number)[:20]


def origins(script: VaultScript) -> tuple[Derivation, ...]:
    """Where a script's keys grew."""
    return script.keys


def _payment(output: TxOut) -> Payment:
    address = str(address_of(output.script, "BTC", "regtest"))
    return Payment(address, output.amount, "somebody", "hot wallet")


def _signed(kind: str, payload: bytes) -> Envelope:
    envelope = Envelope.wrap(kind, payload)
    for name in ("alice", "bob"):
        envelope = envelope.signed(approval(name))
    return envelope
