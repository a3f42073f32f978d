"""The oracle of `make faults` sees each harm by itself, and none where there is none."""

import ast
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import ordeals.oracle
from anji_sandbox.store import Store
from ordeals.diary import Deed, Diary
from ordeals.oracle import FATES, judge
from ordeals.shelves import Shelves

_CRM: dict[str, Any] = {
    "AccountObj": {
        "a1": {"_id": "a1", "name": "甲 ", "tel": "1", "address": "d", "erp_number__c": "CUST1"}
    },
    "ProductObj": {"p1": {"_id": "p1", "name": "P1", "product_code": "P1"}},
    "SalesOrderObj": {"o1": {"_id": "o1", "name": "SO1", "remark": "r"}},
    "SalesOrderProductObj": {
        "l1": {"order_id": "o1", "product_id": "p1", "quantity": "2", "sales_price": "3"}
    },
}
_ERP: dict[str, Any] = {
    "BD_Customer": {
        "1": {
            "id": 1,
            "head": {
                "FNumber": "CUST1",
                "FName": "甲",
                "FTEL": "1",
                "FADDRESS": "d",
                "F_ANJI_MARKER": "fxiaoke/AccountObj/a1",
                "FForbidStatus": "A",
            },
            "rows": {},
        }
    },
    "BD_MATERIAL": {"2": {"id": 2, "head": {"FNumber": "P1", "FName": "P1"}, "rows": {}}},
    "SAL_SaleOrder": {
        "3": {
            "id": 3,
            "head": {
                "FBillNo": "SO1",
                "FNote": "r",
                "F_ANJI_MARKER": "fxiaoke/SalesOrderObj/o1",
                "FDocumentStatus": "C",
            },
            "rows": {
                "FSaleOrderEntry": [{"head": {"FMaterialId": 2, "FQty": 2.0, "FTaxPrice": 3.0}}]
            },
        }
    },
}


def deed(what: Any, kind: str, record: str, **more: Any) -> Deed:  # noqa: ANN401 - literals
    side = more.pop("side", "crm")
    return Deed(ordeal="x", side=side, what=what, kind=kind, record=record, **more)


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    kept = Diary(tmp_path / "diary.jsonl")
    kept.note(
        deed("made", "AccountObj", "a1"),
        deed("said", "AccountObj", "a1", field="name", value="甲 "),
        deed("said", "AccountObj", "a1", field="tel", value="0"),
        deed("said", "AccountObj", "a1", field="tel", value="1"),
        deed("said", "AccountObj", "a1", field="address", value="d", side="erp"),
        deed("made", "ProductObj", "p1"),
        deed("made", "SalesOrderObj", "o1", lines=(("P1", "2", "3"),)),
    )
    return kept


def shelves() -> Shelves:
    return Shelves(deepcopy(_CRM), deepcopy(_ERP))


def test_what_people_did_and_stands_on_both_sides_is_good(diary: Diary) -> None:
    fate = judge(diary, shelves())

    assert fate.findings == []
    assert (fate.records, fate.crossed, fate.edits) == (3, 3, 4)
    assert fate.is_good


def _lose(stand: Any) -> None:  # noqa: ANN401 - records, to be changed
    del stand.erp["BD_Customer"]["1"]


