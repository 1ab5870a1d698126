"""Every kind of vault, from coins to a transaction that the coin's own engine takes."""

import itertools
from dataclasses import replace

import pytest
from small_vault import NAMES, world

from signer.chain.weight import vsize
from signer.core.coins import COINS
from signer.core.errors import BadInput, Refused
from signer.core.script import push
from signer.core.transaction import TxOut
from signer.settle import consensus
from signer.settle.combine import Source, combine
from signer.settle.finalize import finalize
from tests.bch.spoiling import spoilings

SIZES = [(1, 1), (2, 3), (3, 5), (15, 15)]
INPUTS = [1, 5]
KINDS = [
    (coin.name, script, scheme)
    for coin in COINS.values()
    for script in coin.networks["regtest"].script_types
    for scheme in coin.schemes
]
MATRIX = list(itertools.product(KINDS, SIZES, INPUTS))


def played(kind, size, inputs, *, signers=None):
    """A finished transaction of a vault, and what it spends."""
    coin, script_type, scheme = kind
    amounts = (400_000,) * inputs
    place = world(script_type, *size, amounts, coin=coin, scheme=scheme)
    raw = place.draft(400_000 * inputs - 150_000).raw
    names = signers or NAMES[: size[1]][-size[0] :]
    files = [Source(f"{name}.psbt", place.sign(raw, name)) for name in names]
    final = finalize(combine(files, place.vault))
    spent = {coin.outpoint: TxOut(coin.amount, coin.script) for coin in place.coins}
    return place, final, [spent[txin.outpoint] for txin in final.tx.inputs]


@pytest.mark.parametrize(("kind", "size", "inputs"), MATRIX)
def test_the_coins_engine_takes_what_we_finish(kind, size, inputs):
    """One of one to fifteen of fifteen, one input and several, ECDSA and Schnorr."""
    _, final, spent = played(kind, size, inputs)
    assert final.verdict.verified
    assert len(final.tx.inputs) == inputs
    assert final.verdict.fee == sum(o.amount for o in spent) - sum(
        o.amount for o in final.tx.outputs
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_that_fees_are_counted_for_is_the_largest(kind):
    """At most what was reckoned, and less by no more than short signatures can save."""
    place, final, _ = played(kind, (3, 5), 5)
    raw = place.draft(400_000 * 5 - 150_000).raw
    reckoned = combine([Source("built", raw)], place.vault).facts.vsize
    assert reckoned - 5 * 3 * 3 <= vsize(final.tx) <= reckoned


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pair", [*itertools.combinations(NAMES[:3], 2)])
def test_any_quorum_will_do(kind, pair):
    """Each pair of three, in either order of files: Schnorr's checkbits follow who signed."""
    _, final, _ = played(kind, (2, 3), 1, signers=pair[::-1])
    assert final.verdict.verified


@pytest.mark.parametrize("kind", KINDS)
def test_the_engine_refuses_what_was_changed(kind):
    """Another output, another amount where it is signed for, and a signature left out."""
    coin, script_type, _ = kind
    _, final, spent = played(kind, (2, 3), 1)
    first = final.tx.outputs[0]
    moved = replace(
        final.tx, outputs=(first._replace(amount=first.amount - 1), *final.tx.outputs[1:])
    )
    changed = [(moved, spent)]
    if script_type != "p2sh" or coin == "BCH":
        changed.append((final.tx, [spent[0]._replace(amount=spent[0].amount + 1)]))
    txin = final.tx.inputs[0]
    if txin.witness:
        less = txin._replace(witness=(txin.witness[0], *txin.witness[2:]))
    else:
        less = txin._replace(script_sig=push(txin.script_sig[-71:]))
    changed.append((replace(final.tx, inputs=(less,)), spent))
    for tx, outputs in changed:
        with pytest.raises(Refused, match="says no"):
            consensus.verify(tx, outputs, coin)


@pytest.mark.parametrize("scheme", ["ecdsa", "schnorr"])
def test_a_fork_takes_no_transaction_of_the_other(scheme):
    """Signatures of BCH are no good on BTC, nor the reverse, for one and the same P2SH script."""
    _, cash, spent = played(("BCH", "p2sh", scheme), (2, 3), 2)
    with pytest.raises(Refused, match="Bitcoin Core's consensus code says no"):
        consensus.verify(cash.tx, spent, "BTC")
    _, bitcoin, spent = played(("BTC", "p2sh", "ecdsa"), (2, 3), 2)
    with pytest.raises(Refused, match="Bitcoin Cash says no"):
        consensus.verify(bitcoin.tx, spent, "BCH")
    _, mona, spent = played(("MONA", "p2sh", "ecdsa"), (2, 3), 2)
    assert consensus.verify(mona.tx, spent, "BTC").verified  # the same form: isolation is ours


@pytest.mark.parametrize("script_type", ["p2sh", "p2sh32"])
@pytest.mark.parametrize("scheme", ["ecdsa", "schnorr"])
def test_each_spoiled_form_of_our_own_transactions_is_refused(script_type, scheme):
    """The table of `tests/bch/spoiling.py`, over what the product has finished."""
    _, final, spent = played(("BCH", script_type, scheme), (2, 3), 1)
    passed = []
    for case in spoilings(final.tx, tuple(spent)):
        try:
            consensus.verify(case.tx, case.spent, "BCH")
            passed.append(case.name)
        except (Refused, BadInput):
            continue
    assert not passed
