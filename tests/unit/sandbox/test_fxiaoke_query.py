"""Queries: operators, pages, order, projection, lag. Source: reference sections 2.5 and 10."""

from typing import Any

import pytest

from anji_sandbox.fxiaoke import FxiaokeSwitches
from anji_sandbox.fxiaoke.filters import OPERATORS
from labs.crm import NOW, Crm, condition

NOW_MS = int(NOW * 1000)


@pytest.fixture
def crm() -> Crm:
    return Crm()


@pytest.fixture(scope="module")
def fruit() -> Crm:
    """Give a CRM of four accounts; "fig" has empty fields."""
    crm = Crm()
    own, person = (crm.core.credentials[each] for each in ("open_user_id", "person_open_user_id"))
    crm.create("AccountObj", name="apple", tel="10", transfer_count="9", size__c=9)
    crm.create("AccountObj", name="pear", tel="20", transfer_count="10.0", size__c=10)
    crm.create("AccountObj", name="plum", tel="2", transfer_count="30", owner=[person])
    crm.create("AccountObj", name="fig", owner=[own], is_remind_recycling=True)
    return crm


CASES: list[tuple[str, str, list[Any], str]] = [
    ("name", "EQ", ["pear"], "pear"),
    ("name", "EQ", ["pear", "fig"], "pear fig"),
    ("tel", "EQ", [""], "fig"),
    ("tel", "N", ["20"], "apple plum fig"),
    ("tel", "N", [""], "apple pear plum"),
    ("transfer_count", "EQ", ["10"], "pear"),
    ("transfer_count", "GT", ["9"], "pear plum"),
    ("transfer_count", "GTE", [9], "apple pear plum"),
    ("transfer_count", "LT", ["30"], "apple pear"),
    ("transfer_count", "LTE", ["30"], "apple pear plum"),
    ("transfer_count", "BETWEEN", [9, 10], "apple pear"),
    ("transfer_count", "NBETWEEN", ["9", "10"], "plum fig"),
    ("size__c", "GT", ["9"], "pear"),
    ("name", "LIKE", ["p"], "apple pear plum"),
    ("name", "NLIKE", ["l"], "pear fig"),
    ("name", "CONTAINS", ["ea"], "pear"),
    ("name", "STARTWITH", ["p"], "pear plum"),
    ("name", "ENDWITH", ["r"], "pear"),
    ("tel", "IS", [None], "fig"),
    ("tel", "ISN", [], "apple pear plum"),
    ("tel", "EXISTS", [], "apple pear plum"),
    ("tel", "NEXISTS", [], "fig"),
    ("name", "IN", ["fig", "plum", "none"], "plum fig"),
    ("tel", "NIN", ["10", "20"], "plum fig"),
    ("name", "HASANYOF", ["fig"], "fig"),
    ("name", "NHASANYOF", ["fig"], "apple pear plum"),
    ("owner", "IN", ["1001"], "plum"),
    ("is_remind_recycling", "EQ", [True], "fig"),
    ("is_remind_recycling", "EQ", ["true"], "fig"),
]


@pytest.mark.parametrize(("name", "operator", "values", "expected"), CASES)
def test_an_operator_finds_what_the_documents_say(
    fruit: Crm, name: str, operator: str, values: list[Any], expected: str
) -> None:
    got = fruit.query("AccountObj", condition(name, operator, *values))

    assert got["errorCode"] == 0, got
    assert [record["name"] for record in got["data"]["dataList"]] == expected.split()
    assert got["data"]["total"] == len(expected.split())


def test_every_operator_has_a_case() -> None:
    assert {operator for _, operator, _, _ in CASES} == OPERATORS


def test_filters_are_joined_by_and(fruit: Crm) -> None:
    found = fruit.found(
        "AccountObj", condition("name", "LIKE", "p"), condition("transfer_count", "GT", "9")
    )

    assert len(found) == 2


