"""What every implementation is given: the same bytes, in a folder.

No import of ours here: the workers of other libraries read it in interpreters without them.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A workload.

    Attributes:
        folder: with the files `psbt`, and `share-0` and so on where shares are combined.
        script_type: as BIP48 names it here: "p2wsh", "p2sh-p2wsh" and so on.
        threshold: m.
        path: BIP32 steps of every account, hardened ones with 0x80000000 added.
        fingerprints: of the master keys, in the descriptor's order.
        xpubs: of the accounts, in the same order, version of the test networks.
        descriptor: of both branches, public, with its checksum.
        root: the first signer's master key, as `tprv...`: a key of the bench, worth nothing.
        account: the first signer's account key, as `tprv...`.
        count: how many inputs, or addresses.
        shares: how many files hold one signer's signatures each.
    """

    folder: str
    script_type: str
    threshold: int
    path: tuple[int, ...]
    fingerprints: tuple[str, ...]
    xpubs: tuple[str, ...]
    descriptor: str
    root: str
    account: str
    count: int
    shares: int

    @classmethod
    def load(cls, folder):
        """Read a workload from its folder."""
        said = json.loads((Path(folder) / "case.json").read_text())
        lists = {name: tuple(said[name]) for name in ("path", "fingerprints", "xpubs")}
        return cls(**(said | lists | {"folder": str(folder)}))

    def save(self):
        """Write what is no PSBT."""
        (Path(self.folder) / "case.json").write_text(json.dumps(asdict(self)))

    def read(self, name):
        """A file of the workload."""
        return (Path(self.folder) / name).read_bytes()

    @property
    def psbt(self):
        """The unsigned PSBT."""
        return self.read("psbt")

    @property
    def signed(self):
        """The PSBTs that hold one signer's signatures each."""
        return [self.read(f"share-{at}") for at in range(self.shares)]

    def branch(self, branch, *, private=False):
        """The descriptor of one branch, without checksum; with the first signer's private key."""
        body = self.descriptor.partition("#")[0].replace("/<0;1>/*", f"/{branch}/*")
        return body.replace(self.xpubs[0], self.account) if private else body
