"""First load: records of both sides become links without a write, and edits flow afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import JsonValue

from anji_common.errors import FencedError
from anji_common.refs import Ref, System
from anji_common.topics import LINKS
from anji_mapper.cards import Names
from anji_mapper.decode import input_topics
from anji_mapper.link.joining import Joined
from anji_mapper.link.state import Stage
from anji_mapper.mapping.model import LinkType
from anji_mapper.matching import Matching, open_matching
from anji_mapper.pairing import Match, Standing
from anji_mapper.service import GROUP
from labs.mapper_lab import ACCOUNT, BILL, CUSTOMER, SALE, MapperLab, in_a_mapper_lab
from labs.memory_broker import all_records

ANN: dict[str, JsonValue] = {"name": "Ann", "tel": "1", "no__c": "C1", "anji_ref__c": None}
ANNS: dict[str, JsonValue] = {"FName": "Ann", "FTEL": "2", "FNumber": "C1"}


@asynccontextmanager
async def matching(lab: MapperLab, folder: Path) -> AsyncIterator[tuple[Matching, LinkType]]:
    async with open_matching(
        lab.broker, lab.mappings, lab.mappings.types, folder=folder, now=lab.clock.now()
    ) as found:
        customer = lab.mappings.named("customer")
        assert customer is not None
        yield found, customer


def certain(
    found: Matching, link_type: LinkType, matches: list[Match], *, keeps: bool = True
) -> list[Joined]:
    joined = [found.joined(link_type, match, keeps=keeps) for match in matches]
    return [each for each in joined if each is not None]


async def load(lab: MapperLab, folder: Path, *, keeps: bool = True) -> list[Joined]:
    """Match the customers, and link the certain ones."""
    async with matching(lab, folder) as (found, customer):
        links = certain(found, customer, found.matches(customer, Names.of(customer)), keeps=keeps)
        await found.write(links)
        return links


def test_looking_publishes_nothing(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.change(ACCOUNT, ANN)
        await lab.change(CUSTOMER, ANNS)
        before = await lab.ends()

        async with matching(lab, tmp_path / "a") as (found, customer):
            (match,) = found.matches(customer, Names.of(customer))
            (joined,) = certain(found, customer, [match])

        assert await lab.ends() == before
        assert (match.standing, match.reason) == (Standing.CERTAIN, "same FNumber")
        (difference,) = joined.differences
        assert (difference.field, difference.crm, difference.erp) == ("tel~FTEL", "1", "2")

    in_a_mapper_lab(test)


def test_records_that_are_linked_are_not_written_and_later_edits_flow(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.change(ACCOUNT, ANN)
        await lab.change(CUSTOMER, ANNS)
        await load(lab, tmp_path / "a")

        await lab.start()

        assert await lab.commands() == []
        seat = await lab.seat(ACCOUNT)
        assert (seat.stage, seat.partner, seat.problem) == (Stage.LINKED, CUSTOMER, None)
        assert (await lab.seat(CUSTOMER)).partner == ACCOUNT
        assert {str(row.ref) for row in await lab.rows()} == {str(ACCOUNT), str(CUSTOMER)}

        await lab.change(CUSTOMER, {**ANNS, "FTEL": "3"})
        await lab.work()
        (command,) = await lab.commands(System.FXIAOKE)
        assert command.values == {"tel": "3"}

    in_a_mapper_lab(test)


def test_what_differs_is_the_owners_where_a_person_says_so(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.change(ACCOUNT, ANN)
        await lab.change(CUSTOMER, ANNS)
        await load(lab, tmp_path / "a", keeps=False)
        await lab.start()

        await lab.change(ACCOUNT, {**ANN, "name": "Anne"})
        await lab.work()

        (command,) = await lab.commands()
        assert command.values == {"FName": "Anne", "FTEL": "1"}

    in_a_mapper_lab(test)


def test_records_that_refer_to_each_other_are_loaded_in_order(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.change(ACCOUNT, ANN)
        await lab.change(CUSTOMER, ANNS)
        line: JsonValue = {"_id": "l1", "quantity": "2"}
        row: JsonValue = {"FEntryID": "7", "FQty": "2"}
        order: dict[str, JsonValue] = {
            "name": "DD-1",
            "account_id": str(ACCOUNT),
            "LineObj": [line],
        }
        bill: dict[str, JsonValue] = {"FBillNo": "DD-1", "FCustId": str(CUSTOMER), "FEntry": [row]}
        await lab.change(SALE, order)
        await lab.change(BILL, bill)

        async with matching(lab, tmp_path / "a") as (found, customer):
            orders = lab.mappings.named("order")
            assert orders is not None
            alone = certain(found, orders, found.matches(orders, Names.of(orders)))
            first = certain(found, customer, found.matches(customer, Names.of(customer)))
            found.learn(first[0])
            second = certain(found, orders, found.matches(orders, Names.of(orders)))
            await found.write([*first, *second])
        await lab.start()

        assert alone[0].open_words == (f"ref:{ACCOUNT}",)
        assert (second[0].open_words, second[0].lone_lines, second[0].differences) == ((), 0, ())
        assert await lab.commands() == []
        assert (await lab.seat(SALE)).lines["LineObj~FEntry"]["l1"].erp_id == "7"

    in_a_mapper_lab(test)


def test_what_is_linked_or_on_its_way_or_deleted_is_left_out(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.change(ACCOUNT, ANN)
        await lab.start()
        await lab.change(CUSTOMER, None)

        async with matching(lab, tmp_path / "a") as (found, customer):
            matches = found.matches(customer, Names.of(customer))

        assert matches == []
        assert found.left_out["customer", "fxiaoke: a command of it is in flight"] == 1
        assert found.left_out["customer", "k3cloud: deleted"] == 1

    in_a_mapper_lab(test)


def test_a_pair_made_by_hand_goes_before_every_key(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        other = Ref(System.K3CLOUD, "BD_Customer", "100009")
        await lab.change(ACCOUNT, ANN)
        await lab.change(CUSTOMER, ANNS)
        await lab.change(other, {"FName": "Zoe", "FNumber": "C9"})

        async with matching(lab, tmp_path / "a") as (found, customer):
            by_hand = [(str(ACCOUNT), "C9"), ("nobody", "C1")]
            matches = found.matches(customer, Names.of(customer), by_hand)

        told = [(each.standing, each.reason) for each in matches]
        assert told == [
            (Standing.CERTAIN, "by hand"),
            (Standing.DOUBTFUL, "by hand, but there is no unlinked record nobody"),
        ]

    in_a_mapper_lab(test)


def test_a_mapper_that_still_runs_is_fenced_and_writes_nothing_over_it(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.change(ACCOUNT, ANN)
        await lab.change(CUSTOMER, ANNS)
        inputs = input_topics(lab.mappings)
        former = [
            await lab.broker.take(GROUP, partition, inputs)
            for partition in range(lab.broker.partitions)
        ]
        await load(lab, tmp_path / "a")

        for task in former:
            with pytest.raises(FencedError):
                await task.commit([], [lab.changed(ACCOUNT, ANN)])
        assert len(await all_records(lab.broker, LINKS.name)) == 2

    in_a_mapper_lab(test)
