"""The sandbox CRM: every path, who may call it, and how often.

Order of checks, as far as it is known: path, body, credentials, limits, the acting employee, then
the endpoint's own. Every answer is HTTP 200 with the envelope of `codes.py`; a refused call stores
nothing. Source: reference sections 1, 2.1, 6.1.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import orjson

from anji_sandbox.core import Answer, FormField, Request
from anji_sandbox.fxiaoke import codes, data, describe, directory, lifecycle, query
from anji_sandbox.fxiaoke.auth import Tokens, caller_of, check_credentials, style_of
from anji_sandbox.fxiaoke.callback import Callbacks
from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError, json_answer
from anji_sandbox.fxiaoke.company import Company, make_company
from anji_sandbox.fxiaoke.forms import Forms
from anji_sandbox.fxiaoke.limits import Meter
from anji_sandbox.fxiaoke.messages import MESSAGES, send_message
from anji_sandbox.fxiaoke.objects import OBJECTS, ObjectSpec
from anji_sandbox.fxiaoke.records import Records
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Record, Store
from anji_sandbox.switches import FxiaokeLimits, FxiaokeSwitches

__all__ = ["FxiaokeCore"]

_Body = Mapping[str, Any]
_CRM = "/cgi/crm/v2/"
_CUSTOM = "/cgi/crm/custom/v2/"
_OBJECT_CALLS: Mapping[str, Callable[[Call], Record]] = {
    "data/create": data.create,
    "data/get": data.get,
    "data/update": data.update,
    "data/query": query.query,
    "data/invalid": lifecycle.invalid,
    "data/delete": lifecycle.delete,
    "data/recover": lifecycle.recover,
    "data/changeOwner": lifecycle.change_owner,
}
_CRM_CALLS: Mapping[str, Callable[[Call], Record]] = {
    **{_CRM + name: endpoint for name, endpoint in _OBJECT_CALLS.items()},
    **{_CUSTOM + name: endpoint for name, endpoint in _OBJECT_CALLS.items()},
    "/cgi/crm/custom/v2/data/findSimple": query.query,
    "/cgi/crm/custom/v2/data/findOne": query.find_one,
    "/cgi/crm/custom/data/invalid": lifecycle.invalid,
    "/cgi/crm/v2/object/lock": lifecycle.lock,
    "/cgi/crm/v2/object/unlock": lifecycle.unlock,
    "/cgi/crm/v2/object/list": describe.list_objects,
    "/cgi/crm/v2/object/describe": describe.describe,
}
_DIRECTORY_CALLS: Mapping[str, Callable[[Shop, _Body], Record]] = {
    "/cgi/user/getByMobile": directory.by_mobile,
    "/cgi/user/get": directory.user,
    "/cgi/user/list": directory.users,
    "/cgi/user/simpleList": directory.users,
    "/cgi/user/get/batchByUpdTime": directory.users_by_time,
    "/cgi/department/list": directory.departments,
}
_TOKEN = "/cgi/corpAccessToken/get/V2"  # noqa: S105 - a path
_OAUTH_TOKEN = "/oauth2.0/token"  # noqa: S105 - a path
_SEND = "/cgi/message/send"
_TENANT = "#tenant"
_FOUNDED_AT = 1_600_000_000.0
"""When the made-up people were entered: before anything else."""


class FxiaokeCore:
    """The sandbox CRM as a state machine: one tenant, one app.

    The tenant is made from `seed` when the store is empty, and read from the store else.
    """

    name = "fxiaoke"

    def __init__(  # noqa: PLR0913 - each is a trait of one sandbox
        self,
        store: Store,
        switches: FxiaokeSwitches | None = None,
        limits: FxiaokeLimits | None = None,
        *,
        seed: str = "sandbox",
        objects: Mapping[str, ObjectSpec] = OBJECTS,
        callback_url: str | None = None,
    ) -> None:
        self.store = store
        self.switches = switches or FxiaokeSwitches()
        self.company = _company(store, seed)
        self._shop = Shop(self.company, self.switches, objects)
        self._tokens = Tokens(store, self.company)
        self._meter = Meter(store, self.switches, limits or FxiaokeLimits())
        self._callbacks = Callbacks(store, self.company, self.switches)
        self._records = Records(store, self._shop, self._callbacks.add)
        self._forms = Forms(self._shop, self._records)
        self._traces = 0
        self._make_personnel()
        if callback_url is not None:
            self._callbacks.url = callback_url

    @property
    def credentials(self) -> dict[str, str]:
        """Return what a connector and a person need to call, but for the URL."""
        own, person, *_ = self.company.employees
        return {
            "app_id": self.company.app_id,
            "app_secret": self.company.app_secret,
            "permanent_code": self.company.permanent_code,
            "open_user_id": own.open_user_id,
            "person_open_user_id": person.open_user_id,
            "corp_id": self.company.corp_id,
            "enterprise_account": self.company.enterprise_account,
            "callback_aes_key": self.company.callback_aes_key,
        }

    @property
    def limits(self) -> FxiaokeLimits:
        """Return how many calls it takes; may be replaced while it runs."""
        return self._meter.limits

    @limits.setter
    def limits(self, limits: FxiaokeLimits) -> None:
        self._meter.limits = limits

    @property
    def callback_url(self) -> str | None:
        """Return where events are sent; kept in the store."""
        return self._callbacks.url

    @callback_url.setter
    def callback_url(self, url: str | None) -> None:
        self._callbacks.url = url

    def handle(self, request: Request, now: float) -> Answer:
        """Answer one request; what it wrote is durable then."""
        try:
            answer = self._answer(request, now)
        except RefusedError as error:
            envelope: Record = {
                "errorCode": error.code,
                "errorMessage": error.words,
                "errorDescription": error.description,
            }
            if request.path == _OAUTH_TOKEN:
                envelope |= {"error": str(error.code), "error_description": error.words}
            return json_answer({**envelope, "traceId": self._trace_id(request)})
        is_token = request.path in (_TOKEN, _OAUTH_TOKEN)
        return json_answer(
            {
                "traceId": self._trace_id(request),
                "errorCode": 0,
                "errorMessage": "success" if is_token else "OK",
                "errorDescription": "" if is_token else "success",
                **answer,
            }
        )

    def due_callbacks(self, now: float) -> list[tuple[str, bytes]]:
        """Return ids and bodies of the events to post to `callback_url` now."""
        return self._callbacks.due(now)

    def callback_answered(self, event_id: str, is_accepted: bool, now: float) -> None:  # noqa: FBT001 - a port
        """Take in whether an event was answered well; if not, it is sent again later."""
        self._callbacks.answered(event_id, now, is_accepted=is_accepted)

    def callback_accepts(self, status: int, body: bytes) -> bool:
        """Say whether an answer to an event means that it has arrived."""
        return self._callbacks.accepts(status, body)

    def next_callback_at(self) -> float | None:
        """Return when `due_callbacks` should be asked next, or `None` while nothing waits."""
        return self._callbacks.next_at()

    def quota_left(self, now: float) -> int:
        """Return how many calls of the day's pack are left."""
        return self._meter.quota_left(now)

    def leave_quota(self, left: int, now: float) -> None:
        """Let the day's pack be used up but for so many calls."""
        self._meter.leave_quota(left, now)

    def form_kinds(self) -> tuple[str, ...]:
        """Return the objects that a person may create and edit on the page."""
        return self._forms.kinds()

    def form(self, kind: str, record_id: str, given: Mapping[str, str]) -> tuple[FormField, ...]:
        """Return the inputs for a record, or for a new one if the id is empty."""
        return self._forms.fields(kind, record_id, given)

    def form_actions(self, kind: str, record_id: str) -> tuple[str, ...]:
        """Return what else may be done with a record as it is."""
        return self._forms.actions(kind, record_id)

    def form_lines(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Return the detail objects of an object, and the field that holds their head."""
        return self._forms.lines(kind)

    def save_form(self, kind: str, record_id: str, given: Mapping[str, str], now: float) -> str:
        """Do what a person asks with a filled form; return the record's id."""
        return self._forms.save(kind, record_id, given, now)

    def messages(self) -> list[Record]:
        """Return every message sent to people, oldest first."""
        return list(self.store.all(MESSAGES))

    def revoke_tokens(self) -> None:
        """Let every token end now, as an administrator's change would."""
        self._tokens.revoke_all()

    def administer(self, method: str, name: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        """Answer an admin call: ``messages``, ``callback``, ``limits``, ``tokens``.

        Raises:
            LookupError: there is no such call.
        """
        match method, name:
            case "GET", "messages":
                return self.messages()
            case "POST", "callback":
                self.callback_url = body["url"]
            case "POST", "limits":
                self.limits = replace(self.limits, **body)
            case "DELETE", "tokens":
                self.revoke_tokens()
            case "GET", "callback" | "limits":
                pass
            case _:
                raise LookupError(name)
        return asdict(self.limits) if name == "limits" else {"url": self.callback_url}

    def _answer(self, request: Request, now: float) -> Record:
        path = request.path
        known = path in _CRM_CALLS or path in _DIRECTORY_CALLS
        if request.method != "POST" or not (known or path in (_TOKEN, _OAUTH_TOKEN, _SEND)):
            words = f"the request uri=[{path}],apiName=[null] is not exists"
            raise RefusedError(codes.UNKNOWN_PATH, words)
        body = self._body(request)
        if path in (_TOKEN, _OAUTH_TOKEN):
            self.store.calls["token"] += 1
            self._meter.count_token(now)
            is_old = path == _TOKEN
            make = self._tokens.corp_access_token if is_old else self._tokens.oauth_token
            return make(body, now)
        check_credentials(self._tokens, self.company, request, body, now)
        if style_of(request) == "oauth" and self.switches.third_trace_id_required:
            self._check_trace_id(request)
        self.store.calls[_counted(path, body)] += 1
        self._meter.count_call(path, now)
        if path == _SEND:
            return send_message(self._shop, self.store, body, now)
        if path in _DIRECTORY_CALLS:
            return _DIRECTORY_CALLS[path](self._shop, body)
        return _CRM_CALLS[path](self._call(request, body, now))

    def _body(self, request: Request) -> _Body:
        if not request.body:
            raise RefusedError(codes.EMPTY_BODY, "the POST body is empty")
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise RefusedError(self.switches.codes.bad_body, "the body is no JSON object")
        return body

    def _check_trace_id(self, request: Request) -> None:
        if not request.query.get("thirdTraceId"):
            raise RefusedError(self.switches.codes.bad_body, "thirdTraceId is missing")

    def _call(self, request: Request, body: _Body, now: float) -> Call:
        wanted = body.get("convertUserId")
        is_old = style_of(request) == "corp"
        return Call(
            body=body,
            now=now,
            caller=caller_of(self.company, request, body),
            on_custom_path=request.path.startswith("/cgi/crm/custom/"),
            wants_open_user_ids=wanted if isinstance(wanted, bool) else is_old,
            shop=self._shop,
            records=self._records,
        )

    def _trace_id(self, request: Request) -> str:
        self._traces += 1
        user = request.headers.get("x-fs-userid", "-1000")
        return f"E-O.{self.company.enterprise_account}.{user}-{self._traces}"

    def _make_personnel(self) -> None:
        spec = self._shop.objects.get("PersonnelObj")
        if spec is None or self.store.count(spec.name):
            return
        own = self.company.employees[0].open_user_id
        with self._records.batch(_FOUNDED_AT, own) as batch:
            for employee in self.company.employees:
                values = {
                    "name": employee.name,
                    "full_name": employee.name,
                    "user_id": employee.employee_id,
                    "employee_number": employee.employee_id,
                    "phone": employee.mobile,
                    "main_department": ["1000"],
                    "status": "0",
                    "owner": [employee.open_user_id],
                }
                self._records.create(batch, spec, values)
        self.store.writes.clear()


def _company(store: Store, seed: str) -> Company:
    record = store.get(_TENANT, "company")
    if record is None:
        record = make_company(seed).to_record()
        store.put(_TENANT, "company", record)
    return Company.from_record(record)


def _counted(path: str, body: _Body) -> str:
    """Return the name under which a call is counted, such as ``data/query AccountObj``."""
    name = "/".join(path.split("/")[-2:])
    data_part = body.get("data")
    if isinstance(data_part, dict):
        place = data_part.get("object_data", data_part)
        if isinstance(place, dict) and "dataObjectApiName" in place:
            return f"{name} {place['dataObjectApiName']}"
    return name
