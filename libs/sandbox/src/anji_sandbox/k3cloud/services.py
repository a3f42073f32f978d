"""The services that need a session: which does what, and what a refusal of each looks like.

Source: reference "k3cloud-webapi.md", sections 2, 3.5 and 8 (``ExcuteOperation`` is Kingdee's own
spelling, ``ExecuteOperation`` worked too).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from anji_sandbox.k3cloud import attachments, desk, groups, lifecycle
from anji_sandbox.k3cloud.allocation import allocate, cancel_allocate
from anji_sandbox.k3cloud.answers import Json, failure
from anji_sandbox.k3cloud.body import Call
from anji_sandbox.k3cloud.codes import Code, Refusal, unknown_form
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import Form
from anji_sandbox.k3cloud.metadata import business_info
from anji_sandbox.k3cloud.operations import execute_operation
from anji_sandbox.k3cloud.push import push
from anji_sandbox.k3cloud.query import Queries, field_count
from anji_sandbox.k3cloud.receivables import add_receivables
from anji_sandbox.k3cloud.records import Records
from anji_sandbox.k3cloud.save import TakenBackError, batch_save, save
from anji_sandbox.k3cloud.view import view

__all__ = ["Services", "form_of", "refused"]

_OfForm = Callable[[Context, Form, Call], Json]
_OfData = Callable[[Context, Call], Json]


def _draft(context: Context, form: Form, call: Call) -> Json:
    return save(context, form, call, is_draft=True)


def _step(step: lifecycle.Step) -> _OfForm:
    def answer(context: Context, form: Form, call: Call) -> Json:
        answered = lifecycle.answer_step(context, form, call, step)
        return add_receivables(context, form, answered) if step.name == "audit" else answered

    return answer


_FORM_WRITES: Mapping[str, _OfForm] = {
    "save": save,
    "draft": _draft,
    "batchsave": batch_save,
    "push": push,
    "allocate": allocate,
    "cancelallocate": cancel_allocate,
    "excuteoperation": execute_operation,
    "executeoperation": execute_operation,
    "groupsave": groups.save_group,
    **{name: _step(step) for name, step in lifecycle.STEPS.items()},
}
_DATA_WRITES: Mapping[str, _OfData] = {
    "attachmentupload": attachments.upload,
    "flexsave": desk.save_flex,
    "groupdelete": groups.delete_groups,
    "sendmsg": desk.send_messages,
    "switchorg": desk.switch_org,
    "workflowaudit": desk.audit_workflow,
}
_READS: Mapping[str, _OfData] = {
    "attachmentdownload": attachments.download,
    "getsysreportdata": desk.report,
    "querybusinessinfo": business_info,
    "querygroupinfo": groups.group_info,
}


@dataclass(slots=True)
class Services:
    """The services of one account set."""

    records: Records
    _queries: Queries = field(default_factory=Queries)

    def answer(  # noqa: PLR0911 - one return a kind of service
        self, context: Context, service: str, call: Call
    ) -> object:
        """Return the answer of a service, or `None` if there is no such service.

        Raises:
            Refusal: a read is refused; a refused write is an answer.
        """
        match service:
            case "executebillquery":
                return self._queries.rows(context, call)
            case "billquery":
                return self._queries.documents(context, call)
            case "view":
                return view(context, form_of(context, call), call)
            case _ if service in _READS:
                return _READS[service](context, call)
            case _ if service in _FORM_WRITES:
                operation = _FORM_WRITES[service]
                return self._write(lambda: operation(context, _writable(context, call), call))
            case _ if service in _DATA_WRITES:
                act = _DATA_WRITES[service]
                return self._write(lambda: act(context, call))
            case _:
                return None

    def _write(self, act: Callable[[], Json]) -> Json:
        """Run a write in one transaction; a refusal leaves what other packets did."""
        try:
            with self.records.store.transaction():
                try:
                    return act()
                except Refusal as refusal:
                    return failure([refusal])
        except TakenBackError as taken:
            self.records.read_again()
            return taken.answer
        except BaseException:
            self.records.read_again()
            raise


def refused(service: str, call: Call, refusal: Refusal) -> object:
    """Return a refusal in the shape of its service: queries disguise it as a row."""
    answer = failure([refusal])
    if service == "executebillquery":
        return [[answer, *[None] * (field_count(call) - 1)]]
    return [answer] if service == "billquery" else answer


def form_of(context: Context, call: Call) -> Form:
    """Return the form that a call means.

    Raises:
        Refusal: there is none, or the caller may not use it.
    """
    form_id = call.form_id()
    form = context.records.forms.find(form_id)
    if form is None:
        raise unknown_form(form_id)
    return form


def _writable(context: Context, call: Call) -> Form:
    form = form_of(context, call)
    if form.is_readonly:
        raise Refusal(Code.NOT_OPERABLE, f"{form.title}只能查询", None)
    return form
