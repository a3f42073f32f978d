"""Group commit: what is asked for in one turn of the event loop is one transaction."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from anji_common.broker.embedded_queue import EmbeddedQueue
from anji_common.broker.embedded_store import EmbeddedStore
from anji_common.broker.embedded_wakeups import EmbeddedWakeups
from anji_common.clock import SystemClock
from anji_common.errors import FatalError


def queue_on(store: EmbeddedStore) -> EmbeddedQueue:
    return EmbeddedQueue(store, EmbeddedWakeups(store, SystemClock(), 1.0), SystemClock())


async def test_what_is_asked_for_in_one_turn_is_one_transaction() -> None:
    store = EmbeddedStore(None)
    queue = queue_on(store)

    together = await asyncio.gather(*(queue.ask(lambda one: one) for _ in range(12)))
    later = await queue.ask(lambda one: one)

    assert len(set(map(id, together))) == 1
    assert later is not together[0]
    store.close()


@pytest.mark.parametrize("mistake", [lambda: 1 // 0, lambda: int("one")])
async def test_a_mistake_in_an_operation_is_told_to_all_and_the_next_are_done(
    mistake: Callable[[], int],
) -> None:
    store, logged = EmbeddedStore(None), list[BaseException]()
    queue = queue_on(store)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: logged.append(context["exception"]))

    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(
            queue.ask(lambda _: 1), queue.ask(lambda _: mistake()), return_exceptions=True
        )
        after = await queue.ask(lambda _: 2)

    assert list(outcomes) == logged * 2
    assert after == 2
    store.close()


async def test_a_statement_that_fails_undoes_its_transaction_and_is_told_to_all() -> None:
    store = EmbeddedStore(None)
    queue = queue_on(store)
    remember = "INSERT INTO processes (beat_ms) VALUES (1)"

    outcomes = await asyncio.gather(
        queue.ask(lambda transaction: transaction.store.run(remember)),
        queue.ask(lambda transaction: transaction.store.run("SELECT nothing")),
        return_exceptions=True,
    )

    assert [type(one) for one in outcomes] == [FatalError, FatalError]
    assert store.rows("SELECT * FROM processes") == []
    store.close()


class SlowDisk(EmbeddedStore):
    """A file on a disk whose syncs take until somebody lets them end."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.may_end = Event()
        self.begun = Event()
        self.synced = 0
        self.is_broken = False

    def sync(self) -> None:
        self.begun.set()
        self.may_end.wait(10)
        self.synced += 1
        if self.is_broken:
            msg = "the disk is gone"
            raise FatalError(msg)
        super().sync()


@pytest.fixture
def slow_disk(tmp_path: Path) -> SlowDisk:
    return SlowDisk(tmp_path / "broker")


async def test_nobody_hears_of_a_commit_before_the_disk_has_it_and_the_loop_goes_on_meanwhile(
    slow_disk: SlowDisk,
) -> None:
    queue = queue_on(slow_disk)
    first = queue.ask(lambda _: 1)
    await asyncio.to_thread(slow_disk.begun.wait, 10)
    meanwhile = [queue.ask(lambda _: 2)]
    await SystemClock().sleep(0)  # it is committed by now
    meanwhile.append(queue.ask(lambda _: 3))
    await SystemClock().sleep(0)
    were_done = [each.done() for each in (first, *meanwhile)]

    slow_disk.may_end.set()
    results = await asyncio.gather(first, *meanwhile)

    assert were_done == [False, False, False]
    assert results == [1, 2, 3]
    assert slow_disk.synced == 2  # what was committed meanwhile shares the next sync
    await queue.drain()
    slow_disk.close()


async def test_a_disk_that_fails_is_told_to_all_who_wait_for_it(slow_disk: SlowDisk) -> None:
    queue = queue_on(slow_disk)
    slow_disk.is_broken = True
    slow_disk.may_end.set()

    outcomes = await asyncio.gather(
        queue.ask(lambda _: 1), queue.ask(lambda _: 2), return_exceptions=True
    )

    assert [type(each) for each in outcomes] == [FatalError, FatalError]
    await queue.drain()
    slow_disk.close()


async def test_draining_waits_for_the_disk(slow_disk: SlowDisk) -> None:
    queue = queue_on(slow_disk)
    asked = queue.ask(lambda _: 1)
    await asyncio.to_thread(slow_disk.begun.wait, 10)
    draining = asyncio.ensure_future(queue.drain())
    await SystemClock().sleep(0)
    was_drained = draining.done()

    slow_disk.may_end.set()
    await draining

    assert not was_drained
    assert asked.result() == 1
    slow_disk.close()
