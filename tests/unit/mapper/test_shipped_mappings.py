"""The shipped mappings: they compile, and say what they are meant to say."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from anji_common.events.commands import Finish
from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.folder import find_folder, load_mappings, read_folder
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.mapping.reading import read_page
from anji_mapper.mapping.referring import LineReference, Reference, ReferenceByNumber, Shared

CRM, ERP = System.FXIAOKE, System.K3CLOUD
FULL_PACKET = Path(__file__).with_name("customer-packet.json")
"""A company's own full packet, as its integration sent it."""
THAT_COMPANY = {
    "organisation": "603",
    "number_field": "field_fnfcA__c",
    "type_field": "field_n5V1I__c",
    "group_field": "field_IdOci__c",
    "contact_name_field": "field_zW12m__c",
    "contact_mobile_field": "field_G45nC__c",
}


@pytest.fixture(scope="module")
def mappings() -> Mappings:
    return load_mappings()


def named(mappings: Mappings, name: str) -> LinkType:
    found = mappings.named(name)
    assert found is not None
    return found


def flat(
    value: object, loc: tuple[str | int, ...] = ()
) -> list[tuple[tuple[str | int, ...], Any]]:
    """Return every leaf with the way to it, in order."""
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in flat(each, (*loc, key))]
    if isinstance(value, list):
        return [leaf for place, each in enumerate(value) for leaf in flat(each, (*loc, place))]
    return [(loc, value)]


def test_the_shipped_link_types_are_there(mappings: Mappings) -> None:
    assert [found.name for found in mappings.types] == [
        "customer",
        "product",
        "sales_order",
        "shipment",
    ]


def test_the_customer_packet_is_the_full_packet_field_by_field_in_its_order() -> None:
    model = json.loads(FULL_PACKET.read_text())["data"]["Model"]
    text = read_folder(find_folder())["mappings/customer.yaml"]

    file: Any = read_page("customer.yaml", text, THAT_COMPANY).data

    assert flat(file["erp"]["packet"]) == flat(model)


def test_the_full_packet_of_a_company_compiles_with_its_settings() -> None:
    customer = named(load_mappings(settings={"customer": THAT_COMPANY}), "customer")

    contact = customer.erp.filled({"field_zW12m__c": "王芳"})["FT_BD_CUSTCONTACT"]

    assert {pair.crm: pair.erp for pair in customer.pairs}["field_n5V1I__c"] == "FCustTypeId"
    assert flat(contact)[2] == ((0, "FNAME1"), "王芳")


def test_a_customers_contact_is_filled_when_it_is_made(mappings: Mappings) -> None:
    customer = named(mappings, "customer")

    packet = customer.erp.filled({"contact_name__c": "王芳", "contact_mobile__c": "13900000000"})

    row: Any = packet["FT_BD_CUSTCONTACT"]
    assert (row[0]["FNAME1"], row[0]["FMOBILE"]) == ("王芳", "13900000000")


def test_a_customer_is_known_by_its_number(mappings: Mappings) -> None:
    customer = named(mappings, "customer")
    number = next(pair for pair in customer.pairs if pair.erp == "FNumber")

    assert customer.home is CRM
    assert customer.creates == {CRM}
    assert customer.erp.natural_keys == (("FNumber",),)
    assert number.owner is ERP
    assert number.flows_to == {CRM, ERP}


def test_a_product_is_made_on_either_side_and_matched_by_its_code(mappings: Mappings) -> None:
    product = named(mappings, "product")

    assert product.creates == {CRM, ERP}
    assert product.home is CRM
    assert product.crm.natural_keys == (("product_code",),)
    assert product.erp.natural_keys == (("FNumber",),)


def test_an_order_keeps_its_number_and_is_audited(mappings: Mappings) -> None:
    order = named(mappings, "sales_order")
    bill = order.erp.interest

    assert (order.erp.own_number, order.erp.finish) == ("FBillNo", Finish.AUDITED)
    assert bill.is_bill
    assert order.lines[0].marker(ERP) == "F_ANJI_LINE"
    assert order.crm.shares == {"owner": "owner"}


def test_an_orders_references_are_written_by_number(mappings: Mappings) -> None:
    order = named(mappings, "sales_order")
    customer = next(pair for pair in order.pairs if pair.erp == "FCustId")
    product = next(pair for pair in order.lines[0].pairs if pair.erp == "FMaterialId")

    assert isinstance(customer.lens, Reference)
    assert customer.refers_to_erp
    assert product.refers_to_erp


