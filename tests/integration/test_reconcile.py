"""Reconciliation: what both sides hold against the links, and the repairs that mend it."""

import csv
from collections.abc import Sequence
from pathlib import Path

import orjson
from pydantic import JsonValue

from anji.looking import Links
from anji.reconcile_tables import write_csv, write_json
from anji.repairing import Repairs, repairs_of
from anji_common.events.commands import Command
from anji_common.events.results import Outcome, Result
from anji_common.events.signals import SignalKind
from anji_common.refs import Ref, System
from anji_mapper.cards import Names
from anji_mapper.findings import Finding, FindingKind, Repair
from anji_mapper.link.codec import seat_message
from anji_mapper.link.state import Seat, SideState, Stage
from anji_mapper.matching import open_matching
from anji_mapper.reconcile import Reconciling, open_reconciling
from labs.mapper_lab import ACCOUNT, CUSTOMER, MapperLab, in_a_mapper_lab

ANN: dict[str, JsonValue] = {"name": "Ann", "tel": "1", "no__c": "C1", "anji_ref__c": None}
ANNS: dict[str, JsonValue] = {"FName": "Ann", "FTEL": "1", "FNumber": "C1"}
OTHER = Ref(System.FXIAOKE, "AccountObj", "a2")


async def matched(lab: MapperLab, folder: Path, erp: dict[str, JsonValue] = ANNS) -> None:
    """Let both records be there and be linked, and a mapper run."""
    await lab.change(ACCOUNT, ANN)
    await lab.change(CUSTOMER, erp)
    async with open_matching(
        lab.broker, lab.mappings, lab.mappings.types, folder=folder / "m", now=lab.clock.now()
    ) as found:
        customer = lab.mappings.types[0]
        matches = found.matches(customer, Names.of(customer))
        joined = [found.joined(customer, each, keeps=True) for each in matches]
        await found.write([each for each in joined if each is not None])
    await lab.start()


async def reconciled(lab: MapperLab, folder: Path) -> tuple[Reconciling, list[Finding]]:
    types = {each.name: each for each in lab.mappings.types}
    before = await lab.ends()
    async with open_reconciling(
        lab.broker, lab.mappings, types, folder=folder / "r", now=lab.clock.now()
    ) as found:
        findings = list(found.run())
    assert await lab.ends() == before
    return found, findings


async def repaired(lab: MapperLab, findings: Sequence[Finding], *, kept: bool = False) -> Repairs:
    async with Links.read(lab.broker, lab.mappings) as links:
        repairs = repairs_of(findings, links, "wang", lab.clock, kept=kept)
    await lab.broker.publish(repairs.messages)
    await lab.work()
    return repairs


