"""How far ERP records are taken, and what becomes of a step that the vendor refuses."""

from dataclasses import replace

import pytest

from anji_common.events.commands import Action, Command, Finish
from anji_common.events.observed import Stamp
from anji_common.events.results import Result
from anji_common.refs import Ref
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.link.state import ProblemKind
from anji_mapper.mapping.making import FileTemplate, Making
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP
from labs.order_type import ORDER, make_order_type

REFUSED = "单据编号为“DD-1”的销售订单，信用额度不足！"


class StagedLab(DocumentLab):
    """Its ERP has stages; `stops` are the words with which it refuses all after the save."""

    def __init__(self, making: Making | None = None, *, finish: Finish = Finish.AUDITED) -> None:
        found = make_order_type()
        erp = replace(found.erp, finish=finish, making=making or Making())
        super().__init__(replace(found, erp=erp))
        self.stops = ""

    def executed(self, command: Command) -> Result:
        result = super().executed(command)
        if command.system is not ERP or not result.outcome.holds_the_wish or result.ref is None:
            return result
        status = self.erp.stamps[result.ref].status or "A"
        words = ""
        if command.finish is not Finish.SAVED:
            status = "A" if self.stops else "C"
            words = self.stops
        self.stand_at(result.ref, status)
        seen = self.erp.observed(result.ref)
        return result.model_copy(update={"words": words, "observed": seen})

    def stand_at(self, ref: Ref, status: str) -> None:
        stamp = self.erp.stamps[ref]
        self.erp.stamps[ref] = Stamp(
            modified_at=stamp.modified_at, by_anji=stamp.by_anji, status=status
        )

    def an_order(self) -> tuple[Ref, Ref]:
        order = self.make(CRM, ORDER, {"name": "DD-1", "remark": "old"})
        self.rest()
        return order, self.partner(order)

    def kinds(self, ref: Ref) -> list[ProblemKind]:
        problem = self.of(ref).problem
        return [] if problem is None else [problem.kind]


def last(lab: DocumentLab) -> Command:
    return lab.sent[-1]


def test_an_audit_that_is_refused_is_the_links_problem_in_the_vendors_words() -> None:
    lab = StagedLab()
    lab.stops = REFUSED

    order, bill = lab.an_order()

    problem = lab.of(order).problem
    assert problem is not None
    assert (problem.kind, problem.words) == (ProblemKind.UNFINISHED, REFUSED)
    assert lab.erp.stamps[bill].status == "A"
    assert len(lab.sent) == 1, "it is saved: nothing is sent again by itself"


def test_a_person_who_retries_it_takes_the_record_the_rest_of_the_way() -> None:
    lab = StagedLab()
    lab.stops = REFUSED
    order, bill = lab.an_order()
    problem = lab.of(order).problem
    assert problem is not None
    lab.stops = ""

    lab.retry(lab.of(order), problem.id)
    lab.rest()

    assert (last(lab).action, last(lab).finish) == (Action.UPDATE, Finish.AUDITED)
    assert (last(lab).values, last(lab).target) == ({}, bill)
    assert lab.erp.stamps[bill].status == "C"
    assert lab.kinds(order) == []


def test_a_retry_that_is_refused_again_is_a_new_problem_and_is_not_repeated() -> None:
    lab = StagedLab()
    lab.stops = REFUSED
    order, _ = lab.an_order()
    first = lab.of(order).problem
    assert first is not None

    lab.retry(lab.of(order), first.id)
    lab.rest()

    second = lab.of(order).problem
    assert second is not None
    assert second.id != first.id
    assert len(lab.sent) == 2


def test_a_retry_that_the_vendor_refuses_whole_can_be_retried_as_well() -> None:
    lab = StagedLab()
    lab.stops = REFUSED
    order, bill = lab.an_order()
    first = lab.of(order).problem
    assert first is not None
    lab.erp.refuses = "the period is closed"
    lab.retry(lab.of(order), first.id)
    lab.rest()
    second = lab.of(order).problem
    assert second is not None
    assert second.words == "the period is closed"
    lab.erp.refuses = lab.stops = ""

    lab.retry(lab.of(order), second.id)
    lab.rest()

    assert lab.erp.stamps[bill].status == "C"
    assert lab.kinds(order) == []


def test_a_record_that_a_person_takes_there_is_no_problem_any_more() -> None:
    lab = StagedLab()
    lab.stops = REFUSED
    order, bill = lab.an_order()

    lab.touched(bill)
    lab.stand_at(bill, "C")
    lab.rest()

    assert lab.kinds(order) == []
    assert len(lab.sent) == 1


