"""The drill: from the printed sheet and m backups to a confirmed transaction, without our code.

The programs make keys, vault, coins and sheet; from then on `stranger.py` is alone, in a process
that cannot import anything of ours.
"""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from programs import forked

OFFICERS = ("alice", "bob", "carol")
STRANGER = Path(__file__).with_name("stranger.py")
AWAY = "bcrt1qz3w6x69hg4j3na3dpj5zy8alvemhrzjya70nrl"
AWAY_SCRIPT = "0014145da368b7456519f62d0ca8221fbf6677718a44"


@dataclass(frozen=True)
class Ended:
    """The end of a house: what is left of it."""

    folder: Path

    def stranger(self, scratch, *backups, sheet=None):
        """Let a stranger try, with a copy of the chain."""
        shutil.copytree(self.folder / "home" / "regtest" / "chainstate", scratch / "chain")
        return subprocess.run(
            [
                *(sys.executable, STRANGER, sheet or self.folder / "sheet.html"),
                *(scratch / "chain", AWAY),
                *(self.folder / f"{name}.backup" for name in backups),
            ],
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Three keys with their words, a 2-of-3 with coins on both branches, and its sheet."""
    folder = tmp_path_factory.mktemp("house")
    scratch = tmp_path_factory.mktemp("scratch")
    (folder / "secret").write_text("a passphrase for the drill\n")
    (folder / "secret").chmod(0o600)

    def run(line):
        ended = forked(line.split(), cwd=folder, home=folder / "home", scratch=scratch)
        assert ended.code == 0, ended.err
        return ended

    for name in OFFICERS:
        run(f"coldsign key create {name} --words-out {name}.words --passphrase-file secret")
        run(f"coldsign key xpub {name} --network regtest --passphrase-file secret -o {name}.json")
        words = (folder / f"{name}.words").read_text()
        (folder / f"{name}.backup").write_text(f"{name}\n{words}")
    records = " ".join(f"--key {name}.json" for name in OFFICERS)
    run(f"coldquorum vault create last --threshold 2 {records} --network regtest")
    listed = run("coldquorum vault addresses last --count 9 --json")
    change = run("coldquorum vault addresses last --change --json")
    paid = [a["address"] for a in json.loads(listed.out)["addresses"]]
    back = json.loads(change.out)["addresses"][2]["address"]
    run(f"coldquorum regtest fund {paid[0]}:1BTC {paid[8]}:0.5BTC {back}:0.25BTC")
    run("coldquorum vault sheet last -o sheet.html")
    run("coldquorum vault sheet last --lang ja -o sheet-ja.html")
    return Ended(folder)


@pytest.mark.parametrize(
    ("backups", "sheet"), [(("alice", "carol"), "sheet.html"), (("carol", "bob"), "sheet-ja.html")]
)
def test_a_stranger_with_m_backups_gets_every_coin(house, tmp_path, backups, sheet):
    """Both branches, from either language's sheet, by any two: the block is accepted."""
    done = house.stranger(tmp_path, *backups, sheet=house.folder / sheet)
    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads(done.stdout)
    assert told["inputs"] == 3
    assert 174_900_000 < told["amount"] < 175_000_000
    assert told["script"] == AWAY_SCRIPT


def test_fewer_than_m_backups_get_nothing(house, tmp_path):
    """One holder alone comes as far as a transaction that lacks a signature."""
    done = house.stranger(tmp_path, "bob")
    assert json.loads(done.stdout) == {"stopped": "too few keys have signed"}


def test_a_misread_word_is_noticed_before_anything_is_signed(house, tmp_path):
    """Another key makes other addresses: the sheet's comparison stops there."""
    name, words = (house.folder / "alice.backup").read_text().splitlines()
    swapped = words.split()[::-1]
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    shutil.copytree(house.folder, wrong / "house")
    (wrong / "house" / "alice.backup").write_text(f"{name}\n{' '.join(swapped)}\n")
    done = Ended(wrong / "house").stranger(wrong, "alice", "bob")
    assert done.returncode == 9
    assert "is not the printed one" in done.stdout


def other_sheet(house, folder):
    """The sheet of a vault that a thief made of the same keys, one of them exchanged."""
    scratch = folder / "scratch"
    scratch.mkdir()

    def run(line):
        ended = forked(line.split(), cwd=folder, home=folder / "thief", scratch=scratch)
        assert ended.code == 0, ended.err

    shutil.copy(house.folder / "secret", folder)
    run("coldsign key create carol --words-out carol.words --passphrase-file secret")
    run("coldsign key xpub carol --network regtest --passphrase-file secret -o carol.json")
    records = " ".join(f"--key {house.folder}/{name}.json" for name in ("alice", "bob"))
    run(f"coldquorum vault create last --threshold 2 {records} --key carol.json --network regtest")
    run("coldquorum vault sheet last -o forged.html")
    return (folder / "forged.html").read_text()


def test_a_sheet_whose_code_and_text_differ_stops_the_stranger(house, tmp_path):
    """A thief exchanges the code, or the text, or both but not the addresses: step 1 finds it."""
    true, forged = (house.folder / "sheet.html").read_text(), other_sheet(house, tmp_path)
    code = re.compile(r'id="code" alt="QR" style="[^"]*" src="([^"]*)"')
    text = re.compile(r'id="descriptor">([^<]*)<')
    swapped_code = true.replace(code.search(true)[1], code.search(forged)[1])
    swapped_text = true.replace(text.search(true)[1], text.search(forged)[1])
    both = swapped_code.replace(text.search(true)[1], text.search(forged)[1])
    for number, (page, reason) in enumerate(
        (
            (swapped_code, "the code says something else than the text"),
            (swapped_text, "the code says something else than the text"),
            (both, "address 0/0 is not the printed one"),
        )
    ):
        assert page != true
        scratch = tmp_path / str(number)
        scratch.mkdir()
        (scratch / "page.html").write_text(page)
        done = house.stranger(scratch, "alice", "bob", sheet=scratch / "page.html")
        assert json.loads(done.stdout) == {"stopped": reason}


def test_no_secret_is_on_the_sheet(house):
    """No words, no private key, nothing of the passphrase; the public keys are there."""
    page = (house.folder / "sheet.html").read_text()
    for name in OFFICERS:
        words = (house.folder / f"{name}.words").read_text().split()
        assert not any(f"{one} {two}" in page for one, two in pairwise(words))
        assert json.loads((house.folder / f"{name}.json").read_text())["xpub"] in page
    assert "tprv8" not in page
    assert "for the drill" not in page
