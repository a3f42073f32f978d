"""Records whose marker names one that is gone, and records that others were refused for a marker.

Such a home may claim, be answered, and claim again for ever; or wait for what nobody tells it.
"""

import pytest

from anji_common.events.inbox import EntryKind
from anji_mapper.link.state import ProblemKind, Seat, Stage
from labs.link_lab import CRM, ERP, LinkLab, make_link_type

_BOTH = (CRM, ERP)


def copied_of_a_deleted_maker() -> tuple[LinkLab, Seat]:
    """Let people copy a CRM record, marker and all, whose maker in the ERP is deleted."""
    lab = LinkLab(make_link_type(creates=_BOTH))
    maker = lab.edit(ERP, FName="Ann", FTEL="3")
    lab.rest()
    marker = str(lab.seat(ERP, maker).key)
    lab.delete_record(ERP, maker)
    lab.rest()
    copy = lab.edit(CRM, name="Ann", tel="4", anji_ref__c=marker)
    lab.rest()
    return lab, lab.seat(CRM, copy)


def refused_a_marked_record() -> tuple[LinkLab, str]:
    """Let a customer match a record that is marked for another one; return that record's id."""
    lab = LinkLab(make_link_type(matches_names=True))
    stranger = lab.edit(ERP, FName="Ann", FTEL="3", F_ANJI_REF="fxiaoke/AccountObj/999")
    lab.rest()
    lab.edit(CRM, name="Ann", tel="1")
    lab.rest()
    assert lab.seat(CRM, "001").stage is Stage.REFUSED
    return lab, stranger


def test_a_copy_of_a_record_whose_maker_was_deleted_is_told_once_and_claims_no_more() -> None:
    lab, copy = copied_of_a_deleted_maker()

    assert copy.problem is not None
    assert copy.problem.kind is ProblemKind.GONE
    assert "was deleted; empty it" in copy.problem.words
    assert copy.said == 1
    assert lab.vendors[ERP].creates == 0


def test_such_a_copy_begins_anew_once_people_have_emptied_its_marker() -> None:
    lab, copy = copied_of_a_deleted_maker()

    lab.edit(CRM, copy.key.record_id, anji_ref__c=None)
    lab.rest()

    linked = lab.seat(CRM, copy.key.record_id)
    assert (linked.stage, linked.problem) == (Stage.LINKED, None)
    assert lab.vendors[ERP].creates == 1


def test_such_a_copy_gets_its_maker_once_that_is_there_again_and_a_person_retries() -> None:
    lab, copy = copied_of_a_deleted_maker()
    maker = copy.partner
    assert maker is not None
    assert copy.problem is not None
    original = lab.seat(CRM, "001").key
    lab.delete_record(CRM, original.record_id)
    lab.rest()
    lab.vendors[ERP].write({"FName": "Ann", "FTEL": "3"}, at=lab.tick(), record_id=maker.record_id)
    lab.rest()

    lab.retry(lab.seat(CRM, copy.key.record_id), copy.problem.id)
    lab.rest()

    linked = lab.seat(CRM, copy.key.record_id)
    assert (linked.stage, linked.partner, linked.problem) == (Stage.LINKED, maker, None)


def test_a_record_that_comes_back_after_its_maker_was_deleted_is_told_once() -> None:
    lab = LinkLab(make_link_type(creates=_BOTH))
    maker = lab.edit(ERP, FName="Ann", FTEL="3")
    lab.rest()
    record, stamp = lab.vendors[CRM].records["001"], lab.vendors[CRM].stamps["001"]
    for system, record_id in ((CRM, "001"), (ERP, maker)):
        lab.delete_record(system, record_id)
        lab.rest()

    lab.vendors[CRM].records["001"], lab.vendors[CRM].stamps["001"] = record, stamp
    lab.edit(CRM, "001", tel="4")
    lab.rest()

    problem = lab.seat(CRM, "001").problem
    assert problem is not None
    assert problem.kind is ProblemKind.GONE


def test_whoever_was_refused_a_marked_record_gets_it_once_people_have_unmarked_it() -> None:
    lab, stranger = refused_a_marked_record()

    lab.edit(ERP, stranger, F_ANJI_REF=None)
    lab.rest()

    home = lab.seat(CRM, "001")
    assert (home.stage, home.problem) == (Stage.LINKED, None)
    assert home.partner == lab.seat(ERP, stranger).key


def test_whoever_was_refused_a_marked_record_begins_anew_once_people_have_deleted_it() -> None:
    lab, stranger = refused_a_marked_record()

    lab.delete_record(ERP, stranger)
    lab.rest()

    home = lab.seat(CRM, "001")
    assert (home.stage, home.problem) == (Stage.LINKED, None)
    assert lab.vendors[ERP].creates == 1


@pytest.mark.parametrize("field", ["FTEL", "FName"])
def test_an_edit_that_leaves_the_marker_wakes_nobody(field: str) -> None:
    lab, stranger = refused_a_marked_record()
    lab.delivered.clear()

    lab.edit(ERP, stranger, **{field: "4"})
    lab.rest()

    kinds = [each.kind for each in lab.delivered if hasattr(each, "kind")]
    assert EntryKind.WAKE not in kinds
    assert lab.seat(CRM, "001").stage is Stage.REFUSED


def test_a_record_that_is_claimed_though_it_is_known_to_be_gone_is_read() -> None:
    """Whoever claims it may have seen it: it was only hidden, and no patrol has met it again."""
    lab = LinkLab(make_link_type(matches_names=True))
    erp_id = lab.linked()
    lab.delete_record(CRM, "001")
    lab.rest()
    hidden, stamp = lab.vendors[ERP].records[erp_id], lab.vendors[ERP].stamps[erp_id]
    lab.delete_record(ERP, erp_id)
    lab.rest()
    lab.edit(CRM, name="Ann", tel="1")
    lab.read(CRM, "002")
    lab.deliver(next(iter(lab.queues)))
    lab.vendors[ERP].records[erp_id], lab.vendors[ERP].stamps[erp_id] = hidden, stamp
    lab.answer(lab.commands[0])
    lab.deliver(next(iter(lab.queues)))
    ref = lab.seat(ERP, erp_id).key

    lab.deliver(("inbox", str(ref)))
    assert [signal.ref for signal in lab.signals] == [ref]
    lab.read_ref(ref)
    lab.rest()

    assert lab.seat(CRM, "002").partner == ref
    assert lab.seat(CRM, "002").stage is Stage.LINKED
    assert lab.vendors[ERP].creates == 1
