"""What only Kafka has: its own rules, beside the promises of every broker in test_broker.py."""

import pytest

from anji_common.errors import ConfigurationError, FencedError
from anji_common.messages import Message
from anji_common.topics import Topic
from labs.kafka import KafkaLab

pytestmark = pytest.mark.kafka

IN = Topic("numbers.v1", is_compacted=False, retention_seconds=3600)
OUT = Topic("squares.v1", is_compacted=True, retention_seconds=None)


def number(n: int, topic: str = IN.name) -> Message:
    return Message(topic, f"key-{n}", str(n).encode())


async def test_first(kafka_lab: KafkaLab) -> None:
    broker = kafka_lab.start(partitions=1)
    await broker.declare([IN, OUT])
    await broker.declare([IN, OUT])
    await broker.publish([number(n) for n in range(10)])

    task = await broker.take("g", 0, [IN.name])
    batch = await task.poll(wait_seconds=5)
    assert [r.value for r in batch] == [str(n).encode() for n in range(10)]
    ends = await task.commit(batch[:5], [number(1, OUT.name)])
    assert ends == {OUT.name: 1}
    await task.rewind()
    again = await task.poll(wait_seconds=5)
    assert again == batch[5:]
    other = await kafka_lab.start(partitions=1).take("g", 0, [IN.name])
    with pytest.raises(FencedError):
        await task.commit(again, [number(2, OUT.name)])
    assert await other.poll(wait_seconds=5) == batch[5:]
    reader = await broker.reader(OUT.name, {0: 0})
    got = await reader.poll(wait_seconds=5)
    assert len(got) == 1
    ends = await broker.ends(OUT.name)
    while reader.position(0) < ends[0]:
        got += await reader.poll(wait_seconds=5)
    assert len(got) == 1
    print(await broker.lag("g", [IN.name]), await broker.committed("g", [IN.name]), ends)
    await other.close()
    await task.close()
    await reader.close()
    await broker.reset("g", [IN.name], "start")
    assert await broker.committed("g", [IN.name]) == {IN.name: {0: 0}}
    with pytest.raises(ConfigurationError):
        await kafka_lab.start(partitions=2).declare([IN])
