"""What people decide at a terminal: values edited past a problem, and deletes that wait."""

from datetime import timedelta

import pytest
from pydantic import JsonValue

from anji.deletes import answer, waiting_deletes
from anji.looking import Links, edit
from anji_common.errors import RejectedError
from anji_common.events.commands import Action, Command
from anji_common.events.inbox import Entry
from anji_common.events.notices import NoticeKind
from anji_common.events.results import Outcome, Result
from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import Ref, System
from anji_common.sourcing.checkpoints import Checkpoint, PatrolProgress, PatrolStage
from anji_common.testing.strategies import as_record
from anji_common.testing.virtual_time import EPOCH
from anji_mapper.link.codec import seat_message
from anji_mapper.link.state import ProblemKind, Seat, SideState, Stage
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.model import Seen
from labs.mapper_lab import ACCOUNT, CUSTOMER, MapperLab, in_a_mapper_lab
from labs.mapping_files import GOOD, ORDER, changed

ANN: dict[str, JsonValue] = {"name": "Ann", "tel": "1", "no__c": "C1", "anji_ref__c": None}
ANNS: dict[str, JsonValue] = {"FName": "Ann", "FTEL": "1", "FNumber": "C1"}


async def refuse(lab: MapperLab, command: Command, words: str = "too long") -> None:
    result = Result(
        seat=command.seat,
        number=command.number,
        system=command.system,
        outcome=Outcome.REJECTED,
        answered_at=lab.clock.now(),
        words=words,
    )
    await lab.broker.publish([result.to_message()])
    await lab.work()


async def edited(lab: MapperLab, path: str, value: JsonValue, **changes: object) -> Entry:
    """Write another value past the problem of the account's link, as the command does."""
    async with Links.read(lab.broker, lab.mappings) as links:
        seat = links.one(str(ACCOUNT))
        assert seat is not None
        link_type = lab.mappings.types[0]
        entry = edit(seat, link_type, path, value, "wang", lab.clock)
    await lab.broker.publish([entry.model_copy(update=changes).to_message()])
    await lab.work()
    return entry


def test_another_value_than_the_refused_one_is_written_and_stays() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.linked(ANN, ANNS)
        await lab.change(ACCOUNT, {**ANN, "tel": "123456789"})
        await lab.work()
        await refuse(lab, (await lab.commands())[-1])

        await edited(lab, "FTEL", "12345")

        command = (await lab.commands())[-1]
        assert (command.action, command.values) == (Action.UPDATE, {"FTEL": "12345"})
        await lab.created(command, CUSTOMER, {**ANNS, "FTEL": "12345"})
        await lab.change(CUSTOMER, {**ANNS, "FTEL": "12345"})
        await lab.work()
        seat = await lab.seat(ACCOUNT)
        assert seat.agreed["tel~FTEL"] == ("123456789", "12345")
        assert seat.problem is None
        assert len(await lab.commands()) == 3
        assert await lab.commands(System.FXIAOKE) == []

    in_a_mapper_lab(test)


def test_who_wrote_what_is_kept_as_a_notice() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await lab.change(ACCOUNT, ANN)
        await lab.work()
        await refuse(lab, (await lab.commands())[-1])

        await edited(lab, "FTEL", "2")

        (notice,) = [each for each in await lab.notices() if each.kind is NoticeKind.VALUE_EDITED]
        assert notice.words == "wang wrote another value for FTEL"
        assert (notice.details["mapped"], notice.details["value"]) == ("1", "2")
        assert notice.details["problem"] == "too long"
        assert (await lab.commands())[-1].values["FTEL"] == "2"

    in_a_mapper_lab(test)


def test_a_value_without_a_counterpart_is_written_as_a_person_says() -> None:
    async def test(lab: MapperLab) -> None:
        mapped = changed(
            GOOD,
            "- {crm: tel, erp: FTEL}",
            '- {crm: tel, erp: FTEL, lens: {value_map: {values: {"1": "1"}}}}',
        )
        lab.mappings = compile_mappings({"customer.yaml": mapped, "order.yaml": ORDER})
        await lab.linked(ANN, ANNS)
        await lab.change(CUSTOMER, {**ANNS, "FTEL": "5"})
        await lab.change(ACCOUNT, {**ANN, "tel": "7"})
        await lab.work()
        problem = (await lab.seat(ACCOUNT)).problem
        assert problem is not None
        assert problem.kind is ProblemKind.UNMAPPED

        await edited(lab, "FTEL", "1")

        command = (await lab.commands())[-1]
        assert (command.values, command.base) == ({"FTEL": "1"}, {"FTEL": "5"})

    in_a_mapper_lab(test)


@pytest.mark.parametrize(
    "changes", [{"problem": "another"}, {"fields": ("no such~pair",)}], ids=["problem", "field"]
)
def test_an_edit_of_another_problem_or_field_does_nothing(changes: dict[str, object]) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await lab.change(ACCOUNT, ANN)
        await lab.work()
        await refuse(lab, (await lab.commands())[-1])

        await edited(lab, "FTEL", "2", **changes)

        assert len(await lab.commands()) == 1

    in_a_mapper_lab(test)


