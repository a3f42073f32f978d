"""What a link keeps of a document, and what cannot be kept."""

from typing import Any

import pytest
from pydantic import JsonValue

from anji_common.errors import UndecodableError
from anji_common.refs import System
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import LinkType, Mappings, MessageTemplate

CRM, ERP = System.FXIAOKE, System.K3CLOUD
LINES = "SalesOrderProductObj~FSaleOrderEntry"


@pytest.fixture(scope="module")
def mappings() -> Mappings:
    return load_mappings()


@pytest.fixture
def order(mappings: Mappings) -> LinkType:
    found = mappings.named("sales_order")
    assert found is not None
    return found


def test_only_what_the_mapping_names_is_kept(order: LinkType) -> None:
    document: dict[str, Any] = {
        "FBillNo": "DD-1",
        "F_ANJI_MARKER": "fxiaoke/SalesOrderObj/o1",
        "FSalerId": "7",
        "FSaleOrderEntry": [{"FEntryID": 100301, "FQty": "2", "FUnitID": "Pcs"}],
    }

    seen = order.seen(ERP, document)

    assert "FSalerId" not in seen.head
    assert (seen.number, seen.marker) == ("DD-1", "fxiaoke/SalesOrderObj/o1")
    assert seen.rows[LINES] == {"100301": {"FQty": "2"}}


def test_what_a_reader_of_an_older_mapping_did_not_read_is_no_blank(order: LinkType) -> None:
    seen = order.seen(ERP, {"FBillNo": "DD-1", "FNote": None})

    assert seen.head["FNote"] is None
    assert "FCustId" not in seen.head
    assert LINES not in seen.rows


def test_lines_keep_the_order_of_the_document(order: LinkType) -> None:
    rows: list[Any] = [{"_id": "b"}, {"_id": "a"}]

    seen = order.seen(CRM, {"SalesOrderProductObj": rows})

    assert list(seen.rows[LINES]) == ["b", "a"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("none", "is no list of rows"),
        (["a row"], "something that is no row"),
        ([{"product_id": "p1"}], "without _id"),
    ],
)
def test_lines_that_are_no_rows_with_ids_cannot_be_read(
    order: LinkType,
    lines: JsonValue,
    said: str,
) -> None:
    with pytest.raises(UndecodableError, match=said):
        order.seen(CRM, {"SalesOrderProductObj": lines})


def test_a_link_type_is_found_by_object_and_by_name(mappings: Mappings, order: LinkType) -> None:
    assert mappings.of(CRM, "SalesOrderObj") is order
    assert mappings.of(ERP, "SAL_SaleOrder") is order
    assert mappings.of(ERP, "SalesOrderObj") is None
    assert mappings.named("order") is None


def test_a_message_names_the_fields_of_both_sides() -> None:
    message = MessageTemplate("owner", "{name}: {erp.FBillNo} {erp.FNote}{unknown}")

    assert message.paths(CRM) == ("owner", "name", "unknown")
    assert message.paths(ERP) == ("FBillNo", "FNote")
    assert message.rendered({"name": "DD-1"}, {"FBillNo": "F1", "FNote": None}) == "DD-1: F1 "
