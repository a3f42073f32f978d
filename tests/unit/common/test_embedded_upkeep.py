"""Retention and compaction of the embedded broker, by the clock: virtual time, no waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from anji_common.broker.embedded_broker import EmbeddedBroker, EmbeddedTimes
from anji_common.broker.port import Task
from anji_common.messages import Message
from anji_common.testing.virtual_time import EPOCH, LoopClock, run_virtually
from anji_common.topics import Topic
from labs.brokers import records_of

KEPT = Topic("kept.v1", is_compacted=False, retention_seconds=60)
TABLE = Topic(
    "table.v1",
    is_compacted=True,
    retention_seconds=None,
    min_compaction_lag_seconds=100,
    tombstone_seconds=1000,
)
BOTH = Topic("both.v1", is_compacted=True, retention_seconds=60)
Story = Callable[[EmbeddedBroker, LoopClock], Awaitable[None]]


def told(story: Story, path: Path | None = None) -> None:
    """Run a story on a broker with one partition, in virtual time."""

    async def work() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        times = EmbeddedTimes(upkeep_seconds=30)
        broker = EmbeddedBroker(path, clock=clock, partitions=1, times=times)
        await broker.declare([KEPT, TABLE, BOTH])
        await story(broker, clock)
        await broker.close()

    run_virtually(work())


def row(key: str, value: str | None, topic: Topic = TABLE) -> Message:
    return Message(topic.name, key, None if value is None else value.encode())


async def held(broker: EmbeddedBroker, topic: Topic = TABLE) -> list[tuple[int, str]]:
    """Return offset and value of what is there; ``-`` for a tombstone."""
    found = await records_of(broker, topic.name)
    return [(one.offset, "-" if one.value is None else one.value.decode()) for one in found]


def test_records_older_than_the_retention_go_from_the_beginning() -> None:
    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        await broker.publish([row("a", "1", KEPT), row("b", "2", KEPT)])
        await clock.sleep(50)
        await broker.publish([row("a", "3", KEPT)])
        await clock.sleep(10)
        at_the_limit = await broker.maintain()
        await clock.sleep(1)

        removed = await broker.maintain()

        assert (at_the_limit, removed) == (0, 2)
        assert await held(broker, KEPT) == [(2, "3")]
        assert await broker.beginnings(KEPT.name) == {0: 2}
        assert await broker.ends(KEPT.name) == {0: 3}

    told(story)


def test_a_group_that_stood_where_nothing_is_any_more_goes_on_at_the_oldest_record() -> None:
    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        await broker.publish([row("a", "1", KEPT), row("b", "2", KEPT)])
        task = await broker.take("group", 0, [KEPT.name])
        await task.commit(await task.poll(max_records=1))
        await clock.sleep(61)
        await broker.publish([row("a", "3", KEPT)])
        await broker.maintain()

        (behind,) = await broker.lag("group", [KEPT.name])
        await task.rewind()
        batch = await task.poll()

        assert behind.records == 1
        assert [one.offset for one in batch] == [2]
        reader = await broker.reader(KEPT.name, {0: 0})
        assert reader.position(0) == 2

    told(story)


def test_an_offset_is_never_given_twice_though_all_records_went_and_the_file_was_reopened(
    tmp_path: Path,
) -> None:
    async def first(broker: EmbeddedBroker, clock: LoopClock) -> None:
        await broker.publish([row("a", str(n), KEPT) for n in range(5)])
        await clock.sleep(61)
        assert await broker.maintain() == 5
        assert await held(broker, KEPT) == []

    async def second(broker: EmbeddedBroker, _: LoopClock) -> None:
        await broker.publish([row("a", "next", KEPT)])
        assert await held(broker, KEPT) == [(5, "next")]

    told(first, tmp_path / "broker")
    told(second, tmp_path / "broker")


def test_every_version_stays_for_the_compaction_lag_and_the_newest_for_ever() -> None:
    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        await broker.publish([row("a", "1"), row("b", "2"), row("a", "3")])
        await clock.sleep(99)
        young = await broker.maintain()
        await broker.publish([row("a", "4")])
        await clock.sleep(1)

        removed = await broker.maintain()

        assert (young, removed) == (0, 1)
        assert await held(broker) == [(1, "2"), (2, "3"), (3, "4")]
        await clock.sleep(100_000)
        assert await broker.maintain() == 1
        assert await held(broker) == [(1, "2"), (3, "4")]
        assert await broker.ends(TABLE.name) == {0: 4}

    told(story)


def test_a_tombstone_stays_its_time_and_a_row_made_again_stays() -> None:
    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        await broker.publish([row("gone", "1"), row("back", "1"), row("gone", None)])
        await broker.publish([row("back", None)])
        await clock.sleep(500)
        await broker.publish([row("back", "2")])
        await broker.maintain()
        after_compaction = await held(broker)
        await clock.sleep(501)

        await broker.maintain()

        assert after_compaction == [(2, "-"), (3, "-"), (4, "2")]
        assert await held(broker) == [(4, "2")]

    told(story)


def test_many_records_are_removed_in_small_steps() -> None:
    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        await broker.publish([row(f"{n % 3}", str(n)) for n in range(1000)])
        await broker.publish([row(f"tombstone-{n}", None) for n in range(450)])
        await broker.publish([row(str(n), str(n), KEPT) for n in range(450)])
        await clock.sleep(1001)

        removed = await broker.maintain()

        assert removed == 997 + 450 + 450
        assert await held(broker) == [(997, "997"), (998, "998"), (999, "999")]

    told(story)


def test_a_compacted_topic_with_a_retention_keeps_no_row_longer() -> None:
    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        await broker.publish([row("a", "1", BOTH), row("a", "2", BOTH), row("b", "3", BOTH)])
        await broker.maintain()
        assert await held(broker, BOTH) == [(1, "2"), (2, "3")]
        await clock.sleep(61)
        await broker.publish([row("a", "4", BOTH)])

        await broker.maintain()

        assert await held(broker, BOTH) == [(3, "4")]

    told(story)


def test_a_time_is_found_over_gaps() -> None:
    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        for number in range(10):
            await broker.publish([row("odd" if number % 2 else str(number), str(number))])
            await clock.sleep(10)
        await clock.sleep(1000)
        await broker.maintain()
        assert [offset for offset, _ in await held(broker)] == [0, 2, 4, 6, 8, 9]

        for seconds, offset in ((0, 0), (25, 4), (40, 4), (65, 8), (90, 9), (91, 10)):
            at = EPOCH + timedelta(seconds=seconds)
            assert await broker.offsets_at(TABLE.name, at) == {0: offset}

    told(story)


def test_upkeep_runs_by_itself_while_anything_is_served() -> None:
    async def serve(broker: EmbeddedBroker) -> None:
        async def work(task: Task) -> None:
            while True:
                await task.poll(wait_seconds=1000)

        await broker.serve("group", [KEPT.name], work)

    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        await broker.publish([row("a", "1", KEPT)])
        await clock.sleep(100)
        assert await held(broker, KEPT) == [(0, "1")]  # nobody serves

        serving = asyncio.ensure_future(serve(broker))
        await clock.sleep(31)

        assert await held(broker, KEPT) == []
        serving.cancel()
        await asyncio.wait([serving])

    told(story)


def test_other_times_in_the_table_are_taken_over() -> None:
    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        await broker.publish([row("a", "1", KEPT)])
        await broker.declare([Topic(KEPT.name, is_compacted=False, retention_seconds=600)])
        await clock.sleep(500)
        assert await broker.maintain() == 0
        await clock.sleep(101)
        assert await broker.maintain() == 1

    told(story)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", None])),
        st.integers(1, 400),
        st.just("maintain"),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_the_newest_of_each_key_is_there(
    steps: list[tuple[str, str | None] | int | str],
) -> None:
    rows: dict[str, str] = {}
    written: list[tuple[float, str, str]] = []

    async def story(broker: EmbeddedBroker, clock: LoopClock) -> None:
        for step in steps:
            match step:
                case (str() as key, value):
                    await broker.publish([row(key, value)])
                    written.append((clock.monotonic(), key, "-" if value is None else value))
                    rows[key] = "-" if value is None else value
                case int(seconds):
                    await clock.sleep(seconds)
                case _:
                    await broker.maintain()
        found = await records_of(broker, TABLE.name)
        now, offsets = clock.monotonic(), {one.offset for one in found}
        young = {n for n, (at, _, _) in enumerate(written) if now - at < 100}
        assert young <= offsets, "a version went before its time"
        there = {one.text_key: "-" if one.value is None else one.value.decode() for one in found}
        alive = partial(filter, lambda pair: pair[1] != "-")
        assert dict(alive(there.items())) == dict(alive(rows.items()))
        for one in found:
            _, key, value = written[one.offset]
            assert (one.text_key, "-" if one.value is None else one.value.decode()) == (key, value)

    told(story)
