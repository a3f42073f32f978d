"""The states of a record and what moves it: Submit, Audit, UnAudit, CancelAssign, Delete.

    Z draft ──Save──► A created ──Submit──► B in approval ──Audit──► C audited
                        D to be re-audited ◄──CancelAssign──┘  ◄──UnAudit──┘
                        D ──Submit──► B

Source: reference "k3cloud-webapi.md", sections 0, 2.2, 3.2, 3.3 and 3.6.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from anji_sandbox.k3cloud import quantities
from anji_sandbox.k3cloud.answers import Json, result, status
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal, already_audited, wrong_state
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import Form
from anji_sandbox.k3cloud.inventory import ALLOW_NEGATIVE, move_stock
from anji_sandbox.k3cloud.more_base_forms import OPERATE_LOG
from anji_sandbox.k3cloud.records import Record, draft
from anji_sandbox.k3cloud.targets import named_targets
from anji_sandbox.k3cloud.values import true_text

__all__ = ["STEPS", "Step", "answer_step", "run_on_targets", "submit_and_audit", "take_step"]

_EDITABLE = "ZAD"


@dataclass(frozen=True, slots=True)
class Step:
    """One status operation: from which states to which, and what the vendor calls both."""

    name: str
    title: str
    sources: str
    allowed: str
    """The states it may start from, in the vendor's words."""
    target: str


STEPS: Mapping[str, Step] = {
    "submit": Step("submit", "提交", _EDITABLE, "暂存、创建和重新审核", "B"),
    "audit": Step("audit", "审核", "B", "审核中", "C"),
    "unaudit": Step("unaudit", "反审核", "C", "已审核", "D"),
    "cancelassign": Step("cancelassign", "撤销", "B", "审核中", "D"),
    "delete": Step("delete", "删除", _EDITABLE, "暂存、创建和重新审核", ""),
}


def answer_step(context: Context, form: Form, call: Call, step: Step) -> Json:
    """Answer one status operation on every record that the call names."""
    is_confirmed = _confirms(lowered(call.data()))

    def act(record: Record) -> None:
        take_step(context, form, record, step, is_confirmed=is_confirmed)

    tolerates_unknown = step.name == "unaudit"
    return run_on_targets(context, form, call, act, tolerates_unknown=tolerates_unknown)


def run_on_targets(
    context: Context,
    form: Form,
    call: Call,
    act: Callable[[Record], None],
    *,
    tolerates_unknown: bool = False,
) -> Json:
    """Do `act` on each named record; one that is refused does not hold back the others.

    With `tolerates_unknown` unknown numbers are not told as long as one is known, as UnAudit does.
    """
    entities: list[Json] = []
    errors: list[Refusal] = []
    targets = named_targets(context, form, call.data())
    some_known = any(isinstance(record, dict) for _, record in targets)
    for dindex, record in targets:
        if isinstance(record, Refusal):
            if not (tolerates_unknown and some_known):
                record.dindex = dindex
                errors.append(record)
            continue
        try:
            act(record)
        except Refusal as refusal:
            refusal.dindex = dindex
            errors.append(refusal)
        else:
            number = record["head"].get(form.number) or " "
            entities.append({"Id": record["id"], "Number": number, "DIndex": dindex})
    ok = not errors or (bool(entities) and not context.switches.partial_batch_fails)
    return result(status(entities, errors, ok=ok))


def submit_and_audit(context: Context, form: Form, record_id: int) -> list[Refusal]:
    """Bring a record that was just saved to C; return why it stopped on the way."""
    for name in ("submit", "audit"):
        record = context.records.of(form).by_id[record_id]
        try:
            take_step(context, form, record, STEPS[name])
        except Refusal as refusal:
            return [refusal]
    return []


def _confirms(data: Json) -> bool:
    """Say whether a call lets a stock fall below zero."""
    flags = str(data.get("interationflags") or "").split(";")
    return ALLOW_NEGATIVE in flags or true_text(data.get("ignoreinterationflag", True))


def take_step(
    context: Context, form: Form, record: Record, step: Step, *, is_confirmed: bool = True
) -> None:
    """Move one record.

    Raises:
        Refusal: its state, its lines or what was made from it do not allow that.
    """
    head = record["head"]
    _refuse(form, record, step)
    if step.name == "delete":
        context.records.delete(form, record)
        _log(context, form, record, step)
        return
    if step.name == "audit":
        move_stock(context, form, record, sign=1, is_confirmed=is_confirmed)
        quantities.consume(context, form, record)
    elif step.name == "unaudit":
        move_stock(context, form, record, sign=-1, is_confirmed=True)
        quantities.give_back(context, form, record)
    # Read again: consuming may have closed this very record.
    changed = draft(context.records.of(form).by_id[record["id"]])
    head = changed["head"]
    head["FDocumentStatus"] = step.target
    if step.name == "audit":
        head["FApproveDate"], head["FApproverId"] = context.time, context.user_id
    elif step.name == "unaudit":
        head["FApproveDate"], head["FApproverId"] = None, 0
    if context.switches.audit_moves_modify_date:
        context.note_habit("audit moves the modify date")
        head["FModifyDate"], head["FModifierId"] = context.time, context.user_id
    context.records.keep(form, changed, done=step.name)


def _log(context: Context, form: Form, record: Record, step: Step) -> None:
    """Write down a delete, of which the log is the only trace (section 3.6)."""
    number = record["head"].get(form.number) or " "
    head = {
        "FDATETIME": context.time,
        "FUSERID": context.user_id,
        "FOPERATENAME": step.title,
        "FDESCRIPTION": f"单据编号为“{number}”的{form.title}，{step.title}成功",
        "FInterId": record["id"],
    }
    entry = {"id": context.records.next_id(), "head": head, "rows": {}}
    log = context.records.forms.standard(OPERATE_LOG)
    context.records.keep(log, entry, done="log")


def _refuse(form: Form, record: Record, step: Step) -> None:
    head = record["head"]
    number, state = head.get(form.number) or " ", head["FDocumentStatus"]
    if step.name == "audit" and state == "C":
        raise already_audited(number, form.title)
    if state not in step.sources:
        raise wrong_state(number, form.title, step.allowed, step.title)
    if step.name == "unaudit" and head.get("FCloseStatus") == "B":
        text = f"单据编号为“{number}”的{form.title}，单据已关闭，不允许反审核！"
        raise Refusal(Code.INVALID, text)
    if step.name == "submit" and head.get("FCancelStatus") == "B":
        text = f"单据编号为“{number}”的{form.title}，单据已作废，不允许提交！"
        raise Refusal(Code.INVALID, text)
