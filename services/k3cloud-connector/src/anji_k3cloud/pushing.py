"""Pushing: a record made from another by the vendor's own conversion, once.

The server guards nothing, and a source's quantities are used up only at the audit, so a repeated
push makes a second record. Ours is found again by its source bill's number until we have saved our
marker into it; and in this process one push of a bill is under way at a time.

    Push ──> a record, or a draft where it cannot be saved ──> Save: marker and values ──> steps

Source: reference "k3cloud-webapi.md", sections 2.2, 3.1, 4.5 and 4.7.
"""

import asyncio
from collections.abc import Sequence
from weakref import WeakValueDictionary

from anji_common.clock import Deadline
from anji_common.errors import InDoubtError, RefusedError, RejectedError, RetriableError
from anji_common.events.commands import Action, Command, Push, RowWish
from anji_common.events.observed import Observed
from anji_common.interest import ObjectInterest
from anji_common.refs import Ref
from anji_common.writing.target import Busy, Doubtful, Refused, WriteOutcome
from anji_k3cloud.asking import Asking
from anji_k3cloud.client import Client
from anji_k3cloud.outcomes import packet_outcome
from anji_k3cloud.pairing import paired_lines
from anji_k3cloud.pieces import Piece

__all__ = ["Pushing", "as_update"]

_DRAFT = "Z"


class Pushing:
    """Pushes bills on."""

    def __init__(self, client: Client, asking: Asking) -> None:
        self._client = client
        self._asking = asking
        self._locks: WeakValueDictionary[Ref, asyncio.Lock] = WeakValueDictionary()

    def turn(self, push: Push) -> asyncio.Lock:
        """Return what is to be held from a bill's push until the marker is saved."""
        return self._locks.setdefault(push.source, asyncio.Lock())

    async def push(
        self, piece: Piece, push: Push, *, leaves_before: Deadline
    ) -> WriteOutcome | None:
        """Make the record; `None` if it stands, with its id in `piece`, else why it does not."""
        try:
            pushed = await self._asking.pushed(piece.interest, push)
            if leaves_before.is_over:
                return Busy("its turn did not come in time", is_unreached=True)
            return await self._push(piece, push, pushed)
        except InDoubtError as error:
            return Doubtful(str(error))
        except RetriableError as error:
            return Busy(str(error), is_unreached=True)
        except RefusedError as error:
            return Refused(error.words, error.code, error.field)
        except RejectedError as error:
            return Refused(str(error))

    async def _push(
        self, piece: Piece, push: Push, pushed: Sequence[Observed]
    ) -> WriteOutcome | None:
        if pushed:
            return Busy(f"another push of {push.source_number} is not marked yet")
        saved, converted = await self._client.push(
            push.source.object_name,
            push.source.record_id,
            piece.form_id,
            rule_id=push.rule_id,
            entries=push.entries,
        )
        if converted is not None and not converted.is_success:
            return packet_outcome(converted, converted.errors)
        if len(saved.entities) > 1:
            ids = ", ".join(entity.record_id for entity in saved.entities)
            return Doubtful(f"one push made several records: {ids}")
        if not saved.entities:
            if saved.is_success:
                return Doubtful("the ERP said yes and named no record")
            return packet_outcome(saved, saved.errors)
        (entity,) = saved.entities
        piece.record_id, piece.number = entity.record_id, entity.number
        piece.status = "A" if saved.is_success else _DRAFT
        return None


def as_update(
    command: Command, ref: Ref, observed: Observed | None, interest: ObjectInterest
) -> Command:
    """Return the save that a pushed record still needs: the marker, wished values, known lines.

    Its rows are the conversion's. A wished line that is none of them is left out: the link sees
    that it is missing and decides.
    """
    values = {path: value for path, value in command.values.items() if value is not None}
    paired = {} if observed is None else paired_lines(command, observed, interest)
    rows = {
        path: tuple(
            _with_id(wish, paired[path][wish.source_id])
            for wish in wishes
            if wish.source_id in paired.get(path, {})
        )
        for path, wishes in command.rows.items()
    }
    return command.model_copy(
        update={
            "action": Action.UPDATE,
            "target": ref,
            "values": values,
            "rows": {path: wishes for path, wishes in rows.items() if wishes},
            "packet": {},
            "push": None,
        }
    )


def _with_id(wish: RowWish, entry_id: str) -> RowWish:
    values = {path: value for path, value in wish.values.items() if value is not None}
    return wish.model_copy(update={"target_id": entry_id, "values": values})
