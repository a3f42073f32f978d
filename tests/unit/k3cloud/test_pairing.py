"""Which row a wished row has become."""

from typing import Any

from pydantic import JsonValue

from anji_common.events.commands import Action, Push, RowWish
from anji_common.events.observed import Observed, Stamp
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_k3cloud.pairing import paired_lines
from labs.erp_lab import ORDER, new_order

ORDER_REF = Ref(System.K3CLOUD, "SAL_SaleOrder", "1")
CUSTOMER_REF = Ref(System.K3CLOUD, "BD_Customer", "2")


def observed(*rows: tuple[str, str, str | None]) -> Observed:
    """Return an order with rows of (entry id, quantity, marker)."""
    held: list[JsonValue] = [
        {"FEntryID": entry_id, "FMaterialId": "M1", "FQty": quantity, "F_ANJI_LINE": marker}
        for entry_id, quantity, marker in rows
    ]
    return Observed(ref=ORDER_REF, stamp=Stamp(modified_at=EPOCH), data={"FSaleOrderEntry": held})


def paired(wishes: list[RowWish], found: Observed, action: Action) -> Any:  # noqa: ANN401 - compared with a dictionary
    command = new_order(1, CUSTOMER_REF, {}).model_copy(
        update={"rows": {"FSaleOrderEntry": tuple(wishes)}, "action": action}
    )
    return paired_lines(command, found, ORDER).get("FSaleOrderEntry")


def wish(source_id: str, quantity: str, target_id: str | None = None) -> RowWish:
    return RowWish(source_id=source_id, target_id=target_id, values={"FQty": quantity})


def test_rows_of_a_create_are_paired_in_the_order_sent_though_rounded() -> None:
    found = observed(("11", "1.2", None), ("12", "1.2", None))

    pairs = paired([wish("a", "1.23"), wish("b", "1.24")], found, Action.CREATE)

    assert pairs == {"a": "11", "b": "12"}


def test_a_row_that_somebody_added_first_does_not_shift_the_pairs() -> None:
    found = observed(("10", "9", None), ("11", "1", None), ("12", "2", None))

    pairs = paired([wish("a", "1"), wish("b", "2")], found, Action.CREATE)

    assert pairs == {"a": "11", "b": "12"}


def test_a_known_row_keeps_its_id_and_an_added_one_is_found_by_content() -> None:
    found = observed(("11", "5", None), ("12", "2", None), ("13", "7", None))

    pairs = paired([wish("a", "5", "11"), wish("c", "7")], found, Action.UPDATE)

    assert pairs == {"a": "11", "c": "13"}


def test_an_added_row_that_came_back_otherwise_is_the_last_one() -> None:
    found = observed(("11", "5", None), ("12", "2", None), ("13", "7.1", None))

    pairs = paired([wish("c", "7.12")], found, Action.UPDATE)

    assert pairs == {"c": "13"}


def test_a_row_that_is_gone_is_not_paired() -> None:
    assert paired([wish("a", "5", "11")], observed(), Action.UPDATE) == {}


def marked(source_id: str, quantity: str, target_id: str | None = None) -> RowWish:
    values: dict[str, JsonValue] = {"FQty": quantity, "F_ANJI_LINE": source_id}
    return RowWish(source_id=source_id, target_id=target_id, values=values)


def test_rows_numbered_anew_are_known_by_their_marks_though_they_look_like_each_other() -> None:
    found = observed(("21", "2", "b"), ("22", "1", "a"), ("23", "1", "z"))

    pairs = paired([wish("a", "2", "11"), wish("b", "1", "12")], found, Action.UPDATE)

    assert pairs == {"a": "22", "b": "21"}


def test_a_mark_counts_more_than_the_number_that_another_row_has_got() -> None:
    found = observed(("12", "1", "a"), ("11", "2", "b"))

    pairs = paired([wish("a", "1", "11"), wish("b", "2", "12")], found, Action.UPDATE)

    assert pairs == {"a": "12", "b": "11"}


def test_of_two_rows_with_one_mark_the_known_one_is_meant_then_the_one_that_is_alike() -> None:
    copied = observed(("10", "1", "a"), ("11", "5", "a"), ("12", "7", "c"), ("13", "8", "c"))

    pairs = paired([wish("a", "1", "11"), marked("c", "8")], copied, Action.UPDATE)

    assert pairs == {"a": "11", "c": "13"}


def test_a_row_with_another_lines_mark_is_no_guess() -> None:
    found = observed(("12", "5", "b"))

    assert paired([wish("a", "5", "11")], found, Action.UPDATE) == {}


def test_a_create_that_somebody_edited_since_is_paired_by_its_marks() -> None:
    found = observed(("11", "2", "b"), ("12", "1", "a"))

    pairs = paired([marked("a", "2"), marked("b", "2")], found, Action.CREATE)

    assert pairs == {"a": "12", "b": "11"}


def pushed(wishes: list[RowWish], *rows: tuple[str, str, str]) -> Any:  # noqa: ANN401 - compared with a dictionary
    """Pair wishes with converted rows of (entry id, material, quantity)."""
    held: list[JsonValue] = [
        {"FEntryID": entry_id, "FMaterialId": material, "FQty": quantity, "F_ANJI_LINE": None}
        for entry_id, material, quantity in rows
    ]
    found = Observed(ref=ORDER_REF, stamp=Stamp(modified_at=EPOCH), data={"FSaleOrderEntry": held})
    command = new_order(1, CUSTOMER_REF, {}).model_copy(
        update={
            "rows": {"FSaleOrderEntry": tuple(wishes)},
            "push": Push(source=ORDER_REF, source_number="X"),
        }
    )
    return paired_lines(command, found, ORDER)["FSaleOrderEntry"]


def part(source_id: str, material: str, quantity: str) -> RowWish:
    values: dict[str, JsonValue] = {"FMaterialId": material, "FQty": quantity, "F_ANJI_LINE": "x"}
    return RowWish(source_id=source_id, values=values)


def test_a_pushed_row_is_the_one_of_the_same_material_whatever_its_quantity() -> None:
    pairs = pushed(
        [part("b", "M2", "1"), part("a", "M1", "1")], ("1", "M1", "5"), ("2", "M2", "5")
    )

    assert pairs == {"b": "2", "a": "1"}


def test_of_two_pushed_rows_of_one_material_the_more_alike_is_taken_then_the_first() -> None:
    rows = ("1", "M1", "5"), ("2", "M1", "7"), ("3", "M1", "9")

    pairs = pushed([part("a", "M1", "7"), part("b", "M1", "1"), part("c", "M1", "1")], *rows)

    assert pairs == {"a": "2", "b": "1", "c": "3"}


def test_a_wish_of_a_material_that_was_not_converted_is_no_row() -> None:
    assert pushed([part("a", "M3", "5")], ("1", "M1", "5")) == {}
