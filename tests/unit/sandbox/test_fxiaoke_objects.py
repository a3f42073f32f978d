"""The objects as data: what each holds, what describe says, what is computed and shown beside.

Source: reference sections 2.5, 2.8, 3.1, 3.2, 4.
"""

from typing import Any

import pytest

from anji_sandbox.fxiaoke import OBJECTS, FxiaokeSwitches
from anji_sandbox.store import Store
from labs.crm import NOW, Crm, condition

STANDARD = (
    "AccountObj", "AccountAddrObj", "AccountFinInfoObj", "ContactObj", "LeadsObj",
    "NewOpportunityObj", "ProductObj", "PriceBookObj", "PriceBookProductObj", "QuoteObj",
    "QuoteLinesObj", "SalesOrderObj", "SalesOrderProductObj", "PaymentObj", "OrderPaymentObj",
    "InvoiceApplicationObj", "InvoiceApplicationLinesObj", "DeliveryNoteObj",
    "DeliveryNoteProductObj", "ReturnedGoodsInvoiceObj", "ReturnedGoodsInvoiceProductObj",
    "StockObj", "WarehouseObj", "PersonnelObj", "DepartmentObj",
)  # fmt: skip
CUSTOM, CUSTOM_LINE = "object_delivery__c", "object_delivery_line__c"
SAMPLES: dict[str, object] = {
    "currency": "12.50", "number": "3", "percentile": "95.0", "true_or_false": True,
    "date_time": 1_700_000_000_123, "date": 1_699_977_600_000, "time": 9_000_000,
    "employee": ["1001"], "department": ["1001"], "select_many": ["1"],
    "image": [{"ext": "png", "isImage": True, "filename": "a", "path": "N_1", "size": 5}],
    "file_attachment": [{"name": "a.pdf", "path": "N_2"}],
}  # fmt: skip


@pytest.fixture
def crm() -> Crm:
    return Crm()


def values_of(name: str, *, but: str = "") -> dict[str, object]:
    return {
        field.name: SAMPLES.get(field.type, f"text of {field.name}")
        for field in OBJECTS[name].fields.values()
        if field.type not in ("count", "formula", "quote") and field.name != but
    }


@pytest.mark.parametrize("name", [*STANDARD, CUSTOM])
def test_every_object_takes_all_its_fields_and_gives_them_back(crm: Crm, name: str) -> None:
    spec, owner = OBJECTS[name], ["1000"]
    given = {"dataObjectApiName": name, "owner": owner, **values_of(name)}
    call = crm.custom if spec.is_custom else crm.call

    made = call("data/create", {"object_data": given})
    found = call("data/get", {"dataObjectApiName": name, "objectDataId": made["dataId"]})["data"]

    employees = {field.name for field in spec.fields.values() if field.type == "employee"}
    company = crm.core.company
    for key, value in values_of(name).items():
        expected = [company.employees[1].open_user_id] if key in employees else value
        assert found[key] == expected, key


@pytest.mark.parametrize(
    ("head", "line"),
    [(spec.head, spec.name) for spec in OBJECTS.values() if spec.head],
)
def test_a_head_and_its_lines_are_made_in_one_call_and_asked_for_by_the_head(
    crm: Crm, head: str, line: str
) -> None:
    line_spec, call = OBJECTS[line], crm.custom if head.endswith("__c") else crm.call
    row = values_of(line, but=line_spec.head_field)
    given = {"dataObjectApiName": head, "owner": ["1000"], **values_of(head)}

    made = call("data/create", {"object_data": given, "details": {line: [row, row]}})
    asked = [condition(line_spec.head_field, "EQ", made["dataId"])]
    info = {"limit": 100, "offset": 0, "filters": asked, "orders": []}
    body = {"dataObjectApiName": line, "search_query_info": info}
    rows = call("data/query", body)["data"]["dataList"]

    assert [each[line_spec.head_field] for each in rows] == [made["dataId"]] * 2
    assert len({each["_id"] for each in rows}) == 2


def test_an_object_that_no_source_shows_says_so_field_by_field(crm: Crm) -> None:
    def unverified(name: str) -> set[str]:
        fields = crm.call("object/describe", {"apiName": name})["data"]["describe"]["fields"]
        return {key for key, field in fields.items() if "unverified" in field["description"]}

    assert unverified("AccountObj") == set()
    assert unverified("StockObj") == {"product_id", "warehouse_id", "quantity"}
    assert "returned_goods_invoice_id" in unverified("ReturnedGoodsInvoiceProductObj")