def test_field_values_may_be_a_bare_text(fruit: Crm) -> None:
    bare = {"field_name": "name", "operator": "EQ", "field_values": "fig"}

    assert len(fruit.found("AccountObj", bare)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        condition("name", "NEQ", "x"),
        condition("name", "eq", "x"),
        condition("colour", "EQ", "red"),
        condition("transfer_count", "GT", "many"),
        condition("transfer_count", "BETWEEN", "1"),
        condition("tel", "GT"),
        {"fieldName": "name", "operator": "EQ", "field_values": ["x"]},
    ],
    ids=["operator", "case", "field", "value", "one of two", "no value", "key"],
)
def test_a_filter_that_cannot_be_read_is_refused(fruit: Crm, wrong: dict[str, Any]) -> None:
    assert fruit.query("AccountObj", wrong)["errorCode"] != 0


def test_a_missing_search_query_info_is_refused(fruit: Crm) -> None:
    got = fruit.call("data/query", {"dataObjectApiName": "AccountObj"})

    assert "searchQueryInfo is empty" in got["errorMessage"]


def test_rows_come_in_the_asked_order_numbers_by_value(fruit: Crm) -> None:
    def names(field: str, *, is_ascending: bool) -> list[str]:
        orders = [{"fieldName": field, "isAsc": is_ascending}]
        got = fruit.query("AccountObj", orders=orders)["data"]["dataList"]
        return [record["name"] for record in got]

    assert names("transfer_count", is_ascending=True) == ["fig", "apple", "pear", "plum"]
    assert names("name", is_ascending=False) == ["plum", "pear", "fig", "apple"]


def test_only_projected_fields_come_and_an_empty_projection_means_all(fruit: Crm) -> None:
    some = fruit.query("AccountObj", fieldProjection=["_id", "name"])["data"]["dataList"]
    everything = fruit.query("AccountObj", fieldProjection=[])["data"]["dataList"]

    assert {frozenset(record) for record in some} == {frozenset({"_id", "name"})}
    assert "life_status" in everything[0]


@pytest.mark.parametrize(
    ("data", "top", "total"),
    [
        ({}, {}, 4),
        ({"find_explicit_total_num": False}, {}, 0),
        ({"find_explicit_total_num": True}, {}, 4),
        ({}, {"returnTotalNum": 1}, 4),
        ({}, {"returnTotalNum": 3}, 0),
        ({}, {"need_return_count_num": False}, 0),
    ],
)
def test_the_total_is_true_unless_it_is_switched_off(
    fruit: Crm, data: dict[str, Any], top: dict[str, Any], total: int
) -> None:
    asked = {"dataObjectApiName": "AccountObj", "search_query_info": {"limit": 2, "offset": 0}}

    got = fruit.call("data/query", {**asked, **data}, **top)["data"]

    assert got["total"] == total
    assert len(got["dataList"]) == 2


def test_a_larger_limit_is_clamped_to_100_or_refused() -> None:
    clamping, refusing = Crm(), Crm(FxiaokeSwitches(over_page_cap="refuse"))
    for number in range(101):
        clamping.create("AccountObj", name=str(number))

    got = clamping.query("AccountObj", limit=1000)["data"]

    assert (got["limit"], len(got["dataList"]), got["total"]) == (100, 100, 101)
    assert refusing.query("AccountObj", limit=1000)["errorCode"] != 0


def test_an_offset_above_10000_is_refused_with_10013(crm: Crm) -> None:
    got = crm.query("AccountObj", offset=10_100)

    assert got["errorCode"] == 10013
    assert got["errorMessage"] == "offset out of range 10000"
    assert crm.query("AccountObj", offset=10_000)["errorCode"] == 0


def test_an_offset_that_is_no_multiple_is_refused_or_accepted() -> None:
    refusing, accepting = Crm(), Crm(FxiaokeSwitches(uneven_offset="accept"))

    assert refusing.query("AccountObj", limit=20, offset=30)["errorCode"] != 0
    assert accepting.query("AccountObj", limit=20, offset=30)["errorCode"] == 0


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": "20"}, {"offset": -1}])
def test_a_page_that_cannot_be_is_refused(crm: Crm, wrong: dict[str, Any]) -> None:
    assert crm.query("AccountObj", **wrong)["errorCode"] != 0


