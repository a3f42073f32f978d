"""The Fxiaoke connector over a sandbox core: without sockets, and under virtual time."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from pydantic import JsonValue

from anji_common.clock import Clock
from anji_common.events.commands import Action, Command, CommandNumber, LookUp, RowWish
from anji_common.interest import FieldInterest, FieldKind, Interest, LinesInterest, ObjectInterest
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH, LoopClock, run_virtually
from anji_common.writing.target import Written
from anji_fxiaoke.client import Client
from anji_fxiaoke.metadata import Metadata
from anji_fxiaoke.service import make_client
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.source import FxiaokeFeed
from anji_fxiaoke.writer import FxiaokeTarget
from anji_sandbox.core import Request
from anji_sandbox.faults import Faults, FaultyCore
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeLimits, FxiaokeSwitches
from anji_sandbox.store import Store
from labs.sandbox_transport import SandboxTransport

__all__ = [
    "ACCOUNT",
    "INTEREST",
    "LINES",
    "NOTE_LINES",
    "ORDER",
    "Lab",
    "Person",
    "made",
    "make_lab",
    "new_account",
    "new_note",
    "on_a_crm",
    "ref_of",
    "seat",
    "settings_of",
    "update_of",
]

_Json = dict[str, Any]
LINES = "SalesOrderProductObj"
NOTE_LINES = "DeliveryNoteProductObj"

ACCOUNT = ObjectInterest(
    "AccountObj",
    "_id",
    "name",
    (
        FieldInterest("name"),
        FieldInterest("tel"),
        FieldInterest("owner", FieldKind.EMPLOYEE),
        FieldInterest("life_status", FieldKind.CHOICE),
        FieldInterest("anji_ref__c"),
    ),
    marker_field="anji_ref__c",
)
ORDER = ObjectInterest(
    "SalesOrderObj",
    "_id",
    "name",
    (
        FieldInterest("account_id", FieldKind.REFERENCE, "AccountObj"),
        FieldInterest("order_time", FieldKind.TIME),
        FieldInterest("delivery_date", FieldKind.DATE),
        FieldInterest("order_amount", FieldKind.DECIMAL),
        FieldInterest("remark"),
    ),
    (
        LinesInterest(
            LINES,
            "_id",
            (
                FieldInterest("product_id", FieldKind.REFERENCE, "ProductObj"),
                FieldInterest("quantity", FieldKind.DECIMAL),
                FieldInterest("subtotal", FieldKind.DECIMAL),
            ),
            "order_id",
        ),
    ),
)
_NOTE = ObjectInterest(
    "DeliveryNoteObj",
    "_id",
    "name",
    (
        FieldInterest("name"),
        FieldInterest("delivery_date", FieldKind.DATE),
        FieldInterest("ship_to_add"),
        FieldInterest("owner", FieldKind.EMPLOYEE),
        FieldInterest("anji_ref__c"),
    ),
    (
        LinesInterest(
            NOTE_LINES,
            "_id",
            (FieldInterest("delivery_num", FieldKind.DECIMAL), FieldInterest("anji_line__c")),
            "delivery_note_id",
        ),
    ),
    marker_field="anji_ref__c",
)
INTEREST = Interest(System.FXIAOKE, (ACCOUNT, ORDER, _NOTE))


@dataclass
class Person:
    """Somebody who works in the CRM by hand, at the Clock's time."""

    core: FxiaokeCore
    clock: Clock
    _token: _Json = field(default_factory=dict)
    _token_ends: float = 0.0

    @property
    def open_user_id(self) -> str:
        return self.core.credentials["person_open_user_id"]

    def post(self, path: str, body: object) -> _Json:
        request = Request("POST", f"/cgi/{path}", {}, {}, orjson.dumps(body))
        answer: _Json = orjson.loads(self.core.handle(request, self.clock.now().timestamp()).body)
        assert answer["errorCode"] == 0, answer
        return answer

    def call(self, verb: str, data: object, **top: object) -> _Json:
        if self.clock.monotonic() >= self._token_ends:
            known = self.core.credentials
            body = {
                "appId": known["app_id"],
                "appSecret": known["app_secret"],
                "permanentCode": known["permanent_code"],
            }
            self._token = self.post("corpAccessToken/get/V2", body)
            self._token_ends = self.clock.monotonic() + self._token["expiresIn"] - 60.0
        auth = {
            "corpAccessToken": self._token["corpAccessToken"],
            "corpId": self._token["corpId"],
            "currentOpenUserId": self.open_user_id,
        }
        return self.post(f"crm/v2/{verb}", {**auth, "data": data, **top})

    def make(
        self,
        object_name: str,
        lines: Mapping[str, Sequence[_Json]] | None = None,
        **values: object,
    ) -> str:
        """Make a record, and return its id."""
        given = {"dataObjectApiName": object_name, "owner": [self.open_user_id], **values}
        data: _Json = {"object_data": given, **({"details": lines} if lines else {})}
        made: str = self.call("data/create", data)["dataId"]
        return made

    def edit(self, object_name: str, record_id: str, **values: object) -> None:
        given = {"dataObjectApiName": object_name, "_id": record_id, **values}
        self.call("data/update", {"object_data": given})

    def get(self, object_name: str, record_id: str) -> _Json:
        data = {"dataObjectApiName": object_name, "objectDataId": record_id}
        found: _Json = self.call("data/get", data)["data"]
        return found

    def all(self, object_name: str) -> list[_Json]:
        """Return the first hundred records of an object, by id."""
        asked = {"limit": 100, "offset": 0, "filters": [], "orders": []}
        data = {"dataObjectApiName": object_name, "search_query_info": asked}
        found: list[_Json] = self.call("data/query", data)["data"]["dataList"]
        return found

    def make_order(self, quantities: Sequence[str] = ("2", "1"), **values: object) -> str:
        account = self.make("AccountObj", name="华东贸易")
        lines = [{"quantity": each, "subtotal": each} for each in quantities]
        return self.make("SalesOrderObj", {LINES: lines}, account_id=account, **values)


