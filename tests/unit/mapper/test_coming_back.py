"""Records that are there again: restored by a person, or never gone but hidden."""

from pydantic import JsonValue

from anji_common.events.commands import Operation
from anji_common.events.crosswalk import RowState
from anji_common.refs import Ref, System
from anji_mapper.link.state import ProblemKind
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP
from labs.mapping_files import changed
from labs.order_type import LINES, ORDER, make_order_type
from labs.state_lab import STATES, StateLab

ASKING = changed(STATES, "leave: unvoid}", "leave: unvoid, approve: true}")
ON_DELETE = STATES + "on_delete: {crm: forbid, erp: void}\n"


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


def restored(lab: StateLab, system: System, record_id: str, **values: JsonValue) -> None:
    """A person deletes a record; when all has come of it, somebody restores it, and edits it."""
    vendor = lab.vendors[system]
    record, stamp = vendor.records[record_id], vendor.stamps[record_id]
    lab.delete_record(system, record_id)
    lab.rest()
    vendor.records[record_id], vendor.stamps[record_id] = record, stamp
    lab.edit(system, record_id, **values)
    lab.rest()


def test_what_a_delete_has_done_is_taken_back_when_the_record_is_there_again() -> None:
    """It was ours: taken for somebody's edit, it would void what was just restored."""
    in_crm, in_erp = StateLab(ON_DELETE), StateLab(ON_DELETE)

    restored(in_crm, CRM, "001", tel="7")
    restored(in_erp, ERP, in_erp.erp_id, FTEL="7")

    assert in_crm.done == [(ERP, Operation.FORBID), (ERP, Operation.ENABLE)]
    assert in_erp.done == [(CRM, Operation.VOID), (CRM, Operation.UNVOID)]
    assert in_crm.vendors[ERP].records[in_crm.erp_id]["FTEL"] == "7"
    assert in_erp.vendors[CRM].records["001"]["tel"] == "7"


def test_a_state_in_which_a_record_was_before_the_delete_stays() -> None:
    """People had let both sides differ: nothing of it is ours to take back."""
    lab = StateLab(ASKING + "on_delete: {crm: forbid}\n")
    lab.forbid()
    lab.decide(CRM)

    restored(lab, CRM, "001", tel="7")

    assert lab.done == [(ERP, Operation.FORBID)]
    assert lab.states == ("normal", "B")
    assert lab.seat(CRM, "001").problem is None


def test_an_answer_from_before_a_delete_takes_no_question_back() -> None:
    lab = StateLab(STATES + "on_delete: {erp: {do: void, approve: true}}\n")
    lab.edit(CRM, "001", tel="2")
    lab.read(CRM, "001")
    lab.deliver(next(iter(lab.queues)))
    late = lab.executed(lab.commands.pop())
    lab.delete_record(ERP, lab.erp_id)
    while lab.queues:
        lab.deliver(next(iter(lab.queues)))

    lab.queues["results", str(late.seat)].append(late)
    lab.rest()

    problem = lab.seat(CRM, "001").problem
    assert problem is not None
    assert problem.kind is ProblemKind.ASKED
    lab.decide(ERP)
    assert lab.done == [(CRM, Operation.VOID)]
