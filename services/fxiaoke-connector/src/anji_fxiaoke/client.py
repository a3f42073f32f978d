"""The CRM's open API: one method a call, over the port `Transport`.

Every call takes its place in the budget first, is counted by object and purpose, and ends as a
value or as an error that says what happens next. A refused token is renewed and the same call
made once more: the CRM checks it before anything else. Nothing else is ever repeated here.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from anji_common.budget import Budget, seconds_to_midnight
from anji_common.clock import Clock
from anji_common.errors import InDoubtError, UndecodableError, VendorUnavailableError
from anji_common.metrics import PAID_CALLS
from anji_common.refs import System
from anji_common.topics import Lane
from anji_common.transport import Call, Transport
from anji_fxiaoke.auth import Auth
from anji_fxiaoke.objects import data_path
from anji_fxiaoke.outcomes import Next, error_of, next_of
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.wire import Filter, Told, body_of, search, server_time, told

__all__ = ["MAX_PAGE_RECORDS", "Client", "Purpose"]

MAX_PAGE_RECORDS = 100
"""The largest `limit`; older documents told more, none today."""

_SEND_PATH = "cgi/message/send"
_TIMES_KEPT = 50


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a call is for: how it is counted, and how long it can wait for the budget."""

    name: str
    """``poll``, ``lines``, ``look up``, ``create`` …"""
    lane: Lane = Lane.LIVE
    most_wait_seconds: float | None = None
    """`None`: as long as it takes. A write that was noted as an attempt must not wait long."""


