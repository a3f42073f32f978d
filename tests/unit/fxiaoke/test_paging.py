"""Pages by key, marks of versions, sums of lines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.sourcing.feed import Window
from anji_fxiaoke.paging import (
    Mark,
    after,
    chunks,
    is_early,
    mark_of,
    stood_still,
    sums_differ,
    within,
)
from anji_fxiaoke.wire import Filter, Rows

AT = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_window_includes_its_beginning_and_not_its_end() -> None:
    assert within(Window(AT, AT + timedelta(milliseconds=1))) == (
        Filter("last_modified_time", "GTE", ("1767571200000",)),
        Filter("last_modified_time", "LT", ("1767571200001",)),
    )


def test_a_full_page_is_followed_by_what_is_after_its_last_key() -> None:
    page = Rows(({"_id": "a"}, {"_id": "b"}), 2)

    assert after(page, 2) == Filter("_id", "GT", ("b",))
    assert after(page, 3) is None
    assert after(Rows((), 0), 2) is None


def test_a_page_that_was_full_with_a_double_is_followed_by_another() -> None:
    assert after(Rows(({"_id": "a"},), 2), 2) == Filter("_id", "GT", ("a",))


@given(st.lists(st.integers()), st.integers(1, 7))
def test_chunks_are_all_items_in_order_and_none_too_long(items: list[int], size: int) -> None:
    found = list(chunks(items, size))

    assert [each for chunk in found for each in chunk] == items
    assert all(0 < len(chunk) <= size for chunk in found)


def test_a_mark_reads_back_what_it_stands_for() -> None:
    mark = mark_of(record(5, "2"), [record(4, "1", "x"), record(6, "3", "y")])

    assert Mark.parse(str(mark)) == mark


def test_a_mark_knows_its_head_and_every_line_up_to_its_newest() -> None:
    mark = mark_of(record(5, "2"), [record(6, "3", "y")])

    assert mark.has_head(record(5, "2"))
    assert not mark.has_head(record(5, "3"))
    assert mark.has_line(record(6, "3", "y"))
    assert mark.has_line(record(4, "9", "z"))
    assert not mark.has_line(record(7, "1", "x"))
    assert not mark.has_line(record(6, "4", "y"))


@pytest.mark.parametrize(
    ("head", "rows", "differ"),
    [
        ({"order_amount": "3"}, ["1", "2"], False),
        ({"order_amount": "3.00"}, ["1", "2.0"], False),
        ({"order_amount": "4"}, ["1", "2"], True),
        ({"order_amount": "3"}, [], True),
        ({"order_amount": "0"}, [], False),
        ({}, ["1"], False),
        ({"product_amount": "3", "order_amount": "2"}, ["1", "2"], False),
        ({"order_amount": "?"}, ["1"], False),
    ],
)
def test_sums_are_compared_where_both_are_told(
    head: dict[str, str], rows: list[str], *, differ: bool
) -> None:
    lines = {"SalesOrderProductObj": [{"subtotal": each} for each in rows]}

    assert sums_differ("SalesOrderObj", head, lines) is differ


def test_lines_without_amounts_tell_nothing() -> None:
    lines = {"SalesOrderProductObj": [{"_id": "1"}]}

    assert not sums_differ("SalesOrderObj", {"order_amount": "3"}, lines)
    assert not sums_differ("AccountObj", {"order_amount": "3"}, {})


def record(modified_ms: int, version: str, record_id: str = "1") -> dict[str, Any]:
    return {"_id": record_id, "last_modified_time": modified_ms, "version": version}


@pytest.mark.parametrize("told", [None, "", "yesterday", {}, [], -5, 1.5])
def test_a_time_that_is_none_makes_a_mark_all_the_same(told: object) -> None:
    head = {"_id": "1", "last_modified_time": told, "version": "a|b"}

    mark = mark_of(head, ())

    assert Mark.parse(str(mark)) == mark
    assert mark.head_ms == 0


@pytest.mark.parametrize(
    ("moved_ms", "newest_line_ms", "stood"),
    [(1_000, 1_000, True), (1_000, 999, False), (999, 1_000, True), (7_999, 0, True)],
)
def test_a_head_stood_still_if_it_moved_before_its_lines_did_or_well_before_they_were_read(
    moved_ms: int,
    newest_line_ms: int,
    stood: object,
) -> None:
    head = {"_id": "1", "last_modified_time": moved_ms}
    lines = {"L": [{"_id": "2", "last_modified_time": newest_line_ms}]}
    read_at = 10_000 if newest_line_ms == 0 else 1_500

    assert stood_still(head, lines, read_at) is stood


@pytest.mark.parametrize(
    ("head_ms", "line_ms", "early"),
    [
        (9_101, 1, True),
        (9_099, 1, False),
        (1, 9_101, True),
        (8_101, 8_999, False),
        (9_000, 1, True),  # a whole second, cut: it may have been 9,999
        (8_000, 1, False),
        (10_300, 1, True),  # it moved while it was read
        (12_301, 1, False),  # a clock that jumped: nothing to wait for
    ],
)
def test_a_document_is_early_as_long_as_lines_that_moved_with_it_may_not_show(
    head_ms: int,
    line_ms: int,
    early: object,
) -> None:
    head = {"_id": "1", "last_modified_time": head_ms}
    lines = {"L": [{"_id": "2", "last_modified_time": line_ms}]}

    assert is_early(head, lines, 900, (10_000, 10_300)) is early
