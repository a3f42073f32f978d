"""Asking: what a create would make, looked up by marker, number, natural key or source bill.

One query for each way and hundred commands. A record that was pushed from a bill carries that
bill's number in its rows and, until we have saved it, no marker: so it is recognised, and nothing
is pushed twice.

Source: reference "k3cloud-webapi.md", sections 3.5, 4.5 and 4.7.
"""

from collections.abc import Sequence
from datetime import tzinfo

from anji_common.events.commands import Command, LookUp, Push
from anji_common.events.observed import Observed
from anji_common.interest import FieldInterest, Interest, ObjectInterest
from anji_common.sourcing.feed import Page
from anji_common.writing.comparing import same
from anji_common.writing.target import Found
from anji_k3cloud.batching import chunks, grouped
from anji_k3cloud.documents import MAX_IDS, Documents
from anji_k3cloud.normalise import filter_operand
from anji_k3cloud.paging import one_of
from anji_k3cloud.pairing import paired_lines

__all__ = ["Asking", "readable"]

_MAX_KEYS = 25
"""Conditions of several fields in one query: joined by `or`, which a database takes slowly."""
_SOURCE_NUMBER = FieldInterest("FSrcBillNo")


class Asking:
    """Looks creates up."""

    def __init__(self, documents: Documents, interest: Interest, zone: tzinfo) -> None:
        self._documents = documents
        self._interest = interest
        self._zone = zone

    async def look_up(
        self, creates: Sequence[Command], *, own_only: bool
    ) -> list[tuple[Found, ...]]:
        """Return for each create what is there already; see `Target.look_up`."""
        found: list[tuple[Found, ...]] = [()] * len(creates)
        most = max((len(command.look_ups) for command in creates), default=0)
        for turn in range(most):
            asked = [
                (place, command, command.look_ups[turn])
                for place, command in enumerate(creates)
                if not found[place]
                and turn < len(command.look_ups)
                and not (own_only and command.look_ups[turn].by == "natural key")
            ]
            for place, hits in (await self._ask(asked)).items():
                found[place] = hits
        for place, command in enumerate(creates):
            if command.push is not None and not found[place]:
                interest = await self._documents.whole(self._interest.of(command.object_name))
                found[place] = tuple(
                    _found(record, command, interest, is_ours=True)
                    for record in await self.pushed(interest, command.push)
                )
        return found

    async def pushed(self, interest: ObjectInterest, push: Push) -> list[Observed]:
        """Return the records made from a bill that nobody has marked yet."""
        key, literal = filter_operand(_SOURCE_NUMBER, push.source_number, self._zone)
        ids = await self._documents.ids(interest, f"{key}={literal}")
        page = await self._documents.by_ids(interest, ids)
        marker = interest.marker_field
        return [
            record
            for record in readable(page)
            if marker is None or same(record.data.get(marker), None)
        ]

    async def _ask(
        self, asked: Sequence[tuple[int, Command, LookUp]]
    ) -> dict[int, tuple[Found, ...]]:
        """Return the hits of one round of look-ups, by place: one query per way and hundred."""
        ways = grouped(
            ((command.object_name, tuple(sorted(way.conditions))), (place, command, way))
            for place, command, way in asked
        )
        hits: dict[int, tuple[Found, ...]] = {}
        for (object_name, paths), questions in ways.items():
            interest = await self._documents.whole(self._interest.of(object_name))
            for part in chunks(questions, MAX_IDS if len(paths) == 1 else _MAX_KEYS):
                condition = self._condition(interest, [way for _, _, way in part])
                records = [
                    record
                    async for page in self._documents.matching(interest, condition)
                    for record in readable(page)
                ]
                for place, command, way in part:
                    is_ours = way.by != "natural key"
                    hits[place] = tuple(
                        _found(record, command, interest, is_ours=is_ours)
                        for record in records
                        if _answers(record, way)
                    )
        return hits

    def _condition(self, interest: ObjectInterest, ways: Sequence[LookUp]) -> str:
        """Return the filter for any of some look-ups, all of the same paths."""
        fields = {field.path: field for field in interest.fields}
        spelled = [
            [
                filter_operand(fields.get(path, FieldInterest(path)), value, self._zone)
                for path, value in sorted(way.conditions.items())
            ]
            for way in ways
        ]
        if len(spelled[0]) == 1:
            key = spelled[0][0][0]
            return one_of(key, list(dict.fromkeys(operands[0][1] for operands in spelled)))
        tests = [
            "(" + " and ".join(f"{key}={literal}" for key, literal in operands) + ")"
            for operands in spelled
        ]
        return f"({' or '.join(tests)})"


def readable(page: Page) -> tuple[Observed, ...]:
    """Return the records of a page; raises UndecodableError if one cannot be read."""
    if page.unreadable:
        raise page.unreadable[0].error
    return page.records


def _found(
    record: Observed, command: Command, interest: ObjectInterest, *, is_ours: bool
) -> Found:
    number = record.data.get(interest.number_field)
    return Found(
        observed=record,
        business_number=None if number is None else str(number),
        is_ours=is_ours,
        lines=paired_lines(command, record, interest),
    )


def _answers(record: Observed, way: LookUp) -> bool:
    """Whether a record is an answer to one look-up; the ERP's database ignores case."""
    for path, wanted in way.conditions.items():
        held = record.data.get(path)
        if isinstance(held, str) and isinstance(wanted, str):
            if held.strip().casefold() != wanted.strip().casefold():
                return False
        elif not same(held, wanted):
            return False
    return True
