"""The ERP as a `Target`: look-ups, reads and saves in batches.

Reads are free here, so everything is read back. A save goes out once; what its answer does not
tell is `Doubtful`, and only the writing engine decides what follows.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo

from anji_common.clock import Clock
from anji_common.errors import (
    InDoubtError,
    MappingError,
    RefusedError,
    RejectedError,
    RetriableError,
)
from anji_common.events.commands import Action, Command, Finish, LookUp
from anji_common.events.observed import Observed
from anji_common.events.results import Outcome
from anji_common.interest import FieldInterest, Interest, ObjectInterest
from anji_common.refs import Ref, System
from anji_common.sourcing.feed import Page
from anji_common.writing.comparing import same
from anji_common.writing.target import (
    MOST_PAUSE_SECONDS,
    Busy,
    Doubtful,
    Found,
    Refused,
    WriteOutcome,
    Written,
)
from anji_k3cloud.batching import chunks, grouped, halves
from anji_k3cloud.client import Client
from anji_k3cloud.documents import MAX_IDS, Documents
from anji_k3cloud.normalise import filter_operand
from anji_k3cloud.outcomes import packet_outcome
from anji_k3cloud.packets import Packet, packet_of
from anji_k3cloud.paging import one_of
from anji_k3cloud.pairing import paired_lines
from anji_k3cloud.stages import Step, has_come_to, next_step
from anji_k3cloud.wire import Status

__all__ = ["K3CloudTarget"]

_LAST_CALL_SECONDS = MOST_PAUSE_SECONDS / 2
"""After this long no other call of a batch is begun: it may still wait as long for a session."""
_MAX_KEYS = 25
"""Conditions of several fields in one query: joined by `or`, which a database takes slowly."""


@dataclass(slots=True)
class _Piece:
    """One command on its way through `write`."""

    place: int
    command: Command
    packet: Packet
    interest: ObjectInterest
    record_id: str = ""
    number: str = ""
    words: str = ""
    observed: Observed | None = None


class K3CloudTarget:
    """One account set, as the writing engine sees it."""

    def __init__(
        self,
        client: Client,
        documents: Documents,
        interest: Interest,
        clock: Clock,
        zone: tzinfo,
    ) -> None:
        self._client = client
        self._documents = documents
        self._interest = interest
        self._clock = clock
        self._zone = zone

    @property
    def system(self) -> System:
        return System.K3CLOUD

    @property
    def reads_are_paid(self) -> bool:
        return False

    async def look_up(
        self, creates: Sequence[Command], *, own_only: bool
    ) -> Sequence[tuple[Found, ...]]:
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
        return found

    async def read(self, commands: Sequence[Command]) -> Sequence[Observed | None]:
        targets = [command.target for command in commands]
        by_object = grouped((ref.object_name, ref.record_id) for ref in targets if ref)
        found: dict[Ref, Observed] = {}
        for object_name, ids in by_object.items():
            found.update(await self._by_ids(self._interest.of(object_name), ids))
        return [None if ref is None else found.get(ref) for ref in targets]

    def is_done(self, command: Command, observed: Observed | None) -> bool:
        return command.operation is not None and has_come_to(command.operation, observed)

    async def write(self, commands: Sequence[Command]) -> Sequence[WriteOutcome]:
        leaves_before = self._clock.monotonic() + _LAST_CALL_SECONDS
        outcomes: dict[int, WriteOutcome] = {}
        pieces: list[_Piece] = []
        for place, command in enumerate(commands):
            interest = self._interest.of(command.object_name)
            if command.action is Action.OPERATE:
                words = f"no {command.operation} in this ERP connector"
                outcomes[place] = Refused(words, code="mapping")
                continue
            try:
                packet = packet_of(command, interest, self._zone)
            except MappingError as error:
                outcomes[place] = Refused(str(error), code="mapping")
            else:
                pieces.append(_Piece(place, command, packet, interest))
        calls = grouped(
            ((each.packet.form_id, each.packet.fields, each.command.finish), each)
            for each in pieces
        )
        for call in calls.values():
            if self._clock.monotonic() > leaves_before:
                late = Busy("its turn did not come in time", is_unreached=True)
                outcomes.update((piece.place, late) for piece in call)
            else:
                outcomes.update(await self._carry_out(call))
        return [outcomes[place] for place in range(len(commands))]

    async def finish(self, found: Found, command: Command) -> WriteOutcome | None:
        step = next_step(found.observed.stamp.status, command.finish)
        if step is None:
            return None
        interest = self._interest.of(command.object_name)
        piece = _Piece(0, command, Packet(interest.object_name, {}, ()), interest)
        piece.record_id = found.observed.ref.record_id
        piece.number = found.business_number or ""
        piece.observed = found.observed
        try:
            await self._take_steps([piece])
            piece.observed = None
            with suppress(RejectedError):
                await self._read_back([piece])
        except (InDoubtError, RetriableError) as error:
            return Doubtful(str(error))
        return self._written(piece)

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
            interest = self._interest.of(object_name)
            for part in chunks(questions, MAX_IDS if len(paths) == 1 else _MAX_KEYS):
                condition = self._condition(interest, [way for _, _, way in part])
                records = [
                    record
                    async for page in self._documents.matching(interest, condition)
                    for record in _readable(page)
                ]
                for place, command, way in part:
                    hits[place] = tuple(
                        _found(record, command, way, interest)
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

    async def _by_ids(self, interest: ObjectInterest, ids: Sequence[str]) -> dict[Ref, Observed]:
        page = await self._documents.by_ids(interest, ids)
        found = {record.ref: record for record in _readable(page)}
        if page.torn:  # somebody edits it at this moment: the next look sees it whole
            again = await self._documents.by_ids(interest, page.torn)
            found |= {record.ref: record for record in again.records}
        return found

    async def _carry_out(self, pieces: Sequence[_Piece]) -> dict[int, WriteOutcome]:
        """Save the packets of one call, take them on, and read them back."""
        outcomes, saved = await self._save(pieces)
        if not saved:
            return outcomes
        try:
            first = saved[0].command
            if first.action is Action.UPDATE and first.finish is not Finish.SAVED:
                await self._read_back(saved)  # it may be anywhere on its way
            await self._take_steps(saved)
        except (InDoubtError, RetriableError) as error:
            # Saved, but not known how far they came: the next look finds them and goes on.
            return outcomes | {piece.place: Doubtful(str(error)) for piece in saved}
        except RejectedError as error:
            for piece in saved:
                piece.words = str(error)
        # What cannot be read now, the engine reads later: `observed` stays empty.
        with suppress(RetriableError, RejectedError):
            await self._read_back(saved)
        return outcomes | {piece.place: self._written(piece) for piece in saved}

    async def _save(
        self, pieces: Sequence[_Piece]
    ) -> tuple[dict[int, WriteOutcome], list[_Piece]]:
        """Send one BatchSave; return the outcomes of what failed, and what is saved."""
        first = pieces[0].packet
        models = [piece.packet.model for piece in pieces]
        try:
            status = await self._client.batch_save(first.form_id, models, fields=first.fields)
        except InDoubtError as error:
            return {piece.place: Doubtful(str(error)) for piece in pieces}, []
        except RetriableError as error:
            busy = Busy(str(error), is_unreached=True)
            return {piece.place: busy for piece in pieces}, []
        except RefusedError as error:
            if len(pieces) == 1:
                return {pieces[0].place: Refused(error.words, error.code, error.field)}, []
            one, other = halves(pieces)
            first_outcomes, first_saved = await self._save(one)
            outcomes, saved = await self._save(other)
            return first_outcomes | outcomes, first_saved + saved
        return _sorted_out(status, pieces)

    async def _take_steps(self, pieces: Sequence[_Piece]) -> None:
        """Submit and audit; a refusal of that leaves the record saved, with the words."""
        going = list(pieces)
        statuses: dict[str, str | None] = {
            piece.record_id: piece.observed.stamp.status if piece.observed else "A"
            for piece in pieces
        }
        steps: tuple[tuple[Step, Callable[[str, Sequence[str]], Awaitable[Status]], str], ...] = (
            ("Submit", self._client.submit, "B"),
            ("Audit", self._client.audit, "C"),
        )
        for name, call, reached in steps:
            due = [
                piece
                for piece in going
                if next_step(statuses[piece.record_id], piece.command.finish) == name
            ]
            if not due:
                continue
            ids = [piece.record_id for piece in due]
            status = await call(due[0].packet.form_id, ids)
            done = {entity.record_id for entity in status.entities}
            for place, piece in enumerate(due):
                complaints = [error.words for error in status.errors if error.dindex == place]
                if piece.record_id in done or status.is_success:
                    statuses[piece.record_id] = reached
                else:
                    piece.words = "; ".join(complaints) or status.words
                    going.remove(piece)

    async def _read_back(self, pieces: Sequence[_Piece]) -> None:
        interest = pieces[0].interest
        found = await self._by_ids(interest, [piece.record_id for piece in pieces])
        for piece in pieces:
            piece.observed = found.get(_ref(piece))

    def _written(self, piece: _Piece) -> Written:
        is_create = piece.command.action is Action.CREATE
        observed = piece.observed
        number = None if observed is None else observed.data.get(piece.interest.number_field)
        return Written(
            outcome=Outcome.CREATED if is_create else Outcome.UPDATED,
            ref=_ref(piece),
            business_number=piece.number or (None if number is None else str(number)),
            observed=observed,
            lines={}
            if observed is None
            else paired_lines(piece.command, observed, piece.interest),
            words=piece.words,
        )


def _readable(page: Page) -> tuple[Observed, ...]:
    """Return the records of a page; raises UndecodableError if one cannot be read."""
    if page.unreadable:
        raise page.unreadable[0].error
    return page.records


def _ref(piece: _Piece) -> Ref:
    return Ref(System.K3CLOUD, piece.interest.object_name, piece.record_id)


def _sorted_out(
    status: Status, pieces: Sequence[_Piece]
) -> tuple[dict[int, WriteOutcome], list[_Piece]]:
    """Return the outcomes of what was not saved, and the pieces that were, by their DIndex."""
    outcomes: dict[int, WriteOutcome] = {}
    saved: list[_Piece] = []
    entities = {entity.dindex: entity for entity in status.entities}
    for dindex, piece in enumerate(pieces):
        complaints = tuple(error for error in status.errors if error.dindex == dindex)
        entity = entities.get(dindex)
        if entity is not None and not complaints:
            piece.record_id, piece.number = entity.record_id, entity.number
            saved.append(piece)
        else:
            outcomes[piece.place] = packet_outcome(status, complaints)
    return outcomes, saved


def _found(record: Observed, command: Command, way: LookUp, interest: ObjectInterest) -> Found:
    number = record.data.get(interest.number_field)
    return Found(
        observed=record,
        business_number=None if number is None else str(number),
        is_ours=way.by != "natural key",
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
