"""The promises of the port `Broker`, by name, on every adapter.

Processes that are killed or frozen, and members that come and go: ``test_broker_faults.py``.
"""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from aiokafka.partitioner import murmur2

from anji_common.broker.port import Broker, ResetTo
from anji_common.clock import SystemClock
from anji_common.errors import ConfigurationError, FencedError
from anji_common.messages import Message, Record
from anji_common.topics import Topic
from labs.brokers import BrokerLab, polled, records_of, told
from labs.copying import COPIED, GIVEN, copied

GROUP = "copiers"
TABLE = Topic("table.v1", is_compacted=True, retention_seconds=None)


def given(*values: str) -> list[Message]:
    return [Message(GIVEN.name, f"key-{value}", value.encode()) for value in values]


def values(records: list[Record]) -> list[str]:
    return [(record.value or b"").decode() for record in records]


async def values_of(broker: Broker, topic: str) -> list[str]:
    return values(await records_of(broker, topic))


async def placed(broker: Broker, topic: str) -> dict[str, int]:
    return {one.text_key: one.partition for one in await records_of(broker, topic)}


@pytest.fixture
async def broker(lab: BrokerLab) -> Broker:
    """One partition, so that offsets are known."""
    lab.partitions = 1
    broker = lab.start()
    await broker.declare([GIVEN, COPIED])
    return broker


async def test_ordered_records_of_one_key_are_read_in_the_order_of_their_publishing(
    lab: BrokerLab,
) -> None:
    broker = lab.start()
    await broker.declare([GIVEN])
    for start in range(0, 300, 30):
        numbers = range(start, start + 30)
        await broker.publish(
            [Message(GIVEN.name, f"key-{n % 7}", str(n).encode()) for n in numbers]
        )

    found = await records_of(lab.start(), GIVEN.name)

    for number in range(7):
        of_key = [int(one.value or b"") for one in found if one.key == f"key-{number}".encode()]
        assert of_key == list(range(number, 300, 7))


async def test_ordered_a_task_polls_its_partition_in_the_order_of_the_offsets(
    broker: Broker,
) -> None:
    await broker.publish(given(*map(str, range(50))))
    task = await broker.take(GROUP, 0, [GIVEN.name])

    found = await polled(task, 7) + await polled(task, 43)

    assert values(found) == [str(n) for n in range(50)]
    assert [record.offset for record in found] == list(range(50))
    await task.close()


async def test_a_record_is_read_as_it_was_published(broker: Broker) -> None:
    headers = (("ce_id", bytes(range(256))), ("twice", b"one"), ("twice", b"two"), ("empty", b""))
    messages = [
        Message(GIVEN.name, "k3cloud/客户/1", bytes(range(256)), headers),
        Message(GIVEN.name, "tombstone", None, (("why", b"deleted"),)),
        Message(GIVEN.name, "", b""),
    ]
    before = SystemClock().now()

    await broker.publish(messages)

    found = await records_of(broker, GIVEN.name)
    now_ms = SystemClock().now().timestamp() * 1000
    assert [
        Message(one.topic, one.text_key, one.value, tuple(one.headers)) for one in found
    ] == messages
    assert all(before.timestamp() * 1000 - 1 < one.timestamp_ms <= now_ms for one in found)


async def test_partitioned_a_key_stands_where_murmur2_of_its_bytes_puts_it(lab: BrokerLab) -> None:
    broker = lab.start()
    await broker.declare([GIVEN, COPIED])
    keys = [f"fxiaoke/AccountObj/{number:024x}" for number in range(40)]
    await broker.publish([Message(GIVEN.name, key, b"") for key in keys])
    task = await broker.take(GROUP, 0, [GIVEN.name])
    await task.commit([], [Message(COPIED.name, key, b"") for key in keys])
    await task.close()

    for topic in (GIVEN.name, COPIED.name):
        theirs = {key: (murmur2(key.encode()) & 0x7FFFFFFF) % lab.partitions for key in keys}
        assert await told(partial(placed, broker, topic), theirs) == theirs


