"""From what reconciliation found to the messages that mend it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anji.looking import Links, next_sequence, retries
from anji_common.clock import Clock
from anji_common.events.inbox import Entry, EntryKind
from anji_common.events.signals import Signal, SignalKind
from anji_common.messages import Message
from anji_common.refs import Ref
from anji_mapper.findings import Finding, FindingKind, Repair

__all__ = ["Repairs", "repairs_of"]


@dataclass(frozen=True, slots=True)
class Repairs:
    """What is sent, and how much of each."""

    messages: tuple[Message, ...]
    settled: int
    """Links."""
    retried: int
    read: int


def repairs_of(
    findings: Iterable[Finding], links: Links, person: str, clock: Clock, *, kept: bool
) -> Repairs:
    """Return what mends `findings`, where a machine can.

    Args:
        findings: As they were found.
        links: To look problems up.
        person: Who wants it.
        clock: For the time of the wish.
        kept: Whether fields that are agreed to differ are settled too.
    """
    fields: dict[str, list[str]] = defaultdict(list)
    retry: dict[str, None] = {}
    read: dict[str, None] = {}
    for found in findings:
        if found.repair is Repair.SETTLE and (kept or found.kind is not FindingKind.KEPT):
            fields[found.crm].append(found.field)
        elif found.repair is Repair.RETRY:
            retry[found.crm or found.erp] = None
        elif found.repair is Repair.READ:
            read[found.crm or found.erp] = None
    settles = [
        entry
        for crm, names in fields.items()
        if (entry := _settle(crm, names, links, person, clock)) is not None
    ]
    seats = [seat for key in retry if (seat := links.one(key)) is not None]
    retried = retries(seats, person, clock)
    signals = [_read(Ref.parse(key), clock) for key in read]
    events: Sequence[Entry | Signal] = [*settles, *retried, *signals]
    messages = tuple(event.to_message() for event in events)
    return Repairs(messages, len(settles), len(retried), len(signals))


def _settle(
    crm: str, fields: Sequence[str], links: Links, person: str, clock: Clock
) -> Entry | None:
    seat = links.one(crm)
    if seat is None:
        return None
    now = clock.now()
    return Entry(
        to=seat.key,
        sender=f"person/{person}",
        sequence=next_sequence(seat, person, now),
        kind=EntryKind.SETTLE,
        at=now,
        link_type=seat.link_type,
        fields=tuple(fields),
    )


def _read(ref: Ref, clock: Clock) -> Signal:
    """Return the wish that a record is read, and published though it has not moved."""
    now = clock.now()
    return Signal(
        system=ref.system,
        object_name=ref.object_name,
        kind=SignalKind.READ,
        at=now,
        ref=ref,
        answers=f"repair/{int(now.timestamp() * 1000)}",
    )
