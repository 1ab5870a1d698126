"""What a signer checks before it accepts a descriptor record (BIP129, round 2, "Signer").

The coordinator has the token, so a MAC that fits says nothing about it. What it cannot do is to
know better than the signer which key is the signer's own, and what M and N the officers agreed on.
That the *other* keys are the other officers', the officers alone can tell: by the first address,
which every signer shows.
"""

from dataclasses import dataclass

from signer.carry.bsms import DescriptorRecord
from signer.core.address import address_of
from signer.core.coins import Network
from signer.core.descriptor import Descriptor, VaultKey
from signer.core.errors import BadInput, Fault, Refusal, Refused
from signer.core.script import multisig

_STEP = 2
"""Which vault it is: the same question as a signer's second step."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that passed. Only `check` makes one.

    Attributes:
        form: the vault's descriptor.
        position: of the own key in it, from 1.
        address: the first receive address, derived here.
    """

    form: Descriptor
    position: int
    address: str


def check(
    record: DescriptorRecord, own: VaultKey, network: Network, *, threshold: int, keys: int
) -> Accepted:
    """Check a record, in order.

    Args:
        record: what the coordinator sent.
        own: the key that this signer gave in round 1.
        network: the one that the key was given for.
        threshold: M, as the officers agreed on it.
        keys: N, likewise.

    Raises:
        Refused: the first check that fails.
    """
    # (1) the form is a vault's, with exactly the path restrictions of one
    try:
        form = record.vault_form(network)
    except BadInput as problem:
        raise _refused(
            "form", problem.what, problem.expected, problem.found, problem.hint
        ) from None
    # (2) the own key is in it: the whole of it, since another with its fingerprint is soon made
    places = [at for at, key in enumerate(form.keys, 1) if key == own]
    if not places:
        raise _refused(
            "own_key",
            "this signer's key is not in the record",
            str(own.to_text(network.xpub)),
            ", ".join(str(key.origin) for key in form.keys),
            "do not pay to this wallet: it is not the one that this key was given for",
        )
    # (3) M and N: a key that was put in, or a lower threshold
    if (form.threshold, len(form.keys)) != (threshold, keys):
        raise _refused(
            "quorum",
            "another quorum than the officers agreed on",
            f"{threshold} of {keys}",
            f"{form.threshold} of {len(form.keys)}",
            "ask the other officers what they agreed on, not the coordinator",
        )
    # (4) the first address follows from all of that
    address = first_address(form, network)
    if address != record.address:
        raise _refused(
            "first_address",
            "the first address does not follow from the descriptor",
            address,
            record.address,
            "do not pay to this address",
        )
    return Accepted(form, places[0], address)


def first_address(form: Descriptor, network: Network) -> str:
    """The first address of the first path restriction, `/0/*`."""
    keys = sorted(key.xpub.derive(0).derive(0).key for key in form.keys)
    script = form.form.of(multisig(form.threshold, keys)).script_pubkey
    return str(address_of(script, "BTC", network.name))


def _refused(rule: str, what: str, expected: str, found: str, hint: str) -> Refused:
    fault = Fault.COORDINATOR
    return Refused(Refusal(_STEP, f"bsms.{rule}", what, fault, expected, found, hint))
