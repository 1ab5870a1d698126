"""Several papers at once: a new folder with all of them, or none."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from signer.core.files import failed, write_new


@contextmanager
def new_folder(folder: Path, papers: Mapping[str, bytes]) -> Iterator[None]:
    """Make a folder and write papers into it; if the block inside fails, it is gone again.

    Args:
        folder: must not exist; readable by its owner alone.
        papers: contents by file name.

    Raises:
        BadInput: the name is taken, or the disk does not let us.
    """
    try:
        folder.mkdir(mode=0o700)
    except (OSError, ValueError) as error:
        raise failed("output", folder, error) from None
    try:
        for name, paper in papers.items():
            write_new(folder / name, paper)
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
