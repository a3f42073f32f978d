"""The CRM's values ↔ our normal form."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.errors import UndecodableError
from anji_common.interest import FieldInterest, FieldKind, LinesInterest, ObjectInterest
from anji_fxiaoke.normalise import document, head_fields, line_fields, normal, spelt

LINES = LinesInterest(
    "SalesOrderProductObj", "_id", (FieldInterest("quantity", FieldKind.DECIMAL),), "order_id"
)
ORDER = ObjectInterest("SalesOrderObj", "_id", "name", (FieldInterest("remark"),), (LINES,))


def of(kind: FieldKind, refers_to: str | None = None) -> FieldInterest:
    return FieldInterest("f", kind, refers_to)


@pytest.mark.parametrize(
    ("kind", "told", "held"),
    [
        (FieldKind.TEXT, "甲 乙", "甲 乙"),
        (FieldKind.TEXT, 12, "12"),
        (FieldKind.DECIMAL, "12.50", "12.5"),
        (FieldKind.DECIMAL, "1200", "1200"),
        (FieldKind.DECIMAL, "-0.00", "0"),
        (FieldKind.DECIMAL, 1e-7, "0.0000001"),
        (FieldKind.DECIMAL, 3, "3"),
        (FieldKind.BOOLEAN, True, True),
        (FieldKind.BOOLEAN, "false", False),
        (FieldKind.DATE, 1_767_628_800_000, "2026-01-06"),
        (FieldKind.DATE, 1_767_628_799_999, "2026-01-05"),
        (FieldKind.TIME, 1_767_577_892_720, "2026-01-05T01:51:32.720000Z"),
        (FieldKind.CHOICE, "option1", "option1"),
        (FieldKind.CHOICE, ["1", "2"], ["1", "2"]),
        (FieldKind.EMPLOYEE, ["FSUID_A", "FSUID_B"], "FSUID_A"),
        (FieldKind.EMPLOYEE, "FSUID_A", "FSUID_A"),
    ],
)
def test_a_told_value_has_one_normal_form(kind: FieldKind, told: object, held: object) -> None:
    assert normal(of(kind), told) == held


@pytest.mark.parametrize("kind", list(FieldKind))
@pytest.mark.parametrize("blank", [None, "", " ", []], ids=["null", "empty", "space", "list"])
def test_blank_is_null_in_every_kind(kind: FieldKind, blank: object) -> None:
    assert normal(of(kind), blank) is None
    assert spelt(of(kind), None) is None


def test_a_reference_becomes_the_text_of_a_ref() -> None:
    field = of(FieldKind.REFERENCE, "AccountObj")

    assert normal(field, "65f0") == "fxiaoke/AccountObj/65f0"
    assert spelt(field, "fxiaoke/AccountObj/65f0") == "65f0"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (FieldKind.DECIMAL, "many"),
        (FieldKind.DECIMAL, "NaN"),
        (FieldKind.DECIMAL, True),
        (FieldKind.BOOLEAN, "perhaps"),
        (FieldKind.DATE, "tomorrow"),
        (FieldKind.TIME, True),
        (FieldKind.TEXT, {"a": 1}),
        (FieldKind.TIME, 1_700_000_000_000_000),  # microseconds
        (FieldKind.TIME, 10**17),
        (FieldKind.DATE, 253_402_300_799_000),  # the last second of UTC is year 10000 in Beijing
    ],
)
def test_a_value_of_another_kind_is_undecodable(kind: FieldKind, told: object) -> None:
    with pytest.raises(UndecodableError):
        normal(of(kind), told)


@pytest.mark.parametrize("wished", ["soon", "2026-02-30", "2026-01-05T00:00:00Z"])
def test_a_wish_that_is_no_day_is_undecodable(wished: str) -> None:
    with pytest.raises(UndecodableError):
        spelt(of(FieldKind.DATE), wished)


@given(
    st.one_of(
        st.tuples(
            st.just(FieldKind.DECIMAL), st.decimals(allow_nan=False, allow_infinity=False).map(str)
        ),
        st.tuples(st.sampled_from([FieldKind.TIME, FieldKind.DATE]), st.integers(0, 4 * 10**12)),
        st.tuples(st.just(FieldKind.BOOLEAN), st.booleans()),
        st.tuples(st.just(FieldKind.TEXT), st.text()),
        st.tuples(st.just(FieldKind.EMPLOYEE), st.lists(st.text(min_size=1), max_size=1)),
    )
)
def test_what_was_spelt_from_normal_form_reads_back_the_same(case: tuple[FieldKind, Any]) -> None:
    kind, told = case
    held = normal(of(kind), told)

    assert normal(of(kind), spelt(of(kind), held)) == held


def test_lines_stand_in_the_order_of_their_ids_and_voided_ones_are_left_out() -> None:
    lines = [
        line("c", "3"),
        line("a", "1"),
        {**line("b", "2"), "life_status": "invalid"},
    ]

    found = document(ORDER, head(1000), {LINES.path: lines}, "FSUID_US")

    assert found.data[LINES.path] == [{"_id": "a", "quantity": "1"}, {"_id": "c", "quantity": "3"}]


def test_a_documents_time_and_author_are_those_of_its_newest_part() -> None:
    lines = [{**line("a", "1"), "last_modified_time": 3000, "last_modified_by": ["FSUID_US"]}]

    found = document(ORDER, head(2000), {LINES.path: lines}, "FSUID_US")

    assert found.stamp.modified_at.timestamp() == 3.0
    assert found.stamp.by_anji


def test_a_record_without_a_time_is_undecodable() -> None:
    with pytest.raises(UndecodableError, match="last_modified_time"):
        document(ORDER, {"_id": "1"}, {}, "FSUID_US")


def test_what_is_asked_for_is_what_is_needed_once() -> None:
    assert len(set(head_fields(ORDER))) == len(head_fields(ORDER))
    assert {"_id", "name", "remark", "create_time", "version"} <= set(head_fields(ORDER))
    assert {"_id", "order_id", "quantity", "life_status"} <= set(line_fields(LINES))


def head(modified_ms: int) -> dict[str, Any]:
    return {"_id": "1", "last_modified_time": modified_ms, "last_modified_by": ["FSUID_P"]}


def line(line_id: str, quantity: str) -> dict[str, Any]:
    return {"_id": line_id, "quantity": quantity, "last_modified_time": 1}
