"""CloudEvents 1.0 in Kafka's binary mode: the attributes, the ids, and real tombstones."""

import re
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anji_common.events.changes import Change
from anji_common.testing import strategies as given_by

EVENTS: dict[str, st.SearchStrategy[Any]] = {
    "change": given_by.changes(),
    "command": given_by.commands,
    "crosswalk row": given_by.crosswalk_rows,
    "entry": given_by.entries,
    "notice": given_by.notices,
    "result": given_by.results,
    "signal": given_by.signals,
}

each_event = pytest.mark.parametrize("name", EVENTS)
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def _attributes(event: Any) -> dict[str, str]:  # noqa: ANN401 - any event
    return {
        name.removeprefix("ce_"): value.decode()
        for name, value in event.to_message().headers
        if name.startswith("ce_")
    }


@each_event
@settings(max_examples=10)
@given(data=st.data())
def test_every_event_has_the_attributes_that_the_standard_requires(
    name: str, data: st.DataObject
) -> None:
    attributes = _attributes(data.draw(EVENTS[name]))

    assert attributes["specversion"] == "1.0"
    assert UUID(attributes["id"]).version == 5
    assert attributes["source"].startswith("/")
    assert attributes["type"].endswith(".v1")
    assert attributes["subject"]
    assert _TIME.match(attributes["time"])


@each_event
@settings(max_examples=10)
@given(data=st.data())
def test_attribute_names_are_lower_case_letters_and_digits(name: str, data: st.DataObject) -> None:
    attributes = _attributes(data.draw(EVENTS[name]))

    assert [found for found in attributes if not re.fullmatch(r"[a-z0-9]{1,20}", found)] == []


@each_event
@settings(max_examples=10)
@given(data=st.data())
def test_a_value_is_json_and_says_so(name: str, data: st.DataObject) -> None:
    message = data.draw(EVENTS[name]).to_message()

    says_json = ("content-type", b"application/json") in message.headers

    assert says_json == (message.value is not None)
    assert message.value is None or isinstance(orjson.loads(message.value), dict)


@given(change=given_by.changes())
def test_a_delete_is_a_real_tombstone_that_says_what_went(change: Change) -> None:
    deleted = change.model_copy(update={"data": None})

    message = deleted.to_message()

    assert message.value is None
    assert _attributes(deleted)["subject"] == message.key == str(change.ref)
    assert _attributes(deleted)["type"].endswith(".deleted.v1")


@given(change=given_by.changes())
def test_a_change_that_is_read_twice_has_the_same_id_twice(change: Change) -> None:
    again = change.model_copy(update={"answers": None})

    assert _attributes(change)["id"] == _attributes(again)["id"]


@given(change=given_by.changes())
def test_another_revision_of_a_record_has_another_id(change: Change) -> None:
    later = change.model_copy(update={"revision": change.revision + 1})

    assert _attributes(change)["id"] != _attributes(later)["id"]


@given(one=given_by.changes(), other=given_by.changes())
def test_the_sequence_of_changes_sorts_as_text(one: Change, other: Change) -> None:
    texts = _attributes(one)["sequence"], _attributes(other)["sequence"]

    assert (texts[0] < texts[1]) == (one.revision < other.revision)
