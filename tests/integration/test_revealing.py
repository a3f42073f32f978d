"""What personal fields say: hidden from whoever looks at problems, shown to whoever asks."""

from pathlib import Path

import pytest
from pydantic import JsonValue

from anji.looking import Links
from anji.reconcile_tables import findings_table
from anji.revealing import revealed
from anji.tables import link_table, links_table, revealed_table
from anji_common.errors import RejectedError
from anji_common.events.notices import NoticeKind
from anji_common.events.observed import Observed, Stamp
from anji_common.events.results import Outcome, Result
from anji_common.messages import Message
from anji_common.refs import System
from anji_common.topics import changes_topic
from anji_mapper.link.discreet import HIDDEN
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.reconcile import open_reconciling
from labs.mapper_lab import ACCOUNT, CUSTOMER, MapperLab, in_a_mapper_lab
from labs.mapping_files import GOOD, ORDER, changed
from labs.screens import screen_of

PERSONAL = changed(
    GOOD, "{crm: tel, erp: FTEL}", "{crm: tel, erp: FTEL, conflict: ask, personal: true}"
)
ANN: dict[str, JsonValue] = {"name": "Ann", "tel": "13800000001", "no__c": "C1"}
ANNS: dict[str, JsonValue] = {"FName": "Ann", "FTEL": "13800000001", "FNumber": "C1"}
CRMS, ERPS = "13800000002", "13900000003"


async def asked_about_a_number(lab: MapperLab) -> None:
    """Let both sides change the number of a linked customer, so that a person is asked."""
    lab.mappings = compile_mappings({"customer.yaml": PERSONAL, "order.yaml": ORDER})
    await lab.linked(ANN, ANNS)
    theirs: dict[str, JsonValue] = {**ANNS, "FTEL": ERPS}
    await lab.change(ACCOUNT, {**ANN, "tel": CRMS})
    await lab.work()
    await lab.change(CUSTOMER, theirs)
    command = (await lab.commands())[-1]
    result = Result(
        seat=command.seat,
        number=command.number,
        system=command.system,
        outcome=Outcome.MOVED,
        answered_at=lab.clock.now(),
        ref=CUSTOMER,
        observed=Observed(ref=CUSTOMER, stamp=Stamp(modified_at=lab.clock.now()), data=theirs),
    )
    await lab.broker.publish([result.to_message()])
    await lab.work()


def test_problems_are_listed_and_shown_without_a_persons_values() -> None:
    async def test(lab: MapperLab) -> None:
        await asked_about_a_number(lab)

        async with Links.read(lab.broker, lab.mappings) as links:
            (cause,) = links.causes()
            screen = screen_of(link_table(links.masked(cause.seats[0])))

        assert cause.words.count(HIDDEN) == 2
        assert f"anji problems show {ACCOUNT} --reveal" in screen
        assert not any(value in screen + cause.words for value in (CRMS, ERPS, "13800000001"))

    in_a_mapper_lab(test)


def test_a_number_that_is_a_persons_name_stands_in_no_listing() -> None:
    async def test(lab: MapperLab) -> None:
        named = changed(GOOD, "{crm: name, erp: FName}", "{crm: name, erp: FName, personal: true}")
        lab.mappings = compile_mappings({"customer.yaml": named, "order.yaml": ORDER})
        await lab.linked(ANN, ANNS)

        async with Links.read(lab.broker, lab.mappings) as links:
            seats = [links.masked(each) for each in links.all()]
            screen = screen_of(links_table(seats)) + screen_of(link_table(seats[0]))

        assert "Ann" not in screen
        assert screen.count("C1") > 1  # the ERP's number is nobody's name

    in_a_mapper_lab(test)


