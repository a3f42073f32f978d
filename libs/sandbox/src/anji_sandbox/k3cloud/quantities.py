"""What shipping takes from the rows it came from, at audit and back at un-audit.

An audited notice takes from the quantity that may still be notified on the order's row; an audited
outbound takes from the notice's row and the order's row. A row knows its sources by its links.
Source: reference "k3cloud-webapi.md", sections 2.2, 4.3 to 4.5 and 4.7 (a source's quantities are
consumed at audit only). Which bills close by themselves: section 4.4, for notices; the same is
done for orders.
"""

from decimal import Decimal

from anji_sandbox.k3cloud.bill_forms import NOTICE, ORDER, OUTBOUND
from anji_sandbox.k3cloud.codes import Code, Refusal
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import Form
from anji_sandbox.k3cloud.records import Record, draft

__all__ = ["NOTIFIED", "consume", "find_row", "give_back", "remaining"]

NOTIFIED = "#notified"
"""On an order's row: how much of it audited notices hold. No field of the form."""

_SHIPPING = (NOTICE.form_id, OUTBOUND.form_id)
_ENTRY = {ORDER.form_id: "FSaleOrderEntry", NOTICE.form_id: "FEntity", OUTBOUND.form_id: "FEntity"}


def find_row(record: Record, entity: str, row_id: int) -> Record | None:
    """Return the row of this id, or `None`."""
    return next((row for row in record["rows"].get(entity, ()) if row["id"] == row_id), None)


def remaining(source: str, row: Record, target: str) -> Decimal:
    """Return how much of a source form's row may still be pushed to a target form."""
    head = row["head"]
    if source == NOTICE.form_id:
        return _decimal(head.get("FQty")) - _decimal(head.get("FSumOutQty"))
    taken = _decimal(head.get("FStockOutQty"))
    if target == NOTICE.form_id:
        taken = max(taken, _decimal(head.get(NOTIFIED)))
    return _decimal(head.get("FQty")) - taken


def consume(context: Context, form: Form, record: Record) -> None:
    """Take what an audited notice or outbound ships from the rows it came from.

    Raises:
        Refusal: a row ships more than is left.
    """
    _move(context, form, record, sign=1)


def give_back(context: Context, form: Form, record: Record) -> None:
    """Undo `consume`."""
    _move(context, form, record, sign=-1)


def _move(context: Context, form: Form, record: Record, *, sign: int) -> None:
    changed: dict[tuple[str, int], Record] = {}
    forms = context.records.forms
    for row in record["rows"].get("FEntity", ()) if form.form_id in _SHIPPING else ():
        quantity = sign * _decimal(
            row["head"].get("FQty" if form.form_id == NOTICE.form_id else "FRealQty")
        )
        order_row = _source(context, changed, forms.standard(ORDER), row["head"].get("FSOEntryId"))
        if order_row is not None:
            _take_from_order(form, record, order_row, quantity)
        notice_row = _source(
            context, changed, forms.standard(NOTICE), _linked_notice_row(form, row)
        )
        if notice_row is not None:
            head = notice_row["head"]
            head["FSumOutQty"] = float(_decimal(head.get("FSumOutQty")) + quantity)
            head["FJoinOutQty"] = head["FSumOutQty"]
            head["FRemainOutQty"] = float(_decimal(head["FQty"]) - _decimal(head["FSumOutQty"]))
            head["FCLOSESTATUS_MX"] = "B" if head["FRemainOutQty"] <= 0 else "A"
    for (form_id, _), source in changed.items():
        source_form = forms.standard(ORDER if form_id == ORDER.form_id else NOTICE)
        _close_or_open(context, source_form, source, reopens=sign < 0)
        context.records.keep(source_form, source, done="ship")


def _take_from_order(form: Form, record: Record, row: Record, quantity: Decimal) -> None:
    head = row["head"]
    key = NOTIFIED if form.form_id == NOTICE.form_id else "FStockOutQty"
    taken = _decimal(head.get(key)) + quantity
    if taken > _decimal(head.get("FQty")):
        number = record["head"].get(form.number)
        text = (
            f"单据编号为“{number}”的{form.title}，第【{row['seq']}】行订单分录数量超过可发数量！"
        )
        raise Refusal(Code.INVALID, text)
    head[key] = float(taken)
    out = _decimal(head.get("FStockOutQty"))
    head["FRemainOutQty"] = head["FCanOutQty"] = float(_decimal(head.get("FQty")) - out)
    head["FDeliveryStatus"] = "A" if not out else "B" if head["FRemainOutQty"] > 0 else "C"


def _source(
    context: Context, changed: dict[tuple[str, int], Record], form: Form, row_id: object
) -> Record | None:
    """Return the draft of a source row; its record is collected in `changed`."""
    if not isinstance(row_id, int) or not row_id:
        return None
    entity = _ENTRY[form.form_id]
    for record in changed.values():
        row = find_row(record, entity, row_id)
        if row is not None:
            return row
    records = context.records.of(form)
    for record_id in records.with_row(entity, row_id):
        record = changed[form.form_id, record_id] = draft(records.by_id[record_id])
        return find_row(record, entity, row_id)
    return None


def _linked_notice_row(form: Form, row: Record) -> object:
    if form.form_id != OUTBOUND.form_id or row["head"].get("FSrcType") != NOTICE.form_id:
        return None
    for link in row["rows"].get("FEntity_Link", ()):
        return link["head"].get("FEntity_Link_FSId")
    return None


def _close_or_open(context: Context, form: Form, record: Record, *, reopens: bool) -> None:
    rows = record["rows"].get(_ENTRY[form.form_id], ())
    key = "FRemainOutQty"
    done = all((row["head"].get(key) or 0) <= 0 for row in rows)
    head = record["head"]
    if done and head.get("FCloseStatus") != "B":
        head["FCloseStatus"], head["FCloseDate"] = "B", context.time
        head["FCloserId"] = context.user_id
    elif reopens and not done and head.get("FCloseStatus") == "B":
        head["FCloseStatus"], head["FCloseDate"], head["FCloserId"] = "A", None, 0


def _decimal(value: object) -> Decimal:
    return Decimal(str(value or 0))
