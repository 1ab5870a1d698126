"""What goes into the kit: coldsign alone, and what it imports."""

import ast
import base64
import io
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from signer.core.errors import BadInput
from signer.release.gather import EXTRAS, NEEDED, Target, platforms, requirements, versions
from signer.release.wheel import coldsign_wheel, repacked

HERE = Target("linux-x86_64", "3.12")
ROOT = Path(__file__).resolve().parents[2]

ELSEWHERE = {"hid": "hidapi"}
"""Packages of modules that are installed on other systems only."""


def entries(wheel):
    """Unzip a wheel."""
    with zipfile.ZipFile(io.BytesIO(wheel.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def imports(source):
    """Name the top-level modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def first_party(source):
    """Name the modules of ours that a file imports: also those in `from signer.cli import show`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [node.module, *(name for name in inner if is_module(name))]
        else:
            continue
        yield from (name for name in found if name.split(".")[0] in {"signer", "hw", "policies"})


def is_module(name):
    """Tell whether a dotted name is a module of the source tree."""
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_the_wheel_holds_coldsign_and_no_online_code():
    """No build, settle, chain, store, release, redteam, ceremony, nor the program coldquorum."""
    files = entries(coldsign_wheel(()))
    tops = {"/".join(name.split("/")[:2]) for name in files if name.startswith("signer/")}
    parts = {"__init__.py", "core", "keys", "carry", "sign", "station", "record", "cli"}
    assert tops == {f"signer/{part}" for part in parts}
    assert "signer/cli/coldsign.py" in files
    assert "signer/cli/offline/sign.py" in files
    assert not [name for name in files if "online" in name or "coldquorum" in name.split("/")[-1]]
    assert not [name for name in files if "__pycache__" in name or name.endswith(".pyc")]
    assert b"coldquorum" not in files["coldsign-0.1.0.dist-info/entry_points.txt"]


def test_the_kit_holds_what_coldsign_imports_and_no_more():
    """Every third-party import in the wheel is required, and every requirement is imported."""
    files = entries(coldsign_wheel(()))
    found = {m for name, data in files.items() if name.endswith(".py") for m in imports(data)}
    foreign = found - set(sys.stdlib_module_names) - {"signer", "policies", "hw"}
    known = packages_distributions()
    # Some are for other systems than this one.
    names = {module: (known.get(module) or [ELSEWHERE[module]])[0] for module in foreign}
    packages = set(map(canonicalize_name, names.values()))
    targets = [HERE, Target("macos-arm64", "3.12")]
    lines = {line for target in targets for line in requirements(target, EXTRAS)}
    assert packages <= {canonicalize_name(Requirement(line).name) for line in lines}
    assert set(NEEDED) <= packages


def test_no_import_leads_out_of_the_wheel():
    """Whatever of ours a file of the wheel imports is in the wheel."""
    files = entries(coldsign_wheel(()))
    here = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files}
    packages = {name.rpartition(".")[0] for name in here if name.startswith(("signer", "hw"))}
    for name, data in files.items():
        for module in first_party(data) if name.endswith(".py") else ():
            assert module in here | packages, f"{name} imports {module}"


def test_the_record_is_true():
    """RECORD lists every file with its hash, as installers want it."""
    files = entries(coldsign_wheel(()))
    name = next(n for n in files if n.endswith("/RECORD"))
    rows = dict(line.split(",", 1) for line in files.pop(name).decode().splitlines())
    assert rows.pop(name) == ","
    digests = {
        n: base64.urlsafe_b64encode(sha256(d).digest()).decode().rstrip("=")
        for n, d in files.items()
    }
    assert rows == {n: f"sha256={digests[n]},{len(d)}" for n, d in files.items()}


def test_repacking_forgets_dates_order_and_compression():
    """Two builds of one package become the same bytes; the content stays."""
    built = []
    for date, order in (((1980, 1, 1, 0, 0, 0), 1), ((2026, 5, 6, 7, 8, 10), -1)):
        out = io.BytesIO()
        kinds = (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)
        with zipfile.ZipFile(out, "w", kinds[order < 0]) as archive:
            names = ("a/x.py", "a-1.dist-info/RECORD", "a-1.dist-info/WHEEL")
            for name in names[::order]:
                archive.writestr(zipfile.ZipInfo(name, date), f"{name}\n")
        wheel = coldsign_wheel(())
        built.append(repacked(type(wheel)("a-1-py3-none-any.whl", out.getvalue())))
    assert built[0] == built[1]
    assert entries(built[0])["a/x.py"] == b"a/x.py\n"


def test_requirements_and_targets():
    """Versions are the project's; extras are asked for; an unknown platform is refused."""
    plain = requirements(HERE, ())
    assert {canonicalize_name(Requirement(line).name) for line in plain} == set(NEEDED)
    assert set(requirements(HERE, EXTRAS)) > set(plain)
    with pytest.raises(BadInput, match="no such extra"):
        requirements(HERE, ("test",))
    assert all(Target(name, "3.12").tags for name in platforms())
    with pytest.raises(BadInput, match="no such platform"):
        assert Target("windows-x86_64", "3.12").tags
    assert Target("macos-arm64", "3.12").environment["sys_platform"] == "darwin"
    names = ("Foo_Bar-1.0-py3-none-any.whl", "coldsign-0.1.0-py3-none-any.whl")
    assert versions(names) == {"foo-bar": "1.0"}
