"""Directed histories: one accident each, on an installation where all else is quiet.

Some rules prevent accidents that chance meets too rarely to show what they are good for. Each
history here brings one about, step by step: with all rules it ends well, and without its rule
(`CONTROLS`) it does not.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from anji.simulation.controls import RULE_BOOK, RuleBook
from anji.simulation.run import FIRST_CALM_SECONDS
from anji.simulation.world import World
from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_common.testing.virtual_time import run_virtually
from anji_mapper.mapping.model import Mappings
from anji_sandbox.faults import Fault, Faults

__all__ = ["HISTORIES", "History", "play"]

_SEED = 1
_LOOK_SECONDS = 0.01
_PAIRS = 8
"""So many orders that one of them lives with another mapper than its customer."""
_PATIENCE_SECONDS = 60.0
_REST_SECONDS = 150.0
"""Longer than every quarantine of a simulation."""
_SAVES = "*Save.common.kdsvc"
_QUERIES = "*BillQuery*"
_MS = 1000


class _Scene:
    """A quiet world, and what happens in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.crm, self.erp = world.crm_user, world.erp_user

    def faults(self, system: System) -> Faults:
        return self.world.vendors.networks[system].faults

    async def sleep(self, seconds: float) -> None:
        await self.world.clock.sleep(seconds)

    async def until(
        self, condition: Callable[[], Awaitable[bool]], what: str, *, every: float = _LOOK_SECONDS
    ) -> None:
        end = self.world.clock.monotonic() + _PATIENCE_SECONDS
        while not await condition():
            if self.world.clock.monotonic() > end:
                raise AssertionError(what)
            await self.sleep(every)

    async def struck(self, system: System) -> None:
        """Wait until a fault has hit a call."""
        faults = self.faults(system)

        async def is_hit() -> bool:
            return faults.hits > 0

        await self.until(is_hit, "no call was hit")

    async def customer(self, name: str) -> tuple[str, int]:
        """Make a customer in the CRM, and wait until it has crossed; return its ids."""
        crm_id = await self.crm.create("AccountObj", {"name": name, "tel": "1"})
        found: list[int] = []

        async def has_crossed() -> bool:
            found.extend(row["FCUSTID"] for row in await self.customers(name))
            return bool(found)

        await self.until(has_crossed, f"customer {name} does not cross", every=1.0)
        await self.sleep(_PATIENCE_SECONDS)  # its number has come back, and is settled
        return crm_id, found[0]

    async def customers(self, name: str) -> list[dict[str, int]]:
        return await self.erp.every("BD_Customer", ["FCUSTID"], f"FName='{name}'")

    async def names(self, crm_id: str) -> set[str]:
        """Return under which names a customer stands on both sides."""
        ours = [one["name"] for one in await self.crm.every("AccountObj") if one["_id"] == crm_id]
        rows = await self.erp.every("BD_Customer", ["FCUSTID", "FName", "F_ANJI_MARKER"])
        theirs = [row["FName"] for row in rows if row["F_ANJI_MARKER"].endswith(crm_id)]
        return {*ours, *theirs}


async def _an_old_read_comes_late(scene: _Scene) -> bool:
    """The ERP was read before our write, and what was read is published after the result."""
    crm_id, erp_id = await scene.customer("Ann")
    late = Fault(kind="delay", endpoint=_QUERIES, contains="BD_Customer", delay_seconds=8.0)
    await scene.erp.change("BD_Customer", {"FCUSTID": erp_id, "FDescription": "x"})
    scene.faults(System.K3CLOUD).add(late)
    await scene.struck(System.K3CLOUD)
    await scene.crm.update("AccountObj", crm_id, name="Bea")
    before = scene.world.vendors.writes[System.FXIAOKE]
    await scene.sleep(_REST_SECONDS)
    written = scene.world.vendors.writes[System.FXIAOKE] - before
    return await scene.names(crm_id) == {"Bea"} and written == 1  # the remark, and no revert


