"""The life of a policy and of a chain: void, freeze, a looser policy that waits, a late signer."""

from house import ALICE, BOB, CAROL, DAVE, DELAY, next_toml


def void(house, withdrawal, file, *names):
    """Ask for a void, approve and build it; gives the PSBT's name."""
    house.coordinator.does(
        f"coldquorum request void {withdrawal} --why 'sent in error' --initiator dave "
        f"--fee-ceiling 10000 --regtest -o {file}.json"
    )
    files = house.approve(f"{file}.json", *names)
    house.build(files, f"{file}.psbt")
    return f"{file}.psbt"


def test_a_void_once_signatures_are_out(house):
    """Both officers have signed, and the coordinator is not trusted any more: cancel it."""
    house.fund("1BTC", "0.4BTC")
    house.request("w1.json")
    house.build(house.approve("w1.json", ALICE, BOB), "w1.psbt")
    house.finish(house.sign("w1.psbt", ALICE, BOB), "w1.hex")
    house.send("w1.hex")

    psbt = void(house, "treasury/1", "v2", ALICE, BOB)
    again = "coldquorum request void treasury/2 --why x --initiator dave --regtest -o v3.json"
    assert "a void is not voided" in house.coordinator.fails(again, 4)["what"]
    seen = house[ALICE].does(f"coldsign inspect {psbt}")["review"]
    assert (seen["purpose"], seen["payments"], seen["inputs"]) == ("void", [], 1)
    assert seen["change"]["amount"] + seen["fee"] == seen["spent"]
    txid = house.finish(house.sign(psbt, ALICE, BOB), "v2.hex")

    # the void pays more than what waits for a block, so nodes take it instead
    assert house.send("v2.hex")["in_mempool"]
    house.mine()
    assert house.status("treasury/2")["transaction"]["txid"] == txid
    assert house.coordinator.fails("coldquorum broadcast w1.hex --regtest", 6)

    # nobody here builds or signs another version of what is void
    bump = "coldquorum bump treasury/1 --regtest -o late.psbt"
    assert "is void" in house.coordinator.fails(bump, 4)["what"]
    command = house.keyed(ALICE, "coldsign sign w1.psbt -o w1-again.psbt")
    assert house[ALICE].refused(command) == [(6, "chain.voided")]
    assert not (house.folder / "w1-again.psbt").exists()


