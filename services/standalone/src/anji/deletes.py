"""Deletes that wait for a person: held by a source, or asked about by a mapping."""

from collections.abc import Sequence
from dataclasses import dataclass

from anji.looking import Links, decision
from anji_common.broker.port import Broker
from anji_common.clock import Clock
from anji_common.events.signals import Signal, SignalKind
from anji_common.messages import Message
from anji_common.refs import Ref, System
from anji_common.sourcing.checkpoints import Checkpoint, checked_checkpoint
from anji_common.topics import CHECKPOINTS
from anji_common.views import View
from anji_mapper.link.state import Seat
from anji_mapper.mapping.model import Mappings

__all__ = ["Delete", "answer", "waiting_deletes"]


@dataclass(frozen=True, slots=True)
class Delete:
    """One delete, or many of one object, about which a person is asked."""

    name: str
    """What it is approved or refused by: ``AccountObj``, or the ref of a link's home."""
    words: str
    asks: tuple[System, str] | Seat
    """The object whose source holds it, or the link that asks."""
    question: str = ""
    """What is asked: of a link, the name of its field."""


async def waiting_deletes(broker: Broker, mappings: Mappings, links: Links) -> list[Delete]:
    """Return all deletes that wait for a person, those that sources hold first."""
    return [*await _held(broker), *_asked(mappings, links)]


def answer(found: Delete, person: str, clock: Clock, *, approves: bool) -> Message:
    """Return what tells the source or the link what `person` has decided."""
    if isinstance(found.asks, Seat):
        seat = found.asks
        gone = System.FXIAOKE if seat.crm.is_gone else System.K3CLOUD
        winner = gone if approves else gone.other
        return decision(seat, found.question, winner, person, clock).to_message()
    system, object_name = found.asks
    kind = SignalKind.APPROVE if approves else SignalKind.REFUSE
    return Signal(
        system=system,
        object_name=object_name,
        kind=kind,
        at=clock.now(),
        answers=found.question,
    ).to_message()


async def _held(broker: Broker) -> list[Delete]:
    view = View(broker, CHECKPOINTS.name, project=checked_checkpoint)
    await view.start()
    try:
        places = [Checkpoint.model_validate_json(value) for _, value in view.scan()]
    finally:
        await view.close()
    return [
        Delete(
            place.object_name,
            f"{len(place.patrol.waiting)} records are gone: {_few(place, place.patrol.waiting)}",
            (place.system, place.object_name),
            place.patrol.question,
        )
        for place in places
        if place.patrol is not None and place.patrol.waiting
    ]


def _few(place: Checkpoint, gone: Sequence[str]) -> str:
    refs = [str(Ref(place.system, place.object_name, each)) for each in gone[:3]]
    return ", ".join(refs) + (", …" if len(gone) > len(refs) else "")


def _asked(mappings: Mappings, links: Links) -> list[Delete]:
    found = []
    for cause in links.causes():
        link_type = mappings.named(cause.link_type)
        deletion = None if link_type is None else link_type.deletion
        for seat in cause.seats:
            if deletion is not None and deletion.name in seat.asked:
                gone = seat.crm.ref if seat.crm.is_gone else seat.erp.ref
                words = f"{gone} was deleted; the mapping asks before it does what it says"
                found.append(Delete(str(seat.key), words, seat, deletion.name))
    return found
