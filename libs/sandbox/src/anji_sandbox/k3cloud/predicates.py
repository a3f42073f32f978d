"""Gives a filter tree its meaning: a test of one line, and which records are worth testing.

Comparisons are SQL's: nothing compares with `None` but IS NULL, blanks at the end of a text do
not count, times are compared in whole seconds.
Source: reference "k3cloud-webapi.md", sections 3.5, 3.6 and 7.
"""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anji_sandbox.k3cloud.columns import Column, Line
from anji_sandbox.k3cloud.filters import (
    And,
    Between,
    Comparison,
    FilterError,
    In,
    IsNull,
    Like,
    Literal,
    Name,
    Node,
    Not,
    Operand,
    Or,
)
from anji_sandbox.k3cloud.forms import HEAD, Kind
from anji_sandbox.k3cloud.records import FormRecords, Record, Records
from anji_sandbox.k3cloud.values import moment_text, true_text

__all__ = ["Test", "compile_filter"]

_Passes = Callable[[Record, Line], bool]
_Ids = set[int] | None
_Candidates = Callable[[FormRecords], _Ids]
_TIMES = (Kind.DATE, Kind.TIME)
_NUMBERS = (Kind.NUMBER, Kind.INTEGER, Kind.REFERENCE)


@dataclass(frozen=True, slots=True)
class Test:
    """A compiled filter."""

    passes: _Passes
    candidates: _Candidates
    """Ids of all records that may pass, or `None` where only reading them all tells."""


def compile_filter(node: Node | None, column: Callable[[str], Column], records: Records) -> Test:
    """Return the test that a tree means.

    Raises:
        FilterError: a literal does not fit its column.
        Refusal: a name means nothing here.
    """
    if node is None:
        return Test(lambda _record, _line: True, _everything)
    return _Compiler(column, records).test(node)


@dataclass(frozen=True, slots=True)
class _Compiler:
    column: Callable[[str], Column]
    records: Records

    def test(self, node: Node) -> Test:  # noqa: PLR0911 - one return a kind of node
        match node:
            case And(nodes):
                return _all_of([self.test(each) for each in nodes])
            case Or(nodes):
                return _any_of([self.test(each) for each in nodes])
            case Not(inner):
                return self._not(inner)
            case Comparison(left, sign, right):
                return self._comparison(left, sign, right)
            case In(left, values):
                return self._in(left, values)
            case Between(left, low, high):
                lower = self._comparison(left, ">=", low)
                return _all_of([lower, self._comparison(left, "<=", high)])
            case Like(left, pattern):
                return self._like(left, pattern)
            case IsNull(left):
                get = self._operand(left).get
                return Test(lambda record, line: get(record, line) is None, _everything)

    def _not(self, node: Node) -> Test:
        test = self.test(node).passes
        if isinstance(node, IsNull | And | Or | Not):
            return Test(lambda record, line: not test(record, line), _everything)
        get = self._operand(node.left).get
        return Test(
            lambda record, line: get(record, line) is not None and not test(record, line),
            _everything,
        )

    def _comparison(self, left: Operand, sign: str, right: Operand) -> Test:
        compare = _SIGNS[sign]
        one = self._operand(left)
        if isinstance(right, Name):
            other = self._operand(right)
            return Test(_compared(compare, _value(one), _value(other)), _everything)
        if isinstance(left, Literal):
            passes = compare(left.text, right.text)
            return Test(lambda _record, _line: passes, _everything)
        wanted = _literal(one, right)
        read = _value(one)

        def test(record: Record, line: Line) -> bool:
            value = read(record, line)
            return value is not None and compare(value, wanted)

        return Test(test, self._candidates(one, sign, wanted))

    def _in(self, left: Operand, values: Sequence[Literal]) -> Test:
        column = self._operand(left)
        wanted = frozenset(_literal(column, each) for each in values)
        read = _value(column)
        return Test(lambda record, line: read(record, line) in wanted, self._equal(column, wanted))

    def _like(self, left: Operand, pattern: Literal) -> Test:
        read = _value(self._operand(left))
        steps = (_WILD.get(each, re.escape(each)) for each in pattern.text)
        matches = re.compile("".join(steps), re.DOTALL).fullmatch

        def test(record: Record, line: Line) -> bool:
            value = read(record, line)
            return value is not None and matches(str(value)) is not None

        return Test(test, _everything)

    def _operand(self, operand: Operand) -> Column:
        if isinstance(operand, Name):
            return self.column(operand.text)
        text = operand.text
        return Column(Kind.TEXT, lambda _record, _line: text, lambda _record, _line: text)

    def _candidates(self, column: Column, sign: str, wanted: Any) -> _Candidates:  # noqa: ANN401 - a value of any kind
        if sign == "=":
            return self._equal(column, frozenset((wanted,)))
        low = wanted if sign in (">", ">=") else None
        high = wanted if sign in ("<", "<=") else None
        if low is None and high is None:
            return _everything
        if column.is_id:
            return lambda records: records.id_range(_whole(low), _whole(high))
        if column.kind in _TIMES and column.index is not None and column.index[0] == HEAD:
            key = column.index[1]
            return lambda records: records.between(key, low, high)
        return _everything

    def _equal(self, column: Column, wanted: frozenset[Any]) -> _Candidates:
        if column.is_id:
            return lambda records: {int(each) for each in wanted if int(each) in records.by_id}
        index = column.index
        if index is None or column.kind in (*_TIMES, Kind.NUMBER, Kind.FLAG):
            return _everything
        if not all(wanted):  # an empty value may also be a missing one
            return _everything
        entity, key = index
        if column.via is None:
            return lambda records: records.with_value(entity, key, wanted)
        named = self.records.of(column.via)

        def through(records: FormRecords) -> set[int]:
            ids = [each for number in wanted for each in named.by_number.get(number, ())]
            return records.with_value(entity, key, ids)

        return through


