"""What a save adds and checks: defaults, computed values, required fields, unique numbers.

Source: reference "k3cloud-webapi.md", sections 3.2 and 4.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from anji_sandbox.k3cloud.bill_forms import NOTICE, ORDER, OUTBOUND
from anji_sandbox.k3cloud.codes import (
    Refusal,
    duplicate_number,
    missing_entry_field,
    missing_head_field,
)
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import HEAD, Field, Form, Kind
from anji_sandbox.k3cloud.money_forms import RECEIPT, RECEIVABLE
from anji_sandbox.k3cloud.records import Record, master_of

__all__ = [
    "Json",
    "add_defaults",
    "compute",
    "missing_fields",
    "number_record",
    "refuse_duplicate",
]

Json = dict[str, Any]

_CENT = Decimal("0.01")


def add_defaults(context: Context, form: Form, record: Record, before: Record | None) -> None:
    """Fill what is empty and has a default, in a new record and in new rows of an older one."""
    head = record["head"]
    if before is None:
        _fill(context, form.stored_in(HEAD), head, head)
    for entity in form.rows_under(HEAD):
        fields = form.stored_in(entity.key)
        old = () if before is None else before["rows"].get(entity.key, ())
        known = {row["id"] for row in old}
        for row in record["rows"].get(entity.key, ()):
            if row["id"] not in known:
                _fill(context, fields, row["head"], head)


def compute(form: Form, record: Record) -> None:
    """Set what follows from other values: amounts and remaining quantities."""
    if form.form_id == ORDER.form_id:
        _compute_order(record)
    elif form.form_id == NOTICE.form_id:
        for row in record["rows"].get("FEntity", ()):
            head = row["head"]
            head["FRemainOutQty"] = _less(head.get("FQty"), head.get("FSumOutQty"))
    elif form.form_id == OUTBOUND.form_id:
        for row in record["rows"].get("FEntity", ()):
            head = row["head"]
            head["FMustQty"] = head.get("FMustQty") or head.get("FRealQty")
            head["FSALUNITQTY"] = head.get("FRealQty")
    elif form.form_id == RECEIVABLE.form_id:
        for row in record["rows"].get("FEntityDetail", ()):
            _compute_receivable(row["head"])
    elif form.form_id == RECEIPT.form_id:
        for row in record["rows"].get("FRECEIVEBILLENTRY", ()):
            _compute_receipt(row["head"], _decimal(record["head"].get("FEXCHANGERATE")))


def missing_fields(form: Form, record: Record) -> list[Refusal]:
    """Return a refusal for each required field without a value."""
    found = [
        missing_head_field(field.key, field.title)
        for field in form.stored_in(HEAD)
        if field.must and _lacks(field, record["head"])
    ]
    for entity in form.rows_under(HEAD):
        required = [field for field in form.stored_in(entity.key) if field.must]
        for row in record["rows"].get(entity.key, ()):
            found.extend(
                missing_entry_field(field.key, field.title, entity.title, row["seq"])
                for field in required
                if _lacks(field, row["head"])
            )
    return found


def refuse_duplicate(context: Context, form: Form, record: Record) -> None:
    """Check that no other record of the form has this one's number.

    Raises:
        Refusal: there is one.
    """
    number = record["head"].get(form.number)
    records = context.records.of(form)
    for each in records.by_number.get(number, ()) if number else ():
        if master_of(records.by_id[each]) != master_of(record):
            raise duplicate_number(form.number, number)


def number_record(context: Context, form: Form, record: Record) -> None:
    """Give the record the next free number of its coding rule, unless it has one."""
    records = context.records.of(form)
    while not record["head"].get(form.number):
        digits = context.records.store.next_number(f"k3cloud {form.form_id} number")
        number = f"{form.prefix}{digits:06}"
        if records.find_number(number) is None:
            record["head"][form.number] = number


def _fill(context: Context, fields: tuple[Field, ...], target: Json, head: Json) -> None:
    for field in fields:
        if field.default is None or target.get(field.key):
            continue
        for value in _defaults(context, field, target, head):
            target[field.key] = value


def _defaults(context: Context, field: Field, target: Json, head: Json) -> Iterator[object]:
    default = field.default or ""
    if default == "@today":
        yield f"{context.time[:10]}T00:00:00"
    elif default == "@org":
        yield context.values.stored(field, {"FNumber": context.session.org_number})
    elif default.startswith("@"):
        yield target.get(default[1:]) or head.get(default[1:])
    elif field.kind is Kind.REFERENCE:
        yield context.values.stored(field, {"FNumber": default})
    else:
        yield context.values.stored(field, default)


def _lacks(field: Field, head: Json) -> bool:
    return field.kind is not Kind.NUMBER and not head.get(field.key)


def _compute_order(record: Record) -> None:
    total = Decimal(0)
    for row in record["rows"].get("FSaleOrderEntry", ()):
        head = row["head"]
        rate = 1 + _decimal(head.get("FEntryTaxRate")) / 100
        if not head.get("FTaxPrice"):
            head["FTaxPrice"] = float(round(_decimal(head.get("FPrice")) * rate, 6))
        else:
            head["FPrice"] = float(round(_decimal(head["FTaxPrice"]) / rate, 6))
        quantity = _decimal(head.get("FQty"))
        amount = (quantity * _decimal(head["FTaxPrice"])).quantize(_CENT, ROUND_HALF_UP)
        head["FAllAmount"] = head["FAllAmountExceptDisCount"] = float(amount)
        total += (quantity * _decimal(head.get("FPrice"))).quantize(_CENT, ROUND_HALF_UP)
        for key in ("FStockQty", "FStockBaseQty", "FPriceBaseQty"):
            head[key] = head.get("FQty")
        head["FRemainOutQty"] = _less(head.get("FQty"), head.get("FStockOutQty"))
        head["FCanOutQty"] = head["FRemainOutQty"]
    record["head"]["FBillAmount"] = float(total)


def _compute_receivable(head: Json) -> None:
    """Set a line's amounts, which follow from quantity, taxed price and rate."""
    total = (_decimal(head.get("FPriceQty")) * _decimal(head.get("FTaxPrice"))).quantize(
        _CENT, ROUND_HALF_UP
    )
    net = (total / (1 + _decimal(head.get("FEntryTaxRate")) / 100)).quantize(_CENT, ROUND_HALF_UP)
    head["FALLAMOUNTFOR_D"], head["FNoTaxAmountFor_D"] = float(total), float(net)
    head["FTAXAMOUNTFOR_D"] = float(total - net)


def _compute_receipt(head: Json, rate: Decimal) -> None:
    """Set a line's received amounts; what is not told is the whole amount due."""
    due = head.get("FRECTOTALAMOUNTFOR") or 0
    head["FRECAMOUNTFOR_E"] = head.get("FRECAMOUNTFOR_E") or due
    received = _decimal(head["FRECAMOUNTFOR_E"])
    head["FRECTOTALAMOUNTFOR"] = due or float(received)
    head["FRECAMOUNT_E"] = float((received * rate).quantize(_CENT, ROUND_HALF_UP))
    head["FREALRECAMOUNTFOR_D"] = float(received)


def _less(quantity: object, taken: object) -> float:
    return float(_decimal(quantity) - _decimal(taken))


def _decimal(value: object) -> Decimal:
    return Decimal(str(value or 0))
