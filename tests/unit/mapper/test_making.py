"""What a mapping file says about how the ERP's records are made and changed."""

import base64
from dataclasses import replace

import pytest

from anji_common.events.commands import Action, Push
from anji_common.refs import Ref
from anji_mapper.link.state import ProblemKind
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.making import FileTemplate, Making, PushRule
from anji_mapper.mapping.model import LinkType
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP
from labs.mapping_files import GOOD, ORDER, changed, compiled, words_of
from labs.order_type import make_order_type

_MARKED = "  marker: F_ANJI_MARKER\n"
NOTICE = """\
link: notice
creates: crm
crm: {object: NoteObj, id: _id, number: name}
erp:
  object: SAL_DELIVERYNOTICE
  id: FID
  number: FBillNo
  is_bill: true
  marker: F_ANJI_MARKER
  push: {link: order, record: order_id}
fields:
  - {crm: waybill, erp: FCarriageNO}
"""


def making(words: str) -> Making:
    return compiled(changed(GOOD, _MARKED, f"{_MARKED}  {words}\n")).erp.making


def test_by_default_a_record_is_made_from_its_packet_and_never_reopened() -> None:
    assert compiled(GOOD).erp.making == Making()
    assert compiled(GOOD).crm.making == Making()


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("on_audited: reopen", Making(reopens=True)),
        ("on_audited: refuse", Making()),
        ("allocate: [101, '102']", Making(organisations=("101", "102"))),
        ("allocate: '101, 102,'", Making(organisations=("101", "102"))),
        ("allocate: ''", Making()),
        (
            "attachments: [{name: n.txt, text: '{tel}'}]",
            Making(files=(FileTemplate("n.txt", "{tel}"),)),
        ),
    ],
)
def test_each_word_says_how(words: str, made: Making) -> None:
    assert making(words) == made


def test_a_push_needs_no_packet_and_reads_the_field_that_names_its_source() -> None:
    types = compile_mappings({"notice.yaml": NOTICE, "order.yaml": ORDER, "c.yaml": GOOD}).types
    found = next(each for each in types if each.name == "notice")

    assert found.erp.making.push == PushRule("order_id")
    (field,) = [each for each in found.crm.interest.fields if each.path == "order_id"]
    assert field.refers_to == "SalesOrderObj"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("link: order,", "link: ordr,", "10:16: there is no link type 'ordr'; did you mean 'or"),
        ("  marker: F_ANJI_MARKER\n", "", "a pushed record needs a marker"),
        ("record: order_id", "recrd: order_id", "unknown key 'recrd'; did you mean 'record'?"),
        ("creates: crm", "creates: erp", "10:3: no record is made here: push never happens"),
        ("{link: order", "{rule: X, lnk: order", "unknown key 'lnk'; did you mean 'link'?"),
    ],
)
def test_a_push_that_cannot_be_is_told(old: str, new: str, said: str) -> None:
    found = words_of(customer=GOOD, order=ORDER, notice=changed(NOTICE, old, new))

    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (GOOD, "  number: name\n", "  number: name\n  on_audited: reopen\n", "9:3: on_audited is"),
        (GOOD, _MARKED, f"{_MARKED}  on_audited: repoen\n", "'repoen' is not one of 'refuse' or"),
        (GOOD, _MARKED, f"{_MARKED}  allocate: [abc]\n", "string should match pattern"),
        (ORDER, "  is_bill: true\n", "  is_bill: true\n  allocate: '1'\n", "only base data is"),
    ],
)
def test_a_word_at_the_wrong_place_is_told(file: str, old: str, new: str, said: str) -> None:
    files = {"customer": GOOD, "order": ORDER}
    files["customer" if file is GOOD else "order"] = changed(file, old, new)

    found = words_of(**files)

    assert any(said in each for each in found), found


def test_a_name_of_a_file_holds_nothing_that_no_disk_takes() -> None:
    file = FileTemplate("合同 {name}.txt", "{a}{b}").filled({"name": 'A/B\\C:"x"', "a": 1})

    assert file.name == "合同 A_B_C__x_.txt"
    assert base64.b64decode(file.content) == b"1"


def pushed_type(base: LinkType) -> LinkType:
    making = Making(push=PushRule("order_id", "SaleOrder-OutStock"))
    fields = tuple(replace(each) for each in base.crm.interest.fields)
    extra = replace(fields[0], path="order_id")
    interest = replace(base.crm.interest, fields=(*fields, extra), object_name="NoteObj")
    erp = replace(base.erp.interest, object_name="SAL_OUTSTOCK")
    return replace(
        base,
        name="notice",
        crm=replace(base.crm, interest=interest),
        erp=replace(base.erp, interest=erp, making=making),
    )


def a_note(lab: DocumentLab, order: Ref | None) -> Ref:
    named = None if order is None else str(order)
    return lab.make(CRM, "NoteObj", {"name": "N-1", "order_id": named})


def push_lab() -> DocumentLab:
    return DocumentLab(make_order_type(), pushed_type(make_order_type()))


