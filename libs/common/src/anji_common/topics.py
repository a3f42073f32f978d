"""Every topic as data: name, what keeps its records, and for how long (DESIGN §2).

Names here carry no prefix; an installation's ``ANJI_TOPIC_PREFIX`` is the broker adapter's
affair. All keyed topics of one installation have the same number of partitions, so that the
same key has the same partition number everywhere (co-partitioning).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from anji_common.errors import ConfigurationError
from anji_common.refs import System

__all__ = [
    "CALLBACKS",
    "CALLS",
    "CHECKPOINTS",
    "CROSSWALK",
    "DEADLETTERS",
    "DEFAULT_PARTITIONS",
    "INBOX",
    "LINKS",
    "NOTICES",
    "SIGNALS",
    "Lane",
    "Topic",
    "attempts_topic",
    "changes_topic",
    "commands_topic",
    "declared_topics",
    "once_each",
    "results_topic",
]

DEFAULT_PARTITIONS = 12

_DAY_SECONDS = 86_400
_MONTH_SECONDS = 30 * _DAY_SECONDS
_WEEK_SECONDS = 7 * _DAY_SECONDS


class Lane(StrEnum):
    """Which command topic: live work first, bulk with what is left."""

    LIVE = "live"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it must be."""

    name: str
    is_compacted: bool
    retention_seconds: int | None
    """How long records are kept; `None` for ever (a compacted topic keeps the newest of a key)."""
    min_compaction_lag_seconds: int = 0
    """Compacted: how long every version is kept."""
    tombstone_seconds: int = _MONTH_SECONDS
    """Compacted: how long a tombstone can still be read (``delete.retention.ms``)."""


def _compacted(name: str, *, every_version_seconds: int = 0) -> Topic:
    return Topic(name, True, None, every_version_seconds)  # noqa: FBT003 - the field's own name says it


def _kept(name: str, seconds: int) -> Topic:
    return Topic(name, False, seconds)  # noqa: FBT003 - the field's own name says it


CROSSWALK = _compacted("anji.crosswalk.v1")
LINKS = _compacted("anji.links.v1")
CHECKPOINTS = _compacted("anji.checkpoints.v1")
NOTICES = _kept("anji.notices.v1", _MONTH_SECONDS)
INBOX = _kept("anji.inbox.v1", _MONTH_SECONDS)
DEADLETTERS = _kept("anji.deadletters.v1", _MONTH_SECONDS)
SIGNALS = _kept("anji.signals.v1", _WEEK_SECONDS)
CALLBACKS = _kept("fxiaoke.callbacks.v1", _WEEK_SECONDS)
CALLS = _kept("fxiaoke.calls.v1", _MONTH_SECONDS)
"""What each process has called, every few seconds: the day's pack is one for all of them."""


def changes_topic(system: System, object_name: str) -> str:
    """Return the name of the public topic of one object."""
    return f"{system}.{object_name}.changes.v1"


def commands_topic(system: System, lane: Lane = Lane.LIVE) -> str:
    """Return the name of the command topic of one system and lane."""
    return f"{system}.commands.v1" if lane is Lane.LIVE else f"{system}.commands.bulk.v1"


def results_topic(system: System) -> str:
    """Return the name of the result topic of one system."""
    return f"{system}.results.v1"


def attempts_topic(system: System) -> str:
    """Return the name of the attempt topic of one system."""
    return f"{system}.attempts.v1"


def declared_topics(objects: dict[System, tuple[str, ...]]) -> tuple[Topic, ...]:
    """Return every topic of an installation that reads `objects`, the one table of all topics."""
    changes = [
        _compacted(changes_topic(system, name), every_version_seconds=_MONTH_SECONDS)
        for system, names in objects.items()
        for name in names
    ]
    of_systems = [
        topic
        for system in System
        for topic in (
            _kept(commands_topic(system, Lane.LIVE), _MONTH_SECONDS),
            _kept(commands_topic(system, Lane.BULK), _MONTH_SECONDS),
            _kept(results_topic(system), _MONTH_SECONDS),
            _compacted(attempts_topic(system)),
        )
    ]
    ours = [CROSSWALK, NOTICES, INBOX, LINKS, SIGNALS, CALLBACKS, CALLS, CHECKPOINTS, DEADLETTERS]
    return (*changes, *of_systems, *ours)


def once_each(topics: Iterable[Topic]) -> tuple[Topic, ...]:
    """Return `topics` in their order, each once.

    Raises:
        ConfigurationError: two of them have one name and different shapes.
    """
    found: dict[str, Topic] = {}
    for topic in topics:
        if found.setdefault(topic.name, topic) != topic:
            msg = (
                f"topic {topic.name} is declared twice, as {found[topic.name]} and as {topic};"
                " one of the two is a mistake in the code. Nothing was changed."
            )
            raise ConfigurationError(msg)
    return tuple(found.values())
