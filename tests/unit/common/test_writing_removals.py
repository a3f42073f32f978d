"""Lines are removed by their ids, never over an edit that the link did not know."""

import pytest
from pydantic import JsonValue

from anji_common.events.commands import Command, RowRemoval
from anji_common.events.results import Outcome
from anji_common.refs import Ref
from labs.writer_lab import Fate, LittleTarget, update
from labs.writing_lab import Lab, Q, in_a_lab


def made(lab: Lab, *quantities: str) -> Ref:
    """Let there be a thing whose rows are 1, 2 and so on."""
    there = lab.vendor.make(name="x")
    rows: list[dict[str, JsonValue]] = [
        {"row_id": str(at), "qty": each} for at, each in enumerate(quantities, 1)
    ]
    lab.vendor.things[there.record_id].rows = rows
    return there


def remove(lab: Lab, there: Ref, row_id: str, *, qty: str) -> Command:
    removal = RowRemoval(source_id="a", target_id=row_id, base={"qty": qty})
    more = {"removes": {"rows": (removal,)}, "issued_at": lab.clock.now()}
    return update(there, {}, {}).model_copy(update=more)


def held(lab: Lab, there: Ref) -> list[JsonValue]:
    return [row["row_id"] for row in lab.vendor.things[there.record_id].rows]


def test_only_the_named_line_is_removed() -> None:
    async def test(lab: Lab) -> None:
        there = made(lab, "1", "2", "3")
        lab.start()
        await lab.issue(remove(lab, there, "2", qty="2"))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.UPDATED
        assert held(lab, there) == ["1", "3"]

    in_a_lab(test)


@pytest.mark.parametrize("paid", [False, True])
def test_a_line_that_was_edited_meanwhile_stays_though_the_wish_is_fresh(*, paid: bool) -> None:
    async def test(lab: Lab) -> None:
        there = made(lab, "1", "a person's")
        lab.start(LittleTarget(lab.vendor, reads_are_paid=paid))
        await lab.issue(remove(lab, there, "2", qty="2"))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.MOVED
        assert result.observed is not None
        assert held(lab, there) == ["1", "2"]

    in_a_lab(test)


def test_a_line_that_is_gone_already_needs_no_call() -> None:
    async def test(lab: Lab) -> None:
        there = made(lab, "1")
        lab.start(LittleTarget(lab.vendor, reads_are_paid=True))
        await lab.issue(remove(lab, there, "2", qty="2"))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.UPDATED
        assert lab.vendor.arrived == []

    in_a_lab(test)


@pytest.mark.parametrize("fate", ["lost", "lost after", "lost late"])
def test_a_removal_whose_answer_was_lost_is_done_once(fate: Fate) -> None:
    async def test(lab: Lab) -> None:
        there = made(lab, "1", "2")
        lab.vendor.fates.append(fate)
        lab.start(LittleTarget(lab.vendor, reads_are_paid=True))
        await lab.issue(remove(lab, there, "2", qty="2"))

        result = await lab.result_after(Q + 60)

        assert result.outcome is Outcome.UPDATED
        assert held(lab, there) == ["1"]
        assert len(lab.vendor.arrived) == 1

    in_a_lab(test)
