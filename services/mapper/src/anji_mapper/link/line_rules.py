"""How rows are found that no known id tells (``protocol.md`` 18): rules of `rules.Rules`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import eq

from anji_mapper.link.state import LineState
from anji_mapper.mapping.model import LinesPair, Row

__all__ = [
    "FindRows",
    "Rows",
    "finds_by_content",
    "finds_by_likeness",
    "finds_by_marker",
    "follows_rows",
]


Rows = Mapping[str, Row]
"""Line id → values, in the order of the document."""

FindRows = Callable[
    [
        LinesPair,
        tuple[Rows, Rows],
        tuple[Sequence[str], Sequence[str]],
        Callable[[str, str], bool],
    ],
    Iterator[tuple[str, str]],
]
"""(whose rows, (CRM rows, ERP rows), ids of those that nothing pairs yet, whether two rows say the
same by their ids) → (CRM line id, ERP line id) of rows that belong together."""


def finds_by_marker(
    lines: LinesPair,
    rows: tuple[Rows, Rows],
    free: tuple[Sequence[str], Sequence[str]],
    _is_same: Callable[[str, str], bool],
) -> Iterator[tuple[str, str]]:
    """Rule 18: a line that no known id tells is known by the other side's id, kept in the line."""
    if lines.erp_marker is not None:
        yield from ((str(rows[1][erp].get(lines.erp_marker)), erp) for erp in free[1])
    if lines.crm_marker is not None:
        yield from ((crm, str(rows[0][crm].get(lines.crm_marker))) for crm in free[0])


def finds_by_content(
    lines: LinesPair,
    rows: tuple[Rows, Rows],
    free: tuple[Sequence[str], Sequence[str]],
    is_same: Callable[[str, str], bool],
) -> Iterator[tuple[str, str]]:
    """Rule 18: else two rows are one line if they say the same, where no third says it otherwise.

    Rows that are equal in all that is mapped are nobody's to tell apart, such as a quantity that
    is split by a date of one side only: any of them may be the other side's. They are paired in
    their order; as new ones they would be made a second time on either side.
    """
    crm_alike = _alike(rows[0], free[0], [pair.crm for pair in lines.pairs])
    erp_alike = _alike(rows[1], free[1], [pair.erp for pair in lines.pairs])
    found = [(crm, erp) for crm in crm_alike for erp in erp_alike if is_same(crm, erp)]
    crms, erps = [crm for crm, _ in found], [erp for _, erp in found]
    for crm, erp in found:
        if crms.count(crm) == 1 and erps.count(erp) == 1:
            yield from zip(crm_alike[crm], erp_alike[erp], strict=False)


def _alike(rows: Rows, free: Sequence[str], paths: Sequence[str]) -> dict[str, list[str]]:
    """Return the first of equal rows → all of them, in their order."""
    found: dict[str, list[str]] = {}
    for row_id in free:
        held = [rows[row_id].get(path) for path in paths]
        first = next((each for each in found if held == [*map(rows[each].get, paths)]), row_id)
        found.setdefault(first, []).append(row_id)
    return found


def finds_by_likeness(
    lines: LinesPair, lost: Mapping[str, LineState], rows: Rows
) -> Iterator[tuple[str, str]]:
    """Rule 18: a row that a save of people both numbered anew and edited is the line most like it.

    Nothing marks it, and it neither has its id nor says the same any more. It is taken for a line
    whose row is gone if it still says half of what that one said; of those equally like, for the
    first. Another row that people put in its place may look so, too: then its line is edited, and
    says in the end what it would have said as a new one. Saves keep markers, so the line of a row
    that had one is never a row that has none (as in `follows_rows`).

    Args:
        lines: Whose rows.
        lost: CRM line id → what was agreed, of lines whose rows the ERP has no more.
        rows: The ERP's rows that are no known line's.
    """
    halves = {
        crm: {
            pair.erp: each
            for pair in lines.pairs
            if (each := state.agreed.get(pair.name, (None, None))[1]) is not None
        }
        for crm, state in lost.items()
        if not state.was_marked
    }
    unmarked = {erp: row for erp, row in rows.items() if row.get(lines.erp_marker or "") is None}
    alike = [
        (sum(row.get(path) == held for path, held in half.items()), crm, erp)
        for crm, half in halves.items()
        for erp, row in unmarked.items()
    ]
    taken = set[str]()
    for count, crm, erp in sorted(alike, key=lambda each: -each[0]):
        is_like = count and 2 * count >= len(halves[crm])
        if is_like and f"crm:{crm}" not in taken and f"erp:{erp}" not in taken:
            taken |= {f"crm:{crm}", f"erp:{erp}"}
            yield crm, erp


def follows_rows(marker: str | None, before: Rows, now: Rows) -> dict[str, str]:
    """Rule 18: a row that the ERP has no more, and one that it did not have, may be one row.

    They are if they have the same marker, else if they hold the same, else by their order if as
    many came as went: nobody has a line of it yet, so an edit of it and another row say the same.
    Two of which only one is marked, or each for another line, are never one.

    Args:
        marker: The path in which rows keep the id of their line, if they do.
        before: The rows as they were.
        now: The rows as they are.
    """
    gone = [row_id for row_id in before if row_id not in now]
    come = [row_id for row_id in now if row_id not in before]
    found: dict[str, str] = {}

    def mark(row: Row) -> object:
        return None if marker is None else row.get(marker)

    def is_marked_alike(one: Row, other: Row) -> bool:
        return mark(one) == mark(other) is not None

    for is_alike in (is_marked_alike, eq):
        for row_id in list(gone):
            olds = [each for each in gone if is_alike(before[each], before[row_id])]
            news = [each for each in come if is_alike(now[each], before[row_id])]
            if len(olds) == len(news) == 1:
                found[row_id] = news[0]
                gone.remove(row_id)
                come.remove(news[0])
    if len(gone) == len(come):
        pairs = zip(gone, come, strict=True)
        found |= {old: new for old, new in pairs if mark(before[old]) == mark(now[new])}
    return found