def test_the_screen_of_a_reconciliation_shows_no_personal_value(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await asked_about_a_number(lab)
        types = {each.name: each for each in lab.mappings.types}

        async with open_reconciling(
            lab.broker, lab.mappings, types, folder=tmp_path, now=lab.clock.now()
        ) as found:
            findings = list(found.run())
        screen = screen_of(findings_table(findings, types))

        assert "tel~FTEL" in screen
        assert HIDDEN in screen
        assert not any(value in screen for value in (CRMS, ERPS, "13800000001"))

    in_a_mapper_lab(test)


def test_links_that_are_asked_about_the_same_field_are_one_cause() -> None:
    async def test(lab: MapperLab) -> None:
        await asked_about_a_number(lab)

        async with Links.read(lab.broker, lab.mappings) as links:
            (cause,) = links.causes()
            found = links.cause(cause.seats[0])

        assert found == "both sides changed tel~FTEL: CRM …, ERP …"

    in_a_mapper_lab(test)


def test_a_notice_about_personal_values_says_how_to_see_them() -> None:
    async def test(lab: MapperLab) -> None:
        await asked_about_a_number(lab)

        kinds = {each.kind: each.words for each in await lab.notices()}

        assert kinds.keys() == {NoticeKind.CONFLICT_ASKED, NoticeKind.PROBLEM_RAISED}
        hint = f"the values: anji problems show {ACCOUNT} --reveal"
        assert all(words.endswith(hint) for words in kinds.values())

    in_a_mapper_lab(test)


def test_who_asks_sees_what_each_side_said_and_says_now() -> None:
    async def test(lab: MapperLab) -> None:
        await asked_about_a_number(lab)
        (link_type,) = [each for each in lab.mappings.types if each.name == "customer"]

        shown = await revealed(lab.broker, lab.clock, await lab.seat(ACCOUNT), link_type, "wang")

        assert [(each.system, each.value) for each in shown] == [
            (System.FXIAOKE, CRMS),
            (System.FXIAOKE, "13800000001"),
            (System.K3CLOUD, ERPS),
            (System.K3CLOUD, "13800000001"),
        ]
        assert {each.field for each in shown} == {"tel~FTEL"}
        assert CRMS in screen_of(revealed_table(shown))

    in_a_mapper_lab(test)


def test_who_looked_at_which_fields_is_kept_and_no_value_with_it() -> None:
    async def test(lab: MapperLab) -> None:
        await asked_about_a_number(lab)
        (link_type,) = [each for each in lab.mappings.types if each.name == "customer"]

        await revealed(lab.broker, lab.clock, await lab.seat(ACCOUNT), link_type, "wang")

        notice = (await lab.notices())[-1]
        assert (notice.kind, notice.link) == (NoticeKind.VALUES_REVEALED, ACCOUNT)
        assert notice.details == {"person": "wang", "fields": ["tel~FTEL"]}
        assert CRMS not in notice.model_dump_json()

    in_a_mapper_lab(test)


def test_what_is_no_change_is_passed_over() -> None:
    async def test(lab: MapperLab) -> None:
        await asked_about_a_number(lab)
        (link_type,) = [each for each in lab.mappings.types if each.name == "customer"]
        topic = changes_topic(ACCOUNT.system, ACCOUNT.object_name)
        await lab.broker.publish([Message(topic, str(ACCOUNT), b"{", ())])

        shown = await revealed(lab.broker, lab.clock, await lab.seat(ACCOUNT), link_type, "wang")

        assert len(shown) == 4

    in_a_mapper_lab(test)


def test_where_nothing_is_personal_nothing_is_told() -> None:
    async def test(lab: MapperLab) -> None:
        await asked_about_a_number(lab)
        (plain,) = compile_mappings({"customer.yaml": GOOD}).types
        before = len(await lab.notices())

        with pytest.raises(RejectedError, match="nothing is hidden"):
            await revealed(lab.broker, lab.clock, await lab.seat(ACCOUNT), plain, "wang")

        assert len(await lab.notices()) == before

    in_a_mapper_lab(test)
