"""What lies in stock: quantities by material, stock and organisation, moved by audited bills.

Only what was once put into stock is kept count of (`put_stock`, an admin call: a sandbox has no
purchases). An audited outbound takes from it, an audited return puts back where no stock is named
by the first that has the material.
Source: reference "k3cloud-webapi.md", sections 2.1 (``STK_InvCheckResult``) and 4.6.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from anji_sandbox.k3cloud.base_forms import MATERIAL, ORGANISATION
from anji_sandbox.k3cloud.bill_forms import OUTBOUND, RETURN
from anji_sandbox.k3cloud.codes import Code, Refusal
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import Form, FormText
from anji_sandbox.k3cloud.more_base_forms import INVENTORY, STOCK
from anji_sandbox.k3cloud.records import Record, Records, draft

__all__ = ["ALLOW_NEGATIVE", "move_stock", "put_stock"]

ALLOW_NEGATIVE = "STK_InvCheckResult"
"""The confirmation among InterationFlags that a stock may fall below zero."""

_MOVES = {OUTBOUND.form_id: ("FMaterialID", -1), RETURN.form_id: ("FMaterialId", 1)}


def move_stock(
    context: Context, form: Form, record: Record, *, sign: int, is_confirmed: bool
) -> None:
    """Count what an audited bill takes or brings; `sign` -1 undoes it.

    Raises:
        Refusal: a stock would fall below zero, which is checked and not confirmed.
    """
    key, direction = _MOVES.get(form.form_id, ("", 0))
    records = context.records
    if not key or not records.of(records.forms.standard(INVENTORY)).by_id:
        return
    for row in record["rows"].get("FEntity", ()):
        found = _place(records, row["head"].get(key), row["head"].get("FStockID"))
        if found is None:
            continue
        moved = sign * direction * Decimal(str(row["head"].get("FRealQty") or 0))
        left = Decimal(str(found["head"].get("FQty") or 0)) + moved
        if left < 0 and context.switches.checks_stock and not is_confirmed:
            text = f"第【{row['seq']}】行分录，库存不足，更新后的库存量为{left.normalize():f}"
            raise Refusal(Code.INVALID, text, "FEntity")
        _keep(records, draft(found), float(left))


def put_stock(records: Records, given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Put a quantity into stock: ``{"material": "M1", "stock": "CK001", "quantity": 5}``.

    `organisation` is 100 unless it is given.

    Raises:
        TypeError: it is not in that form.
        ValueError: something of it does not exist.
    """
    if not isinstance(given, Mapping) or not isinstance(given.get("quantity"), int | float):
        msg = "stock is put as material, stock, quantity and, perhaps, organisation"
        raise TypeError(msg)
    org = _by_number(records, ORGANISATION, str(given.get("organisation", "100")))
    material = _by_number(records, MATERIAL, str(given.get("material", "")), org["id"])
    stock = _by_number(records, STOCK, str(given.get("stock", "")))
    with records.store.transaction():
        found = _place(records, material["id"], stock["id"])
        new = {
            "id": 0 if found is not None else records.next_id(),
            "head": {
                "FMaterialId": material["id"],
                "FStockId": stock["id"],
                "FStockOrgId": org["id"],
                "FBaseUnitId": material["head"].get("FBaseUnitId") or 0,
            },
            "rows": {},
        }
        kept = _keep(records, new if found is None else draft(found), float(given["quantity"]))
    return {"id": kept["id"], "quantity": kept["head"]["FQty"]}


def _keep(records: Records, place: Record, quantity: float) -> Record:
    place["head"]["FQty"] = place["head"]["FBaseQty"] = place["head"]["FAVBQty"] = quantity
    records.keep(records.forms.standard(INVENTORY), place, done="move")
    return place


def _place(records: Records, material: object, stock: object) -> Record | None:
    kept = records.of(records.forms.standard(INVENTORY))
    for each in sorted(kept.with_value("", "FMaterialId", (material,))):
        if not stock or kept.by_id[each]["head"]["FStockId"] == stock:
            return kept.by_id[each]
    return None


def _by_number(records: Records, source: FormText, number: str, org_id: int = 0) -> Record:
    form = records.forms.standard(source)
    found = records.of(form).find_number(number, org_id)
    if found is None:
        msg = f"{form.form_id} {number} does not exist"
        raise ValueError(msg)
    return found
