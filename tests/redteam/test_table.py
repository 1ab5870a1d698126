"""The table of named attacks is complete: all of tests/attacks, and every scheme asked for."""

import re
from pathlib import Path

import pytest

from signer.redteam.table import ATTACKS, ON_BUNDLES

ATTACK_FILES = Path(__file__).parents[1] / "attacks"
NAMES = {attack.name for attack in ATTACKS} | {"changed after review"}

ROWS = {
    "test_amount_off_by_one": {"amount off by one"},
    "test_anchor_not_spent": {"anchor not spent"},
    "test_another_vaults_approval": {"another vault's approval", "another coin's approval"},
    "test_changed_after_review": {"changed after review"},
    "test_corrupt_approvers": {"bribed quorum", "unlisted destination", "cooling", "false purpose"},
    "test_duplicate_json_keys": {"duplicate JSON keys"},
    "test_duplicate_keys": {"duplicate keys"},
    "test_emptied_by_and_by": {
        *("velocity", "velocity of one", "velocity elsewhere", "fee drain", "history forgotten"),
        *("history laundered",),
    },
    "test_every_other_sighash": {"sighash bytes"},
    "test_expired": {"expired"},
    "test_extra_output": {"extra output", "data output"},
    "test_fees": {"fee burn", "more out than in"},
    "test_final_sequences": {"final sequences"},
    "test_foreign_change": {"foreign change"},
    "test_height_lies": {"height lies"},
    "test_keys_that_anybody_signs_for": {"keys of nobody"},
    "test_long_compact_sizes": {"long sizes"},
    "test_lookalike_vault": {"look-alike vault"},
    "test_lying_witness_utxo": {"lying witness utxo"},
    "test_misplaced_change": {"change on receive", "change past the gap", "second change"},
    "test_one_coin_twice": {"one coin twice"},
    "test_one_number_twice": {"quorum shopping", "voided"},
    "test_oversized_counts": {"oversized counts"},
    "test_policy_rolled_back": {"policy rolled back", "frozen"},
    "test_policy_takeover": {"own policy", "policy fork", "loosened early"},
    "test_previous_transaction": {"previous missing", "previous of another"},
    "test_replayed_withdrawal": {"replay", "anchor reused"},
    "test_spoofed_text": {"spoofed text"},
    "test_stuffed_signatures": {"foreign signature"},
    "test_swapped_destination": {"swapped destination"},
    "test_too_few_approvals": {
        *("no approvals", "approvals reordered", "too few approvals", "one officer twice"),
        *("no officer", "initiator approves", "revoked officer", "officer's ceiling"),
        *("tier evasion",),
    },
    "test_trailing_bytes": {"trailing bytes"},
    "test_unknown_fields": {"documents stripped"},
    "test_version_2_fields": {"mixed versions"},
    "test_wrong_scripts": {"wrong scripts"},
}
"""Which rows play what a file of tests/attacks shows against Bitcoin Core's consensus code."""

NO_BUNDLE = {
    "test_cross_coin": "the campaign's house holds BTC alone: one row has another coin",
    "test_tokens": "the campaign's house holds BTC, which carries no tokens",
    "test_prices_bent": "the campaign's house has no limits by value",
    "test_group_hidden": "the campaign's house has one vault under each limit",
    "test_one_foreign_key_of_many": "it takes 171 coins in one bundle: the campaign's have a few",
    "test_chosen_nonce": "a signing library turns thief: no bundle brings that about (step 11)",
}
"""Attacks without a row, and why."""

NOT_ATTACKS = {"test_threat_model", "test_without", "test_known_limits"}

ASKED_FOR = {
    "velocity evasion by quorum shopping": {"velocity elsewhere", "quorum shopping"},
    "height lies": {"height lies"},
    "anchor reuse": {"anchor reused"},
    "policy forks": {"policy fork"},
    "cross-vault replay": {"another vault's approval"},
    "cross-coin and cross-network replay": {"another coin's approval"},
    "fee drain over many withdrawals": {"fee drain"},
    "approvals stripped": {"no approvals", "too few approvals"},
    "approvals reordered": {"approvals reordered"},
    "approvals duplicated": {"one officer twice"},
    "mixed-version bundles": {"mixed versions"},
}
"""The schemes that have no file in tests/attacks of their own name."""


def test_every_attack_file_has_its_rows_or_a_reason():
    """A new file in tests/attacks needs a row here, or has to say why not."""
    files = {path.stem for path in ATTACK_FILES.glob("test_*.py")}
    assert files == {*ROWS, *NO_BUNDLE, *NOT_ATTACKS}
    assert not set(ROWS) & set(NO_BUNDLE)


def test_every_row_belongs_to_something():
    """No row is there for nothing, and none that is asked for is missing."""
    wanted = {row for rows in (*ROWS.values(), *ASKED_FOR.values()) for row in rows}
    assert wanted == NAMES


def test_every_row_says_who_may_refuse_it():
    """Names are unique, stories are told, and the steps 1 to 8 each refuse some row."""
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert all(attack.story and attack.steps for attack in ATTACKS)
    assert {step for attack in ATTACKS for step in attack.steps} == set(range(1, 9))
    assert set(ON_BUNDLES) <= set(ATTACKS)


@pytest.mark.parametrize("row", sorted(NAMES))
def test_the_page_of_the_redteam_tells_of_every_row(row):
    """docs/redteam.md lists them all."""
    text = (Path(__file__).parents[2] / "docs" / "redteam.md").read_text()
    assert re.search(rf"^\| {re.escape(row)} \|", text, re.MULTILINE)


def test_the_long_run_on_the_page_adds_up():
    """Its table is one run's: the classes come to the sums, and these to the attacks it names."""
    text = (Path(__file__).parents[2] / "docs" / "redteam.md").read_text()
    _, _, told = text.partition("## A long run")
    rows = {
        cells[0]: [int(cell.replace(" ", "").replace(".", "0")) for cell in cells[1:]]
        for line in told.splitlines()
        if line.startswith("| ") and "harmless" not in line
        for cells in [line.strip("| ").split(" | ")]
    }
    sums = rows.pop("all")
    assert [sum(column) for column in zip(*rows.values(), strict=True)] == sums
    (attacks,) = re.findall(r"\*\*([\d ]+) generated attacks", told)
    assert sum(sums) == int(attacks.replace(" ", ""))
    steps = re.findall(r"^- step (\d): (.+)$", told, re.MULTILINE)
    for step, rules in steps:
        counts = [int(number.replace(" ", "")) for number in re.findall(r"` ([\d ]+)", rules)]
        assert sum(counts) == sums[int(step)], step
    assert [int(step) for step, _ in steps] == list(range(1, 9))
