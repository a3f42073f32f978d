"""Forms as the site describes them: entities, fields, and how each is really spelled. Pure.

The same concept has another key on every form (``FCustId``, ``FCustomerID``, ``FRetcustId``), and
the same key another case on every page about it. So names are looked for without regard to case,
packets get the site's own spelling, and what is not there is told with the nearest name that is.

Only ``Entrys``, their ``Key``, and of fields ``Key``, ``Name``, ``MustInput`` and ``FieldType``
are documented; whatever else an answer has is taken where it helps and never needed.

Source: reference "k3cloud-webapi.md", sections 2.2, 3.5, 4 and 6.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import orjson
from pydantic import JsonValue

from anji_common.errors import UndecodableError
from anji_common.interest import ObjectInterest
from anji_common.values import frozen

__all__ = ["EntryInfo", "FieldInfo", "FormInfo", "Suspect", "form_from_answer", "suspects"]

_FLEX = "__FF"
"""Keys of flex fields (``FSTOCKLOCID__FF100001``) are no fields of their own."""


@frozen
class FieldInfo:
    """One field."""

    key: str
    name: str
    kind: str
    """The vendor's ``FieldType``, as it tells it."""
    is_must: bool
    refers_to: str = ""
    """A form, where the answer tells it."""


@dataclass(frozen=True, slots=True)
class EntryInfo:
    """The head, a sub-head, or the rows of one entry."""

    key: str
    name: str
    fields: tuple[FieldInfo, ...]
    by_lower: dict[str, FieldInfo] = field(default_factory=dict, compare=False, repr=False)
    """The fields by their key in lower case."""

    def __post_init__(self) -> None:
        self.by_lower.update({each.key.lower(): each for each in self.fields})

    def find(self, key: str) -> FieldInfo | None:
        """Return a field by its key, whatever its case."""
        return self.by_lower.get(key.lower())


@dataclass(frozen=True, slots=True)
class FormInfo:
    """One form."""

    form_id: str
    name: str
    entries: tuple[EntryInfo, ...]
    operations: tuple[str, ...] = ()
    id_field: str = ""
    """Where the answer tells it; not every site's does."""
    _by_lower: dict[str, FieldInfo] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for each in reversed(self.entries):
            self._by_lower.update(each.by_lower)

    def entry(self, key: str) -> EntryInfo | None:
        """Return an entity by its key, whatever its case."""
        return next((each for each in self.entries if each.key.lower() == key.lower()), None)

    def find(self, key: str) -> FieldInfo | None:
        """Return the first field of that key in any entity: queries know no entities."""
        return self._by_lower.get(key.lower())

    def spelled_query(self, key: str) -> str:
        """Return a query key in the site's spelling; what is no field stays as it is."""
        first, dot, rest = key.partition(".")
        found = self.find(first)
        return key if found is None else f"{found.key}{dot}{rest}"

    def spelled_model(self, model: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Return a packet with its entities' and fields' keys in the site's spelling."""
        return {self._spelled(None, key): self._inside(key, value) for key, value in model.items()}

    def spelled_names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return NeedUpDateFields in the site's spelling."""
        return tuple(self._spelled(None, name) for name in names)

    def nearest(self, key: str) -> str:
        """Return the key that is most like one that is not there; empty if none is."""
        by_lower = {each.key.lower(): each.key for entry in self.entries for each in entry.fields}
        found = get_close_matches(key.lower(), list(by_lower), n=1)
        return by_lower[found[0]] if found else ""

    def _inside(self, key: str, value: JsonValue) -> JsonValue:
        entry = self.entry(key)
        if entry is None:
            return value
        if isinstance(value, list):
            return [self._row(entry, each) for each in value]
        return self._row(entry, value)

    def _row(self, entry: EntryInfo, row: JsonValue) -> JsonValue:
        if not isinstance(row, dict):
            return row
        return {self._spelled(entry, key): self._inside(key, each) for key, each in row.items()}

    def _spelled(self, entry: EntryInfo | None, key: str) -> str:
        inner = self.entry(key)
        if inner is not None:
            return inner.key
        found = self.find(key) if entry is None else entry.find(key)
        return key if found is None else found.key


@dataclass(frozen=True, slots=True)
class Suspect:
    """A field of an interest that the description does not have."""

    path: str
    """As the mapping names it; of a row with the lines' path before it."""
    key: str
    """The key that a query would ask."""


def form_from_answer(form_id: str, told: object) -> FormInfo:
    """Return the form that an answer of QueryBusinessInfo describes.

    Raises:
        UndecodableError: it describes none.
    """
    result = told.get("Result") if isinstance(told, dict) else None
    info = result.get("NeedReturnData") if isinstance(result, dict) else None
    entries = info.get("Entrys") if isinstance(info, dict) else None
    if not isinstance(info, dict) or not isinstance(entries, list) or not entries:
        msg = f"the description of {form_id} has no Entrys: {str(told)[:120]}"
        raise UndecodableError(msg)
    return _form(form_id, orjson.dumps(info, default=str))


@lru_cache(maxsize=128)  # every service of a process asks, and is told the same for months
def _form(form_id: str, told: bytes) -> FormInfo:
    info = orjson.loads(told)
    entries, operations = info["Entrys"], info.get("Operations")
    return FormInfo(
        form_id=form_id,
        name=_text(info.get("Name")),
        entries=tuple(_entry(each) for each in entries if isinstance(each, dict)),
        operations=tuple(_numbers(operations if isinstance(operations, list) else [])),
        id_field=_text(info.get("PkFieldName")),
    )


def suspects(interest: ObjectInterest, info: FormInfo) -> tuple[Suspect, ...]:
    """Return the fields that an interest names and a description does not have."""
    return tuple(_suspects(interest, info))


def _suspects(interest: ObjectInterest, info: FormInfo) -> Iterator[Suspect]:
    for each in interest.fields:
        key = each.path.rpartition(".")[2]
        if _FLEX not in key and info.find(key) is None:
            yield Suspect(each.path, key)
    for lines in interest.lines:
        entry = info.entry(lines.path)
        for each in lines.fields:
            key = each.path.rpartition(".")[2]
            is_there = info.find(key) if entry is None else entry.find(key)
            if _FLEX not in key and is_there is None:
                yield Suspect(f"{lines.path}.{each.path}", key)


def _entry(told: Mapping[str, Any]) -> EntryInfo:
    fields = told.get("Fields")
    found = [each for each in fields if isinstance(each, dict)] if isinstance(fields, list) else []
    return EntryInfo(
        _text(told.get("Key")), _text(told.get("Name")), tuple(_field(each) for each in found)
    )


def _field(told: Mapping[str, Any]) -> FieldInfo:
    return FieldInfo(
        key=_text(told.get("Key")),
        name=_text(told.get("Name")),
        kind=_text(told.get("FieldType")),
        is_must=str(told.get("MustInput")).lower() in ("1", "true"),
        refers_to=_text(told.get("LookUpObjectFormId")),
    )


def _numbers(operations: list[Any]) -> Iterator[str]:
    for each in operations:
        if isinstance(each, dict) and each.get("OperationNumber"):
            yield _text(each["OperationNumber"])


def _text(told: object) -> str:
    """Return a text, also one that comes in several languages."""
    if isinstance(told, list):
        named = [each.get("Value") for each in told if isinstance(each, dict)]
        return _text(named[0]) if named else ""
    return "" if told is None else str(told).strip()
