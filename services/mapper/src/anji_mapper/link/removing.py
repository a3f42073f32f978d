"""What becomes of a line that one side has no more (``protocol.md`` 18, its end).

Which line is which was found before (`lines.identified`): by its id, its marker or its content.
Only then, and if a second read of its side does not show it either, it is gone. If the other
side's was changed meanwhile, the edit wins: the line is made again where it was removed, and
people are told. Else the mapping says whether the other one goes too.
"""

from dataclasses import dataclass

from pydantic import JsonValue

from anji_common.events.notices import NoticeKind
from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import SYSTEMS, System
from anji_mapper.link.merge import Comparison
from anji_mapper.link.questions import removal_key, ruling_of
from anji_mapper.link.rules import Rows
from anji_mapper.link.state import LineState, SideState, ValuePair, changed
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinesPair, Row, Seen
from anji_mapper.mapping.removals import RowPolicy

__all__ = ["decide_removed"]


def decide_removed(turn: Turn, found: Comparison) -> None:
    """Decide about each line that one side lacks, and forget those that neither has.

    While a side is void or shows no line at all, none is forgotten: one that comes back would be
    a new one, made again where it was removed, or a second time.
    """
    if not (found.gone_rows or found.lost_rows):
        return  # nearly always
    kinds = {lines.name: lines for lines in turn.link_type.lines}
    if any(turn.rules.is_busy(turn.seat.side(system)) for system in SYSTEMS):
        _keep_questions(turn, found)
        return  # a side that is being written is not seen as it is
    for name, crm_id in found.gone_rows:
        may_show = [_is_missed_once(turn, found, (name, crm_id), system) for system in SYSTEMS]
        if not any(may_show) and all(_shows_what_it_has(turn, name, each) for each in SYSTEMS):
            del found.lines[name][crm_id]
    for name, crm_id in found.lost_rows:
        state = found.lines[name][crm_id]
        lost = _lost(turn, kinds[name], crm_id, state)
        if turn.rules.may_be_removed(state) and not _may_hide_lines(turn, lost.holder.other):
            _decide(turn, found, lost)


def _shows_what_it_has(turn: Turn, name: str, system: System) -> bool:
    """Whether a line of this kind that a side does not show now may be taken not to be there."""
    is_hidden = _may_hide_lines(turn, system)
    return not is_hidden and turn.rules.is_believed(_shown(turn, name, system))


def _may_hide_lines(turn: Turn, system: System) -> bool:
    """Whether a side's record is void or the like: its lines may be there again when it is back.

    One that rests in a state on its own side only (a closed bill) shows all lines that it has.
    """
    seen = turn.seat.side(system).seen
    return seen is not None and any(
        len(state.resting) == len(SYSTEMS) and seen.head.get(state.path) is True
        for state in turn.link_type.states
    )


@dataclass(frozen=True, slots=True)
class _Lost:
    """A line that only one side still has."""

    lines: LinesPair
    crm_id: str
    state: LineState
    holder: System
    """Who still has it."""
    row: Row
    left: Rows
    """What the other side still has."""

    @property
    def key(self) -> str:
        """Under which it is asked about."""
        return removal_key(self.lines.name, self.crm_id)

    @property
    def values(self) -> ValuePair:
        """What stands on both sides."""
        held: JsonValue = dict(self.row)
        return (held, None) if self.holder is System.FXIAOKE else (None, held)

    @property
    def can_return(self) -> bool:
        """Whether lines of the holder are made on the other side."""
        return any(self.holder.other in pair.flows_to for pair in self.lines.pairs)


def _lost(turn: Turn, lines: LinesPair, crm_id: str, state: LineState) -> _Lost:
    crm, erp = (_shown(turn, lines.name, system) for system in SYSTEMS)
    if crm_id in crm:
        return _Lost(lines, crm_id, state, System.FXIAOKE, crm[crm_id], erp)
    return _Lost(lines, crm_id, state, System.K3CLOUD, erp.get(state.erp_id, {}), crm)


