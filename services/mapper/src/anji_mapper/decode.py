"""A record of any input topic → whose seat it concerns, and what happened to it.

Pure. What nobody can read raises `UndecodableError` and becomes a dead letter; what concerns no
link of ours is `None`.
"""

from anji_common.errors import UndecodableError
from anji_common.events.changes import Change
from anji_common.events.inbox import Entry
from anji_common.events.results import Result
from anji_common.messages import Record
from anji_common.refs import Ref, System
from anji_common.topics import INBOX, changes_topic, results_topic
from anji_common.values import frozen
from anji_mapper.link.inputs import Answered, Changed, Input, Told
from anji_mapper.mapping.model import LinkType, Mappings

__all__ = ["GROUP", "Arrival", "decode", "input_topics"]

GROUP = "mapper"
"""Who consumes the inputs."""

_RESULTS = frozenset(results_topic(system) for system in System)


@frozen
class Arrival:
    """One input of one seat."""

    key: Ref
    link_type: LinkType
    happened: Input


def input_topics(mappings: Mappings) -> tuple[str, ...]:
    """Return the topics that the mapper's tasks consume, all keyed by the ref of a seat."""
    changes = sorted(
        changes_topic(system, found.side(system).object_name)
        for found in mappings.types
        for system in System
    )
    return (*changes, *sorted(_RESULTS), INBOX.name)


def decode(record: Record, mappings: Mappings) -> Arrival | None:
    """Return what `record` tells, or `None` where no link of ours is concerned.

    Raises:
        UndecodableError: nobody can read it, or its key is not its seat: then it may lie in a
            partition where that seat does not live.
    """
    if record.topic == INBOX.name:
        entry = Entry.from_record(record)
        arrival = _arrival(entry.to, Told(entry), mappings)
    elif record.topic in _RESULTS:
        result = Result.from_record(record)
        arrival = _arrival(result.seat, Answered(result), mappings)
    else:
        change = Change.from_record(record)
        arrival = _arrival(change.ref, Changed(change), mappings)
    if arrival is not None and record.text_key != str(arrival.key):
        msg = f"{record.place}: key {record.text_key[:200]!r} is not its subject {arrival.key}"
        raise UndecodableError(msg)
    return arrival


def _arrival(key: Ref, happened: Input, mappings: Mappings) -> Arrival | None:
    link_type = mappings.of(key.system, key.object_name)
    return None if link_type is None else Arrival(key, link_type, happened)
