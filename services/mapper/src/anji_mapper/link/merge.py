"""Three-way merge: what both sides hold against what they were last known to hold.

A side changed iff its value differs from its half of the agreed pair. No clocks are compared.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from anji_common.errors import AwaitedError, MappingError
from anji_common.refs import System
from anji_common.values import frozen
from anji_mapper.link.context import Context
from anji_mapper.link.converting import convert, is_same_line
from anji_mapper.link.lines import identified
from anji_mapper.link.renditions import row_key
from anji_mapper.link.rules import RULES, Rules
from anji_mapper.link.state import LineState, ValuePair, changed
from anji_mapper.mapping.model import LinesPair, LinkType, Pair, Row, Seen

__all__ = [
    "Agreed",
    "Asked",
    "Comparison",
    "Conflict",
    "Ruling",
    "Rulings",
    "Wish",
    "compare",
    "merge_pair",
]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides changed one field, and one of them won."""

    field: str
    crm: JsonValue
    erp: JsonValue
    winner: System
    reason: str
    what: str = "both sides changed"

    @property
    def words(self) -> str:
        """What people are told."""
        return f"{self.what} {self.field}; {self.reason}"


@frozen
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


@frozen
class Agreed:
    """Both sides hold what means the same."""

    values: ValuePair


@dataclass(frozen=True, slots=True)
class Asked:
    """Both sides changed a field about which a person decides."""

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
    removals: dict[str, list[tuple[System, str]]] = field(default_factory=dict)
    """`LinesPair.name` → (side that still has a line, CRM line id): it shall go there as well."""
    gone_rows: list[tuple[str, str]] = field(default_factory=list)
    """The same: neither side has it any more."""
    asked: dict[str, ValuePair] = field(default_factory=dict)
    """`Pair.name` or `row_key` → what stands on both sides: a person decides."""
    contested: set[str] = field(default_factory=set)
    """By the same keys: fields that both sides changed, and that one of them won."""
    awaited: set[str] = field(default_factory=set)
    unmapped: list[str] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether a side may have to be told something."""
        return bool(self.wishes or self.row_wishes or self.new_rows or self.removals)


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who wins a field that both sides changed, where it is not simply its owner."""

    winner: System
    reason: str
    is_decision: bool = False
    """A person's: an approval, where one is needed."""


Rulings = Callable[[str, ValuePair | None, ValuePair], Ruling | None]
"""(`Pair.name` or `row_key`, what is agreed, what stands there) → a ruling, if there is one."""


def merge_pair(
    pair: Pair,
    now: ValuePair,
    agreed: ValuePair | None,
    converted: Callable[[System], JsonValue],
    ruling: Ruling | None = None,
) -> Agreed | Wish | Asked | None:
    """Return what is to be done about one field; `None` for nothing.

    Args:
        pair: The field.
        now: What both sides hold.
        agreed: The last values that both were known to hold; `None` on the first look.
        converted: Gives what a system should hold for the other side's value; may raise.
        ruling: Who wins if both sides changed it; else its owner, or a person is asked.
    """
    if agreed == now:
        return None
    crm, erp = now
    both = agreed is not None and crm != agreed[0] and erp != agreed[1]
    approval, ruling = ruling, ruling if both else None
    winner = _winner(pair, now, agreed, ruling)
    is_back = winner is System.FXIAOKE and crm is None and _stays(pair)
    winner = winner.other if is_back else winner
    loser = winner.other
    if loser not in pair.flows_to or pair.only_on_create:
        return Agreed((crm, erp))  # a side that it does not flow to may differ freely
    wished = converted(loser)
    if wished == (erp if loser is System.K3CLOUD else crm):
        return Agreed((crm, erp))
    values = (crm, wished) if loser is System.K3CLOUD else (wished, erp)
    if loser in pair.approves:
        return _approved(Wish(pair, loser, values), now, approval)
    if both and ruling is None and pair.asks:
        return Asked(now)
    reason = _OWNER_WINS if ruling is None else ruling.reason
    conflict = Conflict(pair.name, crm, erp, winner, reason) if both else None
    if is_back and agreed is not None:
        conflict = Conflict(pair.name, crm, erp, winner, _NUMBER_STAYS, "the CRM cleared")
    return Wish(pair, loser, values, conflict)


def _stays(pair: Pair) -> bool:
    """Whether the ERP's number comes back: sent a blank, the ERP keeps it, or gives a new one."""
    return pair.is_number and System.FXIAOKE in pair.flows_to


