"""Signatures by another maker's wallet (BDK, in Rust) combine with ours."""

import base64

import pytest
from small_vault import NAMES, account, root, world

from signer.core import base58
from signer.core.errors import BadInput
from signer.core.psbt import Psbt
from signer.settle.combine import Source, combine
from signer.settle.finalize import finalize

bdk = pytest.importorskip("bdkpython")


def tprv(key):
    """Write a private key of a test network (BIP32, "Serialization format")."""
    number = key.number.to_bytes(4, "big")
    place = bytes.fromhex("04358394") + bytes((key.depth,)) + key.parent + number
    return base58.encode(place + key.chain_code + b"\x00" + key.secret)


def bdk_signs(small, raw, name, *, finalise=False):
    """Let BDK sign with one officer's private key in the vault's descriptor."""

    def descriptor(branch):
        text = small.vault.form.branch_text(branch).partition("#")[0]
        for key in small.vault.keys:
            if key.origin.fingerprint == root(name).fingerprint:
                public = key.xpub.to_text(bytes.fromhex("043587cf"))
                text = text.replace(public, tprv(account(name, key.origin.path)))
        assert "tprv" in text
        return bdk.Descriptor(text, bdk.NetworkKind.TEST)

    wallet = bdk.Wallet(
        descriptor(0), descriptor(1), bdk.Network.REGTEST, bdk.Persister.new_in_memory()
    )
    psbt = bdk.Psbt(base64.b64encode(raw).decode())
    wallet.sign(
        psbt,
        bdk.SignOptions(
            trust_witness_utxo=False,
            assume_height=None,
            allow_all_sighashes=False,
            try_finalize=finalise,
            sign_with_tap_internal_key=False,
            allow_grinding=True,
        ),
    )
    return base64.b64decode(psbt.serialize())


@pytest.mark.parametrize("order", [("ours", "theirs"), ("theirs", "ours")])
@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
def test_bdk_and_we_make_a_transaction(script_type, order):
    """The same PSBT, signed by BDK and by us, combines in either order into a valid one."""
    small = world(script_type, amounts=(100_000, 90_000, 80_000))
    raw = small.draft(210_000).raw
    files = {"ours": small.sign(raw, "bob"), "theirs": bdk_signs(small, raw, "carol")}
    theirs = Psbt.parse(files["theirs"])
    assert [len(said.partial_sigs) for said in theirs.inputs] == [1, 1, 1]
    gathered = combine([Source(name, files[name]) for name in order], small.vault)
    assert gathered.signed == ("bob", "carol")
    verdict = finalize(gathered).verdict
    assert verdict.fee == gathered.facts.fee
    assert verdict.verified or "not installed" in verdict.sentence


def test_bdk_reads_the_draft_as_we_do():
    """Another parser finds the same fee and the same transaction in what we build."""
    small = world()
    made = small.draft(450_000)
    theirs = bdk.Psbt(base64.b64encode(made.raw).decode())
    assert theirs.fee() == made.selection.fee
    assert str(theirs.extract_tx_unchecked_fee_rate().compute_txid()) == (
        made.checked.facts.psbt.tx.txid
    )


def test_a_wallet_that_finalises_is_told_so():
    """BDK's 1-of-2 finalises at once; such a file is refused by name, with what to do."""
    small = world(threshold=1, count=2)
    raw = small.draft(450_000).raw
    finalised = bdk_signs(small, raw, NAMES[0], finalise=True)
    with pytest.raises(BadInput, match=r"^bdk: input 0 is finalised already") as caught:
        combine([Source("built", raw), Source("bdk", finalised)], small.vault)
    assert "without finalising" in caught.value.hint
