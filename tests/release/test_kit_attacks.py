"""A thief between the officers and the offline machine: each kit is refused, by both readers.

The installer and `coldsign kit` share no code: what one of them took and the other did not would be
a way in.
"""

import base64
import json
import os
from dataclasses import asdict

import kit_making
import pytest
from kit_making import WHEEL, install, make, officers, sign

from policies.envelope import Envelope
from signer.carry import kit
from signer.core.errors import BadInput


def rewrite(path, change):
    """Change a JSON file."""
    table = json.loads(path.read_bytes())
    change(table)
    path.write_text(json.dumps(table))


def tampered_wheel(folder):
    """A wheel with one byte changed."""
    data = bytearray((folder / WHEEL).read_bytes())
    data[40] ^= 1
    (folder / WHEEL).write_bytes(data)


def another_wheel(folder):
    """The thief's own wheel, listed with its true hash."""
    (folder / WHEEL).write_bytes(b"wheel of the thief")

    def relist(table):
        entry = next(f for f in table["files"] if f["path"] == WHEEL)
        entry.update(asdict(kit.KitFile.of(WHEEL, b"wheel of the thief")))

    rewrite(folder / "manifest.json", relist)


def missing_wheel(folder):
    """A file went away."""
    (folder / WHEEL).unlink()


def extra_file(folder):
    """A module that Python would run, had it been started carelessly."""
    (folder / "json.py").write_text("raise SystemExit('the thief ran')\n")


def extra_wheel(folder):
    """One more wheel, among the others."""
    (folder / "wheels/evil-1-py3-none-any.whl").write_bytes(kit_making.wheel())


def extra_signature(folder):
    """A file among the signatures that is none."""
    (folder / "signatures/evil.py").write_text("raise SystemExit('the thief ran')\n")


def unlisted(folder):
    """A file taken from the list, and left in the folder."""
    rewrite(folder / "manifest.json", lambda t: t["files"].pop())


def swapped_installer(folder):
    """The thief's installer, which an officer would see by its hash; here the manifest does."""
    (folder / "install.py").write_bytes(kit_making.INSTALLER.read_bytes() + b"# changed\n")


def link(folder):
    """A link in place of a wheel, to the same bytes: they may change after the check."""
    outside = folder.parent / "outside"
    (folder / WHEEL).rename(outside)
    (folder / WHEEL).symlink_to(outside)


def too_few(folder):
    """One of two."""
    (folder / "signatures/bob.json").unlink()


def nobody(folder):
    """None."""
    too_few(folder)
    (folder / "signatures/alice.json").unlink()


def one_twice(folder):
    """Alice's signature under bob's name, too."""
    (folder / "signatures/bob.json").write_bytes((folder / "signatures/alice.json").read_bytes())


def stranger(folder):
    """A stranger's signature under bob's name."""
    sign(folder, "bob", key="mallory")


def crowd(folder):
    """Strangers, as many as you like, beside one officer."""
    too_few(folder)
    for name in ("mallory", "trudy", "eve"):
        sign(folder, name)


def borrowed_name(folder):
    """A stranger's signature that says that it is bob's."""
    sign(folder, "bob", key="mallory")

    def relabel(table):
        table["signatures"][0]["keyid"] = kit_making.public("bob")

    rewrite(folder / "signatures/bob.json", relabel)


def another_kit(folder):
    """Bob's signature of another release."""
    payload = (folder / "manifest.json").read_bytes().replace(b'"release":1', b'"release":2')
    sign(folder, "bob", payload=payload)


def another_kind(folder):
    """Bob's signature of these bytes, as a document of another kind."""
    sign(folder, "bob", kind="policy")


def malleated(folder):
    """Bob's signature with the group's order added to s (RFC 8032 section 8.4)."""
    path = folder / "signatures/bob.json"
    envelope = Envelope.parse(path.read_bytes())
    sig = envelope.signatures[0].sig
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(sig[32:], "little") + order
    replaced = sig[:32] + s.to_bytes(32, "little")
    rewrite(path, lambda t: t["signatures"][0].update(sig=base64.b64encode(replaced).decode()))


def thiefs_officers(folder):
    """The thief's officers, who signed everything; the manifest still lists the true ones."""
    thieves = officers("mallory", "trudy")
    (folder / "officers.json").write_bytes(thieves.to_bytes())
    for name in ("alice", "bob"):
        (folder / f"signatures/{name}.json").unlink()
    for name in ("mallory", "trudy"):
        sign(folder, name)


def lower_threshold(folder):
    """A threshold of one, in the same officers' name."""
    too_few(folder)
    rewrite(folder / "officers.json", lambda t: t.update(threshold=1))


def no_threshold(folder):
    """A threshold of none."""
    nobody(folder)
    rewrite(folder / "officers.json", lambda t: t.update(threshold=0))


def one_key_two_names(folder):
    """Two officers with one key."""
    rewrite(folder / "officers.json", lambda t: t["officers"].update(bob=t["officers"]["alice"]))
    one_twice(folder)


def torn(folder):
    """A manifest that was cut short."""
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:-20])


def key_twice(folder):
    """A document in which a key comes twice."""
    data = (folder / "officers.json").read_bytes()
    (folder / "officers.json").write_bytes(
        data.replace(b'"threshold":2', b'"threshold":2,"threshold":1')
    )


