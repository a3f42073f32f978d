"""Looks at links: which there are, what one is like, and why some do not move.

A copy of ``anji.links.v1`` is read into memory for that, up to its end at that moment.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from anji.revealing import masked
from anji_common.broker.port import Broker
from anji_common.clock import Clock
from anji_common.errors import RejectedError
from anji_common.events.inbox import Entry, EntryKind
from anji_common.refs import Ref, System
from anji_common.topics import LINKS
from anji_common.views import View
from anji_mapper.link.codec import decode_seat
from anji_mapper.link.discreet import discreet
from anji_mapper.link.questions import question_id, question_words
from anji_mapper.link.state import Seat, Stage
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.tasks import checked_seat, seat_tokens

__all__ = ["Cause", "Links", "asked_key", "decision", "edit", "next_sequence", "retries"]


_ANY = "…"
"""Stands where links that have the same cause say something else each."""
_LEAST_NUMBER = 4
"""A shorter one could stand in any word."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Links that do not move for the same reason."""

    link_type: str
    kind: str
    words: str
    """Without the values of personal fields."""
    seats: tuple[Seat, ...]


class Links:
    """All seats of an installation, as of one moment."""

    def __init__(self, view: View, mappings: Mappings) -> None:
        self._view = view
        self._mappings = mappings

    @classmethod
    @asynccontextmanager
    async def read(cls, broker: Broker, mappings: Mappings) -> AsyncIterator["Links"]:
        """Read them all."""
        view = View(broker, LINKS.name, store=None, project=checked_seat, index=seat_tokens)
        await view.start()
        try:
            yield cls(view, mappings)
        finally:
            await view.close()

    def all(self, link_type: str | None = None) -> Iterator[Seat]:
        """Yield every seat that is no pointer, by link type and key."""
        for name in sorted(found.name for found in self._mappings.types):
            if link_type in {None, name}:
                for key in sorted(self._view.find(f"type:{name}")):
                    seat = self._seat(key)
                    if seat is not None:
                        yield seat

    def one(self, key: str) -> Seat | None:
        """Return the home of a link by the ref of either record, or by a business number.

        Raises:
            RejectedError: it is the number of several; the message says their refs.
        """
        seat = self._seat(key)
        if seat is not None and seat.stage is Stage.POINTER:
            return self._seat(str(seat.partner))
        if seat is not None:
            return seat
        found = [each for each in self.all() if key in _numbers(each)]
        standing = [each for each in found if each.stage is not Stage.ENDED] or found
        if len(standing) > 1:
            refs = ", ".join(str(each.key) for each in standing)
            msg = f"{key} is the number of {len(standing)} links: say which, by its ref: {refs}"
            raise RejectedError(msg)
        return standing[0] if standing else None

    def causes(self) -> list[Cause]:
        """Return what keeps links from moving, the most frequent first."""
        groups: dict[tuple[str, str, str], list[Seat]] = defaultdict(list)
        for key in sorted(self._view.find("problem")):
            seat = self._seat(key)
            if seat is not None and seat.problem is not None:
                groups[seat.link_type, str(seat.problem.kind), self.cause(seat)].append(seat)
        causes = [
            Cause(name, kind, self.words(seats[0]) if len(seats) == 1 else words, tuple(seats))
            for (name, kind, words), seats in groups.items()
        ]
        return sorted(causes, key=lambda cause: -len(cause.seats))

    def masked(self, seat: Seat) -> Seat:
        """Return `seat` to be looked at: without the values of personal fields."""
        return masked(seat, self._mappings.named(seat.link_type))

    def stuck(self) -> list[Seat]:
        """Return the links that do not move, those of the most frequent cause first."""
        return [seat for each in self.causes() for seat in each.seats]

    def chosen(self, named: Sequence[Seat], cause: str | None) -> list[Seat]:
        """Return links that do not move: those that are named, and those whose words say `cause`.

        Raises:
            RejectedError: one of those that are named moves, or no link's words say `cause`.
        """
        for seat in named:
            if seat.problem is None:
                msg = f"{seat.key} has no problem: nothing was tried again; see anji problems list"
                raise RejectedError(msg)
        stuck, keys = self.stuck(), {seat.key for seat in named}
        said = {
            seat.key
            for seat in stuck
            if cause is not None and (cause in self.words(seat) or cause in self.cause(seat))
        }
        if cause is not None and not said:
            msg = f"no problem says {cause!r}: nothing was tried again; see anji problems list"
            raise RejectedError(msg)
        return [seat for seat in stuck if seat.key in keys | said]

    def words(self, seat: Seat) -> str:
        """Return why a link does not move, without personal values; empty if it does."""
        return "" if seat.problem is None else self.discreet(seat, seat.problem.words)

    def cause(self, seat: Seat) -> str:
        """Return `words` as all links say them that do not move for the same reason.

        A vendor puts the record's own number into its words, and what is asked about a field
        names both values: links that differ in nothing else have one cause.
        """
        words = self.words(seat)
        for key, values in seat.asked.items():
            if key.partition("~")[0].startswith("is:"):
                continue  # says no value of the record
            alike = question_words(key, (_ANY, _ANY)).replace(repr(_ANY), _ANY)
            words = words.replace(self.discreet(seat, question_words(key, values)), alike)
        for number in sorted(_numbers(seat), key=len, reverse=True):
            words = words.replace(number, _ANY) if len(number) >= _LEAST_NUMBER else words
        return words

    def discreet(self, seat: Seat, words: str) -> str:
        """Return words about a link without personal values."""
        link_type = self._mappings.named(seat.link_type)
        return words if link_type is None else discreet(seat, link_type, words, {})[0]

    def _seat(self, key: str) -> Seat | None:
        value = self._view.get(key)
        return None if value is None else decode_seat(value)


