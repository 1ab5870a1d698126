"""Where libauth comes from: the lock file, npm, and a cache in which nothing may be changed."""

import json
import shutil
from pathlib import Path

import pytest

from signer.chain.bchvm import library
from signer.chain.errors import NodeNonsense, NodeUnreachable
from signer.core.errors import BadInput
from tests.stories.programs import program

HERE = Path(library.__file__).parent


@pytest.fixture
def cache(tmp_path, monkeypatch, machine):
    """A copy of the cache for one test, so that it can be spoiled."""
    package = library.installed().parents[1]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    copy = library._folder() / library._PACKAGE
    shutil.copytree(package, copy)
    return copy


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """A machine whose npm finds no registry, and has nothing cached."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    return tmp_path / "elsewhere"


def test_the_lock_file_names_one_package_by_its_hash_and_no_host():
    """One package, no dependency of its own, no address of a registry, no script that runs."""
    lock = json.loads((HERE / "package-lock.json").read_text())
    (name,) = set(lock["packages"]) - {""}
    package = lock["packages"][name]
    assert name == library._PACKAGE
    assert package["integrity"].startswith("sha512-")
    assert package["version"] == library.VERSION == "3.1.0-next.8"
    assert not {"resolved", "dependencies", "hasInstallScript"} & set(package)
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    assert wanted == {"@bitauth/libauth": library.VERSION}


def test_an_untouched_cache_is_used(cache):
    """The copy hashes to what was released."""
    assert library.installed() == cache / "build" / "index.js"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda package: (package / "build/index.js").write_text("export {};"),
        lambda package: (package / "build/index.js").unlink(),
        lambda package: (package / "build/more.js").write_text(""),
        lambda package: (package / "LICENSE").rename(package / "licence"),
        lambda package: shutil.rmtree(package / "build"),
    ],
    ids=["changed", "missing", "one more", "renamed", "half"],
)
def test_a_changed_cache_is_not_run(cache, spoil):
    """A thief on the online machine cannot let another machine say yes by changing a file."""
    spoil(cache)
    with pytest.raises(NodeNonsense, match="not those that were released"):
        library.installed()


def test_nothing_is_fetched_unless_asked(offline):
    """`installed` says what to run, and leaves nothing behind."""
    with pytest.raises(NodeUnreachable, match="not installed") as caught:
        library.installed()
    assert "coldquorum engine install" in caught.value.hint
    assert not offline.exists()


def test_a_failed_fetch_says_so_and_leaves_nothing(offline, tmp_path):
    """No registry: exit code 6, npm's reason, and an empty cache."""
    done = program(["coldquorum", "engine", "install"], cwd=tmp_path, home=tmp_path / "home")
    assert done.code == 6
    assert "ECONNREFUSED" in done.err
    assert "fetching libauth" in done.err
    assert not done.out
    assert [p.name for p in (offline / "coldquorum").iterdir()] == ["lock"]


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    """The cache's place is a file."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(BadInput, match="cannot be kept"):
        library.install()


def test_without_node_the_extra_is_named(monkeypatch):
    """The package of Node is optional."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(NodeUnreachable) as caught:
        library.node()
    assert "coldquorum[bch]" in caught.value.hint


def test_the_command_tells_what_is_here(cache, tmp_path):
    """`coldquorum engine show`, for people and for programs, before and after a file changed."""
    show = ["coldquorum", "engine", "show"]
    where = {"cwd": tmp_path, "home": tmp_path / "home"}
    assert program([*show, "--json"], **where).answer["libauth"] == library.VERSION
    (cache / "README.md").write_text("another")
    done = program([*show, "--json"], **where)
    assert done.code == 0
    assert done.answer["libauth"] is None
    assert "engine install" in done.answer["libauth_missing"]
    assert "not those that were released" in program(show, **where).out


def test_installing_twice_fetches_once(cache, tmp_path, monkeypatch):
    """The second time no npm runs: there is no registry to be reached."""
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    install = ["coldquorum", "engine", "install", "--json"]
    done = program(install, cwd=tmp_path, home=tmp_path / "home")
    assert done.answer == {
        "libauth": library.VERSION,
        "path": str(cache / "build" / "index.js"),
    }
