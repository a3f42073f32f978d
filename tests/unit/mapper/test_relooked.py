"""Records that a plan looks at before the mapper has taken in their newest change."""

from anji_mapper.link.inputs import Relooked
from anji_mapper.link.state import Stage
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP, LinkLab, make_link_type
from labs.order_type import LINES, ORDER, make_order_type


def test_a_record_that_came_back_is_linked_again_though_a_plan_saw_it_first() -> None:
    """Its change is no news afterwards: nothing else would ever look for its partner."""
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: [{"qty": "1"}]})
    lab.rest()
    bill, document, stamp = lab.partner(order), lab.crm.documents[order], lab.crm.stamps[order]
    lab.delete(order)
    lab.rest()
    lab.crm.documents[order], lab.crm.stamps[order] = document, stamp
    lab.change(order, {"remark": "back"})

    lab.step(order, Relooked((lab.take_ref(order),)))
    lab.rest()

    assert lab.of(order).stage is Stage.LINKED
    assert lab.erp.documents[bill]["FNote"] == "back"


def test_an_edit_that_a_plan_saw_first_is_told_to_the_home_that_claims_the_record() -> None:
    lab = LinkLab(make_link_type(matches_names=True))
    lab.edit(ERP, FName="Ann", FTEL="1")
    lab.read(ERP, "001")
    lab.deliver(next(iter(lab.queues)))
    lab.edit(CRM, name="Ann", tel="1")
    lab.read(CRM, "001")
    lab.deliver(next(iter(lab.queues)))
    matched = lab.executed(lab.commands.pop())
    lab.edit(ERP, "001", FTEL="9")
    change = lab.take(ERP, "001")

    lab.step(change.ref, Relooked((change,)))
    lab.publish(change)
    lab.queues["results", str(matched.seat)].append(matched)
    lab.rest()

    assert lab.vendors[CRM].records["001"]["tel"] == "9"
