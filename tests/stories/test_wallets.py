"""A vault goes out to other wallets and comes back, with the real programs; labels, too."""

import json
from pathlib import Path

import pytest
from complaints import check_complaint
from programs import forked

from signer.carry.wallets.formats import FORMATS

FILES = Path(__file__).resolve().parents[1] / "carry" / "wallets" / "files"
SAYS_NETWORK = {"caravan", "nunchuk"}
SAYS_NAME = {"bip388", "coldcard", "specter", "caravan"}


@pytest.fixture
def run(unharmed, tmp_path):
    """Run a command in the coordinator's folder, with its home or another one."""

    def runs(command, home=None):
        return forked(
            command.split(),
            cwd=unharmed.at("coordinator"),
            home=home or unharmed.home("coordinator"),
            scratch=tmp_path,
        )

    return runs


@pytest.mark.parametrize("name", [n for n, f in FORMATS.items() if "BTC" in f.kinds])
def test_a_vault_goes_out_and_comes_back(run, tmp_path, name):
    """Elsewhere it has the same addresses; here it is known again; never does it come back safer.

    The signers were enforcing. No other wallet's file can say so, and so they are not any more.
    """
    file = tmp_path / "wallet"
    sent = run(f"coldquorum vault export treasury --format {name} -o {file} --json")
    assert sent.code == 0, sent.err
    assert sent.answer["text"] == file.read_text()
    assert sent.answer["format"] == name

    again = run(f"coldquorum vault import {file} --network regtest --json")
    assert again.code == 0, again.err
    assert again.answer["already_here"] is True
    assert again.answer["name"] == "treasury"

    options = "" if name in SAYS_NETWORK else " --network regtest"
    options += "" if name in SAYS_NAME else " --name treasury"
    elsewhere = tmp_path / "elsewhere"
    taken = run(f"coldquorum vault import {file} --json{options}", elsewhere)
    assert taken.code == 0, taken.err
    assert taken.answer["already_here"] is False
    for key in ("first_address", "threshold", "script_type", "network", "descriptor", "name"):
        assert taken.answer[key] == again.answer[key], key
    assert taken.answer["first_address"] == sent.answer["first_address"]
    assert {s["type"] for s in taken.answer["signers"]} == {"unknown"}
    assert taken.answer["assured"] is False
    assert taken.answer["id"] != again.answer["id"]
    assert "--signer" in taken.err


def test_to_a_pipe(run):
    """Without -o the file alone is on stdout; everything else is said on stderr."""
    ended = run("coldquorum vault export treasury --format coldcard")
    assert ended.code == 0
    assert ended.out.startswith("# Multisig setup file")
    assert "first receive address" in ended.err
    assert "not in it:" in ended.err


def test_nothing_is_overwritten_and_nothing_is_left(run, tmp_path):
    """An existing file stays; a format that is not there makes none."""
    file = tmp_path / "there"
    file.write_text("mine")
    check_complaint(run(f"coldquorum vault export treasury --format core -o {file}"), code=4)
    assert file.read_text() == "mine"
    out = tmp_path / "out"
    ended = run(f"coldquorum vault export treasury --format coldcrad -o {out}")
    check_complaint(ended, code=4, mentions="coldcrad")
    assert not out.exists()


def test_officers_say_who_holds_a_foreign_wallet(run, tmp_path):
    """Names and kinds from the command line; a kind that is not one, or of no key, is refused."""
    home, file = tmp_path / "elsewhere", FILES / "caravan-three-vendors.json"
    for wrong, mentions in (
        ("--signer 8188029f=coldcrad", "coldcrad"),
        ("--signer 00000000=coldcard", "00000000"),
        ("--officer 8188029f=A_B!", "A_B!"),
        ("--officer alice", "alice"),
        ("--officer 8188029f=venus", "two keys"),
        ("--network test", "another network"),
        ("--name Not_A_Name", "name"),
        ("--birth-height -1", "birth_height"),
    ):
        check_complaint(
            run(f"coldquorum vault import {file} {wrong}", home), code=4, mentions=mentions
        )
    options = "--officer 8188029F=alice --signer 8188029f=enforcing --birth-height 700000"
    ended = run(f"coldquorum vault import {file} --name cold {options} --json", home)
    assert ended.code == 0, ended.err
    assert [(s["officer"], s["type"]) for s in ended.answer["signers"]] == [
        ("alice", "enforcing"),
        ("venus", "ledger"),
        ("earth", "coldcard"),
    ]
    assert (ended.answer["name"], ended.answer["birth_height"]) == ("cold", 700_000)


