"""A sandbox CRM without sockets, and the few calls that tests of it make."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from anji_sandbox.core import Request
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeLimits, FxiaokeSwitches
from anji_sandbox.store import Store

__all__ = ["NOW", "NO_LIMITS", "Crm", "Json", "condition"]

NOW = 1_700_000_000.0
NO_LIMITS = FxiaokeLimits(calls_per_window=10**9, daily_calls=10**9)
Json = dict[str, Any]


def condition(name: str, operator: str, *values: object) -> Json:
    """Return one filter of a query."""
    return {"field_name": name, "operator": operator, "field_values": list(values)}


class Crm:
    """A CRM at a time that tests turn by hand; calls in the old style as the integration user."""

    def __init__(
        self,
        switches: FxiaokeSwitches | None = None,
        limits: FxiaokeLimits = NO_LIMITS,
        store: Store | None = None,
        **others: Any,  # noqa: ANN401 - passed on
    ) -> None:
        self.core = FxiaokeCore(store or Store(), switches, limits, **others)
        self.now = NOW
        self._auth: Json = {}

    def post(
        self,
        path: str,
        body: object,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Json:
        """Post a body as it is, and return the envelope."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        request = Request("POST", path, query or {}, headers or {}, content)
        answer = self.core.handle(request, self.now)
        assert answer.status == 200
        envelope: Json = orjson.loads(answer.body)
        return envelope

    def token_body(self) -> Json:
        """Return the body of a right token call."""
        known = self.core.credentials
        return {
            "appId": known["app_id"],
            "appSecret": known["app_secret"],
            "permanentCode": known["permanent_code"],
        }

    def auth(self) -> Json:
        """Return what every call of the old style carries."""
        if not self._auth:
            got = self.post("/cgi/corpAccessToken/get/V2", self.token_body())
            self._auth = {
                "corpAccessToken": got["corpAccessToken"],
                "corpId": got["corpId"],
                "currentOpenUserId": self.core.credentials["open_user_id"],
            }
        return self._auth

    def call(self, verb: str, data: object, **top: object) -> Json:
        """Call an endpoint of the preset path, such as ``data/create``."""
        return self.post(f"/cgi/crm/v2/{verb}", {**self.auth(), "data": data, **top})

    def custom(self, verb: str, data: object, **top: object) -> Json:
        """Call an endpoint of the custom path."""
        return self.post(f"/cgi/crm/custom/v2/{verb}", {**self.auth(), "data": data, **top})

    def create(
        self, object_name: str, lines: Mapping[str, Sequence[Json]] | None = None, **fields: object
    ) -> str:
        """Create a record owned by the integration user; return its id."""
        owner = [self.core.credentials["open_user_id"]]
        given = {"dataObjectApiName": object_name, "owner": owner, **fields}
        data: Json = {"object_data": given}
        if lines is not None:
            data["details"] = lines
        got = self.call("data/create", data, triggerApprovalFlow=False)
        assert got["errorCode"] == 0, got
        record_id: str = got["dataId"]
        return record_id

    def update(self, object_name: str, record_id: str, **fields: object) -> Json:
        """Update fields of a record; return the envelope."""
        given = {"dataObjectApiName": object_name, "_id": record_id, **fields}
        return self.call("data/update", {"object_data": given})

    def get(self, object_name: str, record_id: str, **top: object) -> Json:
        """Return the record, or an empty map when there is none."""
        data = {"dataObjectApiName": object_name, "objectDataId": record_id}
        record: Json = self.call("data/get", data, **top).get("data", {})
        return record

    def query(self, object_name: str, *filters: Json, **info: object) -> Json:
        """Return the envelope of a query; `info` joins `search_query_info`."""
        asked = {"limit": 100, "offset": 0, "filters": list(filters), "orders": [], **info}
        return self.call(
            "data/query", {"dataObjectApiName": object_name, "search_query_info": asked}
        )

    def found(self, object_name: str, *filters: Json, **info: object) -> list[str]:
        """Return the ids that a query finds."""
        got = self.query(object_name, *filters, **info)
        assert got["errorCode"] == 0, got
        return [record["_id"] for record in got["data"]["dataList"]]
