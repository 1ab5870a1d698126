"""The entropy ceremony: the machine draws, the officer throws, the results are mixed."""

from typing import TYPE_CHECKING, Final

from signer.cli import prompt, show
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.keys.entropy import Source

_DIGITS: Final = 4  # hex digits in a group, to be written down

CAMERA: Final = (
    "a driver compresses, sharpens and repeats pictures: nobody can say how much chance is left in "
    "them, nobody can compute the result by hand, and a lens is one more witness of the room"
)
"""Why no camera is a source."""


def draw(
    size: int, *, dice: bool, coins: bool, camera: bool, with_system: bool, show_mixing: bool
) -> bytearray:
    """So many bytes from the sources that the officer chose.

    Raises:
        BadInput: no source, one that is refused, or throws that do not do.
    """
    from signer.keys import entropy
    from signer.keys.hardening import wipe

    sources = [entropy.DICE] * dice + [entropy.COINS] * coins
    if camera:
        raise BadInput(
            "a camera's noise makes no key", fault=Fault.OFFICER, hint=f"use --dice: {CAMERA}"
        )
    if not sources and not (with_system and not show_mixing):
        raise BadInput(
            "nothing is thrown", fault=Fault.OFFICER, hint="add --dice or --coins, or both"
        )
    machine = entropy.system(size) if with_system else None
    if machine is None:
        show.warn(
            "the machine adds nothing: whoever saw these throws, on paper or screen, has the key"
        )
    elif show_mixing:
        prompt.need_terminal("showing what the machine drew", "leave --show-mixing out")
        shown = show.grouped(machine.hex(), _DIGITS)
        prompt.show_once(
            "what this machine drew, before you throw: write it down to compute the key by hand\n"
            "(`coldsign key recipe` says how), and burn the paper after:",
            show.folded(shown, 40),
        )
    thrown = [_throw(source, size) for source in sources]
    mixed = entropy.mix(size, machine, thrown)
    wipe(*thrown, *([machine] if machine else []))
    return mixed


def _throw(source: "Source", size: int) -> bytearray:
    """Ask for throws until the line ends, and doubt them aloud."""
    from signer.keys import entropy

    show.note(
        f"{source.name}: throw real ones and type each as it falls. nobody can make up chance:\n"
        "people avoid repeats and even things out, and a thief who knows how guesses the key."
        + ("\n1 is heads, 0 is tails." if source is entropy.COINS else "")
    )
    typed = prompt.line(f"{source.least[size]} or more {source.throws}, in one line: ")
    prompt.clear_screen()
    throws = entropy.read(source, typed, size)
    doubts = entropy.doubts(source, throws)
    for doubt in doubts:
        show.warn(f"{doubt}: of a thousand honest series, one looks so")
    if doubts and not prompt.confirm("was every one of them really thrown, in this order?"):
        raise BadInput(
            f"the {source.throws} were not thrown: nothing was stored",
            fault=Fault.OFFICER,
            hint="throw again, and run the command again",
        )
    return throws
