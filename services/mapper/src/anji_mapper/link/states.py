"""What is done about states of whole records: void, forbidden, closed, deleted.

The three-way merge says on which side a state is to change; here that becomes one operation at a
time. While a record rests in a state (void, forbidden), no values are written to it: its system
would refuse them. They flow once it is taken out of it.
"""

from dataclasses import replace
from functools import partial

from anji_common.refs import System
from anji_mapper.link.merge import Comparison, Wish, compare
from anji_mapper.link.questions import ask, ruling_of
from anji_mapper.link.state import changed
from anji_mapper.link.turn import Turn
from anji_mapper.link.wishes import send_operation
from anji_mapper.mapping.states import State

__all__ = ["after_delete", "is_at_rest", "operate", "rests"]


def rests(turn: Turn, system: System) -> bool:
    """Whether a side's record is in a state in which no values are written to it.

    Where people let the sides differ, values are written all the same: what its system says of
    that is told. What was refused before is not wished while it rests.
    """
    side = turn.seat.side(system)
    if not is_at_rest(turn, system):
        return False
    if side.refusal is not None:
        turn.put_side(system, changed(side, refusal=None))
    return True


def is_at_rest(turn: Turn, system: System) -> bool:
    """Whether a side's record is in a state in which no values are written to it; only looks."""
    seen = turn.seat.side(system).seen
    if seen is None:
        return False
    shown = [state for state in turn.link_type.states if seen.head.get(state.path) is True]
    return any(system in state.resting and _rests(turn, state, system) for state in shown)


def _rests(turn: Turn, state: State, system: System) -> bool:
    """Whether a state that shows on a side holds there: both sides may have been let differ."""
    far = turn.seat.side(system.other).seen
    there = None if far is None else far.head.get(state.path)
    held = (True, there) if system is System.FXIAOKE else (there, True)
    return there is True or turn.seat.agreed.get(f"{state.path}~{state.path}") != held


def operate(turn: Turn, system: System, found: Comparison) -> bool:
    """Bring one side's record nearer to the states that it should be in.

    Returns whether that comes before anything else: an operation is wished there.
    """
    for wish in found.wishes:
        if wish.system is system and wish.pair.state is not None:
            return _operate(turn, wish)
    return False


def _operate(turn: Turn, wish: Wish) -> bool:
    state, side = wish.pair.state, turn.seat.side(wish.system)
    if state is None:
        return False
    status = None if side.stamp is None else side.stamp.status
    found = state.next_operation(wish.system, enters=wish.value is True, status=status)
    if found is None:  # nothing is to be done about it there: both may differ
        held = {} if side.seen is None else side.seen.head
        here = held.get(wish.pair.path(wish.system))
        both = (wish.values[0], here) if wish.system is System.K3CLOUD else (here, wish.values[1])
        turn.put(agreed={**turn.seat.agreed, wish.pair.name: both})
        return False
    operation, is_last = found
    send_operation(turn, wish, operation, is_last=is_last)
    return True


def after_delete(turn: Turn) -> bool:
    """Do on the other side what the mapping says of a deleted record; return whether it is open.

    Open is what is wished, in flight, refused, or waits for a person.
    """
    seat, pair = turn.seat, turn.link_type.deletion
    if pair is None or seat.crm.seen is None or seat.erp.seen is None:
        return False
    found = compare(
        replace(turn.link_type, pairs=(pair,), lines=()),
        (seat.crm.seen, seat.erp.seen),
        (seat.agreed, {}),
        turn.context,
        partial(ruling_of, turn),
    )
    ask(turn, found)
    turn.put(agreed=found.agreed)
    is_open = bool(found.asked)
    for system in System:
        side = turn.seat.side(system)
        if side.is_gone:
            if side.refusal is not None:  # of a write to a record that is no more
                turn.put_side(system, changed(side, refusal=None))
            continue
        if turn.rules.is_busy(side) or operate(turn, system, found):
            is_open = True
        elif side.refusal is not None:
            turn.put_side(system, changed(side, refusal=None))
    return is_open
