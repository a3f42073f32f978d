"""A field that a vendor could not be asked for is no blank."""

from typing import Any

from anji_common.events.changes import Change
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP, LinkLab
from labs.order_type import ENTRY, LINES, ORDER, make_order_type


def without(change: Change, *paths: str) -> Change:
    data = {path: value for path, value in (change.data or {}).items() if path not in paths}
    return change.model_copy(
        update={"data": data, "stamp": change.stamp.model_copy(update={"unread": paths})}
    )


def test_a_field_that_could_not_be_read_is_not_emptied_on_the_other_side() -> None:
    lab = LinkLab()
    erp_id = lab.linked()

    lab.edit(ERP, erp_id, FName="Bea")
    lab.publish(without(lab.take(ERP, erp_id), "FTEL"))
    lab.rest()

    assert lab.vendors[CRM].records["001"]["name"] == "Bea"
    assert lab.vendors[CRM].records["001"]["tel"] == "1"


def test_an_edit_made_while_a_field_was_unread_arrives_when_it_is_read_again() -> None:
    lab = LinkLab()
    erp_id = lab.linked()
    lab.edit(ERP, erp_id, FTEL="22")
    lab.publish(without(lab.take(ERP, erp_id), "FTEL"))
    lab.rest()

    lab.edit(ERP, erp_id, FName="Bea")
    lab.publish(lab.take(ERP, erp_id))
    lab.rest()

    assert lab.vendors[CRM].records["001"]["tel"] == "22"


def test_a_row_field_that_could_not_be_read_is_not_emptied_either() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: [{"qty": "1", "price": "10"}]})
    lab.rest()
    bill = lab.partner(order)
    row: Any = lab.vendor(ERP).lines(bill, ENTRY)[0]

    lab.change_row(bill, ENTRY, row["FEntryID"], {"FQty": "3"})
    change = lab.take_ref(bill)
    data: Any = {**(change.data or {})}
    data[ENTRY] = [{path: row[path] for path in row if path != "FPrice"} for row in data[ENTRY]]
    stamp = change.stamp.model_copy(update={"unread": (f"{ENTRY}.FPrice",)})
    lab.publish(change.model_copy(update={"data": data, "stamp": stamp}))
    lab.rest()

    (line,) = lab.vendor(CRM).lines(order, LINES)
    assert (line["qty"], line["price"]) == ("3", "10")
