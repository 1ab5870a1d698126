"""What a rule is: some settings read from the policy, and a judgement of one transaction.

A rule's fields are its settings, each with its kind (`policies/rules/setting.py`), so that
reading, writing, comparing and explaining are the same for all; only `check` is each rule's own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Self

from policies.change import Change, Direction
from policies.errors import Fault, Refusal
from policies.explain import PLAIN, Words
from policies.quorum import Demand
from policies.rules.setting import Kind, given, plain, said
from policies.rules.windows import Window, longest
from policies.spend import Spend
from policies.strict_json import Fields
from policies.value import Limit
from policies.withdrawal import Withdrawal

STEP = 8
"""The rules are step 8 of a signer's checks."""

Table = Mapping[str, Any]
"""A rule's own table in the policy."""


@dataclass(frozen=True, slots=True)
class Rule(ABC):
    """One rule with its limits. Implementations are frozen: a rule never changes its mind."""

    NAME: ClassVar[str]
    """The rule's table in the policy, `rules.<NAME>`, and the head of its sentences' keys."""

    GRANTS: ClassVar[bool] = False
    """Whether a policy without the rule is tighter, not looser."""

    @abstractmethod
    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Give every reason against the transaction; none means that it may pass."""

    def warn(self, spend: Spend) -> tuple[str, ...]:  # noqa: ARG002 -- most rules have no warning
        """Give what is allowed and yet worth a second look."""
        return ()

    def demands(self, withdrawal: Withdrawal) -> tuple[Demand, ...]:  # noqa: ARG002 -- few demand
        """Give who has to approve a withdrawal that falls under this rule."""
        return ()

    def every_demand(self) -> tuple[Demand, ...]:
        """Give everything that the rule may demand of any withdrawal."""
        return ()

    @property
    def window(self) -> int:
        """How many blocks of the chain before a withdrawal the rule looks at."""
        return longest(
            one
            for _, _, value in self._settings()
            if isinstance(value, tuple)
            for one in value
            if isinstance(one, Window)
        )

    @classmethod
    def parse(cls, rules: Fields) -> Self:
        """Read this rule's table out of the policy's `rules`.

        Raises:
            BadInput: a key unknown, missing or out of range.
        """
        needed = [f.name for f in fields(cls) if f.default is f.default_factory is MISSING]
        table = rules.table(cls.NAME, required=needed, optional=[f.name for f in fields(cls)])
        readers = {f.name: f.metadata["setting"].read for f in fields(cls) if f.name in table.raw}
        return cls(**{name: read(table, name) for name, read in readers.items()})

    def to_table(self) -> Table:
        """Give the rule's table, such that `parse` reads it back."""
        return dict(plain(self))

    def compare(self, new: Self) -> tuple[Change, ...]:
        """Give every difference to a newer version of this rule."""
        pairs = zip(self._settings(), new._settings(), strict=True)
        return tuple(
            changed(
                f"rules.{self.NAME}.{name}",
                said(kind, old),
                said(kind, value),
                tighter=given(value) and (not given(old) or kind["setting"].tighter(old, value)),
            )
            for (name, kind, old), (_, _, value) in pairs
            if old != value
        )

    def explain(self, words: Words = PLAIN) -> tuple[str, ...]:
        """Say in sentences all that the rule demands, for officers and auditors."""
        return self.summary(words)

    def summary(self, words: Words = PLAIN) -> tuple[str, ...]:
        """Say it without long lists, for a screen that has other things to show."""
        sentences = [words.say(self.NAME)]
        for name, kind, value in self._settings():
            told = kind["setting"].tell(words, value) if given(value) else ()
            sentences += [words.say(f"{self.NAME}.{name}", **one) for one in told]
        return tuple(sentences)

    def _settings(self) -> Iterator[tuple[str, Kind, Any]]:
        for one in fields(self):
            yield one.name, one.metadata, getattr(self, one.name)


def changed(path: str, old: str, new: str, *, tighter: bool) -> Change:
    """Make a change: whatever is not known to be tighter is looser."""
    return Change(path, old, new, Direction.TIGHTER if tighter else Direction.LOOSER)


def refusal(rule: str, what: str, expected: str, found: str, hint: str) -> Refusal:
    """Make a rule's refusal: the coordinator built what the policy does not allow."""
    return Refusal(STEP, rule, what, Fault.COORDINATOR, expected, found, hint)


def sats(amount: Limit | int) -> str:
    """Write an amount in the coin's smallest unit, digits grouped, as `100 000 sat`."""
    return PLAIN.money(amount)
