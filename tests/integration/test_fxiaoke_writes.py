"""What the CRM writer does beyond values: void, delete, locks, satellites, messages, clearing."""

from typing import Any
from urllib.parse import quote

import pytest

from anji_common.events.commands import Action, Command, Operation, RowWish
from anji_common.events.results import Outcome
from anji_common.interest import FieldInterest, Interest, LinesInterest, ObjectInterest
from anji_common.refs import Ref, System
from anji_common.writing.target import Busy, Doubtful, Refused, Written
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.source import FxiaokeFeed
from anji_fxiaoke.writer import FxiaokeTarget
from anji_sandbox.faults import Fault
from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.fxiaoke_lab import ACCOUNT, Lab, made, new_account, on_a_crm, ref_of, update_of

TEST = Purpose("test")
ADDRESS = "AccountAddrObj"
WITH_ADDRESSES = ObjectInterest(
    "AccountObj",
    "_id",
    "name",
    ACCOUNT.fields,
    (LinesInterest(ADDRESS, "_id", (FieldInterest("address"),), "account_id"),),
    marker_field="anji_ref__c",
)


def operate(ref: Ref, operation: Operation) -> Command:
    update = update_of(ref, {})
    return update.model_copy(update={"action": Action.OPERATE, "operation": operation})


def lock(lab: Lab, ref: Ref) -> None:
    data = {"dataObjectApiName": ref.object_name, "dataIds": [ref.record_id]}
    lab.person.call("object/lock", data)


async def standing(lab: Lab, command: Command) -> bool:
    (observed,) = await lab.target.read([command])
    return lab.target.is_done(command, observed)


def test_a_record_is_voided_recovered_and_deleted() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])
        ref = ref_of(outcome)
        for operation in (Operation.VOID, Operation.UNVOID, Operation.DELETE):
            command = operate(ref, operation)
            assert not await standing(lab, command)

            (outcome,) = await lab.target.write([command])

            assert made(outcome).outcome is Outcome.UPDATED
            assert await standing(lab, command)
        assert lab.person.all("AccountObj") == []

    on_a_crm(test)


def test_what_is_voided_already_is_deleted_in_one_step_more() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])
        await lab.target.write([operate(ref_of(outcome), Operation.VOID)])

        (outcome,) = await lab.target.write([operate(ref_of(outcome), Operation.DELETE)])

        assert made(outcome).outcome is Outcome.UPDATED
        assert lab.person.all("AccountObj") == []

    on_a_crm(test)


def test_a_void_is_seen_where_queries_hide_what_is_voided() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])
        command = operate(ref_of(outcome), Operation.VOID)
        await lab.target.write([command])

        assert await standing(lab, command)

    on_a_crm(test, switches=FxiaokeSwitches(voided_in_query=False))


def test_what_the_crm_cannot_do_to_a_record_is_refused_in_words() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])

        (outcome,) = await lab.target.write([operate(ref_of(outcome), Operation.AUDIT)])

        assert isinstance(outcome, Refused)
        assert "no audit in the CRM" in outcome.words

    on_a_crm(test)


@pytest.mark.parametrize(
    ("how", "kind", "tel"),
    [("refuse", Refused, "1"), ("wait", Busy, "1"), ("override", Written, "2")],
)
def test_a_locked_record_is_dealt_with_as_it_is_set(how: str, kind: type, tel: str) -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, tel="1")])
        ref = ref_of(outcome)
        lock(lab, ref)

        (outcome,) = await lab.target.write([update_of(ref, {"tel": "2"})])

        held = lab.person.get("AccountObj", ref.record_id)
        assert isinstance(outcome, kind)
        assert (held["tel"], held["lock_status"]) == (tel, "1")

    on_a_crm(test, locked=how)


@pytest.mark.parametrize("kind", ["bad_gateway", "drop_before", "drop_after"])
def test_a_record_is_locked_again_though_that_takes_more_than_one_call(kind: Any) -> None:  # noqa: ANN401 - a kind of fault
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, tel="1")])
        ref = ref_of(outcome)
        lock(lab, ref)
        lab.faults.add(Fault(kind=kind, endpoint="*/object/lock"))

        (outcome,) = await lab.target.write([update_of(ref, {"tel": "2"})])

        held = lab.person.get("AccountObj", ref.record_id)
        assert isinstance(outcome, Written)
        assert (held["tel"], held["lock_status"]) == ("2", "1")

    on_a_crm(test, locked="override")


def test_a_record_that_stays_unlocked_is_a_problem_that_says_so() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, tel="1")])
        ref = ref_of(outcome)
        lock(lab, ref)
        lab.faults.add(Fault(kind="bad_gateway", endpoint="*/object/lock", calls=None))

        (outcome,) = await lab.target.write([update_of(ref, {"tel": "2"})])

        assert isinstance(outcome, Refused)
        assert outcome.is_partial
        assert "could not be locked again" in outcome.words

    on_a_crm(test, locked="override")


def test_a_lock_is_waited_for_a_bounded_number_of_times() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])
        lock(lab, ref_of(outcome))

        (outcome,) = await lab.target.write([update_of(ref_of(outcome), {"tel": "2"})])

        assert isinstance(outcome, Busy)
        assert not outcome.is_unreached

    on_a_crm(test, locked="wait")


