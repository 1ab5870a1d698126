"""Strict JSON: whatever two readers could take differently is refused."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import BadInput, Fault
from policies.strict_json import (
    ADDRESS,
    DIGEST,
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_TEXT,
    NAME,
    Fields,
    dump,
    load,
    shown,
    together,
)

LIMIT = 1 << 20


def read(data):
    """Load with the usual limit."""
    return load(data, limit=LIMIT, what="note")


def read_or_none(data):
    """Load, or give None for bad input; anything else is raised."""
    try:
        return read(data)
    except BadInput:
        return None


def nested(levels):
    """Give an object whose value nests, so many levels in all."""
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a":1,"a":1}', "occurs twice"),
        (b'{"a":1,"\\u0061":2}', "occurs twice"),
        (b'{"b":{"a":1,"a":2}}', "occurs twice"),
        (b'{"b":[{"a":1,"a":2}]}', "occurs twice"),
        (b'{"a":1.0}', "whole numbers"),
        (b'{"a":1e8}', "whole numbers"),
        (b'{"a":0.1}', "whole numbers"),
        (b'{"a":NaN}', "whole numbers"),
        (b'{"a":Infinity}', "whole numbers"),
        (b'{"a":-Infinity}', "whole numbers"),
        (b'{"a":-0}', "out of range"),
        (b'{"a":9223372036854775808}', "out of range"),
        (b'{"a":-9223372036854775808}', "out of range"),
        (b'{"a":' + b"9" * 5000 + b"}", "out of range"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":+1}', "not JSON"),
        (b'{"a":0x10}', "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b'{"a":1} {"a":2}', "not JSON"),
        (b'{"a":1}\x00', "not JSON"),
        (b'{"a":1', "not JSON"),
        (b'{"a":"line\nend"}', "not JSON"),
        (b"", "not JSON"),
        (b"   ", "not JSON"),
        (b'\xef\xbb\xbf{"a":1}', "not JSON"),
        ('{"a":1}'.encode("utf-16"), "not UTF-8"),
        ('{"a":1}'.encode("utf-16-le"), "not JSON"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b"1", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"a"', "not a JSON object"),
        (nested(MAX_DEPTH + 1), "too deeply"),
        (b'{"b":1,' + nested(MAX_DEPTH + 1)[1:], "too deeply"),
        (b'{"b":[[1,' + nested(MAX_DEPTH - 2) + b"]]}", "too deeply"),
        (b'{"a":' + b"[" * 200_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
    ],
)
def test_ambiguous_or_broken_json_is_refused(data, why):
    """Duplicate keys, floats, other encodings, depth and trailing bytes never get through."""
    with pytest.raises(BadInput, match=why) as caught:
        read(data)
    assert caught.value.what.startswith("note: ")
    assert "\n" not in f"{caught.value.what}{caught.value.found}{caught.value.hint}"
    assert len(caught.value.found) < 200


def test_the_limits_themselves_are_allowed():
    """The deepest nesting, the largest integers and the exact size pass."""
    assert read(nested(MAX_DEPTH))
    assert read(nested(MAX_DEPTH).replace(b"[]", b"[1]"))
    assert read(b'{"b":[],' + nested(MAX_DEPTH)[1:])
    assert read(b'{"b":[],' + nested(MAX_DEPTH).replace(b"[]", b"[1]")[1:])
    assert read(b'{"b":[[1,' + nested(MAX_DEPTH - 3) + b"]]}")
    assert read(b'{"a":%d,"b":-%d}' % (MAX_INTEGER, MAX_INTEGER)) == {
        "a": MAX_INTEGER,
        "b": -MAX_INTEGER,
    }
    assert load(b'{"a":1}', limit=7, what="note") == {"a": 1}


def test_size_is_checked_before_parsing():
    """One byte over the limit is refused whatever it says."""
    with pytest.raises(BadInput, match="too large") as caught:
        load(b"\xff" * 8, limit=7, what="note", fault=Fault.OFFICER)
    assert caught.value.fault is Fault.OFFICER


def test_the_key_that_occurs_twice_is_told():
    """Among others, before and after it."""
    with pytest.raises(BadInput, match="occurs twice") as caught:
        read(b'{"a":1,"b":1,"c":1,"b":2}')
    assert caught.value.found == "'b'"


def test_many_keys_do_not_take_quadratic_time():
    """A megabyte of keys is read in linear time, and so is one with a late repetition."""
    keys = ",".join(f'"{n}":0' for n in range(90_000))
    assert len(read(b"{" + keys.encode() + b"}")) == 90_000
    with pytest.raises(BadInput, match="occurs twice"):
        read(b"{" + keys.encode() + b',"89999":1}')


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,  # each level has a leaf or is the last: far below the deepest
)


@given(st.dictionaries(TEXT, PLAIN, max_size=5))
def test_what_we_write_we_read_back(table):
    """Dump and load agree, and writing again gives the same bytes."""
    data = dump(table)
    found = read(data)
    assert found == table
    assert dump(found) == data


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(data):
    """Arbitrary bytes are an object or bad input, never another exception."""
    assert isinstance(read_or_none(data), dict | None)


@given(st.text(alphabet='{}[]":,0123456789.eE-+aNIntrufls\\ \t\n', max_size=60))
def test_strict_is_a_part_of_lenient(text):
    """Whatever we accept, Python's own reader takes for the same."""
    found = read_or_none(text.encode())
    assert found is None or json.loads(text) == found


