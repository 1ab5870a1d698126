"""Signatures of several officers, each verified and attributed, gathered into one PSBT.

The first file is the base: its facts are established as a signer would (steps 1 to 4), and its
bytes are kept. From the others nothing is taken but signatures, each verified over our own digest
for a key of the script that we derived. What else a file holds must not contradict the base;
fields that this program gives no meaning are neither compared nor taken.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, replace
from typing import Final

from signer.carry.bundle import Bundle, open_bundle
from signer.core.errors import BadInput, Fault, Refusal, Refused
from signer.core.psbt import PartialSig, Psbt, proprietary, with_partial_sigs
from signer.core.psbt_parts import PsbtInput, PsbtOutput
from signer.core.vault import Vault
from signer.settle.resigned import Bare
from signer.sign import facts as facts_of
from signer.sign.facts import Facts, VaultInput

STEP: Final = 11
"""The design's step that verifies signatures."""

_FINGERPRINT: Final = 4
"""Bytes at the start of a key's origin (BIP174)."""

_CHECKED = object()


@dataclass(frozen=True, slots=True)
class Source:
    """A PSBT and what people call it.

    Attributes:
        name: a file's path, for errors.
        raw: binary PSBT.
    """

    name: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Share:
    """What one officer has signed.

    Attributes:
        officer: the person's name in the vault document.
        inputs: how many inputs hold this officer's verified signature.
    """

    officer: str
    inputs: int


@dataclass(frozen=True, slots=True)
class Combined:
    """A PSBT whose every signature is verified. Only `combine` makes one.

    Attributes:
        facts: established from the base; `facts.psbt` holds all signatures.
        shares: every officer of the vault, in the descriptor's order.
    """

    facts: Facts
    shares: tuple[Share, ...]
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _CHECKED:
            raise TypeError("only combine makes a combined transaction")

    @property
    def raw(self) -> bytes:
        """The binary PSBT."""
        return self.facts.psbt.raw

    @property
    def signed(self) -> tuple[str, ...]:
        """Officers who have signed every input."""
        return tuple(s.officer for s in self.shares if s.inputs == len(self.facts.inputs))

    @property
    def unsigned(self) -> tuple[str, ...]:
        """Officers who have not."""
        return tuple(s.officer for s in self.shares if s.inputs < len(self.facts.inputs))

    @property
    def missing(self) -> int:
        """How many signatures the input with the fewest still needs."""
        fewest = min(len(coin.signed) for coin in self.facts.inputs)
        return max(0, self.facts.vault.threshold - fewest)

    @property
    def sentence(self) -> str:
        """One line for people."""
        count = len(self.facts.inputs)
        line = f"signed by {', '.join(self.signed) or 'nobody'}"
        for share in self.shares:
            if 0 < share.inputs < count:
                line += f"; {share.officer} signed only {share.inputs} of {count} inputs"
        if self.missing:
            return f"{line}; {self.missing} more needed of {', '.join(self.unsigned)}"
        return f"{line}; complete: {self.facts.vault.threshold} needed"


def combine(sources: Sequence[Source], vault: Vault) -> Combined:
    """Gather the signatures of PSBTs of one transaction.

    Args:
        sources: at least one; the first is the base.
        vault: that the transaction spends from.

    Raises:
        BadInput: no source, a file that is no PSBT with documents, or one that is for another
            transaction, brings other documents, or contradicts the base. It names the file.
        Refused: the base is not what a signer would take, or a signature is foreign or corrupt.
            It names the file, the input, and the officer or the key.
    """
    if not sources:
        raise BadInput("nothing to combine", fault=Fault.OFFICER, expected="a PSBT or more")
    first = sources[0]
    try:
        base = facts_of.read(first.raw, {vault.id: vault})
    except (BadInput, Refused) as problem:
        raise _named(first, problem) from None
    bare = Bare(base.psbt)
    gathered = [{s.pubkey: s for s in said.partial_sigs} for said in base.psbt.inputs]
    for source in sources[1:]:
        theirs = bare.signatures(source.raw) or _agreeing(source, first, base)
        for at, (found, known) in enumerate(zip(theirs, gathered, strict=True)):
            for signature in found:
                if signature.pubkey not in known or known[signature.pubkey] != signature:
                    _verify(source, at, signature, base.inputs[at], vault)
                    # Two good ones by one key differ in their nonces only: the first stays.
                    known.setdefault(signature.pubkey, signature)
    raw = with_partial_sigs(base.psbt, {at: found.values() for at, found in enumerate(gathered)})
    inputs = tuple(
        [
            VaultInput(c.coin, c.amount, c.branch, c.index, c.script, c.digest, tuple(found))
            for c, found in zip(base.inputs, gathered, strict=True)
        ]
    )
    # What was spliced in must be all that is new.
    merged = replace(base, psbt=bare.resigned(raw) or Psbt.parse(raw), inputs=inputs)
    return Combined(merged, _shares(inputs, vault), _CHECKED)


def _shares(inputs: Sequence[VaultInput], vault: Vault) -> tuple[Share, ...]:
    counts = Counter(
        [
            origin[:_FINGERPRINT]
            for coin in inputs
            for pubkey, origin in coin.script.keys
            if pubkey in coin.signed
        ]
    )
    return tuple(
        Share(signer.officer, counts[bytes.fromhex(signer.fingerprint)]) for signer in vault.signers
    )


