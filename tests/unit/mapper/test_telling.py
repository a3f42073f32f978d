"""Write-back: a link tells the CRM's record how it stands, once, and only when that changes."""

import pytest

from anji_common.events.commands import Action, Command
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.link.joining import join_records
from anji_mapper.link.state import Stage
from anji_mapper.link.state import changed as with_values
from anji_mapper.link.step import new_seat
from labs.link_lab import CRM, ERP, LinkLab
from labs.mapping_files import GOOD, changed, compiled, words_of

TOLD = GOOD + "write_back: {status: sync__c, message: sync_why__c}\n"
STATUS, WHY = "sync__c", "sync_why__c"


@pytest.fixture
def lab() -> LinkLab:
    return LinkLab(compiled(TOLD))


def shown(lab: LinkLab, record_id: str = "001") -> tuple[object, object]:
    record = lab.vendors[CRM].records[record_id]
    return record.get(STATUS), record.get(WHY)


def to_crm(lab: LinkLab) -> list[Command]:
    return [each for each in lab.sent if each.system is CRM]


def test_a_new_link_says_that_it_is_in_step_in_the_command_that_brings_its_number(
    lab: LinkLab,
) -> None:
    lab.linked()

    assert shown(lab) == ("已同步", None)
    (command,) = to_crm(lab)
    assert command.values == {"no__c": "CUST001", STATUS: "已同步"}


def test_edits_that_go_well_say_nothing_anew(lab: LinkLab) -> None:
    lab.linked()
    before = len(to_crm(lab))

    for tel in ("2", "3", "4"):
        lab.edit(CRM, "001", tel=tel)
        lab.rest()

    assert len(to_crm(lab)) == before
    assert shown(lab) == ("已同步", None)


def test_a_refused_create_is_told_in_the_erps_words_and_taken_back_once_it_goes_well(
    lab: LinkLab,
) -> None:
    lab.vendors[ERP].refuses = "编码必须唯一"
    lab.edit(CRM, name="Ann", tel="1")
    lab.rest()
    refused = shown(lab)
    writes = len(to_crm(lab))
    lab.look()
    lab.rest()

    lab.vendors[ERP].refuses = ""
    lab.edit(CRM, "001", tel="2")
    lab.rest()

    assert refused == ("异常", "编码必须唯一")
    assert writes == 1
    assert shown(lab) == ("已同步", None)
    assert len(to_crm(lab)) == 2  # the problem; the number and that it is in step again


def test_a_refused_update_is_told_and_another_words_problem_too(lab: LinkLab) -> None:
    lab.linked()
    lab.vendors[ERP].refuses = "已审核"
    lab.edit(CRM, "001", tel="2")
    lab.rest()
    first = shown(lab)

    lab.vendors[ERP].refuses = "已关闭"
    lab.edit(CRM, "001", tel="3")
    lab.rest()
    second = shown(lab)
    lab.vendors[ERP].refuses = ""
    lab.edit(CRM, "001", tel="4")
    lab.rest()

    assert (first, second) == (("异常", "已审核"), ("异常", "已关闭"))
    assert shown(lab) == ("已同步", None)
    assert len(to_crm(lab)) == 4


def test_what_the_crm_itself_refuses_is_not_told_to_the_crm(lab: LinkLab) -> None:
    erp_id = lab.linked()
    lab.vendors[CRM].refuses = "字段只读"
    before = len(to_crm(lab))

    lab.edit(ERP, erp_id, FName="Anna")
    lab.rest()
    lab.look()
    lab.rest()

    assert len(to_crm(lab)) == before + 1
    problem = lab.seat(CRM, "001").problem
    assert problem is not None
    assert problem.words == "字段只读"


def test_an_edit_made_while_a_refused_claim_is_being_told_is_looked_at_afterwards(
    lab: LinkLab,
) -> None:
    lab.linked()
    bob = lab.edit(CRM, name="Bob", tel="1", no__c="CUST001")
    while not any(each.seat.record_id == bob and each.system is CRM for each in lab.commands):
        lab.answer(lab.commands[0]) if lab.commands else lab.read_what_is_new()
        while lab.queues:
            lab.deliver(next(iter(lab.queues)))

    lab.edit(CRM, bob, no__c=None)
    lab.read(CRM, bob)
    lab.deliver(next(iter(lab.queues)))  # held: our word is on its way to this very record
    (ours,) = lab.commands
    lab.vendors[CRM].write(ours.values, at=lab.tick(), record_id=bob, by_anji=True)
    lab.rest()  # its answer was lost, so the writer finds it done, and tells what stands there

    assert lab.seat(CRM, bob).stage is Stage.LINKED
    assert shown(lab, bob) == ("已同步", None)


def test_what_a_person_writes_there_is_let_be_until_there_is_something_new_to_say(
    lab: LinkLab,
) -> None:
    lab.linked()
    before = len(to_crm(lab))
    lab.edit(CRM, "001", sync__c="我看过了")
    lab.edit(CRM, "001", tel="2")
    lab.rest()
    mine = shown(lab)

    lab.vendors[ERP].refuses = "已审核"
    lab.edit(CRM, "001", tel="3")
    lab.rest()

    assert mine == ("我看过了", None)
    assert shown(lab) == ("异常", "已审核")
    assert len(to_crm(lab)) == before + 1


