"""A vault's second policy, and what becomes of what the first one allowed."""

from complaints import check_complaint
from programs import forked

GOOD = "bcrt1qz3w6x69hg4j3na3dpj5zy8alvemhrzjya70nrl"
SECRET = "--yes --passphrase-file passphrase"


class Desk:
    """Runs commands at each machine of an office."""

    def __init__(self, office, scratch):
        self.office = office
        self.scratch = scratch

    def tries(self, machine, line):
        """Run a command, whatever comes of it."""
        return forked(
            line.split(),
            cwd=self.office.at(machine),
            home=self.office.home(machine),
            scratch=self.scratch,
        )

    def runs(self, machine, line):
        """Run a command that has to succeed."""
        ended = self.tries(machine, line)
        assert ended.code == 0, ended.err
        return ended

    def proposes(self, change):
        """Start the next policy from the one in force, change it, and propose it."""
        toml = self.runs("coordinator", "coldquorum policy new --vault treasury --json").answer
        text = toml["toml"]
        assert change[0] in text
        (self.office.at("coordinator") / "next.toml").write_text(text.replace(*change))
        self.runs("coordinator", "coldquorum policy propose next.toml -o next.json")
        return toml["epoch"]

    def signs(self, *admins):
        """Let admins sign the proposal, each at home."""
        for admin in admins:
            self.runs(
                admin,
                f"coldsign policy sign ../coordinator/next.json -o ../coordinator/next-{admin}.json"
                f" {SECRET}",
            )


def test_a_policy_comes_into_force_file_by_file(office, tmp_path):
    """One signature is kept and not enough; the second puts the policy in force."""
    desk = Desk(office, tmp_path)
    assert desk.proposes(("per_payment = 100000000", "per_payment = 50000000")) == 2
    desk.signs("alice", "carol")
    first = desk.tries("coordinator", "coldquorum policy import next-alice.json -o both.json")
    check_complaint(first, code=3, first="refused:", mentions="1 more of bob, carol needed")
    assert not (office.at("coordinator") / "both.json").exists()
    shown = desk.runs("coordinator", "coldquorum policy show --vault treasury --json").answer
    assert shown["epoch"] == 1
    desk.runs("coordinator", "coldquorum policy import next-carol.json -o both.json")
    shown = desk.runs("coordinator", "coldquorum policy show --vault treasury --json").answer
    assert shown["epoch"] == 2
    assert shown["admins"]["signed"] == ["alice", "carol"]


def test_what_the_old_policy_allowed_dies_with_it(office, tmp_path):
    """A signer that knows the new policy does not sign a withdrawal under the old one."""
    desk = Desk(office, tmp_path)
    desk.proposes(("max_fee = 100000", "max_fee = 50000"))
    desk.signs("alice", "bob")
    desk.runs("coordinator", "coldquorum policy import next-alice.json next-bob.json -o both.json")
    policies = "--policy ../coordinator/both.json"
    desk.runs("alice", f"coldsign enrol vault.json {policies} --key alice {SECRET}")
    old = desk.tries("alice", f"coldsign sign w2.psbt -o again.psbt {SECRET}")
    check_complaint(old, code=3, first="refused:", mentions="policy")
    assert not (office.at("alice") / "again.psbt").exists()


def test_a_signer_learns_the_next_policy_from_the_transaction_itself(office, tmp_path):
    """Both epochs travel in the PSBT; a signer that was never told goes on from them."""
    desk = Desk(office, tmp_path)
    desk.proposes(("max_fee = 100000", "max_fee = 50000"))
    desk.signs("alice", "bob")
    desk.runs("coordinator", "coldquorum policy import next-alice.json next-bob.json -o both.json")
    desk.runs(
        "coordinator",
        f"coldquorum request new --vault treasury --to {GOOD}:1000000 --why third --initiator carol"
        " --regtest -o w3.json",
    )
    # approving needs the new policy, signing brings it along
    for officer in ("alice", "bob"):
        desk.runs(
            officer,
            f"coldsign enrol vault.json --policy ../coordinator/both.json --key {officer} {SECRET}",
        )
        desk.runs(
            officer,
            f"coldsign approve ../coordinator/w3.json -o ../coordinator/w3-{officer}.json {SECRET}",
        )
    desk.runs("coordinator", "coldquorum build w3-alice.json w3-bob.json -o w3.psbt --regtest")
    signed = desk.runs(
        "carol", f"coldsign sign ../coordinator/w3.psbt -o w3-carol.psbt {SECRET} --json"
    )
    assert signed.answer["sequence"] == 3
    assert "epoch 2 is new to this signer" in signed.err


def test_the_initiators_approval_is_shown_and_not_counted(office, tmp_path):
    """Carol asked; what she approves is said to count for nothing."""
    desk = Desk(office, tmp_path)
    refused = desk.tries(
        "carol", f"coldsign approve ../coordinator/w2.json -o w2-carol.json {SECRET}"
    )
    check_complaint(refused, code=3, first="refused:", mentions="asked")


def test_an_expired_withdrawal_is_not_built_and_frees_its_coins(office, tmp_path):
    """Past its expiry, the coordinator builds nothing; another withdrawal may have the coins."""
    desk = Desk(office, tmp_path)
    desk.runs("coordinator", "coldquorum regtest mine 145")
    late = desk.tries(
        "coordinator", "coldquorum build treasury/2 -o late.psbt --fee-rate 2 --regtest"
    )
    check_complaint(late, code=3, first="refused:", mentions="expired")
    shown = desk.runs("coordinator", "coldquorum request show treasury/2 --regtest --json").answer
    assert shown["state"] == "expired"
    before = {(shown["anchor"]["txid"], shown["anchor"]["vout"])}
    again = desk.runs(
        "coordinator",
        f"coldquorum request new --vault treasury --to {GOOD}:60000000 --why again"
        " --initiator carol --regtest --json",
    ).answer
    assert (again["anchor"]["txid"], again["anchor"]["vout"]) in before


def test_two_withdrawals_in_flight_share_no_coin(office, tmp_path):
    """While the second withdrawal is on its way, a third anchors on another coin."""
    desk = Desk(office, tmp_path)
    second = desk.runs("coordinator", "coldquorum request show treasury/2 --json").answer
    third = desk.runs(
        "coordinator",
        f"coldquorum request new --vault treasury --to {GOOD}:1000000 --why third"
        " --initiator carol --regtest --json",
    ).answer
    assert third["anchor"] != second["anchor"]
    assert third["sequence"] == 3
    assert third["previous"] == second["id"]