def _named(source: Source, problem: BadInput | Refused) -> BadInput | Refused:
    """The same problem, with the file's name in front."""
    if isinstance(problem, Refused):
        return Refused(
            *(replace(one, what=f"{source.name}: {one.what}") for one in problem.refusals)
        )
    return BadInput(
        f"{source.name}: {problem.what}",
        fault=problem.fault,
        expected=problem.expected,
        found=problem.found,
        hint=problem.hint,
    )


def _agreeing(source: Source, first: Source, base: Facts) -> list[tuple[PartialSig, ...]]:
    """Signatures of a file that differs from the base in more than those at the ends of maps."""
    try:
        bundle = open_bundle(source.raw)
    except BadInput as problem:
        raise _named(source, problem) from None
    _same_transaction(source, bundle, first, base)
    _no_conflict(source, bundle.psbt, first, base.psbt)
    return [said.partial_sigs for said in bundle.psbt.inputs]


def _same_transaction(source: Source, bundle: Bundle, first: Source, base: Facts) -> None:
    mine, theirs = base.psbt, bundle.psbt
    if theirs.tx != mine.tx:
        raise BadInput(
            f"{source.name}: it is for another transaction",
            fault=Fault.COSIGNER,
            expected=f"{mine.tx.txid}, as {first.name}",
            found=theirs.tx.txid,
            hint="combine only files that come from one `coldquorum build`",
        )
    if proprietary(theirs) != proprietary(mine):
        raise BadInput(
            f"{source.name}: it brings other documents",
            fault=Fault.COSIGNER,
            expected=f"withdrawal {base.documents.withdrawal.id} and all, as {first.name}",
            found=f"withdrawal {bundle.documents.withdrawal.id}",
            hint="somebody has changed the file: ask that officer what was signed",
        )


def _no_conflict(source: Source, theirs: Psbt, first: Source, mine: Psbt) -> None:
    """What both files say of an input or an output must be the same; either may be silent."""
    for at, (their, our) in enumerate(zip(theirs.inputs, mine.inputs, strict=True)):
        _agree(f"{source.name}: input {at}", their, our, first)
        if their.final_script_sig or their.final_script_witness:
            raise BadInput(
                f"{source.name}: input {at} is finalised already",
                fault=Fault.COSIGNER,
                expected="partial signatures, which can be attributed",
                hint="let the signer give back the PSBT without finalising it",
            )
    for at, (paid, our_paid) in enumerate(zip(theirs.outputs, mine.outputs, strict=True)):
        _agree(f"{source.name}: output {at}", paid, our_paid, first)


def _agree(
    where: str, theirs: PsbtInput | PsbtOutput, mine: PsbtInput | PsbtOutput, first: Source
) -> None:
    ours = dict(_claims(mine))
    for claim, value in _claims(theirs):
        if ours.get(claim, value) != value:
            raise BadInput(
                f"{where}: its {claim[0]} contradicts {first.name}",
                fault=Fault.COSIGNER,
                expected=ours[claim],
                found=value,
                hint="somebody has changed the file: ask that officer what was signed",
            )


def _claims(said: PsbtInput | PsbtOutput) -> Iterator[tuple[tuple[str, str], str]]:
    """What a map claims, by name and key. Parsing has pinned the previous transaction's id."""
    if isinstance(said, PsbtInput):
        if said.witness_utxo is not None:
            utxo = said.witness_utxo
            yield ("witness utxo", ""), f"{utxo.amount} sat to {utxo.script.hex()}"
        if said.sighash is not None:
            yield ("sighash type", ""), f"0x{said.sighash:02x}"
    if said.redeem_script:
        yield ("redeem script", ""), said.redeem_script.hex()
    if said.witness_script:
        yield ("witness script", ""), said.witness_script.hex()
    for origin in said.derivations:
        key = origin.pubkey.hex()
        yield ("key origin", key), f"{key}: {origin.fingerprint}/{'/'.join(map(str, origin.path))}"


def _verify(source: Source, at: int, signature: PartialSig, coin: VaultInput, vault: Vault) -> None:
    if vault.accepts(signature, coin.script, coin.digest):
        return
    owners: Mapping[bytes, str] = {key.pubkey: key.fingerprint for key in coin.script.keys}
    owner = owners.get(signature.pubkey)
    officer = next((s.officer for s in vault.signers if s.fingerprint == owner), "")
    sighash = signature.signature[-1]
    if not officer:
        rule, what = "foreign", "a signature by a key that is not the vault's"
        found = f"key {signature.pubkey.hex()}"
    elif sighash != vault.sighash:
        rule, what = "sighash", f"{officer}'s signature does not cover the whole transaction"
        found = f"sighash 0x{sighash:02x}"
    else:
        rule, what, found = "invalid", f"{officer}'s signature is not good", "it does not verify"
    raise Refused(
        Refusal(
            STEP,
            f"signatures.{rule}",
            f"{source.name}: input {at}: {what}",
            Fault.COSIGNER,
            expected="a signature of ALL of this transaction by a key of the vault, low s",
            found=found,
            hint=f"ask {officer or 'the officer who sent it'} to sign the built file again",
        )
    )
