"""enrol, approve, policy sign: as an officer types them; and bad files, for every command."""

import json
from dataclasses import replace

import pytest
from officers_desk import events
from world import INITIATOR, World

from policies.envelope import Envelope
from signer.core.vault import RECEIVE, Vault

# enrol


def test_enrol_shows_what_to_compare_and_pins(desk, world):
    """The vault id and the first address in full, the policy in sentences."""
    done = desk.enrol(world, "--json")
    assert done.code == 0, done.err
    assert done.json["vault"] == world.vault.id
    assert done.json["first_address"] == world.vault.address(RECEIVE, 0)
    assert (done.json["key"], done.json["epoch"]) == ("alice", 1)
    flat = done.err.replace(" ", "").replace("\n", "")
    assert world.vault.id in flat
    assert world.vault.address(RECEIVE, 0) in flat
    assert world.policy.id in flat
    assert "this machine" in done.err
    assert "assured: every quorum contains an enforcing signer" in done.err
    assert "0.05 BTC" in done.err
    assert events(desk) == ["enrol"]


def test_enrol_wants_a_yes(desk, world):
    """Anything else pins nothing; and nobody to ask is no yes."""
    vault = desk.file("vault.json", world.vault_envelope.to_bytes())
    policy = desk.file("policy.json", world.policy_envelope.to_bytes())
    command = ("enrol", vault, "--policy", policy, "--key", "alice")
    refused = desk.unlocking(*command, answer="no\n")
    assert refused.code == 3
    assert "do the other officers read the same vault id" in refused.err
    assert desk.unlocking(*command).code == 4
    assert events(desk) == []
    assert desk.unlocking(*command, answer="yes\n").code == 0


def test_enrol_needs_this_machine_s_own_key(desk, world):
    """Dave's key is in no vault; a key that is not here cannot be."""
    vault = desk.file("vault.json", world.vault_envelope.to_bytes())
    policy = desk.file("policy.json", world.policy_envelope.to_bytes())
    foreign = desk.unlocking("enrol", vault, "--policy", policy, "--key", "dave", "--yes")
    assert foreign.code == 4
    assert "the vault does not hold this key" in foreign.err
    assert desk.unlocking("enrol", vault, "--policy", policy, "--key", "bob", "--yes").code == 4
    neither = desk.run("enrol", vault, "--policy", policy, "--yes")
    assert neither.code == 4
    assert "--officer-only" in neither.err
    assert events(desk) == []


def test_enrol_refuses_a_vault_with_another_key_under_its_fingerprint(desk, world):
    """The whole extended key and origin are compared, not the fingerprint."""
    text = world.vault.descriptor
    other = World(seed=1).vault
    mine = world.vault.keys[0].to_text(world.vault.form.network.xpub)
    theirs = other.keys[0].to_text(world.vault.form.network.xpub)
    forged = other.keys[0]._replace(origin=world.vault.keys[0].origin)
    form = replace(world.vault.form, keys=(forged, *world.vault.keys[1:]))
    assert mine in text
    assert theirs not in text
    payload = world.vault.payload.replace(text.encode(), form.text.encode())
    vault = Vault.parse(payload)
    policy = world.admit(replace(world.policy, vault=vault.id))
    done = desk.unlocking(
        "enrol",
        desk.file("vault.json", Envelope.wrap("vault", payload).to_bytes()),
        *("--policy", desk.file("policy.json", policy.to_bytes()), "--key", "alice", "--yes"),
    )
    assert done.code == 4
    assert "another extended key under this fingerprint" in done.err


