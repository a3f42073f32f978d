"""A whole installation between both sandboxes under virtual time, and people who work in both.

Nothing is killed and no answer is lost here: it shows what flows, hours of it in seconds.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from anji.looking import Links, decision
from anji.people import CrmUser, ErpUser, Json
from anji.simulation.world import World
from anji_common.events.signals import SignalKind
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.signalling import ask_source
from anji_common.testing.virtual_time import run_virtually
from anji_mapper.link.state import Problem
from anji_mapper.mapping.compile import Settings
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Mappings

__all__ = ["DAY_MS", "SEED", "QuietWorld", "play"]

DAY_MS = 1_767_574_800_000
"""When virtual time begins, nine in the morning in Beijing, as the CRM writes times."""

SEED = 2
"""What both made-up companies are made of: their credentials, ids and clocks."""

_FIRST_LOOK_SECONDS = 8.0
_LOOK_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class QuietWorld:
    """What the people of a story see."""

    world: World
    crm: CrmUser
    erp: ErpUser

    async def until(
        self, condition: Callable[[], Awaitable[object]], what: str, *, seconds: float = 300.0
    ) -> None:
        """Wait for `condition`; fail with `what`, and with the problems that links have."""
        clock = self.world.clock
        end = clock.monotonic() + seconds
        while not await condition():
            if clock.monotonic() > end:
                words = [problem.words for problem in (await self.problems()).values()]
                msg = f"after {seconds} s still not: {what}; problems: {words}"
                raise AssertionError(msg)
            await clock.sleep(_LOOK_EVERY_SECONDS)

    async def rest(self, seconds: float = 60.0) -> None:
        """Let time pass."""
        await self.world.clock.sleep(seconds)

    async def crm_record(self, object_name: str, **fields: object) -> Json:
        """Return the one CRM record that has these values, or nothing."""
        found = [
            each
            for each in await self.crm.every(object_name)
            if all(each.get(path) == value for path, value in fields.items())
        ]
        assert len(found) <= 1, f"{object_name} {fields} is there {len(found)} times"
        return found[0] if found else {}

    async def erp_rows(self, form: str, keys: str, where: str = "") -> list[Json]:
        """Return the rows of a query."""
        return await self.erp.every(form, keys.split(","), where)

    async def erp_row(self, form: str, keys: str, where: str = "") -> Json:
        """Return the one row of a query, or nothing."""
        rows = await self.erp_rows(form, keys, where)
        assert len(rows) <= 1, f"{form} {where} is there {len(rows)} times"
        return rows[0] if rows else {}

    async def problems(self) -> Mapping[str, Problem]:
        """Return what keeps links from moving, by the key of the link."""
        async with Links.read(self.world.broker, self.world.mappings) as links:
            seats = [seat for cause in links.causes() for seat in cause.seats]
            return {str(seat.key): seat.problem for seat in seats if seat.problem is not None}

    async def decide(self, key: str, field: str, winner: System) -> None:
        """Answer a question, as `anji problems decide` does."""
        async with Links.read(self.world.broker, self.world.mappings) as links:
            seat = links.one(key)
            assert seat is not None
            entry = decision(seat, field, winner, "wang", self.world.clock)
        await self.world.broker.publish([entry.to_message()])

    async def probe(self, system: System, object_name: str) -> None:
        """Let the source look which known records are gone, as its `probe` command does."""
        runtime = Runtime(self.world.broker, self.world.clock, self.world.chance)
        interest = self.world.mappings.interest(system)
        await ask_source(runtime, interest, SignalKind.PROBE, object_name)

    async def customer(self, number: str, **fields: object) -> str:
        """Make a customer in the CRM, wait until it has crossed, and return its id."""
        record_id = await self.crm.create(
            "AccountObj", {"name": f"客户 {number}", "erp_number__c": number, **fields}
        )
        where = f"FNumber='{number}'"
        await self.until(
            lambda: self.erp_row("BD_Customer", "FNumber", where), f"{number} in the ERP"
        )
        return record_id

    async def product(self, code: str) -> str:
        """Make a product in the CRM, wait until it has crossed, and return its id."""
        fields = {"name": f"产品 {code}", "product_code": code, "price": "10"}
        record_id = await self.crm.create("ProductObj", fields)
        where = f"FNumber='{code}'"
        await self.until(
            lambda: self.erp_row("BD_MATERIAL", "FNumber", where), f"{code} in the ERP"
        )
        return record_id

    async def order(self, number: str, customer: str, product: str, quantity: str = "5") -> str:
        """Make an order of one line in the CRM, wait until it is audited in the ERP."""
        line = {"product_id": product, "quantity": quantity, "sales_price": "10"}
        fields = {"name": number, "account_id": customer, "order_time": DAY_MS}
        record_id = await self.crm.create(
            "SalesOrderObj", fields, {"SalesOrderProductObj": [line]}
        )
        where = f"FBillNo='{number}' and FDocumentStatus='C'"
        await self.until(
            lambda: self.erp_row("SAL_SaleOrder", "FBillNo", where), f"{number} audited"
        )
        return record_id


def play(
    story: Callable[[QuietWorld], Awaitable[None]],
    settings: Settings | None = None,
    mappings: Mappings | None = None,
) -> None:
    """Run a story in a new world, with the shipped mappings and these settings over them."""
    run_virtually(_played(story, mappings or load_mappings(settings=settings)))


async def _played(story: Callable[[QuietWorld], Awaitable[None]], mappings: Mappings) -> None:
    async with World.begun(SEED, mappings) as world:
        await world.clock.sleep(_FIRST_LOOK_SECONDS)
        await story(QuietWorld(world, world.crm_user, world.erp_user))
