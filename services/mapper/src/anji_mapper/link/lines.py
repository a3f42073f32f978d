"""Which line of one side is which of the other (``protocol.md`` 18).

Known ids come first, then the other side's id kept in the line, then a unique match by content;
new rows that we sent are paired in the order sent. A line that was taken for a new one would be
made again on the other side, and again at the next look.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from anji_common.refs import System
from anji_mapper.link.state import LineState, RowAgreement
from anji_mapper.mapping.model import LinesPair, Row

__all__ = ["Rows", "alone_in_erp", "identified", "is_pair", "join", "paired_as_sent", "source_of"]

Rows = Mapping[str, Row]
"""Line id → values, in the order of the document."""


_NO_CRM_LINE = "erp:"


def alone_in_erp(erp_id: str) -> str:
    """Return the key of an ERP row that has no line in the CRM, and shall get none."""
    return f"{_NO_CRM_LINE}{erp_id}"


def is_pair(crm_id: str, state: LineState) -> bool:
    """Whether both sides had the line; else one of them was known to hold it alone."""
    return bool(state.erp_id) and not crm_id.startswith(_NO_CRM_LINE)


def identified(
    lines: LinesPair,
    known: Mapping[str, LineState],
    rows: tuple[Rows, Rows],
    is_same: Callable[[str, str], bool],
) -> dict[str, LineState]:
    """Return the pairs that `known` tells, and those found among the rows that it does not tell.

    Args:
        lines: Whose rows.
        known: CRM line id → its partner, as it was agreed.
        rows: (CRM rows, ERP rows).
        is_same: Whether a CRM row and an ERP row say the same, by their ids.
    """
    crm_rows, erp_rows = rows
    states = dict(known)
    standing = [(crm, each.erp_id) for crm, each in known.items() if each.erp_id in erp_rows]
    standing = [(crm, erp) for crm, erp in standing if crm in crm_rows]
    free_crm = crm_rows.keys() - {crm for crm, _ in standing}
    free_erp = erp_rows.keys() - {erp for _, erp in standing}
    for find in (_by_marker, _by_content):
        if not (free_crm and free_erp):
            break
        mine = [line_id for line_id in crm_rows if line_id in free_crm]
        theirs = [line_id for line_id in erp_rows if line_id in free_erp]
        for crm, erp in find(lines, rows, (mine, theirs), is_same):
            if crm in free_crm and erp in free_erp:
                join(states, crm, erp)
                free_crm -= {crm}
                free_erp -= {erp}
    return states


def _by_marker(
    lines: LinesPair,
    rows: tuple[Rows, Rows],
    free: tuple[Sequence[str], Sequence[str]],
    _is_same: Callable[[str, str], bool],
) -> Iterator[tuple[str, str]]:
    """The other side's id, kept in a field of the line."""
    if lines.erp_marker is not None:
        yield from ((str(rows[1][erp].get(lines.erp_marker)), erp) for erp in free[1])
    if lines.crm_marker is not None:
        yield from ((crm, str(rows[0][crm].get(lines.crm_marker))) for crm in free[0])


def _by_content(
    _lines: LinesPair,
    _rows: tuple[Rows, Rows],
    free: tuple[Sequence[str], Sequence[str]],
    is_same: Callable[[str, str], bool],
) -> Iterator[tuple[str, str]]:
    """Two rows that say the same, where no third does."""
    found = [(crm, erp) for crm in free[0] for erp in free[1] if is_same(crm, erp)]
    crms, erps = [crm for crm, _ in found], [erp for _, erp in found]
    yield from ((crm, erp) for crm, erp in found if crms.count(crm) == 1 and erps.count(erp) == 1)


def join(states: dict[str, LineState], crm: str, erp: str) -> None:
    """Pair two rows in `states`; what was agreed about either goes with them."""
    before = [old for old, state in states.items() if old == crm or state.erp_id == erp]
    agreed = [states.pop(old).agreed for old in before]
    states[crm] = LineState(erp, agreed[0] if agreed else {})


def paired_as_sent(
    lines: LinesPair,
    system: System,
    sent: Sequence[RowAgreement],
    known: Mapping[str, str],
    came: Rows,
) -> dict[str, str]:
    """Return source line id → line id in the target: what is known, and new rows as they came.

    Args:
        lines: Whose rows.
        system: The target.
        sent: What was wished.
        known: Source line id → line id in the target, as the link or the result tells.
        came: The target's rows, as read after the write.
    """
    pairs = dict(known)
    new = [row for row in sent if source_of(row, system) not in pairs]
    taken = set(pairs.values())
    fresh = [line_id for line_id in came if line_id not in taken]
    for is_it in (_is_marked, _holds_the_wish, _is_next):
        if is_it is _is_next and len(fresh) < len(new):
            break  # not all of them show yet, so their order tells nothing
        for row in list(new):
            found = next((each for each in fresh if is_it(lines, system, row, came[each])), None)
            if found is not None:
                pairs[source_of(row, system)] = found
                new.remove(row)
                fresh.remove(found)
    return pairs


def source_of(row: RowAgreement, system: System) -> str:
    """Return the line's id on the side that it comes from; every row sent to `system` has one."""
    return (row.crm_id if system is System.K3CLOUD else row.erp_id) or ""


def _is_marked(lines: LinesPair, system: System, row: RowAgreement, came: Row) -> bool:
    marker = lines.marker(system)
    return marker is not None and came.get(marker) == source_of(row, system)


def _holds_the_wish(lines: LinesPair, system: System, row: RowAgreement, came: Row) -> bool:
    place = 1 if system is System.K3CLOUD else 0
    paths = {pair.name: pair.path(system) for pair in lines.pairs}
    return all(
        came.get(paths[name]) == wished[place]
        for name, wished in row.pairs.items()
        if name in paths
    )


def _is_next(_lines: LinesPair, _system: System, _row: RowAgreement, _came: Row) -> bool:
    """In the order sent: the target may write what it was given in its own way."""
    return True
