"""The records of the account set: kept in the store, found by id, number, value or time.

A record is ``{"id", "head": {key: value}, "rows": {entity: [row]}}``, a row the same with
``"id"``, ``"seq"`` and its fields in ``"head"``. Values are as `values` stores them: a reference
is the id of what it names. What is stored is never changed in place: take `draft`, then `keep`.

Indexes are made when a query first wants them and follow every write from then on, so that a
look-up among 20,000 records does not read 20,000 records.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from anji_sandbox.k3cloud.catalogue import Forms
from anji_sandbox.k3cloud.forms import HEAD, Form
from anji_sandbox.store import Store

__all__ = ["FIRST_ID", "ROW_ID", "FormRecords", "Record", "Records", "draft", "master_of"]

Record = dict[str, Any]

FIRST_ID = 100_100
"""Ids count from above this one; the two users' are below."""

_BASE = "k3cloud base data"
_CUSTOM = "k3cloud custom fields"

ROW_ID = "#id"
"""Stands for a row's id where a row's field is named."""

_ValueIndex = dict[object, set[int]]


def draft(record: Record) -> Record:
    """Return a copy to change."""
    copied: Record = orjson.loads(orjson.dumps(record))
    return copied


def master_of(record: Record) -> int:
    """Return the id that a record shares with its copies in other organisations."""
    return int(record["master"] if "master" in record else record["id"])


@dataclass(slots=True)
class FormRecords:
    """All records of one form."""

    form: Form
    by_id: dict[int, Record] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    """Ascending."""
    by_number: dict[str, list[int]] = field(default_factory=dict)
    """Ascending: base data that is allocated has its number once per organisation."""
    _values: dict[tuple[str, str], _ValueIndex] = field(default_factory=dict)
    _times: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def find_number(self, number: str, org_id: int = 0) -> Record | None:
        """Return the record of this number, the organisation's own if it has one, or `None`."""
        found = [self.by_id[each] for each in self.by_number.get(number, ())]
        own = (each for each in found if org_id and each["head"].get("FUseOrgId") == org_id)
        return next(own, found[0] if found else None)

    def copy_in(self, record: Record, org_id: int) -> Record | None:
        """Return the copy of a record that an organisation may use, or `None`."""
        if record["head"].get("FUseOrgId") == org_id:
            return record
        master, number = master_of(record), record["head"].get(self.form.number)
        for each in self.by_number.get(number, ()):
            copy = self.by_id[each]
            if master_of(copy) == master and copy["head"].get("FUseOrgId") == org_id:
                return copy
        return None

    def with_value(self, entity: str, key: str, wanted: Iterable[object]) -> set[int]:
        """Return the ids of the records with one of the values in a head or row field."""
        index = self._values.get((entity, key))
        if index is None:
            index = self._values[entity, key] = defaultdict(set)
            for record in self.by_id.values():
                for value in _values_of(record, entity, key):
                    index[value].add(record["id"])
        return set().union(*(index.get(value, ()) for value in wanted))

    def id_range(self, low: int | None, high: int | None) -> set[int]:
        """Return the ids in [low, high]."""
        first = 0 if low is None else bisect_left(self.ids, low)
        last = len(self.ids) if high is None else bisect_right(self.ids, high)
        return set(self.ids[first:last])

    def with_row(self, entity: str, row_id: int) -> set[int]:
        """Return the id of the record that has a row of this id, as a set of one or none."""
        return self.with_value(entity, ROW_ID, (row_id,))

    def between(self, key: str, low: str | None, high: str | None) -> set[int]:
        """Return the ids of the records whose time, cut to seconds, is in [low, high]."""
        times = self._times.get(key)
        if times is None:
            times = self._times[key] = sorted(
                (second, record["id"])
                for record in self.by_id.values()
                if (second := _second(record, key))
            )
        first = 0 if low is None else bisect_left(times, (low, 0))
        last = len(times) if high is None else bisect_right(times, (high, _HUGE))
        return {record_id for _, record_id in times[first:last]}

    def take_in(self, record: Record) -> None:
        """Index a record, new or changed."""
        record_id = record["id"]
        old = self.by_id.get(record_id)
        if old is None:
            insort(self.ids, record_id)
        else:
            self._forget(old)
        self.by_id[record_id] = record
        number = record["head"].get(self.form.number)
        if number:
            insort(self.by_number.setdefault(number, []), record_id)
        for (entity, key), index in self._values.items():
            for value in _values_of(record, entity, key):
                index.setdefault(value, set()).add(record_id)
        for key, times in self._times.items():
            if second := _second(record, key):
                insort(times, (second, record_id))

    def drop(self, record: Record) -> None:
        """Forget a record that was deleted."""
        self._forget(record)
        del self.by_id[record["id"]]
        del self.ids[bisect_left(self.ids, record["id"])]

    def clear(self) -> None:
        """Forget everything."""
        for each in (self.by_id, self.ids, self.by_number, self._values, self._times):
            each.clear()

    def _forget(self, record: Record) -> None:
        record_id = record["id"]
        number = record["head"].get(self.form.number)
        if record_id in self.by_number.get(number, ()):
            self.by_number[number].remove(record_id)
        for (entity, key), index in self._values.items():
            for value in _values_of(record, entity, key):
                index.get(value, set()).discard(record_id)
        for key, times in self._times.items():
            if second := _second(record, key):
                del times[bisect_left(times, (second, record_id))]


