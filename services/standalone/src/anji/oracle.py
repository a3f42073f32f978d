"""Do both sides agree? Record by record and field by field, read through the vendors' own APIs.

It knows the sandboxes and the shipped mappings' intent, and shares no code with what it judges: no
lens, no normalisation, no link. Which records belong together it learns from the marks that were
left in them (and, for what was matched, from the business number that both carry).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from anji.people import CrmUser, ErpUser

__all__ = ["Finding", "Json", "Verdict", "judge"]

Json = Mapping[str, Any]
_VOID, _FORBIDDEN = "invalid", "B"
_STATUSES = {"Z": "暂存", "A": "创建", "B": "审核中", "C": "已审核", "D": "重新审核"}
_TOLD = ("status", "closed")
"""Of orders: what the ERP tells the CRM of them."""
_CLOSED = {"A": "未关闭", "B": "已关闭"}
_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    link_type: str
    record: str
    words: str


@dataclass(slots=True)
class Verdict:
    """What was found about one link type."""

    made: int = 0
    """Records that people made and that should have crossed."""
    linked: int = 0
    """Of these, those with exactly one counterpart."""
    matched: int = 0
    """Of these, those that agree in every field."""
    differing: int = 0
    missing: int = 0
    doubled: int = 0
    """Counterparts too many."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether every record crossed, once, and holds the same."""
        return self.matched == self.made and not (self.differing or self.missing or self.doubled)


@dataclass(frozen=True, slots=True)
class _Record:
    """One record of either side, as the oracle compares it."""

    record_id: str
    number: str
    marker: str
    values: Mapping[str, object]
    lines: tuple[tuple[object, ...], ...] = ()
    is_void: bool = False
    """Voided in the CRM; forbidden or cancelled in the ERP."""
    is_closed: bool = False
    """By people in the CRM; in the ERP."""


async def judge(
    crm: CrmUser, erp: ErpUser, *, apart: Collection[str] = (), tells_status: bool = False
) -> dict[str, Verdict]:
    """Compare everything; return a verdict per link type.

    Args:
        crm: Who reads there.
        erp: Who reads there.
        apart: Ids in the CRM of records that people let stand in another state than their partner,
            or without one that they have deleted.
        tells_status: Whether orders of the CRM show how the ERP's stand.
    """
    customers = await _customers(crm, erp)
    products = await _products(crm, erp)
    numbers = {
        "fxiaoke": {found.record_id: found.number for found in (*customers[0], *products[0])},
        "k3cloud": {found.record_id: found.number for found in (*customers[1], *products[1])},
    }
    orders = await _orders(crm, erp, numbers["fxiaoke"], tells_status=tells_status)
    shipments = await _shipments(crm, erp, numbers["fxiaoke"])
    return {
        "customer": _compared("customer", "AccountObj", "BD_Customer", customers, apart),
        "product": _compared("product", "ProductObj", "BD_MATERIAL", products, apart),
        "sales_order": _compared("sales_order", "SalesOrderObj", "SAL_SaleOrder", orders, apart),
        "shipment": _compared("shipment", "DeliveryNoteObj", "SAL_DELIVERYNOTICE", shipments),
    }


async def _customers(crm: CrmUser, erp: ErpUser) -> tuple[list[_Record], list[_Record]]:
    pairs = (
        ("name", "FName"),
        ("tel", "FTEL"),
        ("address", "FADDRESS"),
        ("remark", "FDescription"),
    )
    ours = [
        _crm_record(found, "erp_number__c", (name for name, _ in pairs))
        for found in await crm.every("AccountObj")
    ]
    keys = ["FCUSTID", "FNumber", "F_ANJI_MARKER", "FForbidStatus", *(key for _, key in pairs)]
    theirs = [_erp_record(row, pairs) for row in await erp.every("BD_Customer", keys)]
    return ours, theirs


async def _products(crm: CrmUser, erp: ErpUser) -> tuple[list[_Record], list[_Record]]:
    pairs = (("name", "FName"), ("product_spec", "FSpecification"), ("remark", "FDescription"))
    ours = [
        _crm_record(found, "product_code", (name for name, _ in pairs))
        for found in await crm.every("ProductObj")
    ]
    keys = ["FMATERIALID", "FNumber", "F_ANJI_MARKER", "FForbidStatus", *(key for _, key in pairs)]
    theirs = [_erp_record(row, pairs) for row in await erp.every("BD_MATERIAL", keys)]
    return ours, theirs


