"""The sandbox CRM: every path, who may call it, and how often.

Order of checks, as far as it is known: path, body, credentials, limits, the acting employee, then
the endpoint's own. Every answer is HTTP 200 with the envelope of `codes.py`; a refused call stores
nothing. Source: reference sections 1, 2.1, 6.1.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from anji_sandbox.core import Answer, FormField, Request
from anji_sandbox.fxiaoke import codes, files
from anji_sandbox.fxiaoke.auth import Tokens, caller_of, check_credentials, style_of
from anji_sandbox.fxiaoke.callback import Callbacks
from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError, json_answer
from anji_sandbox.fxiaoke.company import Company, make_company
from anji_sandbox.fxiaoke.endpoints import (
    CRM_CALLS,
    DIRECTORY_CALLS,
    HISTORY_PATH,
    MESSAGE_CALLS,
)
from anji_sandbox.fxiaoke.forms import Forms
from anji_sandbox.fxiaoke.grants import Grants
from anji_sandbox.fxiaoke.history import History, changes_of
from anji_sandbox.fxiaoke.limits import Meter
from anji_sandbox.fxiaoke.messages import MESSAGES
from anji_sandbox.fxiaoke.objects import OBJECTS, ObjectSpec, read_objects
from anji_sandbox.fxiaoke.people import make_people
from anji_sandbox.fxiaoke.records import Records
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Record, Store
from anji_sandbox.switchboard import told, turn
from anji_sandbox.switches import FxiaokeLimits, FxiaokeSwitches

__all__ = ["FxiaokeCore"]

_Body = Mapping[str, Any]
_TOKEN = "/cgi/corpAccessToken/get/V2"  # noqa: S105 - a path
_OAUTH_TOKEN = "/oauth2.0/token"  # noqa: S105 - a path
_APP_TOKEN = "/cgi/appAccessToken/get"  # noqa: S105 - a path
_OPEN_USER_ID = "/oauth2/openUserId/get"
_TOKEN_PATHS = frozenset({_TOKEN, _OAUTH_TOKEN, _APP_TOKEN, _OPEN_USER_ID})
_BUSINESS_PATHS = frozenset({HISTORY_PATH, *CRM_CALLS, *DIRECTORY_CALLS, *MESSAGE_CALLS})
_TENANT = "#tenant"
_OBJECTS = "#objects"


@dataclass(slots=True)
class _Trace:
    """What the trace id of an answer tells of its call."""

    origin: str = "E-O"
    account: str = "null"
    user: str = "-1000"


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
        defined = {each["name"]: each["object"] for each in store.all(_OBJECTS)}
        self._shop = Shop(self.company, self.switches, {**objects, **read_objects(defined)})
        self._tokens = Tokens(store, self.company)
        self._grants = Grants(store, self.company, self._tokens)
        self._meter = Meter(store, self.switches, limits or FxiaokeLimits())
        self._callbacks = Callbacks(store, self.company, self.switches)
        self._history = History()
        self._records = Records(store, self._shop, self._callbacks.add, self._history.add)
        self._forms = Forms(self._shop, self._records, store)
        self._traces = 0
        make_people(self._shop, store, self._records)
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

    def define_objects(self, given: object) -> None:
        """Add objects, or replace some, as an administrator of the tenant would.

        `given` is a map by API name, in the form of ``objects.json``; it is kept in the store.

        Raises:
            ValueError: it is not in that form; nothing was changed.
        """
        specs = read_objects(given)
        with self.store.transaction():
            for name, each in (given if isinstance(given, dict) else {}).items():
                self.store.put(_OBJECTS, name, {"name": name, "object": each})
        for spec in specs.values():
            self._shop.objects[spec.name] = spec
            self._records.add_object(spec)

    def handle(self, request: Request, now: float) -> Answer:
        """Answer one request; what it wrote is durable then."""
        trace = _Trace()
        try:
            answer = self._answer(request, now, trace)
        except RefusedError as error:
            envelope: Record = {
                "errorCode": error.code,
                "errorMessage": error.words,
                "errorDescription": error.description,
            }
            if request.path == _OAUTH_TOKEN:
                envelope |= {"error": str(error.code), "error_description": error.words}
            return json_answer({**envelope, "traceId": self._trace_id(trace)})
        if isinstance(answer, Answer):
            return answer
        is_token = request.path in _TOKEN_PATHS
        good = json_answer(
            {
                "traceId": self._trace_id(trace),
                "errorCode": 0,
                "errorMessage": "success" if is_token else "OK",
                "errorDescription": "" if is_token else "success",
                **answer,
            }
        )
        return replace(good, delay_seconds=self.switches.token_seconds) if is_token else good

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
        """Answer an admin call: messages, callback, limits, tokens, objects or switches.

        Raises:
            LookupError: there is no such call.
            ValueError: objects or switches are not in their form.
        """
        match method, name:
            case "GET", "messages":
                return self.messages()
            case "GET", "switches":
                return told(self.switches)
            case "POST", "switches":
                turn(self.switches, body)
                self._records.note_all()
                return told(self.switches)
            case "GET", "objects":
                return sorted(self._shop.objects)
            case "POST", "objects":
                self.define_objects(body)
                return sorted(self._shop.objects)
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

    def _answer(self, request: Request, now: float, trace: _Trace) -> Record | Answer:
        path = request.path
        match request.method, path:
            case "GET", "/oauth2.0/authorize":
                return self._grants.authorize(request, now)
            case "POST", files.UPLOAD_PATH:
                return files.upload(self.store, self.company, request, now)
            case "POST", "/media/upload":
                return self._media(request, now, trace)
            case "POST", _ if path in _TOKEN_PATHS:
                return self._token(path, self._body(request), now)
            case "POST", _ if path in _BUSINESS_PATHS:
                return self._business(request, now, trace)
            case _:
                trace.origin = "open-api-gateway-web/E-O"
                words = f"the request uri=[{path}],apiName=[null] is not exists"
                raise RefusedError(codes.UNKNOWN_PATH, words)

    def _business(self, request: Request, now: float, trace: _Trace) -> Record:
        path, body = request.path, self._body(request)
        self._admit(request, body, now, trace)
        if path in MESSAGE_CALLS:
            return MESSAGE_CALLS[path](self._shop, self.store, body, now)
        if path in DIRECTORY_CALLS:
            return DIRECTORY_CALLS[path](self._shop, body)
        call = self._call(request, body, now)
        trace.user = call.caller.employee_id
        if path == HISTORY_PATH:
            return changes_of(call, self._history)
        return CRM_CALLS[path](call)

    def _token(self, path: str, body: _Body, now: float) -> Record:
        self.store.calls["token"] += 1
        self._meter.count_token(now)
        if path == _TOKEN:
            return self._tokens.corp_access_token(body, now)
        if path == _APP_TOKEN:
            return self._grants.app_token(body, now)
        if path == _OPEN_USER_ID:
            return self._grants.open_user_id(body, now)
        if body.get("grantType") in ("authorization_code", "refresh_token"):
            self._tokens.check_app(body)
            return self._grants.user_token(body, now)
        return self._tokens.oauth_token(body, now)

    def _admit(self, request: Request, body: _Body, now: float, trace: _Trace) -> None:
        """Check token, trace id and limits of a business call, and count it.

        Raises:
            RefusedError: the call is not admitted.
        """
        check_credentials(self._tokens, self.company, request, body, now)
        trace.account = self.company.enterprise_account
        if style_of(request) == "oauth" and self.switches.third_trace_id_required:
            self._check_trace_id(request)
        self.store.calls[_counted(request.path, body)] += 1
        self._meter.count_call(request.path, now)

    def _media(self, request: Request, now: float, trace: _Trace) -> Record:
        fields = files.media_form(request)
        self._admit(request, fields, now, trace)
        code = self.switches.codes.bad_body
        return files.media_upload(self.store, self.company, fields, code)

    def _body(self, request: Request) -> _Body:
        if not request.body:
            raise RefusedError(codes.EMPTY_BODY, "the POST body is empty")
        most = self.switches.most_body_bytes
        if most is not None and len(request.body) > most:
            raise RefusedError(self.switches.codes.bad_body, f"the body exceeds {most} bytes")
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
        is_old = style_of(request) == "corp"
        wants_users, wants_media = body.get("convertUserId"), body.get("convertMediaId")
        return Call(
            body=body,
            now=now,
            caller=caller_of(self.company, request, body),
            on_custom_path=request.path.startswith("/cgi/crm/custom/"),
            wants_open_user_ids=wants_users if isinstance(wants_users, bool) else is_old,
            shop=self._shop,
            records=self._records,
            store=self.store,
            wants_media_ids=wants_media if isinstance(wants_media, bool) else is_old,
            host=request.headers.get("host", "localhost"),
        )

    def _trace_id(self, trace: _Trace) -> str:
        self._traces += 1
        return f"{trace.origin}.{trace.account}.{trace.user}-{self._traces}"


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