def test_links_whose_records_hold_the_same_are_matched(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await matched(lab, tmp_path)

        found, findings = await reconciled(lab, tmp_path)

        assert (found.matched["customer"], findings) == (1, [])

    in_a_mapper_lab(test)


def test_what_is_agreed_to_differ_is_told_and_settled_only_on_demand(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await matched(lab, tmp_path, {**ANNS, "FTEL": "2"})
        _, findings = await reconciled(lab, tmp_path)
        (finding,) = findings

        assert (finding.kind, finding.field, finding.values) == (
            FindingKind.KEPT,
            "tel~FTEL",
            ("1", "2"),
        )
        assert (await repaired(lab, findings)).messages == ()
        assert (await repaired(lab, findings, kept=True)).settled == 1
        (command,) = await lab.commands()
        assert (command.values, command.base) == ({"FTEL": "1"}, {"FTEL": "2"})

    in_a_mapper_lab(test)


def test_a_settled_link_comes_to_rest(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await matched(lab, tmp_path, {**ANNS, "FTEL": "2"})
        _, findings = await reconciled(lab, tmp_path)
        await repaired(lab, findings, kept=True)
        (command,) = await lab.commands()
        await lab.created(command, CUSTOMER, ANNS)
        await lab.change(CUSTOMER, ANNS)
        await lab.work()

        found, findings = await reconciled(lab, tmp_path / "again")

        assert (found.matched["customer"], findings) == (1, [])
        assert len(await lab.commands()) == 1

    in_a_mapper_lab(test)


async def refused(lab: MapperLab, command: Command) -> None:
    result = Result(
        seat=command.seat,
        number=command.number,
        system=command.system,
        outcome=Outcome.REJECTED,
        answered_at=lab.clock.now(),
        words="too long",
    )
    await lab.broker.publish([result.to_message()])
    await lab.work()


def test_a_refused_value_is_a_difference_that_is_tried_again(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await matched(lab, tmp_path)
        await lab.change(ACCOUNT, {**ANN, "tel": "9"})
        await lab.work()
        (command,) = await lab.commands()
        _, under_way = await reconciled(lab, tmp_path)
        assert under_way == []
        await refused(lab, command)

        _, (finding,) = await reconciled(lab, tmp_path / "again")

        assert (finding.kind, finding.repair) == (FindingKind.DIFFERING, Repair.RETRY)
        assert finding.words == "refused: too long"
        assert (await repaired(lab, [finding])).retried == 1
        assert [each.values for each in await lab.commands()] == [{"FTEL": "9"}] * 2

    in_a_mapper_lab(test)


def test_records_on_one_side_only_are_told_with_what_mends_them(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.change(ACCOUNT, ANN)
        await lab.change(CUSTOMER, {**ANNS, "FNumber": "C9"})

        _, findings = await reconciled(lab, tmp_path)

        told = {(each.kind, each.crm or each.erp, each.repair) for each in findings}
        assert told == {
            (FindingKind.ONLY_CRM, str(ACCOUNT), Repair.READ),
            (FindingKind.ONLY_ERP, str(CUSTOMER), None),
        }
        assert (await repaired(lab, findings)).read == 1
        (signal,) = await lab.signals()
        assert (signal.kind, signal.ref) == (SignalKind.READ, ACCOUNT)
        assert signal.answers  # else a source tells nothing of what has not moved

    in_a_mapper_lab(test)


def test_a_link_whose_record_is_gone_dangles(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await matched(lab, tmp_path)
        await lab.change(CUSTOMER, None)
        await lab.work()

        _, (finding,) = await reconciled(lab, tmp_path)

        assert (finding.kind, finding.repair) == (FindingKind.DANGLING, None)
        assert finding.words == f"{CUSTOMER} was deleted"

    in_a_mapper_lab(test)


def test_two_links_to_one_record_are_a_double(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await matched(lab, tmp_path)
        await lab.kill()
        twin = Seat(
            key=OTHER,
            link_type="customer",
            generation=1,
            stage=Stage.LINKED,
            partner=CUSTOMER,
            erp=SideState(ref=CUSTOMER),
        )
        await lab.broker.publish([seat_message(twin)])

        _, findings = await reconciled(lab, tmp_path)

        doubles = [each for each in findings if each.kind is FindingKind.DOUBLE]
        assert [each.crm for each in doubles] == [str(OTHER)]

    in_a_mapper_lab(test)


def test_a_pointer_to_a_link_that_is_not_there_dangles(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        lost = Seat(
            key=CUSTOMER, link_type="customer", generation=1, stage=Stage.POINTER, partner=ACCOUNT
        )
        await lab.broker.publish([seat_message(lost)])

        _, (finding,) = await reconciled(lab, tmp_path)

        assert finding.kind is FindingKind.DANGLING
        assert "which is not linked with it" in finding.words

    in_a_mapper_lab(test)


def test_a_link_whose_mapper_is_behind_is_under_way(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await matched(lab, tmp_path)
        await lab.kill()
        await lab.change(ACCOUNT, {**ANN, "tel": "9"})

        found, findings = await reconciled(lab, tmp_path)

        assert (found.under_way["customer"], findings) == (1, [])

    in_a_mapper_lab(test)


def test_csv_and_json_hold_every_finding_and_no_formula(tmp_path: Path) -> None:
    finding = Finding(
        FindingKind.DIFFERING, "customer", "a", "b", "name~FName", ("=1+1", None), System.FXIAOKE
    )

    write_csv(tmp_path / "f.csv", [finding])
    write_json(tmp_path / "f.jsonl", [finding])

    with (tmp_path / "f.csv").open(newline="", encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert (row["crm_value"], row["erp_value"], row["owner"]) == ("'=1+1", "", "fxiaoke")
    read = orjson.loads((tmp_path / "f.jsonl").read_bytes())
    assert (read["crm_value"], read["erp_value"], read["kind"]) == ("=1+1", None, "differing")
