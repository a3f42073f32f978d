"""Lenses between records: what refers to another record on one side does so on the other.

They look things up in the crosswalk, and wait for what is not linked yet. The law is that of
`lenses`.
"""

from dataclasses import dataclass

from pydantic import JsonValue

from anji_common.errors import AwaitedError, MappingError
from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.refs import Ref, System
from anji_mapper.mapping.model import Around
from anji_mapper.mapping.refusals import one_way

__all__ = ["Employee", "LineReference", "Reference", "ReferenceByNumber", "Shared"]


@dataclass(frozen=True, slots=True)
class Reference:
    """Another record, by its ref on each side.

    Waits until the other record is linked and, as the ERP wants numbers, until the number of
    the ERP's record is known.
    """

    def crm_to_erp(self, value: JsonValue, around: Around) -> JsonValue:
        if value is None:
            return None
        counterpart = _counterpart(str(value), around)
        _numbered(counterpart, around)
        return counterpart

    def erp_to_crm(self, value: JsonValue, around: Around) -> JsonValue:
        return None if value is None else _counterpart(str(value), around)


@dataclass(frozen=True, slots=True)
class ReferenceByNumber:
    """Another record, by its ref in the CRM and by its business number in the ERP."""

    erp_object: str
    """``SAL_SaleOrder``: whose number it is."""

    def crm_to_erp(self, value: JsonValue, around: Around) -> JsonValue:
        if value is None:
            return None
        return _numbered(_counterpart(str(value), around), around)

    def erp_to_crm(self, value: JsonValue, around: Around) -> JsonValue:
        if value is None:
            return None
        row = _by_number(self.erp_object, str(value), around)
        return str(row.counterpart)


@dataclass(frozen=True, slots=True)
class LineReference:
    """A line of another record: by its ref in the CRM, by its entry id in the ERP.

    The record that the line belongs to is named beside it: by business number in the ERP, by
    ref in the CRM. The names are looked for in the line's own values first, then in the head's.
    """

    erp_object: str
    """``SAL_SaleOrder``."""
    erp_number_path: str
    """Where the number stands: ``FOrderNo``."""
    crm_lines_object: str
    """``SalesOrderProductObj``."""
    crm_head_path: str | None = None
    """Where the CRM names the record; `None` for a pair that flows to the CRM only."""

    def crm_to_erp(self, value: JsonValue, around: Around) -> JsonValue:
        if value is None:
            return None
        if self.crm_head_path is None:
            raise one_way(System.FXIAOKE)
        head = _beside(self.crm_head_path, around)
        row = _linked(str(head), around)
        entry = row.lines.get(Ref.parse(str(value)).record_id)
        if entry is None:
            raise _awaited(str(head))
        return entry

    def erp_to_crm(self, value: JsonValue, around: Around) -> JsonValue:
        if value in (None, "0"):  # the ERP's id of no line
            return None
        number = str(_beside(self.erp_number_path, around))
        line = _by_number(self.erp_object, number, around).lines.get(str(value))
        if line is None:
            key = f"{System.K3CLOUD}/{self.erp_object}"
            raise _awaited_number(key, number)
        return str(Ref(System.FXIAOKE, self.crm_lines_object, line))


@dataclass(frozen=True, slots=True)
class Shared:
    """One way, to the CRM: what the CRM record that an ERP number names shares (its owner)."""

    erp_object: str
    """``SAL_SaleOrder``: whose number it is."""
    name: str
    """As the CRM side of that link type shares it."""

    def crm_to_erp(self, _value: JsonValue, _around: Around) -> JsonValue:
        raise one_way(System.FXIAOKE)

    def erp_to_crm(self, value: JsonValue, around: Around) -> JsonValue:
        if value is None:
            return None
        row = _by_number(self.erp_object, str(value), around)
        return _linked(str(row.counterpart), around).shared.get(self.name)


@dataclass(frozen=True, slots=True)
class Employee:
    """A person by the number on each side, which a link type of persons pairs.

    In the CRM that is the id of an employee, in the ERP the number of an operator or employee.
    """

    crm_object: str
    """``PersonnelObj``: whose number the CRM's field holds."""
    erp_object: str

    def crm_to_erp(self, value: JsonValue, around: Around) -> JsonValue:
        return self._there(System.FXIAOKE, self.crm_object, value, around)

    def erp_to_crm(self, value: JsonValue, around: Around) -> JsonValue:
        return self._there(System.K3CLOUD, self.erp_object, value, around)

    def _there(
        self, system: System, object_name: str, value: JsonValue, around: Around
    ) -> JsonValue:
        if value is None:
            return None
        row = _numbered_row(system, object_name, str(value), around)
        return _numbered(str(row.counterpart), around)


def _linked(ref: str, around: Around) -> CrosswalkRow:
    row = around.references.row(ref)
    if row is None or row.counterpart is None or row.state is not RowState.LINKED:
        raise _awaited(ref)
    return row


def _counterpart(ref: str, around: Around) -> str:
    return str(_linked(ref, around).counterpart)


def _numbered(ref: str, around: Around) -> str:
    row = around.references.row(ref)
    if row is None or row.business_number is None:
        raise _awaited(ref)
    return row.business_number


def _by_number(erp_object: str, number: str, around: Around) -> CrosswalkRow:
    return _numbered_row(System.K3CLOUD, erp_object, number, around)


def _numbered_row(system: System, object_name: str, number: str, around: Around) -> CrosswalkRow:
    key = f"{system}/{object_name}"
    row = around.references.by_number(key, number)
    if row is None or row.counterpart is None or row.state is not RowState.LINKED:
        raise _awaited_number(key, number)
    return row


def _beside(path: str, around: Around) -> JsonValue:
    value = around.row.get(path)
    value = around.head.get(path) if value is None else value
    if value is None:
        msg = f"a line of another record without {path}, which names the record"
        raise MappingError(msg)
    return value


def _awaited(ref: str) -> AwaitedError:
    """Return what to raise where `ref` is not known.

    Raises:
        UndecodableError: it is no ref, so nothing that could come would end the wait.
    """
    return AwaitedError(f"ref:{Ref.parse(ref)}")


def _awaited_number(object_key: str, number: str) -> AwaitedError:
    token = f"number:{object_key}/{number}"
    return AwaitedError(token)
