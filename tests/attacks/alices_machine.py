"""The real `coldsign` on the machine of one officer."""

import json
from pathlib import Path

from coldsign_terminal import Ended, Terminal, coldsign
from world import PASSPHRASE, World


class Program:
    """The real `coldsign sign`, as alice runs it on her machine.

    Args:
        world: whose vault is enrolled there.
        home: alice's.
    """

    def __init__(self, world: World, home: Path) -> None:
        self.home = world.keystore(home)
        world.state(home)
        self.secret = home / "passphrase"
        self.secret.write_bytes(PASSPHRASE)
        self.secret.chmod(0o600)

    def arguments(self, source: Path, target: Path) -> list[object]:
        """The command line but `--yes`."""
        return [
            *("sign", source, "-o", target, "--json"),
            *("--home", self.home, "--passphrase-file", self.secret),
        ]

    def run(self, raw: bytes, folder: Path) -> Ended:
        """Let it sign a file in a folder; what it writes would be `signed.psbt` there."""
        (folder / "in.psbt").write_bytes(raw)
        return coldsign(*self.arguments(folder / "in.psbt", folder / "signed.psbt"), "--yes")

    def at_terminal(self, raw: bytes, folder: Path) -> Terminal:
        """The same, with a person at a terminal who is asked."""
        (folder / "in.psbt").write_bytes(raw)
        return Terminal(*self.arguments(folder / "in.psbt", folder / "signed.psbt"))

    def expect_refusal(self, ended: Ended, folder: Path, step: int, *rules: str) -> None:
        """Exit code 3, these reasons, nothing written, nothing signed."""
        assert ended.code == 3, ended.err
        refusals = json.loads(ended.out)["error"]["refusals"]
        assert [(r["step"], r["rule"]) for r in refusals] == [(step, rule) for rule in rules]
        self.expect_nothing(folder)

    def expect_nothing(self, folder: Path) -> None:
        """Nothing beside the input, and no signature in the journal."""
        assert [path.name for path in folder.iterdir()] == ["in.psbt"]
        journal = (self.home / "journal.jsonl").read_text().splitlines()
        assert "sign" not in {json.loads(line)["event"] for line in journal}
