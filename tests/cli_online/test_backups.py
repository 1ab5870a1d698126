"""`coldquorum vault backup`, `recover` and `sheet`, as commands."""

import json
import sys

import coordinators_desk as desk
import pytest

from signer.cli import exits
from signer.cli.coldquorum import app
from signer.store.store import Store


@pytest.fixture
def office(tmp_path, store, monkeypatch):
    """A coordinator's home with a vault, an xpub in a file, and the program to run there."""
    monkeypatch.chdir(tmp_path)
    network = desk.coins.network("BTC", "regtest")
    (tmp_path / "bob.xpub").write_text(desk.vault().keys[1].to_text(network.xpub) + "\n")
    (tmp_path / "stranger.xpub").write_text(desk.vault("other").keys[0].to_text(network.xpub))
    return tmp_path


def run(capsys, *argv):
    """Exit code, stdout, stderr."""
    capsys.readouterr()
    code = exits.run(app, [str(part) for part in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_coordinator_without_memory_gets_vault_and_policy_back(office, capsys):
    """From the file and one xpub alone, into a fresh home."""
    code, out, err = run(
        capsys, "--home", "home", "vault", "backup", "treasury", "-o", "t.bip138", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["policies"] == 1
    code, out, err = run(
        capsys,
        *("--home", "fresh", "vault", "recover", "t.bip138", "--key", "bob.xpub"),
        *("--id", desk.vault().id, "-o", "vault.json", "--json"),
    )
    assert code == 0, err
    answer = json.loads(out)
    assert answer["vault"]["id"] == desk.vault().id
    assert answer["epoch"] == 1
    assert set(answer["officers"]) == set(desk.OFFICERS)
    assert "warning" not in err
    with Store(office / "fresh") as store:
        assert store.vault("treasury").vault == desk.vault()
        assert store.policy(desk.policy().id).envelope.signatures
    assert (office / "vault.json").exists()


def test_without_an_id_the_person_is_told_to_compare(office, capsys):
    """Nothing in the file can tell which vault was meant."""
    run(capsys, "--home", "home", "vault", "backup", "treasury", "-o", "t.txt")
    assert (office / "t.txt").read_text().startswith("QklQMTM4")
    code, out, err = run(
        capsys, "--home", "fresh", "vault", "recover", "t.txt", "--key", "bob.xpub"
    )
    assert code == 0
    assert "compare the vault id, in full" in err
    assert "officer    alice" in out


def test_another_vault_than_the_one_on_paper_is_not_kept(office, capsys):
    """Exit code 3, no document written, nothing in the store."""
    run(capsys, "--home", "home", "vault", "backup", "treasury", "-o", "t.bip138")
    code, out, _ = run(
        capsys,
        *("--home", "fresh", "vault", "recover", "t.bip138", "--key", "bob.xpub"),
        *("--id", "ab" * 32, "-o", "vault.json", "--json"),
    )
    assert code == 3
    assert json.loads(out)["error"]["refusals"][0]["rule"] == "vault.recovered"
    assert not (office / "vault.json").exists()
    with Store(office / "fresh") as store:
        assert store.vaults() == ()


BAD = {
    "a stranger's key": (["t.bip138", "--key", "stranger.xpub"], "does not open"),
    "no key file": (["t.bip138", "--key", "nobody.xpub"], "no such file"),
    "no terminal to ask at": (["t.bip138"], "use --key FILE"),
    "a key file that is a backup": (["t.bip138", "--key", "t.bip138"], "too large"),
    "a file that is no backup": (["bob.xpub", "--key", "bob.xpub"], "not an encrypted backup"),
    "no file": (["nothing", "--key", "bob.xpub"], "no such file"),
    "a taken name": (["t.bip138", "--key", "bob.xpub", "-o", "t.bip138"], "nothing is ever"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told(office, capsys, monkeypatch, name):
    """Exit code 4, a hint, nothing kept."""
    monkeypatch.setattr("signer.cli.prompt.is_terminal", lambda _: False)
    run(capsys, "--home", "home", "vault", "backup", "treasury", "-o", "t.bip138")
    arguments, words = BAD[name]
    code, _, err = run(capsys, "--home", "fresh", "vault", "recover", *arguments)
    assert code == 4
    assert words in err
    assert "hint:" in err or "expected:" in err
    with Store(office / "fresh") as store:
        assert store.vaults() == ()


def test_proposals_without_a_quorum_stay_out(tmp_path, capsys, monkeypatch):
    """A vault whose policy nobody has signed yet has a backup of the vault alone."""
    monkeypatch.chdir(tmp_path)
    with Store(tmp_path / "home") as store:
        store.add_vault(desk.signed(desk.vault()))
        store.add_policy(desk.signed(desk.policy(), "alice"))
    code, out, _ = run(capsys, "--home", "home", "vault", "backup", "treasury", "-o", "t.bip138")
    assert code == 0
    assert "none is in force yet" in out


def test_a_sheet_is_written_once_and_as_html(office, capsys, monkeypatch):
    """For a PDF there is a hint; a name that is taken stays; jinja2 is an extra."""
    code, out, err = run(capsys, "--home", "home", "vault", "sheet", "treasury", "-o", "s.html")
    assert code == 0, err
    assert "two officers compare" in err
    page = (office / "s.html").read_bytes()
    assert desk.vault().descriptor.encode() in page.replace(b"&lt;", b"<").replace(b"&gt;", b">")
    for name, words in (("s.pdf", "for a PDF, print to a file"), ("s.html", "never overwritten")):
        code, out, err = run(capsys, "--home", "home", "vault", "sheet", "treasury", "-o", name)
        assert code == 4
        assert out == ""
        assert words in err or "nothing is ever" in err
    assert (office / "s.html").read_bytes() == page
    monkeypatch.setitem(sys.modules, "jinja2", None)
    code, _, err = run(capsys, "--home", "home", "vault", "sheet", "treasury", "-o", "t.html")
    assert code == 4
    assert "coldquorum[reports]" in err
    assert not (office / "t.html").exists()
