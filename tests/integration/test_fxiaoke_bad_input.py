"""Bad input: it ends as a dead letter or problem of its own record, and the rest flows."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
import pytest

from anji_common.deadletters import DeadLetter
from anji_common.events.changes import Change
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.feed import Page
from anji_common.topics import DEADLETTERS, changes_topic
from anji_common.transport import Answer, Call
from anji_common.writing.target import Doubtful
from anji_fxiaoke.service import make_client, run_source
from anji_fxiaoke.source import FxiaokeFeed
from anji_fxiaoke.writer import FxiaokeTarget
from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.fxiaoke_lab import (
    INTEREST,
    LINES,
    ORDER,
    Lab,
    made,
    new_account,
    on_a_crm,
    ref_of,
    update_of,
)
from labs.memory_broker import all_records, memory_runtime
from labs.sandbox_transport import SandboxTransport

Rows = list[dict[str, Any]]
ORDERS = "SalesOrderObj"


@dataclass(eq=False)
class Bent:
    """The port `Transport` to the CRM, whose answers to queries of one object are bent."""

    inner: SandboxTransport
    object_name: str
    bend: Callable[[Rows], object]
    """Changes the rows in place, or returns the whole body in their stead."""
    times: int | None = None
    bent: int = field(default=0)

    async def send(self, call: Call) -> Answer:
        answer = await self.inner.send(call)
        is_asked = f'"dataObjectApiName":"{self.object_name}"'.encode() in call.body
        if "data/query" not in call.path or not is_asked or self.bent == self.times:
            return answer
        body = orjson.loads(answer.body)
        rows = body["data"]["dataList"]
        if not rows:
            return answer
        self.bent += 1
        instead = self.bend(rows)
        bytes_ = instead if isinstance(instead, bytes) else orjson.dumps(body)
        return Answer(answer.status, answer.headers, bytes_)

    async def close(self) -> None:
        pass


@dataclass(eq=False)
class Strange:
    """The port `Transport` to the CRM, whose answers to creates, or the like, are replaced."""

    inner: SandboxTransport
    body: bytes
    verb: str = "create"

    async def send(self, call: Call) -> Answer:
        answer = await self.inner.send(call)
        is_asked = call.path.endswith(f"data/{self.verb}")
        return Answer(200, {}, self.body) if is_asked else answer

    async def close(self) -> None:
        pass


@dataclass
class Room:
    lab: Lab
    runtime: Runtime

    async def changes(self, name: str = "AccountObj") -> list[Change]:
        topic = changes_topic(System.FXIAOKE, name)
        return [Change.from_record(each) for each in await all_records(self.runtime.broker, topic)]

    async def names(self) -> list[str]:
        return sorted(str((each.data or {})["name"]) for each in await self.changes())

    async def letters(self) -> list[DeadLetter]:
        return [
            DeadLetter.from_record(each)
            for each in await all_records(self.runtime.broker, DEADLETTERS.name)
        ]


def with_answers_bent(
    object_name: str,
    bend: Callable[[Rows], object],
    test: Callable[[Room], Coroutine[Any, Any, None]],
    *,
    times: int | None = None,
    switches: FxiaokeSwitches | None = None,
) -> None:
    """Run a test on a source whose queries of an object are answered strangely."""

    async def run(lab: Lab) -> None:
        transport = Bent(lab.transport, object_name, bend, times)
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            source = asyncio.create_task(run_source(lab.settings, INTEREST, runtime, transport))
            await lab.clock.sleep(1.0)
            try:
                assert not source.done(), source
                await test(Room(lab, runtime))
                assert not source.done(), source
            finally:
                source.cancel()
                await asyncio.wait([source])

    on_a_crm(run, switches=switches)


def of(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Rows], None]:
    """Return what changes the row of that name."""

    def bend(rows: Rows) -> None:
        for row in rows:
            if row.get("name") == name:
                change(row)

    return bend


def put(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(row: dict[str, Any]) -> None:
        row[path] = value

    return change


async def three(room: Room) -> None:
    for name in ("甲", "乙", "丙"):
        room.lab.person.make("AccountObj", name=name)
    await room.lab.clock.sleep(120.0)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("tel", {"a": 1}, "AccountObj.tel"),
        ("tel", [{"a": 1}], "AccountObj.tel"),
        ("last_modified_time", "yesterday", "milliseconds are due"),
        ("last_modified_time", {}, "milliseconds are due"),
        ("last_modified_time", 1_700_000_000_000_000, "beyond the calendar"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_the_dead_letter_of_its_record_alone(
    path: str, value: object, words: str
) -> None:
    async def test(room: Room) -> None:
        await three(room)

        assert await room.names() == ["丙", "甲"]
        (letter,) = await room.letters()
        assert words in letter.reason
        assert "乙".encode() in (letter.value or b"")

    with_answers_bent("AccountObj", of("乙", put(path, value)), test)


def test_a_line_that_cannot_be_read_is_the_dead_letter_of_its_document_alone() -> None:
    async def test(room: Room) -> None:
        room.lab.person.make_order(("1",))
        room.lab.person.make_order(("7",))
        await room.lab.clock.sleep(120.0)

        (change,) = await room.changes(ORDERS)
        rows = (change.data or {})[LINES]
        assert isinstance(rows, list)
        assert [row["quantity"] for row in rows if isinstance(row, dict)] == ["1"]
        (letter,) = await room.letters()
        assert f"{LINES}.quantity" in letter.reason

    def bend(rows: Rows) -> None:
        for row in rows:
            if row.get("quantity") == "7":
                row["quantity"] = {"many": True}

    with_answers_bent(LINES, bend, test)


def test_an_option_that_nobody_described_is_published_as_it_is() -> None:
    """What it means is the mapping's affair: there it is the problem of its link alone."""

    async def test(room: Room) -> None:
        await three(room)

        statuses = {(each.data or {})["life_status"] for each in await room.changes()}
        assert statuses == {"normal", "a_new_status"}
        assert await room.names() == ["丙", "乙", "甲"]
        assert await room.letters() == []

    with_answers_bent("AccountObj", of("乙", put("life_status", "a_new_status")), test)


