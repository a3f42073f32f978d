"""ExecuteBillQuery and BillQuery.

Lines come in the order of ids unless OrderString says otherwise. StartRow counts lines, not
bills; TopRowCount is an absolute end; Limit 0 means none of its own.
Source: reference "k3cloud-webapi.md", sections 3.5 and 9.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal, unknown_field, unknown_form
from anji_sandbox.k3cloud.columns import Column, Columns, Line
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.filters import (
    And,
    Comparison,
    FilterError,
    Name,
    Node,
    Not,
    Or,
    parse_filter,
)
from anji_sandbox.k3cloud.forms import Entity, Form
from anji_sandbox.k3cloud.predicates import Test, compile_filter
from anji_sandbox.k3cloud.records import Record
from anji_sandbox.k3cloud.switches import K3CloudSwitches

__all__ = ["Queries", "field_count"]

_KEY = re.compile(r"\s*([A-Za-z]\w*(?:\.\w+){0,2})(?:\s+as\s+(\w+))?\s*", re.IGNORECASE)
_ORDER = re.compile(r"\s*([A-Za-z]\w*(?:\.\w+){0,2})(?:\s+(asc|desc))?\s*", re.IGNORECASE)
_MAX_PLANS = 1024
_EQUALS = "67"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the names of a query mean."""

    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    path: tuple[Entity, ...]
    order: tuple[tuple[Column, bool], ...]
    of: Callable[[str], Column]
    """Tells each name of the filter."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A query, compiled."""

    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    test: Test
    path: tuple[Entity, ...]
    order: tuple[tuple[Column, bool], ...]
    """Columns to sort by, and whether downwards."""


@dataclass(slots=True)
class Queries:
    """Runs queries; keeps what it compiled."""

    _plans: dict[tuple[object, ...], _Plan] = field(default_factory=dict)
    _meanings: dict[tuple[object, ...], _Meaning] = field(default_factory=dict)

    def rows(self, context: Context, call: Call) -> list[list[Any]]:
        """Return the answer of ExecuteBillQuery: a bare list of lists.

        Raises:
            Refusal: a form, field or filter that is not there or not right.
        """
        plan, found = self._run(context, call)
        answers = [column.answer for column in plan.columns]
        return [[answer(record, line) for answer in answers] for record, line in found]

    def documents(self, context: Context, call: Call) -> list[dict[str, Any]]:
        """Return the answer of BillQuery: lines as objects, keyed as FieldKeys spells them."""
        plan, found = self._run(context, call)
        answers = [column.answer for column in plan.columns]
        return [
            dict(zip(plan.labels, (answer(record, line) for answer in answers), strict=True))
            for record, line in found
        ]

    def _run(self, context: Context, call: Call) -> tuple[_Plan, list[tuple[Record, Line]]]:
        data = lowered(call.data())
        form_id = str(data.get("formid") or call.fields.get("formid") or "")
        form = context.records.forms.find(form_id)
        if form is None:
            raise unknown_form(form_id)
        plan = self._plan(context, form, data)
        start, end = _window(data, context.switches)
        lines = _lines(context, form, plan)
        if not plan.order:
            return plan, list(islice(lines, start, end))
        found = list(lines)
        for column, downwards in reversed(plan.order):
            found.sort(key=_sort_key(column), reverse=downwards)
        return plan, found[start:end]

    def _plan(self, context: Context, form: Form, data: Mapping[str, Any]) -> _Plan:
        keys, order = str(data.get("fieldkeys") or ""), str(data.get("orderstring") or "")
        text = _filter_text(data.get("filterstring"))
        records, switches = context.records, context.switches
        known = (
            records.custom_count(),
            records.forms.version,
            switches.absent_fields,
            switches.masked_fields,
            switches.filters_by_reference,
        )
        place = (form.form_id, keys, text, order, known)
        plan = self._plans.get(place)
        if plan is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            plan = self._plans[place] = self._compile(context, form, (keys, text, order), known)
        return plan

    def _compile(
        self, context: Context, form: Form, texts: tuple[str, str, str], known: object
    ) -> _Plan:
        """Compile a query; what its names mean is kept, for polls differ in their times only."""
        keys, text, order = texts
        try:
            node = parse_filter(text)
            names = tuple(_names(node))
            dotted = [each for each in names if "." in each]
            if dotted and not context.switches.filters_by_reference:
                raise unknown_field(dotted[0])
            place = (form.form_id, keys, order, names, known)
            meaning = self._meanings.get(place)
            if meaning is None:
                if len(self._meanings) >= _MAX_PLANS:
                    self._meanings.clear()
                meaning = self._meanings[place] = _meaning(context, form, keys, order, names)
            test = compile_filter(node, meaning.of, context.records)
        except FilterError as exc:
            raise Refusal(Code.EXCEPTION, f"GetRealExpress error: {exc}", None) from exc
        return _Plan(meaning.labels, meaning.columns, test, meaning.path, meaning.order)


def field_count(call: Call) -> int:
    """Return how many cells a line of this query has; at least one."""
    try:
        return str(lowered(call.data()).get("fieldkeys") or "").count(",") + 1
    except Refusal:
        return 1