# what the thief does -> what the installer says, and what coldsign says ("" if it merely counts)
TABLE = {
    tampered_wheel: ("was changed", "not the file that the manifest lists"),
    another_wheel: ("signed by nobody", "the signature is for another kit"),
    missing_wheel: ("missing", "no such file"),
    extra_file: ("not in the manifest", "does not list"),
    extra_wheel: ("not in the manifest", "does not list"),
    extra_signature: ("not in the manifest", "does not list"),
    unlisted: ("signed by nobody", "does not list"),
    link: ("no file", "holds a link"),
    too_few: ("signed by alice; 2", ""),
    nobody: ("signed by nobody; 2", ""),
    one_twice: ("signed by alice; 2", ""),
    stranger: ("signed by alice; 2", ""),
    crowd: ("signed by alice; 2", ""),
    borrowed_name: ("signed by alice; 2", ""),
    another_kit: ("signed by alice; 2", "the signature is for another kit"),
    another_kind: ("signed by alice; 2", "not a kit"),
    malleated: ("signed by alice; 2", ""),
    thiefs_officers: ("officers.json was changed", "not the file that the manifest lists"),
    lower_threshold: ("officers.json was changed", "not the file that the manifest lists"),
    no_threshold: ("0 officers have to", "not the file that the manifest lists"),
    one_key_two_names: ("signed by bob; 2", "not the file that the manifest lists"),
    torn: ("signed by nobody", "not JSON"),
    key_twice: ("twice", "not the file that the manifest lists"),
}


@pytest.mark.parametrize("attack", TABLE, ids=lambda attack: attack.__name__)
def test_each_kit_is_refused_by_both_readers(tmp_path, attack):
    """The installer ends with the reason and installs nothing; coldsign refuses, or counts less."""
    says, raises = TABLE[attack]
    folder = make(tmp_path / "kit")
    attack(folder)
    done = install(folder, "--to", tmp_path / "here")
    assert done.returncode == 1, done.stdout
    assert done.stderr.startswith("refused: "), done.stderr
    assert says in done.stderr
    assert "thief" not in done.stderr
    assert not (tmp_path / "here").exists()
    if raises:
        with pytest.raises(BadInput, match=raises):
            kit.read(folder)
    else:
        assert kit.read(folder).tally.missing >= 1


def test_a_swapped_installer_shows_by_its_hash(tmp_path):
    """Nothing that the thief's installer says counts: its hash is not the one on paper."""
    folder = make(tmp_path / "kit")
    before = kit.read(folder).manifest.sha256("install.py")
    swapped_installer(folder)
    assert kit.KitFile.of("install.py", (folder / "install.py").read_bytes()).sha256 != before
    with pytest.raises(BadInput, match=r"install\.py is not the file that the manifest lists"):
        kit.read(folder)


def test_a_careless_start_runs_nothing_from_the_kit(tmp_path):
    """Without -I, Python would import the thief's json.py: the installer stops before."""
    folder = make(tmp_path / "kit")
    extra_file(folder)
    done = install(folder, isolated=False)
    assert done.returncode == 1
    assert "python3 -I install.py" in done.stderr
    assert "thief" not in done.stderr


def test_an_older_kit_is_refused(tmp_path):
    """Release 2 is installed: release 1 and another release 2 are not, 3 is."""
    here = tmp_path / "here"
    for release, taken in ((2, True), (1, False), (2, False), (3, True)):
        folder = make(tmp_path / f"kit-{release}-{taken}", release=release)
        done = install(folder, "--to", here)
        assert (done.returncode == 0) is taken, done.stderr
        assert taken or "already" in done.stderr
    assert sorted(path.name for path in here.glob("release-*")) == ["release-2", "release-3"]
    assert "release-3" in (here / "coldsign").read_text()


def test_new_officers_come_only_with_the_old_ones(tmp_path):
    """Officers who are not those of the installed kit need the signatures of these, too."""
    here = tmp_path / "here"
    assert install(make(tmp_path / "1"), "--to", here).returncode == 0
    heirs = officers("dave", "erin")
    handover = make(tmp_path / "2", release=2, who=heirs, signers=("dave", "erin"))
    for before, says in (("alice", "signed by nobody; 2"), ("bob", "signed by alice; 2")):
        done = install(handover, "--to", here)
        assert done.returncode == 1
        assert says in done.stderr
        sign(handover, f"{before}-before", key=before)
    assert kit.read(handover).tally.signed == ("dave", "erin")
    assert install(handover, "--to", here).returncode == 0
    assert (here / "officers.json").read_bytes() == heirs.to_bytes()


def test_a_kit_for_another_machine_is_refused(tmp_path):
    """Another platform, another Python."""
    for at, changed in enumerate(({"platform": "linux-z80"}, {"python": "3.99"})):
        done = install(make(tmp_path / f"{at}", **changed), "--to", tmp_path / "here")
        assert done.returncode == 1
        assert "the kit is for" in done.stderr


def test_a_program_that_fails_its_self_test_is_not_installed(tmp_path):
    """Nothing is left of it, and what was installed before stays."""
    here = tmp_path / "here"
    assert install(make(tmp_path / "1"), "--to", here).returncode == 0
    before = (here / "coldsign").read_text()
    unfit = make(tmp_path / "2", release=2, program="raise SystemExit(1)\n")
    done = install(unfit, "--to", here)
    assert done.returncode == 1
    assert "the self-test failed" in done.stderr
    assert not (here / "release-2").exists()
    assert (here / "coldsign").read_text() == before
    assert os.access(here / "coldsign", os.X_OK)
