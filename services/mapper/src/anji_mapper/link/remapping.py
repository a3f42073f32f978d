"""A link under another mapping: its records are looked at again, and some agreements forgotten.

A link keeps of its records only what its mapping names. So a changed mapping needs the records as
they were read last, though their revisions are no news. What two values meant the same by is the
mapping, too: an agreed pair that the new one converts otherwise says nothing any more.
"""

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from anji_common.errors import AwaitedError, MappingError
from anji_common.events.changes import Change
from anji_common.refs import System
from anji_mapper.link.context import Context
from anji_mapper.link.converting import convert
from anji_mapper.link.observing import filled, observe
from anji_mapper.link.state import LineState, Seat, ValuePair, changed
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinkType, Pair, Row, Seen

__all__ = ["forgotten", "look_again"]

_Converted = tuple[JsonValue, str]
"""(what a side should hold, or why that cannot be said)."""
_Meaning = Callable[[Pair, Row | None, Row | None], tuple[_Converted, ...]]


def look_again(turn: Turn, system: System, change: Change) -> None:
    """Take in the newest change of one side, though its revision may be no news.

    A path that the record does not have was not read when the record was: it is no blank. What was
    known of it still stands.
    """
    before = turn.seat.side(system)
    is_known = change.revision == before.revision
    if not is_known and not observe(turn, system, change):
        return
    side = turn.seat.side(system)
    is_past = is_known and turn.rules.is_past(side, change.stamp)
    if change.data is None or side.seen is None or side.held is not None or is_past:
        return
    seen = filled(
        turn.link_type.seen(system, change.data), before.seen or Seen({}), turn.link_type, system
    )
    turn.put_side(system, changed(side, seen=seen))


def forgotten(seat: Seat, old: LinkType, new: LinkType, context: Context) -> Seat:
    """Return `seat` without the agreed pairs that `new` converts otherwise than `old`.

    Args:
        seat: A link whose sides were both seen.
        old: The mapping under which the pairs were agreed.
        new: The one to come.
        context: For references.
    """
    if seat.crm.seen is None or seat.erp.seen is None or old.version == new.version:
        return seat
    sides = (seat.crm.seen, seat.erp.seen)

    def meaning(pair: Pair, crm: Row | None, erp: Row | None) -> tuple[_Converted, ...]:
        return tuple(
            _converted(pair, target, sides[source], row, context)
            for target, source, row in ((System.K3CLOUD, 0, crm), (System.FXIAOKE, 1, erp))
            if target in pair.flows_to
        )

    before = {pair.name: pair for pair in old.pairs}
    agreed = _kept(seat.agreed, before, new.pairs, lambda pair: meaning(pair, None, None))
    lines = dict(seat.lines)
    known = {each.name: each for each in old.lines}
    for each in new.lines:
        if each.name in known and each.name in lines and each.pairs != known[each.name].pairs:
            old_pairs = {pair.name: pair for pair in known[each.name].pairs}
            rows = (sides[0].rows.get(each.name, {}), sides[1].rows.get(each.name, {}))
            lines[each.name] = _lines_kept(lines[each.name], old_pairs, each.pairs, rows, meaning)
    if agreed == seat.agreed and lines == seat.lines:
        return seat
    return changed(seat, agreed=agreed, lines=lines)


def _lines_kept(
    states: Mapping[str, LineState],
    old: Mapping[str, Pair],
    new: tuple[Pair, ...],
    rows: tuple[Mapping[str, Row], Mapping[str, Row]],
    meaning: _Meaning,
) -> dict[str, LineState]:
    found = {}
    for crm_id, state in states.items():
        crm, erp = rows[0].get(crm_id, {}), rows[1].get(state.erp_id, {})
        agreed = _kept(state.agreed, old, new, lambda pair, c=crm, e=erp: meaning(pair, c, e))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
        found[crm_id] = changed(state, agreed=agreed)
    return found


def _kept(
    agreed: Mapping[str, ValuePair],
    old: Mapping[str, Pair],
    new: tuple[Pair, ...],
    meaning: Callable[[Pair], tuple[_Converted, ...]],
) -> dict[str, ValuePair]:
    """Return the agreed pairs that still mean what they meant."""
    kept = dict(agreed)
    for pair in new:
        before = old.get(pair.name)
        is_same = before == pair or before is None or meaning(before) == meaning(pair)
        if pair.name in kept and not is_same:
            del kept[pair.name]
    return kept


def _converted(
    pair: Pair, target: System, source: Seen, row: Row | None, context: Context
) -> _Converted:
    try:
        return convert(pair, target, source, row, context), ""
    except AwaitedError as error:
        return None, f"waits for {error.token}"
    except MappingError as error:
        return None, str(error)
