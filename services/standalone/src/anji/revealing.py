"""What fields marked `personal` say on both sides: hidden from who looks, shown to who asks.

Tables show ``(personal)`` in place of such values. Who has to decide asks for them: they are read
from the changes that the topics retain, so that the value that lost a conflict is there too, and a
notice tells who looked at which fields. The notice is durable before the first value is shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import JsonValue

from anji_common.broker.partitions import partition_for
from anji_common.broker.port import Broker
from anji_common.clock import Clock
from anji_common.errors import RejectedError, UndecodableError
from anji_common.events.changes import Change
from anji_common.events.notices import Notice, NoticeKind
from anji_common.messages import Record
from anji_common.refs import SYSTEMS, Ref, System
from anji_common.topics import changes_topic
from anji_mapper.link.discreet import HIDDEN, discreet
from anji_mapper.link.state import Problem, Refusal, Seat, SideState, changed
from anji_mapper.mapping.model import LinkType, Pair, Seen

__all__ = ["Shown", "masked", "revealed"]

_BATCH_RECORDS = 2000
_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Shown:
    """One value of a personal field, as a side had it from one change on."""

    field: str
    """The pair's name; of a line with the line's path and id before it."""
    system: System
    value: JsonValue
    since: datetime
    """When that change was made, by the vendor's clock; of the oldest one retained it may have
    stood there before."""
    by: str
    """Who made it, by the vendor's id; empty where it does not say."""


def masked(seat: Seat, link_type: LinkType | None) -> Seat:
    """Return a seat to be looked at: its words and agreed pairs without personal values."""
    if link_type is None:
        return seat
    personal = {pair.name for pair in link_type.pairs if pair.personal}
    agreed = {
        name: (_hidden(pair[0]), _hidden(pair[1])) if name in personal else pair
        for name, pair in seat.agreed.items()
    }
    return changed(
        seat,
        problem=_problem(seat, link_type),
        agreed=agreed,
        crm=_side(seat, System.FXIAOKE, link_type),
        erp=_side(seat, System.K3CLOUD, link_type),
    )


def _hidden(value: JsonValue) -> JsonValue:
    return None if value is None else HIDDEN


def _problem(seat: Seat, link_type: LinkType) -> Problem | None:
    if seat.problem is None:
        return None
    return replace(seat.problem, words=discreet(seat, link_type, seat.problem.words, {})[0])


def _side(seat: Seat, system: System, link_type: LinkType) -> SideState:
    """Return a side with its refusal's words and its number, which may be a person's name."""
    side, seen = seat.side(system), seat.side(system).seen
    refusal: Refusal | None = side.refusal
    if refusal is not None:
        words = discreet(seat, link_type, refusal.words, {})[0]
        side = changed(side, refusal=replace(refusal, words=words))
    number = link_type.side(system).interest.number_field
    is_personal = any(pair.personal and pair.path(system) == number for pair in link_type.pairs)
    if is_personal and seen is not None and seen.number is not None:
        side = changed(side, seen=replace(seen, number=HIDDEN))
    return side


async def revealed(
    broker: Broker, clock: Clock, seat: Seat, link_type: LinkType, person: str
) -> list[Shown]:
    """Tell that `person` looks at the personal fields of a link, then return what they say.

    Returns:
        By field and side, the newest first: each value that the retained changes hold.

    Raises:
        RejectedError: the link type has no personal field; nothing was told.
    """
    names = sorted(pair.name for pair in _pairs(link_type) if pair.personal)
    if not names:
        msg = f"{link_type.name} marks no field as personal: nothing is hidden"
        raise RejectedError(msg)
    notice = Notice(
        link=seat.key,
        link_type=seat.link_type,
        kind=NoticeKind.VALUES_REVEALED,
        at=clock.now(),
        words=f"{person} looked at the values of personal fields",
        details={"person": person, "fields": list(names)},
    )
    await broker.publish([notice.to_message()])
    found: list[Shown] = []
    for system in SYSTEMS:
        ref = seat.crm.ref if system is System.FXIAOKE else seat.erp.ref
        if ref is not None:
            found += _history(await _changes(broker, ref), system, link_type)
    return sorted(found, key=lambda each: (each.field, each.system))


def _pairs(link_type: LinkType) -> Iterator[Pair]:
    yield from link_type.pairs
    for lines in link_type.lines:
        yield from lines.pairs


async def _changes(broker: Broker, ref: Ref) -> list[Change]:
    """Return the retained changes of one record, oldest first; reads its partition only."""
    topic, key = changes_topic(ref.system, ref.object_name), str(ref).encode()
    partition = partition_for(key, broker.partitions)
    end = (await broker.ends(topic))[partition]
    beginning = (await broker.beginnings(topic))[partition]
    reader = await broker.reader(topic, {partition: beginning})
    found: list[Change] = []
    try:
        while reader.position(partition) < end:
            records = await reader.poll(max_records=_BATCH_RECORDS, wait_seconds=_WAIT_SECONDS)
            for record in records:
                if record.key == key:
                    found += _change(record)
    finally:
        await reader.close()
    return found


def _change(record: Record) -> list[Change]:
    """Return the change of a record; none where nobody can read it: it is a dead letter by now."""
    try:
        return [Change.from_record(record)]
    except UndecodableError:
        return []


def _history(changes: list[Change], system: System, link_type: LinkType) -> list[Shown]:
    """Return each value of each personal field once a time that it stood there, newest first."""
    last: dict[str, JsonValue] = {}
    found: list[Shown] = []
    for change in changes:
        if change.data is None:
            continue
        for field, value in _values(link_type.seen(system, change.data), system, link_type):
            if field not in last or last[field] != value:
                stamp = change.stamp
                by = "Anji" if stamp.by_anji else stamp.modified_by or ""
                found.append(Shown(field, system, value, stamp.modified_at, by))
            last[field] = value
    return found[::-1]


def _values(seen: Seen, system: System, link_type: LinkType) -> Iterator[tuple[str, JsonValue]]:
    for pair in link_type.pairs:
        if pair.personal:
            yield pair.name, seen.head.get(pair.path(system))
    for lines in link_type.lines:
        rows: Mapping[str, Mapping[str, JsonValue]] = seen.rows.get(lines.name, {})
        for row_id, row in rows.items():
            for pair in lines.pairs:
                if pair.personal:
                    yield f"{lines.path(system)}/{row_id}/{pair.name}", row.get(pair.path(system))
