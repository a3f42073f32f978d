"""A crosswalk in memory: what lenses look references up in."""

from collections.abc import Mapping
from datetime import UTC, datetime

from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.refs import Ref

__all__ = ["Crosswalk"]

_AT = datetime(2026, 1, 5, tzinfo=UTC)


class Crosswalk:
    """The rows of some links, by ref and by business number."""

    def __init__(self) -> None:
        self._rows: dict[str, CrosswalkRow] = {}
        self._numbers: dict[tuple[str, str], CrosswalkRow] = {}

    def link(
        self,
        crm: str,
        erp: str,
        *,
        number: str | None,
        lines: Mapping[str, str] | None = None,
        shared: Mapping[str, str] | None = None,
    ) -> None:
        """Pair two records; `lines` are CRM line id → ERP line id, `shared` the CRM's."""
        there = dict(lines or {})
        back = {erp_line: crm_line for crm_line, erp_line in there.items()}
        self.put(_row(crm, erp, lines=there, shared=dict(shared or {})))
        self.put(_row(erp, crm, business_number=number, lines=back))

    def put(self, row: CrosswalkRow) -> None:
        """Keep one side's row."""
        self._rows[str(row.ref)] = row
        if row.business_number is not None:
            key = f"{row.ref.system}/{row.ref.object_name}"
            self._numbers[key, row.business_number] = row

    def end(self, ref: str) -> None:
        """Mark a row ended."""
        self.put(self._rows[ref].model_copy(update={"state": RowState.ENDED}))

    def forget(self, ref: str) -> None:
        """Drop a side's row, as if it had not arrived yet."""
        row = self._rows.pop(ref)
        for key in [key for key, known in self._numbers.items() if known == row]:
            del self._numbers[key]

    def row(self, ref: str) -> CrosswalkRow | None:
        """Return the row of a record."""
        return self._rows.get(ref)

    def by_number(self, object_key: str, number: str) -> CrosswalkRow | None:
        """Return the row of a record by business number."""
        return self._numbers.get((object_key, number))


def _row(ref: str, counterpart: str, **more: object) -> CrosswalkRow:
    return CrosswalkRow.model_validate(
        {
            "ref": Ref.parse(ref),
            "counterpart": Ref.parse(counterpart),
            "link_type": "any",
            "updated_at": _AT,
            **more,
        }
    )
