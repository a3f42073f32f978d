"""The law of lenses, for every one of them; and what they say when they cannot keep it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from anji_common.errors import AwaitedError, ConfigurationError, MappingError
from anji_common.refs import System
from anji_mapper.mapping import combining, lenses, referring
from anji_mapper.mapping.combining import Chosen, Computed, PartOfText
from anji_mapper.mapping.lenses import (
    Boolean,
    Constant,
    Day,
    Region,
    Same,
    Scaled,
    Text,
    ValueMap,
)
from anji_mapper.mapping.model import Around, Lens, Row
from anji_mapper.mapping.referring import (
    Employee,
    LineReference,
    Reference,
    ReferenceByNumber,
    Shared,
)
from labs.crosswalk import Crosswalk

CUSTOMER, CLIENT = "fxiaoke/AccountObj/a1", "k3cloud/BD_Customer/100201"
ORDER, BILL = "fxiaoke/SalesOrderObj/o1", "k3cloud/SAL_SaleOrder/100101"
LINE = "fxiaoke/SalesOrderProductObj/l1"
PERSON, OPERATOR = "fxiaoke/PersonnelObj/p1", "k3cloud/BD_OPERATOR/100901"
CENT = Decimal("0.01")


def crosswalk() -> Crosswalk:
    """Return one where a customer and an order are linked."""
    known = Crosswalk()
    known.link(CUSTOMER, CLIENT, number="CUST0001")
    known.link(PERSON, OPERATOR, number="0001_GW000001_1")
    person = known.row(PERSON)
    assert person is not None
    known.put(person.model_copy(update={"business_number": "1001"}))
    known.link(ORDER, BILL, number="DD-1", lines={"l1": "100301"}, shared={"owner": "1001"})
    return known


def around(references: Crosswalk | None = None, head: Row | None = None) -> Around:
    """Return what stands around a value: one crosswalk and, perhaps, a head."""
    return Around(crosswalk() if references is None else references, head=head or {})


def unchanged(value: JsonValue) -> JsonValue:
    """Return what comes back where nothing may be lost."""
    return value


def no_fields(_value: JsonValue) -> Row:
    """Return what stands around a value whose lens looks at it alone."""
    return {}


@dataclass(frozen=True)
class Case:
    """A lens and CRM values that it must bring back, up to its declared tolerance."""

    lens: Lens
    values: st.SearchStrategy[Any]
    comes_back: Callable[[JsonValue], JsonValue] = unchanged
    crm_head: Callable[[JsonValue], Row] = no_fields
    """What stands around the value when it leaves."""
    erp_head: Callable[[JsonValue], Row] = no_fields
    """What the ERP holds then."""

    def brought_back(self, value: JsonValue) -> JsonValue:
        """Return what comes back of a value that went to the ERP."""
        sent = self.lens.crm_to_erp(value, around(head=self.crm_head(value)))
        return self.lens.erp_to_crm(sent, around(head=self.erp_head(value)))


def start_of_day(value: JsonValue) -> JsonValue:
    """Return the first moment of the Beijing day that an instant is in."""
    if value is None:
        return None
    local = datetime.fromisoformat(str(value)) + timedelta(hours=8)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=8)
    return start.isoformat().replace("+00:00", "Z")


def first_ten(value: JsonValue) -> JsonValue:
    """Return what `Text(limit=10)` declares to keep."""
    return None if value is None else str(value).strip()[:10].rstrip() or None


def in_normal_form(number: Decimal) -> str:
    """Return a decimal as normal form writes it."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def split(place: int) -> PartOfText:
    """Return the lens of one half of an address."""
    return PartOfText(System.FXIAOKE, "/", ("FPROVINCE", "FCITY"), place)


def split_in_the_erp(value: JsonValue) -> Row:
    """Return an ERP head that holds both halves of an address."""
    return {
        path: split(place).crm_to_erp(value, around()) for place, path in enumerate(split(0).parts)
    }


