"""What only Kafka has: its own rules, beside the promises of every broker in test_broker.py."""

import asyncio
import gc
from collections.abc import Mapping

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from anji_common.broker.kafka_broker import KafkaBroker
from anji_common.broker.kafka_cluster import KafkaCluster
from anji_common.broker.kafka_endings import discard
from anji_common.clock import SystemClock
from anji_common.errors import ConfigurationError, FencedError, RejectedError
from anji_common.messages import Message
from anji_common.refs import System
from anji_common.topics import Topic, declared_topics
from anji_common.views import View
from labs.brokers import polled, records_of, told
from labs.copying import COPIED, GIVEN, copied, copy
from labs.kafka import KafkaLab

pytestmark = pytest.mark.kafka

GROUP = "copiers"
TABLE = Topic("table.v1", is_compacted=True, retention_seconds=None)


def given(*values: str) -> list[Message]:
    return [Message(GIVEN.name, f"key-{value}", value.encode()) for value in values]


def cluster_of(lab: KafkaLab) -> KafkaCluster:
    return KafkaCluster(lab.settings, SystemClock(), lab.partitions, lab.prefix)


async def options_of(lab: KafkaLab, topic: str) -> Mapping[str, str]:
    cluster = cluster_of(lab)
    admin = await cluster.started(cluster.admin())
    asked = ConfigResource(ConfigResourceType.TOPIC, cluster.physical(topic))
    (answer,) = await admin.describe_configs([asked])
    await discard(admin)
    return {name: value for name, value, *_ in answer.resources[0][4]}


async def count_of(broker: KafkaBroker) -> int:
    return len(await records_of(broker, COPIED.name))


async def compact_quickly(lab: KafkaLab, topic: str) -> None:
    """Have Kafka begin a new segment after a moment, and compact the old ones at once."""
    cluster = cluster_of(lab)
    admin = await cluster.started(cluster.admin())
    options = {
        "cleanup.policy": "compact",
        "segment.ms": "200",
        "max.compaction.lag.ms": "500",
        "min.cleanable.dirty.ratio": "0.001",
    }
    name = cluster.physical(topic)
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, options)])
    await discard(admin)


async def until_compacted(broker: KafkaBroker, topic: str, count: int) -> None:
    """Wait until fewer than `count` records are left; a segment ends when a later record comes."""
    clock = SystemClock()
    async with asyncio.timeout(60):
        while len(await records_of(broker, topic)) >= count:
            await clock.sleep(0.3)
            await broker.publish([Message(topic, "last", b"")])


@pytest.fixture
async def broker(kafka_lab: KafkaLab) -> KafkaBroker:
    """One partition, so that offsets are known."""
    kafka_lab.partitions = 1
    broker = kafka_lab.start()
    await broker.declare([GIVEN, COPIED])
    return broker


async def test_a_topic_is_made_with_the_retention_of_the_table(kafka_lab: KafkaLab) -> None:
    topics = declared_topics({System.FXIAOKE: ("AccountObj",)})
    changes, inbox = topics[0], next(one for one in topics if one.name == "anji.inbox.v1")

    await kafka_lab.start().declare(topics)

    of_changes = await options_of(kafka_lab, changes.name)
    of_inbox = await options_of(kafka_lab, inbox.name)
    assert of_changes["cleanup.policy"] == "compact"
    assert of_changes["retention.ms"] == "-1"
    assert of_changes["min.compaction.lag.ms"] == str(30 * 86_400_000)
    assert of_changes["delete.retention.ms"] == str(30 * 86_400_000)
    assert of_inbox["cleanup.policy"] == "delete"
    assert of_inbox["retention.ms"] == str(30 * 86_400_000)


async def test_two_prefixes_are_two_installations(kafka_bootstrap: str) -> None:
    here, there = KafkaLab(bootstrap=kafka_bootstrap), KafkaLab(bootstrap=kafka_bootstrap)
    for lab in (here, there):
        await lab.start().declare([GIVEN])

    await here.start().publish(given("one"))

    assert sum((await here.start().ends(GIVEN.name)).values()) == 1
    assert sum((await there.start().ends(GIVEN.name)).values()) == 0
    for lab in (here, there):
        await lab.close()


