"""A PSBT goes to Bitcoin Cash Node and comes back with its signatures, and with nothing else."""

import base64
from dataclasses import replace

import pytest

from signer.build.bchn_psbt import from_bchn, to_bchn
from signer.chain.whole import parse_transaction
from signer.core import secp
from signer.core.errors import BadInput
from signer.core.psbt import MAGIC, Psbt
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.wire import Reader, var_bytes
from tests.bch.multisig_spends import ALL_FORKID, P2SH, PAYEE, digest, lock, push
from tests.stories.programs import program

VAULT = lock(2, 3, P2SH)
KEYS = [secp.public_key(secret) for secret in VAULT.secrets]
DOCUMENT = b"\xfc\x0acoldquorum\x00"


def written(fields):
    """A map of a PSBT."""
    return b"".join(var_bytes(key) + var_bytes(value) for key, value in fields) + b"\0"


def made(count=2):
    """A PSBT of coins of the vault, each with its whole previous transaction, and those coins."""
    previous = [
        Transaction(
            2,
            (TxIn(OutPoint("22" * 32, at), b"", 0),),
            (TxOut(at + 1, PAYEE), TxOut(60_000 + at, VAULT.script)),
            0,
        )
        for at in range(count)
    ]
    tx = Transaction(
        2,
        tuple(TxIn(OutPoint(p.txid, 1), b"", 0xFFFFFFFE) for p in previous),
        (TxOut(100_000, PAYEE),),
        900_000,
    )
    top = [(b"\0", tx.to_bytes()), (DOCUMENT, b"an approved withdrawal")]
    inputs = [
        [(b"\0", p.to_bytes()), (b"\3", bytes((ALL_FORKID, 0, 0, 0))), (b"\4", VAULT.redeem)]
        for p in previous
    ]
    raw = (
        MAGIC + written(top) + b"".join(map(written, inputs)) + written([(b"\xfc\x01x\x00", b"y")])
    )
    return Psbt.parse(raw), [p.outputs[1] for p in previous]


def fields(reader):
    """A map as Bitcoin Cash Node reads it: keys, each once, up to the separator."""
    found = {}
    while key := reader.var_bytes():
        assert key not in found
        found[key] = reader.var_bytes()
    return found


class Node:
    """What Bitcoin Cash Node's `src/psbt.h` and `walletprocesspsbt` do with a PSBT."""

    def __init__(self, raw):
        reader = Reader(raw, "bchn")
        assert reader.take(5) == MAGIC
        self.top = fields(reader)
        self.tx = parse_transaction(self.top[b"\0"])
        self.inputs = [fields(reader) for _ in self.tx.inputs]
        self.outputs = [fields(reader) for _ in self.tx.outputs]
        reader.finish()
        # UnserializeFromVector: an output, and not a byte more, or "not the stated size".
        self.spent = []
        for said in self.inputs:
            value = Reader(said[b"\0"], "utxo")
            self.spent.append(TxOut.read(value))
            value.finish()

    def sign(self, at):
        """Sign every input with one key: ECDSA, as its wallet does."""
        for index, said in enumerate(self.inputs):
            message = digest(self.tx, index, self.spent, said[b"\4"])
            der = secp.sign_ecdsa(message, VAULT.secrets[at])
            said[b"\2" + KEYS[at]] = der + said[b"\3"][:1]
        return self

    def raw(self):
        """It writes what it knows in its own order, and what it does not know sorted behind."""
        maps = (self.top, *self.inputs, *self.outputs)
        return MAGIC + b"".join(
            written(sorted(m.items(), key=lambda i: (i[0][0] > 7, i[0]))) for m in maps
        )


def test_bitcoin_cash_node_reads_it_and_its_signature_is_valid(machine):
    """It signs one key, an officer's machine another; together they are a valid transaction."""
    psbt, spent = made()
    node = Node(to_bchn(psbt)).sign(0)
    assert node.spent == spent
    back = Psbt.parse(from_bchn(psbt, node.raw()))
    assert [[s.pubkey for s in i.partial_sigs] for i in back.inputs] == [[KEYS[0]]] * 2
    assert back.tx == psbt.tx
    both = Psbt.parse(from_bchn(back, Node(to_bchn(back)).sign(2).raw()))
    inputs = []
    for txin, said in zip(both.tx.inputs, both.inputs, strict=True):
        signatures = {s.pubkey: s.signature for s in said.partial_sigs}
        items = (b"", signatures[KEYS[0]], signatures[KEYS[2]], VAULT.redeem)
        inputs.append(txin._replace(script_sig=b"".join(map(push, items))))
    final = replace(both.tx, inputs=tuple(inputs))
    assert machine.verify(final.to_bytes(), spent).standard


