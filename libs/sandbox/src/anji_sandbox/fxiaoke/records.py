"""The records of the CRM: what is stored, what queries see, and who made which version.

Writes are gathered in a `Batch` that is stored whole or not at all; the indexes hear of it after
the store has it. Not here: what may be written (`data.py`) and what is found (`query.py`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from anji_sandbox.derived import secret
from anji_sandbox.fxiaoke.index import Index
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Record, Store

__all__ = ["Batch", "Records", "Written"]


@dataclass(frozen=True, slots=True)
class Written:
    """One record that a call wrote."""

    action: str
    """create, update, invalid, recover, changeOwner, lock or delete."""
    spec: ObjectSpec
    record_id: str
    record: Record | None


@dataclass(slots=True)
class Batch:
    """The writes of one call, at one time, by one employee."""

    now: float
    open_user_id: str
    action: str = "update"
    """What happens to records that exist."""
    raises_time: bool = True
    """Whether that raises their `last_modified_time`."""
    granularity_ms: int = 1
    """What times are cut to."""
    written: list[Written] = field(default_factory=list)

    @property
    def time_ms(self) -> int:
        """Return the time of the call as the CRM stamps it."""
        return int(self.now * 1000) // self.granularity_ms * self.granularity_ms


class Records:
    """All records of the tenant."""

    def __init__(
        self,
        store: Store,
        shop: Shop,
        on_written: Callable[[Batch], None],
        on_stored: Callable[[Batch], None],
    ) -> None:
        self._store = store
        self._shop = shop
        self._company = shop.company
        self._switches = shop.switches
        self._on_written = on_written
        """Asked within the transaction of a write."""
        self._on_stored = on_stored
        """Told after it."""
        self._open: Batch | None = None
        self._indexes: dict[str, Index] = {}
        self._holders: dict[tuple[str, str], str] = {}
        self._lines: dict[str, list[str]] = {}
        for spec in shop.objects.values():
            self.add_object(spec)

    def add_object(self, spec: ObjectSpec) -> None:
        """Take in an object that the tenant has got, or that has got other fields."""
        records = list(self._store.all(spec.name))
        self._indexes[spec.name] = Index(records)
        for record in records:
            self._note(spec, record)

    def note_all(self) -> None:
        """Look at every record anew, after a switch made other fields unique."""
        for spec in self._shop.objects.values():
            for record in self._store.all(spec.name):
                self._note(spec, record)

    def get(self, spec: ObjectSpec, record_id: str) -> Record | None:
        """Return the record as it stands; never lags."""
        return self._store.get(spec.name, record_id)

    def all(self, spec: ObjectSpec) -> Iterator[Record]:
        """Give every record of an object as it stands; never lags."""
        return self._store.all(spec.name)

    def count(self, spec: ObjectSpec) -> int:
        """Return how many records of an object there are."""
        return self._store.count(spec.name)

    def index(self, spec: ObjectSpec, now: float) -> Index:
        """Return what queries see of an object at a time."""
        index = self._indexes[spec.name]
        index.catch_up(now)
        if index.is_behind:
            self._store.habits["query lags"] += 1
            if spec.head and self._lag_seconds(spec.name) > self._lag_seconds(spec.head):
                self._store.habits["lines lag behind their head"] += 1
        return index

    def _lag_seconds(self, object_name: str) -> float:
        lags = self._switches.query_lag_by_object
        return lags.get(object_name, self._switches.query_lag_seconds)

    def next_name(self, spec: ObjectSpec) -> str:
        """Return the next automatic name of an object, such as ``SO000001``."""
        return f"{spec.auto_name}{self._store.next_number(f'name {spec.name}'):06}"

    def new_id(self, now: float) -> str:
        """Return an id of 24 or 32 hex digits: seconds, the seed's own part, a number."""
        number = self._store.next_number("record id")
        own = secret(self._company.seed, "ids")[: 17 if self._switches.long_ids else 9]
        return f"{int(now):08x}{own}{number:07x}"

    @contextmanager
    def batch(
        self, now: float, open_user_id: str, action: str = "update", *, raises_time: bool = True
    ) -> Iterator[Batch]:
        """Store what is written within, whole or, if the block raises, not at all.

        Batches may be nested; the outermost one counts.
        """
        if self._open is not None:  # a write within another one's batch is part of it
            yield replace(self._open, action=action, raises_time=raises_time)
            return
        granularity_ms = self._switches.time_granularity_ms
        batch = self._open = Batch(now, open_user_id, action, raises_time, granularity_ms)
        try:
            with self._store.transaction():
                yield batch
                self._on_written(batch)
        finally:
            self._open = None
        for written in batch.written:
            self._store.writes[f"{written.spec.name} {written.action}"] += 1
            visible_at = now + self._lag_seconds(written.spec.name)
            self._indexes[written.spec.name].change(written.record_id, written.record, visible_at)
            if written.record is not None:
                self._note(written.spec, written.record)
        self._on_stored(batch)

    def create(self, batch: Batch, spec: ObjectSpec, values: Record) -> Record:
        """Store a new record with the values and the system's fields."""
        record_id = str(values.get("_id") or self.new_id(batch.now))
        record = {
            "_id": record_id,
            "record_type": "default__c",
            "created_by": [batch.open_user_id],
            "create_time": batch.time_ms,
            "life_status": "normal",
            "lock_status": "0",
            "lock_rule": "default_lock_rule",
            "data_own_department": [self._department(batch.open_user_id)],
            "tenant_id": str(self._company.tenant_id),
            "is_deleted": False,
            "package": "CRM",
            "object_describe_api_name": spec.name,
            "last_modified_by": [batch.open_user_id],
            "last_modified_time": batch.time_ms,
            "version": "1",
            **values,
        }
        if "name" not in record and spec.auto_name:
            record["name"] = self.next_name(spec)
        self._put(batch, "create", spec, record)
        return record

    def change(
        self, batch: Batch, spec: ObjectSpec, before: Record, values: Mapping[str, object]
    ) -> None:
        """Store a new version of a record; values that are `None` leave it."""
        record = {**before, **values, "version": str(int(before["version"]) + 1)}
        if batch.raises_time:
            if batch.granularity_ms > 1 and before.get("last_modified_time") == batch.time_ms:
                self._store.habits["two versions of one time"] += 1
            record["last_modified_by"] = [batch.open_user_id]
            record["last_modified_time"] = batch.time_ms
        kept = {name: value for name, value in record.items() if value is not None}
        self._put(batch, batch.action, spec, kept)

    def delete(self, batch: Batch, spec: ObjectSpec, record_id: str) -> None:
        """Forget a record for ever."""
        self._store.delete(spec.name, record_id)
        batch.written.append(Written("delete", spec, record_id, None))

    def lines(self, line_spec: ObjectSpec, head_id: str) -> list[Record]:
        """Return the lines of a head as they stand; never lags."""
        line_ids = dict.fromkeys(self._lines.get(head_id, ()))
        found = (self.get(line_spec, line_id) for line_id in line_ids)
        return [line for line in found if line and line.get(line_spec.head_field) == head_id]

    def holder(self, spec: ObjectSpec, name: str, value: object) -> str | None:
        """Return the id of the record that has the value in a unique field; never lags."""
        record_id = self._holders.get((f"{spec.name}.{name}", str(value)))
        record = None if record_id is None else self.get(spec, record_id)
        return record_id if record is not None and record.get(name) == value else None

    def _department(self, open_user_id: str) -> str:
        employee = self._company.employee(open_user_id)
        return employee.department_id if employee else self._company.employees[0].department_id

    def _note(self, spec: ObjectSpec, record: Record) -> None:
        """Remember whose line it is, and which unique values it holds."""
        if spec.head_field:
            line_ids = self._lines.setdefault(record[spec.head_field], [])
            if record["_id"] not in line_ids[-1:]:
                line_ids.append(record["_id"])
        for field_name in self._switches.unique_fields:
            object_name, _, name = field_name.partition(".")
            if object_name == spec.name and name in record:
                self._holders[field_name, str(record[name])] = record["_id"]

    def _put(self, batch: Batch, action: str, spec: ObjectSpec, record: Record) -> None:
        self._store.put(spec.name, record["_id"], record)
        batch.written.append(Written(action, spec, record["_id"], record))
