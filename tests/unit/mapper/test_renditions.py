"""What comes back after a write: a rendition, or the work of another hand (``protocol.md`` 13)."""

from anji_common.events.notices import NoticeKind
from labs.document_lab import DocumentLab
from labs.doubted_write import in_doubt_for_a_target_that_trims
from labs.link_lab import CRM, ERP, LinkLab
from labs.order_type import ENTRY, LINES, ORDER, make_order_type
from labs.workflows import lower, upper


def linked() -> LinkLab:
    """Return a lab with a linked customer, whose ERP has a workflow under another name."""
    lab = LinkLab()
    lab.linked()
    lab.vendors[ERP].workflow = upper
    return lab


def test_what_a_workflow_makes_of_our_write_flows_back_once() -> None:
    lab = linked()
    before = lab.vendors[CRM].writes + lab.vendors[ERP].writes

    lab.edit(CRM, "001", name="bea")
    lab.rest()

    assert lab.vendors[ERP].records["001"]["FName"] == "BEA"
    assert lab.vendors[CRM].records["001"]["name"] == "BEA"
    assert lab.vendors[CRM].writes + lab.vendors[ERP].writes == before + 2


def rewritten(lab: LinkLab) -> list[object]:
    """Return what people were told of values that a side does not keep."""
    return [
        notice.details["fields"]
        for notice in lab.notices
        if notice.kind is NoticeKind.VALUE_REWRITTEN
    ]


def test_people_are_told_once_that_the_target_rewrites_a_value() -> None:
    lab = LinkLab()
    lab.linked()
    lab.vendors[ERP].trims = True

    for name in ("bea ", "cid ", "dan "):
        lab.edit(CRM, "001", name=name)
        lab.rest()
    assert rewritten(lab) == [{"name~FName": ["bea ", "bea"]}]

    for name in ("eve", "fay "):  # one comes back as it was sent: then it is news again
        lab.edit(CRM, "001", name=name)
        lab.rest()
    assert rewritten(lab)[1:] == [{"name~FName": ["fay ", "fay"]}]


def test_people_are_told_of_another_hand_when_it_is_a_habit_and_not_of_one_edit() -> None:
    lab = linked()

    lab.edit(CRM, "001", name="bea")
    lab.rest()
    assert rewritten(lab) == []
    lab.edit(CRM, "001", name="cid")
    lab.rest()
    lab.edit(CRM, "001", name="dan")
    lab.rest()

    assert rewritten(lab) == [{"name~FName": ["cid", "CID"]}]
    assert lab.vendors[CRM].records["001"]["name"] == "DAN"


def test_two_systems_that_rewrite_each_other_come_to_rest() -> None:
    lab = linked()
    lab.vendors[CRM].workflow = lower
    before = lab.vendors[CRM].writes + lab.vendors[ERP].writes

    lab.edit(CRM, "001", name="bea")
    lab.rest()
    after = lab.vendors[CRM].writes + lab.vendors[ERP].writes
    lab.edit(CRM, "001", tel="2")
    lab.rest()

    assert after - before <= 3
    assert lab.vendors[ERP].records["001"]["FName"] == "BEA"
    assert lab.vendors[ERP].records["001"]["FTEL"] == "2"


def test_an_edit_made_meanwhile_wins_over_what_was_made_of_our_write() -> None:
    lab = linked()
    lab.edit(CRM, "001", tel="a")  # the ERP owns it
    lab.read(CRM, "001")
    lab.deliver(("changes", "fxiaoke/AccountObj/001"))
    command = lab.commands.pop()
    lab.edit(CRM, "001", tel="b")
    lab.read(CRM, "001")
    lab.deliver(("changes", "fxiaoke/AccountObj/001"))

    result = lab.executed(command)
    lab.queues["results", str(result.seat)].append(result)
    lab.rest()

    assert lab.vendors[CRM].records["001"]["tel"] == "B"
    told = [notice for notice in lab.notices if notice.kind is NoticeKind.CONFLICT_DECIDED]
    assert [notice.details["winner"] for notice in told] == [CRM.value]
    assert "an edit wins" in told[0].words


def test_a_person_who_edits_after_our_write_is_no_rendition() -> None:
    lab = linked()
    lab.vendors[ERP].workflow = None
    lab.edit(CRM, "001", name="bea")
    lab.rest()

    for name in ("Cid", "Dan", "Cid"):
        lab.edit(ERP, "001", FName=name)
        lab.rest()
        assert lab.vendors[CRM].records["001"]["name"] == name


def test_what_a_workflow_makes_of_a_line_flows_back_once_too() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: [{"qty": "1"}]})
    lab.rest()
    bill = lab.partner(order)
    (line,) = lab.crm.lines(order, LINES)
    sent = len(lab.sent)
    line_id = str(line["_id"])
    lab.change_row(order, LINES, line_id, {"qty": "2"})
    lab.read_ref(order)
    lab.deliver(("changes", str(order)))
    result = lab.executed(lab.commands.pop())
    assert result.observed is not None
    rows = [{**row, "FQty": "2.5"} for row in lab.erp.lines(bill, ENTRY)]
    observed = result.observed.model_copy(
        update={
            "data": {**result.observed.data, ENTRY: rows},
            "stamp": result.observed.stamp.model_copy(update={"by_anji": False}),
        }
    )
    for row in lab.erp.lines(bill, ENTRY):
        row["FQty"] = "2.5"

    lab.queues["results", str(order)].append(result.model_copy(update={"observed": observed}))
    lab.rest()

    assert lab.crm.lines(order, LINES)[0]["qty"] == "2.5"
    assert len(lab.sent) == sent + 2
    assert list(lab.of(order).erp.returned.values()) == [("2", "2.5")]


def test_what_a_target_made_of_a_doubted_write_is_not_written_again() -> None:
    lab = LinkLab()
    tell = in_doubt_for_a_target_that_trims(lab)
    before = lab.vendors[ERP].writes

    tell()
    lab.rest()

    assert lab.vendors[ERP].writes == before
    assert lab.vendors[ERP].records["001"]["FName"] == "Bea"
    assert lab.vendors[CRM].records["001"]["name"] == " Bea "
    assert lab.notices == []
