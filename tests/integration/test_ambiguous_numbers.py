"""Business numbers that more than one linked record has."""

from dataclasses import replace

from pydantic import JsonValue

from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.refs import Ref, System
from anji_common.topics import CROSSWALK
from anji_common.views import View
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.references import ViewReferences, checked_row, row_tokens
from labs.mapper_lab import ACCOUNT, BILL, CUSTOMER, SALE, MapperLab, in_a_mapper_lab
from labs.mapping_files import GOOD, ORDER, changed

ELSEWHERE = replace(CUSTOMER, record_id="200009")
OTHER = replace(ACCOUNT, record_id="a9")


def row(lab: MapperLab, ref: Ref, other: Ref, state: RowState = RowState.LINKED) -> CrosswalkRow:
    return CrosswalkRow(
        ref=ref,
        counterpart=other,
        link_type="customer",
        state=state,
        business_number="C1",
        updated_at=lab.clock.now(),
    )


def test_a_number_that_two_linked_records_have_names_neither() -> None:
    async def test(lab: MapperLab) -> None:
        view = View(lab.broker, CROSSWALK.name, project=checked_row, index=row_tokens)
        await view.start()
        references = ViewReferences(view)
        key = f"{CUSTOMER.system}/{CUSTOMER.object_name}"

        async def known(*rows: CrosswalkRow) -> Ref | None:
            await lab.broker.publish([each.to_message() for each in rows])
            await view.catch_up()
            found = references.by_number(key, "C1")
            return None if found is None else found.counterpart

        assert await known(row(lab, CUSTOMER, ACCOUNT)) == ACCOUNT
        assert await known(row(lab, ELSEWHERE, OTHER)) is None
        assert await known(row(lab, CUSTOMER, ACCOUNT, RowState.ENDED)) == OTHER
        await view.close()

    in_a_mapper_lab(test)


def test_who_waits_for_such_a_number_goes_on_once_the_other_one_has_another() -> None:
    async def test(lab: MapperLab) -> None:
        by_number = changed(
            ORDER, "lens: {reference: customer}", "lens: {reference_by_number: customer}"
        )
        lab.mappings = compile_mappings({"customer.yaml": GOOD, "order.yaml": by_number})
        elsewhere = row(lab, ELSEWHERE, OTHER)
        rows = [row(lab, CUSTOMER, ACCOUNT), elsewhere, row(lab, ACCOUNT, CUSTOMER)]
        await lab.broker.publish([each.to_message() for each in rows])
        await lab.start()
        await lab.change(SALE, {"name": "S1", "account_id": None, "LineObj": []})
        await lab.work()
        (create,) = await lab.commands()
        bill: dict[str, JsonValue] = {"FBillNo": "S1", "FCustId": None, "FEntry": []}
        await lab.created(create, BILL, bill)
        await lab.work()
        await lab.change(BILL, {**bill, "FCustId": "C1"})
        await lab.work()
        assert (await lab.seat(SALE)).waits == ("number:k3cloud/BD_Customer/C1",)

        mended = elsewhere.model_copy(update={"business_number": "C2"})
        await lab.broker.publish([mended.to_message()])
        await lab.work()

        (update,) = await lab.commands(System.FXIAOKE)
        assert update.values == {"account_id": str(ACCOUNT)}
        assert (await lab.seat(SALE)).waits == ()

    in_a_mapper_lab(test)
