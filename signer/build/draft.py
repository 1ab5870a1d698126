"""From an approved withdrawal to a PSBT that every signer can judge for itself.

The coordinator holds no secret and is believed by nobody, so the draft carries everything: whole
previous transactions, scripts, key origins, and the documents. Before it is given away it passes
the signers' own steps 1 to 8: a mistake of ours is found here and not in the vault room.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, replace

from policies.chain import NOTHING, Known
from policies.envelope import Envelope
from policies.epochs import TrustedPolicy
from policies.policy import Policy
from policies.rules.consolidation import Consolidation
from policies.rules.fees import Fees
from policies.rules.special import Special
from policies.withdrawal import CONSOLIDATION, ApprovedWithdrawal, Withdrawal
from signer.build.psbt_write import build
from signer.build.select import Need, Selection, gather, select
from signer.carry.bundle import Documents, fields
from signer.chain.chain import FeeRate, UnspentCoin
from signer.chain.errors import NodeNonsense
from signer.core import base58
from signer.core.address import script_of
from signer.core.errors import Fault, Refusal, Refused
from signer.core.names import DocumentId, Height, Sats, Txid
from signer.core.psbt_parts import Derivation, PsbtInput, PsbtOutput
from signer.core.transaction import Outline, OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import CHANGE, Vault, VaultScript
from signer.sign.check import SEQUENCE, VERSION, Checked, Enrolment, examine

_CHECKED = object()


@dataclass(frozen=True, slots=True)
class Draft:
    """A PSBT that passed the signers' own checks. Only `draft` makes one.

    Attributes:
        selection: which coins, and what is left of them.
        checked: what a signer will find.
    """

    selection: Selection
    checked: Checked
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _CHECKED:
            raise TypeError("only draft makes a draft")

    @property
    def raw(self) -> bytes:
        """The binary PSBT."""
        return self.checked.facts.psbt.raw


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a replacement has to outbid.

    Attributes:
        fee: the highest fee of an earlier version, in satoshi.
        rate: a fee rate above that of every earlier version.
    """

    fee: Sats
    rate: FeeRate


def draft(
    vault: Vault,
    approved: ApprovedWithdrawal,
    *,
    predecessors: Sequence[Withdrawal],
    trusted: TrustedPolicy,
    policies: Sequence[Envelope],
    coins: Sequence[UnspentCoin],
    previous: Callable[[UnspentCoin], bytes],
    fee_rate: FeeRate,
    change_index: int,
    tip: Height,
    known: Known = NOTHING,
    replaced: Replaced | None = None,
    papers: Sequence[Envelope] = (),
    others: Mapping[DocumentId, Enrolment] | None = None,
) -> Draft:
    """Build the transaction that fulfils a withdrawal.

    Args:
        vault: that pays.
        approved: what it pays.
        predecessors: the withdrawals before it that are carried along, oldest first.
        trusted: the newest policy.
        policies: policy envelopes for signers to catch up with, oldest first; the one that governs
            the withdrawal is last.
        coins: the vault's confirmed and mature coins that are not reserved; the anchor among them.
        previous: gives the whole transaction that made a coin; asked for chosen coins only.
        fee_rate: to pay at least.
        change_index: a fresh one on the change branch.
        tip: height of the last block.
        known: what signers know of the chain of withdrawals before those that are carried.
        replaced: the dearest earlier version that may have been sent, if there is one.
        papers: what the withdrawal names: sheets, a snapshot, other vaults' withdrawals.
        others: what signers know of those other vaults.

    Raises:
        BadInput: the coins cannot pay (see `select`), or the parts do not fit each other.
        Refused: expired, the fee would pass a ceiling, or a signer would refuse the result.
        NodeNonsense: a previous transaction contradicts its coin.
        ChainError: from `previous`.
    """
    withdrawal = approved.withdrawal
    _check_alive(withdrawal, tip)
    payments = [
        TxOut(p.amount, script_of(p.address, vault.coin, vault.network))
        for p in withdrawal.payments
    ]
    change = vault.script(CHANGE, change_index)
    policy = trusted.at(withdrawal.height).policy
    need = _need(vault, withdrawal, policy, payments=payments, fee_rate=fee_rate, change=change)
    if replaced:
        need = replace(need, replaced=replaced.fee, fee_rate=max(fee_rate, replaced.rate))
    if withdrawal.purpose == CONSOLIDATION:
        most = min((r.max_inputs for r in policy.rules if isinstance(r, Consolidation)), default=1)
        chosen = gather(coins, need, most)
    else:
        chosen = select(coins, need)
    # BIP69 would sort, which tells wallets apart; any fixed order tells which output is change.
    shuffle = secrets.SystemRandom().shuffle
    spent = list(chosen.coins)
    shuffle(spent)
    paid: list[tuple[TxOut, PsbtOutput]] = [(output, PsbtOutput()) for output in payments]
    if chosen.change:
        output = TxOut(chosen.change, change.script_pubkey)
        said = PsbtOutput(change.redeem_script, change.witness_script, change.keys)
        paid.append((output, said))
    shuffle(paid)
    tx = Transaction(
        version=VERSION,
        inputs=tuple(TxIn(coin.outpoint, b"", SEQUENCE) for coin in spent),
        outputs=tuple(output for output, _ in paid),
        lock_time=withdrawal.height,
    )
    makers: dict[Txid, bytes] = {}
    for coin in spent:
        if coin.outpoint.txid not in makers:
            makers[coin.outpoint.txid] = previous(coin)
    raw = build(
        tx,
        [_input(vault, coin, makers[coin.outpoint.txid]) for coin in spent],
        [said for _, said in paid],
        fields(
            Documents(
                approved.envelope,
                tuple(link.payload for link in predecessors),
                tuple(policies),
                tuple(papers),
            )
        ),
        _xpubs(vault),
    )
    checked = examine(raw, {**(others or {}), vault.id: Enrolment(vault, trusted, known)})
    return Draft(chosen, checked, _CHECKED)


