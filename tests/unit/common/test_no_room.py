"""A full disk stops what writes, says so, and leaves nothing behind when there is room again."""

import asyncio
import errno
import sqlite3
from pathlib import Path

import pytest

from anji_common.broker.embedded_broker import EmbeddedBroker, EmbeddedTimes
from anji_common.broker.no_room import has_no_room
from anji_common.broker.port import Task
from anji_common.broker.view_store import ViewStore
from anji_common.clock import SystemClock
from anji_common.errors import NoRoomError, RetriableError
from anji_common.messages import Message
from labs.brokers import records_of
from labs.copying import GIVEN
from labs.no_room import no_room_behind

BIG = Message(GIVEN.name, "key", b"x" * 100_000)
GROUP = "copiers"


async def opened(path: Path) -> EmbeddedBroker:
    """Return a broker whose log has no room left but what it holds."""
    times = EmbeddedTimes(member_timeout_seconds=0.2)
    broker = EmbeddedBroker(path, clock=SystemClock(), partitions=1, times=times)
    await broker.declare([GIVEN])
    await broker.publish([BIG])
    return broker


def wal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sqlite_error(sqlite3.SQLITE_FULL), True),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), True),
        (sqlite_error(sqlite3.SQLITE_IOERR_SHMSIZE), True),
        (sqlite_error(sqlite3.SQLITE_IOERR_READ), False),
        (sqlite_error(sqlite3.SQLITE_CORRUPT), False),
        (sqlite3.ProgrammingError("of Python's own"), False),
        (OSError(errno.ENOSPC, "words"), True),
        (OSError(errno.EDQUOT, "words"), True),
        (OSError(errno.EIO, "words"), False),
    ],
)
def test_only_want_of_room_is_called_so(error: Exception, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert has_no_room(error) is expected


async def test_what_finds_no_room_is_refused_whole_and_can_be_said_again(tmp_path: Path) -> None:
    broker = await opened(tmp_path / "broker")

    with (
        no_room_behind(wal_of(tmp_path / "broker")),
        pytest.raises(RetriableError, match=r"the disk is full: .*broker cannot be written"),
    ):
        await broker.publish([BIG, BIG])
    after_refusal = await records_of(broker, GIVEN.name)
    await broker.publish([BIG, BIG])

    assert len(after_refusal) == 1
    assert len(await records_of(broker, GIVEN.name)) == 3
    await broker.close()


async def test_a_member_that_left_without_room_does_not_keep_its_share(tmp_path: Path) -> None:
    broker = await opened(tmp_path / "broker")
    taken: asyncio.Queue[Task] = asyncio.Queue()

    async def work(task: Task) -> None:
        await taken.put(task)
        await asyncio.Event().wait()

    async with asyncio.timeout(20):
        first = asyncio.create_task(broker.serve(GROUP, [GIVEN.name], work))
        held = await taken.get()
        with no_room_behind(wal_of(tmp_path / "broker")):
            first.cancel()
            await asyncio.wait([first])
            await asyncio.wait([asyncio.ensure_future(broker.publish([BIG]))])  # behind the leave
        second = asyncio.create_task(broker.serve(GROUP, [GIVEN.name], work))
        taken_over = await taken.get()

    assert taken_over is not held
    second.cancel()
    await asyncio.wait([second])
    await broker.close()


async def test_a_broker_can_be_closed_without_room(tmp_path: Path) -> None:
    broker = await opened(tmp_path / "broker")
    await broker.take(GROUP, 0, [GIVEN.name])

    with no_room_behind(wal_of(tmp_path / "broker")):
        await broker.close()

    again = await opened(tmp_path / "broker")
    assert len(await records_of(again, GIVEN.name)) == 2
    await again.close()


def test_a_view_without_room_must_be_opened_again_and_reads_its_tail(tmp_path: Path) -> None:
    path = tmp_path / "view"
    view = ViewStore(path, "links")
    view.put("a", b"x" * 100_000)
    view.move({0: 1})
    view.save()

    with no_room_behind(wal_of(path)):
        view.put("b", b"x" * 100_000)
        view.move({0: 2})
        with pytest.raises(NoRoomError, match=r"the disk is full: the view .*view cannot"):
            view.save()
        view.close()

    again = ViewStore(path, "links")
    assert (again.get("b"), again.positions()) == (None, {0: 1})
    again.close()
