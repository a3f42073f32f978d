"""Save, Draft and BatchSave: packet by packet, each whole or not at all.

Source: reference "k3cloud-webapi.md", sections 2.1, 3.1 to 3.3 and 9.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from anji_sandbox.k3cloud import lifecycle
from anji_sandbox.k3cloud.allocation import settle_references
from anji_sandbox.k3cloud.answers import Json, failure, result, status, success
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal, audited_is_closed_to_edits
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import HEAD, Form
from anji_sandbox.k3cloud.packet import (
    SaveOptions,
    lay_packet,
    read_options,
    record_id_of,
    refuse_order,
)
from anji_sandbox.k3cloud.records import Record, draft
from anji_sandbox.k3cloud.returned import needed_data
from anji_sandbox.k3cloud.rules import (
    add_defaults,
    compute,
    missing_fields,
    number_record,
    refuse_duplicate,
)

__all__ = ["TakenBackError", "batch_save", "save", "save_packet", "success_entity"]

_PACKETS = "k3cloud packets"


class TakenBackError(Exception):
    """A call whose writes are all to be taken back, and its answer."""

    def __init__(self, answer: Json) -> None:
        super().__init__("taken back")
        self.answer = answer


def save(context: Context, form: Form, call: Call, *, is_draft: bool = False) -> Json:
    """Answer Save or Draft."""
    data = call.data()
    model = _model(data)
    if not isinstance(model, Mapping):
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 Model 格式错误", None)
    options = read_options(data)
    saved = save_packet(context, form, model, options, is_draft=is_draft)
    if isinstance(saved, list):
        return failure(saved)
    return success(
        [success_entity(context, form, saved, 0)],
        Id=saved["id"],
        Number=saved["head"].get(form.number) or " ",
        NeedReturnData=[needed_data(context, form, saved, options.returned)],
    )


def batch_save(context: Context, form: Form, call: Call) -> Json:
    """Answer BatchSave: every packet by itself, told apart by DIndex."""
    data = call.data()
    models = _model(data)
    if not isinstance(models, list) or not all(isinstance(each, Mapping) for each in models):
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 Model 需数组格式", None)
    most = context.switches.most_packets
    if most is not None and len(models) > most:
        text = f"data 数据包中的参数 Model 不能超过{most}个"
        raise Refusal(Code.PARAMETER, text, None)
    options = read_options(data)
    entities: list[Json] = []
    errors: list[Refusal] = []
    returned: list[Json] = []
    for dindex, model in enumerate(models):
        saved = save_packet(context, form, model, options, dindex=dindex)
        if isinstance(saved, list):
            errors.extend(saved)
            returned.append({})
        else:
            entities.append(success_entity(context, form, saved, dindex))
            returned.append(needed_data(context, form, saved, options.returned))
    if errors and context.switches.batch_is_one_transaction:
        raise TakenBackError(failure(errors))
    ok = not errors or (bool(entities) and not context.switches.partial_batch_fails)
    return result(status(entities, errors, ok=ok), NeedReturnData=returned)


def save_packet(  # noqa: PLR0913 - a packet, its options and its place
    context: Context,
    form: Form,
    model: Mapping[str, Any],
    options: SaveOptions,
    *,
    dindex: int = 0,
    is_draft: bool = False,
) -> Record | list[Refusal]:
    """Save one packet and return the record, or why not."""
    try:
        refuse_order(context, form, model, options)
        fingerprint = _refuse_repeat(context, form, model, options)
        record = _edited(context, form, model, options, is_draft=is_draft)
        settle_references(context, form, record)
        missing = [] if is_draft else missing_fields(form, record)
        if missing:
            return _at(missing, dindex)
        refuse_duplicate(context, form, record)
        if not is_draft:
            number_record(context, form, record)
    except Refusal as refusal:
        return _at([refusal], dindex)
    is_new = record["id"] not in context.records.of(form).by_id
    context.records.keep(form, record, done="create" if is_new else "update")
    if fingerprint:
        context.records.store.put(_PACKETS, fingerprint, {"id": record["id"]})
    if options.submits_and_audits:
        refusals = lifecycle.submit_and_audit(context, form, record["id"])
        if refusals:
            return _at(refusals, dindex)
    return context.records.of(form).by_id[record["id"]]


def success_entity(context: Context, form: Form, record: Record, dindex: int) -> Json:
    """Return a record's row in SuccessEntitys."""
    entity: Json = {
        "Id": record["id"],
        "Number": record["head"].get(form.number) or " ",
        "DIndex": dindex,
    }
    rows = {key: [row["id"] for row in rows] for key, rows in record["rows"].items() if rows}
    if rows and context.switches.answers_entry_ids:
        entity["EntryIds"] = rows
    return entity


