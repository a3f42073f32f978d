"""Batches: one bad packet does not hold back the others, and calls are few."""

from functools import partial

import pytest

from anji_common.errors import AuthenticationError
from anji_common.events.commands import Action, Finish
from anji_common.interest import Interest
from anji_common.refs import Ref, System
from anji_common.writing.settings import WriterSettings
from anji_common.writing.target import Busy, Refused, Written
from anji_k3cloud.service import Connection, target_of
from anji_sandbox.faults import Fault
from anji_sandbox.k3cloud import K3CloudSwitches
from labs.erp_commands import calls, edit
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
on_an_erp = partial(on_any_erp, interest=INTEREST)


def test_a_refusal_of_one_packet_names_its_field_and_saves_the_others() -> None:
    async def test(erp: Erp) -> None:
        commands = [new_customer(n, FName=None if n == 3 else f"客户{n}") for n in range(1, 8)]

        outcomes = await erp.target.write(commands)

        assert [type(outcome) for outcome in outcomes].count(Written) == 6
        refused = outcomes[2]
        assert isinstance(refused, Refused)
        assert refused.field == "FName"
        assert calls(erp, "batchsave") == 1

    on_an_erp(test)


def test_an_unknown_form_is_told_of_every_packet_by_one_call() -> None:
    async def test(erp: Erp) -> None:
        words = "标识为“BD_Customer”的业务对象不存在，或者被删除"
        erp.faults.add(Fault(kind="code", endpoint="*.BatchSave.*", code=4, words=words))

        outcomes = await erp.target.write([new_customer(n) for n in range(1, 6)])

        assert outcomes == [Refused(words, "MsgCode 4", "")] * 5
        assert erp.faults.hits == 1

    on_an_erp(test)


@pytest.mark.parametrize("calls_hit", [1, None])
@pytest.mark.parametrize(
    ("code", "words"),
    [(4, "ResolveFiled_InnerEx解析字段(Key:FX)"), (2, "您没有该组织的新增权限，请联系系统管理员")],
)
def test_an_exception_at_the_first_packet_is_told_of_the_others_only_if_they_raise_it(
    code: int, words: str, calls_hit: int | None
) -> None:
    async def test(erp: Erp) -> None:
        every = "*.BatchSave.*"
        fault = Fault(kind="code", endpoint=every, code=code, words=words, calls=calls_hit)
        erp.faults.add(fault)

        outcomes = await erp.target.write([new_customer(n) for n in range(1, 6)])

        others = Written if calls_hit else Refused
        assert [type(outcome) for outcome in outcomes] == [Refused, *[others] * 4]
        assert erp.faults.hits == (calls_hit or 2)

    on_an_erp(test)


def test_a_create_and_an_update_that_end_saved_are_one_write_call_each() -> None:
    async def test(erp: Erp) -> None:
        (made,) = await erp.target.write([new_customer(1)])
        assert isinstance(made, Written)
        assert made.ref is not None
        update = new_customer(1, FTEL="1").model_copy(
            update={"action": Action.UPDATE, "target": made.ref, "packet": {}, "look_ups": ()}
        )

        await erp.target.write([update])

        assert calls(erp, "batchsave") == 2
        assert calls(erp, "save") == calls(erp, "submit") == 0

    on_an_erp(test)


def test_what_the_switch_says_of_partial_batches_changes_nothing() -> None:
    async def test(erp: Erp) -> None:
        outcomes = await erp.target.write([new_customer(1), new_customer(2, FName=None)])

        assert [type(outcome) for outcome in outcomes] == [Written, Refused]

    on_an_erp(test, switches=K3CloudSwitches(partial_batch_fails=False))


def test_where_a_batch_is_one_transaction_the_others_go_out_once_more() -> None:
    async def test(erp: Erp) -> None:
        bad = (3, 5)
        commands = [new_customer(n, FName=None if n in bad else f"客户{n}") for n in range(8)]

        outcomes = await erp.target.write(commands)

        assert [at for at, each in enumerate(outcomes) if isinstance(each, Refused)] == list(bad)
        assert [type(outcome) for outcome in outcomes].count(Written) == 6
        assert erp.count("BD_Customer") == 6

    on_an_erp(test, switches=K3CloudSwitches(batch_is_one_transaction=True))


def test_packets_get_the_sites_own_spelling_where_it_minds() -> None:
    async def test(erp: Erp) -> None:
        command = new_customer(1)
        typed = {
            "FCUSTID": 0,
            "fname": "客户",
            "ftel": "1",
            "fgroup": {"FNumber": "G1"},
        }
        values = {path: value for path, value in command.values.items() if path != "FName"}
        command = command.model_copy(update={"packet": typed, "values": values})

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written), outcome
        (row,) = erp.person().query("BD_Customer", "FName,FTEL,FGroup.FNumber")
        assert row == ["客户", "1", "G1"]

    on_an_erp(test, switches=K3CloudSwitches(model_keys_mind_case=True))


