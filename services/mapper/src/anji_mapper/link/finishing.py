"""How far an ERP record is taken after its save, and what is left undone.

A save that went well may be followed by a step that the vendor refuses: a submit, an audit, an
allocation, a file. The record holds the wish then, so the link goes on; what is undone is its
problem, in the vendor's words, until the record has come that far by whatever hand, a later
change takes it there, or a person asks for another try.
"""

from dataclasses import replace
from typing import Any

from anji_common.events.commands import Action, CommandNumber, Finish
from anji_common.events.results import Result
from anji_common.refs import System
from anji_mapper.link.state import Flight, SideState, Unfinished, changed
from anji_mapper.link.turn import Turn

__all__ = [
    "give_to_organisations",
    "is_resumed",
    "note_refused_way",
    "note_what_is_undone",
    "resume",
    "see_what_is_done",
    "way_on",
]

_REACHED = {"Z": Finish.DRAFT, "B": Finish.SUBMITTED, "C": Finish.AUDITED}
"""Document status → how far a record is."""
_ORDER = (Finish.DRAFT, Finish.SAVED, Finish.SUBMITTED, Finish.AUDITED)


def note_what_is_undone(turn: Turn, flight: Flight, result: Result) -> None:
    """Keep the words of a result whose values hold, though something after the save did not."""
    side = turn.seat.erp
    if result.system is not System.K3CLOUD:
        return
    found = None
    if result.words:
        is_there = _is_as_far_as(side, flight.finish)
        left = Finish.SAVED if is_there else flight.finish
        found = Unfinished(result.words, left, flight.number)
    elif flight.action is Action.OPERATE and is_resumed(side):
        return  # it is due still
    if found is not side.unfinished:
        turn.put_side(System.K3CLOUD, changed(side, unfinished=found))


def note_refused_way(turn: Turn, flight: Flight, words: str) -> bool:
    """Keep why a command that wished no value, only the rest of the way, went wrong.

    Returns:
        Whether `flight` is such a command; what else is refused is somebody else's to note.
    """
    side = turn.seat.erp
    wishes = flight.pairs or flight.rows or flight.removes
    is_way_on = side.flight is None and not wishes
    if side.unfinished is None or flight.action is not Action.UPDATE or not is_way_on:
        return False
    told = replace(side.unfinished, words=words, number=flight.number)
    turn.put_side(System.K3CLOUD, changed(side, unfinished=told))
    return True


def see_what_is_done(turn: Turn) -> None:
    """Forget a refused step once the record has come that far; what comes after it is due then."""
    side = turn.seat.erp
    found = side.unfinished
    if found is None or found.finish is Finish.SAVED or not _is_as_far_as(side, found.finish):
        return
    left = None
    if turn.link_type.erp.making.organisations:
        left = replace(found, finish=Finish.SAVED, is_retried=True)
    turn.put_side(System.K3CLOUD, changed(side, unfinished=left))


def resume(turn: Turn) -> None:
    """Let the next decision try again what was left undone."""
    side = turn.seat.erp
    if side.unfinished is not None:
        again = replace(side.unfinished, is_retried=True)
        turn.put_side(System.K3CLOUD, changed(side, unfinished=again))


def give_to_organisations(turn: Turn) -> None:
    """Let the next command give the ERP's record to the organisations of its mapping.

    Nothing else of it is done again; the vendor gives a record once to each. It is no problem
    before the vendor refuses it.
    """
    side = turn.seat.erp
    if side.unfinished is None:
        due = Unfinished("", Finish.SAVED, CommandNumber(turn.seat.generation, side.sent))
    else:
        due = side.unfinished
    turn.put_side(System.K3CLOUD, changed(side, unfinished=replace(due, is_retried=True)))


def is_resumed(side: SideState) -> bool:
    """Whether a command is due though no value is wished."""
    return side.unfinished is not None and side.unfinished.is_retried


def way_on(turn: Turn, system: System) -> dict[str, Any]:
    """Return what an update says besides values: how far the record goes, what it may undo.

    A record that is taken back for a change is taken as far again as it was seen; one that an
    earlier command left on its way is taken where that one should have.
    """
    if system is not System.K3CLOUD:
        return {}
    making, side = turn.link_type.erp.making, turn.seat.erp
    said: dict[str, Any] = {}
    finish = Finish.SAVED
    is_draft = _stage_of(side) is Finish.DRAFT
    if making.reopens:
        said["reopens"] = True
        finish = _stage_of(side)
    elif is_draft and turn.link_type.erp.finish is Finish.DRAFT:
        finish = Finish.DRAFT
    if side.unfinished is not None:
        finish = max(finish, side.unfinished.finish, key=_ORDER.index)
        said["organisations"] = making.organisations
    return {**said, "finish": finish}


def _stage_of(side: SideState) -> Finish:
    status = None if side.stamp is None else side.stamp.status
    return _REACHED.get(status or "", Finish.SAVED)


def _is_as_far_as(side: SideState, finish: Finish) -> bool:
    return _ORDER.index(_stage_of(side)) >= _ORDER.index(finish)
