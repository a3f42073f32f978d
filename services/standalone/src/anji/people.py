"""The made-up people of demo and simulation, who work by hand in both sandboxes.

They speak to the vendors' own APIs over the port `Transport` (HTTP in the demo, straight into a
core in a simulation), with their own accounts, and share no code with the connectors: what they
do and read is independent of what is under test.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from anji_common.errors import AnjiError
from anji_common.transport import Call, Transport

__all__ = ["CrmUser", "ErpUser", "Json", "SandboxRefusedError"]

Json = dict[str, Any]

_STUB = "Kingdee.BOS.WebApi.ServicesStub."
_PAGE = 100
_WRONG_TOKEN = 20016
_ERP_PAGE = 2000


class SandboxRefusedError(AnjiError):
    """A sandbox said no to one of its people; the words are its own."""


class CrmUser:
    """A person in the CRM. One call is one request; nothing is repeated."""

    def __init__(self, transport: Transport, credentials: Mapping[str, str]) -> None:
        self._transport = transport
        self._known = credentials
        self._auth: Json | None = None

    async def create(
        self,
        object_name: str,
        fields: Mapping[str, object],
        lines: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
    ) -> str:
        """Make a record with its lines; return its id."""
        owner = [self._known["person_open_user_id"]]
        given = {"dataObjectApiName": object_name, "owner": owner, **fields}
        data: Json = {"object_data": given}
        if lines is not None:
            data["details"] = lines
        got = await self.call("data/create", data, triggerApprovalFlow=False)
        return str(got["dataId"])

    async def update(self, object_name: str, record_id: str, **fields: object) -> None:
        """Change fields of a record."""
        given = {"dataObjectApiName": object_name, "_id": record_id, **fields}
        await self.call("data/update", {"object_data": given})

    async def every(self, object_name: str) -> list[Json]:
        """Return all records of an object, by id."""
        found: list[Json] = []
        last = ""
        while True:
            asked: Json = {
                "limit": _PAGE,
                "offset": 0,
                "filters": [
                    {"field_name": "_id", "operator": "GT", "field_values": [last or "0"]}
                ],
                "orders": [{"fieldName": "_id", "isAsc": True}],
            }
            data = {"dataObjectApiName": object_name, "search_query_info": asked}
            page = (await self.call("data/query", data))["data"]["dataList"]
            found += page
            if len(page) < _PAGE:
                return found
            last = page[-1]["_id"]

    async def call(self, verb: str, data: object, **top: object) -> Json:
        """Call an endpoint of the preset path, and return its envelope.

        Raises:
            SandboxRefusedError: it was refused.
        """
        if self._auth is None:
            self._auth = await self._sign_in()
        envelope = await self._post(f"cgi/crm/v2/{verb}", {**self._auth, "data": data, **top})
        if envelope["errorCode"] == _WRONG_TOKEN:  # it lasts two hours: nothing was done
            self._auth = await self._sign_in()
            envelope = await self._post(f"cgi/crm/v2/{verb}", {**self._auth, "data": data, **top})
        if envelope["errorCode"] != 0:
            msg = f"{verb}: {envelope['errorCode']} {envelope['errorMessage']}"
            raise SandboxRefusedError(msg)
        return envelope

    async def _sign_in(self) -> Json:
        body = {
            "appId": self._known["app_id"],
            "appSecret": self._known["app_secret"],
            "permanentCode": self._known["permanent_code"],
        }
        got = await self._post("cgi/corpAccessToken/get/V2", body)
        if got["errorCode"] != 0:
            msg = f"sign-in: {got['errorCode']} {got['errorMessage']}"
            raise SandboxRefusedError(msg)
        return {
            "corpAccessToken": got["corpAccessToken"],
            "corpId": got["corpId"],
            "currentOpenUserId": self._known["person_open_user_id"],
        }

    async def _post(self, path: str, body: object) -> Json:
        call = Call(path, orjson.dumps(body), {"Content-Type": "application/json"}, writes=True)
        answer = await self._transport.send(call)
        found: Json = orjson.loads(answer.body)
        return found


class ErpUser:
    """A person in the ERP."""

    def __init__(self, transport: Transport, credentials: Mapping[str, object]) -> None:
        self._transport = transport
        self._known = credentials
        self._session: str | None = None

    async def save(self, form: str, model: Mapping[str, object], **more: object) -> Json:
        """Save one record; return ``Result`` with its ``Id`` and ``Number``."""
        return await self.do("Save", form, {"Model": model, **more})

    async def change(self, form: str, model: Mapping[str, object]) -> None:
        """Change only the fields named in `model`, which carries the record's id too."""
        data = {"Model": model, "NeedUpDateFields": list(model), "IsDeleteEntry": "false"}
        await self.do("Save", form, data)

    async def finish(self, form: str, number: str) -> None:
        """Submit and audit a bill."""
        await self.do("Submit", form, {"Numbers": [number]})
        await self.do("Audit", form, {"Numbers": [number]})

    async def push(self, form: str, number: str, target: str) -> str:
        """Push a bill downstream by the default rule; return the new bill's number."""
        data = {"Numbers": [number], "IsEnableDefaultRule": "true", "TargetFormId": target}
        result = await self.do("Push", form, data)
        return str(result["ResponseStatus"]["SuccessEntitys"][0]["Number"])

    async def every(self, form: str, keys: Sequence[str], where: str = "") -> list[Json]:
        """Return all rows of a query, by the names of `keys`; the first key orders them."""
        found: list[Json] = []
        while True:
            data = {
                "FormId": form,
                "FieldKeys": ",".join(keys),
                "FilterString": where,
                "OrderString": keys[0],
                "StartRow": len(found),
                "Limit": _ERP_PAGE,
            }
            answer = await self._post("DynamicFormService.ExecuteBillQuery", {"data": data})
            if answer and isinstance(answer[0][0], dict):
                msg = f"query {form}: {answer[0][0]}"
                raise SandboxRefusedError(msg)
            found += [dict(zip(keys, row, strict=True)) for row in answer]
            if len(answer) < _ERP_PAGE:
                return found

    async def operate(self, form: str, number: str, operation: str) -> None:
        """Do to a record as a whole what has no service of its own: Forbid, Cancel, closing."""
        await self.do("ExcuteOperation", form, {"Numbers": [number]}, opNumber=operation)

    async def do(self, method: str, form: str, data: object, **more: object) -> Json:
        """Call an operation, and return its ``Result``.

        Raises:
            SandboxRefusedError: it was refused.
        """
        answer = await self._post(
            f"DynamicFormService.{method}", {"formid": form, "data": data, **more}
        )
        result: Json = answer["Result"]
        if not result["ResponseStatus"]["IsSuccess"]:
            words = "; ".join(error["Message"] for error in result["ResponseStatus"]["Errors"])
            msg = f"{method} {form}: {words}"
            raise SandboxRefusedError(msg)
        return result

    async def _post(self, service: str, body: object) -> Any:  # noqa: ANN401 - JSON of any shape
        if self._session is None:
            self._session = await self._log_in()
        headers = {"kdservice-sessionid": self._session}
        answer = await self._send(service, body, headers)
        if b'"MsgCode":1}' in answer:  # the session is lost: nothing was done
            headers = {"kdservice-sessionid": await self._log_in()}
            self._session = headers["kdservice-sessionid"]
            answer = await self._send(service, body, headers)
        return orjson.loads(answer)

    async def _log_in(self) -> str:
        names = [
            self._known["acct_id"],
            self._known["person_username"],
            self._known["person_password"],
            2052,
        ]
        answer = orjson.loads(
            await self._send("AuthService.ValidateUser", {"parameters": names}, {})
        )
        if answer["LoginResultType"] != 1:
            msg = f"log-in: {answer['Message']}"
            raise SandboxRefusedError(msg)
        return str(answer["KDSVCSessionId"])

    async def _send(self, service: str, body: object, headers: Mapping[str, str]) -> bytes:
        path = f"{_STUB}{service}.common.kdsvc"
        sent = {"Content-Type": "application/json", **headers}
        answer = await self._transport.send(Call(path, orjson.dumps(body), sent, writes=True))
        return answer.body