def test_describe_tells_options_targets_formats_and_who_made_a_field() -> None:
    crm = Crm(FxiaokeSwitches(unique_fields=frozenset({"ProductObj.product_code"})))

    def fields(name: str) -> dict[str, Any]:
        got: dict[str, Any] = crm.call("object/describe", {"apiName": name})["data"]["describe"]
        found: dict[str, Any] = got["fields"]
        return found

    order, product, custom = fields("SalesOrderObj"), fields("ProductObj"), fields(CUSTOM)
    assert order["order_status"]["options"] == [
        {"label": "已确认", "value": "7", "child_options": []}
    ]
    assert [each["value"] for each in order["life_status"]["options"]] == [
        "ineffective", "under_review", "normal", "in_change", "invalid",
    ]  # fmt: skip
    assert order["account_id"]["target_api_name"] == "AccountObj"
    assert order["order_time"]["time_zone"] == "GMT+8"
    assert order["owner"]["is_required"] is True
    assert product["price"] | {"label": ""} == product["price"] | {
        "label": "", "type": "currency", "is_required": True, "default_value": "0",
        "decimal_places": 2, "currency_unit": "￥", "define_type": "package",
    }  # fmt: skip
    assert product["product_code"]["is_unique"] is True
    assert product["barcode"]["is_unique"] is False
    assert custom["carrier__c"]["define_type"] == "custom"


def test_a_line_needs_no_owner_in_describe_as_it_takes_its_heads(crm: Crm) -> None:
    got = crm.call("object/describe", {"apiName": "SalesOrderProductObj"})["data"]["describe"]

    assert got["fields"]["owner"]["is_required"] is False


def test_a_field_with_a_default_need_not_be_given(crm: Crm) -> None:
    product_id = crm.create("ProductObj", name="one")

    assert crm.get("ProductObj", product_id)["price"] == "0"


def pay(crm: Crm, order_id: str, *amounts: str) -> str:
    lines = [{"order_id": order_id, "payment_amount": amount} for amount in amounts]
    return crm.create(
        "PaymentObj",
        {"OrderPaymentObj": lines},
        account_id="a",
        payment_time=1,
        payment_amount="9",
    )


def test_a_payments_amount_is_the_sum_of_its_lines_whatever_was_sent(crm: Crm) -> None:
    payment_id = pay(crm, "o", "10.10", "0.05")

    (line_id, _) = crm.found("OrderPaymentObj", condition("payment_id", "EQ", payment_id))
    before = crm.get("PaymentObj", payment_id)["payment_amount"]
    crm.call("data/invalid", {"dataObjectApiName": "OrderPaymentObj", "object_data_id": line_id})

    assert before == "10.15"
    assert crm.get("PaymentObj", payment_id)["payment_amount"] == "0.05"


def test_a_sum_can_be_filtered_and_sorted_by(crm: Crm) -> None:
    small, big = pay(crm, "o", "1"), pay(crm, "o", "2", "7")
    orders = [{"fieldName": "payment_amount", "isAsc": False}]

    assert crm.found("PaymentObj", condition("payment_amount", "GT", "1.5")) == [big]
    assert crm.found("PaymentObj", orders=orders) == [big, small]


def test_the_simple_query_computes_no_sums(crm: Crm) -> None:
    pay(crm, "o", "1")
    info = {"limit": 10, "offset": 0, "filters": []}
    body = {"dataObjectApiName": "PaymentObj", "search_query_info": info}

    (simple,) = crm.custom("data/findSimple", body)["data"]["dataList"]
    (whole,) = crm.custom("data/query", body)["data"]["dataList"]

    assert "payment_amount" not in simple
    assert whole["payment_amount"] == "1"


@pytest.mark.parametrize(("mode", "amount"), [("stored", "0.01"), ("computed", "30")])
def test_an_orders_paid_amount_is_stored_or_computed_as_the_tenant_has_it(
    mode: Any,  # noqa: ANN401 - a value of the switch
    amount: str,
) -> None:
    crm = Crm(FxiaokeSwitches(currency_sums=mode))
    order_id = crm.create("SalesOrderObj", account_id="a", payment_amount="0.01")
    pay(crm, order_id, "10", "20")

    assert crm.get("SalesOrderObj", order_id)["payment_amount"] == amount


def test_companions_tell_names_beside_references_employees_and_departments(crm: Crm) -> None:
    account_id = crm.create("AccountObj", name="上海示例")
    order_id = crm.create("SalesOrderObj", account_id=account_id)
    own = crm.core.company.employees[0]

    order = crm.get("SalesOrderObj", order_id)

    assert order["account_id__r"] == "上海示例"
    assert order["owner__r"] == {"id": own.open_user_id, "name": own.name}
    assert order["data_own_department__r"] == {"deptId": "1000", "deptName": "总部", "status": 0}