def _shown(turn: Turn, name: str, system: System) -> Rows:
    """Return what a side shows of one kind of lines."""
    return (turn.seat.side(system).seen or Seen({})).rows.get(name, {})


def _decide(turn: Turn, found: Comparison, lost: _Lost) -> None:
    if _is_missed_once(turn, found, (lost.lines.name, lost.crm_id), lost.holder.other):
        return
    if turn.rules.edit_wins(lost.lines, lost.holder, lost.row, lost.state.agreed):
        words = "one side removed a line that the other had changed: the edit wins"
        _make_again(turn, found, lost, words)
        return
    policy = lost.lines.on_removed.get(lost.holder.other, RowPolicy.KEEP)
    if policy is RowPolicy.KEEP:
        _keep(turn, found, lost)
    elif policy is RowPolicy.REMOVE and turn.rules.is_believed(lost.left):
        _remove(found, lost)
    else:
        _ask(turn, found, lost)


def _is_missed_once(turn: Turn, found: Comparison, line: tuple[str, str], system: System) -> bool:
    """Whether a line that a side does not show may show in a second read, which is asked for."""
    name, crm_id = line
    state, side = found.lines[name][crm_id], turn.seat.side(system)
    missed_at = state.missed_at if system is System.FXIAOKE else state.erp_missed_at
    if turn.rules.is_missed_twice(missed_at, side):
        return False
    if missed_at < 0:
        field = "missed_at" if system is System.FXIAOKE else "erp_missed_at"
        found.lines[name][crm_id] = changed(state, **{field: side.revision})
        _look_again(turn, side)
    return True


def _look_again(turn: Turn, side: SideState) -> None:
    if side.ref is not None:
        asked = Signal(
            system=side.ref.system,
            object_name=side.ref.object_name,
            kind=SignalKind.READ,
            at=turn.context.now,
            ref=side.ref,
            answers=f"missed/{side.revision}",
        )
        if asked not in turn.effects:  # one read for all lines that are missed
            turn.effects.append(asked)


def _ask(turn: Turn, found: Comparison, lost: _Lost) -> None:
    ruling = ruling_of(turn, lost.key, None, lost.values)
    if ruling is None:
        found.asked[lost.key] = lost.values
        return
    if ruling.winner is not lost.holder:
        found.contested.add(lost.key)  # the answer stands until it is carried out
        _remove(found, lost)
    elif lost.can_return:
        _make_again(turn, found, lost, f"a line is made again: {ruling.reason}")
    else:
        _keep(turn, found, lost)


def _remove(found: Comparison, lost: _Lost) -> None:
    found.removals.setdefault(lost.lines.name, []).append((lost.holder, lost.crm_id))


def _make_again(turn: Turn, found: Comparison, lost: _Lost, words: str) -> None:
    """Forget the pair: what the holder has is a new line to the other side."""
    del found.lines[lost.lines.name][lost.crm_id]
    line_id = lost.crm_id if lost.holder is System.FXIAOKE else lost.state.erp_id
    found.new_rows.setdefault(lost.lines.name, []).append((lost.holder, line_id))
    _tell(turn, NoticeKind.LINE_RETURNED, words, lost)


def _keep(turn: Turn, found: Comparison, lost: _Lost) -> None:
    """Let it stay, and say so once."""
    found.lines[lost.lines.name][lost.crm_id] = changed(lost.state, is_lost=True)
    words = "one side has this line no more; the other keeps it"
    _tell(turn, NoticeKind.LINE_NOT_REMOVED, words, lost)


def _tell(turn: Turn, kind: NoticeKind, words: str, lost: _Lost) -> None:
    crm, erp = lost.values
    where = {"lines": lost.lines.name, "crm_line": lost.crm_id}
    turn.notify(kind, words, **where, crm=crm, erp=erp)


def _keep_questions(turn: Turn, found: Comparison) -> None:
    """While a side is being written, what was asked about lines stands, and what was answered."""
    seat = turn.seat
    for name, crm_id in found.lost_rows:
        key = removal_key(name, crm_id)
        if key in seat.decisions:
            found.contested.add(key)
        if key in seat.asked:
            found.asked[key] = seat.asked[key]