def trimmed_parts(value: JsonValue) -> JsonValue:
    """Return an address as `PartOfText` declares to keep it."""
    first, _, rest = str(value or "").partition("/")
    return (f"{first.strip()}/{rest.strip()}" if rest.strip() else first.strip()) or None


texts = st.text("ab /中", min_size=1) | st.text()
part_texts = st.text("ab 中", min_size=1).filter(lambda part: part == part.strip())
amounts = st.decimals(-(10**9), 10**9, places=2, allow_nan=False).map(in_normal_form)
times = st.integers(0, 7 * 10**12).map(
    lambda ms: datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")
)
CURRENCIES = {"CNY": "PRE001", "HKD": "PRE002", "EUR": "PRE003"}

CASES: dict[str, Case] = {
    "same": Case(Same(), st.text(min_size=1)),
    "value map": Case(ValueMap(CURRENCIES), st.sampled_from(sorted(CURRENCIES))),
    "region": Case(
        Region((("110000", "北京", "CN-BJ"), ("310000", "上海", "CN-SH"), ("HK", "HK", "HK"))),
        st.sampled_from(["110000", "北京", "310000", "HK"]),
        comes_back=lambda value: "110000" if value == "北京" else value,
    ),
    "employee": Case(Employee("PersonnelObj", "BD_OPERATOR"), st.just("1001")),
    "boolean": Case(Boolean("B", "A"), st.booleans()),
    "yuan": Case(Scaled(Decimal(1), CENT, CENT), amounts),
    "yuan to fen": Case(Scaled(Decimal(100), CENT, Decimal(1)), amounts),
    "yuan to ten thousand yuan": Case(Scaled(Decimal("1e-4"), CENT, Decimal("1e-6")), amounts),
    "dozens to pieces": Case(Scaled(Decimal(12), CENT, Decimal("0.1")), amounts),
    "text": Case(Text(limit=10), st.text(), comes_back=first_ten),
    "text as it is": Case(Text(), st.text("ab 中", min_size=1).filter(lambda x: x == x.strip())),
    "day": Case(Day(), times, comes_back=start_of_day),
    "reference": Case(Reference(), st.just(CUSTOMER)),
    "reference by number": Case(ReferenceByNumber("SAL_SaleOrder"), st.just(ORDER)),
    "line reference": Case(
        LineReference("SAL_SaleOrder", "FOrderNo", "SalesOrderProductObj", "sales_order_id"),
        st.just(LINE),
        crm_head=lambda _: {"sales_order_id": ORDER},
        erp_head=lambda _: {"FOrderNo": "DD-1"},
    ),
    "first part of a text": Case(
        split(0), texts, comes_back=trimmed_parts, erp_head=split_in_the_erp
    ),
    "last part of a text": Case(
        split(1), texts, comes_back=trimmed_parts, erp_head=split_in_the_erp
    ),
    "first of two that make a text": Case(
        PartOfText(System.K3CLOUD, "/", ("province", "city"), 0),
        part_texts,
        crm_head=lambda value: {"province": value, "city": "Pudong"},
    ),
    "last of two that make a text": Case(
        PartOfText(System.K3CLOUD, "/", ("province", "city"), 1),
        part_texts,
        crm_head=lambda value: {"province": None, "city": value},
    ),
}
ONE_WAY = {Chosen, Computed, Constant, Shared}