def test_a_freeze_acts_at_once_and_thawing_waits(house):
    """What is in flight dies, voids do not, and the thaw takes its blocks."""
    house.fund("1BTC", "0.4BTC", "0.3BTC", "0.2BTC")
    house.request("w1.json")
    house.build(house.approve("w1.json", ALICE, BOB), "w1.psbt")
    house.sign("w1.psbt", ALICE)

    said = house.adopt(next_toml(house, 1, "--freeze"), "freeze", ALICE, BOB)
    assert [(c["path"], c["direction"]) for c in said["changes"]] == [
        ("rules.timing.frozen", "tighter")
    ]
    accepted = house[BOB].does("coldsign policy accept freeze-signed.json --yes")
    assert (accepted["epoch"], accepted["waits"]) == (2, False)
    command = house.keyed(BOB, "coldsign sign w1.psbt -o w1-late.psbt")
    assert house[BOB].refused(command) == [(5, "policy.rollback")]

    # nothing new, either: the coordinator's own check says so before anybody walks
    house.request("w2.json", "0.1BTC")
    files = house.approve("w2.json", BOB)
    assert house[ALICE].refused(house.keyed(ALICE, "coldsign approve w2.json -o no.json")) == [
        (6, "withdrawal.policy")
    ]
    house[ALICE].does("coldsign policy accept freeze-signed.json --yes")
    house.approve("w2.json", ALICE)
    files += f" w2-{ALICE}.json"
    build = f"coldquorum build {files} -o w2.psbt --fee-rate 2 --regtest"
    assert house.coordinator.refused(build) == [(8, "timing.frozen")]

    # alice's signature on the first is out: void it, under the freeze
    house.finish(house.sign(void(house, "treasury/1", "v3", ALICE, BOB), ALICE, BOB), "v3.hex")
    house.send("v3.hex")
    height = house.mine()

    # thaw: too early is no policy, not even when all admins sign
    toml = next_toml(house, height).replace("frozen = true", "frozen = false")
    early = toml.replace(f"activation_height = {height + DELAY}", f"activation_height = {height}")
    (house.folder / "early.toml").write_text(early)
    propose = "coldquorum policy propose early.toml -o early.json"
    assert house.coordinator.refused(propose) == [(5, "policy.activation")]
    said = house.adopt(toml, "thaw", ALICE, BOB)
    assert [(c["path"], c["direction"]) for c in said["changes"]] == [
        ("rules.timing.frozen", "looser")
    ]
    accepted = house[ALICE].does("coldsign policy accept thaw-signed.json --yes")
    assert (accepted["waits"], accepted["activation_height"]) == (True, height + DELAY)
    assert house[ALICE].does("coldsign policy accept thaw-signed.json --yes") == accepted

    # until then the freeze governs, from then on the thaw does
    house.request("w4.json", "0.1BTC")
    build = f"coldquorum build {house.approve('w4.json', ALICE, BOB)} -o w4.psbt --regtest"
    assert house.coordinator.refused(build) == [(8, "timing.frozen")]
    house.mine(DELAY)
    house.request("w5.json", "0.1BTC")
    assert house[BOB].refused(house.keyed(BOB, "coldsign approve w5.json -o no.json")) == [
        (6, "withdrawal.policy")
    ]
    house[BOB].does("coldsign policy accept thaw-signed.json --yes")
    house.build(house.approve("w5.json", ALICE, BOB), "w5.psbt")

    # carol heard of none of this: the file itself brings both policies, and she may read them
    seen = house[CAROL].does("coldsign inspect w5.psbt")["review"]
    assert seen["adopted"]["epoch"] == 3
    assert [c["direction"] for c in seen["adopted"]["changes"]] == ["tighter", "looser"]
    house.finish(house.sign("w5.psbt", ALICE, CAROL), "w5.hex")
    house.send("w5.hex")
    house.mine()
    assert house.status("treasury/5")["transaction"]["confirmations"] == 1


def test_a_looser_policy_that_claims_to_be_old_needs_an_officer(house):
    """Stolen admin keys sign a policy proposed long ago, it says; signers have seen later heights.

    A signer that meets it in a transaction refuses. Only an officer who reads it may accept it.
    """
    house.fund("1BTC", "0.4BTC")
    house.request("w1.json")
    house.build(house.approve("w1.json", ALICE, BOB), "w1.psbt")
    house.finish(house.sign("w1.psbt", ALICE, BOB), "w1.hex")
    house.send("w1.hex")
    house.mine()
    toml = next_toml(house, 1).replace("per_payment = 100000000", "per_payment = 999999999")
    said = house.adopt(toml, "stolen", ALICE, BOB)
    assert [c["direction"] for c in said["changes"]] == ["looser"]
    house.request("w2.json", "0.1BTC")
    for name in (ALICE, BOB):
        refused = house[name].refused(house.keyed(name, "coldsign approve w2.json -o no.json"))
        assert refused == [(6, "withdrawal.policy")]
        house[name].does("coldsign policy accept stolen-signed.json --yes")
    house.build(house.approve("w2.json", ALICE, BOB), "w2.psbt")
    house.sign("w2.psbt", ALICE)
    sign = house.keyed(CAROL, "coldsign sign w2.psbt -o no.psbt")
    assert house[CAROL].refused(sign) == [(5, "policy.delay")]
    told = house[CAROL].does("coldsign policy accept stolen-signed.json --yes")
    assert told["changes"][0]["path"] == "rules.amounts.per_payment"
    house.sign("w2.psbt", CAROL)


