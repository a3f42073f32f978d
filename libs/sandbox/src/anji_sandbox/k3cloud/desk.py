"""What a client does beside records: SwitchOrg, SendMsg, WorkflowAudit, FlexSave, reports.

Source: reference "k3cloud-webapi.md", section 2.2, for what they take; what SwitchOrg, SendMsg and
FlexSave answer is open. What a workflow step does to a record: section 3.6 (reject gives D).
"""

from collections.abc import Mapping

from anji_sandbox.k3cloud import lifecycle
from anji_sandbox.k3cloud.answers import Json, result, status
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal, unknown_form
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.records import Record
from anji_sandbox.k3cloud.targets import text_list

__all__ = ["MESSAGES", "audit_workflow", "report", "save_flex", "send_messages", "switch_org"]

MESSAGES = "k3cloud messages"
_FLEX = "k3cloud flex values"


def switch_org(context: Context, call: Call) -> Json:
    """Answer SwitchOrg: the session's organisation from now on.

    Raises:
        Refusal: there is no such organisation.
    """
    number = str(lowered(call.data()).get("orgnumber") or "").strip()
    form = context.records.forms.get("ORG_Organizations")
    if form is None or context.records.of(form).find_number(number) is None:
        raise Refusal(Code.NOT_FOUND, f'编码值["{number}"]不存在', None)
    context.session.org_number = number
    return result(status([], (), ok=True))


def send_messages(context: Context, call: Call) -> Json:
    """Answer SendMsg: keep each message for the people it is for.

    Raises:
        Refusal: a message has no title, or nobody to go to.
    """
    model = lowered(call.data()).get("model")
    given = model if isinstance(model, list) else []
    found = [lowered(each) for each in given if isinstance(each, dict)]
    if not found:
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 Model 的值不能为空", None)
    for at, each in enumerate(found):
        for key in ("FTitle", "FReceivers"):
            if not each.get(key.lower()):
                raise Refusal(Code.PARAMETER, f"字段“{key}”是必填项", key, at)
    store = context.records.store
    entities: list[Json] = []
    for at, each in enumerate(found):
        number = store.next_number(MESSAGES)
        told = {"id": number, "time": context.time, "sender": context.user_id, **each}
        store.put(MESSAGES, str(number), told)
        entities.append({"Id": number, "Number": "", "DIndex": at})
    return result(status(entities, (), ok=True))


_APPROVALS = {"1": "audit", "2": "cancelassign", "3": "cancelassign"}


def audit_workflow(context: Context, call: Call) -> Json:
    """Answer WorkflowAudit: approve (1), reject (2) or end (3) what was submitted.

    Raises:
        Refusal: no such form or kind of approval, or nothing is named.
    """
    data = lowered(call.data())
    form_id, kind = str(data.get("formid") or ""), str(data.get("approvaltype") or "")
    form = context.records.forms.find(form_id)
    if form is None:
        raise unknown_form(form_id)
    if kind not in _APPROVALS:
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 ApprovalType 格式错误", None)
    step = lifecycle.STEPS[_APPROVALS[kind]]

    def act(record: Record) -> None:
        lifecycle.take_step(context, form, record, step)

    return lifecycle.run_on_targets(context, form, call, act)


def save_flex(context: Context, call: Call) -> Json:
    """Answer FlexSave: an id for each set of flex values, the same for equal ones.

    Raises:
        Refusal: nothing is given.
    """
    model = lowered(call.data()).get("model")
    given = model if isinstance(model, list) else []
    rows = [each for each in given if isinstance(each, Mapping)]
    if not rows:
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 Model 的值不能为空", None)
    entities: list[Json] = []
    for at, row in enumerate(rows):
        parts = sorted((str(key).upper(), _named(value)) for key, value in row.items())
        text = ";".join(f"{key}={value}" for key, value in parts)
        flex_id = context.records.base_id(_FLEX, text)
        entities.append({"Id": flex_id, "Number": text, "DIndex": at})
    return result(status(entities, (), ok=True))


def report(_: Context, call: Call) -> Json:
    """Refuse GetSysReportData: no report is defined here, as none is described.

    Raises:
        Refusal: always; without a form of its own field in words that were seen.
    """
    form_id = str(call.parameters[0] if call.parameters else call.fields.get("formid") or "")
    if not form_id.strip():
        raise Refusal(Code.PARAMETER, "表单标识为空", None)
    raise unknown_form(form_id)


def _named(value: object) -> str:
    found = (
        next(iter(text_list(list(value.values()))), "") if isinstance(value, Mapping) else value
    )
    return str(found)
