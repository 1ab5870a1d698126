"""Text that paints another picture on the officer's screen than what is being signed.

Reasons, beneficiaries and labels are the coordinator's words. Two locks: documents with invisible
characters do not parse, and nothing from a document reaches the screen unescaped or unfolded.
"""

import io
import re

import pytest
from defences import claim, expect_unreadable, instead, refused, without
from wire_surgery import closed, field, opened
from world import World

from policies.envelope import Envelope
from policies.withdrawal import Withdrawal, count_approvals
from signer.cli import documents, show
from signer.cli import review as screen
from signer.core.amounts import format_amount
from signer.core.psbt import PsbtOutput
from signer.core.script import p2wsh
from signer.sign.review import review

LOCK = "one line of visible characters"
WIDTH = 80

PAINT = {
    "clear the screen": "fine\x1b[2J\x1b[H",
    "back to the start of the line": "1 BTC\rpays 0.1 BTC",
    "a line of its own": "rent\n  fee  0.000 000 01 BTC",
    "right to left": "to \u202eecila",
    "isolates": "\u2066a\u2069",
    "invisible blanks": "al\u200bice",
    "a soft hyphen": "ali\u00adce",
    "a line separator": "a\u2028b",
    "C1 control": "\x9b2J",
    "a tag": "a\U000e0041",
    "half a pair": "a\ud800b",
}


def said(world, text, field_name="why"):
    """A withdrawal that says something, approved."""
    if field_name == "why":
        return world.withdrawal(why=text)
    return world.withdrawal(payments=(world.payment()._replace(**{field_name: text}),))


def shown(world: World, withdrawal: Withdrawal) -> str:
    """What the officer reads before signing it, on a console of eighty columns."""
    checked = world.examine(world.bundle(world.approve(withdrawal)))
    return screen.text(review(checked, known_epoch=1, signed_before=()), io.StringIO())


def as_a_terminal(text: str) -> list[str]:
    """The lines as a terminal of eighty columns breaks them."""
    return [
        line[at : at + WIDTH] for line in text.split("\n") for at in range(0, len(line) or 1, WIDTH)
    ]


@pytest.mark.parametrize("where", ["why", "beneficiary", "label"])
@pytest.mark.parametrize("what", [what for what in PAINT if what != "half a pair"])
def test_invisible_characters_are_unreadable(world, what, where):
    """Step 1, in every text that people write."""
    with without(LOCK):
        raw = world.bundle(world.approve(said(world, PAINT[what], where)))
    expect_unreadable(world, raw, LOCK)


def test_half_a_character_is_unreadable(world):
    """A lone surrogate, which JSON can write and UTF-8 cannot."""
    maps = opened(world.bundle())
    payload = world.withdrawal().payload.replace(b"weekly", rb"week\ud800")
    field(maps[0], b"\xfc\x0acoldquorum\x00").value = Envelope.wrap(
        "withdrawal", payload
    ).to_bytes()
    expect_unreadable(world, closed(maps), LOCK)


@pytest.mark.parametrize("what", [what for what in PAINT if what != "half a pair"])
def test_the_screen_is_a_second_lock(world, what):
    """Were such a document to parse, its text would be written out; without that it would act."""
    marks = {letter for letter in PAINT[what] if not letter.isprintable()}
    with without(LOCK):
        text = shown(world, said(world, PAINT[what], "beneficiary"))
        assert marks.isdisjoint(text.replace("\n", ""))
        with instead(show, "safe", lambda text: text), instead(show, "folded", unfolded):
            acted = shown(world, said(world, PAINT[what], "beneficiary"))
    assert marks <= set(acted)


def unfolded(text, _width):
    """What a screen does that leaves the folding to the terminal."""
    return [show.safe(text)]


def fake_line(world, amount):
    """A beneficiary's name that ends where a terminal's line ends, and goes on as another line."""
    checked = world.examine(world.bundle())
    head = len(f"  {'pays':<9}{format_amount(checked.facts.externals[0].amount, 'BTC'):>24}  ")
    fake = f"  {'fee':<9}{amount:>24}  1 sat, 0.1 sat/vB"
    return "Payee".ljust(WIDTH - head, "\u2800").replace("\u2800", " ") + fake


def test_a_long_name_cannot_pose_as_a_line_of_the_screen(world):
    """The terminal would break the line just so: a second "fee", with any amount."""
    fake = said(world, fake_line(world, "0.000 000 01 BTC"), "beneficiary")
    fees = [line for line in as_a_terminal(shown(world, fake)) if line.startswith("  fee ")]
    assert len(fees) == 1
    assert "0.000 020 00 BTC" in fees[0]
    with instead(show, "folded", unfolded):
        fees = [line for line in as_a_terminal(shown(world, fake)) if line.startswith("  fee ")]
    assert len(fees) == 2


@pytest.mark.parametrize("where", ["why", "beneficiary", "label"])
@pytest.mark.parametrize("letter", ["x", "x ", "  x", "\u65e5", "\u2800", "\u3164", "\u0336"])
def test_no_line_is_wider_than_the_screen(world, where, letter):
    """Whatever the text: narrow, wide, blank-looking, or stacked on one letter."""
    text = (letter * 500)[:500]
    for line in shown(world, said(world, text, where)).split("\n"):
        assert show.width(line) <= WIDTH


def test_the_same_holds_where_officers_approve(world):
    """`coldsign approve` shows the withdrawal by the same means."""
    fake = said(world, fake_line(world, "0.000 000 01 BTC"), "label")
    votes = count_approvals(world.approve(fake), world.policy)
    lines = "\n".join(documents.withdrawal(fake, "treasury", votes)).split("\n")
    assert max(map(show.width, lines)) <= WIDTH
    assert not [line for line in lines if line.startswith("  fee  ")]


@pytest.mark.parametrize("letter", ["\u2800", "\u3164", "\u115f", "\uffa0", "\u034f", "\ufe0f"])
def test_letters_that_show_nothing_are_written_out(world, letter):
    """They are letters to Unicode, and blanks to the eye: columns could be faked with them."""
    text = shown(world, said(world, f"a{letter * 3}b"))
    assert letter not in text
    assert re.search(r"a(\\u[0-9a-f]{4}){3}b", text)


def test_names_are_plain_letters(world):
    """Officers' names decide who approved: nothing that looks like another name."""
    for name in ("\u0430lice", "Alice", "alice ", "al\u200bice", ""):
        with without("withdrawal.initiator must be"):
            raw = world.bundle(world.approve(world.withdrawal(initiator=name)))
        expect_unreadable(world, raw, "withdrawal.initiator must be a name")


def test_a_refusal_cannot_be_flooded(world):
    """Thirty megabytes of script in the file are not thirty megabytes on the screen."""
    huge = b"\x51" * 3_000_000
    raw = world.bundle(tamper=lambda draft: claim(draft.inputs[0], witness_script=huge))
    problem = refused(world, raw, 3, "inputs.witness_script", hint="the vault's own coins")
    assert len(problem.found) < 1_300
    assert problem.found.endswith("... (6000000 characters)")

    def tamper(draft):
        draft.outputs[1].psbt = PsbtOutput()
        draft.outputs[1].script = huge[:50_000] + p2wsh(b"")

    problem = refused(
        world, world.bundle(tamper=tamper), 7, "transaction.payments", hint="do not trust"
    )
    assert len(problem.found) < 1_300
