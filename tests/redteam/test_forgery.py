"""The thief's own reader and writer: honest bytes come out as the signer reads them."""

import pytest

from signer.chain.whole import parse_transaction
from signer.core.psbt import Psbt
from signer.redteam.forgery import framed, read, sha256d, size, unframed
from signer.redteam.loot import mint
from signer.redteam.papers import Paper, at, places, replaced


@pytest.mark.parametrize("number", range(11))
def test_what_is_written_is_read_again(pair, number):
    """Bytes to parts and back, and the signer reads the same transaction."""
    for thief in pair:
        raw = thief.world.bases[number].bundle.to_bytes()
        assert read(raw).to_bytes() == raw
        psbt = Psbt.parse(raw)
        assert psbt.tx.to_bytes(witness=False) == read(raw).unsigned()
        assert psbt.tx.txid == sha256d(read(raw).unsigned())[::-1].hex()


@pytest.mark.parametrize("raw", [b"", b"psbt\xff", b"psbt\xff\x00", b"cHNidA==", b"psbt\xff\x01"])
def test_what_is_no_bundle_is_a_value_error(raw):
    """A customer may give anything."""
    with pytest.raises(ValueError):  # noqa: PT011 -- whichever of them
        read(raw)


@pytest.mark.parametrize(
    ("value", "width"),
    [(0, 1), (0xFC, 1), (0xFD, 3), (0xFFFF, 3), (0x10000, 5), (0xFFFFFFFF, 5), (0x100000000, 9)],
)
def test_sizes_can_be_wider_than_they_need_to_be(value, width):
    """The shortest form by default; any longer one on demand."""
    assert len(size(value)) == width
    assert len(size(value, 9)) == 9
    assert int.from_bytes(size(value, 9)[1:], "little") == value


def test_framed_items_come_back():
    """As the bundle frames its documents."""
    items = [b"", b"a", b"b" * 300]
    assert unframed(framed(items)) == items


def test_a_copy_can_be_changed_alone(thief):
    """Else one attempt would leave traces in the next."""
    base = thief.world.bases[0].bundle
    before = base.to_bytes()
    copy = base.copy()
    copy.inputs[0].fields.clear()
    copy.outputs[0].amount = 1
    copy.withdrawal.payload = b"{}"
    copy.policies.clear()
    assert base.to_bytes() == before
    assert copy.to_bytes() != before


def test_a_minted_coin_is_a_transaction(thief):
    """Its id is the hash of its bytes, and its output says amount and script."""
    coin = mint(b"\x00\x14" + bytes(20), 5_000, 0, 0, b"salt")

    tx = parse_transaction(coin.previous)
    assert tx.txid == coin.name.partition(":")[0]
    assert (tx.outputs[coin.vout].amount, tx.outputs[coin.vout].script) == (5_000, coin.script)


def test_trees_are_bent_without_touching_the_original():
    """A place, what is there, and a tree with something else there."""
    tree = {"a": [1, {"b": 2}], "c": "d"}
    assert [path for path, _ in places(tree)][-1] == ("c",)
    assert at(tree, ("a", 1, "b")) == 2
    assert replaced(tree, ("a", 1, "b"), 3) == {"a": [1, {"b": 3}], "c": "d"}
    assert tree["a"][1]["b"] == 2


def test_a_paper_in_ruins_has_no_tree():
    """Not JSON any more, or too deep for anybody's stack."""
    assert Paper("withdrawal", b"{").tree() is None
    assert Paper("withdrawal", b"[" * 200_000).tree() is None