def _approved(wish: Wish, now: ValuePair, approval: Ruling | None) -> Agreed | Wish | Asked:
    """Return a wish that a person approved; refused, what stands on both sides is agreed."""
    if approval is None or not approval.is_decision:
        return Asked(now)
    return Agreed(now) if approval.winner is wish.system else wish


_OWNER_WINS = "its owner wins"
_NUMBER_STAYS = "a number is not taken from a record, the ERP's comes back"


def _winner(pair: Pair, now: ValuePair, agreed: ValuePair | None, ruling: Ruling | None) -> System:
    if ruling is not None:
        return ruling.winner
    if agreed is None or (now[0] != agreed[0] and now[1] != agreed[1]):
        return pair.owner
    return System.FXIAOKE if now[0] != agreed[0] else System.K3CLOUD


def compare(  # noqa: PLR0913 - two records, and all that is known of them
    link_type: LinkType,
    sides: tuple[Seen, Seen],
    known: tuple[Mapping[str, ValuePair], Mapping[str, Mapping[str, LineState]]],
    context: Context,
    rulings: Rulings,
    *,
    rules: Rules = RULES,
) -> Comparison:
    """Compare both sides, head and lines.

    Args:
        link_type: Whose fields and lines.
        sides: (what the CRM side holds, what the ERP side holds).
        known: (agreed pairs of the head, line states).
        context: For references.
        rulings: Who wins where both sides changed, and it is not simply the owner.
        rules: How lines are found that no known id tells.
    """
    found = Comparison(agreed=dict(known[0]))
    look = _Look(sides, context, rulings, rules)
    _settle_all(found, link_type.pairs, found.agreed, _Place(look, (None, None)), found.wishes)
    for document_lines in link_type.lines:
        _compare_lines(found, document_lines, look, known[1].get(document_lines.name, {}))
    return found


@frozen
class _Look:
    """What is compared, and what is known besides."""

    sides: tuple[Seen, Seen]
    context: Context
    rulings: Rulings
    rules: Rules


@frozen
class _Place:
    """Where fields are compared: in the heads, or in two rows that belong together."""

    look: _Look
    rows: tuple[Row | None, Row | None]
    line: tuple[str, str] | None = None
    """(`LinesPair.name`, CRM line id) of the rows."""

    def key(self, pair: Pair) -> str:
        """Return the name of one field there: `Pair.name` or `row_key`."""
        return pair.name if self.line is None else row_key(*self.line, pair.name)

    def values(self, side: int) -> Row:
        """Return what stands there on one side."""
        row = self.rows[side]
        return self.look.sides[side].head if row is None else row

    def converted(self, pair: Pair, target: System) -> JsonValue:
        """Return what `target` should hold for the other side's value; may raise."""
        source = 0 if target is System.K3CLOUD else 1
        sides, rows = self.look.sides, self.rows
        return convert(pair, target, sides[source], rows[source], self.look.context)


def _unsettled(
    pairs: Sequence[Pair], agreed: Mapping[str, ValuePair], crm: Row, erp: Row
) -> list[Pair]:
    """Return the pairs of which two rows do not hold just what is agreed."""
    return [
        pair for pair in pairs if agreed.get(pair.name) != (crm.get(pair.crm), erp.get(pair.erp))
    ]


def _settle_all(
    found: Comparison,
    pairs: Sequence[Pair],
    agreed: dict[str, ValuePair],
    place: _Place,
    wishes: list[Wish],
) -> None:
    for pair in _unsettled(pairs, agreed, place.values(0), place.values(1)):
        _settle(found, pair, agreed, place, wishes)
    if wishes:
        _settle_joint(found, pairs, agreed, place, wishes)


def _settle(
    found: Comparison,
    pair: Pair,
    agreed: dict[str, ValuePair],
    place: _Place,
    wishes: list[Wish],
) -> None:
    crm_values, erp_values = place.values(0), place.values(1)
    if pair.crm not in crm_values or pair.erp not in erp_values:
        return  # newer in the mapping than what was seen: nothing is known of it, not even None
    now, before = (crm_values[pair.crm], erp_values[pair.erp]), agreed.get(pair.name)
    if before is None and pair.state is not None:
        agreed[pair.name] = now  # on the first look people have set both sides as they are
        return
    ruling = place.look.rulings(place.key(pair), before, now)
    try:
        decided = merge_pair(
            pair, now, before, lambda target: place.converted(pair, target), ruling
        )
    except (AwaitedError, MappingError) as error:
        _note(found, error)
        if ruling is not None and ruling.is_decision:
            found.contested.add(place.key(pair))  # it stands until it can be carried out
        return
    match decided:
        case Agreed(values):
            agreed[pair.name] = values
        case Wish():
            wishes.append(decided)
            if decided.conflict is not None or pair.approves:
                found.contested.add(place.key(pair))
        case Asked(values):
            found.asked[place.key(pair)] = values
        case None:
            pass


