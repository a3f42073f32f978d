"""Waiting, not failing: references that are not linked yet, deadlines, problems and retries."""

from datetime import timedelta

import pytest

from anji_common.errors import AwaitedError
from anji_common.events.commands import Action
from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.events.notices import NoticeKind
from anji_common.events.signals import SignalKind
from anji_common.refs import Ref
from anji_mapper.link.converting import number_of
from anji_mapper.link.state import ProblemKind, Stage
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP
from labs.order_type import ENTRY, LINES, ORDER, make_order_type

ANN = Ref(CRM, "AccountObj", "1")
ANN_IN_THE_ERP = Ref(ERP, "BD_Customer", "9")
TOKEN = f"ref:{ANN}"


def ordered(lab: DocumentLab, account: str = str(ANN)) -> Ref:
    """An order of a customer is read, and everything that came of it."""
    order = lab.make(CRM, ORDER, {"name": "DD-1", "account": account})
    lab.read_ref(order)
    lab.deliver_all()
    return order


def link_ann(lab: DocumentLab, number: str | None = "C9") -> None:
    """The customer's rows come."""
    for ref, other in ((ANN, ANN_IN_THE_ERP), (ANN_IN_THE_ERP, ANN)):
        lab.rows[str(ref)] = CrosswalkRow(
            ref=ref,
            counterpart=other,
            link_type="customer",
            business_number=None if ref is ANN else number,
            updated_at=lab.now,
        )


def test_an_order_waits_for_its_customer_and_asks_for_it_once() -> None:
    lab = DocumentLab(make_order_type())

    order = ordered(lab)
    lab.change(order, {"remark": "again"})
    lab.read_ref(order)
    lab.deliver_all()
    lab.look()

    assert lab.of(order).waits == (TOKEN,)
    assert lab.of(order).waiting_since is not None
    assert [(signal.kind, signal.ref) for signal in lab.signals] == [(SignalKind.READ, ANN)]
    assert lab.commands == []


def test_the_row_of_the_customer_releases_the_order() -> None:
    lab = DocumentLab(make_order_type())
    order = ordered(lab)

    link_ann(lab)
    lab.look()

    assert lab.of(order).waits == ()
    assert lab.of(order).waiting_since is None
    assert lab.commands[0].values["FCustId"] == str(ANN_IN_THE_ERP)
    assert lab.commands[0].numbers == {str(ANN_IN_THE_ERP): "C9"}


def test_a_customer_that_has_no_number_yet_is_waited_for_too() -> None:
    lab = DocumentLab(make_order_type())
    order = ordered(lab)

    link_ann(lab, number=None)
    lab.look()

    assert lab.of(order).waits == (f"ref:{ANN_IN_THE_ERP}",)
    link_ann(lab)
    lab.look()
    assert lab.of(order).waits == ()


def test_a_number_that_nobody_knows_is_waited_for() -> None:
    lab = DocumentLab(make_order_type())

    with pytest.raises(AwaitedError) as caught:
        number_of(str(ANN_IN_THE_ERP), lab)

    assert caught.value.token == f"ref:{ANN_IN_THE_ERP}"


def test_after_its_patience_people_are_told_and_the_release_clears_it() -> None:
    lab = DocumentLab(make_order_type())
    order = ordered(lab)

    lab.tick(timedelta(hours=1).total_seconds())
    lab.look()
    lab.look()

    problem = lab.of(order).problem
    assert problem is not None
    assert (problem.kind, problem.id) == (ProblemKind.WAITING, f"waiting:{TOKEN}")
    assert problem.words == f"waits for {TOKEN}"
    assert [notice.kind for notice in lab.notices] == [NoticeKind.PROBLEM_RAISED]

    link_ann(lab)
    lab.look()

    assert lab.of(order).problem is None
    assert lab.notices[-1].kind is NoticeKind.PROBLEM_CLEARED
    assert lab.notices[-1].details == {"problem": problem.id}


