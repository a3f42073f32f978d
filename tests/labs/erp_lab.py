"""The K3Cloud connector over a sandbox core: without sockets, and under virtual time."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from pydantic import JsonValue

from anji_common.clock import Clock
from anji_common.events.commands import Action, Command, CommandNumber, Finish, LookUp, RowWish
from anji_common.interest import FieldInterest, FieldKind, Interest, LinesInterest, ObjectInterest
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH, LoopClock, run_virtually
from anji_k3cloud.client import Client
from anji_k3cloud.documents import Documents
from anji_k3cloud.metadata import Metadata
from anji_k3cloud.sessions import Sessions
from anji_k3cloud.settings import K3CloudSettings
from anji_k3cloud.source import K3CloudFeed
from anji_k3cloud.times import local_zone
from anji_k3cloud.writer import K3CloudTarget, Means
from anji_sandbox.faults import Faults, FaultyCore
from anji_sandbox.k3cloud import K3CloudCore, K3CloudSwitches
from anji_sandbox.store import Store
from labs.k3cloud_client import Caller
from labs.sandbox_transport import SandboxTransport

__all__ = [
    "BEIJING",
    "CUSTOMER",
    "INTEREST",
    "NOTICE",
    "ORDER",
    "Erp",
    "make_erp",
    "new_customer",
    "new_order",
    "on_an_erp",
    "seat",
    "settings_of",
]

BEIJING: tzinfo = local_zone(8)

CUSTOMER = ObjectInterest(
    "BD_Customer",
    "FCUSTID",
    "FNumber",
    (
        FieldInterest("FNumber"),
        FieldInterest("FName"),
        FieldInterest("FTEL"),
        FieldInterest("FGroup", FieldKind.NUMBER),
        FieldInterest("FISCREDITCHECK", FieldKind.BOOLEAN),
        FieldInterest("FT_BD_CUSTOMEREXT.FMarginLevel", FieldKind.DECIMAL),
        FieldInterest("F_ANJI_MARKER"),
    ),
    marker_field="F_ANJI_MARKER",
)
ORDER = ObjectInterest(
    "SAL_SaleOrder",
    "FID",
    "FBillNo",
    (
        FieldInterest("FBillNo"),
        FieldInterest("FDate", FieldKind.DATE),
        FieldInterest("FCustId", FieldKind.REFERENCE, "BD_Customer"),
        FieldInterest("FNote"),
        FieldInterest("FSaleOrderFinance.FSettleCurrId", FieldKind.NUMBER),
        FieldInterest("F_ANJI_MARKER"),
    ),
    (
        LinesInterest(
            "FSaleOrderEntry",
            "FEntryID",
            (
                FieldInterest("FMaterialId", FieldKind.NUMBER),
                FieldInterest("FQty", FieldKind.DECIMAL),
                FieldInterest("FTaxPrice", FieldKind.DECIMAL),
                FieldInterest("FDeliveryDate", FieldKind.TIME),
                FieldInterest("F_ANJI_LINE"),
            ),
            marker_field="F_ANJI_LINE",
        ),
        LinesInterest(
            "FSaleOrderPlan",
            "FEntryID",
            (FieldInterest("FMustDate", FieldKind.DATE),),
        ),
    ),
    marker_field="F_ANJI_MARKER",
    is_bill=True,
)
NOTICE = ObjectInterest(
    "SAL_DELIVERYNOTICE",
    "FID",
    "FBillNo",
    (
        FieldInterest("FBillNo"),
        FieldInterest("FCarriageNO"),
        FieldInterest("F_ANJI_MARKER"),
    ),
    (
        LinesInterest(
            "FEntity",
            "FEntryID",
            (
                FieldInterest("FMaterialID", FieldKind.NUMBER),
                FieldInterest("FQty", FieldKind.DECIMAL),
            ),
        ),
    ),
    marker_field="F_ANJI_MARKER",
    is_bill=True,
)
INTEREST = Interest(System.K3CLOUD, (CUSTOMER, ORDER))


@dataclass
class Erp:
    """One ERP, our connector to it, and a person who edits by hand."""

    core: FaultyCore
    k3cloud: K3CloudCore
    transport: SandboxTransport
    sessions: Sessions
    metadata: Metadata
    documents: Documents
    feed: K3CloudFeed
    target: K3CloudTarget
    clock: Clock

    @property
    def faults(self) -> Faults:
        return self.core.faults

    def person(self) -> Caller:
        return Caller(self.k3cloud, self.clock.now().timestamp()).log_in(as_person=True)

    def count(self, form_id: str) -> int:
        return len(self.person().query(form_id, "FNumber" if form_id[:2] == "BD" else "FBillNo"))


def settings_of(core: K3CloudCore, *, signed: bool = True, **more: object) -> K3CloudSettings:
    """Return the settings that the sandbox prints, with an app or with a password only."""
    known = core.credentials
    names = ["acct_id", "username", "password", "lcid", "org_number"]
    names += ["app_id", "app_secret"] if signed else []
    values = {name: known[name] for name in names}
    return K3CloudSettings.model_validate(
        {"url": "http://sandbox.test/k3cloud/", **values, **more}
    )


def make_erp(
    clock: Clock,
    *,
    switches: K3CloudSwitches | None = None,
    signed: bool = True,
    our_user: str | None = "100001",
    interest: Interest | None = None,
    **more: object,
) -> Erp:
    """Return a new ERP; `more` are settings of the connector."""
    k3cloud = K3CloudCore(Store(), switches, seed=7)
    core = FaultyCore(k3cloud, Faults())
    transport = SandboxTransport(core, clock, base_path="/k3cloud/")
    settings = settings_of(k3cloud, signed=signed, **more)
    sessions = Sessions(transport, settings, clock)
    client = Client(sessions, operation_service=settings.operation_service)
    metadata = Metadata(
        client, clock, keeps_seconds=settings.metadata_seconds, types=settings.kinds_by_type
    )
    documents = Documents(
        client, metadata, BEIJING, our_user=our_user, page_rows=settings.page_rows
    )
    feed = K3CloudFeed(documents, sessions, clock)
    means = Means(client, metadata, documents, settings, clock)
    target = K3CloudTarget(means, interest or INTEREST)
    return Erp(core, k3cloud, transport, sessions, metadata, documents, feed, target, clock)


def seat(n: int, object_name: str = "AccountObj") -> Ref:
    """Return a CRM record's ref."""
    return Ref(System.FXIAOKE, object_name, f"65f{n:021x}")


