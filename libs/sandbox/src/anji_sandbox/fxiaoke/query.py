"""Queries: filters, order, pages and projection.

The cheapest of three ways finds the candidates: by value (an EQ or IN on a text field), by time
(a bound on `last_modified_time`) or by id (``_id GT``); the conditions are then asked of each.
Source: reference section 2.5; `findSimple` and `findOne` 2.1 and 10.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import OFFSET_RANGE, RefusedError
from anji_sandbox.fxiaoke.filters import BadFilterError, Condition, compile_condition
from anji_sandbox.fxiaoke.index import Index
from anji_sandbox.fxiaoke.objects import COMPANIONS, ObjectSpec
from anji_sandbox.fxiaoke.rendering import rendered, summed, sums_shown
from anji_sandbox.fxiaoke.seen import is_hidden, sees
from anji_sandbox.fxiaoke.values import NUMBER_TYPES, TIME_TYPES
from anji_sandbox.store import Record

__all__ = ["find_one", "find_simple", "query"]

_DEFAULT_LIMIT = 20
_MAX_OFFSET = 10_000
_MAX_BY_VALUE = 5_000
"""A query by value that asks for more values than this is answered by another way."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One query, read and checked."""

    conditions: tuple[Condition, ...]
    orders: tuple[tuple[str, bool], ...]
    limit: int
    offset: int
    projection: frozenset[str]
    with_total: bool


def query(call: Call) -> Record:
    """Return one page: `total`, `offset`, `limit`, `dataList`."""
    return _page_of(call, with_sums=True)


def find_simple(call: Call) -> Record:
    """Return one page without computed fields; `field_projection` may stand under `data`."""
    return _page_of(call, with_sums=False)


def _page_of(call: Call, *, with_sums: bool) -> Record:
    spec = call.object_of_data()
    wanted = _read(call, spec)
    page, total = _find(call, spec, wanted)
    return {
        "data": {
            "total": total if wanted.with_total else 0,
            "offset": wanted.offset,
            "limit": wanted.limit,
            "dataList": [
                rendered(call, spec, record, wanted.projection, with_sums=with_sums)
                for record in page
            ],
        }
    }


def find_one(call: Call) -> Record:
    """Return the first match as `data.objectData`; empty `data` when there is none."""
    spec = call.object_of_data()
    wanted = _read(call, spec)
    page, _ = _find(call, spec, wanted)
    found = [rendered(call, spec, record, wanted.projection) for record in page[:1]]
    return {"data": {"objectData": found[0]} if found else {}}


def _read(call: Call, spec: ObjectSpec) -> _Wanted:
    asked = call.data.get("search_query_info")
    if not isinstance(asked, dict):
        raise RefusedError(call.shop.switches.codes.bad_query, "searchQueryInfo is empty")
    limit, offset = _page(call, asked)
    _check_most(call, "filters", _list(call, asked, "filters"), call.shop.switches.most_filters)
    return _Wanted(
        conditions=tuple(_condition(call, spec, each) for each in _list(call, asked, "filters")),
        orders=tuple(_order(call, spec, each) for each in _list(call, asked, "orders")),
        limit=limit,
        offset=offset,
        projection=frozenset(
            str(each)
            for each in _list(call, asked, "fieldProjection")
            or _list(call, call.data, "field_projection")
        ),
        with_total=_wants_total(call),
    )


def _list(call: Call, given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name)
    if value is not None and not isinstance(value, list):
        raise RefusedError(call.shop.switches.codes.bad_query, f"{name} must be a list")
    return value or []


def _check_most(call: Call, name: str, given: object, most: int | None) -> None:
    if most is not None and isinstance(given, list) and len(given) > most:
        words = f"{name} has {len(given)} entries, {most} are taken"
        raise RefusedError(call.shop.switches.codes.bad_query, words)


