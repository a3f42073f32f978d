"""The ERP as a `Target`: look-ups, reads, saves in batches, and what comes after a save.

    create:  save ──> files ──> submit ──> audit ──> allocate ──> read back
    update:  [un-audit] ──> save ──> [submit ──> audit] ──> read back
    push:    push ──> save our marker and values ──> as a create

Reads are free here, so everything is read back. A save goes out once; what its answer does not
tell is `Doubtful`, and only the writing engine decides what follows. Where a bill was cut off on
its way, `finish` goes on from the step at which it stands.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from anji_common.clock import Clock, Deadline
from anji_common.errors import InDoubtError, MappingError, RefusedError, RejectedError
from anji_common.errors import RetriableError as Retriable
from anji_common.events.commands import Action, Command, Finish
from anji_common.events.observed import Observed
from anji_common.interest import Interest, ObjectInterest
from anji_common.refs import Ref, System
from anji_common.writing.target import (
    MOST_PAUSE_SECONDS,
    Busy,
    Doubtful,
    Found,
    Refused,
    WriteOutcome,
)
from anji_k3cloud.asking import Asking, readable
from anji_k3cloud.attaching import attach, not_attached
from anji_k3cloud.batching import grouped
from anji_k3cloud.client import Client
from anji_k3cloud.documents import Documents
from anji_k3cloud.metadata import Metadata
from anji_k3cloud.packets import packet_of
from anji_k3cloud.pieces import Outcomes, Piece, is_marked, kept_from, with_words, written
from anji_k3cloud.pushing import Pushing, as_update
from anji_k3cloud.removing import Removing
from anji_k3cloud.saving import Saving
from anji_k3cloud.settings import K3CloudSettings
from anji_k3cloud.stages import at_least, has_come_to, next_step, step_back
from anji_k3cloud.stepping import Stepping
from anji_k3cloud.times import local_zone

__all__ = ["K3CloudTarget", "Means"]


@dataclass(frozen=True, slots=True)
class Means:
    """What a target works with."""

    client: Client
    metadata: Metadata
    documents: Documents
    settings: K3CloudSettings
    clock: Clock
    most_pause_seconds: float = MOST_PAUSE_SECONDS

    @property
    def last_call_seconds(self) -> float:
        """After this long no other call of a batch is begun: it may wait as long for a session."""
        return self.most_pause_seconds / 2


class K3CloudTarget:
    """One account set, as the writing engine sees it."""

    def __init__(self, means: Means, interest: Interest) -> None:
        client, clock, settings = means.client, means.clock, means.settings
        self._interest = interest
        self._client = client
        self._metadata = means.metadata
        self._documents = means.documents
        self._clock = clock
        self._last_call_seconds = means.last_call_seconds
        self._audits_at_once = settings.audits_in_one_call
        self._zone = local_zone(settings.utc_offset_hours)
        self._asking = Asking(means.documents, interest, self._zone)
        removing = Removing(client, means.metadata, means.documents, page_rows=settings.page_rows)
        self._saving = Saving(client, means.metadata, removing, self._asking)
        pause = settings.audit_pause_seconds
        self._stepping = Stepping(client, clock, audit_pause_seconds=pause)
        self._pushing = Pushing(client, self._asking)

    @property
    def system(self) -> System:
        return System.K3CLOUD

    @property
    def reads_are_paid(self) -> bool:
        return False

    @property
    def updates_in_parts(self) -> bool:
        return False  # a save that removes rows must name those that it keeps

    async def look_up(
        self, creates: Sequence[Command], *, own_only: bool
    ) -> Sequence[tuple[Found, ...]]:
        return await self._asking.look_up(creates, own_only=own_only)

    async def read(self, commands: Sequence[Command]) -> Sequence[Observed | None]:
        await self._refuse_unknown_fields(commands)
        targets = [command.target for command in commands]
        by_object = grouped((ref.object_name, ref.record_id) for ref in targets if ref)
        found: dict[Ref, Observed] = {}
        for object_name, ids in by_object.items():
            found.update(await self._by_ids(self._interest.of(object_name), ids))
        read = [None if ref is None else found.get(ref) for ref in targets]
        for command, observed in zip(commands, read, strict=True):
            _refuse_hidden(command, observed)
        return read

    def is_done(self, command: Command, observed: Observed | None) -> bool:
        return command.operation is not None and has_come_to(command.operation, observed)

    async def write(self, commands: Sequence[Command]) -> Sequence[WriteOutcome]:
        leaves_before = Deadline(self._clock, self._last_call_seconds)
        pieces, outcomes = await self._pieces(commands)
        calls = grouped((_call_of(piece), piece) for piece in pieces).values()
        told = await asyncio.gather(*(self._carry_out(each, leaves_before) for each in calls))
        for found in told:
            outcomes |= found
        return [outcomes[place] for place in range(len(commands))]

    async def finish(self, found: Found, command: Command) -> WriteOutcome | None:
        interest = await self._documents.whole(self._interest.of(command.object_name))
        piece = Piece(0, command, interest, observed=found.observed)
        piece.record_id = found.observed.ref.record_id
        piece.number = found.business_number or ""
        piece.status = found.observed.stamp.status
        if command.push is not None and not is_marked(piece, piece.observed):
            ends = Deadline(self._clock, self._last_call_seconds)
            return (await self._after_push(piece, ends))[0]
        is_there = next_step(piece.status, command.finish) is None
        if is_there and not command.organisations:
            return None
        if command.action is Action.CREATE:
            not_attached(piece)
        return (await self._taken_on([piece]))[0]

    async def _pieces(self, commands: Sequence[Command]) -> tuple[list[Piece], Outcomes]:
        """Return what can be sent, and the outcomes of what cannot be spelled."""
        outcomes: Outcomes = {}
        pieces: list[Piece] = []
        for place, command in enumerate(commands):
            try:
                pieces.append(await self._piece(place, command))
            except (RejectedError, Retriable) as error:
                outcomes[place] = kept_from(error)
        return pieces, outcomes

    async def _piece(self, place: int, command: Command) -> Piece:
        """Return a command with its packet; raises MappingError if a value cannot be spelled."""
        interest = await self._documents.whole(self._interest.of(command.object_name))
        piece = Piece(place, command, interest)
        if command.target is not None:
            piece.record_id = command.target.record_id
        if command.push is not None:
            _refuse_unmarkable(interest)
            packet_of(command, interest, self._zone)  # what cannot be spelled is not begun
        elif command.action is not Action.OPERATE:
            piece.packet = packet_of(command, interest, self._zone)
        return piece

    async def _carry_out(self, pieces: Sequence[Piece], leaves_before: Deadline) -> Outcomes:
        """Do what one group of alike commands wishes; return the outcome of each."""
        command = pieces[0].command
        if command.operation is not None:
            outcomes = await self._stepping.operate(pieces, command.operation)
            done = [piece for piece in pieces if piece.place not in outcomes]
            await self._read_back(done)
            return outcomes | {piece.place: written(piece) for piece in done}
        if command.push is not None:
            return await self._pushed(pieces, leaves_before)
        if command.reopens:
            return await self._reopened(pieces, leaves_before)
        audits = self._audits_at_once and _is_audited_create(command)
        outcomes, saved = await self._saving.save(
            pieces, leaves_before=leaves_before, audits=audits
        )
        if audits:
            outcomes, found = await self._found_though_refused(pieces, outcomes)
            saved += found
        return outcomes | await self._after_save(saved)

    async def _found_though_refused(
        self, pieces: Sequence[Piece], outcomes: Outcomes
    ) -> tuple[Outcomes, list[Piece]]:
        """Look for what was refused together with its audit: the save itself may stand."""
        refused = [each for each in pieces if _may_stand(outcomes.get(each.place))]
        if not refused:
            return outcomes, []
        commands = [piece.command for piece in refused]
        try:
            hits = await self._asking.look_up(commands, own_only=True)
        except (Retriable, RejectedError) as error:
            doubt = Doubtful(f"refused, and not known whether it was saved: {error}")
            return outcomes | {piece.place: doubt for piece in refused}, []
        stands = [pair for pair in zip(refused, hits, strict=True) if pair[1]]
        for piece, (hit, *_) in stands:
            piece.record_id = hit.observed.ref.record_id
            piece.number = hit.business_number or ""
            outcome = outcomes[piece.place]
            with_words(piece, outcome.words if isinstance(outcome, Refused) else "")
        found = [piece for piece, _ in stands]
        places = {piece.place for piece in found}
        return {place: each for place, each in outcomes.items() if place not in places}, found

    async def _reopened(self, pieces: Sequence[Piece], leaves_before: Deadline) -> Outcomes:
        """Take records back, save them, and take them on again; also those not saved."""
        try:
            await self._see(pieces)
            if leaves_before.is_over:
                late = Busy("its turn did not come in time", is_unreached=True)
                return {piece.place: late for piece in pieces}
            was_closed = {each.place for each in pieces if step_back(each.status) is not None}
            for each in pieces:
                goes_to = at_least(each.status, each.command.finish)
                each.command = each.command.model_copy(update={"finish": goes_to})
            outcomes = await self._stepping.back(pieces)
        except (InDoubtError, Retriable) as error:
            return {piece.place: Doubtful(str(error)) for piece in pieces}
        except RejectedError as error:
            return {piece.place: kept_from(error) for piece in pieces}
        going = [piece for piece in pieces if piece.place not in outcomes]
        refused, saved = await self._saving.save(going, leaves_before=leaves_before)
        outcomes |= refused
        outcomes |= await self._left_open(
            [each for each in going if each.place in was_closed], refused
        )
        return outcomes | await self._after_save(saved)

    async def _left_open(self, pieces: Sequence[Piece], told: Outcomes) -> Outcomes:
        """Take those that were taken back for nothing on again; return what is to be said anew."""
        unsaved = [each for each in pieces if isinstance(told.get(each.place), Refused | Busy)]
        outcomes: Outcomes = {}
        for place, outcome in (await self._taken_on(unsaved)).items():
            before = told[place]
            if isinstance(outcome, Doubtful):
                outcomes[place] = outcome
            elif outcome.words and isinstance(before, Refused | Busy):
                words = f"taken back for it, and not taken on again: {outcome.words}"
                outcomes[place] = replace(before, words=f"{before.words}; {words}")
        return outcomes

    async def _pushed(self, pieces: Sequence[Piece], leaves_before: Deadline) -> Outcomes:
        outcomes: Outcomes = {}
        for piece in pieces:
            push = piece.command.push
            if push is None:
                continue
            async with self._pushing.turn(push):
                outcome = await self._pushing.push(piece, push, leaves_before=leaves_before)
                if outcome is None:
                    outcomes |= await self._after_push(piece, leaves_before)
                else:
                    outcomes[piece.place] = outcome
        return outcomes

    async def _after_push(self, piece: Piece, leaves_before: Deadline) -> Outcomes:
        """Save the marker and the wished values into a pushed record, and take it on."""
        try:
            await self._look_at([piece])
        except (Retriable, RejectedError) as error:
            return {piece.place: Doubtful(f"pushed, and not read yet: {error}")}
        update = as_update(piece.command, piece.ref, piece.observed, piece.interest)
        piece.packet = packet_of(update, piece.interest, self._zone)
        refused, saved = await self._saving.save([piece], leaves_before=leaves_before)
        # It stands already: whatever kept the save from it, the next look goes on from here.
        outcomes: Outcomes = {
            place: each if isinstance(each, Refused) else Doubtful(each.words)
            for place, each in refused.items()
        }
        return outcomes | await self._after_save(saved)

    async def _after_save(self, saved: Sequence[Piece]) -> Outcomes:
        """Take saved records on; what cannot be told of them now is found by the next look."""
        if not saved:
            return {}
        if saved[0].command.action is Action.CREATE:
            await attach(self._client, saved)
        taken = await self._taken_on(saved)
        return {
            place: Doubtful(each.words) if isinstance(each, Busy) else each
            for place, each in taken.items()
        }

    async def _taken_on(self, pieces: Sequence[Piece]) -> Outcomes:
        """Submit, audit and allocate what is due, and read it back."""
        if not pieces:
            return {}
        goes_on = (Finish.SUBMITTED, Finish.AUDITED)
        unseen = [each for each in pieces if each.command.finish in goes_on]
        try:
            if self._audits_at_once or pieces[0].command.action is Action.UPDATE:
                await self._see([each for each in unseen if each.status != "D"])
            await self._stepping.forward(pieces)
            await self._stepping.allocate(pieces)
        except (InDoubtError, Retriable) as error:
            return {piece.place: Doubtful(str(error)) for piece in pieces}
        except RejectedError as error:
            for piece in pieces:
                with_words(piece, str(error))
        await self._read_back(pieces)
        return {
            piece.place: Busy(piece.words) if piece.is_locked else written(piece)
            for piece in pieces
        }

    async def _see(self, pieces: Sequence[Piece]) -> None:
        """Read where records stand; they may be anywhere on their way."""
        await self._look_at(pieces)
        for piece in pieces:
            piece.status = None if piece.observed is None else piece.observed.stamp.status

    async def _read_back(self, pieces: Sequence[Piece]) -> None:
        """Read records after a write; what cannot be read now, the engine reads later."""
        for piece in pieces:
            piece.observed = None
        with suppress(Retriable, RejectedError):
            await self._look_at(pieces)

    async def _look_at(self, pieces: Sequence[Piece]) -> None:
        if pieces:
            ids = [piece.record_id for piece in pieces]
            found = await self._by_ids(pieces[0].interest, ids)
            for piece in pieces:
                piece.observed = found.get(piece.ref)

    async def _by_ids(self, interest: ObjectInterest, ids: Sequence[str]) -> dict[Ref, Observed]:
        page = await self._documents.by_ids(interest, ids)
        if page.torn:  # changed while it was read, or just deleted
            again = await self._documents.by_ids(interest, page.torn)
            return {each.ref: each for each in (*readable(page), *readable(again))}
        return {record.ref: record for record in readable(page)}

    async def _refuse_unknown_fields(self, commands: Sequence[Command]) -> None:
        """Refuse an update of a field that the tenant lacks: nobody can read or write it."""
        for command in (each for each in commands if each.action is Action.UPDATE):
            interest = self._interest.of(command.object_name)
            unread = (await self._metadata.known(interest)).unread
            for path in (each for each in _named(command) if each in unread):
                msg = f"the form {command.object_name} has no field {path}"
                raise RefusedError(msg, field=path)


def _call_of(piece: Piece) -> object:
    """Return what commands must have in common to share their calls."""
    command = piece.command
    fields = () if piece.packet is None else piece.packet.fields
    takes_out = piece.packet is not None and piece.packet.deletes_rows
    is_push = command.push is not None
    how = (command.finish, command.reopens, command.operation, command.organisations, is_push)
    return piece.form_id, command.action, fields, takes_out, how


def _named(command: Command) -> list[str]:
    """Return every path that a command would write, of rows with the lines' path before it."""
    rows = (
        f"{path}.{key}"
        for path, wishes in command.rows.items()
        for wish in wishes
        for key in wish.values
    )
    return [*command.values, *rows]


def _refuse_hidden(command: Command, observed: Observed | None) -> None:
    """Refuse an update of a value that our user may not see: nobody knows what it would undo."""
    if command.action is not Action.UPDATE or observed is None:
        return
    for path in (each for each in _named(command) if each in observed.stamp.unread):
        msg = f"the ERP hides {path} of {command.object_name} from our user"
        raise RefusedError(msg, field=path)


def _is_audited_create(command: Command) -> bool:
    return command.action is Action.CREATE and command.finish is Finish.AUDITED


def _may_stand(outcome: WriteOutcome | None) -> bool:
    """Whether a refusal may be of the audit alone; a number that was taken was not saved."""
    return isinstance(outcome, Refused) and not outcome.is_taken


def _refuse_unmarkable(interest: ObjectInterest) -> None:
    if interest.marker_field is None:
        msg = (
            f"{interest.object_name} has no marker field: a pushed record could not be told apart"
        )
        raise MappingError(msg)