class Client:
    """One tenant's open API, as one employee."""

    def __init__(
        self,
        settings: FxiaokeSettings,
        transport: Transport,
        auth: Auth,
        budget: Budget,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._auth = auth
        self._budget = budget
        self._clock = clock
        self._ahead: deque[timedelta] = deque(maxlen=_TIMES_KEPT)
        self.calls: Counter[tuple[str, str]] = Counter()
        """Calls made, by object and purpose."""

    def now(self) -> datetime:
        """Return the CRM's time: ours, corrected by what its answers told lately.

        They tell whole seconds, cut; the largest difference seen is the least wrong.
        """
        return self._clock.now() + max(self._ahead, default=timedelta())

    async def query(
        self,
        object_name: str,
        filters: Sequence[Filter],
        fields: Sequence[str],
        purpose: Purpose,
        *,
        limit: int = MAX_PAGE_RECORDS,
    ) -> list[Mapping[str, Any]]:
        """Return one page of the matching records, by ascending ``_id``. One paid call.

        Pages by key: add ``_id GT`` the last one until a page is shorter than `limit`. The
        answer's total is not reliable. Empty fields are left out of the records.

        Args:
            object_name: API name, such as ``AccountObj``.
            filters: All of which must hold.
            fields: Which fields to tell.
            purpose: What it is for.
            limit: Records of a page, at most `MAX_PAGE_RECORDS`.

        Raises:
            RateLimitedError: 100 calls in 20 s for this interface, or the day's, are used up.
            VendorUnavailableError: no answer, HTTP 5xx, or a page of HTML.
            AuthenticationError: the token was refused twice.
            RefusedError: any other code, with the vendor's words.

        Source: docs/vendors/fxiaoke.md, sections 2.5 (operators, deep paging) and 6.3 (limits).
        """
        data = search(object_name, filters, fields, limit)
        found = await self._say(
            data_path(object_name, "query"), object_name, data, purpose, writes=False
        )
        return _records(found)

    async def get(
        self, object_name: str, record_id: str, purpose: Purpose
    ) -> Mapping[str, Any] | None:
        """Return one record as it stands, without the lag of queries. One paid call.

        `None` where the CRM refuses: no source tells which code stands for "not found".

        Raises:
            RetriableError: as `query`.

        Source: docs/vendors/fxiaoke.md, section 2.3.
        """
        data = {"dataObjectApiName": object_name, "objectDataId": record_id}
        path = data_path(object_name, "get")
        found = await self._say(path, object_name, data, purpose, writes=False, is_asking=True)
        record = found.body.get("data")
        return record if found.code == 0 and isinstance(record, dict) else None

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
        found = await self._say(
            path,
            object_name,
            data,
            purpose,
            writes=True,
            hasSpecifyTime=False,
            hasSpecifyCreatedBy=False,
            **self._triggers,
        )
        record_id = found.body.get("dataId")
        if not record_id:
            msg = f"{path}: made, but the answer tells no dataId"
            raise InDoubtError(msg)
        return str(record_id)

    async def update(
        self, object_name: str, record_id: str, fields: Mapping[str, object], purpose: Purpose
    ) -> None:
        """Change the fields that are named, and no other; `owner` cannot be one. One paid call.

        Raises:
            InDoubtError, VendorUnavailableError, RateLimitedError, RefusedError: as `create`.

        Source: docs/vendors/fxiaoke.md, section 2.4.
        """
        data = {"object_data": {"dataObjectApiName": object_name, "_id": record_id, **fields}}
        path = data_path(object_name, "update")
        await self._say(path, object_name, data, purpose, writes=True, **self._triggers)

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
        await self._say(path, object_name, data, purpose, writes=True)

    async def send_text(self, open_user_ids: Sequence[str], text: str, purpose: Purpose) -> None:
        """Send a message to employees, at most 500. One paid call.

        Raises:
            InDoubtError, VendorUnavailableError, RateLimitedError, RefusedError: as `create`.

        Source: docs/vendors/fxiaoke.md, section 5.4.
        """
        await self._say(
            _SEND_PATH,
            "",
            None,
            purpose,
            writes=True,
            toUser=list(open_user_ids),
            msgType="text",
            text={"content": text},
        )

    @property
    def _triggers(self) -> dict[str, bool]:
        return {
            "triggerWorkFlow": self._settings.triggers_workflow,
            "triggerApprovalFlow": self._settings.triggers_approval,
        }

    async def _say(  # noqa: PLR0913 - what makes up one call
        self,
        path: str,
        object_name: str,
        data: object,
        purpose: Purpose,
        *,
        writes: bool,
        is_asking: bool = False,
        **switches: object,
    ) -> Told:
        """Make one call; once more with another token if the first one is refused."""
        credentials = await self._auth.credentials()
        found = await self._send(
            path, object_name, body_of(credentials, data, **switches), purpose, writes=writes
        )
        if next_of(found.code) is Next.NEW_TOKEN:
            self._auth.drop(credentials)
            credentials = await self._auth.credentials()
            body = body_of(credentials, data, **switches)
            found = await self._send(path, object_name, body, purpose, writes=writes)
        if found.code == 0 or (is_asking and next_of(found.code) is Next.REFUSED):
            return found
        error = error_of(
            found,
            f"{path} {object_name}".rstrip(),
            writes=writes,
            window_seconds=self._settings.window_seconds,
            day_seconds=seconds_to_midnight(self._clock.now()),
        )
        if next_of(found.code) is Next.WAIT:
            self._budget.close(path, self._settings.window_seconds / 4)
        raise error

    async def _send(
        self, path: str, object_name: str, body: bytes, purpose: Purpose, *, writes: bool
    ) -> Told:
        await self._budget.take(path, purpose.lane, most_seconds=purpose.most_wait_seconds)
        PAID_CALLS.labels(System.FXIAOKE, object_name, purpose.name).inc()
        self.calls[object_name, purpose.name] += 1
        settings = self._settings
        timeout = settings.write_timeout_seconds if writes else settings.read_timeout_seconds
        answer = await self._transport.send(
            Call(
                path,
                body,
                {"content-type": "application/json"},
                timeout_seconds=timeout,
                writes=writes,
            )
        )
        at = server_time(answer)
        if at is not None:
            self._ahead.append(at - self._clock.now())
        try:
            return told(answer)
        except UndecodableError as error:
            msg = f"{path} {object_name}: {error}"
            if writes:
                raise InDoubtError(msg) from error
            raise VendorUnavailableError(msg) from error


def _records(found: Told) -> list[Mapping[str, Any]]:
    data = found.body.get("data")
    records = data.get("dataList") if isinstance(data, dict) else None
    return [each for each in records or () if isinstance(each, dict) and each.get("_id")]
