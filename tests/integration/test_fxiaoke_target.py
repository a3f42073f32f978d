"""The CRM as a target, against the sandbox: look-ups, creates with lines, updates."""

from random import Random

from anji_common.events.commands import LookUp, RowWish
from anji_common.events.results import Outcome
from anji_common.refs import Ref, System
from anji_common.transport import Answer, Call
from anji_fxiaoke.service import make_client
from anji_fxiaoke.writer import FxiaokeTarget
from anji_sandbox.faults import Fault
from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.fxiaoke_lab import (
    INTEREST,
    LINES,
    NOTE_LINES,
    Lab,
    made,
    new_account,
    new_note,
    on_a_crm,
    ref_of,
    seat,
    update_of,
)
from labs.sandbox_transport import SandboxTransport

NO_DATA = b'{"errorCode":0,"errorMessage":"OK","data":{}}'


def test_a_create_comes_back_as_the_crm_holds_it() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, "华东", tel="021-1")])

        written = made(outcome)
        assert written.outcome is Outcome.CREATED
        assert written.business_number == "华东"
        assert written.observed is not None
        assert written.observed.stamp.by_anji
        assert written.observed.data == {
            "name": "华东",
            "tel": "021-1",
            "owner": lab.settings.open_user_id,
            "life_status": "normal",
            "anji_ref__c": str(seat(1)),
        }

    on_a_crm(test)


def test_blank_fields_of_the_packet_are_not_sent() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])

        assert "tel" not in lab.person.get("AccountObj", ref_of(outcome).record_id)

    on_a_crm(test)


def test_lines_go_with_their_head_and_are_paired() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_note(1, {"e1": "2", "e2": "2", "e3": "5"})])

        written = made(outcome)
        held = {row["_id"]: row["anji_line__c"] for row in lab.person.all(NOTE_LINES)}
        assert {held[line] for line in written.lines[NOTE_LINES].values()} == {"e1", "e2", "e3"}
        assert all(held[line] == entry for entry, line in written.lines[NOTE_LINES].items())
        assert lab.client.caller.tally.calls["DeliveryNoteObj", "create"] == 1

    on_a_crm(test)


def test_lines_that_queries_show_late_are_waited_for() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_note(1, {"e1": "2", "e2": "3"})])

        assert set(made(outcome).lines[NOTE_LINES]) == {"e1", "e2"}

    on_a_crm(test, switches=FxiaokeSwitches(query_lag_seconds=1.2))


def test_lines_of_a_new_record_are_waited_for_as_long_as_they_may_lag() -> None:
    """Without them they would look like lines that a person removed, or be made again."""

    async def test(lab: Lab) -> None:
        command = new_note(1, {"e1": "2", "e2": "3"})
        (outcome,) = await lab.target.write([command])
        made_one = command.model_copy(update={"target": ref_of(outcome)})

        (read,) = await lab.target.read([made_one])

        assert made(outcome).observed is None  # it is not waited for that long in the call itself
        assert read is not None
        assert [row["anji_line__c"] for row in read.data[NOTE_LINES]] == ["e1", "e2"]  # type: ignore[union-attr,index,call-overload]  # rows

    late = FxiaokeSwitches(query_lag_by_object={NOTE_LINES: 6.0})
    on_a_crm(test, switches=late, lines_lag_seconds=6.0)


def test_a_create_that_cannot_be_read_back_is_still_made() -> None:
    async def test(lab: Lab) -> None:
        lab.faults.add(Fault(kind="html", endpoint="*/data/query", calls=None))

        (outcome,) = await lab.target.write([new_account(1)])

        assert made(outcome).ref is not None
        assert made(outcome).observed is None

    on_a_crm(test)


def test_many_creates_are_read_back_by_one_query() -> None:
    async def test(lab: Lab) -> None:
        outcomes = await lab.target.write([new_account(n) for n in range(40)])

        assert all(made(each).observed is not None for each in outcomes)
        assert lab.client.caller.tally.calls["AccountObj", "read back"] == 1

    on_a_crm(test)


def test_a_look_up_finds_our_own_by_marker_and_others_by_natural_key() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, "甲")])
        other = lab.person.make("AccountObj", name="乙")

        ours, others, none = await lab.target.look_up(
            [new_account(1, "甲"), new_account(2, "乙"), new_account(3, "丙")], own_only=False
        )

        assert [(each.observed.ref, each.is_ours) for each in ours] == [(ref_of(outcome), True)]
        assert [(each.observed.ref.record_id, each.is_ours) for each in others] == [(other, False)]
        assert others[0].business_number == "乙"
        assert none == ()
        assert lab.client.caller.tally.calls["AccountObj", "look up"] == 2

    on_a_crm(test)


def test_in_doubt_only_our_own_is_looked_for() -> None:
    async def test(lab: Lab) -> None:
        lab.person.make("AccountObj", name="乙")

        (found,) = await lab.target.look_up([new_account(2, "乙")], own_only=True)

        assert found == ()

    on_a_crm(test)


def test_every_hit_of_a_natural_key_is_told() -> None:
    async def test(lab: Lab) -> None:
        twins = {lab.person.make("AccountObj", name="乙") for _ in range(2)}

        (found,) = await lab.target.look_up([new_account(2, "乙")], own_only=False)

        assert {each.observed.ref.record_id for each in found} == twins

    on_a_crm(test)


