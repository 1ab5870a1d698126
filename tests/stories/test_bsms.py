"""A vault set up by BSMS with the real programs, to an enrolled signer; and a coordinator's lies.

Every run is a process of its own (`programs.forked`). Whatever is refused leaves nothing behind.
"""

import pytest
from programs import forked

from signer.carry.bsms_token import Token

PASSPHRASE = b"correct horse battery staple\n"
TRIO = ("alice", "bob", "carol")


class Table:
    """Three signers and a coordinator around one folder."""

    def __init__(self, folder, scratch):
        self.folder = folder
        self._scratch = scratch
        secret = folder / "passphrase"
        secret.write_bytes(PASSPHRASE)
        secret.chmod(0o600)

    def run(self, home, name, *argv):
        """Run a program at somebody's machine."""
        return forked(
            (name, *argv), cwd=self.folder, home=self.folder / f"home-{home}", scratch=self._scratch
        )

    def signer(self, home, *argv, unlock=False):
        """Run coldsign."""
        options = ("--passphrase-file", "passphrase") if unlock else ()
        return self.run(home, "coldsign", *argv, *options)

    def done(self, ended):
        """Check that a run succeeded."""
        assert ended.code == 0, ended.err
        return ended

    def record(self, name, *options):
        """Round 1 of a signer, whatever session another test left open."""
        self.signer(name, "bsms", "close", name)
        command = ("bsms", "record", name, "--network", "regtest", *options)
        return self.signer(name, *command, unlock=True)

    def round_2(self, vault, home, *options):
        """Have the coordinator make the vault."""
        members = [
            word
            for name in TRIO
            for word in ("--record", f"{name}.dat", "--officer", f"{name}:enforcing")
        ]
        command = ("bsms", "vault", vault, *members, "--network", "regtest", *options)
        return self.run(home, "coldquorum", *command)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Three machines with a key each."""
    table = Table(tmp_path_factory.mktemp("table"), tmp_path_factory.mktemp("scratch"))
    for name in TRIO:
        made = ("key", "create", name, "--words-out", f"words-{name}", "--words", "12")
        table.done(table.signer(name, *made, unlock=True))
    return table


def test_from_tokens_to_an_enrolled_signer(table):
    """Tokens, records, the vault, three acceptances, and a signer that enrols the very same."""
    files = [f"tokens/token-{n}.txt" for n in (1, 2, 3)]
    drawn = table.run("online", "coldquorum", "bsms", "tokens", "tokens", "--count", "3", "--json")
    assert table.done(drawn).answer == {"mode": "EXTENDED", "files": files}
    secrets = [(table.folder / file).read_text().strip() for file in files]
    assert {(table.folder / file).stat().st_mode & 0o777 for file in files} == {0o600}
    assert not any(secret in drawn.out + drawn.err for secret in secrets)

    for name, file in zip(TRIO, files, strict=True):
        table.done(table.record(name, "--token-file", file, "-o", f"{name}.dat"))
    again = ("bsms", "record", "alice", "--token-file", files[0], "-o", "again.dat")
    twice = table.signer("alice", *again, unlock=True)
    assert twice.code == 4
    assert "a session with this key is open" in twice.err

    keyed = [word for file in files for word in ("--token-file", file)]
    made = table.done(
        table.round_2("treasury", "online", "--threshold", "2", "--out", "out", *keyed, "--json")
    ).answer
    assert [signer["officer"] for signer in made["signers"]] == list(TRIO)
    lying = ("--threshold", "1", "--out", "lying", *keyed)
    table.done(table.round_2("lying", "lying-coordinator", *lying))
    refuse_lies(table, Token.parse(secrets[0]))

    for place, name in ((1, "alice"), (3, "carol")):
        command = ("bsms", "accept", name, f"out/treasury-{name}.dat", "--quorum", "2/3")
        found = table.done(
            table.signer(name, *command, "--vault", "out/treasury.json", "--yes", "--json")
        )
        answer = found.answer
        assert (answer["position"], answer["threshold"], answer["keys"]) == (place, 2, 3)
        assert answer["first_address"] == made["first_address"]
        assert answer["vault"] == made["id"]
        assert "".join(made["first_address"].split()) in found.err.replace(" ", "").replace(
            "\n", ""
        )
        again = table.signer(name, *command, "--yes")
        assert again.code == 4
        assert "no session with this key is open" in again.err
    journal = table.signer("alice", "journal", "show", "--json").answer
    assert [entry["event"] for entry in journal["entries"]] == ["bsms"]

    for name in TRIO[:2]:
        create = ("officer", "create", name, "-o", f"officer-{name}.json")
        table.done(table.signer(name, *create, unlock=True))
    officers = [word for name in TRIO[:2] for word in ("--officer", f"officer-{name}.json")]
    policy = table.run("online", "coldquorum", "policy", "new", "--vault", "treasury", *officers)
    (table.folder / "policy.toml").write_text(table.done(policy).out)
    propose = ("policy", "propose", "policy.toml", "-o", "policy.json")
    table.done(table.run("online", "coldquorum", *propose))
    for name in TRIO[:2]:
        sign = ("policy", "sign", "policy.json", "--yes", "-o", f"policy-{name}.json")
        table.done(table.signer(name, *sign, unlock=True))
    signed = [word for name in TRIO[:2] for word in ("--policy", f"policy-{name}.json")]
    enrol = ("enrol", "out/treasury.json", "--key", "alice", "--yes", "--json", *signed)
    enrolled = table.done(table.signer("alice", *enrol, unlock=True)).answer
    assert (enrolled["vault"], enrolled["first_address"]) == (made["id"], made["first_address"])


def refuse_lies(table, token):
    """Check alice's signer: exit 3 or 4 at each lie, and the session stays open."""
    record, quorum = "out/treasury-alice.dat", ("--quorum", "2/3")
    text = token.unseal((table.folder / record).read_bytes())
    lie = token.seal(text.replace(b"/0/*,/1/*", b"/0/*,/2/*"))
    (table.folder / "lie.dat").write_bytes(lie)
    for code, says, command in (
        (3, "bsms.quorum", ("lying/lying-alice.dat", *quorum)),
        (3, "bsms.vault", (record, *quorum, "--vault", "lying/lying.json")),
        (3, "bsms.form", ("lie.dat", *quorum)),
        (4, "not a quorum", (record, "--quorum", "2 of 3")),
        (4, "does not fit this session's token", ("out/treasury-bob.dat", *quorum)),
        (4, "another number of lines", ("alice.dat", *quorum)),
        (4, "nobody answered", (record, *quorum)),
    ):
        yes = () if "nobody" in says else ("--yes",)
        ended = table.signer("alice", "bsms", "accept", "alice", *command, *yes)
        assert ended.code == code, ended.err
        assert says in ended.err
    session = table.folder / "home-alice/bsms/alice.json"
    assert session.stat().st_mode & 0o777 == 0o600
    shown = table.done(table.signer("alice", "bsms", "check", "alice", record, *quorum, "--json"))
    assert shown.answer["path_restrictions"] == ["/0/*", "/1/*"]


