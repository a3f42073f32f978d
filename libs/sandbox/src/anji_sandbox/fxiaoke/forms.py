"""The forms on the page for people: what a person sees of a record, and what saving one does.

A form is saved by the endpoints that clients call, as the second employee of the company, so it
obeys the same rules, raises the same events and shows that person as modifier. Times are shown and
taken as Beijing's, lists as JSON; an emptied input clears its field.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson

from anji_sandbox.core import FormField
from anji_sandbox.fxiaoke import data, lifecycle
from anji_sandbox.fxiaoke.approvals import decide
from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.objects import SYSTEM_FIELDS, FieldSpec, ObjectSpec
from anji_sandbox.fxiaoke.records import Records
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.fxiaoke.values import EMPLOYEE_TYPES, LIST_TYPES, READ_ONLY_TYPES, TIME_TYPES
from anji_sandbox.store import Record, Store

__all__ = ["Forms"]

_BEIJING = timezone(timedelta(hours=8))
_MOST_CHOICES = 200
"""An object with more records than this is referred to by a typed id."""
_OF_THE_TENANT = frozenset({"PersonnelObj", "DepartmentObj"})
"""Made with the company, and read only: a person's record alone is no user."""
_FIXED = ("_id", "life_status", "lock_status", "last_modified_by", "last_modified_time")
_ACTIONS: Mapping[str, Callable[[Call], Record]] = {
    "invalid": lifecycle.invalid,
    "recover": lifecycle.recover,
    "delete": lifecycle.delete,
    "lock": lifecycle.lock,
    "unlock": lifecycle.unlock,
    "changeOwner": lifecycle.change_owner,
}


_DECISIONS = ("agree", "reject")


