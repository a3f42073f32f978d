"""Saving: packets out in batches, so that one bad bill does not hold back the others.

What an answer does not tell is a doubt, and is never sent again from here. Only what the vendor
says it did not save goes out once more: packets that another one's mistake held back. Of those
a create is looked for first: the answer did not say that it was not saved.

Source: reference "k3cloud-webapi.md", sections 2.1, 3.1 to 3.3 and 6.
"""

from collections.abc import Sequence

from anji_common.clock import Deadline
from anji_common.errors import (
    InDoubtError,
    RefusedError,
    RejectedError,
    RetriableError,
)
from anji_common.events.commands import Action, Finish
from anji_common.writing.target import Busy, Doubtful, WriteOutcome
from anji_k3cloud.asking import Asking
from anji_k3cloud.batching import halves
from anji_k3cloud.client import Client
from anji_k3cloud.judging import judged
from anji_k3cloud.metadata import Known, Metadata
from anji_k3cloud.packets import Packet
from anji_k3cloud.pieces import Outcomes, Piece, is_marked, kept_from
from anji_k3cloud.removing import Removing
from anji_k3cloud.wire import Status

__all__ = ["Saving"]

_BLOCKED = Status(is_success=False, code=0, errors=(), entities=())
"""Stands for the answer of a firewall: none of the packets has come to the ERP."""


class Saving:
    """Saves packets."""

    def __init__(
        self,
        client: Client,
        metadata: Metadata,
        removing: Removing,
        asking: Asking,
    ) -> None:
        self._client = client
        self._asking = asking
        self._removing = removing
        self._metadata = metadata

    async def save(
        self, pieces: Sequence[Piece], *, leaves_before: Deadline, audits: bool = False
    ) -> tuple[Outcomes, list[Piece]]:
        """Save the packets of one call; return the outcomes of what failed, and what is saved.

        Args:
            pieces: Of one form, writing the same fields.
            leaves_before: Nothing is sent once it is over.
            audits: Submit and audit with the save.
        """
        outcomes: Outcomes = {}
        saved: list[Piece] = []
        before = ""
        waiting = [list(pieces)] if pieces else []
        if pieces and (_is_draft(pieces[0]) or _packet(pieces[0]).deletes_rows):
            # There is no service for several; a removal is decided right before it is sent.
            waiting = [[piece] for piece in pieces]
        while waiting:
            batch = waiting.pop(0)
            told = await self._answer(batch, leaves_before, audits=audits)
            if not isinstance(told, Status):
                outcomes |= {piece.place: told for piece in batch}
                continue
            refused, done, held_back = judged(told, batch, before)
            before = told.words
            outcomes |= refused
            saved += done
            for piece in done:
                if _packet(piece).deletes_rows:
                    await self._removing.check(piece)
            is_whole = len(held_back) == len(batch)
            if told is not _BLOCKED:
                doubts, stand, held_back = await self._looked_for(held_back, told)
                outcomes |= doubts
                saved += stand
            parts = halves(held_back) if is_whole and len(held_back) > 1 else [held_back]
            waiting += [list(part) for part in parts if part]
        return outcomes, saved

    async def _answer(
        self, pieces: Sequence[Piece], leaves_before: Deadline, *, audits: bool
    ) -> Status | WriteOutcome:
        """Send one call; return its answer, or the outcome of all its packets."""
        try:
            known = await self._metadata.known(pieces[0].interest)
            packets = [await self._whole(piece) for piece in pieces]
            # Only now: asking took its time, and what is too old must not leave.
            if leaves_before.is_over:
                return Busy("its turn did not come in time", is_unreached=True)
            return await self._sent(pieces, packets, known, audits=audits)
        except InDoubtError as error:
            return Doubtful(str(error))
        except (RetriableError, RejectedError) as error:
            if isinstance(error, RefusedError) and len(pieces) > 1:
                # A firewall: find out which packet it means.
                return _BLOCKED
            return kept_from(error)

    async def _looked_for(
        self, held_back: Sequence[Piece], told: Status
    ) -> tuple[Outcomes, list[Piece], list[Piece]]:
        """Return the doubts about packets that an answer does not name, what stands, the rest.

        Only the rest can go out once more without making a record, or a row, a second time.
        """
        if not held_back:
            return {}, [], []
        if held_back[0].command.action is not Action.CREATE:
            adding = [piece for piece in held_back if told.entities and _adds_rows(piece)]
            doubt = Doubtful("the ERP named others of its batch, and not this one")
            rest = [piece for piece in held_back if piece not in adding]
            return {piece.place: doubt for piece in adding}, [], rest
        try:
            commands = [piece.command for piece in held_back]
            hits = await self._asking.look_up(commands, own_only=True)
        except (RetriableError, RejectedError) as error:
            doubt = Doubtful(f"not named, and not known whether it was saved: {error}")
            return {piece.place: doubt for piece in held_back}, [], []
        stand: list[Piece] = []
        rest = []
        for piece, each in zip(held_back, hits, strict=True):
            found = [hit for hit in each if is_marked(piece, hit.observed)]
            if found:
                piece.record_id = found[0].observed.ref.record_id
                piece.number = found[0].business_number or ""
                piece.status = found[0].observed.stamp.status
            (stand if found else rest).append(piece)
        return {}, stand, rest

    async def _whole(self, piece: Piece) -> Packet:
        packet = _packet(piece)
        return await self._removing.completed(piece, packet) if packet.deletes_rows else packet

    async def _sent(
        self, pieces: Sequence[Piece], packets: Sequence[Packet], known: Known, *, audits: bool
    ) -> Status:
        models = [packet.model for packet in packets]
        fields: Sequence[str] = packets[0].fields
        if known.info is not None:
            models = [known.info.spelled_model(model) for model in models]
            fields = known.info.spelled_names(packets[0].fields)
        deletes_rows = packets[0].deletes_rows
        interest = known.interest
        rows = [f"{lines.path}.{lines.id_field}" for lines in interest.lines]
        returns = [interest.number_field, *rows]
        if _is_draft(pieces[0]):
            name = interest.object_name
            return await self._client.draft(
                name, models[0], fields=fields, returns=returns, deletes_rows=deletes_rows
            )
        return await self._client.batch_save(
            interest.object_name,
            models,
            fields=fields,
            returns=returns,
            audits=audits,
            deletes_rows=deletes_rows,
        )


def _is_draft(piece: Piece) -> bool:
    return piece.command.finish is Finish.DRAFT


def _adds_rows(piece: Piece) -> bool:
    return any(wish.target_id is None for rows in piece.command.rows.values() for wish in rows)


def _packet(piece: Piece) -> Packet:
    if piece.packet is None:
        msg = f"{piece.command.seat} {piece.command.number} has no packet"
        raise AssertionError(msg)
    return piece.packet
