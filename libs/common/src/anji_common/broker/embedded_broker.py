"""`EmbeddedBroker`: the port `Broker` in one SQLite file, or in memory.

For one machine without Kafka, and for simulations: it takes no threads, no sockets and no time
but its `Clock`'s. All services of an installation share one opened broker in one process; other
processes (the CLI, a second owner) may open the same file meanwhile. Its promises are the
port's, and the same contract suite proves them. The parts:

- ``embedded_store.py``: the file; logs and records
- ``embedded_queue.py``: many commits, one transaction, one fsync
- ``embedded_wakeups.py``: who waits for what
- ``embedded_task.py``, ``embedded_group.py``: epochs and fencing; members that share the tasks
- ``embedded_upkeep.py``: retention and compaction
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from anji_common.broker.embedded_core import (
    EmbeddedCore,
    EmbeddedPresence,
    EmbeddedTimes,
    group_key,
)
from anji_common.broker.embedded_group import EmbeddedMember
from anji_common.broker.embedded_queue import EmbeddedQueue, Transaction
from anji_common.broker.embedded_reader import EmbeddedReader
from anji_common.broker.embedded_store import EmbeddedStore, Shape
from anji_common.broker.embedded_task import Seat, shapes_of, take_by_force
from anji_common.broker.embedded_upkeep import EmbeddedUpkeep
from anji_common.broker.embedded_wakeups import EmbeddedWakeups
from anji_common.broker.port import Lag, Reader, ResetTo, Task, Work
from anji_common.clock import Clock
from anji_common.errors import ConfigurationError
from anji_common.messages import Message
from anji_common.topics import DEFAULT_PARTITIONS, Topic, once_each

__all__ = ["EmbeddedBroker", "EmbeddedTimes"]

_USUAL = EmbeddedTimes()


class EmbeddedBroker:
    """The port `Broker`. Opens or makes the file at once; one event loop uses it."""

    def __init__(
        self,
        path: Path | None,
        *,
        clock: Clock,
        partitions: int = DEFAULT_PARTITIONS,
        times: EmbeddedTimes = _USUAL,
    ) -> None:
        """Open a broker.

        Args:
            path: The file; `None` keeps everything in memory, for this instance alone.
            clock: Tells the time and waits.
            partitions: How many partitions a topic gets that is declared here.
            times: How often things are looked at.

        Raises:
            FatalError: the file cannot be opened.
            ConfigurationError: it is of another version of Anji.
        """
        self._partitions = partitions
        store = EmbeddedStore(path)
        wakeups = EmbeddedWakeups(store, clock, times.look_seconds)
        queue = EmbeddedQueue(store, wakeups, clock)
        presence = EmbeddedPresence(store, queue, clock, times.member_timeout_seconds)
        self._core = EmbeddedCore(store, queue, wakeups, presence, clock)
        self._upkeep = EmbeddedUpkeep(self._core, times.upkeep_seconds)
        presence.background.append(self._upkeep.run)

    @property
    def partitions(self) -> int:
        return self._partitions

    async def declare(self, topics: Iterable[Topic]) -> None:
        wanted = once_each(topics)

        def operation(transaction: Transaction) -> None:
            found = {topic: transaction.store.shape_or_none(topic.name) for topic in wanted}
            wrong = [
                words
                for topic, shape in found.items()
                if shape is not None
                for words in _differences(topic, shape, self._partitions)
            ]
            if wrong:
                raise ConfigurationError("\n".join([*wrong, "Nothing was changed."]))
            for topic, shape in found.items():
                _keep(transaction, topic, shape, self._partitions)

        await self._core.queue.ask(operation)

    async def publish(self, messages: Sequence[Message]) -> None:
        entries = [self._core.store.entry(message) for message in messages]
        await self._core.queue.ask(lambda transaction: transaction.append(entries))

    async def take(self, group: str, partition: int, inputs: Sequence[str]) -> Task:
        shapes = shapes_of(self._core.store, inputs)
        if any(partition not in range(shape.partitions) for shape in shapes.values()):
            msg = f"there is no partition {partition} in {', '.join(inputs)}"
            raise ConfigurationError(msg)
        return await take_by_force(self._core, Seat(group, partition, shapes))

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        shapes = shapes_of(self._core.store, inputs)
        await EmbeddedMember(self._core, group, shapes, work).run()

    async def reader(self, topic: str, starts: Mapping[int, int]) -> Reader:
        self._core.store.refresh()
        return EmbeddedReader(self._core, self._core.store.shape(topic), starts)

    async def beginnings(self, topic: str) -> Mapping[int, int]:
        store = self._core.store
        return _by_partition(store.shape(topic), store.beginning)

    async def ends(self, topic: str) -> Mapping[int, int]:
        store = self._core.store
        store.refresh()
        return _by_partition(store.shape(topic), lambda log: store.ends.get(log, 0))

    async def offsets_at(self, topic: str, at: datetime) -> Mapping[int, int]:
        store = self._core.store
        store.refresh()
        return _by_partition(store.shape(topic), lambda log: store.offset_at(log, _millis(at)))

    async def committed(
        self, group: str, topics: Sequence[str]
    ) -> Mapping[str, Mapping[int, int]]:
        found: dict[str, dict[int, int]] = {topic: {} for topic in topics}
        for topic, partition, offset in self._core.store.rows(
            "SELECT topic, partition, next_offset FROM progress WHERE group_name = ?", group
        ):
            if topic in found:
                found[topic][partition] = offset
        return found

    async def lag(self, group: str, inputs: Sequence[str]) -> Sequence[Lag]:
        store = self._core.store
        store.refresh()
        now_ms = _millis(self._core.clock.now())
        committed = await self.committed(group, inputs)
        lags: list[Lag] = []
        for topic in inputs:
            shape = store.shape(topic)
            for partition, log in enumerate(shape.logs):
                start = max(committed[topic].get(partition, 0), store.beginning(log))
                oldest = store.first_from(log, start)
                records = 0 if oldest is None else store.ends[log] - oldest[0]
                seconds = 0.0 if oldest is None else max(now_ms - oldest[1], 0) / 1000
                lags.append(Lag(topic, partition, records, seconds))
        return lags

    async def reset(self, group: str, inputs: Sequence[str], to: ResetTo) -> None:
        store = self._core.store
        shapes = shapes_of(store, inputs)

        def operation(transaction: Transaction) -> None:
            # In the transaction nobody else writes: the ends are read anew, and hold.
            store.refresh()
            store.run(
                "UPDATE owners SET epoch = epoch + 1, process_id = NULL, member_id = NULL"
                " WHERE group_name = ?",
                group,
            )
            store.forget_owners()
            store.run_many(
                "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?)",
                [
                    (group, name, partition, _place(transaction, log, to))
                    for name, shape in shapes.items()
                    for partition, log in enumerate(shape.logs)
                ],
            )
            transaction.touched.add(group_key(group))

        await self._core.queue.ask(operation)

    async def maintain(self) -> int:
        """Do all retention and compaction that is due; return how many records went.

        Needs no call where groups are served: it runs by itself there.
        """
        return await self._upkeep.do_all()

    async def close(self) -> None:
        if self._core.store.is_closed:
            return
        await self._core.presence.close()
        await self._core.wakeups.close()
        await self._core.queue.drain()
        # Nothing is awaited between: what is asked for from here on is refused, and kept waiting
        # by nothing.
        self._core.store.close()
        self._core.wakeups.wake_all()


def _differences(topic: Topic, shape: Shape, partitions: int) -> Iterator[str]:
    """Return in words what makes a topic of the file unfit, and what to do."""
    if shape.partitions != partitions:
        yield (
            f"topic {topic.name} has {shape.partitions} partitions and must have {partitions},"
            " for the same key must stand in the same partition of every topic: set"
            f" ANJI_PARTITIONS={shape.partitions}, or use another ANJI_HOME"
        )
    if shape.topic.is_compacted != topic.is_compacted:
        kinds = {True: "compacted", False: "kept for a time"}
        yield (
            f"topic {topic.name} is {kinds[shape.topic.is_compacted]} and must be"
            f" {kinds[topic.is_compacted]}, else its records would be lost or stay for ever:"
            " use another ANJI_HOME"
        )


def _keep(transaction: Transaction, topic: Topic, shape: Shape | None, partitions: int) -> None:
    """Write a topic as it is declared: make it, or take over its times."""
    store = transaction.store
    times = (topic.retention_seconds, topic.min_compaction_lag_seconds, topic.tombstone_seconds)
    if shape is not None:
        if shape.topic != topic:
            store.run(
                "UPDATE topics SET retention_seconds = ?, min_compaction_lag_seconds = ?,"
                " tombstone_seconds = ? WHERE topic_id = ?",
                *times,
                shape.topic_id,
            )
        return
    ((topic_id,),) = store.rows(
        "INSERT INTO topics (name, partitions, is_compacted, retention_seconds,"
        " min_compaction_lag_seconds, tombstone_seconds) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING topic_id",
        topic.name,
        partitions,
        topic.is_compacted,
        *times,
    )
    logs = Shape(topic_id, topic, partitions).logs
    store.run_many("INSERT INTO logs (log) VALUES (?)", [(log,) for log in logs])


def _place(transaction: Transaction, log: int, to: ResetTo) -> int:
    """Return the offset in a log that `to` means."""
    store = transaction.store
    if isinstance(to, datetime):
        return store.offset_at(log, _millis(to))
    if to == "start":
        return store.beginning(log)
    return transaction.ends.get(log, store.ends.get(log, 0))


def _by_partition(shape: Shape, of_log: Callable[[int], int]) -> dict[int, int]:
    return {partition: of_log(log) for partition, log in enumerate(shape.logs)}


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