class Forms:
    """The forms of one CRM."""

    def __init__(self, shop: Shop, records: Records, store: Store) -> None:
        self._store = store
        self._shop = shop
        self._records = records
        self._person = shop.company.employees[1]

    def kinds(self) -> tuple[str, ...]:
        """Return the objects that have a form."""
        return tuple(name for name in self._shop.objects if name not in _OF_THE_TENANT)

    def fields(self, kind: str, record_id: str, given: Mapping[str, str]) -> tuple[FormField, ...]:
        """Return the inputs for a record, or for a new one.

        Raises:
            LookupError: there is no such object or record.
        """
        spec, record = self._found(kind, record_id)
        fixed = [self._fixed(name, record) for name in _FIXED if name in record]
        names = ["name", "owner", *spec.fields]
        names += [name for name in record if name.endswith("__c")]
        inputs = [self._input(spec, name, record, given) for name in dict.fromkeys(names)]
        return (*fixed, *inputs)

    def actions(self, kind: str, record_id: str) -> tuple[str, ...]:
        """Return what else may be done with a record as it is."""
        _, record = self._found(kind, record_id)
        if record["life_status"] == "invalid":
            return ("recover", "delete")
        if record["life_status"] in ("under_review", "in_change"):
            return tuple(_DECISIONS)
        if record.get("lock_status") == "1":
            return ("unlock",)
        return ("invalid", "lock", "changeOwner")

    def lines(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Return the detail objects of an object, and the field that holds their head."""
        objects = self._shop.objects.values()
        return tuple((each.name, each.head_field) for each in objects if each.head == kind)

    def save(self, kind: str, record_id: str, given: Mapping[str, str], now: float) -> str:
        """Create or change a record, or do what ``#action`` names; return its id.

        Raises:
            LookupError: there is no such object, record or action.
            ValueError: the CRM refuses, or an input cannot be read.
        """
        spec, record = self._found(kind, record_id)
        try:
            if "#action" in given:
                self._act(spec, record, given, now)
                return record_id
            values = self._values(spec, record, given)
            if record and not values:
                return record_id
            if record:
                self._call(data.update, {"object_data": {**values, "_id": record_id}}, kind, now)
                return record_id
            answer = self._call(data.create, {"object_data": values}, kind, now)
        except RefusedError as error:
            raise ValueError(error.words) from error
        return str(answer["dataId"])

    def _act(self, spec: ObjectSpec, record: Record, given: Mapping[str, str], now: float) -> None:
        record_id, action = record["_id"], given["#action"]
        if action in _DECISIONS:
            decide(self._made(spec.name, {}, now), record_id, action)
            return
        row = {"objectDataId": record_id, "ownerId": [given.get("owner", "")]}
        body = {
            "object_data_id": record_id,
            "idList": [record_id],
            "dataIds": [record_id],
            "Data": [row],
        }
        self._call(_ACTIONS[action], body, spec.name, now)

    def _call(
        self, endpoint: Callable[[Call], Record], body: Record, kind: str, now: float
    ) -> Record:
        given = body.get("object_data")
        if given is not None:
            given["dataObjectApiName"] = kind
        return endpoint(self._made(kind, body, now))

    def _made(self, kind: str, body: Record, now: float) -> Call:
        return Call(
            body={"data": {"dataObjectApiName": kind, **body}, "triggerApprovalFlow": False},
            now=now,
            caller=self._person,
            on_custom_path=True,
            wants_open_user_ids=True,
            shop=self._shop,
            records=self._records,
            store=self._store,
        )

    def _found(self, kind: str, record_id: str) -> tuple[ObjectSpec, Record]:
        spec = self._shop.objects.get(kind)
        record = self._records.get(spec, record_id) if spec and record_id else None
        if spec is None or kind in _OF_THE_TENANT or (record_id and record is None):
            msg = f"there is no {kind} {record_id}"
            raise LookupError(msg)
        return spec, record or {}

    def _fixed(self, name: str, record: Record) -> FormField:
        spec = SYSTEM_FIELDS[name]
        return FormField(name, spec.type, _text(spec, record[name]), is_fixed=True)

    def _input(
        self, spec: ObjectSpec, name: str, record: Record, given: Mapping[str, str]
    ) -> FormField:
        field = spec.field(name) or FieldSpec(name, "text")
        value = given.get(name, _text(field, record.get(name)))
        if name == "owner" and not value:
            value = self._person.open_user_id
        return FormField(
            name,
            field.type,
            value,
            options=self._choices(field),
            is_open=field.type == "select_one",
            is_required=field.is_required,
            is_fixed=field.type in READ_ONLY_TYPES,
        )

    def _choices(self, field: FieldSpec) -> tuple[tuple[str, str], ...]:
        if field.type == "true_or_false":
            return (("true", "true"), ("false", "false"))
        if field.type in EMPLOYEE_TYPES:
            return tuple((each.open_user_id, each.name) for each in self._shop.company.employees)
        if field.type == "select_one":
            return field.options
        target = self._shop.objects.get(field.target)
        if target is not None and 0 < self._records.count(target) <= _MOST_CHOICES:
            return tuple(
                (str(each["_id"]), f"{each.get('name', '')} {each['_id']}")
                for each in self._records.all(target)
            )
        return ()

    def _values(self, spec: ObjectSpec, record: Record, given: Mapping[str, str]) -> Record:
        """Return the changed values of a form, as the API takes them."""
        values: Record = {}
        for name, text in given.items():
            field = spec.field(name) or FieldSpec(name, "text")
            is_same = text == _text(field, record.get(name))
            if is_same or field.type in READ_ONLY_TYPES:
                continue
            values[name] = _value(field, text) if text else None
        return values


def _text(field: FieldSpec, value: object) -> str:
    """Return a stored value as a person reads it."""
    if value is None:
        return ""
    if field.type in ("date_time", "date") and isinstance(value, int):
        moment = datetime.fromtimestamp(value / 1000, UTC).astimezone(_BEIJING)
        return moment.replace(tzinfo=None).isoformat(" ", "milliseconds").removesuffix(".000")
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.type in EMPLOYEE_TYPES and isinstance(value, list) and len(value) == 1:
        return str(value[0])
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _value(field: FieldSpec, text: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a person typed as the API takes it.

    Raises:
        ValueError: it cannot be read as the field's type.
    """
    if field.type == "true_or_false":
        return text == "true"
    if field.type in EMPLOYEE_TYPES and not text.startswith("["):
        return [text]
    if field.type in TIME_TYPES and not text.lstrip("-").isdigit():
        moment = datetime.fromisoformat(text)
        known = moment if moment.tzinfo else moment.replace(tzinfo=_BEIJING)
        return round(known.timestamp() * 1000)
    return orjson.loads(text) if field.type in LIST_TYPES else text
