"""A record of each form that a company writes, as commands of ours make it."""

from typing import Any

from pydantic import JsonValue

from anji_common.events.commands import Action, Command, CommandNumber, Finish, LookUp, RowWish
from anji_common.interest import FieldInterest, FieldKind, Interest, LinesInterest, ObjectInterest
from anji_common.refs import System
from anji_common.testing.virtual_time import EPOCH
from anji_k3cloud.catalogue import KNOWN_FORMS, KnownForm
from labs.erp_lab import seat

__all__ = ["CONTRACT", "PACKETS", "ROWS", "create_of", "everything", "interest_of"]

_NUMBER, _DECIMAL = FieldKind.NUMBER, FieldKind.DECIMAL
_MARKER = "F_ANJI_MARKER"

_FIELDS: dict[str, tuple[FieldInterest, ...]] = {
    "BD_Customer": (
        FieldInterest("FName"),
        FieldInterest("FT_BD_CUSTOMEREXT.FMarginLevel", _DECIMAL),
        FieldInterest("FT_BD_CUSTOMEREXT.FEnableSL", FieldKind.BOOLEAN),
    ),
    "BD_CommonContact": (FieldInterest("FName"), FieldInterest("FMobile")),
    "BD_MATERIAL": (FieldInterest("FName"), FieldInterest("FSpecification")),
    "SAL_SaleOrder": (FieldInterest("FCustId", _NUMBER),),
    "SAL_DELIVERYNOTICE": (FieldInterest("FCustomerID", _NUMBER),),
    "SAL_OUTSTOCK": (FieldInterest("FCustomerID", _NUMBER),),
    "SAL_RETURNSTOCK": (FieldInterest("FRetcustId", _NUMBER),),
    "AR_RECEIVEBILL": (FieldInterest("FCONTACTUNIT", _NUMBER),),
    "AR_receivable": (FieldInterest("FCUSTOMERID", _NUMBER),),
    "STK_Inventory": (FieldInterest("FMaterialId", _NUMBER), FieldInterest("FQty", _DECIMAL)),
    "BD_Empinfo": (FieldInterest("FName"), FieldInterest("FMobile")),
    "BD_OPERATOR": (FieldInterest("FName"),),
    "ORG_Organizations": (FieldInterest("FName"),),
    "BD_STOCK": (FieldInterest("FName"),),
    "BD_Currency": (FieldInterest("FName"),),
}
_ROW = {
    key: (FieldInterest(key, _NUMBER), FieldInterest(quantity, _DECIMAL))
    for key, quantity in (("FMaterialId", "FQty"), ("FMATERIALID", "FPriceQty"))
}
_SALES_ROW = (FieldInterest("FMaterialID", _NUMBER), FieldInterest("FQty", _DECIMAL))
_LINES: dict[str, tuple[tuple[str, tuple[FieldInterest, ...]], ...]] = {
    "BD_Customer": (
        ("FT_BD_CUSTCONTACT", (FieldInterest("FNAME1"), FieldInterest("FMOBILE"))),
        ("FT_BD_CUSTBANK", (FieldInterest("FBANKCODE"),)),
        ("FT_BD_CUSTLOCATION", (FieldInterest("FContactId", _NUMBER),)),
        ("FT_BD_CUSTORDERORG", (FieldInterest("FOrderOrgId", _NUMBER),)),
    ),
    "SAL_SaleOrder": (
        (
            "FSaleOrderEntry",
            (FieldInterest("FMaterialId", _NUMBER), FieldInterest("FQty", _DECIMAL)),
        ),
        ("FSaleOrderPlan", (FieldInterest("FRecAdvanceAmount", _DECIMAL),)),
    ),
    "SAL_DELIVERYNOTICE": (
        ("FEntity", _SALES_ROW),
        ("FDeliNoticeTrace", (FieldInterest("FCarryBillNo"),)),
    ),
    "SAL_OUTSTOCK": (
        ("FEntity", (FieldInterest("FMaterialID", _NUMBER), FieldInterest("FRealQty", _DECIMAL))),
        ("FOutStockTrace", (FieldInterest("FCarryBillNo"),)),
    ),
    "SAL_RETURNSTOCK": (
        ("FEntity", (FieldInterest("FMaterialId", _NUMBER), FieldInterest("FRealQty", _DECIMAL))),
    ),
    "AR_RECEIVEBILL": (("FRECEIVEBILLENTRY", (FieldInterest("FRECTOTALAMOUNTFOR", _DECIMAL),)),),
    "AR_receivable": (
        (
            "FEntityDetail",
            (FieldInterest("FMATERIALID", _NUMBER), FieldInterest("FPriceQty", _DECIMAL)),
        ),
    ),
}
PACKETS: dict[str, dict[str, Any]] = {
    "BD_Customer": {"FCUSTID": 0},
    "BD_CommonContact": {"FCONTACTID": 0},
    "BD_MATERIAL": {"FMATERIALID": 0},
    "SAL_SaleOrder": {
        "FSalerId": {"FNumber": "0001_GW000001_1"},
        "FSaleOrderEntry": [{"FUnitID": {"FNumber": "Pcs"}, "FDeliveryDate": "2026-01-10"}],
        "FSaleOrderFinance": {"FSettleCurrId": {"FNumber": "PRE001"}, "FExchangeRate": 1},
    },
    "SAL_DELIVERYNOTICE": {"FEntity": [{"FUnitID": {"FNumber": "Pcs"}}]},
    "SAL_OUTSTOCK": {
        "FEntity": [{"FUnitID": {"FNumber": "Pcs"}, "FStockID": {"FNumber": "CK001"}}]
    },
    "SAL_RETURNSTOCK": {"FReturnReason": {"FNumber": ""}},
    "AR_RECEIVEBILL": {"FCONTACTUNITTYPE": "BD_Customer"},
    "AR_receivable": {"FBUSINESSTYPE": "BZ"},
}
_VALUES: dict[str, dict[str, JsonValue]] = {
    "BD_Customer": {
        "FName": "客户二",
        "FT_BD_CUSTOMEREXT.FMarginLevel": "3",
        "FT_BD_CUSTOMEREXT.FEnableSL": True,
    },
    "BD_CommonContact": {"FName": "王芳", "FMobile": "13900000000"},
    "BD_MATERIAL": {"FName": "螺丝", "FSpecification": "M3"},
    "SAL_SaleOrder": {"FCustId": "C1"},
    "SAL_DELIVERYNOTICE": {"FCustomerID": "C1"},
    "SAL_OUTSTOCK": {"FCustomerID": "C1"},
    "SAL_RETURNSTOCK": {"FRetcustId": "C1"},
    "AR_RECEIVEBILL": {"FCONTACTUNIT": "C1"},
    "AR_receivable": {"FCUSTOMERID": "C1"},
}
ROWS: dict[str, dict[str, dict[str, JsonValue]]] = {
    "BD_Customer": {
        "FT_BD_CUSTCONTACT": {"FNAME1": "仓库", "FMOBILE": "13800000000"},
        "FT_BD_CUSTBANK": {"FBANKCODE": "6222"},
        "FT_BD_CUSTLOCATION": {"FContactId": "LXR1"},
        "FT_BD_CUSTORDERORG": {"FOrderOrgId": "101"},
    },
    "SAL_SaleOrder": {
        "FSaleOrderEntry": {"FMaterialId": "M1", "FQty": "2"},
        "FSaleOrderPlan": {"FRecAdvanceAmount": "12.5"},
    },
    "SAL_DELIVERYNOTICE": {
        "FEntity": {"FMaterialID": "M1", "FQty": "2"},
        "FDeliNoticeTrace": {"FCarryBillNo": "SF1"},
    },
    "SAL_OUTSTOCK": {
        "FEntity": {"FMaterialID": "M1", "FRealQty": "2"},
        "FOutStockTrace": {"FCarryBillNo": "SF1"},
    },
    "SAL_RETURNSTOCK": {"FEntity": {"FMaterialId": "M1", "FRealQty": "1"}},
    "AR_RECEIVEBILL": {"FRECEIVEBILLENTRY": {"FRECTOTALAMOUNTFOR": "99.5"}},
    "AR_receivable": {"FEntityDetail": {"FMATERIALID": "M1", "FPriceQty": "3"}},
}