def test_a_retry_of_a_wait_asks_again_and_waits_anew() -> None:
    lab = DocumentLab(make_order_type())
    order = ordered(lab)
    lab.tick(3600)
    lab.look()
    lab.signals.clear()

    assert lab.retry(lab.of(order), f"waiting:{TOKEN}")

    assert [signal.ref for signal in lab.signals] == [ANN]
    assert lab.of(order).problem is None
    assert lab.of(order).waiting_since == lab.now
    lab.tick(3600)
    lab.look()
    assert lab.of(order).problem is not None


def test_a_reference_that_is_no_ref_is_a_problem_and_waits_for_nothing() -> None:
    lab = DocumentLab(make_order_type())

    order = ordered(lab, account="what people type")

    problem = lab.of(order).problem
    assert problem is not None
    assert problem.kind is ProblemKind.UNMAPPED
    assert "account → FCustId" in problem.words
    assert lab.of(order).waits == ()


def test_a_customer_whose_link_has_ended_is_waited_for() -> None:
    lab = DocumentLab(make_order_type())
    link_ann(lab)
    lab.rows[str(ANN)] = lab.rows[str(ANN)].model_copy(update={"state": RowState.ENDED})

    order = ordered(lab)

    assert lab.of(order).waits == (TOKEN,)


def test_a_linked_order_waits_with_one_field_and_the_others_flow() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.rest()
    bill = lab.partner(order)

    lab.change(order, {"remark": "flows", "account": str(ANN)})
    lab.rest()

    assert lab.erp.documents[bill]["FNote"] == "flows"
    assert lab.of(order).waits == (TOKEN,)
    link_ann(lab)
    lab.look()
    lab.rest()
    assert lab.erp.documents[bill]["FCustId"] == str(ANN_IN_THE_ERP)


def test_what_a_new_row_waits_for_is_waited_for_while_its_side_is_busy() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.rest()
    lab.add_row(order, LINES, {"qty": "1", "product": "fxiaoke/ProductObj/1"})
    lab.change(order, {"remark": "x"})
    lab.read_ref(order)
    lab.deliver_all()
    since = lab.of(order).waiting_since

    lab.change(order, {"remark": "y"})
    lab.read_ref(order)
    lab.deliver_all()
    lab.rest()

    asked = [signal for signal in lab.signals if signal.answers is None]
    assert lab.of(order).waiting_since == since
    assert asked == []  # `rest` took the one signal, and no second came
    assert lab.of(order).waits == ("ref:fxiaoke/ProductObj/1",)


def test_a_value_without_a_counterpart_is_a_problem_until_it_has_one() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1", "kind": "z"})
    lab.rest()

    problem = lab.of(order).problem
    assert problem is not None
    assert problem.kind is ProblemKind.UNMAPPED
    assert problem.words == "kind → FKind: no counterpart for 'z'; known are a, b"
    assert lab.sent == []
    lab.change(order, {"kind": "a"})
    lab.rest()
    assert lab.of(order).problem is None
    assert lab.of(order).stage is Stage.LINKED


def test_a_problem_with_other_words_replaces_the_one_before() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1", "kind": "z"})
    lab.rest()

    lab.change(order, {"kind": "y"})
    lab.rest()

    raised = [n.words for n in lab.notices if n.kind is NoticeKind.PROBLEM_RAISED]
    assert len(raised) == 2
    assert "'y'" in raised[1]


def test_an_unmapped_value_of_a_linked_order_stops_that_field_only() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1", "kind": "a"})
    lab.rest()
    bill = lab.partner(order)

    lab.change(bill, {"FKind": "9", "FNote": "flows"})
    lab.rest()

    assert lab.crm.documents[order]["remark"] == "flows"
    assert lab.crm.documents[order]["kind"] == "a"
    problem = lab.of(order).problem
    assert problem is not None
    assert problem.kind is ProblemKind.UNMAPPED


def test_a_waiting_order_with_rows_is_sent_whole_or_not_at_all() -> None:
    lab = DocumentLab(make_order_type())
    rows = [{"qty": "1"}, {"qty": "2", "product": "fxiaoke/ProductObj/1"}]

    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: rows})
    lab.rest()

    assert Action.CREATE not in {command.action for command in lab.sent}
    assert lab.of(order).waits == ("ref:fxiaoke/ProductObj/1",)
    assert lab.erp.documents == {}
    assert ENTRY not in lab.rows
