"""Business numbers that more than one linked record has."""

from dataclasses import replace

from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.refs import Ref
from anji_common.topics import CROSSWALK
from anji_common.views import View
from anji_mapper.references import ViewReferences, checked_row, row_tokens
from labs.mapper_lab import ACCOUNT, CUSTOMER, MapperLab, in_a_mapper_lab

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
