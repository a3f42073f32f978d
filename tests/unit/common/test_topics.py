"""The one table of topics says what DESIGN section 2 says, line by line."""

import pytest

from anji_common.errors import ConfigurationError
from anji_common.refs import System
from anji_common.topics import (
    DEFAULT_PARTITIONS,
    Lane,
    Topic,
    commands_topic,
    declared_topics,
    once_each,
)

DAY = 86_400
FOR_EVER = (True, None, 0)
MONTH = (False, 30 * DAY, 0)
WEEK = (False, 7 * DAY, 0)
EVERY_VERSION_A_MONTH = (True, None, 30 * DAY)

# DESIGN section 2 and what ADRs added: (is compacted, kept for seconds, versions for seconds).
DESIGN = {
    "fxiaoke.AccountObj.changes.v1": EVERY_VERSION_A_MONTH,
    "fxiaoke.SalesOrderObj.changes.v1": EVERY_VERSION_A_MONTH,
    "k3cloud.BD_Customer.changes.v1": EVERY_VERSION_A_MONTH,
    "anji.crosswalk.v1": FOR_EVER,
    "anji.notices.v1": MONTH,
    "fxiaoke.commands.v1": MONTH,
    "fxiaoke.commands.bulk.v1": MONTH,
    "k3cloud.commands.v1": MONTH,
    "k3cloud.commands.bulk.v1": MONTH,
    "fxiaoke.results.v1": MONTH,
    "k3cloud.results.v1": MONTH,
    "anji.inbox.v1": MONTH,
    "anji.links.v1": FOR_EVER,
    "fxiaoke.attempts.v1": FOR_EVER,
    "k3cloud.attempts.v1": FOR_EVER,
    "anji.signals.v1": WEEK,
    "fxiaoke.callbacks.v1": WEEK,
    "fxiaoke.calls.v1": MONTH,  # ADR 5: calls are told
    "anji.checkpoints.v1": FOR_EVER,
    "anji.deadletters.v1": MONTH,
}
OBJECTS = {System.FXIAOKE: ("AccountObj", "SalesOrderObj"), System.K3CLOUD: ("BD_Customer",)}


def test_the_table_is_the_design_s() -> None:
    found = declared_topics(OBJECTS)

    assert {
        one.name: (one.is_compacted, one.retention_seconds, one.min_compaction_lag_seconds)
        for one in found
    } == DESIGN
    assert len(found) == len(DESIGN)


def test_tombstones_stay_thirty_days_and_topics_have_twelve_partitions() -> None:
    assert {one.tombstone_seconds for one in declared_topics(OBJECTS)} == {30 * DAY}
    assert DEFAULT_PARTITIONS == 12


def test_each_lane_has_its_topic() -> None:
    names = [commands_topic(System.K3CLOUD, lane) for lane in (Lane.LIVE, Lane.BULK)]

    assert names == ["k3cloud.commands.v1", "k3cloud.commands.bulk.v1"]


def test_a_topic_declared_twice_alike_is_one_topic() -> None:
    topics = declared_topics(OBJECTS)

    assert once_each([*topics, topics[0]]) == topics


def test_a_topic_with_two_shapes_is_refused() -> None:
    one, other = Topic("table.v1", True, None), Topic("table.v1", False, 60)  # noqa: FBT003 - the field's own name says it

    with pytest.raises(ConfigurationError, match=r"table\.v1 is declared twice"):
        once_each([one, other])
