"""The whole writer of the ERP: commands from the broker into the sandbox, under virtual time."""

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.commands import Action, CommandNumber, Finish
from anji_common.events.results import Outcome
from anji_sandbox.faults import Fault
from labs.erp_lab import Erp, new_customer, new_order
from labs.erp_writer_lab import in_an_installation, issue, results


def test_customers_and_then_an_order_and_then_an_edit() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        erp.person().make("BD_MATERIAL", {"FNumber": "M1", "FName": "物料一"})
        await issue(broker, *(new_customer(n) for n in range(1, 41)))
        await erp.clock.sleep(5)
        customers = await results(broker)
        ref, number = customers[0].ref, customers[0].business_number
        assert ref is not None
        assert number is not None
        order = new_order(
            7, ref, {"l1": "2", "l2": "3"}, finish=Finish.AUDITED, customer_number=number
        )
        edit = new_customer(1).model_copy(
            update={
                "seat": customers[0].seat,
                "number": CommandNumber(1, 2),
                "action": Action.UPDATE,
                "target": ref,
                "values": {"FTEL": "13900000000"},
                "base": {"FTEL": None},
                "look_ups": (),
            }
        )

        await issue(broker, order, edit)
        await erp.clock.sleep(5)

        later = {
            result.seat: result for result in await results(broker) if result not in customers
        }
        made, edited = later[order.seat], later[edit.seat]
        assert {result.outcome for result in customers} == {Outcome.CREATED}
        assert erp.count("BD_Customer") == 40
        assert made.outcome is Outcome.CREATED
        assert made.business_number == "SO-7"
        assert made.observed is not None
        assert made.observed.stamp.status == "C"
        assert list(made.lines["FSaleOrderEntry"]) == ["l1", "l2"]
        assert edited.outcome is Outcome.UPDATED
        assert edited.observed is not None
        assert edited.observed.data["FTEL"] == "13900000000"

    in_an_installation(test)


def test_answers_lost_on_the_way_double_nothing() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        erp.faults.add(
            Fault(kind="drop_after", endpoint="*.BatchSave.*"),
            Fault(kind="drop_before", endpoint="*.BatchSave.*"),
            Fault(kind="commit_late", endpoint="*.BatchSave.*", delay_seconds=100),
        )

        await issue(broker, *(new_customer(n) for n in range(1, 31)))
        await erp.clock.sleep(600)

        found = await results(broker)
        assert len(found) == 30
        assert {result.outcome for result in found} == {Outcome.CREATED}
        assert erp.faults.hits == 3
        assert erp.count("BD_Customer") == 30

    in_an_installation(test)


def test_an_erp_that_goes_and_comes_loses_nothing() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        await issue(broker, *(new_customer(n) for n in range(1, 11)))
        await erp.clock.sleep(5)
        erp.transport.is_down = True
        await issue(broker, *(new_customer(n) for n in range(11, 31)))
        await erp.clock.sleep(600)
        assert len(await results(broker)) == 10

        erp.transport.is_down = False
        erp.k3cloud.sessions.end_all()
        await erp.clock.sleep(30)

        assert len(await results(broker)) == 30
        assert erp.count("BD_Customer") == 30

    in_an_installation(test)


def test_a_refusal_reaches_the_link_in_the_vendors_words() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        await issue(broker, new_customer(1, FName=None), new_customer(2))
        await erp.clock.sleep(5)

        found = {result.outcome: result for result in await results(broker)}
        assert set(found) == {Outcome.REJECTED, Outcome.CREATED}
        assert "是必填项" in found[Outcome.REJECTED].words
        assert found[Outcome.REJECTED].field == "FName"

    in_an_installation(test)
