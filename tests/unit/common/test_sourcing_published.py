"""What was published last: own commits count at once, and memory does not grow with them."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from anji_common.events.changes import Change
from anji_common.events.observed import Observed, Stamp
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.sourcing.published import PublishedRefs
from anji_common.sourcing.revisions import Published, revise
from anji_common.testing.virtual_time import EPOCH, LoopClock, run_virtually
from labs.memory_broker import memory_runtime
from labs.source_lab import INTEREST


def change_of(number: int, second: int = 0) -> Change:
    ref = Ref(System.K3CLOUD, "Thing", str(number))
    stamp = Stamp(modified_at=EPOCH + timedelta(seconds=second))
    change = revise(None, Observed(ref=ref, stamp=stamp, data={}))
    assert isinstance(change, Change)
    return change


def with_refs(test: Callable[[Runtime, PublishedRefs], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with memory_runtime(LoopClock(asyncio.get_running_loop()), INTEREST) as runtime:
            await test(runtime, PublishedRefs(runtime, System.K3CLOUD, "Thing"))

    run_virtually(run())


def test_what_a_former_owner_published_is_known_after_the_start() -> None:
    async def test(runtime: Runtime, refs: PublishedRefs) -> None:
        change = change_of(1)
        await runtime.broker.publish([change.to_message()])

        await refs.start()

        assert refs.get(str(change.ref)) == Published.of(change)
        await refs.close()

    with_refs(test)


def test_own_commits_are_known_before_the_view_has_read_them() -> None:
    async def test(runtime: Runtime, refs: PublishedRefs) -> None:
        old, new = change_of(1), change_of(1, 1)
        await runtime.broker.publish([old.to_message()])
        await refs.start()

        refs.committed({str(new.ref): Published.of(new)})

        assert refs.get(str(new.ref)) == Published.of(new)
        await refs.close()

    with_refs(test)


def test_own_commits_are_forgotten_once_the_view_has_them() -> None:
    async def test(runtime: Runtime, refs: PublishedRefs) -> None:
        await refs.start()
        following = asyncio.create_task(refs.follow())
        for begin in range(0, 9000, 500):
            changes = [change_of(number) for number in range(begin, begin + 500)]
            await runtime.broker.publish([change.to_message() for change in changes])
            refs.committed({str(change.ref): Published.of(change) for change in changes})
            assert refs.get(str(changes[0].ref)) == Published.of(changes[0])
            await runtime.clock.sleep(0.1)

        assert refs.ahead <= 2500
        assert refs.get("k3cloud/Thing/0") is not None
        following.cancel()
        await asyncio.wait([following])
        await refs.close()

    with_refs(test)
