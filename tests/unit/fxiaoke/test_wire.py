"""Envelopes: how requests are spelt and answers opened."""

from datetime import UTC, datetime

import orjson
import pytest

from anji_common.errors import UndecodableError, VendorUnavailableError
from anji_common.transport import Answer, Call
from anji_fxiaoke.objects import data_path
from anji_fxiaoke.wire import (
    Credentials,
    Filter,
    Rows,
    Told,
    call_of,
    rows_of,
    search,
    server_time,
    told,
)


def answer(body: bytes, status: int = 200, **headers: str) -> Answer:
    return Answer(status, headers, body)


def spoken(credentials: Credentials | None, **switches: object) -> Call:
    return call_of(
        "a/b",
        credentials,
        {"a": 1},
        trace_id="t-1",
        timeout_seconds=1.0,
        writes=True,
        switches=switches,
    )


def test_in_the_old_style_credentials_stand_at_the_top_beside_the_data() -> None:
    call = spoken(Credentials("T", "U", "C"), triggerWorkFlow=False)

    assert call.path == "a/b"
    assert call.writes
    assert orjson.loads(call.body) == {
        "corpAccessToken": "T",
        "corpId": "C",
        "currentOpenUserId": "U",
        "triggerWorkFlow": False,
        "data": {"a": 1},
    }


def test_in_the_new_style_credentials_stand_in_headers_and_ids_travel_as_before() -> None:
    call = spoken(Credentials("T", "U", enterprise_account="ea", user_id="1000"))

    assert call.path == "a/b?thirdTraceId=t-1"
    assert call.headers["authorization"] == "Bearer T"
    assert (call.headers["x-fs-ea"], call.headers["x-fs-userid"]) == ("ea", "1000")
    assert orjson.loads(call.body) == {
        "convertUserId": True,
        "convertMediaId": True,
        "data": {"a": 1},
    }


def page(*rows: object) -> Rows:
    return rows_of(Told(0, "", {"data": {"dataList": list(rows)}}))


def test_a_record_that_a_page_tells_twice_is_taken_once_as_its_newest() -> None:
    old, new = ({"_id": "1", "last_modified_time": ms} for ms in (1, 2))

    assert page(old, {"_id": "2"}, new).records == (new, {"_id": "2"})
    assert page(new, old).records == (new,)
    assert page(new, old).told == 2


@pytest.mark.parametrize("row", [{}, {"_id": ""}, {"_id": None}, "text", None, 7, []])
def test_what_a_page_tells_without_an_id_is_nobodys_and_still_counts(row: object) -> None:
    assert page(row, {"_id": "1"}) == Rows(({"_id": "1"},), 2)


@pytest.mark.parametrize("data", [None, {}, {"dataList": None}, {"dataList": []}])
def test_an_answer_without_records_is_an_empty_page(data: object) -> None:
    assert rows_of(Told(0, "", {"data": data})) == Rows((), 0)


@pytest.mark.parametrize("data", [{"dataList": {}}, {"dataList": "x"}, "x", 5])
def test_an_answer_that_is_no_list_is_not_taken_for_an_empty_one(data: object) -> None:
    with pytest.raises(VendorUnavailableError):
        rows_of(Told(0, "", {"data": data}))


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
