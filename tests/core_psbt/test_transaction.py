"""Transactions: strict parsing, ids and weights against rust-bitcoin (in bdkpython)."""

from dataclasses import replace

import bdkpython
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psbt_samples import DEVICES, RECORDED, RECORDED_PSBTS, VALID, previous, signed_txs, vectors

from signer.chain.weight import vsize, weight
from signer.chain.whole import parse_transaction
from signer.core.errors import BadInput
from signer.core.names import Sats
from signer.core.psbt import Psbt
from signer.core.transaction import MAX_AMOUNT, MAX_TRANSACTION, Outline, Transaction, TxOut
from signer.core.wire import Reader

RAW = sorted(
    {
        *map(bytes.fromhex, RECORDED["bitcoind"]["transactions"]),
        *(bytes.fromhex(device["final_tx"]) for device in DEVICES.values()),
        *(
            given.previous_tx.raw
            for raw in (*VALID, *RECORDED_PSBTS)
            for given in Psbt.parse(raw).inputs
            if given.previous_tx
        ),
        *(bytes.fromhex(line[0]) for line in vectors("bitcoin_core_sighash.json")[1:]),
    }
)
SAMPLE = previous(0).to_bytes()


@pytest.mark.parametrize("raw", RAW, ids=lambda raw: parse_transaction(raw).txid[:8])
def test_agrees_with_bdk(raw):
    """Bytes, id, weight and virtual size are what rust-bitcoin says."""
    ours = parse_transaction(raw)
    theirs = bdkpython.Transaction(raw)
    assert ours.to_bytes() == raw
    assert ours.txid == str(theirs.compute_txid())
    assert (weight(ours), vsize(ours)) == (theirs.weight(), theirs.vsize())
    assert ours.lock_time == theirs.lock_time()
    assert [o.amount for o in ours.outputs] == [o.value.to_sat() for o in theirs.output()]
    assert [i.sequence for i in ours.inputs] == [i.sequence for i in theirs.input()]


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_final_transactions_of_devices_have_their_recorded_id(device):
    """The id is the one that the network would know it by."""
    assert parse_transaction(bytes.fromhex(device["final_tx"])).txid == device["final_txid"]


@given(signed_txs)
def test_round_trip(tx):
    """What is written is read back the same, and written again to the same bytes."""
    read = parse_transaction(tx.to_bytes())
    assert read == tx
    assert read.to_bytes() == tx.to_bytes()


@given(signed_txs, st.data())
def test_no_prefix_is_a_transaction(tx, data):
    """Cut anywhere, it is refused, and with BadInput alone."""
    raw = tx.to_bytes()
    with pytest.raises(BadInput):
        parse_transaction(raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(st.binary(max_size=200))
def test_anything_gives_a_transaction_or_bad_input(data):
    """Nothing but BadInput comes out of noise."""
    try:
        tx = parse_transaction(b"\x02\x00\x00\x00" + data)
    except BadInput:
        return
    assert tx.to_bytes() == b"\x02\x00\x00\x00" + data


def test_trailing_byte_is_refused():
    """A transaction ends where its lock time ends."""
    with pytest.raises(BadInput, match="trailing bytes"):
        parse_transaction(SAMPLE + b"\x00")


def test_witness_form_without_witnesses_is_refused():
    """BIP144: a second serialisation of one transaction, which Core refuses, too."""
    raw = previous(0).to_bytes(witness=False)
    widened = raw[:4] + b"\x00\x01" + raw[4:-4] + b"\x00" + raw[-4:]
    with pytest.raises(BadInput, match="without witnesses"):
        parse_transaction(widened)


@pytest.mark.parametrize("flag", ["0000", "0002", "00ff"])
def test_no_inputs_and_unknown_flags_are_refused(flag):
    """Only flag 1 announces witnesses; anything else after a zero is a transaction of nothing."""
    with pytest.raises(BadInput):
        Outline.parse(b"\x02\x00\x00\x00" + bytes.fromhex(flag) + bytes(4))


def test_amount_over_the_supply_is_refused():
    """One satoshi more than there can be."""
    raw = previous(0).to_bytes()
    amount = previous(0).outputs[0].amount.to_bytes(8, "little")
    most = raw.replace(amount, MAX_AMOUNT.to_bytes(8, "little"), 1)
    assert parse_transaction(most).outputs[0].amount == MAX_AMOUNT
    more = raw.replace(amount, (MAX_AMOUNT + 1).to_bytes(8, "little"), 1)
    with pytest.raises(BadInput, match="over the supply"):
        parse_transaction(more)


@pytest.mark.parametrize("at", [4, 46], ids=["inputs", "outputs"])
def test_oversized_counts_are_refused(at):
    """A count of four billion is compared with the bytes that follow."""
    raw = previous(0).to_bytes(witness=False)
    with pytest.raises(BadInput, match="count is larger"):
        parse_transaction(raw[:at] + b"\xfe\xff\xff\xff\xff" + raw[at + 1 :])


def test_a_count_may_be_of_the_least_that_is_counted():
    """Empty scripts, and witnesses of nothing but empty items, are small and allowed."""
    paid = replace(previous(0), outputs=(TxOut(Sats(0), b""),) * 300)
    assert len(Outline.parse(paid.to_bytes(witness=False)).outputs) == 300
    coin = paid.inputs[0]._replace(witness=(b"",) * 60)
    assert parse_transaction(replace(paid, inputs=(coin,)).to_bytes()).inputs == (coin,)


def test_a_count_of_witness_items_is_compared_with_what_follows():
    """Before one is read."""
    raw = previous(0).to_bytes()
    at = raw.rindex(b"\x02\x47")
    with pytest.raises(BadInput, match="count is larger"):
        Outline.parse(raw[:at] + b"\xfe\xff\xff\xff\xff" + raw[at + 1 :])


def test_a_count_of_outputs_is_compared_with_nine_bytes_each():
    """An amount, and the length of an empty script."""
    unsigned = b"\x02\0\0\0\x00\x09" + bytes(9 * 8 + 4)
    with pytest.raises(BadInput, match="count is larger") as caught:
        Transaction.unsigned(Reader(unsigned, "transaction"))
    assert caught.value.expected == "at most 8"


@pytest.mark.parametrize("size", [0, 1, 252, 253, 254, 65_535, 65_536])
def test_an_outputs_script_of_any_length(size):
    """Up to 252 bytes its length takes one, and then three or five."""
    outputs = (TxOut(Sats(5), b"\x51" * size), TxOut(Sats(6), b""))
    found = Outline.parse(replace(previous(0), outputs=outputs).to_bytes())
    assert tuple(found.output(at) for at in range(2)) == outputs


def test_the_largest_supply():
    """Monacoin's: 105,120,000 MONA of 100,000,000 (its `src/amount.h`)."""
    assert MAX_AMOUNT == 105_120_000 * 100_000_000


def test_as_large_as_a_block_is_not_too_large():
    """Core's limit of weight (`consensus/consensus.h`) is allowed; these bytes are of no inputs."""
    assert MAX_TRANSACTION == 4_000_000
    with pytest.raises(BadInput, match="without inputs"):
        Outline.parse(bytes(MAX_TRANSACTION))


def test_larger_than_a_block_is_refused_at_once():
    """No block could hold it."""
    with pytest.raises(BadInput, match="too large"):
        parse_transaction(bytes(MAX_TRANSACTION + 1))