def test_a_thief_changes_a_wallet_file(run, tmp_path):
    """With every online machine: a key of his own in the file is another vault, and looks it.

    The one who imports it sees another first address than the wallet that it came from shows, no
    officer's signer enrols a vault without its key, and the vault here is not touched. Nunchuk's
    form carries its first address, and is refused outright.
    """
    name = "treasury"
    for form in ("specter", "nunchuk"):
        file = tmp_path / form
        sent = run(f"coldquorum vault export {name} --format {form} -o {file} --json").answer
        theirs = json.loads((FILES / "specter-with-devices.json").read_text())["descriptor"]
        key = "[33a2bf0c/48h/1h/0h/2h]" + theirs.partition("[33a2bf0c/48h/1h/0h/2h]")[2][:111]
        text = file.read_text()
        start = text.index("[") if form == "nunchuk" else text.index("(2,[") + 3
        end = text.index("/**" if form == "nunchuk" else "/0/*", start)
        body = text[:start] + key + text[end:]
        if form == "specter":
            body = body[: body.index("#")] + body[body.index('",', body.index("#")) :]
        file.write_text(body)
        home = tmp_path / f"home-{form}"
        ended = run(f"coldquorum vault import {file} --network regtest --name x --json", home)
        if form == "nunchuk":
            assert ended.code == 4
            assert "first address is not the wallet's" in ended.answer["error"]["what"]
            continue
        assert ended.code == 0, ended.err
        assert ended.answer["first_address"] != sent["first_address"]
        assert "compare the first address" in ended.err
        here = run(f"coldquorum vault import {file} --network regtest --name {name}")
        check_complaint(here, code=4, mentions="another vault of the name")


def test_vendors_xpub_files_make_a_vault(run, unharmed, tmp_path):
    """A Coldcard's export and our own record in one vault; the Coldcard's holder has to be told."""
    out, home = tmp_path / "vault", tmp_path / "elsewhere"
    create = (
        "coldquorum vault create mixed --threshold 2 --network regtest --key alice.key.json"
        f" --key {FILES}/key-coldcard-ccxp.json -o {out}"
    )
    lacking = run(create, home)
    check_complaint(lacking, code=4, mentions="--officer 0f056943=NAME --signer 0f056943=KIND")
    assert not out.exists()
    told = f"{create} --officer 0F056943=dora --signer 0f056943=coldcard --json"
    ended = run(told, home)
    assert ended.code == 0, ended.err
    assert [(s["officer"], s["type"]) for s in ended.answer["signers"]] == [
        ("alice", "enforcing"),
        ("dora", "coldcard"),
    ]
    assert "NOT assured" not in ended.answer["assurance"]
    missing = run(told.replace(f" -o {out}", "").replace("alice.key", "none"), home)
    assert missing.code == 4
    assert missing.answer["error"]["hint"]


def test_labels_come_in_and_go_out(run, unharmed, tmp_path):
    """An address is labelled, an output frozen; both come out again, with what is known here."""
    home = tmp_path / "elsewhere"
    assert run("coldquorum vault import vault.json", home).code == 0
    shown = run("coldquorum vault addresses treasury --count 1 --json", home).answer
    address = shown["addresses"][0]["address"]
    assert shown["addresses"][0]["label"] is None
    file = tmp_path / "labels.jsonl"
    records = [
        {"type": "addr", "ref": address, "label": "Acme \u001b[2J", "heights": [7]},
        {"type": "output", "ref": f"{'ab' * 32}:1", "spendable": False},
        {"type": "tx", "ref": "cd" * 32, "label": "not ours", "origin": "wpkh([d34db33f/84h])"},
    ]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    taken = run(f"coldquorum labels import treasury {file} --json", home)
    assert taken.code == 0, taken.err
    assert (taken.answer["taken"], taken.answer["of_other_wallets"]) == (2, 1)
    assert f"frozen: {'ab' * 32}:1" in taken.err
    shown = run("coldquorum vault addresses treasury --count 1", home)
    assert "     label: Acme \\x1b[2J" in shown.out
    assert "\u001b" not in shown.out
    sent = run("coldquorum labels export treasury --json", home).answer["records"]
    assert {"type": "addr", "ref": address, "label": "Acme \u001b[2J", "heights": [7]} in sent
    assert records[1] in sent
    assert {r["label"] for r in sent if r["type"] == "xpub"} == {"alice", "bob", "carol"}
    out = tmp_path / "out.jsonl"
    assert run(f"coldquorum labels export treasury -o {out}", home).code == 0
    assert out.stat().st_mode & 0o077 == 0
    assert [json.loads(text) for text in out.read_text().splitlines()] == sent
    file.write_text("{}")
    check_complaint(
        run(f"coldquorum labels import treasury {file}", home), code=4, mentions="line 1"
    )


def test_what_a_withdrawal_was_for_labels_its_transaction(run):
    """The demo's first withdrawal was sent: its transaction says what it was for."""
    sent = run("coldquorum labels export treasury --json").answer["records"]
    labelled = [record for record in sent if record["type"] == "tx"]
    assert labelled
    assert all(record["label"].startswith("withdrawal ") for record in labelled)
    assert all(record["origin"].startswith("wsh(sortedmulti(2,[") for record in labelled)
