"""Clients of the CRM written from the reference alone, in its two styles of calling.

They share nothing with our connector, so that a sandbox which pleases both is not merely wrong in
the connector's own way. Source: reference sections 1.2 to 1.4, 2.2, 2.5.
"""

import uuid
from typing import Any

import aiohttp

__all__ = ["Json", "NewStyle", "OldStyle", "where"]

Json = dict[str, Any]


class OldStyle:
    """The way of nearly all integrations: credentials in every body (1.2)."""

    def __init__(self, session: aiohttp.ClientSession, url: str, known: dict[str, str]) -> None:
        self.session, self.url, self.known = session, url, known
        self.identity: Json = {}

    async def post(self, path: str, body: object) -> Json:
        async with self.session.post(self.url + path, json=body) as answer:
            assert answer.status == 200
            told: Json = await answer.json(content_type=None)
        assert isinstance(told["errorCode"], int)
        assert told["traceId"]
        return told

    async def log_in(self, mobile: str) -> None:
        token = await self.post(
            "/cgi/corpAccessToken/get/V2",
            {
                "appId": self.known["app_id"],
                "appSecret": self.known["app_secret"],
                "permanentCode": self.known["permanent_code"],
            },
        )
        assert 0 < token["expiresIn"] <= 7200
        self.identity = {
            "corpAccessToken": token["corpAccessToken"],
            "corpId": token["corpId"],
        }
        found = await self.post("/cgi/user/getByMobile", {**self.identity, "mobile": mobile})
        self.identity["currentOpenUserId"] = found["empList"][0]["openUserId"]

    async def call(self, path: str, data: object = None, **top: object) -> Json:
        body = {**self.identity, **top}
        if data is not None:
            body["data"] = data
        return await self.post(path, body)

    async def create(self, name: str, lines: object = None, /, **fields: object) -> str:
        owner = [self.identity["currentOpenUserId"]]
        place = "custom/v2" if name.endswith("__c") else "v2"
        data: Json = {"object_data": {"dataObjectApiName": name, "owner": owner, **fields}}
        if lines is not None:
            data["details"] = lines
        told = await self.call(
            f"/cgi/crm/{place}/data/create",
            data,
            triggerWorkFlow=False,
            triggerApprovalFlow=False,
        )
        assert (told["errorCode"], told["errorMessage"]) == (0, "OK")
        return str(told["dataId"])

    async def rows(
        self, name: str, *filters: Json, limit: int = 100, **info: object
    ) -> list[Json]:
        place = "custom/v2" if name.endswith("__c") else "v2"
        asked = {"limit": limit, "offset": 0, "filters": list(filters), "orders": [], **info}
        told = await self.call(
            f"/cgi/crm/{place}/data/query",
            {"dataObjectApiName": name, "search_query_info": asked},
        )
        assert told["errorCode"] == 0, told
        found: list[Json] = told["data"]["dataList"]
        return found


class NewStyle:
    """The way of the documents of 2026: a Bearer token and headers (1.4)."""

    def __init__(self, session: aiohttp.ClientSession, url: str, known: dict[str, str]) -> None:
        self.session, self.url, self.known = session, url, known
        self.headers: dict[str, str] = {}

    async def call(self, path: str, body: object) -> Json:
        async with self.session.post(
            self.url + path,
            params={"thirdTraceId": str(uuid.uuid4())},
            json=body,
            headers=self.headers,
        ) as answer:
            told: Json = await answer.json(content_type=None)
        return told

    async def log_in(self, employee_id: str) -> Json:
        token = await self.call(
            "/oauth2.0/token",
            {
                "appId": self.known["app_id"],
                "appSecret": self.known["app_secret"],
                "permanentCode": self.known["permanent_code"],
                "grantType": "app_secret",
            },
        )
        self.headers = {
            "authorization": f"Bearer {token['accessToken']}",
            "x-fs-ea": token["ea"],
            "x-fs-userid": employee_id,
        }
        return token


def where(name: str, operator: str, *values: str) -> Json:
    return {"field_name": name, "operator": operator, "field_values": list(values)}