def _page(call: Call, asked: Mapping[str, Any]) -> tuple[int, int]:
    switches = call.shop.switches
    limit = asked.get("limit", _DEFAULT_LIMIT)
    offset = asked.get("offset", 0)
    if not isinstance(limit, int) or not isinstance(offset, int) or limit <= 0 or offset < 0:
        raise RefusedError(switches.codes.bad_query, f"limit {limit} or offset {offset} is wrong")
    if offset > _MAX_OFFSET:
        words = f"offset out of range {_MAX_OFFSET}"
        raise RefusedError(OFFSET_RANGE, words, f"offset may not exceed {_MAX_OFFSET}")
    if limit > switches.page_cap:
        if switches.over_page_cap == "refuse":
            words = f"limit {limit} exceeds {switches.page_cap}"
            raise RefusedError(switches.codes.bad_query, words)
        limit = switches.page_cap
    if offset % limit and switches.uneven_offset == "refuse":
        words = f"offset {offset} is not a multiple of limit {limit}"
        raise RefusedError(switches.codes.bad_query, words)
    return limit, offset


def _condition(call: Call, spec: ObjectSpec, given: object) -> Condition:
    codes = call.shop.switches.codes
    if not isinstance(given, dict) or not isinstance(given.get("field_name"), str):
        raise RefusedError(codes.bad_query, "a filter needs field_name")
    name = given["field_name"]
    _check_field(call, spec, name)
    most = call.shop.switches.most_filter_values
    _check_most(call, f"field_values of {name}", given.get("field_values"), most)
    try:
        return compile_condition(
            name,
            str(given.get("operator")),
            given.get("field_values"),
            spec.field(name),
            call.shop.company,
        )
    except BadFilterError as error:
        raise RefusedError(codes.bad_query, str(error)) from error


def _order(call: Call, spec: ObjectSpec, given: object) -> tuple[str, bool]:
    if not isinstance(given, dict) or not isinstance(given.get("fieldName"), str):
        raise RefusedError(call.shop.switches.codes.bad_query, "an order needs fieldName")
    _check_field(call, spec, given["fieldName"])
    return given["fieldName"], given.get("isAsc", True) is not False


def _check_field(call: Call, spec: ObjectSpec, name: str) -> None:
    known = spec.field(name) is not None or name.endswith(("__c", *COMPANIONS))
    if not known and call.shop.switches.unknown_fields == "refuse":
        words = f"field {name} does not exist on {spec.name}"
        raise RefusedError(call.shop.switches.codes.unknown_field, words)


def _wants_total(call: Call) -> bool:
    asked = call.data.get("find_explicit_total_num")
    if isinstance(asked, bool):
        return asked
    numbered = call.body.get("returnTotalNum")
    if numbered is not None:
        return numbered in (1, 2)
    counted = call.body.get("need_return_count_num")
    if isinstance(counted, bool):
        return counted
    return call.shop.switches.total_by_default


def _find(call: Call, spec: ObjectSpec, wanted: _Wanted) -> tuple[list[Record], int]:
    """Return one page of the matching records and how many match in all."""
    if is_hidden(call, spec):
        return [], 0
    index = call.records.index(spec, call.now)
    conditions = list(wanted.conditions)
    if not call.shop.switches.voided_in_query:
        conditions.append(_NOT_VOIDED)
    start, end = wanted.offset, wanted.offset + wanted.limit
    is_by_id = not wanted.orders or wanted.orders == (("_id", True),)
    conditions = [each for each in conditions if not _is_implied(each, index)]
    after = _after(conditions)
    is_seen = sees(call)
    if is_by_id and is_seen is None and all(_is_after(each) for each in conditions):
        total, found = index.by_id(after)
        return list(islice(found, start, end)), total
    by_id, is_in_order = _candidates(index, conditions, after)
    candidates = _with_sums(call, spec, wanted, by_id)
    matches = _matching(filter(is_seen, candidates) if is_seen else candidates, conditions)
    if is_by_id and is_in_order:
        ahead = sum(1 for _ in islice(matches, start))
        page = list(islice(matches, wanted.limit))
        behind = sum(1 for _ in matches) if wanted.with_total else 0
        return page, ahead + len(page) + behind
    found_all = _sorted(matches, spec, () if is_by_id else wanted.orders)
    return found_all[start:end], len(found_all)


