"""What is wrong with a mapping file: where, what, and the nearest right name."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["Finding", "near", "nearest"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One line for a person who edits the file."""

    file: str
    line: int
    """From 1."""
    column: int
    """From 1."""
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.words}"


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most likely meant, if any is near."""
    spelled = {name.lower(): name for name in sorted(known, reverse=True)}
    found = get_close_matches(wrong.lower(), spelled, n=1)
    return spelled[found[0]] if found else None


def near(wrong: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known name, or nothing."""
    found = nearest(wrong, known)
    return "" if found is None else f"; did you mean {found!r}?"