async def _an_edit_after_a_write_whose_answer_was_lost(scene: _Scene) -> bool:
    """The write took effect, and a person changed what it had written: nobody loses it unheard."""
    crm_id, erp_id = await scene.customer("Ann")
    scene.faults(System.K3CLOUD).add(Fault(kind="drop_after", endpoint=_SAVES))
    await scene.crm.update("AccountObj", crm_id, name="Bea")
    await scene.struck(System.K3CLOUD)
    await scene.erp.change("BD_Customer", {"FCUSTID": erp_id, "FName": "Cid"})
    await scene.sleep(_REST_SECONDS)
    told = await scene.world.told_of(NoticeKind.CONFLICT_DECIDED)
    return await scene.names(crm_id) == {"Cid"} or any(
        notice.details.get("field") == "name~FName" for notice in told
    )


async def _a_writer_dies_while_the_vendor_is_slow(scene: _Scene) -> bool:
    """The vendor makes the record only after the writer's successor has looked for it."""
    slow = Fault(kind="commit_late", endpoint=_SAVES, delay_seconds=15.0)
    scene.faults(System.K3CLOUD).add(slow)
    await scene.crm.create("AccountObj", {"name": "Ann", "tel": "1"})
    await scene.struck(System.K3CLOUD)
    writer = scene.world.processes["k3cloud-writer"]
    await writer.kill()
    writer.start()
    await scene.sleep(_REST_SECONDS)
    return len(await scene.customers("Ann")) == 1


async def _a_mapper_dies_when_what_it_waits_for_has_come(scene: _Scene) -> bool:
    """Orders wait for their customers; the rows come while the mapper of some stands still."""
    product = await scene.crm.create("ProductObj", {"name": "P", "product_code": "P"})
    await scene.sleep(_PATIENCE_SECONDS)
    other = scene.world.stand_in("mapper", by_force=False)
    writer = scene.world.processes["k3cloud-writer"]
    writer.freeze()
    for number in range(_PAIRS):
        customer = await scene.crm.create("AccountObj", {"name": f"C{number}", "tel": "1"})
        head = {
            "name": f"SO{number}",
            "account_id": customer,
            "order_time": int(scene.world.clock.now().timestamp() * _MS),
        }
        line = {"product_id": product, "quantity": "1", "sales_price": "1"}
        await scene.crm.create("SalesOrderObj", head, {"SalesOrderProductObj": [line]})
    await scene.sleep(_PATIENCE_SECONDS / 2)
    other.freeze()
    writer.thaw()
    await scene.sleep(_PATIENCE_SECONDS)
    await other.kill()
    await scene.sleep(_REST_SECONDS)
    return len(await scene.erp.every("SAL_SaleOrder", ["FBillNo"])) >= _PAIRS


@dataclass(frozen=True, slots=True)
class History:
    """One accident, and the rule that prevents it."""

    control: str
    """Of `CONTROLS`."""
    runs: Callable[[_Scene], Awaitable[bool]]
    """Plays it; returns whether it ended well."""


HISTORIES: Mapping[str, History] = {
    each.control: each
    for each in (
        History("floor", _an_old_read_comes_late),
        History("waiting", _a_mapper_dies_when_what_it_waits_for_has_come),
        History("base", _an_edit_after_a_write_whose_answer_was_lost),
        History("attempts", _a_writer_dies_while_the_vendor_is_slow),
    )
}


def play(history: History, mappings: Mappings, rules: RuleBook = RULE_BOOK) -> bool:
    """Return whether a history ends well under these rules."""
    return run_virtually(_played(history, mappings, rules))


async def _played(history: History, mappings: Mappings, rules: RuleBook) -> bool:
    async with World.begun(_SEED, mappings, rules) as world:
        await world.clock.sleep(FIRST_CALM_SECONDS)
        return await history.runs(_Scene(world))