def _with_sums(
    call: Call, spec: ObjectSpec, wanted: _Wanted, candidates: Iterator[Record]
) -> Iterator[Record]:
    """Give the candidates with the sums that a filter or an order asks for."""
    named = {each.field for each in wanted.conditions} | {name for name, _ in wanted.orders}
    asked = [each for each in sums_shown(call, spec) if each.name in named] if spec.sums else []
    if not asked:
        return candidates
    return (summed(call, asked, spec, record) for record in candidates)


def _id(record: Record) -> str:
    return str(record["_id"])


_NOT_VOIDED = Condition(
    field="life_status",
    operator="N",
    values=("invalid",),
    holds=lambda record: record["life_status"] != "invalid",
    is_text=True,
)


def _is_after(condition: Condition) -> bool:
    return condition.field == "_id" and condition.operator == "GT"


def _after(conditions: Iterable[Condition]) -> str:
    return max((str(each.values[0]) for each in conditions if _is_after(each)), default="")


def _is_implied(condition: Condition, index: Index) -> bool:
    """Say whether every record was modified within a bound, so that nobody need be asked."""
    if condition.field != "last_modified_time" or condition.operator not in ("GTE", "LTE", "LT"):
        return False
    bound = condition.values[0]
    oldest, newest = index.time_span()
    if condition.operator == "GTE":
        return bool(oldest >= bound)
    return bool(newest < bound or (condition.operator == "LTE" and newest == bound))


def _candidates(
    index: Index, conditions: list[Condition], after: str
) -> tuple[Iterator[Record], bool]:
    """Return the records to ask, and whether they come in the order of their ids."""
    for condition in conditions:
        if condition.is_text and condition.operator in ("EQ", "IN", "HASANYOF"):
            if condition.field in ("life_status", "record_type", "is_deleted"):
                continue  # nearly all records have the same value
            if len(condition.values) <= _MAX_BY_VALUE:
                found = index.by_value(condition.field, map(str, condition.values))
                return iter(found), True
    count_by_id, ordered = index.by_id(after)
    since, until = _times(conditions)
    count_by_time, timely = index.by_time(since, until)
    return (timely, False) if count_by_time < count_by_id else (ordered, True)


def _times(conditions: list[Condition]) -> tuple[int, int | None]:
    """Return the bounds on `last_modified_time`, both included, as wide as is safe."""
    since, until = 0, None
    for each in conditions:
        if each.field != "last_modified_time":
            continue
        if each.operator in ("GT", "GTE", "EQ", "BETWEEN"):
            since = max(since, min(each.values))
        if each.operator in ("LT", "LTE", "EQ", "BETWEEN"):
            last = max(each.values)
            until = last if until is None else min(until, last)
    return since, until


def _matching(candidates: Iterable[Record], conditions: list[Condition]) -> Iterator[Record]:
    tests = [each.holds for each in conditions]
    for record in candidates:
        if all(holds(record) for holds in tests):
            yield record


def _sorted(
    matches: Iterable[Record], spec: ObjectSpec, orders: tuple[tuple[str, bool], ...]
) -> list[Record]:
    found = sorted(matches, key=_id)
    for name, is_ascending in reversed(orders):
        found.sort(key=_sort_key(spec, name), reverse=not is_ascending)
    return found


def _sort_key(spec: ObjectSpec, name: str) -> Callable[[Record], tuple[bool, Any]]:
    """Return what orders records by a field: empty ones first, numbers by value."""
    field = spec.field(name)
    kind = "" if field is None else field.type
    form: Callable[[Any], Any] = str
    if kind in NUMBER_TYPES:
        form = _decimal
    elif kind in TIME_TYPES:
        form = int

    def key(record: Record) -> tuple[bool, Any]:
        value = record.get(name)
        return (False, "") if value is None else (True, form(value))

    return key


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))
