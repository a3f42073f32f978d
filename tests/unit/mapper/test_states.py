"""States of whole records: void and forbid, approvals, and what a delete does."""

import pytest

from anji_common.events.commands import Operation
from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.link.state import ProblemKind, Stage
from anji_mapper.link.state import changed as with_changes
from labs.link_lab import CRM, ERP
from labs.mapping_files import GOOD, changed, compiled, words_of
from labs.state_lab import STATES, StateLab

APPROVED = changed(STATES, "leave: enable}", "leave: enable, approve: true}")
ON_DELETE = STATES + "on_delete: {crm: forbid, erp: void}\n"
HELD = STATES + "on_delete: {crm: {do: forbid, approve: true}}\n"


def test_what_is_voided_in_the_crm_is_forbidden_in_the_erp_and_back() -> None:
    lab = StateLab()

    lab.void()
    forbidden = lab.states
    lab.void("normal")

    assert forbidden == ("invalid", "B")
    assert lab.states == ("normal", "A")
    assert lab.done == [(ERP, Operation.FORBID), (ERP, Operation.ENABLE)]


def test_what_is_forbidden_in_the_erp_is_voided_in_the_crm_and_back() -> None:
    lab = StateLab()

    lab.forbid()
    lab.forbid("A")

    assert lab.states == ("normal", "A")
    assert lab.done == [(CRM, Operation.VOID), (CRM, Operation.UNVOID)]


def test_a_record_that_is_made_for_one_in_a_state_is_taken_into_it() -> None:
    lab = StateLab()

    made = lab.edit(CRM, name="Bea", life_status="invalid")
    lab.rest()

    (number,) = [key for key, each in lab.vendors[ERP].records.items() if each["FName"] == "Bea"]
    assert lab.vendors[ERP].records[number]["FForbidStatus"] == "B"
    assert lab.done == [(ERP, Operation.FORBID)]
    assert lab.seat(CRM, made).problem is None


def test_both_sides_in_the_same_state_need_nothing() -> None:
    lab = StateLab()

    lab.edit(CRM, "001", life_status="invalid")
    lab.edit(ERP, lab.erp_id, FForbidStatus="B")
    lab.rest()

    assert lab.done == []
    assert lab.seat(CRM, "001").problem is None


def test_values_wait_while_a_record_rests_and_flow_afterwards() -> None:
    lab = StateLab()
    lab.void()

    lab.edit(CRM, "001", tel="2")
    lab.rest()
    meanwhile = lab.vendors[ERP].records[lab.erp_id]["FTEL"]
    lab.void("normal")

    assert meanwhile == "1"
    assert lab.vendors[ERP].records[lab.erp_id]["FTEL"] == "2"


@pytest.mark.parametrize(("rests", "tel"), [("true", "1"), ("false", "2")])
def test_a_side_that_only_shows_a_state_takes_values_all_the_same(rests: str, tel: str) -> None:
    lab = StateLab(changed(STATES, "enter: void, leave: unvoid}", f"rests: {rests}}}"))
    lab.void()

    lab.edit(ERP, lab.erp_id, FTEL="2")
    lab.rest()

    assert lab.done == [(ERP, Operation.FORBID)]
    assert lab.vendors[CRM].records["001"]["tel"] == tel


def test_a_state_that_is_not_used_is_checked_and_left_out() -> None:
    lab = StateLab(changed(STATES, "name: void", "name: void\n    used: false"))

    lab.void()

    assert lab.done == []
    broken = changed(changed(STATES, "name: void", "name: void\n    used: no"), "forbid", "forbit")
    assert len(words_of(customer=GOOD + broken)) == 1


def test_a_state_that_a_person_takes_back_before_our_look_is_an_edit_and_no_rendition() -> None:
    lab = StateLab()
    lab.is_taken_back = True

    lab.void()

    assert lab.done == [(ERP, Operation.FORBID), (CRM, Operation.UNVOID)]
    assert lab.states == ("normal", "A")


def test_a_refused_operation_is_a_problem_until_it_is_taken_back() -> None:
    lab = StateLab()
    lab.vendors[ERP].refuses = "已有业务单据"
    lab.void()
    problem = lab.seat(CRM, "001").problem
    lab.look()
    asked = [each for each in lab.sent if each.operation is not None]

    lab.vendors[ERP].refuses = ""
    lab.void("normal")

    assert problem is not None
    assert (problem.kind, problem.words) == (ProblemKind.REFUSED, "已有业务单据")
    assert len(asked) == 1
    assert lab.seat(CRM, "001").problem is None
    assert lab.done == []


def test_an_operation_is_not_done_over_a_state_that_it_did_not_know() -> None:
    lab = StateLab()
    lab.edit(CRM, "001", life_status="invalid")
    lab.read(CRM, "001")
    lab.deliver(next(iter(lab.queues)))

    lab.edit(ERP, lab.erp_id, FForbidStatus="B")
    lab.rest()

    assert lab.commands == []
    assert lab.done == []
    assert lab.states == ("invalid", "B")