def test_records_that_are_refused_in_the_same_words_but_for_their_number_are_one_cause() -> None:
    """The ERP names the bill in each refusal: 单据编号为“SO000001”的销售订单，单据已审核."""

    async def test(lab: MapperLab) -> None:
        await lab.start()
        for n in (1, 2):
            ref = ACCOUNT if n == 1 else Ref(System.FXIAOKE, "AccountObj", "a2")
            await lab.change(ref, {**ANN, "name": f"Ann-{n}", "no__c": f"C{n}"})
            await lab.work()
            await refuse(lab, (await lab.commands())[-1], f"the customer Ann-{n} is audited")

        async with Links.read(lab.broker, lab.mappings) as links:
            (cause,) = links.causes()
            shown = links.words(cause.seats[0])
            chosen = [
                len(links.chosen([], words)) for words in ("Ann-2 is", "customer … is", "audited")
            ]

        assert chosen == [1, 2, 2]
        assert (cause.words, len(cause.seats)) == ("the customer … is audited", 2)
        assert shown == "the customer Ann-1 is audited"

    in_a_mapper_lab(test)


def test_who_tries_again_what_has_no_problem_is_told_so() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.linked(ANN, ANNS)

        async with Links.read(lab.broker, lab.mappings) as links:
            seat = links.one("C1")
            assert seat is not None
            with pytest.raises(RejectedError, match=f"{ACCOUNT} has no problem"):
                links.chosen([seat], None)
            with pytest.raises(RejectedError, match="no problem says 'too long'"):
                links.chosen([], "too long")

    in_a_mapper_lab(test)


def test_a_field_that_nothing_is_written_to_is_refused_with_those_there_are() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await lab.change(ACCOUNT, ANN)
        await lab.work()
        await refuse(lab, (await lab.commands())[-1])

        with pytest.raises(RejectedError, match="writes no field tele"):
            await edited(lab, "tele", "2")

    in_a_mapper_lab(test)


def held(*gone: str) -> Checkpoint:
    patrol = PatrolProgress(
        begun_at=EPOCH, looked_at=EPOCH, stage=PatrolStage.HELD, looked=9, confirmed=gone
    )
    return Checkpoint(
        system=System.FXIAOKE,
        object_name="AccountObj",
        begun_at=EPOCH,
        watermark=EPOCH,
        patrol=patrol,
    )


@pytest.mark.parametrize(
    ("approves", "kind"), [(True, SignalKind.APPROVE), (False, SignalKind.REFUSE)]
)
def test_deletes_that_a_source_holds_are_listed_and_answered(
    *, approves: bool, kind: SignalKind
) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.broker.publish([held("a1", "a2").to_message()])

        async with Links.read(lab.broker, lab.mappings) as links:
            (found,) = await waiting_deletes(lab.broker, lab.mappings, links)

        assert found.name == "AccountObj"
        assert f"2 records are gone: {ACCOUNT}" in found.words
        message = answer(found, "wang", lab.clock, approves=approves)
        signal = Signal.from_record(as_record(message))
        assert (signal.kind, signal.object_name) == (kind, "AccountObj")
        patrol = held("a1", "a2").patrol
        assert patrol is not None
        assert signal.answers == patrol.question

    in_a_mapper_lab(test)


def test_a_number_that_several_links_have_names_none_of_them() -> None:
    """A decision would be taken about whichever comes first."""

    async def test(lab: MapperLab) -> None:
        seats = [
            Seat(
                key=Ref(System.FXIAOKE, "AccountObj", name),
                link_type="customer",
                generation=1,
                stage=stage,
                crm=SideState(seen=Seen({}, number=number)),
            )
            for name, number, stage in (
                ("a1", "Ann", Stage.LINKED),
                ("a2", "Ann", Stage.NEW),
                ("a3", "Bea", Stage.ENDED),
                ("a4", "Bea", Stage.LINKED),
            )
        ]
        await lab.broker.publish([seat_message(each) for each in seats])

        async with Links.read(lab.broker, lab.mappings) as links:
            with pytest.raises(RejectedError, match=r"2 links.*AccountObj/a1, .*AccountObj/a2"):
                links.one("Ann")
            bea = links.one("Bea")

        assert bea is not None
        assert bea.key.record_id == "a4"

    in_a_mapper_lab(test)


ASKING = changed(
    GOOD, "fields:\n", "on_delete:\n  crm: {do: [forbid], approve: true}\n  erp: ignore\nfields:\n"
)


@pytest.mark.parametrize("approves", [True, False])
def test_a_delete_that_the_mapping_asks_about_is_listed_and_answered(*, approves: bool) -> None:
    async def test(lab: MapperLab) -> None:
        lab.mappings = compile_mappings({"customer.yaml": ASKING, "order.yaml": ORDER})
        await lab.linked(ANN, ANNS)
        await lab.change(ACCOUNT, None)
        await lab.work(timedelta(seconds=5).total_seconds())

        async with Links.read(lab.broker, lab.mappings) as links:
            (found,) = await waiting_deletes(lab.broker, lab.mappings, links)
        assert (found.name, f"{ACCOUNT} was deleted" in found.words) == (str(ACCOUNT), True)
        await lab.broker.publish([answer(found, "wang", lab.clock, approves=approves)])
        await lab.work()

        operations = [each for each in await lab.commands() if each.action is Action.OPERATE]
        assert [each.target for each in operations] == ([CUSTOMER] if approves else [])
        async with Links.read(lab.broker, lab.mappings) as links:
            assert await waiting_deletes(lab.broker, lab.mappings, links) == []

    in_a_mapper_lab(test)
