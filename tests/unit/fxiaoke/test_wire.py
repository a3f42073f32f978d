"""Envelopes: how requests are spelt and answers opened."""

from datetime import UTC, datetime

import orjson
import pytest

from anji_common.errors import UndecodableError
from anji_common.transport import Answer
from anji_fxiaoke.objects import data_path
from anji_fxiaoke.wire import Credentials, Filter, body_of, search, server_time, told


def answer(body: bytes, status: int = 200, **headers: str) -> Answer:
    return Answer(status, headers, body)


def test_credentials_stand_at_the_top_beside_the_data() -> None:
    body = body_of(Credentials("T", "C", "U"), {"a": 1}, triggerWorkFlow=False)

    assert orjson.loads(body) == {
        "corpAccessToken": "T",
        "corpId": "C",
        "currentOpenUserId": "U",
        "triggerWorkFlow": False,
        "data": {"a": 1},
    }


def test_a_query_is_spelt_as_the_vendor_mixes_its_names() -> None:
    spelling = search("X", [Filter("a", "IN", ("1", "2"))], ["a", "b"], 100)

    assert spelling == {
        "dataObjectApiName": "X",
        "find_explicit_total_num": False,
        "search_query_info": {
            "limit": 100,
            "offset": 0,
            "filters": [{"field_name": "a", "field_values": ["1", "2"], "operator": "IN"}],
            "orders": [{"fieldName": "_id", "isAsc": True}],
            "fieldProjection": ["a", "b"],
        },
    }


def test_custom_objects_have_paths_of_their_own() -> None:
    assert data_path("AccountObj", "query") == "cgi/crm/v2/data/query"
    assert data_path("thing__c", "query") == "cgi/crm/custom/v2/data/query"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"errorMessage": "no", "errorDescription": "because"}, "no: because"),
        ({"errorMessage": "no, because", "errorDescription": "because"}, "no, because"),
        ({"errorDescription": "because"}, "because"),
        ({"errorMessage": None}, ""),
    ],
)
def test_words_are_message_and_description(more: dict[str, str], words: str) -> None:
    assert told(answer(orjson.dumps({"errorCode": 1, **more}))).words == words


@pytest.mark.parametrize(
    "strange",
    [
        answer(b"<html>"),
        answer(b'{"errorCode":0}', status=502),
        answer(b"[]"),
        answer(b"{}"),
        answer(b'{"errorCode":"0"}'),
        answer(b""),
    ],
    ids=["html", "bad gateway", "list", "no code", "code as text", "empty"],
)
def test_what_is_no_envelope_is_undecodable(strange: Answer) -> None:
    with pytest.raises(UndecodableError):
        told(strange)


def test_the_servers_clock_is_read_where_it_tells() -> None:
    date = "Mon, 05 Jan 2026 01:00:00 GMT"

    assert server_time(answer(b"", date=date)) == datetime(2026, 1, 5, 1, tzinfo=UTC)
    assert server_time(answer(b"", date="soon")) is None
    assert server_time(answer(b"")) is None
