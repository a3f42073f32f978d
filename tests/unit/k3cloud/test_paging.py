"""Windows, pages by key, and documents folded from rows."""

from datetime import UTC, datetime
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from anji_common.sourcing.feed import Window
from anji_k3cloud.batching import chunks, grouped, halves
from anji_k3cloud.paging import after, changed_in, fold, one_of
from anji_k3cloud.times import local_zone

DATES = ("FModifyDate", "FCreateDate", "FApproveDate")


def test_a_window_asks_for_every_date_in_local_whole_seconds() -> None:
    since = datetime(2026, 1, 5, 1, 0, 0, tzinfo=UTC)
    until = datetime(2026, 1, 5, 1, 0, 10, 500_000, tzinfo=UTC)

    condition = changed_in(Window(since, until), local_zone(8), DATES)

    low, high = "2026-01-05 09:00:00", "2026-01-05 09:00:11"
    assert condition == (
        f"((FModifyDate>='{low}' and FModifyDate<'{high}')"
        f" or (FCreateDate>='{low}' and FCreateDate<'{high}')"
        f" or (FApproveDate>='{low}' and FApproveDate<'{high}'))"
    )


def test_the_next_page_begins_behind_the_last_whole_document() -> None:
    assert after("(A)", "FID", None) == "(A)"
    assert after("(A)", "FID", "7") == "(A) and FID>7"
    assert after("", "FID", "7") == "FID>7"
    assert after("", "FID", "0a'1") == "FID>'0a''1'"
    assert one_of("FBillNo", ["'a'", "'b'"]) == "FBillNo in ('a','b')"


def test_a_form_without_dates_is_asked_for_whole() -> None:
    since = datetime(2026, 1, 5, 1, 0, 0, tzinfo=UTC)

    assert changed_in(Window(since, since), local_zone(8), ()) == ""


def test_a_page_that_is_not_full_is_the_last_and_whole() -> None:
    folded = fold([[1, "a"], [1, "b"], [2, "c"]], 4)

    assert folded.is_last
    assert folded.documents == (([1, "a"], [1, "b"]), ([2, "c"],))
    assert folded.last_id == "2"


def test_the_last_document_of_a_full_page_is_left_to_the_next() -> None:
    folded = fold([[1, "a"], [1, "b"], [2, "c"]], 3)

    assert not folded.is_last
    assert folded.documents == (([1, "a"], [1, "b"]),)
    assert folded.last_id == "1"


def test_a_document_longer_than_a_page_is_named() -> None:
    folded = fold([[1, "a"], [1, "b"]], 2)

    assert folded.cut_id == "1"
    assert folded.documents == ()


@given(st.lists(st.integers(1, 4), max_size=12), st.integers(5, 9))
def test_pages_by_key_give_every_document_once_and_whole(sizes: list[int], page: int) -> None:
    rows = [[at, n] for at, size in enumerate(sizes, 1) for n in range(size)]
    found: list[int] = []
    last = "0"
    while True:
        folded = fold(list(islice((row for row in rows if row[0] > int(last)), page)), page)
        found.extend(len(document) for document in folded.documents)
        last = folded.last_id or last
        if folded.is_last:
            break

    assert found == sizes


def test_commands_share_calls_in_the_order_they_came() -> None:
    assert grouped([("b", 1), ("a", 2), ("b", 3)]) == {"b": [1, 3], "a": [2]}
    assert list(chunks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert halves([1, 2, 3]) == ([1], [2, 3])
