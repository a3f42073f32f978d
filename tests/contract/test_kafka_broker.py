"""What only Kafka has: its own rules, beside the promises of every broker in test_broker.py."""

from collections.abc import Mapping

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from anji_common.broker.kafka_broker import KafkaBroker
from anji_common.broker.kafka_cluster import KafkaCluster
from anji_common.broker.kafka_endings import discard
from anji_common.broker.port import Reader
from anji_common.clock import SystemClock
from anji_common.errors import ConfigurationError, FencedError, RejectedError
from anji_common.messages import Message, Record
from anji_common.topics import Topic, declared_topics
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


async def all_of(reader: Reader, end: int) -> list[Record]:
    found = []
    while reader.position(0) < end:
        found += await reader.poll(wait_seconds=1)
    return found


@pytest.fixture
async def broker(kafka_lab: KafkaLab) -> KafkaBroker:
    """One partition, so that offsets are known."""
    kafka_lab.partitions = 1
    broker = kafka_lab.start()
    await broker.declare([GIVEN, COPIED])
    return broker


async def test_a_topic_is_made_with_the_retention_of_the_table(kafka_lab: KafkaLab) -> None:
    broker = kafka_lab.start()
    changes = Topic("changes.v1", is_compacted=True, retention_seconds=None)
    kept = Topic("kept.v1", is_compacted=False, retention_seconds=86_400)
    every = Topic(
        "every.v1", is_compacted=True, retention_seconds=None, min_compaction_lag_seconds=600
    )

    await broker.declare([changes, kept, every])

    of_changes = await options_of(kafka_lab, changes.name)
    assert of_changes["cleanup.policy"] == "compact"
    assert of_changes["delete.retention.ms"] == str(30 * 86_400_000)
    assert (await options_of(kafka_lab, every.name))["min.compaction.lag.ms"] == "600000"
    of_kept = await options_of(kafka_lab, kept.name)
    assert (of_kept["cleanup.policy"], of_kept["retention.ms"]) == ("delete", "86400000")


async def test_every_topic_of_an_installation_can_be_declared_twice(kafka_lab: KafkaLab) -> None:
    topics = declared_topics({})

    await kafka_lab.start().declare(topics)
    await kafka_lab.start().declare(topics)

    assert set(await kafka_lab.start().ends(topics[0].name)) == set(range(kafka_lab.partitions))


async def test_another_partition_count_is_refused_and_nothing_is_made(kafka_lab: KafkaLab) -> None:
    await kafka_lab.start(partitions=2).declare([GIVEN])
    broker = kafka_lab.start(partitions=3)

    with pytest.raises(ConfigurationError, match=r"has 2 partitions and must have 3.*") as told:
        await broker.declare([GIVEN, COPIED])

    assert "ANJI_PARTITIONS=2" in str(told.value)
    with pytest.raises(ConfigurationError, match="was not declared"):
        await broker.ends(COPIED.name)


async def test_another_clean_up_policy_is_refused(kafka_lab: KafkaLab) -> None:
    await kafka_lab.start().declare([TABLE])
    other = Topic(TABLE.name, is_compacted=False, retention_seconds=60)

    with pytest.raises(ConfigurationError, match=r"cleanup\.policy=compact and must have delete"):
        await kafka_lab.start().declare([other])


async def test_a_topic_made_by_another_process_need_not_be_declared_again(
    broker: KafkaBroker, kafka_lab: KafkaLab
) -> None:
    await kafka_lab.start().publish(given("one"))

    assert await broker.ends(GIVEN.name) == {0: 1}


async def test_publishing_to_what_was_never_declared_is_refused_at_once(
    broker: KafkaBroker,
) -> None:
    with pytest.raises(ConfigurationError, match="was not declared"):
        await broker.publish([Message("nowhere.v1", "key", b"value")])


async def test_two_prefixes_are_two_installations(kafka_bootstrap: str) -> None:
    here, there = KafkaLab(kafka_bootstrap), KafkaLab(kafka_bootstrap)
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
    batch = await task.poll(wait_seconds=5)

    told = await task.commit(batch, copied(batch))

    ends = await broker.ends(COPIED.name)
    reader = await broker.reader(COPIED.name, {0: 0})
    found = await all_of(reader, ends[0])
    await reader.close()
    await task.close()
    assert told == {COPIED.name: 2}
    assert ends == {0: 3}  # two records and the marker
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
    batch = await task.poll(wait_seconds=5)
    await task.commit(batch, copied(batch))

    reader = await broker.reader(COPIED.name, {0: 0})
    found = await all_of(reader, (await broker.ends(COPIED.name))[0])
    await reader.close()
    await task.close()
    await discard(former)
    assert [record.value for record in batch] == [b"one"]
    assert [record.value for record in found] == [b"one"]


async def test_a_record_too_large_for_the_cluster_is_rejected_and_the_task_goes_on(
    broker: KafkaBroker,
) -> None:
    await broker.publish(given("one"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await task.poll(wait_seconds=5)
    large = Message(COPIED.name, "key", b"x" * 2_000_000)

    with pytest.raises(RejectedError, match="MessageSizeTooLargeError"):
        await task.commit(batch, [*copied(batch), large])

    await task.rewind()
    assert await task.poll(wait_seconds=5) == batch
    await task.commit(batch, copied(batch))
    reader = await broker.reader(COPIED.name, {0: 0})
    found = await all_of(reader, (await broker.ends(COPIED.name))[0])
    await reader.close()
    await task.close()
    assert [record.value for record in found] == [b"one"]


async def test_a_fenced_owner_says_so_from_then_on(
    broker: KafkaBroker, kafka_lab: KafkaLab
) -> None:
    await broker.publish(given("one"))
    former = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await former.poll(wait_seconds=5)
    owner = await kafka_lab.start().take(GROUP, 0, [GIVEN.name])

    with pytest.raises(FencedError):
        await former.commit(batch, copied(batch))
    with pytest.raises(FencedError):
        await former.commit([], copied(batch))
    with pytest.raises(FencedError):
        await former.poll()

    await former.close()
    await owner.close()


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


async def test_a_reset_fences_an_owner_outside_any_membership(broker: KafkaBroker) -> None:
    await broker.publish(given("one"))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await task.poll(wait_seconds=5)

    await broker.reset(GROUP, [GIVEN.name], "end")

    with pytest.raises(FencedError):
        await task.commit(batch, copied(batch))
    await task.close()
    assert await broker.committed(GROUP, [GIVEN.name]) == {GIVEN.name: {0: 1}}


async def test_a_marker_alone_is_a_lag_of_no_seconds(broker: KafkaBroker) -> None:
    await broker.publish(given("one"))
    copier = await broker.take(GROUP, 0, [GIVEN.name])
    batch = await copier.poll(wait_seconds=5)
    await copier.commit(batch, copied(batch))
    reader = await broker.take("readers", 0, [COPIED.name])

    await reader.commit(await reader.poll(wait_seconds=5))

    (behind,) = await broker.lag("readers", [COPIED.name])
    await copier.close()
    await reader.close()
    assert (behind.records, behind.seconds) == (1, 0.0)