def test_dump_is_sorted_compact_and_unescaped():
    """The one form that we write."""
    assert dump({"b": [1, "あ"], "a": None}) == '{"a":null,"b":[1,"あ"]}'.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_dump_writes_no_number_that_json_does_not_have(number):
    """Python's own writer would put NaN there, which is no JSON, and which we would not read."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump({"a": number})


def test_dump_refuses_a_stray_byte_from_the_command_line():
    """A lone surrogate (how Python carries a bad byte in an argument) is the officer's mistake."""
    with pytest.raises(BadInput, match="not UTF-8") as caught:
        dump({"why": "caf\udce9"})
    assert caught.value.fault is Fault.OFFICER


def fields(**table):
    """Read a table that requires exactly its own keys."""
    return Fields(table, "note", tuple(table))


def test_unknown_and_missing_keys_name_their_path():
    """A key too many or too few is refused with the path of its table."""
    with pytest.raises(BadInput, match=r"^note: unknown key 'b'$"):
        Fields({"a": 1, "b": 2}, "note", ("a",))
    with pytest.raises(BadInput, match=r"^note: b is missing$"):
        Fields({"a": 1}, "note", ("a", "b"))
    with pytest.raises(BadInput, match=r"^note.a\[1\]: b is missing$"):
        fields(a=[{"b": 1}, {}]).tables("a", required=("b",))
    with pytest.raises(BadInput, match=r"^note.a: unknown key 'c'$"):
        fields(a={"b": 1, "c": 1}).table("a", required=("b",))
    assert "b" in Fields({"a": 1, "b": 2}, "note", ("a",), ("b",)).raw


def test_the_first_key_that_does_not_fit_is_told():
    """What is unknown before what is missing, since it is the likely misspelling of that."""
    with pytest.raises(BadInput, match=r"^note: unknown key 'z'$") as caught:
        Fields({"a": 1, "z": 1, "y": 1}, "note", ("a", "c", "b"), ("d",))
    assert caught.value.expected == "a, c, b, d"
    with pytest.raises(BadInput, match=r"^note: c is missing$"):
        Fields({"a": 1}, "note", ("a", "c", "b"), ("d",))
    with pytest.raises(BadInput, match=r"^note: a is missing$"):
        Fields({"b": 1}, "note", ("a",), ("a", "b"))


@pytest.mark.parametrize("brackets", [MAX_DEPTH - 2, MAX_DEPTH, 40])
def test_brackets_beside_each_other_are_not_depth(brackets):
    """Nor are those within a text: the count of them only decides whether to look."""
    flat = b'{"a":[' + b",".join([b"{}"] * brackets) + b'],"b":"' + b"[" * brackets + b'"}'
    assert len(read(flat)["a"]) == brackets
    with pytest.raises(BadInput, match="too deeply"):
        read(flat[:-1] + b',"c":' + nested(MAX_DEPTH) + b"}")


@pytest.mark.parametrize("table", [{"a": 1, "c": 1}, {"b": 1}])
def test_the_keys_that_there_are_stand_in_the_error(table):
    """Those that must be there, and those that may: whoever mistyped one finds it."""
    with pytest.raises(BadInput) as caught:
        Fields(table, "note", ("a",), ("b",))
    assert caught.value.expected == "a, b"


@pytest.mark.parametrize("table", [None, [], "a", 1, [("a", 1)]])
def test_a_table_must_be_a_table(table):
    """Lists and scalars are no tables."""
    with pytest.raises(BadInput, match="must be a table"):
        Fields(table, "note", ())
    with pytest.raises(BadInput, match="must be a table"):
        fields(a=table).table("a", required=())
    with pytest.raises(BadInput, match="must be a table"):
        fields(a=table).named("a")