def _check_alive(withdrawal: Withdrawal, tip: Height) -> None:
    if tip > withdrawal.expiry:
        raise Refused(
            Refusal(
                6,
                "withdrawal.expired",
                "the withdrawal has expired",
                Fault.COORDINATOR,
                expected=f"height up to {withdrawal.expiry}",
                found=f"height {tip}",
                hint="request it anew",
            )
        )


def _need(
    vault: Vault,
    withdrawal: Withdrawal,
    policy: Policy,
    *,
    payments: Sequence[TxOut],
    fee_rate: FeeRate,
    change: VaultScript,
) -> Need:
    # A special purpose that the policy does not allow is refused by the signers' checks.
    own = [r for r in policy.rules if isinstance(r, Special) and withdrawal.purpose == r.NAME]
    rules: list[Fees | Special] = [*own] or [r for r in policy.rules if isinstance(r, Fees)]
    return Need(
        payments=tuple(payments),
        anchor=OutPoint(Txid(withdrawal.anchor.txid), withdrawal.anchor.vout),
        fee_rate=fee_rate,
        fee_ceiling=withdrawal.fee_ceiling,
        input_weight=vault.input_weight,
        marker=2 if vault.form.form.segwit else 0,
        change_script=change.script_pubkey,
        max_fee=Sats(min(rule.max_fee for rule in rules)) if rules else None,
        # The policy says whole satoshi for a virtual byte, a fee rate is for 1,000 of them.
        max_fee_rate=FeeRate(1000 * min(rule.max_rate for rule in rules)) if rules else None,
    )


def _input(vault: Vault, coin: UnspentCoin, previous: bytes) -> PsbtInput:
    """Everything about a coin; of segwit both forms of the output, since signers differ in taste.

    The whole transaction proves the amount (a witness signature commits to it, but only to that
    of its own input: CVE-2020-14199); some signers ask for the output alone besides.
    """
    script = vault.script(coin.branch, coin.index)
    output = TxOut(coin.amount, script.script_pubkey)
    tx, vout = Outline.parse(previous), coin.outpoint.vout
    if tx.txid != coin.outpoint.txid or vout >= len(tx.outputs) or tx.output(vout) != output:
        raise NodeNonsense(
            "a previous transaction contradicts its coin",
            expected=f"{coin.amount} sat to the vault in {coin.outpoint.txid}:{vout}",
            found=f"transaction {tx.txid}",
            hint="ask another node",
        )
    return PsbtInput(
        previous_tx=tx,
        witness_utxo=output if script.witness_script else None,
        sighash=vault.sighash,
        redeem_script=script.redeem_script,
        witness_script=script.witness_script,
        derivations=script.keys,
    )


def _xpubs(vault: Vault) -> tuple[Derivation, ...]:
    """The vault's keys (BIP174 PSBT_GLOBAL_XPUB): BitBox02 shows and matches a multisig by them."""
    version = vault.form.network.xpub
    return tuple(
        Derivation.of(
            base58.decode(key.xpub.to_text(version), what="an extended public key"),
            key.origin.fingerprint,
            key.origin.path,
        )
        for key in vault.keys
    )