def test_enrol_officer_only(desk, world):
    """A machine that approves: no key, no passphrase."""
    vault = desk.file("vault.json", world.vault_envelope.to_bytes())
    policy = desk.file("policy.json", world.policy_envelope.to_bytes())
    done = desk.run("enrol", vault, "--policy", policy, "--officer-only", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["key"] is None
    cannot = desk.unlocking("sign", desk.file("x.psbt", world.bundle()), "--yes")
    assert cannot.code == 4
    assert "no such key is enrolled" in cannot.err


def test_enrol_takes_policies_in_any_order(desk, world):
    """Each epoch once; the newest is in force."""
    second = desk.file("policy-2.json", world.admit(world.successor()).to_bytes())
    done = desk.enrol(world, "--policy", second, "--json")
    assert done.code == 0, done.err
    assert done.json["epoch"] == 2


def test_enrol_puts_one_policy_s_files_together(desk, world):
    """Each admin's own file of one policy counts, as if they had been merged before."""
    vault = desk.file("vault.json", world.vault_envelope.to_bytes())
    files = [
        desk.file(f"by-{admin}.json", world.admit(world.policy, (admin,)).to_bytes())
        for admin in ("alice", "bob")
    ]
    command = ("enrol", vault, "--key", "alice", "--yes", "--policy")
    assert desk.unlocking(*command, files[0]).code == 3
    assert desk.unlocking(*command, files[0], "--policy", files[1]).code == 0


@pytest.mark.parametrize("left", [b"", b'{"payload"', b"\0" * 9])
def test_enrol_replaces_what_a_stopped_run_left(desk, world, left):
    """A file without a pin in the journal is nobody's memory, and must not block the next run."""
    folder = desk.home / "vaults" / world.vault.id
    folder.mkdir(parents=True)
    (folder / "vault.json").write_bytes(left)
    done = desk.enrol(world)
    assert done.code == 0, done.err
    assert (folder / "vault.json").read_bytes() == world.vault_envelope.to_bytes()


def test_enrol_refuses_a_policy_that_lacks_its_quorum(desk, world):
    """Exit code 3, and nothing is pinned."""
    vault = desk.file("vault.json", world.vault_envelope.to_bytes())
    policy = desk.file("policy.json", world.admit(world.policy, ("bob",)).to_bytes())
    done = desk.unlocking("enrol", vault, "--policy", policy, "--key", "alice", "--yes")
    assert done.code == 3
    assert "too few of its own admins" in done.err
    assert desk.unlocking("enrol", vault, "--key", "alice", "--yes").code == 4
    assert events(desk) == []


@pytest.mark.parametrize("command", ["enrol", "approve", "policy sign", "sign"])
def test_yes_is_refused_on_main(desk, monkeypatch, command):
    """An officer has to read and answer where coins are worth money, in every command."""
    world = World(network_name="main")
    world.state(desk.home)
    files = {
        "enrol": ("vault.json", world.vault_envelope.to_bytes()),
        "approve": ("w.json", world.approve(world.withdrawal(), ()).to_bytes()),
        "policy sign": ("p.json", world.policy_envelope.to_bytes()),
        "sign": ("x.psbt", world.bundle()),
    }
    options = {"enrol": ("--key", "alice"), "sign": ()}.get(command, ("--officer", "alice"))
    done = desk.unlocking(*command.split(), desk.file(*files[command]), *options, "--yes")
    assert done.code == 4
    assert "--yes is for test networks" in done.err
    assert events(desk) == ["enrol"]


# approve


def waiting(desk, world, **changes):
    """A withdrawal that waits for approvals."""
    return desk.file("w.json", world.approve(world.withdrawal(**changes), ()).to_bytes())


def approving(desk, file, *options, answer=None):
    """Approve it as alice."""
    return desk.unlocking("approve", file, "--officer", "alice", *options, answer=answer)


def test_approve_shows_everything_and_signs_the_exact_bytes(enrolled, world):
    """The file that comes out is the same document with one more signature."""
    file = waiting(enrolled, world)
    done = approving(enrolled, file, "--json", answer="yes\n")
    assert done.code == 0, done.err
    assert done.json["approved_by"] == ["alice"]
    assert done.json["missing"] == 1
    signed = Envelope.parse((enrolled.folder / "w-alice.json").read_bytes(), kind="withdrawal")
    assert signed.payload == world.withdrawal().payload
    assert signed.valid_keys([world.officers["alice"].key_id])
    flat = done.err.replace(" ", "").replace("\n", "")
    for told in (
        world.payment().address,
        "Payee1(hotwallet1)",
        "0.00300000BTC",
        "weeklysettlement",
        INITIATOR,
        "block800toblock900",
        "0.00050000BTC",
        world.withdrawal().id,
        world.coins[0].tx.txid,
    ):
        assert told in flat
    assert events(enrolled) == ["enrol", "approve"]


def test_approve_wants_a_yes(enrolled, world):
    """Otherwise nothing is written, neither file nor journal."""
    assert approving(enrolled, waiting(enrolled, world), answer="y\n").code == 3
    assert approving(enrolled, waiting(enrolled, world)).code == 4
    assert not (enrolled.folder / "w-alice.json").exists()
    assert events(enrolled) == ["enrol"]


def test_approve_refuses_a_second_document_of_the_same_number(enrolled, world):
    """The journal knows the first; approving that one again is harmless."""
    assert approving(enrolled, waiting(enrolled, world), "--yes").code == 0
    other = approving(
        enrolled, waiting(enrolled, world, why="another"), "--yes", "-o", enrolled.folder / "o"
    )
    assert other.code == 3
    assert "another withdrawal 1 was approved or signed here" in other.err
    assert not (enrolled.folder / "o").exists()
    again = approving(
        enrolled, waiting(enrolled, world), "--yes", "-o", enrolled.folder / "again.json"
    )
    assert again.code == 0


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"expiry": 799}, "withdrawal.expired"),
        ({"policy": "0" * 64}, "withdrawal.policy"),
        ({"vault": "0" * 64}, "vault.enrolled"),
        ({"network": "main"}, "vault.network"),
        ({"initiator": "alice"}, "approvals.initiator"),
    ],
)
def test_approve_refuses_what_no_signer_would_count(enrolled, world, changes, rule):
    """The same reasons as in the signer's steps, only earlier."""
    done = approving(enrolled, waiting(enrolled, world, **changes), "--yes", "--json")
    assert done.code == 3
    assert done.json["error"]["refusals"][0]["rule"] == rule
    assert events(enrolled) == ["enrol"]


