"""The one thing that crosses the air gap: a PSBT with the documents that justify it inside.

They travel as global proprietary fields (BIP174 type 0xFC, identifier `coldquorum`, no key data):
0x00 the withdrawal's envelope, 0x01 the payloads of all withdrawals before it, 0x02 envelopes of
policies, and, only if there are any, 0x03 envelopes of the papers that the withdrawal names: price
sheets, a balance snapshot, other vaults' withdrawals. All but the first: a compact size that
counts, then each item with its length in front, oldest first.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from policies.envelope import Envelope
from signer.core import wire
from signer.core.errors import BadInput, Fault
from signer.core.psbt import Psbt, proprietary
from signer.core.wire import Reader

_WITHDRAWAL: Final = 0x00
_PREDECESSORS: Final = 0x01
_POLICIES: Final = 0x02
_PAPERS: Final = 0x03
_NAMES: Final = {
    _WITHDRAWAL: "withdrawal",
    _PREDECESSORS: "earlier withdrawals",
    _POLICIES: "policies",
}


class Documents(NamedTuple):
    """The documents that travel in a PSBT. Parsed, their signatures not yet verified.

    Attributes:
        withdrawal: the approved withdrawal.
        predecessors: payloads of the withdrawals before it, oldest first.
        policies: envelopes of policies, oldest first.
        papers: envelopes of what the withdrawal names.
    """

    withdrawal: Envelope
    predecessors: tuple[bytes, ...]
    policies: tuple[Envelope, ...]
    papers: tuple[Envelope, ...] = ()


class Bundle(NamedTuple):
    """A PSBT that has been read together with its documents.

    Attributes:
        psbt: as it came.
        documents: as they came in it.
    """

    psbt: Psbt
    documents: Documents


def open_bundle(raw: bytes) -> Bundle:
    """Reads a binary PSBT and its documents.

    Raises:
        BadInput: either is not what it should be.
    """
    psbt = Psbt.parse(raw)
    return Bundle(psbt, documents(psbt))


def fields(documents: Documents) -> dict[int, bytes]:
    """The proprietary fields that hold the documents, by subtype."""
    papers = _framed(paper.to_bytes() for paper in documents.papers)
    return {
        _WITHDRAWAL: documents.withdrawal.to_bytes(),
        _PREDECESSORS: _framed(documents.predecessors),
        _POLICIES: _framed(envelope.to_bytes() for envelope in documents.policies),
        **({_PAPERS: papers} if documents.papers else {}),
    }


def documents(psbt: Psbt) -> Documents:
    """The documents in a PSBT.

    Raises:
        BadInput: one is absent, garbled, or of another kind.
    """
    found = proprietary(psbt)
    for subtype, name in _NAMES.items():
        if subtype not in found:
            raise BadInput(
                f"the psbt does not hold its {name}",
                fault=Fault.COORDINATOR,
                expected=f"a proprietary field coldquorum 0x{subtype:02x}",
                hint="a wallet may have stripped it: take the file that `coldquorum build` wrote",
            )
    return Documents(
        Envelope.parse(found[_WITHDRAWAL], kind="withdrawal"),
        _items(found[_PREDECESSORS], _NAMES[_PREDECESSORS]),
        tuple(
            Envelope.parse(item, kind="policy")
            for item in _items(found[_POLICIES], _NAMES[_POLICIES])
        ),
        tuple(map(Envelope.parse, _items(found.get(_PAPERS, b"\0"), "papers"))),
    )


def _framed(items: Iterable[bytes]) -> bytes:
    framed = [wire.var_bytes(item) for item in items]
    return wire.compact_size(len(framed)) + b"".join(framed)


def _items(data: bytes, name: str) -> tuple[bytes, ...]:
    reader = Reader(data, f"psbt: global: {name}")
    items = tuple(reader.var_bytes() for _ in range(reader.count(1)))
    reader.finish()
    return items