@pytest.mark.parametrize("blank", [None, [], ""])
def test_a_blank_where_a_list_is_due_is_null(blank: object) -> None:
    async def test(room: Room) -> None:
        await three(room)

        told = [each.data or {} for each in await room.changes()]
        owners = {each["name"]: each["owner"] for each in told}
        assert owners["乙"] is None
        assert owners["甲"] == room.lab.person.open_user_id

    with_answers_bent("AccountObj", of("乙", put("owner", blank)), test)


def test_a_page_with_a_double_publishes_its_record_once() -> None:
    async def test(room: Room) -> None:
        await three(room)

        assert await room.names() == ["丙", "乙", "甲"]

    with_answers_bent("AccountObj", lambda rows: rows.append(dict(rows[0])), test)


def test_a_row_without_an_id_is_nobodys_and_holds_up_nothing() -> None:
    async def test(room: Room) -> None:
        await three(room)

        assert await room.names() == ["丙", "乙", "甲"]

    with_answers_bent("AccountObj", lambda rows: rows.insert(0, {"name": "?"}), test)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b"{",
        b"[]",
        b"null",
        b'{"data":{"dataList":[]}}',
        b'{"errorCode":"0","data":{"dataList":[]}}',
        b'{"errorCode":null}',
        b'{"errorCode":0,"data":{"dataList":"none"}}',
    ],
)
def test_an_answer_that_is_none_is_asked_for_again_and_loses_nothing(body: bytes) -> None:
    async def test(room: Room) -> None:
        room.lab.person.make_order(("1",))
        await three(room)

        assert await room.names() == ["丙", "乙", "华东贸易", "甲"]
        assert len(await room.changes(ORDERS)) == 1
        assert await room.letters() == []

    with_answers_bent("AccountObj", lambda _rows: body, test, times=3)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"errorCode":"0"}', b'{"errorCode":0}'])
def test_such_an_answer_to_a_write_is_a_doubt(body: bytes) -> None:
    async def test(lab: Lab) -> None:
        strange = Strange(lab.transport, body)
        client, metadata = make_client(lab.settings, strange, lab.clock, Random(1))
        target = FxiaokeTarget(client, metadata, INTEREST, lab.settings, lab.clock)

        (outcome,) = await target.write([new_account(1)])

        assert isinstance(outcome, Doubtful)
        assert len(lab.person.all("AccountObj")) == 1

    on_a_crm(test)


def test_a_record_that_nobody_has_asked_for_is_no_answer_for_those_that_were() -> None:
    async def test(lab: Lab) -> None:
        told = {"_id": "65F000000000000000000001", "last_modified_time": 1}
        body = orjson.dumps({"errorCode": 0, "data": {"dataList": [told]}})
        strange = Strange(lab.transport, body, "query")
        client, metadata = make_client(lab.settings, strange, lab.clock, Random(1))
        feed = FxiaokeFeed(client, metadata, lab.settings)

        page = await feed.read(ORDER, ["65f000000000000000000001"])

        assert page == Page(())

    on_a_crm(test)


def test_records_with_ids_of_32_digits_are_read_and_written_like_others() -> None:
    async def test(room: Room) -> None:
        lab = room.lab
        lab.person.make_order(("1", "2"))
        (outcome,) = await lab.target.write([new_account(1, tel="1")])
        await lab.target.write([update_of(ref_of(outcome), {"tel": "2"})])
        await lab.clock.sleep(120.0)

        assert len(ref_of(outcome).record_id) == 32
        assert made(outcome).observed is not None
        (order,) = await room.changes(ORDERS)
        account = str((order.data or {})["account_id"])
        assert account in {str(each.ref) for each in await room.changes()}
        tels = [(each.data or {})["tel"] for each in await room.changes()]
        assert "2" in tels

    switches = FxiaokeSwitches(long_ids=True)
    with_answers_bent("AccountObj", lambda _rows: None, test, switches=switches)
