"""The oracle of `make faults` sees each harm by itself, and none where there is none."""

import ast
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import ordeals.oracle
from anji_sandbox.store import Store
from labs.shelves import CRM, ERP, deed, diary_in, shelves
from ordeals.diary import Diary
from ordeals.oracle import judge, made_and_gone
from ordeals.shelves import Shelves


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return diary_in(tmp_path)


def test_what_people_did_and_stands_on_both_sides_is_good(diary: Diary) -> None:
    fate = judge(diary, shelves())

    assert fate.findings == []
    assert (fate.records, fate.crossed, fate.edits) == (4, 4, 9)
    assert fate.is_good


def test_what_both_sides_made_under_one_number_is_one_record(diary: Diary) -> None:
    diary.note(deed("made", "ProductObj", "P1", side="erp"))

    assert judge(diary, shelves()).records == 4


def test_what_a_person_made_to_be_refused_stands_where_it_was_made(diary: Diary) -> None:
    diary.note(deed("refused", "AccountObj", "a9"))
    customers = {**CRM["AccountObj"], "a9": {"_id": "a9", "name": "毒"}}

    assert judge(diary, Shelves({**CRM, "AccountObj": customers}, ERP)).is_good


def test_what_a_person_ended_may_be_gone(diary: Diary) -> None:
    crm = {**CRM, "AccountObj": {"a2": CRM["AccountObj"]["a2"]}}
    erp = {**ERP, "BD_Customer": {"4": ERP["BD_Customer"]["4"]}}
    diary.note(deed("ended", "AccountObj", "a1"))

    assert judge(diary, Shelves(crm, erp)).is_good


@pytest.mark.parametrize("side", ["crm", "erp"])
def test_what_a_person_ended_and_stands_again_is_found(diary: Diary, side: str) -> None:
    diary.note(deed("ended", "ProductObj", "p1" if side == "crm" else "P1", side=side))

    found = [each.fate for each in judge(diary, shelves()).findings]

    assert found == ["kept"]


def test_what_was_refused_for_ever_is_neither_gone_nor_in_the_erp(diary: Diary) -> None:
    diary.note(deed("refused", "AccountObj", "a8"), deed("refused", "AccountObj", "a9"))
    crm = {**CRM, "AccountObj": {**CRM["AccountObj"], "a9": {"_id": "a9", "name": "毒"}}}
    copied = deepcopy(ERP["BD_Customer"]["1"])
    copied["id"] = 9
    copied["head"] |= {"FNumber": "CUST9", "F_ANJI_MARKER": "fxiaoke/AccountObj/a9"}
    erp = {**ERP, "BD_Customer": {**ERP["BD_Customer"], "9": copied}}

    found = [str(each) for each in judge(diary, Shelves(crm, erp)).findings]

    assert found == [
        "deleted: AccountObj a8 is refused, and gone or void",
        "doubled: AccountObj a9 is refused, and stands in the ERP",
    ]


def test_what_was_made_twice_and_is_gone_again_is_found_in_the_log(diary: Diary) -> None:
    once = {"AccountObj create": 2, "BD_Customer create": 2, "BD_MATERIAL create": 1}

    assert made_and_gone(diary, shelves(), once) == []
    (found,) = made_and_gone(diary, shelves(), {**once, "BD_Customer create": 3})
    assert str(found) == "doubled: BD_Customer were made 3 times, 2 stand, people deleted 0"


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
    crm, erp = deepcopy(CRM), deepcopy(ERP)
    crm["SalesOrderProductObj"] = lines = _Counted(crm["SalesOrderProductObj"])
    for number in range(2, 6):
        order, mark = f"o{number}", f"fxiaoke/SalesOrderObj/o{number}"
        head = {**CRM["SalesOrderObj"]["o1"], "_id": order, "name": order}
        crm["SalesOrderObj"] |= {order: head}
        lines[order] = {**lines["l1"], "_id": order, "order_id": order}
        bill = deepcopy(ERP["SAL_SaleOrder"]["3"])
        del bill["rows"]["FSaleOrderEntry"][1]
        bill["rows"]["FSaleOrderEntry"][0]["head"]["F_ANJI_LINE"] = order
        bill["head"] |= {"FBillNo": order, "F_ANJI_MARKER": mark}
        erp["SAL_SaleOrder"] |= {order: bill}
        diary.note(deed("made", "SalesOrderObj", order, lines=(("P1", "2", "3"),)))
        diary.note(deed("said", "SalesOrderObj", order, field="remark", value="r"))

    fate = judge(diary, Shelves(crm, erp))

    assert (fate.records, fate.crossed) == (8, 8)
    assert lines.times == 1


def test_a_delete_is_told_by_the_first_round_that_begins_after_it(diary: Diary) -> None:
    gone = ("fxiaoke/ProductObj/p8", "fxiaoke/ProductObj/p9")
    diary.note(*(deed("ended", "ProductObj", ref[-2:], value=ref) for ref in gone))

    fate = judge(diary, shelves(), {gone[0]: 1, gone[1]: 2})

    assert [str(found) for found in fate.findings] == [
        "kept: fxiaoke/ProductObj/p9 was told to be gone by round 2 after its delete"
    ]
