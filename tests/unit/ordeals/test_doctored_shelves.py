"""Shelves on which one thing is wrong: the oracle of `make faults` finds each, as what it is."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from labs.shelves import deed, diary_in, shelves
from ordeals.oracle import FATES, judge


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
    stand.erp["BD_Customer"]["1"]["head"]["FDescription"] = "b"


def _tear(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.erp["SAL_SaleOrder"]["3"]["rows"]["FSaleOrderEntry"] = []


def _leave_open(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.erp["SAL_SaleOrder"]["3"]["head"]["FDocumentStatus"] = "A"


def _rows(stand: Any) -> Any:  # noqa: ANN401 - as above
    return stand.erp["SAL_SaleOrder"]["3"]["rows"]["FSaleOrderEntry"]


def _lose_an_order(stand: Any) -> None:  # noqa: ANN401 - as above
    del stand.erp["SAL_SaleOrder"]["3"]


def _double_an_order(stand: Any) -> None:  # noqa: ANN401 - as above
    again = deepcopy(stand.erp["SAL_SaleOrder"]["3"])
    again["head"]["FBillNo"] = "XSDD000001"
    stand.erp["SAL_SaleOrder"]["9"] = again


def _delete_an_order(stand: Any) -> None:  # noqa: ANN401 - as above
    del stand.crm["SalesOrderObj"]["o1"]
    stand.crm["SalesOrderProductObj"].clear()


def _void(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.crm["ProductObj"]["p1"]["life_status"] = "invalid"


def _fill(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.crm["AccountObj"]["a1"]["remark"] = "nobody said so"
    stand.erp["BD_Customer"]["1"]["head"]["FDescription"] = "nobody said so"


def _renumber(stand: Any) -> None:  # noqa: ANN401 - as above
    stand.crm["SalesOrderObj"]["o1"]["name"] = "SO2"
    stand.erp["SAL_SaleOrder"]["3"]["head"]["FBillNo"] = "SO2"


def _add_another(stand: Any) -> None:  # noqa: ANN401 - as above
    """Let a customer that the ERP's people made stand on both sides, beside ours."""
    stand.crm["AccountObj"]["a9"] = {"_id": "a9", "name": "乙", "erp_number__c": "CUST9"}
    head = {"FNumber": "CUST9", "FName": "乙", "FForbidStatus": "A"}
    stand.erp["BD_Customer"]["9"] = {"id": 9, "head": head, "rows": {}}


def _bill_to_another(stand: Any) -> None:  # noqa: ANN401 - as above
    _add_another(stand)
    stand.erp["SAL_SaleOrder"]["3"]["head"]["FCustId"] = 9


def _sell_to_another(stand: Any) -> None:  # noqa: ANN401 - as above
    _bill_to_another(stand)
    stand.crm["SalesOrderObj"]["o1"]["account_id"] = "a9"


def _blank(stand: Any) -> None:  # noqa: ANN401 - as above
    del stand.erp["BD_Customer"]["1"]["head"]["FADDRESS"]
    del stand.crm["AccountObj"]["a1"]["address"]


def _lose_a_line(stand: Any) -> None:  # noqa: ANN401 - as above
    del stand.crm["SalesOrderProductObj"]["l2"]


def _lose_a_line_on_both_sides(stand: Any) -> None:  # noqa: ANN401 - as above
    _lose_a_line(stand)
    del _rows(stand)[1]


def _double_a_line_in_the_crm(stand: Any) -> None:  # noqa: ANN401 - as above
    lines = stand.crm["SalesOrderProductObj"]
    lines["l9"] = {**lines["l1"], "_id": "l9"}


def _double_a_row(stand: Any) -> None:  # noqa: ANN401 - as above
    _rows(stand).append(deepcopy(_rows(stand)[0]))


def _edit_a_row(stand: Any) -> None:  # noqa: ANN401 - as above
    _rows(stand)[0]["head"]["FQty"] = 7.0


def _edit_a_line_on_both_sides(stand: Any) -> None:  # noqa: ANN401 - as above
    _edit_a_row(stand)
    stand.crm["SalesOrderProductObj"]["l1"]["quantity"] = "7"


def _swap_rows(stand: Any) -> None:  # noqa: ANN401 - as above
    for row, line in zip(_rows(stand), ("l2", "l1"), strict=True):
        row["head"]["F_ANJI_LINE"] = line


def _leave_a_line_behind(stand: Any) -> None:  # noqa: ANN401 - as above
    lines = stand.crm["SalesOrderProductObj"]
    lines["l9"] = {**lines["l1"], "_id": "l9", "order_id": "o9"}


@pytest.mark.parametrize(
    ("harm", "fate"),
    [
        (_lose, "lost"),
        (_lose_an_order, "lost"),
        (_double, "doubled"),
        (_double_in_the_crm, "doubled"),
        (_double_an_order, "doubled"),
        (_make_in_the_erp, "doubled"),
        (_leave_a_line_behind, "doubled"),
        (_delete, "deleted"),
        (_delete_an_order, "deleted"),
        (_forbid, "deleted"),
        (_void, "deleted"),
        (_overwrite, "overwritten"),
        (_fill, "overwritten"),
        (_renumber, "overwritten"),
        (_sell_to_another, "overwritten"),
        (_differ, "differing"),
        (_blank, "overwritten"),
        (_bill_to_another, "differing"),
        (_tear, "differing"),
        (_lose_a_line, "differing"),
        (_lose_a_line_on_both_sides, "differing"),
        (_double_a_line_in_the_crm, "differing"),
        (_double_a_row, "differing"),
        (_edit_a_row, "differing"),
        (_edit_a_line_on_both_sides, "differing"),
        (_swap_rows, "differing"),
        (_leave_open, "differing"),
    ],
)
def test_each_harm_is_found_as_what_it_is(tmp_path: Path, harm: Any, fate: str) -> None:  # noqa: ANN401 - a function of the above
    diary, stand = diary_in(tmp_path), shelves()
    harm(stand)
    if "a9" in stand.crm["AccountObj"]:
        diary.note(deed("made", "AccountObj", "CUST9", side="erp"))
        diary.note(deed("said", "AccountObj", "CUST9", field="name", value="乙", side="erp"))

    found = judge(diary, stand)

    assert {name: count for name, count in found.counts.items() if count} == {fate: 1}
    assert not found.is_good
    assert fate in FATES
