"""Judging: what the answer to a batch of saves means for each of its packets. Pure.

Source: reference "k3cloud-webapi.md", sections 3.1 to 3.3.
"""

from collections.abc import Sequence

from anji_common.events.commands import Action
from anji_common.writing.target import Doubtful, WriteOutcome
from anji_k3cloud.batching import sorted_out
from anji_k3cloud.outcomes import concerns_all, may_be_the_firsts, packet_outcome
from anji_k3cloud.pieces import Outcomes, Piece, with_words
from anji_k3cloud.wire import Status

__all__ = ["judged"]


def judged(
    status: Status, pieces: Sequence[Piece], before: str = ""
) -> tuple[Outcomes, list[Piece], list[Piece]]:
    """Return the outcomes of what was refused, what is saved, and what was held back.

    Args:
        status: The answer.
        pieces: Of the packets, in the order sent.
        before: Words of the answer before it: an exception that comes again is no packet's.
    """
    found = sorted_out(status, len(pieces))
    outcomes: dict[int, WriteOutcome] = {}
    saved: list[Piece] = []
    for place, entity in found.saved.items():
        piece = pieces[place]
        piece.record_id, piece.number = entity.record_id, entity.number
        piece.status = "A" if piece.command.action is Action.CREATE else piece.status
        for complaint in (each for each in status.errors if each.dindex == place):
            with_words(piece, complaint.words)
        saved.append(piece)
    for place, complaints in found.refused.items():
        outcomes[pieces[place].place] = packet_outcome(status, complaints)
    unnamed = [pieces[place] for place in found.unnamed]
    if concerns_all(status) and not (may_be_the_firsts(status) and status.words != before):
        told = packet_outcome(status, status.errors)
        return outcomes | {piece.place: told for piece in unnamed}, saved, []
    if status.is_success or found.is_mixed_up:
        doubt = Doubtful(
            "the ERP named several records for one packet"
            if found.is_mixed_up
            else "the ERP said yes and named no record"
        )
        return outcomes | {piece.place: doubt for piece in unnamed}, saved, []
    if len(pieces) == 1 and unnamed:
        return outcomes | {pieces[0].place: packet_outcome(status, ())}, saved, []
    return outcomes, saved, unnamed