CONTRACT = ObjectInterest(
    "ABCD_Contract",
    "FID",
    "FBillNo",
    (
        FieldInterest("FBillNo"),
        FieldInterest("F_ABCD_Text"),
        FieldInterest("F_ABCD_Customer", FieldKind.NUMBER),
        FieldInterest("F_ABCD_Amount", FieldKind.DECIMAL),
        FieldInterest("F_ABCD_Signed", FieldKind.DATE),
        FieldInterest(_MARKER),
    ),
    (LinesInterest("F_ABCD_Items", "FEntryID", (FieldInterest("F_ABCD_Line"),)),),
    marker_field=_MARKER,
    is_bill=True,
)
"""A form that a company made for itself: known by configuration alone."""


def interest_of(form_id: str) -> ObjectInterest:
    """Return the interest in a known form, as a mapping of it would make one."""
    shape: KnownForm = next(each for each in KNOWN_FORMS if each.form_id == form_id)
    fields = (FieldInterest(shape.number_field), *_FIELDS[form_id])
    is_written = form_id in PACKETS
    return ObjectInterest(
        form_id,
        shape.id_field,
        shape.number_field,
        (*fields, FieldInterest(_MARKER)) if is_written else fields,
        tuple(LinesInterest(path, "FEntryID", rows) for path, rows in _LINES.get(form_id, ())),
        marker_field=_MARKER if is_written else None,
        is_bill=shape.number_field == "FBillNo",
    )


def create_of(form_id: str, n: int = 1, *, finish: Finish = Finish.AUDITED) -> Command:
    """Return the command to make a record of a form, with all its rows."""
    ref = seat(n)
    return Command(
        seat=ref,
        number=CommandNumber(1, 1),
        system=System.K3CLOUD,
        object_name=form_id,
        action=Action.CREATE,
        link_type="any",
        mapping_version="v1",
        issued_at=EPOCH,
        values={**_VALUES[form_id], _MARKER: str(ref)},
        rows={
            path: (RowWish(source_id=f"{path}-1", values=values),)
            for path, values in ROWS.get(form_id, {}).items()
        },
        packet=PACKETS[form_id],
        look_ups=(LookUp(by="marker", conditions={_MARKER: str(ref)}),),
        finish=finish,
    )


def everything() -> Interest:
    """Return the interest in all known forms."""
    return Interest(System.K3CLOUD, tuple(interest_of(each.form_id) for each in KNOWN_FORMS))
