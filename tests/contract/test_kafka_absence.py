"""A broker that goes away and comes back: nothing is lost, and nobody waits without an end."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from anji_common.broker.kafka_broker import KafkaBroker
from anji_common.clock import SystemClock
from anji_common.errors import RetriableError
from anji_common.messages import Message
from labs.brokers import told, until
from labs.copying import COPIED, GIVEN, Copies, copied, copy
from labs.kafka import KafkaLab
from labs.kafka_server import KafkaServer

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.slow]

GROUP = "copiers"
ONE = Message(GIVEN.name, "key", b"0")


@pytest.fixture
async def lab(private_kafka: KafkaServer) -> AsyncIterator[KafkaLab]:
    lab = KafkaLab(bootstrap=private_kafka.bootstrap)
    await lab.start().declare([GIVEN, COPIED])
    yield lab
    await lab.close()


async def test_a_broker_that_is_killed_and_stopped_under_load_loses_and_doubles_nothing(
    lab: KafkaLab, private_kafka: KafkaServer
) -> None:
    copies, stopped = Copies(lab.start()), asyncio.Event()
    giving = asyncio.create_task(copies.give_until(stopped))

    async with lab.member(GROUP, [GIVEN.name], copy), lab.member(GROUP, [GIVEN.name], copy):
        await until(lambda: copies.given >= 400)
        await private_kafka.kill()
        await private_kafka.start()
        await until(lambda: copies.given >= 800)
        await private_kafka.stop()
        await private_kafka.start()
        await until(lambda: copies.given >= 1200)
        stopped.set()
        await giving
        lost, doubled = await copies.settle(within_seconds=60)

    assert (lost, doubled) == (0, 0)


async def test_a_group_stands_where_it_stood_as_soon_as_a_broker_is_back(
    lab: KafkaLab, private_kafka: KafkaServer
) -> None:
    broker = lab.start()
    await broker.publish([ONE])
    (partition,) = [n for n, end in (await broker.ends(GIVEN.name)).items() if end]
    task = await broker.take(GROUP, partition, [GIVEN.name])
    batch = await task.poll(wait_seconds=5)
    await task.commit(batch, copied(batch))
    await task.close()

    await private_kafka.kill()
    await private_kafka.start()

    # A coordinator that is still loading must not be taken for a group that never was. A commit
    # whose markers the kill prevented is seen when the coordinator has written them; `take`
    # waits for that by itself.
    stands = {GIVEN.name: {partition: 1}}
    assert await told(lambda: broker.committed(GROUP, [GIVEN.name]), stands) == stands
    owner = await broker.take(GROUP, partition, [GIVEN.name])
    assert await owner.poll(wait_seconds=0.5) == []
    await owner.close()


async def test_publishing_without_a_broker_ends_in_time_and_works_again_after(
    lab: KafkaLab, private_kafka: KafkaServer
) -> None:
    settings = lab.settings.model_copy(update={"delivery_timeout_seconds": 2.0})
    broker = KafkaBroker(
        settings, SystemClock(), partitions=lab.partitions, topic_prefix=lab.prefix
    )
    await broker.publish([ONE])
    await private_kafka.kill()

    with pytest.raises(RetriableError, match="did not take 1 record"):
        await broker.publish([ONE])
    with pytest.raises(RetriableError, match="could not reach Kafka"):
        await broker.publish([ONE])
    await private_kafka.start()
    await broker.publish([ONE])

    assert sum((await broker.ends(GIVEN.name)).values()) >= 2
    await broker.close()


async def test_a_broker_that_does_not_answer_ends_a_publication_in_time(
    lab: KafkaLab, private_kafka: KafkaServer
) -> None:
    settings = lab.settings.model_copy(update={"delivery_timeout_seconds": 2.0})
    broker = KafkaBroker(
        settings, SystemClock(), partitions=lab.partitions, topic_prefix=lab.prefix
    )
    await broker.publish([ONE])
    private_kafka.send(signal.SIGSTOP)

    with pytest.raises(RetriableError, match="did not take 1 record"):
        await broker.publish([ONE])

    private_kafka.send(signal.SIGCONT)
    await broker.publish([ONE])
    await broker.close()


async def test_a_member_can_leave_while_its_broker_is_away(
    lab: KafkaLab, private_kafka: KafkaServer
) -> None:
    copies = Copies(lab.start())
    await copies.give(200)

    async with asyncio.timeout(60), lab.member(GROUP, [GIVEN.name], copy):
        await lab.until_caught_up(copies.broker, GROUP, [GIVEN.name])
        await private_kafka.kill()

    assert copies.given == 200