def test_what_needs_approval_waits_for_a_person() -> None:
    lab = StateLab(APPROVED)

    lab.void()
    held, problem = lab.states, lab.seat(CRM, "001").problem
    lab.decide(CRM)

    assert held == ("invalid", None)
    assert problem is not None
    assert problem.kind is ProblemKind.ASKED
    assert problem.words == ("the record in the CRM is void, the one in the ERP is not (is:void)")
    assert lab.states == ("invalid", "B")
    assert lab.seat(CRM, "001").problem is None
    assert NoticeKind.CONFLICT_ASKED in [each.kind for each in lab.notices]


def test_what_a_person_refuses_is_left_as_it_is_on_both_sides() -> None:
    lab = StateLab(APPROVED)
    lab.void()

    lab.decide(ERP)
    lab.look()
    refused = lab.states, lab.seat(CRM, "001").problem
    lab.void("normal")

    assert refused == (("invalid", None), None)
    assert lab.done == []


def test_other_fields_flow_while_an_approval_is_waited_for() -> None:
    lab = StateLab(APPROVED)
    lab.void()

    lab.edit(ERP, lab.erp_id, FTEL="9")
    lab.edit(CRM, "001", name="Bea")
    lab.rest()

    assert lab.vendors[ERP].records[lab.erp_id]["FName"] == "Bea"


def test_an_approval_survives_the_state_on_disk() -> None:
    lab = StateLab(APPROVED)
    lab.void()

    seat = lab.seat(CRM, "001")

    assert decode_seat(encode_seat(seat)) == seat


def test_a_delete_in_the_crm_forbids_the_erps_record_before_the_link_ends() -> None:
    lab = StateLab(ON_DELETE)

    lab.delete_record(CRM, "001")
    lab.rest()

    assert lab.vendors[ERP].records[lab.erp_id]["FForbidStatus"] == "B"
    assert lab.seat(CRM, "001").stage is Stage.ENDED
    assert lab.seat(CRM, "001").problem is None
    assert lab.seat(ERP, lab.erp_id).stage is Stage.ORPHAN


def test_a_delete_in_the_erp_voids_the_crms_record_and_is_no_problem_then() -> None:
    lab = StateLab(ON_DELETE)

    lab.delete_record(ERP, lab.erp_id)
    lab.rest()
    lab.edit(CRM, "001", tel="3")
    lab.rest()

    assert lab.vendors[CRM].records["001"]["life_status"] == "invalid"
    assert lab.done == [(CRM, Operation.VOID)]
    assert lab.seat(CRM, "001").problem is None


@pytest.mark.parametrize(("winner", "status"), [(CRM, "B"), (ERP, None)])
def test_a_delete_that_needs_approval_ends_the_link_only_when_it_is_decided(
    winner: System, status: str | None
) -> None:
    lab = StateLab(HELD)
    lab.delete_record(CRM, "001")
    lab.rest()
    held = lab.seat(CRM, "001")

    lab.decide(winner)

    assert held.stage is Stage.LINKED
    assert held.problem is not None
    assert held.problem.kind is ProblemKind.ASKED
    assert lab.vendors[ERP].records[lab.erp_id].get("FForbidStatus") == status
    assert lab.seat(CRM, "001").stage is Stage.ENDED


def test_a_delete_whose_consequence_is_refused_keeps_the_link_and_says_why() -> None:
    lab = StateLab(ON_DELETE)
    lab.vendors[ERP].refuses = "已有业务单据"

    lab.delete_record(CRM, "001")
    lab.rest()

    problem = lab.seat(CRM, "001").problem
    assert problem is not None
    assert problem.words == "已有业务单据"
    assert lab.seat(CRM, "001").stage is Stage.LINKED


def test_a_delete_may_be_ignored_and_is_told_where_nothing_is_said() -> None:
    ignoring, telling = StateLab(STATES + "on_delete: {erp: ignore}\n"), StateLab()
    for lab in (ignoring, telling):
        lab.delete_record(ERP, lab.erp_id)
        lab.rest()

    told = telling.seat(CRM, "001").problem
    assert ignoring.seat(CRM, "001").problem is None
    assert ignoring.done == telling.done == []
    assert told is not None
    assert told.kind is ProblemKind.GONE


def test_a_delete_of_which_only_the_other_sides_is_mapped_is_told() -> None:
    """Else the CRM's edits would end here, and nobody would know."""
    lab = StateLab(STATES + "on_delete: {crm: forbid}\n")

    lab.delete_record(ERP, lab.erp_id)
    lab.rest()

    told = lab.seat(CRM, "001").problem
    assert told is not None
    assert told.kind is ProblemKind.GONE
    lab.delete_record(CRM, "001")
    lab.rest()
    assert lab.seat(CRM, "001").stage is Stage.ENDED
    assert lab.seat(CRM, "001").problem is None