def test_the_next_change_takes_the_record_the_rest_of_the_way() -> None:
    lab = StagedLab()
    lab.stops = REFUSED
    order, bill = lab.an_order()
    lab.stops = ""

    lab.change(order, {"remark": "new"})
    lab.rest()

    assert last(lab).finish is Finish.AUDITED
    assert lab.erp.stamps[bill].status == "C"
    assert lab.kinds(order) == []


def test_what_is_undone_survives_the_seats_bytes() -> None:
    lab = StagedLab()
    lab.stops = REFUSED
    order, _ = lab.an_order()

    assert decode_seat(encode_seat(lab.of(order))) == lab.of(order)


@pytest.mark.parametrize(
    ("status", "finish"),
    [("C", Finish.AUDITED), ("B", Finish.SUBMITTED), ("A", Finish.SAVED), ("D", Finish.SAVED)],
)
def test_a_change_reopens_where_its_mapping_says_so_and_ends_where_the_record_was(
    status: str, finish: Finish
) -> None:
    lab = StagedLab(Making(reopens=True))
    order, bill = lab.an_order()
    lab.touched(bill)
    lab.stand_at(bill, status)
    lab.rest()

    lab.change(order, {"remark": "new"})
    lab.rest()

    assert (last(lab).reopens, last(lab).finish) == (True, finish)


def test_without_that_word_a_change_reopens_nothing() -> None:
    lab = StagedLab()
    order, _ = lab.an_order()

    lab.change(order, {"remark": "new"})
    lab.rest()

    assert (last(lab).reopens, last(lab).finish) == (False, Finish.SAVED)


def test_a_change_of_the_crm_reopens_nothing() -> None:
    lab = StagedLab(Making(reopens=True))
    _, bill = lab.an_order()

    lab.change(bill, {"FNote": "new"})
    lab.rest()

    assert (last(lab).system, last(lab).reopens) == (CRM, False)


def test_a_new_record_says_who_gets_it_and_which_files() -> None:
    file = FileTemplate("{name}/{remark}.txt", "来自 CRM：{name} {nothing}")
    lab = StagedLab(Making(organisations=("101",), files=(file,)))

    lab.an_order()

    (command,) = lab.sent
    assert command.organisations == ("101",)
    (attachment,) = command.attachments
    assert attachment.name == "DD-1_old.txt"
    assert attachment.content == "5p2l6IeqIENSTe+8mkRELTEg"


def test_an_allocation_that_waited_for_the_audit_is_due_once_a_person_audits() -> None:
    lab = StagedLab(Making(organisations=("101",)))
    lab.stops = REFUSED
    order, bill = lab.an_order()
    lab.stops = ""

    lab.touched(bill)
    lab.stand_at(bill, "C")
    lab.rest()

    assert (last(lab).action, last(lab).organisations) == (Action.UPDATE, ("101",))
    assert lab.kinds(order) == []
    assert len(lab.sent) == 2


def test_words_that_are_of_no_step_stay_until_a_person_tries_again() -> None:
    lab = StagedLab(Making(organisations=("999",)))
    order, bill = lab.an_order()
    lab.change(order, {"remark": "new"})
    lab.read_ref(order)
    while lab.queues:
        lab.deliver(next(iter(lab.queues)))
    told = lab.executed(lab.commands.pop()).model_copy(update={"words": "组织 999 不存在"})
    lab.queues["results", str(order)].append(told)
    lab.touched(bill)
    lab.rest()
    assert lab.kinds(order) == [ProblemKind.UNFINISHED]
    problem = lab.of(order).problem
    assert problem is not None

    lab.retry(lab.of(order), problem.id)
    lab.rest()

    assert last(lab).organisations == ("999",)
    assert lab.kinds(order) == []


@pytest.mark.parametrize(
    ("wanted", "status", "finish"),
    [
        (Finish.DRAFT, "Z", Finish.DRAFT),
        (Finish.DRAFT, "A", Finish.SAVED),
        (Finish.SAVED, "Z", Finish.SAVED),
    ],
)
def test_a_draft_stays_one_where_its_mapping_makes_drafts(
    wanted: Finish, status: str, finish: Finish
) -> None:
    lab = StagedLab(finish=wanted)
    order, bill = lab.an_order()
    lab.touched(bill)
    lab.stand_at(bill, status)
    lab.rest()

    lab.change(order, {"remark": "new"})
    lab.rest()

    assert last(lab).finish is finish