def test_approve_refuses_an_officer_that_the_policy_does_not_know(desk, world):
    """The name alone is nothing: the key must be the policy's."""
    stranger = World(seed=1)
    stranger.keystore(desk.home, "bob")
    world.state(desk.home)
    done = desk.unlocking("approve", waiting(desk, world), "--officer", "bob", "--yes")
    assert done.code == 3
    assert "bob may not approve this" in done.err


def test_approve_asks_which_officer(enrolled, world):
    """Two live here."""
    done = enrolled.unlocking("approve", waiting(enrolled, world), "--yes")
    assert done.code == 4
    assert "alice, dave" in done.err


def test_approve_refuses_an_address_of_another_network(enrolled, world):
    """Nobody could pay it: say so before the officers sign."""
    payment = world.payment()._replace(address="bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
    done = approving(enrolled, waiting(enrolled, world, payments=(payment,)), "--yes")
    assert done.code == 4
    assert "another network" in done.err


def test_approve_with_a_wrong_passphrase(enrolled, world):
    """Nothing is journalled, nothing written."""
    wrong = enrolled.file("wrong", b"not the passphrase")
    wrong.chmod(0o600)
    done = enrolled.run(
        *("approve", waiting(enrolled, world), "--officer", "alice", "--yes"),
        *("--passphrase-file", wrong),
    )
    assert done.code == 4
    assert events(enrolled) == ["enrol"]


# policy sign


def test_policy_sign(desk, world):
    """An admin signs before anything is enrolled; the rules are shown as sentences."""
    file = desk.file("p.json", Envelope.wrap("policy", world.policy.payload).to_bytes())
    done = desk.unlocking("policy", "sign", file, "--officer", "alice", "--json", answer="yes\n")
    assert done.code == 0, done.err
    assert (done.json["signed_by"], done.json["missing"]) == (["alice"], 1)
    assert "144 blocks" in done.err
    signed = Envelope.parse((desk.folder / "p-alice.json").read_bytes(), kind="policy")
    assert signed.valid_keys([world.officers["alice"].key_id])
    assert events(desk) == ["policy"]


def test_policy_sign_refuses_who_is_no_admin(desk, world):
    """Dave approves withdrawals; policies are not his."""
    file = desk.file("p.json", Envelope.wrap("policy", world.policy.payload).to_bytes())
    done = desk.unlocking("policy", "sign", file, "--officer", "dave", "--yes")
    assert done.code == 3
    assert "dave is not an admin" in done.err
    assert events(desk) == []


def test_policy_sign_refuses_a_fork(enrolled, world):
    """Another policy of the epoch that is trusted here."""
    fork = replace(world.policy, loosening_delay=1)
    file = enrolled.file("p.json", Envelope.wrap("policy", fork.payload).to_bytes())
    done = enrolled.unlocking("policy", "sign", file, "--officer", "alice", "--yes")
    assert done.code == 3
    assert "trusts a policy of that epoch" in done.err


def test_policy_sign_takes_an_admin_of_the_policy_before(enrolled, world):
    """The old quorum lets the new one in: alice leaves, and has to sign her own going."""
    admins = replace(world.policy.roles["admins"], members=("bob", "carol"))
    successor = world.successor(roles={**world.policy.roles, "admins": admins})
    file = enrolled.file("p.json", Envelope.wrap("policy", successor.payload).to_bytes())
    done = enrolled.unlocking("policy", "sign", file, "--officer", "alice", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["signed_by"] == []


def test_policy_sign_warns_of_an_unknown_predecessor(desk, world):
    """Epoch 2 of a vault that is not enrolled here."""
    successor = Envelope.wrap("policy", world.successor().payload)
    file = desk.file("p.json", successor.to_bytes())
    done = desk.unlocking("policy", "sign", file, "--officer", "alice", "--yes")
    assert done.code == 0
    assert "compare the policy before it yourself" in done.err


# bad files, everywhere


@pytest.mark.parametrize(
    "command",
    [
        ("enrol", "FILE", "--policy", "FILE", "--key", "alice", "--yes"),
        ("approve", "FILE", "--officer", "alice", "--yes"),
        ("policy", "sign", "FILE", "--officer", "alice", "--yes"),
        ("inspect", "FILE"),
        ("sign", "FILE", "--yes"),
    ],
    ids=lambda command: command[0],
)
def test_bad_files(enrolled, world, command):
    """Missing, empty, a folder, binary, another kind of document: exit code 4, one clear line."""
    folder = enrolled.folder / "folder"
    folder.mkdir()
    duplicate = b'{"payload":"","payload":""}'
    bad = {
        "missing": enrolled.folder / "missing",
        "folder": folder,
        "empty": enrolled.file("empty", b""),
        "binary": enrolled.file("binary", bytes(range(256)) * 4),
        "duplicate keys": enrolled.file("duplicate", duplicate),
        "nested": enrolled.file("nested", b"[" * 100_000),
        "another kind": enrolled.file("other", Envelope.wrap("report", b"{}").to_bytes()),
    }
    for what, path in bad.items():
        argv = [path if word == "FILE" else word for word in command]
        done = (
            enrolled.unlocking(*argv, "--json")
            if command[0] != "inspect"
            else enrolled.run(*argv, "--json")
        )
        assert done.code == 4, (what, done)
        assert json.loads(done.out)["error"]["what"]
        assert "Traceback" not in done.err
    assert events(enrolled) == ["enrol"]
