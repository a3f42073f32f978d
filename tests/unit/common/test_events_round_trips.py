"""Whatever is published is read back the same, and nothing else is ever read."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from anji_common.errors import UndecodableError
from anji_common.events.changes import Change
from anji_common.events.commands import Command
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.events.envelope import Event, body_of
from anji_common.events.inbox import Entry
from anji_common.events.notices import Notice, NoticeKind
from anji_common.events.results import Result
from anji_common.events.signals import Signal
from anji_common.messages import Record
from anji_common.refs import Ref
from anji_common.testing import strategies as given_by

CASES: dict[type[Any], st.SearchStrategy[Any]] = {
    Change: given_by.changes(),
    Command: given_by.commands,
    CrosswalkRow: given_by.crosswalk_rows,
    Entry: given_by.entries,
    Notice: given_by.notices,
    Result: given_by.results,
    Signal: given_by.signals,
}

each_event = pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)


@each_event
@given(data=st.data())
def test_what_was_published_is_read_back(kind: type[Any], data: st.DataObject) -> None:
    event = data.draw(CASES[kind])

    read = kind.from_record(given_by.as_record(event.to_message()))

    assert read == event
    assert read.to_message() == event.to_message()


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind is not Change])
@given(data=st.data())
def test_the_body_is_what_pydantic_would_write(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(CASES[kind])

    assert orjson.loads(body_of(event)) == event.model_dump(mode="json", exclude_defaults=True)


def test_the_body_holds_integers_that_orjson_refuses() -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    link = Ref.parse("fxiaoke/AccountObj/1")
    kind = NoticeKind.PROBLEM_RAISED
    notice = Notice(link=link, link_type="customer", kind=kind, at=at, details={"n": 2**70})

    assert str(2**70).encode() in body_of(notice)


@each_event
@given(data=st.data())
def test_an_event_built_of_typed_values_is_the_one_that_was_checked(
    kind: type[Event], data: st.DataObject
) -> None:
    event = data.draw(CASES[kind])
    said = {name: getattr(event, name) for name in event.model_fields_set}

    built = kind.model_construct(**said)

    assert built == event
    assert [*built.__dict__] == [*event.__dict__]
    assert built.model_fields_set == event.model_fields_set


@each_event
@given(record=given_by.records)
def test_any_bytes_are_an_event_or_undecodable(kind: type[Any], record: Record) -> None:
    read: Callable[[Record], Any] = kind.from_record

    try:
        event = read(record)
    except UndecodableError:
        return

    assert isinstance(event, kind)


@each_event
@given(data=st.data())
def test_a_damaged_event_is_an_event_or_undecodable(kind: type[Any], data: st.DataObject) -> None:
    record = given_by.as_record(data.draw(CASES[kind]).to_message())
    damaged = data.draw(_damage(record))

    try:
        event = kind.from_record(damaged)
    except UndecodableError:
        return

    assert isinstance(event, kind)


@st.composite
def _damage(draw: st.DrawFn, record: Record) -> Record:
    """Cut the value, change a byte of it, or lose or spoil a header."""
    value = record.value
    headers: list[tuple[str, bytes]] = list(record.headers)
    is_cut: bool = draw(st.booleans())
    if value and is_cut:
        place: int = draw(st.integers(0, len(value) - 1))
        value = value[:place] + draw(st.binary(max_size=2)) + value[place + 1 :]
    is_spoilt: bool = draw(st.booleans())
    if headers and is_spoilt:
        name, _ = headers.pop(draw(st.integers(0, len(headers) - 1)))
        if draw(st.booleans()):
            headers.append((name, draw(st.binary(max_size=8))))
    return Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp_ms,
        key=record.key,
        value=value,
        headers=tuple(headers),
    )


@each_event
@settings(max_examples=5)
@given(data=st.data())
def test_an_attribute_of_ours_that_nobody_knows_is_refused(
    kind: type[Any], data: st.DataObject
) -> None:
    event = data.draw(CASES[kind])
    body = event.model_dump(mode="json") | {"invented": 1}

    with pytest.raises(ValueError, match="invented"):
        kind.model_validate(body)


@given(change=given_by.changes())
@settings(max_examples=30)
def test_an_event_with_another_value_is_the_one_that_pydantic_makes(change: Change) -> None:
    copied = change.model_copy(update={"answers": "a command"})
    usual = BaseModel.model_copy(change, update={"answers": "a command"})
    assert copied == usual
    assert copied.model_dump_json() == usual.model_dump_json()
    assert copied.model_fields_set == usual.model_fields_set
    assert change != copied
