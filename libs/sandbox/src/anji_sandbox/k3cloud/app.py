"""The ERP as a state machine: which service a request means, who calls, and the answer.

`K3CloudCore.handle` is the whole surface. Services are found by the last dotted part of the path,
whatever its case, under ``/k3cloud/``. Business refusals are HTTP 200.
Source: reference "k3cloud-webapi.md", sections 1.1, 1.5, 2, 8 and 9.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anji_sandbox.core import Answer, FormField, Request
from anji_sandbox.k3cloud import editing
from anji_sandbox.k3cloud.administration import administer
from anji_sandbox.k3cloud.answers import failure, json_answer, session_lost
from anji_sandbox.k3cloud.auth import Auth, Denied
from anji_sandbox.k3cloud.body import Call, MalformedBodyError, read_body
from anji_sandbox.k3cloud.codes import Code, Refusal
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.credentials import LCID, make_credentials
from anji_sandbox.k3cloud.forms import Form
from anji_sandbox.k3cloud.metadata import data_centers
from anji_sandbox.k3cloud.own_faults import (
    FAULT_KINDS,
    LOCKED,
    compressed,
    firewall,
    response_error,
    zipped,
)
from anji_sandbox.k3cloud.records import Records
from anji_sandbox.k3cloud.seed import plant
from anji_sandbox.k3cloud.services import Services, refused
from anji_sandbox.k3cloud.sessions import CallLimit, Session, Sessions, session_id_of
from anji_sandbox.k3cloud.switches import K3CloudSwitches
from anji_sandbox.k3cloud.tasks import Tasks, is_begun
from anji_sandbox.k3cloud.values import Values
from anji_sandbox.store import Store

__all__ = ["K3CloudCore"]

_PATH = re.compile(r"/k3cloud/(?P<service>[^/]+)\.common\.kdsvc", re.IGNORECASE)
_TEXT = ("content-type", "text/plain; charset=utf-8")


class K3CloudCore:
    """One account set of a sandbox K3Cloud."""

    def __init__(
        self, store: Store, switches: K3CloudSwitches | None = None, seed: int = 0
    ) -> None:
        self.name = "k3cloud"
        self.switches = switches or K3CloudSwitches()
        self.store = store
        self.records = Records(store)
        self.sessions = Sessions(seed)
        self._secrets = make_credentials(seed)
        self._auth = Auth(self._secrets, self.sessions, store, self.switches)
        self._values = Values(self.records, self.switches)
        self._services = Services(self.records)
        self._tasks = Tasks()
        self._limits = CallLimit()
        plant(self.records, self._secrets)

    @property
    def credentials(self) -> Mapping[str, str | int]:
        """The credentials file's part for K3Cloud, without the address."""
        return self._auth.credentials.published()

    def administer(self, method: str, name: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        """Answer an admin call; see `administration`."""
        if (method, name) == ("POST", "password"):
            self._auth.change_password(str(body["username"]), str(body["password"]))
            return {"username": body["username"]}
        parts = (self.records, self.sessions, self.switches)
        return administer(*parts, method=method, name=name, body=body)

    def form_kinds(self) -> tuple[str, ...]:
        """Return the forms that people see on the page."""
        return tuple(form.form_id for form in self.records.forms)

    def listing(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """Return a form's records as people see them, by id."""
        form = self.records.forms.find(kind)
        return {} if form is None else editing.listing(self._desk(0.0), form)

    def form(self, kind: str, record_id: str, given: Mapping[str, str]) -> tuple[FormField, ...]:
        """Return the inputs of a record, or of a new one."""
        return editing.inputs(self._desk(0.0), self._named(kind), record_id, given)

    def form_actions(self, kind: str, record_id: str) -> tuple[str, ...]:
        """Return what else can be done with a record."""
        return editing.actions(self._desk(0.0), self._named(kind), record_id)

    def form_lines(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Return nothing: rows are inputs of their bill."""
        del kind
        return ()

    def save_form(self, kind: str, record_id: str, given: Mapping[str, str], now: float) -> str:
        """Do what a person asks with a filled form; return the record's id."""
        form = self._named(kind)
        return editing.save_filled(self._desk(now), self._services, form, record_id, given)

    def _named(self, kind: str) -> Form:
        form = self.records.forms.find(kind)
        if form is None:
            raise LookupError(kind)
        return form

    def _desk(self, now: float) -> Context:
        """Return what the person at the page works with."""
        org = self._secrets.org_number
        session = Session("page", "page", self._secrets.person, LCID, org, now)
        return Context(self.records, self._values, self.switches, session, now)

    @property
    def fault_kinds(self) -> tuple[str, ...]:
        """The kinds of faults that only this vendor has."""
        return FAULT_KINDS

    def suffer(self, request: Request, kind: str, code: int, words: str, now: float) -> Answer:
        """Answer a call that a fault on demand hits, in the shape of its service."""
        match kind:
            case "waf":
                return firewall(words or "SQL注入")
            case "response_error":
                return response_error(words or "未将对象引用设置到对象的实例。")
            case "zipped":
                return zipped(self.handle(request, now))
            case "session_lost":
                self.sessions.end(session_id_of(request.headers))
                return self.handle(request, now)
            case _:
                text = words or (LOCKED if kind == "lock" else "fault on demand")
                refusal = Refusal(code, text, None)
                try:
                    call = read_body(request.body)
                except MalformedBodyError:
                    call = Call()
                return json_answer(refused(_service(request.path), call, refusal))

    def handle(self, request: Request, now: float) -> Answer:
        """Answer one request at the time `now`."""
        answer = self._answered(request, now)
        if self.switches.compresses_answers:
            accepted = request.headers.get("accept-encoding", "")
            return compressed(answer) if "gzip" in accepted else answer
        return answer

    def _answered(self, request: Request, now: float) -> Answer:
        service = _service(request.path)
        if not service:
            return Answer(403, (), b"")
        for text in self.switches.firewall_texts:
            if text.encode() in request.body:
                return firewall(text)
        try:
            call = read_body(request.body)
        except MalformedBodyError as exc:
            return Answer(500, (_TEXT,), str(exc).encode())
        answer = self._open_service(service, request, call, now)
        if answer is not None:
            self.store.calls[service] += 1
            return answer
        self.store.calls[f"{service} {call.form_hint()}".rstrip()] += 1
        return self._served(service, request, call, now)

    def _open_service(
        self, service: str, request: Request, call: Call, now: float
    ) -> Answer | None:
        """Answer the services that need no session; `None` for all others."""
        match service:
            case "validateuser":
                return self._auth.validate_user(call, now)
            case "loginbyappsecret":
                return self._auth.login_by_app_secret(call, now)
            case "loginbysign":
                return self._auth.login_by_sign(call, now)
            case "logout":
                return self._auth.log_out(request)
            case "getdatacenterlist":
                return self._data_centers()
            case _:
                return None

    def _served(self, service: str, request: Request, call: Call, now: float) -> Answer:
        admitted = self._auth.admit(request, now)
        if isinstance(admitted, Denied):
            if admitted.answer is not None:
                return admitted.answer
            return json_answer(self._lost(service, call, admitted.lcid), admitted.headers)
        context = Context(self.records, self._values, self.switches, admitted.session, now)
        try:
            document = self._document(context, service, call)
        except Refusal as refusal:
            document = refused(service, call, refusal)
        if document is None:
            return self._unhandled(service)
        if is_begun(call, request.headers):
            document = self._tasks.begin(document, now)
        answer = json_answer(document, admitted.headers)
        seconds = admitted.session.busy_for(now, self.switches.call_seconds)
        return replace(answer, delay_seconds=seconds) if seconds else answer

    def _document(self, context: Context, service: str, call: Call) -> object:
        """Return the answer of a service, or `None` if there is no such service."""
        if not self._limits.admits(context.now, self.switches.calls_per_minute):
            raise Refusal(Code.CALL_LIMIT, "接口调用次数已超过限制", None)
        form_id = call.form_hint()
        if form_id.lower() in {each.lower() for each in self.switches.forbidden_forms}:
            text = f"您没有{form_id}的权限，请联系系统管理员"
            raise Refusal(Code.NO_PERMISSION, text, None)
        if service == "queryasyncresult":
            return self._tasks.ask(call, context.now, self.switches.async_seconds)
        return self._services.answer(context, service, call)

    def _data_centers(self) -> Answer:
        found = data_centers(self._secrets)
        match self.switches.data_centers_shape:
            case "list":
                return json_answer(found)
            case "object":
                return json_answer({"Data": found})
            case "zipped":
                return zipped(json_answer(found))
            case "empty":
                return json_answer([])

    def _unhandled(self, service: str) -> Answer:
        status = 500 if self.switches.unhandled_as_http_500 else 200
        return response_error(f"服务 {service} 不存在", status)

    def _lost(self, service: str, call: Call, lcid: int) -> object:
        refusal = session_lost(lcid)
        if service in _QUERIES:
            return refused(service, call, refusal)
        if service == "view" and self.switches.view_without_session == "empty":
            return {}
        answer = failure([refusal])
        match self.switches.session_lost_shape:
            case "object":
                return answer
            case "list":
                return [answer]
            case "bare":
                return answer["Result"]["ResponseStatus"]["Errors"]


_QUERIES = ("executebillquery", "billquery")


def _service(path: str) -> str:
    """Return the lower-case name of the service that a path means, or nothing."""
    match = _PATH.fullmatch(path)
    return "" if match is None else match["service"].split(",")[0].rpartition(".")[2].lower()