def test_a_locked_custom_record_is_changed_by_one_call() -> None:
    name = "object_delivery__c"
    interest = Interest(
        System.FXIAOKE, (ObjectInterest(name, "_id", "name", (FieldInterest("name"),)),)
    )

    async def test(lab: Lab) -> None:
        target = FxiaokeTarget(lab.client, lab.metadata, interest, lab.settings, lab.clock)
        user = await lab.client.caller.acting_user()
        fields = {"name": "旧", "owner": [user]}
        record_id = await lab.client.create(name, fields, {}, TEST)
        await lab.client.set_lock(name, record_id, TEST, is_locked=True)
        before = lab.crm.store.calls["data/update " + name]

        ref = Ref(System.FXIAOKE, name, record_id)
        (outcome,) = await target.write([update_of(ref, {"name": "新"})])

        held = await lab.client.get(name, record_id, TEST)
        assert made(outcome).outcome is Outcome.UPDATED
        assert held is not None
        assert (held["name"], held["lock_status"]) == ("新", "1")
        assert lab.crm.store.calls["data/update " + name] - before == 2  # refused, then done

    on_a_crm(test, locked="override")


def test_satellites_are_read_and_made_as_lines_of_their_head() -> None:
    async def test(lab: Lab) -> None:
        target = _target(lab)
        command = new_account(1)
        wishes = tuple(
            RowWish(source_id=each, values={"address": each}) for each in ("南京路 1", "淮海路 2")
        )

        (outcome,) = await target.write([command.model_copy(update={"rows": {ADDRESS: wishes}})])

        written = made(outcome)
        assert written.observed is not None
        rows = written.observed.data[ADDRESS]
        assert isinstance(rows, list)
        assert [row["address"] for row in rows if isinstance(row, dict)] == [
            "南京路 1",
            "淮海路 2",
        ]
        assert set(written.lines[ADDRESS]) == {"南京路 1", "淮海路 2"}
        feed = FxiaokeFeed(lab.client, lab.metadata, lab.settings)
        await lab.clock.sleep(5.0)
        page = await feed.read(WITH_ADDRESSES, [ref_of(outcome).record_id])
        assert [each.data for each in page.records] == [written.observed.data]

    on_a_crm(test)


def test_a_satellite_that_is_refused_leaves_a_head_that_is_known_to_be_made() -> None:
    async def test(lab: Lab) -> None:
        wish = RowWish(source_id="a", values={"nonsense": "x"})
        command = new_account(1).model_copy(update={"rows": {ADDRESS: (wish,)}})

        (outcome,) = await _target(lab).write([command])

        assert made(outcome).outcome is Outcome.CREATED
        assert "already written: the head" in made(outcome).words

    on_a_crm(test)


def test_a_satellite_whose_answer_is_lost_leaves_a_doubt() -> None:
    async def test(lab: Lab) -> None:
        lab.faults.add(Fault(kind="drop_after", endpoint="*/data/create", contains=ADDRESS))
        wish = RowWish(source_id="a", values={"address": "x"})
        command = new_account(1).model_copy(update={"rows": {ADDRESS: (wish,)}})

        (outcome,) = await _target(lab).write([command])

        assert isinstance(outcome, Doubtful)

    on_a_crm(test)


def test_a_field_is_cleared_by_null() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, tel="1")])

        await lab.target.write([update_of(ref_of(outcome), {"tel": None})])

        assert "tel" not in lab.person.get("AccountObj", ref_of(outcome).record_id)

    on_a_crm(test)


def test_or_by_an_empty_text_where_that_is_set() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, tel="1")])
        lab.faults.add(Fault(kind="code", endpoint="*/update", contains="null", code=32000))

        (outcome,) = await lab.target.write([update_of(ref_of(outcome), {"tel": None})])

        assert "tel" not in lab.person.get("AccountObj", ref_of(outcome).record_id)

    on_a_crm(test, clears_with="empty")


def message(lab: Lab, count: int) -> Command:
    update = update_of(Ref(System.FXIAOKE, "SalesOrderObj", "65f000000000000000000003"), {})
    to = (lab.person.open_user_id,) * count
    more = {"action": Action.MESSAGE, "to": to, "text": "已发货\n请查收"}
    return update.model_copy(update=more)


@pytest.mark.parametrize("link", ["encoded", "plain"])
def test_a_composite_message_links_to_its_record(link: str) -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([message(lab, 3)])

        (sent,) = lab.crm.messages()
        named = '{"objDescApiName":"SalesOrderObj","objDataId":"65f000000000000000000003"}'
        spelt = quote(named) if link == "encoded" else named
        assert made(outcome).outcome is Outcome.SENT
        assert sent["to"] == [lab.person.open_user_id]
        assert sent["type"] == "composite"
        assert sent["content"]["head"] == {"title": "已发货"}
        assert sent["content"]["link"]["url"] == f"fs://CRM/udobj?{spelt}"

    on_a_crm(test, messages="composite", message_link=link)


def test_more_than_five_hundred_receivers_are_several_messages() -> None:
    async def test(lab: Lab) -> None:
        to = tuple(f"FSUID_{n:032X}" for n in range(1001))
        (outcome,) = await lab.target.write([message(lab, 1).model_copy(update={"to": to})])

        assert isinstance(outcome, Refused)  # the sandbox knows none of them
        assert outcome.code == "20012"  # and did not find the first five hundred too many

    on_a_crm(test)


def test_what_is_written_starts_no_workflow_and_no_approval_unless_set() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])

        assert lab.person.get("AccountObj", ref_of(outcome).record_id)["life_status"] == expected

    approving: dict[str, Any] = {
        "switches": FxiaokeSwitches(approval_objects=frozenset({"AccountObj"}))
    }
    expected = "normal"
    on_a_crm(test, **approving)
    expected = "under_review"
    on_a_crm(test, **approving, triggers_approval=True)


def _target(lab: Lab) -> FxiaokeTarget:
    interest = Interest(System.FXIAOKE, (WITH_ADDRESSES,))
    return FxiaokeTarget(lab.client, lab.metadata, interest, lab.settings, lab.clock)
