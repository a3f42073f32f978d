"""Carries the CRM's callbacks to whoever takes them in; loses, doubles and delays some."""

import asyncio
from collections.abc import Callable
from random import Random

from anji.simulation.journal import Journal
from anji.simulation.tally import Tally
from anji.simulation.transport import VendorClock
from anji_common.clock import Clock
from anji_common.errors import AnjiError
from anji_common.sourcing.hand import comes
from anji_fxiaoke.callback import CallbackDesk
from anji_sandbox.faults import FaultyCore
from anji_sandbox.fxiaoke import FxiaokeCore

__all__ = ["Postman"]

_ROUND_SECONDS = 0.5
"""What has come up meanwhile is carried together."""
_LOST_SHARE = 0.1
_TWICE_SHARE = 0.1
_LATE_SHARE = 0.2
_LATEST_SECONDS = 40.0


class Postman:
    """The way from the CRM to the desk that takes callbacks in, if one is open."""

    def __init__(  # noqa: PLR0913, PLR0917 - what stands at both ends, and what happens between
        self,
        crm: FxiaokeCore,
        network: FaultyCore,
        clock: Clock,
        vendor_clock: VendorClock,
        desk: Callable[[], CallbackDesk | None],
        chance: Random,
        tally: Tally,
        journal: Journal,
    ) -> None:
        self._crm = crm
        self._network = network
        self._clock = clock
        self._vendor_clock = vendor_clock
        self._desk = desk
        self._chance = chance
        self._tally = tally
        self._journal = journal

    async def work(self) -> None:
        """Carry, until cancelled."""
        async with asyncio.TaskGroup() as on_the_way:
            while True:
                await self._until_due()
                await self._clock.sleep(_ROUND_SECONDS)
                now = self._vendor_clock.now()
                self._network.settle(now)
                for event_id, body in self._crm.due_callbacks(now):
                    on_the_way.create_task(self._carry(event_id, body))

    async def _until_due(self) -> None:
        """Wait until there is something to carry, or to be done late."""
        called = self._vendor_clock.called
        while True:
            called.clear()
            moments = [self._network.next_late_at(), self._crm.next_callback_at()]
            due = min([each for each in moments if each is not None], default=None)
            if due is None:
                await called.wait()
                continue
            wait = due - self._vendor_clock.now()
            if wait <= 0:
                return
            await comes(called, wait)

    async def _carry(self, event_id: str, body: bytes) -> None:
        fate = self._chance.random()
        if fate < _LOST_SHARE:
            self._tally["callback lost"] += 1
            self._crm.callback_answered(event_id, True, self._vendor_clock.now())  # noqa: FBT003 - nobody heard it
            return
        if fate < _LOST_SHARE + _LATE_SHARE:
            self._tally["callback late"] += 1
            await self._clock.sleep(self._chance.uniform(0.0, _LATEST_SECONDS))
        is_accepted = await self._delivered(body)
        if fate > 1 - _TWICE_SHARE:
            self._tally["callback twice"] += 1
            await self._delivered(body)
        self._crm.callback_answered(event_id, is_accepted, self._vendor_clock.now())

    async def _delivered(self, body: bytes) -> bool:
        desk = self._desk()
        if desk is None:
            return False
        try:
            return self._crm.callback_accepts(200, await desk.handle_callback(body))
        except AnjiError as error:
            self._journal.note("callback", str(error))
            return False
