"""A bundle at the end of a long chain of withdrawals that all stand in the policy's windows."""

from dataclasses import replace

from bench.workload import HEIGHT, World, outside
from policies.rules import Amounts
from policies.rules.windows import Window
from policies.withdrawal import Anchor
from signer.core.address import address_of
from signer.core.hashes import sha256
from signer.core.names import Height, Sats
from signer.sign.facts import read

INPUTS = 10


class LongWorld(World):
    """The bench's world, with two windows over the whole chain."""

    @property
    def rules(self):
        """Two windows a blocks count, for all and for each destination."""
        windows = tuple(Window(blocks, Sats(10**16)) for blocks in (144, 52_560))
        amounts = Amounts(Sats(10**15), windows=windows, per_destination=windows)
        return (amounts, *super().rules[1:])

    def write(self, folder, *, links, **_):
        """Put the workload into a folder: so many withdrawals came before."""
        case = super().write(folder, inputs=INPUTS, count=links)
        head = read(case.psbt, {self.vault.id: self.vault}).withdrawal
        raw = self.psbt(INPUTS, chain=tuple(_chain(head, links)))
        (folder / "psbt").write_bytes(raw)
        return case


def _chain(head, links):
    before = None
    for sequence in range(1, links + 1):
        address = str(address_of(outside(sequence % 50), "BTC", "regtest"))
        before = replace(
            head,
            sequence=sequence,
            previous=before.id if before else None,
            payments=(head.payments[0]._replace(address=address),),
            anchor=Anchor(sha256(b"anchor %d" % sequence).hex(), 0),
            height=Height(1 + HEIGHT * sequence // (links + 1)),
        )
        yield before
