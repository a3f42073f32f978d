"""Which look-ups share a query, which lines stand for which."""

from hypothesis import given
from hypothesis import strategies as st

from anji_common.events.commands import RowWish
from anji_common.interest import FieldInterest, LinesInterest
from anji_fxiaoke.batching import paired_lines, questions
from labs.fxiaoke_lab import new_account, new_note

LINES = LinesInterest(
    "lines", "_id", (FieldInterest("qty"), FieldInterest("mark")), marker_field="mark"
)


def test_look_ups_of_the_same_fields_share_a_query() -> None:
    creates = [new_account(1), new_account(2), new_note(1, {}), new_account(3)]

    found = questions(creates, 0, {0, 1, 2, 3}, 100, own_only=False)

    assert [(each.object_name, [index for index, _ in each.asked]) for each in found] == [
        ("AccountObj", [0, 1, 3]),
        ("DeliveryNoteObj", [2]),
    ]


def test_no_query_asks_for_more_than_it_may() -> None:
    creates = [new_account(n) for n in range(7)]

    found = questions(creates, 0, set(range(7)), 3, own_only=False)

    assert [len(each.asked) for each in found] == [3, 3, 1]


def test_what_was_found_already_is_not_asked_again() -> None:
    creates = [new_account(1), new_account(2)]

    (found,) = questions(creates, 1, {1}, 100, own_only=False)

    assert [index for index, _ in found.asked] == [1]
    assert questions(creates, 1, {1}, 100, own_only=True) == []
    assert questions(creates, 2, {0, 1}, 100, own_only=False) == []


def test_lines_that_look_alike_are_paired_in_the_order_sent() -> None:
    wishes = [wish("1", qty="2"), wish("2", qty="2"), wish("3", qty="7")]
    rows = [{"_id": "a", "qty": "7"}, {"_id": "b", "qty": "2"}, {"_id": "c", "qty": "2"}]

    assert paired_lines(wishes, rows, LINES) == {"1": "b", "2": "c", "3": "a"}


def test_a_line_that_the_crm_rewrote_is_paired_by_what_is_left() -> None:
    wishes = [wish("1", qty="2.004"), wish("2", qty="3")]
    rows = [{"_id": "a", "qty": "2"}, {"_id": "b", "qty": "3"}]

    assert paired_lines(wishes, rows, LINES) == {"1": "a", "2": "b"}


def test_a_line_is_known_by_its_mark_though_another_one_says_what_it_was_to_say() -> None:
    wishes = [wish("1", qty="2", mark="1"), wish("2", qty="3", mark="2")]
    rows = [
        {"_id": "a", "qty": "2", "mark": "2"},
        {"_id": "b", "qty": "3", "mark": "1"},
        {"_id": "c", "qty": "2"},
    ]

    assert paired_lines(wishes, rows, LINES) == {"1": "b", "2": "a"}


def test_nothing_is_paired_while_lines_are_missing() -> None:
    assert paired_lines([wish("1", qty="2"), wish("2", qty="3")], [{"_id": "a"}], LINES) == {}


@given(st.permutations(range(6)), st.lists(st.sampled_from("12"), min_size=6, max_size=6))
def test_every_wish_gets_a_line_of_its_own(order: list[int], quantities: list[str]) -> None:
    wishes = [wish(str(n), qty=quantities[n]) for n in range(6)]
    rows = [{"_id": f"r{n}", "qty": quantities[n]} for n in order]

    paired = paired_lines(wishes, rows, LINES)

    held = {row["_id"]: row["qty"] for row in rows}
    assert sorted(paired.values()) == sorted(held)
    assert all(held[paired[str(n)]] == quantities[n] for n in range(6))


def wish(source_id: str, **values: str) -> RowWish:
    return RowWish(source_id=source_id, values=dict(values))