@pytest.mark.parametrize("value", [True, False, None, "1", 1.0, 0, 11, -1, [1]])
def test_integer_refuses(value):
    """Booleans, text, floats and numbers outside the range are no integers 1 to 10."""
    with pytest.raises(BadInput, match=r"note\.a must be a whole number 1 to 10"):
        fields(a=value).integer("a", least=1, most=10)


def test_integer_takes_both_ends():
    """A range includes its ends."""
    assert fields(a=1).integer("a", least=1, most=10) == 1
    assert fields(a=10).integer("a", least=1, most=10) == 10


def test_integer_is_not_negative_unless_told():
    """From nothing up to the largest amount."""
    for value in (0, MAX_INTEGER):
        assert fields(a=value).integer("a") == value
    for value in (-1, MAX_INTEGER + 1):
        with pytest.raises(BadInput, match=r"note\.a must be a whole number 0 to"):
            fields(a=value).integer("a")
    assert fields(a=-1).integer("a", least=-1) == -1


def test_lists_have_at_least_one_unless_told():
    """An empty list is as good as a missing one, but where it means something."""
    assert fields(a=["b"]).words("a", ADDRESS) == ("b",)
    assert [one.where for one in fields(a=[{}]).tables("a", required=())] == ["note.a[0]"]
    assert fields(a=[]).words("a", ADDRESS, least=0) == ()
    assert fields(a=[]).tables("a", required=(), least=0) == []
    for read in (lambda one: one.words("a", ADDRESS), lambda one: one.tables("a", required=())):
        with pytest.raises(BadInput, match="a list of at least 1"):
            read(fields(a=[]))


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "\u3000", "a\nb", "a\tb", "a\x00b", "a\x1b[31mb", "a\x7f", "a\x85b", None, 1),
        *("a\u202eb", "a\u2066b", "a\u200bb", "a\u200db", "a\ufeff", "a\u2028b", "a\u2029b"),
        *("\ud800", "a\xad", "a" * (MAX_TEXT + 1), ["a"]),
    ],
)
def test_text_refuses_what_cannot_be_seen(value):
    """Control characters, bidirectional overrides, zero widths and surrogates lie to people."""
    with pytest.raises(BadInput, match=r"note\.a must be"):
        fields(a=value).text("a")


@pytest.mark.parametrize(
    "value", ["a", "払出し 理由", "払出し\u3000理由", "Zürich: 5 €", "x" * MAX_TEXT]
)
def test_text_takes_what_people_write(value):
    """Any script is fine, in one line."""
    assert fields(a=value).text("a") == value


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "Alice",
            "ALICE",
            "alice\n",
            " alice",
            "al ice",
            "\u0430lice",
            "alice\u200b",
            "-a",
            ".a",
        ),
        *("a" * 33, "a/b", "é", None, 1, ["alice"]),
    ],
)
def test_name_refuses_look_alikes(value):
    """A name cannot differ from another by case, blanks, or letters of another script."""
    with pytest.raises(BadInput, match=r"note\.a must be a name"):
        fields(a=value).name("a")
    if value and isinstance(value, str):
        with pytest.raises(BadInput, match=r"note\.a must be a name"):
            fields(a={value: 1}).named("a")


@pytest.mark.parametrize("value", ["a", "alice", "0", "a.b-c_d", "a" * 32])
def test_name_takes(value):
    """Lower case ASCII with dot, dash and underscore, up to 32."""
    assert fields(a=value).name("a") == value
    assert list(fields(a={value: 1}).named("a").raw) == [value]


@pytest.mark.parametrize(
    "value", ["0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n", 0, None]
)
def test_digest_refuses(value):
    """Only 64 lower-case hex digits: an id has one spelling."""
    with pytest.raises(BadInput, match="64 lower-case hex digits"):
        fields(a=value).digest("a")


@pytest.mark.parametrize("value", ["", "a b", "a\n", "ü", "a" * 201, None])
def test_address_refuses(value):
    """Blanks, other scripts and giants are no addresses."""
    with pytest.raises(BadInput, match="an address"):
        fields(a=value).address("a")


@pytest.mark.parametrize("value", ["", "a-b", "a" * 17, "\uff22tc", None])
def test_code_refuses(value):
    """A coin or network is a short ASCII word."""
    with pytest.raises(BadInput, match="short plain word"):
        fields(a=value).code("a")


