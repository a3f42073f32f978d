"""Bad input: each ends as a clear problem of its own link, and the others flow."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.commands import Action, Command, CommandNumber, Finish, RowWish
from anji_common.events.results import Outcome, Result
from anji_common.interest import FieldInterest, Interest, ObjectInterest
from anji_common.refs import Ref, System
from anji_sandbox.k3cloud import K3CloudSwitches
from labs.erp_commands import an_order
from labs.erp_lab import CUSTOMER, ORDER, Erp, new_customer, new_order, seat
from labs.erp_writer_lab import in_an_installation, issue, outcome_of, results

SPECIAL = replace(CUSTOMER, fields=(*CUSTOMER.fields, FieldInterest("F_ABCD_Text")))


def edit(ref: Ref, n: int, values: dict[str, JsonValue], base: dict[str, JsonValue]) -> Command:
    return new_customer(n).model_copy(
        update={
            "number": CommandNumber(1, 2),
            "action": Action.UPDATE,
            "target": ref,
            "values": values,
            "base": base,
            "packet": {},
            "look_ups": (),
        }
    )


async def made(erp: Erp, broker: EmbeddedBroker, *commands: Command) -> list[Result]:
    await issue(broker, *commands)
    await erp.clock.sleep(10)
    return [await outcome_of(broker, command.seat) for command in commands]


def test_an_unknown_form_is_a_problem_in_the_vendors_words_and_others_flow() -> None:
    unknown = ObjectInterest("BD_NoSuch", "FID", "FNumber", (FieldInterest("FName"),))

    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        command = new_customer(1).model_copy(update={"object_name": "BD_NoSuch"})

        bad, good = await made(erp, broker, command, new_customer(2))

        assert bad.outcome is Outcome.REJECTED
        assert "标识为“BD_NoSuch”的业务对象不存在" in bad.words
        assert good.outcome is Outcome.CREATED

    in_an_installation(test, interest=Interest(System.K3CLOUD, (CUSTOMER, ORDER, unknown)))


def test_a_field_that_the_tenant_lacks_is_a_problem_of_those_who_wish_it() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        good, bad = await made(erp, broker, new_customer(1), new_customer(2, F_ABCD_Text="x"))
        assert good.ref is not None

        edited, wished = await made(
            erp,
            broker,
            edit(good.ref, 1, {"FTEL": "1"}, {"FTEL": None}),
            edit(good.ref, 3, {"F_ABCD_Text": "x"}, {"F_ABCD_Text": None}),
        )

        assert good.outcome is Outcome.CREATED
        assert good.observed is not None
        assert good.observed.stamp.unread == ("F_ABCD_Text",)
        assert bad.outcome is Outcome.REJECTED
        assert "F_ABCD_Text" in bad.words
        assert edited.outcome is Outcome.UPDATED
        assert wished.outcome is Outcome.REJECTED
        assert (wished.words, wished.field) == (
            "the form BD_Customer has no field F_ABCD_Text", "F_ABCD_Text",
        )  # fmt: skip
        assert erp.count("BD_Customer") == 1

    switches = K3CloudSwitches(absent_fields=("BD_Customer.F_ABCD_Text",))
    in_an_installation(
        test, interest=Interest(System.K3CLOUD, (SPECIAL, ORDER)), switches=switches
    )


def test_a_text_of_a_megabyte_is_saved_whole() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        text = "长" * (1024 * 1024 // 3)

        saved, other = await made(erp, broker, new_customer(1, FTEL=text), new_customer(2))

        assert saved.outcome is other.outcome is Outcome.CREATED
        assert saved.observed is not None
        assert saved.observed.data["FTEL"] == text

    in_an_installation(test)


@pytest.mark.parametrize("text", ["长" * (1024 * 1024 // 3), "C" * 81])
def test_a_text_or_number_that_the_field_cannot_hold_is_refused_alone(text: str) -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        commands = [new_customer(n, number=text if n == 3 else "") for n in range(1, 6)]

        found = await made(erp, broker, *commands)

        outcomes = [result.outcome for result in found]
        assert outcomes.count(Outcome.CREATED) == 4
        assert outcomes[2] is Outcome.REJECTED
        assert (found[2].code, found[2].field) == ("MsgCode 11", "FNumber")
        assert found[2].words
        assert erp.count("BD_Customer") == 4

    in_an_installation(test, switches=K3CloudSwitches(longest_texts={"BD_Customer.FNumber": 80}))


def test_what_a_firewall_blocks_is_a_problem_in_its_words_and_others_flow() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        commands = [new_customer(n, FTEL="<script>" if n == 3 else "1") for n in range(1, 7)]

        found = await made(erp, broker, *commands)

        outcomes = [result.outcome for result in found]
        assert outcomes.count(Outcome.CREATED) == 5
        assert found[2].outcome is Outcome.REJECTED
        assert "已经被拦截规则" in found[2].words
        assert erp.count("BD_Customer") == 5

    in_an_installation(test, switches=K3CloudSwitches(firewall_texts=("<script>",)))


def test_an_edit_that_a_person_made_meanwhile_is_never_overwritten() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        (there,) = await made(erp, broker, new_customer(1, FTEL="1"))
        assert there.ref is not None
        person = {"Model": {"FCUSTID": int(there.ref.record_id), "FTEL": "by hand"}}
        erp.person().status("Save", "BD_Customer", {**person, "IsDeleteEntry": False})

        (moved,) = await made(erp, broker, edit(there.ref, 1, {"FTEL": "2"}, {"FTEL": "1"}))

        assert moved.outcome is Outcome.MOVED
        assert moved.observed is not None
        assert moved.observed.data["FTEL"] == "by hand"
        assert not moved.observed.stamp.by_anji
        assert moved.calls == 0

    in_an_installation(test)


def test_a_row_that_a_person_deleted_is_not_made_again_and_no_other_is_touched() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        order = an_order(erp, FBillNo="X")
        rows = erp.person().query("SAL_SaleOrder", "FSaleOrderEntry_FEntryId", "FBillNo='X'")
        kept, lost = (row[0] for row in rows)
        model = {"FID": int(order.record_id), "FSaleOrderEntry": [{"FEntryID": kept}]}
        erp.person().status("Save", "SAL_SaleOrder", {"Model": model, "IsDeleteEntry": True})
        wish = new_order(1, order, {}).model_copy(
            update={
                "seat": seat(1, "SalesOrderObj"),
                "action": Action.UPDATE,
                "target": order,
                "values": {},
                "packet": {},
                "look_ups": (),
                "finish": Finish.SAVED,
                "rows": {
                    "FSaleOrderEntry": (
                        RowWish(
                            source_id="l2",
                            target_id=str(lost),
                            values={"FQty": "30"},
                            base={"FQty": "3"},
                        ),
                    )
                },
            }
        )

        (moved,) = await made(erp, broker, wish)

        assert moved.outcome is Outcome.MOVED
        assert moved.observed is not None
        held: Any = moved.observed.data["FSaleOrderEntry"]
        assert [(row["FEntryID"], row["FQty"]) for row in held] == [(str(kept), "2")]
        assert erp.person().query("SAL_SaleOrder", "FQty", "FBillNo='X'") == [[2.0]]

    in_an_installation(test)


def test_a_bill_changed_between_our_look_and_our_save_shows_both_in_the_result() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        (there,) = await made(erp, broker, new_customer(1, FTEL="1"))
        assert there.ref is not None
        erp.transport.latency_seconds = 1.0
        await issue(broker, edit(there.ref, 1, {"FTEL": "2"}, {"FTEL": "1"}))
        await erp.clock.sleep(2.5)  # it has looked, and its save is on the way
        person = {"Model": {"FCUSTID": int(there.ref.record_id), "FFAX": "by hand"}}
        erp.person().status("Save", "BD_Customer", {**person, "IsDeleteEntry": False})
        await erp.clock.sleep(20)

        (_, edited) = await results(broker)

        assert edited.outcome is Outcome.UPDATED
        values = erp.person().query("BD_Customer", "FTEL,FFAX", "")
        assert values == [["2", "by hand"]]

    in_an_installation(test)


def test_a_price_that_is_hidden_from_us_is_no_blank_and_is_not_written_over() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        order = an_order(erp, FBillNo="X")
        (entry_id, _), *_ = erp.person().query("SAL_SaleOrder", "FSaleOrderEntry_FEntryId,FQty")
        row = RowWish(
            source_id="l1",
            target_id=str(entry_id),
            values={"FTaxPrice": "9"},
            base={"FTaxPrice": "11.3"},
        )
        wish = edit(order, 1, {}, {}).model_copy(
            update={"object_name": "SAL_SaleOrder", "rows": {"FSaleOrderEntry": (row,)}}
        )
        note = edit(order, 2, {"FNote": "x"}, {"FNote": None})

        refused, noted = await made(
            erp, broker, wish, note.model_copy(update={"object_name": "SAL_SaleOrder"})
        )

        assert refused.outcome is Outcome.REJECTED
        assert refused.field == "FSaleOrderEntry.FTaxPrice"
        assert "hides" in refused.words
        assert noted.outcome is Outcome.UPDATED
        assert noted.observed is not None
        held: Any = noted.observed.data["FSaleOrderEntry"]
        assert noted.observed.stamp.unread == ("FSaleOrderEntry.FTaxPrice",)
        assert all("FTaxPrice" not in row for row in held)
        assert [row["FQty"] for row in held] == ["2", "3"]

    switches = K3CloudSwitches(masked_fields=("SAL_SaleOrder.FTaxPrice",))
    in_an_installation(test, switches=switches)