def test_a_push_waits_for_the_record_that_it_is_made_from() -> None:
    lab = push_lab()
    order = lab.make(CRM, make_order_type().crm.object_name, {"name": "DD-1"})
    note = a_note(lab, order)
    lab.read_ref(note)
    lab.deliver_all()

    assert lab.of(note).waits == (f"ref:{order}",)
    assert lab.sent == []


def test_a_push_names_its_source_by_id_and_number_once_that_is_linked() -> None:
    lab = push_lab()
    order = lab.make(CRM, make_order_type().crm.object_name, {"name": "DD-1"})
    lab.rest()
    note = a_note(lab, order)

    lab.rest()

    (command,) = [each for each in lab.sent if each.seat == note]
    bill = lab.partner(order)
    assert bill.system is ERP
    assert command.action is Action.CREATE
    assert command.push == Push(source=bill, source_number="DD-1", rule_id="SaleOrder-OutStock")


LINED = """\
  push: {link: order, record: order_id, line: order_line}
fields:
  - {crm: waybill, erp: FCarriageNO}
lines:
  - crm: {path: NoteLineObj, id: _id, head: note_id}
    erp: {path: FEntity, id: FEntryID}
    fields: [{crm: delivery_num, erp: FQty, lens: decimal, direction: to_erp}]
"""


def test_a_push_of_some_lines_reads_the_field_that_names_them() -> None:
    head = NOTICE.partition("  push:")[0]
    types = compile_mappings({"n.yaml": head + LINED, "order.yaml": ORDER, "c.yaml": GOOD}).types
    found = next(each for each in types if each.name == "notice")

    assert found.erp.making.push == PushRule("order_id", "", ("NoteLineObj~FEntity", "order_line"))
    (field,) = [each for each in found.crm.interest.lines[0].fields if each.path == "order_line"]
    assert field.refers_to == "LineObj"


@pytest.mark.parametrize(
    ("file", "order", "said"),
    [
        (LINED.partition("lines:")[0], ORDER, "line is a field of our lines, and this file has"),
        (LINED, ORDER.partition("lines:")[0], "link type 'order' has no lines"),
    ],
)
def test_a_push_of_lines_that_are_not_there_is_told(file: str, order: str, said: str) -> None:
    head = NOTICE.partition("  push:")[0]

    found = words_of(customer=GOOD, order=order, notice=head + file)

    assert any(said in each for each in found), found


LINES = make_order_type().lines[0]


def lined_lab(*lines: dict[str, str]) -> tuple[DocumentLab, Ref, list[str]]:
    """Return a lab with an order of two lines that has crossed, and a note of these lines."""
    base = make_order_type()
    pushed = pushed_type(base)
    making = Making(push=PushRule("order_id", "", (LINES.name, "order_line")))
    crm_lines = pushed.crm.interest.lines[0]
    extra = replace(crm_lines.fields[0], path="order_line")
    crm_lines = replace(crm_lines, fields=(*crm_lines.fields, extra))
    interest = replace(pushed.crm.interest, lines=(crm_lines,))
    pushed = replace(
        pushed,
        crm=replace(pushed.crm, interest=interest),
        erp=replace(pushed.erp, making=making),
    )
    lab = DocumentLab(base, pushed)
    rows = [{"quantity": "1"}, {"quantity": "2"}]
    order = lab.make(CRM, base.crm.object_name, {"name": "DD-1"}, **{LINES.crm: rows})
    lab.rest()
    ids = [str(row[LINES.crm_id]) for row in lab.crm.lines(order, LINES.crm)]
    named = [
        {**line, "order_line": f"fxiaoke/{LINES.crm}/{ids[int(line['order_line'])]}"}
        if "order_line" in line
        else line
        for line in lines
    ]
    note = lab.make(CRM, "NoteObj", {"name": "N-1", "order_id": str(order)}, **{LINES.crm: named})
    entries = [str(row[LINES.erp_id]) for row in lab.erp.lines(lab.partner(order), LINES.erp)]
    lab.rest()
    return lab, note, entries


def test_only_the_lines_that_a_record_names_are_pushed_by_their_entry_ids() -> None:
    lab, note, entries = lined_lab({"order_line": "1", "quantity": "2"})

    (command,) = [each for each in lab.sent if each.seat == note]
    assert command.push is not None
    assert command.push.entries == (entries[1],)


@pytest.mark.parametrize(
    ("lines", "said"),
    [(({"quantity": "2"},), "order_line of line"), ((), "it has no lines")],
    ids=["a line names none", "no line"],
)
def test_a_push_of_no_known_line_is_a_problem(
    lines: tuple[dict[str, str], ...], said: str
) -> None:
    lab, note, _ = lined_lab(*lines)

    problem = lab.of(note).problem
    assert problem is not None
    assert said in problem.words
    assert [each for each in lab.sent if each.seat == note] == []


def test_a_record_that_names_no_source_is_a_problem_and_nothing_is_pushed() -> None:
    lab = push_lab()
    note = a_note(lab, None)

    lab.rest()

    problem = lab.of(note).problem
    assert problem is not None
    assert problem.kind is ProblemKind.UNMAPPED
    assert "order_id is empty" in problem.words
    assert lab.sent == []