def test_a_voided_record_is_nobodys_match() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make("AccountObj", name="乙")
        data = {"dataObjectApiName": "AccountObj", "object_data_id": record_id}
        lab.person.call("data/invalid", data)

        (found,) = await lab.target.look_up([new_account(2, "乙")], own_only=False)

        assert found == ()

    on_a_crm(test)


def test_all_conditions_of_a_look_up_must_hold() -> None:
    async def test(lab: Lab) -> None:
        lab.person.make("AccountObj", name="甲", tel="2")
        right = lab.person.make("AccountObj", name="甲", tel="1")
        lab.person.make("AccountObj", name="乙", tel="1")
        ways = (LookUp(by="natural key", conditions={"name": "甲", "tel": "1"}),)
        others = (LookUp(by="natural key", conditions={"name": "乙", "tel": "2"}),)
        commands = [
            new_account(1).model_copy(update={"look_ups": ways}),
            new_account(2).model_copy(update={"look_ups": others}),
        ]

        found, none = await lab.target.look_up(commands, own_only=False)

        assert [each.observed.ref.record_id for each in found] == [right]
        assert none == ()
        assert lab.client.caller.tally.calls["AccountObj", "look up"] == 1

    on_a_crm(test)


def test_a_blank_natural_key_matches_nothing() -> None:
    async def test(lab: Lab) -> None:
        lab.person.make("AccountObj", name="甲")
        ways = (LookUp(by="natural key", conditions={"tel": None}),)
        command = new_account(1).model_copy(update={"look_ups": ways})

        assert await lab.target.look_up([command], own_only=False) == [()]

    on_a_crm(test)


def test_a_look_up_pairs_the_lines_of_what_it_found() -> None:
    async def test(lab: Lab) -> None:
        command = new_note(1, {"e1": "2", "e2": "3"})
        (outcome,) = await lab.target.write([command])

        ((found,),) = await lab.target.look_up([command], own_only=True)

        assert found.lines == made(outcome).lines

    on_a_crm(test)


def test_an_update_changes_what_it_names_and_hands_over_to_another_owner() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, "甲", tel="1")])
        ref = ref_of(outcome)

        (done,) = await lab.target.write(
            [update_of(ref, {"tel": "2", "owner": lab.person.open_user_id})]
        )

        held = lab.person.get("AccountObj", ref.record_id)
        assert made(done).outcome is Outcome.UPDATED
        assert made(done).observed is None
        assert (held["name"], held["tel"]) == ("甲", "2")
        assert held["owner"] == [lab.person.open_user_id]

    on_a_crm(test)


def test_null_clears_a_field() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, tel="1")])

        await lab.target.write([update_of(ref_of(outcome), {"tel": None})])

        assert "tel" not in lab.person.get("AccountObj", ref_of(outcome).record_id)

    on_a_crm(test)


def test_lines_are_changed_and_added_as_records_of_their_own() -> None:
    async def test(lab: Lab) -> None:
        order = Ref(System.FXIAOKE, "SalesOrderObj", lab.person.make_order(("2",)))
        line_id = lab.person.all(LINES)[0]["_id"]
        rows = (
            RowWish(source_id="1", target_id=line_id, values={"quantity": "3"}),
            RowWish(source_id="2", values={"quantity": "8"}),
        )

        (outcome,) = await lab.target.write([update_of(order, {}, {LINES: rows})])

        held = {row["quantity"]: row["order_id"] for row in lab.person.all(LINES)}
        assert made(outcome).outcome is Outcome.UPDATED
        assert held == {"3": order.record_id, "8": order.record_id}

    on_a_crm(test)


def test_a_command_reads_its_target_or_learns_that_it_is_gone() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make("AccountObj", name="甲")
        here = update_of(Ref(System.FXIAOKE, "AccountObj", record_id), {"tel": "1"})
        gone = update_of(Ref(System.FXIAOKE, "AccountObj", "0" * 24), {"tel": "1"})

        found, none = await lab.target.read([here, gone])

        assert found is not None
        assert found.data["name"] == "甲"
        assert none is None
        # One query for all, and what it does not show is asked for by its id.
        assert lab.client.caller.tally.calls["AccountObj", "compare"] == 2

    on_a_crm(test)


def test_a_record_that_no_query_shows_yet_is_not_gone() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make("AccountObj", name="甲")
        command = update_of(Ref(System.FXIAOKE, "AccountObj", record_id), {"tel": "1"})

        (found,) = await lab.target.read([command])

        assert found is not None
        assert found.data["name"] == "甲"

    on_a_crm(test, switches=FxiaokeSwitches(query_lag_seconds=10.0))


def test_a_record_that_is_answered_by_an_empty_object_is_gone() -> None:
    async def test(lab: Lab) -> None:
        gone = Ref(System.FXIAOKE, "AccountObj", "0" * 24)
        transport = EmptyGets(lab.transport)
        client, metadata = make_client(lab.settings, transport, lab.clock, Random(1))
        target = FxiaokeTarget(client, metadata, INTEREST, lab.settings, lab.clock)

        (none,) = await target.read([update_of(gone, {"tel": "1"})])

        assert none is None

    on_a_crm(test)


class EmptyGets:
    """A transport on which a record that is asked for by its id is an empty object."""

    def __init__(self, inner: SandboxTransport) -> None:
        self._inner = inner

    async def send(self, call: Call) -> Answer:
        answer = await self._inner.send(call)
        return Answer(200, {}, NO_DATA) if call.path.endswith("data/get") else answer

    async def close(self) -> None:
        await self._inner.close()
