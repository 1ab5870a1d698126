"""`coldquorum demo --usb`: alice's key on a simulated Coldcard, bob's machine an appliance."""

import pytest
from programs import program


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The demo as `coldquorum demo --usb --json` plays it, its folder kept."""
    folder = tmp_path_factory.mktemp("demo")
    done = program(
        ("coldquorum", "demo", "--usb", "--json", "--keep", folder / "kept"),
        cwd=folder,
        home=folder / "home",
    )
    assert done.code == 0, done.err[-3000:]
    return done.answer, folder / "kept"


def test_both_devices_sign_and_the_chain_takes_it(played):
    """The Coldcard and the appliance make the quorum; Bitcoin Core's own code verified it."""
    answer, _ = played
    assert answer["engine"].startswith("py-bitcoinkernel")
    stories = {step["story"] for step in answer["steps"]}
    assert {
        "tells her Coldcard the vault",
        "reviews it; her Coldcard signs",
        "reviews it; bob's appliance signs",
        "reads it on his own screen, and signs",
    } <= stories
    commands = [step["command"] for step in answer["steps"]]
    assert any(command.startswith("coldsign serve ") for command in commands)


def test_the_station_refuses_for_the_coldcard_what_a_signer_refuses(played):
    """A Coldcard checks no approvals: the station in front of it refuses at the same steps."""
    answer, _ = played
    assert len(answer["refusals"]) == 3
    for refusal in answer["refusals"]:
        assert {signer["officer"] for signer in refusal["signers"]} == {"alice", "carol"}
        assert {signer["step"] for signer in refusal["signers"]} >= {refusal["step"]}


def test_no_secret_lies_at_the_station(played):
    """Alice's station has no key of the vault: her Coldcard held it, and is gone."""
    _, folder = played
    assert not list((folder / "alice/home/keys").glob("*.seed"))
    assert list((folder / "bob/home/keys").glob("*.seed"))
