"""One command, carried out.

A create carries its lines in the same call. An update is as many calls as it has parts: the head's
fields, its owner, each line, each line to be removed; should one of them fail after another went
through, the words say so, and what stands is read by the source like anybody's edit.

What the documents leave open is a setting: what becomes of a locked record, how a field is
cleared, how the link of a message is spelt.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from pydantic import JsonValue

from anji_common.clock import Clock, Deadline
from anji_common.errors import (
    AnjiError,
    InDoubtError,
    RecordBusyError,
    RefusedError,
    RejectedError,
    RetriableError,
)
from anji_common.events.commands import Action, Command, Operation, RowRemoval, RowWish
from anji_common.events.results import Outcome
from anji_common.interest import FieldInterest, Interest, LinesInterest, ObjectInterest
from anji_common.refs import Ref, System
from anji_common.writing.comparing import holds
from anji_common.writing.target import Busy, Doubtful, Refused, WriteOutcome, Written
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.client import MAX_RECEIVERS, Client
from anji_fxiaoke.messages import message_from
from anji_fxiaoke.metadata import Metadata
from anji_fxiaoke.normalise import normal, spelt
from anji_fxiaoke.objects import DEFAULT_RECORD_TYPE, VOIDED, is_custom
from anji_fxiaoke.paging import chunks
from anji_fxiaoke.settings import FxiaokeSettings

__all__ = ["Writes"]

_OWNER = "owner"
_LOCKED = "1"
_LOCK_WAITS_SECONDS = (0.0, 1.0, 4.0)
"""Before each try to lock a record again."""

_log = structlog.get_logger("anji.fxiaoke.writer")


class Writes:
    """Carries commands out, one at a time each."""

    def __init__(
        self,
        client: Client,
        metadata: Metadata,
        interest: Interest,
        settings: FxiaokeSettings,
        clock: Clock,
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._interest = interest
        self._settings = settings
        self._clock = clock

    async def outcome(self, command: Command, ends: Deadline) -> WriteOutcome:
        """Do it, each call leaving by `ends`, and say what became of it.

        Raises:
            FatalError: no command can succeed.
        """
        done: list[str] = []
        try:
            return await self._done(command, ends, done)
        except InDoubtError as error:
            return Doubtful(str(error))
        except RetriableError as error:
            if done:  # some of it was written: whoever looks next finds neither base nor wish
                return Doubtful(_after(done, str(error)))
            return Busy(str(error), is_unreached=not isinstance(error, RecordBusyError))
        except RejectedError as error:
            words = getattr(error, "words", str(error))
            code, field = getattr(error, "code", ""), getattr(error, "field", "")
            return Refused(_after(done, words), code, field, is_partial=bool(done))

    async def _done(self, command: Command, ends: Deadline, done: list[str]) -> Written:
        match command.action:
            case Action.MESSAGE:
                await self._send(command, ends, done)
                return Written(Outcome.SENT, command.target)
            case Action.CREATE:
                return await self._create(command, ends, done)
            case Action.UPDATE:
                await self._update(command, _target_of(command), ends, done)
            case Action.OPERATE:
                await self._operate(command, _target_of(command), ends, done)
        return Written(Outcome.UPDATED, command.target)

    async def _send(self, command: Command, ends: Deadline, done: list[str]) -> None:
        kind, content = message_from(command, self._settings)
        for receivers in chunks(dict.fromkeys(command.to), MAX_RECEIVERS):
            await self._client.send(receivers, kind, content, self._until(ends, "message"))
            done.append(f"{len(receivers)} receivers")

    async def _create(self, command: Command, ends: Deadline, done: list[str]) -> Written:
        interest = await self._interest_in(command.object_name)
        line_paths = {lines.path for lines in interest.lines}
        packet = {path: each for path, each in command.packet.items() if path not in line_paths}
        head = _filled({**packet, **_spelt(interest, command.values)})
        head.setdefault("record_type", DEFAULT_RECORD_TYPE)
        head.setdefault(_OWNER, [await self._client.caller.acting_user()])
        details: dict[str, list[dict[str, object]]] = {}
        satellites: list[tuple[LinesInterest, RowWish]] = []
        for lines in interest.lines:
            wishes = command.rows.get(lines.path, ())
            if not await self._metadata.is_detail(lines):
                satellites += [(lines, wish) for wish in wishes]
            elif wishes:
                template = _template(command.packet.get(lines.path))
                details[lines.path] = [
                    _filled({**template, **_spelt(lines, wish.values)}) for wish in wishes
                ]
        name = command.object_name
        record_id = await self._client.create(name, head, details, self._until(ends, "create"))
        done.append(f"the head {record_id}")
        ref = Ref(System.FXIAOKE, name, record_id)
        try:
            for lines, wish in satellites:
                await self._write_line(command, lines, ref, wish, ends, done)
                done.append(f"line {wish.source_id}")
        except RejectedError as error:  # the head stands all the same
            return Written(Outcome.CREATED, ref, words=_after(done, str(error)))
        return Written(Outcome.CREATED, ref)

    async def _update(
        self, command: Command, target: Ref, ends: Deadline, done: list[str]
    ) -> None:
        interest = await self._interest_in(command.object_name)
        fields = _spelt(interest, command.values)
        owner = fields.pop(_OWNER, None)
        if fields:
            await self._change(target, fields, self._until(ends, "update"), done)
            done.append("fields")
        if isinstance(owner, list) and owner:
            await self._client.change_owner(
                target.object_name, target.record_id, str(owner[0]), self._until(ends, "owner")
            )
            done.append("owner")
        for lines in interest.lines:
            for wish in command.rows.get(lines.path, ()):
                await self._write_line(command, lines, target, wish, ends, done)
                done.append(f"line {wish.source_id}")
        for lines in interest.lines:  # last: a document may not be left without any line
            for removal in command.removes.get(lines.path, ()):
                await self._remove_line(lines, target, removal, ends, done)

    async def _remove_line(
        self, lines: LinesInterest, head: Ref, removal: RowRemoval, ends: Deadline, done: list[str]
    ) -> None:
        """Void and delete one line, if it is this head's and still holds what the link had seen.

        It is read first, by its id: no query's lag hides an edit, and no other head loses a line.
        """
        line_id = removal.target_id
        row = await self._client.get(lines.path, line_id, self._until(ends, "look at line"))
        if row is None:
            msg = f"{lines.path}/{line_id} cannot be read any more"
            raise RecordBusyError(msg)
        master = lines.master_field
        if master is None or row.get(master) != head.record_id:
            msg = f"{lines.path}/{line_id} is no line of {head}: it was left alone"
            raise RejectedError(msg)
        if row.get("life_status") != VOIDED:
            if not holds(_normalised(lines, row), removal.base):
                msg = f"{lines.path}/{line_id} was edited meanwhile"
                raise RecordBusyError(msg)
            await self._client.invalid(lines.path, line_id, self._until(ends, "void line"))
            done.append(f"voided line {line_id}")
        await self._client.delete(lines.path, line_id, self._until(ends, "delete line"))
        done.append(f"removed line {line_id}")

    async def _write_line(  # noqa: PLR0913, PLR0917 - what one line takes
        self,
        command: Command,
        lines: LinesInterest,
        head: Ref,
        wish: RowWish,
        ends: Deadline,
        done: list[str],
    ) -> None:
        """Change a line, or add it, as a record of its own.

        What an update of the head does with lines is not documented.
        """
        values = _spelt(lines, wish.values)
        if wish.target_id is not None:
            ref = Ref(System.FXIAOKE, lines.path, wish.target_id)
            await self._change(ref, values, self._until(ends, "update line"), done)
            return
        template = _template(command.packet.get(lines.path))
        own = {"record_type": DEFAULT_RECORD_TYPE, **template, **values}
        if lines.master_field is not None:
            own[lines.master_field] = head.record_id
        if not await self._metadata.is_detail(lines):  # it takes no head's owner
            own.setdefault(_OWNER, [await self._client.caller.acting_user()])
        await self._client.create(lines.path, _filled(own), {}, self._until(ends, "create line"))

    async def _operate(
        self, command: Command, target: Ref, ends: Deadline, done: list[str]
    ) -> None:
        name, record_id = target.object_name, target.record_id
        match command.operation:
            case Operation.VOID:
                await self._client.invalid(name, record_id, self._until(ends, "void"))
            case Operation.UNVOID:
                await self._client.recover(name, record_id, self._until(ends, "recover"))
            case Operation.DELETE:
                try:
                    await self._client.invalid(name, record_id, self._until(ends, "void"))
                    done.append("voided")
                except RefusedError:
                    pass  # voided already, or else the next call is refused in the vendor's words
                await self._client.delete(name, record_id, self._until(ends, "delete"))
            case _:
                msg = f"{command.seat} {command.number}: no {command.operation} in the CRM"
                raise RejectedError(msg)

    async def _change(
        self, ref: Ref, fields: Mapping[str, object], purpose: Purpose, done: list[str]
    ) -> None:
        """Update a record; one that is locked is dealt with as the settings say."""
        if self._settings.clears_with == "empty":
            fields = {path: "" if each is None else each for path, each in fields.items()}
        name, record_id = ref.object_name, ref.record_id
        try:
            await self._client.update(name, record_id, fields, purpose)
        except RefusedError as error:
            if self._settings.locked == "refuse" or not await self._is_locked(name, record_id):
                raise
            if self._settings.locked == "wait":
                msg = f"{name}/{record_id} is locked: {error.words}"
                raise RecordBusyError(msg) from error
            await self._change_locked(name, record_id, fields, purpose, done)

    async def _change_locked(
        self,
        name: str,
        record_id: str,
        fields: Mapping[str, object],
        purpose: Purpose,
        done: list[str],
    ) -> None:
        if is_custom(name):
            await self._client.update(name, record_id, fields, purpose, skips_lock=True)
            return
        try:
            await self._client.set_lock(name, record_id, purpose, is_locked=False)
        except InDoubtError as error:
            await self._lock_again(name, record_id, purpose, error)
            raise
        done.append("unlocked")
        try:
            await self._client.update(name, record_id, fields, purpose)
        except (InDoubtError, RetriableError, RejectedError) as error:
            await self._lock_again(name, record_id, purpose, error)
            done.pop()
            raise
        await self._lock_again(name, record_id, purpose)
        done.pop()

    async def _lock_again(
        self, name: str, record_id: str, purpose: Purpose, after: AnjiError | None = None
    ) -> None:
        """Lock what was unlocked for a change: nobody who finds it open knows that it was not.

        Raises:
            InDoubtError, RefusedError: it stays open; what became of the change is `after`.
        """
        last: AnjiError | None = None
        for wait_seconds in _LOCK_WAITS_SECONDS:
            await self._clock.sleep(wait_seconds)
            try:
                await self._client.set_lock(name, record_id, purpose, is_locked=True)
            except (InDoubtError, RetriableError) as error:
                last = error
            except RejectedError as error:
                last = error
                break
            else:
                return
        words = f"it was unlocked for a change and could not be locked again: {last}"
        _log.error("record.left_unlocked", record=f"{name}/{record_id}", reason=str(last))
        if isinstance(after, InDoubtError):
            msg = f"{after}; {words}"
            raise InDoubtError(msg)
        raise RefusedError(words if after is None else f"{after}; {words}")

    async def _is_locked(self, name: str, record_id: str) -> bool:
        record = await self._client.get(name, record_id, Purpose("is it locked", is_writing=True))
        return record is not None and str(record.get("lock_status")) == _LOCKED

    async def _interest_in(self, object_name: str) -> ObjectInterest:
        return await self._metadata.completed(self._interest.of(object_name))

    @staticmethod
    def _until(ends: Deadline, name: str) -> Purpose:
        """Return the purpose of a write that must leave by `ends` or not at all."""
        return Purpose(name, most_wait_seconds=ends.left_seconds, is_writing=True)


def _target_of(command: Command) -> Ref:
    if command.target is None:
        msg = f"{command.seat} {command.number}: an {command.action} without a target"
        raise RejectedError(msg)
    return command.target


def _spelt(
    part: ObjectInterest | LinesInterest, values: Mapping[str, JsonValue]
) -> dict[str, object]:
    kinds = {field.path: field for field in part.fields}
    return {
        path: spelt(kinds.get(path) or FieldInterest(path), value)
        for path, value in values.items()
    }


def _normalised(lines: LinesInterest, row: Mapping[str, Any]) -> dict[str, JsonValue]:
    return {field.path: normal(field, row.get(field.path)) for field in lines.fields}


def _filled(values: Mapping[str, object]) -> dict[str, object]:
    """Leave out what is blank: in a create, absent is empty."""
    return {path: value for path, value in values.items() if value not in (None, "", [])}


def _template(lines: JsonValue) -> dict[str, object]:
    """Return the template of a row out of a packet's list."""
    first = lines[0] if isinstance(lines, list) and lines else {}
    return dict(first) if isinstance(first, dict) else {}


def _after(done: Sequence[str], words: str) -> str:
    return f"{words} (already written: {', '.join(done)})" if done else words
