"""Values: out of the vendor's spelling, into it, and back."""

import string
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from anji_common.errors import MappingError, UndecodableError
from anji_common.events.envelope import timed
from anji_common.interest import FieldInterest, FieldKind
from anji_k3cloud.normalise import filter_operand, is_masked, normal_value, query_key, vendor_value
from anji_k3cloud.times import local_literal, local_zone, time_of, whole_second_after

ZONE = local_zone(8)
CUSTOMER = "k3cloud/BD_Customer/100201"


def field(kind: FieldKind, path: str = "FX", number_key: str = "FNumber") -> FieldInterest:
    return FieldInterest(path, kind, "BD_Customer", number_key)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (FieldKind.TEXT, "示例", "示例"),
        (FieldKind.TEXT, "示例  ", "示例"),
        (FieldKind.TEXT, " 示例\t", " 示例\t"),
        (FieldKind.TEXT, " ", None),
        (FieldKind.TEXT, "", None),
        (FieldKind.TEXT, None, None),
        (FieldKind.TEXT, Decimal("2.0"), "2"),
        (FieldKind.TEXT, Decimal("1E+3"), "1000"),
        (FieldKind.TEXT, 100201, "100201"),
        (FieldKind.TEXT, [{"Key": 2052, "Value": "示例"}, {"Key": 1033, "Value": "Ex"}], "示例"),
        (FieldKind.TEXT, [{"Key": 2052, "Value": " "}, {"Key": 1033, "Value": ""}], None),
        (FieldKind.TEXT, [], None),
        (FieldKind.CHOICE, "A", "A"),
        (FieldKind.CHOICE, 1, "1"),
        (FieldKind.DECIMAL, Decimal("2.0"), "2"),
        (FieldKind.DECIMAL, Decimal("12.50"), "12.5"),
        (FieldKind.DECIMAL, Decimal("1E+3"), "1000"),
        (FieldKind.DECIMAL, 0, "0"),
        (FieldKind.DECIMAL, Decimal("-0.00"), "0"),
        (FieldKind.BOOLEAN, True, True),
        (FieldKind.BOOLEAN, False, False),
        (FieldKind.BOOLEAN, "true", True),
        (FieldKind.BOOLEAN, "0", False),
        (FieldKind.DATE, "2026-01-05T00:00:00", "2026-01-05"),
        (FieldKind.DATE, "0001-01-01T00:00:00", None),
        (FieldKind.DATE, "1900-01-01T00:00:00", None),
        (FieldKind.TIME, "2026-01-05T10:11:12.72", "2026-01-05T02:11:12.720000Z"),
        (FieldKind.TIME, None, None),
        (FieldKind.REFERENCE, 100201, CUSTOMER),
        (FieldKind.REFERENCE, 0, None),
        (FieldKind.EMPLOYEE, 0, None),
        (FieldKind.EMPLOYEE, 7, "7"),
        (FieldKind.NUMBER, "PRE001", "PRE001"),
        (FieldKind.NUMBER, None, None),
    ],
)
def test_a_cell_in_normal_form(kind: FieldKind, raw: object, value: JsonValue) -> None:
    assert normal_value(field(kind), raw, ZONE) == value


def test_a_masked_value_is_told_from_a_blank_and_from_others() -> None:
    assert is_masked("***")
    assert not any(map(is_masked, ("", " ", None, 0, "**", Decimal(1))))


@pytest.mark.parametrize("kind", [FieldKind.DECIMAL, FieldKind.DATE, FieldKind.TIME])
def test_what_is_no_value_of_its_kind_cannot_be_read(kind: FieldKind) -> None:
    with pytest.raises(UndecodableError):
        normal_value(field(kind), "nonsense", ZONE)


@pytest.mark.parametrize(
    ("kind", "value", "spelled"),
    [
        (FieldKind.TEXT, "示例", "示例"),
        (FieldKind.TEXT, None, ""),
        (FieldKind.DECIMAL, "2", 2),
        (FieldKind.DECIMAL, "12.5", 12.5),
        (FieldKind.DECIMAL, "12345678901234567.89", "12345678901234567.89"),
        (FieldKind.DECIMAL, None, 0),
        (FieldKind.BOOLEAN, True, "true"),
        (FieldKind.BOOLEAN, False, "false"),
        (FieldKind.BOOLEAN, None, "false"),
        (FieldKind.DATE, "2026-01-05", "2026-01-05"),
        (FieldKind.DATE, None, None),
        (FieldKind.TIME, "2026-01-05T02:11:12.72Z", "2026-01-05T10:11:12.72"),
        (FieldKind.REFERENCE, CUSTOMER, {"FNumber": "C1"}),
        (FieldKind.REFERENCE, None, {"FNumber": ""}),
        (FieldKind.NUMBER, "PRE001", {"FNumber": "PRE001"}),
    ],
)
def test_a_value_as_a_packet_spells_it(
    kind: FieldKind, value: JsonValue, spelled: JsonValue
) -> None:
    assert vendor_value(field(kind), value, {CUSTOMER: "C1"}, ZONE) == spelled