def new_customer(
    n: int, *, number: str = "", finish: Finish = Finish.SAVED, **values: JsonValue
) -> Command:
    """Return the command to create the customer of the CRM account `n`."""
    ref = seat(n)
    marker = str(ref)
    return Command(
        seat=ref,
        number=CommandNumber(1, 1),
        system=System.K3CLOUD,
        object_name="BD_Customer",
        action=Action.CREATE,
        link_type="customer",
        mapping_version="v1",
        issued_at=EPOCH,
        values={"FName": f"客户{n}", "F_ANJI_MARKER": marker, **values}
        | ({"FNumber": number} if number else {}),
        packet={"FCUSTID": 0, "FNumber": "", "FName": "", "FTEL": "", "FGroup": {"FNumber": ""}},
        look_ups=(
            LookUp(by="marker", conditions={"F_ANJI_MARKER": marker}),
            *([LookUp(by="natural key", conditions={"FNumber": number})] if number else []),
        ),
        finish=finish,
    )


def new_order(
    n: int,
    customer: Ref,
    lines: Mapping[str, str],
    *,
    finish: Finish = Finish.SAVED,
    customer_number: str = "C1",
) -> Command:
    """Return the command to create an order; `lines` are CRM line id → quantity."""
    ref = seat(n, "SalesOrderObj")
    marker = str(ref)
    return Command(
        seat=ref,
        number=CommandNumber(1, 1),
        system=System.K3CLOUD,
        object_name="SAL_SaleOrder",
        action=Action.CREATE,
        link_type="sales_order",
        mapping_version="v1",
        issued_at=EPOCH,
        values={
            "FBillNo": f"SO-{n}",
            "FDate": "2026-01-05",
            "FCustId": str(customer),
            "FNote": None,
            "F_ANJI_MARKER": marker,
        },
        numbers={str(customer): customer_number},
        rows={
            "FSaleOrderEntry": tuple(
                RowWish(
                    source_id=source_id,
                    values={"FMaterialId": "M1", "FQty": quantity, "F_ANJI_LINE": source_id},
                )
                for source_id, quantity in lines.items()
            )
        },
        packet={
            "FID": 0,
            "FBillNo": "",
            "FCustId": {"FNumber": ""},
            "FSalerId": {"FNumber": "0001_GW000001_1"},
            "FNote": "as usual",
            "FSaleOrderEntry": [
                {
                    "FEntryID": 0,
                    "FMaterialId": {"FNumber": ""},
                    "FUnitID": {"FNumber": "Pcs"},
                    "FQty": 0,
                    "FTaxPrice": 1.5,
                    "FDeliveryDate": "2026-01-10",
                }
            ],
        },
        look_ups=(
            LookUp(by="marker", conditions={"F_ANJI_MARKER": marker}),
            LookUp(by="number", conditions={"FBillNo": f"SO-{n}"}),
        ),
        finish=finish,
    )


def on_an_erp(
    test: Callable[[Erp], Coroutine[Any, Any, None]],
    interest: Interest,
    **more: Any,  # noqa: ANN401 - passed on
) -> None:
    """Run a test on a new ERP of virtual time; `more` is `make_erp`'s."""

    async def run() -> None:
        await test(make_erp(LoopClock(asyncio.get_running_loop()), interest=interest, **more))

    run_virtually(run())
