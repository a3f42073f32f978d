"""Records that are there again: restored by a person, or never gone but hidden."""

from anji_common.events.crosswalk import RowState
from anji_common.refs import Ref
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP
from labs.order_type import LINES, ORDER, make_order_type
from labs.state_lab import StateLab


def linked(lab: DocumentLab) -> tuple[Ref, Ref]:
    """Let an order cross; return (order, bill)."""
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: [{"qty": "1"}]})
    lab.rest()
    return order, lab.partner(order)


def test_a_record_that_comes_back_is_linked_again() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)
    document, stamp = lab.crm.documents[order], lab.crm.stamps[order]
    lab.delete(order)
    lab.rest()

    lab.crm.documents[order], lab.crm.stamps[order] = document, stamp
    lab.change(order, {"remark": "back"})
    lab.rest()

    assert lab.erp.documents[bill]["FNote"] == "back"
    assert lab.rows[str(bill)].state is RowState.LINKED
    assert lab.of(order).problem is None


def test_a_record_that_comes_back_as_it_was_is_linked_again() -> None:
    """It was never gone, but hidden from the account."""
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)
    document, stamp = lab.crm.documents[order], lab.crm.stamps[order]
    lab.delete(order)
    lab.rest()
    writes = lab.erp.writes

    lab.crm.documents[order], lab.crm.stamps[order] = document, stamp
    lab.read_ref(order)
    lab.rest()

    assert lab.rows[str(bill)].state is RowState.LINKED
    assert lab.of(order).problem is None
    assert lab.erp.writes == writes


def test_what_was_agreed_with_a_partner_that_is_gone_says_nothing_about_the_next_one() -> None:
    """Else what the next one holds would pass for an edit, and be written over the owner's."""
    lab = StateLab()
    record, stamp = lab.vendors[CRM].records["001"], lab.vendors[CRM].stamps["001"]
    number = lab.vendors[ERP].records[lab.erp_id]["FNumber"]
    for system, record_id in ((CRM, "001"), (ERP, lab.erp_id)):
        lab.delete_record(system, record_id)
        lab.rest()
    entered = {"FNumber": number, "FName": "Ann", "FTEL": "9"}
    again = lab.vendors[ERP].write(entered, at=lab.tick())

    lab.vendors[CRM].records["001"], lab.vendors[CRM].stamps["001"] = record, stamp
    lab.edit(CRM, "001", life_status="normal")
    lab.rest()

    assert lab.vendors[CRM].records["001"]["tel"] == "1"
    assert lab.vendors[ERP].records[again]["FTEL"] == "1"
