"""A finished transaction is put back into its PSBT, and verified again before it is sent."""

from dataclasses import replace

import coordinators_desk as desk
import pytest

from signer.chain.whole import parse_transaction
from signer.cli.online import sending
from signer.core.errors import BadInput, Refused


@pytest.fixture
def finished(store, tmp_path):
    """An honest transaction with its draft in the store; gives it and a writer of files."""
    psbt, final = desk.settled(store)
    (tmp_path / "base.psbt").write_bytes(psbt)

    def write(tx, *, form=lambda raw: raw.hex().encode() + b"\n"):
        path = tmp_path / "tx"
        path.write_bytes(form(tx.to_bytes()))
        return path

    return final.tx, write


def forms():
    """The forms in which people keep transactions."""
    return (
        lambda raw: raw,
        lambda raw: raw.hex().encode(),
        lambda raw: b" " + raw.hex().upper().encode() + b"\r\n",
    )


@pytest.mark.parametrize("form", forms(), ids=["binary", "hex", "upper case and blanks"])
def test_hex_and_binary_are_taken(form, store, finished):
    """The file that `finalize` writes, and what other programs write."""
    tx, write = finished
    assert sending.final_of(store, write(tx, form=form), None).tx == tx


def changed(tx, **changes):
    """The transaction with another first input."""
    return replace(tx, inputs=(tx.inputs[0]._replace(**changes), *tx.inputs[1:]))


def test_a_transaction_that_was_not_built_here_is_not_sent(store, finished, tmp_path):
    """Its outputs are others: no withdrawal is known that it fulfils."""
    tx, write = finished
    other = replace(tx, outputs=tx.outputs[:1])
    with pytest.raises(BadInput, match="no withdrawal is known"):
        sending.final_of(store, write(other), None)
    with pytest.raises(BadInput, match="another transaction"):
        sending.final_of(store, write(other), tmp_path / "base.psbt")


def test_witnesses_are_exactly_what_is_needed(store, finished):
    """A signature too many, in another order, or garbage beside them: not as finalised."""
    tx, write = finished
    empty, first, second, script = tx.inputs[0].witness
    for witness in (
        (empty, second, first, script),
        (empty, first, second, first, script),
        (empty, b"\0", first, second, script),
        (first, first, second, script),
        (empty, first, second, script + b"\0"),
    ):
        with pytest.raises(BadInput, match="witnesses are not as they should be"):
            sending.final_of(store, write(changed(tx, witness=witness)), None)


def test_a_corrupt_signature_is_as_good_as_none(store, finished):
    """One flipped bit: too few signatures."""
    tx, write = finished
    empty, first, second, script = tx.inputs[0].witness
    bad = first[:20] + bytes((first[20] ^ 1,)) + first[21:]
    for witness in ((empty, bad, second, script), (empty, second, script), ()):
        with pytest.raises(Refused) as caught:
            sending.final_of(store, write(changed(tx, witness=witness)), None)
        assert caught.value.refusals[0].rule == "signatures.missing"


def test_another_sighash_is_not_taken(store, finished):
    """A witness whose signature covers less than everything is not sent."""
    tx, write = finished
    empty, first, second, script = tx.inputs[0].witness
    loose = changed(tx, witness=(empty, first[:-1] + b"\x03", second, script))
    with pytest.raises(Refused):
        sending.final_of(store, write(loose), None)


def test_a_psbt_is_not_a_transaction(store, finished, tmp_path):
    """It says what to do first."""
    with pytest.raises(BadInput, match="psbt") as caught:
        sending.final_of(store, tmp_path / "base.psbt", None)
    assert "finalize" in caught.value.hint


def test_what_was_finalised_elsewhere_is_remembered(store, tmp_path, finished):
    """The documents in a PSBT bring a fresh store up to date, and only once."""
    from signer.store.store import Store

    tx, write = finished
    with Store(tmp_path / "fresh") as fresh:
        fresh.add_vault(desk.signed(desk.vault()))
        result = sending.combined(fresh, [desk.signed_psbt(store, tmp_path)])
        final = sending.final_of(fresh, write(tx), tmp_path / "base.psbt")
        sending.remember(fresh, result, final)
        withdrawal = final.withdrawal.id
        assert len(fresh.drafts(withdrawal)) == 1
        assert [one.txid for one in fresh.transactions(withdrawal)] == [tx.txid]
        assert parse_transaction(fresh.transactions(withdrawal)[0].raw) == tx
        assert sending.final_of(fresh, write(tx), None).tx == tx