def test_in_bulk_a_save_and_a_saved_and_audited_bill_cost_little() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        person.make_parties()
        found = person.query("BD_Customer", "FCUSTID", "FNumber='C1'")[0][0]
        customer = Ref(System.K3CLOUD, "BD_Customer", str(found))
        plain = [new_customer(n) for n in range(100)]
        bills = [new_order(n, customer, {"l": "1"}, finish=Finish.AUDITED) for n in range(100)]

        outcomes = [*await erp.target.write(plain), *await erp.target.write(bills)]

        assert all(isinstance(outcome, Written) for outcome in outcomes)
        assert calls(erp, "batchsave") == 2
        assert calls(erp, "submit") + calls(erp, "audit") == 2
        # 4 write calls for 200 records: 0.02 a record, and 0.03 where they are audited

    on_an_erp(test)


def written(erp: Erp) -> int:
    names = ("save", "batchsave", "submit", "audit", "unaudit", "cancelassign", "delete")
    return sum(calls(erp, each) for each in names)


@pytest.mark.parametrize(
    ("finish", "at_once", "most"),
    [
        (Finish.SAVED, False, 1),
        (Finish.SUBMITTED, False, 2),
        (Finish.AUDITED, False, 3),
        (Finish.AUDITED, True, 1),
    ],
    ids=["saved", "submitted", "audited by steps", "audited at once"],
)
def test_a_single_live_create_costs_a_call_a_step_and_an_update_one(
    finish: Finish,
    at_once: bool,  # noqa: FBT001 - a column of the table
    most: int,
) -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        person.make_parties()
        found = person.query("BD_Customer", "FCUSTID", "FNumber='C1'")[0][0]
        customer = Ref(System.K3CLOUD, "BD_Customer", str(found))
        before = written(erp)

        (made,) = await erp.target.write([new_order(1, customer, {"l": "1"}, finish=finish)])
        assert isinstance(made, Written)
        assert made.ref is not None
        created = written(erp)
        if finish is Finish.SAVED:
            (changed,) = await erp.target.write([edit(made.ref, {"FNote": "x"})])
            assert isinstance(changed, Written)
            assert written(erp) - created == 1

        assert made.words == ""
        assert created - before == most

    on_an_erp(test, audits_in_one_call=at_once)


@pytest.mark.parametrize(("code", "words"), [(7, "许可已过期"), (14, "超过调用次数")])
def test_what_is_about_us_and_no_packet_is_waited_for(code: int, words: str) -> None:
    async def test(erp: Erp) -> None:
        erp.faults.add(Fault(kind="code", endpoint="*.BatchSave.*", code=code, words=words))

        outcomes = await erp.target.write([new_customer(1), new_customer(2)])
        again = await erp.target.write([new_customer(1), new_customer(2)])

        assert all(isinstance(each, Busy) and each.is_unreached for each in outcomes)
        assert all(words in each.words for each in outcomes if isinstance(each, Busy))
        assert all(isinstance(each, Written) for each in again)

    on_an_erp(test)


@pytest.mark.parametrize(
    ("code", "words"), [(15, "禁止管理员登录"), (11, "当前用户未指定允许调用WebAPI接口")]
)
def test_a_user_who_may_not_write_ends_the_process(code: int, words: str) -> None:
    async def test(erp: Erp) -> None:
        erp.faults.add(Fault(kind="code", endpoint="*.BatchSave.*", code=code, words=words))

        with pytest.raises(AuthenticationError, match=words):
            await erp.target.write([new_customer(1)])

    on_an_erp(test)


def test_a_form_that_our_user_may_not_see_is_refused_in_the_vendors_words() -> None:
    async def test(erp: Erp) -> None:
        (outcome,) = await erp.target.write([new_customer(1)])

        assert isinstance(outcome, Refused)
        assert outcome.code == "MsgCode 2"
        assert "权限" in outcome.words

    on_an_erp(test, switches=K3CloudSwitches(forbidden_forms=("BD_Customer",)))


def test_a_save_that_waited_too_long_for_what_it_asks_first_does_not_leave() -> None:
    async def test(erp: Erp) -> None:
        erp.faults.add(Fault(kind="delay", endpoint="*QueryBusinessInfo*", delay_seconds=20))

        (late,) = await erp.target.write([new_customer(1)])
        (in_time,) = await erp.target.write([new_customer(1)])

        assert isinstance(late, Busy)
        assert late.is_unreached
        assert isinstance(in_time, Written)
        assert calls(erp, "batchsave") == 1

    on_an_erp(test)


def test_a_writer_with_a_shorter_pause_lets_a_save_leave_only_within_a_quarter_of_it() -> None:
    async def test(erp: Erp) -> None:
        writing = WriterSettings(pause_seconds=20.0)
        settings = settings_of(erp.k3cloud)
        connection = Connection.over(settings, erp.clock, erp.transport)
        target = await target_of(connection, INTEREST, writing)
        erp.faults.add(Fault(kind="delay", endpoint="*QueryBusinessInfo*", delay_seconds=8))

        (late,) = await target.write([new_customer(1)])

        assert isinstance(late, Busy)
        assert calls(erp, "batchsave") == 0

    on_an_erp(test)
