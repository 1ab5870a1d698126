"""Steps 1 to 4: from bytes that nobody vouches for to facts that this signer derived itself.

Every script comes from the enrolled descriptor, every amount from the transaction that paid it.
What the PSBT says beside that must agree exactly, or the whole of it is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

from policies.withdrawal import Withdrawal
from signer.carry.bundle import Documents, open_bundle
from signer.core import coins
from signer.core.address import address_of
from signer.core.bip32 import HARDENED, format_path
from signer.core.errors import Fault
from signer.core.names import DocumentId, Fingerprint, Sats, Txid
from signer.core.psbt import PartialSig, Psbt, PsbtInput, PsbtOutput
from signer.core.script import TOKEN_PREFIX, push
from signer.core.sighash import Digests
from signer.core.transaction import OutPoint, TxOut
from signer.core.vault import CHANGE, RECEIVE, STEPS, Place, Vault, VaultScript
from signer.sign.refusal import refused

GAP_LIMIT: Final = 20
"""BIP44, "Address gap limit": a wallet that recovers the vault finds change up to here."""

_OUTSIDE_INPUTS: Final = 41
"""Bytes that an unsigned input takes: `Vault.input_weight` counts them with the signatures."""

_MARKER_AND_FLAG: Final = 2
"""Weight units that the witness form adds once (BIP144)."""

_Ours = tuple[Place, VaultScript]
"""A place in the descriptor, and what the vault has there."""


@dataclass(frozen=True, slots=True)
class VaultInput:
    """A coin of the vault that is spent.

    Attributes:
        coin: where it is.
        amount: from the transaction that paid it.
        branch: of the descriptor, 0 or 1.
        index: on that branch.
        script: derived from the descriptor.
        digest: what a signature for it signs, 32 bytes.
        signed: public keys whose signatures it brings, all verified.
    """

    coin: OutPoint
    amount: Sats
    branch: int
    index: int
    script: VaultScript
    digest: bytes
    signed: tuple[bytes, ...]

    def key_of(self, fingerprint: Fingerprint) -> bytes:
        """The public key in the script that grows from a master key of the vault."""
        start = bytes.fromhex(fingerprint)
        return next(key.pubkey for key in self.script.keys if key.origin.startswith(start))


class FoundOutput(NamedTuple):
    """An output. Thousands are made: hence no dataclass.

    Attributes:
        script: the scriptPubKey.
        amount: what it receives.
        change_index: the index on the vault's change branch, or None when it leaves the vault.
    """

    script: bytes
    amount: Sats
    change_index: int | None


@dataclass(frozen=True)  # not slotted: what follows from the attributes is kept once it is asked
class Facts:
    """What a transaction does, established. Whether it may, `check.py` decides.

    Attributes:
        psbt: as it came.
        documents: as they came, not yet judged.
        withdrawal: what the documents say that it fulfils, not yet judged.
        vault: the enrolled vault that it spends from.
        inputs: in order.
        outputs: in order.
    """

    psbt: Psbt
    documents: Documents
    withdrawal: Withdrawal
    vault: Vault
    inputs: tuple[VaultInput, ...]
    outputs: tuple[FoundOutput, ...]

    @cached_property
    def addresses(self) -> Mapping[bytes, str]:
        """Of each output's script: in the coin's notation, or empty when it has none."""
        coin, network = self.vault.coin, self.vault.network
        return {o.script: address_of(o.script, coin, network) or "" for o in self.outputs}

    @cached_property
    def externals(self) -> tuple[FoundOutput, ...]:
        """Outputs that leave the vault."""
        return tuple(o for o in self.outputs if o.change_index is None)

    @property
    def change(self) -> tuple[FoundOutput, ...]:
        """Outputs that return to it: at most one."""
        return tuple(o for o in self.outputs if o.change_index is not None)

    @property
    def fee(self) -> Sats:
        """What is left for the miner; never negative."""
        return Sats(sum(i.amount for i in self.inputs) - sum(o.amount for o in self.outputs))

    @property
    def signed_by(self) -> tuple[str, ...]:
        """Officers whose verified signatures are on every input, in the vault's order."""
        return tuple(
            signer.officer
            for signer in self.vault.signers
            if all(i.key_of(signer.fingerprint) in i.signed for i in self.inputs)
        )

    @cached_property
    def txid(self) -> Txid:
        """The finished transaction's id: of P2SH-P2WSH, it covers the redeem scripts' pushes.

        Without segwit, signatures are part of what is hashed: then it is the unsigned one's id.
        """
        tx, segwit = self.psbt.tx, self.vault.form.form.segwit
        scripts = [i.script.redeem_script for i in self.inputs if segwit]
        if not any(scripts):
            return tx.txid
        inputs = (
            txin._replace(script_sig=push(script) if script else b"")
            for txin, script in zip(tx.inputs, scripts, strict=True)
        )
        return replace(tx, inputs=tuple(inputs)).txid

    @cached_property
    def vsize(self) -> int:
        """Virtual bytes of the finished transaction, every signature at its longest."""
        count = len(self.inputs)
        outside = 4 * (len(self.psbt.tx.to_bytes(witness=False)) - _OUTSIDE_INPUTS * count)
        outside += _MARKER_AND_FLAG if self.vault.form.form.segwit else 0
        return -(-(outside + self.vault.input_weight * count) // 4)


def read(raw: bytes, vaults: Mapping[DocumentId, Vault]) -> Facts:
    """Establish the facts of a binary PSBT.

    Args:
        raw: the bytes as received.
        vaults: the enrolled vaults by id.

    Raises:
        BadInput: the bytes are no PSBT with documents (step 1).
        Refused: steps 2 to 4.
    """
    # (1) parse strictly
    bundle = open_bundle(raw)
    psbt, documents = bundle.psbt, bundle.documents
    # (2) the vault is known and enrolled; coin and network match
    withdrawal = Withdrawal.parse(documents.withdrawal.payload)
    vault = enrolled(withdrawal, vaults)
    # (3) each input is a coin of the vault, at the amount that its own transaction says
    digests = vault.digests(psbt.tx)
    ours = _ours(psbt.inputs, vault, tried=True)
    inputs = tuple([_input(at, psbt, vault, ours[at], digests) for at in range(len(psbt.inputs))])
    _covered(psbt, inputs, coins.coin(vault.coin).max_money)
    # (4) each output leaves the vault, or is change that the descriptor gives
    ours = _ours(psbt.outputs, vault, tried=False)
    outputs = tuple(
        [_output(at, psbt, withdrawal, vault, ours[at]) for at in range(len(psbt.outputs))]
    )
    _one_change(outputs)
    return Facts(psbt, documents, withdrawal, vault, inputs, outputs)


def enrolled(withdrawal: Withdrawal, vaults: Mapping[DocumentId, Vault]) -> Vault:
    """Step 2: the vault that a withdrawal names, if it is enrolled and of the same coin.

    Raises:
        Refused: it is not.
    """
    vault = vaults.get(withdrawal.vault)
    if vault is None:
        raise refused(
            2,
            "vault.enrolled",
            "the vault is not enrolled here",
            expected=", ".join(vaults) or "no vault is enrolled yet",
            found=withdrawal.vault,
            hint="compare the vault id with the other officers, then `coldsign enrol`",
        )
    expected, found = (f"{document.coin} {document.network}" for document in (vault, withdrawal))
    if expected != found:
        raise refused(
            2,
            "vault.network",
            "another coin or network",
            expected=expected,
            found=found,
            hint="do not approve or sign it: an approval for one chain is none for another",
        )
    return vault


def _ours(
    said: Sequence[PsbtInput | PsbtOutput], vault: Vault, *, tried: bool
) -> list[_Ours | None]:
    """What the vault has where each claims to belong; whether rightly, is asked one by one.

    Args:
        said: all inputs, or all outputs.
        vault: that they claim to belong to.
        tried: whether the keys that are claimed may be tried instead of derived. Not where money
            goes.
    """
    places = list(map(_place, said))
    claims = {place: one.derivations for place, one in zip(places, said, strict=True) if place}
    made = vault.scripts(list(claims), list(claims.values()) if tried else ())
    scripts = dict(zip(claims, made, strict=True))
    return [(place, scripts[place]) if place else None for place in places]


def _input(
    at: int,
    psbt: Psbt,
    vault: Vault,
    ours: _Ours | None,
    digests: Digests,
) -> VaultInput:
    said, coin = psbt.inputs[at], psbt.tx.inputs[at].outpoint
    spent = _spent(at, said, coin)
    place, script = _claimed("input", at, said, vault, ours)
    if spent.script[:1] == TOKEN_PREFIX:
        raise refused(
            3,
            "inputs.tokens",
            f"input {at}: the coin carries tokens (CashTokens), which would be lost",
            expected=script.script_pubkey.hex(),
            found=spent.script.hex(),
            hint="build it again without that coin; move tokens with a wallet that knows them",
        )
    for rule, what, expected, found in (
        ("script", "the coin is not the vault's", script.script_pubkey, spent.script),
        ("witness_script", "another witness script", script.witness_script, said.witness_script),
        ("redeem_script", "another redeem script", script.redeem_script, said.redeem_script),
    ):
        if found != expected:
            raise refused(
                3,
                f"inputs.{rule}",
                f"input {at}: {what}",
                expected=expected.hex() or "none",
                found=found.hex() or "none",
                hint="build it again from the vault's own coins",
            )
    if said.sighash not in (None, vault.sighash):
        raise refused(
            3,
            "inputs.sighash",
            f"input {at}: signatures shall not cover the whole transaction",
            expected=f"sighash 0x{vault.sighash:02x} (ALL)",
            found=f"sighash 0x{said.sighash:02x}",
            hint="build it again: another sighash lets outputs be changed after signing",
        )
    if said.final_script_sig or said.final_script_witness:
        raise refused(
            3, "inputs.final", f"input {at} is finalised already", hint="there is nothing to sign"
        )
    digest = digests.digest(at, script.code, spent.amount, vault.sighash)
    for signature in said.partial_sigs:
        _verified(at, signature, script, digest, vault)
    signed = tuple([signature.pubkey for signature in said.partial_sigs])
    return VaultInput(coin, spent.amount, *place, script, digest, signed)


def _spent(at: int, said: PsbtInput, coin: OutPoint) -> TxOut:
    """The output that is spent, from the whole transaction that holds it."""
    previous = said.previous_tx
    if previous is None:
        raise refused(
            3,
            "inputs.previous",
            f"input {at}: the previous transaction is missing",
            expected=f"transaction {coin.txid}",
            found="a claim about its amount only" if said.witness_utxo else "nothing",
            hint="build it again with whole previous transactions",
        )
    if previous.txid != coin.txid or coin.vout >= len(previous.outputs):
        raise refused(
            3,
            "inputs.previous",
            f"input {at}: another previous transaction",
            expected=f"{coin.txid}, output {coin.vout}",
            found=f"{previous.txid}, {len(previous.outputs)} outputs",
            hint="build it again with whole previous transactions",
        )
    spent = previous.output(coin.vout)
    claimed = said.witness_utxo
    if claimed is not None and claimed != spent:
        alike = claimed.script == spent.script
        raise refused(
            3,
            "inputs.witness_utxo",
            f"input {at}: the file lies about the coin",
            expected=f"{spent.amount} sat{'' if alike else ' to ' + spent.script.hex()}, "
            "as the coin's own transaction says",
            found=f"{claimed.amount} sat{'' if alike else ' to ' + claimed.script.hex()}",
            hint="do not trust this coordinator: it may be burning money as a fee",
        )
    return spent


def _place(said: PsbtInput | PsbtOutput) -> Place | None:
    """Where in the descriptor the first key origin claims to be, if that is a place."""
    origin = said.derivations[0].origin if said.derivations else b""
    if len(origin) < 4 + STEPS.size:
        return None
    branch, index = STEPS.unpack_from(origin, len(origin) - STEPS.size)
    return (branch, index) if branch in (RECEIVE, CHANGE) and index < HARDENED else None


def _claimed(
    kind: str, at: int, said: PsbtInput | PsbtOutput, vault: Vault, ours: _Ours | None
) -> _Ours:
    """The vault's, if the key origins are all of it, and no other."""
    # Most programs write them in the order of the keys, as the script has them.
    if ours and (
        said.derivations == ours[1].keys or tuple(sorted(said.derivations)) == ours[1].keys
    ):
        return ours
    raise refused(
        3 if kind == "input" else 4,
        f"{kind}s.origins",
        f"{kind} {at}: the key origins are not the vault's",
        expected=f"the vault's {len(vault.keys)} keys, all on one branch and index",
        found=", ".join(
            [
                f"[{d.fingerprint}/{format_path(d.path)}]{d.pubkey.hex()}"
                for d in said.derivations
                if not ours or d not in ours[1].keys
            ][:4]
        )
        or f"{len(said.derivations)} of them",
        hint="build it again: every key of the vault, each with its whole origin",
    )


def _verified(
    at: int, signature: PartialSig, script: VaultScript, digest: bytes, vault: Vault
) -> None:
    """A signature that is there already must be of this script and this transaction."""
    if vault.accepts(signature, script, digest):
        return
    owner = next((k.fingerprint for k in script.keys if k.pubkey == signature.pubkey), None)
    officer = next((s.officer for s in vault.signers if s.fingerprint == owner), None)
    sighash = signature.signature[-1]
    if officer is None:
        rule, what, found = "foreign", "a signature by a foreign key", signature.pubkey.hex()
    elif sighash != vault.sighash:
        rule, what, found = "sighash", f"{officer}'s signature", f"sighash 0x{sighash:02x}"
    else:
        rule, what, found = "invalid", f"{officer}'s signature", "it does not verify"
    raise refused(
        3,
        f"signatures.{rule}",
        f"input {at}: {what} is not good",
        fault=Fault.COSIGNER,
        expected="a signature for ALL of this very transaction by a key of the vault",
        found=found,
        hint="start from the file that `coldquorum build` wrote",
    )


def _covered(psbt: Psbt, inputs: Sequence[VaultInput], supply: Sats) -> None:
    spent, paid = sum(i.amount for i in inputs), sum(o.amount for o in psbt.tx.outputs)
    if len({i.coin for i in inputs}) != len(inputs) or not inputs:
        raise refused(
            3, "inputs.distinct", "no inputs, or one coin spent twice", hint="build it again"
        )
    if paid > spent or spent > supply:
        raise refused(
            3,
            "inputs.sum",
            "it pays out more than it spends, or spends more than there is",
            expected=f"at most {min(spent, supply)} sat",
            found=f"{max(paid, spent) if spent > supply else paid} sat",
            hint="build it again: no node would take it",
        )


def _output(
    at: int,
    psbt: Psbt,
    withdrawal: Withdrawal,
    vault: Vault,
    ours: _Ours | None,
) -> FoundOutput:
    txout, said = psbt.tx.outputs[at], psbt.outputs[at]
    if not (said.derivations or said.witness_script or said.redeem_script):
        return FoundOutput(txout.script, txout.amount, None)
    # From here on it claims to be the vault's: anything less than exactly that is an attempt.
    (branch, index), script = _claimed("output", at, said, vault, ours)
    limit = withdrawal.sequence + GAP_LIMIT
    address = address_of(txout.script, vault.coin, vault.network)
    checks = (
        ("script", txout.script == script.script_pubkey, "the vault's own script", address),
        ("branch", branch == CHANGE, "the change branch", f"branch {branch}"),
        ("gap", index < limit, f"an index below {limit}", f"index {index}"),
        ("scripts", said.witness_script in (b"", script.witness_script), "its scripts", "others"),
        ("scripts", said.redeem_script in (b"", script.redeem_script), "its scripts", "others"),
    )
    for rule, passed, expected, found in checks:
        if not passed:
            raise refused(
                4,
                f"outputs.{rule}",
                f"output {at} claims to be change and is not",
                expected=expected,
                found=found or txout.script.hex(),
                hint="do not trust this coordinator: change may have been redirected",
            )
    return FoundOutput(txout.script, txout.amount, index)


def _one_change(outputs: Sequence[FoundOutput]) -> None:
    if (count := sum(o.change_index is not None for o in outputs)) > 1:
        raise refused(
            4,
            "outputs.change",
            "more than one change output",
            expected="1",
            found=str(count),
            hint="build it again with one change output",
        )
