"""Where a result goes when nobody says: beside its input, under a name that tells what it is."""

from pathlib import Path

from signer.core.files import refuse_existing


def chosen(output: Path | None, source: Path, word: str, suffix: str) -> Path:
    """The output's path, checked early: `w.json` gives `w-alice.json`.

    Args:
        output: what the person said, or None.
        source: the input.
        word: what is put after the input's name.
        suffix: the file's ending, with its dot.

    Raises:
        BadInput: something has that name already.
    """
    path = source.with_name(f"{source.stem}-{word}{suffix}") if output is None else output
    refuse_existing(path)
    return path
