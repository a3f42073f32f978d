"""The CRM writer takes out the lines that a command names, and no other."""

import pytest
from pydantic import JsonValue

from anji_common.events.commands import Command, RowRemoval
from anji_common.events.results import Outcome
from anji_common.refs import Ref, System
from anji_common.writing.target import Busy, Doubtful, Refused
from anji_fxiaoke.calls import Purpose
from anji_sandbox.faults import Fault
from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.fxiaoke_lab import LINES, Lab, made, on_a_crm, update_of

TEST = Purpose("test")


async def order(lab: Lab, *quantities: str) -> tuple[Ref, dict[str, str]]:
    """Let a person make an order; return it, and its line ids by quantity."""
    record_id = lab.person.make_order(quantities)
    await lab.clock.sleep(60.0)
    ids = {
        row["quantity"]: row["_id"]
        for row in lab.person.all(LINES)
        if row["order_id"] == record_id
    }
    return Ref(System.FXIAOKE, "SalesOrderObj", record_id), ids


def remove(
    target: Ref, line_id: str, *, values: dict[str, JsonValue] | None = None, **base: JsonValue
) -> Command:
    removal = RowRemoval(source_id="1", target_id=line_id, base=base)
    return update_of(target, values or {}).model_copy(update={"removes": {LINES: (removal,)}})


def quantities(lab: Lab, target: Ref) -> list[str]:
    rows = [row for row in lab.person.all(LINES) if row["order_id"] == target.record_id]
    return [row["quantity"] for row in rows if row["life_status"] == "normal"]


def test_a_line_is_removed_after_the_head_was_changed() -> None:
    async def test(lab: Lab) -> None:
        target, ids = await order(lab, "2", "1", "7")

        (outcome,) = await lab.target.write(
            [remove(target, ids["1"], values={"remark": "少一行"}, quantity="1")]
        )

        assert made(outcome).outcome is Outcome.UPDATED
        assert lab.person.get("SalesOrderObj", target.record_id)["remark"] == "少一行"
        assert quantities(lab, target) == ["2", "7"]
        assert ids["1"] not in [row["_id"] for row in lab.person.all(LINES)]

    on_a_crm(test)


def test_a_line_of_another_head_is_left_alone() -> None:
    async def test(lab: Lab) -> None:
        target, _ = await order(lab, "2")
        other, ids = await order(lab, "5")

        (outcome,) = await lab.target.write([remove(target, ids["5"], quantity="5")])

        assert isinstance(outcome, Refused)
        assert "is no line of" in outcome.words
        assert quantities(lab, other) == ["5"]

    on_a_crm(test)


def test_an_edit_that_queries_do_not_show_yet_keeps_its_line() -> None:
    async def test(lab: Lab) -> None:
        target, ids = await order(lab, "2", "1")
        lab.person.edit(LINES, ids["1"], quantity="9")
        command = remove(target, ids["1"], quantity="1")
        (stale,) = await lab.target.read([command])
        assert stale is not None
        rows = stale.data[LINES]
        assert isinstance(rows, list)
        assert [row["quantity"] for row in rows if isinstance(row, dict)] == ["2", "1"]

        (outcome,) = await lab.target.write([command])

        assert isinstance(outcome, Busy)  # it is compared again when the query shows the edit
        await lab.clock.sleep(30.0)
        assert quantities(lab, target) == ["2", "9"]

    on_a_crm(test, switches=FxiaokeSwitches(query_lag_seconds=20.0))


def test_a_removal_that_was_cut_off_after_the_void_is_finished() -> None:
    async def test(lab: Lab) -> None:
        target, ids = await order(lab, "2", "1")
        command = remove(target, ids["1"], quantity="1")
        lab.faults.add(Fault(kind="drop_before", endpoint="*/data/delete"))
        (outcome,) = await lab.target.write([command])
        assert isinstance(outcome, Doubtful)

        (outcome,) = await lab.target.write([command])

        assert made(outcome).outcome is Outcome.UPDATED
        assert [row["quantity"] for row in lab.person.all(LINES)] == ["2"]

    on_a_crm(test)


def test_a_line_that_vanished_before_its_turn_is_looked_at_again() -> None:
    async def test(lab: Lab) -> None:
        target, ids = await order(lab, "2", "1")
        await lab.client.invalid(LINES, ids["1"], TEST)
        await lab.client.delete(LINES, ids["1"], TEST)

        (outcome,) = await lab.target.write([remove(target, ids["1"], quantity="1")])

        assert isinstance(outcome, Busy)
        assert not outcome.is_unreached

    on_a_crm(test)


@pytest.mark.parametrize("endpoint", ["*/data/invalid", "*/data/delete"])
def test_a_refused_removal_tells_the_vendors_words(endpoint: str) -> None:
    async def test(lab: Lab) -> None:
        target, ids = await order(lab, "2", "1")
        lab.faults.add(Fault(kind="code", endpoint=endpoint, code=32000, words="validation rule"))

        (outcome,) = await lab.target.write([remove(target, ids["1"], quantity="1")])

        assert isinstance(outcome, Refused)
        assert "validation rule" in outcome.words
        assert ("already written: voided line" in outcome.words) is ("delete" in endpoint)

    on_a_crm(test)
