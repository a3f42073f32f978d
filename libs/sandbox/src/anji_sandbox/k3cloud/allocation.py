"""Base data and the organisations that may use it: the check of a bill, and Allocate.

Base data belongs to the organisation that made it. Allocating gives another one a copy with the
same number and the same master id; a bill's reference by number means its own organisation's.
Source: reference "k3cloud-webapi.md", sections 2.2, 3.5 ("Org scope") and 4.1. Which organisation
of a bill counts is not said there: here it is the one that sells (`Form.org`).
"""

from collections.abc import Iterator
from typing import Any

from anji_sandbox.k3cloud import lifecycle
from anji_sandbox.k3cloud.answers import Json, result, status
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import HEAD, Field, Form
from anji_sandbox.k3cloud.records import Record, draft, master_of
from anji_sandbox.k3cloud.targets import text_list
from anji_sandbox.k3cloud.values import true_text

__all__ = ["allocate", "cancel_allocate", "settle_references"]


def settle_references(context: Context, form: Form, record: Record) -> None:
    """Let a bill's references name its own organisation's base data.

    Raises:
        Refusal: it names something that is not allocated to the organisation.
    """
    org_id = record["head"].get(form.org) if form.org else 0
    if not org_id or not context.switches.checks_allocation:
        return
    for field, holder in _references(context, form, record):
        target = context.records.forms.get(field.target)
        named = None if target is None else context.records.of(target).by_id.get(holder[field.key])
        if target is None or named is None or named["head"].get("FUseOrgId") == org_id:
            continue
        copy = context.records.of(target).copy_in(named, org_id)
        if copy is None:
            number = named["head"].get(target.number)
            org = context.values.number_of("ORG_Organizations", org_id)
            text = f"字段“{field.title}”的编码值[“{number}”]未分配到组织[“{org}”]"
            raise Refusal(Code.NO_SUCH_FIELD_OR_VALUE, text, field.key)
        holder[field.key] = copy["id"]


def _references(context: Context, form: Form, record: Record) -> Iterator[tuple[Field, Json]]:
    """Give each reference to base data that is allocated, and the fields that hold it."""
    forms = context.records.forms
    for entity in (HEAD, *(each.key for each in form.rows_under(HEAD))):
        holders = [record] if entity == HEAD else record["rows"].get(entity, ())
        for field in form.stored_in(entity) if holders else ():
            target = forms.get(field.target) if field.target else None
            if target is not None and target.is_allocated:
                for holder in holders:
                    if holder["head"].get(field.key):
                        yield field, holder["head"]


def allocate(context: Context, form: Form, call: Call) -> Json:
    """Answer Allocate: a copy for each record and organisation that has none yet.

    Raises:
        Refusal: the form is not of that kind, or a record or organisation is not named.
    """
    data = lowered(call.data())
    audits = true_text(data.get("isautosubmitandaudit", False))
    entities: list[Json] = []
    errors: list[Refusal] = []
    for dindex, (record, org_id) in enumerate(_pairs(context, form, data)):
        records = context.records.of(form)
        copy = records.copy_in(record, org_id) or _copied(context, form, record, org_id)
        if audits and copy["head"]["FDocumentStatus"] != "C":
            errors.extend(lifecycle.submit_and_audit(context, form, copy["id"]))
        number = copy["head"].get(form.number) or " "
        entities.append({"Id": copy["id"], "Number": number, "DIndex": dindex})
    return result(status(entities, errors, ok=not errors))


def cancel_allocate(context: Context, form: Form, call: Call) -> Json:
    """Answer CancelAllocate, whose body no source shows: here it is Allocate's.

    Raises:
        Refusal: as `allocate`.
    """
    entities: list[Json] = []
    errors: list[Refusal] = []
    for dindex, (record, org_id) in enumerate(_pairs(context, form, lowered(call.data()))):
        copy = context.records.of(form).copy_in(record, org_id)
        number = record["head"].get(form.number) or " "
        if copy is None or copy is record:
            text = f"编码为“{number}”的{form.title}未分配到该组织"
            errors.append(Refusal(Code.NOT_FOUND, text, None, dindex))
            continue
        context.records.delete(form, copy)
        entities.append({"Id": copy["id"], "Number": number, "DIndex": dindex})
    return result(status(entities, errors, ok=not errors))


def _pairs(context: Context, form: Form, data: Json) -> list[tuple[Record, int]]:
    if not form.is_allocated:
        raise Refusal(Code.NOT_OPERABLE, f"{form.title}不支持分配", None)
    ids, orgs = text_list(data.get("pkids")), text_list(data.get("torgids"))
    for name, given in (("PkIds", ids), ("TOrgIds", orgs)):
        if not given:
            raise Refusal(Code.PARAMETER, f"data 数据包中的参数 {name} 的值不能为空", None)
    return [
        (_named(context, form, each), _organisation(context, org)) for each in ids for org in orgs
    ]


def _named(context: Context, form: Form, record_id: str) -> Record:
    number = int(record_id) if record_id.isdecimal() else 0
    record = context.records.of(form).by_id.get(number)
    if record is None:
        raise Refusal(Code.NOT_FOUND, f"内码值[“{record_id}”]不存在", None)
    return record


def _organisation(context: Context, org_id: str) -> int:
    number = int(org_id) if org_id.isdecimal() else 0
    if context.records.named("ORG_Organizations", number) is None:
        raise Refusal(Code.NOT_FOUND, f"组织内码值[“{org_id}”]不存在", None)
    return number


def _copied(context: Context, form: Form, record: Record, org_id: int) -> Record:
    copy = draft(record)
    copy["id"], copy["master"] = context.records.next_id(), master_of(record)
    _renumber(context, copy["rows"])
    copy["head"] |= {
        "FUseOrgId": org_id,
        "FDocumentStatus": "A",
        "FCreateDate": context.time,
        "FCreatorId": context.user_id,
        "FModifyDate": context.time,
        "FModifierId": context.user_id,
        "FApproveDate": None,
        "FApproverId": 0,
    }
    context.records.keep(form, copy, done="allocate")
    return copy


def _renumber(context: Context, rows: dict[str, Any]) -> None:
    for each in rows.values():
        for row in each:
            row["id"] = context.records.next_id()
            _renumber(context, row["rows"])