def test_a_reference_without_a_number_says_which() -> None:
    with pytest.raises(MappingError, match="BD_Customer/100201"):
        vendor_value(field(FieldKind.REFERENCE), CUSTOMER, {}, ZONE)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldKind.DECIMAL, "nonsense"),
        (FieldKind.DECIMAL, "NaN"),
        (FieldKind.DECIMAL, "-Infinity"),
        (FieldKind.TIME, "nonsense"),
        (FieldKind.TIME, "9999-12-31T23:59:59Z"),  # year 10000 in Beijing
    ],
)
def test_a_value_of_another_kind_cannot_be_spelled(kind: FieldKind, value: str) -> None:
    with pytest.raises(MappingError):
        vendor_value(field(kind), value, {}, ZONE)


def test_a_sub_heads_field_is_queried_by_its_own_key() -> None:
    sub_head = field(FieldKind.NUMBER, "FSaleOrderFinance.FSettleCurrId")

    assert query_key(sub_head) == "FSettleCurrId.FNumber"
    assert query_key(field(FieldKind.NUMBER, "FBillTypeID", "FNUMBER")) == "FBillTypeID.FNumber"
    assert query_key(field(FieldKind.NUMBER, "FLogComId", "FCODE")) == "FLogComId.FCODE"
    assert query_key(field(FieldKind.REFERENCE, "FCustId")) == "FCustId"


def test_a_filters_literal_cannot_break_out_of_its_quotes() -> None:
    assert filter_operand(field(FieldKind.TEXT), "O'Neil' or '1'='1", ZONE) == (
        "FX",
        "'O''Neil'' or ''1''=''1'",
    )


def test_a_reference_is_found_by_its_id_and_a_number_by_its_number() -> None:
    assert filter_operand(field(FieldKind.REFERENCE), CUSTOMER, ZONE) == ("FX", "'100201'")
    assert filter_operand(field(FieldKind.NUMBER), "C1", ZONE) == ("FX.FNumber", "'C1'")


def test_nothing_is_found_by_a_blank() -> None:
    with pytest.raises(MappingError):
        filter_operand(field(FieldKind.TEXT), None, ZONE)


@given(st.decimals(-(10**12), 10**12, places=6))
def test_a_decimal_that_is_filled_in_is_read_back(number: Decimal) -> None:
    value = normal_value(field(FieldKind.DECIMAL), number, ZONE)

    spelled = vendor_value(field(FieldKind.DECIMAL), value, {}, ZONE)

    assert normal_value(field(FieldKind.DECIMAL), spelled, ZONE) == value
    assert Decimal(str(value)) == number


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.sampled_from([-5.0, 0.0, 8.0]))  # noqa: DTZ001 - Hypothesis takes naive bounds
def test_a_time_that_is_filled_in_is_read_back(moment: datetime, offset_hours: float) -> None:
    zone = local_zone(offset_hours)
    at = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)

    spelled = vendor_value(field(FieldKind.TIME), timed(at), {}, zone)

    assert time_of(spelled, zone) == at


@given(st.text(alphabet=string.printable, min_size=1).filter(str.strip))
def test_a_text_that_is_filled_in_is_read_back_without_blanks_at_its_end(text: str) -> None:
    spelled = vendor_value(field(FieldKind.TEXT), text, {}, ZONE)

    assert normal_value(field(FieldKind.TEXT), spelled, ZONE) == text.rstrip(" ")


def test_a_filter_has_whole_seconds_of_local_time() -> None:
    at = datetime(2026, 1, 5, 2, 11, 12, 720_000, tzinfo=UTC)

    assert local_literal(at, ZONE) == "2026-01-05 10:11:12"
    assert whole_second_after(at) == at.replace(microsecond=0) + timedelta(seconds=1)
    assert whole_second_after(at.replace(microsecond=0)) == at.replace(microsecond=0)
