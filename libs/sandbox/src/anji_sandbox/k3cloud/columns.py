"""What a key in a query means: which value, of which kind, from head or row, with which index.

Keys: a field, ``Entity_FEntryId``, ``Entity_FSeq``, ``FSeq``, and dotted references such as
``FCustId.FNumber`` or ``FCustId.FGroup.FNumber``. A query may name one list of rows (and the list
that it stands under); then it gives one line per row.
Source: reference "k3cloud-webapi.md", section 3.5.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from anji_sandbox.k3cloud.codes import Code, Refusal, unknown_field
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import HEAD, Entity, Field, Form, Kind, is_custom
from anji_sandbox.k3cloud.records import ROW_ID, Record

__all__ = ["Column", "Columns", "Line"]

Line = tuple[Record, ...]
"""A row and the row under it, as far as the query goes; empty where a record has no rows."""

_Get = Callable[[Record, Line], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One value of a line."""

    kind: Kind
    get: _Get
    """Returns the stored value, or `None` where there is no row or nothing referred to."""
    answer: _Get
    """Returns what the answer says."""
    index: tuple[str, str] | None = None
    """Entity and key by which `FormRecords.with_value` finds it."""
    via: Form | None = None
    """The form whose number this is: then the index is that of the reference."""
    is_id: bool = False
    """Whether it is the record's own id."""


class Columns:
    """The meaning of every key of one query."""

    def __init__(self, context: Context, form: Form, names: Iterable[str]) -> None:
        self._context = context
        self._form = form
        self.path = self._choose_path(names)

    def column(self, name: str) -> Column:
        """Return what a key means.

        Raises:
            Refusal: the form has no such field, or not in the rows that this query gives.
        """
        first, *rest = name.split(".")
        if not rest and first.lower() == self._form.key.lower():
            return Column(Kind.INTEGER, _record_id, _record_id, is_id=True)
        if not rest and (special := self._row_column(first)):
            return special
        field = self._field(first)
        depth = self._depth(field.entity)
        column = _own_column(self._context, field, depth)
        if field.kind is Kind.FLEX:
            return _flex_column(column, rest, name)
        masked = _lowered(self._context.switches.masked_fields)
        if f"{self._form.form_id}.{field.key}".lower() in masked:
            column = replace(column, answer=lambda _record, _line: "***")
        return self._follow(column, field, rest, name) if rest else column

    def _choose_path(self, names: Iterable[str]) -> tuple[Entity, ...]:
        forced: dict[str, Entity] = {}
        loose: dict[str, Entity] = {}
        for name in names:
            homes = self._homes(name.split(".")[0])
            if HEAD in homes:
                continue
            target = forced if len(homes) == 1 else loose
            for key in homes[:1]:
                target[key] = self._form.entities[key.lower()]
        chosen = list((forced or loose).values())
        deepest = max(chosen, key=lambda each: bool(each.parent), default=None)
        if deepest is None:
            return ()
        path: tuple[Entity, ...] = (deepest,)
        if deepest.parent:
            path = (self._form.entities[deepest.parent.lower()], deepest)
        if any(each not in path for each in chosen):
            text = "GetRealExpress error: 一次查询只能包含一个单据体"
            raise Refusal(Code.EXCEPTION, text, None)
        return path

    def _homes(self, key: str) -> list[str]:
        """Return the entities that a key may stand for, the head as an empty key."""
        lower, form = key.lower(), self._form
        if lower == form.key.lower():
            return [HEAD]
        if f"{form.form_id}.{key}".lower() in _lowered(self._context.switches.absent_fields):
            raise unknown_field(key)
        rows = [each.key for each in form.entities.values() if not each.single]
        if lower == "fseq":
            return rows
        named = [each for each in rows if lower in _row_keys(each)]
        homes = named or [each.entity for each in form.by_key.get(lower, ())]
        if not homes and is_custom(key):
            known = self._context.records.custom_keys(form)
            homes = [entity for entity, each in known if each.lower() == lower] or [HEAD]
        if not homes:
            raise unknown_field(key)
        return homes

    def _row_column(self, key: str) -> Column | None:
        lower = key.lower()
        for depth, entity in enumerate(self.path):
            entry_id, seq = _row_keys(entity.key)
            if lower == entry_id:
                get = _row_value(depth, "id")
                return Column(Kind.INTEGER, get, get, (entity.key, ROW_ID))
            if lower == seq or (lower == "fseq" and depth == len(self.path) - 1):
                get = _row_value(depth, "seq")
                return Column(Kind.INTEGER, get, get)
        return None

    def _field(self, key: str) -> Field:
        homes = self._homes(key)
        chosen = [each.key for each in reversed(self.path) if each.key in homes]
        home = chosen[0] if chosen else homes[0]
        lower = key.lower()
        found = (each for each in self._form.by_key.get(lower, ()) if each.entity == home)
        field = next(found, None)
        if field is not None:
            return field
        spelled = self._context.records.custom_key(self._form, home, key)
        return Field(spelled or key, Kind.TEXT, key, home, home)

    def _depth(self, entity: str) -> int | None:
        keys = [each.key for each in self.path]
        return keys.index(entity) if entity else None

    def _follow(self, column: Column, field: Field, rest: list[str], name: str) -> Column:
        """Return the column at the end of a dotted name."""
        key, *further = rest
        values, target, lower = self._context.values, field.target, key.lower()
        if not target:
            raise unknown_field(name)
        get, form = column.get, self._context.records.forms.get(target)
        if not further and lower in _NUMBER_KEYS and (form is None or lower == "fnumber"):
            number = _through(get, lambda each: values.number_of(target, each))
            return Column(Kind.TEXT, number, number, column.index if form else None, via=form)
        if not further and lower == "fname":
            title = _through(get, lambda each: values.name_of(target, each))
            return Column(Kind.TEXT, title, title)
        if form is None:
            raise unknown_field(name)
        if not further and lower in (form.key.lower(), "id"):
            return replace(column, answer=get)
        own = form.field_of(HEAD, key)
        if own is None or own.entity != HEAD:
            raise unknown_field(name)
        records = self._context.records.of(form)

        def beyond(each: int) -> object:
            record = records.by_id.get(each)
            return None if record is None else record["head"].get(own.key)

        reached = _through(get, beyond)
        there = Column(own.kind, reached, _answered(self._context, own, reached))
        return self._follow(there, own, further, name) if further else there


