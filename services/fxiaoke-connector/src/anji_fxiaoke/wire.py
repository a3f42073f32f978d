"""Envelopes: the CRM's spelling of requests and answers ends here. Pure.

Source: docs/vendors/fxiaoke.md, sections 1.2 and 1.4 (credentials), 2 (data), 6.1 (answers).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import orjson

from anji_common.errors import UndecodableError, VendorUnavailableError
from anji_common.transport import Answer, Call
from anji_common.values import frozen

__all__ = [
    "Credentials",
    "Filter",
    "Rows",
    "Told",
    "at_ms",
    "call_of",
    "ms_of",
    "rows_of",
    "search",
    "server_time",
    "told",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_OK_STATUS = 200


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a call is made by, in one of the two styles, which are never mixed in one call."""

    token: str
    open_user_id: str
    """``FSUID_…`` of the acting employee, empty while it is not known yet."""
    corp_id: str = ""
    """Old style: ``FSCID_…``."""
    enterprise_account: str = ""
    """New style: `ea`. Where it is set, the call is of the new style."""
    user_id: str = ""
    """New style: the acting employee's CRM id, such as ``1000``."""

    @property
    def is_bearer(self) -> bool:
        """Whether they travel in headers (new style), else in the body."""
        return bool(self.enterprise_account)


@frozen
class Filter:
    """One condition; all conditions of a query must hold, there is no "or"."""

    field: str
    operator: str
    """``EQ``, ``IN``, ``GT``, ``GTE``, ``LT`` …"""
    values: tuple[str, ...]


@frozen
class Told:
    """An answer's envelope, opened."""

    code: int
    """`errorCode`; 0 is yes."""
    words: str
    """`errorMessage`, with `errorDescription` where that says more."""
    body: Mapping[str, Any]


@frozen
class Rows:
    """One page of a query."""

    records: tuple[Mapping[str, Any], ...]
    """In the order told, each once."""
    told: int
    """How many the page had, doubled and nameless ones too: what its end is told by."""
    doubled: tuple[str, ...] = ()
    """Ids of records that it had more than once."""


def call_of(  # noqa: PLR0913 - what makes up one request
    path: str,
    credentials: Credentials | None,
    data: object = None,
    *,
    trace_id: str,
    timeout_seconds: float,
    writes: bool = False,
    switches: Mapping[str, object] | None = None,
) -> Call:
    """Return one request; switches stand at the top level of its body, beside `data`.

    Args:
        path: Without a query.
        credentials: `None` for the call that asks for them.
        data: The body's `data`, where the endpoint has one.
        trace_id: New for every call of the new style (`thirdTraceId`).
        timeout_seconds: For the whole exchange.
        writes: It may change something.
        switches: Names and values beside `data`.

    In the new style employees and files travel as in the old one (`convertUserId`,
    `convertMediaId`), so that changing the style changes no value on any topic.
    """
    body: dict[str, object] = dict(switches or {})
    headers = {"content-type": "application/json"}
    if credentials is not None and credentials.is_bearer:
        path = f"{path}?thirdTraceId={trace_id}"
        headers |= {
            "authorization": f"Bearer {credentials.token}",
            "x-fs-ea": credentials.enterprise_account,
            "x-fs-userid": credentials.user_id,
        }
        body |= {"convertUserId": True, "convertMediaId": True}
    elif credentials is not None:
        body |= {"corpAccessToken": credentials.token, "corpId": credentials.corp_id}
        if credentials.open_user_id:
            body["currentOpenUserId"] = credentials.open_user_id
    if data is not None:
        body["data"] = data
    return Call(path, orjson.dumps(body), headers, timeout_seconds=timeout_seconds, writes=writes)


def search(
    object_name: str,
    filters: Sequence[Filter],
    fields: Sequence[str],
    limit: int,
    *,
    backwards: bool = False,
) -> dict[str, object]:
    """Return the `data` of a query by ascending (or descending) ``_id``, without a total."""
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
            "orders": [{"fieldName": "_id", "isAsc": not backwards}],
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


def rows_of(found: Told) -> Rows:
    """Return the records of a query's answer.

    A record that comes twice is taken once, the newer of the two; what has no ``_id`` is nobody's.

    Raises:
        VendorUnavailableError: the answer says yes and is no list of records.
    """
    data = found.body.get("data") or {}
    told_rows = data.get("dataList") if isinstance(data, dict) else data  # as one page draws it
    if not isinstance(told_rows, list | None):
        msg = f"a query's answer holds a {type(told_rows).__name__} where a list is due"
        raise VendorUnavailableError(msg)
    records: dict[str, Mapping[str, Any]] = {}
    doubled: list[str] = []
    for row in told_rows or ():
        if not isinstance(row, dict) or not row.get("_id"):
            continue
        record_id = str(row["_id"])
        doubled += [record_id] if record_id in records else []
        if record_id not in records or _age(row) >= _age(records[record_id]):
            records[record_id] = row
    return Rows(tuple(records.values()), len(told_rows or ()), tuple(doubled))


def _age(row: Mapping[str, Any]) -> int:
    modified = row.get("last_modified_time")
    return modified if isinstance(modified, int) else 0


def server_time(answer: Answer) -> datetime | None:
    """Return what the server's clock said, cut to seconds, if it told."""
    return _http_date(answer.headers.get("date", ""))


@lru_cache(maxsize=64)  # many answers of one second tell the same
def _http_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def ms_of(at: datetime) -> int:
    """Return an aware time as the CRM spells it: epoch milliseconds."""
    return (at - _EPOCH) // _MS


def at_ms(milliseconds: int) -> datetime:
    """Return the aware time of epoch milliseconds."""
    return _EPOCH + milliseconds * _MS
