"""Attaching: files put to a record, each at most once.

Nothing tells which files a record has, so one whose answer was lost is told and never sent again.

Source: reference "k3cloud-webapi.md", section 2.2.
"""

from collections.abc import Sequence

from anji_common.errors import InDoubtError, RejectedError, RetriableError
from anji_common.events.commands import Attachment
from anji_k3cloud.client import Client
from anji_k3cloud.pieces import Piece, with_words

__all__ = ["attach", "not_attached"]


async def attach(client: Client, pieces: Sequence[Piece]) -> None:
    """Put their files to records that were just made; what fails is words."""
    for piece in pieces:
        for each in piece.command.attachments:
            words = await _put(client, piece, each)
            if words:
                with_words(piece, f"the file {each.name} may not be there: {words}")


def not_attached(piece: Piece) -> None:
    """Say that a record found again, whose making was cut off, may lack its files."""
    if piece.command.attachments:
        names = ", ".join(each.name for each in piece.command.attachments)
        with_words(piece, f"its making was cut off, so these files may not be there: {names}")


async def _put(client: Client, piece: Piece, file: Attachment) -> str:
    try:
        _, status = await client.upload(
            piece.form_id, piece.record_id, piece.number, file.name, file.content
        )
    except (InDoubtError, RetriableError, RejectedError) as error:
        return str(error)
    return "" if status.is_success else status.words