def test_a_value_without_a_counterpart_is_told_and_never_in_step_first() -> None:
    table = changed(
        TOLD,
        "- {crm: tel, erp: FTEL}",
        '- {crm: tel, erp: {path: FTEL, kind: text}, lens: {value_map: {values: {"1": a}}}}',
    )
    lab = LinkLab(compiled(table))
    lab.linked()
    before = len(to_crm(lab))

    lab.edit(CRM, "001", tel="9")
    lab.rest()
    for name in ("Anna", "Annika"):
        lab.edit(CRM, "001", name=name)
        lab.rest()

    assert shown(lab)[0] == "异常"
    assert len(to_crm(lab)) == before + 1
    lab.edit(CRM, "001", tel="1")
    lab.rest()
    assert shown(lab) == ("已同步", None)


def test_a_replay_of_all_inputs_tells_nothing(lab: LinkLab) -> None:
    lab.linked()
    lab.vendors[ERP].refuses = "已审核"
    lab.edit(CRM, "001", tel="2")
    lab.rest()
    before, told = len(lab.sent), list(lab.delivered)

    for each in told:
        lab.hand_over(each)
    lab.rest()

    assert len(lab.sent) == before
    seat = lab.seat(CRM, "001")
    assert decode_seat(encode_seat(seat)) == seat


def test_a_record_that_the_erp_made_is_in_step_from_its_first_day() -> None:
    both = changed(TOLD, "creates: crm", "creates: both")
    both = changed(both, "  marker: anji_ref__c\n", "  marker: anji_ref__c\n  packet: {tel: ''}\n")
    both = changed(both, "packet: {tel: ''}", "packet: {name: '', tel: '', no__c: ''}")
    lab = LinkLab(compiled(both))
    lab.edit(ERP, FName="Bob", FTEL="1")
    lab.rest()

    (made,) = [each for each in to_crm(lab) if each.action is Action.CREATE]
    assert made.values[STATUS] == "已同步"
    assert shown(lab) == ("已同步", None)
    assert len(to_crm(lab)) == 1


def test_records_that_are_joined_are_told_nothing_until_their_status_changes(
    lab: LinkLab,
) -> None:
    lab.edit(CRM, name="Ann", tel="1", no__c="7", sync__c="老数据")
    lab.edit(ERP, FName="Ann", FTEL="1", FNumber="7")
    crm, erp = lab.take(CRM, "001"), lab.take(ERP, "001")
    seats = [new_seat(each.ref, lab.link_type, lab.context()) for each in (crm, erp)]

    joined = join_records(
        lab.link_type, (seats[0], crm), (seats[1], erp), lab.context(), keeps=False
    )
    lab.seats[str(crm.ref)], lab.seats[str(erp.ref)] = joined.home, joined.pointer
    lab.look()
    lab.rest()

    assert lab.sent == []
    assert shown(lab) == ("老数据", None)


def test_a_link_whose_state_was_lost_tells_nothing(lab: LinkLab) -> None:
    lab.linked()
    seat = lab.seat(CRM, "001")
    before = len(lab.sent)
    lab.vendors[CRM].records["001"][STATUS] = "异常"
    lab.edit(CRM, "001")

    lost = with_values(seat, agreed={}, is_unsettled=True)
    lab.seats[str(seat.key)] = lost
    lab.rest()

    assert lab.seat(CRM, "001").stage is Stage.LINKED
    assert len(lab.sent) == before
    assert shown(lab) == ("异常", None)


def test_an_empty_name_leaves_a_field_out() -> None:
    off = compiled(GOOD + 'write_back: {status: "", message: ""}\n')
    only = compiled(GOOD + 'write_back: {status: {path: s__c, kind: choice}, message: ""}\n')

    assert off.telling is None
    assert only.telling is not None
    assert [pair.crm for pair in only.telling.pairs] == ["s__c"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{status: name}", "name is mapped already: the link needs its own field"),
        ("{status: s__c, synced: x, problem: x}", "both statuses are spelled alike"),
        ("{status: s__c, word: x}", "unknown key 'word'"),
    ],
)
def test_what_cannot_be_told_is_a_mistake_of_the_file(said: str, words: str) -> None:
    (found,) = words_of(customer=f"{GOOD}write_back: {said}\n")

    assert words in found


def test_a_long_message_is_cut() -> None:
    lab = LinkLab(compiled(GOOD + "write_back: {message: why__c, limit: 20}\n"))
    lab.vendors[ERP].refuses = "长" * 50
    lab.edit(CRM, name="Ann", tel="1")
    lab.rest()

    assert lab.vendors[CRM].records["001"]["why__c"] == "长" * 20


def test_a_word_that_the_crm_refuses_is_not_sent_without_an_end(lab: LinkLab) -> None:
    """Alone, or with what the ERP has refused."""
    lab.linked()
    lab.vendors[CRM].records["001"][STATUS] = None
    seat = lab.seat(CRM, "001")
    agreed = {name: each for name, each in seat.agreed.items() if STATUS not in name}
    lab.seats[str(seat.key)] = with_values(seat, agreed=agreed)
    before = len(to_crm(lab))
    lab.vendors[CRM].refuses = "the record is gone"

    lab.edit(CRM, "001", tel="2")
    lab.rest()
    alone = len(to_crm(lab)) - before
    lab.vendors[ERP].refuses = "no"
    lab.edit(CRM, "001", tel="3")
    lab.rest()

    assert alone <= 2
    assert len(to_crm(lab)) - before <= 3
