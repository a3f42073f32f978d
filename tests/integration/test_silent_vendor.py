"""A CRM that answers nobody costs neither its calls nor ours, and then all goes on."""

import asyncio

from anji_common.refs import Ref, System
from anji_common.topics import results_topic
from anji_common.transport import Answer, Call
from anji_fxiaoke.service import connection_of, run_writer
from labs.fxiaoke_lab import INTEREST, Lab, on_a_crm, seat, update_of
from labs.memory_broker import all_records, memory_runtime
from labs.sandbox_transport import SandboxTransport

COMMANDS = 100
SILENT_SECONDS = 300.0


class Road(SandboxTransport):
    """Counts what sets out, also where it does not arrive."""

    tried = 0

    async def send(self, call: Call) -> Answer:
        self.tried += 1
        return await super().send(call)


def test_a_hundred_writes_to_a_silent_crm_are_a_few_tries_and_none_of_the_days_calls() -> None:
    async def test(lab: Lab) -> None:
        commands = []
        for n in range(COMMANDS):
            ref = Ref(System.FXIAOKE, "AccountObj", lab.person.make("AccountObj", name=f"A{n}"))
            edit = update_of(ref, {"tel": "2"})
            commands.append(edit.model_copy(update={"seat": seat(n), "base": {"tel": None}}))
        road = Road(lab.crm, lab.clock, latency_seconds=0.005)
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            writing = asyncio.create_task(run_writer(lab.settings, INTEREST, runtime, road))
            await runtime.broker.publish([commands[0].to_message()])
            await lab.clock.sleep(10.0)
            budget = connection_of(lab.settings, runtime, road).meter.budget
            tried, used = road.tried, budget.used_today
            assert used > 0

            road.is_down = True
            await runtime.broker.publish([each.to_message() for each in commands[1:]])
            await lab.clock.sleep(SILENT_SECONDS)

            assert road.tried - tried < 40
            assert budget.used_today - used < 40

            road.is_down = False
            await lab.clock.sleep(60.0)

            results = await all_records(runtime.broker, results_topic(System.FXIAOKE))
            assert len(results) == COMMANDS
            assert not writing.done()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    on_a_crm(test)