def test_the_day_of_delivery_falls_back_to_the_day_of_the_order(mappings: Mappings) -> None:
    order = named(mappings, "sales_order")

    packet = order.erp.filled({"delivery_date": None, "order_time": "2026-01-05"})

    entry: Any = packet["FSaleOrderEntry"]
    assert entry[0]["FDeliveryDate"] == "2026-01-05"


def test_a_shipment_reads_its_order_from_its_first_row(mappings: Mappings) -> None:
    shipment = named(mappings, "shipment")
    data: dict[str, JsonValue] = {
        "FBillNo": "FHTZD000001",
        "FDocumentStatus": "C",
        "FEntity": [
            {"FEntryID": "1", "FOrderNo": "DD-1", "FSOEntryId": "100301", "FQty": "2"},
            {"FEntryID": "2", "FOrderNo": "DD-2", "FSOEntryId": "100302", "FQty": "1"},
        ],
    }

    seen = shipment.seen(ERP, data)

    assert shipment.home is ERP
    assert shipment.erp.filter is not None
    assert shipment.erp.filter.holds(seen.head)
    assert seen.head["FEntity[0].FOrderNo"] == "DD-1"
    assert seen.rows["DeliveryNoteProductObj~FEntity"]["2"]["FOrderNo"] == "DD-2"
    assert "FEntity[0].FOrderNo" in shipment.head_paths(ERP)


def test_a_shipment_without_rows_has_no_order(mappings: Mappings) -> None:
    seen = named(mappings, "shipment").seen(ERP, {"FBillNo": "X", "FEntity": []})

    assert seen.head["FEntity[0].FOrderNo"] is None
    assert seen.rows == {"DeliveryNoteProductObj~FEntity": {}}


def test_a_shipment_finds_order_line_and_owner(mappings: Mappings) -> None:
    shipment = named(mappings, "shipment")
    lenses = {pair.crm: pair.lens for pair in (*shipment.pairs, *shipment.lines[0].pairs)}
    owner = next(pair for pair in shipment.pairs if pair.crm == "owner")

    assert lenses["owner"] == Shared("SAL_SaleOrder", "owner")
    assert owner.only_on_create
    assert lenses["sales_order_id"] == ReferenceByNumber("SAL_SaleOrder")
    assert lenses["sales_order_product_id"] == LineReference(
        "SAL_SaleOrder", "FOrderNo", "SalesOrderProductObj"
    )


def test_the_orders_owner_is_told_of_a_shipment(mappings: Mappings) -> None:
    message = named(mappings, "shipment").messages[0]
    erp = {"FEntity[0].FOrderNo": "DD-1", "FBillNo": "FHTZD000001", "FCarriageNO": None}

    text = message.rendered({"owner": "1001"}, erp)

    assert message.to == "owner"
    assert text == "订单 DD-1 已发货：发货通知单 FHTZD000001，运单号 "


def test_the_connectors_read_what_the_mappings_name(mappings: Mappings) -> None:
    crm, erp = mappings.interest(CRM), mappings.interest(ERP)
    order = {field.path: field for field in crm.of("SalesOrderObj").fields}
    bill = {field.path: field for field in erp.of("SAL_SaleOrder").fields}
    entry = erp.of("SAL_DELIVERYNOTICE").lines[0]

    assert order["account_id"].refers_to == "AccountObj"
    assert order["owner"].kind is FieldKind.EMPLOYEE
    assert order["delivery_date"].kind is FieldKind.DATE
    assert bill["FCustId"].kind is FieldKind.REFERENCE
    assert bill["F_ANJI_MARKER"].kind is FieldKind.TEXT
    assert crm.of("SalesOrderObj").lines[0].master_field == "order_id"
    assert [field.path for field in entry.fields] == [
        "FMaterialID",
        "FOrderNo",
        "FQty",
        "FSOEntryId",
    ]


def test_every_record_that_we_make_can_be_recognised(mappings: Mappings) -> None:
    for found in mappings.types:
        for system in System:
            if system.other in found.creates:
                side = found.side(system)
                assert side.interest.marker_field or side.own_number, (found.name, system)


def test_settings_change_the_version_and_nothing_else_does() -> None:
    texts = read_folder(find_folder())
    versions = {found.name: found.version for found in compile_mappings(texts).types}
    other = compile_mappings(texts, {"customer": {"organisation": "603"}})

    again = {found.name: found.version for found in compile_mappings(texts).types}
    changed = [found.name for found in other.types if found.version != versions[found.name]]

    assert again == versions
    assert changed == ["customer"]
