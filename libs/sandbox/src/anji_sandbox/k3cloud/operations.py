"""ExcuteOperation: the registered operations that set one status each.

Source: reference "k3cloud-webapi.md", sections 2.2 (operation numbers) and 3.6 (values).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from anji_sandbox.k3cloud.answers import Json
from anji_sandbox.k3cloud.body import Call
from anji_sandbox.k3cloud.codes import Code, Refusal
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import Form
from anji_sandbox.k3cloud.lifecycle import run_on_targets
from anji_sandbox.k3cloud.records import Record, draft

__all__ = ["execute_operation", "operations_of"]


@dataclass(frozen=True, slots=True)
class _Operation:
    title: str
    status: str
    """The field that it sets."""
    value: str
    who: str
    when: str


_FORBID = ("FForbidStatus", "FForbidderId", "FForbidDate")
_CANCEL = ("FCancelStatus", "FCancellerId", "FCancelDate")
_CLOSE = ("FCloseStatus", "FCloserId", "FCloseDate")


def _operation(title: str, keys: tuple[str, str, str], value: str) -> _Operation:
    status, who, when = keys
    return _Operation(title, status, value, who, when)


def _flag(title: str, name: str, value: str) -> _Operation:
    """Return an operation whose status field no source shows; it is kept all the same."""
    return _operation(title, (f"#{name}", f"#{name} by", f"#{name} at"), value)


_BASE: Mapping[str, _Operation] = {
    "Forbid": _operation("禁用", _FORBID, "B"),
    "Enable": _operation("反禁用", _FORBID, "A"),
}
_BILL: Mapping[str, _Operation] = {
    "Cancel": _operation("作废", _CANCEL, "B"),
    "UnCancel": _operation("反作废", _CANCEL, "A"),
}
_MORE: Mapping[str, Mapping[str, _Operation]] = {
    "SAL_SaleOrder": {
        "YLBillClose": _operation("整单关闭", _CLOSE, "B"),
        "YLUnBillClose": _operation("整单反关闭", _CLOSE, "A"),
        "YLTerminate": _flag("业务终止", "terminated", "B"),
        "YLUnTerminate": _flag("反业务终止", "terminated", "A"),
        "YLFreeze": _flag("冻结", "frozen", "B"),
        "YLUnFreeze": _flag("反冻结", "frozen", "A"),
        "YLMRPClose": _flag("MRP运算关闭", "mrp closed", "B"),
        "YLUnMRPClose": _flag("反MRP运算关闭", "mrp closed", "A"),
    },
    "AR_RECEIVEBILL": {"ALLReFund": _flag("整单退款", "refunded", "B")},
}


def operations_of(form: Form) -> Mapping[str, str]:
    """Return the numbers and titles of a form's operations."""
    return {number: each.title for number, each in _operations(form).items()}


def execute_operation(context: Context, form: Form, call: Call) -> Json:
    """Answer ExcuteOperation on every record that the call names.

    Raises:
        Refusal: no operation number, or one that the form does not have.
    """
    wanted = call.text("opnumber", 1)
    if not wanted:
        raise Refusal(Code.NO_OPERATION, "操作编码不能为空", None)
    by_lower = {number.lower(): each for number, each in _operations(form).items()}
    operation = by_lower.get(wanted.lower())
    if operation is None:
        raise Refusal(Code.EXCEPTION, f"操作编码“{wanted}”不存在", None)

    def act(record: Record) -> None:
        _act(context, form, record, operation)

    return run_on_targets(context, form, call, act)


def _act(context: Context, form: Form, record: Record, operation: _Operation) -> None:
    number = record["head"].get(form.number) or " "
    if (record["head"].get(operation.status) or "A") == operation.value:
        text = f"单据编号为“{number}”的{form.title}，已经{operation.title}！"
        raise Refusal(Code.INVALID, text)
    changed = draft(record)
    head, sets = changed["head"], operation.value == "B"
    head[operation.status] = operation.value
    head[operation.who] = context.user_id if sets else 0
    head[operation.when] = context.time if sets else None
    if context.switches.operations_move_modify_date:
        head["FModifyDate"], head["FModifierId"] = context.time, context.user_id
    context.records.keep(form, changed, done=operation.title)


def _operations(form: Form) -> Mapping[str, _Operation]:
    if not form.is_bill:
        return _BASE
    return {**_BILL, **_MORE.get(form.form_id, {})}
