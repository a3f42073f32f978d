"""The promises of a `View`, by name, on every broker adapter.

Its file alone is tested in ``tests/unit/common/test_view_store.py``.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from anji_common.broker.port import Broker
from anji_common.errors import AnjiError, ConfigurationError, FatalError, UndecodableError
from anji_common.messages import Message, Record
from anji_common.topics import Topic
from anji_common.views import View
from labs.brokers import BrokerLab, records_of, told, until

TABLE = Topic("table.v1", is_compacted=True, retention_seconds=None)


def row(key: str, value: str | None) -> Message:
    return Message(TABLE.name, key, None if value is None else value.encode())


def decoded(record: Record) -> bytes | None:
    """Refuse what is corrupt, as every real projection does."""
    if record.value == b"corrupt":
        msg = f"{record.place} is no row"
        raise UndecodableError(msg)
    if record.value == b"of next year":
        msg = "somebody newer wrote this"
        raise FatalError(msg)
    return record.value


def words(_key: str, value: bytes) -> Iterable[str]:
    """Find a row by each of its words; refuse what has none."""
    if not value.strip():
        msg = "no words"
        raise UndecodableError(msg)
    return value.decode().split()


def rows(view: View) -> dict[str, str]:
    return {key: value.decode() for key, value in view.scan()}


async def count_of(broker: Broker) -> int:
    return len(await records_of(broker, TABLE.name))


@asynccontextmanager
async def followed(view: View) -> AsyncIterator[View]:
    """Start a view and let it follow; close it in the end."""
    await view.start()
    following = asyncio.create_task(view.follow())
    try:
        yield view
    finally:
        following.cancel()
        await asyncio.wait([following])
        await view.close()
    if not following.cancelled():
        following.result()


@pytest.fixture
async def broker(lab: BrokerLab) -> Broker:
    broker = lab.start()
    await broker.declare([TABLE])
    return broker


async def test_a_view_is_complete_up_to_its_start_before_its_first_read(broker: Broker) -> None:
    await broker.publish([row(f"key-{n % 300}", str(n)) for n in range(2500)])
    task = await broker.take("mapper", 0, [TABLE.name])
    await task.commit([], [row(f"key-{n}", "last") for n in range(50)])  # ends in its marker
    assert await told(lambda: count_of(broker), 2550) == 2550
    view = View(broker, TABLE.name)

    await view.start()

    expected = {f"key-{n}": str(2100 + n if n >= 100 else 2400 + n) for n in range(300)}
    assert rows(view) == expected | {f"key-{n}": "last" for n in range(50)}
    assert len(view) == 300
    assert view.get("key-7") == b"last"
    assert view.get("key-300") is None
    assert view.records_read == 2550
    await view.close()
    await task.close()


async def test_a_view_of_an_empty_topic_is_there_at_once(broker: Broker) -> None:
    view = View(broker, TABLE.name)

    await view.start()

    assert rows(view) == {}
    await view.close()


async def test_a_view_follows_what_others_publish(lab: BrokerLab, broker: Broker) -> None:
    await broker.publish([row("a", "1"), row("b", "1")])
    heard: list[str] = []

    async with followed(View(broker, TABLE.name)) as view:
        unsubscribe = view.subscribe(heard.append)
        await lab.start().publish([row("a", "2"), row("b", None), row("c", "2")])
        await until(lambda: rows(view) == {"a": "2", "c": "2"})
        unsubscribe()
        unsubscribe()
        await lab.start().publish([row("a", "3")])
        await until(lambda: view.get("a") == b"3")

    assert sorted(heard) == ["a", "b", "c"]


async def test_a_view_catches_up_with_everything_committed_when_asked(broker: Broker) -> None:
    view = View(broker, TABLE.name)
    await view.start()
    await broker.publish([row(str(n), "1") for n in range(20)])

    await view.catch_up()

    assert len(view) == 20
    await view.close()


async def test_a_bad_record_never_stalls_a_view_and_is_reported(broker: Broker) -> None:
    refused: list[tuple[bytes | None, str]] = []

    def note(record: Record, error: AnjiError) -> None:
        refused.append((record.key, str(error)))

    await broker.publish([row("a", "old"), row("a", "corrupt"), row("b", "1"), row("c", " ")])
    view = View(broker, TABLE.name, project=decoded, index=words, on_bad=note)

    async with followed(view):
        assert rows(view) == {"a": "old", "b": "1"}  # a bad one was its topic's newest
        await broker.publish([row("b", "corrupt"), row("d", "2")])
        await until(lambda: view.get("d") == b"2")
        await broker.publish([row("a", "mended")])
        await until(lambda: view.get("a") == b"mended")
        await until(lambda: view.bad_records == 3)

    assert sorted(key or b"" for key, _ in refused) == [b"a", b"b", b"c"]
    assert any(TABLE.name in told and "is no row" in told for _, told in refused)


async def test_a_bad_record_is_logged_where_nobody_else_is_told(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    await broker.publish([row("a", "corrupt")])
    view = View(broker, TABLE.name, project=decoded)

    await view.start()

    assert view.bad_records == 1
    printed = capsys.readouterr().out
    assert "record.refused" in printed
    assert TABLE.name in printed
    await view.close()


async def test_a_record_that_must_not_be_passed_over_ends_a_view_before_and_after_its_start(
    broker: Broker, tmp_path: Path
) -> None:
    await broker.publish([row("a", "1")])
    view = View(broker, TABLE.name, store=tmp_path / "view", project=decoded)
    await view.start()
    await broker.publish([row("b", "1"), row("a", "of next year"), row("c", "1")])

    with pytest.raises(FatalError, match="newer"):
        await view.follow()

    await view.close()
    with pytest.raises(FatalError, match="newer"):
        await View(broker, TABLE.name, store=tmp_path / "view", project=decoded).start()


async def test_a_view_restored_from_disk_reads_only_the_tail(
    lab: BrokerLab, broker: Broker, tmp_path: Path
) -> None:
    await broker.publish([row(f"key-{n}", "old") for n in range(400)])
    first = View(broker, TABLE.name, store=tmp_path / "view", project=decoded, index=words)
    await first.start()
    await first.close()
    await broker.publish([row("key-1", "new"), row("key-2", None), row("key-400", "new")])

    view = View(lab.start(), TABLE.name, store=tmp_path / "view", project=decoded, index=words)
    await view.start()

    assert (first.records_read, view.records_read) == (400, 3)
    assert len(view) == 400
    assert view.get("key-0") == b"old"
    assert view.get("key-2") is None
    assert view.find("new") == ["key-1", "key-400"]
    assert len(view.find("old")) == 398
    await view.close()


async def test_what_a_killed_process_had_not_saved_is_read_again(
    broker: Broker, tmp_path: Path
) -> None:
    saved = View(broker, TABLE.name, store=tmp_path / "view")
    await broker.publish([row("a", "1")])
    await saved.start()
    await broker.publish([row("b", "1")])
    await saved.catch_up()
    copy = tmp_path / "as-on-disk"
    for suffix in ("", "-wal"):  # the disk as a power cut leaves it
        copy.with_name(copy.name + suffix).write_bytes((tmp_path / f"view{suffix}").read_bytes())

    view = View(broker, TABLE.name, store=copy)
    await view.start()

    assert rows(view) == {"a": "1", "b": "1"}
    assert view.records_read == 1
    await view.close()
    await saved.close()


async def test_a_file_of_a_topic_that_is_gone_is_read_anew(
    lab: BrokerLab, broker: Broker, tmp_path: Path
) -> None:
    await broker.publish([row("a", str(n)) for n in range(9)])
    former = View(broker, TABLE.name, store=tmp_path / "view")
    await former.start()
    await former.close()
    young = lab.another().start()
    await young.declare([TABLE])
    await young.publish([row("b", "1")])

    view = View(young, TABLE.name, store=tmp_path / "view")
    await view.start()

    assert rows(view) == {"b": "1"}
    await view.close()


async def test_rows_are_found_by_the_tokens_of_their_newest_value(broker: Broker) -> None:
    await broker.publish(
        [row("a", "red green"), row("b", "red"), row("c", "blue"), row("d", "red")]
    )
    view = View(broker, TABLE.name, index=words)
    await view.start()

    await broker.publish([row("a", "green blue"), row("d", None)])
    await view.catch_up()

    assert view.find("red") == ["b"]
    assert view.find("blue") == ["a", "c"]
    assert view.find("blue", limit=1) == ["a"]
    assert view.find("white") == []
    await view.close()


async def test_a_view_of_some_partitions_holds_their_rows_only(broker: Broker) -> None:
    await broker.publish([row(str(n), "1") for n in range(40)])
    parts = [View(broker, TABLE.name, partitions=[number]) for number in range(4)]

    for part in parts:
        await part.start()

    assert all(0 < len(part) < 40 for part in parts)
    assert sorted(key for part in parts for key in rows(part)) == sorted(map(str, range(40)))
    for part in parts:
        await part.close()


async def test_an_owner_reads_its_own_writes_at_once_and_never_an_older_row_after(
    lab: BrokerLab,
) -> None:
    lab.partitions = 1
    broker = lab.start()
    await broker.declare([TABLE])
    task = await broker.take("mapper", 0, [TABLE.name])
    view = View(broker, TABLE.name)
    await view.start()
    seen: list[bytes | None] = []
    view.subscribe(lambda _: seen.append(view.get("a")))

    for number in range(5):
        messages = [row("a", str(number))]
        ends = await task.commit([], messages)
        view.apply(messages, ends[TABLE.name] if number % 2 else {0: ends[TABLE.name]})
        assert view.get("a") == str(number).encode()
    await broker.publish([row("c", "1")])
    assert await told(lambda: count_of(broker), 6) == 6
    await view.catch_up()  # its reader has all of them still before it

    assert view.get("c") == b"1"
    assert [int(value or b"") for value in seen] == [0, 1, 2, 3, 4, 4]
    await view.close()
    await task.close()


async def test_a_view_that_is_not_open_says_so(broker: Broker) -> None:
    view = View(broker, TABLE.name)
    for use in (lambda: view.get("a"), lambda: len(view), lambda: view.find("token")):
        with pytest.raises(AnjiError, match=r"table\.v1 is not open: start it first"):
            use()

    await view.start()
    await broker.publish([row("a", "1")])
    await view.close()
    with pytest.raises(AnjiError, match=r"table\.v1 was closed|is not open"):
        await view.catch_up()


async def test_a_view_of_a_topic_that_never_was_is_refused(lab: BrokerLab) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.v1"):
        await View(lab.start(), "nowhere.v1").start()


async def test_a_file_in_use_is_refused_and_let_go_with_its_view(
    broker: Broker, tmp_path: Path
) -> None:
    first = View(broker, TABLE.name, store=tmp_path / "view")
    await first.start()

    with pytest.raises(ConfigurationError, match="open in another process"):
        await View(broker, TABLE.name, store=tmp_path / "view").start()

    await first.close()
    second = View(broker, TABLE.name, store=tmp_path / "view")
    await second.start()
    await second.close()
