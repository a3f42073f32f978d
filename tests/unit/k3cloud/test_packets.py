"""Packets: the full template filled for a create, only what is wished for an update."""

from typing import Any

import pytest

from anji_common.errors import MappingError
from anji_common.events.commands import Action, RowRemoval, RowWish
from anji_common.refs import Ref, System
from anji_k3cloud.packets import packet_of, with_rows_that_stay
from labs.erp_lab import BEIJING, CUSTOMER, ORDER, new_customer, new_order

C1 = Ref(System.K3CLOUD, "BD_Customer", "100201")


def test_a_create_fills_the_template_and_keeps_its_defaults() -> None:
    command = new_order(7, C1, {"l1": "2", "l2": "1.5"})

    packet = packet_of(command, ORDER, BEIJING)

    model: Any = packet.model
    assert packet.fields == ()
    assert model["FID"] == 0
    assert model["FCustId"] == {"FNumber": "C1"}
    assert model["FNote"] == "as usual"
    assert [row["FQty"] for row in model["FSaleOrderEntry"]] == [2, 1.5]
    assert [row["F_ANJI_LINE"] for row in model["FSaleOrderEntry"]] == ["l1", "l2"]
    assert all(row["FUnitID"] == {"FNumber": "Pcs"} for row in model["FSaleOrderEntry"])
    assert all("FEntryID" not in row for row in model["FSaleOrderEntry"])


def test_a_create_does_not_change_the_commands_own_template() -> None:
    command = new_order(7, C1, {"l1": "2"})
    before = command.model_dump_json()

    packet_of(command, ORDER, BEIJING)

    assert command.model_dump_json() == before


def test_a_template_row_is_no_row() -> None:
    packet = packet_of(new_order(7, C1, {}), ORDER, BEIJING)

    assert "FSaleOrderEntry" not in packet.model


def test_heads_stand_before_sub_heads_and_those_before_rows() -> None:
    command = new_order(7, C1, {"l1": "2"})
    packet = {
        "FSaleOrderEntry": command.packet["FSaleOrderEntry"],
        "FSaleOrderFinance": {"FSettleCurrId": {"FNumber": ""}, "FExchangeRate": 1},
        "FBillNo": "",
        "FCustId": {"FNumber": ""},
    }
    values = {**command.values, "FSaleOrderFinance.FSettleCurrId": "PRE001"}
    command = command.model_copy(update={"packet": packet, "values": values})

    model: Any = packet_of(command, ORDER, BEIJING).model

    assert list(model) == [
        "FBillNo", "FCustId", "FDate", "F_ANJI_MARKER", "FSaleOrderFinance", "FSaleOrderEntry",
    ]  # fmt: skip
    assert model["FSaleOrderFinance"] == {
        "FSettleCurrId": {"FNumber": "PRE001"},
        "FExchangeRate": 1,
    }


def test_an_update_names_what_it_writes_and_nothing_else() -> None:
    command = new_customer(1).model_copy(
        update={
            "action": Action.UPDATE,
            "target": C1,
            "values": {"FTEL": None, "FT_BD_CUSTOMEREXT.FMarginLevel": "1.5"},
        }
    )

    packet = packet_of(command, CUSTOMER, BEIJING)

    assert packet.model == {
        "FCUSTID": 100201,
        "FTEL": "",
        "FT_BD_CUSTOMEREXT": {"FMarginLevel": 1.5},
    }
    assert packet.fields == ("FMarginLevel", "FTEL", "FT_BD_CUSTOMEREXT")


def test_an_updated_row_carries_its_id_and_an_added_one_does_not() -> None:
    command = new_order(7, C1, {}).model_copy(
        update={
            "action": Action.UPDATE,
            "target": Ref(System.K3CLOUD, "SAL_SaleOrder", "100500"),
            "values": {},
            "packet": {},
            "rows": {
                "FSaleOrderEntry": (
                    RowWish(source_id="l1", target_id="100301", values={"FQty": None}),
                    RowWish(source_id="l2", values={"FQty": "3", "FTaxPrice": None}),
                )
            },
        }
    )

    packet = packet_of(command, ORDER, BEIJING)

    assert packet.model == {
        "FID": 100500,
        "FSaleOrderEntry": [{"FEntryID": 100301, "FQty": 0}, {"FQty": 3}],
    }
    assert packet.fields == ("FEntryID", "FQty", "FSaleOrderEntry")


def test_an_update_without_a_target_is_refused() -> None:
    command = new_customer(1).model_copy(update={"action": Action.UPDATE})

    with pytest.raises(MappingError):
        packet_of(command, CUSTOMER, BEIJING)


def test_rows_that_no_interest_knows_are_refused_and_not_left_out() -> None:
    command = new_order(7, C1, {"l1": "2"})
    stray = command.model_copy(update={"rows": {"FNoSuch": command.rows["FSaleOrderEntry"]}})

    with pytest.raises(MappingError, match="FNoSuch"):
        packet_of(stray, ORDER, BEIJING)


def test_a_packet_that_removes_rows_names_every_row_that_stays() -> None:
    changed = RowWish(source_id="l1", target_id="4", values={"FQty": "9"}, base={"FQty": "2"})
    added = RowWish(source_id="l3", values={"FMaterialId": "M1", "FQty": "1"})
    removal = RowRemoval(source_id="l2", target_id="5", base={})
    update = {
        "action": Action.UPDATE,
        "target": C1,
        "values": {},
        "packet": {},
        "rows": {"FSaleOrderEntry": (changed, added)},
        "removes": {"FSaleOrderEntry": (removal,)},
    }
    command = new_order(7, C1, {}).model_copy(update=update)
    staying = {"FSaleOrderEntry": ["3", "4", "6"], "FSaleOrderPlan": []}

    packet = packet_of(command, ORDER, BEIJING)
    whole = with_rows_that_stay(packet, ORDER, staying, {"FSaleOrderClause": ["8"]})

    assert packet.deletes_rows
    assert whole.deletes_rows
    assert whole.model == {
        "FID": 100201,
        "FSaleOrderEntry": [
            {"FEntryID": 3},
            {"FEntryID": 4, "FQty": 9},
            {"FEntryID": 6},
            {"FMaterialId": {"FNumber": "M1"}, "FQty": 1},
        ],
        "FSaleOrderClause": [{"FEntryID": 8}],
    }
    assert {"FSaleOrderEntry", "FSaleOrderClause", "FQty"} < set(whole.fields)


def test_an_update_without_removals_takes_no_row_out() -> None:
    row = RowWish(source_id="l1", target_id="4", values={"FQty": "9"}, base={"FQty": "2"})
    update = {"action": Action.UPDATE, "target": C1, "rows": {"FSaleOrderEntry": (row,)}}

    assert not packet_of(
        new_order(7, C1, {}).model_copy(update=update), ORDER, BEIJING
    ).deletes_rows
