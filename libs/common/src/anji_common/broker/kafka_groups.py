"""Membership in a group: which tasks are ours, from when and until when.

A member's consumer only says which partition numbers are ours. It is paused before anything
else and never delivers a record; each task reads by a consumer of its own (``kafka_task.py``).
That is the guard against aiokafka's listener race: it fetches before `on_partitions_assigned`
has run, and in a runtime that polls the member's consumer meanwhile, records are passed over
without a word. ``tests/labs/naive_kafka.py`` is such a runtime, and a test sees it lose.

Rebalances are eager: everybody gives all back and is given anew. `on_partitions_revoked` waits
for the running works, while heartbeats go on; so a new owner begins when the former has ended.
One that does not end in time is fenced by the new owner's producer all the same.

When a broker goes away in the middle of a commit, nobody knows what became of it. Then the
membership is given up and begun again: the group decides anew who takes which task, and to
take it settles the matter. To reopen the task by force could fence a rightful owner. The same is
done when a work was fenced: by an owner that took it by force, after the process stood still for
longer than its session, or by a transaction that took too long, of which no rebalance tells.

aiokafka only logs what a listener raises. Nothing here is left to that: errors go to `run`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from anji_common.broker.kafka_cluster import KafkaCluster
from anji_common.broker.kafka_endings import discard
from anji_common.broker.kafka_errors import translated
from anji_common.broker.kafka_task import KafkaTask
from anji_common.broker.port import Work
from anji_common.errors import FatalError, FencedError, RetriableError, RevokedError

__all__ = ["KafkaMember", "Take", "serve"]

_log = structlog.get_logger(__name__)

_POLL_MS = 1000
_REJOIN_SECONDS = 0.5

Take = Callable[[int], Awaitable[KafkaTask]]


class _LostError(RetriableError):
    """The membership must be begun again; no work failed."""


async def serve(
    cluster: KafkaCluster, group: str, inputs: Sequence[str], take: Take, work: Work
) -> None:
    """Be a member of `group` until cancelled or until a work fails; rejoin when lost.

    Raises:
        AnjiError: what a work failed with, or that the group could not be joined at first.
    """
    has_joined = False
    while True:
        member = KafkaMember(cluster, group, inputs, take, work)
        try:
            await member.run()
        except _LostError:
            has_joined = has_joined or member.has_joined
            if not has_joined:
                raise
            await cluster.clock.sleep(_REJOIN_SECONDS)


class KafkaMember:
    """One membership in a group, running works for its tasks."""

    def __init__(
        self, cluster: KafkaCluster, group: str, inputs: Sequence[str], take: Take, work: Work
    ) -> None:
        self.has_joined = False
        self._cluster = cluster
        self._group = group
        self._topics = {cluster.physical(topic) for topic in inputs}
        self._take = take
        self._work = work
        self._consumer = cluster.member(group)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._tasks: dict[int, KafkaTask] = {}
        self._is_giving_back = False
        self._is_leaving = False
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Work on what the group gives us, until cancelled, or failed, or lost."""
        consumer: AIOKafkaConsumer = self._consumer
        is_lost = False
        try:
            consumer.subscribe(sorted(self._topics), listener=_Listener(self))
            await self._unless_failed(self._cluster.started(consumer))
            while True:
                # Delivers nothing, for all is paused; raises what the group's protocol met.
                await self._unless_failed(consumer.getmany(timeout_ms=_POLL_MS))
        except _LostError:
            is_lost = True
            raise
        finally:
            self._is_leaving = True
            self._failed.cancel()
            if is_lost:
                await self.revoked()
            await self._end_works(by_cancelling=True)
            await discard(consumer)

    async def assigned(self, places: Iterable[TopicPartition]) -> None:
        """Begin the tasks of a new generation; at once, for no heartbeat goes meanwhile."""
        given = set(places)
        self._consumer.pause(*given)
        for place in given:
            # It reads nothing, so any place will do. Without one aiokafka asks where the group
            # stands, partition by partition, each in a request of its own.
            self._consumer.seek(place, 0)
        if self._is_leaving:
            return
        self.has_joined = True
        self._is_giving_back = False
        for number in sorted({place.partition for place in given}):
            # During an upgrade members may have different inputs. A number is ours where all its
            # inputs are; the others follow when the last old member has gone.
            if {TopicPartition(topic, number) for topic in self._topics} <= given:
                running = asyncio.create_task(self._run(number), name=f"{self._group}[{number}]")
                self._running[number] = running
                running.add_done_callback(self._note)

    async def revoked(self) -> None:
        """Wait until every work has ended; after the rebalance's time they are cancelled."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._cluster.settings.rebalance_timeout_seconds):
                await self._end_works(by_cancelling=False)
                return
        await self._end_works(by_cancelling=True)

    def fail(self, error: BaseException) -> None:
        """Let `run` raise `error`."""
        if not self._failed.done():
            self._failed.set_exception(error)

    async def _unless_failed(self, doing: Awaitable[object]) -> None:
        """Wait for `doing`, or raise what a work or a listener failed with."""
        waiting = asyncio.ensure_future(doing)
        try:
            both: list[asyncio.Future[Any]] = [waiting, self._failed]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
            with _losing(), translated(f"membership in group {self._group}"):
                await waiting
        finally:
            if not waiting.done():
                waiting.cancel()
                await asyncio.wait([waiting])

    async def _run(self, number: int) -> None:
        """Take a task, work on it, give it back."""
        with _losing():
            task = await self._take(number)
        self._tasks[number] = task
        try:
            if self._is_giving_back:
                task.revoke()
            with suppress(RevokedError):
                await self._work(task)
        except FencedError as error:
            _log.warning("task.lost", group=self._group, partition=number)
            raise _LostError(*error.args) from error
        finally:
            self._tasks.pop(number, None)
            await task.close()
        if task.is_lost:
            msg = f"no answer to a commit of {self._group}[{number}]"
            raise _LostError(msg)

    async def _end_works(self, *, by_cancelling: bool) -> None:
        self._is_giving_back = True
        for task in self._tasks.values():
            task.revoke()
        running = list(self._running.values())
        if by_cancelling:
            for one in running:
                one.cancel()
        if running:
            await asyncio.wait(running)
        self._running.clear()

    def _note(self, ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and (error := ended.exception()) is not None:
            self.fail(error)


@contextmanager
def _losing() -> Iterator[None]:
    """What may be retried outside of works is done by joining again."""
    try:
        yield
    except RetriableError as error:
        raise _LostError(*error.args) from error


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types and insists on its own class
    """Hands aiokafka's calls on, so that no error of ours ends in its log only."""

    def __init__(self, member: KafkaMember) -> None:
        self._member = member

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        with _Reported(self._member):
            await self._member.assigned(assigned)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 - all are given back
        with _Reported(self._member):
            await self._member.revoked()


class _Reported:
    """Tells the member what was raised inside."""

    def __init__(self, member: KafkaMember) -> None:
        self._member = member

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            self._member.fail(FatalError(f"the rebalance listener failed: {error!r}"))