def test_nothing_else_changes_on_the_way():
    """Documents, unknown fields and the transaction cross as they are, there and back."""
    psbt, _ = made()
    node = Node(to_bchn(psbt))
    assert node.top[DOCUMENT] == b"an approved withdrawal"
    assert node.outputs == [{b"\xfc\x01x\x00": b"y"}]
    node.top[DOCUMENT] = b"another"
    node.inputs[0][b"\0"] = TxOut(1, PAYEE).to_bytes()
    node.inputs[0][b"\4"] = b"another script"
    assert from_bchn(psbt, node.raw()) == psbt.raw


def test_ours_is_not_read_by_bitcoin_cash_node_as_it_is():
    """A whole transaction where it expects an output: the reason for all this."""
    psbt, _ = made()
    with pytest.raises(BadInput):
        Node(psbt.raw)


def test_without_previous_transactions_there_is_nothing_to_tell():
    """Whose amounts are on nobody's word is not sent out."""
    node = Node(to_bchn(made()[0]))
    for said in node.inputs:
        del said[b"\0"]
    with pytest.raises(BadInput, match="input 0: no previous transaction"):
        to_bchn(Psbt.parse(node.raw()))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda raw: b"", "not a psbt"),
        (lambda raw: raw[:-1], "cut short"),
        (lambda raw: raw + b"\0", "byte"),
        (lambda raw: raw.replace(MAGIC, b"psbu\xff", 1), "not a psbt"),
        (
            lambda raw: raw.replace(bytes.fromhex("a0bb0d00"), bytes.fromhex("a1bb0d00"), 1),
            "another",
        ),
    ],
    ids=["empty", "cut", "longer", "no psbt", "other locktime"],
)
def test_what_comes_back_is_read_strictly(spoil, why):
    """Broken, or of another transaction."""
    psbt, _ = made()
    copy = to_bchn(psbt)
    spoilt = spoil(copy)
    assert spoilt != copy
    with pytest.raises(BadInput, match=why):
        from_bchn(psbt, spoilt)


def test_a_final_copy_is_refused():
    """Bitcoin Cash Node finalises when it can, and then throws away who signed."""
    psbt, _ = made()
    node = Node(to_bchn(psbt))
    node.inputs[1][b"\7"] = b"\0"
    with pytest.raises(BadInput, match="input 1 is final"):
        from_bchn(psbt, node.raw())


def test_another_signature_by_a_key_that_signed_is_refused():
    """Neither is dropped silently."""
    psbt, _ = made()
    node = Node(to_bchn(psbt)).sign(0)
    back = Psbt.parse(from_bchn(psbt, node.raw()))
    node.inputs[0][b"\2" + KEYS[0]] = b"\x30" * 71
    with pytest.raises(BadInput, match="another signature by the same key"):
        from_bchn(back, node.raw())
    assert from_bchn(back, Node(to_bchn(back)).raw()) == back.raw


def test_the_programs_write_and_read_it(tmp_path):
    """`coldquorum psbt to-bchn` and `from-bchn`, base64 out and in, nothing overwritten."""
    psbt, _ = made()
    (tmp_path / "ours.psbt").write_bytes(psbt.raw)
    where = {"cwd": tmp_path, "home": tmp_path / "home"}
    there = ["coldquorum", "psbt", "to-bchn", "ours.psbt", "-o", "bchn.txt", "--json"]
    assert program(there, **where).answer["txid"] == psbt.tx.txid
    node = Node(base64.b64decode((tmp_path / "bchn.txt").read_text())).sign(1)
    (tmp_path / "returned.txt").write_bytes(base64.b64encode(node.raw()))
    back = ["coldquorum", "psbt", "from-bchn", "ours.psbt", "returned.txt", "-o", "signed.psbt"]
    done = program([*back, "--json"], **where)
    assert done.answer["signatures"] == 2
    assert (tmp_path / "signed.psbt").read_bytes() == from_bchn(psbt, node.raw())
    again = program(back, **where)
    assert again.code == 4
    assert "overwritten" in again.err
