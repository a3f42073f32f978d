"""The CRM's data endpoints: one method a call.

Each ends as a value or as an error that says what happens next; see `Caller.say`, whose errors
are those of every method here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from anji_common.errors import InDoubtError
from anji_fxiaoke.calls import Caller, Purpose, Saying
from anji_fxiaoke.objects import data_path
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.wire import Filter, Rows, rows_of, search

__all__ = ["MAX_PAGE_RECORDS", "MAX_RECEIVERS", "Client"]

MAX_PAGE_RECORDS = 100
"""The largest `limit`; older documents told more, none today."""

MAX_RECEIVERS = 500

_SEND_PATH = "cgi/message/send"
_LOCK_PATH = "cgi/crm/v2/object/lock"
_UNLOCK_PATH = "cgi/crm/v2/object/unlock"


class Client:
    """One tenant's open API, as one employee."""

    def __init__(self, settings: FxiaokeSettings, caller: Caller) -> None:
        self._settings = settings
        self._caller = caller

    @property
    def caller(self) -> Caller:
        """Who makes the calls; others may share it."""
        return self._caller

    def now(self) -> datetime:
        """Return the CRM's time, as well as it is known."""
        return self._caller.now()

    async def query(  # noqa: PLR0913 - what a query is
        self,
        object_name: str,
        filters: Sequence[Filter],
        fields: Sequence[str],
        purpose: Purpose,
        *,
        limit: int = MAX_PAGE_RECORDS,
        backwards: bool = False,
    ) -> Rows:
        """Return one page of the matching records, by ascending ``_id``. One paid call.

        Pages by key: add ``_id GT`` the last one until a page is shorter than `limit`. The
        answer's total is not reliable. Empty fields are left out of the records.

        Args:
            object_name: API name, such as ``AccountObj``.
            filters: All of which must hold.
            fields: Which fields to tell.
            purpose: What it is for.
            limit: Records of a page, at most `MAX_PAGE_RECORDS`.
            backwards: By descending ``_id``.

        Raises:
            RateLimitedError: 100 calls in 20 s for this interface, or the day's, are used up.
            VendorUnavailableError: no answer, HTTP 5xx, or a page of HTML.
            AuthenticationError: the token was refused twice.
            RefusedError: any other code, with the vendor's words.

        Source: docs/vendors/fxiaoke.md, sections 2.5 (operators, deep paging) and 6.3 (limits).
        """
        data = search(object_name, filters, fields, limit, backwards=backwards)
        path = data_path(object_name, "query")
        found = await self._caller.say(Saying(path, object_name, data, purpose))
        return rows_of(found)

    async def get(
        self, object_name: str, record_id: str, purpose: Purpose
    ) -> Mapping[str, Any] | None:
        """Return one record as it stands, without the lag of queries. One paid call.

        `None` where the CRM refuses, or tells nothing: no source says how "not found" is told.

        Raises:
            RetriableError: as `query`.

        Source: docs/vendors/fxiaoke.md, section 2.3.
        """
        data = {"dataObjectApiName": object_name, "objectDataId": record_id}
        path = data_path(object_name, "get")
        saying = Saying(path, object_name, data, purpose, is_asking=True)
        found = await self._caller.say(saying)
        record = found.body.get("data")
        if found.code != 0 or not isinstance(record, dict) or not record:
            return None
        return {"_id": record_id, **record}

    async def create(
        self,
        object_name: str,
        fields: Mapping[str, object],
        details: Mapping[str, Sequence[Mapping[str, object]]],
        purpose: Purpose,
    ) -> str:
        """Make a record, with its lines in the same call, and return its id. One paid call.

        Raises:
            InDoubtError: it left and no usable answer came: it may have been made.
            VendorUnavailableError: it did not leave.
            RateLimitedError: it did not leave, or the CRM took it as one too many.
            RefusedError: the vendor said no; nothing was made.

        Source: docs/vendors/fxiaoke.md, sections 2.2 and 2.8 (lines).
        """
        data: dict[str, object] = {
            "object_data": {"dataObjectApiName": object_name, **fields},
        }
        if details:
            data["details"] = details
        path = data_path(object_name, "create")
        switches = {"hasSpecifyTime": False, "hasSpecifyCreatedBy": False, **self._triggers}
        found = await self._caller.say(_write(path, object_name, data, purpose, switches))
        record_id = found.body.get("dataId")
        if not record_id:
            msg = f"{path}: made, but the answer tells no dataId"
            raise InDoubtError(msg)
        return str(record_id)

    async def update(
        self,
        object_name: str,
        record_id: str,
        fields: Mapping[str, object],
        purpose: Purpose,
        *,
        skips_lock: bool = False,
    ) -> None:
        """Change the fields that are named, and no other; `owner` cannot be one. One paid call.

        With `skips_lock` a locked record is changed, too; custom objects only.

        Raises:
            InDoubtError, VendorUnavailableError, RateLimitedError, RefusedError: as `create`.

        Source: docs/vendors/fxiaoke.md, section 2.4.
        """
        data: dict[str, object] = {
            "object_data": {"dataObjectApiName": object_name, "_id": record_id, **fields},
        }
        if skips_lock:
            data["skipDataStatusValidate"] = True
        path = data_path(object_name, "update")
        await self._caller.say(_write(path, object_name, data, purpose, self._triggers))

    async def change_owner(
        self, object_name: str, record_id: str, open_user_id: str, purpose: Purpose
    ) -> None:
        """Hand a record over to another employee. One paid call.

        Raises:
            InDoubtError, VendorUnavailableError, RateLimitedError, RefusedError: as `create`.

        Source: docs/vendors/fxiaoke.md, section 2.7 (the capital D of ``Data`` is the vendor's).
        """
        row = {"objectDataId": record_id, "ownerId": [open_user_id]}
        data = {"dataObjectApiName": object_name, "Data": [row]}
        path = data_path(object_name, "changeOwner")
        await self._caller.say(_write(path, object_name, data, purpose))

    async def invalid(self, object_name: str, record_id: str, purpose: Purpose) -> None:
        """Void a record (作废). One paid call.

        Raises:
            InDoubtError, VendorUnavailableError, RateLimitedError, RefusedError: as `create`.

        Source: docs/vendors/fxiaoke.md, section 2.6.
        """
        data = {"dataObjectApiName": object_name, "object_data_id": record_id}
        path = data_path(object_name, "invalid")
        await self._caller.say(_write(path, object_name, data, purpose))

    async def delete(self, object_name: str, record_id: str, purpose: Purpose) -> None:
        """Delete a record that is voided. One paid call.

        Raises:
            InDoubtError, VendorUnavailableError, RateLimitedError, RefusedError: as `create`.

        Source: docs/vendors/fxiaoke.md, section 2.6.
        """
        data = {"dataObjectApiName": object_name, "idList": [record_id]}
        path = data_path(object_name, "delete")
        await self._caller.say(_write(path, object_name, data, purpose))

    async def recover(self, object_name: str, record_id: str, purpose: Purpose) -> None:
        """Take a void back. One paid call.

        Raises:
            InDoubtError, VendorUnavailableError, RateLimitedError, RefusedError: as `create`.

        Source: docs/vendors/fxiaoke.md, section 2.6.
        """
        data = {"dataObjectApiName": object_name, "idList": [record_id]}
        path = data_path(object_name, "recover")
        await self._caller.say(_write(path, object_name, data, purpose))

    async def set_lock(
        self, object_name: str, record_id: str, purpose: Purpose, *, is_locked: bool
    ) -> None:
        """Lock or unlock a record, without its lines. One paid call.

        Raises:
            InDoubtError, VendorUnavailableError, RateLimitedError, RefusedError: as `create`.

        Source: docs/vendors/fxiaoke.md, section 2.7.
        """
        data = {
            "dataObjectApiName": object_name,
            "dataIds": [record_id],
            "detailObjStrategy": 0,
        }
        path = _LOCK_PATH if is_locked else _UNLOCK_PATH
        await self._caller.say(_write(path, object_name, data, purpose))

    async def send(
        self,
        open_user_ids: Sequence[str],
        kind: str,
        content: Mapping[str, object],
        purpose: Purpose,
    ) -> None:
        """Send a message to employees, at most `MAX_RECEIVERS`. One paid call.

        Raises:
            InDoubtError, VendorUnavailableError, RateLimitedError, RefusedError: as `create`.

        Source: docs/vendors/fxiaoke.md, section 5.4.
        """
        switches = {"toUser": list(open_user_ids), "msgType": kind, kind: dict(content)}
        await self._caller.say(_write(_SEND_PATH, "", None, purpose, switches))

    @property
    def _triggers(self) -> dict[str, bool]:
        return {
            "triggerWorkFlow": self._settings.triggers_workflow,
            "triggerApprovalFlow": self._settings.triggers_approval,
        }


def _write(
    path: str,
    object_name: str,
    data: object,
    purpose: Purpose,
    switches: Mapping[str, object] | None = None,
) -> Saying:
    return Saying(path, object_name, data, purpose, writes=True, switches=switches or {})