def _meaning(
    context: Context, form: Form, keys: str, order: str, filter_names: Sequence[str]
) -> _Meaning:
    pairs = _field_keys(keys)
    sorts = _order_keys(order)
    names = [name for name, _ in (*pairs, *sorts)]
    columns = Columns(context, form, [*names, *filter_names])
    by_id = len(sorts) == 1 and not sorts[0][1] and columns.column(sorts[0][0]).is_id
    return _Meaning(
        tuple(label for _, label in pairs),
        tuple(columns.column(name) for name, _ in pairs),
        columns.path,
        () if by_id else tuple((columns.column(name), down) for name, down in sorts),
        {name: columns.column(name) for name in filter_names}.__getitem__,
    )


def _lines(context: Context, form: Form, plan: _Plan) -> Iterator[tuple[Record, Line]]:
    records = context.records.of(form)
    candidates = plan.test.candidates(records)
    passes = plan.test.passes
    hidden = _hidden(context)
    org = form.org or "FUseOrgId"
    for record_id in tuple(records.ids) if candidates is None else sorted(candidates):
        record = records.by_id[record_id]
        if hidden and record["head"].get(org) in hidden:
            continue
        for line in _rows(record, plan.path):
            if passes(record, line):
                yield record, line


def _hidden(context: Context) -> frozenset[int]:
    """Return the ids of the organisations whose records nobody sees."""
    numbers = context.switches.hidden_organisations
    if not numbers:
        return frozenset()
    form = context.records.forms.get("ORG_Organizations")
    known = None if form is None else context.records.of(form)
    found = (None if known is None else known.find_number(number) for number in numbers)
    return frozenset(record["id"] for record in found if record is not None)


def _rows(record: Record, path: tuple[Entity, ...]) -> Iterator[Line]:
    """Give the lines of a record; one with nothing in it where there are no rows."""
    if not path:
        yield ()
        return
    rows = record["rows"].get(path[0].key)
    for row in rows or ():
        below = row["rows"].get(path[1].key) if len(path) > 1 else None
        if below:
            for each in below:
                yield row, each
        else:
            yield (row,)
    if not rows:
        yield ()


def _names(node: Node | None) -> Iterator[str]:
    match node:
        case None:
            return
        case And(nodes) | Or(nodes):
            for each in nodes:
                yield from _names(each)
        case Not(inner):
            yield from _names(inner)
        case Comparison(left, _, right):
            yield from (each.text for each in (left, right) if isinstance(each, Name))
        case _:
            if isinstance(node.left, Name):
                yield node.left.text


def _field_keys(keys: str) -> list[tuple[str, str]]:
    if not keys.strip():
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 FieldKeys 的值不能为空", None)
    found = []
    for each in keys.split(","):
        match = _KEY.fullmatch(each)
        if match is None:
            raise Refusal(Code.EXCEPTION, f"当前查询串无法解析--{each.strip()}", None)
        found.append((match[1], match[2] or each.strip()))
    return found


def _order_keys(order: str) -> list[tuple[str, bool]]:
    found = []
    for each in order.split(",") if order.strip() else ():
        match = _ORDER.fullmatch(each)
        if match is None:
            raise Refusal(Code.EXCEPTION, f"GetRealExpress error: '{each.strip()}'", None)
        found.append((match[1], (match[2] or "").lower() == "desc"))
    return found


def _filter_text(sent: object) -> str:
    """Return a filter as text, also one in the array form, of which only "equals" is known."""
    if isinstance(sent, str) and sent.lstrip()[:1] == "[":
        try:
            sent = orjson.loads(sent)
        except orjson.JSONDecodeError as exc:
            raise Refusal(Code.EXCEPTION, f"GetRealExpress error: {exc}", None) from exc
    if not isinstance(sent, Sequence) or isinstance(sent, str):
        return str(sent or "")
    parts: list[str] = []
    for at, each in enumerate(sent):
        item = lowered(each) if isinstance(each, dict) else {}
        if str(item.get("compare")) != _EQUALS:
            raise Refusal(Code.EXCEPTION, f"GetRealExpress error: {each}", None)
        value = str(item.get("value", "")).replace("'", "''")
        test = f"{item.get('left', '')}{item.get('fieldname')}='{value}'{item.get('right', '')}"
        logic = "or" if str(item.get("logic")) == "1" else "and"
        parts.append(test if at == len(sent) - 1 else f"{test} {logic}")
    return " ".join(parts)


def _window(data: Mapping[str, Any], switches: K3CloudSwitches) -> tuple[int, int]:
    """Return first and end line; a query never gives more than `max_limit`, cut without a word."""
    most = switches.max_limit
    start, limit, top = (_whole(data, key) for key in ("startrow", "limit", "toprowcount"))
    if limit > most and switches.over_limit == "refuse":
        text = f"data 数据包中的参数 Limit 不能超过{most}"
        raise Refusal(Code.PARAMETER, text, None)
    honoured = limit if switches.over_limit == "honour" else min(limit, most)
    end = start + (honoured if limit else most)
    return start, min(end, top) if top else end


def _whole(data: Mapping[str, Any], key: str) -> int:
    text = str(data.get(key) or 0).strip() or "0"
    if not text.isdecimal():
        raise Refusal(Code.PARAMETER, f"data 数据包中的参数 {key} 格式错误", None)
    return int(text)


def _sort_key(column: Column) -> Callable[[tuple[Record, Line]], tuple[bool, Any]]:
    get = column.get

    def key(found: tuple[Record, Line]) -> tuple[bool, Any]:
        value = get(*found)
        return (True, value) if value is not None else (False, 0)

    return key
