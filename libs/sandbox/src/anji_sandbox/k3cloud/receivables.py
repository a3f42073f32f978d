"""The receivable that an audited outbound makes by itself, where the tenant is set up so.

Source: reference "k3cloud-webapi.md", section 3.1: the audit tells it in SuccessMessages.
"""

from anji_sandbox.k3cloud.answers import Json
from anji_sandbox.k3cloud.bill_forms import OUTBOUND
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import Form
from anji_sandbox.k3cloud.money_forms import RECEIVABLE
from anji_sandbox.k3cloud.packet import read_options
from anji_sandbox.k3cloud.records import Record
from anji_sandbox.k3cloud.save import save_packet

__all__ = ["add_receivables"]


def add_receivables(context: Context, form: Form, answer: Json) -> Json:
    """Make and audit a receivable for each outbound that an audit's answer names; tell it."""
    if form.form_id != OUTBOUND.form_id or not context.switches.outbound_makes_receivable:
        return answer
    told = answer["Result"]["ResponseStatus"]
    for entity in told["SuccessEntitys"]:
        outbound = context.records.of(form).by_id[entity["Id"]]
        target = context.records.forms.standard(RECEIVABLE)
        options = read_options({"IsAutoSubmitAndAudit": True})
        saved = save_packet(context, target, _packet(outbound), options)
        if isinstance(saved, list):
            told["SuccessMessages"] += [_message(each.message, entity) for each in saved]
        else:
            number = saved["head"][target.number]
            text = f"单据编号为“{number}”的应收单，审核成功！"
            told["SuccessMessages"].append(_message(text, entity))
    return answer


def _message(text: str, entity: Json) -> Json:
    return {"FieldName": None, "Message": text, "DIndex": entity["DIndex"]}


def _packet(outbound: Record) -> Json:
    head = outbound["head"]
    rows = [
        {
            "FMATERIALID": {"Id": row["head"].get("FMaterialID") or 0},
            "FPRICEUNITID": {"Id": row["head"].get("FUnitID") or 0},
            "FPriceQty": row["head"].get("FRealQty"),
            "FTaxPrice": row["head"].get("FTaxPrice"),
            "FEntryTaxRate": row["head"].get("FEntryTaxRate"),
        }
        for row in outbound["rows"].get("FEntity", ())
    ]
    return {
        "FCUSTOMERID": {"Id": head.get("FCustomerID") or 0},
        "FSETTLEORGID": {"Id": head.get("FSettleOrgID") or 0},
        "FCURRENCYID": {"Id": head.get("FSettleCurrID") or 0},
        "FEntityDetail": rows,
    }
