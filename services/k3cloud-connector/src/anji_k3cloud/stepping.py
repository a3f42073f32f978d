"""Stepping: records that stand are submitted, audited, taken back, voided, deleted, given away.

Each step is one call for all records that take it. A refusal leaves the record where it was, with
the vendor's words; a lock is told apart, for the same step may pass a little later.

Source: reference "k3cloud-webapi.md", sections 0, 2.2, 3.2, 3.3 and 4.5.
"""

from collections.abc import Awaitable, Callable, Sequence

from anji_common.clock import Clock
from anji_common.errors import InDoubtError, RefusedError, RetriableError
from anji_common.events.commands import Operation
from anji_common.writing.target import Busy, Doubtful, Refused
from anji_k3cloud.batching import chunks, grouped
from anji_k3cloud.client import Client
from anji_k3cloud.objects import operation_number
from anji_k3cloud.outcomes import concerns_all, packet_outcome
from anji_k3cloud.pieces import Outcomes, Piece, with_words
from anji_k3cloud.stages import next_step, step_back
from anji_k3cloud.wire import Status

__all__ = ["Stepping"]

_Call = Callable[[str, Sequence[str]], Awaitable[Status]]
_MAX_IDS = 100


class Stepping:
    """Moves records along."""

    def __init__(self, client: Client, clock: Clock, *, audit_pause_seconds: float) -> None:
        self._client = client
        self._clock = clock
        self._audit_pause_seconds = audit_pause_seconds

    async def forward(self, pieces: Sequence[Piece]) -> None:
        """Submit and audit what is due; a refusal of that is words, and no failure of the save.

        Raises:
            InDoubtError: how far they came is not known.
            RetriableError: not all came as far as they should.
            RefusedError: a firewall is in the way.
        """
        going = list(pieces)
        steps: tuple[tuple[str, _Call, str], ...] = (
            ("Submit", self._client.submit, "B"),
            ("Audit", self._client.audit, "C"),
        )
        has_submitted = False
        for name, call, reached in steps:
            due = [each for each in going if next_step(each.status, each.command.finish) == name]
            if not due:
                continue
            if has_submitted and self._audit_pause_seconds:
                await self._clock.sleep(self._audit_pause_seconds)
            refused = await self._step(call, due)
            for piece in due:
                if piece.place in refused:
                    piece.words, piece.is_locked = _words(refused[piece.place])
                    going.remove(piece)
                else:
                    piece.status = reached
            has_submitted = name == "Submit"

    async def back(self, pieces: Sequence[Piece]) -> Outcomes:
        """Make records that are submitted or audited editable; return what was refused.

        Raises as `forward`.
        """
        outcomes: Outcomes = {}
        calls: dict[str, _Call] = {
            "CancelAssign": self._client.cancel_assign,
            "UnAudit": self._client.unaudit,
        }
        for name, due in grouped((step_back(each.status), each) for each in pieces).items():
            if name is None:
                continue
            refused = await self._step(calls[name], due)
            outcomes |= refused
            for piece in due:
                if piece.place not in refused:
                    piece.status = "D"
        return outcomes

    async def operate(self, pieces: Sequence[Piece], operation: Operation) -> Outcomes:
        """Do one operation on records; return the outcomes of those that it was not done on."""
        outcomes: Outcomes = {}
        for part in chunks(pieces, _MAX_IDS):
            try:
                outcomes |= await self._step(self._call(part[0], operation), part)
            except InDoubtError as error:
                outcomes |= {piece.place: Doubtful(str(error)) for piece in part}
            except RetriableError as error:
                busy = Busy(str(error), is_unreached=True)
                outcomes |= {piece.place: busy for piece in part}
            except RefusedError as error:
                refused = Refused(error.words, error.code, error.field)
                outcomes |= {piece.place: refused for piece in part}
        return outcomes

    async def allocate(self, pieces: Sequence[Piece]) -> None:
        """Give what is finished to its organisations; a refusal is words. Raises as `forward`."""
        wanted = [each for each in pieces if each.command.organisations and not each.words]
        for organisations, due in grouped((e.command.organisations, e) for e in wanted).items():
            refused = await self._step(self._allocating(organisations), due)
            for piece in due:
                if piece.place in refused:
                    with_words(piece, _words(refused[piece.place])[0])

    def _call(self, piece: Piece, operation: Operation) -> _Call:
        own: dict[Operation, _Call] = {
            Operation.SUBMIT: self._client.submit,
            Operation.AUDIT: self._client.audit,
            Operation.UNAUDIT: self._client.unaudit,
            Operation.WITHDRAW: self._client.cancel_assign,
            Operation.DELETE: self._client.delete,
            Operation.ALLOCATE: self._allocating(piece.command.organisations),
        }
        number = operation_number(piece.form_id, operation)

        async def run(form_id: str, ids: Sequence[str]) -> Status:
            return await self._client.operate(form_id, number, ids)

        return own.get(operation, run)

    def _allocating(self, organisations: Sequence[str]) -> _Call:
        async def run(form_id: str, ids: Sequence[str]) -> Status:
            return await self._client.allocate(form_id, ids, organisations)

        return run

    async def _step(self, call: _Call, pieces: Sequence[Piece]) -> Outcomes:
        """Make one call; return the outcomes of the records that it refused, by place.

        Those that another one's mistake held back are asked for once more, without that one.
        """
        status = await call(pieces[0].form_id, [piece.record_id for piece in pieces])
        done = {entity.record_id for entity in status.entities}
        outcomes: Outcomes = {}
        held_back: list[Piece] = []
        for at, piece in enumerate(pieces):
            about = tuple(e for e in status.errors if len(pieces) == 1 or e.dindex == at)
            if piece.record_id in done or (status.is_success and not about):
                continue
            if not about:
                held_back.append(piece)
            outcomes[piece.place] = packet_outcome(status, about or status.errors)
        if not held_back or len(held_back) == len(pieces) or concerns_all(status):
            return outcomes
        for piece in held_back:
            del outcomes[piece.place]
        return outcomes | await self._step(call, held_back)


def _words(outcome: object) -> tuple[str, bool]:
    """Return an outcome's words, and whether they are of a lock."""
    return getattr(outcome, "words", str(outcome)), isinstance(outcome, Busy)
