"""Collects the fields of one side that a mapping names, and makes an `ObjectInterest` of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from anji_common.interest import FieldInterest, FieldKind, LinesInterest, ObjectInterest
from anji_common.refs import System
from anji_mapper.mapping.findings import near
from anji_mapper.mapping.model import FirstRow
from anji_mapper.mapping.packet import place_of
from anji_mapper.mapping.reading import Loc, NamedField, Page
from anji_mapper.mapping.schema import LinesSideForm, SideForm

__all__ = ["Named", "SideFields"]

_FIRST_ROW = re.compile(r"(.+)\[0\]\.(.+)")


@dataclass(frozen=True, slots=True)
class Named:
    """What is known about a field where it is named."""

    kind: FieldKind | None = None
    refers_to: str | None = None


@dataclass(slots=True)
class SideFields:
    """The fields of one side, in the head and in its lines."""

    page: Page
    system: System
    form: SideForm
    lines: Mapping[str, LinesSideForm]
    """By lines path."""
    first_rows: dict[str, FirstRow] = field(default_factory=dict)
    _named: dict[tuple[str | None, str], Named] = field(default_factory=dict)
    _told: dict[tuple[str | None, str], Loc] = field(default_factory=dict)

    def add(
        self, loc: Loc, path: str, named: Named | None = None, *, lines: str | None = None
    ) -> None:
        """Take in a field of the head, or of the rows of `lines`, that is named at `loc`."""
        if lines is None and (first := _FIRST_ROW.fullmatch(path)):
            self._add_first_row(loc, FirstRow(path, first[1], first[2]), named)
            return
        new = named or Named()
        self.page.named.append(NamedField(self.system, lines, path, loc, new.kind))
        known = self._named.get((lines, path))
        if known is None or known.kind is None:
            self._named[lines, path] = new if new.kind is not None else known or new
            self._told.setdefault((lines, path), loc)
        elif new.kind is not None and new != known:
            self.page.find(
                loc,
                f"{path} is {_spelled(new)} here and {_spelled(known)} elsewhere in this file",
            )

    def interest(self) -> ObjectInterest:
        """Return what the connector must read."""
        form = self.form
        for path, kind in form.kinds.items():
            loc: Loc = (*self._side, "kinds", path)
            if (None, path) not in self._named:
                self.page.find(
                    loc, f"{path} is used nowhere{near(path, self._heads())}", at_key=True
                )
            self.add(loc, path, Named(kind))
        return ObjectInterest(
            object_name=form.object,
            id_field=form.id,
            number_field=form.number,
            fields=self._fields(None),
            lines=tuple(
                LinesInterest(path, lines.id, self._fields(path), lines.head, lines.marker or None)
                for path, lines in self.lines.items()
                if path not in form.reads or self._fields(path)
            ),
            marker_field=form.marker,
            is_bill=form.is_bill,
        )

    @property
    def _side(self) -> Loc:
        return ("crm",) if self.system is System.FXIAOKE else ("erp",)

    def _heads(self) -> list[str]:
        return [path for lines, path in self._named if lines is None]

    def _add_first_row(self, loc: Loc, first: FirstRow, named: Named | None) -> None:
        if first.lines not in self.lines:
            words = f"{first.lines} are no lines of this side{near(first.lines, self.lines)}"
            self.page.find(loc, words)
            return
        self.first_rows[first.path] = first
        self.add(loc, first.row_path, named, lines=first.lines)

    def _fields(self, lines: str | None) -> tuple[FieldInterest, ...]:
        return tuple(
            self._field(path, lines, named)
            for (under, path), named in sorted(self._named.items(), key=lambda each: each[0][1])
            if under == lines
        )

    def _field(self, path: str, lines: str | None, named: Named) -> FieldInterest:
        found = FieldInterest(path, named.kind or FieldKind.TEXT, named.refers_to)
        place = place_of(self.form.packet, path, lines=lines)
        if place is not None and place.number_key is not None:
            return replace(found, number_key=place.number_key)
        return found


def _spelled(named: Named) -> str:
    return f"{named.kind}" + (f" to {named.refers_to}" if named.refers_to else "")
