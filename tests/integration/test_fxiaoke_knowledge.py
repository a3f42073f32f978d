"""Paid reads before an update: none while the source reads, always while it stands still (11)."""

from collections.abc import Callable, Coroutine
from typing import Any

from pydantic import JsonValue

from anji_common.events.commands import Command, CommandNumber
from anji_common.events.results import Outcome, Result
from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import results_topic
from anji_fxiaoke.metering import days_of_calls
from labs.fxiaoke_lab import INTEREST, Lab, on_a_crm, update_of
from labs.fxiaoke_services import running
from labs.memory_broker import all_records, memory_runtime

Test = Callable[[Lab, Runtime, Ref], Coroutine[Any, Any, None]]


def beside_a_source(test: Test, **more: object) -> None:
    """Run a test beside source and writer, with an account that is known."""

    async def run(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime, running(lab, runtime):
            await lab.clock.sleep(5.0)
            account = lab.person.make("AccountObj", name="甲", tel="0")
            await lab.clock.sleep(60.0)
            await test(lab, runtime, Ref(System.FXIAOKE, "AccountObj", account))

    on_a_crm(run, **more)  # type: ignore[arg-type]  # settings


def update(lab: Lab, ref: Ref, n: int, base: dict[str, JsonValue]) -> Command:
    more = {"number": CommandNumber(1, n), "issued_at": lab.clock.now(), "base": base}
    return update_of(ref, {"tel": str(n)}).model_copy(update=more)


async def results(runtime: Runtime) -> list[Result]:
    topic = results_topic(System.FXIAOKE)
    return [Result.from_record(each) for each in await all_records(runtime.broker, topic)]


def test_single_live_updates_cost_a_call_each_while_the_source_reads() -> None:
    async def test(lab: Lab, runtime: Runtime, ref: Ref) -> None:
        for n in range(1, 31):
            await runtime.broker.publish([update(lab, ref, n, {"tel": str(n - 1)}).to_message()])
            await lab.clock.sleep(7.0)

        assert [each.outcome for each in await results(runtime)] == [Outcome.UPDATED] * 30
        (day,) = (await days_of_calls(runtime, EPOCH)).values()
        writing = sum(day.calls["AccountObj", each] for each in ("update", "compare"))
        assert 30 <= writing <= 1.1 * 30

    beside_a_source(test)


def test_while_the_source_stands_still_no_update_goes_over_what_it_has_not_read() -> None:
    async def test(lab: Lab, runtime: Runtime, ref: Ref) -> None:
        pause = Signal(
            system=System.FXIAOKE,
            object_name="AccountObj",
            kind=SignalKind.PAUSE,
            at=lab.clock.now(),
        )
        await runtime.broker.publish([pause.to_message()])
        await lab.clock.sleep(40.0)
        lab.person.edit("AccountObj", ref.record_id, tel="a person's")

        await runtime.broker.publish([update(lab, ref, 1, {"tel": "0"}).to_message()])
        await lab.clock.sleep(10.0)

        (result,) = await results(runtime)
        assert result.outcome is Outcome.MOVED
        assert result.observed is not None
        assert result.observed.data["tel"] == "a person's"
        assert lab.person.get("AccountObj", ref.record_id)["tel"] == "a person's"

    beside_a_source(test)