def _double(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.erp["BD_Customer"]["9"] = stand.erp["BD_Customer"]["1"]


def _double_in_the_crm(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.crm["ProductObj"]["p2"] = {"_id": "p2", "name": "P1", "product_code": None}


def _make_in_the_erp(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.erp["BD_MATERIAL"]["9"] = {"id": 9, "head": {"FNumber": "P9"}, "rows": {}}


def _delete(stand: Any) -> None:  # noqa: ANN401 - as above
    del stand.crm["AccountObj"]["a1"]


def _forbid(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.erp["BD_Customer"]["1"]["head"]["FForbidStatus"] = "B"


def _overwrite(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.erp["BD_Customer"]["1"]["head"]["FTEL"] = "0"
    stand.crm["AccountObj"]["a1"]["tel"] = "0"


def _differ(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.erp["BD_Customer"]["1"]["head"]["FDescription"] = "?"


def _tear(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.erp["SAL_SaleOrder"]["3"]["rows"]["FSaleOrderEntry"] = []


def _leave_open(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.erp["SAL_SaleOrder"]["3"]["head"]["FDocumentStatus"] = "A"


@pytest.mark.parametrize(
    ("harm", "fate"),
    [
        (_lose, "lost"),
        (_double, "doubled"),
        (_double_in_the_crm, "doubled"),
        (_make_in_the_erp, "doubled"),
        (_delete, "deleted"),
        (_forbid, "deleted"),
        (_overwrite, "overwritten"),
        (_differ, "differing"),
        (_tear, "differing"),
        (_leave_open, "differing"),
    ],
)
def test_each_harm_is_found_as_what_it_is(diary: Diary, harm: Any, fate: str) -> None:  # noqa: ANN401 - a function of the above
    stand = shelves()
    harm(stand)

    found = judge(diary, stand)

    assert {name: count for name, count in found.counts.items() if count} == {fate: 1}
    assert not found.is_good
    assert fate in FATES


def test_what_both_sides_made_under_one_number_is_one_record(diary: Diary) -> None:
    diary.note(deed("made", "ProductObj", "P1", side="erp"))

    assert judge(diary, shelves()).records == 3


def test_what_a_person_made_to_be_refused_stands_where_it_was_made(diary: Diary) -> None:
    diary.note(deed("refused", "AccountObj", "a9"))
    customers = {**_CRM["AccountObj"], "a9": {"_id": "a9", "name": "毒"}}

    assert judge(diary, Shelves({**_CRM, "AccountObj": customers}, _ERP)).is_good


def test_what_a_person_ended_may_be_gone(diary: Diary) -> None:
    stand = shelves()
    diary.note(deed("ended", "AccountObj", "a1"))
    _lose(stand)
    _delete(stand)

    assert judge(diary, stand).is_good


def test_a_sandboxs_files_are_read_as_they_stand(tmp_path: Path) -> None:
    with Store(tmp_path / "crm.db") as crm, Store(tmp_path / "erp.db") as erp:
        crm.put("AccountObj", "a1", {"_id": "a1"})
        crm.put("#tenant", "company", {})
        erp.put("k3cloud BD_Customer", "1", {"id": 1})

        found = Shelves.read(tmp_path / "crm.db", tmp_path / "erp.db")

    assert found == Shelves(
        {"AccountObj": {"a1": {"_id": "a1"}}}, {"BD_Customer": {"1": {"id": 1}}}
    )


def test_the_oracle_imports_nothing_that_it_judges() -> None:
    folder = Path(ordeals.oracle.__file__).parent
    imported = {
        name.partition(".")[0]
        for module in ("oracle", "diary", "shelves")
        for node in ast.walk(ast.parse((folder / f"{module}.py").read_text()))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }

    assert imported <= {*sys.stdlib_module_names, "ordeals"}


def test_what_is_told_to_be_gone_is_compared_with_what_people_deleted(diary: Diary) -> None:
    diary.note(
        deed("ended", "ProductObj", "p8", value="fxiaoke/ProductObj/p8"),
        deed("ended", "ProductObj", "p9", value="fxiaoke/ProductObj/p9"),
    )

    fate = judge(diary, shelves(), {"fxiaoke/ProductObj/p8": 0, "fxiaoke/ProductObj/p1": 0})

    assert [str(found) for found in fate.findings] == [
        "deleted: fxiaoke/ProductObj/p1 was told to be gone, and no person deleted it",
        "kept: fxiaoke/ProductObj/p9 was deleted, and nobody was told",
    ]


class _Counted(dict[str, Any]):
    """A shelf that counts how often somebody goes through all of it."""

    times = 0

    def values(self) -> Any:  # noqa: ANN401 - as the dictionary's
        self.times += 1
        return super().values()


def test_lines_are_not_gone_through_again_for_each_order(diary: Diary) -> None:
    """Of ten thousand orders the oracle took minutes of a processor for one look."""
    crm, erp = deepcopy(_CRM), deepcopy(_ERP)
    crm["SalesOrderProductObj"] = lines = _Counted(crm["SalesOrderProductObj"])
    for number in range(2, 6):
        order, mark = f"o{number}", f"fxiaoke/SalesOrderObj/o{number}"
        crm["SalesOrderObj"] |= {order: {"_id": order, "name": order, "remark": "r"}}
        lines[order] = {**lines["l1"], "order_id": order}
        bill = deepcopy(_ERP["SAL_SaleOrder"]["3"])
        bill["head"] |= {"FBillNo": order, "F_ANJI_MARKER": mark}
        erp["SAL_SaleOrder"] |= {order: bill}
        diary.note(deed("made", "SalesOrderObj", order, lines=(("P1", "2", "3"),)))

    fate = judge(diary, Shelves(crm, erp))

    assert (fate.records, fate.crossed) == (7, 7)
    assert lines.times == 1


def test_a_delete_is_told_by_the_first_round_that_begins_after_it(diary: Diary) -> None:
    gone = ("fxiaoke/ProductObj/p8", "fxiaoke/ProductObj/p9")
    diary.note(*(deed("ended", "ProductObj", ref[-2:], value=ref) for ref in gone))

    fate = judge(diary, shelves(), {gone[0]: 1, gone[1]: 2})

    assert [str(found) for found in fate.findings] == [
        "kept: fxiaoke/ProductObj/p9 was told to be gone by round 2 after its delete"
    ]
