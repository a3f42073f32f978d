"""A stranger reads our changes: librdkafka's consumer, and CloudEvents' own library."""

import asyncio
from datetime import UTC, datetime

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import Consumer
from confluent_kafka import Message as TheirMessage

from anji_common.events.changes import Change, revision_of
from anji_common.events.observed import Stamp
from anji_common.refs import Ref, System
from anji_common.topics import changes_topic, declared_topics
from labs.kafka import KafkaLab

AT = datetime(2026, 1, 5, 2, 11, 12, 720_000, tzinfo=UTC)
REF = Ref(System.FXIAOKE, "AccountObj", "65f000000000000000000001")
DATA = {"name": "安济 有限公司", "lines": [{"_id": "1", "quantity": "2.5"}], "tel": None}
CHANGE = Change(ref=REF, revision=revision_of(AT, 0), stamp=Stamp(modified_at=AT), data=DATA)
DELETED = Change(ref=REF, revision=revision_of(AT, 1), stamp=Stamp(modified_at=AT), data=None)

pytestmark = pytest.mark.kafka


def consumed(lab: KafkaLab, topic: str, count: int) -> list[TheirMessage]:
    """Return the first messages of a topic as a stranger's consumer gets them."""
    consumer = Consumer(
        {
            "bootstrap.servers": lab.bootstrap,
            "group.id": f"{lab.prefix}stranger",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([lab.prefix + topic])
    found: list[TheirMessage] = []
    try:
        for _ in range(60):
            found += consumer.consume(count - len(found), timeout=0.5)
            if len(found) >= count:
                return found
    finally:
        consumer.close()
    msg = f"only {len(found)} of {count} messages came in 30 s"
    raise AssertionError(msg)


def event_of(message: TheirMessage) -> BaseCloudEvent:
    headers = dict(message.headers() or [])
    return from_kafka(KafkaMessage(headers, message.key(), message.value() or b""), JSONFormat())


async def test_a_stranger_reads_a_change_and_a_delete_as_cloudevents(kafka_lab: KafkaLab) -> None:
    broker = kafka_lab.start()
    await broker.declare(declared_topics({System.FXIAOKE: ("AccountObj",)}))
    await broker.publish([CHANGE.to_message(), DELETED.to_message()])

    messages = await asyncio.to_thread(
        consumed, kafka_lab, changes_topic(System.FXIAOKE, "AccountObj"), 2
    )

    changed, deleted = (event_of(message) for message in messages)
    assert changed.get_data() == DATA
    assert changed.get_id() == CHANGE.event_id
    assert changed.get_source() == "/fxiaoke/AccountObj"
    assert changed.get_type() == "fxiaoke.AccountObj.changed.v1"
    assert changed.get_subject() == str(REF)
    assert changed.get_time() == AT
    assert changed.get_datacontenttype() == "application/json"
    assert changed.get_extension("sequence") == f"{CHANGE.revision:020}"
    assert [message.key() for message in messages] == [str(REF).encode()] * 2
    assert messages[1].value() is None
    assert deleted.get_type() == "fxiaoke.AccountObj.deleted.v1"
    assert deleted.get_subject() == str(REF)
