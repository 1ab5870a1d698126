"""What a command knows about its surroundings: its program's folder, and who reads its answer."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from signer.cli import show
from signer.core.errors import BadInput, Fault


class Session(NamedTuple):
    """The surroundings of one command.

    Attributes:
        home: the program's folder; `settled` has made it.
        as_json: print JSON on stdout.
    """

    home: Path
    as_json: bool

    def emit(self, data: Mapping[str, object], text: str) -> None:
        """Print the result: JSON or text, as asked."""
        show.emit(self.as_json, data, text)

    def render(self, data: Callable[[], Mapping[str, object]], text: Callable[[], str]) -> None:
        """As `emit`, where each form takes a while to make: only the one that was asked for is."""
        self.emit(data() if self.as_json else {}, "" if self.as_json else text())


def settled(home: Path, *, as_json: bool) -> Session:
    """A command's session; makes the home folder, for its owner only (0700), if missing.

    Raises:
        BadInput: the home cannot be a folder.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the home folder cannot be made: {home}",
            fault=Fault.MACHINE,
            found=(error.strerror or "").lower(),
            hint="choose another with --home DIR",
        ) from error
    return Session(home, as_json)
