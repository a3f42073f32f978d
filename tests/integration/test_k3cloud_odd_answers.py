"""Answers to writes that tell less or other than was done: nothing doubled or mixed up."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from anji_common.errors import UndecodableError
from anji_common.events.commands import Command, RowRemoval, RowWish
from anji_common.interest import Interest
from anji_common.refs import Ref, System
from anji_common.transport import Answer, Call, Transport
from anji_common.writing.target import Doubtful, Refused, WriteOutcome, Written
from anji_k3cloud.service import Connection, target_of
from labs.erp_commands import a_push, an_order, an_order_customer, edit, held
from labs.erp_lab import (
    CUSTOMER,
    NOTICE,
    ORDER,
    Erp,
    new_customer,
    new_order,
    settings_of,
)
from labs.erp_lab import on_an_erp as on_any_erp

INTEREST = Interest(System.K3CLOUD, (CUSTOMER, ORDER, NOTICE))
Retold = Callable[[dict[str, Any]], None]
"""Changes a ResponseStatus in place."""


class Retelling:
    """A transport whose first answer of one service is told otherwise; what was done is done."""

    def __init__(self, inner: Transport, service: str, retold: Retold) -> None:
        self._inner = inner
        self._service = service
        self._retold: Retold | None = retold

    async def send(self, call: Call) -> Answer:
        answer = await self._inner.send(call)
        if self._retold is None or f".{self._service}." not in call.path:
            return answer
        told = json.loads(answer.body)
        self._retold(told["Result"]["ResponseStatus"])
        self._retold = None
        body = json.dumps(told).encode()
        return Answer(answer.status, answer.headers, body, answer.cookies)

    async def close(self) -> None:
        await self._inner.close()


on_an_erp = partial(on_any_erp, interest=INTEREST)


async def written(
    erp: Erp, commands: list[Command], service: str, retold: Retold
) -> list[WriteOutcome]:
    transport = Retelling(erp.transport, service, retold)
    connection = Connection.over(settings_of(erp.k3cloud), erp.clock, transport)
    target = await target_of(connection, INTEREST)
    return list(await target.write(commands))


def without_ids(status: dict[str, Any]) -> None:
    for each in status["SuccessEntitys"]:
        each["Id"] = 0


def test_a_saved_record_without_an_id_is_a_doubt_and_no_record_zero() -> None:
    async def test(erp: Erp) -> None:
        outcomes = await written(erp, [new_customer(1), new_customer(2)], "BatchSave", without_ids)

        assert [type(outcome) for outcome in outcomes] == [Doubtful, Doubtful]

    on_an_erp(test)


def test_a_push_that_tells_no_id_makes_no_second_record() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")

        (outcome,) = await written(erp, [a_push(1, order, "X")], "Push", without_ids)

        assert isinstance(outcome, Doubtful)
        assert erp.count("SAL_DELIVERYNOTICE") == 1

    on_an_erp(test)


def test_a_push_that_says_yes_and_names_no_record_is_a_doubt() -> None:
    def nameless(status: dict[str, Any]) -> None:
        status["SuccessEntitys"] = []

    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")

        (outcome,) = await written(erp, [a_push(1, order, "X")], "Push", nameless)

        assert isinstance(outcome, Doubtful)

    on_an_erp(test)


def test_a_session_that_is_lost_within_a_batch_is_a_doubt_of_what_was_saved_before() -> None:
    def lost(status: dict[str, Any]) -> None:
        words = "会话信息已丢失，请重新登录"
        status["IsSuccess"], status["MsgCode"] = False, 1
        status["Errors"] = [{"FieldName": None, "Message": words, "DIndex": 1}]
        del status["SuccessEntitys"][1:]

    async def test(erp: Erp) -> None:
        outcomes = await written(erp, [new_customer(1), new_customer(2)], "BatchSave", lost)

        assert [type(outcome) for outcome in outcomes] == [Doubtful, Doubtful]

    on_an_erp(test)


def test_ids_that_all_claim_one_packet_are_nobodys() -> None:
    def indistinct(status: dict[str, Any]) -> None:
        for each in status["SuccessEntitys"]:
            each["DIndex"] = None

    async def test(erp: Erp) -> None:
        outcomes = await written(erp, [new_customer(1), new_customer(2)], "BatchSave", indistinct)

        assert [type(outcome) for outcome in outcomes] == [Doubtful, Doubtful]

    on_an_erp(test)


def test_a_create_that_was_saved_though_its_batch_does_not_say_so_is_not_made_twice() -> None:
    def forgetful(status: dict[str, Any]) -> None:
        del status["SuccessEntitys"][1:]

    async def test(erp: Erp) -> None:
        before = erp.count("BD_Customer")
        commands = [new_customer(1), new_customer(2), new_customer(3, FName=None)]

        outcomes = await written(erp, commands, "BatchSave", forgetful)

        assert [type(outcome) for outcome in outcomes] == [Written, Written, Refused]
        assert erp.count("BD_Customer") == before + 2

    on_an_erp(test)


@pytest.mark.parametrize("code", [0, 4, 6])
def test_a_batch_that_is_refused_as_a_whole_though_it_was_saved_is_not_made_twice(
    code: int,
) -> None:
    def raised(status: dict[str, Any]) -> None:
        status["IsSuccess"], status["MsgCode"], status["SuccessEntitys"] = False, code, []
        status["Errors"] = [
            {"FieldName": "", "Message": "未将对象引用设置到对象的实例", "DIndex": 0}
        ]
        if not code:
            status["Errors"] = []

    async def test(erp: Erp) -> None:
        before = erp.count("BD_Customer")

        outcomes = await written(erp, [new_customer(n) for n in range(5)], "BatchSave", raised)

        assert erp.count("BD_Customer") == before + 5
        assert [type(outcome) for outcome in outcomes[1:]] == [Written] * 4

    on_an_erp(test)


def test_a_record_of_somebody_else_with_our_number_is_not_taken_for_what_was_not_named() -> None:
    def short(status: dict[str, Any]) -> None:
        del status["Errors"][1:]

    async def test(erp: Erp) -> None:
        customer = an_order_customer(erp)
        an_order(erp, FBillNo="SO-7")
        bad = new_order(6, customer, {"l1": "2"}, customer_number="none such")

        outcomes = await written(
            erp, [bad, new_order(7, customer, {"l1": "2"})], "BatchSave", short
        )

        assert [type(outcome) for outcome in outcomes] == [Refused, Refused]
        assert [each.is_taken for each in outcomes if isinstance(each, Refused)] == [False, True]

    on_an_erp(test)


def test_a_row_that_was_added_though_its_batch_does_not_say_so_is_not_added_twice() -> None:
    def forgetful(status: dict[str, Any]) -> None:
        del status["SuccessEntitys"][1:]

    async def test(erp: Erp) -> None:
        orders = [an_order(erp, FBillNo=f"X{n}") for n in range(3)]
        wishes = [
            _with_row(orders[0], "M1"),
            _with_row(orders[1], "M1"),
            _with_row(orders[2], "?"),
        ]

        outcomes = await written(erp, wishes, "BatchSave", forgetful)

        assert [type(outcome) for outcome in outcomes] == [Written, Doubtful, Refused]
        found: Any = (await held(erp, orders[1])).data["FSaleOrderEntry"]
        assert [line["FQty"] for line in found] == ["2", "3", "9"]

    on_an_erp(test)


def _with_row(order: Ref, material: str) -> Command:
    row = RowWish(source_id="l9", values={"FMaterialId": material, "FQty": "9"})
    template = {"FUnitID": {"FNumber": "Pcs"}, "FTaxPrice": 1.5, "FDeliveryDate": "2026-01-10"}
    content = {"rows": {"FSaleOrderEntry": (row,)}, "packet": {"FSaleOrderEntry": [template]}}
    return edit(order, {"FNote": "x"}, **content)


def test_a_yes_with_a_complaint_about_a_named_record_is_saved_and_says_so() -> None:
    def grumbling(status: dict[str, Any]) -> None:
        status["Errors"] = [{"FieldName": "FTEL", "Message": "电话格式可疑", "DIndex": 0}]

    async def test(erp: Erp) -> None:
        (outcome,) = await written(erp, [new_customer(1)], "BatchSave", grumbling)

        assert isinstance(outcome, Written)
        assert outcome.observed is not None
        assert outcome.words == "电话格式可疑"

    on_an_erp(test)


class Nothing:
    """A transport on which queries are answered by nothing usable after so many."""

    def __init__(self, inner: Transport, body: bytes) -> None:
        self._inner = inner
        self._body = body
        self.left = 1000

    async def send(self, call: Call) -> Answer:
        answer = await self._inner.send(call)
        if "ExecuteBillQuery" not in call.path:
            return answer
        self.left -= 1
        return answer if self.left >= 0 else Answer(200, {}, self._body)

    async def close(self) -> None:
        await self._inner.close()


@pytest.mark.parametrize("body", [b"null", b"[null]", b'[{"actionname":"","params":[]}]'])
@pytest.mark.parametrize("left", range(8))
def test_a_query_within_a_write_that_is_answered_by_nothing_is_that_commands_outcome(
    left: int, body: bytes
) -> None:
    async def test(erp: Erp) -> None:
        transport = Nothing(erp.transport, body)
        connection = Connection.over(settings_of(erp.k3cloud), erp.clock, transport)
        target = await target_of(connection, INTEREST)
        order = an_order(erp, audited=True, FBillNo="X")
        found = (await held(erp, order)).data["FSaleOrderEntry"]
        gone = RowRemoval(source_id="l1", target_id=found[0]["FEntryID"], base={})
        transport.left = left

        reopened = edit(order, {"FNote": "x"}, reopens=True)
        removed = edit(order, {"FNote": "x"}, removes={"FSaleOrderEntry": (gone,)})
        outcomes = [*await target.write([reopened]), *await target.write([removed])]

        assert len(outcomes) == 2

    on_an_erp(test)


class Rewriting:
    """A transport that tells the rows of a query otherwise, by their keys."""

    def __init__(self, inner: Transport, retold: Callable[[list[str], Any], Any]) -> None:
        self._inner = inner
        self._retold = retold

    async def send(self, call: Call) -> Answer:
        answer = await self._inner.send(call)
        if "ExecuteBillQuery" not in call.path:
            return answer
        keys = json.loads(call.body)["data"]["FieldKeys"].split(",")
        rows = self._retold(keys, json.loads(answer.body))
        return Answer(answer.status, answer.headers, json.dumps(rows).encode(), answer.cookies)

    async def close(self) -> None:
        await self._inner.close()


def test_a_row_that_an_answer_tells_twice_is_one_line() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, FBillNo="X")
        transport = Rewriting(erp.transport, lambda _, rows: [row for row in rows for _ in "12"])
        connection = Connection.over(settings_of(erp.k3cloud), erp.clock, transport)
        target = await target_of(connection, INTEREST)

        (found,) = await target.read([edit(order, {"FNote": "x"})])

        assert found == await held(erp, order)

    on_an_erp(test)


@pytest.mark.parametrize("place", [" ", "first", [1], {"a": 1}])
def test_a_row_whose_place_cannot_be_read_is_its_own_records_problem(place: object) -> None:
    def placed(keys: list[str], rows: list[list[object]]) -> list[list[object]]:
        at = keys.index("FSaleOrderEntry_FSeq") if "FSaleOrderEntry_FSeq" in keys else None
        return [[place if at == n else cell for n, cell in enumerate(row)] for row in rows]

    async def test(erp: Erp) -> None:
        order = an_order(erp, FBillNo="X")
        transport = Rewriting(erp.transport, placed)
        connection = Connection.over(settings_of(erp.k3cloud), erp.clock, transport)
        target = await target_of(connection, INTEREST)

        with pytest.raises(UndecodableError, match="FSaleOrderEntry"):
            await target.read([edit(order, {"FNote": "x"})])

    on_an_erp(test)
