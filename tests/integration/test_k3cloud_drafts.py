"""Drafts: kept without full validation, one call a record, and drafts they stay."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from anji_common.events.commands import Finish
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.writing.target import Refused, Written
from labs.erp_commands import an_order_customer, calls, edit
from labs.erp_lab import Erp, make_erp, new_order


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await test(make_erp(LoopClock(asyncio.get_running_loop())))

    run_virtually(run())


def test_a_draft_is_kept_though_something_is_missing_and_stays_a_draft() -> None:
    async def test(erp: Erp) -> None:
        customer = an_order_customer(erp)
        command = new_order(7, customer, {"l1": "2"}, finish=Finish.DRAFT)
        packet = {key: value for key, value in command.packet.items() if key != "FSalerId"}
        command = command.model_copy(update={"packet": packet})
        other = new_order(8, customer, {"l1": "3"}, finish=Finish.DRAFT)

        outcomes = await erp.target.write([command, other])
        first = outcomes[0]
        assert isinstance(first, Written)
        assert first.ref is not None
        wish = edit(first.ref, {"FNote": "x"}, finish=Finish.DRAFT)
        (changed,) = await erp.target.write([wish])
        ((found,),) = await erp.target.look_up([command], own_only=True)

        assert [type(each) for each in outcomes] == [Written, Written]
        assert isinstance(changed, Written)
        assert found.observed.stamp.status == "Z"
        assert found.observed.data["FNote"] == "x"
        assert await erp.target.finish(found, command) is None
        assert (calls(erp, "draft"), calls(erp, "batchsave")) == (3, 0)

    on_an_erp(test)


def test_a_draft_that_its_mapping_wants_saved_is_refused_in_the_vendors_words() -> None:
    async def test(erp: Erp) -> None:
        command = new_order(7, an_order_customer(erp), {"l1": "2"})
        packet = {key: value for key, value in command.packet.items() if key != "FSalerId"}

        (outcome,) = await erp.target.write([command.model_copy(update={"packet": packet})])

        assert isinstance(outcome, Refused)
        assert "必填" in outcome.words

    on_an_erp(test)
