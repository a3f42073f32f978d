"""Which line of one side is which of the other (``protocol.md`` 18).

Known ids come first, then the other side's id kept in the line, then a unique match by content;
new rows that we sent are paired in the order sent. A line that was taken for a new one would be
made again on the other side, and again at the next look.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from anji_common.refs import System
from anji_mapper.link.rules import Rows, Rules
from anji_mapper.link.state import LineState, RowAgreement, changed
from anji_mapper.mapping.model import LinesPair, Row

__all__ = [
    "alone_in_erp",
    "identified",
    "is_pair",
    "join",
    "made_by_us",
    "marked_by_us",
    "numbered_anew",
    "paired_as_sent",
    "shows_all",
    "source_of",
    "told_of_their_own",
    "under_known_ids",
]

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
    rules: Rules,
) -> dict[str, LineState]:
    """Return the pairs that `known` tells, and those found among the rows that it does not tell.

    Args:
        lines: Whose rows.
        known: CRM line id → its partner, as it was agreed.
        rows: (CRM rows, ERP rows).
        is_same: Whether a CRM row and an ERP row say the same, by their ids.
        rules: How rows are found that no known id tells, one way after the other.
    """
    crm_rows, erp_rows = rows
    states = dict(known)
    standing = [(crm, each.erp_id) for crm, each in known.items() if each.erp_id in erp_rows]
    standing = [(crm, erp) for crm, erp in standing if crm in crm_rows]
    free_crm = crm_rows.keys() - {crm for crm, _ in standing}
    free_erp = erp_rows.keys() - {erp for _, erp in standing}
    for crm, erp in _numbered_anew_and_alone(lines, states, rows, free_erp, rules):
        states[crm] = changed(states[crm], erp_id=erp)
        free_erp -= {erp}
    # What one read does not show may be there: two lines of which either side shows but its own
    # row are two lines, however alike. Only markers say otherwise.
    paired = {crm for crm, state in known.items() if is_pair(crm, state)}
    partners = {states[crm].erp_id for crm in paired if crm not in crm_rows}
    for find in (rules.finds_by_marker, rules.finds_by_content):
        if not (free_crm and free_erp):
            break
        mine = [line_id for line_id in crm_rows if line_id in free_crm]
        theirs = [line_id for line_id in erp_rows if line_id in free_erp]
        for crm, erp in find(lines, rows, (mine, theirs), is_same):
            if find is rules.finds_by_content and crm in paired and erp in partners:
                continue
            if crm in free_crm and erp in free_erp:
                join(states, crm, erp)
                free_crm -= {crm}
                free_erp -= {erp}
    lost = {
        crm: states[crm]
        for crm in crm_rows
        if crm in free_crm and crm in known and is_pair(crm, known[crm]) and not known[crm].is_lost
    }
    if lost and free_erp:
        left = {erp: row for erp, row in erp_rows.items() if erp in free_erp - partners}
        for crm, erp in rules.finds_by_likeness(lines, lost, left):
            join(states, crm, erp)
    return states


def _numbered_anew_and_alone(
    lines: LinesPair,
    known: Mapping[str, LineState],
    rows: tuple[Rows, Rows],
    free_erp: Collection[str],
    rules: Rules,
) -> list[tuple[str, str]]:
    """Return known lines that the CRM has no more, and whose ERP rows have got new ids.

    Else such a row would look like a new one, and bring back what was removed.
    """
    crm_rows, erp_rows = rows
    lost = {
        crm for crm, state in known.items() if crm not in crm_rows and state.erp_id not in erp_rows
    }
    if not (lost and free_erp):
        return []
    theirs = [row_id for row_id in erp_rows if row_id in free_erp]
    marked = rules.finds_by_marker(lines, rows, ((), theirs), lambda _crm, _erp: False)
    return list({crm: erp for crm, erp in marked if crm in lost}.items())


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


def marked_by_us(
    lines: LinesPair, system: System, sent: Sequence[RowAgreement], came: Rows
) -> dict[str, str]:
    """Return source line id → line id in the target of the rows sent whose marker stands there.

    Nobody else writes it: such a row is what our write made, whatever became of the rest of it.
    """
    return {
        source_of(row, system): line_id
        for row in sent
        for line_id, values in came.items()
        if _is_marked(lines, system, row, values)
    }


def made_by_us(
    lines: LinesPair, system: System, sent: Sequence[RowAgreement], came: Rows, before: Rows
) -> dict[str, str]:
    """Return the same, also of rows that nothing marks, if they were not there `before`.

    Such a row holds just what was sent. If people have made one like it meanwhile, nobody can
    tell the two apart, and either may be taken.
    """
    found = marked_by_us(lines, system, sent, came)
    free = [each for each in came if each not in before and each not in found.values()]
    for row in sent:
        source = source_of(row, system)
        alike = [each for each in free if _holds_the_wish(lines, system, row, came[each])]
        if source not in found and alike:
            found[source] = alike[0]
            free.remove(alike[0])
    return found


def shows_all(lines: LinesPair, system: System, sent: Sequence[RowAgreement], came: Rows) -> bool:
    """Whether a target shows all rows of a command, as far as can be told.

    The CRM takes each row by a call of its own. What was read between two of them is our account's
    as well, and shows the later rows as they were, or not at all: to agree on these by it would
    take what was not written yet for what came of it, and make new lines again.
    """
    if lines.marker(system) is None:
        return True
    to_erp = system is System.K3CLOUD
    known = {row.erp_id if to_erp else row.crm_id for row in sent} - {None}
    fresh = [values for line_id, values in came.items() if line_id not in known]
    for row in sent:
        target = row.erp_id if to_erp else row.crm_id
        if target is None:
            if not any(_is_marked(lines, system, row, values) for values in fresh):
                return False
        elif len(sent) > 1 and not _holds_the_wish(lines, system, row, came.get(target, {})):
            return False
    return True


def under_known_ids(
    sent: Sequence[RowAgreement], known: Mapping[str, LineState]
) -> list[RowAgreement]:
    """Return what was sent of lines under the ids that their rows have by now.

    A save of the ERP may give rows new ids while a command to the CRM is in flight. Under its old
    id a row would pass for a new one: what was sent would be agreed for another, or for none, and
    what came back of it would be taken for an edit.
    """
    return [
        RowAgreement(row.crm_id, state.erp_id, row.pairs)
        if (state := known.get(row.crm_id or "")) is not None and state.erp_id
        else row
        for row in sent
    ]


def told_of_their_own(
    lines: LinesPair,
    system: System,
    told: Mapping[str, str],
    known: Mapping[str, str],
    came: Rows,
) -> dict[str, str]:
    """Return what a result tells of rows, without rows of the target that are another line's.

    Somebody may remove a row between our save and the read after it. The writer, which knows only
    the lines that it was sent, may then take the neighbour for it.

    Args:
        lines: Whose rows.
        system: The target.
        told: Source line id → line id in the target, as the result tells.
        known: The same, as the link knows.
        came: The target's rows, as read after the write.
    """
    marker, holders = lines.marker(system), {target: source for source, target in known.items()}

    def owner(target: str) -> str | None:
        named = "" if marker is None else str(came.get(target, {}).get(marker))
        return named if named in known else holders.get(target)

    return {source: target for source, target in told.items() if owner(target) in {None, source}}


def numbered_anew(
    lines: LinesPair,
    states: Mapping[str, LineState],
    rows: tuple[Rows, Rows],
    settled: Collection[str],
) -> dict[str, LineState]:
    """Return `states` with the new ids of the ERP rows that a save of ours numbered anew.

    Args:
        lines: Whose rows.
        states: As they are; what was sent is paired already.
        rows: (the ERP's rows before the save, as they came back).
        settled: Ids before the save of rows that it removed, or whose new ids are known.
    """
    before, came = rows
    holders = {state.erp_id: crm for crm, state in states.items()}
    lost = [row_id for row_id in before if row_id not in came and row_id not in settled]
    fresh = [row_id for row_id in came if row_id not in holders and row_id not in before]
    marked = {} if lines.erp_marker is None else _marked(lines.erp_marker, came, fresh)
    anew = {old: marked[crm] for old in lost if (crm := holders.get(old)) in marked}
    lost = [row_id for row_id in lost if row_id not in anew]
    fresh = [row_id for row_id in fresh if row_id not in anew.values()]
    if len(lost) == len(fresh):  # else somebody was there as well, and order tells nothing
        anew |= dict(zip(lost, fresh, strict=True))
    found = dict(states)
    for old, new in anew.items():
        holder = holders.get(old)
        if holder is not None:
            found[holder] = changed(found[holder], erp_id=new)
    return found


def _marked(marker: str, came: Rows, ids: Sequence[str]) -> dict[str | None, str]:
    return {str(held): each for each in ids if (held := came[each].get(marker)) is not None}


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
