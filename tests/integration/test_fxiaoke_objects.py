"""Every object of the CRM that Anji names, through source and writer, by its description alone.

No code of the connector knows any of them: fields and lines come from what the tenant describes.
"""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue

from anji_common.events.commands import Command, RowWish
from anji_common.events.results import Outcome
from anji_common.interest import FieldInterest, Interest, LinesInterest, ObjectInterest
from anji_common.refs import Ref, System
from anji_fxiaoke.described import ObjectDescription
from anji_fxiaoke.source import FxiaokeFeed
from anji_fxiaoke.writer import FxiaokeTarget
from labs.fxiaoke_lab import Lab, made, new_account, on_a_crm, ref_of, update_of

OBJECTS: dict[str, str] = {
    "AccountObj": "", "AccountAddrObj": "", "AccountFinInfoObj": "", "ContactObj": "",
    "LeadsObj": "", "NewOpportunityObj": "", "ProductObj": "",
    "PriceBookObj": "PriceBookProductObj", "QuoteObj": "QuoteLinesObj",
    "SalesOrderObj": "SalesOrderProductObj", "PaymentObj": "OrderPaymentObj",
    "InvoiceApplicationObj": "InvoiceApplicationLinesObj",
    "DeliveryNoteObj": "DeliveryNoteProductObj",
    "ReturnedGoodsInvoiceObj": "ReturnedGoodsInvoiceProductObj",
    "StockObj": "", "WarehouseObj": "", "PersonnelObj": "", "DepartmentObj": "",
    "object_delivery__c": "object_delivery_line__c",
}  # fmt: skip
"""Head → its lines. Source: issue 4, point 6; reference section 4."""
UNLIKE = ("AccountObj", "StockObj", "DepartmentObj", "OrderPaymentObj")
"""What these have in common every object has."""
VALUES: dict[str, JsonValue] = {
    "text": "文字", "long_text": "长文字", "phone_number": "13800000009", "email": "a@b.test",
    "number": "3", "currency": "12.5", "percentile": "95", "true_or_false": True,
    "date": "2026-01-06", "date_time": "2026-01-06T08:00:00Z",
}  # fmt: skip
"""Type → a value of it in normal form."""


def own(described: ObjectDescription, others: list[ObjectDescription]) -> ObjectDescription:
    """Return it with its name and those fields that not every object has."""
    system = set.intersection(*(set(each.fields) for each in others)) - {"name"}
    fields = {path: each for path, each in described.fields.items() if path not in system}
    return replace(described, fields=fields)


def simple(described: ObjectDescription) -> dict[str, JsonValue]:
    """Return a value for every field whose type has one that stands alone."""
    return {
        path: VALUES[field.type]
        for path, field in described.fields.items()
        if field.type in VALUES
    }


def required(described: ObjectDescription, account: Ref) -> dict[str, JsonValue]:
    """Return what the tenant demands besides."""
    given: dict[str, JsonValue] = {}
    for path, field in described.fields.items():
        if field.is_required and field.type not in (*VALUES, "master_detail"):
            is_reference = field.type == "object_reference"
            given[path] = str(account) if is_reference else next(iter(field.options), "1")
    return given


def interest_in(head: ObjectDescription, lines: ObjectDescription | None) -> ObjectInterest:
    rows: tuple[LinesInterest, ...] = ()
    if lines is not None:
        (master,) = (f.path for f in lines.fields.values() if f.type == "master_detail")
        fields = tuple(FieldInterest(path) for path in simple(lines))
        rows = (LinesInterest(lines.object_name, "_id", fields, master),)
    fields = tuple(FieldInterest(path) for path in simple(head))
    return ObjectInterest(head.object_name, "_id", "name", fields, rows)


def create(name: str, values: dict[str, JsonValue], rows: dict[str, Any]) -> Command:
    more = {"object_name": name, "values": values, "rows": rows, "packet": {}, "look_ups": ()}
    return new_account(1).model_copy(update=more)


def plain(values: dict[str, JsonValue], row: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {path: row.get(path) for path in values}


@pytest.mark.parametrize("name", OBJECTS)
def test_it_is_made_with_its_lines_read_and_changed_without_code_of_its_own(name: str) -> None:
    async def test(lab: Lab) -> None:
        account = Ref(System.FXIAOKE, "AccountObj", lab.person.make("AccountObj", name="华东"))
        others = [await lab.metadata.describe(each) for each in UNLIKE]
        head = own(await lab.metadata.describe(name), others)
        lines = own(await lab.metadata.describe(OBJECTS[name]), others) if OBJECTS[name] else None
        interest = interest_in(head, lines)
        target = FxiaokeTarget(
            lab.client,
            lab.metadata,
            Interest(System.FXIAOKE, (interest,)),
            lab.settings,
            lab.clock,
        )
        values = simple(head)
        row = {} if lines is None else simple(lines)
        must = {} if lines is None else required(lines, account)
        wishes = tuple(RowWish(source_id=each, values={**row, **must}) for each in "ab")
        rows = {} if lines is None else {lines.object_name: wishes}
        sent = {**values, **required(head, account)}

        (outcome,) = await target.write([create(name, sent, rows)])

        written = made(outcome)
        assert written.outcome is Outcome.CREATED
        assert written.observed is not None
        assert plain(values, dict(written.observed.data)) == values
        if lines is not None:
            assert len(set(written.lines[lines.object_name].values())) == 2
            held: Any = written.observed.data[lines.object_name]
            assert [plain(row, each) for each in held] == [row, row]
        ref = ref_of(outcome)
        feed = FxiaokeFeed(lab.client, lab.metadata, lab.settings)
        await lab.clock.sleep(40.0)  # while it is young its lines must add up to its amount (19)
        page = await feed.read(interest, [ref.record_id], [ref.record_id])
        assert [each.data for each in page.records] == [written.observed.data]

        (changed,) = await target.write([update_of(ref, {"name": "改名"})])

        assert made(changed).outcome is Outcome.UPDATED
        page = await feed.read(interest, [ref.record_id], [ref.record_id])
        assert [each.data["name"] for each in page.records] == ["改名"]
        assert not page.unreadable

    on_a_crm(test)
