"""An appliance in the thief's hands: the station keeps nothing of its answers but what verifies."""

import pytest
from appliance_device import ScriptedSigner, bus, opened, serving, shape
from appliance_machine import World
from around import Notebook

from hw.appliance.messages import Signature, Signed
from signer.core import secp
from signer.core.errors import Refused
from signer.core.sighash import ALL
from signer.station.answer import accept
from signer.station.task import signing_task

NAME = "alice"


class Liar(ScriptedSigner):
    """Says yes at once, and gives the signatures that it was told to give."""

    def __init__(self, signatures):
        super().__init__()
        self.answer.set()
        self.signatures = tuple(signatures)

    def sign(self, psbt, attention):
        """Give them."""
        super().sign(psbt, attention)
        return Signed(self.signatures)


def signatures(facts, world, *, digest=None, name=NAME, sighash=ALL):
    """What an honest appliance gives, but for one thing."""
    key, fingerprint = world.key(name), world.officers[NAME].root.fingerprint
    for at, coin in enumerate(facts.inputs):
        secret = key.branches[coin.branch].derive(coin.index).secret
        der = secp.sign_ecdsa(digest or coin.digest, secret)
        yield Signature(at, coin.key_of(fingerprint), der + bytes((sighash,)))


@pytest.fixture(scope="module")
def world():
    """A world whose alice has an appliance."""
    return World()


def asked(world, made):
    """Have a station ask the appliance on a bus, and take its answer as it takes any device's."""
    facts = world.examine(world.bundle()).facts
    with bus() as line, serving(Liar(made(facts))) as cable:
        line.plug(cable, shape())
        driver = opened()
        task = signing_task(
            facts.psbt,
            facts.vault,
            facts.inputs,
            facts.outputs,
            fingerprint=world.officers[NAME].root.fingerprint,
            registration=None,
        )
        try:
            return accept(task, driver.sign(task), Notebook())
        finally:
            driver.close()


def test_the_truth_is_taken(world):
    """Signatures that verify over the station's own digests."""
    assert asked(world, lambda facts: signatures(facts, world))


@pytest.mark.parametrize(
    ("rule", "lie"),
    [
        ("invalid", {"digest": b"\1" * 32}),
        ("invalid", {"name": "bob"}),
        ("sighash", {"sighash": 2}),
    ],
)
def test_a_wrong_signature_is_refused(world, rule, lie):
    """Of another digest, by another key under ours, for another sighash."""
    with pytest.raises(Refused) as caught:
        asked(world, lambda facts: signatures(facts, world, **lie))
    assert caught.value.refusals[0].rule.endswith(rule)


def test_missing_and_surplus_signatures_are_refused(world):
    """None at all, or one for an input that there is not."""
    with pytest.raises(Refused, match="missing"):
        asked(world, lambda facts: ())

    def surplus(facts):
        found = list(signatures(facts, world))
        return [*found, Signature(len(found), found[0].pubkey, found[0].signature)]

    with pytest.raises(Refused, match="an input that there is not"):
        asked(world, surplus)
