"""A customer's own vault and signers: copies are attacked, no key is touched, nothing is signed."""

import hashlib

import pytest
from holes import hole

from policies.envelope import Envelope
from signer.core.errors import BadInput
from signer.redteam.campaign import thieves
from signer.redteam.estate import Given
from signer.redteam.report import data
from signer.redteam.run import Plan, run


@pytest.fixture
def customer(world, tmp_path):
    """A vault's file, a signer's home with a secret in it, and the bundle that comes next."""
    (tmp_path / "vault.json").write_bytes(Envelope.wrap("vault", world.vault.payload).to_bytes())
    station = next(one for one in world.stations if one.name == "late")
    (station.home / "keys").mkdir(exist_ok=True)
    (station.home / "keys" / "alice.json").write_text("secret")
    bundle = tmp_path / "next.psbt"
    bundle.write_bytes(world.bases[station.newest].bundle.to_bytes())
    return Given(tmp_path / "vault.json", (station.home,), (bundle,))


def attack(given, tmp_path, seed, iterations=150):
    """A short campaign in this process."""
    findings = tmp_path / "findings"
    plan = Plan(seed, iterations, given=given, jobs=1, programs=0, findings=findings)
    return run(plan, lambda _: None)


def fingerprint(folder):
    """Every file of a folder, by its hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def test_a_customers_signer_holds_and_its_home_stays_as_it_is(customer, tmp_path):
    """Named and generated attacks from one honest bundle, which is accepted; all others are not."""
    before = fingerprint(customer.homes[0])
    report = attack(customer, tmp_path, "estate")
    assert report.held, report.wrong
    assert len(report.named) >= 25
    assert all(one.shots and one.refused for one in report.named)
    assert report.tally.attacks == 150
    assert report.tally.accepted == report.tally.honest > 10
    assert report.corrupt == ()
    assert fingerprint(customer.homes[0]) == before
    assert "on copies" in data(report)["target"]


def test_no_key_is_copied(customer):
    """What the campaign works on holds the journal and the pinned documents, and nothing else."""
    (thief,) = thieves("no key", 0, customer)
    names = {path.parts[-2] for path in thief.world.stations[0].home.rglob("*") if path.is_file()}
    assert "keys" not in names
    assert not [p for p in thief.world.stations[0].home.parent.rglob("*") if "alice" in p.name]


def test_without_an_honest_bundle_it_says_that_it_proves_less(customer, tmp_path):
    """The thief invents coins and approvals; nothing is accepted, and no named attack is played."""
    given = Given(customer.vault, customer.homes, ())
    report = attack(given, tmp_path, "no bundle", 60)
    assert report.held
    assert report.named == ()
    assert report.tally.honest == 0
    assert not [step for _, step in report.tally.answers if step == 0]


def test_a_hole_in_a_customers_signer_is_found(customer, tmp_path):
    """A signer whose code does not compare payments: found by name and by chance, and written."""
    with hole("transaction.payments"):
        report = attack(customer, tmp_path, "estate with a hole")
    assert not report.held
    assert "outputs.foreign" in {one.rule for one in report.wrong}
    assert [one.name for one in report.named if one.wrong]
    assert report.findings
    assert all(b"secret" not in path.read_bytes() for path in report.findings)


def test_what_is_not_a_customers_home_is_refused(customer, tmp_path, world):
    """A folder without a journal, a vault that is not enrolled, a file that is no bundle."""
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadInput, match="cannot be copied"):
        thieves("empty", 0, Given(customer.vault, (empty,), ()))
    other = tmp_path / "other.json"
    other.write_bytes(Envelope.wrap("vault", world.other.payload).to_bytes())
    with pytest.raises(BadInput, match="has not enrolled"):
        thieves("other", 0, Given(other, customer.homes, ()))
    noise = tmp_path / "noise.psbt"
    noise.write_bytes(b"psbt\xff\x00")
    with pytest.raises(BadInput, match="not a bundle"):
        thieves("noise", 0, Given(customer.vault, customer.homes, (noise,)))
