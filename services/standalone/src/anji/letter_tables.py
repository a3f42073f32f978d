"""Dead letters for people: a list of them, and one of them whole."""

from collections.abc import Sequence

from rich.table import Table

from anji.redriving import Letter
from anji.tables import make_table

__all__ = ["letter_text", "letters_table"]

_SHOWN_REASON_CHARACTERS = 120


def letters_table(letters: Sequence[Letter]) -> Table:
    """Return one row a dead letter; what it held is shown by `letter_text` only."""
    table = make_table("letter", "died at", "redriven", "met by", "origin", "reason")
    for letter in letters:
        at = letter.died_at.isoformat(timespec="seconds")
        reason = letter.found.reason
        if len(reason) > _SHOWN_REASON_CHARACTERS:
            reason = reason[: _SHOWN_REASON_CHARACTERS - 1] + "…"
        redriven = "no"
        if letter.redriven_at is not None:
            redriven = letter.redriven_at.isoformat(timespec="seconds")
        table.add_row(letter.name, at, redriven, letter.found.by, letter.origin, reason)
    return table


def letter_text(letter: Letter) -> str:
    """Return a dead letter whole, a line a fact; what is no UTF-8 is shown escaped."""
    found = letter.found
    facts = {
        "letter": letter.name,
        "died at": letter.died_at.isoformat(),
        "redriven": "no, it is open"
        if letter.redriven_at is None
        else f"{letter.redriven_at.isoformat()} by {letter.redriven_by}",
        "met by": found.by,
        "origin": letter.origin,
        "error": found.error,
        "reason": found.reason,
        "key": "none" if found.key is None else _shown(found.key),
        **{f"header {name}": _shown(value) for name, value in found.headers},
        "value": "none (a tombstone)" if found.value is None else _shown(found.value),
    }
    return "\n".join(f"{name}: {words}" for name, words in facts.items())


def _shown(value: bytes) -> str:
    return value.decode(errors="backslashreplace")
