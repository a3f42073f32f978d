"""Types that both sides create: an adoption that the home refuses, and what becomes of both."""

from anji_common.events.inbox import EntryKind
from anji_mapper.link.state import Stage
from labs.link_lab import CRM, ERP, LinkLab, make_link_type, without


def quarrel() -> tuple[LinkLab, str]:
    """Let a home claim another's record just when a record of the ERP has found that home.

    Returns:
        (the lab before any entry is delivered, the id of the ERP's record).
    """
    lab = LinkLab(make_link_type(creates=(CRM, ERP), matches_names=True))
    lab.linked()
    lab.edit(CRM, name="Ann", tel="2")
    lab.read(CRM, "002")
    lab.deliver(next(iter(lab.queues)))
    lab.answer(lab.commands[0])
    lab.deliver(next(iter(lab.queues)))  # it matches a record that belongs to 001, and claims it
    lab.vendors[CRM].records["001"]["name"] = "Bob"  # so that the next one finds 002 alone
    found = lab.edit(ERP, FName="Ann", FTEL="3")
    lab.read(ERP, found)
    lab.deliver(("changes", str(lab.take(ERP, found).ref)))
    lab.answer(lab.commands[0])
    lab.deliver(("results", str(lab.take(ERP, found).ref)))
    lab.deliver(("inbox", str(lab.take(CRM, "002").ref)))
    return lab, found


def test_a_record_that_a_claiming_home_refused_is_linked_once_that_claim_is_refused() -> None:
    lab, found = quarrel()

    lab.rest()

    home = lab.seat(CRM, "002")
    assert (home.stage, home.partner) == (Stage.LINKED, lab.seat(ERP, found).key)
    assert lab.seat(ERP, found).stage is Stage.POINTER
    assert (home.problem, lab.seat(ERP, found).problem) == (None, None)


def test_a_record_that_a_linked_home_refused_is_looked_for_anew_when_that_home_is_deleted() -> (
    None
):
    lab = LinkLab(make_link_type(creates=(CRM, ERP), matches_names=True))
    lab.linked()
    found = lab.edit(ERP, FName="Ann", FTEL="3")
    lab.rest()
    assert lab.seat(ERP, found).stage is Stage.REFUSED

    lab.delete_record(CRM, "001")
    lab.rest()

    assert lab.seat(ERP, found).stage is Stage.POINTER
    assert lab.vendors[CRM].records["002"]["tel"] == "3"


def test_a_record_whose_side_is_not_home_never_claims_though_a_person_wants_it_tried_again() -> (
    None
):
    lab = LinkLab(make_link_type(creates=(CRM, ERP), matches_names=True))
    lab.linked()
    found = lab.edit(ERP, FName="Ann", FTEL="3")
    lab.rest()
    problem = lab.seat(ERP, found).problem
    assert problem is not None

    lab.retry(lab.seat(ERP, found), problem.id)

    assert [each for each in lab.entries() if each.kind is EntryKind.CLAIM] == []
    lab.rest()
    assert lab.seat(ERP, found).stage is Stage.REFUSED


def test_a_record_that_was_refused_is_free_for_whom_it_fits_later() -> None:
    """Else both are told that the other one is linked, and neither is."""
    lab = LinkLab(make_link_type(creates=(CRM, ERP), matches_names=True))
    lab.linked()
    found = lab.edit(ERP, FName="Ann", FTEL="3")
    lab.rest()
    assert lab.seat(ERP, found).stage is Stage.REFUSED
    lab.edit(CRM, "001", name="Bob")
    lab.rest()

    lab.edit(CRM, name="Ann", tel="2")
    lab.rest()

    assert lab.seat(CRM, "002").partner == lab.seat(ERP, found).key
    assert lab.seat(CRM, "002").stage is Stage.LINKED
    assert lab.vendors[ERP].records[found]["FTEL"] == "3"
    lab.edit(ERP, found, FTEL="4")
    lab.rest()
    assert lab.vendors[CRM].records["002"]["tel"] == "4"


def test_whoever_is_granted_a_record_that_nobody_remembers_sees_it_read_anew() -> None:
    lab = LinkLab(make_link_type(creates=(CRM, ERP), matches_names=True))
    lab.linked()
    found = lab.edit(ERP, FName="Ann", FTEL="3")
    lab.rest()
    refused = lab.seat(ERP, found)
    assert refused.newest is None

    lab.edit(CRM, name="Zoe", tel="2", anji_ref__c=str(refused.key))  # its maker, as it says
    lab.rest()

    home = lab.seat(CRM, "002")
    assert (home.stage, home.partner) == (Stage.LINKED, refused.key)
    assert home.erp.seen is not None


def test_two_that_claim_each_other_do_not_refuse_and_wake_each_other_for_ever() -> None:
    """Without rule 1 a CRM record and an ERP record may each take itself for the home."""
    both_are_homes = without(is_home=lambda _type, _system: True)
    lab = LinkLab(make_link_type(creates=(CRM, ERP), matches_names=True), rules=both_are_homes)
    lab.edit(CRM, name="Ann")
    lab.edit(ERP, FName="Ann")
    for system in (CRM, ERP):
        lab.read(system, "001")
        lab.deliver(("changes", str(lab.take(system, "001").ref)))
    for command in tuple(lab.commands):
        lab.answer(command)
    for system in (CRM, ERP):
        lab.deliver(("results", str(lab.take(system, "001").ref)))
    assert [lab.seat(system, "001").stage for system in (CRM, ERP)] == [Stage.CLAIMING] * 2

    lab.rest()

    assert [lab.seat(system, "001").stage for system in (CRM, ERP)] == [Stage.REFUSED] * 2
