"""Every rule of both tables can be switched off, is shown to be needed, and stands in the docs."""

from dataclasses import fields
from pathlib import Path

import pytest

from anji.simulation.controls import (
    CONTROLS,
    RULE_BOOK,
    SHOWN_BY_SEEDS,
    SHOWN_BY_THE_REDUCER,
    RuleBook,
)
from anji.simulation.directed import HISTORIES

_PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def _rules(book: RuleBook) -> dict[str, object]:
    return {
        each.name: getattr(table, each.name)
        for table in (book.reducer, book.writer)
        for each in fields(table)
    }


def test_every_rule_is_switched_off_by_a_control() -> None:
    shipped = _rules(RULE_BOOK)
    switched_off = {
        name
        for control in CONTROLS.values()
        for name, rule in _rules(control.rules).items()
        if rule is not shipped[name]
    }

    assert switched_off == set(shipped)


def test_every_control_is_shown_by_seeds_by_a_directed_history_or_by_the_reducer() -> None:
    shown = [*SHOWN_BY_SEEDS, *HISTORIES, *SHOWN_BY_THE_REDUCER]

    assert sorted(shown) == sorted(CONTROLS)


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_has_a_row_in_the_page_on_reliability(name: str) -> None:
    rows = [row for row in _PAGE.read_text().splitlines() if row.startswith("| ")]

    assert [row for row in rows if f" `{name}` |" in row] != []
