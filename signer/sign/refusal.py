"""How a step says no."""

from signer.core.errors import Fault, Refusal, Refused


def refused(
    step: int,
    rule: str,
    what: str,
    *,
    fault: Fault = Fault.COORDINATOR,
    expected: str = "",
    found: str = "",
    hint: str = "",
) -> Refused:
    """Give one reason, ready to raise; the arguments are those of `Refusal`.

    It is the coordinator that has to act, most often, since it made the file.
    """
    return Refused(Refusal(step, rule, what, fault, expected, found, hint))