def _edited(
    context: Context, form: Form, model: Mapping[str, Any], options: SaveOptions, *, is_draft: bool
) -> Record:
    """Return the record as it would be after the packet."""
    record_id = record_id_of(form, model)
    record = _existing(context, form, record_id) if record_id else _new(context, options)
    number = record["head"].get(form.number)
    lay_packet(context, form, record, model, options)
    head = record["head"]
    if not record_id:
        _mind_numbering(context, form, head)
    head[form.number] = head.get(form.number) or number or ""
    add_defaults(context, form, record, context.records.of(form).by_id.get(record_id))
    compute(form, record)
    if record_id:
        if head.get("FModifyDate") == context.time and context.switches.time_granularity_ms > 1:
            context.note_habit("two versions of one time")
        head["FModifyDate"], head["FModifierId"] = context.time, context.user_id
    if context.switches.save_seconds:
        context.note_habit("found later than its date")
    if is_draft and not record_id:
        head["FDocumentStatus"] = "Z"
    elif head["FDocumentStatus"] == "Z" and not is_draft:
        head["FDocumentStatus"] = "A"
    return record


def _mind_numbering(context: Context, form: Form, head: Json) -> None:
    """Do with a new record's own number what the tenant's coding rule does.

    Raises:
        Refusal: it may not have one.
    """
    if not head.get(form.number) or context.switches.manual_numbers == "allow":
        return
    if context.switches.manual_numbers == "refuse":
        text = f"{form.title}的编码规则不允许手工编号"
        raise Refusal(Code.INVALID, text, form.number)
    head[form.number] = ""


def _existing(context: Context, form: Form, record_id: int) -> Record:
    stored = context.records.of(form).by_id.get(record_id)
    if stored is None:
        raise Refusal(Code.NOT_FOUND, f"内码值[“{record_id}”]不存在", form.key)
    state = stored["head"]["FDocumentStatus"]
    is_free = not form.is_bill and context.switches.audited_base_data_is_editable
    if (state == "C" and not is_free) or (
        state == "B" and not context.switches.submitted_is_editable
    ):
        raise audited_is_closed_to_edits(stored["head"][form.number], form.title)
    return draft(stored)


def _new(context: Context, options: SaveOptions) -> Record:
    known = context.records.named("SEC_User", options.creator)
    head: Json = {
        "FDocumentStatus": "A",
        "FCreateDate": context.time,
        "FCreatorId": context.user_id if known is None else options.creator,
        "FModifyDate": None,
        "FModifierId": 0,
        "FApproveDate": None,
        "FApproverId": 0,
    }
    if not context.switches.empty_modify_date_on_create:
        head["FModifyDate"], head["FModifierId"] = context.time, context.user_id
    return {"id": context.records.next_id(), "head": head, "rows": {}}


def _refuse_repeat(
    context: Context, form: Form, model: Mapping[str, Any], options: SaveOptions
) -> str:
    """Return what to remember the packet by, or nothing where repeats are allowed."""
    if not options.refuses_repeats:
        return HEAD
    packed = orjson.dumps([form.form_id, dict(model)], option=orjson.OPT_SORT_KEYS)
    fingerprint = hashlib.sha256(packed).hexdigest()
    if context.records.store.get(_PACKETS, fingerprint) is not None:
        raise Refusal(Code.INVALID, "数据包重复提交，请勿重复操作！", None)
    return fingerprint


def _model(data: Mapping[str, Any]) -> object:
    found = lowered(dict(data)).get("model")
    if found in (None, "", {}, []):
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 Model 的值不能为空", None)
    return found


def _at(refusals: list[Refusal], dindex: int) -> list[Refusal]:
    for each in refusals:
        each.dindex = dindex
    return refusals
