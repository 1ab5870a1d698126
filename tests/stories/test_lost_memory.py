"""A coordinator that has lost its database goes on from the documents alone."""

import shutil

from programs import program

CHAIN = ("--regtest",)


def test_from_documents_alone_to_a_confirmed_block(office):
    """Build, combine, finalise and send in a fresh home, every document given as a file."""
    desk, home = office.at("coordinator"), office.folder / "fresh"
    home.mkdir()
    shutil.copytree(office.home("coordinator") / "regtest", home / "regtest")
    # the signers' replies to the old coordinator's file still combine
    for officer in ("alice", "carol"):
        shutil.copy(office.at(officer) / "w2-signed.psbt", desk / f"w2-{officer}.psbt")

    def run(*argv):
        ended = program(["coldquorum", *argv], cwd=desk, home=home)
        assert ended.code == 0, ended.err
        return ended

    # the withdrawal before it, too: the chain of withdrawals travels in every PSBT
    papers = ("policy-1.json", "w1-alice.json", "vault.json")
    run("build", "w2-bob.json", *papers, "w2-alice.json", "-o", "again.psbt", *CHAIN)
    run("combine", "w2-alice.psbt", "w2-carol.psbt", "-o", "all.psbt")
    final = run("finalize", "all.psbt", "-o", "all.hex", "--json").answer
    sent = run("broadcast", "all.hex", *CHAIN, "--json").answer
    assert sent["txid"] == final["txid"]
    assert sent["in_mempool"]
    run("regtest", "mine")
    shown = run("request", "show", "treasury/2", *CHAIN, "--json").answer
    assert shown["transaction"]["confirmations"] == 1


def test_a_rebuilt_file_is_signed_again_and_confirms(office):
    """A signer takes the file of a coordinator without memory; one of the two can confirm."""
    desk, home = office.at("coordinator"), office.folder / "fresh"
    home.mkdir()
    shutil.copytree(office.home("coordinator") / "regtest", home / "regtest")
    files = ["vault.json", "policy-1.json", "w1.json", "w2-alice.json", "w2-bob.json"]
    built = program(
        ["coldquorum", "build", *files, "-o", "again.psbt", "--fee-rate", "5", "--regtest"],
        cwd=desk,
        home=home,
    )
    assert built.code == 0, built.err
    for officer in ("alice", "bob"):
        shutil.copy(desk / "again.psbt", office.at(officer))
        signed = program(
            ["coldsign", "sign", "again.psbt", "--yes", "--passphrase-file", "passphrase"],
            cwd=office.at(officer),
            home=office.home(officer),
        )
        assert signed.code == 0, signed.err
        shutil.copy(office.at(officer) / "again-signed.psbt", desk / f"again-{officer}.psbt")
    for argv in (
        ["combine", "again-alice.psbt", "again-bob.psbt", "-o", "again-all.psbt"],
        ["finalize", "again-all.psbt", "-o", "again.hex"],
        ["broadcast", "again.hex", "--regtest"],
    ):
        ended = program(["coldquorum", *argv], cwd=desk, home=home)
        assert ended.code == 0, ended.err


def test_a_finished_transaction_is_sent_by_a_coordinator_that_knows_nothing(office):
    """With vault and PSBT as files, a transaction finalised elsewhere is verified and sent."""
    desk, home = office.at("coordinator"), office.folder / "fresh"
    home.mkdir()
    shutil.copytree(office.home("coordinator") / "regtest", home / "regtest")
    unknown = program(
        ["coldquorum", "broadcast", "w1.hex", "--with", "vault.json", "--regtest"],
        cwd=desk,
        home=home,
    )
    assert unknown.code == 4
    assert "--psbt FILE" in unknown.err
    known = program(
        ["coldquorum", "broadcast", "w1.hex", "--psbt", "w1.psbt", "--regtest", "--json"],
        cwd=desk,
        home=home,
    )
    assert known.code == 0, known.err
    assert known.answer["confirmations"] == 1
    assert not known.answer["sent"]


def test_after_a_reorg_the_transaction_waits_again_and_confirms_again(office):
    """A block that goes away takes the confirmation along; nothing has to be signed again."""
    desk, home = office.at("coordinator"), office.home("coordinator")

    def ask(*argv):
        ended = program(["coldquorum", *argv, "--json"], cwd=desk, home=home)
        assert ended.code == 0, ended.err
        return ended.answer

    ask("regtest", "reorg", "1")
    assert ask("request", "show", "treasury/1", *CHAIN)["transaction"]["in_mempool"]
    assert not ask("broadcast", "w1.hex", *CHAIN)["sent"]
    ask("regtest", "mine")
    assert ask("request", "show", "treasury/1", *CHAIN)["transaction"]["confirmations"] == 1