def test_a_signer_that_is_behind_takes_a_history(house):
    """Carol has never signed; a hundred withdrawals later the file does not reach back so far."""
    house.fund("1BTC", "0.4BTC")
    house.request("w1.json")
    house.build(house.approve("w1.json", ALICE, BOB), "w1.psbt")
    house.finish(house.sign("w1.psbt", ALICE, BOB), "w1.hex")
    house.send("w1.hex")
    house.mine()
    house.fill(120)
    house.request("w122.json", "0.1BTC")
    house.build(house.approve("w122.json", ALICE, BOB), "w122.psbt")
    house.sign("w122.psbt", ALICE)

    sign = house.keyed(CAROL, "coldsign sign w122.psbt -o no.psbt")
    error = house[CAROL].fails(sign, 3)
    assert error["refusals"][0]["rule"] == "chain.behind"
    assert "enrol --history" in error["hint"]
    export = "coldquorum request export-history --vault treasury"
    told = house.coordinator.does(f"{export} -o history.json")
    assert (told["first"], told["last"]) == (1, 122)
    enrol = house.keyed(CAROL, "coldsign enrol vault.json --key carol --history history.json")

    # what does not begin with the first, or was touched, is no history
    house.coordinator.does(f"{export} --from 3 -o late.json")
    late = enrol.replace("history.json", "late.json")
    assert house[CAROL].refused(late) == [(6, "chain.behind")]
    data = (house.folder / "history.json").read_bytes()
    links = data.split(b'"},{"')
    (house.folder / "cut.json").write_bytes(b'"},{"'.join(links[:5] + links[6:]))
    cut = enrol.replace("history.json", "cut.json")
    assert house[CAROL].refused(cut) == [(6, "chain.behind")]

    assert house[CAROL].does(enrol)["sequence"] == 122
    txid = house.finish(f"w122-alice.psbt {house.sign('w122.psbt', CAROL)}", "w122.hex")
    house.send("w122.hex")
    house.mine()
    assert house.status("treasury/122")["transaction"]["txid"] == txid


def test_a_lost_admin_key_is_replaced_by_those_who_remain(house):
    """Carol's approval key is gone: two of three let dave in for her, and it takes its blocks."""
    height = house.coordinator.does("coldquorum regtest info")["height"]
    toml = next_toml(house, height)
    for old, new in (
        ('[roles.admins]\nmembers = ["alice", "bob", "carol"]', '"alice", "bob", "dave"'),
        (
            '[roles.approvers]\nmembers = ["alice", "bob", "carol", "dave"]',
            '"alice", "bob", "dave"',
        ),
    ):
        assert old in toml
        toml = toml.replace(old, f"{old.partition(' = ')[0]} = [{new}]")
    toml = toml.replace("[revoked]\nofficers = []", '[revoked]\nofficers = ["carol"]')
    said = house.adopt(toml, "replace", ALICE, BOB)
    assert {(c["path"], c["new"]): c["direction"] for c in said["changes"]} == {
        ("revoked.carol", "revoked"): "tighter",
        ("roles.admins.members", ""): "tighter",
        ("roles.admins.members", "dave"): "looser",
        ("roles.approvers.members", ""): "tighter",
    }
    # whoever finds carol's key can sign nothing for the next one, and dave can
    tight = next_toml(house, height).replace("max_fee = 100000", "max_fee = 90000")
    (house.folder / "tight.toml").write_text(tight)
    house.coordinator.does("coldquorum policy propose tight.toml -o tight.json")
    for name in (BOB, CAROL):
        house[name].does("coldsign policy accept replace-signed.json --yes")
    sign = "coldsign policy sign tight.json --officer {0} -o tight-{0}.json"
    assert house[CAROL].refused(house.keyed(CAROL, sign.format(CAROL))) == [(5, "policy.admin")]
    for name in (BOB, DAVE):
        house[name].does(house.keyed(name, sign.format(name)))
    both = f"coldquorum policy import tight-{BOB}.json tight-{DAVE}.json"
    assert house.coordinator.does(both)["admins"]["reached"]
