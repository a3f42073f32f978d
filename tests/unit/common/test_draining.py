"""An end in order, on the embedded broker under virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager

from anji_common.broker.draining import Drain, draining
from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.port import Broker, Task, Work
from anji_common.errors import RevokedError
from anji_common.messages import Message
from anji_common.refs import System
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import SIGNALS, declared_topics

GROUP = "g"
TOPIC = SIGNALS.name


@asynccontextmanager
async def serving(drain: Drain, work: Work) -> AsyncIterator[tuple[Broker, LoopClock]]:
    """Serve one group with one partition as long as the context lasts."""
    clock = LoopClock(asyncio.get_running_loop())
    broker = EmbeddedBroker(None, clock=clock, partitions=1)
    await broker.declare(declared_topics({System.FXIAOKE: ()}))
    serve = asyncio.create_task(draining(broker, drain).serve(GROUP, [TOPIC], work))
    await clock.sleep(1.0)
    try:
        yield broker, clock
    finally:
        assert not serve.done()
        serve.cancel()
        await asyncio.wait([serve])
        await broker.close()


def working(seconds: float, done: list[int]) -> Work:
    """Return a work that takes so long for each batch, and moves past it then."""

    async def work(task: Task) -> None:
        clock = LoopClock(asyncio.get_running_loop())
        while True:
            records = await task.poll(max_records=1, wait_seconds=1000.0)
            if records:
                await clock.sleep(seconds)
                await task.commit(records)
                done.append(records[0].offset)

    return work


def on_two_messages(
    seconds: float,
    test: Callable[[Drain, Broker, LoopClock, list[int]], Awaitable[None]],
    only_reading: Collection[str] = (),
) -> None:
    async def run() -> None:
        drain, done = Drain(only_reading), list[int]()
        async with serving(drain, working(seconds, done)) as (broker, clock):
            await broker.publish([Message(TOPIC, "k", b"1"), Message(TOPIC, "k", b"2")])
            await clock.sleep(1.0)
            await test(drain, broker, clock, done)

    run_virtually(run())


def test_what_is_in_hand_is_finished_and_nothing_new_is_begun() -> None:
    async def test(drain: Drain, broker: Broker, clock: LoopClock, done: list[int]) -> None:
        drain.begin()

        assert await drain.ended(clock, 20.0)
        assert done == [0]
        await clock.sleep(60.0)
        assert done == [0]
        committed = await broker.committed(GROUP, [TOPIC])
        assert committed[TOPIC][0] == 1

    on_two_messages(5.0, test)


def test_a_work_that_waits_for_input_ends_at_once() -> None:
    async def test(drain: Drain, _broker: Broker, clock: LoopClock, done: list[int]) -> None:
        await clock.sleep(10.0)
        before = clock.monotonic()
        drain.begin()

        assert await drain.ended(clock, 20.0)
        assert clock.monotonic() - before < 1.0
        assert done == [0, 1]

    on_two_messages(0.1, test)


def test_a_work_that_is_not_done_in_time_is_named() -> None:
    async def test(drain: Drain, _broker: Broker, clock: LoopClock, done: list[int]) -> None:
        drain.begin()

        assert not await drain.ended(clock, 20.0)
        assert drain.working == ["g 0"]
        assert done == []

    on_two_messages(100.0, test)


def test_a_work_that_only_reads_ends_at_once_though_its_vendor_is_silent() -> None:
    async def test(drain: Drain, broker: Broker, clock: LoopClock, done: list[int]) -> None:
        before = clock.monotonic()
        drain.begin()

        assert await drain.ended(clock, 20.0)
        assert clock.monotonic() - before < 1.0
        assert done == []
        assert await broker.committed(GROUP, [TOPIC]) == {TOPIC: {}}

    on_two_messages(100.0, test, only_reading={GROUP})


def test_a_commit_of_a_work_that_only_reads_is_finished_and_its_last() -> None:
    async def run() -> None:
        drain, ended = Drain({GROUP}), list[type[BaseException]]()

        async def work(task: Task) -> None:
            asyncio.get_running_loop().call_soon(drain.begin)  # while it commits
            try:
                await task.commit((), [Message(TOPIC, "k", b"1")])
            except BaseException as error:
                ended.append(type(error))
                raise

        async with serving(drain, work) as (broker, clock):
            assert await drain.ended(clock, 20.0)
            assert ended == [RevokedError]
            assert (await broker.ends(TOPIC))[0] == 1

    run_virtually(run())
