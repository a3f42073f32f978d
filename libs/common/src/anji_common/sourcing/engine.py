"""The sourcing engine: a vendor is read, its changes published, each once and in order.

Objects are spread over the partitions of ``anji.signals.v1`` by their `source_key`; whoever holds
a partition's task reads the objects whose key falls into it, and commits what it publishes with
its checkpoint under that partition's transactional id. So sources share the work, fail over and
are fenced by the broker's own means.

Nothing is lost: what a signal or callback asks for is a wish in the checkpoint before its offset
moves; a poll's watermark moves with its last page; a vendor that is down moves nothing.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import structlog

from anji_common.broker.partitions import partition_for
from anji_common.broker.port import Task
from anji_common.deadletters import dead_letter
from anji_common.errors import RefusedError, RetriableError, UndecodableError
from anji_common.events.signals import Signal, source_key
from anji_common.interest import Interest
from anji_common.messages import Message, Record
from anji_common.refs import System
from anji_common.runtime import Owning, Runtime, owning_nothing
from anji_common.sourcing.checkpoints import Checkpoint
from anji_common.sourcing.desk import Desk
from anji_common.sourcing.feed import Feed
from anji_common.sourcing.hand import Hand
from anji_common.sourcing.settings import SourceSettings
from anji_common.topics import CHECKPOINTS, SIGNALS
from anji_common.turns import in_turns

__all__ = ["run_source", "source_group"]

_log = structlog.get_logger("anji.source")

_IDLE_SECONDS = 300.0
"""Whatever there is to do wakes us; this is how long we trust that."""
_MAX_SIGNALS = 100
"""Taken in at once, and made durable together; each takes 30 µs."""
_SIGNAL_RETRY_SECONDS = 1.0


def source_group(system: System) -> str:
    """Return the name of the group that reads a system."""
    return f"{system}-source"


async def run_source(
    feed: Feed,
    interest: Interest,
    runtime: Runtime,
    settings: SourceSettings,
    owning: Owning = owning_nothing,
) -> None:
    """Read the vendor behind `feed` and publish its changes, until cancelled.

    `owning` is held as long as a partition is worked on.

    Raises:
        FatalError: no call can succeed (credentials, a topic), or another owner took a task.
    """
    inputs = [SIGNALS.name]
    if settings.hints_topic is not None:
        inputs.append(settings.hints_topic)

    async def work(task: Task) -> None:
        with owning(task.partition):
            await _TaskWork(feed, interest, task, runtime, settings).run()

    await runtime.broker.serve(source_group(feed.system), inputs, work)


class _TaskWork:
    """The work of one partition, from being taken to being revoked."""

    def __init__(
        self,
        feed: Feed,
        interest: Interest,
        task: Task,
        runtime: Runtime,
        settings: SourceSettings,
    ) -> None:
        self._system = feed.system
        self._task = task
        self._runtime = runtime
        self._settings = settings
        self._hand = Hand()
        self._hearing: list[str] | None = None
        """Which topics the poll under way was told to hear."""
        self._desks = {
            each.object_name: Desk(feed, each, task, runtime, settings, self._hand)
            for each in interest.objects
            if self._is_ours(each.object_name)
        }

    async def run(self) -> None:
        """Work until the task goes elsewhere or something fatal happens."""
        checkpoints = await self._checkpoints()
        async with AsyncExitStack() as opened:
            for name, desk in self._desks.items():
                opened.push_async_callback(desk.close)
                await desk.start(checkpoints.get(source_key(self._system, name)))
            doing = [
                self._hear(),
                *(self._attend(desk) for desk in self._desks.values()),
                *(desk.follow() for desk in self._desks.values()),
            ]
            running = [asyncio.create_task(each) for each in doing]
            try:
                ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for each in ended:
                    each.result()
            finally:
                for each in running:
                    each.cancel()
                await asyncio.gather(*running, return_exceptions=True)

    async def _attend(self, desk: Desk) -> None:
        """Do what is due at one desk; others go on while it reads its vendor."""
        while True:
            await desk.due(_IDLE_SECONDS)
            await self._runtime.clock.sleep(0)  # who has much to do gives way to everybody else
            async with self._hand.held():
                await desk.turn()
            # Not as it was before the turn: what was taken in meanwhile may have filled a desk
            # that has room again now.
            if self._heard_topics() != self._hearing:
                self._task.wake()

    async def _hear(self) -> None:
        """Take in what signals and hints come."""
        while True:
            self._hearing = self._heard_topics()
            records = await self._task.poll(
                self._hearing, max_records=_MAX_SIGNALS, wait_seconds=_IDLE_SECONDS
            )
            if records:
                async with self._hand.held():
                    await self._take_in(records)

    def _heard_topics(self) -> list[str] | None:
        """Return which topics are heard; `None`: all.

        Hints that come faster than the vendor may be read are as safe in their topic, and there
        a thousand of them do not make every checkpoint longer. People and commands are heard.
        """
        if any(desk.is_crammed for desk in self._desks.values()):
            return []
        return [SIGNALS.name] if any(desk.is_full for desk in self._desks.values()) else None

    async def _take_in(self, records: Sequence[Record]) -> None:
        """Make what is asked durable in the checkpoints, and move past it."""
        outputs: list[Message] = []
        touched: dict[str, Desk] = {}
        try:
            async for record in in_turns(records, self._runtime.clock):
                try:
                    signal = Signal.from_record(record)
                except UndecodableError as error:
                    outputs.append(dead_letter(record, error, f"{self._system}/source"))
                    continue
                desk = self._desks.get(signal.object_name)
                if signal.system is self._system and desk is not None:
                    is_hint = record.topic == self._settings.hints_topic
                    await desk.take_in(signal, is_hint=is_hint)
                    touched[signal.object_name] = desk
        except (RetriableError, RefusedError) as error:
            # The vendor's time could not be told: nothing was committed, so ask again.
            _log.warning("signals.awaiting_vendor", system=self._system, reason=str(error))
            await self._task.rewind()
            async with self._hand.free():
                await self._runtime.clock.sleep(_SIGNAL_RETRY_SECONDS)
            return
        outputs.extend(desk.checkpoint_message() for desk in touched.values())
        await self._task.commit(records, outputs)

    async def _checkpoints(self) -> dict[str, Checkpoint]:
        """Return the newest checkpoint of every object, read to the topic's present end."""
        broker, partition = self._runtime.broker, self._task.partition
        end = (await broker.ends(CHECKPOINTS.name)).get(partition, 0)
        begin = (await broker.beginnings(CHECKPOINTS.name)).get(partition, 0)
        found: dict[str, Checkpoint] = {}
        reader = await broker.reader(CHECKPOINTS.name, {partition: begin})
        try:
            while reader.position(partition) < end:
                for record in await reader.poll(wait_seconds=1.0):
                    try:
                        checkpoint = Checkpoint.from_record(record)
                    except UndecodableError as error:
                        _log.warning("checkpoint.unreadable", reason=str(error))
                    else:
                        found[checkpoint.key] = checkpoint
        finally:
            await reader.close()
        return found

    def _is_ours(self, object_name: str) -> bool:
        key = source_key(self._system, object_name).encode()
        return partition_for(key, self._runtime.broker.partitions) == self._task.partition
