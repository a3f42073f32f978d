"""Push: makes a downstream bill from an audited one, row by row with what is left.

Order → delivery notice, order → outbound, notice → outbound. Nothing is consumed here: that is
the target's audit, so a repeated push makes a second target, as it does in the real system.
Each source bill gets a target of its own. Where a notice names no stock, the outbound gets
``CK001``, as a material's usual stock would fill it.
Source: reference "k3cloud-webapi.md", sections 2.2, 3.1, 4.3 to 4.7.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from anji_sandbox.k3cloud.answers import Json, status
from anji_sandbox.k3cloud.bill_forms import NOTICE, ORDER, OUTBOUND
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal, unknown_form
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import Form, FormText
from anji_sandbox.k3cloud.packet import read_options
from anji_sandbox.k3cloud.quantities import remaining
from anji_sandbox.k3cloud.records import Record
from anji_sandbox.k3cloud.save import save_packet, success_entity
from anji_sandbox.k3cloud.targets import named_targets, text_list
from anji_sandbox.k3cloud.values import true_text

__all__ = ["push"]

_Head = tuple[tuple[str, str], ...]
"""Target field and source field of values that are carried over as they are."""


@dataclass(frozen=True, slots=True)
class _Rule:
    rule_id: str
    source: FormText
    entity: str
    target: FormText
    head: _Head
    rows: _Head
    quantity: str
    more: Callable[[Context, Record, Record], Json]
    """The fields of a target row that say where it comes from."""


def push(context: Context, form: Form, call: Call) -> Json:
    """Answer Push: save a target for each source bill and tell both outcomes.

    Raises:
        Refusal: no such rule or source.
    """
    data = lowered(call.data())
    rule = _find_rule(context, form, data)
    entry_ids = {int(text) for text in text_list(data.get("entryids")) if text.isdecimal()}
    sources = _sources(context, rule, data, entry_ids)
    entities: list[Json] = []
    errors: list[Refusal] = []
    refused: list[Refusal] = []
    converted: list[Json] = []
    for dindex, source in enumerate(sources):
        try:
            packet = _packet(context, rule, source, entry_ids)
        except Refusal as refusal:
            refusal.dindex = dindex
            refused.append(refusal)
            continue
        converted.append(success_entity(context, form, source, dindex))
        saved = _save(context, rule, packet, data)
        if isinstance(saved, list):
            errors.extend(saved)
        else:
            entities.append(
                success_entity(context, context.records.forms.standard(rule.target), saved, dindex)
            )
    outcome = status(entities, errors or refused, ok=not errors and not refused)
    conversion = status(converted, refused, ok=not refused)
    return {"Result": {"ConvertResponseStatus": conversion, "ResponseStatus": outcome}}


def _save(
    context: Context, rule: _Rule, packet: Json, data: Mapping[str, Any]
) -> Record | list[Refusal]:
    options, form = read_options({}), context.records.forms.standard(rule.target)
    saved = save_packet(context, form, packet, options)
    if isinstance(saved, list) and true_text(data.get("isdraftwhensavefail", False)):
        return save_packet(context, form, packet, options, is_draft=True)
    return saved


def _find_rule(context: Context, form: Form, data: Mapping[str, Any]) -> _Rule:
    own = [rule for rule in _RULES if rule.source.form_id == form.form_id]
    wanted = str(data.get("ruleid") or "").strip().lower()
    if wanted:
        found = next((rule for rule in own if rule.rule_id.lower() == wanted), None)
    elif true_text(data.get("isenabledefaultrule", False)):
        target_id = str(data.get("targetformid") or "")
        target = context.records.forms.find(target_id)
        if target is None:
            raise unknown_form(target_id)
        found = next((rule for rule in own if rule.target.form_id == target.form_id), None)
    else:
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 RuleId 的值不能为空", None)
    if found is None:
        raise Refusal(Code.NOT_FOUND, f"{form.title}没有可用的单据转换规则", None)
    return found


def _sources(
    context: Context, rule: _Rule, data: Mapping[str, Any], entry_ids: set[int]
) -> list[Record]:
    form = context.records.forms.standard(rule.source)
    records = context.records.of(form)
    if entry_ids:
        found = set().union(*(records.with_row(rule.entity, each) for each in entry_ids))
        if not found:
            raise Refusal(Code.NOT_FOUND, "没有可以下推的数据", None)
        return [records.by_id[each] for each in sorted(found)]
    sources = []
    for dindex, record in named_targets(context, form, data):
        if isinstance(record, Refusal):
            record.dindex = dindex
            raise record
        sources.append(record)
    return sources


def _packet(context: Context, rule: _Rule, source: Record, entry_ids: set[int]) -> Json:
    head, form = source["head"], context.records.forms.standard(rule.source)
    number = head.get(form.number) or " "
    if head["FDocumentStatus"] != "C" or head.get("FCloseStatus") == "B":
        text = f"单据编号为“{number}”的{rule.source.title}，只有已审核且未关闭的数据才允许下推！"
        raise Refusal(Code.INVALID, text)
    rows = []
    for row in source["rows"].get(rule.entity, ()):
        left = remaining(rule.source.form_id, row, rule.target.form_id)
        if left > 0 and (not entry_ids or row["id"] in entry_ids):
            carried = _carried(form, rule.entity, row["head"], rule.rows)
            rows.append({**carried, rule.quantity: float(left), **rule.more(context, source, row)})
    if not rows:
        text = f"单据编号为“{number}”的{rule.source.title}，没有可以下推的数据！"
        raise Refusal(Code.INVALID, text)
    target = _carried(form, "", head, rule.head)
    finance = {"FSettleCurrID": _reference(head.get("FSettleCurrId") or head.get("FSettleCurrID"))}
    return {**target, "SubHeadEntity": finance, "FEntity": rows}


def _carried(form: Form, group: str, head: Mapping[str, Any], pairs: _Head) -> Json:
    found: Json = {}
    for target_key, source_key in pairs:
        field = form.field_of(group, source_key)
        value = head.get(source_key)
        if field is not None and value is not None:
            found[target_key] = _reference(value) if field.target else value
    return found


def _reference(record_id: object) -> Json:
    return {"Id": record_id or 0}


def _link(rule_id: str, table: str, prefix: str, source: Record, row: Record) -> Json:
    return {
        f"{prefix}FRuleId": rule_id,
        f"{prefix}FSTableName": table,
        f"{prefix}FSBillId": source["id"],
        f"{prefix}FSId": row["id"],
    }


def _notice_of_order(_: Context, order: Record, row: Record) -> Json:
    number = order["head"]["FBillNo"]
    return {
        "FOrderNo": number,
        "FOrderSeq": row["seq"],
        "FSrcType": ORDER.form_id,
        "FSrcBillNo": number,
        "FSOEntryId": row["id"],
        "FEntity_Link": [
            _link("SaleOrder-DeliveryNotice", "T_SAL_ORDERENTRY", "", order, row),
        ],
    }


def _outbound_of_order(_: Context, order: Record, row: Record) -> Json:
    number = order["head"]["FBillNo"]
    return {
        "FSrcType": ORDER.form_id,
        "FSrcBillNo": number,
        "FSoorDerno": number,
        "FSOEntryId": row["id"],
        "FStockID": _USUAL_STOCK,
        "FEntity_Link": [
            _link("SaleOrder-OutStock", "T_SAL_ORDERENTRY", "FEntity_Link_", order, row),
        ],
    }


def _outbound_of_notice(_: Context, notice: Record, row: Record) -> Json:
    head, stock = row["head"], row["head"].get("FStockID")
    return {
        "FSrcType": NOTICE.form_id,
        "FSrcBillNo": notice["head"]["FBillNo"],
        "FSoorDerno": head.get("FOrderNo") or "",
        "FSOEntryId": head.get("FSOEntryId") or 0,
        "FStockID": _reference(stock) if stock else _USUAL_STOCK,
        "FEntity_Link": [
            _link("DeliveryNotice-OutStock", "T_SAL_DELIVERYNOTICEENTRY", "FEntity_Link_",
                  notice, row),
        ],
    }  # fmt: skip


_USUAL_STOCK = {"FNumber": "CK001"}

_RULES = (
    _Rule(
        "SaleOrder-DeliveryNotice",
        ORDER,
        "FSaleOrderEntry",
        NOTICE,
        (
            ("FSaleOrgId", "FSaleOrgId"),
            ("FCustomerID", "FCustId"),
            ("FReceiverID", "FReceiveId"),
            ("FSalesManID", "FSalerId"),
            ("FSaleDeptID", "FSaleDeptId"),
            ("FReceiveAddress", "FReceiveAddress"),
        ),
        (
            ("FMaterialID", "FMaterialId"),
            ("FUnitID", "FUnitID"),
            ("FDeliveryDate", "FDeliveryDate"),
        ),
        "FQty",
        _notice_of_order,
    ),
    _Rule(
        "SaleOrder-OutStock",
        ORDER,
        "FSaleOrderEntry",
        OUTBOUND,
        (
            ("FSaleOrgId", "FSaleOrgId"),
            ("FCustomerID", "FCustId"),
            ("FReceiverID", "FReceiveId"),
            ("FSalesManID", "FSalerId"),
            ("FReceiveAddress", "FReceiveAddress"),
        ),
        (
            ("FMaterialID", "FMaterialId"),
            ("FUnitID", "FUnitID"),
            ("FPrice", "FPrice"),
            ("FTaxPrice", "FTaxPrice"),
            ("FEntryTaxRate", "FEntryTaxRate"),
            ("FIsFree", "FIsFree"),
        ),
        "FRealQty",
        _outbound_of_order,
    ),
    _Rule(
        "DeliveryNotice-OutStock",
        NOTICE,
        "FEntity",
        OUTBOUND,
        (
            ("FSaleOrgId", "FSaleOrgId"),
            ("FStockOrgId", "FDeliveryOrgID"),
            ("FCustomerID", "FCustomerID"),
            ("FReceiverID", "FReceiverID"),
            ("FSalesManID", "FSalesManID"),
            ("FReceiveAddress", "FReceiveAddress"),
            ("FCarrierID", "FCarrierID"),
            ("FCarriageNO", "FCarriageNO"),
        ),
        (("FMaterialID", "FMaterialID"), ("FUnitID", "FUnitID")),
        "FRealQty",
        _outbound_of_notice,
    ),
)