def test_every_lens_has_a_case() -> None:
    tested = {type(case.lens) for case in CASES.values()} | ONE_WAY

    families = (combining, lenses, referring)
    assert {lens.__name__ for lens in tested} == {
        name for each in families for name in each.__all__
    }


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_what_went_to_the_erp_and_comes_back_is_what_left(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    value = data.draw(st.none() | case.values)

    assert case.brought_back(value) == case.comes_back(value)


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_what_came_back_once_comes_back_for_ever(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    value = case.comes_back(data.draw(case.values))

    assert case.brought_back(value) == value


def test_an_option_without_a_counterpart_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(MappingError, match="known are CNY, EUR, HKD"):
        ValueMap(CURRENCIES).crm_to_erp("USD", around())


def test_an_option_without_a_counterpart_takes_the_default_where_there_is_one() -> None:
    lens = ValueMap(CURRENCIES, crm_default="CNY", erp_default="PRE001")

    assert lens.crm_to_erp("USD", around()) == "PRE001"
    assert lens.erp_to_crm("PRE009", around()) == "CNY"


def test_two_options_with_one_counterpart_are_no_lens() -> None:
    with pytest.raises(ConfigurationError, match="two CRM values map to A"):
        ValueMap({"1": "A", "2": "A"})


@pytest.mark.parametrize(
    "twice", [("1", "x", "C"), ("3", "a", "C"), ("a", None, "C"), ("3", "x", "A")]
)
def test_regions_that_could_not_be_told_apart_are_no_lens(
    twice: tuple[str, str | None, str],
) -> None:
    with pytest.raises(ConfigurationError, match="could not be told apart"):
        Region((("1", "a", "A"), ("2", "b", "B"), twice))


def test_a_region_that_no_row_names_is_refused() -> None:
    with pytest.raises(MappingError, match="known are 1, a"):
        Region((("1", "a", "A"),)).crm_to_erp("2", around())


def test_an_employee_who_is_not_linked_yet_is_awaited_by_number() -> None:
    with pytest.raises(AwaitedError) as awaited:
        Employee("PersonnelObj", "BD_OPERATOR").crm_to_erp("1009", around())

    assert awaited.value.token == "number:fxiaoke/PersonnelObj/1009"


def test_true_and_false_with_one_counterpart_are_no_lens() -> None:
    with pytest.raises(ConfigurationError, match="true and false"):
        Boolean("A", "A")


def test_a_text_that_is_neither_of_the_two_is_no_boolean() -> None:
    with pytest.raises(MappingError, match="is none of A, B"):
        Boolean("B", "A").erp_to_crm("C", around())
    with pytest.raises(MappingError, match="neither true nor false"):
        Boolean("B", "A").crm_to_erp("true", around())


def test_a_step_too_coarse_to_be_read_back_is_no_lens() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot tell 0.01 in the CRM apart"):
        Scaled(Decimal(1), CENT, Decimal("0.1"))


def test_a_factor_of_zero_is_no_lens() -> None:
    with pytest.raises(ConfigurationError, match="above zero"):
        Scaled(Decimal(0), CENT, CENT)


@pytest.mark.parametrize("value", ["twelve", "NaN"])
def test_what_is_no_number_is_not_scaled(value: str) -> None:
    with pytest.raises(MappingError, match="no number"):
        Scaled(Decimal(1), CENT, CENT).crm_to_erp(value, around())


def test_what_is_no_time_has_no_day() -> None:
    with pytest.raises(MappingError, match="no time"):
        Day().crm_to_erp("yesterday", around())


def test_the_last_second_of_the_calendar_has_no_next_day() -> None:
    with pytest.raises(MappingError, match="beyond the calendar"):
        Day().crm_to_erp("9999-12-31T23:59:59Z", around())


def test_the_evening_in_greenwich_is_the_next_day_in_beijing() -> None:
    assert Day().crm_to_erp("2026-01-05T16:00:00Z", around()) == "2026-01-06"


def test_a_constant_is_said_where_there_is_a_value() -> None:
    lens = Constant("synced", System.FXIAOKE)

    assert lens.erp_to_crm("CUST0001", around()) == "synced"
    assert lens.erp_to_crm(None, around()) is None


@pytest.mark.parametrize("lens", [Constant("x", System.FXIAOKE), Shared("SAL_SaleOrder", "owner")])
def test_a_one_way_lens_runs_no_other_way(lens: Lens) -> None:
    with pytest.raises(MappingError, match="flows to fxiaoke only"):
        lens.crm_to_erp("x", around())


def test_a_constant_for_the_erp_runs_no_other_way() -> None:
    lens = Constant("x", System.K3CLOUD)

    assert lens.crm_to_erp("a", around()) == "x"
    with pytest.raises(MappingError, match="flows to k3cloud only"):
        lens.erp_to_crm("x", around())


def test_an_order_number_tells_the_owner_of_the_order() -> None:
    assert Shared("SAL_SaleOrder", "owner").erp_to_crm("DD-1", around()) == "1001"


def test_what_an_order_does_not_share_is_empty() -> None:
    assert Shared("SAL_SaleOrder", "team").erp_to_crm("DD-1", around()) is None
    assert Shared("SAL_SaleOrder", "owner").erp_to_crm(None, around()) is None


@pytest.mark.parametrize(
    ("lens", "value", "token"),
    [
        (Reference(), "fxiaoke/AccountObj/a9", "ref:fxiaoke/AccountObj/a9"),
        (ReferenceByNumber("X"), "fxiaoke/SalesOrderObj/o9", "ref:fxiaoke/SalesOrderObj/o9"),
    ],
)
def test_a_record_that_is_not_linked_yet_is_awaited(lens: Lens, value: str, token: str) -> None:
    with pytest.raises(AwaitedError) as awaited:
        lens.crm_to_erp(value, around())

    assert awaited.value.token == token


@pytest.mark.parametrize(
    "lens",
    [
        ReferenceByNumber("SAL_SaleOrder"),
        Shared("SAL_SaleOrder", "owner"),
        LineReference("SAL_SaleOrder", "FOrderNo", "SalesOrderProductObj"),
    ],
)
def test_a_number_that_nobody_knows_yet_is_awaited(lens: Lens) -> None:
    with pytest.raises(AwaitedError) as awaited:
        lens.erp_to_crm("DD-9", around(head={"FOrderNo": "DD-9"}))

    assert awaited.value.token == "number:k3cloud/SAL_SaleOrder/DD-9"


def test_an_erp_record_whose_number_is_not_known_yet_is_awaited() -> None:
    known = crosswalk()
    known.forget(CLIENT)

    with pytest.raises(AwaitedError) as awaited:
        Reference().crm_to_erp(CUSTOMER, around(known))

    assert awaited.value.token == f"ref:{CLIENT}"


def test_an_ended_link_is_awaited() -> None:
    known = crosswalk()
    known.end(CUSTOMER)

    with pytest.raises(AwaitedError):
        Reference().crm_to_erp(CUSTOMER, around(known))


def test_a_line_is_found_by_the_number_in_its_own_row_first() -> None:
    lens = LineReference("SAL_SaleOrder", "FOrderNo", "SalesOrderProductObj")
    about = Around(crosswalk(), head={"FOrderNo": "DD-9"}, row={"FOrderNo": "DD-1"})

    assert lens.erp_to_crm("100301", about) == LINE


def test_a_line_that_its_order_does_not_know_yet_is_awaited() -> None:
    lens = LineReference("SAL_SaleOrder", "FOrderNo", "SalesOrderProductObj", "sales_order_id")

    with pytest.raises(AwaitedError) as from_the_erp:
        lens.erp_to_crm("100399", around(head={"FOrderNo": "DD-1"}))
    with pytest.raises(AwaitedError) as from_the_crm:
        lens.crm_to_erp(f"{LINE}9", around(head={"sales_order_id": ORDER}))

    assert from_the_erp.value.token == "number:k3cloud/SAL_SaleOrder/DD-1"
    assert from_the_crm.value.token == f"ref:{ORDER}"


def test_line_id_zero_is_no_line() -> None:
    lens = LineReference("SAL_SaleOrder", "FOrderNo", "SalesOrderProductObj")

    assert lens.erp_to_crm("0", around()) is None


def test_a_line_of_an_unnamed_order_cannot_be_mapped() -> None:
    lens = LineReference("SAL_SaleOrder", "FOrderNo", "SalesOrderProductObj")

    with pytest.raises(MappingError, match="without FOrderNo"):
        lens.erp_to_crm("100301", around())
    with pytest.raises(MappingError, match="flows to fxiaoke only"):
        lens.crm_to_erp(LINE, around())
