"""The file is exchanged while the officer reads: what is signed is not what was shown."""

import pytest
from alices_machine import Program
from defences import finished, paid, without

from signer.core.errors import Fault, Refused
from signer.core.psbt import Psbt
from signer.core.sighash import Bip143
from signer.sign import sign
from signer.sign.state import State

LOCKS = ("bytes.changed", "bytes.digests")


def exchanged(world):
    """What the thief puts in its place: the same coins, the thief's address."""
    return world.bundle(tamper=lambda draft: setattr(draft.outputs[0], "script", loot(world)))


def loot(world):
    """The thief's address."""
    return world.foreign_script()


def signs(world, home, name, shown, again):
    """Show one file, and sign another."""
    home.mkdir(parents=True, exist_ok=True)
    state = world.state(home / name, name)
    return sign.sign(world.examine(shown), again, world.key(name), state).raw


def test_a_changed_file_is_refused(world, tmp_path):
    """Step 10 reads the file again and compares its hash; nothing is journalled."""
    with pytest.raises(Refused) as caught:
        signs(world, tmp_path, "alice", world.bundle(), exchanged(world))
    (refusal,) = caught.value.refusals
    assert (refusal.step, refusal.rule, refusal.fault) == (10, "bytes.changed", Fault.MACHINE)
    assert "writes to it" in refusal.hint
    assert State(tmp_path / "alice").vaults[world.vault.id].signed == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_each_of_two_locks_stops_it(world, tmp_path, lock):
    """The hash of the bytes; and the digests that were established from what was shown."""
    with (
        without(*(other for other in LOCKS if other != lock), all_needed=False),
        pytest.raises(Refused) as caught,
    ):
        signs(world, tmp_path, "alice", world.bundle(), exchanged(world))
    assert [(r.step, r.rule) for r in caught.value.refusals] == [(10, lock)]


def test_without_both_a_signature_is_still_for_what_was_shown(world, tmp_path):
    """What is signed are the digests of step 3: in the other transaction they are worth nothing."""
    honest, other = world.bundle(), exchanged(world)
    with without(*LOCKS):
        files = [Psbt.parse(signs(world, tmp_path, n, honest, other)) for n in ("alice", "bob")]
    assert files[0].tx == Psbt.parse(other).tx
    with pytest.raises(Refused, match="consensus code says no"):
        finished(world, files[0].tx, [_signatures(files)])


def test_with_digests_of_the_file_as_it_is_now_the_money_is_gone(world, tmp_path, monkeypatch):
    """Two officers look at the honest file, and credulous machines sign the other one."""

    def journalled(checked, again, fingerprint, state):
        psbt = step_10(checked, again, fingerprint, state)
        bip143 = Bip143(psbt.tx)
        for at, coin in enumerate(checked.facts.inputs):
            digest = bip143.digest(at, coin.script.witness_script, coin.amount)
            object.__setattr__(coin, "digest", digest)
        return psbt

    honest, other = world.bundle(), exchanged(world)
    with without(*LOCKS):
        step_10 = sign.journalled
        monkeypatch.setattr(sign, "journalled", journalled)
        files = [Psbt.parse(signs(world, tmp_path, n, honest, other)) for n in ("alice", "bob")]
        monkeypatch.undo()
    tx = finished(world, files[0].tx, [_signatures(files)])
    assert paid(tx, loot(world)) == 300_000


def _signatures(files):
    """Everybody's for the first coin."""
    return [signature for psbt in files for signature in psbt.inputs[0].partial_sigs]


@pytest.mark.parametrize("change", [lambda raw: raw + b"\x00", lambda raw: raw[:-1]])
def test_one_byte_is_a_change(world, tmp_path, change):
    """Even where the transaction is the same."""
    with pytest.raises(Refused) as caught:
        signs(world, tmp_path, "alice", world.bundle(), change(world.bundle()))
    assert [r.rule for r in caught.value.refusals] == ["bytes.changed"]


def test_the_program_at_a_terminal_refuses(world, tmp_path):
    """The real program asks; the file is exchanged under the question; the officer says yes."""
    program = Program(world, tmp_path / "home")
    folder = tmp_path / "stick"
    folder.mkdir()
    with program.at_terminal(world.bundle(), folder) as terminal:
        terminal.expect("sign it? [type yes]: ")
        (folder / "in.psbt").write_bytes(exchanged(world))
        terminal.send("yes")
        ended = terminal.finish()
    program.expect_refusal(ended, folder, 10, "bytes.changed")


def test_the_program_signs_what_stayed_the_same(world, tmp_path):
    """The control: the same machine, the same question, the same answer."""
    program = Program(world, tmp_path / "home")
    folder = tmp_path / "stick"
    folder.mkdir()
    with program.at_terminal(world.bundle(), folder) as terminal:
        terminal.answer("sign it? [type yes]: ", "yes")
        ended = terminal.finish()
    assert ended.code == 0, ended.err
    signed = Psbt.parse((folder / "signed.psbt").read_bytes())
    assert len(signed.inputs[0].partial_sigs) == 1
