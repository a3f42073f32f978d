"""Edit and retry: a person writes another value than what was refused, or has no counterpart.

The value goes to one side only. Once that side holds it, it is agreed with what the other side
shows, so nothing is undone afterwards. It holds for the one step in which it was said: if that
command is refused as well, the person is asked again.
"""

from anji_common.events.inbox import Entry
from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_mapper.link.merge import Comparison, Wish
from anji_mapper.link.state import Stage
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import Pair

__all__ = ["edited", "wish_as_edited"]


def edited(turn: Turn, entry: Entry) -> bool:
    """Take in a value for one field, for a problem that stands; return whether it can be."""
    problem = turn.seat.problem
    pair = next((each for each in turn.link_type.pairs if (each.name,) == entry.fields), None)
    target = entry.target
    if problem is None or pair is None or target is None:
        return False
    if target not in pair.flows_to or (turn.seat.stage is not Stage.LINKED and target is turn.own):
        return False
    turn.edits[target, pair.name] = entry.value
    turn.notify(
        NoticeKind.VALUE_EDITED,
        f"{entry.sender.removeprefix('person/')} wrote another value for {pair.path(target)}",
        field=pair.name,
        target=str(target),
        mapped=_mapped(turn, pair, target.other),
        value=entry.value,
        problem=problem.words,
    )
    return True


def _mapped(turn: Turn, pair: Pair, source: System) -> object:
    """Return what the other side shows there."""
    seen = turn.seat.side(source).seen
    return None if seen is None else seen.head.get(pair.path(source))


def wish_as_edited(turn: Turn, found: Comparison) -> None:
    """Let the values that a person wrote in this step be wished, in place of the mapped ones."""
    crm, erp = turn.seat.crm.seen, turn.seat.erp.seen
    if not turn.edits or crm is None or erp is None:
        return
    pairs = {pair.name: pair for pair in turn.link_type.pairs}
    for (target, name), value in turn.edits.items():
        pair = pairs[name]
        to_erp = target is System.K3CLOUD
        values = (crm.head.get(pair.crm), value) if to_erp else (value, erp.head.get(pair.erp))
        found.wishes[:] = [wish for wish in found.wishes if wish.pair.name != name]
        found.wishes.append(Wish(pair, target, values))
