"""Removing rows: a Save takes out what its packet does not name, so it names every row that stays.

The record is read right before it is saved: a row that was edited, or one that came meanwhile, is
not removed with the others. What remains is the time of one call, in which the ERP has no way to
compare (``protocol.md``, assumptions).

Whether IsDeleteEntry also empties entities that a packet does not name is open. So every entity
whose rows can be asked for is named, and counted before and after.

Source: reference "k3cloud-webapi.md", sections 0 (fact 7), 2.1, 3.5, 4 and 9.
"""

from collections.abc import Sequence

from anji_common.errors import RecordBusyError, RefusedError, RejectedError, RetriableError
from anji_common.events.observed import Observed
from anji_common.interest import LinesInterest
from anji_common.writing.comparing import Standing, standing_of
from anji_k3cloud.client import Client
from anji_k3cloud.documents import Documents
from anji_k3cloud.metadata import Metadata
from anji_k3cloud.objects import ROWS_BELOW, entry_id_key
from anji_k3cloud.outcomes import is_unknown_field
from anji_k3cloud.packets import Packet, with_rows_that_stay
from anji_k3cloud.paging import id_literal
from anji_k3cloud.pieces import Piece, with_words

__all__ = ["Removing"]


class Removing:
    """Completes the packets of updates that take rows out."""

    def __init__(
        self, client: Client, metadata: Metadata, documents: Documents, *, page_rows: int
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._documents = documents
        self._page_rows = page_rows
        self._without_rows: dict[str, set[str]] = {}
        """Form → entities that have no rows: the head, and its sub-heads."""

    async def completed(self, piece: Piece, packet: Packet) -> Packet:
        """Return the packet with every row that stays; what other entities hold is noted.

        Raises:
            RecordBusyError: it is not any more what the removal was decided on; look again.
            RetriableError: no answer.
            RejectedError: no row would stay, or there are too many to name.
        """
        observed = await self._read(piece)
        if (
            standing_of(piece.command, observed, piece.interest, in_doubt=False)
            is not Standing.AT_BASE
        ):
            msg = f"{piece.ref} was changed meanwhile"
            raise RecordBusyError(msg)
        staying = {
            lines.path: self._staying(piece, lines, observed) for lines in piece.interest.lines
        }
        piece.rows_beside = await self._beside(piece)
        heads = {path: ids for path, ids in piece.rows_beside.items() if path not in ROWS_BELOW}
        return with_rows_that_stay(packet, piece.interest, staying, heads)

    async def check(self, piece: Piece) -> None:
        """Say so if rows went that nobody wanted removed; what cannot be asked now is not told."""
        try:
            now = await self._beside(piece)
        except (RetriableError, RejectedError):
            return
        for path, ids in piece.rows_beside.items():
            if len(now.get(path, ())) < len(ids):
                gone = len(ids) - len(now.get(path, ()))
                with_words(piece, f"the ERP took {gone} rows of {path} out as well; see to them")

    async def _read(self, piece: Piece) -> Observed:
        page = await self._documents.by_ids(piece.interest, [piece.record_id])
        if len(page.records) != 1:
            msg = f"{piece.ref} cannot be read whole just now"
            raise RecordBusyError(msg)
        return page.records[0]

    @staticmethod
    def _staying(piece: Piece, lines: LinesInterest, observed: Observed) -> list[str]:
        rows = observed.data.get(lines.path)
        held = [str(row[lines.id_field]) for row in rows or () if isinstance(row, dict)]  # type: ignore[union-attr]  # lines are lists
        gone = {each.target_id for each in piece.command.removes.get(lines.path, ())}
        stays = [row_id for row_id in held if row_id not in gone]
        if held and not stays and not piece.command.rows.get(lines.path):
            msg = f"it would be left without a row of {lines.path}; void or delete it as a whole"
            raise RefusedError(msg, field=lines.path)
        return stays

    async def _beside(self, piece: Piece) -> dict[str, Sequence[str]]:
        """Return the ids of the rows of every entity that no mapping names, in their order."""
        known = await self._metadata.known(piece.interest)
        ours = {lines.path.lower() for lines in piece.interest.lines}
        found: dict[str, Sequence[str]] = {}
        for entry in () if known.info is None else known.info.entries:
            if entry.key.lower() not in ours:
                rows = await self._row_ids(piece, entry.key)
                if rows:
                    found[entry.key] = rows
        return found

    async def _row_ids(self, piece: Piece, path: str) -> Sequence[str]:
        without = self._without_rows.setdefault(piece.form_id, set())
        if path in without:
            return ()
        key = piece.interest.id_field
        try:
            rows = await self._client.query(
                piece.form_id,
                [key, entry_id_key(path)],
                condition=f"{key}={id_literal(piece.record_id)}",
                order=f"{key} ASC",
                limit=self._page_rows,
            )
        except RefusedError as error:
            if not is_unknown_field(error):
                raise
            without.add(path)
            return ()
        if len(rows) >= self._page_rows:
            msg = f"{piece.ref} has more rows of {path} than one query tells; remove it by hand"
            raise RefusedError(msg, field=path)
        return [str(row[1]) for row in rows if row[1] not in (None, 0)]
