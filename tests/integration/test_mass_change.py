"""A mass change in a writer makes no live record more than a second later, in either system.

The whole writer before a sandbox, under virtual time: what is compared is exact.
"""

import asyncio

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.commands import Command, CommandNumber, Finish
from anji_common.refs import Ref, System
from anji_fxiaoke.service import run_writer
from anji_sandbox.fxiaoke import FxiaokeLimits
from labs.erp_lab import Erp, new_customer, new_order
from labs.erp_writer_lab import in_an_installation
from labs.fxiaoke_lab import INTEREST, Lab, on_a_crm, seat, update_of
from labs.fxiaoke_services import Watched
from labs.lateness import lateness
from labs.memory_broker import memory_runtime

ONE_SECOND = 1.0


def erp_lateness(mass: int, orders: int) -> list[float]:
    """Return how late orders are audited while, after the tenth, customers are saved in bulk.

    A call takes 0.1 s, and a full BatchSave several seconds more.
    """
    found: list[float] = []

    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        person = erp.person()
        person.make("BD_MATERIAL", {"FNumber": "M1", "FName": "物料一"})
        person.make("BD_Customer", {"FNumber": "C1", "FName": "客户一"})
        customer = Ref(System.K3CLOUD, "BD_Customer", "1")
        erp.transport.latency_seconds = 0.05
        erp.transport.seconds_a_kilobyte = 0.3
        wishes = [new_customer(n) for n in range(mass)]
        live = [
            new_order(n, customer, {"l1": "2", "l2": "3"}, finish=Finish.AUDITED)
            for n in range(orders)
        ]
        found.extend(
            await lateness(
                broker,
                erp.clock,
                System.K3CLOUD,
                wishes,
                live,
                pause_seconds=1.0,
                before=10,
                is_meanwhile=lambda left: left > 0 or not mass,
            )
        )

    in_an_installation(test)
    return found


def test_orders_are_in_the_erp_no_second_later_for_a_mass_change() -> None:
    alone = erp_lateness(0, 30)
    beside = erp_lateness(1_500, 30)

    assert max(beside) <= max(alone) + ONE_SECOND


def an_edit(n: int, ref: Ref) -> Command:
    """Return a wish of the seat `n`, decided just now: nothing needs to be compared before it."""
    edit = update_of(ref, {"tel": "2"}).model_copy(update={"seat": seat(n), "base": {"tel": None}})
    return edit.model_copy(update={"number": CommandNumber(1, 1)})


def crm_lateness(mass: int, edits: int) -> list[float]:
    """Return how late edits are in the CRM while as many records are changed in bulk.

    Both are calls of one interface, of which the CRM takes a hundred in twenty seconds.
    """
    found: list[float] = []

    async def test(lab: Lab) -> None:
        commands = []
        for n in range(mass + edits):
            ref = Ref(System.FXIAOKE, "AccountObj", lab.person.make("AccountObj", name=f"A{n}"))
            commands.append(an_edit(n, ref))
            await lab.clock.sleep(0.25)
        async with memory_runtime(lab.clock, INTEREST, partitions=3) as runtime:
            transport = Watched(lab)
            writing = asyncio.create_task(run_writer(lab.settings, INTEREST, runtime, transport))
            found.extend(
                await lateness(
                    runtime.broker,
                    lab.clock,
                    System.FXIAOKE,
                    commands[edits:],
                    commands[:edits],
                    pause_seconds=1.0,
                    is_meanwhile=lambda left: left > 0 or not mass,
                )
            )
            assert not writing.done()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    on_a_crm(test, limits=FxiaokeLimits())
    return found


def test_edits_are_in_the_crm_no_second_later_for_a_mass_change() -> None:
    alone = crm_lateness(0, 60)
    beside = crm_lateness(400, 60)

    assert max(beside) <= max(alone) + ONE_SECOND