async def test_atomic_outputs_and_progress_are_seen_together(broker: Broker) -> None:
    await broker.publish(given("one", "two"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await polled(task, 2)
    before = await broker.committed(GROUP, [GIVEN.name]), await records_of(broker, COPIED.name)

    await task.commit(batch, copied(batch))

    assert before == ({GIVEN.name: {}}, [])
    place = {GIVEN.name: {0: 2}}
    assert await told(lambda: broker.committed(GROUP, [GIVEN.name]), place) == place
    assert await told(lambda: values_of(broker, COPIED.name), ["one", "two"]) == ["one", "two"]
    await task.close()


async def test_atomic_a_commit_that_is_refused_leaves_neither_outputs_nor_progress(
    broker: Broker,
) -> None:
    await broker.publish(given("one"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await polled(task, 1)

    with pytest.raises(ConfigurationError, match=r"nowhere\.v1"):
        await task.commit(batch, [*copied(batch), Message("nowhere.v1", "key", b"")])

    place: dict[str, dict[int, int]] = {GIVEN.name: {}}
    assert await told(lambda: broker.committed(GROUP, [GIVEN.name]), place) == place
    assert await records_of(broker, COPIED.name) == []
    await task.rewind()
    assert await polled(task, 1) == batch
    await task.commit(batch, copied(batch))
    assert await told(lambda: values_of(broker, COPIED.name), ["one"]) == ["one"]
    await task.close()


async def test_atomic_a_record_of_another_partition_is_refused(lab: BrokerLab) -> None:
    broker = lab.start()
    await broker.declare([GIVEN, COPIED])
    task = await broker.take(GROUP, 0, [GIVEN.name])
    foreign = Record(GIVEN.name, 1, 41, 0, b"key", b"value")

    with pytest.raises(ConfigurationError, match=r"given\.v1\[1\]@41"):
        await task.commit([foreign], [])

    place: dict[str, dict[int, int]] = {GIVEN.name: {}}
    assert await told(lambda: broker.committed(GROUP, [GIVEN.name]), place) == place
    await task.close()


async def test_atomic_progress_never_goes_back(broker: Broker) -> None:
    await broker.publish(given("one", "two", "three"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    first, second, third = await polled(task, 3)

    await task.commit([second])
    await task.commit([first])

    place = {GIVEN.name: {0: 2}}
    assert await told(lambda: broker.committed(GROUP, [GIVEN.name]), place) == place
    await task.rewind()
    assert await polled(task, 1) == [third]
    await task.close()


async def test_a_commit_tells_where_its_outputs_of_this_partition_end(lab: BrokerLab) -> None:
    broker = lab.start()
    await broker.declare([GIVEN, COPIED, TABLE])
    task = await broker.take(GROUP, 0, [GIVEN.name])
    keys = {n: [k for k in map(str, range(40)) if murmur2(k.encode()) % 4 == n] for n in (0, 1)}
    ours = [Message(COPIED.name, key, b"") for key in keys[0]]
    theirs = [Message(TABLE.name, key, b"") for key in keys[1]]

    ends = await task.commit([], [*ours, *theirs])

    assert ends == {COPIED.name: len(ours)}
    assert await task.commit([], theirs) == {}
    assert await task.commit([], []) == {}
    await task.close()


async def test_what_was_polled_is_not_polled_again_until_a_rewind(broker: Broker) -> None:
    await broker.publish(given("one", "two"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await polled(task, 2)
    await task.commit(batch[:1])

    assert await task.poll(wait_seconds=0.3) == []
    await task.rewind()
    assert await polled(task, 1) == batch[1:]
    await task.close()


async def test_a_task_polls_only_the_topics_asked_for(broker: Broker) -> None:
    task = await broker.take(GROUP, 0, [GIVEN.name, COPIED.name])
    await broker.publish([*given("one"), Message(COPIED.name, "key", b"two")])

    assert values(await task.poll([COPIED.name], wait_seconds=10)) == ["two"]
    assert values(await polled(task, 1)) == ["one"]
    await task.close()


async def test_a_poll_of_no_topics_takes_nothing_and_ends_when_it_is_woken(
    broker: Broker,
) -> None:
    task = await broker.take(GROUP, 0, [GIVEN.name])
    await broker.publish(given("one"))

    async with asyncio.timeout(30):
        assert await task.poll([], wait_seconds=0.1) == []
        waiting = asyncio.ensure_future(task.poll([], wait_seconds=60))
        await SystemClock().sleep(0.1)
        task.wake()
        assert await waiting == []

    assert values(await polled(task, 1)) == ["one"]
    await task.close()


async def test_a_waiting_poll_ends_when_it_is_woken(broker: Broker) -> None:
    task = await broker.take(GROUP, 0, [GIVEN.name])

    async with asyncio.timeout(30):
        waiting = asyncio.ensure_future(task.poll(wait_seconds=60))
        await SystemClock().sleep(0.1)
        task.wake()
        assert await waiting == []
        task.wake()  # before anybody waits
        assert await task.poll(wait_seconds=60) == []

    await broker.publish(given("one"))
    assert values(await polled(task, 1)) == ["one"]
    await task.close()


async def test_fenced_the_former_owner_can_publish_nothing(lab: BrokerLab, broker: Broker) -> None:
    await broker.publish(given("one"))
    former = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await polled(former, 1)
    owner = await lab.start().take(GROUP, 0, [GIVEN.name])

    for done, outputs in ((batch, copied(batch)), ([], copied(batch)), (batch, [])):
        with pytest.raises(FencedError, match="another owner"):
            await former.commit(done, outputs)
    with pytest.raises(FencedError, match="another owner"):
        await former.poll()

    assert await records_of(broker, COPIED.name) == []
    assert await polled(owner, 1) == batch
    await owner.commit(batch, copied(batch))
    assert await told(lambda: values_of(broker, COPIED.name), ["one"]) == ["one"]
    await former.close()
    await owner.close()


async def test_fenced_is_one_task_only_and_not_its_neighbours(lab: BrokerLab) -> None:
    broker = lab.start()
    await broker.declare([GIVEN, COPIED])
    task = await broker.take(GROUP, 0, [GIVEN.name])
    others = [await broker.take(GROUP, 1, [GIVEN.name]), await broker.take("b", 0, [GIVEN.name])]

    await task.commit([], [Message(COPIED.name, "key", b"value")])

    assert await told(lambda: values_of(broker, COPIED.name), ["value"]) == ["value"]
    for each in (task, *others):
        await each.close()


async def test_replayable_a_reader_starts_at_any_offset(broker: Broker) -> None:
    await broker.publish(given(*map(str, range(9))))

    assert await broker.beginnings(GIVEN.name) == {0: 0}
    assert await broker.ends(GIVEN.name) == {0: 9}
    for start in (0, 4, 9):
        found = await records_of(broker, GIVEN.name, {0: start})
        assert values(found) == [str(n) for n in range(start, 9)]


async def test_replayable_a_reader_follows_what_others_publish(
    lab: BrokerLab, broker: Broker
) -> None:
    reader = await broker.reader(GIVEN.name, {0: 0})
    assert await reader.poll() == []
    waiting = asyncio.ensure_future(reader.poll(wait_seconds=20))

    await lab.start().publish(given("one"))

    assert values(await waiting) == ["one"]
    assert reader.position(0) == 1
    await reader.close()


@pytest.mark.parametrize(("to", "left"), [("start", 3), ("end", 0), ("time", 1)])
async def test_replayable_a_group_is_reset_to_the_start_the_end_or_a_time(
    broker: Broker, to: ResetTo, left: int
) -> None:
    await broker.publish(given("one", "two"))
    await SystemClock().sleep(0.02)
    at = SystemClock().now()
    await SystemClock().sleep(0.02)
    await broker.publish(given("three"))
    former = await broker.take(GROUP, 0, [GIVEN.name])
    await former.commit(await polled(former, 1))
    await former.close()

    await broker.reset(GROUP, [GIVEN.name], at if to == "time" else to)

    assert await broker.offsets_at(GIVEN.name, at) == {0: 2}
    assert await broker.offsets_at(GIVEN.name, at + timedelta(days=1)) == {0: 3}
    place = {GIVEN.name: {0: 3 - left}}
    assert await told(lambda: broker.committed(GROUP, [GIVEN.name]), place) == place
    owner = await broker.take(GROUP, 0, [GIVEN.name])
    assert values(await polled(owner, left)) == ["one", "two", "three"][3 - left :]
    await owner.close()


async def test_replayable_a_reset_fences_an_owner_that_is_no_member(broker: Broker) -> None:
    await broker.publish(given("one"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await polled(task, 1)

    await broker.reset(GROUP, [GIVEN.name], "end")

    with pytest.raises(FencedError):
        await task.commit(batch, copied(batch))
    await task.close()
    place = {GIVEN.name: {0: 1}}
    assert await told(lambda: broker.committed(GROUP, [GIVEN.name]), place) == place
    assert await records_of(broker, COPIED.name) == []


async def test_measured_lag_is_told_in_records_and_in_seconds(broker: Broker) -> None:
    await broker.publish(given("one", "two", "three"))
    await SystemClock().sleep(0.3)
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await polled(task, 3)

    async def records() -> int:
        return (await broker.lag(GROUP, [GIVEN.name]))[0].records

    (never,) = await broker.lag(GROUP, [GIVEN.name])
    await task.commit(batch[:2])
    left = await told(records, 1)
    (behind,) = await broker.lag(GROUP, [GIVEN.name])
    await task.commit(batch)
    none_left = await told(records, 0)
    (caught_up,) = await broker.lag(GROUP, [GIVEN.name])

    assert (left, none_left) == (1, 0)
    assert (never.topic, never.partition, never.records) == (GIVEN.name, 0, 3)
    assert 0.3 <= never.seconds <= behind.seconds < 60
    assert behind.records == 1
    assert (caught_up.records, caught_up.seconds) == (0, 0.0)
    await task.close()
