"""Group commit: what is asked for in one turn of the event loop is one transaction."""

import asyncio
from collections.abc import Callable

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
