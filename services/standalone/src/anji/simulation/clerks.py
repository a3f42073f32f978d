"""People who change the lines of orders, on both sides: they remove lines, and edit quantities.

A line is told from the others by its price, which nobody changes. What they remember judges lines
by itself: one that nobody removed is there, once, with a quantity that somebody said last; one
that somebody removed and nobody edited is gone. What their system refused was not done. What
becomes of an edit and a removal that meet, only the order of their arrival says: then both sides
must agree, and that is judged elsewhere.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from random import Random
from typing import Any

from anji.people import CrmUser, ErpUser, SandboxRefusedError
from anji.simulation.cuts import WHOLE, Cut
from anji.simulation.journal import Journal
from anji.simulation.pace import Pace
from anji.simulation.rebuilding import Forgotten
from anji_common.clock import Clock
from anji_common.refs import System

__all__ = ["Clerks", "Order"]

_LINES, _ENTRY = "SalesOrderProductObj", "FSaleOrderEntry"
_KEYS = ("FID", "FDocumentStatus", "FCancelStatus", "FTaxPrice", "FQty", f"{_ENTRY}_FEntryId")
_AUDITED, _IN_APPROVAL = "C", "B"
_ANSWERED_AFTER_SECONDS = 90.0
"""A create in doubt is answered by then."""
_FIRST_QUANTITY = 100
"""Those that orders are made with are smaller."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was made in the CRM."""

    record_id: str
    number: str
    lines: dict[int, int]
    """Price → quantity."""
    made_at: float
    """Monotonic seconds."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as it stands on one side."""

    line_id: object
    quantity: int
    head: object = None
    status: str = ""
    is_cancelled: bool = False


