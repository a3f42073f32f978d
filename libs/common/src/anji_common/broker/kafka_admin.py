"""Makes topics as the table says, and compares those that are there.

Partition count and clean-up policy are the installation's own affair and are insisted on: with
another count the same key would stand in another partition, and with another policy records
would go, or stay, that must not. Retention and the rest are set once, when a topic is made;
later an operator may change them, and is not overruled.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from anji_common.broker.kafka_cluster import KafkaCluster
from anji_common.broker.kafka_endings import discard
from anji_common.broker.kafka_errors import error_from, translated
from anji_common.errors import ConfigurationError
from anji_common.topics import Topic, once_each

__all__ = ["KafkaAdmin", "topic_options"]

_PAUSE_SECONDS = 0.05
_SAFE_COPIES = 3


def topic_options(topic: Topic) -> Mapping[str, str]:
    """Return what Kafka is told when `topic` is made, whoever makes it."""
    kept = topic.retention_seconds
    return {
        "cleanup.policy": _policy(topic),
        "retention.ms": "-1" if kept is None else str(kept * 1000),
        "min.compaction.lag.ms": str(topic.min_compaction_lag_seconds * 1000),
        "delete.retention.ms": str(topic.tombstone_seconds * 1000),
    }


class KafkaAdmin:
    """Knows which topics are there as they must be."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._known: set[str] = set()

    async def declare(self, declared: Iterable[Topic]) -> None:
        """Make what is missing, after comparing what is there.

        Raises:
            ConfigurationError: a topic has another shape; nothing was changed.
        """
        topics = once_each(declared)
        admin = await self._cluster.started(self._cluster.admin())
        try:
            with translated("declaring topics"):
                missing = await self._compare(admin, topics)
                if missing:
                    await self._create(admin, missing)
                    # Another process may have made some of them at the same moment.
                    await self._until_seen(admin, topics)
                    await self._compare(admin, topics)
        finally:
            await discard(admin)
        self._known |= {topic.name for topic in topics}

    async def require(self, names: Sequence[str]) -> None:
        """Do nothing if every topic is there.

        Raises:
            ConfigurationError: one was never declared, or has another number of partitions.
        """
        unknown = [name for name in names if name not in self._known]
        if not unknown:
            return
        admin = await self._cluster.started(self._cluster.admin())
        try:
            with translated("looking for topics"):
                counts = await _partition_counts(admin)
        finally:
            await discard(admin)
        for name in unknown:
            count = counts.get(self._cluster.physical(name))
            if count is None:
                physical = self._cluster.physical(name)
                msg = f"topic {physical} was not declared; declare it first (`anji topics create`)"
                raise ConfigurationError(msg)
            if count != self._cluster.partitions:
                raise ConfigurationError(self._other_count(name, count))
        self._known |= set(unknown)

    async def _compare(
        self, admin: AIOKafkaAdminClient, topics: Sequence[Topic]
    ) -> Sequence[Topic]:
        """Return the topics that are missing."""
        counts = await _partition_counts(admin)
        there = [topic for topic in topics if self._cluster.physical(topic.name) in counts]
        policies = await _policies(admin, [self._cluster.physical(topic.name) for topic in there])
        wrong = []
        for topic in there:
            name = self._cluster.physical(topic.name)
            if counts[name] != self._cluster.partitions:
                wrong.append(self._other_count(topic.name, counts[name]))
            if policies[name] != _policy(topic):
                wrong.append(
                    f"topic {name} has cleanup.policy={policies[name]} and must have"
                    f" {_policy(topic)}: set it with kafka-configs, or delete the topic, which"
                    " loses its records, or give this installation another ANJI_TOPIC_PREFIX"
                )
        if wrong:
            raise ConfigurationError("\n".join([*wrong, "Nothing was changed."]))
        return [topic for topic in topics if self._cluster.physical(topic.name) not in counts]

    async def _create(self, admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
        copies = self._cluster.settings.replication_factor
        if copies < 1:  # "as the cluster has it" is newer than the request that aiokafka sends
            copies = await _default_copies(admin)
        new = [
            NewTopic(
                self._cluster.physical(topic.name),
                self._cluster.partitions,
                copies,
                topic_configs=self._options(topic),
            )
            for topic in topics
        ]
        answer = await admin.create_topics(new)
        for name, code, *words in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error_from(error(*words), f"could not make topic {name}")

    def _options(self, topic: Topic) -> Mapping[str, str]:
        options = dict(topic_options(topic))
        copies = self._cluster.settings.replication_factor
        if copies >= _SAFE_COPIES:
            options["min.insync.replicas"] = str(copies - 1)
        return options

    async def _until_seen(self, admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
        """Wait until every topic has a leader everywhere: creation is told before it is done."""
        wanted = {self._cluster.physical(topic.name) for topic in topics}
        while wanted - (await _partition_counts(admin)).keys():
            await self._cluster.clock.sleep(_PAUSE_SECONDS)

    def _other_count(self, name: str, count: int) -> str:
        wanted = self._cluster.partitions
        return (
            f"topic {self._cluster.physical(name)} has {count} partitions and must have {wanted},"
            f" for the same key must stand in the same partition of every topic: set"
            f" ANJI_PARTITIONS={count} if all topics of this installation were made so, or delete"
            " the topic, which loses its records, or give this installation another"
            " ANJI_TOPIC_PREFIX"
        )


async def _partition_counts(admin: AIOKafkaAdminClient) -> Mapping[str, int]:
    """Return the number of partitions of each topic of the cluster that has all its leaders.

    All are asked for: a request by name may create a topic on some clusters.
    """
    found: list[dict[str, Any]] = await admin.describe_topics()
    return {
        topic["topic"]: len(topic["partitions"])
        for topic in found
        if topic["partitions"] and all(one["leader"] >= 0 for one in topic["partitions"])
    }


async def _default_copies(admin: AIOKafkaAdminClient) -> int:
    """Return how many copies of a topic the cluster makes unless told otherwise."""
    cluster = await admin.describe_cluster()
    node = ConfigResource(ConfigResourceType.BROKER, str(cluster["brokers"][0]["node_id"]))
    for answer in await admin.describe_configs([node]):
        for code, words, _, name, options in answer.resources:
            if code:
                raise error_from(for_code(code)(words), f"could not describe broker {name}")
            for option, value, *_ in options:
                if option == "default.replication.factor":
                    return int(value)
    return 1


async def _policies(admin: AIOKafkaAdminClient, names: Sequence[str]) -> Mapping[str, str]:
    if not names:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    policies = {}
    for answer in await admin.describe_configs(asked):
        for code, words, _, name, options in answer.resources:
            if code:
                raise error_from(for_code(code)(words), f"could not describe topic {name}")
            policies[name] = next(
                ",".join(sorted(value.split(",")))
                for option, value, *_ in options
                if option == "cleanup.policy"
            )
    return policies


def _policy(topic: Topic) -> str:
    return "compact" if topic.is_compacted else "delete"
