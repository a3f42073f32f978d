"""How long a backlog takes: after an outage under load, and with poison among it.

The figures that the suite promises are judged in the long forms; those of seconds are told only.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from anji.installation import Installation
from anji_common.clock import SystemClock
from anji_common.messages import Message
from labs.installation import until
from ordeals.oracle import judge
from ordeals.stage import Bound, Stage
from ordeals.vendors import VENDORS

__all__ = ["OUTAGES", "OUTAGES_IN_BULK", "rates_compared"]

_CLOCK = SystemClock()
_PATIENCE_SECONDS = 3600.0
_WRITE_BACKS_A_SECOND = 5.0
"""The CRM takes 100 calls of one interface in 20 s."""
_ONE_IN = 10
"""Of the poisoned backlog one in so many is refused for ever, and one more cannot be read."""
_LOOK_PAUSE = 5
"""Between two looks, in their own length: to compare thousands of records takes the processor."""
_TURNS = ("poisoned", "clean", "poisoned")
"""A machine that grows slower or faster meanwhile counts on both sides alike."""
_RECORDS = 40
"""Of one backlog, for each second that people work."""


@dataclass(frozen=True, slots=True)
class _Outage:
    """A system takes no call for as long as people work, while others go on making records."""

    vendor: Literal["fxiaoke", "k3cloud"]
    is_written_back: bool
    """Whether each record that crosses costs a write in the CRM: a customer's number."""

    async def __call__(self, stage: Stage, _chance: Random) -> None:
        staff, vendor = stage.people, stage.vendors[self.vendor]
        make = staff.make_customer if self.is_written_back else staff.make_product
        before = await vendor.hits()
        await vendor.suffer([{"kind": "drop_before", "calls": None}])
        stage.tell(f"{self.vendor} is gone for {stage.work_seconds:.0f} s")
        count = await _made_for(stage.work_seconds, 4.0 if self.is_written_back else 50.0, make)
        await vendor.recover()
        stage.broken[f"calls to a silent {self.vendor}"] += await vendor.hits() - before
        stage.tell(f"{self.vendor} is back, {count} records were made")
        seconds = await _crossed(stage)
        own = count / _WRITE_BACKS_A_SECOND if self.is_written_back else stage.work_seconds
        how = "with" if self.is_written_back else "without"
        name = f"{self.vendor} gone for {stage.work_seconds:.0f} s, {how} write-back"
        stage.seen[f"{name}: records made meanwhile"] = count
        stage.seen[f"{name}: made a second"] = count / stage.work_seconds
        stage.seen[f"{name}: seconds to catch up"] = seconds
        words = f"{name}: of the backlog's own time"
        stage.bounds.append(
            Bound(words=words, value=seconds / own, at_most=2.0, is_judged=stage.is_measured)
        )


OUTAGES = tuple(_Outage(vendor, is_written_back=True) for vendor in VENDORS)
OUTAGES_IN_BULK = tuple(_Outage(vendor, is_written_back=False) for vendor in VENDORS)


async def rates_compared(stage: Stage, chance: Random) -> None:
    """A clean backlog between poisoned ones: how many good records cross a second of each.

    Each is made while Anji is ended. The processor's time is compared as well: other work on the
    machine counts in the time on the wall.
    """
    good: dict[str, int] = {"clean": 0, "poisoned": 0}
    wall, work = dict.fromkeys(good, 0.0), dict.fromkeys(good, 0.0)
    for kind in _TURNS:
        assert await stage.anji["anji"].end() == 0
        good[kind] += await _made(stage, chance, is_poisoned=kind == "poisoned")
        stage.anji["anji"].start()
        wall[kind] += await _crossed(stage)
        work[kind] += stage.anji["anji"].cpu_seconds
    for kind, count in good.items():
        stage.seen[f"{kind}: good records"] = count
        stage.seen[f"{kind}: good records a second"] = count / wall[kind]
        stage.seen[f"{kind}: good records a second of processor time"] = count / work[kind]
    for name, spent in (("on the wall", wall), ("of processor time", work)):
        rates = {kind: count / spent[kind] for kind, count in good.items()}
        words = f"rate with poison, of the clean one, {name}"
        value = rates["poisoned"] / rates["clean"]
        stage.bounds.append(
            Bound(words=words, value=value, at_least=0.8, is_judged=stage.is_measured)
        )


async def _made(stage: Stage, chance: Random, *, is_poisoned: bool) -> int:
    """Make one backlog; return how many of it are good."""
    staff, garbage, good = stage.people, list[Message](), 0
    for number in range(round(stage.work_seconds * _RECORDS)):
        if is_poisoned and number % _ONE_IN == 0:
            await staff.make_poison()
        elif is_poisoned and number % _ONE_IN == 1:
            topic = "fxiaoke.AccountObj.changes.v1"
            garbage.append(Message(topic, f"rubbish {chance.random()}", chance.randbytes(40)))
        else:
            await staff.make_customer()
            good += 1
    installation = Installation.read(stage.installation)
    async with installation.runtime(makes=False) as runtime:
        await runtime.broker.publish(garbage)
    stage.broken["undecodable records"] += len(garbage)
    return good


async def _made_for(seconds: float, per_second: float, make: Callable[[], Awaitable[None]]) -> int:
    """Make so many a second, if the machine can; return how many that were."""
    begin, count = _CLOCK.monotonic(), 0
    while _CLOCK.monotonic() < begin + seconds:
        await make()
        count += 1
        await _CLOCK.sleep(begin + count / per_second - _CLOCK.monotonic())
    return count


async def _crossed(stage: Stage) -> float:
    """Return after how many seconds everything had crossed."""
    begin = _CLOCK.monotonic()

    async def has_crossed() -> bool:
        looked = _CLOCK.monotonic()
        fate = await asyncio.to_thread(judge, stage.diary, stage.shelves())
        if not fate.is_good:
            stage.tell(f"{fate.crossed} of {fate.records} records have crossed")
            await _CLOCK.sleep(_LOOK_PAUSE * (_CLOCK.monotonic() - looked))
        return fate.is_good

    await until(has_crossed, "everything has crossed", seconds=_PATIENCE_SECONDS)
    return _CLOCK.monotonic() - begin
