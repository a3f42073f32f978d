"""Rows of compacted topics that nobody can read stop no command that looks at all of them."""

from pathlib import Path

from pydantic import JsonValue

from anji.deletes import waiting_deletes
from anji.looking import Links
from anji_common.messages import Message
from anji_common.refs import Ref, System
from anji_common.topics import CHECKPOINTS, CROSSWALK, LINKS, changes_topic
from anji_mapper.cards import Names
from anji_mapper.findings import Finding, FindingKind
from anji_mapper.matching import open_matching
from anji_mapper.planning import planner
from anji_mapper.reconcile import open_reconciling
from anji_mapper.starts import Start
from labs.mapper_lab import ACCOUNT, CUSTOMER, MapperLab, in_a_mapper_lab

ANN: dict[str, JsonValue] = {"name": "Ann", "tel": "1", "no__c": "C1", "anji_ref__c": None}
ANNS: dict[str, JsonValue] = {"FName": "Ann", "FTEL": "1", "FNumber": "C1"}
STRANGER = Ref(System.FXIAOKE, "AccountObj", "stranger")


async def spoil(lab: MapperLab) -> None:
    """Put a row that says nothing beside the link in every topic of state."""
    await lab.linked(ANN, ANNS)
    rows = [
        (LINKS.name, str(STRANGER)),
        (CROSSWALK.name, str(STRANGER)),
        (CHECKPOINTS.name, "fxiaoke/X"),
    ]
    await lab.broker.publish([Message(topic, key, b"[]") for topic, key in rows])
    await lab.work()


async def findings(lab: MapperLab, folder: Path) -> list[Finding]:
    types = {each.name: each for each in lab.mappings.types}
    async with open_reconciling(
        lab.broker, lab.mappings, types, folder=folder, now=lab.clock.now()
    ) as found:
        return list(found.run())


def test_a_comparison_tells_at_its_record_that_a_link_cannot_be_read(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await spoil(lab)
        assert await findings(lab, tmp_path / "a") == []

        await lab.change(STRANGER, ANN)
        (found,) = await findings(lab, tmp_path / "b")

        assert (found.kind, found.crm) == (FindingKind.ONLY_CRM, str(STRANGER))
        assert "its link cannot be read" in found.words
        assert "anji rebuild" in found.words
        assert found.repair is None

    in_a_mapper_lab(test)


def test_a_comparison_names_the_record_whose_newest_change_cannot_be_read(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.linked(ANN, ANNS)
        topic = changes_topic(CUSTOMER.system, CUSTOMER.object_name)
        await lab.broker.publish([Message(topic, str(CUSTOMER), b"{garbage")])

        (found,) = await findings(lab, tmp_path)

        assert found.kind is FindingKind.DANGLING
        assert (found.crm, found.erp) == (str(ACCOUNT), str(CUSTOMER))
        assert topic in found.words
        assert "anji deadletters redrives it" in found.words

    in_a_mapper_lab(test)


def test_a_plan_passes_over_a_link_that_cannot_be_read(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await spoil(lab)
        both, now = (lab.mappings, lab.mappings), lab.clock.now()

        async with planner(lab.broker, *both, Start(), folder=tmp_path, now=now) as found:
            assert list(found.run()) == []

        assert found.tally.looked_at == 1

    in_a_mapper_lab(test)


def test_a_match_leaves_out_a_record_whose_link_cannot_be_read(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.broker.publish([Message(LINKS.name, str(ACCOUNT), b"[]")])
        await lab.change(ACCOUNT, ANN)
        customer, now = lab.mappings.types[0], lab.clock.now()

        async with open_matching(
            lab.broker, lab.mappings, lab.mappings.types, folder=tmp_path, now=now
        ) as found:
            assert list(found.matches(customer, Names.of(customer))) == []

        assert found.left_out["customer", "fxiaoke: nobody can read it"] == 1

    in_a_mapper_lab(test)


def test_deletes_are_listed_beside_a_checkpoint_that_cannot_be_read() -> None:
    async def test(lab: MapperLab) -> None:
        await spoil(lab)

        async with Links.read(lab.broker, lab.mappings) as links:
            assert await waiting_deletes(lab.broker, lab.mappings, links) == []

    in_a_mapper_lab(test)
