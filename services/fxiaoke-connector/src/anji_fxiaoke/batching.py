"""Batching: which look-ups share a query, which lines stand for which. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from anji_common.events.commands import Command, LookUp, RowWish
from anji_common.interest import LinesInterest
from anji_common.writing.comparing import holds, marked

__all__ = ["Question", "paired_lines", "questions"]

_Row = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Question:
    """Look-ups that one query answers: the same fields of the same object."""

    object_name: str
    paths: tuple[str, ...]
    asked: tuple[tuple[int, LookUp], ...]
    """Index of the create, and its look-up."""

    def values(self, path: str) -> list[JsonValue]:
        """Return the distinct values asked of one field."""
        found = (look_up.conditions[path] for _, look_up in self.asked)
        return list(dict.fromkeys(value for value in found if not isinstance(value, list | dict)))

    def answers(self, row: _Row) -> list[tuple[int, LookUp]]:
        """Return whose look-up a record answers; all its conditions must hold."""
        return [
            (index, look_up)
            for index, look_up in self.asked
            if all(row.get(path) == value for path, value in look_up.conditions.items())
        ]


def questions(
    creates: Sequence[Command], rank: int, waiting: set[int], size: int, *, own_only: bool
) -> list[Question]:
    """Return the queries that answer each waiting create's look-up number `rank`.

    Args:
        creates: All of them.
        rank: Which of their look-ups; those that have no such look-up are left out.
        waiting: Indexes of the creates that nothing was found for yet.
        size: Look-ups of one query, at most.
        own_only: Natural keys are not asked.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[int, LookUp]]] = defaultdict(list)
    for index in sorted(waiting):
        if rank >= len(creates[index].look_ups):
            continue
        look_up = creates[index].look_ups[rank]
        if own_only and look_up.by == "natural key":
            continue
        if not look_up.conditions or any(each is None for each in look_up.conditions.values()):
            continue  # blank is no key: it would match every blank record
        paths = tuple(sorted(look_up.conditions))
        groups[creates[index].object_name, paths].append((index, look_up))
    return [
        Question(object_name, paths, tuple(asked[begin : begin + size]))
        for (object_name, paths), asked in groups.items()
        for begin in range(0, len(asked), size)
    ]


def paired_lines(
    wishes: Sequence[RowWish], rows: Sequence[_Row], lines: LinesInterest
) -> dict[str, str]:
    """Return source id → line id, for the lines that one create made (``protocol.md`` 18).

    First by the mark, then by content, those that are alike in the order sent; then the rest in
    the order sent. What carries no mark is not paired unless there are as many lines as wishes:
    some do not show yet.
    """
    known = marked(wishes, rows, lines)
    paired = {source: str(row[lines.id_field]) for source, row in known.items()}
    left = [wish for wish in wishes if wish.source_id not in paired]
    free = [row for row in rows if not any(row is each for each in known.values())]
    if len(left) != len(free):
        return paired
    for wish in list(left):
        alike = next((row for row in free if holds(row, wish.values)), None)
        if alike is not None:
            left.remove(wish)
            free.remove(alike)
            paired[wish.source_id] = str(alike[lines.id_field])
    rest = zip(left, free, strict=True)
    return paired | {wish.source_id: str(row[lines.id_field]) for wish, row in rest}
