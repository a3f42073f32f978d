"""What follows a save: files that are put to a record, organisations that get it."""

import base64
import json
from dataclasses import replace
from functools import partial
from typing import Any

from anji_common.events.commands import Attachment, Finish
from anji_common.interest import Interest
from anji_common.refs import System
from anji_common.transport import Answer, Call
from anji_common.writing.target import Found, Refused, Written
from anji_k3cloud.service import Connection, target_of
from anji_sandbox.faults import Fault
from labs.erp_commands import an_order, an_order_customer, calls, edit
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
from labs.sandbox_transport import SandboxTransport

INTEREST = Interest(System.K3CLOUD, (CUSTOMER, ORDER, NOTICE))
on_an_erp = partial(on_any_erp, interest=INTEREST)


class Liar:
    """A site whose saves answer with values and entry ids that are nobody's."""

    def __init__(self, inner: SandboxTransport) -> None:
        self._inner = inner
        self.lies = 0

    async def send(self, call: Call) -> Answer:
        answer = await self._inner.send(call)
        if "BatchSave" not in call.path:
            return answer
        found = json.loads(answer.body)
        entry = {"FEntryID": 1, "FQty": 99}
        found["Result"]["NeedReturnData"] = [{"FBillNo": "X", "FSaleOrderEntry": [entry]}]
        for entity in found["Result"]["ResponseStatus"]["SuccessEntitys"]:
            entity["EntryIds"] = {"FSaleOrderEntry": [1, 2]}
            self.lies += 1
        return replace(answer, body=json.dumps(found).encode())

    async def close(self) -> None:
        await self._inner.close()


def test_the_record_as_it_is_read_counts_whatever_the_answer_of_the_save_returns() -> None:
    async def test(erp: Erp) -> None:
        customer = an_order_customer(erp)
        liar = Liar(erp.transport)
        connection = Connection.over(settings_of(erp.k3cloud), erp.clock, liar)
        target = await target_of(connection, INTEREST)

        (outcome,) = await target.write([new_order(1, customer, {"a": "2", "b": "3"})])

        assert liar.lies == 1
        assert isinstance(outcome, Written)
        assert outcome.observed is not None
        rows: Any = outcome.observed.data["FSaleOrderEntry"]
        assert [row["FQty"] for row in rows] == ["2", "3"]
        ids = [row["FEntryID"] for row in rows]
        assert outcome.lines == {"FSaleOrderEntry": {"a": ids[0], "b": ids[1]}}
        assert not {"1", "2"} & set(ids)
        assert outcome.observed.stamp.modified_by is not None, "no save tells who and when"

    on_an_erp(test)


def test_base_data_is_allocated_once_it_is_audited() -> None:
    async def test(erp: Erp) -> None:
        command = new_customer(1, finish=Finish.AUDITED).model_copy(
            update={"organisations": ("2",)}
        )

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert outcome.words == ""
        assert outcome.observed is not None
        assert outcome.observed.stamp.status == "C"
        rows = erp.person().query("BD_Customer", "FNumber,FUseOrgId.FNumber")
        assert sorted(org for _, org in rows) == ["100", "101"]
        assert len({number for number, _ in rows}) == 1

    on_an_erp(test)


def test_an_allocation_that_is_refused_leaves_the_record_with_the_vendors_words() -> None:
    async def test(erp: Erp) -> None:
        command = new_customer(1, finish=Finish.AUDITED).model_copy(
            update={"organisations": ("999",)}
        )

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert outcome.words
        assert erp.count("BD_Customer") == 1

    on_an_erp(test)


def test_files_are_put_to_a_record_that_was_made_once_each() -> None:
    async def test(erp: Erp) -> None:
        files = tuple(
            Attachment(name=f"{each}.txt", content=base64.b64encode(each.encode()).decode())
            for each in ("合同", "图纸")
        )
        command = new_customer(1).model_copy(update={"attachments": files})

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert outcome.words == ""
        assert calls(erp, "attachmentupload") == 2

    on_an_erp(test)


def test_a_file_whose_answer_was_lost_is_told_and_not_sent_again() -> None:
    async def test(erp: Erp) -> None:
        file = Attachment(name="合同.txt", content="")
        command = new_customer(1).model_copy(update={"attachments": (file,)})
        erp.faults.add(Fault(kind="drop_after", endpoint="*AttachmentUpload*"))

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert "合同.txt may not be there" in outcome.words
        assert calls(erp, "attachmentupload") == 1

    on_an_erp(test)


def test_a_record_whose_making_was_cut_off_says_that_files_may_be_missing() -> None:
    async def test(erp: Erp) -> None:
        file = Attachment(name="合同.txt", content="")
        command = new_customer(1, finish=Finish.AUDITED).model_copy(
            update={"attachments": (file,)}
        )
        erp.faults.add(Fault(kind="drop_after", endpoint="*.BatchSave.*"))
        await erp.target.write([command])
        ((found,),) = await erp.target.look_up([command], own_only=True)

        outcome = await erp.target.finish(found, command)

        assert isinstance(outcome, Written)
        assert "合同.txt" in outcome.words
        assert calls(erp, "attachmentupload") == 0

    on_an_erp(test)


def test_an_allocation_that_is_due_later_is_made_without_another_save() -> None:
    async def test(erp: Erp) -> None:
        (made,) = await erp.target.write([new_customer(1, finish=Finish.AUDITED)])
        assert isinstance(made, Written)
        assert made.observed is not None
        assert made.ref is not None
        command = edit(made.ref, {}, organisations=("2",)).model_copy(
            update={"object_name": "BD_Customer"}
        )
        found = Found(made.observed, None, is_ours=True)

        outcome = await erp.target.finish(found, command)

        assert isinstance(outcome, Written)
        assert outcome.words == ""
        rows = erp.person().query("BD_Customer", "FNumber,FUseOrgId.FNumber")
        assert sorted(org for _, org in rows) == ["100", "101"]
        assert calls(erp, "batchsave") == 1

    on_an_erp(test)


def test_a_step_that_one_record_keeps_from_all_is_taken_by_the_others() -> None:
    async def test(erp: Erp) -> None:
        customer = an_order_customer(erp)
        commands = [new_order(n, customer, {"l1": "2"}, finish=Finish.AUDITED) for n in (1, 2, 3)]
        no = "超出信用额度"
        erp.faults.add(Fault(kind="code", endpoint="*.Audit.*", code=11, words=no))

        outcomes = await erp.target.write(commands)

        assert [made.words for made in outcomes if isinstance(made, Written)] == [no, "", ""]
        orders = erp.person().query("SAL_SaleOrder", "FBillNo,FDocumentStatus")
        assert orders == [["SO-1", "B"], ["SO-2", "C"], ["SO-3", "C"]]

    on_an_erp(test)


def test_a_number_that_somebody_else_took_is_not_taken_for_ours_where_saves_audit() -> None:
    async def test(erp: Erp) -> None:
        customer = an_order_customer(erp)
        an_order(erp, FBillNo="SO-7")
        command = new_order(7, customer, {"l1": "2"}, finish=Finish.AUDITED)

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Refused)
        assert outcome.is_taken
        assert erp.person().query("SAL_SaleOrder", "FBillNo,FDocumentStatus") == [["SO-7", "A"]]

    on_an_erp(test, audits_in_one_call=True)
