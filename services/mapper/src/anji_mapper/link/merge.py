"""Three-way merge: what both sides hold against what they were last known to hold.

A side changed iff its value differs from its half of the agreed pair. No clocks are compared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from anji_common.errors import AwaitedError, MappingError, UndecodableError
from anji_common.refs import System
from anji_mapper.link.context import Context
from anji_mapper.link.lines import identified
from anji_mapper.link.state import LineState, ValuePair
from anji_mapper.mapping.model import Around, LinesPair, Pair, References, Row, Seen

__all__ = [
    "Agreed",
    "Comparison",
    "Conflict",
    "Convert",
    "Wish",
    "compare",
    "convert",
    "merge_pair",
    "number_of",
]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides changed one field, and its owner won."""

    field: str
    crm: JsonValue
    erp: JsonValue
    winner: System


@dataclass(frozen=True, slots=True)
class Wish:
    """One value that a side should hold."""

    pair: Pair
    system: System
    """Whose value is to change."""
    values: ValuePair
    """What will be agreed once it holds the value."""
    conflict: Conflict | None = None

    @property
    def value(self) -> JsonValue:
        """What the side should hold."""
        return self.values[0] if self.system is System.FXIAOKE else self.values[1]


@dataclass(frozen=True, slots=True)
class Agreed:
    """Both sides hold what means the same."""

    values: ValuePair


@dataclass(slots=True)
class Comparison:
    """What a look at both sides shows. Filled by `compare`, then only read."""

    agreed: dict[str, ValuePair] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    lines: dict[str, dict[str, LineState]] = field(default_factory=dict)
    row_wishes: dict[str, list[tuple[str, str, list[Wish]]]] = field(default_factory=dict)
    """`LinesPair.name` → (CRM line id, ERP line id, wishes)."""
    new_rows: dict[str, list[tuple[System, str]]] = field(default_factory=dict)
    """`LinesPair.name` → (side that has it, its line id there): the other side lacks it."""
    lost_rows: list[tuple[str, str]] = field(default_factory=list)
    """(`LinesPair.name`, CRM line id): one side has it no more."""
    gone_rows: list[tuple[str, str]] = field(default_factory=list)
    """The same: neither side has it any more."""
    awaited: set[str] = field(default_factory=set)
    unmapped: list[str] = field(default_factory=list)


Convert = Callable[[Pair, System, Seen, Row], JsonValue]


def convert(
    pair: Pair, target: System, source: Seen, row: Row | None, context: Context
) -> JsonValue:
    """Return what `target` should hold for the source side's value of `pair`.

    Raises:
        AwaitedError: it refers to a record that has no counterpart yet.
        MappingError: it has no counterpart; the message names the field.
    """
    around = Around(context.references, head=source.head, row=row or {}, rows=source.rows)
    values = source.head if row is None else row
    value = values.get(pair.path(target.other))
    try:
        if target is System.FXIAOKE:
            return pair.lens.erp_to_crm(value, around)
        wished = pair.lens.crm_to_erp(value, around)
        if wished is not None and pair.refers_to_erp:
            number_of(str(wished), context.references)
    except (MappingError, UndecodableError) as error:
        msg = f"{pair.path(target.other)} → {pair.path(target)}: {error}"
        raise MappingError(msg) from error
    return wished


def number_of(erp_ref: str, references: References) -> str:
    """Return the business number by which an ERP record is referred to.

    Raises:
        AwaitedError: it is not known yet.
    """
    known = references.row(erp_ref)
    if known is None or known.business_number is None:
        token = f"ref:{erp_ref}"
        raise AwaitedError(token)
    return known.business_number


def merge_pair(
    pair: Pair,
    crm: JsonValue,
    erp: JsonValue,
    agreed: ValuePair | None,
    converted: Callable[[System], JsonValue],
) -> Agreed | Wish | None:
    """Return what is to be done about one field; `None` for nothing.

    Args:
        pair: The field.
        crm: What the CRM side holds.
        erp: What the ERP side holds.
        agreed: The last values that both were known to hold; `None` on the first look.
        converted: Gives what a system should hold for the other side's value; may raise.
    """
    if agreed == (crm, erp):
        return None
    winner = pair.owner if agreed is None else _winner(pair, crm, erp, agreed)
    loser = winner.other
    if loser not in pair.flows_to or pair.only_on_create:
        return Agreed((crm, erp))  # a side that it does not flow to may differ freely
    wished = converted(loser)
    if wished == (erp if loser is System.K3CLOUD else crm):
        return Agreed((crm, erp))
    values = (crm, wished) if loser is System.K3CLOUD else (wished, erp)
    both = agreed is not None and crm != agreed[0] and erp != agreed[1]
    conflict = Conflict(pair.name, crm, erp, winner) if both else None
    return Wish(pair, loser, values, conflict)