@pytest.mark.parametrize(("status", "kind"), [("normal", ProblemKind.GONE), ("invalid", None)])
def test_a_delete_that_was_asked_about_when_the_links_were_lost_is_told(
    status: str, kind: ProblemKind | None
) -> None:
    lab = StateLab(STATES + "on_delete: {erp: {do: void, approve: true}}\n")
    lab.delete_record(ERP, lab.erp_id)
    lab.rest()
    seat = lab.seat(CRM, "001")
    assert seat.asked
    lost = with_changes(seat, agreed={}, asked={}, problem=None, rows_digest="")
    lab.seats[str(seat.key)] = with_changes(lost, erp=with_changes(seat.erp, seen=None))

    lab.edit(CRM, "001", tel="3", life_status=status)
    lab.rest()

    problem = lab.seat(CRM, "001").problem
    assert (None if problem is None else problem.kind) is kind
    assert lab.done == []


def test_a_record_that_was_matched_keeps_the_state_that_people_gave_it() -> None:
    lab = StateLab()
    matched = lab.vendors[ERP].write({"FNumber": "C-9", "FForbidStatus": "B"}, at=lab.tick())

    lab.edit(CRM, name="Bob", no__c="C-9", life_status="normal")
    lab.rest()

    assert lab.vendors[ERP].records[matched]["FName"] == "Bob"
    assert lab.done == []
    assert lab.seat(CRM, "002").stage is Stage.LINKED


def test_a_record_that_is_voided_while_its_counterpart_is_made_is_forbidden_there() -> None:
    lab = StateLab()
    lab.edit(CRM, name="Bob", life_status="normal")
    lab.read(CRM, "002")
    lab.deliver(next(iter(lab.queues)))

    lab.edit(CRM, "002", life_status="invalid")
    lab.read(CRM, "002")
    lab.deliver(next(iter(lab.queues)))
    lab.rest()

    assert lab.vendors[ERP].records["002"]["FForbidStatus"] == "B"


def test_of_several_operations_the_status_says_the_next() -> None:
    text = changed(STATES, "enter: forbid", "enter: [unaudit, void]")
    pair = compiled(GOOD + text).pairs[-1]
    assert pair.state is not None

    found = {
        status: pair.state.next_operation(ERP, enters=True, status=status)
        for status in ("A", "C", None)
    }

    assert found == {
        "A": (Operation.VOID, True),
        "C": (Operation.UNAUDIT, False),
        None: (Operation.UNAUDIT, False),
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("enter: void", "enter: forbid", "the CRM has no forbid; it has: delete, unvoid, void"),
        ("enter: forbid", "enter: allocate", "allocate brings a record into no state"),
        ("enter: forbid", "enter: forbit", "'forbit' is not one of"),
        ("name: void", "name: deleted", "say on_delete for that"),
        (", enter: void, leave: unvoid", "", ""),
        (
            "when: {field: life_status, is: invalid}",
            "when: {field: life_status}",
            "a condition is",
        ),
    ],
)
def test_a_wrong_state_is_told_with_its_place(old: str, new: str, words: str) -> None:
    found = words_of(a=GOOD + changed(STATES, old, new))

    assert [each for each in found if words in each] == found
    assert bool(found) is bool(words)


def test_what_a_record_refused_before_it_was_deleted_hides_no_question() -> None:
    lab = StateLab(HELD)
    lab.vendors[CRM].refuses = "记录不存在"
    lab.edit(ERP, lab.erp_id, FTEL="2")
    lab.rest()
    refused = lab.seat(CRM, "001").problem

    lab.delete_record(CRM, "001")
    lab.rest()

    assert refused is not None
    assert refused.kind is ProblemKind.REFUSED
    problem = lab.seat(CRM, "001").problem
    assert problem is not None
    assert problem.kind is ProblemKind.ASKED


@pytest.mark.parametrize("side", [CRM, ERP])
def test_a_state_that_differs_when_the_links_were_lost_is_told_and_let_be(side: System) -> None:
    lab = StateLab(changed(APPROVED, "leave: unvoid}", "leave: unvoid, approve: true}"))
    if side is CRM:
        lab.void()
    else:
        lab.forbid()
    seat = lab.seat(CRM, "001")
    assert seat.asked  # nobody has answered yet
    lost = with_changes(seat, agreed={}, asked={}, problem=None, is_unsettled=True)
    lab.seats[str(seat.key)] = lost

    lab.edit(CRM, "001", life_status="invalid" if side is CRM else "normal")
    lab.rest()

    assert lab.done == []
    told = [each for each in lab.notices if each.kind is NoticeKind.UNSETTLED]
    assert [each.details["fields"] for each in told] == [
        {"is:void~is:void": [side is CRM, side is ERP]}
    ]