async def test_a_reader_reaches_the_end_past_the_marker_of_a_transaction(
    broker: KafkaBroker,
) -> None:
    await broker.publish(given("one", "two"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await polled(task, 2)

    moved = await task.commit(batch, copied(batch))

    ends = {0: 3}  # two records and the marker
    assert await told(lambda: broker.ends(COPIED.name), ends) == ends
    found = await records_of(broker, COPIED.name)
    await task.close()
    assert moved == {COPIED.name: 2}
    assert [record.value for record in found] == [b"one", b"two"]


async def test_what_an_aborted_transaction_wrote_is_never_read(
    broker: KafkaBroker, kafka_lab: KafkaLab
) -> None:
    cluster = cluster_of(kafka_lab)
    id_ = cluster.transactional_id(GROUP, 0)
    former: AIOKafkaProducer = await cluster.started(cluster.producer(id_))
    await former.begin_transaction()
    await former.send_and_wait(cluster.physical(COPIED.name), b"unseen", b"key", partition=0)
    await former.send_offsets_to_transaction(
        {TopicPartition(cluster.physical(GIVEN.name), 0): 1}, cluster.physical(GROUP)
    )
    await broker.publish(given("one"))

    task = await broker.take(GROUP, 0, [GIVEN.name])  # ends the open transaction
    batch = await polled(task, 1)
    await task.commit(batch, copied(batch))

    assert await told(lambda: count_of(broker), 1) == 1
    found = await records_of(broker, COPIED.name)
    await task.close()
    await discard(former)
    assert [record.value for record in batch] == [b"one"]
    assert [record.value for record in found] == [b"one"]


async def test_a_record_too_large_for_the_cluster_is_rejected_and_the_task_goes_on(
    broker: KafkaBroker,
) -> None:
    await broker.publish(given("one"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await polled(task, 1)
    large = Message(COPIED.name, "key", b"x" * 2_000_000)

    with pytest.raises(RejectedError, match="MessageSizeTooLargeError"):
        await task.commit(batch, [*copied(batch), large])

    await task.rewind()
    assert await polled(task, 1) == batch
    await task.commit(batch, copied(batch))
    assert await told(lambda: count_of(broker), 1) == 1
    found = await records_of(broker, COPIED.name)
    await task.close()
    assert [record.value for record in found] == [b"one"]


async def test_more_than_a_batch_for_one_partition_keeps_its_order_and_tells_its_end(
    broker: KafkaBroker,
) -> None:
    await broker.publish(given("one"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await polled(task, 1)
    (first,) = copied(batch)
    values = [bytes([65 + number]) * 60_000 for number in range(9)]  # two a batch of 128 KiB

    moved = await task.commit(batch, [Message(first.topic, first.key, each) for each in values])

    found = await records_of(broker, COPIED.name)
    await task.close()
    assert [record.value for record in found] == values
    assert moved == {COPIED.name: found[-1].offset + 1}


async def test_a_task_whose_closing_is_cancelled_lets_go_of_all_its_clients(
    broker: KafkaBroker,
) -> None:
    task = await broker.take(GROUP, 0, [GIVEN.name, COPIED.name])
    closing = asyncio.ensure_future(task.close())
    await SystemClock().sleep(0)  # it has begun, and waits for its first consumer

    closing.cancel()
    closing.cancel()
    await asyncio.wait([closing])

    assert closing.cancelled()
    with pytest.raises(FencedError):
        await task.poll()
    del task, closing
    gc.collect()  # a client that nobody closed says so now, and that is an error here


async def test_a_group_with_running_members_is_not_reset(
    broker: KafkaBroker, kafka_lab: KafkaLab
) -> None:
    await broker.publish(given("one", "two"))
    async with kafka_lab.member(GROUP, [GIVEN.name], copy):
        await kafka_lab.until_caught_up(broker, GROUP, [GIVEN.name])

        with pytest.raises(ConfigurationError, match="1 running member"):
            await broker.reset(GROUP, [GIVEN.name], "start")

    await broker.reset(GROUP, [GIVEN.name], "start")
    assert await broker.committed(GROUP, [GIVEN.name]) == {GIVEN.name: {0: 0}}


async def test_a_marker_alone_is_no_lag(broker: KafkaBroker) -> None:
    await broker.publish(given("one"))
    copier = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await copier.poll(wait_seconds=5)
    await copier.commit(batch, copied(batch))
    reader = await broker.take("readers", 0, [COPIED.name])

    await reader.commit(await reader.poll(wait_seconds=5))

    (behind,) = await broker.lag("readers", [COPIED.name])
    await copier.close()
    await reader.close()
    assert (behind.records, behind.seconds) == (0, 0.0)


async def test_a_reader_of_what_is_gone_begins_at_the_oldest_record_there_is(
    broker: KafkaBroker, kafka_lab: KafkaLab
) -> None:
    await broker.publish(given("one", "two", "three"))
    cluster = cluster_of(kafka_lab)
    admin = await cluster.started(cluster.admin())
    (place,) = cluster.places([GIVEN.name], [0])
    await admin.delete_records({place: RecordsToDelete(before_offset=2)})
    await discard(admin)

    found = await records_of(broker, GIVEN.name, {0: 0})

    assert await broker.beginnings(GIVEN.name) == {0: 2}
    assert [record.value for record in found] == [b"three"]
    (behind,) = await broker.lag(GROUP, [GIVEN.name])
    assert behind.records == 1


async def test_a_stranger_s_record_without_a_text_key_stalls_no_view(
    broker: KafkaBroker, kafka_lab: KafkaLab
) -> None:
    cluster = cluster_of(kafka_lab)
    stranger: AIOKafkaProducer = await cluster.started(cluster.producer())
    for key in (None, b"\xff", b"good"):
        await stranger.send_and_wait(cluster.physical(GIVEN.name), b"value", key, partition=0)
    await discard(stranger)
    refused: list[str] = []
    view = View(broker, GIVEN.name, on_bad=lambda _, error: refused.append(str(error)))

    await view.start()

    assert list(view.scan()) == [("good", b"value")]
    assert refused == ["given.v1[0]@0 has no key", "given.v1[0]@1 has a key that is not UTF-8"]
    await view.close()


async def test_a_view_of_a_topic_that_kafka_has_compacted_is_complete(
    broker: KafkaBroker, kafka_lab: KafkaLab
) -> None:
    await broker.declare([TABLE])
    await compact_quickly(kafka_lab, TABLE.name)
    await broker.publish(
        [Message(TABLE.name, f"key-{n % 9}", str(n).encode()) for n in range(900)]
    )
    await broker.publish([Message(TABLE.name, "key-8", None)])
    await until_compacted(broker, TABLE.name, 900)

    view = View(broker, TABLE.name)
    await view.start()

    assert view.records_read < 900
    assert [key for key, _ in view.scan() if key.startswith("key")] == [
        f"key-{n}" for n in range(8)
    ]
    assert view.get("key-7") == b"898"
    await view.close()
