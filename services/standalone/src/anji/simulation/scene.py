"""The stage of a directed history: a quiet world, its people, and what can be waited for."""

from collections.abc import Awaitable, Callable

from anji.simulation.world import World
from anji_common.refs import System
from anji_sandbox.faults import Faults

__all__ = ["PATIENCE_SECONDS", "QUERIES", "REST_SECONDS", "SAVES", "Scene"]

_LOOK_SECONDS = 0.01
_MS = 1000
PATIENCE_SECONDS = 60.0
REST_SECONDS = 150.0
"""Longer than every quarantine of a simulation."""
SAVES = "*Save.common.kdsvc"
QUERIES = "*BillQuery*"


class Scene:
    """A quiet world, and what happens in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.crm, self.erp = world.crm_user, world.erp_user

    def faults(self, system: System) -> Faults:
        """Return what happens to calls of a vendor."""
        return self.world.vendors.networks[system].faults

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await self.world.clock.sleep(seconds)

    async def until(
        self, condition: Callable[[], Awaitable[bool]], what: str, *, every: float = _LOOK_SECONDS
    ) -> None:
        """Wait until something is so.

        Raises:
            AssertionError: it never is; `what` says so.
        """
        end = self.world.clock.monotonic() + PATIENCE_SECONDS
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
        await self.sleep(PATIENCE_SECONDS)  # its number has come back, and is settled
        return crm_id, found[0]

    async def audited_order(self) -> str:
        """Make an order in the CRM; return its number in the ERP, once it stands there audited."""
        customer, _ = await self.customer("Ann")
        product = await self.crm.create("ProductObj", {"name": "P", "product_code": "P"})
        head = {
            "name": "SO1",
            "account_id": customer,
            "order_time": int(self.world.clock.now().timestamp() * _MS),
        }
        line = {"product_id": product, "quantity": "1", "sales_price": "1"}
        await self.crm.create("SalesOrderObj", head, {"SalesOrderProductObj": [line]})
        found: list[str] = []

        async def has_crossed() -> bool:
            rows = await self.erp.every("SAL_SaleOrder", ["FBillNo"], "FDocumentStatus='C'")
            found.extend(row["FBillNo"] for row in rows)
            return bool(found)

        await self.until(has_crossed, "the order does not cross", every=1.0)
        await self.sleep(PATIENCE_SECONDS)
        return found[0]

    async def customers(self, name: str) -> list[dict[str, int]]:
        """Return the ERP's customers of a name."""
        return await self.erp.every("BD_Customer", ["FCUSTID"], f"FName='{name}'")

    async def names(self, crm_id: str) -> set[str]:
        """Return under which names a customer stands on both sides."""
        ours = [one["name"] for one in await self.crm.every("AccountObj") if one["_id"] == crm_id]
        rows = await self.erp.every("BD_Customer", ["FCUSTID", "FName", "F_ANJI_MARKER"])
        theirs = [row["FName"] for row in rows if row["F_ANJI_MARKER"].endswith(crm_id)]
        return {*ours, *theirs}
