"""A small company on the shelves of both systems, all of it well, and the diary of who made it."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from ordeals.diary import Deed, Diary
from ordeals.shelves import Shelves

__all__ = ["CRM", "ERP", "deed", "diary_in", "shelves"]

CRM: dict[str, Any] = {
    "AccountObj": {
        "a1": {
            "_id": "a1",
            "name": "甲 ",
            "tel": "1",
            "address": "d",
            "remark": "c",
            "erp_number__c": "CUST1",
        },
        "a2": {"_id": "a2", "name": "丙", "erp_number__c": "CUST2"},
    },
    "ProductObj": {"p1": {"_id": "p1", "name": "P1", "product_code": "P1"}},
    "SalesOrderObj": {"o1": {"_id": "o1", "name": "SO1", "account_id": "a2", "remark": "r"}},
    "SalesOrderProductObj": {
        line: {
            "_id": line,
            "order_id": "o1",
            "product_id": "p1",
            "quantity": n,
            "sales_price": "3",
        }
        for line, n in (("l1", "2"), ("l2", "5"))
    },
}
ERP: dict[str, Any] = {
    "BD_Customer": {
        "1": {
            "id": 1,
            "head": {
                "FNumber": "CUST1",
                "FName": "甲",
                "FTEL": "1",
                "FADDRESS": "d",
                "FDescription": "c",
                "F_ANJI_MARKER": "fxiaoke/AccountObj/a1",
                "FForbidStatus": "A",
            },
            "rows": {},
        },
        "4": {
            "id": 4,
            "head": {
                "FNumber": "CUST2",
                "FName": "丙",
                "F_ANJI_MARKER": "fxiaoke/AccountObj/a2",
            },
            "rows": {},
        },
    },
    "BD_MATERIAL": {"2": {"id": 2, "head": {"FNumber": "P1", "FName": "P1"}, "rows": {}}},
    "SAL_SaleOrder": {
        "3": {
            "id": 3,
            "head": {
                "FBillNo": "SO1",
                "FCustId": 4,
                "FNote": "r",
                "F_ANJI_MARKER": "fxiaoke/SalesOrderObj/o1",
                "FDocumentStatus": "C",
            },
            "rows": {
                "FSaleOrderEntry": [
                    {"head": {"FMaterialId": 2, "FQty": n, "FTaxPrice": 3.0, "F_ANJI_LINE": line}}
                    for line, n in (("l1", 2.0), ("l2", 5.0))
                ]
            },
        }
    },
}


def deed(what: Any, kind: str, record: str, **more: Any) -> Deed:  # noqa: ANN401 - literals
    """Return one deed, of the CRM's people if no other side is named."""
    side = more.pop("side", "crm")
    return Deed(ordeal="x", side=side, what=what, kind=kind, record=record, **more)


def diary_in(folder: Path) -> Diary:
    """Return the diary in which all that stands on the shelves was done by people."""
    kept = Diary(folder / "diary.jsonl")
    lines = (("P1", "2", "3"), ("P1", "5", "3"))
    kept.note(
        deed("made", "AccountObj", "a1"),
        deed("said", "AccountObj", "a1", field="name", value="甲 "),
        deed("said", "AccountObj", "a1", field="tel", value="0"),
        deed("said", "AccountObj", "a1", field="tel", value="1"),
        deed("said", "AccountObj", "a1", field="address", value="d", side="erp"),
        deed("said", "AccountObj", "a1", field="remark", value="b"),
        deed("said", "AccountObj", "a1", field="remark", value="c", side="erp"),
        deed("made", "AccountObj", "a2"),
        deed("said", "AccountObj", "a2", field="name", value="丙"),
        deed("made", "ProductObj", "p1", number="P1"),
        deed("said", "ProductObj", "p1", field="name", value="P1"),
        deed("made", "SalesOrderObj", "o1", number="SO1", value="a2", lines=lines),
        deed("said", "SalesOrderObj", "o1", field="remark", value="r"),
    )
    return kept


def shelves() -> Shelves:
    """Return shelves of one's own, to be doctored."""
    return Shelves(deepcopy(CRM), deepcopy(ERP))
