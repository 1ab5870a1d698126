"""Making a kit, with a registry of three packages in memory."""

import io
import zipfile

import pytest
from kit_making import TRIO

from signer.carry import kit
from signer.core.errors import BadInput, Fault, Refused
from signer.release import bundle, gather
from signer.release.gather import Target
from signer.release.wheel import Wheel

HERE = Target("linux-x86_64", "3.12")


def wheel(name, *needs, content=b"x = 1\n"):
    """A package of the registry."""
    out = io.BytesIO()
    about = "".join(f"Requires-Dist: {need}\n" for need in needs)
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{name}/__init__.py", content)
        archive.writestr(f"{name}-1.dist-info/METADATA", f"Name: {name}\n{about}\n")
    return Wheel(f"{name}-1-py3-none-any.whl", out.getvalue())


@pytest.fixture
def registry(monkeypatch):
    """What pip gives, whoever asks for what: a list that a test may change."""
    served = [wheel("alpha")]
    monkeypatch.setattr(bundle, "gather", lambda *_: tuple(served))
    return served


def make(release=1):
    """Make a kit."""
    return bundle.make(release=release, target=HERE, officers=TRIO)


def test_two_runs_give_the_same_kit(registry, tmp_path):
    """The same bytes, whatever the order in which packages come; a new folder for each."""
    registry.append(wheel("beta"))
    first = make()
    registry.reverse()
    assert make() == first
    bundle.write(first, tmp_path / "kit")
    read = kit.read(tmp_path / "kit")
    assert read.manifest == first.manifest
    assert (read.tally.signed, read.tally.missing) == ((), 2)
    with pytest.raises(BadInput, match="file exists"):
        bundle.write(first, tmp_path / "kit")
    assert kit.read(tmp_path / "kit") == read


def test_a_kit_that_comes_out_otherwise_is_refused(registry, tmp_path):
    """A thief changed a package in the other officer's kit: making it again shows which."""
    honest = registry[0]
    registry[0] = wheel("alpha", content=b"import os  # the thief's\n")
    bundle.write(make(), tmp_path / "theirs")
    theirs = kit.read(tmp_path / "theirs")
    assert bundle.make_again(theirs).manifest == theirs.manifest
    registry[0] = honest
    with pytest.raises(Refused) as refusal:
        bundle.make_again(theirs)
    assert refusal.value.refusals[0].rule == "kit.again"
    assert refusal.value.fault is Fault.COORDINATOR
    assert "wheels/alpha-1-py3-none-any.whl" in refusal.value.found
    assert "coldsign" not in refusal.value.found


def test_only_what_the_target_needs_comes_along():
    """Markers are judged for the target: what only this machine needs is left out."""
    fetched = [
        wheel("alpha", "beta; sys_platform == 'linux'", "gamma; python_version < '3.12'"),
        wheel("beta", "delta; extra == 'more'"),
        wheel("gamma"),
        wheel("delta"),
    ]
    found = gather._closed(fetched, HERE, ["alpha"])
    assert [w.name[:5] for w in found] == ["alpha", "beta-"]
    older = gather._closed(fetched, Target("macos-arm64", "3.11"), ["alpha"])
    assert [w.name[:5] for w in older] == ["alpha", "gamma"]
    with pytest.raises(BadInput, match=r"gamma is needed on linux-x86_64 with Python 3\.11"):
        gather._closed(fetched[:2], Target("linux-x86_64", "3.11"), ["alpha"])


@pytest.mark.parametrize("python", ["3.10", "3", "4.0", "3.12.1", "", "2.7"])
def test_a_python_that_coldsign_does_not_run_on(python):
    """Refused before anything is fetched."""
    with pytest.raises(BadInput, match="does not run on this Python"):
        assert Target("linux-x86_64", python).tags