def test_a_projection_gets_the_companions_it_names_and_no_other(crm: Crm) -> None:
    account_id = crm.create("AccountObj", name="one")
    crm.create("SalesOrderObj", account_id=account_id)
    asked = ["_id", "account_id__r", "owner"]

    (row,) = crm.query("SalesOrderObj", fieldProjection=asked)["data"]["dataList"]

    assert set(row) == set(asked)
    assert row["account_id__r"] == "one"


def test_companions_can_be_switched_off() -> None:
    crm = Crm(FxiaokeSwitches(companions=False))
    account_id = crm.create("AccountObj", name="one")

    assert not any(name.endswith("__r") for name in crm.get("AccountObj", account_id))


def test_the_time_of_day_of_a_date_is_ignored(crm: Crm) -> None:
    beijing_midnight = 1_699_977_600_000
    given = {**values_of("NewOpportunityObj"), "close_date": beijing_midnight + 5}

    made = crm.create("NewOpportunityObj", None, **given)

    assert crm.get("NewOpportunityObj", made)["close_date"] == beijing_midnight


def test_a_custom_object_is_served_on_its_path_only(crm: Crm) -> None:
    given = {"object_data": {"dataObjectApiName": CUSTOM, "owner": ["1000"], "amount__c": "1"}}

    refused = crm.call("data/create", given)
    made = crm.custom("data/create", given)

    assert refused["errorCode"] != 0
    assert (made["errorCode"], crm.core.store.count(CUSTOM)) == (0, 1)


def test_an_administrator_adds_an_object_and_it_stays() -> None:
    store = Store()
    crm = Crm(store=store)
    crm.core.administer(
        "POST",
        "objects",
        {
            "object_visit__c": {
                "label": "拜访",
                "custom": ["account_id__c:object_reference>AccountObj"],
            },
            "WarehouseObj": {"label": "仓库", "fields": ["name:text! keeper:employee"]},
        },
    )
    again = Crm(store=store)
    given = {"dataObjectApiName": "object_visit__c", "owner": ["1000"], "account_id__c": "a"}

    for each in (crm, again):
        assert each.custom("data/create", {"object_data": given})["errorCode"] == 0
        warehouse = each.create("WarehouseObj", name="一", keeper=["1001"])
        assert each.get("WarehouseObj", warehouse)["keeper"]


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"x__c": {}},
        {"x__c": {"label": "x", "fields": ["name text"]}},
        {"x__c": {"label": "x", "a": 1}},
    ],
)
def test_an_object_in_another_form_is_refused_and_nothing_changes(crm: Crm, wrong: object) -> None:
    before = crm.core.administer("GET", "objects", None)

    with pytest.raises(ValueError, match=r"object|field"):
        crm.core.administer("POST", "objects", wrong)

    assert crm.core.administer("GET", "objects", None) == before


def test_an_object_whose_feature_is_off_is_listed_as_inactive_and_refused() -> None:
    crm = Crm(FxiaokeSwitches(inactive_objects=frozenset({"DeliveryNoteObj"})))

    listed = crm.call("object/list", {})["data"]["objects"]
    active = {each["describeApiName"]: each["isActive"] for each in listed}

    assert (active["DeliveryNoteObj"], active["SalesOrderObj"]) == (False, True)
    assert crm.query("DeliveryNoteObj")["errorCode"] != 0


def test_people_and_departments_are_records_from_the_start(crm: Crm) -> None:
    people = crm.query("PersonnelObj", condition("phone", "EQ", "13800000002"))["data"]["dataList"]
    orders = [{"fieldName": "_id", "isAsc": True}]
    departments = crm.query("DepartmentObj", orders=orders)["data"]["dataList"]

    assert [(each["full_name"], each["user_id"]) for each in people] == [("王小明", "1001")]
    assert [(each["_id"], each["parent_id"]) for each in departments] == [
        ("1000", ["999999"]),
        ("1001", ["1000"]),
        ("1002", ["1000"]),
    ]
    assert people[0]["create_time"] < int(NOW * 1000)
    assert crm.core.store.writes == {}


def test_people_are_not_entered_anew_when_a_company_starts_again() -> None:
    store = Store()

    counts = [Crm(store=store).core.store.count("PersonnelObj") for _ in range(2)]

    assert counts == [4, 4]