def _winner(pair: Pair, crm: JsonValue, erp: JsonValue, agreed: ValuePair) -> System:
    crm_changed, erp_changed = crm != agreed[0], erp != agreed[1]
    if crm_changed and erp_changed:
        return pair.owner
    return System.FXIAOKE if crm_changed else System.K3CLOUD


def compare(
    pairs: tuple[Pair, ...],
    lines: tuple[LinesPair, ...],
    sides: tuple[Seen, Seen],
    known: tuple[Mapping[str, ValuePair], Mapping[str, Mapping[str, LineState]]],
    context: Context,
) -> Comparison:
    """Compare both sides, head and lines.

    Args:
        pairs: The head's fields.
        lines: The document's lines.
        sides: (what the CRM side holds, what the ERP side holds).
        known: (agreed pairs of the head, line states).
        context: For references.
    """
    found = Comparison(agreed=dict(known[0]))
    crm, erp = sides
    for pair in pairs:
        _settle(found, pair, found.agreed, (crm, erp), (None, None), found.wishes, context)
    for document_lines in lines:
        _compare_lines(
            found, document_lines, sides, known[1].get(document_lines.name, {}), context
        )
    return found


def _settle(  # noqa: PLR0913, PLR0917 - the six things that one field's merge is made of
    found: Comparison,
    pair: Pair,
    agreed: dict[str, ValuePair],
    sides: tuple[Seen, Seen],
    rows: tuple[Row | None, Row | None],
    wishes: list[Wish],
    context: Context,
) -> None:
    crm_values = sides[0].head if rows[0] is None else rows[0]
    erp_values = sides[1].head if rows[1] is None else rows[1]
    if pair.crm not in crm_values or pair.erp not in erp_values:
        return  # newer in the mapping than what was seen: nothing is known of it, not even None

    def converted(target: System) -> JsonValue:
        source = 0 if target is System.K3CLOUD else 1
        return convert(pair, target, sides[source], rows[source], context)

    try:
        decided = merge_pair(
            pair,
            crm_values.get(pair.crm),
            erp_values.get(pair.erp),
            agreed.get(pair.name),
            converted,
        )
    except AwaitedError as error:
        found.awaited.add(error.token)
        return
    except MappingError as error:
        found.unmapped.append(str(error))
        return
    match decided:
        case Agreed(values):
            agreed[pair.name] = values
        case Wish():
            wishes.append(decided)
        case None:
            pass


def _compare_lines(
    found: Comparison,
    lines: LinesPair,
    sides: tuple[Seen, Seen],
    known: Mapping[str, LineState],
    context: Context,
) -> None:
    crm_rows = sides[0].rows.get(lines.name, {})
    erp_rows = sides[1].rows.get(lines.name, {})

    def is_same(crm: str, erp: str) -> bool:
        return _is_same(lines, sides, (crm_rows[crm], erp_rows[erp]), context)

    states = identified(lines, known, (crm_rows, erp_rows), is_same)
    found.lines[lines.name] = states
    for crm_id, state in states.items():
        crm_row, erp_row = crm_rows.get(crm_id), erp_rows.get(state.erp_id)
        if crm_row is None and erp_row is None:
            found.gone_rows.append((lines.name, crm_id))
        elif crm_row is None or erp_row is None:
            found.lost_rows.append((lines.name, crm_id))
        else:
            agreed = dict(state.agreed)
            wishes: list[Wish] = []
            for pair in lines.pairs:
                _settle(found, pair, agreed, sides, (crm_row, erp_row), wishes, context)
            states[crm_id] = LineState(state.erp_id, agreed)
            if wishes:
                found.row_wishes.setdefault(lines.name, []).append((crm_id, state.erp_id, wishes))
    taken = {state.erp_id for state in states.values()}
    new = [(System.FXIAOKE, line_id) for line_id in crm_rows if line_id not in states]
    new += [(System.K3CLOUD, line_id) for line_id in erp_rows if line_id not in taken]
    if new:
        found.new_rows[lines.name] = new


def _is_same(
    lines: LinesPair, sides: tuple[Seen, Seen], rows: tuple[Row, Row], context: Context
) -> bool:
    """Whether nothing in two rows differs, and something is equal: what one lacks says nothing."""
    is_something_equal = False
    for pair in lines.pairs:
        crm, erp = rows[0].get(pair.crm), rows[1].get(pair.erp)
        if crm is None or erp is None:
            continue
        target = System.K3CLOUD if System.K3CLOUD in pair.flows_to else System.FXIAOKE
        source = 0 if target is System.K3CLOUD else 1
        try:
            wished = convert(pair, target, sides[source], rows[source], context)
        except (AwaitedError, MappingError):
            return False
        if wished != (erp if target is System.K3CLOUD else crm):
            return False
        is_something_equal = True
    return is_something_equal
