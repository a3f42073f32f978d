"""Rebuild where one ERP record was the partner of two CRM records, one after the other."""

import asyncio
from random import Random

import pytest
from pydantic import JsonValue

from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_mapper.link.state import Stage
from anji_mapper.replay import Rebuild
from labs.mapper_lab import ACCOUNT, CUSTOMER, MapperLab, in_a_mapper_lab


def row(lab: MapperLab, ref: Ref, other: Ref, *, is_ended: bool = False) -> CrosswalkRow:
    return CrosswalkRow(
        ref=ref,
        counterpart=other,
        link_type="customer",
        state=RowState.ENDED if is_ended else RowState.LINKED,
        updated_at=lab.clock.now(),
    )


async def rebuilt(lab: MapperLab, former: Ref, data: dict[str, JsonValue] | None) -> None:
    """Rebuild what stands after the customer of `former`, once deleted, was given to another."""
    rows = [
        row(lab, former, CUSTOMER, is_ended=True),
        row(lab, ACCOUNT, CUSTOMER),
        row(lab, CUSTOMER, ACCOUNT),
    ]
    await lab.broker.publish([each.to_message() for each in rows])
    await lab.change(former, data)
    await lab.change(ACCOUNT, {"name": "Ann", "tel": "1"})
    await lab.change(CUSTOMER, {"FNumber": "C1", "FName": "Ann", "FTEL": "1"})
    playing = asyncio.create_task(lab.sources_have_read())
    await Rebuild(lab.mappings, Runtime(lab.broker, lab.clock, Random(1))).apply()
    await playing


async def is_held(lab: MapperLab) -> bool:
    """Whether the customer and its row are those of the account."""
    customer, account = await lab.seat(CUSTOMER), await lab.seat(ACCOUNT)
    newest = [each for each in await lab.rows() if each.ref == CUSTOMER][-1]
    return (
        (customer.stage, customer.partner) == (Stage.POINTER, ACCOUNT)
        and (account.stage, account.partner) == (Stage.LINKED, CUSTOMER)
        and (newest.counterpart, newest.state) == (ACCOUNT, RowState.LINKED)
    )


@pytest.mark.parametrize("former", ["a0", "a2"])
def test_a_deleted_record_is_not_rebuilt_over_the_next_link_of_its_partner(former: str) -> None:
    async def test(lab: MapperLab) -> None:
        gone = Ref(System.FXIAOKE, ACCOUNT.object_name, former)

        await rebuilt(lab, gone, None)

        assert await is_held(lab)
        assert (await lab.seat(gone)).stage is Stage.ENDED

    in_a_mapper_lab(test)


@pytest.mark.parametrize("former", ["a0", "a2"])
def test_a_record_that_came_back_is_not_rebuilt_with_what_another_one_has(former: str) -> None:
    async def test(lab: MapperLab) -> None:
        back = Ref(System.FXIAOKE, ACCOUNT.object_name, former)

        await rebuilt(lab, back, {"name": "Ann", "tel": "1"})

        assert await is_held(lab)
        assert (await lab.seat(back)).stage is Stage.NEW

    in_a_mapper_lab(test)