def _numbers(seat: Seat) -> set[str]:
    return {
        side.seen.number
        for side in (seat.crm, seat.erp)
        if side.seen is not None and side.seen.number is not None
    }


def asked_key(seat: Seat, field: str) -> str:
    """Return under which key of `Seat.asked` it is asked about a field.

    Raises:
        RejectedError: nothing is asked about it, or of several lines; the message says what is.
    """
    found = [key for key in seat.asked if field in {key, *key.rpartition("/")[2].split("~")}]
    if len(found) != 1:
        names = {key.partition("~")[0] if key.startswith("is:") else key for key in seat.asked}
        asked = ", ".join(sorted(names)) or "nothing"
        what = f"several lines are asked about {field}: name one whole"
        what = what if found else f"nothing is asked about {field}"
        msg = f"{seat.key}: {what}; asked about: {asked}"
        raise RejectedError(msg)
    return found[0]


def next_sequence(seat: Seat, person: str, now: datetime) -> int:
    """Return a sequence by which `seat` does not take what `person` says now for a replay.

    It is the time, unless that runs behind where the last words were typed.
    """
    return max(int(now.timestamp() * 1000), seat.heard.get(f"person/{person}", -1) + 1)


def decision(seat: Seat, field: str, winner: System, person: str, clock: Clock) -> Entry:
    """Return the wish of `person` that the value of `winner` stays in a field that is asked about.

    Args:
        seat: The home of the link.
        field: The field's name as the problem shows it, or its path on either side.
        winner: Whose value stays.
        person: Who decides.
        clock: For the time of the decision.

    Raises:
        RejectedError: nothing is asked about that field; the message says what is.
    """
    key = asked_key(seat, field)
    now = clock.now()
    return Entry(
        to=seat.key,
        sender=f"person/{person}",
        sequence=next_sequence(seat, person, now),
        kind=EntryKind.DECIDE,
        at=now,
        link_type=seat.link_type,
        problem=question_id(key, seat.asked[key]),
        winner=winner,
    )


def edit(  # noqa: PLR0913, PLR0917 - what a person says
    seat: Seat, link_type: LinkType, path: str, value: JsonValue, person: str, clock: Clock
) -> Entry:
    """Return the wish of `person` to try a problem again with another value in one field.

    Args:
        seat: The home of the link, with a problem.
        link_type: Its type.
        path: The field that gets the value, by its path on the side that gets it.
        value: In normal form.
        person: Who wants it.
        clock: For the time of the wish.

    Raises:
        RejectedError: there is no problem, or no such field that is written.
    """
    found = [
        (pair, system)
        for pair in link_type.pairs
        for system in pair.flows_to
        if pair.path(system) == path
    ]
    if seat.problem is None:
        msg = f"{seat.key} has no problem; edit the record itself"
        raise RejectedError(msg)
    if len(found) != 1:
        paths = sorted({pair.path(system) for pair in link_type.pairs for system in pair.flows_to})
        msg = f"{link_type.name} writes no field {path}, or two; it writes {', '.join(paths)}"
        raise RejectedError(msg)
    ((pair, target),) = found
    now = clock.now()
    return Entry(
        to=seat.key,
        sender=f"person/{person}",
        sequence=next_sequence(seat, person, now),
        kind=EntryKind.EDIT,
        at=now,
        link_type=seat.link_type,
        problem=seat.problem.id,
        fields=(pair.name,),
        target=target,
        value=value,
    )


def retries(seats: Sequence[Seat], person: str, clock: Clock) -> list[Entry]:
    """Return the wishes of `person` to try again what keeps `seats` from moving."""
    now = clock.now()
    return [
        Entry(
            to=_ref(seat),
            sender=f"person/{person}",
            sequence=next_sequence(seat, person, now),
            kind=EntryKind.RETRY,
            at=now,
            link_type=seat.link_type,
            problem=seat.problem.id,
        )
        for seat in seats
        if seat.problem is not None
    ]


def _ref(seat: Seat) -> Ref:
    return seat.key
