"""A plan against the links as they are now: what is to be told, was told, or has moved since."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from anji.homes import scratch_folder
from anji_common.broker.port import Broker
from anji_common.clock import Clock
from anji_common.errors import RejectedError, UndecodableError
from anji_common.messages import Message
from anji_common.topics import LINKS
from anji_common.views import View
from anji_mapper.link.applying import refused_by, state_name
from anji_mapper.link.codec import decode_seat
from anji_mapper.mapping.model import Mappings
from anji_mapper.plans import PlanFile, PlannedLink

__all__ = ["Applying", "Standing", "open_applying"]

_BATCH_MESSAGES = 500
_NAMED_LINKS = 10


class Standing(StrEnum):
    """How one link of a plan stands."""

    READY = "ready"
    """As it was planned on."""
    DONE = "done"
    MOVED = "moved"
    """Not as it was planned on: it will not be touched."""
    REFUSED = "refused"
    """Its seat was told, and had moved by then."""


class Applying:
    """One plan on one installation."""

    def __init__(self, plan: PlanFile, links: View, broker: Broker, clock: Clock) -> None:
        self._plan = plan
        self._links = links
        self._broker = broker
        self._clock = clock
        self.moved: list[str] = []
        """Some of the links that have moved."""

    def standing(self, place: int, link: PlannedLink) -> Standing:
        """Return how one link stands now."""
        sender = f"plan/{self._plan.header.plan_id}"
        value = self._links.get(link.key)
        try:
            seat = None if value is None else decode_seat(value)
        except UndecodableError:
            return Standing.MOVED  # nobody planned on what stands there now
        if seat is not None and seat.heard.get(sender, -1) >= place:
            return Standing.REFUSED if refused_by(sender) in seat.heard else Standing.DONE
        name = "" if seat is None else state_name(seat)
        return Standing.READY if name == link.before else Standing.MOVED

    async def run(self, *, sends: bool) -> Counter[Standing]:
        """Count how the links stand; tell those that are ready, if `sends`."""
        counts: Counter[Standing] = Counter()
        batch: list[Message] = []
        for place, link in self._plan:
            standing = self.standing(place, link)
            counts[standing] += 1
            if standing is Standing.MOVED and len(self.moved) < _NAMED_LINKS:
                self.moved.append(link.key)
            if sends and standing is Standing.READY:
                entry = link.entry(self._plan.header, place, self._clock.now())
                batch.append(entry.to_message())
            if len(batch) >= _BATCH_MESSAGES:
                await self._broker.publish(batch)
                batch.clear()
        if batch:
            await self._broker.publish(batch)
        return counts


@asynccontextmanager
async def open_applying(
    plan: PlanFile, mappings: Mappings, broker: Broker, clock: Clock, home: Path
) -> AsyncIterator[Applying]:
    """Copy the links as they are now, and yield what applies.

    Raises:
        RejectedError: the installation runs with other mappings than those planned with.
    """
    running = {found.name: found.version for found in mappings.types}
    wrong = [
        name for name, version in plan.header.mappings.items() if running.get(name) != version
    ]
    if wrong:
        msg = (
            f"the plan was made with another mapping of {', '.join(wrong)} than this installation"
            " runs; nothing was sent. Set ANJI_MAPPINGS_DIR to the mappings planned with, restart"
            " the services, then apply again"
        )
        raise RejectedError(msg)
    with scratch_folder(home) as copies:
        links = View(broker, LINKS.name, store=copies / "links.sqlite", is_scratch=True)
        await links.start()
        try:
            yield Applying(plan, links, broker, clock)
        finally:
            await links.close()
