"""Envelopes: the CRM's spelling of requests and answers ends here. Pure.

Source: docs/vendors/fxiaoke.md, sections 1.2 (credentials in the body), 2 (data), 6.1 (answers).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from anji_common.errors import UndecodableError
from anji_common.transport import Answer

__all__ = [
    "Credentials",
    "Filter",
    "Told",
    "at_ms",
    "body_of",
    "ms_of",
    "search",
    "server_time",
    "told",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_OK_STATUS = 200


@dataclass(frozen=True, slots=True)
class Credentials:
    """What every call of the old style carries at the top level of its body."""

    token: str
    corp_id: str
    open_user_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; all conditions of a query must hold, there is no "or"."""

    field: str
    operator: str
    """``EQ``, ``IN``, ``GT``, ``GTE``, ``LT`` …"""
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An answer's envelope, opened."""

    code: int
    """`errorCode`; 0 is yes."""
    words: str
    """`errorMessage`, with `errorDescription` where that says more."""
    body: Mapping[str, Any]


def body_of(credentials: Credentials | None, data: object = None, **switches: object) -> bytes:
    """Return the JSON of a request; switches stand at the top level beside `data`."""
    body: dict[str, object] = dict(switches)
    if credentials is not None:
        body |= {
            "corpAccessToken": credentials.token,
            "corpId": credentials.corp_id,
            "currentOpenUserId": credentials.open_user_id,
        }
    if data is not None:
        body["data"] = data
    return orjson.dumps(body)


def search(
    object_name: str, filters: Sequence[Filter], fields: Sequence[str], limit: int
) -> dict[str, object]:
    """Return the `data` of a query by ascending ``_id``, without a total."""
    return {
        "dataObjectApiName": object_name,
        "find_explicit_total_num": False,
        "search_query_info": {
            "limit": limit,
            "offset": 0,
            "filters": [
                {
                    "field_name": each.field,
                    "field_values": list(each.values),
                    "operator": each.operator,
                }
                for each in filters
            ],
            "orders": [{"fieldName": "_id", "isAsc": True}],
            "fieldProjection": list(fields),
        },
    }


def told(answer: Answer) -> Told:
    """Return the envelope of an answer.

    Raises:
        UndecodableError: a status other than 200, or no documented envelope: a gateway's page.
    """
    try:
        body = orjson.loads(answer.body)
        code = body["errorCode"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        msg = f"HTTP {answer.status} without an envelope, {len(answer.body)} bytes"
        raise UndecodableError(msg) from error
    if answer.status != _OK_STATUS or not isinstance(code, int):
        msg = f"HTTP {answer.status} with errorCode {code!r}"
        raise UndecodableError(msg)
    words, more = (str(body.get(key) or "") for key in ("errorMessage", "errorDescription"))
    if more and more not in words:
        words = f"{words}: {more}" if words else more
    return Told(code, words, body)


def server_time(answer: Answer) -> datetime | None:
    """Return what the server's clock said, cut to seconds, if it told."""
    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def ms_of(at: datetime) -> int:
    """Return an aware time as the CRM spells it: epoch milliseconds."""
    return (at - _EPOCH) // _MS


def at_ms(milliseconds: int) -> datetime:
    """Return the aware time of epoch milliseconds."""
    return _EPOCH + milliseconds * _MS
