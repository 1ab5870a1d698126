"""How a refusal is told: in full, unless a thief made it long."""

import pytest

from policies.errors import LONGEST, BadInput, Fault, Problem, Refusal, Refused


@pytest.mark.parametrize("field", ["what", "expected", "found"])
@pytest.mark.parametrize(("length", "cut"), [(LONGEST, False), (LONGEST + 1, True)])
def test_a_long_text_is_cut_and_says_so(field, length, cut):
    """To the limit it stands in full; beyond, it ends with its length, and is no longer."""
    texts = {"what": "a", "expected": "b", "found": "c"} | {field: "x" * length}
    told = getattr(Refusal(8, "rule", fault=Fault.COORDINATOR, **texts), field)
    assert len(told) == LONGEST
    assert told.endswith(f"x... ({length} characters)" if cut else "x")
    assert set(told) == ({*"x... ( characters)", *str(length)} if cut else {"x"})


def test_the_first_of_several_refusals_is_the_headline():
    """What a person reads first; the others are all there."""
    first = Refusal(6, "a", "one", Fault.OFFICER, "b", "c", "d")
    error = Refused(first, Refusal(8, "e", "two", Fault.COORDINATOR))
    assert [one.rule for one in error.refusals] == ["a", "e"]
    assert str(error) == "one"
    assert (error.what, error.fault, error.expected) == ("one", Fault.OFFICER, "b")
    assert (error.found, error.hint, error.exit_code) == ("c", "d", 3)


def test_programs_learn_from_the_exit_code_what_went_wrong():
    """4 where the input is bad, 1 where it is nothing better known; as the manual lists them."""
    codes = [kind("what", fault=Fault.MACHINE).exit_code for kind in (BadInput, Problem)]
    assert codes == [4, 1]