async def _orders(
    crm: CrmUser, erp: ErpUser, numbers: Mapping[str, str], *, tells_status: bool
) -> tuple[list[_Record], list[_Record]]:
    lines = _grouped(_standing(await crm.every("SalesOrderProductObj")), "order_id")
    ours = [
        _Record(
            record_id=found["_id"],
            number=_text(found.get("name")),
            marker="",
            values={
                "customer": numbers.get(found["account_id"], "?"),
                "remark": _text(found.get("remark")),
                "date": _day_of_ms(found.get("order_time")),
                **(_told_status(found) if tells_status else {}),
            },
            is_void=found["life_status"] == _VOID,
            is_closed=found.get("closed__c") == "true",
            lines=_sorted(
                (
                    numbers.get(line["product_id"], "?"),
                    _decimal(line["quantity"]),
                    _decimal(line["sales_price"]),
                )
                for line in lines[found["_id"]]
            ),
        )
        for found in await crm.every("SalesOrderObj")
    ]
    keys = ["FID", "FBillNo", "F_ANJI_MARKER", "FCustId.FNumber", "FNote", "FDate"]
    keys += ["FCancelStatus", "FDocumentStatus", "FCloseStatus"]
    row_keys = ["FMaterialId.FNumber", "FQty", "FTaxPrice"]
    rows = await erp.every("SAL_SaleOrder", [*keys, *row_keys])
    theirs = [
        _Record(
            record_id=str(first["FID"]),
            number=_text(first["FBillNo"]),
            marker=_text(first["F_ANJI_MARKER"]),
            values={
                "customer": first["FCustId.FNumber"],
                "remark": _text(first["FNote"]),
                "date": first["FDate"][:10],
                "status": _STATUSES[first["FDocumentStatus"]],
                "closed": _CLOSED[first["FCloseStatus"]],
            },
            is_void=first["FCancelStatus"] == _FORBIDDEN,
            is_closed=first["FCloseStatus"] == _FORBIDDEN,
            lines=_sorted(
                (row["FMaterialId.FNumber"], _decimal(row["FQty"]), _decimal(row["FTaxPrice"]))
                for row in bill
            ),
        )
        for bill in _grouped(rows, "FID").values()
        for first in bill[:1]
    ]
    return ours, theirs


async def _shipments(
    crm: CrmUser, erp: ErpUser, numbers: Mapping[str, str]
) -> tuple[list[_Record], list[_Record]]:
    orders = {found["_id"]: found for found in await crm.every("SalesOrderObj")}
    lines = _grouped(_standing(await crm.every("DeliveryNoteProductObj")), "delivery_note_id")
    ours = [
        _Record(
            record_id=found["_id"],
            number=_text(found.get("erp_number__c")),
            marker=_text(found.get("anji_ref__c")),
            values={
                "order": _text(orders.get(found["sales_order_id"], {}).get("name")),
                "waybill": _text(found.get("waybill__c")),
                "owner": orders.get(found["sales_order_id"], {}).get("owner") == found["owner"],
            },
            lines=_sorted(
                (numbers.get(line["product_id"], "?"), _decimal(line["delivery_num"]))
                for line in lines[found["_id"]]
            ),
        )
        for found in await crm.every("DeliveryNoteObj")
    ]
    keys = ["FID", "FBillNo", "FCarriageNO", "FOrderNo", "FMaterialID.FNumber", "FQty"]
    rows = await erp.every("SAL_DELIVERYNOTICE", keys, "FDocumentStatus='C'")
    theirs = [
        _Record(
            record_id=str(first["FID"]),
            number=_text(first["FBillNo"]),
            marker="",
            values={
                "order": _text(first["FOrderNo"]),
                "waybill": _text(first["FCarriageNO"]),
                "owner": True,
            },
            lines=_sorted((row["FMaterialID.FNumber"], _decimal(row["FQty"])) for row in bill),
        )
        for bill in _grouped(rows, "FID").values()
        for first in bill[:1]
    ]
    return ours, theirs


def _told_status(order: Json) -> dict[str, object]:
    return {
        "status": _text(order.get("erp_status__c")),
        "closed": _text(order.get("erp_closed__c")),
    }


def _compared(
    link_type: str,
    crm_object: str,
    form: str,
    sides: tuple[list[_Record], list[_Record]],
    apart: Collection[str] = (),
) -> Verdict:
    """Pair both sides by the marks in them, then by number; count and compare."""
    ours, theirs = sides
    counterparts, unmarked = _by_marks(crm_object, form, ours, theirs)
    paired = {found.record_id for pairs in counterparts.values() for found in pairs}
    for mine in ours:
        if not counterparts[mine.record_id]:
            same = [each for each in unmarked if mine.number and each.number == mine.number]
            counterparts[mine.record_id] = [each for each in same if each.record_id not in paired]
            paired |= {each.record_id for each in same}
    verdict = Verdict()
    for mine in ours:
        is_apart = mine.record_id in apart
        if (mine.is_void or is_apart) and not counterparts[mine.record_id]:
            continue  # it was voided before it could cross
        verdict.made += 1
        _one(verdict, link_type, mine, counterparts[mine.record_id], is_apart=is_apart)
    _gone(verdict, link_type, {mine.record_id for mine in ours} | {*apart}, counterparts)
    for marker, count in Counter(mine.marker for mine in ours if mine.marker).items():
        if count > 1:
            verdict.doubled += count - 1
            verdict.findings.append(Finding(link_type, marker, f"made {count} times in the CRM"))
    for lonely in unmarked:
        if lonely.record_id not in paired and not lonely.is_void:
            verdict.made += 1
            verdict.missing += 1
            words = "has no counterpart in the CRM"
            verdict.findings.append(Finding(link_type, f"{form} {lonely.number}", words))
    return verdict


