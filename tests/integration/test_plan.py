"""Plans: another mapping's effect on a copy of the links, and the very same sent afterwards."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import JsonValue

from anji.applying import Standing, open_applying
from anji_common.errors import RejectedError, UndecodableError
from anji_common.events.commands import Command
from anji_common.events.notices import NoticeKind
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import Lane, commands_topic
from anji_mapper.link.state import ProblemKind
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.model import Mappings
from anji_mapper.planning import Planner, planner
from anji_mapper.plans import PlanFile, PlanHeader, PlannedLink, PlanWriter
from anji_mapper.starts import Start
from labs.mapper_lab import ACCOUNT, CUSTOMER, MapperLab, in_a_mapper_lab
from labs.mapping_files import GOOD, ORDER, changed

NAME = "  - {crm: name, erp: FName}\n"
WITH_FAX = changed(GOOD, NAME, NAME + "  - {crm: fax, erp: FFAX}\n")
WITH_FAX = changed(WITH_FAX, '    FTEL: ""\n', '    FTEL: ""\n    FFAX: ""\n')
MAPPED_TEL = changed(
    GOOD,
    "- {crm: tel, erp: FTEL}",
    '- {crm: tel, erp: FTEL, lens: {value_map: {values: {"1": one, "2": "2"}}}}',
)
BOB = Ref(System.FXIAOKE, "AccountObj", "a2")
BOBS = Ref(System.K3CLOUD, "BD_Customer", "100002")
CRM: dict[str, JsonValue] = {"name": "Ann", "tel": "1", "no__c": "C1", "fax": "9"}


def mappings(customer: str) -> Mappings:
    return compile_mappings({"customer.yaml": customer, "order.yaml": ORDER})


def erp(ref: Ref, **values: JsonValue) -> dict[str, JsonValue]:
    marker = {"F_ANJI_MARKER": str(ref)}
    return {"FName": "Ann", "FTEL": "1", "FNumber": "C1", "FFAX": None, **marker, **values}


async def link(lab: MapperLab, crm: Ref, far: Ref, data: dict[str, JsonValue]) -> None:
    """Let a customer be made in the CRM, and cross."""
    await lab.change(crm, data)
    await lab.work()
    command = next(each for each in await lab.commands() if each.seat == crm)
    await lab.created(command, far, erp(crm, FTEL=data["tel"], FNumber=data["no__c"]))
    await lab.work()
    await lab.change(far, erp(crm, FTEL=data["tel"], FNumber=data["no__c"]))
    await lab.change(crm, data)
    await lab.work()


@asynccontextmanager
async def planning(
    lab: MapperLab, new: Mappings, folder: Path, start: Start | None = None
) -> AsyncIterator[Planner]:
    copies = folder / "copies"
    copies.mkdir()
    async with planner(
        lab.broker, lab.mappings, new, start or Start(), folder=copies, now=lab.clock.now()
    ) as found:
        yield found


async def planned(lab: MapperLab, new: Mappings, folder: Path) -> tuple[Planner, PlanFile]:
    """Plan into a file, as the command does."""
    versions = {each.name: each.version for each in new.types}
    header = PlanHeader("p1", lab.clock.now(), "all", versions)
    path = folder / "plan.jsonl.gz"
    async with planning(lab, new, folder) as found:
        with PlanWriter.open(path, header) as writer:
            for each in found.run():
                writer.add(each)
    return found, PlanFile(path)


async def applied(lab: MapperLab, plan: PlanFile, folder: Path) -> dict[Standing, int]:
    async with open_applying(plan, lab.mappings, lab.broker, lab.clock, folder) as found:
        counts = await found.run(sends=True)
    await lab.work()
    return dict(counts)


async def bulk(lab: MapperLab) -> Sequence[tuple[bytes | None, object]]:
    records = await lab.records(commands_topic(System.K3CLOUD, Lane.BULK))
    return [(record.value, record.headers) for record in records]


def sent_by(plan: PlanFile) -> Sequence[tuple[bytes | None, object]]:
    topic = commands_topic(System.K3CLOUD, Lane.BULK)
    messages = [each for _, found in plan for each in found.sends if each.topic == topic]
    return [(message.value, message.headers) for message in messages]


async def restart(lab: MapperLab, new: Mappings) -> None:
    await lab.kill()
    lab.mappings = new
    await lab.start()


def test_a_new_field_is_planned_from_what_was_read_and_nothing_is_published(
    tmp_path: Path,
) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await link(lab, ACCOUNT, CUSTOMER, CRM)
        before = await lab.ends()

        plan, file = await planned(lab, mappings(WITH_FAX), tmp_path)

        assert await lab.ends() == before
        assert await bulk(lab) == []
        (sample,) = plan.tally.samples["customer", System.K3CLOUD, "FFAX"]
        assert (sample.before, sample.after) == (None, "9")
        assert (plan.tally.writes, file.links) == (1, 1)

    in_a_mapper_lab(test)


def test_just_what_was_planned_is_sent_once_however_often_it_is_applied(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await link(lab, ACCOUNT, CUSTOMER, CRM)
        new = mappings(WITH_FAX)
        _, file = await planned(lab, new, tmp_path)
        await restart(lab, new)

        counts = await applied(lab, file, tmp_path)
        again = await applied(lab, file, tmp_path)

        assert counts == {Standing.READY: 1}
        assert again == {Standing.DONE: 1}
        assert len(sent_by(file)) == 1
        assert await bulk(lab) == sent_by(file)
        seat = await lab.seat(ACCOUNT)
        command = Command.from_record((await lab.records("k3cloud.commands.bulk.v1"))[0])
        assert seat.erp.flight is not None
        assert seat.erp.flight.number == command.number

    in_a_mapper_lab(test)


def test_a_link_that_moved_since_is_left_as_it_is(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await link(lab, ACCOUNT, CUSTOMER, CRM)
        await link(lab, BOB, BOBS, {**CRM, "no__c": "C2"})
        new = mappings(WITH_FAX)
        _, file = await planned(lab, new, tmp_path)
        await restart(lab, new)
        await lab.change(BOB, {**CRM, "no__c": "C2", "tel": "7"})
        await lab.work()

        counts = await applied(lab, file, tmp_path)

        assert counts == {Standing.READY: 1, Standing.MOVED: 1}
        (sent,) = await lab.records(commands_topic(System.K3CLOUD, Lane.BULK))
        assert sent.text_key == str(ACCOUNT)

    in_a_mapper_lab(test)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"before": "another"}, "has moved since"),
        ({"mapping_version": "another"}, "another mapping than the one that runs"),
    ],
    ids=["moved", "mapping"],
)
def test_a_link_that_moves_while_it_is_told_refuses_with_a_notice(
    tmp_path: Path, changes: dict[str, str], why: str
) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await link(lab, ACCOUNT, CUSTOMER, CRM)
        new = mappings(WITH_FAX)
        _, file = await planned(lab, new, tmp_path)
        await restart(lab, new)
        ((place, planned_link),) = file
        entry = planned_link.entry(file.header, place, lab.clock.now())

        await lab.broker.publish([entry.model_copy(update=changes).to_message()])
        await lab.work()

        assert await bulk(lab) == []
        notice = (await lab.notices())[-1]
        assert notice.kind is NoticeKind.PLAN_REFUSED
        assert why in notice.words
        assert await applied(lab, file, tmp_path) == {Standing.REFUSED: 1}

    in_a_mapper_lab(test)


def test_a_plan_is_refused_where_another_mapping_runs(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await link(lab, ACCOUNT, CUSTOMER, CRM)
        _, file = await planned(lab, mappings(WITH_FAX), tmp_path)

        with pytest.raises(RejectedError, match="another mapping of customer"):
            await applied(lab, file, tmp_path)

    in_a_mapper_lab(test)


def test_a_conversion_that_changed_forgets_what_was_agreed_under_the_old_one(
    tmp_path: Path,
) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await link(lab, ACCOUNT, CUSTOMER, CRM)
        await link(lab, BOB, BOBS, {**CRM, "tel": "2", "no__c": "C2"})

        plan, _ = await planned(lab, mappings(MAPPED_TEL), tmp_path)

        (sample,) = plan.tally.samples["customer", System.K3CLOUD, "FTEL"]
        assert (sample.key, sample.before, sample.after) == (str(ACCOUNT), "1", "one")
        assert plan.tally.writes == 1

    in_a_mapper_lab(test)


def test_the_mapping_that_runs_plans_nothing(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await link(lab, ACCOUNT, CUSTOMER, CRM)

        plan, file = await planned(lab, lab.mappings, tmp_path)

        assert (plan.tally.looked_at, plan.tally.writes, file.links) == (1, 0, 0)

    in_a_mapper_lab(test)


def test_values_without_a_counterpart_are_told_and_what_was_never_read_is_no_blank(
    tmp_path: Path,
) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await link(lab, ACCOUNT, CUSTOMER, {**CRM, "tel": "5"})
        unread = changed(WITH_FAX, "crm: fax", "crm: never_read__c")

        plan, file = await planned(lab, mappings(unread), tmp_path)

        assert plan.tally.unknown["customer", "fxiaoke never_read__c"] == 1
        assert plan.tally.writes == 0
        assert file.links == 1  # what the ERP's side shows in FFAX is known from now on
        other = tmp_path / "other"
        other.mkdir()
        plan, _ = await planned(lab, mappings(MAPPED_TEL), other)
        ((name, words),) = plan.tally.unmapped
        assert (name, plan.tally.writes) == ("customer", 0)
        assert "tel → FTEL" in words

    in_a_mapper_lab(test)


def test_a_link_with_a_command_in_flight_is_left_out(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await lab.change(ACCOUNT, CRM)
        await lab.work()

        plan, file = await planned(lab, mappings(WITH_FAX), tmp_path)

        assert (plan.tally.in_flight, file.links) == (1, 0)

    in_a_mapper_lab(test)


def test_only_records_that_changed_since_are_looked_at(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await link(lab, ACCOUNT, CUSTOMER, CRM)
        await lab.work(60)
        since = lab.clock.now()
        await link(lab, BOB, BOBS, {**CRM, "no__c": "C2"})

        async with planning(lab, mappings(WITH_FAX), tmp_path, Start(since=since)) as found:
            keys = [each.key for each in found.run()]

        assert keys == [str(BOB)]

    in_a_mapper_lab(test)


def test_a_refusal_that_stands_and_a_problem_that_is_gone_are_told(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        unmapped = changed(MAPPED_TEL, '"2": "2"', '"3": "3"')
        lab.mappings = mappings(unmapped)
        await lab.start()
        await lab.change(ACCOUNT, {**CRM, "tel": "2"})
        await lab.work()
        problem = (await lab.seat(ACCOUNT)).problem
        assert problem is not None
        assert problem.kind is ProblemKind.UNMAPPED

        plan, file = await planned(lab, mappings(MAPPED_TEL), tmp_path)

        assert plan.tally.unmapped == {}
        assert plan.tally.writes == 1
        ((_, found),) = file
        assert isinstance(found, PlannedLink)

    in_a_mapper_lab(test)


@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_a_file_that_was_cut_or_changed_is_no_plan(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "plan.jsonl"
    header = PlanHeader("p", EPOCH, "all", {"customer": "v"})
    with PlanWriter.open(path, header) as writer:
        writer.add(PlannedLink(str(ACCOUNT), "customer", "", [1], ()))
    assert PlanFile(path).links == 1
    text = path.read_bytes()
    path.write_bytes(text[:-90] if harm == "cut" else text.replace(b"[1]", b"[2]"))

    with pytest.raises(UndecodableError, match="cut off"):
        PlanFile(path)


def test_what_keeps_links_from_moving_already_is_told_apart_from_what_a_plan_brings(
    tmp_path: Path,
) -> None:
    async def test(lab: MapperLab) -> None:
        lab.mappings = mappings(changed(MAPPED_TEL, '"2": "2"', '"3": "3"'))
        await lab.start()
        await lab.change(ACCOUNT, CRM | {"tel": "2"})
        await lab.work()
        plan, file = await planned(lab, lab.mappings, tmp_path)
        problem = (await lab.seat(ACCOUNT)).problem

        assert problem is not None
        assert (plan.tally.writes, file.links) == (0, 0)
        assert (plan.tally.unmapped, plan.tally.standing) == ({}, {("customer", problem.words): 1})

    in_a_mapper_lab(test)
