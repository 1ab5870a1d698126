"""The rules of a policy: one file each, and this table. All must pass."""

from policies.rules.amounts import Amounts
from policies.rules.approvals import Approvals
from policies.rules.destinations import Destinations
from policies.rules.fees import Fees
from policies.rules.rule import Rule
from policies.rules.timing import Timing

__all__ = ["MANDATORY", "RULES", "Amounts", "Approvals", "Destinations", "Fees", "Rule", "Timing"]

RULES: dict[str, type[Rule]] = {
    Amounts.NAME: Amounts,
    Destinations.NAME: Destinations,
    Fees.NAME: Fees,
    Approvals.NAME: Approvals,
    Timing.NAME: Timing,
}
"""Every rule that a policy may have, in the order in which they are checked and shown."""

MANDATORY = (Amounts.NAME, Fees.NAME, Approvals.NAME, Timing.NAME)
"""Rules without which a policy is none: what is not limited is denied."""
