"""Answers that say yes and leave something out: what no error tells. Pure.

Query answers of both vendors have a list of rows somewhere: the ERP's are that list, the CRM's
have it under ``data.dataList``. Answers to anything else stay as they are. Source: reference
"fxiaoke-open-api.md", section 8 (what the account may not see is missing without an error);
paging by offset while rows move, and pages cut short, are any vendor's.
"""

from typing import Any, Literal

import orjson

__all__ = ["LEAVING_OUT", "Leaving", "left_out"]

Leaving = Literal["empty", "cut", "shifted"]
LEAVING_OUT: tuple[Leaving, ...] = ("empty", "cut", "shifted")


def left_out(body: bytes, how: Leaving) -> bytes:
    """Return a query's answer with rows missing.

    Args:
        body: The vendor's answer.
        how: `empty`: all of them. `cut`: the last fifth, one at least. `shifted`: the one in the
            middle, and its neighbour is told twice, as when rows move between two pages.
    """
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    rows = _rows(told)
    if not rows:
        return body
    match how:
        case "empty":
            rows.clear()
        case "cut":
            del rows[len(rows) - max(1, len(rows) // 5) :]
        case "shifted":
            middle = len(rows) // 2
            rows[middle] = rows[middle - 1]
    return orjson.dumps(told)


def _rows(told: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return the list of rows itself; an empty one where the answer has none."""
    if isinstance(told, list):
        is_query = all(isinstance(row, list) for row in told)
        is_refusal = is_query and told and told[0] and isinstance(told[0][0], dict)
        return told if is_query and not is_refusal else []
    data = told.get("data") if isinstance(told, dict) else None
    rows = data.get("dataList") if isinstance(data, dict) else None
    return rows if isinstance(rows, list) else []
