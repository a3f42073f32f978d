"""The embedded broker's file, when it is not as it should be, or in use by another process."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.embedded_core import EmbeddedTimes
from anji_common.broker.embedded_store import OFFSET_BITS, EmbeddedStore
from anji_common.broker.embedded_wakeups import EmbeddedWakeups
from anji_common.clock import SystemClock
from anji_common.errors import ConfigurationError, FatalError
from anji_common.messages import Message
from labs.brokers import records_of
from labs.copying import COPIED, GIVEN

_LOOK_SECONDS = 0.2
ONE = Message(GIVEN.name, "key", b"1")


async def opened(path: Path) -> EmbeddedBroker:
    times = EmbeddedTimes(look_seconds=_LOOK_SECONDS)
    broker = EmbeddedBroker(path, clock=SystemClock(), partitions=1, times=times)
    await broker.declare([GIVEN, COPIED])
    return broker


def locked(path: Path) -> sqlite3.Connection:
    """Return another process's connection, in the middle of a transaction."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broker"
    path.write_bytes(b"not a database at all, but a text of some length" * 100)

    with pytest.raises(FatalError, match=f"the broker's file {path} cannot be used"):
        EmbeddedBroker(path, clock=SystemClock())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(FatalError, match="file/broker cannot be used"):
        EmbeddedBroker(tmp_path / "file" / "broker", clock=SystemClock())


async def test_a_file_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "broker"
    await (await opened(path)).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version=99")
    other.close()
    before = path.read_bytes()

    with pytest.raises(ConfigurationError, match=r"format 99, this one reads 1.*move the file"):
        EmbeddedBroker(path, clock=SystemClock())

    assert path.read_bytes() == before


async def test_what_waits_for_another_process_s_transaction_is_written_after_it(
    tmp_path: Path,
) -> None:
    broker = await opened(tmp_path / "broker")
    other = locked(tmp_path / "broker")
    publishing = asyncio.ensure_future(broker.publish([ONE]))
    waiting = asyncio.ensure_future(broker.declare([COPIED]))
    await SystemClock().sleep(0)
    await SystemClock().sleep(0)  # the broker has met the lock by now
    was_done = publishing.done()

    other.execute("COMMIT")
    other.close()
    await asyncio.gather(publishing, waiting)

    assert not was_done
    assert [one.value for one in await records_of(broker, GIVEN.name)] == [b"1"]
    assert await broker.ends(COPIED.name) == {0: 0}
    await broker.close()


async def test_closing_waits_until_everything_asked_for_is_written(tmp_path: Path) -> None:
    broker = await opened(tmp_path / "broker")
    other = locked(tmp_path / "broker")
    publishing = asyncio.ensure_future(broker.publish([ONE]))
    await SystemClock().sleep(0)
    closing = asyncio.ensure_future(broker.close())
    await SystemClock().sleep(0)
    other.execute("COMMIT")
    other.close()
    await asyncio.gather(publishing, closing)

    again = await opened(tmp_path / "broker")
    assert await again.ends(GIVEN.name) == {0: 1}
    await again.close()


async def test_a_closed_broker_says_so_and_hangs_nobody(tmp_path: Path) -> None:
    broker = await opened(tmp_path / "broker")
    await broker.close()

    async with asyncio.timeout(10):
        for _ in range(2):
            with pytest.raises(FatalError, match="closed database"):
                await broker.publish([ONE])


async def test_who_waits_hears_of_another_process_though_a_poll_beside_has_seen_it_first(
    tmp_path: Path,
) -> None:
    here, there = await opened(tmp_path / "broker"), await opened(tmp_path / "broker")
    waits = await here.take("waits", 0, [GIVEN.name])
    polls = await here.take("polls", 0, [COPIED.name])

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        found = group.create_task(waits.poll(wait_seconds=600.0))
        assert not await polls.poll(wait_seconds=1.5 * _LOOK_SECONDS)  # the next look is far
        await there.publish([ONE])
        assert not await polls.poll()  # looks at the file before it

    assert [record.value for record in found.result()] == [b"1"]
    for broker in (here, there):
        await broker.close()


async def test_no_file_is_nobody_else_s() -> None:
    here = EmbeddedBroker(None, clock=SystemClock(), partitions=1)
    there = EmbeddedBroker(None, clock=SystemClock(), partitions=1)
    for broker in (here, there):
        await broker.declare([GIVEN])

    await here.publish([ONE])

    assert await here.ends(GIVEN.name) == {0: 1}
    assert await there.ends(GIVEN.name) == {0: 0}
    for broker in (here, there):
        await broker.close()


def test_a_record_that_is_not_committed_yet_is_behind_the_end() -> None:
    store, log = EmbeddedStore(None), 7
    store.run("BEGIN")
    store.run("INSERT INTO records VALUES (?, 1, x'', NULL, NULL)", log << OFFSET_BITS)

    before = store.first_from(log, 0)
    store.ends[log] = 1
    after = store.first_from(log, 0)

    store.run("ROLLBACK")
    store.close()
    assert before is None
    assert after == (0, 1)


async def test_everybody_else_goes_on_while_another_process_holds_the_file_for_long(
    tmp_path: Path,
) -> None:
    broker = await opened(tmp_path / "broker")
    other = locked(tmp_path / "broker")
    publishing = asyncio.ensure_future(broker.publish([ONE]))

    async with asyncio.timeout(15):
        for _ in range(100):
            await SystemClock().sleep(0.02)
    assert not publishing.done()
    other.execute("COMMIT")
    other.close()
    await publishing

    assert await broker.ends(GIVEN.name) == {0: 1}
    await broker.close()


@pytest.mark.parametrize("turns", range(6))
async def test_what_is_published_while_the_broker_closes_is_kept_or_refused(
    tmp_path: Path, turns: int
) -> None:
    broker = await opened(tmp_path / "broker")
    reader = await broker.reader(GIVEN.name, {0: 0})
    waiting = asyncio.ensure_future(reader.poll(wait_seconds=600.0))  # so somebody looks
    await SystemClock().sleep(0)
    closing = asyncio.ensure_future(broker.close())
    for _ in range(turns):
        await SystemClock().sleep(0)
    publishing = asyncio.ensure_future(broker.publish([ONE]))

    async with asyncio.timeout(5):
        told = await asyncio.gather(publishing, closing, waiting, return_exceptions=True)
    again = await opened(tmp_path / "broker")

    assert (await again.ends(GIVEN.name))[0] == (told[0] is None)
    await again.close()


class _Failing(EmbeddedStore):
    """A file that cannot be looked at now and then."""

    failures = 0

    def refresh(self) -> None:
        if self.failures:
            self.failures -= 1
            msg = "an error of input and output"
            raise FatalError(msg)
        super().refresh()


async def test_who_waits_is_woken_though_one_look_at_the_file_has_failed(tmp_path: Path) -> None:
    there = await opened(tmp_path / "broker")
    store = _Failing(tmp_path / "broker")
    clock = SystemClock()
    wakeups = EmbeddedWakeups(store, clock, _LOOK_SECONDS / 10)
    heard = asyncio.Event()

    async with asyncio.timeout(10):
        store.failures = 1
        await wakeups.wait(heard, ["a log"], 600.0)  # by the look that fails
        heard.clear()
        waiting = asyncio.ensure_future(wakeups.wait(heard, ["a log"], 600.0))
        await clock.sleep(_LOOK_SECONDS / 5)
        heard.clear()
        await there.publish([ONE])
        await waiting

    await wakeups.close()
    store.close()
    await there.close()