_NUMBER_KEYS = ("fnumber", "fname", "fcode")


def _own_column(context: Context, field: Field, depth: int | None) -> Column:
    key, empty = field.key, _EMPTY.get(field.kind)
    get: _Get
    if depth is None:

        def of_head(record: Record, _: Line) -> object:
            return record["head"].get(key) or empty

        get = of_head
    else:

        def of_row(_: Record, line: Line) -> object:
            return (line[depth]["head"].get(key) or empty) if len(line) > depth else None

        get = of_row
    index = None if key.endswith("Status") else (field.entity, key)
    return Column(field.kind, get, _answered(context, field, get), index)


def _flex_column(column: Column, rest: Sequence[str], name: str) -> Column:
    """Return one part of a flex value, such as ``FStockLocId.FF100004.FNumber``."""
    get = column.get
    if len(rest) != 2 or rest[1].lower() not in _NUMBER_KEYS:  # noqa: PLR2004 - part and key
        raise unknown_field(name)
    part = rest[0].upper()

    def found(record: Record, line: Line) -> object:
        value = get(record, line)
        return value.get(part) if value else None

    return Column(Kind.TEXT, found, found)


_EMPTY: dict[Kind, object] = {
    Kind.TEXT: "",
    Kind.NAME: "",
    Kind.NUMBER: 0.0,
    Kind.INTEGER: 0,
    Kind.REFERENCE: 0,
    Kind.FLAG: False,
}


def _answered(context: Context, field: Field, get: _Get) -> _Get:
    told = context.values.answered

    def answer(record: Record, line: Line) -> object:
        value = get(record, line)
        return None if value is None else told(field, value)

    return answer


def _through(get: _Get, step: Callable[[int], object]) -> _Get:
    def found(record: Record, line: Line) -> object:
        value = get(record, line)
        return step(value) if value else None

    return found


def _row_value(depth: int, key: str) -> _Get:
    def found(_: Record, line: Line) -> object:
        return line[depth][key] if len(line) > depth else None

    return found


def _record_id(record: Record, _: Line) -> object:
    return record["id"]


@lru_cache(maxsize=1024)
def _row_keys(entity: str) -> tuple[str, str]:
    return f"{entity}_FEntryId".lower(), f"{entity}_FSeq".lower()


def _lowered(keys: Iterable[str]) -> set[str]:
    return {each.lower() for each in keys}
