"""The real `coldsign serve`: an officer at its terminal, a host that nobody trusts on its cable."""

import threading
from types import SimpleNamespace

import pytest
from appliance_machine import Machine, coldsign

from hw.errors import Cancelled, DeviceError, RefusedByUser, Rejected
from signer.core import secp
from signer.core.psbt import Psbt
from signer.core.sighash import ALL


@pytest.fixture
def machine(tmp_path):
    """Alice's appliance."""
    return Machine(tmp_path)


class Asked:
    """A request of the host, in a thread of its own while the officer is at the screen."""

    def __init__(self, request, *arguments):
        self.answer = self.error = None
        self._thread = threading.Thread(target=self._run, args=(request, *arguments))
        self._thread.start()

    def _run(self, request, *arguments):
        try:
            self.answer = request(*arguments)
        except DeviceError as error:
            self.error = error

    def end(self):
        """Wait for the answer."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self


def test_an_officer_reviews_and_signs_what_a_host_sent(machine):
    """The review is on the appliance's screen; the signatures verify over our own digests."""
    raw = machine.world.bundle()
    with machine.serving(secret=False) as (screen, driver):
        asked = Asked(driver.sign, machine.task(raw))
        shown = screen.answer("sign it? [type yes]: ", "yes")
        assert "withdrawal 1 from" in shown
        assert "0.003 000 00 BTC" in shown
        screen.answer("passphrase for the key alice: ", "a passphrase of the tests")
        screen.expect("signed  1 of 2: alice; given to the host")
        found = asked.end().answer.signatures
    facts = machine.world.examine(raw).facts
    assert [one.input for one in found] == list(range(len(facts.inputs)))
    for one, coin in zip(found, facts.inputs, strict=True):
        assert one.pubkey == coin.key_of(machine.fingerprint)
        assert one.signature[-1] == ALL
        assert secp.verify_ecdsa(coin.digest, one.signature[:-1], one.pubkey)
    assert len(machine.events()) == 1


def test_keys_and_addresses_of_enrolled_vaults_only(machine):
    """The account's key, which coordinators know, and an address that the officer compares."""
    facts = machine.facts
    key = facts.cosigner(machine.fingerprint)
    with machine.serving() as (screen, driver):
        assert driver.registered(facts, None)
        assert driver.xpub(key.path, facts.chain) == key.xpub
        for path in ((), key.path[:-1], (*key.path, 0), tuple(s & 0xFFFF for s in key.path)):
            with pytest.raises(DeviceError):
                driver.xpub(path, facts.chain)
        asked = Asked(driver.show_address, facts, SimpleNamespace(branch=0, index=3), None)
        shown = screen.answer("does the other screen say the same? [type yes]: ", "yes")
        address = asked.end().answer
        assert address == machine.world.vault.address(0, 3)
        assert "address 0/3" in shown
        assert " ".join(address[at : at + 4] for at in range(0, len(address), 4)) in shown
        asked = Asked(driver.show_address, facts, SimpleNamespace(branch=1, index=0), None)
        screen.answer("does the other screen say the same? [type yes]: ", "no")
        assert isinstance(asked.end().error, RefusedByUser)


def test_an_officer_who_says_no_signs_nothing(machine):
    """The host hears that a person refused, the journal has no signature, and the next is asked."""
    raw = machine.world.bundle()
    with machine.serving() as (screen, driver):
        for _ in range(2):
            asked = Asked(driver.sign, machine.task(raw))
            screen.answer("sign it? [type yes]: ", "no")
            assert isinstance(asked.end().error, RefusedByUser)
            screen.expect("the officer did not say yes")
    assert machine.events() == []


def test_a_host_that_asks_without_approvals_is_refused_at_the_step(machine):
    """Whoever holds the cable gets a numbered reason, and the officer is not even asked."""
    world = machine.world
    with machine.serving("--yes") as (screen, driver):
        with pytest.raises(Rejected, match=r"step 6: .*\[approvals\.quorum\]"):
            driver.sign(machine.task(world.bundle(world.approve(world.withdrawal(), ("alice",)))))
        screen.expect("refused:")

        def steal(draft):
            draft.outputs[0].script = world.foreign_script()

        with pytest.raises(Rejected, match=r"step 7: .*\[transaction\.payments\]"):
            driver.sign(machine.task(world.bundle(tamper=steal)))
        with pytest.raises(Rejected, match="cannot do it"):
            driver.sign(machine.task(b"psbt\xff and then nothing"))
        assert "sign it?" not in screen.screen
        assert driver.sign(machine.task(world.bundle())).signatures
    assert len(machine.events()) == 1


@pytest.mark.parametrize("question", ["sign it? [type yes]: ", "passphrase for the key alice: "])
def test_the_host_takes_it_back_while_the_officer_reads(machine, question):
    """The question ends by itself, half an answer is dropped, nothing is journalled or signed."""
    raw = machine.world.bundle()
    with machine.serving(secret=False) as (screen, driver):
        asked = Asked(driver.sign, machine.task(raw))
        if question.startswith("pass"):
            screen.answer("sign it? [type yes]: ", "yes")
        screen.expect(question)
        screen.send("ye", end="")
        driver.cancel()
        screen.expect("the host took it back: nothing was signed")
        assert isinstance(asked.end().error, Cancelled)
        assert machine.events() == []
        asked = Asked(driver.sign, machine.task(raw))
        screen.answer("sign it? [type yes]: ", "no")
        assert isinstance(asked.end().error, RefusedByUser)


def test_a_wrong_passphrase_is_a_failure_and_not_the_end(machine):
    """The officer mistypes: the host hears that it failed, and may ask again."""
    raw = machine.world.bundle()
    with machine.serving(secret=False) as (screen, driver):
        asked = Asked(driver.sign, machine.task(raw))
        screen.answer("sign it? [type yes]: ", "yes")
        screen.answer("passphrase for the key alice: ", "another passphrase")
        assert isinstance(asked.end().error, Rejected)
        asked = Asked(driver.sign, machine.task(raw))
        screen.answer("sign it? [type yes]: ", "yes")
        screen.answer("passphrase for the key alice: ", "a passphrase of the tests")
        assert asked.end().answer.signatures
    assert len(machine.events()) == 1


def test_a_replayed_file_gives_the_same_signatures_and_no_other(machine):
    """The same file again, after the officer's yes again: deterministic, so nothing new leaks."""
    raw = machine.world.bundle()
    with machine.serving("--yes") as (_screen, driver):
        first = driver.sign(machine.task(raw)).signatures
        assert driver.sign(machine.task(raw)).signatures == first
    assert len(Psbt.parse(raw).inputs) == len(first)


def test_without_endpoints_it_says_where_to_look(machine, tmp_path):
    """A path that is not there is a problem of the machine, told before any host comes."""
    ended = coldsign(
        *("serve", "--ep-in", tmp_path / "none", "--ep-out", tmp_path / "none"),
        *("--home", machine.home),
    )
    assert ended.code == 4
    assert "the endpoints cannot be opened" in ended.err
    assert "docs/appliance.md" in ended.err
