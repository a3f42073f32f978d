"""Plans another mapping: the reducer runs on a copy of the links over retained changes.

Nothing is published and no group moves. The copy is made of ``anji.links.v1`` and
``anji.crosswalk.v1`` as they are now, in files that go away with the plan; so memory does not grow
with the links. A link with a command in flight is left out: its outcome is not known.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from anji_common.broker.port import Broker
from anji_common.errors import UndecodableError
from anji_common.events.changes import Change
from anji_common.messages import Message
from anji_common.views import View
from anji_mapper.copies import open_copies, topics_of
from anji_mapper.link.applying import state_name
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.link.context import Context
from anji_mapper.link.effects import Effect, in_bulk
from anji_mapper.link.inputs import Relooked
from anji_mapper.link.remapping import forgotten
from anji_mapper.link.state import Seat, Stage, changed
from anji_mapper.link.step import Reducer
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.plans import PlannedLink
from anji_mapper.retained import Retained
from anji_mapper.starts import Start
from anji_mapper.tallying import PlanTally

__all__ = ["Planner", "planner"]


@dataclass(frozen=True, slots=True)
class Planner:
    """Copies of the links and of what is retained, and the mapping to come."""

    links: View
    retained: Retained
    old: Mappings
    context: Context
    """Holds the new mappings."""
    tally: PlanTally
    reducer: Reducer

    def run(self) -> Iterator[PlannedLink]:
        """Yield every link that the new mapping changes, by key; `tally` counts meanwhile."""
        for key, value in self.links.scan():
            try:
                seat = decode_seat(value)
            except UndecodableError:
                self.tally.undecodable += 1  # the mapper leaves it as it is, and so does a plan
                continue
            if seat.stage is Stage.POINTER:
                continue
            link_type = self.context.mappings.named(seat.link_type)
            changes = self._changes(key, seat)
            if changes and link_type is None:
                self.tally.unknown_type(seat)
            elif changes and link_type is not None:
                planned = self._planned(key, seat, link_type, changes)
                if planned is not None:
                    yield planned

    def _changes(self, key: str, seat: Seat) -> tuple[Change, ...]:
        keys = (key,) if seat.partner is None else (key, str(seat.partner))
        found = []
        for record in (self.retained.get(each) for each in keys):
            if record is None:
                continue
            try:
                found.append(Change.from_record(record))
            except UndecodableError:
                self.tally.undecodable += 1  # a dead letter of the mapper's, already
        return tuple(found)

    def _planned(
        self, key: str, seat: Seat, link_type: LinkType, changes: tuple[Change, ...]
    ) -> PlannedLink | None:
        self.tally.looked_at += 1
        if seat.crm.flight is not None or seat.erp.flight is not None:
            self.tally.in_flight += 1
            return None
        old = self.old.named(seat.link_type)
        before = seat
        if old is not None:
            fits = _variant(old, seat), _variant(link_type, seat)
            before = forgotten(seat, *fits, self.context)
        after, effects = self.reducer.step(before, Relooked(changes), link_type, self.context)
        effects = tuple(in_bulk(effect) for effect in effects)
        self.tally.add(seat, after, link_type, effects, changes)
        if not effects and changed(after, version=seat.version) == seat:
            return None
        self.tally.changed += 1
        return PlannedLink(
            key=key,
            link_type=seat.link_type,
            before=state_name(seat),
            after=orjson.loads(encode_seat(after)),
            sends=tuple(_message(effect) for effect in effects),
        )


def _variant(link_type: LinkType, seat: Seat) -> LinkType:
    """Return the mapping under the settings of the records' own variant."""
    found = link_type.variant_of(seat.crm.seen, seat.erp.seen) if link_type.variants else None
    return link_type if found is None else found.link_type


def _message(effect: Effect) -> Message:
    return effect.to_message()


@asynccontextmanager
async def planner(  # noqa: PLR0913 - what is planned, on what, and where
    broker: Broker,
    old: Mappings,
    new: Mappings,
    start: Start,
    *,
    folder: Path,
    now: datetime,
) -> AsyncIterator[Planner]:
    """Copy what is needed, and yield what plans.

    Args:
        broker: Read from only.
        old: The mappings that run.
        new: The mappings to come.
        start: From where on retained changes are looked at.
        folder: For the copies; the caller removes it.
        now: The time of all that is planned.
    """
    topics = topics_of(old.types)
    async with open_copies(broker, topics, start, folder=folder) as copies:
        retained, tally = copies.retained, PlanTally()
        tally.events, tally.records = retained.events, len(retained)
        tally.unread_objects = sorted(set(topics_of(new.types)) - set(topics))
        context = copies.context(new, now)
        yield Planner(copies.links, retained, old, context, tally, Reducer())
