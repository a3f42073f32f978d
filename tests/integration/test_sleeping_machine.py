"""A machine that sleeps while a write waits for its turn: what woke up late does not leave.

Its monotonic clock stood still, so it knows nothing of the hour in which another process has taken
its partition, waited out the quarantine and written the same (``protocol.md`` 12).
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.writing.target import Busy, Written
from anji_sandbox.faults import Fault
from labs.erp_lab import make_erp, new_customer
from labs.fxiaoke_lab import make_lab, new_account


class _SleepyClock(LoopClock):
    """Of a machine that may sleep: then its wall clock alone goes on."""

    slept = timedelta()

    def now(self) -> datetime:
        return super().now() + self.slept


def _on_a_sleepy_machine(test: Callable[[_SleepyClock], Awaitable[None]]) -> None:
    async def run() -> None:
        await test(_SleepyClock(asyncio.get_running_loop()))

    run_virtually(run())


def test_a_create_that_waits_for_the_crms_limit_does_not_leave_after_a_sleep() -> None:
    async def test(clock: _SleepyClock) -> None:
        lab = make_lab(clock, calls_per_window=1, window_seconds=20.0)
        writing = asyncio.create_task(lab.target.write([new_account(1), new_account(2)]))
        await clock.sleep(10.0)
        clock.slept = timedelta(hours=1)

        outcomes = await writing

        assert [type(each) for each in outcomes] == [Written, Busy]
        assert isinstance(outcomes[1], Busy)
        assert outcomes[1].is_unreached
        assert len(lab.person.all("AccountObj")) == 1

    _on_a_sleepy_machine(test)


def test_a_save_that_asks_for_its_form_first_does_not_leave_after_a_sleep() -> None:
    async def test(clock: _SleepyClock) -> None:
        erp = make_erp(clock)
        erp.faults.add(Fault(kind="delay", endpoint="*QueryBusinessInfo*", delay_seconds=8))
        writing = asyncio.create_task(erp.target.write([new_customer(1)]))
        await clock.sleep(4.0)
        clock.slept = timedelta(hours=1)

        (outcome,) = await writing

        assert isinstance(outcome, Busy)
        assert outcome.is_unreached
        assert erp.count("BD_Customer") == 0

    _on_a_sleepy_machine(test)