class Records:
    """All records of all forms, and the base data that is known by number only."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.forms = Forms(store)
        self._forms: dict[str, FormRecords] = {}
        self._base: dict[tuple[str, int], str] = {}

    def of(self, form: Form) -> FormRecords:
        """Return the records of one form."""
        found = self._forms.get(form.form_id)
        if found is None or found.form is not form:
            found = self._forms[form.form_id] = FormRecords(form)
            for record in self.store.all(_kind(form)):
                found.take_in(record)
        return found

    def keep(self, form: Form, record: Record, *, done: str) -> None:
        """Store a record and count the write as `done` (``create``, ``update``, ``audit`` …)."""
        self.store.put(_kind(form), str(record["id"]), record)
        self.of(form).take_in(record)
        self.store.writes[f"{form.form_id} {done}"] += 1

    def delete(self, form: Form, record: Record) -> None:
        """Remove a record without a trace, as the vendor does."""
        self.store.delete(_kind(form), str(record["id"]))
        self.of(form).drop(record)
        self.store.writes[f"{form.form_id} delete"] += 1

    def read_again(self) -> None:
        """Read everything anew from the store, after a call whose writes were taken back."""
        self._base.clear()
        for records in self._forms.values():
            records.clear()
            for record in self.store.all(_kind(records.form)):
                records.take_in(record)

    def next_id(self) -> int:
        """Return a new id for a record, a row or a piece of base data."""
        return FIRST_ID + self.store.next_number("k3cloud id")

    def base_id(self, kind: str, number: str) -> int:
        """Return the id of base data that is no form here, making it known if it is new."""
        found = self.store.get(_BASE, f"{kind}/{number}")
        if found is None:
            found = {"id": self.next_id(), "kind": kind, "number": number}
            self.store.put(_BASE, f"{kind}/{number}", found)
            self._base[kind, found["id"]] = number
        return int(found["id"])

    def base_number(self, kind: str, record_id: int) -> str | None:
        """Return the number of such base data, or `None`."""
        if not self._base:
            for each in self.store.all(_BASE):
                self._base[each["kind"], each["id"]] = each["number"]
        return self._base.get((kind, record_id))

    def custom_key(self, form: Form, entity: str, key: str, *, learn: bool = False) -> str | None:
        """Return how a custom field was first spelled in an entity, or `None` if it never was."""
        place = f"{form.form_id}/{entity}/{key.lower()}"
        found = self.store.get(_CUSTOM, place)
        if found is None and learn:
            found = {"form": form.form_id, "entity": entity, "key": key}
            self.store.put(_CUSTOM, place, found)
        return None if found is None else str(found["key"])

    def custom_count(self) -> int:
        """Return how many custom fields were ever saved, on all forms."""
        return self.store.count(_CUSTOM)

    def custom_keys(self, form: Form) -> Iterator[tuple[str, str]]:
        """Give entity and key of every custom field that was ever saved on a form."""
        for each in self.store.all(_CUSTOM):
            if each["form"] == form.form_id:
                yield each["entity"], each["key"]

    def named(self, target: str, record_id: int) -> Record | None:
        """Return the record that a reference to one of our forms names, or `None`."""
        form = self.forms.get(target)
        return None if form is None else self.of(form).by_id.get(record_id)


_HUGE = 1 << 62


def _kind(form: Form) -> str:
    return f"k3cloud {form.form_id}"


def _second(record: Record, key: str) -> str | None:
    value = record["head"].get(key)
    return value[:19] if value else None


def _values_of(record: Record, entity: str, key: str) -> Iterator[object]:
    """Give what an index files a record under; blanks at the end of a text count for nothing."""
    for holder in (record,) if entity == HEAD else record["rows"].get(entity, ()):
        value = holder["id"] if key == ROW_ID else holder["head"].get(key)
        yield value.rstrip() if isinstance(value, str) else value
