"""What was changed in a record, and by whom: the last changes since the sandbox was started.

Source: reference section 2.1 `[code]` for the request, `modifyRecordList` and
`pageInfo.pageCount`; the form of an entry is not shown anywhere.
"""

from collections import deque

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.records import Batch
from anji_sandbox.fxiaoke.seen import existing
from anji_sandbox.store import Record

__all__ = ["History", "changes_of"]

_MOST_CHANGES = 50


class History:
    """The last changes of each record that was changed; new records have none."""

    def __init__(self) -> None:
        self._changes: dict[str, deque[Record]] = {}

    def add(self, batch: Batch) -> None:
        """Take in what a call wrote."""
        for written in batch.written:
            if written.action == "create" or written.record is None:
                continue
            entry = {
                "apiName": written.spec.name,
                "objectId": written.record_id,
                "operationalType": written.action,
                "openUserId": batch.open_user_id,
                "operationTime": batch.time_ms,
                "version": written.record["version"],
            }
            changes = self._changes.setdefault(written.record_id, deque(maxlen=_MOST_CHANGES))
            changes.appendleft(entry)

    def of(self, record_id: str) -> list[Record]:
        """Return the changes of a record, newest first."""
        return list(self._changes.get(record_id, ()))


def changes_of(call: Call, history: History) -> Record:
    """Return a page of the changes of the record that `data.apiName` and `objectId` name."""
    spec = call.object_of_any_path(call.data.get("apiName"))
    record = existing(call, spec, call.data.get("objectId"))
    size, number = _count(call, "pageSize", 20), _count(call, "pageNumber", 1)
    found = history.of(record["_id"])
    page = found[(number - 1) * size : number * size]
    pages = {"pageCount": -(-len(found) // size), "pageNumber": number, "pageSize": size}
    return {"data": {"modifyRecordList": page, "pageInfo": pages}}


def _count(call: Call, name: str, default: int) -> int:
    value = call.data.get(name)
    return value if isinstance(value, int) and value > 0 else default