@dataclass(slots=True)
class Clerks:
    """Who changes the lines of `orders`, which others make."""

    orders: list[Order]
    crm: CrmUser
    erp: ErpUser
    clock: Clock
    chance: Random
    journal: Journal
    _removed: set[int] = field(default_factory=set)
    _early: set[int] = field(default_factory=set)
    """Removed from a bill whose making may be unanswered yet: nobody knows that the row was there,
    so it is made again."""
    _hidden: dict[int, float] = field(default_factory=dict)
    """When it was removed from a bill that was cancelled: its void order shows no lines, so a
    rebuild without the crosswalk finds nobody who says that there ever was a pair."""
    _said: dict[int, dict[System, int]] = field(default_factory=lambda: defaultdict(dict))
    """Price → the last quantity that was said in each system."""
    _quantity: int = _FIRST_QUANTITY

    async def work(self, pace: Pace, cut: Cut = WHOLE) -> None:
        """Do as much as the pace says and when it says, those left out excepted."""
        begin = self.clock.monotonic()
        moments = sorted(pace.moment(self.chance) for _ in range(pace.changes))
        async with asyncio.TaskGroup() as together:
            for place, moment in enumerate(moments):
                await self.clock.sleep(begin + moment - self.clock.monotonic())
                if self.orders and cut.has(f"c{place}"):
                    together.create_task(self._do(self.chance.choice(self.orders)))

    async def mend(self, link: str) -> None:
        """Change something else in an order that does not move: its wishes are told anew."""
        for order in self._named(link):
            self.journal.note("people", f"mend order {order.number}")
            await self._touch(order)

    async def settle(self, link: str) -> None:
        """Make the lines of an order alike by hand, where nobody knows any more who is right."""
        for order in self._named(link):
            lines, rows = await self._crm_lines(order), await self._erp_rows(order)
            for price in sorted({*lines} - {*rows}):
                await self._remove_in_the_crm(order, price)
            for price in sorted({*rows} - {*lines}):
                await self._remove_in_the_erp(order, price)
            for price in sorted({*rows} & {*lines}):
                if lines[price].quantity != rows[price].quantity:
                    await self._edit_in_the_crm(order, price)
            await self._touch(order)

    async def unheard(self, forgotten: Forgotten, *, but: Collection[str] = ()) -> list[str]:
        """Return what stands in lines that is not as anybody left it.

        Args:
            forgotten: What nobody can know any more.
            but: Ids of orders that are not looked at: nothing crosses to their bills any more.
        """
        hidden = {price for price, at in self._hidden.items() if at < forgotten.crosswalk_lost_at}
        held: dict[str, list[dict[str, Any]]] = defaultdict(list)
        orders = await self.crm.every("SalesOrderObj")
        resting = {
            each["_id"]
            for each in orders
            if each["life_status"] == "invalid" or each.get("closed__c") == "true"
        }
        for line in await self.crm.every(_LINES):
            if line["life_status"] == "normal":
                held[line["order_id"]].append(line)
        return [
            f"order {order.number}, the line of {price}: {words}"
            for order in self.orders
            if order.record_id not in resting and order.record_id not in but
            for price in order.lines
            if (words := self._judged(order, price, held[order.record_id], hidden))
        ]

    def _judged(
        self, order: Order, price: int, lines: list[dict[str, Any]], hidden: Collection[int]
    ) -> str:
        mine = [each for each in lines if _number(each["sales_price"]) == price]
        said = self._said.get(price, {})
        if len(mine) > 1:
            return f"is there {len(mine)} times"
        if not mine:
            return "" if price in self._removed else "nobody removed it, and it is gone"
        if price in self._removed and price not in {*self._early, *hidden} and not said:
            return "it was removed, and is there"
        allowed = {System.FXIAOKE: order.lines[price], **said}.values()
        quantity = _number(mine[0]["quantity"])
        return "" if quantity in allowed else f"holds {quantity}, last said was {sorted(allowed)}"

    async def _do(self, order: Order) -> None:
        *removable, last = sorted(order.lines)  # an order without lines is none
        one, other = self.chance.choice(removable), self.chance.choice([*removable, last])
        kinds: tuple[Callable[[], tuple[Awaitable[None], ...]], ...] = (
            lambda: (self._remove_in_the_crm(order, one),),
            lambda: (self._remove_in_the_erp(order, one),),
            lambda: (self._edit_in_the_crm(order, other),),
            lambda: (self._edit_in_the_erp(order, other),),
            lambda: (self._remove_in_the_crm(order, one), self._edit_in_the_erp(order, one)),
            lambda: (self._edit_in_the_crm(order, one), self._remove_in_the_erp(order, one)),
        )
        await self._at_once(*self.chance.choice(kinds)())

    async def _at_once(self, *doings: Awaitable[None]) -> None:
        """Do these things at once; a refusal of one is the other's chance."""
        for refused in await asyncio.gather(*doings, return_exceptions=True):
            if isinstance(refused, SandboxRefusedError):
                self.journal.note("people", f"were refused: {refused}")
            elif isinstance(refused, BaseException):
                raise refused

    async def _remove_in_the_crm(self, order: Order, price: int) -> None:
        lines = await self._crm_lines(order)
        if price not in lines or len(lines) == 1:
            return
        self.journal.note("people", f"remove line {price} of order {order.number}")
        about = {"dataObjectApiName": _LINES}
        line_id = lines[price].line_id
        await self.crm.call("data/invalid", {**about, "object_data_id": line_id})
        self._removed.add(price)
        await self.crm.call("data/delete", {**about, "idList": [line_id]})
        await self._touch(order)

    async def _edit_in_the_crm(self, order: Order, price: int) -> None:
        line = (await self._crm_lines(order)).get(price)
        if line is not None:
            quantity = self._next()
            self.journal.note("people", f"edit line {price} of order {order.number}: {quantity}")
            await self.crm.update(_LINES, str(line.line_id), quantity=str(quantity))
            self._said[price][System.FXIAOKE] = quantity
            await self._touch(order)

    async def _remove_in_the_erp(self, order: Order, price: int) -> None:
        rows = await self._taken_back(order)
        if price in rows and len(rows) > 1:
            self.journal.note("people", f"remove row {price} of bill {order.number}")
            is_early = self.clock.monotonic() < order.made_at + _ANSWERED_AFTER_SECONDS
            kept = [{"FEntryID": row.line_id} for at, row in rows.items() if at != price]
            model = {"FID": rows[price].head, _ENTRY: kept}
            await self.erp.save("SAL_SaleOrder", model, NeedUpDateFields=[_ENTRY])
            self._removed.add(price)
            if is_early:
                self._early.add(price)
            if rows[price].is_cancelled:
                self._hidden[price] = self.clock.monotonic()
        await self._audit(order, rows)

    async def _edit_in_the_erp(self, order: Order, price: int) -> None:
        rows = await self._taken_back(order)
        if price in rows:
            quantity = self._next()
            self.journal.note("people", f"edit row {price} of bill {order.number}: {quantity}")
            row = {"FEntryID": rows[price].line_id, "FQty": quantity}
            await self.erp.save(
                "SAL_SaleOrder",
                {"FID": rows[price].head, _ENTRY: [row]},
                NeedUpDateFields=[_ENTRY, "FQty"],
                IsDeleteEntry="false",
            )
            self._said[price][System.K3CLOUD] = quantity
        await self._audit(order, rows)

    async def _taken_back(self, order: Order) -> dict[int, _Line]:
        """Return the rows of the bill by price, un-audited; none where it is in approval."""
        rows = await self._erp_rows(order)
        statuses = {row.status for row in rows.values()}
        if _AUDITED in statuses:
            await self.erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": [order.number]})
        return {} if _IN_APPROVAL in statuses else rows

    async def _audit(self, order: Order, rows: dict[int, _Line]) -> None:
        if rows:
            await self.erp.finish("SAL_SaleOrder", order.number)

    async def _erp_rows(self, order: Order) -> dict[int, _Line]:
        found = await self.erp.every("SAL_SaleOrder", _KEYS, f"FBillNo='{order.number}'")
        return {
            _number(price): _Line(entry, _number(quantity), head, status, cancelled == "B")
            for head, status, cancelled, price, quantity, entry in (row.values() for row in found)
        }

    async def _crm_lines(self, order: Order) -> dict[int, _Line]:
        return {
            _number(each["sales_price"]): _Line(each["_id"], _number(each["quantity"]))
            for each in await self.crm.every(_LINES)
            if each["order_id"] == order.record_id and each["life_status"] == "normal"
        }

    def _named(self, link: str) -> list[Order]:
        ours = f"{System.FXIAOKE}/SalesOrderObj/"
        return [each for each in self.orders if link == f"{ours}{each.record_id}"]

    async def _touch(self, order: Order) -> None:
        """A line that goes leaves no date; whoever removes it writes why."""
        remark = f"r{self._next()}"
        await self.crm.update("SalesOrderObj", order.record_id, remark=remark)

    def _next(self) -> int:
        self._quantity += 1
        return self._quantity


def _number(value: object) -> int:
    return int(float(str(value)))