def _note(found: Comparison, error: AwaitedError | MappingError) -> None:
    if isinstance(error, AwaitedError):
        found.awaited.add(error.token)
    else:
        found.unmapped.append(str(error))


def _settle_joint(
    found: Comparison,
    pairs: Sequence[Pair],
    agreed: dict[str, ValuePair],
    place: _Place,
    wishes: list[Wish],
) -> None:
    """Let one side win a text and its parts together, where wishes go both ways (`Pair.joint`)."""
    for joint in sorted({wish.pair.joint for wish in wishes} - {""}):
        mine = [wish for wish in wishes if wish.pair.joint == joint]
        if len({wish.system for wish in mine}) == 1:
            continue  # nothing is against anything
        ruled = (each.conflict for each in mine if each.conflict is not None)
        ruling = next((each for each in ruled if each.reason != _OWNER_WINS), None)
        winner = mine[0].pair.owner if ruling is None else ruling.winner
        reason = _OWNER_WINS if ruling is None else ruling.reason
        wishes[:] = [wish for wish in wishes if wish.pair.joint != joint]
        for pair in pairs:
            if pair.joint == joint:
                first_look, won = dict[str, ValuePair](), list[Wish]()
                _settle(found, replace(pair, owner=winner), first_look, place, won)
                agreed.update(first_look)
                wishes += [replace(each, conflict=_lost(each, place, reason)) for each in won]
                found.contested.update(place.key(each.pair) for each in won)


def _lost(wish: Wish, place: _Place, reason: str) -> Conflict:
    crm, erp = place.values(0).get(wish.pair.crm), place.values(1).get(wish.pair.erp)
    return Conflict(wish.pair.name, crm, erp, wish.system.other, reason)


def _compare_lines(
    found: Comparison, lines: LinesPair, look: _Look, known: Mapping[str, LineState]
) -> None:
    crm_rows, erp_rows = look.sides[0].rows.get(lines.name), look.sides[1].rows.get(lines.name)
    if crm_rows is None or erp_rows is None:
        found.lines[lines.name] = dict(known)  # newer in the mapping than what was seen
        return

    def is_same(crm: str, erp: str) -> bool:
        return is_same_line(lines, look.sides, (crm_rows[crm], erp_rows[erp]), look.context)

    states = identified(lines, known, (crm_rows, erp_rows), is_same, look.rules)
    found.lines[lines.name] = states
    for crm_id, state in states.items():
        crm_row, erp_row = crm_rows.get(crm_id), erp_rows.get(state.erp_id)
        if crm_row is None and erp_row is None:
            found.gone_rows.append((lines.name, crm_id))
        elif crm_row is None or erp_row is None:
            found.lost_rows.append((lines.name, crm_id))
            if state.is_missed:  # by the side that shows it now it is missed no more
                crm, erp = crm_row is None, erp_row is None
                states[crm_id] = changed(
                    state,
                    missed_at=state.missed_at if crm else -1,
                    erp_missed_at=state.erp_missed_at if erp else -1,
                )
        elif (
            state.is_lost
            or state.is_missed
            or _unsettled(lines.pairs, state.agreed, crm_row, erp_row)
        ):
            agreed, wishes = dict(state.agreed), list[Wish]()
            place = _Place(look, (crm_row, erp_row), (lines.name, crm_id))
            _settle_all(found, lines.pairs, agreed, place, wishes)
            states[crm_id] = LineState(state.erp_id, agreed)
            if wishes:
                found.row_wishes.setdefault(lines.name, []).append((crm_id, state.erp_id, wishes))
    taken = {state.erp_id for state in states.values()}
    new = [(System.FXIAOKE, line_id) for line_id in crm_rows if line_id not in states]
    new += [(System.K3CLOUD, line_id) for line_id in erp_rows if line_id not in taken]
    if new:
        found.new_rows[lines.name] = new