def test_a_client_that_adds_the_answers_limit_reads_every_page(crm: Crm) -> None:
    made = [crm.create("AccountObj", name=str(number)) for number in range(45)]

    read: list[str] = []
    offset, total = 0, 1
    while offset < total:
        got = crm.query("AccountObj", limit=20, offset=offset)["data"]
        read += [record["_id"] for record in got["dataList"]]
        offset, total = got["offset"] + got["limit"], got["total"]

    assert read == made


def test_keyset_pages_within_a_window_of_time_give_every_record_once(crm: Crm) -> None:
    made = []
    for number in range(250):
        crm.now = NOW + number // 10  # ten at a time have the same time
        made.append(crm.create("AccountObj", name=str(number)))
    window = condition("last_modified_time", "BETWEEN", NOW_MS + 5_000, NOW_MS + 19_000)
    orders = [{"fieldName": "_id", "isAsc": True}]

    read: list[str] = []
    while True:
        after = [condition("_id", "GT", read[-1])] if read else []
        page = crm.found("AccountObj", window, *after, orders=orders, limit=40)
        read += page
        if len(page) < 40:
            break

    assert read == made[50:200]


def test_a_changed_record_moves_to_its_new_time(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    crm.now += 10

    crm.update("AccountObj", record_id, tel="1")

    assert crm.found("AccountObj", condition("last_modified_time", "GT", NOW_MS)) == [record_id]
    assert crm.found("AccountObj", condition("last_modified_time", "LTE", NOW_MS)) == []


def test_a_value_that_was_changed_is_no_longer_found(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one", erp_id__c="C1")
    assert crm.found("AccountObj", condition("erp_id__c", "EQ", "C1")) == [record_id]

    crm.update("AccountObj", record_id, erp_id__c="C2")

    assert crm.found("AccountObj", condition("erp_id__c", "EQ", "C1")) == []
    assert crm.found("AccountObj", condition("erp_id__c", "IN", "C1", "C2")) == [record_id]


def test_queries_lag_while_get_is_fresh() -> None:
    crm = Crm(FxiaokeSwitches(query_lag_seconds=3))
    record_id = crm.create("AccountObj", name="old")
    early = crm.found("AccountObj")
    crm.now += 3
    crm.update("AccountObj", record_id, name="new")

    shown = crm.query("AccountObj")["data"]["dataList"][0]["name"]

    assert early == []
    assert shown == "old"
    assert crm.get("AccountObj", record_id)["name"] == "new"
    crm.now += 3
    assert crm.query("AccountObj")["data"]["dataList"][0]["name"] == "new"


def test_hidden_objects_are_empty_not_refused() -> None:
    crm = Crm(FxiaokeSwitches(hidden_objects=frozenset({"PersonnelObj"})))

    assert crm.query("PersonnelObj")["data"]["dataList"] == []
    assert Crm().found("PersonnelObj", condition("phone", "EQ", "13800000002")) != []


def test_find_one_gives_the_first_match_or_empty_data(fruit: Crm) -> None:
    def one(name: str) -> Any:  # noqa: ANN401 - JSON
        asked = {"limit": 1, "offset": 0, "filters": [condition("name", "EQ", name)]}
        data = {"dataObjectApiName": "AccountObj", "search_query_info": asked}
        return fruit.custom("data/findOne", data)["data"]

    assert one("fig")["objectData"]["name"] == "fig"
    assert one("none") == {}


def test_find_simple_takes_its_projection_beside_the_query(fruit: Crm) -> None:
    after = condition("last_modified_time", "GT", "0")
    asked = {"limit": 10, "offset": 0, "filters": [after]}
    data = {
        "dataObjectApiName": "AccountObj",
        "search_query_info": asked,
        "field_projection": ["name"],
    }

    got = fruit.custom("data/findSimple", data)["data"]["dataList"]

    assert got == [{"name": name} for name in ("apple", "pear", "plum", "fig")]


def test_times_are_found_one_by_one(crm: Crm) -> None:
    first = crm.create("AccountObj", name="one")
    crm.now += 1
    crm.create("AccountObj", name="two")
    crm.now += 1
    third = crm.create("AccountObj", name="three")

    times = condition("last_modified_time", "EQ", NOW_MS + 2000, NOW_MS)

    assert crm.found("AccountObj", times) == [first, third]
