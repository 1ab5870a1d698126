"""In which languages the sheet is written."""

from enum import StrEnum


class Language(StrEnum):
    """What the sheet is written in."""

    EN = "en"
    JA = "ja"