def _all_of(tests: Sequence[Test]) -> Test:
    passes = tuple(test.passes for test in tests)

    def candidates(records: FormRecords) -> _Ids:
        found = [each for test in tests if (each := test.candidates(records)) is not None]
        return min(found, key=len) if found else None

    def all_pass(record: Record, line: Line) -> bool:
        return all(each(record, line) for each in passes)

    return Test(all_pass, candidates)


def _any_of(tests: Sequence[Test]) -> Test:
    passes = tuple(test.passes for test in tests)

    def candidates(records: FormRecords) -> _Ids:
        found: set[int] = set()
        for test in tests:
            some = test.candidates(records)
            if some is None:
                return None
            found |= some
        return found

    def any_passes(record: Record, line: Line) -> bool:
        return any(each(record, line) for each in passes)

    return Test(any_passes, candidates)


def _value(column: Column) -> Callable[[Record, Line], Any]:
    """Return how a column's value is read for a comparison."""
    get = column.get
    if column.kind in _TIMES:
        return lambda record, line: None if (at := get(record, line)) is None else at[:19]
    if column.kind in (Kind.TEXT, Kind.NAME):
        return lambda record, line: None if (text := get(record, line)) is None else text.rstrip()
    return get


def _literal(column: Column, literal: Literal) -> Any:  # noqa: ANN401 - a value of any kind
    """Return a literal as the kind of value that its column holds."""
    text = literal.text
    try:
        if column.kind in _TIMES:
            return f"{moment_text(datetime.fromisoformat(text.strip()))[:19]}"
        if column.kind in _NUMBERS:
            return float(text)
    except ValueError as exc:
        msg = f"'{text}' 转换失败"
        raise FilterError(msg) from exc
    return true_text(text) if column.kind is Kind.FLAG else text.rstrip()


def _compared(
    compare: Callable[[Any, Any], bool],
    one: Callable[[Record, Line], Any],
    other: Callable[[Record, Line], Any],
) -> _Passes:
    def test(record: Record, line: Line) -> bool:
        left, right = one(record, line), other(record, line)
        if left is None or right is None:
            return False
        if isinstance(left, str) is not isinstance(right, str):
            left, right = str(left), str(right)
        return compare(left, right)

    return test


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _everything(_: FormRecords) -> set[int] | None:
    return None


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_WILD = {"%": ".*", "_": "."}