@pytest.mark.parametrize("value", [[], "a", None, ["a", "a"], ["a", 1], ["a", "b b"]])
def test_words_refuse(value):
    """A list of words has at least one, and none twice."""
    with pytest.raises(BadInput, match=r"note\.a must be"):
        fields(a=value).words("a", ADDRESS)


def test_names_of_a_megabyte_are_quick():
    """A table of names is checked in linear time."""
    many = dict.fromkeys(map(str, range(100_000)))
    assert fields(a=many).named("a").raw == many


def test_words_of_a_megabyte_are_quick():
    """Distinctness is checked in linear time."""
    many = [str(n) for n in range(100_000)]
    assert fields(a=many).words("a", ADDRESS) == tuple(many)


@pytest.mark.parametrize(
    ("expected", "value"), [(1, True), (1, "1"), (1, 2), ("a", "b"), (None, 0), (None, "a")]
)
def test_exactly_compares_types_too(expected, value):
    """True is not 1, and nothing but null is null."""
    wanted = "null" if expected is None else repr(expected)
    with pytest.raises(BadInput, match=rf"^note\.a must be {wanted}$"):
        fields(a=value).exactly("a", expected)
    assert fields(a=expected).exactly("a", expected) is None


@pytest.mark.parametrize(
    "value", ["YQ", "YQ=", "YR==", "Y Q==", "YQ==\n", "-_-_", "*", "é", None, 1, ["YQ=="]]
)
def test_base64_refuses(value):
    """Missing or non-zero padding, blanks and the URL alphabet are refused: one spelling only."""
    with pytest.raises(BadInput, match="base64"):
        fields(a=value).base64("a")


def test_base64_takes_the_canonical_form():
    """RFC 4648 section 10 vectors."""
    for text, data in (("", b""), ("Zg==", b"f"), ("Zm8=", b"fo"), ("Zm9v", b"foo")):
        assert fields(a=text).base64("a") == data


def test_untrusted_values_are_shown_in_short_plain_ascii():
    """Escape sequences and giants do not reach the terminal."""
    assert shown("\x1b[2J\u202e") == "'\\x1b[2J\\u202e'"
    assert len(shown("x" * 10_000)) < 120
    assert shown("x" * 78) == f"'{'x' * 78}'"
    assert shown("x" * 79) == f"'{'x' * 79}... (81 characters)"


KINDS = {"a": NAME, "b": DIGEST, "c": (re.compile("one|two|a{2}"), "one, two or aa")}
TOGETHER = together(**KINDS)
WORD = st.one_of(
    *(st.from_regex(word[0], fullmatch=True) for word in KINDS.values()),
    st.text(alphabet="a1\n.", max_size=4),
    st.sampled_from([None, 1, True, [], "one\n" + "0" * 64, "a\n" + "0" * 64 + "\ntwo", "onetwo"]),
)


@given(st.fixed_dictionaries(dict.fromkeys(KINDS, WORD)))
def test_words_read_together_are_the_words_read_one_by_one(table):
    """Nothing passes, and nothing is refused, but as it is alone; line ends join no two."""

    def outcome(read):
        try:
            return read(fields(**table))
        except BadInput as error:
            return error.what, error.expected, error.found

    alone = outcome(lambda one: tuple(one.word(key, word) for key, word in KINDS.items()))
    assert outcome(TOGETHER) == alone


def test_a_line_end_does_not_make_two_words_of_one():
    """What two fields hold is not moved to the one from the other."""
    moved = {"a": "x\n" + "0" * 64, "b": "two", "c": ""}
    with pytest.raises(BadInput, match=r"^note\.a must be a name"):
        TOGETHER(fields(**moved))
    assert TOGETHER(fields(a="x", b="0" * 64, c="two")) == ("x", "0" * 64, "two")


@pytest.mark.parametrize(
    ("table", "told"),
    [({"a": 1, "c": 1}, "unknown key 'c'"), ({"b": 1}, "a is missing"), ({}, "a is missing")],
)
def test_keys_made_once_are_asked_for_like_others(table, told):
    """A set in order, which is compared at once, refuses what a tuple refuses, and says so."""
    for required in (("a",), dict.fromkeys("a").keys()):
        with pytest.raises(BadInput) as caught:
            Fields(table, "note", required, ("b",))
        assert (caught.value.what, caught.value.expected) == (f"note: {told}", "a, b")
        assert Fields({"a": 1}, "note", required, ("b",)).raw == {"a": 1}
        assert Fields({"a": 1, "b": 2}, "note", required, ("b",)).raw == {"a": 1, "b": 2}
