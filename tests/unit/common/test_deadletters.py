"""A dead letter keeps everything, whatever it was, and can be put back as it was."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.deadletters import DeadLetter, dead_letter
from anji_common.errors import UndecodableError
from anji_common.messages import Message, Record
from anji_common.testing.strategies import as_record, names, records
from anji_common.topics import DEADLETTERS

ERROR = UndecodableError("not JSON: 缺少字段")


@given(record=records)
def test_bytes_headers_origin_and_reason_are_kept(record: Record) -> None:
    message = dead_letter(record, ERROR, "mapper")

    letter = DeadLetter.from_record(as_record(message))

    assert message.topic == DEADLETTERS.name
    assert (letter.key, letter.value, letter.headers) == (record.key, record.value, record.headers)
    assert (letter.topic, letter.partition, letter.offset) == (
        record.topic,
        record.partition,
        record.offset,
    )
    assert (letter.by, letter.error, letter.reason) == ("mapper", "UndecodableError", str(ERROR))


@given(record=records, key=names)
def test_what_is_put_back_is_what_it_was(record: Record, key: str) -> None:
    was = Message(record.topic, key, record.value, record.headers)
    letter = DeadLetter.from_record(as_record(dead_letter(as_record(was), ERROR, "mapper")))

    assert letter.redriven() == was


@given(body=st.binary(max_size=50))
def test_bytes_that_came_from_no_topic_are_kept_too(body: bytes) -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)

    letter = DeadLetter.from_record(as_record(dead_letter(body, ERROR, "fxiaoke/callback", at=at)))

    assert (letter.value, letter.topic, letter.by) == (body, None, "fxiaoke/callback")


def test_why_nobody_can_read_it_is_cut_and_the_input_is_not() -> None:
    letter = dead_letter(b"x" * 5000, UndecodableError("page " * 1000), by="fxiaoke/callback")

    assert dict(letter.headers)["ce_reason"] == ("page " * 1000)[:1000].encode()
    assert letter.value == b"x" * 5000


def test_what_has_no_topic_cannot_be_put_back() -> None:
    letter = DeadLetter.from_record(as_record(dead_letter(b"x", ERROR, "fxiaoke/callback")))

    with pytest.raises(UndecodableError, match="cannot be put back"):
        letter.redriven()


def test_the_same_input_met_twice_has_the_same_id_twice() -> None:
    record = as_record(Message("t", "k", b"{"), offset=7)

    first, second = (dead_letter(record, ERROR, "mapper") for _ in range(2))

    assert first == second


@given(record=records)
def test_any_record_is_a_dead_letter_or_undecodable(record: Record) -> None:
    try:
        letter = DeadLetter.from_record(record)
    except UndecodableError:
        return

    assert letter.value == record.value
