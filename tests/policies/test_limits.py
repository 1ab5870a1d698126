"""The limits of the documents, as numbers.

They are of the format, not of one program: if one machine takes what another refuses, a vault
stands still, or a reader can be made to see less than another. Whoever changes one does so
here, too.
"""

import policy_world
import pytest

from policies import envelope, policy, strict_json, withdrawal
from policies.rules import destinations
from policies.strict_json import shown

LIMITS = {
    envelope: {"MAX_DOCUMENT": 1_048_576, "MAX_SIGNATURES": 100},
    policy: {
        "VERSION": 1,
        "MAX_POLICY": 131_072,
        "MAX_EPOCH": 1_000_000,
        "MAX_DELAY": 1_000_000,
    },
    strict_json: {"MAX_DEPTH": 16, "MAX_INTEGER": 9_223_372_036_854_775_807, "MAX_TEXT": 500},
    withdrawal: {
        "VERSION": 1,
        "GENESIS": 0,
        "MAX_HEIGHT": 499_999_999,
        "MAX_SEQUENCE": 1_000_000,
        "MAX_VOUT": 4_294_967_295,
    },
    destinations: {"MAX_RANGE": 1_000},
}


@pytest.mark.parametrize("module", LIMITS, ids=lambda module: module.__name__)
def test_the_limits_are_those_of_the_format(module):
    """In bytes, characters, blocks and pieces."""
    assert {name: getattr(module, name) for name in LIMITS[module]} == LIMITS[module]


def test_an_untrusted_value_fits_on_a_line():
    """Eighty characters, then how many there were."""
    assert shown("x" * 78) == "'" + "x" * 78 + "'"
    assert shown("x" * 79) == "'" + "x" * 79 + "... (81 characters)"


def test_what_is_printed_of_a_document_is_not_all_of_it():
    """A payload or a signature in a traceback would fill the screen, and a log."""
    signed = envelope.Envelope("type", b"the payload", (envelope.Signature("key", b"the sig"),))
    assert "the" not in repr(signed)
    for document in (policy_world.policy(), policy_world.withdrawal()):
        assert "payload=" not in repr(document)