def test_what_the_coordinator_refuses(table):
    """A record of another session, a key twice, an officer without a type: no vault, no file."""
    tokens = ("bsms", "tokens", "more", "--count", "2", "--mode", "standard")
    table.done(table.run("online", "coldquorum", *tokens))
    token, other = (("--token-file", f"more/token-{number}.txt") for number in (1, 2))
    table.done(table.record("alice", *token, "--account", "2", "-o", "alice-2.dat"))
    pair = ("--threshold", "1", "--network", "regtest", "--out", "none")
    first = ("--record", "alice-2.dat", "--officer", "alice:enforcing")
    for code, says, options in (
        (4, "session's token", (*first, *other)),
        (4, "if it is encrypted", (*first, "--no-encryption")),
        (
            4,
            "the same key twice",
            (*first, *token, "--record", "alice-2.dat", "--officer", "bob:x"),
        ),
        (2, "what signs for alice", ("--record", "alice-2.dat", "--officer", "alice", *token)),
        (2, "which record is whose", (*first, "--record", "alice-2.dat", *token)),
        (2, "which token is whose", (*first, *token, *other)),
        (2, "leave one of the two", (*first, *token, "--no-encryption")),
        (4, "another network", (*first, *token, "--network", "main")),
    ):
        ended = table.run("online", "coldquorum", "bsms", "vault", "none", *pair, *options)
        assert ended.code == code, (options, ended.err)
        assert says in ended.err, ended.err
        assert not (table.folder / "none").exists()
    table.done(table.signer("alice", "bsms", "close", "alice"))
    assert not (table.folder / "home-alice/bsms/alice.json").exists()
