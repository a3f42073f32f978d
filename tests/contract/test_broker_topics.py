"""The promise *declared*, on every adapter: topics are as the table says, or nothing starts."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from anji_common.broker.port import Broker, Task
from anji_common.errors import ConfigurationError
from anji_common.messages import Message
from anji_common.refs import System
from anji_common.topics import Topic, declared_topics
from labs.brokers import BrokerLab
from labs.copying import COPIED, GIVEN

GROUP = "copiers"
TABLE = Topic("table.v1", is_compacted=True, retention_seconds=None)
OTHER_TABLE = Topic(TABLE.name, is_compacted=False, retention_seconds=60)


async def exists(broker: Broker, topic: str) -> bool:
    try:
        await broker.ends(topic)
    except ConfigurationError:
        return False
    return True


async def test_declared_every_topic_of_the_table_is_made_once(lab: BrokerLab) -> None:
    topics = declared_topics({System.FXIAOKE: ("AccountObj",), System.K3CLOUD: ("BD_Customer",)})

    await lab.start().declare(topics)
    await lab.start().publish([Message(topics[0].name, "key", b"value")])
    await lab.start().declare([*topics, topics[0]])

    broker = lab.start()
    for topic in topics:
        assert set(await broker.ends(topic.name)) == set(range(lab.partitions))
    assert sum((await broker.ends(topics[0].name)).values()) == 1


async def test_declared_another_partition_count_is_refused_and_nothing_is_changed(
    lab: BrokerLab,
) -> None:
    await lab.start(partitions=2).declare([GIVEN, TABLE])
    broker = lab.start(partitions=3)

    with pytest.raises(ConfigurationError) as told:
        await broker.declare([GIVEN, COPIED, TABLE])

    for word in (GIVEN.name, TABLE.name, "has 2 partitions", "ANJI_PARTITIONS=2"):
        assert word in str(told.value)
    assert str(told.value).endswith("Nothing was changed.")
    assert not await exists(lab.start(partitions=2), COPIED.name)
    assert set(await lab.start(partitions=2).ends(GIVEN.name)) == {0, 1}


async def test_declared_another_clean_up_policy_is_refused_and_nothing_is_changed(
    lab: BrokerLab,
) -> None:
    broker = lab.start()
    await broker.declare([TABLE])

    with pytest.raises(ConfigurationError) as told:
        await broker.declare([COPIED, OTHER_TABLE])

    assert TABLE.name in str(told.value)
    assert "compact" in str(told.value)
    assert str(told.value).endswith("Nothing was changed.")
    assert not await exists(broker, COPIED.name)
    await broker.declare([TABLE])


async def test_declared_one_topic_with_two_shapes_at_once_is_refused(lab: BrokerLab) -> None:
    broker = lab.start()

    with pytest.raises(ConfigurationError, match=r"table\.v1 is declared twice"):
        await broker.declare([COPIED, TABLE, OTHER_TABLE])

    assert not await exists(broker, COPIED.name)
    assert not await exists(broker, TABLE.name)


async def test_declared_a_topic_that_another_process_made_need_not_be_declared_again(
    lab: BrokerLab,
) -> None:
    await lab.start().declare([GIVEN])
    broker = lab.start()

    await broker.publish([Message(GIVEN.name, "key", b"value")])

    assert sum((await broker.ends(GIVEN.name)).values()) == 1


async def _nothing(_: Task) -> None:
    return


USES: dict[str, Callable[[Broker], Awaitable[object]]] = {
    "publish": lambda broker: broker.publish([Message("nowhere.v1", "key", b"")]),
    "take": lambda broker: broker.take(GROUP, 0, ["nowhere.v1"]),
    "serve": lambda broker: broker.serve(GROUP, ["nowhere.v1"], _nothing),
    "reader": lambda broker: broker.reader("nowhere.v1", {0: 0}),
    "beginnings": lambda broker: broker.beginnings("nowhere.v1"),
    "ends": lambda broker: broker.ends("nowhere.v1"),
    "lag": lambda broker: broker.lag(GROUP, ["nowhere.v1"]),
    "reset": lambda broker: broker.reset(GROUP, ["nowhere.v1"], "start"),
}


@pytest.mark.parametrize("use", USES)
async def test_declared_what_never_was_is_refused_at_once_with_what_to_do(
    lab: BrokerLab, use: str
) -> None:
    broker = lab.start()

    async with asyncio.timeout(10):
        with pytest.raises(ConfigurationError, match=r"nowhere\.v1.*`anji topics create`"):
            await USES[use](broker)


async def test_declared_a_partition_number_that_is_not_there_is_refused(lab: BrokerLab) -> None:
    broker = lab.start()
    await broker.declare([GIVEN])

    with pytest.raises(ConfigurationError, match=f"no partition {lab.partitions}"):
        await broker.take(GROUP, lab.partitions, [GIVEN.name])


async def test_an_installation_with_another_partition_count_does_not_start(
    lab: BrokerLab, tmp_path: Path
) -> None:
    await lab.start().declare([Topic("anji.links.v1", is_compacted=True, retention_seconds=None)])
    settings = {"ANJI_HOME": str(tmp_path), "ANJI_PARTITIONS": "6", **lab.environment}

    ended = await asyncio.to_thread(_anji, settings)

    assert ended.returncode == 78
    assert "anji.links.v1 has 4 partitions" in ended.stderr
    assert "ANJI_PARTITIONS=4" in ended.stderr
    assert "anji: Nothing was changed." in ended.stderr
    assert not await exists(lab.start(), "anji.inbox.v1")


def _anji(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [Path(sys.executable).with_name("anji"), "run", "mapper"],
        env={"PATH": "/usr/bin:/bin", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