@dataclass
class Lab:
    """One CRM, our connector to it, and a person."""

    crm: FxiaokeCore
    faults: Faults
    transport: SandboxTransport
    settings: FxiaokeSettings
    client: Client
    metadata: Metadata
    feed: FxiaokeFeed
    target: FxiaokeTarget
    person: Person
    clock: Clock


def settings_of(core: FxiaokeCore, **more: object) -> FxiaokeSettings:
    """Return the settings that the sandbox prints; `more` change or add some."""
    known = {
        name: value for name, value in core.credentials.items() if name != "person_open_user_id"
    }
    values = {"url": "http://sandbox.test", "lines_lag_seconds": 0.0, **known, **more}
    values = {name: value for name, value in values.items() if value is not None}
    return FxiaokeSettings.model_validate(values)


def make_lab(
    clock: Clock,
    *,
    switches: FxiaokeSwitches | None = None,
    limits: FxiaokeLimits | None = None,
    **more: object,
) -> Lab:
    """Return a new CRM; `more` are settings of the connector."""
    crm = FxiaokeCore(Store(), switches, limits)
    faults = Faults()
    transport = SandboxTransport(FaultyCore(crm, faults), clock, latency_seconds=0.005)
    settings = settings_of(crm, **more)
    client, metadata = make_client(settings, transport, clock, Random(1))
    return Lab(
        crm,
        faults,
        transport,
        settings,
        client,
        metadata,
        FxiaokeFeed(client, metadata, settings),
        FxiaokeTarget(client, metadata, INTEREST, settings, clock),
        Person(crm, clock),
        clock,
    )


def on_a_crm(
    test: Callable[[Lab], Coroutine[Any, Any, None]],
    *,
    switches: FxiaokeSwitches | None = None,
    limits: FxiaokeLimits | None = None,
    **more: object,
) -> None:
    """Run a test on a new CRM under virtual time."""

    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        await test(make_lab(clock, switches=switches, limits=limits, **more))

    run_virtually(run())


def seat(n: int, form: str = "BD_Customer") -> Ref:
    """Return an ERP record's ref."""
    return Ref(System.K3CLOUD, form, str(100_000 + n))


def new_account(n: int, name: str = "", **values: JsonValue) -> Command:
    """Return the command to create the CRM account of the ERP customer `n`."""
    marker = str(seat(n))
    named = name or f"客户{n}"
    return _command(
        seat(n),
        "AccountObj",
        Action.CREATE,
        values={"name": named, "anji_ref__c": marker, **values},
        packet={"name": "", "record_type": "default__c", "tel": ""},
        look_ups=(
            LookUp(by="marker", conditions={"anji_ref__c": marker}),
            LookUp(by="natural key", conditions={"name": named}),
        ),
    )


def new_note(n: int, quantities: Mapping[str, str], **values: JsonValue) -> Command:
    """Return the command to create a delivery note; `quantities` are by ERP entry id."""
    marker = str(seat(n, "SAL_DELIVERYNOTICE"))
    return _command(
        seat(n, "SAL_DELIVERYNOTICE"),
        "DeliveryNoteObj",
        Action.CREATE,
        values={"delivery_date": "2026-01-06", "anji_ref__c": marker, **values},
        packet={"record_type": "default__c", NOTE_LINES: [{"record_type": "default__c"}]},
        rows={
            NOTE_LINES: tuple(
                RowWish(source_id=entry, values={"delivery_num": each, "anji_line__c": entry})
                for entry, each in quantities.items()
            )
        },
        look_ups=(LookUp(by="marker", conditions={"anji_ref__c": marker}),),
    )


def update_of(
    target: Ref,
    values: dict[str, JsonValue],
    rows: dict[str, tuple[RowWish, ...]] | None = None,
) -> Command:
    """Return the command to change a record."""
    command = _command(seat(1), target.object_name, Action.UPDATE, values=values)
    return command.model_copy(update={"target": target, "rows": rows or {}})


def made(outcome: object) -> Written:
    """Return the outcome, which must be a success."""
    assert isinstance(outcome, Written), outcome
    return outcome


def ref_of(outcome: object) -> Ref:
    """Return the record that was written."""
    ref = made(outcome).ref
    assert ref is not None
    return ref


def _command(seat: Ref, object_name: str, action: Action, **more: Any) -> Command:  # noqa: ANN401 - passed on
    return Command(
        seat=seat,
        number=CommandNumber(1, 1),
        system=System.FXIAOKE,
        object_name=object_name,
        action=action,
        link_type="test",
        mapping_version="v1",
        issued_at=EPOCH,
        **more,
    )