def _by_marks(
    crm_object: str, form: str, ours: list[_Record], theirs: list[_Record]
) -> tuple[dict[str, list[_Record]], list[_Record]]:
    """Return the counterparts by CRM id as the marks tell, and the ERP records without a mark."""
    counterparts: dict[str, list[_Record]] = defaultdict(list)
    unmarked: dict[str, _Record] = {}
    for found in theirs:
        if found.marker:
            counterparts[found.marker.removeprefix(f"fxiaoke/{crm_object}/")].append(found)
        else:
            unmarked[found.record_id] = found
    for mine in ours:
        made_by = mine.marker.removeprefix(f"k3cloud/{form}/")
        if made_by in unmarked:
            counterparts[mine.record_id].append(unmarked[made_by])
    return counterparts, list(unmarked.values())


def _gone(
    verdict: Verdict,
    link_type: str,
    known: Collection[str],
    counterparts: Mapping[str, Sequence[_Record]],
) -> None:
    """Find ERP records in use whose CRM record was deleted, though nobody has said so."""
    for record_id, pairs in counterparts.items():
        for left in pairs:
            if record_id not in known and not left.is_void:
                verdict.made += 1
                verdict.missing += 1
                words = "its record in the CRM is gone, and it is in use"
                verdict.findings.append(Finding(link_type, left.number, words))


def _one(
    verdict: Verdict,
    link_type: str,
    mine: _Record,
    pairs: Sequence[_Record],
    *,
    is_apart: bool,
) -> None:
    name = mine.number or mine.record_id
    if not pairs:
        verdict.missing += 1
        verdict.findings.append(Finding(link_type, name, "has no counterpart in the ERP"))
        return
    if len(pairs) > 1:
        verdict.doubled += len(pairs) - 1
        numbers = ", ".join(each.number for each in pairs)
        verdict.findings.append(Finding(link_type, name, f"has several counterparts: {numbers}"))
        return
    verdict.linked += 1
    other = pairs[0]
    if is_apart or (mine.is_void and other.is_void):
        verdict.matched += 1  # what rests gets no values
        return
    rests = mine.is_closed and other.is_closed  # and gets no values either, but says so
    differing = [
        f"{key}: CRM {value!r}, ERP {other.values[key]!r}"
        for key, value in mine.values.items()
        if value != other.values[key] and (not rests or key in _TOLD)
    ]
    if mine.is_closed and not other.is_closed:
        differing.append("closed in the CRM, open in the ERP")
    if mine.is_void != other.is_void:
        differing.append(f"void: CRM {mine.is_void}, ERP {other.is_void}")
    if mine.number != other.number:
        differing.append(f"number: CRM {mine.number!r}, ERP {other.number!r}")
    if mine.lines != other.lines and not rests:
        differing.append(f"lines: CRM {mine.lines!r}, ERP {other.lines!r}")
    if differing:
        verdict.differing += 1
        verdict.findings += [Finding(link_type, name, words) for words in differing]
    else:
        verdict.matched += 1


def _crm_record(found: Json, number: str, names: Iterable[str]) -> _Record:
    return _Record(
        record_id=found["_id"],
        number=_text(found.get(number)),
        marker=_text(found.get("anji_ref__c")),
        values={name: _text(found.get(name)) for name in names},
        is_void=found["life_status"] == _VOID,
    )


def _erp_record(row: Json, pairs: Sequence[tuple[str, str]]) -> _Record:
    record_id, number, marker, forbidden, *_ = row.values()
    return _Record(
        record_id=str(record_id),
        number=_text(number),
        marker=_text(marker),
        values={name: _text(row[key]) for name, key in pairs},
        is_void=forbidden == _FORBIDDEN,
    )


def _standing(lines: Iterable[Json]) -> list[Json]:
    """A voided line (作废) is none any more, though the CRM keeps it until it is deleted."""
    return [line for line in lines if line.get("life_status") != "invalid"]


def _grouped(rows: Iterable[Json], key: str) -> dict[Any, list[Json]]:
    groups: dict[Any, list[Json]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _sorted(lines: Iterable[tuple[object, ...]]) -> tuple[tuple[object, ...], ...]:
    return tuple(sorted(lines, key=repr))


def _text(value: object) -> str:
    """Blank and absent are the same; the ERP cuts blanks at both ends."""
    return "" if value is None else str(value).strip()


def _decimal(value: object) -> Decimal:
    return Decimal(str(value)).normalize()


def _day_of_ms(value: object) -> str:
    if value is None:
        return ""
    at = datetime.fromtimestamp(float(str(value)) / 1000, UTC)
    return at.astimezone(_BEIJING).date().isoformat()
